"""What is spoken, by whom: a plan of numbered, independent tasks.

Task i is a function of the plan's seed and i alone, so any worker on any machine makes the
same file of it, and any prefix of the plan has the whole mixture. Tasks 2k and 2k + 1 have
the same wake word and speaker: one calls the word, the other says something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pywakeword.training.takes._sentences import POSITIVE_KINDS, sentence
from pywakeword.training.takes.texts import ENGLISH, Texts
from pywakeword.training.takes.words import WORDS, Word
from pywakeword.voices.held_out import HELD_OUT, check_trainable
from pywakeword.voices.mixture import format_mixture

# Shares in each half; "mention" has the word in it, but nobody calls.
POSITIVE_SHARES = {"one_breath": 0.45, "isolated": 0.25, "carrier": 0.15, "pause": 0.15}
NEGATIVE_SHARES = {
    "near_miss": 0.42, "everyday": 0.24, "command": 0.18, "partial": 0.09, "mention": 0.07,
}  # fmt: skip
# One call in so many is spoken inside a sentence: "turn it off alexa please".
_ADDRESS_SHARE = 0.06

_SLOWEST, _FASTEST = 0.75, 1.35
_MIXED_SHARE = 0.6
# Native speakers are drawn twice as often as those with an accent; in languages with few of
# them, as often as all others together.
_NATIVE_WEIGHT = 2.0
# First letters of the names of Kokoro's speakers.
_NATIVE = {"en": "ab", "es": "e", "fr": "f", "it": "i", "pt": "p", "hi": "h"}


@dataclass(frozen=True)
class Task:
    """One take.

    Attributes
    ----------
    number : int
        Its place in the plan.
    keyword : str
        The wake word that the take is for, whether it holds it or not.
    kind : str
        "isolated", "one_breath", "carrier", "pause", "address"; "mention"; "near_miss",
        "everyday", "command", "partial".
    before, word, after : str
        The sentence. `word` is "" if it does not hold the wake word.
    voice, speaker, language : str
        As `Voice.synthesize` takes them.
    speed : float
        Likewise.
    seed : int
        Likewise.
    """

    number: int
    keyword: str
    kind: str
    before: str
    word: str
    after: str
    voice: str
    speaker: str
    language: str
    speed: float
    seed: int

    @property
    def called(self) -> bool:
        """Whether a detector of `keyword` should find it."""
        return self.kind in POSITIVE_KINDS


@dataclass(frozen=True)
class Plan:
    """Every task of a bank of takes.

    Attributes
    ----------
    seed : int
        Two plans with different seeds share nothing.
    speakers : sequence of str
        Speakers of Kokoro to train on, without the held-out ones.
    words : mapping of str to Word
        The wake words; every task is for one of them.
    texts : Texts
        What is said around them, and its language.
    first : mapping of str to float, optional
        Shares of the words among the first `n_first` tasks; afterwards all are equal.

    Raises
    ------
    ValueError
        If one of the speakers is held out for measuring.
    """

    seed: int
    speakers: Sequence[str]
    words: Mapping[str, Word] = field(default_factory=lambda: WORDS)
    texts: Texts = ENGLISH
    first: Mapping[str, float] | None = None
    n_first: int = 0

    def __post_init__(self) -> None:
        """Refuse to train on a voice that is for measuring."""
        for speaker in self.speakers:
            check_trainable("kokoro", speaker)

    def task(self, number: int) -> Task:
        """Return task `number`, from 0."""
        pair = np.random.default_rng([self.seed, number // 2])
        keyword = str(pair.choice(list(self.words), p=self._shares(number)))
        speaker = self._speaker(pair)
        language = self._language(speaker, pair)
        rng = np.random.default_rng([self.seed, number // 2, 1 + number % 2])
        kind = _kind(number, rng)
        before, word, after = sentence(self.words[keyword], kind, self.texts, rng)
        return Task(
            number=number,
            keyword=keyword,
            kind=kind,
            before=before,
            word=word,
            after=after,
            voice="kokoro",
            speaker=speaker,
            language=language,
            speed=round(float(np.exp(rng.uniform(np.log(_SLOWEST), np.log(_FASTEST)))), 3),
            seed=int(rng.integers(2**31)),
        )

    def _shares(self, number: int) -> list[float]:
        if self.first is None or number >= self.n_first:
            return [1 / len(self.words)] * len(self.words)
        return [self.first[word] for word in self.words]

    def _speaker(self, rng: np.random.Generator) -> str:
        native = np.array([s[0] in _NATIVE[self.texts.language] for s in self.speakers])
        balance = (~native).sum() / max(native.sum(), 1)
        weights = np.where(native, max(_NATIVE_WEIGHT, balance), 1.0)
        n = 2 if rng.random() < _MIXED_SHARE else 1
        chosen = rng.choice(list(self.speakers), size=n, replace=False, p=weights / weights.sum())
        if n == 1:
            return str(chosen[0])
        share = round(float(rng.uniform(0.2, 0.8)), 2)
        return format_mixture({str(chosen[0]): share, str(chosen[1]): round(1 - share, 2)})

    def _language(self, speaker: str, rng: np.random.Generator) -> str:
        """British for British speakers, American for Americans, either for everybody else."""
        if self.texts.language != "en":
            return self.texts.language
        accents = {term[0] for term in speaker.split("+")}
        if accents == {"b"}:
            return "en-gb"
        if accents == {"a"}:
            return "en-us"
        return "en-us" if rng.random() < 0.65 else "en-gb"


def training_speakers(speakers: Sequence[str]) -> list[str]:
    """Return Kokoro's speakers without the held-out ones, sorted."""
    return sorted(set(speakers) - set(HELD_OUT["kokoro"]))


def _kind(number: int, rng: np.random.Generator) -> str:
    shares = NEGATIVE_SHARES if number % 2 else POSITIVE_SHARES
    kind = str(rng.choice(list(shares), p=list(shares.values())))
    if not number % 2 and rng.random() < _ADDRESS_SHARE:
        return "address"
    return kind
