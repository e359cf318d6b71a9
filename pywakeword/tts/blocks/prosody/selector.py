"""The block `ProsodySelector`: chooses a prosody for each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._fields import Fields
from pywakeword.errors import BlockError
from pywakeword.tts.blocks.base import SequenceBlock, Tensors
from pywakeword.tts.blocks.registry import registry
from pywakeword.tts.blocks.resources import Resources
from pywakeword.tts.prosody.boundary_tones import boundary_tones
from pywakeword.tts.prosody.model import (
    CONTOURS,
    EMBEDDING_WIDTH,
    WAYS,
    ProsodyModel,
    bundled_prosody,
)
from pywakeword.tts.prosody.reference import REFERENCE
from pywakeword.tts.recording.alignment import PAUSE, PHONES

TEXT = "text"
PLACES = "places"  # (n_symbols,): byte of the text where the symbol's word ends, 0 for pauses
PROSODY = "prosody"  # (n_symbols, 3): offsets in octaves, dB and log duration
EMBEDDING = "embedding"  # (EMBEDDING_WIDTH,): the chosen embedding minus the centroid
_SAME_SOUND = {"ax": "ah"}  # symbols of voices that `PHONES` lacks
_MOST = np.array([0.75, 9.0, 0.7], np.float32)  # largest offsets


def text_tensor(text: str) -> npt.NDArray[np.uint8]:
    """Return a text as a tensor, UTF-8."""
    return np.frombuffer(text.encode(), np.uint8)


def phone_names(symbols: Sequence[str]) -> list[str]:
    """Return the names of a voice's symbols in the prosody model.

    Raises
    ------
    ValueError
        If one is not a phone of English.
    """
    names = [_SAME_SOUND.get(symbol, symbol) for symbol in symbols]
    strange = [name for name in names if name != PAUSE and name not in PHONES]
    if strange:
        raise ValueError(f"not a phone of English: {', '.join(strange[:5])}")
    return names


def contour_offsets(
    model: ProsodyModel, names: Sequence[str], embedding: npt.NDArray[np.float32], strength: float
) -> npt.NDArray[np.float32]:
    """Decode an embedding: (n_symbols, 3) offsets from the centroid's contours, 0 for pauses."""
    prosody = np.zeros((len(names), len(CONTOURS)), np.float32)
    spoken = [i for i, name in enumerate(names) if name != PAUSE]
    after_pause = np.array([i > 0 and names[i - 1] == PAUSE for i in spoken], bool)
    deviations = model.deviations([names[i] for i in spoken], after_pause, embedding)
    prosody[spoken] = np.clip(strength * deviations, -_MOST, _MOST)
    return prosody


@registry.register("ProsodySelector")
class ProsodySelector(SequenceBlock):
    """Lets a sentence borrow the prosody of the most similar recorded sentence.

    Its outputs are the offsets of that utterance's pitch, energy and durations from the mean
    utterance, for networks that were trained with such inputs. They are zero for the way
    `centroid`, and when a recording sets the prosody (see `ProsodyTransfer`).

    Parameters
    ----------
    symbols : sequence of str
        Names of the indexes in the tensor `symbols`.
    way : str
        One of `WAYS`.
    strength : float
        Factor on the offsets; it does not scale the boundary tones.
    boundary_tones : bool
        Whether to add the tones of `pywakeword.tts.prosody.boundary_tones` at the ends of
        questions and clauses. Never added to the centroid.
    model : ProsodyModel, optional
        Default: the bundled one, loaded at first use.

    Raises
    ------
    ValueError
        If there is no such way, or a symbol is not a phone of English.
    """

    inputs = ("symbols",)
    outputs = (PROSODY, EMBEDDING)
    optional_inputs = (TEXT, PLACES, REFERENCE)

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        way: str = "centroid",
        strength: float = 1.0,
        boundary_tones: bool = True,
        model: ProsodyModel | None = None,
    ) -> None:
        if way not in WAYS:
            raise ValueError(f"way must be one of {', '.join(WAYS)}; got {way!r}")
        if not 0 <= strength <= 2:
            raise ValueError(f"strength must be from 0 to 2, got {strength}")
        self._names = phone_names(symbols)
        self.way = way
        self.strength = strength
        self.boundary_tones = boundary_tones
        self._model = model

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> ProsodySelector:
        """Read the fields; the caller of `Addon.load` may override `way`."""
        way = fields.string("way", "centroid")
        return cls(
            resources.symbols,
            way=resources.prosody_way or way,
            strength=fields.number("strength", 1.0),
            boundary_tones=fields.boolean("boundary_tones", True),
        )

    def run(self, tensors: Tensors) -> dict[str, npt.NDArray[Any]]:
        """Choose and decode.

        Raises
        ------
        EmptyTextError
            If the text is missing or has no word.
        BlockError
            If boundary tones are on and the tensor `places` is missing.
        """
        names = [self._names[index] for index in tensors["symbols"].tolist()]
        if self.way == "centroid" or REFERENCE in tensors:
            prosody = np.zeros((len(names), len(CONTOURS)), np.float32)
            return {PROSODY: prosody, EMBEDDING: np.zeros(EMBEDDING_WIDTH, np.float32)}
        model = self._model = self._model or bundled_prosody()
        text = tensors[TEXT].tobytes().decode() if TEXT in tensors else None
        embedding = model.choose(text, self.way)
        prosody = contour_offsets(model, names, embedding, self.strength)
        if self.boundary_tones:
            assert text is not None  # or nothing could have been chosen
            prosody[:, 0] += boundary_tones(text, names, self._places(tensors, len(names)))
        return {PROSODY: prosody, EMBEDDING: self.strength * (embedding - model.bank.centroid)}

    def _places(self, tensors: Tensors, n_symbols: int) -> npt.NDArray[np.int64]:
        places = tensors.get(PLACES)
        if places is None or places.shape != (n_symbols,):
            found = "none" if places is None else f"one of shape {places.shape}"
            raise BlockError(
                f"boundary tones need the tensor {PLACES!r} with a value for each of {n_symbols} "
                f"symbols, got {found}"
            )
        return places
