"""What every voice offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]

SLOWEST, FASTEST = 0.5, 2.0
_LONGEST_TEXT = 400


@runtime_checkable
class Voice(Protocol):
    """A speech synthesiser with one or more speakers.

    Attributes
    ----------
    name : str
        Its name in the registry, such as "kokoro".
    sample_rate : int
        Rate in Hz of the audio that `synthesize` returns.
    speakers : tuple of str
        Names that `synthesize` takes; the first is the default.
    languages : tuple of str
        Codes that `synthesize` takes, such as "en-us" or "es"; the first is the default.
    """

    name: str
    sample_rate: int
    speakers: tuple[str, ...]
    languages: tuple[str, ...]

    def synthesize(
        self,
        text: str,
        speaker: str | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        language: str | None = None,
    ) -> Audio:
        """Speak a text.

        Parameters
        ----------
        text : str
            1 to 400 characters.
        speaker : str, optional
            One of `speakers`. Voices that can mix them take "A*0.6+B*0.4", too.
        speed : float
            Rate of speech, 0.5 to 2; 1 is the speaker's own.
        seed : int
            Chooses among the ways to say it, where the voice has several. The same seed
            gives the same audio.
        language : str, optional
            One of `languages`.

        Returns
        -------
        (n_samples,) ndarray of float32
            Mono audio at `sample_rate`, between -1 and 1.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the voice does not have the speaker or language.
        """
        ...


@dataclass(frozen=True)
class Span:
    """Where a part of a text lies in the audio, in samples; `end` is exclusive."""

    start: int
    end: int


@runtime_checkable
class AlignedVoice(Voice, Protocol):
    """A voice that also says where each part of the text lies."""

    def synthesize_parts(
        self,
        parts: Sequence[str],
        speaker: str | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        language: str | None = None,
    ) -> tuple[Audio, list[Span]]:
        """Speak parts as one sentence without a pause; return the audio and a span per part.

        A pause is made by punctuation, at the start of a part or at its end. The other
        parameters are those of `synthesize`.
        """
        ...


@runtime_checkable
class StoppableVoice(Voice, Protocol):
    """A voice whose synthesis can be ended from another thread."""

    def stop(self) -> None:
        """Let the synthesis in progress raise `VoiceFailedError` within milliseconds."""
        ...


def check_text(text: str) -> str:
    """Return `text` with single spaces.

    Raises
    ------
    ValueError
        If there is nothing to speak, or more than 400 characters.
    """
    text = " ".join(text.split())
    if not any(character.isalnum() for character in text):
        raise ValueError(f"nothing to speak in {text!r}")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"the text has {len(text)} characters; the limit is {_LONGEST_TEXT}")
    return text


def check_speed(speed: float) -> float:
    """Return `speed`; `ValueError` if it is not between 0.5 and 2."""
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError(f"speed must be {SLOWEST} to {FASTEST}, got {speed}")
    return speed


def choose(kind: str, wanted: str | None, available: Sequence[str], voice: str) -> str:
    """Return `wanted`, or the first of `available` for None.

    Raises
    ------
    ValueError
        If the voice does not have it.
    """
    if wanted is None:
        return available[0]
    if wanted not in available:
        raise ValueError(f"{voice} has no {kind} {wanted!r}; it has: {', '.join(available)}")
    return wanted
