"""`StreamClock`: the client's time of each sample of a stream."""

from __future__ import annotations

from collections import deque

from pywakeword.audio.pcm import SAMPLE_RATE_HZ

# Words end at most this long before the newest sample.
_KEPT_SAMPLES = 10 * SAMPLE_RATE_HZ
_MOST_ANCHORS = 4096


class StreamClock:
    """Maps samples to milliseconds, from the timestamps of chunks.

    Time runs on from the newest timestamp at or before a sample; without any, from 0.
    """

    def __init__(self) -> None:
        self._anchors: deque[tuple[float, float]] = deque(maxlen=_MOST_ANCHORS)

    def gap_ms(self, sample: float, timestamp_ms: float) -> float:
        """Return how far a timestamp lies after the time at which its sample was expected."""
        return timestamp_ms - self._time_ms(sample) if self._anchors else 0.0

    def anchor(self, sample: float, timestamp_ms: float) -> None:
        """Note that a sample has this time; samples never decrease."""
        if self._anchors and abs(self.gap_ms(sample, timestamp_ms)) < 1:
            return
        self._anchors.append((sample, timestamp_ms))
        while len(self._anchors) > 1 and self._anchors[1][0] <= sample - _KEPT_SAMPLES:
            self._anchors.popleft()

    def time_ms(self, sample: int) -> int:
        """Return the time of a sample."""
        return round(self._time_ms(sample))

    def _time_ms(self, sample: float) -> float:
        earliest = self._anchors[0] if self._anchors else (0.0, 0.0)
        earlier = (anchor for anchor in reversed(self._anchors) if anchor[0] <= sample)
        at, timestamp_ms = next(earlier, earliest)
        return timestamp_ms + (sample - at) * 1000 / SAMPLE_RATE_HZ


def milliseconds(timestamp: object) -> float | None:
    """Return the timestamp of an event; None without one, `ValueError` if it is no number."""
    if timestamp is None:
        return None
    if isinstance(timestamp, bool) or not isinstance(timestamp, (int, float)):
        raise ValueError(f"timestamp must be a number of milliseconds, got {timestamp!r}")
    if not -(2**63) <= timestamp < 2**63:  # also refuses NaN
        raise ValueError(f"timestamp is out of range: {timestamp!r}")
    return float(timestamp)
