"""Maps the probability that an utterance is complete to a waiting time."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from pywakeword._checks import check_number


@dataclass(frozen=True)
class WaitPolicy:
    """A smooth ramp from the longest wait to the shortest.

    With a threshold, a difference of 0.001 in the probability could change the wait by a
    second. Here the wait is a logistic function of the logit of the probability.

    Attributes
    ----------
    shortest_ms, longest_ms : float
        Pause that ends an utterance at probability 1, and at 0.
    middle : float
        Probability with a wait half-way between them.
    steepness : float
        Slope of the ramp at the middle. With 1 and a middle of 0.5, the wait is linear in the
        probability.
    """

    shortest_ms: float = 200.0
    longest_ms: float = 1600.0
    middle: float = 0.5
    steepness: float = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            check_number(field.name, getattr(self, field.name))
        if not 0 < self.shortest_ms <= self.longest_ms < math.inf:
            raise ValueError("0 < shortest_ms <= longest_ms must hold, and both must be finite")
        if not 0 < self.middle < 1:
            raise ValueError(f"middle must be between 0 and 1, got {self.middle!r}")
        if not 0 < self.steepness < math.inf:
            raise ValueError(f"steepness must be positive and finite, got {self.steepness!r}")

    def wait_ms(self, probability: float) -> float:
        """Return the pause in ms that ends an utterance with this probability."""
        check_number("probability", probability)
        if not 0 <= probability <= 1:
            raise ValueError(f"the probability must be from 0 to 1, got {probability!r}")
        certain = min(max(probability, 1e-6), 1 - 1e-6)
        distance = self.steepness * (_logit(certain) - _logit(self.middle))
        share = 1 / (1 + math.exp(min(distance, 700.0)))
        return self.shortest_ms + (self.longest_ms - self.shortest_ms) * share


def _logit(p: float) -> float:
    return math.log(p / (1 - p))
