"""A second opinion on a wake word: clients (extra `verifier`) and servers (extra `server`)."""

from pywakeword.verifier.breaker import CircuitBreaker
from pywakeword.verifier.client import AsyncVerifier
from pywakeword.verifier.contract import Metadata, SampleFormat, Verdict
from pywakeword.verifier.facade import Verifier
from pywakeword.verifier.policy import Decision, VerifierPolicy
from pywakeword.verifier.scorer import OnnxScorer, Scorer
from pywakeword.verifier.snippet import Snippet

__all__ = [
    "AsyncVerifier",
    "CircuitBreaker",
    "Decision",
    "Metadata",
    "OnnxScorer",
    "SampleFormat",
    "Scorer",
    "Snippet",
    "Verdict",
    "Verifier",
    "VerifierPolicy",
]
