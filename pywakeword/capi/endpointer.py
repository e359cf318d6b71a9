"""The endpointer through the C API; see `pywakeword.capi`.

`Endpointer` has the interface of the extension's and gives the same events, bit for bit.
`pywakeword.Endpointer(backend="capi")` runs on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import Pcm
from pywakeword.capi.library import Alone, Library, default_library
from pywakeword.capi.spotter import Spotter
from pywakeword.capi.stream import Stream

__all__ = ["Endpointer", "Vad"]

# kind, sample, decided_sample, reason
RawEvent = tuple[str, int, int, str]
# name, must_contain_speech, min_trailing_silence and min_utterance in samples
RawRule = tuple[str, bool, int, int]

_KINDS = ("SpeechStart", "PossibleEnd", "End", "Resumed", "NoSpeech")
_RULE = 3
_REASONS = (
    "speech",
    "after_wake_word",
    "pause",
    "rule",
    "no_speech_timeout",
    "max_utterance",
    "closed",
)


class Vad:
    """Immutable weights of one voice activity model, in the C library."""

    def __init__(self, data: bytes, *, library: Library | None = None) -> None:
        self.library = default_library() if library is None else library
        handle = self.library.ffi.new("pww_vad **")
        lib = self.library.lib
        self.library.check(lib.pww_vad_load_memory(data, len(data), handle))
        self.handle = self.library.ffi.gc(handle[0], lib.pww_vad_destroy)


class Endpointer(Stream):
    """The device path of endpointing in the C library: PCM in, events out.

    Parameters and methods are those of the extension's endpointer. One object is one
    stream: feed it from one thread.
    """

    def __init__(self, vad: Vad, *, rules: Sequence[RawRule], **options: Any) -> None:
        ffi = vad.library.ffi
        if not rules:  # the library would take its default
            raise ValueError("there must be from 1 to 100 rules")
        self._rule_names = [name for name, *_ in rules]
        # Named, because cffi frees an array when its owner goes.
        c_rules = ffi.new("pww_endpoint_rule[]", [tuple(rule) for _, *rule in rules])
        c_options = ffi.new(
            "pww_endpointer_options *", {"n_rules": len(rules), "rules": c_rules, **options}
        )
        super().__init__(vad.library, "endpointer", vad.handle, c_options)

    def process(self, pcm: Pcm) -> list[RawEvent]:
        """Consume int16 samples; return the events that were decided in them."""
        return self._process(pcm, self._events)

    def probabilities(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        """Consume int16 samples; return one posterior per frame of 10 ms."""
        return self._rows("probabilities", pcm, 1, 1)[:, 0]

    def process_with_probabilities(
        self, pcm: Pcm
    ) -> tuple[list[RawEvent], npt.NDArray[np.float32]]:
        """Consume int16 samples; return what `process` and `probabilities` return."""
        events: list[RawEvent] = []
        values = self._rows(
            "process_with_probabilities",
            pcm,
            1,
            1,
            lambda count: events.extend(self._events(count)),
        )
        return events, values[:, 0]

    def start_after_wake_word(self, end_sample: int) -> list[RawEvent]:
        """Listen for what follows a wake word."""
        return self._decide("start_after_wake_word", end_sample)

    def close(self) -> list[RawEvent]:
        """End the utterance that is still open."""
        return self._decide("close")

    def share_front_end(self, spotter: object) -> bool:
        """Compute frames of the same samples once for both, if both run in this library."""
        if not isinstance(spotter, Spotter) or spotter.library is not self.library:
            return False
        with Alone(self._lock):
            self._call("share_front_end", spotter.handle)
        return True

    def _decide(self, function: str, *arguments: int) -> list[RawEvent]:
        n_events = self.library.ffi.new("size_t *")
        with Alone(self._lock):
            self._call(function, *arguments, n_events)
            return self._events(n_events[0])

    def _events(self, n_events: int) -> list[RawEvent]:
        event = self.library.ffi.new("pww_endpoint_event *")
        found: list[RawEvent] = []
        for index in range(n_events):
            self._call("get_event", index, event)
            is_rule = event.reason == _RULE
            reason = self._rule_names[event.rule] if is_rule else _REASONS[event.reason]
            found.append((_KINDS[event.kind], event.sample, event.decided_sample, reason))
        return found
