"""Subtracts one device's audio from another's: two inputs, each with its own clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from pywakeword._checks import check_number
from pywakeword.audio.echo import EchoCanceller
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import AudioSource, PcmBlock
from pywakeword.errors import AudioDeviceError

# How long two inputs must be apart before they are paired anew.
_APART_SAMPLES = 2 * SAMPLE_RATE_HZ


class LiveSource(AudioSource, Protocol):
    """A source that records while it is read, such as `MicrophoneSource`."""

    @property
    def waiting_samples(self) -> int:
        """Samples that were recorded and not read yet."""
        ...

    @property
    def overruns(self) -> int:
        """Times that audio was lost."""
        ...


class EchoCancelledDevices:
    """A microphone without what a second input, the loudspeaker's monitor, records.

    The inputs begin at different moments, and their clocks drift apart. They are paired by
    what each has recorded when a block of the microphone is read: the loudspeaker's newest
    sample belongs to the microphone's newest, and is paired `lead_ms` early. When they have
    drifted apart by half of `lead_ms`, or one of them has lost audio, they are paired
    anew: the loudspeaker's oldest samples are dropped, or silence is inserted. The
    canceller follows the drift in between, and learns the delay again afterwards.

    What waits is bounded by the queues of the two inputs, and one block here.

    Parameters
    ----------
    microphone, loudspeaker : LiveSource
        Both recording. Blocks of the loudspeaker should be short, 20 ms or less.
    canceller : EchoCanceller, optional
        Default: one with the longest delay, 400 ms.
    lead_ms : float
        20 to 200. An echo must not come before its sound, though the loudspeaker's samples
        arrive in blocks and late. A block of the microphone waits for it.

    Raises
    ------
    ValueError
        If `lead_ms` is out of range.
    AudioDeviceError
        While iterating, if a device is lost.
    """

    def __init__(
        self,
        microphone: LiveSource,
        loudspeaker: LiveSource,
        *,
        canceller: EchoCanceller | None = None,
        lead_ms: float = 60.0,
    ) -> None:
        check_number("lead_ms", lead_ms)
        if not 20 <= lead_ms <= 200:
            raise ValueError(f"lead_ms must be 20 to 200, got {lead_ms!r}")
        self._microphone = microphone
        self._loudspeaker = loudspeaker
        self.canceller = EchoCanceller(max_delay_ms=400) if canceller is None else canceller
        self._lead = round(lead_ms * SAMPLE_RATE_HZ / 1000)
        self._apart = 0  # samples since the inputs were well paired
        self._overruns: int | None = None  # at the last pairing
        self._pairings = self._dropped = self._inserted = 0

    @property
    def pairings(self) -> int:
        """Times that the inputs were paired anew, after the first."""
        return self._pairings

    @property
    def dropped_samples(self) -> int:
        """Samples of the loudspeaker that were dropped to pair the inputs anew."""
        return self._dropped

    @property
    def inserted_samples(self) -> int:
        """Samples of silence that were inserted to pair the inputs anew."""
        return self._inserted

    def __iter__(self) -> Iterator[PcmBlock]:
        self._blocks = iter(self._loudspeaker)
        self._waiting = np.zeros(0, np.int16)
        for block in self._microphone:
            self._pair(len(block))
            self._read(len(block))
            played, self._waiting = np.split(self._waiting, [len(block)])
            yield self.canceller.process(block, played)

    def _pair(self, n: int) -> None:
        if self._overruns is None:
            self._read(1)  # it may not have begun yet
        # How much later the loudspeaker is than it should be, seen from the newest samples.
        waiting = len(self._waiting) + self._loudspeaker.waiting_samples
        late = waiting - n - self._microphone.waiting_samples + self._lead
        overruns = self._microphone.overruns + self._loudspeaker.overruns
        # A consumer that is late for once sees what looks like a shift.
        self._apart = self._apart + n if abs(late) > self._lead // 2 else 0
        if overruns == self._overruns and self._apart < _APART_SAMPLES:
            return
        if self._overruns is not None:
            self._pairings += 1
            self._dropped += max(0, late)
            self._inserted += max(0, -late)
        self._overruns = overruns
        self._apart = 0
        if late > 0:
            self._read(late)
            self._waiting = self._waiting[late:]
        else:
            self._waiting = np.concatenate([np.zeros(-late, np.int16), self._waiting])

    def _read(self, n: int) -> None:
        """Read until `n` samples of the loudspeaker wait."""
        parts = [self._waiting]
        length = len(self._waiting)
        while length < n:
            block = next(self._blocks, None)
            if block is None:
                raise AudioDeviceError("the loudspeaker's input has ended")
            parts.append(block)
            length += len(block)
        self._waiting = np.concatenate(parts)
