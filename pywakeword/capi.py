"""The core through its C API: the shared library `libpywakeword`, loaded by cffi.

The same C calls are open to any language. `Model` and `Spotter` have the interface of
those in the extension and give the same detections, bit for bit; `WakeWord(...,
backend="capi")` runs a model with its card on them.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.device_state import STATE_SIZES
from pywakeword.errors import (
    LibraryError,
    ModelError,
    PyWakewordError,
    StreamError,
    UnsupportedOpError,
)
from pywakeword.models import ModelFile, check_network
from pywakeword.pcm import as_pcm

__all__ = ["Library", "Model", "RawDetection", "Spotter", "default_library"]

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
  double refractory_seconds;
  double history_seconds;
  int64_t first_sample;
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
pww_status pww_spotter_reset(pww_spotter* spotter);
pww_status pww_spotter_set_state(pww_spotter* spotter, const pww_device_state* state);
int32_t pww_volume_bucket(double volume);
pww_status pww_spotter_get_info(const pww_spotter* spotter, pww_spotter_info* info);
"""


class Library:
    """A loaded libpywakeword.

    Parameters
    ----------
    path : path, optional
        The library's file. Otherwise the environment variable
        PYWAKEWORD_LIBRARY names it; otherwise it is looked for beside this
        package, in `lib` of the Python environment, and where the dynamic
        linker looks.

    Raises
    ------
    LibraryError
        If there is none, or it has another ABI; the message names what was tried.
    MissingExtraError
        If cffi is not installed.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
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
        """Raise what a status other than PWW_OK stands for, with the library's message."""
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


class Model:
    """Immutable weights of one .tflite file, in the C library."""

    def __init__(self, data: bytes, *, library: Library | None = None) -> None:
        self.library = default_library() if library is None else library
        ffi, lib = self.library.ffi, self.library.lib
        handle = ffi.new("pww_model **")
        self.library.check(lib.pww_model_load_memory(data, len(data), handle))
        self.handle = ffi.gc(handle[0], lib.pww_model_destroy)
        info = ffi.new("pww_model_info *")
        self.library.check(lib.pww_model_get_info(self.handle, info))
        self.n_keywords = int(info.n_keywords)
        self.window_frames = int(info.window_frames)
        self.frame_stride = int(info.frame_stride)
        self.n_state = sum(STATE_SIZES) if info.takes_state else 0
        self.nbytes = int(info.bytes)


def load_capi_network(file: ModelFile) -> Model:
    """Return the C library's model of a file, checked against its card."""
    try:
        model = Model(file.data)
    except ModelError as error:
        raise type(error)(f"{file.path}: {error}") from None
    sizes = dict.fromkeys(("logits", "start", "end"), model.n_keywords)
    check_network(file, sizes, model.frame_stride, model.n_state)
    return model


@dataclass(frozen=True)
class RawDetection:
    """One detection, indexes absolute."""

    keyword_index: int
    score: float
    start_sample: int
    end_sample: int
    detected_sample: int
    snippet: npt.NDArray[np.int16]
    pre_roll_samples: int
    state: tuple[int, int, int]


class Spotter:
    """The whole device path in the C library: PCM in, detections out.

    Parameters and methods are those of the extension's spotter. One object is
    one stream: feed it from one thread.
    """

    def __init__(
        self,
        networks: Sequence[Model],
        *,
        thresholds: Sequence[float],
        smoothing_frames: Sequence[int],
        refractory_s: float = 1.0,
        history_s: float = 8.0,
        state_sizes: tuple[int, int, int] = STATE_SIZES,
        first_sample: int = 0,
    ) -> None:
        if not networks:
            raise ValueError("at least one network is needed")
        if len(smoothing_frames) != len(thresholds):
            raise ValueError("thresholds and smoothing_frames must have equal lengths")
        if tuple(state_sizes) != STATE_SIZES:
            raise ValueError(f"state_sizes must be {STATE_SIZES}: the C API has no others")
        self._library = networks[0].library
        if any(network.library is not self._library for network in networks):
            raise ValueError("the networks come from different libraries")
        ffi, lib = self._library.ffi, self._library.lib
        # Named, because cffi frees an array when its owner goes.
        models = ffi.new("const pww_model *[]", [network.handle for network in networks])
        c_thresholds = ffi.new("float[]", list(thresholds))
        c_smoothing = ffi.new("int32_t[]", list(smoothing_frames))
        options = ffi.new(
            "pww_spotter_options *",
            {
                "n_keywords": len(thresholds),
                "thresholds": c_thresholds,
                "smoothing_outputs": c_smoothing,
                "refractory_seconds": refractory_s,
                "history_seconds": history_s,
                "first_sample": first_sample,
            },
        )
        handle = ffi.new("pww_spotter **")
        self._library.check(lib.pww_spotter_create(models, len(networks), options, handle))
        self._handle = ffi.gc(handle[0], lib.pww_spotter_destroy)
        info = ffi.new("pww_spotter_info *")
        self._library.check(lib.pww_spotter_get_info(self._handle, info))
        self.n_keywords = int(info.n_keywords)
        self.frame_stride = int(info.frame_stride)
        self.nbytes = int(info.state_bytes)
        self.history_nbytes = int(info.history_bytes)
        # The library guards single calls; one of ours makes several.
        self._lock = threading.Lock()

    def process(self, pcm: npt.NDArray[np.int16]) -> list[RawDetection]:
        """Consume int16 samples; return the detections that they completed."""
        ffi, lib = self._library.ffi, self._library.lib
        n_taken, n_detections = ffi.new("size_t *"), ffi.new("size_t *")
        samples = ffi.from_buffer("int16_t[]", as_pcm(pcm))
        found: list[RawDetection] = []
        with _Alone(self._lock):
            begin = 0
            while begin < len(samples):
                status = lib.pww_spotter_process(
                    self._handle, samples + begin, len(samples) - begin, n_taken, n_detections
                )
                self._library.check(status)
                begin += n_taken[0]
                found += [self._detection(index) for index in range(n_detections[0])]
        return found

    def scores(self, pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
        """Consume int16 samples; return the smoothed scores, a row per output."""
        ffi, lib = self._library.ffi, self._library.lib
        n_taken, n_values = ffi.new("size_t *"), ffi.new("size_t *")
        samples = ffi.from_buffer("int16_t[]", as_pcm(pcm))
        # One row more than the frames' number: outputs may fall due at either end.
        n_rows = len(samples) // (160 * self.frame_stride) + 2
        values = np.empty(n_rows * self.n_keywords, np.float32)
        with _Alone(self._lock):
            status = lib.pww_spotter_scores(
                self._handle, samples, len(samples), ffi.from_buffer("float[]", values),
                values.size, n_taken, n_values,
            )  # fmt: skip
            self._library.check(status)
        if n_taken[0] != len(samples):
            raise AssertionError("the buffer for scores was too small")
        return values[: n_values[0]].reshape(-1, self.n_keywords).copy()

    def set_state(self, device_type: int, playback: int, volume_bucket: int) -> None:
        """Set the indexes of the device state; from any thread."""
        state = self._library.ffi.new("pww_device_state *", (device_type, playback, volume_bucket))
        self._library.check(self._library.lib.pww_spotter_set_state(self._handle, state))

    def reset(self) -> None:
        """Start a new stream with the same device state."""
        with _Alone(self._lock):
            self._library.check(self._library.lib.pww_spotter_reset(self._handle))

    def _detection(self, index: int) -> RawDetection:
        ffi, lib = self._library.ffi, self._library.lib
        word = ffi.new("pww_detection *")
        self._library.check(lib.pww_spotter_get_detection(self._handle, index, word))
        snippet = np.empty(word.n_snippet_samples, np.int16)
        buffer = ffi.from_buffer("int16_t[]", snippet)
        n_samples = ffi.new("size_t *")
        status = lib.pww_spotter_copy_snippet(self._handle, index, buffer, len(buffer), n_samples)
        self._library.check(status)
        return RawDetection(
            keyword_index=word.keyword_index,
            score=word.score,
            start_sample=word.start_sample,
            end_sample=word.end_sample,
            detected_sample=word.detected_sample,
            snippet=snippet,
            pre_roll_samples=word.pre_roll_samples,
            state=(word.state.device_type, word.state.playback, word.state.volume_bucket),
        )


class _Alone:
    """Holds a lock for a block, or raises `StreamError` where another thread does."""

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
    directories = (Path(__file__).parent, Path(sys.prefix) / "lib")
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
            # cffi appends what a second attempt of its own said.
            reasons.append(str(error).split(".  Additionally,")[0])
    raise LibraryError(f"libpywakeword cannot be loaded; tried: {'; '.join(reasons)}")
