"""What a block is built from: its JSON object, and the addon's networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pywakeword._fields import Fields
from pywakeword.errors import AddonError
from pywakeword.tts.blocks.base import Frames

if TYPE_CHECKING:
    from pywakeword.tts.blocks.network import Network
    from pywakeword.tts.blocks.registry import BlockRegistry

__all__ = ["Fields", "Resources"]


@dataclass(frozen=True)
class Resources:
    """What an addon offers its blocks.

    Attributes
    ----------
    networks : mapping of str to Network
        By the names of the addon's `networks`.
    acoustics : Fields
        The addon's `acoustics`: sample rate, hop and the like.
    registry : BlockRegistry
        Builds the blocks inside a block.
    observers : mapping of str to callable
        Who gets the frames that a `Probe` of that name sees.
    symbols : tuple of str
        What the networks read, by index.
    prosody : str or None
        How the caller wants prosody to be chosen, if it says.
    """

    networks: Mapping[str, Network]
    acoustics: Fields
    registry: BlockRegistry
    observers: Mapping[str, Callable[[Frames], None]] = field(default_factory=dict)
    symbols: tuple[str, ...] = ()
    prosody: str | None = None

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
