"""What is spoken, by whom: a plan of numbered, independent tasks.

Task i is a function of the plan's seed and i alone, so any worker on any machine makes the
same file of it, and any prefix of the plan has the whole mixture. Tasks 2k and 2k + 1 have
the same wake word and speaker: one calls the word, the other says something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pywakeword.training.takes._sentences import POSITIVE_KINDS, sentence
from pywakeword.training.voices.held_out import HELD_OUT
from pywakeword.training.voices.mixture import format_mixture

WORDS: dict[str, tuple[str, ...]] = {
    "alexa": ("alexa",),
    "computer": ("computer",),
    "amazon": ("amazon",),
    "echo": ("echo",),
    "hey_samuel": ("hey samuel",),
    "hey_jarvis": ("hey jarvis",),
    "okay_nabu": ("okay nabu", "ok nabu"),
}

# Shares in each half; "mention" has the word in it, but nobody calls.
POSITIVE_SHARES = {"one_breath": 0.45, "isolated": 0.25, "carrier": 0.15, "pause": 0.15}
NEGATIVE_SHARES = {
    "near_miss": 0.42, "everyday": 0.24, "command": 0.18, "partial": 0.09, "mention": 0.07,
}  # fmt: skip
# One call in so many is spoken inside a sentence: "turn it off alexa please".
_ADDRESS_SHARE = 0.06

_SLOWEST, _FASTEST = 0.75, 1.35
_MIXED_SHARE = 0.6
# Speakers of English are drawn twice as often as those with an accent.
_ENGLISH_WEIGHT = 2.0


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
    first : mapping of str to float, optional
        Shares of the words among the first `n_first` tasks; afterwards all are equal.
    """

    seed: int
    speakers: Sequence[str]
    words: Sequence[str] = tuple(WORDS)
    first: Mapping[str, float] | None = None
    n_first: int = 0

    def task(self, number: int) -> Task:
        """Return task `number`, from 0."""
        pair = np.random.default_rng([self.seed, number // 2])
        keyword = str(pair.choice(list(self.words), p=self._shares(number)))
        speaker = self._speaker(pair)
        language = _language(speaker, pair)
        rng = np.random.default_rng([self.seed, number // 2, 1 + number % 2])
        kind = _kind(number, rng)
        before, word, after = sentence(keyword, WORDS[keyword], kind, rng)
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
        weights = np.array([_ENGLISH_WEIGHT if s[0] in "ab" else 1.0 for s in self.speakers])
        n = 2 if rng.random() < _MIXED_SHARE else 1
        chosen = rng.choice(list(self.speakers), size=n, replace=False, p=weights / weights.sum())
        if n == 1:
            return str(chosen[0])
        share = round(float(rng.uniform(0.2, 0.8)), 2)
        return format_mixture({str(chosen[0]): share, str(chosen[1]): round(1 - share, 2)})


def training_speakers(speakers: Sequence[str]) -> list[str]:
    """Return Kokoro's speakers without the held-out ones, sorted."""
    return sorted(set(speakers) - set(HELD_OUT["kokoro"]))


def _kind(number: int, rng: np.random.Generator) -> str:
    shares = NEGATIVE_SHARES if number % 2 else POSITIVE_SHARES
    kind = str(rng.choice(list(shares), p=list(shares.values())))
    if not number % 2 and rng.random() < _ADDRESS_SHARE:
        return "address"
    return kind


def _language(speaker: str, rng: np.random.Generator) -> str:
    """British for British speakers, American for Americans, either for everybody else."""
    accents = {term[0] for term in speaker.split("+")}
    if accents == {"b"}:
        return "en-gb"
    if accents == {"a"}:
        return "en-us"
    return "en-us" if rng.random() < 0.65 else "en-gb"
