# ruff: noqa: RUF002  (the phonetic alphabet)
"""Text to phonemes by espeak-ng, called as a library.

The package `espeakng-loader` brings the library and its data for every platform; where it
is not installed, the system's library is used.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import re
import threading
from functools import lru_cache
from pathlib import Path

from pywakeword.errors import MissingExtraError, PhonesError

TIE = "^"

_SYNCHRONOUS, _DONT_EXIT = 2, 0x8000
_UTF8 = 1
_IPA_WITH_TIES = 0x02 | 0x80 | ord(TIE) << 8
# espeak-ng marks a word that it reads by another language's rules: (en)word(fr).
_SWITCHES = re.compile(r"\([a-z^-]+\)")
_PUNCTUATION = re.compile(r"([;:,.!?—…\"“”()¡¿]+)")
# The library has one state per process.
_LOCK = threading.Lock()


class _VoiceName(ctypes.Structure):
    """`espeak_VOICE`, of which only the language is set."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def phonemes(text: str, language: str) -> str:
    """Return the phonemes of `text` in IPA, with its punctuation and spaces.

    Parameters
    ----------
    text : str
        What is spoken.
    language : str
        Name of an espeak-ng language: "en-us", "en-gb", "es", "fr-fr", ...

    Returns
    -------
    str
        Sounds of several letters are tied by `TIE`: `tˈa^ɪm`.

    Raises
    ------
    PhonesError
        If espeak-ng does not know the language.
    MissingExtraError
        If espeak-ng's library is not installed.
    """
    pieces = []
    with _LOCK:
        library = _library()
        _choose(library, language)
        for piece in _PUNCTUATION.split(" ".join(text.split())):
            if _PUNCTUATION.fullmatch(piece):
                pieces.append(piece)
            else:
                spoken = _speak(library, piece)
                pieces.append(" " * piece.startswith(" ") + spoken + " " * piece.endswith(" "))
    return re.sub(" +", " ", "".join(pieces)).strip()


def _speak(library: ctypes.CDLL, text: str) -> str:
    rest = ctypes.c_char_p(text.encode())
    clauses = []
    while rest.value:
        clauses.append(library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA_WITH_TIES))
    return _SWITCHES.sub("", " ".join(c.decode() for c in clauses if c)).strip()


def _choose(library: ctypes.CDLL, language: str) -> None:
    wanted = _VoiceName(languages=language.encode())
    if library.espeak_SetVoiceByProperties(ctypes.byref(wanted)) != 0:
        raise PhonesError(f"espeak-ng has no language {language!r}")


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    path, data = _installed()
    library = ctypes.CDLL(path)
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    library.espeak_TextToPhonemes.argtypes = [
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int,
        ctypes.c_int,
    ]
    if library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT) < 0:
        raise PhonesError(f"espeak-ng did not start: {path}")
    return library


def _installed() -> tuple[str, bytes | None]:
    try:
        loader = importlib.import_module("espeakng_loader")
    except ImportError as error:
        path = ctypes.util.find_library("espeak-ng")
        if path is None:
            raise MissingExtraError("espeakng_loader", "kokoro") from error
        return path, None
    return loader.get_library_path(), str(Path(loader.get_data_path()).parent).encode()
