"""The endpointer through the C API; see `pywakeword.capi`.

`Endpointer` has the interface of the extension's and gives the same events, bit for bit;
`pywakeword.Endpointer(backend="capi")` runs on it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.capi import Spotter
from pywakeword.capi_library import Alone, Library, default_library
from pywakeword.pcm import as_pcm

__all__ = ["Endpointer", "Vad"]

# kind, sample, decided_sample, reason
RawEvent = tuple[str, int, int, str]
# name, must_contain_speech, min_trailing_silence and min_utterance in samples
RawRule = tuple[str, bool, int, int]

_KINDS = ("SpeechStart", "PossibleEnd", "End", "Resumed", "NoSpeech")
_RULE = 3
_REASONS = ("speech", "after_wake_word", "pause", "rule", "no_speech_timeout", "max_utterance",
            "closed")  # fmt: skip


class Vad:
    """Immutable weights of one voice activity model, in the C library."""

    def __init__(self, data: bytes, *, library: Library | None = None) -> None:
        self.library = default_library() if library is None else library
        handle = self.library.ffi.new("pww_vad **")
        lib = self.library.lib
        self.library.check(lib.pww_vad_load_memory(data, len(data), handle))
        self.handle = self.library.ffi.gc(handle[0], lib.pww_vad_destroy)


class Endpointer:
    """The whole device path of endpointing in the C library: PCM in, events out.

    Parameters and methods are those of the extension's endpointer. One object is one
    stream: feed it from one thread.
    """

    def __init__(self, vad: Vad, *, rules: Sequence[RawRule], **options: Any) -> None:
        self.library = vad.library
        ffi, lib = self.library.ffi, self.library.lib
        if not rules:  # for the library that would be its default
            raise ValueError("there must be from 1 to 100 rules")
        self._rule_names = [name for name, *_ in rules]
        # Named, because cffi frees an array when its owner goes.
        c_rules = ffi.new("pww_endpoint_rule[]", [tuple(rule) for _, *rule in rules])
        c_options = ffi.new(
            "pww_endpointer_options *", {"n_rules": len(rules), "rules": c_rules, **options}
        )
        handle = ffi.new("pww_endpointer **")
        self.library.check(lib.pww_endpointer_create(vad.handle, c_options, handle))
        self._handle = ffi.gc(handle[0], lib.pww_endpointer_destroy)
        # The library guards single calls; one of ours makes several.
        self._lock = threading.Lock()

    def process(self, pcm: npt.NDArray[np.int16]) -> list[RawEvent]:
        """Consume int16 samples; return what was decided in them."""
        ffi, lib = self.library.ffi, self.library.lib
        n_taken, n_events = ffi.new("size_t *"), ffi.new("size_t *")
        samples = ffi.from_buffer("int16_t[]", as_pcm(pcm))
        found: list[RawEvent] = []
        with Alone(self._lock):
            begin = 0
            while begin < len(samples):
                status = lib.pww_endpointer_process(
                    self._handle, samples + begin, len(samples) - begin, n_taken, n_events
                )
                self.library.check(status)
                begin += n_taken[0]
                found += self._events(n_events[0])
        return found

    def probabilities(self, pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
        """Consume int16 samples; return a posterior per frame of 10 ms."""
        ffi, lib = self.library.ffi, self.library.lib
        n_taken, n_values = ffi.new("size_t *"), ffi.new("size_t *")
        samples = ffi.from_buffer("int16_t[]", as_pcm(pcm))
        values = np.empty(len(samples) // 160 + 2, np.float32)
        with Alone(self._lock):
            status = lib.pww_endpointer_probabilities(
                self._handle, samples, len(samples), ffi.from_buffer("float[]", values),
                values.size, n_taken, n_values,
            )  # fmt: skip
            self.library.check(status)
        return values[: n_values[0]].copy()

    def start_after_wake_word(self, end_sample: int) -> list[RawEvent]:
        """Listen for what follows a wake word."""
        return self._decide("pww_endpointer_start_after_wake_word", end_sample)

    def close(self) -> list[RawEvent]:
        """End the utterance that is still open."""
        return self._decide("pww_endpointer_close")

    def share_front_end(self, spotter: Spotter) -> None:
        """Let one of the two compute the frames of samples that both hear."""
        with Alone(self._lock):
            call = self.library.lib.pww_endpointer_share_front_end
            self.library.check(call(self._handle, spotter.handle))

    def reset(self) -> None:
        """Start a new stream."""
        with Alone(self._lock):
            self.library.check(self.library.lib.pww_endpointer_reset(self._handle))

    def _decide(self, function: str, *arguments: int) -> list[RawEvent]:
        n_events = self.library.ffi.new("size_t *")
        with Alone(self._lock):
            call = getattr(self.library.lib, function)
            self.library.check(call(self._handle, *arguments, n_events))
            return self._events(n_events[0])

    def _events(self, n_events: int) -> list[RawEvent]:
        event = self.library.ffi.new("pww_endpoint_event *")
        found: list[RawEvent] = []
        for index in range(n_events):
            status = self.library.lib.pww_endpointer_get_event(self._handle, index, event)
            self.library.check(status)
            is_rule = event.reason == _RULE
            reason = self._rule_names[event.rule] if is_rule else _REASONS[event.reason]
            found.append((_KINDS[event.kind], event.sample, event.decided_sample, reason))
        return found
