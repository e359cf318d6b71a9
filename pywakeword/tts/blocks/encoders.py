"""The sequence blocks of an addon: all networks that read its symbols."""

from __future__ import annotations

from typing import ClassVar

from pywakeword.tts.blocks.composites import SequenceBlockContainer
from pywakeword.tts.blocks.network import NetworkBlock
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Fields, Resources

SYMBOLS = "symbols"

registry.register("Network")(NetworkBlock)


@registry.register("Encoders")
class Encoders(SequenceBlockContainer):
    """The networks named by `networks`, or else all that read `symbols`, one by one."""

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
    """As `Encoders`, each in a thread of its own."""

    in_parallel: ClassVar[bool] = True
