"""The networks of prosody transfer, after CopyCat (Karlapati et al., Interspeech 2020).

The reference encoder reads a recording with its phonemes and speaker. Its output is a variational
bottleneck of a few numbers per phone. The decoder computes all frames at once from that code, the
phonemes and the target speaker.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tools.prosody_transfer.networks import phone_grid
from tools.prosody_transfer.networks.speakers import (
    SPEAKER_WIDTH,
    VOICE_WIDTH,
    SpeakerVector,
    Voices,
)
from tools.tts.features import FRAME_WIDTH, N_MELS
from tools.tts.network import (
    ENCODED_WIDTH,
    POSITION_WIDTH,
    DurationEncoder,
    MaskedConvolutions,
    TextEncoder,
)

MARKED_WIDTH = ENCODED_WIDTH + 1
_FIRST_LOG_VARIANCE = -3.0
UPSAMPLED_WIDTH = MARKED_WIDTH + POSITION_WIDTH


@dataclass(frozen=True)
class Shape:
    """Inputs of the reference encoder, and the capacity of its code.

    Attributes
    ----------
    speaker, phonemes, pitch : bool
        Inputs beside the mel energies.
    code_width : int
        Numbers per phone, or per frame without the bottleneck.
    levels : int
        Levels per number after training, by its rank in the utterance; 2 means upper or
        lower half. 0 keeps the ranks.
    rounded : bool
        Whether training uses the levels too, with straight-through gradients. Otherwise it
        uses ranks.
    bottleneck : bool
        Whether the code is variational, per phone and in ranks. Otherwise it is per frame and
        unrestricted.
    adversary : bool
        Whether training works against classifiers of the speaker.
    """

    speaker: bool = True
    phonemes: bool = True
    pitch: bool = True
    code_width: int = 2
    levels: int = 2
    rounded: bool = False
    bottleneck: bool = True
    adversary: bool = False


ABLATIONS = {
    "none": Shape(),
    "no-speaker": Shape(speaker=False),
    "no-phonemes": Shape(phonemes=False),
    "no-bottleneck": Shape(code_width=32, bottleneck=False),
    "adversary": Shape(adversary=True),
    "ranks": Shape(levels=0),
    "rounded": Shape(rounded=True),
    "mel-only": Shape(pitch=False),
}


class MarkedTextEncoder(TextEncoder):
    """Symbols (batch, n) -> encoding, and 0 for pauses or 1, (batch, n, MARKED_WIDTH)."""

    spoken: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("spoken", torch.tensor(phone_grid.IS_SPOKEN, dtype=torch.float32))

    def forward(self, symbols: Tensor, mask: Tensor) -> Tensor:
        """Encode."""
        marks = self.spoken[symbols] * mask
        return torch.cat([super().forward(symbols, mask), marks[..., None]], 2)


class ReferenceEncoder(nn.Module):
    """Recording -> prosody code; also measures the speaker vector for the decoder."""

    def __init__(self, shape: Shape, width: int = 64) -> None:
        super().__init__()
        self.shape = shape
        self.speaker = SpeakerVector()
        self.entry = nn.Linear(FRAME_WIDTH + UPSAMPLED_WIDTH + SPEAKER_WIDTH, width)
        self.body = MaskedConvolutions(width, (1, 2, 4))
        self.slow = MaskedConvolutions(width, (1, 1), kernel=3)
        self.head = nn.Linear(width, 2 * shape.code_width)
        # Little noise at first: a decoder that has learned to ignore the code keeps ignoring it.
        nn.init.constant_(self.head.bias[shape.code_width :], _FIRST_LOG_VARIANCE)

    def forward(
        self, frames: Tensor, upsampled: Tensor, mask: Tensor, grid: phone_grid.Grid | None
    ) -> tuple[Tensor, Tensor]:
        """Return means and log variances, (batch, n, code_width) each.

        n counts the slots of `grid`, or frames without a bottleneck.
        """
        shape = self.shape
        n = frames.shape[1]
        inputs = frames if shape.pitch else frames * _only_mel(frames)
        speaker = self.speaker(frames, mask)[:, None].expand(-1, n, -1)
        x = torch.cat(
            [inputs, upsampled * float(shape.phonemes), speaker * float(shape.speaker)], 2
        )
        x = self.body(self.entry(x) * mask[..., None], mask)
        if grid is not None:
            x, mask = grid.pool(x.float()), grid.mask
        mean, log_variance = self.head(self.slow(x, mask)).float().chunk(2, 2)
        mean = mean * mask[..., None]
        if grid is not None:
            mean = phone_grid.ranked(mean, mask)
            if shape.levels and (shape.rounded or not self.training):
                rounded = phone_grid.in_levels(mean, mask, shape.levels)
                mean = mean + (rounded - mean).detach() if self.training else rounded
        return mean, log_variance.clamp(-8, 4)


def _only_mel(frames: Tensor) -> Tensor:
    return torch.cat(
        [torch.ones_like(frames[..., :N_MELS]), torch.zeros_like(frames[..., N_MELS:])], 2
    )


class SpeakerConvolutions(MaskedConvolutions):
    """`MaskedConvolutions` with each layer scaled and shifted by the speaker (FiLM)."""

    def __init__(self, width: int, dilations: tuple[int, ...], kernel: int = 5) -> None:
        super().__init__(width, dilations, kernel)
        voices = [nn.Linear(VOICE_WIDTH, 2 * width) for _ in dilations]
        for voice in voices:  # training starts without speaker differences, and converges faster
            nn.init.zeros_(voice.weight)
            nn.init.zeros_(voice.bias)
        self.voices = nn.ModuleList(voices)

    def forward(  # type: ignore[override]
        self, x: Tensor, speaker: Tensor, mask: Tensor
    ) -> Tensor:
        """Take (batch, n, width), and (batch, n, VOICE_WIDTH) or (batch, 1, VOICE_WIDTH)."""
        x, mask = x.transpose(1, 2), mask[:, None]
        for layer, voice in zip(self.layers, self.voices):
            scale, shift = voice(speaker).transpose(1, 2).chunk(2, 1)
            x = (x + torch.relu(layer(x) * (1 + scale) + shift)) * mask
        return x.transpose(1, 2)


class Decoder(nn.Module):
    """Upsampled phonemes, code and speaker, (batch, n, DECODER_WIDTH) -> acoustic frames.

    Predicts log F0 relative to the speaker's mean, and adds the mean.
    """

    def __init__(self, code_width: int, width: int = 96) -> None:
        super().__init__()
        self.entry = nn.Linear(UPSAMPLED_WIDTH + code_width + VOICE_WIDTH, width)
        self.body = SpeakerConvolutions(width, (1, 2, 4, 2, 1))
        self.head = nn.Linear(width, FRAME_WIDTH)

    def forward(self, upsampled: Tensor, mask: Tensor) -> Tensor:
        """Decode with one speaker vector per frame, as in the addon."""
        return self.decode(upsampled, upsampled[..., -VOICE_WIDTH:], mask)

    def decode(self, upsampled: Tensor, speaker: Tensor, mask: Tensor) -> Tensor:
        """Decode; a constant speaker is (batch, 1, VOICE_WIDTH), which is faster."""
        x = self.body(self.entry(upsampled) * mask[..., None], speaker, mask)
        frames = self.head(x)
        octaves = frames[..., N_MELS : N_MELS + 1] + upsampled[..., -2:-1]
        return torch.cat([frames[..., :N_MELS], octaves, frames[..., N_MELS + 1 :]], 2)


class TransferModel(nn.ModuleDict):
    """All networks of one model; during training, `adversary` may be added."""

    text_encoder: MarkedTextEncoder
    duration_encoder: DurationEncoder
    reference_encoder: ReferenceEncoder
    decoder: Decoder
    voices: Voices

    def __init__(self, shape: Shape, n_speakers: int) -> None:
        super().__init__(
            {
                "text_encoder": MarkedTextEncoder(),
                "duration_encoder": DurationEncoder(),
                "reference_encoder": ReferenceEncoder(shape),
                "decoder": Decoder(shape.code_width),
                "voices": Voices(n_speakers),
            }
        )


def grid_of(
    shape: Shape, upsampled: Tensor, mask: Tensor, n_slots: int | None = None
) -> phone_grid.Grid | None:
    """Return the grid of phones, None without a bottleneck."""
    return phone_grid.find(upsampled, mask, n_slots) if shape.bottleneck else None


def decode_frames(
    modules: TransferModel,
    upsampled: Tensor,
    code: Tensor,
    speaker: Tensor,
    mask: Tensor,
    grid: phone_grid.Grid | None,
) -> Tensor:
    """Decode a code per phone (or per frame) with one speaker vector per utterance."""
    n = upsampled.shape[1]
    by_frame = code if grid is None else grid.spread(code)
    whole = torch.cat([upsampled, by_frame, speaker[:, None].expand(-1, n, -1)], 2)
    frames: Tensor = modules.decoder.decode(whole, speaker[:, None], mask)
    return frames
