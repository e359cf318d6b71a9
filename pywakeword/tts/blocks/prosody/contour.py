"""The block `ContourTransfer`: copies the melody of a recording."""

from __future__ import annotations

import numpy as np

from pywakeword._fields import Fields
from pywakeword.tts.blocks.base import Frames, FrameStream, StreamableBlock, Tensors, need_upstream
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Resources
from pywakeword.tts.prosody.reference import REFERENCE

_PIECE_FRAMES = 64
_HIGHEST = 2.0  # octaves from the reference frequency, more than any voice has


@registry.register("ContourTransfer")
class ContourTransfer(StreamableBlock):
    """Replaces log F0 in acoustic frames by that of a reference, moved to the voice's register.

    Belongs after a decoder in a stack that begins with `ProsodyTransfer`, so that frames and
    reference have the same durations. Voicing and energy stay unchanged. Without a reference
    the frames pass unchanged.

    Parameters
    ----------
    register_octaves : float
        Mean log F0 of the voice, in octaves above the reference frequency.
    """

    optional_inputs = (REFERENCE,)

    def __init__(self, register_octaves: float) -> None:
        if not -_HIGHEST <= register_octaves <= _HIGHEST:
            raise ValueError(f"register_octaves must be from -2 to 2, got {register_octaves}")
        self.register_octaves = register_octaves

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> ContourTransfer:
        """Read `register_octaves`."""
        return cls(fields.number("register_octaves"))

    def link(self, upstream_width: int | None) -> int:
        """Require acoustic frames, and keep their width."""
        if upstream_width is None or upstream_width < 2:
            raise ValueError("a ContourTransfer pulls acoustic frames from the block before it")
        return upstream_width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Move the reference's contour to the register of the voice."""
        upstream = need_upstream(upstream)
        if REFERENCE not in tensors:
            return upstream
        octaves, voicing = tensors[REFERENCE][:, -2], tensors[REFERENCE][:, -1]
        weight = max(float(voicing.sum()), 1e-6)
        contour = octaves - float((octaves * voicing).sum()) / weight + self.register_octaves
        return _ContourStream(upstream, np.clip(contour, -_HIGHEST, _HIGHEST))


class _ContourStream(FrameStream):
    def __init__(self, upstream: FrameStream, contour: Frames) -> None:
        super().__init__(upstream.width, upstream)
        self._frames = upstream
        self._contour = contour
        self._done = 0

    def produce(self) -> Frames | None:
        """Put the contour into the next frames."""
        rows = self._frames.pull(_PIECE_FRAMES)
        if not len(rows):
            return None
        rows = np.array(rows)
        known = self._contour[self._done : self._done + len(rows)]
        rows[: len(known), -2] = known
        self._done += len(rows)
        return rows
