"""`ProsodyReference`: a recording whose prosody another voice should speak with."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword.errors import EmptyTextError, SpeechlessAudioError, TextMismatchError
from pywakeword.tts.recording.acoustic_frames import FRAME_RATE_HZ, acoustic_frames
from pywakeword.tts.recording.alignment import Aligner
from pywakeword.tts.text.flite import FliteVoice

REFERENCE = "reference"  # tensor (n_frames, FRAME_WIDTH): the acoustic frames
REFERENCE_DURATIONS = "reference_durations"  # tensor (n_symbols,): frames per symbol
_LEAST_VOICED_FRAMES = 8  # 0.1 s


@dataclass(frozen=True)
class ProsodyReference:
    """A recording with its text aligned.

    Attributes
    ----------
    symbols : tuple of str
        Phones and pauses.
    durations : (n_symbols,) ndarray of int64
        Frames per symbol.
    frames : (n_frames, FRAME_WIDTH) ndarray of float32
        Acoustic frames.
    """

    symbols: tuple[str, ...]
    durations: npt.NDArray[np.int64]
    frames: npt.NDArray[np.float32]

    @classmethod
    def from_recording(cls, pcm: npt.NDArray[np.int16], text: str) -> ProsodyReference:
        """Align a recording with its text.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16
            Mono at 16 kHz.
        text : str
            The words spoken in it, in American English.

        Raises
        ------
        EmptyTextError
            If the text has no word.
        SpeechlessAudioError
            If nothing in the recording is voiced.
        TextMismatchError
            If the recording does not hold the text.
        PhonesError, MissingExtraError
            If flite or pocketsphinx is not installed.
        """
        if pcm.ndim != 1 or pcm.dtype != np.int16:
            raise TypeError(f"pcm must be 1-D int16, got {pcm.dtype} of shape {pcm.shape}")
        words = spoken_words(text)
        frames = acoustic_frames(pcm.astype(np.float32) / np.float32(32768))
        if not np.any(pcm) or frames[:, -1].sum() < _LEAST_VOICED_FRAMES:
            raise SpeechlessAudioError("the recording holds no speech")
        found = Aligner().align_phones(pcm, words)
        return cls(found.symbols, found.durations(len(frames), FRAME_RATE_HZ), frames)

    def tensors(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return the inputs of the block `ProsodyTransfer`."""
        return {REFERENCE: self.frames, REFERENCE_DURATIONS: self.durations}

    def check_text(self, text: str, pause: str) -> None:
        """Raise TextMismatchError unless `text` has the same phones as the recording's text."""
        wanted = tuple(phone for word in spoken_words(text) for phone in word)
        if wanted != tuple(symbol for symbol in self.symbols if symbol != pause):
            raise TextMismatchError(
                "prosody is transferred phone by phone: the text must be that of the recording"
            )


def spoken_words(text: str) -> list[tuple[str, ...]]:
    """Return the phones of each word, as flite pronounces it.

    Raises
    ------
    EmptyTextError
        If there is no word.
    """
    if not re.search(r"\w", text):
        raise EmptyTextError("the text has no word")
    words = [word for word in FliteVoice("kal16").speak(text).by_word() if word]
    if not words:
        raise EmptyTextError("the text has no word")
    return words
