"""Exported networks on onnxruntime, with variable or fixed input length.

For hardware that needs fixed shapes, a long input is divided into pieces that overlap by the
network's reach. The last piece is padded, a mask marks the valid positions, and the outputs are
cropped and joined. Blocks do not depend on which way their network runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.errors import AddonError, BlockError, ModelError
from pywakeword.models.onnx import TensorInfo, open_session
from pywakeword.tts.blocks.base import Frames, FrameStream, Tensors, need_upstream

MASK = "mask"
Shape = tuple["int | str", ...]
_TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


@dataclass(frozen=True)
class NetworkSpec:
    """Description of a network in `addon.json`; shapes exclude the batch dimension.

    Attributes
    ----------
    name : str
        Its key in `networks`.
    path : str
        Its path in the JSON.
    inputs, outputs : mapping of str to tuple
        Shapes: numbers, or names of variable dimensions.
    axis : str or None
        Name of the dimension of symbols or frames, which is always the first.
    reach : tuple of int, or None
        Number of positions before and after each one that affect its output. None: all do,
        so the input cannot be divided.
    """

    name: str
    path: str
    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    axis: str | None
    reach: tuple[int, int] | None

    def along_axis(self, shape: Shape) -> bool:
        """Whether a tensor of this shape has one row per position."""
        return self.axis is not None and shape[:1] == (self.axis,)


class Network:
    """A network of an addon.

    Parameters
    ----------
    spec : NetworkSpec
        Inputs and outputs; checked against the file.
    data : bytes
        The ONNX file.
    fixed_length : int, optional
        Number of positions of each run.
    threads : int
        Threads per run.

    Raises
    ------
    AddonError
        If the file is not the described ONNX network, or cannot run at this length.
    MissingExtraError
        If onnxruntime is not installed.
    """

    def __init__(
        self, spec: NetworkSpec, data: bytes, *, fixed_length: int | None = None, threads: int = 1
    ) -> None:
        self.spec = spec
        self.fixed_length = fixed_length
        try:
            self._session = open_session(data, extra="tts", threads=threads)
        except ModelError as error:
            raise AddonError(f"{spec.path}.file", str(error)) from None
        self._types = {item.name: _TYPES.get(item.type) for item in self._session.get_inputs()}
        self._check("inputs", spec.inputs, self._session.get_inputs())
        self._check("outputs", spec.outputs, self._session.get_outputs())
        self.piece_length = self._piece_length()

    def _check(self, side: str, declared: Mapping[str, Shape], found: Sequence[TensorInfo]) -> None:
        path = f"{self.spec.path}.{side}"
        shapes = {item.name: tuple(item.shape[1:]) for item in found}
        if sorted(shapes) != sorted(declared):
            raise AddonError(path, f"the file has {sorted(shapes)}, declared {sorted(declared)}")
        for item in found:
            real, shape = shapes[item.name], declared[item.name]
            fits = len(real) == len(shape) and all(
                r == d or not isinstance(r, int) for r, d in zip(real, shape)
            )
            if not fits or item.type not in _TYPES:
                raise AddonError(
                    f"{path}.{item.name}", f"the file has {item.type} {real}, declared {shape}"
                )

    def _piece_length(self) -> int | None:
        """Return the number of new positions per run of fixed length; None if inputs stay whole."""
        spec, length = self.spec, self.fixed_length
        if length is None:
            return None
        if spec.axis is None:
            raise AddonError(spec.path, "has no axis, so it cannot run at a fixed length")
        if MASK not in spec.inputs:
            raise AddonError(spec.path, f"has no input {MASK!r}, so its input cannot be padded")
        if spec.reach is None:
            return None
        if length <= sum(spec.reach):
            raise AddonError(
                spec.path,
                f"reaches over {sum(spec.reach)} positions; a fixed length of {length} "
                "leaves none to compute",
            )
        return length - sum(spec.reach)

    def run(self, tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Run on whole tensors, without a batch dimension, and return whole tensors.

        Raises
        ------
        BlockError
            If a tensor has the wrong shape, or a result is not finite.
        """
        spec = self.spec
        if self.piece_length is None or spec.reach is None:
            return self.run_piece(tensors)
        given = {name: self._tensor(name, tensors) for name in spec.inputs if name != MASK}
        length = self._length(given)
        pieces = []
        before, behind = spec.reach
        for start in range(0, length, self.piece_length):
            stop = min(start + self.piece_length, length)
            low, high = max(0, start - before), min(length, stop + behind)
            cut = {
                name: value[low:high] if spec.along_axis(spec.inputs[name]) else value
                for name, value in given.items()
            }
            made = self.run_piece(cut)
            pieces.append({name: v[start - low : stop - low] for name, v in made.items()})
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in spec.outputs}

    def _tensor(self, name: str, tensors: Tensors) -> npt.NDArray[Any]:
        if name not in tensors:
            raise BlockError(f"{self.spec.name}: the tensor {name!r} is missing")
        value, shape = tensors[name], self.spec.inputs[name]
        fits = value.ndim == len(shape) and all(
            size == wanted for size, wanted in zip(value.shape, shape) if isinstance(wanted, int)
        )
        if not fits or value.dtype != self._types[name]:
            raise BlockError(
                f"{self.spec.name}: {name} is {value.dtype} of shape {value.shape}, "
                f"wanted {np.dtype(self._types[name])} of shape {shape}"
            )
        return value

    def _length(self, given: Tensors) -> int:
        spec = self.spec
        if spec.axis is None:
            return 0
        lengths = {len(v) for n, v in given.items() if spec.along_axis(spec.inputs[n])}
        if len(lengths) != 1:
            raise BlockError(f"{spec.name}: inputs of unequal length {sorted(lengths)}")
        length = lengths.pop()
        if length == 0:
            raise BlockError(f"{spec.name}: the input is empty")
        return length

    def run_piece(self, tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Run once, padded to the fixed length if there is one; errors as `run`."""
        given = {name: self._tensor(name, tensors) for name in self.spec.inputs if name != MASK}
        length = self._length(given)
        spec, padded = self.spec, self.fixed_length or length
        if length > padded:
            raise BlockError(f"{spec.name}: takes {padded} positions, got {length}")
        feeds = {}
        for name, value in given.items():
            if spec.along_axis(spec.inputs[name]) and padded > length:
                value = np.pad(value, [(0, padded - length)] + [(0, 0)] * (value.ndim - 1))
            feeds[name] = value[None]
        if MASK in spec.inputs:
            feeds[MASK] = (np.arange(padded) < length).astype(np.float32)[None]
        names = list(spec.outputs)
        try:
            results = self._session.run(names, feeds)
        except Exception as error:  # its exceptions have no public base class in common
            raise BlockError(f"{spec.name}: ONNX Runtime failed: {error}") from None
        made = {}
        for name, result in zip(names, results):
            value = result[0]
            if spec.along_axis(spec.outputs[name]):
                value = value[:length]
            if not np.isfinite(value).all():
                raise BlockError(f"{spec.name}: {name} is not finite")
            made[name] = value
        return made


class NetworkStream(FrameStream):
    """A network with finite reach, run over the frames of an upstream as they arrive.

    The pieces have fixed positions, so equal frames give bit-identical outputs.

    Parameters
    ----------
    network : Network
        Must have one input and one output along its axis, and a reach.
    upstream : FrameStream
        Source of the input.
    piece_frames : int
        Frames per run, if the network has no fixed length.
    keep_input : bool
        Put the values of the input before those of the output in each frame.
    """

    def __init__(
        self,
        network: Network,
        upstream: FrameStream | None,
        *,
        piece_frames: int,
        keep_input: bool = False,
    ) -> None:
        self._source, (self._target, width) = streamable_ends(network)
        upstream = need_upstream(upstream)
        super().__init__(width + (upstream.width if keep_input else 0), upstream)
        self._input = upstream
        self._network = network
        self._piece = network.piece_length or piece_frames
        self._keep_input = keep_input
        self._reach = network.spec.reach or (0, 0)
        self._seen = np.empty((0, upstream.width), np.float32)  # frames from `_low` on
        self._low = 0
        self._next = 0

    def produce(self) -> Frames | None:
        """Run the network once."""
        before, behind = self._reach
        wanted = self._next + self._piece + behind - self._low - len(self._seen)
        if wanted > 0:
            self._seen = np.concatenate([self._seen, self._input.pull(wanted)])
        first = self._next - self._low
        count = min(self._piece, len(self._seen) - first)
        if count <= 0:
            return None
        made = self._network.run_piece({self._source: self._seen[: first + count + behind]})
        rows = made[self._target][first : first + count]
        if self._keep_input:
            rows = np.concatenate([self._seen[first : first + count], rows], axis=1)
        self._next += count
        drop = max(0, self._next - before - self._low)
        self._seen = self._seen[drop:]
        self._low += drop
        return rows


def streamable_ends(network: Network) -> tuple[str, tuple[str, int]]:
    """Return the input, and the output with its width, of a network for streaming."""
    spec = network.spec
    if spec.reach is None:
        raise ValueError(f"the network {spec.name} has no reach, so it cannot be streamed")
    sources = [name for name in spec.inputs if name != MASK]
    targets = [(name, shape) for name, shape in spec.outputs.items() if spec.along_axis(shape)]
    if len(sources) != 1 or len(targets) != 1 or len(targets[0][1]) != 2:
        raise ValueError(
            f"the network {spec.name} cannot be streamed: it needs one input and one output, "
            f"of frames; it has {sources} and {[name for name, _ in targets]}"
        )
    name, shape = targets[0]
    return sources[0], (name, int(shape[1]))
