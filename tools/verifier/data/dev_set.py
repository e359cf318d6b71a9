"""The dev candidates: takes in every condition and negatives, split in two by leak group."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.echo.mixture import mix
from pywakeword.training.figures.conditions import (
    CANCELLED,
    CONDITIONS,
    FLOOR_DBFS,
    OWN,
    PADDING_S,
    Conditions,
    Stream,
    floor,
)
from pywakeword.training.material.corpus import Clip, decode
from pywakeword.training.material.levels import active_rms
from tools.verifier.data.candidates import DEFAULT, Candidates, Scanner

LOOSE_THRESHOLD = 0.1
SPOKEN = ("one breath", "carrier")  # by held-out voices, if there is a bank of them
_SEED, _DRAWS = 21, 2  # draws of every take in every condition
_LEAD_S = 8.0  # the device has played for this long
_ECHO_RATIO_DB = (-5, 10)

# Leak group, condition of a take or kind of a negative, stream.
Labelled = tuple[str, str, Stream]
Weights = dict[str, dict[str, float]]


def halve(weights: dict[str, float]) -> frozenset[str]:
    """Choose leak groups that make up about half of the weight."""
    halves: tuple[set[str], set[str]] = (set(), set())
    sums = [0.0, 0.0]
    for group in sorted(weights, key=lambda g: (-weights[g], g)):
        lighter = int(sums[1] < sums[0])
        halves[lighter].add(group)
        sums[lighter] += weights[group]
    return frozenset(halves[0])


@dataclass(frozen=True)
class DevSet:
    """One word's candidates, or those of one half.

    Attributes
    ----------
    candidates : Candidates
        At the loose threshold and, marked `DEFAULT`, at those of the device's card.
    takes : dict of str to dict of str to float
        By condition: takes of the word by leak group, each draw counted.
    seconds : dict of str to dict of str to float
        By kind (speech, noise, music, ...): audio without the word by leak group.
    """

    candidates: Candidates
    takes: Weights
    seconds: Weights

    @property
    def hours(self) -> float:
        """Hours of audio without the word."""
        return sum(sum(kind.values()) for kind in self.seconds.values()) / 3600

    @property
    def groups(self) -> list[str]:
        """All leak groups."""
        return sorted(
            {g for by in (self.takes, self.seconds) for rows in by.values() for g in rows}
        )

    def at(self, threshold: float) -> Candidates:
        """Return what the device reports at one threshold."""
        return self.candidates.where(self.candidates.threshold == threshold)

    def halves(self) -> tuple[DevSet, DevSet]:
        """Return two sets; no leak group is in both."""
        takes, seconds = _by_group(self.takes), _by_group(self.seconds)
        first = halve(takes) | halve({g: s for g, s in seconds.items() if g not in takes})
        inside = np.isin(self.candidates.group, sorted(first))
        return tuple(  # type: ignore[return-value]
            DevSet(
                self.candidates.where(inside == wanted),
                *(_kept(weights, first, wanted) for weights in (self.takes, self.seconds)),
            )
            for wanted in (True, False)
        )


def _by_group(weights: Weights) -> dict[str, float]:
    total: Counter[str] = Counter()
    for rows in weights.values():
        total.update(rows)
    return dict(total)


def _kept(weights: Weights, groups: frozenset[str], wanted: bool) -> Weights:
    return {
        name: {g: n for g, n in rows.items() if (g in groups) == wanted}
        for name, rows in weights.items()
    }


def positives(conditions: Conditions, word: str) -> Iterator[Labelled]:
    """Yield the takes in the eight conditions, after the canceller, and in other speech."""
    group = _groups(conditions)
    spoken = [name for name in SPOKEN if name in conditions.names]
    for condition in (*CONDITIONS, *CANCELLED, *spoken):
        for _ in range(1 if condition in spoken else _DRAWS):
            for stream in conditions.positives(word, condition):
                # A voice is a group of its own.
                yield group.get(stream.name, stream.name.split(" ")[0]), condition, stream


def negatives(conditions: Conditions, words: tuple[str, ...]) -> Iterator[Labelled]:
    """Yield speech and noise, in quiet and over sounds, after the canceller, and sounds alone."""
    group = _groups(conditions)
    kinds = {c.path.name: "noise" if c.category == "noise" else "speech" for c in conditions.clips}
    rng = np.random.default_rng(_SEED)
    for streams in (
        conditions.negatives(words),
        conditions.more_negatives(words),
        *(conditions.negatives_in(words, kind) for kind in ("noise", "babble")),
        _over_cancelled(conditions, words, rng),
    ):
        for stream in streams:
            # A sound alone is called by its kind and number.
            kind = kinds.get(stream.name, stream.name.split(" ")[0])
            yield group.get(stream.name, stream.name), kind, _led_in(stream, rng)


def _groups(conditions: Conditions) -> dict[str, str]:
    return {c.path.name: c.group for c in conditions.clips if c.category != "rir"}


def _over_cancelled(
    conditions: Conditions, words: tuple[str, ...], rng: np.random.Generator
) -> Iterator[Stream]:
    for clip in conditions.clips:
        if clip.category in ("speech", "words", "wakewords") and not any(map(clip.holds, words)):
            yield _cancelled(conditions, clip, str(rng.choice(OWN)), rng)


def _cancelled(conditions: Conditions, clip: Clip, kind: str, rng: np.random.Generator) -> Stream:
    samples, lead = decode(clip.path), int(_LEAD_S * SAMPLE_RATE_HZ)
    near = np.pad(samples, (lead, 0))
    level = active_rms(samples) * 10 ** (-rng.uniform(*_ECHO_RATIO_DB) / 20)
    sound = conditions.device_sound(kind, len(near), level, rng)
    pcm = mix(near + floor(len(near), rng), sound).cancelled()[lead:]
    return Stream(clip.path.name, pcm, conditions.state(kind))


def _led_in(stream: Stream, rng: np.random.Generator) -> Stream:
    """Put a quiet room before a clip, as before the takes of a word, for a whole pre-roll."""
    spread = 32768 * 10 ** (FLOOR_DBFS / 20)
    lead = np.rint(rng.normal(0, spread, int(PADDING_S * SAMPLE_RATE_HZ))).astype(np.int16)
    return replace(stream, pcm=np.concatenate([lead, stream.pcm]))


def dev_sets(
    data: Path, work: Path, models: dict[str, Path], held_out: Path | None
) -> dict[str, DevSet]:
    """Scan (or reopen) the dev streams of some words; they share the negatives.

    Raises
    ------
    ValueError
        If what `work` holds is of another device model.
    """
    digests = {w: hashlib.sha256(path.read_bytes()).hexdigest() for w, path in models.items()}
    new = {w: path for w, path in models.items() if not _counts(work, w).exists()}
    if new:
        conditions = Conditions(data, cache=work, seed=_SEED, held_out=held_out)
        scan(new, conditions, work, digests)
    sets = {}
    for word in models:
        saved = json.loads(_counts(work, word).read_text(encoding="utf-8"))
        if saved["model"] != digests[word]:
            raise ValueError(
                f"{_counts(work, word)}: of another device model than {models[word]}; "
                "remove it to scan again"
            )
        found = Candidates.read(_counts(work, word).with_suffix(".npz"))
        sets[word] = DevSet(found, saved["takes"], saved["seconds"])
    return sets


def _counts(work: Path, word: str) -> Path:
    return work / f"candidates-dev-{word}.json"


def scan(
    models: dict[str, Path], conditions: Conditions, work: Path, digests: dict[str, str]
) -> None:
    """Scan the streams at the loose threshold and at the default; write candidates and counts."""
    scanners = {w: Scanner(path, (LOOSE_THRESHOLD, DEFAULT)) for w, path in models.items()}
    takes: dict[str, defaultdict[str, Counter[str]]] = {w: defaultdict(Counter) for w in models}
    seconds: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for word, scanner in scanners.items():
        for group, condition, stream in positives(conditions, word):
            if stream.word is not None:
                takes[word][condition][group] += 1
                scanner.add([(group, condition, stream)])
    for group, kind, stream in negatives(conditions, tuple(models)):
        # The lead-in is no audio.
        seconds[kind][group] += len(stream.pcm) / SAMPLE_RATE_HZ - PADDING_S
        for scanner in scanners.values():
            scanner.add([(group, kind, stream)])
    for word, scanner in scanners.items():
        counts = _counts(work, word)
        scanner.candidates().save(counts.with_suffix(".npz"))
        counted = {"model": digests[word], "takes": takes[word], "seconds": seconds}
        counts.write_text(json.dumps(counted), encoding="utf-8")


def default_candidates(dev: DevSet) -> tuple[Candidates, npt.NDArray[np.bool_]]:
    """Return what the device reports at its own thresholds; it accepts all of that."""
    found = dev.at(DEFAULT)
    return found, np.ones(len(found), bool)
