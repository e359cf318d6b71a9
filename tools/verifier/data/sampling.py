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

from pywakeword.training.material.features import Entry, Store
from pywakeword.training.network.mixing import Mixer
from tools.verifier.data.candidates import MARGIN_FRAMES
from tools.verifier.data.mined import Mined
from tools.verifier.data.windows import (
    PADDING,
    PRE_ROLL_FRAMES,
    STORE_OFFSET,
    WINDOW_FRAMES,
    cut,
    truncate,
)

_WORD_SHARE, _CANDIDATE_SHARE = 0.36, 0.34  # of a batch; the rest is any other speech
_OWN_SHARE = 0.03
# Of every kind of take among the words; a kind with fewer takes than _FULL_SHARE has less.
_SHARES = {"real": 0.4, "synthetic": 0.08, "natural": 0.34, "spliced": 0.18}
_FULL_SHARE = 200
_ALONE = ("real", "synthetic")  # what has no other speech around it yet
_EASY = 0.1
_LATER = (0, 12)  # frames from the highest score to the device's decision
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
    state : (batch, 22) Tensor
        The device state, one-hot.
    """

    features: Tensor
    n_frames: Tensor
    word: Tensor
    start: Tensor
    end: Tensor
    state: Tensor


class Sampler:
    """Draws batches; equal seeds draw equal batches."""

    def __init__(
        self,
        speech: Store,
        interference: Store,
        mined: Mined,
        words: tuple[str, ...],
        seed: int,
    ) -> None:
        self._store, self._mined, self._words = speech, mined, words
        self._rng = np.random.default_rng(seed)
        self._mixer = Mixer(interference, seed + 1, tuple(w.replace("_", " ") for w in words))
        self._own_word = any(
            e.kind == "tts" and any(w.replace("_", " ") in e.said for w in words)
            for e in interference.entries
        )
        entries = speech.entries
        self._takes = {
            w: {k: [e for e in entries if e.label == w and e.kind == k] for k in _SHARES}
            for w in words
        }
        # A word with four times the takes is drawn twice as often.
        sizes = np.sqrt([sum(map(len, kinds.values())) for kinds in self._takes.values()])
        self._word_shares = sizes / sizes.sum()
        self._others = [e for e in entries if e.label not in words]
        length = np.sqrt([e.n_frames for e in self._others])
        self._other_weights = length / length.sum()
        # What the device scores high decides more often.
        hard = _EASY + mined.score.astype(np.float64) ** 2
        self._mined_weights = hard / hard.sum()

    def __call__(self, batch: int) -> Windows:
        """Draw a batch."""
        rng = self._rng
        counts = rng.multinomial(round(batch * _WORD_SHARE), self._word_shares)
        drawn = [self._word(i) for i, count in enumerate(counts) for _ in range(count)]
        if self._own_word:
            drawn += [self._own_voice() for _ in range(round(batch * _OWN_SHARE))]
        drawn += [self._candidate() for _ in range(round(batch * _CANDIDATE_SHARE))]
        drawn += [self._other() for _ in range(batch - len(drawn))]
        frames = np.stack([d.frames for d in drawn])
        voices = [d.kind for d in drawn]
        mixed = self._mixer(frames, mixed_share=0.6, voices=voices)
        features = mixed.features.transpose(1, 2).numpy()
        n_frames = np.array([d.n_frames for d in drawn])
        features = truncate(features, n_frames)
        for i, d in enumerate(drawn):
            if rng.random() < _ONSET_SHARE and d.span[0] > 8:
                features[i, : int(rng.integers(1, int(d.span[0]) - 5))] = PADDING
        word = np.array([d.word for d in drawn])
        spans = np.array([d.span if d.word >= 0 else (np.nan, np.nan) for d in drawn], np.float32)
        return Windows(
            torch.from_numpy(features),
            torch.from_numpy(n_frames),
            torch.from_numpy(word),
            torch.from_numpy(spans[:, 0]),
            torch.from_numpy(spans[:, 1]),
            mixed.state,
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
        rng, kinds = self._rng, self._takes[self._words[index]]
        # Two takes of a kind are not a third of a batch.
        shares = np.array([_SHARES[k] * min(1, len(e) / _FULL_SHARE) for k, e in kinds.items()])
        pool = kinds[str(rng.choice(list(kinds), p=shares / shares.sum()))]
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
        if entry.kind in _ALONE:
            self._around(frames, span)
        return _Drawn(frames, self._length(span[1]), word, span, entry.kind)

    def _own_voice(self) -> _Drawn:
        """Let the device itself say a word, and know it."""
        frames = self._mixer.own_word(WINDOW_FRAMES, WINDOW_FRAMES)
        span = (float(PRE_ROLL_FRAMES), PRE_ROLL_FRAMES + 60.0)
        return _Drawn(frames, self._length(span[1]), -1, span, "own")

    def _around(self, frames: npt.NDArray[np.float16], span: tuple[float, float]) -> None:
        """Put other speech before or after the word, at times."""
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

    def _candidate(self) -> _Drawn:
        rng, mined = self._rng, self._mined
        at = int(rng.choice(len(mined), p=self._mined_weights))
        entry = self._store.entries[mined.entry[at]]
        moved = 0 if rng.random() < _STEADY_SHARE else round(self._moved())
        first = int(mined.start[at]) + moved - PRE_ROLL_FRAMES
        frames = cut(self._clip(entry), first, WINDOW_FRAMES)
        start, decided = PRE_ROLL_FRAMES - moved, int(mined.decided[at]) - first
        decided = int(np.clip(decided + rng.integers(*_LATER), 1, WINDOW_FRAMES))
        n_frames = WINDOW_FRAMES if rng.random() < _WHOLE_SHARE else decided
        if rng.random() < _SILENCED_SHARE:
            gaps = rng.integers(*_GAP_FRAMES, 2)
            frames[: max(start - int(gaps[0]), 0)] = PADDING
            frames[decided + int(gaps[1]) :] = PADDING
        return _Drawn(frames, n_frames, -1, (float(start), float(decided)), entry.kind)


@dataclass(frozen=True)
class _Drawn:
    frames: npt.NDArray[np.float16]  # (195, 64)
    n_frames: int
    word: int
    span: tuple[float, float]  # of the word, or of what is placed like one
    kind: str
