"""What a block is built from: its JSON object, and the addon's networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pywakeword.errors import AddonError
from pywakeword.tts.blocks.base import Frames

if TYPE_CHECKING:
    from pywakeword.tts.blocks.network import Network
    from pywakeword.tts.blocks.registry import BlockRegistry

_MAX_DEPTH = 16


class Fields:
    """Typed look-ups in a JSON object; each failure names the place.

    Parameters
    ----------
    values : Any
        What the JSON holds at this place.
    path : str
        The place, such as `stack.streamable_block`; empty for the whole document.
    """

    def __init__(self, values: Any, path: str, *, depth: int = 0) -> None:
        if not isinstance(values, dict):
            raise AddonError(path or "addon.json", f"must be an object, got {_short(values)}")
        if depth > _MAX_DEPTH:
            raise AddonError(path, f"nested more than {_MAX_DEPTH} deep")
        self.path = path
        self.values = values
        self._depth = depth
        self._read: set[str] = set()

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def names(self) -> list[str]:
        """Return the names of all fields, and count them as read."""
        self._read.update(self.values)
        return list(self.values)

    def get(self, name: str, kinds: tuple[type, ...], wanted: str, default: Any = None) -> Any:
        """Return a field of one of the kinds; no default means that it must be there."""
        self._read.add(name)
        if name not in self.values:
            if default is None:
                raise AddonError(self.at(name), "is missing")
            return default
        value = self.values[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise AddonError(self.at(name), f"must be {wanted}, got {_short(value)}")
        return value

    def string(self, name: str, default: str | None = None) -> str:
        """Return a string."""
        return str(self.get(name, (str,), "a string", default))

    def boolean(self, name: str, default: bool | None = None) -> bool:
        """Return true or false."""
        return bool(self.get(name, (bool,), "true or false", default))

    def integer(self, name: str, default: int | None = None, *, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        value = int(self.get(name, (int,), "a whole number", default))
        if not low <= value <= high:
            raise AddonError(self.at(name), f"must be from {low} to {high}, got {value}")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """Return a finite number."""
        value = self.get(name, (int, float), "a number", default)
        if not abs(value) < 1e30:  # NaN and infinities are not JSON, but Python reads them
            raise AddonError(self.at(name), f"must be finite, got {_short(value)}")
        return float(value)

    def strings(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.get(name, (list, tuple), "a list of strings", default)
        if not all(isinstance(value, str) for value in values):
            raise AddonError(self.at(name), "must be a list of strings")
        return tuple(values)

    def section(self, name: str) -> Fields:
        """Return the object in a field."""
        value = self.get(name, (dict,), "an object")
        return Fields(value, self.at(name), depth=self._depth + 1)

    def sections(self, name: str) -> list[Fields]:
        """Return the objects of a list."""
        values = self.get(name, (list,), "a list of objects")
        return [
            Fields(value, f"{self.at(name)}[{i}]", depth=self._depth + 1)
            for i, value in enumerate(values)
        ]

    def finish(self) -> None:
        """Refuse fields that nobody read."""
        unknown = [name for name in self.values if name not in self._read]
        if unknown:
            raise AddonError(self.at(unknown[0]), "is not a field that is known here")


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


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
