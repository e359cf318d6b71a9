"""Forced alignment: where the words and phones of a known text lie in a recording.

The only aligner of the project. It runs pocketsphinx with its US English model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import EmptyTextError, PhonesError, SpeechlessAudioError, TextMismatchError
from pywakeword.tts.recording.pocketsphinx_decoder import decode_pass, make_decoder

FRAMES_PER_SECOND = 100
PAUSE = "pau"
_SPELLED = """
    aa ae ah ao aw ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw
    v w y z zh
"""
PHONES = tuple(_SPELLED.split())
_SPHINX_NAMES = {"ax": "AH"}  # phones of flite that pocketsphinx does not tell apart
_SHORTEST_FRAMES = 3  # a phone model has three states
_LOUD_DB = 25  # below the loudest frame
_SILENT_LEVEL = 1e-3  # -60 dB of full scale
# Limits of `Alignment.fits`. On recordings of learners of English (training speakers), 57 of 60
# pass with their own text and 4 of 120 with another's.
_LEAST_SCORE = -35.0
_MOST_SQUEEZED = 0.25
_MOST_UNCOVERED = 0.25


class Phone(NamedTuple):
    """A phone in 10 ms frames [start, end).

    `name` is a phone of the pronunciation, or `PAUSE`. `word` is the index of its word, -1 for
    a pause.
    """

    name: str
    start: int
    end: int
    word: int


class WordSpan(NamedTuple):
    """A word in 10 ms frames [start, end)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Alignment:
    """A text aligned with a recording.

    Attributes
    ----------
    words : tuple of str
        Words of the text, in order.
    phones : tuple of Phone
        Phones and pauses without gaps, from the start of the recording.
    score : float
        Mean log likelihood per frame of speech; below zero, higher is better.
    uncovered : float
        Share of the loud frames that no phone covers.
    """

    words: tuple[str, ...]
    phones: tuple[Phone, ...]
    score: float = 0.0
    uncovered: float = 0.0

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the phones and pauses."""
        return tuple(phone.name for phone in self.phones)

    @property
    def ends_s(self) -> npt.NDArray[np.float64]:
        """End of each phone and pause, in seconds."""
        return np.array([phone.end for phone in self.phones]) / FRAMES_PER_SECOND

    @property
    def spoken(self) -> tuple[Phone, ...]:
        """Phones without the pauses."""
        return tuple(phone for phone in self.phones if phone.word >= 0)

    @property
    def squeezed(self) -> float:
        """Share of the phones that have the shortest possible duration, 30 ms."""
        short = [phone.end - phone.start <= _SHORTEST_FRAMES for phone in self.spoken]
        return sum(short) / max(1, len(short))

    @property
    def fits(self) -> bool:
        """Whether the recording seems to hold the text."""
        return (
            self.score >= _LEAST_SCORE
            and self.squeezed <= _MOST_SQUEEZED
            and self.uncovered <= _MOST_UNCOVERED
        )

    def word_spans(self) -> tuple[WordSpan, ...]:
        """Return start and end of each word."""
        of_word: dict[int, list[Phone]] = {}
        for phone in self.spoken:
            of_word.setdefault(phone.word, []).append(phone)
        return tuple(
            WordSpan(self.words[word], phones[0].start, phones[-1].end)
            for word, phones in of_word.items()
        )

    def durations(self, n_frames: int, rate_hz: float) -> npt.NDArray[np.int64]:
        """Divide `n_frames` frames at another rate among the symbols, at least one each.

        Raises
        ------
        TextMismatchError
            If there are fewer frames than symbols.
        """
        n_symbols = len(self.phones)
        if n_frames < n_symbols:
            raise TextMismatchError(f"{n_symbols} phones do not fit into {n_frames} frames")
        ends = np.round(self.ends_s * rate_hz).astype(np.int64)
        ends[-1] = n_frames
        ends = np.minimum(ends, n_frames - np.arange(n_symbols)[::-1])
        return np.diff(ends, prepend=0)


class Aligner:
    """Aligns mono 16 kHz recordings with their texts. Not thread-safe.

    Raises
    ------
    MissingExtraError
        If pocketsphinx is not installed (extra `prosody`).
    """

    def __init__(self) -> None:
        self._decoder = make_decoder(
            "prosody",
            # The defaults lose a third of correctly transcribed sentences: the best path
            # through the lattice need not end at the last word, nor fit the second pass.
            lm=None,
            bestpath=False,
            beam=1e-80,
            wbeam=1e-60,
            pbeam=1e-80,
        )

    def align(self, pcm: npt.NDArray[np.int16], text: str, *, check: bool = True) -> Alignment:
        """Align with a text, pronounced as the pronouncing dictionary says.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16
            The recording.
        text : str
            What is said in it.
        check : bool
            Refuse a recording that does not seem to hold the text (`Alignment.fits`). Pass
            False for transcripts that are known to be right.

        Raises
        ------
        EmptyTextError
            If the text has no word.
        PhonesError
            If a word is not in the pronouncing dictionary.
        SpeechlessAudioError
            If the recording is silent.
        TextMismatchError
            If the recording does not hold the text.
        """
        words = text_words(text)
        unknown = [word for word in words if self._decoder.lookup_word(word) is None]
        if unknown:
            raise PhonesError(f"not in the pronouncing dictionary: {', '.join(unknown[:5])}")
        return self._align(pcm, words, words, None, check, repr(text[:60]))

    def align_phones(
        self, pcm: npt.NDArray[np.int16], words: Sequence[Sequence[str]], *, check: bool = True
    ) -> Alignment:
        """Align with words that are given as phones of flite's American English.

        So any word that the voice can say can be aligned, and the phones keep the names that
        the voice's networks read. Parameters and errors as for `align`, without `PhonesError`.
        """
        if not words:
            raise EmptyTextError("the text has no word")
        entries = [self._entry(word) for word in words]
        spelled = [phone for word in words for phone in word]
        return self._align(pcm, entries, ["-".join(w) for w in words], spelled, check, "the text")

    def _entry(self, word: Sequence[str]) -> str:
        """Add a pronunciation to the dictionary, and return its name there."""
        phones = [_SPHINX_NAMES.get(phone, phone.upper()) for phone in word]
        name = "_".join(["w", *phones])
        if self._decoder.lookup_word(name) is None:
            self._decoder.add_word(name, " ".join(phones), False)
        return name

    def _align(
        self,
        pcm: npt.NDArray[np.int16],
        entries: Sequence[str],
        words: Sequence[str],
        spelled: Sequence[str] | None,
        check: bool,
        what: str,
    ) -> Alignment:
        check_not_silent(pcm)
        found = self._segments(pcm, entries)
        if found is None:
            raise TextMismatchError(f"the recording does not say {what}, or not clearly")
        phones: list[Phone] = []
        score, word = 0, -1
        for segments in found:
            word += not _is_pause(segments[0])
            for segment in segments:
                start = phones[-1].end if phones else 0
                end = segment.start + segment.duration
                if not _is_pause(segment):
                    score += segment.score
                    phones.append(Phone(segment.name.lower(), start, end, word))
                elif phones and phones[-1].name == PAUSE:
                    phones[-1] = phones[-1]._replace(end=end)
                else:
                    phones.append(Phone(PAUSE, start, end, -1))
        spoken = [phone for phone in phones if phone.word >= 0]
        if not spoken or spoken[-1].word + 1 != len(words):
            raise TextMismatchError(f"the recording does not say {what}, or not clearly")
        if spelled is not None:
            names = iter(spelled)
            phones = [p._replace(name=next(names)) if p.word >= 0 else p for p in phones]
        n_frames = sum(phone.end - phone.start for phone in spoken)
        alignment = Alignment(
            tuple(words), tuple(phones), score / n_frames, _uncovered(pcm, spoken)
        )
        if check and not alignment.fits:
            raise TextMismatchError(f"the recording does not say {what}, or not clearly")
        return alignment

    def _segments(
        self, pcm: npt.NDArray[np.int16], entries: Sequence[str]
    ) -> list[list[_Segment]] | None:
        """Return the phones of each word and pause, None if no path fits the audio."""
        decoder = self._decoder
        try:
            decoder.set_align_text(" ".join(entries))
            decode_pass(decoder, pcm.tobytes())
            if decoder.hyp() is None:
                return None
            decoder.set_alignment()  # a second pass, with the phones of the words found
            decode_pass(decoder, pcm.tobytes())
            found = decoder.get_alignment()
        except RuntimeError:  # "failed to stop utterance": no path through the audio
            return None
        if found is None:
            return None
        # Phones must be read while the iterator stands at their word.
        return [[_Segment(p.name, p.start, p.duration, p.score) for p in word] for word in found]


class _Segment(NamedTuple):
    name: str
    start: int
    duration: int
    score: int


def text_words(text: str) -> list[str]:
    """Return the words of a text, lower case.

    Raises
    ------
    EmptyTextError
        If it has no word.
    """
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*'?", text.lower().replace("\u2019", "'"))
    if not words:
        raise EmptyTextError(f"the text {text[:40]!r} has no word")
    return words


def check_not_silent(pcm: npt.NDArray[np.int16]) -> None:
    """Raise `SpeechlessAudioError` if no 100 ms are louder than -60 dB of full scale."""
    window = SAMPLE_RATE_HZ // 10
    n_windows = len(pcm) // window
    blocks = pcm[: n_windows * window].reshape(n_windows, window).astype(np.float64) / 32768
    if not n_windows or np.sqrt((blocks**2).mean(axis=1)).max() < _SILENT_LEVEL:
        raise SpeechlessAudioError(f"{len(pcm) / SAMPLE_RATE_HZ:.1f} s of audio, all of it silent")


def _is_pause(segment: _Segment) -> bool:
    return segment.name == "SIL" or segment.name.startswith("+")


def _uncovered(pcm: npt.NDArray[np.int16], spoken: Sequence[Phone]) -> float:
    hop = SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    frames = pcm[: len(pcm) // hop * hop].reshape(-1, hop).astype(np.float64)
    power = (frames**2).mean(axis=1)
    loud = power > power.max() * 10 ** (-_LOUD_DB / 10)
    covered = np.zeros(len(loud), bool)
    for phone in spoken:
        covered[phone.start : phone.end] = True
    return float((loud & ~covered).sum() / loud.sum())
