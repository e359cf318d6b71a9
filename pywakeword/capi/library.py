"""Finds and loads `libpywakeword` with cffi, declares its functions and raises its errors."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pywakeword._checks import check_optional
from pywakeword._extras import require
from pywakeword.errors import (
    LibraryError,
    ModelError,
    PyWakewordError,
    StreamError,
    UnsupportedOpError,
)

ABI_VERSION = 1
ENVIRONMENT_VARIABLE = "PYWAKEWORD_LIBRARY"

# csrc/include/pywakeword.h without its preprocessor lines and comments; a test compares.
DECLARATIONS = """
typedef enum pww_status {
  PWW_OK = 0,
  PWW_INVALID_ARGUMENT = 1,
  PWW_CORRUPT_MODEL = 2,
  PWW_UNSUPPORTED_MODEL = 3,
  PWW_BUSY = 4,
  PWW_IO_ERROR = 5,
  PWW_BUFFER_TOO_SMALL = 6,
  PWW_OUT_OF_MEMORY = 7,
  PWW_INTERNAL_ERROR = 8
} pww_status;
typedef enum pww_device_type {
  PWW_DEVICE_UNKNOWN = 0,
  PWW_DEVICE_SPEAKER = 1,
  PWW_DEVICE_DISPLAY = 2,
  PWW_DEVICE_TV = 3,
  PWW_DEVICE_PHONE = 4,
  PWW_DEVICE_HEADSET = 5,
  PWW_DEVICE_CAR = 6,
  PWW_DEVICE_APPLIANCE = 7
} pww_device_type;
typedef enum pww_playback {
  PWW_PLAYBACK_UNKNOWN = 0,
  PWW_PLAYBACK_NONE = 1,
  PWW_PLAYBACK_MUSIC = 2,
  PWW_PLAYBACK_TTS = 3,
  PWW_PLAYBACK_ALARM = 4,
  PWW_PLAYBACK_MEDIA = 5,
  PWW_PLAYBACK_CALL = 6,
  PWW_PLAYBACK_OTHER = 7
} pww_playback;
typedef struct pww_device_state {
  int32_t device_type;
  int32_t playback;
  int32_t volume_bucket;
} pww_device_state;
typedef struct pww_model pww_model;
typedef struct pww_spotter pww_spotter;
typedef struct pww_model_info {
  size_t n_keywords;
  int32_t window_frames;
  int32_t frame_stride;
  int32_t takes_state;
  size_t bytes;
} pww_model_info;
typedef struct pww_spotter_options {
  size_t n_keywords;
  const float* thresholds;
  const int32_t* smoothing_outputs;
  double refractory_s;
  double history_s;
  int64_t first_sample;
  double pre_roll_s;
} pww_spotter_options;
typedef struct pww_spotter_info {
  size_t n_keywords;
  int32_t frame_stride;
  size_t state_bytes;
  size_t history_bytes;
} pww_spotter_info;
typedef struct pww_detection {
  size_t keyword_index;
  float score;
  int64_t start_sample;
  int64_t end_sample;
  int64_t detected_sample;
  int64_t pre_roll_samples;
  size_t n_snippet_samples;
  pww_device_state state;
} pww_detection;
typedef struct pww_vad pww_vad;
typedef struct pww_endpointer pww_endpointer;
typedef enum pww_endpoint_kind {
  PWW_SPEECH_START = 0,
  PWW_POSSIBLE_END = 1,
  PWW_END = 2,
  PWW_RESUMED = 3,
  PWW_NO_SPEECH = 4
} pww_endpoint_kind;
typedef enum pww_endpoint_reason {
  PWW_REASON_SPEECH = 0,
  PWW_REASON_AFTER_WAKE_WORD = 1,
  PWW_REASON_PAUSE = 2,
  PWW_REASON_RULE = 3,
  PWW_REASON_NO_SPEECH_TIMEOUT = 4,
  PWW_REASON_MAX_UTTERANCE = 5,
  PWW_REASON_CLOSED = 6
} pww_endpoint_reason;
typedef struct pww_endpoint_rule {
  int32_t must_contain_speech;
  int64_t min_trailing_silence;
  int64_t min_utterance;
} pww_endpoint_rule;
typedef struct pww_endpointer_options {
  size_t n_rules;
  const pww_endpoint_rule* rules;
  int32_t delay_frames;
  float onset_threshold;
  float offset_threshold;
  int64_t min_speech;
  int64_t possible_end;
  int64_t word_tail;
  int64_t grace;
  int64_t no_speech_timeout;
  int64_t max_utterance;
  float level_range;
  int64_t first_sample;
} pww_endpointer_options;
typedef struct pww_endpoint_event {
  int32_t kind;
  int32_t reason;
  size_t rule;
  int64_t sample;
  int64_t decided_sample;
} pww_endpoint_event;
typedef struct pww_echo_canceller pww_echo_canceller;
typedef struct pww_echo_canceller_options {
  int32_t tail_ms;
  int32_t max_delay_ms;
} pww_echo_canceller_options;
typedef struct pww_echo_canceller_info {
  float erle_db;
  int32_t converged;
  size_t delay_samples;
  size_t bytes;
} pww_echo_canceller_info;
int32_t pww_abi_version(void);
const char* pww_version(void);
pww_status pww_isa(const char** name);
const char* pww_status_message(pww_status status);
const char* pww_last_error(void);
pww_status pww_model_load_memory(const void* data, size_t size, pww_model** model);
pww_status pww_model_load_file(const char* path, pww_model** model);
pww_status pww_model_get_info(const pww_model* model, pww_model_info* info);
void pww_model_destroy(pww_model* model);
pww_status pww_spotter_create(const pww_model* const* models, size_t n_models,
                              const pww_spotter_options* options, pww_spotter** spotter);
pww_status pww_spotter_destroy(pww_spotter* spotter);
pww_status pww_spotter_process(pww_spotter* spotter, const int16_t* samples, size_t count,
                               size_t* n_taken, size_t* n_detections);
pww_status pww_spotter_get_detection(pww_spotter* spotter, size_t index,
                                     pww_detection* detection);
pww_status pww_spotter_copy_snippet(pww_spotter* spotter, size_t index, int16_t* samples,
                                    size_t capacity, size_t* n_samples);
pww_status pww_spotter_scores(pww_spotter* spotter, const int16_t* samples, size_t count,
                              float* scores, size_t capacity, size_t* n_taken,
                              size_t* n_values);
pww_status pww_spotter_process_with_scores(pww_spotter* spotter, const int16_t* samples,
                                           size_t count, float* scores, size_t capacity,
                                           size_t* n_taken, size_t* n_values,
                                           size_t* n_detections);
pww_status pww_spotter_reset(pww_spotter* spotter);
pww_status pww_spotter_set_state(pww_spotter* spotter, const pww_device_state* state);
pww_status pww_spotter_set_thresholds(pww_spotter* spotter, int32_t playback,
                                      const float* thresholds, size_t n_keywords);
const char* pww_device_type_name(int32_t device_type);
const char* pww_playback_name(int32_t playback);
int32_t pww_volume_bucket(double volume);
pww_status pww_spotter_get_info(const pww_spotter* spotter, pww_spotter_info* info);
pww_status pww_vad_load_memory(const void* data, size_t size, pww_vad** vad);
pww_status pww_vad_load_file(const char* path, pww_vad** vad);
void pww_vad_destroy(pww_vad* vad);
pww_status pww_endpointer_create(const pww_vad* vad, const pww_endpointer_options* options,
                                 pww_endpointer** endpointer);
pww_status pww_endpointer_destroy(pww_endpointer* endpointer);
pww_status pww_endpointer_share_front_end(pww_endpointer* endpointer, pww_spotter* spotter);
pww_status pww_endpointer_process(pww_endpointer* endpointer, const int16_t* samples,
                                  size_t count, size_t* n_taken, size_t* n_events);
pww_status pww_endpointer_get_event(pww_endpointer* endpointer, size_t index,
                                    pww_endpoint_event* event);
pww_status pww_endpointer_start_after_wake_word(pww_endpointer* endpointer,
                                                int64_t end_sample, size_t* n_events);
pww_status pww_endpointer_close(pww_endpointer* endpointer, size_t* n_events);
pww_status pww_endpointer_probabilities(pww_endpointer* endpointer, const int16_t* samples,
                                        size_t count, float* probabilities, size_t capacity,
                                        size_t* n_taken, size_t* n_values);
pww_status pww_endpointer_process_with_probabilities(
    pww_endpointer* endpointer, const int16_t* samples, size_t count, float* probabilities,
    size_t capacity, size_t* n_taken, size_t* n_values, size_t* n_events);
pww_status pww_endpointer_reset(pww_endpointer* endpointer);
pww_status pww_echo_canceller_create(const pww_echo_canceller_options* options,
                                     pww_echo_canceller** canceller);
pww_status pww_echo_canceller_destroy(pww_echo_canceller* canceller);
pww_status pww_echo_canceller_process(pww_echo_canceller* canceller,
                                      const int16_t* microphone, const int16_t* loudspeaker,
                                      size_t count, int16_t* out);
pww_status pww_echo_canceller_reset(pww_echo_canceller* canceller);
pww_status pww_echo_canceller_get_info(pww_echo_canceller* canceller,
                                       pww_echo_canceller_info* info);
"""


class Library:
    """A loaded libpywakeword.

    Parameters
    ----------
    path : path, optional
        The library's file. Default: the file that the environment variable
        PYWAKEWORD_LIBRARY names; else the first one found beside this package,
        in `lib` of the Python environment (on Windows `bin`), or by the dynamic
        linker.

    Raises
    ------
    LibraryError
        If none is found or it has another ABI. The message lists what was tried.
    MissingExtraError
        If cffi is not installed.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        check_optional("path", path, str, os.PathLike)
        self.ffi: Any = require("cffi", "capi").FFI()
        self.ffi.cdef(DECLARATIONS)
        self.path, self.lib = _open(self.ffi, _candidates(path))
        abi_version = self.lib.pww_abi_version()
        if abi_version != ABI_VERSION:
            raise LibraryError(
                f"{self.path} has version {abi_version} of the C API, not {ABI_VERSION}"
            )

    @property
    def version(self) -> str:
        """Version of the library."""
        return self._text(self.lib.pww_version())

    @property
    def isa(self) -> str:
        """Instruction set in use."""
        name = self.ffi.new("const char **")
        self.check(self.lib.pww_isa(name))
        return self._text(name[0])

    def check(self, status: int) -> None:
        """Raise the error for a status other than PWW_OK, with the library's message."""
        if status == self.lib.PWW_OK:
            return
        errors: dict[int, type[Exception]] = {
            self.lib.PWW_INVALID_ARGUMENT: ValueError,
            self.lib.PWW_CORRUPT_MODEL: ModelError,
            self.lib.PWW_UNSUPPORTED_MODEL: UnsupportedOpError,
            self.lib.PWW_BUSY: StreamError,
            self.lib.PWW_OUT_OF_MEMORY: MemoryError,
        }
        raise errors.get(status, PyWakewordError)(self._text(self.lib.pww_last_error()))

    def _text(self, chars: Any) -> str:
        return str(self.ffi.string(chars).decode("utf-8", "replace"))


@lru_cache(maxsize=1)
def default_library() -> Library:
    """Return the library that `Library()` finds, loaded once."""
    return Library()


class Alone:
    """Holds a lock for a block. Raises `StreamError` if another thread holds it."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise StreamError("stream is in use by another thread")

    def __exit__(self, *exception: object) -> None:
        self._lock.release()


def _candidates(path: str | os.PathLike[str] | None) -> list[str]:
    if path is not None:
        return [os.fspath(path)]
    from_environment = os.environ.get(ENVIRONMENT_VARIABLE)
    if from_environment:
        return [from_environment]
    name = _file_name()
    # Where `cmake --install` puts it: a DLL goes beside the programs.
    installed = "bin" if sys.platform == "win32" else "lib"
    directories = (Path(__file__).parents[1], Path(sys.prefix) / installed)
    return [*(str(directory / name) for directory in directories), name]


def _file_name() -> str:
    if sys.platform == "win32":
        return "pywakeword.dll"
    if sys.platform == "darwin":
        return f"libpywakeword.{ABI_VERSION}.dylib"
    return f"libpywakeword.so.{ABI_VERSION}"


def _open(ffi: Any, candidates: Sequence[str]) -> tuple[str, Any]:
    reasons = []
    for candidate in candidates:
        try:
            return candidate, ffi.dlopen(candidate)
        except OSError as error:
            # cffi appends the message of a second attempt of its own.
            reasons.append(str(error).split(".  Additionally,")[0])
    raise LibraryError(f"libpywakeword cannot be loaded; tried: {'; '.join(reasons)}")
