"""Which candidates are sent to a verifier, and what decides without its verdict."""

from __future__ import annotations

from dataclasses import dataclass

from pywakeword._checks import check_number, check_type

OFFLINE = ("accept", "reject", "raise_threshold")


@dataclass(frozen=True)
class VerifierPolicy:
    """Which candidates are sent, and what decides without a verdict.

    Parameters
    ----------
    ask_from, ask_below : float
        Candidates with a score in [ask_from, ask_below) are sent. The device itself
        rejects lower scores and accepts higher ones.
    offline : {"raise_threshold", "accept", "reject"}
        What decides if there is no verdict, or the verifier abstains.
    offline_threshold : float, optional
        Device score that "raise_threshold" requires. Default: half-way between the
        detector's threshold and 1.
    deadline_s : float
        Longest time from the detection to the result.
    connect_timeout_s : float
        Time limit for one connection, TLS handshake included.
    retry : bool
        Retry once after a temporary failure, if the deadline allows it.
    """

    ask_from: float = 0.0
    ask_below: float = float("inf")
    offline: str = "raise_threshold"
    offline_threshold: float | None = None
    deadline_s: float = 1.0
    connect_timeout_s: float = 0.3
    retry: bool = True

    def __post_init__(self) -> None:
        check_type("offline", self.offline, str)
        for name in ("ask_from", "ask_below", "deadline_s", "connect_timeout_s"):
            check_number(name, getattr(self, name))
        if self.offline_threshold is not None:
            check_number("offline_threshold", self.offline_threshold)
        if self.offline not in OFFLINE:
            raise ValueError(f"offline must be one of {', '.join(OFFLINE)}; got {self.offline!r}")
        if not 0 <= self.ask_from <= self.ask_below:
            raise ValueError("ask_from must be between 0 and ask_below")
        for name in ("deadline_s", "connect_timeout_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be positive and finite")
        if self.offline_threshold is not None and not 0 < self.offline_threshold <= 1:
            raise ValueError("offline_threshold must be above 0 and at most 1")

    def accepts_offline(self, score: float, threshold: float) -> bool:
        """Return whether a candidate with this device score is accepted without a verdict."""
        if self.offline == "raise_threshold":
            strict = self.offline_threshold
            return score >= ((threshold + 1) / 2 if strict is None else strict)
        return self.offline == "accept"
