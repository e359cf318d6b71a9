"""Blocks that can stand anywhere in a stack: a gain, and a probe."""

from __future__ import annotations

from collections.abc import Callable

from pywakeword._fields import Fields
from pywakeword.tts.blocks.base import Frames, FrameStream, StreamableBlock, Tensors, need_upstream
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Resources

_PIECE_FRAMES = 64


class _Passing(StreamableBlock):
    """Makes as many frames as it pulls, of the same width."""

    width: int

    def link(self, upstream_width: int | None) -> int:
        """Take frames of any width."""
        if upstream_width is None:
            raise ValueError(f"a {type(self).__name__} pulls from a block before it; there is none")
        self.width = upstream_width
        return upstream_width


@registry.register("Gain")
class Gain(_Passing):
    """Makes audio louder or softer by `decibels`."""

    def __init__(self, decibels: float) -> None:
        if not -80 <= decibels <= 40:
            raise ValueError(f"decibels must be from -80 to 40, got {decibels}")
        self.factor = 10 ** (decibels / 20)

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> Gain:
        """Read `decibels`."""
        return cls(fields.number("decibels"))

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Multiply every value."""
        return _Mapped(upstream, lambda frames: (self.factor * frames).astype(frames.dtype))


@registry.register("Probe")
class Probe(_Passing):
    """Passes frames on unchanged, and shows them to an observer."""

    def __init__(self, observer: Callable[[Frames], None] | None = None) -> None:
        self.observer = observer

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> Probe:
        """Look up the observer by the field `name`; without one, the probe does nothing."""
        return cls(resources.observers.get(fields.string("name")))

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Show each piece once."""

        def show(frames: Frames) -> Frames:
            if self.observer is not None:
                self.observer(frames.copy())
            return frames

        return _Mapped(upstream, show)


class _Mapped(FrameStream):
    def __init__(self, upstream: FrameStream | None, change: Callable[[Frames], Frames]) -> None:
        self._input = need_upstream(upstream)
        super().__init__(self._input.width, self._input)
        self._change = change

    def produce(self) -> Frames | None:
        frames = self._input.pull(_PIECE_FRAMES)
        return self._change(frames) if len(frames) else None
