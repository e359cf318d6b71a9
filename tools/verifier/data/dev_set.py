"""The dev candidates: takes in eight conditions and negatives, split in two by leak group."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

import pywakeword
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.figures.conditions import (
    CONDITIONS,
    FLOOR_DBFS,
    PADDING_S,
    Conditions,
    Stream,
)
from tools.verifier.data.candidates import Candidates, Scanner

LOOSE_THRESHOLDS = (0.1, 0.3, 0.5)
_SEED, _DRAWS = 21, 3  # draws of every take in every condition

Labelled = tuple[str, str, Stream]


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
        At every loose threshold and at the device's default.
    default : float
        The device's default threshold.
    takes : dict of str to float
        Takes of the word by leak group, each counted in every condition and draw.
    seconds : dict of str to float
        Audio without the word, by leak group.
    """

    candidates: Candidates
    default: float
    takes: dict[str, float]
    seconds: dict[str, float]

    @property
    def n_takes(self) -> int:
        """Takes in all conditions and draws, found by the device or not."""
        return int(sum(self.takes.values()))

    @property
    def hours(self) -> float:
        """Hours of audio without the word."""
        return sum(self.seconds.values()) / 3600

    def at(self, threshold: float) -> tuple[Candidates, npt.NDArray[np.bool_]]:
        """Return what the device reports at one threshold, and the marks that choose it."""
        chosen = self.candidates.threshold == threshold
        return self.candidates.where(chosen), chosen

    def halves(self) -> tuple[DevSet, DevSet]:
        """One to choose on, one to report on; no leak group is in both."""
        first = halve(self.takes) | halve(self.seconds) - set(self.takes)
        inside = np.isin(self.candidates.group, sorted(first))
        return tuple(  # type: ignore[return-value]
            DevSet(
                self.candidates.where(inside == wanted),
                self.default,
                {g: n for g, n in self.takes.items() if (g in first) == wanted},
                {g: s for g, s in self.seconds.items() if (g in first) == wanted},
            )
            for wanted in (True, False)
        )


def streams(data: Path, cache: Path, word: str) -> tuple[list[Labelled], list[Labelled]]:
    """Make takes and negatives, each with its leak group and condition or name."""
    conditions = Conditions(data, cache=cache, seed=_SEED)
    group = {c.path.name: c.group for c in conditions.clips if c.category != "rir"}
    takes = [
        (group[s.name], condition, s)
        for condition in CONDITIONS
        for _ in range(_DRAWS)
        for s in conditions.positives(word, condition)
    ]
    negatives = [*conditions.negatives((word,)), *conditions.more_negatives((word,))]
    rng = np.random.default_rng(_SEED)
    return takes, [(group.get(s.name, s.name), s.name, _led_in(s, rng)) for s in negatives]


def _led_in(stream: Stream, rng: np.random.Generator) -> Stream:
    """Put a quiet room before a clip, as before the takes of a word, for a whole pre-roll."""
    spread = 32768 * 10 ** (FLOOR_DBFS / 20)
    lead = np.rint(rng.normal(0, spread, int(PADDING_S * SAMPLE_RATE_HZ))).astype(np.int16)
    return replace(stream, pcm=np.concatenate([lead, stream.pcm]))


def dev_set(data: Path, work: Path, word: str, model: str | Path) -> DevSet:
    """Scan (or reopen) the dev streams of a word."""
    default = pywakeword.WakeWord(model).thresholds[word]
    file, counts = (work / f"candidates-dev-{word}.{end}" for end in ("npz", "json"))
    if not counts.exists():
        scan(model, default, *streams(data, work, word), file, counts)
    saved = json.loads(counts.read_text(encoding="utf-8"))
    if saved["default"] != default:
        raise ValueError(
            f"{counts}: of another device model (threshold {saved['default']}); "
            "remove it to scan again"
        )
    return DevSet(Candidates.read(file), default, saved["takes"], saved["seconds"])


def scan(
    model: str | Path,
    default: float,
    takes: list[Labelled],
    negatives: list[Labelled],
    file: Path,
    counts: Path,
) -> None:
    """Scan the streams at each low threshold and at the default; write candidates and counts."""
    scanner = Scanner(model, sorted({*LOOSE_THRESHOLDS, default}))
    scanner.add(takes)
    scanner.add(negatives)
    scanner.candidates().save(file)
    by_group = Counter(group for group, _, _ in takes)
    seconds: defaultdict[str, float] = defaultdict(float)
    for group, _, stream in negatives:
        seconds[group] += len(stream.pcm) / SAMPLE_RATE_HZ - PADDING_S  # the lead-in is no audio
    counted = {"default": default, "takes": by_group, "seconds": seconds}
    counts.write_text(json.dumps(counted), encoding="utf-8")
