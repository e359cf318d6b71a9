"""From text to the symbols of an addon."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from pywakeword.errors import PhonesError
from pywakeword.tts.text.flite import FliteVoice
from pywakeword.tts.text.sentences import all_sentences

_Symbol = TypeVar("_Symbol")


class Pronounced(NamedTuple):
    """A sentence as symbols; `places` as in `FliteSpeech`, None where they are not known."""

    symbols: tuple[str, ...]
    places: tuple[int, ...] | None = None


class FrontEnd(Protocol):
    """Turns text into symbols, a piece at a time so that speech can start with the first."""

    def sentences(self, text: str) -> Iterator[str]:
        """Yield what is spoken at once."""
        ...

    def __call__(self, text: str) -> Iterator[Pronounced]:
        """Yield the symbols of each sentence."""
        ...


class FlitePhones:
    """Phones of flite's American English; needs its library (Debian package libflite1)."""

    def __init__(self) -> None:
        self._voice = FliteVoice("kal16")

    def sentences(self, text: str) -> Iterator[str]:
        """Split at the ends of sentences."""
        for sentence in all_sentences(text, at_line_breaks=False):
            if re.search(r"\w", sentence):
                yield sentence

    def __call__(self, text: str) -> Iterator[Pronounced]:
        """Analyse one sentence after the other."""
        for sentence in self.sentences(text):
            spoken = self._voice.speak(sentence)
            yield Pronounced(spoken.phones, spoken.places)


class WrittenSymbols:
    """For text that is symbols already, with spaces between."""

    def sentences(self, text: str) -> Iterator[str]:
        """Cut nothing."""
        yield text

    def __call__(self, text: str) -> Iterator[Pronounced]:
        """Yield all as one piece."""
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
    """Cut symbols into pieces, at the last pause that keeps a piece short enough.

    A pause at a cut ends one piece and begins the next, as each learned to. Where there is
    no pause the cut falls in the middle of speech.
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
        If the addon does not have one.
    """
    places = {symbol: i for i, symbol in enumerate(known)}
    strange = sorted({symbol for symbol in symbols if symbol not in places})
    if strange:
        raise PhonesError(f"the addon has no symbol {', '.join(map(repr, strange[:5]))}")
    return [places[symbol] for symbol in symbols]
