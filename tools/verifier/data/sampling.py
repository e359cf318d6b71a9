"""Training windows: words, the device's own candidates, and anything else, in fresh noise.

A word lies where the device would report it: in half of the draws its start is within 30 ms of
frame 50, in the others within 400 ms. False accepts and random stretches of other speech are
placed and cut the same way, so that neither place nor length distinguishes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pywakeword.training.material.features import (
    TEACHER_STEP_FRAMES,
    TEACHER_WINDOW_FRAMES,
    Entry,
    Store,
)
from pywakeword.training.network.mixing import Mixer
from tools.verifier.data.candidates import MARGIN_FRAMES, Candidates
from tools.verifier.data.windows import (
    PADDING,
    PRE_ROLL_FRAMES,
    STORE_OFFSET,
    WINDOW_FRAMES,
    cut,
    truncate,
)

_WORD_SHARE, _CANDIDATE_SHARE = 0.36, 0.34  # of a batch; the rest is any other speech
_SYNTHETIC_SHARE = 0.25  # of the words
_STEADY_SHARE, _STEADY_FRAMES = 0.5, 3.0
_WHOLE_SHARE = 0.25  # the snippet goes on beyond the device's decision
_DELAY_FRAMES = (1, 30)  # from the end of the word to the device's decision
_BEFORE_SHARE, _AFTER_SHARE = 0.2, 0.35  # other speech around a word
_SILENCED_SHARE = 0.5  # nothing around a candidate
_GAP_FRAMES = (4, 25)
_ONSET_SHARE = 0.08


@dataclass(frozen=True)
class Windows:
    """A batch.

    Attributes
    ----------
    features : (batch, 195, 64) Tensor
        Padded from `n_frames` on.
    n_frames : (batch,) Tensor of int64
        Frames before the padding.
    word : (batch,) Tensor of int64
        Which word it is, -1 for none.
    start, end : (batch,) Tensor
        The word, in frames from the window's first; nan for none.
    teacher, known : (batch, rows, 96) Tensor and (batch, rows) Tensor of bool
        Standardised rows of the teacher, see `teacher_frames`, and which there are.
    """

    features: Tensor
    n_frames: Tensor
    word: Tensor
    start: Tensor
    end: Tensor
    teacher: Tensor
    known: Tensor


def teacher_frames() -> npt.NDArray[np.int64]:
    """Newest frames at which the teacher runs: every second step of 40 ms."""
    return np.arange(2, WINDOW_FRAMES, 8)


class Sampler:
    """Draws batches; equal seeds draw equal batches."""

    def __init__(
        self,
        speech: Store,
        interference: Store,
        candidates: Candidates,
        words: tuple[str, ...],
        seed: int,
    ) -> None:
        self._store, self._candidates, self._words = speech, candidates, words
        self._rng = np.random.default_rng(seed)
        self._mixer = Mixer(interference, seed + 1)
        entries = speech.entries
        self._takes = {
            (w, kind): [e for e in entries if e.label == w and e.kind == kind]
            for w in words
            for kind in ("real", "synthetic")
        }
        self._others = [e for e in entries if e.label not in words]
        length = np.sqrt([e.n_frames for e in self._others])
        self._other_weights = length / length.sum()
        rows = speech.embeddings[:: max(1, len(speech.embeddings) // 20_000)].astype(np.float32)
        rows = rows[np.isfinite(rows[:, 0])]
        self._mean, self._spread = rows.mean(0), rows.std(0) + 1e-3

    def __call__(self, batch: int) -> Windows:
        """Draw a batch."""
        rng = self._rng
        per_word = round(batch * _WORD_SHARE / len(self._words))
        drawn = [self._word(i) for i in range(len(self._words)) for _ in range(per_word)]
        drawn += [self._candidate() for _ in range(round(batch * _CANDIDATE_SHARE))]
        drawn += [self._other() for _ in range(batch - len(drawn))]
        frames = np.stack([d.frames for d in drawn])
        voices = ["synthetic" if d.synthetic else "real" for d in drawn]
        mixed = self._mixer(frames, mixed_share=0.6, voices=voices)
        features = mixed.features.transpose(1, 2).numpy()
        n_frames = np.array([d.n_frames for d in drawn])
        features = truncate(features, n_frames)
        for i, d in enumerate(drawn):
            if rng.random() < _ONSET_SHARE and d.span[0] > 8:
                features[i, : int(rng.integers(1, int(d.span[0]) - 5))] = PADDING
        teacher = np.stack([d.teacher for d in drawn])
        known = np.isfinite(teacher[..., 0]) & (teacher_frames() < n_frames[:, None])
        known &= teacher_frames() >= TEACHER_WINDOW_FRAMES - TEACHER_STEP_FRAMES
        teacher = np.where(known[..., None], (teacher - self._mean) / self._spread, 0)
        word = np.array([d.word for d in drawn])
        spans = np.array([d.span if d.word >= 0 else (np.nan, np.nan) for d in drawn], np.float32)
        return Windows(
            torch.from_numpy(features),
            torch.from_numpy(n_frames),
            torch.from_numpy(word),
            torch.from_numpy(spans[:, 0]),
            torch.from_numpy(spans[:, 1]),
            torch.from_numpy(teacher.astype(np.float32)),
            torch.from_numpy(known),
        )

    def _moved(self) -> float:
        """How late the start estimate is, in frames."""
        if self._rng.random() < _STEADY_SHARE:
            return float(self._rng.normal(0, _STEADY_FRAMES))
        return float(self._rng.uniform(-MARGIN_FRAMES, MARGIN_FRAMES))

    def _length(self, end: float) -> int:
        """Frames until the device decided on a word that ends at `end` in the window."""
        if self._rng.random() < _WHOLE_SHARE:
            return WINDOW_FRAMES
        late = end + self._rng.uniform(*_DELAY_FRAMES)
        return int(np.clip(late, PRE_ROLL_FRAMES, WINDOW_FRAMES))

    def _any_take(self, index: int) -> Entry:
        word, rng = self._words[index], self._rng
        kind = "synthetic" if rng.random() < _SYNTHETIC_SHARE else "real"
        pool = self._takes[word, kind] or self._takes[word, "synthetic"]
        return pool[int(rng.integers(len(pool)))]

    def _clip(self, entry: Entry) -> npt.NDArray[np.float16]:
        return self._store.features[entry.first_frame : entry.first_frame + entry.n_frames]

    def _word(self, index: int) -> _Drawn:
        entry = self._any_take(index)
        start, end = entry.word_start + STORE_OFFSET, entry.word_end + STORE_OFFSET
        return self._place(entry, start, end, index)

    def _other(self) -> _Drawn:
        rng = self._rng
        entry = self._others[int(rng.choice(len(self._others), p=self._other_weights))]
        like = self._any_take(int(rng.integers(len(self._words))))
        # Somewhere in the clip proper, as long as some take of a word.
        start = rng.uniform(180, max(181, entry.n_frames - 100))
        return self._place(entry, start, start + like.word_end - like.word_start, -1)

    def _place(self, entry: Entry, start: float, end: float, word: int) -> _Drawn:
        first = round(start + self._moved()) - PRE_ROLL_FRAMES
        span = (start - first, end - first)
        frames = cut(self._clip(entry), first, WINDOW_FRAMES)
        teacher = self._teacher(entry, first)
        if self._around(frames, span):
            teacher[:] = np.nan
        return _Drawn(frames, self._length(span[1]), word, span, teacher, entry.kind == "synthetic")

    def _around(self, frames: npt.NDArray[np.float16], span: tuple[float, float]) -> bool:
        """Put other speech before or after the word; return whether there is any."""
        rng = self._rng
        gaps = rng.integers(*_GAP_FRAMES, 2)
        before, after = int(span[0] - gaps[0]), int(span[1] + gaps[1])
        speaks = rng.random(2) < (_BEFORE_SHARE, _AFTER_SHARE)
        speaks &= (before > 0, after < WINDOW_FRAMES)
        for part, wanted in (
            (slice(0, max(before, 0)), speaks[0]),
            (slice(after, None), speaks[1]),
        ):
            if wanted:
                entry = self._others[int(rng.integers(len(self._others)))]
                first = int(rng.integers(150, max(151, entry.n_frames - 150)))
                speech = cut(self._clip(entry), first, WINDOW_FRAMES)[part]
                louder = np.logaddexp(frames[part].astype(np.float32), speech.astype(np.float32))
                frames[part] = louder
        return bool(speaks.any())

    def _candidate(self) -> _Drawn:
        rng, candidates = self._rng, self._candidates
        at = int(rng.integers(len(candidates)))
        moved = 0 if rng.random() < _STEADY_SHARE else round(self._moved())
        first = MARGIN_FRAMES + moved
        frames = candidates.frames[at, first : first + WINDOW_FRAMES].copy()
        start = PRE_ROLL_FRAMES - moved
        decided = int(np.clip(start + candidates.decided[at], 1, WINDOW_FRAMES))
        n_frames = WINDOW_FRAMES if rng.random() < _WHOLE_SHARE else decided
        if rng.random() < _SILENCED_SHARE:
            gaps = rng.integers(*_GAP_FRAMES, 2)
            frames[: max(start - int(gaps[0]), 0)] = PADDING
            frames[decided + int(gaps[1]) :] = PADDING
        unknown = np.full((len(teacher_frames()), self._store.embeddings.shape[1]), np.nan)
        span = (float(start), float(decided))
        return _Drawn(frames, n_frames, -1, span, unknown.astype(np.float32), False)

    def _teacher(self, entry: Entry, first: int) -> npt.NDArray[np.float32]:
        """Rows of the teacher for the newest frames, between its steps interpolated."""
        newest = first + teacher_frames() - STORE_OFFSET
        position = (newest - (TEACHER_WINDOW_FRAMES - 1)) / TEACHER_STEP_FRAMES
        row = np.floor(position).astype(np.int64)
        exists = (row >= 0) & (row + 1 < entry.n_embeddings)
        at = entry.first_embedding + np.where(exists, row, 0)
        weight = (position - row)[:, None].astype(np.float32)
        rows = self._store.embeddings
        between = rows[at] * (1 - weight) + rows[at + 1] * weight
        return np.where(exists[:, None], between, np.nan).astype(np.float32)


@dataclass(frozen=True)
class _Drawn:
    frames: npt.NDArray[np.float16]  # (195, 64)
    n_frames: int
    word: int
    span: tuple[float, float]  # of the word, or of what is placed like one
    teacher: npt.NDArray[np.float32]
    synthetic: bool
