"""Fresh acoustic conditions for every batch, mixed in the feature domain.

Energies add (the cross terms average out), a level is a factor, a tilt or an equaliser a
factor per band, a longer or shorter vocal tract an interpolation over bands. That costs
a twentieth of mixing waveforms. What needs waveforms (rooms, loudspeakers, speed) was
prepared beforehand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS
from pywakeword.training.echo.material import LEFT
from pywakeword.training.material.features import FLOOR, N_MELS, Store

# Energy of white noise of variance 1 in each band: sum of the squared Hann window times
# the filter's weight sum; the weights grow linearly above 1 kHz.
_HANN_ENERGY = 150.0
STORED_LEVEL_DB = -26.0
# Own playback may be louder than the speaker: speech-to-echo ratio -10 to +15 dB.
_RATIO_DB = {
    "noise": (-3, 25),
    "babble": (0, 25),
    "music": (-10, 15),
    "tts": (-10, 15),
    "alarm": (-10, 15),
}
_OWN = ("music", "tts", "alarm")
_CANCELLED_SHARE = 0.25
_OWN_WORD_SHARE = 0.25  # of the mixtures with the device's speech: it says the wake word
_NARROW_SHARE = 0.12  # of a batch: a telephone's or an old headset's microphone
_NARROW_HZ, _NARROW_LOW_HZ = (2000.0, 4200.0), (0.0, 320.0)
_NARROW_FALL_DB = (30.0, 70.0)  # left of what lies beyond the band
# Of a batch: a dull voice, as many headsets record it, or from behind.
_DULL_SHARE, _DULL_FROM_HZ, _DULL_DB_PER_OCTAVE = 0.35, (500.0, 3000.0), (3.0, 15.0)
_MASKED_SHARE, _MASKED_BANDS, _MASKED_FRAMES = 0.3, 8, 7  # SpecAugment, two bands and one gap


@dataclass(frozen=True)
class Mixed:
    """A batch as the network takes it."""

    features: Tensor  # (batch, 64, frames)
    state: Tensor  # (batch, 22) one-hot


def _band_edges() -> np.ndarray:
    """Hertz of the lower edge, the centres and the upper edge of the mel filters."""
    mel = np.linspace(2595 * np.log10(1 + 60 / 700), 2595 * np.log10(1 + 7600 / 700), N_MELS + 2)
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


def band_centres() -> np.ndarray:
    """Centre of each mel filter in Hertz."""
    return _band_edges()[1:-1]


def band_widths() -> Tensor:
    """Weight sum of each mel filter, in FFT bins."""
    hertz = _band_edges()
    return torch.tensor((hertz[2:] - hertz[:-2]) / 2 / (SAMPLE_RATE_HZ / 512), dtype=torch.float32)


class Mixer:
    """Turns stored speech into what a microphone might record, with the device state."""

    def __init__(
        self,
        interference: Store,
        seed: int,
        words: tuple[str, ...] = (),
        *,
        dull_share: float = _DULL_SHARE,
    ) -> None:
        self._store, self._seed, self._dull_share = interference, seed, dull_share
        self._rng = np.random.default_rng(seed)
        self._torch = torch.Generator().manual_seed(seed)
        self._widths = band_widths()
        self._centres = band_centres()
        self._spread = 0.9 / self._widths.sqrt()
        self._by_kind: dict[str, list[int]] = {}
        for i, entry in enumerate(interference.entries):
            own_word = entry.kind == "tts" and any(w in entry.said for w in words)
            kind = "own word" if own_word else entry.kind
            self._by_kind.setdefault(kind, []).append(i)

    def restart(self, step: int) -> None:
        """Mix from here on as every mixer of this seed does from this step on."""
        self._rng = np.random.default_rng([self._seed, step])
        self._torch.manual_seed(self._seed * 1_000_003 + step)

    def _segment(self, kind: str, n_frames: int) -> np.ndarray:
        """`n_frames` of one sound of `kind`, repeated if it is shorter."""
        rng = self._rng
        entry = self._store.entries[
            self._by_kind[kind][int(rng.integers(len(self._by_kind[kind])))]
        ]
        offset = int(rng.integers(entry.n_frames))
        index = (np.arange(offset, offset + n_frames) % entry.n_frames) + entry.first_frame
        return self._store.features[index]

    def _equaliser(self, batch: int, tilt_db: float, ripple_db: float) -> Tensor:
        """Random smooth gains, (batch, 1, 64), as energy factors."""
        g = self._torch
        ramp = torch.linspace(-0.5, 0.5, N_MELS)
        tilt = (torch.rand(batch, 1, generator=g) * 2 - 1) * tilt_db * ramp
        phase = torch.rand(batch, 1, generator=g) * 2 * math.pi
        cycles = 0.5 + 2 * torch.rand(batch, 1, generator=g)
        size = torch.rand(batch, 1, generator=g) * ripple_db
        ripple = size * torch.sin(phase + cycles * 2 * math.pi * (ramp + 0.5))
        return (10 ** ((tilt + ripple) / 10))[:, None]

    def _warp(self, energy: Tensor) -> Tensor:
        """Stretch the mel axis by up to 10 %, another vocal tract for half of the batch."""
        batch = energy.shape[0]
        g = self._torch
        factor = 1 + (torch.rand(batch, 1, generator=g) * 0.2 - 0.1) * (
            torch.rand(batch, 1, generator=g) < 0.5
        )
        position = (torch.arange(N_MELS) * factor).clamp(0, N_MELS - 1.001)
        low = position.long()
        weight = (position - low)[:, None]
        shape = (-1, energy.shape[1], -1)
        first = energy.gather(2, low[:, None].expand(shape))
        second = energy.gather(2, (low + 1)[:, None].expand(shape))
        return first * (1 - weight) + second * weight

    def _bands(self, batch: int) -> Tensor:
        """Energy factors of the microphone, (batch, 1, 64): most pass every band."""
        rng = self._rng
        gains = np.ones((batch, 1, N_MELS), np.float32)
        for i in np.flatnonzero(rng.random(batch) < _NARROW_SHARE):
            low, high = rng.uniform(*_NARROW_LOW_HZ), rng.uniform(*_NARROW_HZ)
            beyond = (self._centres < low) | (self._centres > high)
            gains[i, 0, beyond] = 10 ** (-rng.uniform(*_NARROW_FALL_DB) / 10)
        return torch.from_numpy(gains)

    def _dull(self, batch: int) -> Tensor:
        """Energy factors of speech whose upper part is weak, (batch, 1, 64)."""
        rng = self._rng
        gains = np.ones((batch, 1, N_MELS), np.float32)
        for i in np.flatnonzero(rng.random(batch) < self._dull_share):
            octaves = np.log2(self._centres / rng.uniform(*_DULL_FROM_HZ)).clip(0)
            gains[i, 0] = 10 ** (-rng.uniform(*_DULL_DB_PER_OCTAVE) * octaves / 10)
        return torch.from_numpy(gains)

    def own_word(self, n_frames: int, before: int) -> np.ndarray:
        """`n_frames` of the device itself saying a wake word, with `before` frames of context."""
        kind = self._by_kind["own word"]
        entry = self._store.entries[kind[int(self._rng.integers(len(kind)))]]
        start = int(self._rng.integers(-before // 2, max(1, entry.n_frames - n_frames)))
        index = np.clip(np.arange(start, start + n_frames), 0, entry.n_frames - 1)
        return self._store.features[index + entry.first_frame]

    def _masks(self, batch: int, n_frames: int) -> Tensor:
        """Gaps in frequency and time for some of the speech, (batch, n_frames, 64)."""
        rng = self._rng
        kept = np.ones((batch, n_frames, N_MELS), np.float32)
        for i in np.flatnonzero(rng.random(batch) < _MASKED_SHARE):
            for _ in range(2):
                low = int(rng.integers(N_MELS))
                kept[i, :, low : low + int(rng.integers(_MASKED_BANDS + 1))] = 1e-3
            at = int(rng.integers(n_frames))
            kept[i, at : at + int(rng.integers(_MASKED_FRAMES + 1))] = 1e-3
        return torch.from_numpy(kept)

    def __call__(
        self,
        speech: np.ndarray,
        *,
        mixed_share: float = 0.7,
        voices: list[str] | None = None,
        onsets: np.ndarray | None = None,
    ) -> Mixed:
        """Mix a batch.

        Parameters
        ----------
        speech : (batch, n_frames, 64) ndarray
            Stored log energies, at STORED_LEVEL_DB.
        mixed_share : float
            Share of the batch that gets interference.
        voices : list of str, optional
            Who speaks, the kinds of the clips; "own" is the device itself, which then knows that
            it speaks.
        onsets : (batch,) ndarray of int, optional
            Frames before the stream began: digital silence, as the device is primed with.
        """
        rng, g = self._rng, self._torch
        batch, n_frames, _ = speech.shape
        voices = voices or ["real"] * batch
        energy = (torch.from_numpy(speech.astype(np.float32)).exp() - FLOOR).clamp_min(0)
        energy = self._warp(energy) * self._equaliser(batch, 12, 4) * self._dull(batch)
        energy = energy * self._masks(batch, n_frames)
        level_db = np.asarray(rng.uniform(-50, -12, batch))
        gain = 10 ** ((level_db - STORED_LEVEL_DB) / 10)
        energy = energy * torch.tensor(gain, dtype=torch.float32)[:, None, None]

        # A noise floor over everything: without it digital silence would name the word.
        floor_db = torch.tensor(rng.uniform(-95, -50, batch), dtype=torch.float32)[:, None, None]
        jitter = (self._spread * torch.randn(energy.shape, generator=g)).exp()
        noise = 10 ** (floor_db / 10) * _HANN_ENERGY * self._widths * self._equaliser(batch, 20, 3)
        energy = energy + noise * jitter

        state = torch.zeros(batch, len(DEVICE_TYPES) + len(PLAYBACKS) + 6)
        added = np.zeros((batch, n_frames, N_MELS), np.float16)
        factor = np.zeros(batch)
        for i in range(batch):
            playing, volume, certain = "none", rng.uniform(), False
            if voices[i] == "own":
                playing, certain = "tts", True
                volume = float(np.clip((level_db[i] + 50) / 40 + rng.normal(0, 0.1), 0, 1))
            elif rng.random() < mixed_share:
                kind = str(
                    rng.choice(
                        ["noise", "babble", "music", "tts", "alarm"],
                        p=[0.35, 0.15, 0.25, 0.15, 0.1],
                    )
                )
                ratio = rng.uniform(*_RATIO_DB[kind])
                cancelled = kind in _OWN and rng.random() < _CANCELLED_SHARE
                # A simple synthesiser beside the device's own could be either voice. A natural
                # voice over it is a person; alone, and with the state "tts", it is the device.
                if kind == "tts" and voices[i] == "synthetic":
                    kind = "music"
                source = kind
                if kind == "tts" and "own word" in self._by_kind:
                    certain = rng.random() < _OWN_WORD_SHARE
                    source = "own word" if certain else kind
                if cancelled and LEFT.format(source) in self._by_kind:
                    source = LEFT.format(source)
                elif cancelled:
                    ratio += rng.uniform(10, 25)  # about what an echo canceller leaves
                added[i] = self._segment(source, n_frames)
                interference_db = level_db[i] - ratio
                factor[i] = 10 ** ((interference_db - STORED_LEVEL_DB) / 10)
                # Music may have another source: then the device reports that it plays nothing.
                if kind in _OWN and (kind != "music" or rng.random() < 0.75):
                    playing = kind
                    volume = float(np.clip((interference_db + 50) / 40 + rng.normal(0, 0.1), 0, 1))
            self._describe(state[i], playing, volume, certain)
        mixed = torch.from_numpy(added.astype(np.float32)).exp() * self._equaliser(batch, 8, 3)
        energy = energy + mixed * torch.tensor(factor, dtype=torch.float32)[:, None, None]
        energy = energy * self._bands(batch)
        if onsets is not None:
            began = torch.arange(n_frames)[None] >= torch.from_numpy(onsets)[:, None]
            energy = energy * began[..., None]
        return Mixed((energy + FLOOR).log().transpose(1, 2).contiguous(), state)

    def _describe(self, row: Tensor, playing: str, volume: float, certain: bool) -> None:
        """Write the one-hot state; each part is unknown to the network at times.

        `certain`: the playback state is always given, because the target depends on it.
        """
        rng = self._rng
        device = 0 if rng.random() < 0.4 else int(rng.integers(1, len(DEVICE_TYPES)))
        playback = 0 if not certain and rng.random() < 0.3 else PLAYBACKS.index(playing)
        if playback == PLAYBACKS.index("music") and rng.random() < 0.15:
            playback = PLAYBACKS.index("media")  # the same sound by another name
        bucket = 0 if playback == 0 or rng.random() < 0.3 else 1 + min(4, int(volume * 5))
        row[device] = row[len(DEVICE_TYPES) + playback] = 1
        row[len(DEVICE_TYPES) + len(PLAYBACKS) + bucket] = 1
