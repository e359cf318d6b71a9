"""Trains the acoustic model, the attention model and the vocoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.tts.blocks.source_filter import Excitation, SourceFilterShape, band_weights
from pywakeword.tts.blocks.upsampler import frame_positions
from pywakeword.tts.prosody.model import bundled_prosody
from tools.tts import expressive, network
from tools.tts.batches import padded, pick, train
from tools.tts.corpus import Utterance
from tools.tts.features import HOP_SAMPLES, N_MELS, REFERENCE_HZ

_PITCH_WEIGHT = 0.3
SOURCE_FILTER = SourceFilterShape(SAMPLE_RATE_HZ, HOP_SAMPLES, 1024, network.N_BANDS)


def acoustic_model(utterances: Sequence[Utterance], path: Path, *, steps: int) -> nn.ModuleDict:
    """Train text encoder, duration encoder and decoder together, on the teacher's durations.

    Most sentences get another prosody (see `expressive`).
    """
    modules = nn.ModuleDict(
        {
            "text_encoder": network.ProsodicTextEncoder(),
            "duration_encoder": network.ProsodicDurationEncoder(),
            "decoder": network.Decoder(),
        }
    )
    model = bundled_prosody()

    def loss_of(rng: np.random.Generator) -> Tensor:
        batch = pick(utterances, rng, 8)
        drawn = [expressive.draw(u, model, rng) for u in batch]
        spoken = [expressive.expressed(u, d.offsets) for u, d in zip(batch, drawn)]
        symbols, mask = padded([u.symbols for u in batch])
        prosody, _ = padded([d.offsets for d in drawn])
        embedding = torch.from_numpy(np.stack([d.embedding for d in drawn]))
        durations, _ = padded([wanted for wanted, _, _ in spoken])
        frames, frame_mask = padded([frames for _, _, frames in spoken])
        encoded = modules["text_encoder"](symbols, prosody, embedding, mask)
        upsampled = torch.zeros(*frames.shape[:2], network.ENCODED_WIDTH + network.POSITION_WIDTH)
        for i, (_, whole, _) in enumerate(spoken):
            index, position = upsample_plan(whole)
            row = torch.cat([encoded[i, index], torch.from_numpy(position)], 1)
            upsampled[i, : len(row)] = row
        made = modules["decoder"](upsampled, frame_mask)
        predicted = modules["duration_encoder"](symbols, prosody, embedding, mask)
        wrong = (torch.log(predicted + 0.5) - torch.log(durations + 0.5)).abs() * mask
        return (
            _frame_loss(made, frames, frame_mask)
            + _PITCH_WEIGHT * _pitch_loss(made, frames)
            + 0.3 * wrong.sum() / mask.sum()
        )

    train(modules, loss_of, path, steps=steps)
    return modules


def upsample_plan(
    durations: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return each frame's symbol, and its position in it as from the block `Upsampler`."""
    index = np.repeat(np.arange(len(durations)), durations)
    return index, frame_positions(durations, 0, len(index))[1]


def attention_model(utterances: Sequence[Utterance], path: Path, *, steps: int) -> nn.ModuleDict:
    """Train text encoder and attention decoder with teacher forcing.

    The decoder gets the teacher's last frame. The centre of attention is pulled to the teacher's
    position in the text.
    """
    modules = nn.ModuleDict(
        {"text_encoder": network.TextEncoder(), "attention_decoder": network.AttentionDecoder()}
    )
    per_step = network.AttentionDecoder.frames_per_step
    short = [u for u in utterances if len(u.frames) <= 360]

    def loss_of(rng: np.random.Generator) -> Tensor:
        batch = pick(short, rng, 12)
        symbols, mask = padded([u.symbols for u in batch])
        encoded = modules["text_encoder"](symbols, mask)
        frames, frame_mask = padded([_whole_steps(u.frames, per_step) for u in batch])
        places, _ = padded([_whole_steps(_text_places(u.durations), per_step) for u in batch])
        # Noise on the input, so that the decoder tolerates its own imperfect frames.
        noise = torch.from_numpy(rng.normal(0, 0.05, frames.shape).astype(np.float32))
        given = frames + noise
        decoder = modules["attention_decoder"]
        state = start_state(len(batch), network.AttentionDecoder.width)
        frame = torch.zeros_like(frames[:, 0])
        outputs, centres = [], []
        for start in range(0, frames.shape[1], per_step):
            out, *state = decoder(frame, *state, encoded, mask)
            outputs.append(out)
            centres.append(state[1])
            frame = given[:, start + per_step - 1]
            # Only half of the teacher's position: the decoder must learn to keep its own.
            state[1] = 0.5 * state[1] + 0.5 * places[:, start + per_step - 1, None]
        wrong = torch.cat(centres, 1) - places[:, per_step // 2 :: per_step]
        step_mask = frame_mask[:, ::per_step]
        place_loss = (wrong.abs() * step_mask).sum() / step_mask.sum()
        return _frame_loss(torch.cat(outputs, 1), frames, frame_mask) + 0.1 * place_loss

    train(modules, loss_of, path, steps=steps)
    return modules


def start_state(batch: int, width: int) -> list[Tensor]:
    """Return recurrent state, centre of attention and context before the first step."""
    return [torch.zeros(batch, size) for size in (width, 1, network.ENCODED_WIDTH)]


def vocoder(utterances: Sequence[Utterance], path: Path, *, steps: int) -> network.Vocoder:
    """Train the gains with which the source-filter's spectra match the teacher's."""
    model = network.Vocoder()
    weights = torch.from_numpy(band_weights(SOURCE_FILTER))
    length = 64

    def loss_of(rng: np.random.Generator) -> Tensor:
        rows, spectra, targets = [], [], []
        for i in rng.choice(len(utterances), 8):
            item = utterances[i]
            start = int(rng.integers(0, max(1, len(item.frames) - length)))
            rows.append(item.frames[start : start + length])
            f0_hz = REFERENCE_HZ * 2 ** rows[-1][:, N_MELS].astype(np.float64)
            spectra.append(
                np.stack(Excitation(SOURCE_FILTER, int(rng.integers(1 << 30))).spectra(f0_hz))
            )
            sound = item.audio[start * HOP_SAMPLES : (start + length) * HOP_SAMPLES]
            targets.append(np.pad(sound, (0, len(rows[-1]) * HOP_SAMPLES - len(sound))))
        frames, mask = padded(rows)
        target, _ = padded(targets)
        excitation, _ = padded([s.transpose(1, 2, 0) for s in spectra])
        gains = torch.exp(model(frames, mask))
        harmonic, noise = (
            gains[..., : network.N_BANDS] @ weights,
            gains[..., network.N_BANDS :] @ weights,
        )
        voiced = frames[..., N_MELS + 1 :]
        mixed = excitation[..., 0] * harmonic * voiced + excitation[..., 1] * noise
        audio = _overlap_add(torch.fft.irfft(mixed, SOURCE_FILTER.n_fft))
        return _spectral_loss(audio[:, : target.shape[1]], target)

    train(model, loss_of, path, steps=steps)
    return model


def _overlap_add(frames: Tensor) -> Tensor:
    """Like `OverlapAdd`: frame i is centred at sample i * hop."""
    tail, hop = SOURCE_FILTER.tail_samples, HOP_SAMPLES
    frames = torch.roll(frames, tail - hop, dims=2)
    total = (frames.shape[1] - 1) * hop + frames.shape[2]
    summed = functional.fold(
        frames.transpose(1, 2), (1, total), (1, frames.shape[2]), stride=(1, hop)
    )
    return summed[:, 0, 0, tail:]


def _spectral_loss(audio: Tensor, target: Tensor) -> Tensor:
    total = torch.zeros(())
    for n_fft in (256, 512, 1024):
        window = torch.hann_window(n_fft)
        one, other = (
            torch.stft(x, n_fft, n_fft // 2, window=window, return_complex=True).abs()
            for x in (audio, target)
        )
        total = total + (torch.log(one + 1e-2) - torch.log(other + 1e-2)).abs().mean()
        total = total + torch.linalg.norm(one - other) / torch.linalg.norm(other)
    return total


def _frame_loss(predicted: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
    return ((predicted - frames).abs().mean(2) * mask).sum() / mask.sum()


def _pitch_loss(predicted: Tensor, frames: Tensor) -> Tensor:
    """Return the pitch error of voiced frames; in the frame loss, pitch is one of many values."""
    voiced = frames[..., N_MELS + 1]
    return ((predicted - frames)[..., N_MELS].abs() * voiced).sum() / voiced.sum()


def _whole_steps(rows: npt.NDArray[np.float32], per_step: int) -> npt.NDArray[np.float32]:
    missing = -len(rows) % per_step
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])


def _text_places(durations: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the position of each frame in the text, in symbols."""
    index = np.repeat(np.arange(len(durations)), durations)
    starts = (np.cumsum(durations) - durations)[index]
    within = (np.arange(len(index)) + 0.5 - starts) / durations[index]
    return np.asarray(index + within, np.float32)
