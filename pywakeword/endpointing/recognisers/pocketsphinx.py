"""An `EosSource` on pocketsphinx, an offline recogniser that comes with a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from pywakeword._extras import require
from pywakeword.audio.pcm import INT16, Pcm, as_pcm
from pywakeword.endpointing.interfaces import Encoding

_BLOCK = 320  # fixed, because it adapts per block
_CHECK_BLOCKS = 25
_LONGEST_SILENCE_FRAMES = 200
_LONGEST_FRAMES = 3000
# The model's trigrams give the end of a sentence a few per cent. This value means even odds.
_EVEN_ODDS = 0.03


class _Segment(Protocol):
    word: str
    start_frame: int
    end_frame: int


class _LanguageModel(Protocol):
    def prob(self, words: list[str]) -> int: ...


class _LogMath(Protocol):
    @property
    def exp(self) -> Callable[[int], float]: ...


class _Decoder(Protocol):
    """The part of `pocketsphinx.Decoder` that is used here."""

    logmath: _LogMath

    def get_lm(self) -> _LanguageModel: ...

    def start_utt(self) -> None: ...

    def end_utt(self) -> None: ...

    def reinit_feat(self) -> None: ...

    def process_raw(self, data: bytes) -> object: ...

    def n_frames(self) -> int: ...

    def seg(self) -> Iterable[_Segment] | None: ...


class PocketsphinxSource:
    """Words and the end of a sentence from pocketsphinx's US English model.

    The posterior of the end is 0 during a word. In silence it grows with the language model's
    probability that a sentence ends with the last two words. There is no encoding, so it works
    with `EosPosterior`, but not with an arbitrator that needs one.

    pocketsphinx decodes one utterance at a time. After 2 s of silence, and at most 30 s, a new
    one begins and the words of the old one are dropped.

    Raises
    ------
    MissingExtraError
        If pocketsphinx is not installed.
    """

    def __init__(self) -> None:
        module = require("pocketsphinx", "pocketsphinx")
        self._decoder: _Decoder = module.Decoder(loglevel="FATAL")
        self._language = self._decoder.get_lm()
        self._to_probability = self._decoder.logmath.exp
        self._open = False
        self.reset()

    def reset(self) -> None:
        """Start a new stream and drop the adaptation to the old one."""
        if self._open:
            self._decoder.end_utt()
            self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._open = True
        self._loose = np.zeros(0, INT16)
        self._n_blocks = 0

    def process(self, pcm: Pcm) -> None:
        """Consume audio; see `EosSource`. The hypothesis follows in steps of 20 ms."""
        samples = np.concatenate([self._loose, as_pcm(pcm)])
        whole = len(samples) // _BLOCK * _BLOCK
        for begin in range(0, whole, _BLOCK):
            self._decoder.process_raw(samples[begin : begin + _BLOCK].tobytes())
            self._n_blocks += 1
            if self._n_blocks % _CHECK_BLOCKS == 0:
                self._begin_anew()
        self._loose = samples[whole:]

    def encoding(self) -> Encoding:
        """Return the words so far and the posterior; see `EosSource`."""
        segments = list(self._decoder.seg() or ())
        words = tuple(s.word.partition("(")[0] for s in segments if _is_word(s.word))
        silent = bool(segments) and not _is_word(segments[-1].word)
        eos = self._end_of_sentence(words) if words and silent else 0.0
        return Encoding(np.zeros((0, 0), np.float32), self._n_blocks * _BLOCK, words, eos)

    def _end_of_sentence(self, words: tuple[str, ...]) -> float:
        score = self._language.prob(["</s>", *reversed(words[-2:])])
        probability = float(self._to_probability(score))
        return probability / (probability + _EVEN_ODDS)

    def _begin_anew(self) -> None:
        n_frames = self._decoder.n_frames()
        segments = list(self._decoder.seg() or ())
        silence = 0
        if segments and not _is_word(segments[-1].word):
            silence = segments[-1].end_frame - segments[-1].start_frame
        if silence >= _LONGEST_SILENCE_FRAMES or n_frames >= _LONGEST_FRAMES:
            self._decoder.end_utt()
            self._decoder.start_utt()


def _is_word(name: str) -> bool:
    return not name.startswith(("<", "["))
