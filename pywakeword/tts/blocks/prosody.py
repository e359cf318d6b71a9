"""Blocks that choose a prosody for a sentence, and give it to the frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.errors import BlockError
from pywakeword.tts.blocks.base import (
    Frames,
    FrameStream,
    SequenceBlock,
    StreamableBlock,
    Tensors,
    need_upstream,
)
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Fields, Resources
from pywakeword.tts.blocks.upsampler import whole_frames
from pywakeword.tts.phone_alignment import PAUSE, PHONES
from pywakeword.tts.prosody_model import WAYS, ProsodyModel, bundled_prosody

TEXT = "text"
PROSODY = "prosody"  # (n_symbols, 3): octaves, dB and log of a factor on the duration
SHAPED_DURATIONS = "shaped_durations"
REFERENCE = "reference"  # acoustic frames of a recording
_SAME_SOUND = {"ax": "ah"}  # symbols of voices that the dictionary of the recordings has not
_MOST = np.array([0.75, 9.0, 0.7], np.float32)  # what one utterance may do to the voice
_PIECE_FRAMES = 64


def text_tensor(text: str) -> npt.NDArray[np.uint8]:
    """Return a text as a tensor, UTF-8."""
    return np.frombuffer(text.encode(), np.uint8)


@registry.register("ProsodySelector")
class ProsodySelector(SequenceBlock):
    """Chooses how a sentence is said, from how real ones were.

    Of the utterances that the prosody model was trained on, it takes the one whose sentence
    is most alike, and says how far its melody, energy and timing are from the mean ones. The
    mean itself, `centroid`, leaves the voice as it is.

    Parameters
    ----------
    symbols : sequence of str
        What the indexes in the tensor `symbols` mean.
    way : str
        One of `WAYS`.
    strength : float
        Factor on every deviation.
    model : ProsodyModel, optional
        The bundled one, loaded when it is first needed, if not given.

    Raises
    ------
    ValueError
        If there is no such way, or a symbol is not a phone of English.
    """

    inputs = ("symbols", "durations")
    outputs = (PROSODY, SHAPED_DURATIONS)
    optional_inputs = (TEXT,)

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        way: str = "centroid",
        strength: float = 1.0,
        model: ProsodyModel | None = None,
    ) -> None:
        if way not in WAYS:
            raise ValueError(f"way must be one of {', '.join(WAYS)}; got {way!r}")
        if not 0 <= strength <= 2:
            raise ValueError(f"strength must be from 0 to 2, got {strength}")
        self._names = [_SAME_SOUND.get(symbol, symbol) for symbol in symbols]
        strange = [name for name in self._names if name != PAUSE and name not in PHONES]
        if strange:
            raise ValueError(f"not a phone of English: {', '.join(strange[:5])}")
        self.way = way
        self.strength = strength
        self._model = model

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> ProsodySelector:
        """Read `way`, unless the caller of `Addon.load` says which, and `strength`."""
        way = fields.string("way", "centroid")
        return cls(
            resources.symbols,
            way=resources.prosody or way,
            strength=fields.number("strength", 1.0),
        )

    def run(self, tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Choose and decode.

        Raises
        ------
        EmptyTextError
            If the text has no word, or is not there although it is needed.
        """
        names = [self._names[index] for index in tensors["symbols"].tolist()]
        durations = tensors["durations"]
        prosody = np.zeros((len(names), len(_MOST)), np.float32)
        if self.way != "centroid":
            self._shape(names, tensors.get(TEXT), prosody)
        shaped = durations * np.exp(prosody[:, 2]).astype(durations.dtype)
        return {PROSODY: prosody, SHAPED_DURATIONS: shaped}

    def _shape(self, names: list[str], text: npt.NDArray[Any] | None, prosody: Frames) -> None:
        """Fill in what is spoken; pauses stay as they are."""
        model = self._model = self._model or bundled_prosody()
        embedding = model.choose(None if text is None else text.tobytes().decode(), self.way)
        spoken = [i for i, name in enumerate(names) if name != PAUSE]
        after_pause = np.array([i > 0 and names[i - 1] == PAUSE for i in spoken], bool)
        deviations = model.deviations([names[i] for i in spoken], after_pause, embedding)
        prosody[spoken] = np.clip(self.strength * deviations, -_MOST, _MOST)


@registry.register("ProsodyShaper")
class ProsodyShaper(StreamableBlock):
    """Moves the pitch and energy of acoustic frames as the tensor `prosody` says.

    A frame is log mel energies, log F0 in octaves, and voicing. Between the middles of
    symbols the change runs in straight lines. Where a recording gives the prosody, nothing is
    moved: see `ProsodyTransfer`.

    Parameters
    ----------
    mel_scale : float
        The factor on the natural log of mel energies in the frames.
    stretch : float
        That of the `Upsampler`.
    """

    sequence_inputs = (PROSODY, SHAPED_DURATIONS)
    optional_inputs = (REFERENCE,)

    def __init__(self, *, mel_scale: float = 0.2, stretch: float = 1.0) -> None:
        self.mel_per_db = mel_scale * math.log(10) / 10
        self.stretch = stretch

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> ProsodyShaper:
        """Read `mel_scale` and `stretch`."""
        return cls(mel_scale=fields.number("mel_scale", 0.2), stretch=fields.number("stretch", 1.0))

    def link(self, upstream_width: int | None) -> int:
        """Take acoustic frames."""
        if upstream_width is None or upstream_width < 3:
            raise ValueError(
                "a ProsodyShaper pulls acoustic frames: mel energies, log F0 and voicing"
            )
        return upstream_width

    def open(self, tensors: Tensors, upstream: FrameStream | None) -> FrameStream:
        """Spread the changes over the frames."""
        if REFERENCE in tensors:
            return need_upstream(upstream)
        prosody, durations = tensors[PROSODY], tensors[SHAPED_DURATIONS]
        if len(prosody) != len(durations):
            raise BlockError(f"{len(prosody)} rows of prosody, {len(durations)} durations")
        frames = whole_frames(durations, self.stretch)
        ends = np.cumsum(frames)
        middles = ends - frames / 2
        where = np.arange(int(ends[-1]) if len(ends) else 0) + 0.5
        changes = [np.interp(where, middles, prosody[:, column]) for column in (0, 1)]
        change = np.stack(changes, axis=1).astype(np.float32) if len(where) else np.empty((0, 2))
        return _ShaperStream(need_upstream(upstream), change, self.mel_per_db)


class _ShaperStream(FrameStream):
    def __init__(self, frames: FrameStream, change: npt.NDArray[Any], mel_per_db: float) -> None:
        super().__init__(frames.width, frames)
        self._frames = frames
        self._change = change
        self._mel_per_db = np.float32(mel_per_db)
        self._done = 0

    def produce(self) -> Frames | None:
        frames = self._frames.pull(_PIECE_FRAMES)
        if not len(frames):
            return None
        change = self._change[self._done : self._done + len(frames)]
        if len(change) != len(frames):
            raise BlockError("more frames came than the durations of the prosody say")
        self._done += len(frames)
        moved = frames.copy()
        moved[:, :-2] += self._mel_per_db * change[:, 1:]
        moved[:, -2] += change[:, 0]
        return moved
