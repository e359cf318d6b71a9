"""Loudspeakers: `VirtualLoudspeaker` for files, `DuplexDevice` for real ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pywakeword.audio.devices.queue import DeviceQueue
from pywakeword.audio.devices.stream import PortAudioStream, Status, Times
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.session.playback import PlaybackMixer, Samples, Span

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Loudspeaker(Protocol):
    """Plays a mixer's audio, and reports what was played when."""

    @property
    def mixer(self) -> PlaybackMixer:
        """The audio to play."""
        ...

    def played(self, begin: int, end: int) -> list[Span]:
        """Return the playback during these samples of input, as spans without gaps."""
        ...


class VirtualLoudspeaker:
    """Plays one sample per sample of input, silently or into `sink`.

    Parameters
    ----------
    sink : callable of (n_samples,) int16 ndarray, optional
        Gets all samples played, including silence.
    """

    def __init__(self, sink: Callable[[Samples], object] | None = None) -> None:
        self._mixer = PlaybackMixer()
        self._sink = sink

    @property
    def mixer(self) -> PlaybackMixer:
        """The audio to play."""
        return self._mixer

    def played(self, begin: int, end: int) -> list[Span]:
        """Play, and return the spans."""
        pcm, spans = self._mixer.render(begin, end - begin)
        if self._sink is not None:
            self._sink(pcm)
        return spans


class DuplexDevice(PortAudioStream):
    """A microphone and a loudspeaker that share one clock, through PortAudio.

    It is both the `AudioSource` and the `Loudspeaker` of a session. One stream records and
    plays, so the latencies that the driver reports give the input sample at which each
    sample leaves the loudspeaker. Opened with `with`. Needs the extra `mic`.

    Parameters
    ----------
    device : int or str, optional
        As for `MicrophoneSource`; it must record and play at 16 kHz.
    block_s : float
        Length of the blocks in seconds.
    queue_s : float
        Longest audio that waits for a slow session, in seconds.
    timeout_s : float
        A device that gives no audio for this time counts as lost.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        block_s: float = 0.02,
        queue_s: float = 4.0,
        timeout_s: float = 2.0,
    ) -> None:
        super().__init__(
            "the default audio device" if device is None else f"audio device {device!r}"
        )
        self._mixer = PlaybackMixer()
        self._spans: deque[Span] = deque()
        self._n_recorded = 0
        self._queue: DeviceQueue[tuple[bytes, list[Span]]] = DeviceQueue(
            round(queue_s / block_s), timeout_s, self._name
        )
        self._open(
            "RawStream",
            device,
            SAMPLE_RATE_HZ,
            blocksize=round(block_s * SAMPLE_RATE_HZ),
            callback=self._on_block,
            finished_callback=self._queue.end,
        )

    @property
    def mixer(self) -> PlaybackMixer:
        """The audio to play."""
        return self._mixer

    def __iter__(self) -> Iterator[PcmBlock]:
        while True:
            data, spans = self._queue.take()
            self._spans.extend(spans)
            yield np.frombuffer(data, dtype=np.int16)

    def played(self, begin: int, end: int) -> list[Span]:
        """Return what left the loudspeaker while these samples were recorded."""
        found: list[Span] = []
        position = begin
        while position < end:
            while self._spans and self._spans[0].end <= position:
                self._spans.popleft()
            ahead = self._spans[0] if self._spans else Span(end, end, "none")
            if ahead.begin > position:  # before the first sample that was played
                ahead = Span(position, ahead.begin, "none")
            cut = min(ahead.end, end)
            found.append(ahead.part(position, cut))
            position = cut
        return found

    def _on_block(
        self, data: Buffer, out: memoryview, n_samples: int, times: Times, status: Status
    ) -> None:
        # Runs in PortAudio's thread: it must neither wait nor raise.
        delay_s = times.outputBufferDacTime - times.inputBufferAdcTime
        begin = self._n_recorded + max(0, round(delay_s * SAMPLE_RATE_HZ))
        pcm, spans = self._mixer.render(begin, n_samples)
        out[:] = pcm.tobytes()
        if status.input_overflow or status.output_underflow:
            self._overruns += 1
        if self._queue.put((bytes(data), spans)):
            self._n_recorded += n_samples
        else:  # lost: the session never counts these samples
            self._overruns += 1
