"""A language model reranks a recogniser's hypotheses."""

from pywakeword.endpointing.recognisers.transcript import Reranked
from pywakeword.endpointing.reranking.completions import CompletionsScorer
from pywakeword.endpointing.reranking.llama import LlamaScorer
from pywakeword.endpointing.reranking.reranker import (
    FEATURES,
    HypothesisReranker,
    LanguageScorer,
    RerankWeights,
    features,
)

__all__ = [
    "FEATURES",
    "CompletionsScorer",
    "HypothesisReranker",
    "LanguageScorer",
    "LlamaScorer",
    "RerankWeights",
    "Reranked",
    "features",
]
