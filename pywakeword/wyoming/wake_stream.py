"""`WakeStream`: one client of the wake-word service, event by event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.resample import Resampler
from pywakeword.events import Detection
from pywakeword.measure.scanning import TRAILING_SILENCE_SAMPLES
from pywakeword.wakeword import WakeWord

if TYPE_CHECKING:
    from wyoming.event import Event, Eventable
    from wyoming.info import Info


class WakeStream:
    """One client's audio, and the wake words that it asked for.

    Parameters
    ----------
    spotter : WakeWord
        The detector of this client.
    info : wyoming.info.Info
        The answer to `describe`.
    """

    def __init__(self, spotter: WakeWord, info: Info) -> None:
        self._spotter = spotter
        self._info = info
        self._names: Sequence[str] = spotter.keywords
        self._resampler: Resampler | None = None
        self._format: tuple[int, int, int] | None = None
        self._begin_ms = 0
        self._found = False

    def handle(self, event: Event) -> Sequence[Eventable]:
        """Take one event and return the answers."""
        from wyoming.audio import AudioChunk, AudioStart, AudioStop
        from wyoming.info import Describe
        from wyoming.wake import Detect, NotDetected

        if Describe.is_type(event.type):
            return [self._info]
        if Detect.is_type(event.type):
            self._choose(Detect.from_event(event).names)
        elif AudioStart.is_type(event.type):
            start = AudioStart.from_event(event)
            self._start((start.rate, start.width, start.channels), start.timestamp)
        elif AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            audio_format = (chunk.rate, chunk.width, chunk.channels)
            if self._format is None:
                self._start(audio_format, chunk.timestamp)
            elif audio_format != self._format:
                raise ValueError(f"audio-chunk is {audio_format}, audio-start said {self._format}")
            return self._process(chunk.audio)
        elif AudioStop.is_type(event.type) and self._format is not None:
            # A word that ends with the audio is detected a little later.
            silence = np.zeros(TRAILING_SILENCE_SAMPLES, np.int16)
            answers = self._report(self._spotter.process(silence))
            self._format = None
            return answers if self._found else [NotDetected()]
        return []

    def _choose(self, names: list[str] | None) -> None:
        known = self._spotter.keywords
        unknown = [name for name in names or () if name not in known]
        if unknown:
            raise ValueError(f"no wake word {unknown[0]!r}; there are {', '.join(known)}")
        self._names = names or known

    def _start(self, audio_format: tuple[int, int, int], timestamp_ms: int | None) -> None:
        rate_hz, width, n_channels = audio_format
        if width != 2 or not (8000 <= rate_hz <= 192_000 and 1 <= n_channels <= 8):
            raise ValueError(
                f"audio of {n_channels} channel(s), {rate_hz} Hz, {8 * width} bit; "
                "16-bit audio of 8000 to 192000 Hz and up to 8 channels is taken"
            )
        self._format = audio_format
        self._resampler = Resampler(rate_hz)
        self._begin_ms = timestamp_ms or 0
        self._found = False
        self._spotter.reset()

    def _process(self, audio: bytes) -> Sequence[Eventable]:
        assert self._resampler is not None
        assert self._format is not None
        rate_hz, _, n_channels = self._format
        samples = np.frombuffer(audio, "<i2")
        if n_channels == 1 and rate_hz == SAMPLE_RATE_HZ:
            return self._report(self._spotter.process(samples.astype(np.int16, copy=False)))
        frames = samples.reshape(-1, n_channels).astype(np.float32) / np.float32(32768)
        return self._report(self._spotter.process(self._resampler.process(frames)))

    def _report(self, detections: list[Detection]) -> Sequence[Eventable]:
        from wyoming import wake

        wanted = [found for found in detections if found.keyword in self._names]
        self._found = self._found or bool(wanted)
        return [
            wake.Detection(
                name=found.keyword,
                timestamp=self._begin_ms + found.end_sample * 1000 // SAMPLE_RATE_HZ,
            )
            for found in wanted
        ]
