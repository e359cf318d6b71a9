"""Where the phones of a known text lie in a recording: forced alignment by pocketsphinx.

The pronunciations are those of the voice's own front end, not of a dictionary, so any word
that the voice can say can be aligned, and the symbols are the ones its networks read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.errors import TextMismatchError

# flite's phones that pocketsphinx's American English does not tell apart.
_SPHINX_NAMES = {"ax": "AH"}
_FRAMES_PER_S = 100
Durations = npt.NDArray[np.int64]
_SHORTEST = 3  # frames; the states of a phone


@dataclass(frozen=True)
class Alignment:
    """Phones of a text in a recording.

    Attributes
    ----------
    symbols : tuple of str
        Phones, with a pause where the speaker made one.
    ends_s : (n_symbols,) ndarray of float64
        Where each ends.
    score : float
        How well phones and sound agree, per second of speech; the higher the better, below
        zero. `hurried` says more of a wrong text.
    hurried : float
        Share of the phones that were given the shortest time there is, 30 ms. A text that
        is not the recording's has many.
    """

    symbols: tuple[str, ...]
    ends_s: npt.NDArray[np.float64]
    score: float
    hurried: float


class Aligner:
    """pocketsphinx with its own US English model; not for several threads at a time.

    Parameters
    ----------
    pause : str
        The symbol for silence.

    Raises
    ------
    MissingExtraError
        If pocketsphinx is not installed.
    """

    def __init__(self, pause: str = "pau") -> None:
        self.pause = pause
        self._decoder: Any = require("pocketsphinx", "prosody").Decoder(
            # With its defaults it loses a third of correctly transcribed sentences: the
            # lattice's best path need not end at the last word, nor fit the second pass.
            lm=None,
            loglevel="FATAL",
            bestpath=False,
            beam=1e-80,
            wbeam=1e-60,
            pbeam=1e-80,
        )

    def align(self, pcm: npt.NDArray[np.int16], words: Sequence[Sequence[str]]) -> Alignment:
        """Find the phones of `words` in `pcm`, mono at 16 kHz.

        Raises
        ------
        TextMismatchError
            If the words cannot be found in the recording in this order.
        """
        names = [self._name(word) for word in words]
        segments = self._segments(pcm, names)
        if segments is None:
            raise TextMismatchError("the text cannot be found in the recording")
        wanted = [phone for word in words for phone in word]
        symbols: list[str] = []
        ends: list[int] = []
        score = n_frames = n_hurried = 0
        for name, start, length, phone_score in segments:
            end = start + length
            if name == "SIL" or name.startswith("+"):
                if symbols and symbols[-1] == self.pause:
                    ends[-1] = end
                    continue
                symbols.append(self.pause)
            else:
                symbols.append(wanted.pop(0))
                score, n_frames = score + phone_score, n_frames + length
                n_hurried += length <= _SHORTEST
            ends.append(end)
        return Alignment(
            tuple(symbols),
            np.array(ends) / _FRAMES_PER_S,
            score / max(1, n_frames) * _FRAMES_PER_S,
            n_hurried / max(1, len(symbols) - symbols.count(self.pause)),
        )

    def frames_of(self, alignment: Alignment, n_frames: int, rate_hz: float) -> Durations:
        """Return how many of `n_frames` frames each symbol lasts; none lasts less than one.

        Raises
        ------
        TextMismatchError
            If there are fewer frames than symbols.
        """
        n_symbols = len(alignment.symbols)
        if n_frames < n_symbols:
            raise TextMismatchError(f"{n_symbols} phones in {n_frames} frames of sound")
        ends = np.round(alignment.ends_s * rate_hz).astype(np.int64)
        ends[-1] = n_frames
        ends = np.minimum(ends, n_frames - np.arange(n_symbols)[::-1])
        return np.diff(ends, prepend=0)

    def _name(self, word: Sequence[str]) -> str:
        """Put a pronunciation into the dictionary, under a name made of it."""
        phones = [_SPHINX_NAMES.get(phone, phone.upper()) for phone in word]
        name = "_".join(["w", *phones])
        if self._decoder.lookup_word(name) is None:
            self._decoder.add_word(name, " ".join(phones), False)
        return name

    def _segments(
        self, pcm: npt.NDArray[np.int16], names: list[str]
    ) -> list[tuple[str, int, int, int]] | None:
        decoder = self._decoder
        try:
            decoder.set_align_text(" ".join(names))
            self._pass(pcm)
            if decoder.hyp() is None:
                return None
            decoder.set_alignment()  # a second pass, with the phones of the first's words
            self._pass(pcm)
            found = decoder.get_alignment()
        except RuntimeError:  # "failed to stop utterance": the text does not fit
            return None
        if found is None:
            return None
        return [(p.name, p.start, p.duration, p.score) for word in found for p in word]

    def _pass(self, pcm: npt.NDArray[np.int16]) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()
