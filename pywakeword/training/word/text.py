"""The text of a wake word: what is refused, and what a user should know before training it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pywakeword.errors import PyWakewordError
from pywakeword.training.material.near_misses import distance, near_misses, pronunciation
from pywakeword.training.takes.texts import ENGLISH

LANGUAGES = {"en": ENGLISH}
_LONGEST, _MOST_WORDS = 40, 5
_NEAR = 0.25  # of the sounds of a word: closer is a near miss that a detector confuses
_SEARCHED, _SHOWN = 300, 6
_VOWELS = set("aeiouy")


class WordError(PyWakewordError):
    """The text cannot be trained as a wake word."""


@dataclass(frozen=True)
class WakeText:
    """A wake word as it is spoken, and the name of its model and label."""

    spoken: str
    label: str
    language: str = "en"


def check_text(text: str, language: str = "en") -> WakeText:
    """Return the wake word of a text.

    Raises
    ------
    WordError
        If there is nothing to say, too much, or a language or letters that no voice has.
    """
    if language not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        raise WordError(f"no sentences to train with in language {language!r}; there are: {known}")
    plain = unicodedata.normalize("NFC", text).replace("_", " ").replace("-", " ")
    spoken = " ".join(plain.lower().strip(" .,!?").split())
    if not spoken:
        raise WordError("the wake word is empty")
    if len(spoken) > _LONGEST or len(spoken.split()) > _MOST_WORDS:
        raise WordError(
            f"the wake word has {len(spoken)} characters in {len(spoken.split())} words; at most "
            f"{_LONGEST} in {_MOST_WORDS}, and one to three words work best"
        )
    wrong = sorted(set(re.findall(r"[^a-z' ]", spoken)))
    if wrong or not re.search("[a-z]", spoken):
        raise WordError(
            f"English voices cannot read {' '.join(wrong) or spoken!r} in {text!r}: write it in "
            "the letters a to z, as it sounds"
        )
    return WakeText(spoken, spoken.replace(" ", "_"), language)


def syllables(word: WakeText) -> int:
    """Count the syllables: by the dictionary, else by groups of vowel letters."""
    phones = pronunciation(word.spoken)
    if phones is not None:
        return sum(phone[0] in "AEIOU" for phone in phones)
    return sum(max(1, len(re.findall("[aeiouy]+", part))) for part in word.spoken.split())


def warnings_of(word: WakeText, transcripts: Iterable[str] = ()) -> list[str]:
    """Return what to expect of a word that is short, odd, or close to everyday speech.

    Parameters
    ----------
    word : WakeText
        The wake word.
    transcripts : iterable of str
        What people say in the negatives, to tell everyday words from rare ones.
    """
    found = []
    spelled = [p for p in word.spoken.split() if pronunciation(p) is None and not _VOWELS & set(p)]
    if spelled:
        found.append(
            f"{' '.join(spelled)!r} has no vowel: voices spell it letter by letter, and people may "
            "say something else"
        )
    elif pronunciation(word.spoken) is None:
        found.append(
            f"{word.spoken!r} is not in the pronouncing dictionary: voices guess how it sounds, "
            "and no near misses are trained; if a take sounds wrong, write it as it sounds"
        )
    if syllables(word) == 1:
        found.append(
            "it has one syllable: expect several times more misses and false accepts than a word "
            "of three; 'hey' in front of it helps"
        )
    near = everyday_near_misses(word, transcripts)
    if near:
        found.append(
            f"it sounds like everyday speech: {', '.join(near)}; expect false accepts when people "
            "say that"
        )
    return found


def everyday_near_misses(word: WakeText, transcripts: Iterable[str] = ()) -> list[str]:
    """Return words of everyday speech that sound like the wake word, most frequent first."""
    phones = pronunciation(word.spoken)
    if phones is None:
        return []
    common = Counter(w for text in _everyday(transcripts) for w in re.findall("[a-z']+", text))
    close = [
        miss
        for miss in near_misses(word.spoken, _SEARCHED)
        if miss in common and distance(phones, pronunciation(miss) or ()) <= _NEAR * len(phones)
    ]
    itself = [word.spoken] if common[word.spoken] else []
    return (itself + sorted(close, key=lambda miss: -common[miss]))[:_SHOWN]


def _everyday(transcripts: Iterable[str]) -> Iterable[str]:
    for texts in (ENGLISH.everyday, ENGLISH.commands, ENGLISH.carriers, ENGLISH.calls):
        yield from (text.lower() for text in texts)
    yield from (text.lower() for text in transcripts)
