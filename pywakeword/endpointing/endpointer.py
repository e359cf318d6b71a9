"""`Endpointer`: finds where an utterance starts, pauses and ends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from pywakeword import _core
from pywakeword._checks import NotCopied, check_number, check_type
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm
from pywakeword.backends import EndpointerCore, RawEvent, RawRule
from pywakeword.events import (
    Detection,
    End,
    EndpointEvent,
    NoSpeech,
    PossibleEnd,
    Resumed,
    SpeechStart,
)
from pywakeword.models.card import VadCard
from pywakeword.models.files import ENDPOINT_ROOM, find_model
from pywakeword.models.network import load_vad_model
from pywakeword.wakeword import WakeWord

_FRAME_SHIFT_S = 0.01
_SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000
_LONGEST_MS = 3_600_000
_NEVER_SAMPLES = 1 << 62

_CLASSES: dict[str, type[EndpointEvent]] = {
    kind.__name__: kind for kind in (SpeechStart, PossibleEnd, End, Resumed, NoSpeech)
}
# The other reasons of events: a rule of that name would be ambiguous.
_RESERVED = ("speech", "after_wake_word", "pause", "no_speech_timeout", "max_utterance", "closed")


@dataclass(frozen=True)
class EndpointRule:
    """Ends the utterance when all its conditions hold, after Kaldi's rules.

    Attributes
    ----------
    name : str
        The reason of the event.
    must_contain_speech : bool
        If False, the rule also applies without speech. The silence then counts
        from where listening began, and the event is `NoSpeech`.
    min_trailing_silence_ms : float
        Silence since the last speech.
    min_utterance_ms : float
        From the start of the speech to its last sample.
    """

    name: str
    must_contain_speech: bool = True
    min_trailing_silence_ms: float = 800.0
    min_utterance_ms: float = 0.0


DEFAULT_RULES = (EndpointRule("silence"),)


class _CoreOptions(TypedDict):
    """Options of the back ends' endpointers; lengths in samples."""

    delay_frames: int
    rules: Sequence[RawRule]
    onset_threshold: float
    offset_threshold: float
    level_range: float
    min_speech: int
    possible_end: int
    word_tail: int
    grace: int
    no_speech_timeout: int
    max_utterance: int


class Endpointer(NotCopied):
    """Finds in a stream of audio where a person starts, pauses and stops speaking.

    One object is one stream: feed it from one thread. All times are audio times.
    Equal samples give equal events, whatever the chunk sizes.

    Parameters
    ----------
    rules : sequence of EndpointRule
        The first rule that applies ends the utterance.
    possible_end_ms : float
        Pause after which `PossibleEnd` is reported. A rule with a shorter silence
        ends the utterance without it.
    no_speech_timeout_ms : float or None
        `NoSpeech` is reported after this time without speech, since the start of the
        stream or the end of the wake word (`start_after_wake_word`).
    max_utterance_ms : float or None
        Longest utterance. Speech beyond it is a new utterance.
    grace_ms : float
        Speech within this time after an `End` is `Resumed`, not a new start.
    min_speech_ms : float
        Shorter sounds are not speech, at the start and in a pause.
    word_tail_ms : float
        Speech under way at the end of a wake word belongs to the word, unless it
        lasts longer than this.
    onset_threshold, offset_threshold : float
        Posterior at which speech begins, and below which it pauses.
    level_range_db : float or None
        Sounds that are more than this below the loudest speech of the utterance,
        including the wake word before it, are not the speaker's: they neither start
        nor extend an utterance. None turns this off.
    model : str or path
        Voice activity model: a bundled name, or a `.tflite` file with its card.
    backend : {"core", "capi"}
        The extension, or the shared library of the C API (extra `capi`). Both give
        the same events.

    Raises
    ------
    LibraryError
        If the shared library is not found.
    MissingExtraError
        If cffi is not installed.
    ModelNotFoundError
        If the model does not exist.
    ModelError
        If the model or its card is refused.
    TypeError
        If an option is of the wrong type.
    ValueError
        If an option is out of range.
    """

    def __init__(
        self,
        *,
        rules: Sequence[EndpointRule] = DEFAULT_RULES,
        possible_end_ms: float = 200.0,
        no_speech_timeout_ms: float | None = 5000.0,
        max_utterance_ms: float | None = 20_000.0,
        grace_ms: float = 1000.0,
        min_speech_ms: float = 160.0,
        word_tail_ms: float = 250.0,
        onset_threshold: float = 0.5,
        offset_threshold: float = 0.35,
        level_range_db: float | None = 18.0,
        model: str | os.PathLike[str] = "vad",
        backend: str = "core",
    ) -> None:
        check_type("backend", backend, str)
        self._rules = _check_rules(rules)
        raw_rules = [
            (
                rule.name,
                rule.must_contain_speech,
                _samples(rule.min_trailing_silence_ms, f"{rule.name}.min_trailing_silence_ms"),
                _samples(rule.min_utterance_ms, f"{rule.name}.min_utterance_ms"),
            )
            for rule in self._rules
        ]
        self._grace_ms = grace_ms
        for name, value in (("onset", onset_threshold), ("offset", offset_threshold)):
            check_number(f"{name}_threshold", value)
            if not 0 < value <= 1:  # a NaN fails too
                raise ValueError(f"{name}_threshold must be above 0 and at most 1, got {value!r}")
        if level_range_db is not None:
            check_number("level_range_db", level_range_db)
            if not 0 < level_range_db <= 100:  # a NaN fails too
                raise ValueError(
                    f"level_range_db must be above 0 and at most 100, got {level_range_db!r}; "
                    "None means no limit"
                )
        network, self._card = load_vad_model(model)
        options = _CoreOptions(
            delay_frames=self._card.delay_frames,
            rules=raw_rules,
            onset_threshold=onset_threshold,
            offset_threshold=offset_threshold,
            level_range=0.0 if level_range_db is None else level_range_db,
            min_speech=_samples(min_speech_ms, "min_speech_ms"),
            possible_end=_samples(possible_end_ms, "possible_end_ms"),
            word_tail=_samples(word_tail_ms, "word_tail_ms"),
            grace=_samples(grace_ms, "grace_ms"),
            no_speech_timeout=_limit(no_speech_timeout_ms, "no_speech_timeout_ms"),
            max_utterance=_limit(max_utterance_ms, "max_utterance_ms"),
        )
        self._core: EndpointerCore
        if backend == "core":
            self._core = _core.Endpointer(network, **options)
        elif backend == "capi":
            from pywakeword.capi import endpointer as capi

            vad = capi.Vad(find_model(model, ENDPOINT_ROOM).read_bytes())
            self._core = capi.Endpointer(vad, **options)
        else:
            raise ValueError(f"backend must be 'core' or 'capi', got {backend!r}")
        self._core_process = self._core.process

    def process(self, pcm: Pcm) -> list[EndpointEvent]:
        """Consume audio and return the events that were decided in it.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16, or bytes
            Mono PCM at 16 kHz; bytes hold int16 in little-endian order. Any
            length, including zero. Results do not depend on how the stream is
            cut into calls.

        Returns
        -------
        list of EndpointEvent
            Usually empty; ordered by `decided_sample`.

        Raises
        ------
        TypeError
            If `pcm` is neither an int16 array nor bytes.
        ValueError
            If the array is not one-dimensional, or bytes end inside a sample.
        StreamError
            If another thread is using this stream.
        """
        raw = self._core_process(pcm)
        return _events(raw) if raw else []

    def probabilities(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        """Consume audio and return the posterior of speech per frame of 10 ms.

        It advances the same stream as `process` and discards events;
        `process_with_probabilities` returns both. For evaluation and plots. The
        network gives a new value every `frame_stride` frames (see its card), held in
        between. The value belongs to audio that is `delay_frames` frames old.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16, or bytes
            As for `process`.

        Returns
        -------
        (n_frames,) ndarray of float32
            Frame i is complete with sample 160 i + 400 of the stream.
        """
        return self._core.probabilities(pcm)

    def process_with_probabilities(
        self, pcm: Pcm
    ) -> tuple[list[EndpointEvent], npt.NDArray[np.float32]]:
        """Consume audio and return what `process` and `probabilities` return.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16, or bytes
            As for `process`.

        Returns
        -------
        events : list of EndpointEvent
            As from `process`.
        probabilities : (n_frames,) ndarray of float32
            As from `probabilities`.
        """
        raw, probabilities = self._core.process_with_probabilities(pcm)
        return _events(raw), probabilities

    def start_after_wake_word(self, detection: Detection | int) -> list[EndpointEvent]:
        """Listen for the utterance that follows a wake word.

        Forgets the open utterance. Speech counts from the end of the word, and so
        does `no_speech_timeout_ms`. A word is found a little after its end: audio
        since then is judged at once.

        Parameters
        ----------
        detection : Detection or int
            The wake word, from the same stream, or the sample where it ended.

        Returns
        -------
        list of EndpointEvent
            The events in the audio since the word; usually empty.

        Raises
        ------
        ValueError
            If the word ends after the stream's last sample, or more than 10 s before.
        """
        end_sample = detection.word_end_sample if isinstance(detection, Detection) else detection
        if isinstance(end_sample, bool) or not isinstance(end_sample, Integral):
            raise TypeError(f"detection must be a Detection or a sample index, got {detection!r}")
        if not abs(end_sample) < _NEVER_SAMPLES:
            raise ValueError(f"detection is sample {end_sample}, which no stream reaches")
        return _events(self._core.start_after_wake_word(int(end_sample)))

    def share_front_end(self, spotter: WakeWord) -> bool:
        """Compute the front end once for both, if they get the same audio.

        Feed the two in turns of at most 160 ms. Results stay the same to the bit, also
        where the audio differs. `RequestListener` and `VoiceSession` use this.

        Parameters
        ----------
        spotter : WakeWord
            Gets the same audio. Several endpointers may share with it.

        Returns
        -------
        bool
            False if the two run in different libraries: "core" and "capi" share nothing.

        Raises
        ------
        StreamError
            If another thread is using either stream.
        """
        if not isinstance(spotter, WakeWord):
            raise TypeError(f"spotter must be a WakeWord, got {type(spotter).__name__}")
        return self._core.share_front_end(spotter.core)

    def close(self) -> list[EndpointEvent]:
        """End the utterance that is still open, at the end of the stream.

        Returns
        -------
        list of EndpointEvent
            An `End` with the reason "closed", or nothing. `reset` starts anew.
        """
        return _events(self._core.close())

    def reset(self) -> None:
        """Start a new stream: forget all audio, count samples from 0 again."""
        self._core.reset()

    @property
    def rules(self) -> tuple[EndpointRule, ...]:
        """The rules in use."""
        return self._rules

    @property
    def grace_ms(self) -> float:
        """Speech within this time after an `End` is `Resumed`."""
        return self._grace_ms

    @property
    def card(self) -> VadCard:
        """Card of the voice activity model."""
        return self._card

    @property
    def sample_rate(self) -> int:
        """Samples per second of the audio: 16000."""
        return SAMPLE_RATE_HZ

    @property
    def frame_shift_s(self) -> float:
        """Seconds between two values of `probabilities`."""
        return _FRAME_SHIFT_S


def _events(raw: list[RawEvent]) -> list[EndpointEvent]:
    return [_CLASSES[kind](sample, decided, reason) for kind, sample, decided, reason in raw]


def _check_rules(rules: Sequence[EndpointRule]) -> tuple[EndpointRule, ...]:
    if not isinstance(rules, (list, tuple)):
        raise TypeError(f"rules must be a sequence of EndpointRule, got {rules!r}")
    checked = tuple(rules)
    for rule in checked:
        if not isinstance(rule, EndpointRule):
            raise TypeError(f"rules must hold EndpointRule objects, got {rule!r}")
        if not isinstance(rule.name, str) or not isinstance(rule.must_contain_speech, bool):
            raise TypeError(f"a rule has a str for name and a bool for must_contain_speech: {rule}")
        if not rule.name or rule.name in _RESERVED:
            raise ValueError(f"a rule cannot be named {rule.name!r}")
    names = [rule.name for rule in checked]
    if len(set(names)) != len(names):
        raise ValueError(f"two rules have one name: {', '.join(names)}")
    return checked


def _samples(milliseconds: float, name: str) -> int:
    check_number(name, milliseconds)
    if not 0 <= milliseconds <= _LONGEST_MS:  # a NaN fails too
        raise ValueError(f"{name} must be from 0 to {_LONGEST_MS}, got {milliseconds!r}")
    return round(milliseconds * _SAMPLES_PER_MS)


def _limit(milliseconds: float | None, name: str) -> int:
    if milliseconds is None:
        return 0
    samples = _samples(milliseconds, name)
    if samples == 0:
        raise ValueError(f"{name} must be above 0; None means no limit")
    return samples
