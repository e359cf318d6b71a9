"""Fresh streams for every batch, mixed in the feature domain, with their frame labels.

Energies add, a level is a factor, a tilt a factor per band (training/network/mixing.py does the
same for keywords; here streams are whole conversations with a device: takes, pauses,
interference that comes and goes, and long stretches without any speech).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pywakeword.training.material.features import FLOOR, N_MELS
from pywakeword.training.network.mixing import STORED_LEVEL_DB, band_widths
from tools.vad.data.prepare import Pieces

_HANN_ENERGY = 150.0  # energy of white noise of variance 1, per unit of filter width
_NO_SPEECH_SHARE = 0.3
_INTERFERENCE_SHARE = 0.8
_GATED_SHARE = 0.3
_MUSIC_SHARE = 0.45  # of the sounds in a stream


class Mixer:
    """Draws batches; equal seeds give equal batches."""

    def __init__(self, speech: Pieces, sounds: Pieces, music: Pieces, seed: int) -> None:
        self._speech, self._sounds, self._music = speech, sounds, music
        self.random = np.random.default_rng(seed)
        self._widths = band_widths().numpy()
        self._spread = 0.9 / np.sqrt(self._widths)

    def batch(self, size: int, n_frames: int) -> tuple[Tensor, Tensor]:
        """Features (size, 64, n_frames) and labels (size, n_frames)."""
        made = [self._stream(n_frames) for _ in range(size)]
        features = np.stack([f for f, _ in made]).transpose(0, 2, 1)
        labels = np.stack([labels for _, labels in made])
        return torch.from_numpy(np.ascontiguousarray(features)), torch.from_numpy(labels)

    def _stream(self, n_frames: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        rng = self.random
        level_db = rng.uniform(-55, -10)
        floor_db = min(rng.uniform(-100, -45), level_db - 5)
        energy = np.zeros((n_frames, N_MELS), np.float32)
        labels = np.zeros(n_frames, np.float32)
        spoken = rng.random() >= _NO_SPEECH_SHARE
        if spoken:
            self._talk(energy, labels)
            energy *= _factor(level_db - STORED_LEVEL_DB) * self._equaliser(12, 4)
        noise = _factor(floor_db) * _HANN_ENERGY * self._widths * self._equaliser(20, 3)
        energy += noise * np.exp(self._spread * rng.standard_normal(energy.shape, np.float32))
        if rng.random() < _INTERFERENCE_SHARE or not spoken:
            for _ in range(1 + (rng.random() < 0.25)):
                sound_db = level_db - rng.uniform(-3, 28) if spoken else rng.uniform(-75, -5)
                self._interfere(energy, _factor(sound_db - STORED_LEVEL_DB))
        if rng.random() < _GATED_SHARE:
            # A stream that has just begun: what sounds on at once is not yet speech.
            first, last = 0, int(rng.integers(n_frames))
            if rng.random() < 0.3:  # or a microphone that was switched off for a while
                first, last = last, min(n_frames, last + int(rng.integers(20, 300)))
            energy[first:last] = 0
            labels[first:last] = 0
        return np.log(energy + np.float32(FLOOR)), labels

    def _talk(self, energy: npt.NDArray[np.float32], labels: npt.NDArray[np.float32]) -> None:
        """Lay down takes and pauses in turn, all by one vocal tract."""
        rng = self.random
        at = int(rng.integers(-200, 150))
        warp = rng.uniform(-0.1, 0.1) if rng.random() < 0.5 else 0.0
        while at < len(energy):
            piece = int(rng.integers(len(self._speech)))
            first, end = self._speech.bounds[piece : piece + 2]
            skip = max(0, -at)
            length = min(end - first - skip, len(energy) - max(at, 0))
            if length > 0:
                source = slice(first + skip, first + skip + length)
                to = slice(max(at, 0), max(at, 0) + length)
                take = np.exp(self._speech.features[source].astype(np.float32)) - np.float32(FLOOR)
                energy[to] += _warped(np.maximum(take, 0), warp) * _factor(rng.normal(0, 2.5))
                labels[to] = self._speech.labels[source]
            at += int(end - first) + int(
                rng.exponential(60) if rng.random() < 0.6 else rng.uniform(0, 400)
            )

    def _interfere(self, energy: npt.NDArray[np.float32], factor: np.float32) -> None:
        """One sound over the whole stream, or over a part of it."""
        rng = self.random
        sounds = self._music if rng.random() < _MUSIC_SHARE else self._sounds
        piece = int(rng.integers(len(sounds)))
        first, end = sounds.bounds[piece : piece + 2]
        start, stop = 0, len(energy)
        if rng.random() < 0.4:
            start, stop = sorted(rng.integers(0, len(energy), 2))
        # Few sounds must stand for all there are: other speeds, sizes, and backwards.
        walk = np.arange(stop - start) * rng.uniform(0.75, 1.33) * rng.choice([-1, 1], p=[0.3, 0.7])
        index = first + (int(rng.integers(end - first)) + walk.astype(int)) % (end - first)
        sound = np.exp(sounds.features[index].astype(np.float32))
        sound = _warped(sound, rng.uniform(-0.2, 0.2) if rng.random() < 0.6 else 0.0)
        energy[start:stop] += sound * factor * self._equaliser(12, 4)

    def _equaliser(self, tilt_db: float, ripple_db: float) -> npt.NDArray[np.float32]:
        rng = self.random
        ramp = np.linspace(-0.5, 0.5, N_MELS)
        ripple = rng.uniform(0, ripple_db) * np.sin(
            rng.uniform(0, 6.3) + rng.uniform(0.5, 2.5) * 2 * np.pi * ramp
        )
        level_db = rng.uniform(-tilt_db, tilt_db) * ramp + ripple
        return np.asarray(10 ** (level_db / 10), np.float32)


def _factor(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 10))


def _warped(energy: npt.NDArray[np.float32], warp: float) -> npt.NDArray[np.float32]:
    """Stretch the mel axis: another vocal tract, a thing of another size."""
    if warp == 0.0:
        return energy
    position = np.clip(np.arange(N_MELS) * (1 + warp), 0, N_MELS - 1.001)
    low = position.astype(int)
    weight = (position - low).astype(np.float32)
    return energy[:, low] * (1 - weight) + energy[:, low + 1] * weight
