"""Blocks composed of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy.typing as npt

from pywakeword.errors import BlockError
from pywakeword.tts.blocks.base import FrameStream, SequenceBlock, StreamableBlock, Tensors


class SequenceBlockContainer(SequenceBlock):
    """Several sequence blocks as one, connected by the names of their tensors.

    Parameters
    ----------
    blocks : sequence of SequenceBlock
        In any order; each gets the container's inputs and the outputs of the others.
    parallel : bool
        Run independent blocks in threads.

    Raises
    ------
    ValueError
        If two blocks make the same tensor, or depend on each other.
    """

    def __init__(self, blocks: Sequence[SequenceBlock], *, parallel: bool = False) -> None:
        if not blocks:
            raise ValueError("a container needs at least one block")
        self.parallel = parallel
        self.outputs = tuple(name for block in blocks for name in block.outputs)
        twice = sorted({name for name in self.outputs if self.outputs.count(name) > 1})
        if twice:
            raise ValueError(f"more than one block makes {', '.join(twice)}")
        wanted = dict.fromkeys(name for block in blocks for name in block.inputs)
        self.inputs = tuple(name for name in wanted if name not in self.outputs)
        optional = dict.fromkeys(name for block in blocks for name in block.optional_inputs)
        self.optional_inputs = tuple(optional)
        self._levels = self._order(blocks)

    def _order(self, blocks: Sequence[SequenceBlock]) -> list[list[SequenceBlock]]:
        levels, left, known = [], list(blocks), set(self.inputs)
        while left:
            level = [block for block in left if known.issuperset(block.inputs)]
            if not level:
                waiting = sorted({n for block in left for n in block.inputs} - known)
                raise ValueError(f"blocks wait for each other: {', '.join(waiting)}")
            levels.append(level)
            left = [block for block in left if block not in level]
            known.update(name for block in level for name in block.outputs)
        return levels

    def run(self, tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Run every block once."""
        known, made = dict(tensors), {}
        for level in self._levels:
            if self.parallel and len(level) > 1:
                with ThreadPoolExecutor(len(level)) as pool:
                    results = list(pool.map(lambda block: block.run(known), level))
            else:
                results = [block.run(known) for block in level]
            for block, result in zip(level, results):
                for name in block.outputs:
                    if name not in result:
                        raise BlockError(f"{type(block).__name__} did not make {name!r}")
                    known[name] = made[name] = result[name]
        return made


class StreamableStack(StreamableBlock):
    """Streamable blocks in a row: each pulls from the one before, the last is the output.

    Raises
    ------
    ValueError
        From `link`, if a block does not fit the one before it (`LinkError`).
    """

    def __init__(self, blocks: Sequence[StreamableBlock]) -> None:
        if not blocks:
            raise ValueError("a stack needs at least one block")
        self.blocks = tuple(blocks)
        names = dict.fromkeys(name for block in blocks for name in block.sequence_inputs)
        self.sequence_inputs = tuple(names)
        optional = dict.fromkeys(name for block in blocks for name in block.optional_inputs)
        self.optional_inputs = tuple(optional)

    def link(self, upstream_width: int | None) -> int:
        """Link each block to the one before it."""
        width = upstream_width
        for index, block in enumerate(self.blocks):
            try:
                width = block.link(width)
            except ValueError as error:
                raise LinkError(error, index) from None
        assert width is not None
        return width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Open every block, the first on `upstream`."""
        stream = upstream
        try:
            for block in self.blocks:
                stream = block.open(tensors, stream)
        except BaseException:
            if stream is not None:
                stream.close()
            raise
        assert stream is not None
        return stream


class LinkError(ValueError):
    """A block of a stack does not fit; `chain` has its index in each nested stack."""

    message: str
    chain: tuple[int, ...]

    def __init__(self, error: ValueError, index: int) -> None:
        inner: tuple[int, ...] = ()
        self.message = str(error)
        if isinstance(error, LinkError):
            self.message, inner = error.message, error.chain
        self.chain = (index, *inner)
        super().__init__(f"block {'.'.join(map(str, self.chain))}: {self.message}")


class StreamablePipeline(StreamableBlock):
    """One sequence block, and one streamable block that uses its results.

    Raises
    ------
    TypeError
        If one of them is of the wrong kind.
    ValueError
        If the streamable block needs a tensor that is neither an output nor an input of the
        sequence block, or if it needs an upstream.
    """

    def __init__(self, sequence_block: SequenceBlock, streamable_block: StreamableBlock) -> None:
        if not isinstance(sequence_block, SequenceBlock):
            raise TypeError(f"sequence_block is a {type(sequence_block).__name__}")
        if not isinstance(streamable_block, StreamableBlock):
            raise TypeError(f"streamable_block is a {type(streamable_block).__name__}")
        self.sequence_block = sequence_block
        self.streamable_block = streamable_block
        known = {*sequence_block.inputs, *sequence_block.outputs}
        missing = [name for name in streamable_block.sequence_inputs if name not in known]
        if missing:
            raise ValueError(
                f"the streamable block needs {', '.join(missing)}; "
                f"the sequence block makes {', '.join(sequence_block.outputs)}"
            )
        self.sequence_inputs = sequence_block.inputs
        self.optional_inputs = (*sequence_block.optional_inputs, *streamable_block.optional_inputs)
        self.width = streamable_block.link(None)

    def link(self, upstream_width: int | None) -> int:
        """Refuse an upstream: a pipeline begins a stream."""
        if upstream_width is not None:
            raise ValueError("a StreamablePipeline pulls from no other block")
        return self.width

    def open(self, tensors: Tensors, upstream: FrameStream | None = None) -> FrameStream:
        """Run the sequence block, and start the stream on its results.

        Raises
        ------
        BlockError
            If a tensor is missing.
        """
        missing = [name for name in self.sequence_inputs if name not in tensors]
        if missing:
            raise BlockError(f"the pipeline needs {', '.join(missing)}")
        made = self.sequence_block.run(tensors)
        return self.streamable_block.open({**tensors, **made}, upstream)
