"""The result of verifying a candidate, and counts of results."""

from __future__ import annotations

from dataclasses import dataclass

from pywakeword.events import Detection
from pywakeword.verifier.contract import Verdict


@dataclass(frozen=True)
class VerifierResult:
    """The result of verifying one candidate.

    Attributes
    ----------
    accepted : bool
        Whether the wake word is accepted.
    source : str
        Who decided: "verifier", "device" (the score alone) or "policy" (offline).
    reason : str
        The verdict, the bound that the score passed, or why there was no verdict: a
        reason of `VerifierUnavailableError`, a code of `VerifierRefusedError`,
        "abstain", or "internal" for an unexpected error.
    detection : Detection
        The candidate.
    request_id : str
        Its id in the verifier's log.
    latency_s : float
        Time from the detection to this result.
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


@dataclass
class VerifierCounts:
    """Number of candidates so far, by what decided on them.

    `dropped` are included in `policy`.
    """

    candidates: int = 0
    verifier: int = 0
    device: int = 0
    policy: int = 0
    dropped: int = 0
    attempts: int = 0
