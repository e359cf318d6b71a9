"""Augments the teacher's sentences with other prosodies.

flite speaks every sentence in one way, so a network would learn to ignore its prosody input. Here
the teacher's frames and durations are changed by random contour offsets, which the network gets as
input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.tts.blocks.prosody.selector import contour_offsets, phone_names
from pywakeword.tts.blocks.upsampler import whole_frames
from pywakeword.tts.prosody.model import ProsodyModel
from pywakeword.tts.recording.alignment import PAUSE
from tools.tts.corpus import SYMBOLS, Utterance
from tools.tts.features import HOP_SAMPLES, N_MELS, REFERENCE_HZ, log_mel

MEL_SCALE = 0.2  # of the natural log in the frames
_PLAIN = 0.3  # share of sentences that stay unchanged
_TONES = 0.7  # share of the others with tones at the ends of phrases
_STEPS_PER_OCTAVE = 48
_LOWEST, _HIGHEST = -2.0, 2.0  # octaves from REFERENCE_HZ
# Depth of the valleys between harmonics, relative to the mean over pitches. On six sentences that
# WORLD moved by -3, 3 and 6 semitones, the error of the lower half of the bands was 0.25, 0.35 and
# 0.45 without the harmonics and 0.13, 0.17 and 0.22 with them.
_VALLEY = 0.02


@dataclass(frozen=True)
class Expression:
    """The tensors `prosody` (contour offsets) and `embedding` of a sentence."""

    offsets: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32]


def draw(utterance: Utterance, model: ProsodyModel, rng: np.random.Generator) -> Expression:
    """Draw an expression: none, or from one or between two real utterances, with tones."""
    names = phone_names([SYMBOLS[i] for i in utterance.symbols])
    bank = model.bank
    if rng.random() < _PLAIN:
        return Expression(np.zeros((len(names), 3), np.float32), np.zeros_like(bank.centroid))
    one, other = bank.embeddings[rng.integers(len(bank.embeddings), size=2)]
    mix = rng.random() if rng.random() < 0.5 else 0.0
    strength = float(rng.uniform(0.5, 2.0))
    embedding = (one + mix * (other - one)).astype(np.float32)
    offsets = contour_offsets(model, names, embedding, strength)
    if rng.random() < _TONES:
        _draw_tones(offsets[:, 0], names, rng)
    return Expression(offsets, strength * (embedding - bank.centroid))


def _draw_tones(
    octaves: npt.NDArray[np.float32], names: Sequence[str], rng: np.random.Generator
) -> None:
    """Add tones at the ends of phrases, and at one place inside, like before an "or"."""
    spoken = [i for i, name in enumerate(names) if name != PAUSE]
    ends = [i for i, following in zip(spoken, spoken[1:]) if following > i + 1]
    for last in {*ends, spoken[-1], int(rng.choice(spoken))}:
        if rng.random() < 0.8:
            first = max(0, last - int(rng.integers(0, 7)))
            start, end = rng.uniform(-3, 2), rng.uniform(-4, 9)  # semitones
            line = np.linspace(start, end, last - first + 1) if last > first else end
            octaves[first : last + 1] += (np.asarray(line) / 12).astype(np.float32)
    octaves[[name == PAUSE for name in names]] = 0


def expressed(
    utterance: Utterance, offsets: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Apply contour offsets; return durations, whole durations and frames.

    Offsets of pitch and energy are interpolated linearly between the middles of phones. Pitch is
    interpolated across pauses, and stays constant after the middle of the last phone.
    """
    wanted = utterance.durations * np.exp(offsets[:, 2])
    whole = whole_frames(wanted, 1.0)
    source = _stretched(utterance.durations, whole)
    low = np.clip(np.floor(source).astype(int), 0, len(utterance.frames) - 1)
    high = np.minimum(low + 1, len(utterance.frames) - 1)
    part = (source - low).clip(0, 1)[:, None].astype(np.float32)
    frames = utterance.frames[low] * (1 - part) + utterance.frames[high] * part
    frames[:, -1] = frames[:, -1] > 0.5
    middles = np.cumsum(whole) - whole / 2
    where = np.arange(len(frames)) + 0.5
    spoken = utterance.symbols != SYMBOLS.index("pau")
    octaves = np.interp(where, middles[spoken], offsets[spoken, 0])
    decibels = np.interp(where, middles, offsets[:, 1])
    frames[:, :N_MELS] += MEL_SCALE * np.log(10) / 10 * decibels[:, None]
    moved = frames[:, N_MELS] + octaves
    comb = harmonics(moved) - harmonics(frames[:, N_MELS])
    frames[:, :N_MELS] += frames[:, -1:] * comb
    frames[:, N_MELS] = moved
    return wanted.astype(np.float32), whole, frames.astype(np.float32)


def _stretched(
    durations: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return for each frame of the wanted durations its position in the given frames."""
    index = np.repeat(np.arange(len(wanted)), wanted)
    done = np.arange(len(index)) - (np.cumsum(wanted) - wanted)[index] + 0.5
    starts = np.cumsum(durations) - durations
    place: npt.NDArray[np.float64] = starts[index] + done / wanted[index] * durations[index] - 0.5
    return place


def harmonics(octaves: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return the pattern of equally strong harmonics in the mel bands, (n, N_MELS).

    Low bands are narrower than the distance of the harmonics, so the pattern depends on F0.
    """
    table = _harmonics_table()
    row = np.round((np.clip(octaves, _LOWEST, _HIGHEST) - _LOWEST) * _STEPS_PER_OCTAVE)
    pattern: npt.NDArray[np.float32] = table[row.astype(int)]
    return pattern


@cache
def _harmonics_table() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(1)
    seconds = np.arange(24 * HOP_SAMPLES) / SAMPLE_RATE_HZ
    rows = []
    for step in range(round((_HIGHEST - _LOWEST) * _STEPS_PER_OCTAVE) + 1):
        f0_hz = REFERENCE_HZ * 2 ** (_LOWEST + step / _STEPS_PER_OCTAVE)
        turns = f0_hz * np.arange(1, int(0.5 * SAMPLE_RATE_HZ / f0_hz) + 1)[:, None] * seconds
        shift = rng.random((len(turns), 1))
        # The power per Hz is the same for all pitches.
        sound = np.sqrt(f0_hz) * np.cos(2 * np.pi * (turns + shift)).sum(axis=0)
        rows.append(np.exp(log_mel(sound.astype(np.float32))[4:-4] / MEL_SCALE).mean(axis=0))
    power = np.array(rows) / np.mean(rows, axis=0)
    return np.asarray(MEL_SCALE * np.log(power + _VALLEY), np.float32)
