"""Blocks of speech synthesis: the two kinds, their compositions, and the block types."""

from pywakeword._fields import Fields
from pywakeword.tts.blocks import effects, encoders  # imported to register their types
from pywakeword.tts.blocks.base import FrameStream, SequenceBlock, StreamableBlock
from pywakeword.tts.blocks.composites import (
    SequenceBlockContainer,
    StreamablePipeline,
    StreamableStack,
)
from pywakeword.tts.blocks.decoders import AttentionDecoder, Decoder
from pywakeword.tts.blocks.network import Network, NetworkSpec
from pywakeword.tts.blocks.prosody import ContourTransfer, ProsodySelector, ProsodyTransfer
from pywakeword.tts.blocks.registry import BlockRegistry, registry
from pywakeword.tts.blocks.resources import Resources
from pywakeword.tts.blocks.upsampler import Upsampler
from pywakeword.tts.blocks.vocoder import Vocoder

__all__ = [
    "AttentionDecoder",
    "BlockRegistry",
    "ContourTransfer",
    "Decoder",
    "Fields",
    "FrameStream",
    "Network",
    "NetworkSpec",
    "ProsodySelector",
    "ProsodyTransfer",
    "Resources",
    "SequenceBlock",
    "SequenceBlockContainer",
    "StreamableBlock",
    "StreamablePipeline",
    "StreamableStack",
    "Upsampler",
    "Vocoder",
    "effects",
    "encoders",
    "registry",
]
