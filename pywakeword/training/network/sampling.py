"""Choose the stretch of a clip for a batch, and its targets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.features import (
    FLOOR,
    LEAD_S,
    N_MELS,
    TEACHER_STEP_FRAMES,
    TEACHER_WINDOW_FRAMES,
    Entry,
    Store,
)
from pywakeword.training.network.shape import Shape

_LEAD_FRAMES = int(LEAD_S * 100)
SILENCE = np.float16(np.log(FLOOR))

# Frames relative to the true end of the word, for the newest frame of an output: inside
# POSITIVE the word is over and must be reported; in IGNORED around it either is right.
POSITIVE = (-2, 16)
IGNORED = (-25, 45)
# Before its end too: a drawn-out last vowel must not be taken for the silence after it.
BOUNDARIES = (-20, 26)
BOUNDARY_UNIT = 50.0  # frames; keeps the regression targets near 1


@dataclass(frozen=True)
class Targets:
    """Per output step; word -1 where the clip holds none.

    posterior : (batch, words, steps) of 1, 0 or nan (ignored); start, end : the same shape,
    how long ago the word started and ended, in BOUNDARY_UNIT; nan without a word.
    """

    posterior: npt.NDArray[np.float32]
    start: npt.NDArray[np.float32]
    end: npt.NDArray[np.float32]


def crop(
    store: Store, entry: Entry, start: int, n_frames: int, tempo: float = 1.0
) -> npt.NDArray[np.float16]:
    """Frames [start, start + n_frames) of a clip, silence beyond its ends.

    At another tempo, `entry` is `Entry.at_tempo` of the stored one. The pitch stays.
    """
    if tempo != 1.0:
        first = math.floor(start * tempo)
        stored = replace(entry, n_frames=int(entry.n_frames * tempo))
        frames = crop(store, stored, first, math.ceil(n_frames * tempo) + 2).astype(np.float32)
        place = (start + np.arange(n_frames)) * tempo - first
        below = place.astype(int)
        weight = (place - below)[:, None].astype(np.float32)
        return np.asarray(frames[below] * (1 - weight) + frames[below + 1] * weight, np.float16)
    out = np.full((n_frames, N_MELS), SILENCE, np.float16)
    first, last = max(start, 0), min(start + n_frames, entry.n_frames)
    if last > first:
        at = entry.first_frame
        out[first - start : last - start] = store.features[at + first : at + last]
    return out


def random_start(entry: Entry, n_frames: int, window: int, rng: np.random.Generator) -> int:
    """Choose a crop whose outputs look at the clip rather than at the silence before it."""
    earliest = max(_LEAD_FRAMES + 20 - window, -window)
    latest = max(earliest + 1, entry.n_frames - n_frames + 20)
    return int(rng.integers(earliest, latest))


def start_around_word(entry: Entry, n_frames: int, window: int, rng: np.random.Generator) -> int:
    """Choose a crop in which the word ends at a random output, positives included."""
    end = round(entry.word_end)
    return int(end - rng.integers(window + 4, n_frames - 24))


def align_to_teacher(start: int, shape: Shape) -> int:
    """Move `start` so that every second trunk output falls on a teacher row."""
    phase = (start + shape.trunk_frames - 1 - (TEACHER_WINDOW_FRAMES - 1)) % TEACHER_STEP_FRAMES
    return start - phase


def teacher_rows(
    store: Store, entry: Entry, start: int, n_steps: int, shape: Shape
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Teacher embeddings for the even trunk outputs of an aligned crop, and which exist."""
    newest = start + shape.trunk_frames - 1 + shape.stride * np.arange(0, n_steps, 2)
    row = (newest - (TEACHER_WINDOW_FRAMES - 1)) // TEACHER_STEP_FRAMES
    exists = (row >= 0) & (row < entry.n_embeddings)
    if not exists.any():
        return np.zeros((len(row), store.embeddings.shape[1]), np.float32), exists
    at = np.where(exists, entry.first_embedding + row, 0)
    rows = store.embeddings[at].astype(np.float32)
    exists &= np.isfinite(rows[:, 0])
    return np.where(exists[:, None], rows, 0), exists


def targets(entries: list[Entry], starts: list[int], n_steps: int, shape: Shape) -> Targets:
    """Return the targets of every head at every output of the crops."""
    size = (len(entries), len(shape.words), n_steps)
    posterior = np.zeros(size, np.float32)
    start = np.full(size, np.nan, np.float32)
    end = np.full(size, np.nan, np.float32)
    newest = shape.window_frames - 1 + shape.stride * np.arange(n_steps)
    for i, (entry, first) in enumerate(zip(entries, starts)):
        if entry.label not in shape.words:
            continue
        word = shape.words.index(entry.label)
        since_end = newest + first - entry.word_end
        inside = (since_end >= POSITIVE[0]) & (since_end <= POSITIVE[1])
        near = (since_end >= IGNORED[0]) & (since_end <= IGNORED[1])
        posterior[i, word] = np.where(inside, 1.0, np.where(near, np.nan, 0.0))
        start[i, word] = (newest + first - entry.word_start) / BOUNDARY_UNIT
        end[i, word] = since_end / BOUNDARY_UNIT
    return Targets(posterior, start, end)
