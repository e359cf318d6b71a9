"""Sequence blocks made of networks: one network, or all that read the symbols."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy.typing as npt

from pywakeword._fields import Fields
from pywakeword.tts.blocks.base import SequenceBlock, Tensors
from pywakeword.tts.blocks.composites import SequenceBlockContainer
from pywakeword.tts.blocks.network import MASK, Network
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Resources

SYMBOLS = "symbols"


@registry.register("Network")
class NetworkBlock(SequenceBlock):
    """A network as a sequence block."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.inputs = tuple(name for name in network.spec.inputs if name != MASK)
        self.outputs = tuple(network.spec.outputs)

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> NetworkBlock:
        """Look up the network by the field `network`."""
        return cls(resources.network(fields.string("network"), fields.at("network")))

    def run(self, tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Run the network."""
        return self.network.run(tensors)


@registry.register("Encoders")
class Encoders(SequenceBlockContainer):
    """The networks named by `networks`; by default all that read `symbols`."""

    in_parallel: ClassVar[bool] = False

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> Encoders:
        """Find the networks."""
        readers = [n for n, net in resources.networks.items() if SYMBOLS in net.spec.inputs]
        names = fields.strings("networks", tuple(readers))
        path = fields.at("networks")
        blocks = [NetworkBlock(resources.network(name, path)) for name in names]
        return cls(blocks, parallel=cls.in_parallel)


@registry.register("CustomizedEncoders")
class CustomizedEncoders(Encoders):
    """`Encoders` that run each network in a thread of its own."""

    in_parallel: ClassVar[bool] = True
