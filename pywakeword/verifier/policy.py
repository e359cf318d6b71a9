"""Which candidates are verified, and what becomes of those that cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from pywakeword.events import Detection
from pywakeword.verifier.contract import Verdict

OFFLINE = ("accept", "reject", "raise_threshold")


@dataclass(frozen=True)
class VerifierPolicy:
    """Which candidates are verified, and what becomes of those that cannot be.

    Parameters
    ----------
    ask_from, ask_below : float
        Candidates with a score in [ask_from, ask_below) are sent. Below, the device
        rejects by itself; from `ask_below` on it accepts by itself.
    offline : {"raise_threshold", "accept", "reject"}
        What decides where no verdict is to be had, or the verifier abstains.
    offline_threshold : float, optional
        Device score that "raise_threshold" asks for; by default half-way between the
        detector's threshold and 1.
    deadline_s : float
        Time from the detection to the decision, whatever happens.
    connect_timeout_s : float
        Time for one connection, its TLS handshake included.
    retry : bool
        Ask once more after a failure that may pass, if the deadline allows it.
    """

    ask_from: float = 0.0
    ask_below: float = float("inf")
    offline: str = "raise_threshold"
    offline_threshold: float | None = None
    deadline_s: float = 1.0
    connect_timeout_s: float = 0.3
    retry: bool = True

    def __post_init__(self) -> None:
        if self.offline not in OFFLINE:
            raise ValueError(f"offline must be one of {', '.join(OFFLINE)}; got {self.offline!r}")
        if not 0 <= self.ask_from <= self.ask_below:
            raise ValueError("ask_from must lie between 0 and ask_below")
        if self.deadline_s <= 0 or self.connect_timeout_s <= 0:
            raise ValueError("deadline_s and connect_timeout_s must be positive")
        if self.offline_threshold is not None and not 0 < self.offline_threshold <= 1:
            raise ValueError("offline_threshold must lie above 0 and at most at 1")

    def accepts_offline(self, score: float, threshold: float) -> bool:
        """Decide without a verifier on a candidate with this device score and threshold."""
        if self.offline == "raise_threshold":
            strict = self.offline_threshold
            return score >= ((threshold + 1) / 2 if strict is None else strict)
        return self.offline == "accept"


@dataclass(frozen=True)
class Decision:
    """What became of one candidate.

    Attributes
    ----------
    accepted : bool
        Whether the word counts.
    source : str
        Who decided: "verifier", "device" (the score alone) or "policy" (offline).
    reason : str
        The verdict, the bound that the score passed, or why there was no verdict: a
        reason of `VerifierUnavailableError`, a code of `VerifierRefusedError`,
        "abstain" or "encoding".
    detection : Detection
        The candidate.
    request_id : str
        What the verifier's log calls it.
    latency_s : float
        Time from the detection to this decision.
    verdict : Verdict or None
        The verifier's answer, if there was one.
    error : Exception or None
        Why there was none.
    """

    accepted: bool
    source: str
    reason: str
    detection: Detection
    request_id: str
    latency_s: float
    verdict: Verdict | None = None
    error: Exception | None = None
