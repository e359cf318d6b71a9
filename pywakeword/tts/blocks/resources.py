"""Inputs for building a block: its JSON object, and what the addon offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pywakeword._fields import Fields
from pywakeword.errors import AddonError
from pywakeword.tts.blocks.base import Frames, SequenceBlock, StreamableBlock
from pywakeword.tts.blocks.network import Network


class BlockBuilder(Protocol):
    """Builds the blocks inside a block; `BlockRegistry` is one."""

    def sequence_block(self, fields: Fields, resources: Resources) -> SequenceBlock:
        """Build a sequence block."""
        ...

    def streamable_block(self, fields: Fields, resources: Resources) -> StreamableBlock:
        """Build a streamable block."""
        ...


@dataclass(frozen=True)
class Resources:
    """What an addon offers its blocks.

    Attributes
    ----------
    networks : mapping of str to Network
        The addon's networks, by name.
    acoustics : Fields
        The addon's `acoustics`: sample rate, hop and so on.
    registry : BlockBuilder
        Builds the blocks inside a block.
    observers : mapping of str to callable
        Receivers of the frames that the `Probe` of that name sees.
    symbols : tuple of str
        Names of the symbols, by index.
    prosody_way : str or None
        The caller's choice for `ProsodySelector`, None to leave it to the addon.
    """

    networks: Mapping[str, Network]
    acoustics: Fields
    registry: BlockBuilder
    observers: Mapping[str, Callable[[Frames], None]] = field(default_factory=dict)
    symbols: tuple[str, ...] = ()
    prosody_way: str | None = None

    def network(self, name: str, path: str) -> Network:
        """Return a network by name."""
        if name not in self.networks:
            known = ", ".join(self.networks) or "none"
            raise AddonError(path, f"no network {name!r}; the addon has: {known}")
        return self.networks[name]

    def output_width(self, tensor: str, path: str) -> int:
        """Return the width of a tensor that one of the networks makes."""
        for network in self.networks.values():
            shape = network.spec.outputs.get(tensor)
            if shape is not None and len(shape) == 2 and isinstance(shape[1], int):
                return shape[1]
        raise AddonError(path, f"no network of the addon makes {tensor!r}")
