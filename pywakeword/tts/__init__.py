"""Text to speech: a client for many back ends, voices as addons, and their prosody."""

from pywakeword.tts.addon import Addon, available_addons
from pywakeword.tts.backends import (
    BACKEND_NAMES,
    AddonBackend,
    Backend,
    EspeakBackend,
    FliteBackend,
    HibariBackend,
    KokoroBackend,
    OpenAIBackend,
    PiperBackend,
    VoiceBackend,
    WyomingBackend,
    best_backend,
    embedded_backend,
    make_backend,
)
from pywakeword.tts.blocks import (
    BlockRegistry,
    ContourTransfer,
    FrameStream,
    ProsodyTransfer,
    SequenceBlock,
    SequenceBlockContainer,
    StreamableBlock,
    StreamablePipeline,
    StreamableStack,
    registry,
)
from pywakeword.tts.client import Synthesis, TtsClient
from pywakeword.tts.directions.taggers import EndpointTagger, LocalTagger
from pywakeword.tts.mirror import Manner, ProsodyMirror, UtteranceProsody, measure_utterance
from pywakeword.tts.prosody.director import Direction, DirectionError, Director
from pywakeword.tts.prosody.model import ProsodyModel
from pywakeword.tts.prosody.reference import ProsodyReference
from pywakeword.tts.recording.alignment import Aligner
from pywakeword.tts.speech import AudioChunk, Prosody, Voice
from pywakeword.tts.text.sentence_encoder import MiniLmEncoder, OnnxBertEncoder, SentenceEncoder
from pywakeword.tts.text.ssml import Ssml, sanitize
from pywakeword.tts.text.syntax import syntactic_distance
from pywakeword.tts.text.syntax_predictor import SpokenWord, SyntaxPredictor, predict_distances

__all__ = [
    "BACKEND_NAMES",
    "Addon",
    "AddonBackend",
    "Aligner",
    "AudioChunk",
    "Backend",
    "BlockRegistry",
    "ContourTransfer",
    "Direction",
    "DirectionError",
    "Director",
    "EndpointTagger",
    "EspeakBackend",
    "FliteBackend",
    "FrameStream",
    "HibariBackend",
    "KokoroBackend",
    "LocalTagger",
    "Manner",
    "MiniLmEncoder",
    "OnnxBertEncoder",
    "OpenAIBackend",
    "PiperBackend",
    "Prosody",
    "ProsodyMirror",
    "ProsodyModel",
    "ProsodyReference",
    "ProsodyTransfer",
    "SentenceEncoder",
    "SequenceBlock",
    "SequenceBlockContainer",
    "SpokenWord",
    "Ssml",
    "StreamableBlock",
    "StreamablePipeline",
    "StreamableStack",
    "SyntaxPredictor",
    "Synthesis",
    "TtsClient",
    "UtteranceProsody",
    "Voice",
    "VoiceBackend",
    "WyomingBackend",
    "available_addons",
    "best_backend",
    "embedded_backend",
    "make_backend",
    "measure_utterance",
    "predict_distances",
    "registry",
    "sanitize",
    "syntactic_distance",
]
