"""From the events of an endpointer to whole utterances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from pywakeword.events import End, EndpointEvent, NoSpeech, Resumed, SpeechStart


@dataclass(frozen=True)
class Utterance:
    """An utterance that can no longer be resumed.

    Attributes
    ----------
    start_sample, end_sample : int
        From the first speech to the last, all that was resumed in between included.
    decided_sample : int
        Samples consumed when its last `End` was decided.
    reason : str
        That of its last `End`; "wake_word" if the next wake word cut it off.
    n_resumed : int
        How often an `End` was taken back.
    """

    start_sample: int
    end_sample: int
    decided_sample: int
    reason: str
    n_resumed: int = 0


Outcome = Union[Utterance, NoSpeech]


class UtteranceJoiner:
    """Joins what an early `End` had parted; gives each utterance once, when it is final.

    It is final when the grace period is over, when the next one begins, or at the close.

    Parameters
    ----------
    grace_ms : float
        That of the endpointer: until then after an `End`, `Resumed` may come.
    """

    # `Resumed` is decided up to min_speech and the network's delay after the speech.
    _LATENESS_SAMPLES = 8000

    def __init__(self, grace_ms: float = 1000.0) -> None:
        if not 0 <= grace_ms < float("inf"):
            raise ValueError(f"grace_ms must not be negative and be finite, got {grace_ms!r}")
        self._wait = round(grace_ms * 16) + self._LATENESS_SAMPLES
        self.reset()

    def reset(self) -> None:
        """Start a new stream."""
        self._start: int | None = None
        self._n_resumed = 0
        self._ended: Utterance | None = None

    def push(self, events: Iterable[EndpointEvent], now_sample: int) -> list[Outcome]:
        """Take events up to `now_sample`, and return what became final."""
        final: list[Outcome] = []
        for event in events:
            final += self._settle(event.decided_sample)
            if isinstance(event, SpeechStart):
                final += self.close()
                self._start, self._n_resumed = event.sample, 0
            elif isinstance(event, Resumed):
                if self._start is None:  # final meanwhile: this is the next one
                    self._start, self._n_resumed = event.sample, 0
                self._n_resumed += self._ended is not None
                self._ended = None
            elif isinstance(event, End) and self._start is not None:
                self._ended = Utterance(
                    self._start, event.sample, event.decided_sample, event.reason, self._n_resumed
                )
            elif isinstance(event, NoSpeech):
                final.append(event)
        return final + self._settle(now_sample)

    def close(self) -> list[Outcome]:
        """Return the utterance that has ended and waits for its grace period."""
        ended, self._ended = self._ended, None
        if ended is None:
            return []
        self._start = None
        return [ended]

    @property
    def waits(self) -> bool:
        """Whether an utterance has ended, and its grace period is not known to be over."""
        return self._ended is not None

    @property
    def open_since(self) -> int | None:
        """Where the utterance began that has no `End`, or None."""
        return None if self._ended is not None else self._start

    def _settle(self, now_sample: int) -> list[Outcome]:
        if self._ended is None or now_sample - self._ended.decided_sample <= self._wait:
            return []
        return self.close()
