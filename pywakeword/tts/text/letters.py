"""Finds text that an English voice would skip without a word."""

from __future__ import annotations

import unicodedata

from pywakeword.errors import PhonesError


def check_english_letters(text: str, who: str) -> None:
    """Raise `PhonesError` for a letter or digit of another script; accents are allowed."""
    for character in text:
        base = unicodedata.normalize("NFKD", character)[0]
        if character.isalnum() and unicodedata.category(character)[0] in "LN" and base > "\u024f":
            raise PhonesError(
                f"{who} speaks English and cannot say {character!r} "
                f"({unicodedata.name(character, 'unnamed').lower()})"
            )


def check_english(language: str | None, who: str) -> None:
    """Raise `PhonesError` for the code of a language other than English."""
    if language is not None and language.lower().replace("_", "-").partition("-")[0] != "en":
        raise PhonesError(f"{who} speaks English, not {language!r}")
