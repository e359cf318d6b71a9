"""`WakeStream`: one client of the wake-word service, event by event."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.events import Detection, End, EndpointEvent, Resumed, SpeechStart
from pywakeword.measure.scanning import TRAILING_SILENCE_SAMPLES
from pywakeword.wakeword import WakeWord
from pywakeword.wyoming.audio_format import AudioFormat, looks_unsigned
from pywakeword.wyoming.stream_clock import StreamClock, milliseconds

if TYPE_CHECKING:
    from wyoming.event import Event, Eventable
    from wyoming.info import Info

_LOG = logging.getLogger(__name__)
_PCM16 = AudioFormat(SAMPLE_RATE_HZ, 2, 1)
# Audio after a longer gap is another recording.
_LONGEST_GAP_MS = 1000.0
_SCORES_EVERY_SAMPLES = 5 * SAMPLE_RATE_HZ


class WakeStream:
    """One client's audio, and the wake words that it asked for.

    Parameters
    ----------
    spotter : WakeWord
        The detector of this client.
    info : wyoming.info.Info
        The answer to `describe`.
    client : str
        Name of the client in the log.
    endpointer : Endpointer, optional
        Finds where speech begins and ends.
    """

    def __init__(
        self,
        spotter: WakeWord,
        info: Info,
        client: str = "client",
        endpointer: Endpointer | None = None,
    ) -> None:
        self._endpointer = endpointer
        self._spotter = spotter
        self._info = info
        self._client = client
        self._names: Collection[str] = spotter.keywords
        self._format: AudioFormat | None = None
        self._found = False
        self._highest = np.zeros(len(spotter.keywords), np.float32)
        self._unlogged_samples = 0

    def handle(self, event: Event) -> Sequence[Eventable]:
        """Take one event and return the answers."""
        from wyoming.audio import AudioChunk, AudioStart, AudioStop
        from wyoming.info import Describe
        from wyoming.ping import Ping, Pong
        from wyoming.wake import Detect, NotDetected

        if Describe.is_type(event.type):
            return [self._info]
        if Ping.is_type(event.type):
            return [Pong(Ping.from_event(event).text)]
        if Detect.is_type(event.type):
            return self._choose(Detect.from_event(event).names)
        if AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            audio_format = AudioFormat(start.rate, start.width, start.channels)
            self._start(audio_format, milliseconds(start.timestamp))
        elif AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            audio_format = AudioFormat(chunk.rate, chunk.width, chunk.channels)
            audio_format.check_whole(chunk.audio)
            return self._take(audio_format, chunk.audio, milliseconds(chunk.timestamp))
        elif AudioStop.is_type(event.type) and self._format is not None:
            answers = self._finish()
            self._format = None
            return answers if self._found else [NotDetected()]
        return []

    def _choose(self, names: list[str] | None) -> Sequence[Eventable]:
        from wyoming.error import Error

        if names is not None and not (
            isinstance(names, list) and all(isinstance(name, str) for name in names)
        ):
            raise ValueError(f"names must be a list of strings, got {names!r}")
        known = self._spotter.keywords
        self._names = [name for name in names if name in known] if names else known
        self._found = False
        _LOG.debug("%s: waits for %s", self._client, ", ".join(self._names) or "nothing")
        unknown = [name for name in names or () if name not in known]
        if not unknown:
            return []
        text = f"no wake word {unknown[0]!r}; there are {', '.join(known)}"
        _LOG.warning("%s: %s", self._client, text)
        return [Error(text, "unknown-wake-word")]

    def _start(self, audio_format: AudioFormat, timestamp_ms: float | None) -> None:
        self._found = False
        self._restart()
        self._set_format(audio_format)
        if timestamp_ms is not None:
            self._clock.anchor(0, timestamp_ms)

    def _restart(self) -> None:
        self._spotter.reset()
        if self._endpointer is not None:
            self._endpointer.reset()
        self._clock = StreamClock()
        self._n_samples = 0  # that the detector has taken

    def _set_format(self, audio_format: AudioFormat) -> None:
        _LOG.debug("%s: sends %s", self._client, audio_format)
        self._format = audio_format
        self._resampler = Resampler(audio_format.rate_hz)
        self._format_begin = self._n_samples
        self._n_frames = 0  # of this format
        self._unsigned: bool | None = None

    def _take(
        self, audio_format: AudioFormat, audio: bytes, timestamp_ms: float | None
    ) -> Sequence[Eventable]:
        answers: list[Eventable] = []
        if self._format is None:
            self._start(audio_format, None)
        elif audio_format != self._format:
            answers += self._process(self._resampler.finish())
            self._set_format(audio_format)
        if timestamp_ms is not None:
            if self._at() > 0 and self._clock.gap_ms(self._at(), timestamp_ms) > _LONGEST_GAP_MS:
                answers += self._finish()
                self._restart()
                self._set_format(audio_format)
            self._clock.anchor(self._at(), timestamp_ms)
        self._n_frames += len(audio) // (audio_format.width * audio_format.n_channels)
        if audio_format == _PCM16:
            samples = np.frombuffer(audio, "<i2").astype(np.int16, copy=False)
        else:
            if audio and self._unsigned is None:
                self._unsigned = audio_format.width == 1 and looks_unsigned(audio)
            frames = audio_format.decode(audio, unsigned=bool(self._unsigned))
            samples = self._resampler.process(frames)
        return [*answers, *self._process(samples)]

    def _at(self) -> float:
        """Sample of the detector at which the next chunk begins.

        The resampler returns it later.
        """
        assert self._format is not None
        return self._format_begin + self._n_frames * SAMPLE_RATE_HZ / self._format.rate_hz

    def _finish(self) -> Sequence[Eventable]:
        # A word that ends with the audio is detected a little later.
        silence = np.zeros(TRAILING_SILENCE_SAMPLES, np.int16)
        answers = [*self._process(np.concatenate((self._resampler.finish(), silence)))]
        if self._endpointer is not None:
            answers += self._voice(self._endpointer.close())
        self._log_scores()
        return answers

    def _process(self, samples: npt.NDArray[np.int16]) -> Sequence[Eventable]:
        from wyoming import wake

        self._n_samples += len(samples)
        wanted = [found for found in self._detect(samples) if found.keyword in self._names]
        self._found = self._found or bool(wanted)
        answers = [
            wake.Detection(name=found.keyword, timestamp=self._clock.time_ms(found.word_end_sample))
            for found in wanted
        ]
        for found, answer in zip(wanted, answers):
            _LOG.debug(
                "%s: detected %s, score %.3f, at %d ms",
                self._client,
                found.keyword,
                found.score,
                answer.timestamp,
            )
        if self._endpointer is not None:
            return [*answers, *self._voice(self._endpointer.process(samples))]
        return answers

    def _voice(self, events: Sequence[EndpointEvent]) -> list[Eventable]:
        from wyoming.vad import VoiceStarted, VoiceStopped

        answers: list[Eventable] = []
        for event in events:
            if isinstance(event, (SpeechStart, Resumed)):
                answers.append(VoiceStarted(self._clock.time_ms(event.sample)))
            elif isinstance(event, End):
                answers.append(VoiceStopped(self._clock.time_ms(event.sample)))
        return answers

    def _detect(self, samples: npt.NDArray[np.int16]) -> list[Detection]:
        if not _LOG.isEnabledFor(logging.DEBUG):
            return self._spotter.process(samples)
        found, scores = self._spotter.process_with_scores(samples)
        self._highest = np.max([self._highest, *scores], axis=0)
        self._unlogged_samples += len(samples)
        if self._unlogged_samples >= _SCORES_EVERY_SAMPLES:
            self._log_scores()
        return found

    def _log_scores(self) -> None:
        if self._unlogged_samples:
            _LOG.debug(
                "%s: highest scores of the last %.1f s: %s",
                self._client,
                self._unlogged_samples / SAMPLE_RATE_HZ,
                ", ".join(
                    f"{word} {score:.3f}"
                    for word, score in zip(self._spotter.keywords, self._highest)
                ),
            )
        self._highest[:] = 0
        self._unlogged_samples = 0
