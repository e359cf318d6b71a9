"""Sizes of the keyword network, and what follows from them; no PyTorch needed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

N_STATE = (8, 8, 6)  # device type, playback, volume bucket
# Settings of the detector that runs the network; written to the card.
SMOOTHING = 3  # outputs of 40 ms
REFRACTORY_S = 1.0


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; the card records them."""

    stem_channels: int = 48
    channels: int = 96
    stem_kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 4, 8)
    head_channels: int = 64
    head_kernel: int = 5
    head_dilation: int = 2
    embedding: int = 16
    film: bool = True
    concatenate: bool = True
    words: tuple[str, ...] = field(default_factory=tuple)

    @property
    def stride(self) -> int:
        """Frames between two outputs."""
        return 4

    @property
    def trunk_frames(self) -> int:
        """Frames that one step of the trunk depends on."""
        steps = 2 * sum(self.dilations)
        return self.stem_kernel + 2 * (self.stem_kernel - 1) + self.stride * steps

    @property
    def window_frames(self) -> int:
        """Frames that one output depends on."""
        return self.trunk_frames + self.stride * (self.head_kernel - 1) * self.head_dilation

    def as_json(self) -> dict[str, object]:
        """Return the sizes for the card."""
        return asdict(self)


# standard: under 300 kB; small: under 60 kB.
SIZES: dict[str, dict[str, int]] = {
    "standard": {},
    "small": {"stem_channels": 20, "channels": 32, "head_channels": 20, "embedding": 6},
}


def model_name(word: str, size: str) -> str:
    """Return the name of the model of `word`: the word itself for the standard size."""
    return word if size == "standard" else f"{word}-{size}"


def sized(size: str, words: tuple[str, ...]) -> Shape:
    """Return the shape of a named size for `words`."""
    return Shape(words=words, **SIZES[size])  # type: ignore[arg-type]
