"""Calibrates models by what the device plays, with and without an echo canceller.

Negatives of a state are dev speech and words over a sound of that kind, 0 to 15 dB above it,
with the sound alone in between. The device saying its own wake word is not among them: it is
rare, and a threshold for it would cost the persons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword import DeviceState, WakeWord
from pywakeword.audio import ArraySource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.measure.evaluation import peaks
from pywakeword.measure.scanning import scan
from pywakeword.training.echo.mixture import Mixture, mix
from pywakeword.training.figures.conditions import OWN, Condition, Conditions, Stream, floor
from pywakeword.training.figures.tables import TAKES, calibration
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.levels import active_rms

PLAIN, CANCELLED = "by_playback", "by_playback_cancelled"
UNKNOWN = DeviceState()
_CLIPS_PER_STREAM = 12
_GAP_S = 1.0
_RATIO_DB = 0.0  # of the takes over the sound
_SEED = 23


@dataclass
class _Tally:
    """What the models of one word score in one state."""

    peaks: list[list[npt.NDArray[Any]]]
    best: list[list[float]]
    seconds: float = 0.0


@dataclass
class StateScores:
    """Scores of several models of one word, by table of the card and playback state."""

    spotters: Sequence[WakeWord]
    takes: str = TAKES["recordings"]
    tallies: dict[tuple[str, str], _Tally] = field(default_factory=dict)

    def negative(self, table: str, pcm: npt.NDArray[np.int16], state: DeviceState) -> None:
        """Score audio without the word."""
        tally = self._tally(table, state)
        tally.seconds += len(pcm) / SAMPLE_RATE_HZ
        for found, spotter in zip(tally.peaks, self.spotters):
            scores = self._scores(spotter, pcm, state)
            found.append(peaks(scores, spotter.frame_shift_s, spotter.refractory_s))

    def positive(self, table: str, pcm: npt.NDArray[np.int16], state: DeviceState) -> None:
        """Score a take of the word."""
        for best, spotter in zip(self._tally(table, state).best, self.spotters):
            best.append(float(self._scores(spotter, pcm, state).max()))

    def tables(self, model: int) -> dict[str, dict[str, Any]]:
        """Return what a model's card says of each state."""
        made: dict[str, dict[str, Any]] = {PLAIN: {}, CANCELLED: {}}
        for (table, playback), tally in self.tallies.items():
            made[table][playback] = calibration(
                tally.best[model],
                np.concatenate(tally.peaks[model]),
                tally.seconds / 3600,
                self._described(table, playback),
            )
        return made

    def _tally(self, table: str, state: DeviceState) -> _Tally:
        if (table, state.playback) not in self.tallies:
            n = range(len(self.spotters))
            self.tallies[table, state.playback] = _Tally([[] for _ in n], [[] for _ in n])
        return self.tallies[table, state.playback]

    def _described(self, table: str, playback: str) -> str:
        after = " after the echo canceller" if table == CANCELLED else ""
        if playback == "none":
            return f"takes: {self.takes} in quiet; negatives: split=dev in quiet, noise and babble"
        if playback == "unknown":
            return (
                f"takes and negatives of all other states{after}, with the playback state unknown "
                "to the model"
            )
        return (
            f"takes: {self.takes}, {_RATIO_DB:g} dB over {playback} of the device{after}; "
            f"negatives: split=dev speech and words 0 to 15 dB over {playback}, and it alone{after}"
        )

    @staticmethod
    def _scores(
        spotter: WakeWord, pcm: npt.NDArray[np.int16], state: DeviceState
    ) -> npt.NDArray[Any]:
        spotter.device_state = state
        return np.asarray(scan(spotter, ArraySource(pcm))[0][:, 0])


def over_device_sound(
    conditions: Conditions, word: str, kind: str, copies: int, rng: np.random.Generator
) -> Iterator[Mixture]:
    """Yield dev clips without `word` over a sound of the device, several per stream."""
    clips = [
        clip
        for clip in conditions.clips * copies
        if clip.category in ("speech", "words", "wakewords") and not clip.holds(word)
    ]
    order = rng.permutation(len(clips))
    for begin in range(0, len(clips), _CLIPS_PER_STREAM):
        level = 10 ** (rng.uniform(-45, -22) / 20)
        parts = []
        for index in order[begin : begin + _CLIPS_PER_STREAM]:
            samples = decode(clips[index].path)
            ratio = 10 ** (rng.uniform(0, 15) / 20)
            parts.append(np.zeros(int(_GAP_S * SAMPLE_RATE_HZ), np.float32))
            parts.append(samples * (level * ratio / max(active_rms(samples), 1e-9)))
        near = np.concatenate(parts).astype(np.float32)
        sound = conditions.device_sound(kind, len(near), level, rng)
        yield mix(near + floor(len(near), rng), sound)


def score_states(
    spotters: Sequence[WakeWord], conditions: Conditions, word: str, *, copies: int
) -> StateScores:
    """Score models of one word in every playback state."""
    scores = StateScores(spotters, TAKES[conditions.takes_of(word)])
    rng = np.random.default_rng(_SEED)
    for stream in _without_playback(conditions, word):
        scores.negative(PLAIN, stream.pcm, stream.state)
        for table in (PLAIN, CANCELLED):  # a canceller passes it bit for bit
            scores.negative(table, stream.pcm, UNKNOWN)
    for stream in conditions.positives(word, "quiet"):
        scores.positive(PLAIN, stream.pcm, stream.state)
        for table in (PLAIN, CANCELLED):
            scores.positive(table, stream.pcm, UNKNOWN)
    for kind in OWN:
        playing = DeviceState("speaker", kind, 0.5)
        for mixture in over_device_sound(conditions, word, kind, copies, rng):
            for state in (playing, UNKNOWN):
                scores.negative(PLAIN, mixture.microphone, state)
            cleaned = mixture.cancelled()
            for state in (playing, UNKNOWN):
                scores.negative(CANCELLED, cleaned, state)
        for table in (PLAIN, CANCELLED):
            condition = Condition(kind, _RATIO_DB, cancelled=table == CANCELLED)
            for stream in conditions.positives(word, condition):
                for state in (playing, UNKNOWN):
                    scores.positive(table, stream.pcm, state)
    return scores


def calibrate_states(paths: Sequence[Path], conditions: Conditions, *, copies: int) -> StateScores:
    """Measure models of one word in every state; the tables are still to be written.

    Raises
    ------
    ValueError
        If the models are of different words, or a model has several.
    """
    spotters = [WakeWord(str(path)) for path in paths]
    words = {keyword for spotter in spotters for keyword in spotter.keywords}
    if len(words) > 1:
        raise ValueError(f"models of one word are needed, not of {', '.join(sorted(words))}")
    return score_states(spotters, conditions, words.pop(), copies=copies)


def _without_playback(conditions: Conditions, word: str) -> Iterator[Stream]:
    yield from conditions.negatives((word,))
    for kind in ("noise", "babble"):
        yield from conditions.negatives_in((word,), kind)
