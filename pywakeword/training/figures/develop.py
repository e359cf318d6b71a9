"""The dev split through the float network: steers training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.device_state import STATE_SIZES, DeviceState
from pywakeword.measure.evaluation import frr_at_fa, peaks
from pywakeword.training.figures.conditions import Conditions, Stream
from pywakeword.training.material.features import lfbe
from pywakeword.training.network.network import Network
from pywakeword.training.network.sampling import SILENCE
from pywakeword.training.network.shape import REFRACTORY_S, SMOOTHING

_GAP_FRAMES = 50


def one_hot(state: DeviceState) -> npt.NDArray[np.float32]:
    """Return the state as the network sees it, (22,)."""
    row = np.zeros(sum(STATE_SIZES), np.float32)
    offset = 0
    for index, size in zip(state.codes, STATE_SIZES):
        row[offset + index] = 1
        offset += size
    return row


def smooth(
    posterior: npt.NDArray[np.floating], outputs: int = SMOOTHING
) -> npt.NDArray[np.float32]:
    """Mean of the last `outputs` values along axis 0, as the detector smooths."""
    padded = np.concatenate([np.zeros((outputs - 1, *posterior.shape[1:]), np.float32), posterior])
    return np.asarray(np.mean([padded[i : i + len(posterior)] for i in range(outputs)], axis=0))


@torch.no_grad()
def outputs(
    network: Network, features: npt.NDArray[np.float16], state: DeviceState
) -> npt.NDArray[np.float32]:
    """(n_outputs, words, 3) of one stream, primed with silence as the device is."""
    shape = network.shape
    lead = np.full((shape.window_frames - shape.stride, features.shape[1]), SILENCE, np.float16)
    x = torch.from_numpy(np.concatenate([lead, features]).T.astype(np.float32))[None]
    embedded = network.embed_state(torch.from_numpy(one_hot(state))[None])
    trunk = network.trunk(x, embedded)
    heads = [network.head(i, trunk, embedded) for i in range(len(network.heads))]
    return torch.stack(heads, 1)[0].permute(2, 0, 1).numpy()


@dataclass
class _Take:
    features: npt.NDArray[np.float16]
    state: DeviceState
    first_frame: float
    last_frame: float


class Development:
    """Features of the dev streams, made once."""

    def __init__(
        self,
        conditions: Conditions,
        words: tuple[str, ...],
        names: Iterable[str],
        *,
        negatives: bool = True,
    ) -> None:
        self.words = words
        self.takes = {
            (word, name): [self._take(s) for s in conditions.positives(word, name)]
            for word in words
            for name in names
        }
        streams: list[Stream] = []
        if negatives:
            streams += [*conditions.negatives(words), *conditions.more_negatives(words)]
        self.negatives: list[
            tuple[DeviceState, npt.NDArray[np.float16], list[tuple[int, str]]]
        ] = []
        samples = 0
        by_state: dict[DeviceState, list[Stream]] = {}
        for stream in streams:
            by_state.setdefault(stream.state, []).append(stream)
            samples += len(stream.pcm)
        for state, group in by_state.items():
            parts, marks, at = [], [], 0
            for stream in group:
                frames = lfbe(stream.pcm.astype(np.float32) / 32768).astype(np.float16)
                marks.append((at, stream.name))
                parts += [frames, np.full((_GAP_FRAMES, frames.shape[1]), SILENCE, np.float16)]
                at += len(frames) + _GAP_FRAMES
            self.negatives.append((state, np.concatenate(parts), marks))
        self.hours = samples / SAMPLE_RATE_HZ / 3600

    @staticmethod
    def _take(stream: Stream) -> _Take:
        span = stream.word or (np.nan, np.nan)
        first, last = ((s - 400) / 160 for s in span)
        frames = lfbe(stream.pcm.astype(np.float32) / 32768).astype(np.float16)
        return _Take(frames, stream.state, first, last)

    def negative_peaks(
        self, network: Network
    ) -> tuple[list[npt.NDArray[np.floating]], list[list[tuple[float, str]]]]:
        """Per word: peak scores over all negatives, and the worst ten with their clip."""
        every: list[list[npt.NDArray[np.floating]]] = [[] for _ in self.words]
        worst: list[list[tuple[float, str]]] = [[] for _ in self.words]
        for state, features, marks in self.negatives:
            posterior = 1 / (1 + np.exp(-outputs(network, features, state)[:, :, 0]))
            scores = smooth(posterior)
            starts = np.array([m[0] for m in marks]) / network.shape.stride
            for i in range(len(self.words)):
                every[i].append(peaks(scores[:, i], 0.01 * network.shape.stride, REFRACTORY_S))
                for at in np.argsort(-scores[:, i])[:30]:
                    clip = marks[int(np.searchsorted(starts, at, side="right")) - 1][1]
                    worst[i].append((float(scores[at, i]), clip))
        named = [
            sorted({n: s for s, n in sorted(w)}.items(), key=lambda x: -x[1])[:10] for w in worst
        ]
        return [np.concatenate(e) for e in every], [[(s, n) for n, s in w] for w in named]

    def report(self, network: Network, rates: tuple[float, ...] = (0.5, 1.0)) -> dict[str, Any]:
        """Misses per word and condition at rates of false accepts, boundary errors in quiet."""
        network.eval()
        found, worst = self.negative_peaks(network)
        report: dict[str, Any] = {"negative_hours": self.hours}
        for i, word in enumerate(self.words):
            rows: dict[str, Any] = {"worst_negatives": worst[i]}
            for (w, name), takes in self.takes.items():
                if w != word:
                    continue
                scores, starts, ends = [], [], []
                for take in takes:
                    out = outputs(network, take.features, take.state)[:, i]
                    score = smooth(1 / (1 + np.exp(-out[:, 0])))
                    best = int(np.argmax(score))
                    scores.append(score[best])
                    newest = network.shape.stride * best + network.shape.stride - 1
                    starts.append(newest - 50 * out[best, 1] - take.first_frame)
                    ends.append(newest - 50 * out[best, 2] - take.last_frame)
                points = [frr_at_fa(scores, found[i], self.hours, r) for r in rates]
                rows[name] = {
                    "misses": {str(r): f"{p.misses}/{p.positives}" for r, p in zip(rates, points)},
                    "threshold": points[-1].threshold,
                    "start_ms": _error_ms(starts),
                    "end_ms": _error_ms(ends),
                }
            report[word] = rows
        return report


def _error_ms(frames: list[float]) -> str:
    error = np.abs(frames) * 10
    error = error[np.isfinite(error)]
    within = float(np.mean(error <= 80))
    median, p90 = np.percentile(error, (50, 90))
    return f"median {median:.0f}, p90 {p90:.0f}, within 80: {within:.2f}"
