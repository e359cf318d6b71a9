"""Decides when a person has finished: pause rules, a second pass, recognisers, repair."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pywakeword.endpointing.arbitrator import NetworkArbitrator
    from pywakeword.endpointing.endpointer import Endpointer, EndpointRule
    from pywakeword.endpointing.frame_batcher import FrameBatch, FrameBatcher
    from pywakeword.endpointing.interfaces import Arbitrator, Encoding, EosPosterior, EosSource
    from pywakeword.endpointing.policy import WaitPolicy
    from pywakeword.endpointing.recognisers.encoder import EncoderStream, StreamingEncoder
    from pywakeword.endpointing.recognisers.pocketsphinx import PocketsphinxSource
    from pywakeword.endpointing.recognisers.transcribing import TranscribingSource
    from pywakeword.endpointing.recognisers.transcript import (
        Hypothesis,
        Recogniser,
        Recognition,
        Reranked,
        Transcript,
        Word,
    )
    from pywakeword.endpointing.recognisers.transcript_arbitrator import TranscriptArbitrator
    from pywakeword.endpointing.recognisers.whisper.source import WhisperSource
    from pywakeword.endpointing.repair import (
        COMMAND_FRAMES,
        ROLE_ANSWERS,
        ROLE_PROMPT,
        AmrRepair,
        CommandFrame,
        FrameRepair,
        LanguageRepair,
        Repair,
        Role,
    )
    from pywakeword.endpointing.requests import Request, RequestListener
    from pywakeword.endpointing.reranking import (
        CompletionsScorer,
        HypothesisReranker,
        LanguageScorer,
        LlamaScorer,
        RerankWeights,
    )
    from pywakeword.endpointing.truncation import RepairHook, TruncationCheck
    from pywakeword.endpointing.two_pass import Decision, TwoPassEndpointer
    from pywakeword.endpointing.utterance import Utterance, UtteranceJoiner
else:
    # Imported on first use: together they take half a MB, and a program that only detects
    # wake words needs none of them.
    _ROOMS = {
        "arbitrator": ("NetworkArbitrator",),
        "endpointer": ("EndpointRule", "Endpointer"),
        "frame_batcher": ("FrameBatch", "FrameBatcher"),
        "interfaces": ("Arbitrator", "Encoding", "EosPosterior", "EosSource"),
        "policy": ("WaitPolicy",),
        "recognisers.encoder": ("EncoderStream", "StreamingEncoder"),
        "recognisers.pocketsphinx": ("PocketsphinxSource",),
        "recognisers.transcribing": ("TranscribingSource",),
        "recognisers.transcript": (
            "Hypothesis",
            "Recogniser",
            "Recognition",
            "Reranked",
            "Transcript",
            "Word",
        ),
        "recognisers.transcript_arbitrator": ("TranscriptArbitrator",),
        "recognisers.whisper.source": ("WhisperSource",),
        "repair": (
            "COMMAND_FRAMES",
            "ROLE_ANSWERS",
            "ROLE_PROMPT",
            "AmrRepair",
            "CommandFrame",
            "FrameRepair",
            "LanguageRepair",
            "Repair",
            "Role",
        ),
        "reranking": (
            "CompletionsScorer",
            "HypothesisReranker",
            "LanguageScorer",
            "LlamaScorer",
            "RerankWeights",
        ),
        "requests": ("Request", "RequestListener"),
        "truncation": ("RepairHook", "TruncationCheck"),
        "two_pass": ("Decision", "TwoPassEndpointer"),
        "utterance": ("Utterance", "UtteranceJoiner"),
    }
    _HOMES = {name: f"{__name__}.{room}" for room, names in _ROOMS.items() for name in names}

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "COMMAND_FRAMES",
    "ROLE_ANSWERS",
    "ROLE_PROMPT",
    "AmrRepair",
    "Arbitrator",
    "CommandFrame",
    "CompletionsScorer",
    "Decision",
    "EncoderStream",
    "Encoding",
    "EndpointRule",
    "Endpointer",
    "EosPosterior",
    "EosSource",
    "FrameBatch",
    "FrameBatcher",
    "FrameRepair",
    "Hypothesis",
    "HypothesisReranker",
    "LanguageRepair",
    "LanguageScorer",
    "LlamaScorer",
    "NetworkArbitrator",
    "PocketsphinxSource",
    "Recogniser",
    "Recognition",
    "Repair",
    "RepairHook",
    "Request",
    "RequestListener",
    "RerankWeights",
    "Reranked",
    "Role",
    "StreamingEncoder",
    "TranscribingSource",
    "Transcript",
    "TranscriptArbitrator",
    "TruncationCheck",
    "TwoPassEndpointer",
    "Utterance",
    "UtteranceJoiner",
    "WaitPolicy",
    "WhisperSource",
    "Word",
]
