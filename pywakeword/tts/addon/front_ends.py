"""Front ends: from text to the symbols of an addon."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pywakeword.errors import PhonesError
from pywakeword.tts.text.flite import FliteVoice
from pywakeword.tts.text.letters import check_english_letters
from pywakeword.tts.text.sentences import all_sentences

_Symbol = TypeVar("_Symbol")


class Pronounced(NamedTuple):
    """The symbols of a sentence; `places` as in `FliteSpeech`, or None if unknown."""

    symbols: tuple[str, ...]
    places: tuple[int, ...] | None = None


class FrontEnd(Protocol):
    """Converts text to symbols, sentence by sentence."""

    def sentences(self, text: str) -> Iterator[str]:
        """Split the text into pieces that are spoken as a unit."""
        ...

    def __call__(self, text: str) -> Iterator[Pronounced]:
        """Yield the symbols of each sentence."""
        ...


class FlitePhones:
    """Phones of flite's American English; needs libflite (Debian package libflite1)."""

    def __init__(self) -> None:
        self._voice = FliteVoice("kal16")

    def sentences(self, text: str) -> Iterator[str]:
        """Split at the ends of sentences."""
        for sentence in all_sentences(text, at_line_breaks=False):
            if re.search(r"\w", sentence):
                yield sentence

    def __call__(self, text: str) -> Iterator[Pronounced]:
        """Analyse sentence by sentence."""
        check_english_letters(text, "flite")
        for sentence in self.sentences(text):
            spoken = self._voice.speak(sentence)
            yield Pronounced(spoken.phones, spoken.places)


class WrittenSymbols:
    """For text that consists of symbols, separated by spaces."""

    def sentences(self, text: str) -> Iterator[str]:
        """Yield the text unchanged."""
        yield text

    def __call__(self, text: str) -> Iterator[Pronounced]:
        """Yield all symbols as one piece."""
        symbols = tuple(text.split())
        if symbols:
            yield Pronounced(symbols)


FRONT_ENDS: dict[str, Callable[[], FrontEnd]] = {
    "FlitePhones": FlitePhones,
    "WrittenSymbols": WrittenSymbols,
}


def split_symbols(
    symbols: Sequence[_Symbol], *, pause: _Symbol, max_symbols: int
) -> Iterator[tuple[_Symbol, ...]]:
    """Divide symbols into pieces, at the last pause before the limit.

    The pause ends one piece and begins the next, as in the training sentences. Without a pause,
    the piece ends in the middle of speech.
    """
    rest = tuple(symbols)
    while len(rest) > max_symbols:
        cut = max_symbols
        for i in range(max_symbols - 1, 0, -1):
            if rest[i] == pause:
                cut = i + 1
                break
        yield rest[:cut]
        rest = (pause, *rest[cut:]) if rest[cut - 1] == pause and max_symbols > 2 else rest[cut:]
        if rest == (pause,):
            return
    if rest:
        yield rest


def symbol_indexes(symbols: Sequence[str], known: Sequence[str]) -> list[int]:
    """Return the index of each symbol.

    Raises
    ------
    PhonesError
        If the addon lacks a symbol.
    """
    places = {symbol: i for i, symbol in enumerate(known)}
    strange = sorted({symbol for symbol in symbols if symbol not in places})
    if strange:
        raise PhonesError(f"the addon has no symbol {', '.join(map(repr, strange[:5]))}")
    return [places[symbol] for symbol in symbols]
