"""What the device reports at a low threshold: words and false accepts, with the audio around.

The streams go through the real WakeWord. A candidate has the frames around the device's start
estimate, so that the estimate can be moved afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

import pywakeword
from pywakeword.measure.scanning import TRAILING_SILENCE_SAMPLES
from pywakeword.training.figures.conditions import Stream
from pywakeword.training.material.features import HOP, WINDOW, lfbe
from pywakeword.verifier.snippet import state_vector
from tools.verifier.data.windows import PRE_ROLL_FRAMES, WINDOW_FRAMES, cut, truncate

MARGIN_FRAMES = 40  # how far the start estimate can be moved
DEFAULT = -1.0  # threshold of a device that uses its card's
_SAME_WORD_S = 0.5  # a start estimate within this of the true start means the word


@dataclass(frozen=True)
class Candidates:
    """Candidates of one word.

    Attributes
    ----------
    frames : (n, 275, 64) ndarray of float16
        Frame MARGIN_FRAMES + PRE_ROLL_FRAMES begins at the device's start estimate.
    decided : (n,) ndarray of int
        Whole frames from the start estimate to where the device decided.
    score, threshold : (n,) ndarray of float
        The device's, and the threshold it ran at.
    start, end : (n,) ndarray of float
        The true word, in frames from the start estimate; nan for a false accept.
    state : (n, 22) ndarray of uint8
        The device state, one-hot.
    group, source : (n,) ndarray of str
        Leak group; condition of a take, name of a negative stream.
    take : (n,) ndarray of int
        Number of the stream.
    """

    frames: npt.NDArray[np.float16]
    decided: npt.NDArray[np.int64]
    score: npt.NDArray[np.float32]
    threshold: npt.NDArray[np.float64]
    start: npt.NDArray[np.float32]
    end: npt.NDArray[np.float32]
    state: npt.NDArray[np.uint8]
    group: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    take: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def is_word(self) -> npt.NDArray[np.bool_]:
        """Which of them are the word."""
        return ~np.isnan(self.start)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Candidates:
        """Return the candidates that `chosen` selects."""
        return Candidates(*(getattr(self, f.name)[chosen] for f in fields(self)))

    @classmethod
    def merged(cls, parts: list[Candidates]) -> Candidates:
        """Concatenate candidates."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def windows(self, moved: int = 0) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Return the verifier's input with the start estimate `moved` frames later.

        Returns
        -------
        windows : (n, 195, 64) ndarray of float32
            Padded from where the device decided.
        n_frames : (n,) ndarray of int64
            Frames before the padding.
        """
        first = MARGIN_FRAMES + moved
        n_frames = np.clip(PRE_ROLL_FRAMES + self.decided - moved, 1, WINDOW_FRAMES)
        windows = self.frames[:, first : first + WINDOW_FRAMES].astype(np.float32)
        return truncate(windows, n_frames), n_frames

    def save(self, path: Path) -> None:
        """Write an .npz, complete or not at all."""
        part = path.with_suffix(".part.npz")
        np.savez(part, **{f.name: getattr(self, f.name) for f in fields(self)})
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> Candidates:
        """Read what `save` wrote."""
        with np.load(path) as arrays:
            return cls(**{f.name: arrays[f.name] for f in fields(cls)})


class Scanner:
    """Collects candidates of one word from streams, at several thresholds in one pass.

    Parameters
    ----------
    model : str or path
        The device model.
    thresholds : sequence of float
        One device runs at each of them; `DEFAULT` stands for those of its card.
    """

    def __init__(self, model: str | Path, thresholds: Iterable[float]) -> None:
        self._spotters = {
            t: pywakeword.WakeWord(model, threshold=None if t == DEFAULT else t)
            for t in dict.fromkeys(thresholds)
        }
        (self._keyword,) = next(iter(self._spotters.values())).keywords
        self._rows: list[tuple[object, ...]] = []
        self._takes = 0
        self.seconds: dict[str, float] = {}  # of scanned negatives, by leak group

    def add(self, streams: Iterable[tuple[str, str, Stream]]) -> None:
        """Scan (leak group, source, stream) triples; a stream may hold one word."""
        for group, source, stream in streams:
            self._takes += 1
            if stream.word is None:
                seconds = self.seconds.get(group, 0.0) + len(stream.pcm) / 16_000
                self.seconds[group] = seconds
            pcm = np.concatenate([stream.pcm, np.zeros(TRAILING_SILENCE_SAMPLES, np.int16)])
            for threshold, spotter in self._spotters.items():
                spotter.reset()
                spotter.device_state = stream.state
                found = spotter.process(pcm)
                if stream.word is not None:
                    found = _the_word(found, stream.word)
                for detection in found:
                    self._keep(detection, pcm, stream.word, (threshold, group, source))

    def _keep(
        self,
        found: pywakeword.Detection,
        pcm: npt.NDArray[np.int16],
        word: tuple[int, int] | None,
        named: tuple[float, str, str],
    ) -> None:
        estimate = found.start_sample
        first = estimate - (MARGIN_FRAMES + PRE_ROLL_FRAMES) * HOP
        n_samples = (2 * MARGIN_FRAMES + WINDOW_FRAMES - 1) * HOP + WINDOW
        # As the verifier gets it: frames that begin exactly at the pre-roll of the estimate.
        phase = first % HOP if first < 0 else 0
        begin = phase if first < 0 else first
        audio = pcm[begin : first + n_samples].astype(np.float32) / 32768
        frames = cut(lfbe(audio), (first - begin) // HOP, 2 * MARGIN_FRAMES + WINDOW_FRAMES)
        decided = (found.detected_sample - estimate - WINDOW) // HOP + 1
        start, end = (np.nan, np.nan) if word is None else ((s - estimate) / HOP for s in word)
        threshold, group, source = named
        state = state_vector(found.device_state)
        row = (frames, decided, found.score, threshold, start, end, state, group, source)
        self._rows.append((*row, self._takes))

    def candidates(self) -> Candidates:
        """Return all of them."""
        if not self._rows:
            raise ValueError(f"the device reports nothing like {self._keyword!r} in these streams")
        columns = list(zip(*self._rows))
        kinds = (
            np.float16,
            np.int64,
            np.float32,
            np.float64,
            np.float32,
            np.float32,
            np.uint8,
            str,
            str,
            np.int64,
        )
        return Candidates(*(np.array(c, kind) for c, kind in zip(columns, kinds)))


def _the_word(
    found: list[pywakeword.Detection], word: tuple[int, int]
) -> list[pywakeword.Detection]:
    """Return the best detection of the word, if any."""
    near = [d for d in found if abs(d.start_sample - word[0]) < _SAME_WORD_S * 16_000]
    return [max(near, key=lambda d: d.score)] if near else []
