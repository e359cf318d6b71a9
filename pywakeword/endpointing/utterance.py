"""`UtteranceJoiner`: from the events of an endpointer to final utterances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from pywakeword._checks import check_number
from pywakeword.events import End, EndpointEvent, NoSpeech, Resumed, SpeechStart


@dataclass(frozen=True)
class Utterance:
    """A final utterance: later speech no longer belongs to it.

    Attributes
    ----------
    start_sample, end_sample : int
        Where its speech begins and ends, pauses included.
    decided_sample : int
        Samples consumed when its last `End` was decided.
    reason : str
        The reason of its last `End`; "wake_word" if the next wake word cut it off.
    n_resumed : int
        How often speech went on after an `End`.
    """

    start_sample: int
    end_sample: int
    decided_sample: int
    reason: str
    n_resumed: int = 0


Outcome = Union[Utterance, NoSpeech]


class UtteranceJoiner:
    """Joins the parts that an early `End` separated, and returns each utterance once.

    An utterance is final when its grace period is over, the next one begins, or `close` is
    called.

    Parameters
    ----------
    grace_ms : float
        The endpointer's grace period, in which `Resumed` may follow an `End`.
    """

    # `Resumed` is decided later than its speech: by min_speech and the network's delay.
    _LATENESS_SAMPLES = 8000

    def __init__(self, grace_ms: float = 1000.0) -> None:
        check_number("grace_ms", grace_ms)
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
        """Take the events up to `now_sample`, and return what became final."""
        final: list[Outcome] = []
        for event in events:
            final += self._settle(event.decided_sample)
            if isinstance(event, SpeechStart):
                final += self.close()
                self._start, self._n_resumed = event.sample, 0
            elif isinstance(event, Resumed):
                if self._start is None:  # the last one is final: this is the next one
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
        """Return the utterance whose grace period is still running, if any."""
        ended, self._ended = self._ended, None
        if ended is None:
            return []
        self._start = None
        return [ended]

    @property
    def waits(self) -> bool:
        """Whether the grace period of an utterance is still running."""
        return self._ended is not None

    @property
    def open_since(self) -> int | None:
        """Start of the utterance that has no `End` yet, or None."""
        return None if self._ended is not None else self._start

    def _settle(self, now_sample: int) -> list[Outcome]:
        if self._ended is None or now_sample - self._ended.decided_sample <= self._wait:
            return []
        return self.close()
