"""Where each phone of a known text lies in a recording: forced alignment by pocketsphinx."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import EmptyTextError, PhonesError, SpeechlessAudioError, TextMismatchError

FRAMES_PER_SECOND = 100
PAUSE = "pau"
_SPELLED = """
    aa ae ah ao aw ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th uh uw
    v w y z zh
"""
PHONES = tuple(_SPELLED.split())
# What a wrong text looks like: unlikely frames, phones squeezed to the shortest, loud frames
# that belong to no phone. With these limits 132 of 150 recordings of learners of English
# were taken with their own text, and 12 of 300 with another's (training speakers).
_LEAST_SCORE = -40.0  # mean over the frames
_MOST_SHORTEST = 0.3
_MOST_LEFT_OUT = 0.25
_LOUD_DB = 25  # below the loudest frame
_SHORTEST_FRAMES = 3  # a phone model has three states
_SILENT_LEVEL = 1e-3  # -60 dB of full scale


@dataclass(frozen=True)
class Phone:
    """A phone in 10 ms frames [start, end); its name is one of `PHONES`, or `PAUSE`.

    `word` is the index of its word, -1 for a pause.
    """

    name: str
    start: int
    end: int
    word: int


@dataclass(frozen=True)
class Alignment:
    """A text on a recording, without pauses at either end.

    Attributes
    ----------
    words : tuple of str
        As the pronouncing dictionary spells them, lower case.
    phones : tuple of Phone
        Without gaps: each starts where the one before ends.
    """

    words: tuple[str, ...]
    phones: tuple[Phone, ...]


class PhoneAligner:
    """Aligns with pocketsphinx and its US English model. Not thread-safe.

    A first pass finds words and their variants, a second one the phones: exactly, and where
    that finds no path, as a sequence of one-phone words.

    Raises
    ------
    MissingExtraError
        If pocketsphinx is not installed (extra `prosody`).
    """

    def __init__(self) -> None:
        pocketsphinx = require("pocketsphinx", "prosody")
        self._decoder: Any = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
        for phone in PHONES:
            self._decoder.add_word(f"_{phone}", phone.upper(), False)

    def __call__(self, pcm: npt.NDArray[np.int16], text: str) -> Alignment:
        """Align mono PCM at 16 kHz with the text that it says.

        Raises
        ------
        EmptyTextError
            If the text has no word.
        PhonesError
            If a word is not in the pronouncing dictionary.
        SpeechlessAudioError
            If the audio is silent.
        TextMismatchError
            If the audio does not say the text.
        """
        words = text_words(text)
        unknown = [word for word in words if self._decoder.lookup_word(word) is None]
        if unknown:
            raise PhonesError(f"not in the pronouncing dictionary: {', '.join(unknown[:5])}")
        check_not_silent(pcm)
        variants = [name for name, _, _ in self._best_path(pcm, words)]
        if len(variants) != len(words):
            raise _mismatch(text)
        spelled = [self._decoder.lookup_word(variant).lower().split() for variant in variants]
        found = self._exact(pcm) or self._phone_words(pcm, spelled)
        if not found or _squeezed(found) or _left_out(pcm, found) > _MOST_LEFT_OUT:
            raise _mismatch(text)
        owners = [i for i, phones in enumerate(spelled) for _ in phones]
        names = [name for phones in spelled for name in phones]
        if [name for name, _, _ in found] != names:
            raise _mismatch(text)
        return Alignment(tuple(words), _without_gaps(found, owners))

    def _best_path(
        self, pcm: npt.NDArray[np.int16], words: Sequence[str]
    ) -> list[tuple[str, int, int]]:
        """Names and frames of what was spoken of the words; fewer if there is no full path."""
        try:
            self._decoder.set_align_text(" ".join(words))
            self._pass(pcm)
        except RuntimeError:  # pocketsphinx's only error: no path through the audio
            return []
        if self._decoder.hyp() is None:
            return []
        return [
            (segment.word, segment.start_frame, segment.end_frame + 1)
            for segment in self._decoder.seg()
            if segment.word[0] not in "<[("
        ]

    def _exact(self, pcm: npt.NDArray[np.int16]) -> list[tuple[str, int, int]] | None:
        """Phones of the words of the last pass, or None."""
        try:
            self._decoder.set_alignment()
            self._pass(pcm)
            found = self._decoder.get_alignment()
        except RuntimeError:
            return None
        if found is None:
            return None
        # Phones must be read while the iterator stands at their word.
        every = [
            (phone.name.lower(), phone.start, phone.start + phone.duration, phone.score)
            for word in found
            for phone in word
        ]
        phones = [phone for phone in every if phone[0] in PHONES]
        score, n_frames = sum(p[3] for p in phones), sum(p[2] - p[1] for p in phones)
        if not n_frames or score / n_frames < _LEAST_SCORE:
            return None
        return [(name, start, end) for name, start, end, _ in phones]

    def _phone_words(
        self, pcm: npt.NDArray[np.int16], spelled: Sequence[Sequence[str]]
    ) -> list[tuple[str, int, int]]:
        words = [f"_{phone}" for phones in spelled for phone in phones]
        found = self._best_path(pcm, words)
        return [(name[1:], start, end) for name, start, end in found]

    def _pass(self, pcm: npt.NDArray[np.int16]) -> None:
        # Noise and means are estimated anew, or results would depend on what came before.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()


def text_words(text: str) -> list[str]:
    """Return the words of a text, lower case.

    Raises
    ------
    EmptyTextError
        If there is none.
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


def _squeezed(found: Sequence[tuple[str, int, int]]) -> bool:
    shortest = sum(end - start <= _SHORTEST_FRAMES for _, start, end in found)
    return shortest > _MOST_SHORTEST * len(found)


def _left_out(pcm: npt.NDArray[np.int16], found: Sequence[tuple[str, int, int]]) -> float:
    """Share of the loud frames that no phone covers."""
    hop = SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    frames = pcm[: len(pcm) // hop * hop].reshape(-1, hop).astype(np.float64)
    power = (frames**2).mean(axis=1)
    loud = power > power.max() * 10 ** (-_LOUD_DB / 10)
    covered = np.zeros(len(loud), bool)
    for _, start, end in found:
        covered[start:end] = True
    return float((loud & ~covered).sum() / loud.sum())


def _mismatch(text: str) -> TextMismatchError:
    return TextMismatchError(f"the recording does not say {text[:60]!r}, or not clearly")


def _without_gaps(
    found: Sequence[tuple[str, int, int]], owners: Sequence[int]
) -> tuple[Phone, ...]:
    phones: list[Phone] = []
    for (name, start, end), word in zip(found, owners):
        if phones and start > phones[-1].end:
            phones.append(Phone(PAUSE, phones[-1].end, start, -1))
        phones.append(Phone(name, start, end, word))
    return tuple(phones)
