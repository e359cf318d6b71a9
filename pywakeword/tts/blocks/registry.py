"""Registry of block types, which builds blocks from JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, Union

from pywakeword._fields import Fields
from pywakeword.errors import AddonError
from pywakeword.tts.blocks.base import SequenceBlock, StreamableBlock
from pywakeword.tts.blocks.composites import (
    LinkError,
    SequenceBlockContainer,
    StreamablePipeline,
    StreamableStack,
)
from pywakeword.tts.blocks.resources import Resources

Block = Union[SequenceBlock, StreamableBlock]
Factory = Callable[[Fields, Resources], Block]
_Type = TypeVar("_Type", bound=type)
_KINDS: dict[type, str] = {
    SequenceBlock: "a sequence block",
    StreamableBlock: "a streamable block",
}


class BlockRegistry:
    """Block types by name.

    An addon contains only names of types, no code. The program that loads it must register the
    types. Changes to a `copy` do not affect the original.
    """

    def __init__(self) -> None:
        self._types: dict[str, tuple[type, Factory]] = {}

    def copy(self) -> BlockRegistry:
        """Return a registry with the same types."""
        other = BlockRegistry()
        other._types = dict(self._types)
        return other

    def register(self, name: str, *, replace: bool = False) -> Callable[[_Type], _Type]:
        """Return a class decorator that gives a block type its name.

        The class needs a class method `from_config(fields, resources)`, which reads its JSON
        object and returns the block.

        Raises
        ------
        ValueError
            If the name is registered and `replace` is false.
        TypeError
            If the class is not a block, or lacks `from_config`.
        """
        if name in self._types and not replace:
            raise ValueError(f"a block type {name!r} is registered already")

        def add(block_type: _Type) -> _Type:
            if not issubclass(block_type, (SequenceBlock, StreamableBlock)):
                raise TypeError(f"{block_type.__name__} is neither kind of block")
            factory = getattr(block_type, "from_config", None)
            if not callable(factory):
                raise TypeError(f"{block_type.__name__} has no from_config")
            self._types[name] = (block_type, factory)
            return block_type

        return add

    def names(self, kind: type = object) -> list[str]:
        """Return the names of all types of a kind."""
        return sorted(
            n for n, (block_type, _) in self._types.items() if issubclass(block_type, kind)
        )

    def sequence_block(self, fields: Fields, resources: Resources) -> SequenceBlock:
        """Build a sequence block; see `build`."""
        block = self.build(fields, resources, SequenceBlock)
        assert isinstance(block, SequenceBlock)
        return block

    def streamable_block(self, fields: Fields, resources: Resources) -> StreamableBlock:
        """Build a streamable block; see `build`."""
        block = self.build(fields, resources, StreamableBlock)
        assert isinstance(block, StreamableBlock)
        return block

    def build(self, fields: Fields, resources: Resources, kind: type) -> Block:
        """Build the block that a JSON object describes.

        Raises
        ------
        AddonError
            If the type is unknown or of the other kind, or the block refuses its fields.
            `path` names the field.
        """
        name = fields.string("type")
        if name not in self._types:
            known = ", ".join(self.names(kind))
            raise AddonError(fields.at("type"), f"no block type {name!r}; {_KINDS[kind]}: {known}")
        block_type, factory = self._types[name]
        if not issubclass(block_type, kind):
            raise AddonError(
                fields.at("type"),
                f"{name} is {_kind_of(block_type)}, {_KINDS[kind]} is wanted here",
            )
        try:
            block = factory(fields, resources)
        except LinkError as error:
            raise AddonError(_place(fields, error.chain), error.message) from None
        except ValueError as error:
            raise AddonError(fields.path, str(error)) from None
        fields.finish()
        return block


def _kind_of(block_type: type) -> str:
    return next(words for kind, words in _KINDS.items() if issubclass(block_type, kind))


def _place(fields: Fields, chain: tuple[int, ...]) -> str:
    """Return the path of a block that does not fit; a pipeline's stack has its own field."""
    node: Any = fields.values
    path = fields.path
    for index in chain:
        while "stack" not in node:
            node = node["streamable_block"]
            path += ".streamable_block"
        node = node["stack"][index]
        path += f".stack[{index}]"
    return path


registry = BlockRegistry()


@registry.register("SequenceBlockContainer")
class _ConfiguredContainer(SequenceBlockContainer):
    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> SequenceBlockContainer:
        blocks = [
            resources.registry.sequence_block(section, resources)
            for section in fields.sections("blocks")
        ]
        return SequenceBlockContainer(blocks, parallel=fields.boolean("parallel", False))


@registry.register("StreamableStack")
class _ConfiguredStack(StreamableStack):
    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> StreamableStack:
        blocks = [
            resources.registry.streamable_block(section, resources)
            for section in fields.sections("stack")
        ]
        return StreamableStack(blocks)


@registry.register("StreamablePipeline")
class _ConfiguredPipeline(StreamablePipeline):
    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> StreamablePipeline:
        # Exactly one object each; lists and further names are refused.
        sequence = fields.section("sequence_block")
        streamable = fields.section("streamable_block")
        return StreamablePipeline(
            resources.registry.sequence_block(sequence, resources),
            resources.registry.streamable_block(streamable, resources),
        )
