"""Calibrates models by what the device plays, with and without an echo canceller.

Negatives of a state are dev speech and words over a sound of that kind, 0 to 15 dB above it,
with the sound alone in between. The device saying its own wake word is not among them: it is
rare, and a threshold for it would cost the persons.

The default threshold of the states "none" and "unknown" stays the model's own. While the device
plays, it is the lowest with as few false accepts per hour as that one has in state "none", or 0.5.
It is below the model's own only where it leaves at most 1 per hour.

The negatives come in two halves with different clips: a threshold found on one half is checked
on the other.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword import DeviceState, WakeWord
from pywakeword.audio import ArraySource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.measure.evaluation import frr_at_fa, peaks
from pywakeword.measure.scanning import scan
from pywakeword.training.echo.mixture import Mixture, mix
from pywakeword.training.figures.conditions import OWN, Condition, Conditions, Stream, floor
from pywakeword.training.figures.tables import LEAST_DEFAULT, TAKES, calibration
from pywakeword.training.material.corpus import Clip, decode
from pywakeword.training.material.levels import active_rms

PLAIN, CANCELLED = "by_playback", "by_playback_cancelled"
UNKNOWN = DeviceState()
_CLIPS_PER_STREAM = 12
_GAP_S = 1.0
_RATIO_DB = 0.0  # of the takes over the sound
_SEED = 23


_UNCHANGED = ("none", "unknown")  # states with the model's own default threshold
_LEAST_RATE, _MOST_RATE = 0.5, 1.0
_HALVES = 2


@dataclass
class _Tally:
    """What one keyword of one model scores in one state."""

    peaks: tuple[list[npt.NDArray[Any]], ...] = field(default_factory=lambda: ([], []))
    best: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Checked:
    """False accepts on the half of the negatives on which the threshold was not chosen."""

    false_accepts: int
    hours: float
    rate: float  # that the thresholds were chosen for


class StateScores:
    """Scores by table of the card and playback state, of models of the same words.

    Each spotter has one keyword of each word, such as all words in one size.
    """

    def __init__(self, spotters: Sequence[WakeWord], takes: dict[str, str]) -> None:
        self._spotters, self._takes = spotters, takes
        self._tallies: dict[tuple[str, str], dict[tuple[int, str], _Tally]] = {}
        self._seconds: dict[tuple[str, str], list[float]] = {}

    def negative(
        self, tables: Sequence[str], pcm: npt.NDArray[np.int16], state: DeviceState, half: int
    ) -> None:
        """Score audio without any of the words."""
        for table in tables:
            self._seconds.setdefault((table, state.playback), [0.0] * _HALVES)
            self._seconds[table, state.playback][half] += len(pcm) / SAMPLE_RATE_HZ
        for index, spotter in enumerate(self._spotters):
            scores = self._scores(spotter, pcm, state)
            for column, word in enumerate(spotter.keywords):
                found = peaks(scores[:, column], spotter.frame_shift_s, spotter.refractory_s)
                for table in tables:
                    self._tally(table, state, index, word).peaks[half].append(found)

    def positive(
        self, tables: Sequence[str], word: str, pcm: npt.NDArray[np.int16], state: DeviceState
    ) -> None:
        """Score a take of a word."""
        for index, spotter in enumerate(self._spotters):
            column = spotter.keywords.index(word)
            best = float(self._scores(spotter, pcm, state)[:, column].max())
            for table in tables:
                self._tally(table, state, index, word).best.append(best)

    def tables(self, model: int, word: str, default: float) -> dict[str, dict[str, Any]]:
        """Return what the card of a model, with this default threshold, says of each state."""
        made: dict[str, dict[str, Any]] = {PLAIN: {}, CANCELLED: {}}
        for (table, playback), tallies in self._tallies.items():
            tally = tallies[model, word]
            made[table][playback] = calibration(
                tally.best,
                np.concatenate([*tally.peaks[0], *tally.peaks[1]]),
                sum(self._seconds[table, playback]) / 3600,
                self._described(table, playback, word),
            )
        set_defaults(made, default)
        return made

    def checked(self, table: str, playback: str, model: int, word: str, rate: float) -> Checked:
        """Choose a threshold for `rate` on each half, and count on the other."""
        tally = self._tallies[table, playback][model, word]
        hours = [seconds / 3600 for seconds in self._seconds[table, playback]]
        halves = [np.concatenate([*found, np.zeros(0)]) for found in tally.peaks]
        count = 0
        for chosen_on, counted_on in ((0, 1), (1, 0)):
            threshold = frr_at_fa(tally.best, halves[chosen_on], hours[chosen_on], rate).threshold
            count += int(np.sum(halves[counted_on] >= threshold))
        return Checked(count, sum(hours), rate)

    def _tally(self, table: str, state: DeviceState, model: int, word: str) -> _Tally:
        tallies = self._tallies.setdefault((table, state.playback), {})
        return tallies.setdefault((model, word), _Tally())

    def _described(self, table: str, playback: str, word: str) -> str:
        takes = self._takes[word]
        after = " after the echo canceller" if table == CANCELLED else ""
        if playback == "none":
            return f"takes: {takes} in quiet; negatives: split=dev in quiet, noise and babble"
        if playback == "unknown":
            return (
                f"takes and negatives of all other states{after}, with the playback state unknown "
                "to the model"
            )
        return (
            f"takes: {takes}, {_RATIO_DB:g} dB over {playback} of the device{after}; "
            f"negatives: split=dev speech and words 0 to 15 dB over {playback}, and it alone{after}"
        )

    @staticmethod
    def _scores(
        spotter: WakeWord, pcm: npt.NDArray[np.int16], state: DeviceState
    ) -> npt.NDArray[Any]:
        spotter.device_state = state
        return np.asarray(scan(spotter, ArraySource(pcm))[0])


def set_defaults(tables: dict[str, dict[str, Any]], default: float) -> float:
    """Set the default threshold of each state; return the highest rate that it has.

    Parameters
    ----------
    tables : dict
        As of `StateScores.tables`.
    default : float
        Of the model without a state.
    """
    rate = max(rate_at(tables[PLAIN]["none"], default), _LEAST_RATE)
    for states in tables.values():
        for playback, found in states.items():
            if playback in _UNCHANGED:
                found["default_threshold"] = default
                continue
            strict = _lowest(found, min(rate, _MOST_RATE))
            loose = _lowest(found, rate)
            found["default_threshold"] = strict if strict <= default else max(default, loose)
    return rate


def _lowest(found: dict[str, Any], rate: float) -> float:
    """Return the lowest threshold of a table with at most this rate."""
    rows = [row for row in found["table"] if row["threshold"] >= LEAST_DEFAULT]
    few = (row["threshold"] for row in rows if row["false_accepts_per_hour"] <= rate)
    return float(next(few, rows[-1]["threshold"]))


def row_at(found: dict[str, Any], threshold: float) -> dict[str, Any]:
    """Return the row of a table with the highest threshold up to this one."""
    reached = [row for row in found["table"] if row["threshold"] <= threshold]
    row: dict[str, Any] = reached[-1] if reached else found["table"][0]
    return row


def rate_at(found: dict[str, Any], threshold: float) -> float:
    """Return the false accepts per hour of a table at a threshold."""
    return float(row_at(found, threshold)["false_accepts_per_hour"])


def half_of(name: str) -> int:
    """Return to which half of the negatives a clip belongs."""
    return zlib.crc32(name.encode()) % _HALVES


def over_device_sound(
    conditions: Conditions,
    clips: Sequence[Clip],
    kind: str,
    copies: int,
    rng: np.random.Generator,
) -> Iterator[Mixture]:
    """Yield clips over a sound of the device, several per stream."""
    repeated = list(clips) * copies
    order = rng.permutation(len(repeated))
    for begin in range(0, len(repeated), _CLIPS_PER_STREAM):
        level = 10 ** (rng.uniform(-45, -22) / 20)
        parts = []
        for index in order[begin : begin + _CLIPS_PER_STREAM]:
            samples = decode(repeated[index].path)
            ratio = 10 ** (rng.uniform(0, 15) / 20)
            parts.append(np.zeros(int(_GAP_S * SAMPLE_RATE_HZ), np.float32))
            parts.append(samples * (level * ratio / max(active_rms(samples), 1e-9)))
        near = np.concatenate(parts).astype(np.float32)
        sound = conditions.device_sound(kind, len(near), level, rng)
        yield mix(near + floor(len(near), rng), sound)


def score_states(
    spotters: Sequence[WakeWord], conditions: Conditions, words: tuple[str, ...], *, copies: int
) -> StateScores:
    """Score models of the same words in every playback state."""
    scores = StateScores(spotters, {word: TAKES[conditions.takes_of(word)] for word in words})
    rng = np.random.default_rng(_SEED)
    for stream in _without_playback(conditions, words):
        half = half_of(stream.name)
        scores.negative((PLAIN,), stream.pcm, stream.state, half)
        # A canceller passes it bit for bit.
        scores.negative((PLAIN, CANCELLED), stream.pcm, UNKNOWN, half)
    for word in words:
        for stream in conditions.positives(word, "quiet"):
            scores.positive((PLAIN,), word, stream.pcm, stream.state)
            scores.positive((PLAIN, CANCELLED), word, stream.pcm, UNKNOWN)
    spoken = [
        clip
        for clip in conditions.clips
        if clip.category in ("speech", "words", "wakewords")
        and not any(clip.holds(word) for word in words)
    ]
    for kind in OWN:
        states = (DeviceState("speaker", kind, 0.5), UNKNOWN)
        for half in range(_HALVES):
            clips = [clip for clip in spoken if half_of(clip.path.name) == half]
            for mixture in over_device_sound(conditions, clips, kind, copies, rng):
                for table, pcm in ((PLAIN, mixture.microphone), (CANCELLED, mixture.cancelled())):
                    for state in states:
                        scores.negative((table,), pcm, state, half)
        for word in words:
            for table in (PLAIN, CANCELLED):
                condition = Condition(kind, _RATIO_DB, cancelled=table == CANCELLED)
                for stream in conditions.positives(word, condition):
                    for state in states:
                        scores.positive((table,), word, stream.pcm, state)
    return scores


def _without_playback(conditions: Conditions, words: tuple[str, ...]) -> Iterator[Stream]:
    yield from conditions.negatives(words)
    for kind in ("noise", "babble"):
        yield from conditions.negatives_in(words, kind)
