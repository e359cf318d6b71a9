"""Checks wake words a second time with a larger model: client (extra `verifier`), server/."""

from pywakeword.verifier.breaker import CircuitBreaker
from pywakeword.verifier.client import AsyncVerifier
from pywakeword.verifier.contract import Metadata, SampleFormat, Verdict
from pywakeword.verifier.facade import Verifier
from pywakeword.verifier.policy import VerifierPolicy
from pywakeword.verifier.result import VerifierResult
from pywakeword.verifier.scorer import OnnxScorer, Scorer
from pywakeword.verifier.snippet import Snippet

__all__ = [
    "AsyncVerifier",
    "CircuitBreaker",
    "Metadata",
    "OnnxScorer",
    "SampleFormat",
    "Scorer",
    "Snippet",
    "Verdict",
    "Verifier",
    "VerifierPolicy",
    "VerifierResult",
]
