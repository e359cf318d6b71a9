"""`PlaybackMixer`: what the loudspeaker plays, and its kind for the device state."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_type
from pywakeword.audio.pcm import Pcm, as_pcm

# When several kinds play, the device state is the first of these.
KINDS = ("call", "alarm", "tts", "media", "music", "other")
Samples = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Span:
    """What the loudspeaker played from sample `begin` to sample `end` of the session.

    Attributes
    ----------
    begin, end : int
        Indexes in the session's audio.
    playback : str
        Its kind, as in `DeviceState.playback`.
    pcm : (end - begin,) ndarray of int16, optional
        The samples. None for silence, and where only another program played.
    """

    begin: int
    end: int
    playback: str
    pcm: Samples | None = field(default=None, compare=False, repr=False)

    def part(self, begin: int, end: int) -> Span:
        """Return the part from `begin` to `end`, which lie inside the span."""
        pcm = None if self.pcm is None else self.pcm[begin - self.begin : end - self.begin]
        return Span(begin, end, self.playback, pcm)


@dataclass
class _Channel:
    queue: deque[Samples] = field(default_factory=deque)
    n_queued: int = 0
    held: bool = False

    def take(self, n_samples: int) -> list[Samples]:
        taken = []
        self.n_queued -= n_samples
        while n_samples:
            block = self.queue.popleft()
            if len(block) > n_samples:
                self.queue.appendleft(block[n_samples:])
                block = block[:n_samples]
            n_samples -= len(block)
            taken.append(block)
        return taken


class PlaybackMixer:
    """Audio queues, one per kind, mixed for the loudspeaker.

    The kinds are those of `DeviceState.playback`. Thread-safe: an audio device renders in
    its own thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channels = {kind: _Channel() for kind in KINDS}
        self._declared: set[str] = set()

    def play(self, kind: str, pcm: Pcm) -> None:
        """Append mono 16 kHz audio to the queue of a kind."""
        samples = as_pcm(pcm)
        channel = self._channel(kind)
        with self._lock:
            if len(samples):
                channel.queue.append(samples)
                channel.n_queued += len(samples)

    def stop(self, kind: str) -> None:
        """Drop the queue of a kind, and its declaration."""
        channel = self._channel(kind)
        with self._lock:
            channel.queue.clear()
            channel.n_queued = 0
            channel.held = False
            self._declared.discard(kind)

    def hold(self, kind: str, held: bool) -> None:
        """Pause a kind and keep its queue, or let it go on."""
        with self._lock:
            self._channel(kind).held = held

    def declare(self, kind: str) -> None:
        """Declare that another program plays this kind on the loudspeaker, until `stop`."""
        self._channel(kind)
        with self._lock:
            self._declared.add(kind)

    def n_queued(self, kind: str) -> int:
        """Return how many samples of a kind are still to be played."""
        return self._channel(kind).n_queued

    def render(self, begin: int, n_samples: int) -> tuple[Samples, list[Span]]:
        """Return the next samples, and the spans of playback in them.

        Parameters
        ----------
        begin : int
            Index in the session of the first sample.
        n_samples : int
            How many samples.
        """
        mixed = np.zeros(n_samples, np.int32)
        with self._lock:
            ends = {kind: n_samples for kind in self._declared}
            for kind, channel in self._channels.items():
                n_taken = 0 if channel.held else min(n_samples, channel.n_queued)
                if n_taken:
                    ends[kind] = max(n_taken, ends.get(kind, 0))
                    mixed[:n_taken] += np.concatenate(channel.take(n_taken))
        played = np.clip(mixed, -32768, 32767).astype(np.int16)
        spans: list[Span] = []
        position = 0
        for cut in sorted({*ends.values(), n_samples}):
            playing = [kind for kind in KINDS if ends.get(kind, 0) > position]
            kind = playing[0] if playing else "none"
            pcm = played[position:cut] if playing else None
            spans.append(Span(begin + position, begin + cut, kind, pcm))
            position = cut
        return played, spans

    def _channel(self, kind: str) -> _Channel:
        check_type("playback", kind, str)
        if kind not in self._channels:
            raise ValueError(f"playback must be one of {', '.join(KINDS)}; got {kind!r}")
        return self._channels[kind]
