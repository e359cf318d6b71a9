"""The decoder of pocketsphinx, with the types that the package itself lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from pywakeword._extras import require


class AlignedEntry(Protocol):
    """A word of an alignment, and its phones by iteration; times in 10 ms frames."""

    name: str
    start: int
    duration: int
    score: int

    def __iter__(self) -> Iterator[AlignedEntry]:
        """Iterate over the phones; read each before the next step."""
        ...


class Hypothesis(Protocol):
    """A recognised text."""

    hypstr: str


class RecognisedWord(Protocol):
    """A word of the recognised text, with its posterior."""

    word: str
    prob: float


class Decoder(Protocol):
    """The used part of `pocketsphinx.Decoder`. Failures are `RuntimeError`."""

    def lookup_word(self, word: str) -> str | None:
        """Return the phones of a word in the dictionary."""
        ...

    def add_word(self, word: str, phones: str, update: bool) -> int:
        """Add a word to the dictionary."""
        ...

    def set_align_text(self, text: str) -> None:
        """Prepare to align words."""
        ...

    def set_alignment(self) -> None:
        """Prepare to align the phones of the last result."""
        ...

    def get_alignment(self) -> Iterator[AlignedEntry] | None:
        """Return the words of the alignment."""
        ...

    def reinit_feat(self) -> None:
        """Reset the estimates of noise and means."""
        ...

    def start_utt(self) -> None:
        """Start an utterance."""
        ...

    def process_raw(self, data: bytes, *, full_utt: bool) -> int:
        """Process 16-bit PCM."""
        ...

    def end_utt(self) -> None:
        """End the utterance."""
        ...

    def hyp(self) -> Hypothesis | None:
        """Return the result."""
        ...

    def seg(self) -> Iterator[RecognisedWord]:
        """Return the words of the result."""
        ...


def make_decoder(extra: str, **options: object) -> Decoder:
    """Create a decoder with the US English model.

    Raises
    ------
    MissingExtraError
        If pocketsphinx is not installed; names `extra`.
    """
    decoder: Decoder = require("pocketsphinx", extra).Decoder(loglevel="FATAL", **options)
    return decoder


def decode_pass(decoder: Decoder, data: bytes) -> None:
    """Run one pass over an utterance, independent of earlier audio."""
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_raw(data, full_utt=True)
    decoder.end_utt()
