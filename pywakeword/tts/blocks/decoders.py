"""Streamable blocks with one network each."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from pywakeword._fields import Fields
from pywakeword.errors import BlockError
from pywakeword.tts.blocks.base import Frames, FrameStream, StreamableBlock, Tensors
from pywakeword.tts.blocks.network import MASK, Network, NetworkStream, streamable_ends
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Resources
from pywakeword.tts.blocks.upsampler import Upsampler

PIECE_FRAMES = 32

registry.register("Upsampler")(Upsampler)


@registry.register("Decoder")
class Decoder(StreamableBlock):
    """A network over the frames of the block before it, such as an acoustic decoder."""

    default_network: ClassVar[str] = "decoder"

    def __init__(self, network: Network, *, piece_frames: int = PIECE_FRAMES) -> None:
        source, (_, self.width) = streamable_ends(network)
        self.network = network
        self.piece_frames = piece_frames
        self._takes = network.spec.inputs[source][1]

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> Decoder:
        """Look up the network by the field `network`, default `decoder`."""
        network = resources.network(
            fields.string("network", cls.default_network), fields.at("network")
        )
        piece_frames = fields.integer("piece_frames", PIECE_FRAMES, low=1, high=4096)
        return cls(network, piece_frames=piece_frames)

    def link(self, upstream_width: int | None) -> int:
        """Check the width of the upstream."""
        if upstream_width != self._takes:
            found = "there is none" if upstream_width is None else f"its width is {upstream_width}"
            raise ValueError(
                f"{self.network.spec.name} pulls frames of width {self._takes} from the block "
                f"before it; {found}"
            )
        return self.width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Run the network piece by piece."""
        return NetworkStream(self.network, upstream, piece_frames=self.piece_frames)


@registry.register("AttentionDecoder")
class AttentionDecoder(StreamableBlock):
    """A legacy decoder: a recurrent network that attends to the whole text.

    An output `next_x` of the network is its input `x` at the next step; all start as zeros.
    `next_centre` is the current symbol. The stream ends with the last symbol.

    Parameters
    ----------
    network : Network
        Reads `encoded`, and makes `frames`.
    max_frames_per_symbol : int
        Limit after which the attention counts as stuck, an error.
    """

    sequence_inputs = ("encoded",)

    def __init__(self, network: Network, *, max_frames_per_symbol: int = 40) -> None:
        spec = network.spec
        self.states = tuple(name[5:] for name in spec.outputs if name.startswith("next_"))
        wanted = {"encoded", *self.states}
        if wanted != set(spec.inputs) - {MASK} or "centre" not in self.states:
            raise ValueError(
                f"{spec.name} is no attention decoder: its inputs are {sorted(spec.inputs)}, "
                f"its outputs {sorted(spec.outputs)}"
            )
        shape = spec.outputs.get("frames", ())
        if len(shape) != 2 or not all(isinstance(size, int) for size in shape):
            raise ValueError(f"{spec.name} makes no frames of a fixed number and width")
        self.width = int(shape[1])
        self.network = network
        self.max_frames_per_symbol = max_frames_per_symbol

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> AttentionDecoder:
        """Look up the network by the field `network`, default `attention_decoder`."""
        name = fields.string("network", "attention_decoder")
        network = resources.network(name, fields.at("network"))
        most = fields.integer("max_frames_per_symbol", 40, low=1, high=1000)
        return cls(network, max_frames_per_symbol=most)

    def link(self, upstream_width: int | None) -> int:
        """Refuse an upstream: the block begins a stream."""
        if upstream_width is not None:
            raise ValueError("an AttentionDecoder pulls from no other block; it must come first")
        return self.width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Start at the first symbol."""
        return _AttentionStream(self, tensors)


class _AttentionStream(FrameStream):
    def __init__(self, block: AttentionDecoder, tensors: Tensors) -> None:
        super().__init__(block.width)
        self._network = block.network
        self._encoded = tensors["encoded"]
        self._frames_left = block.max_frames_per_symbol * len(self._encoded)
        shapes = block.network.spec.inputs
        self._state = {
            name: np.zeros([int(size) for size in shapes[name]], np.float32)
            for name in block.states
        }

    def produce(self) -> Frames | None:
        n_symbols = len(self._encoded)
        centre = float(self._state["centre"].max())
        if centre >= n_symbols - 0.25:
            return None
        if self._frames_left <= 0:
            raise BlockError(f"the attention is stuck at symbol {centre:.1f} of {n_symbols}")
        made = self._network.run({"encoded": self._encoded, **self._state})
        self._state = {name: made[f"next_{name}"] for name in self._state}
        self._frames_left -= len(made["frames"])
        frames: Frames = made["frames"]
        return frames
