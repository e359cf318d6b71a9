# ruff: noqa: RUF001  (the phonetic alphabet)
"""Phonemes as Kokoro learnt them: espeak-ng's, in the alphabet of its training text.

The replacements are those of misaki (Apache-2.0), which wrote that text.
"""

from __future__ import annotations

import re

from pywakeword.voices.engines.kokoro_symbols import NUMBERS
from pywakeword.voices.engines.phonemes import TIE, phonemes

_ENGLISH = (
    ("ʔˌn\u0329", "tᵊn"), ("ʔn\u0329", "tᵊn"), ("ʔn", "tn"), ("ʔ", "t"),
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"),
    ("ə^l", "ᵊl"), ("ʲo", "jo"), ("ʲə", "jə"), ("ʲ", ""), ("ɚ", "əɹ"), ("r", "ɹ"),
    ("x", "k"), ("ç", "k"), ("ɐ", "ə"), ("ɬ", "l"), ("\u0303", ""),
)  # fmt: skip
_AMERICAN = (
    ("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""), ("ɾ", "T"),
)  # fmt: skip
_BRITISH = (("e^ə", "ɛː"), ("iə", "ɪə"), ("ə^ʊ", "Q"))
_OTHERS = (
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^z", "ʣ"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("o^ʊ", "O"),
    ("ə^ʊ", "Q"), ("t^s", "ʦ"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"), ("-", ""),
)  # fmt: skip
_SYLLABIC = re.compile("(\\S)\u0329")


def kokoro_phonemes(text: str, language: str) -> str:
    """Return what Kokoro's text encoder reads for `text`; "" if nothing is pronounced."""
    spoken = phonemes(text, language)
    if language.startswith("en"):
        spoken = _replaced(spoken, _ENGLISH)
        spoken = _SYLLABIC.sub(r"ᵊ\1", spoken)
        spoken = _replaced(spoken, _BRITISH if language == "en-gb" else _AMERICAN)
        # What is left of a single letter: the vowels of "echo" and "bed" as espeak-ng writes them.
        spoken = spoken.replace(TIE, "").replace("o", "ɔ").replace("e", "A")
    else:
        spoken = _replaced(spoken, _OTHERS).replace(TIE, "")
    return "".join(symbol for symbol in spoken if symbol in NUMBERS)


def _replaced(spoken: str, replacements: tuple[tuple[str, str], ...]) -> str:
    for old, new in replacements:
        spoken = spoken.replace(old, new)
    return spoken
