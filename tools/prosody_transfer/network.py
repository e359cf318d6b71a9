"""The networks: reference encoder, text encoder and decoder.

As in CopyCat (Karlapati et al., Interspeech 2020) the reference encoder hears a recording
together with its phonemes and its speaker, and passes on little, slowly: a few numbers ten
times a second, as the means and spreads of a variational bottleneck. The decoder gets them
with the phonemes and the speaker that is to be heard, and makes all frames at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.prosody_transfer.speakers import SPEAKER_WIDTH, SpeakerVector
from tools.tts.features import FRAME_WIDTH, N_MELS
from tools.tts.network import (
    ENCODED_WIDTH,
    POSITION_WIDTH,
    DurationEncoder,
    MaskedConvolutions,
    TextEncoder,
)

UPSAMPLED_WIDTH = ENCODED_WIDTH + POSITION_WIDTH


@dataclass(frozen=True)
class Shape:
    """What the reference encoder hears and how much it may say.

    Attributes
    ----------
    speaker, phonemes, pitch : bool
        Whether it hears them beside the mel energies.
    code_width : int
        Numbers per step.
    step_frames : int
        Frames per step.
    variational : bool
        Whether the code is a distribution that is drawn to the normal one, and loses its
        mean and spread over the utterance.
    """

    speaker: bool = True
    phonemes: bool = True
    pitch: bool = True
    code_width: int = 2
    step_frames: int = 8
    variational: bool = True


ABLATIONS = {
    "none": Shape(),
    "no-speaker": Shape(speaker=False),
    "no-phonemes": Shape(phonemes=False),
    "no-bottleneck": Shape(code_width=32, step_frames=1, variational=False),
    "mel-only": Shape(pitch=False),
}


class ReferenceEncoder(nn.Module):
    """Recording -> prosody code; also measures the speaker, who is told to the decoder."""

    def __init__(self, shape: Shape, width: int = 64) -> None:
        super().__init__()
        self.shape = shape
        self.speaker = SpeakerVector()
        self.entry = nn.Linear(FRAME_WIDTH + UPSAMPLED_WIDTH + SPEAKER_WIDTH, width)
        self.body = MaskedConvolutions(width, (1, 2, 4))
        self.slow = MaskedConvolutions(width, (1, 1), kernel=3)
        self.head = nn.Linear(width, 2 * shape.code_width)

    def forward(self, frames: Tensor, upsampled: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log variances, (batch, n_steps, code_width) each."""
        shape = self.shape
        n = frames.shape[1]
        heard = frames if shape.pitch else frames * _only_mel(frames)
        speaker = self.speaker(frames, mask)[:, None].expand(-1, n, -1)
        x = torch.cat([heard, upsampled * float(shape.phonemes), speaker * float(shape.speaker)], 2)
        x = self.body(self.entry(x) * mask[..., None], mask)
        step = shape.step_frames
        x, slow_mask = _by_step(x, mask, step)
        mean, log_variance = self.head(self.slow(x, slow_mask)).chunk(2, 2)
        mean = mean * slow_mask[..., None]
        if shape.variational:
            mean = _standardised(mean, frames, mask, step)
        return mean, log_variance.clamp(-8, 4)


def _standardised(code: Tensor, frames: Tensor, mask: Tensor, step: int) -> Tensor:
    """Take mean and spread over the utterance away; where nothing is voiced there is no code.

    The mean would tell how high and loud somebody speaks, the spread how lively, and the
    pauses what the room and the microphone sound like.
    """
    voiced = frames[..., N_MELS + 1 :].clamp(0, 1)
    share, _ = _by_step(voiced, mask, step)
    weight = (share > 0.05).to(code.dtype)
    count = weight.sum(1, keepdim=True) + 1e-6
    code = (code - (code * weight).sum(1, keepdim=True) / count) * weight
    variance = (code**2).sum(1, keepdim=True) / count
    return code / torch.sqrt(variance + 0.01)


def _only_mel(frames: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(frames[..., :N_MELS]),
                      torch.zeros_like(frames[..., N_MELS:])], 2)  # fmt: skip


def _by_step(x: Tensor, mask: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Mean of the frames of each step, and whether it has any."""
    if step == 1:
        return x, mask
    # Padding by a whole step and cutting off what does not fill one keeps the length an
    # expression of the input's, as the export needs.
    padded = functional.pad(x * mask[..., None], (0, 0, 0, step - 1))
    marks = functional.pad(mask, (0, step - 1))
    total = functional.avg_pool1d(padded.transpose(1, 2), step).transpose(1, 2)
    count = functional.avg_pool1d(marks[:, None], step)[:, 0]
    slow_mask = (count > 0).to(x.dtype)
    return total / (count + 1e-6)[..., None], slow_mask


def spread_code(code: Tensor, n_frames: int, step: int) -> Tensor:
    """Code by the step -> by the frame, (batch, n_frames, code_width), without jumps."""
    if step == 1:
        return code
    shape = (code.shape[0], -1, code.shape[2])
    held = code[:, :, None].expand(-1, -1, step, -1).reshape(*shape).transpose(1, 2)
    smooth = functional.avg_pool1d(
        functional.pad(held, (step // 2, step // 2 - 1), mode="replicate"), step, stride=1
    )
    return smooth.transpose(1, 2)[:, :n_frames]


class Decoder(nn.Module):
    """Upsampled phonemes, code and speaker, (batch, n, DECODER_WIDTH) -> acoustic frames.

    log F0 comes out as a deviation from the speaker's mean, which is added.
    """

    def __init__(self, code_width: int, width: int = 96) -> None:
        super().__init__()
        self.entry = nn.Linear(UPSAMPLED_WIDTH + code_width + SPEAKER_WIDTH, width)
        self.body = MaskedConvolutions(width, (1, 2, 4, 2, 1))
        self.head = nn.Linear(width, FRAME_WIDTH)

    def forward(self, upsampled: Tensor, mask: Tensor) -> Tensor:
        """Decode."""
        frames = self.head(self.body(self.entry(upsampled) * mask[..., None], mask))
        octaves = frames[..., N_MELS : N_MELS + 1] + upsampled[..., -2:-1]
        return torch.cat([frames[..., :N_MELS], octaves, frames[..., N_MELS + 1 :]], 2)


def make_modules(shape: Shape) -> nn.ModuleDict:
    """All networks of one model."""
    return nn.ModuleDict(
        {
            "text_encoder": TextEncoder(),
            "duration_encoder": DurationEncoder(),
            "reference_encoder": ReferenceEncoder(shape),
            "decoder": Decoder(shape.code_width),
        }
    )


def decode_frames(
    modules: nn.ModuleDict, upsampled: Tensor, code: Tensor, speaker: Tensor, mask: Tensor
) -> Tensor:
    """Frames of a code by the step and one speaker vector an utterance."""
    reference = modules["reference_encoder"]
    n = upsampled.shape[1]
    by_frame = spread_code(code, n, reference.shape.step_frames)
    whole = torch.cat([upsampled, by_frame, speaker[:, None].expand(-1, n, -1)], 2)
    frames: Tensor = modules["decoder"](whole, mask)
    return frames
