"""The networks: reference encoder, text encoder and decoder.

As in CopyCat (Karlapati et al., Interspeech 2020) the reference encoder hears a recording
together with its phonemes and its speaker, and passes on little, slowly: a few numbers a
phone, as the means and spreads of a variational bottleneck. The decoder gets them with
the phonemes and the speaker that is to be heard, and makes all frames at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tools.prosody_transfer import phone_grid
from tools.prosody_transfer.speakers import SPEAKER_WIDTH, VOICE_WIDTH, SpeakerVector, Voices
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
    """What the reference encoder hears and how much it may say.

    Attributes
    ----------
    speaker, phonemes, pitch : bool
        Whether it hears them beside the mel energies.
    code_width : int
        Numbers per phone, or per frame without the bottleneck.
    levels : int
        Steps that a number has once training is over, by its rank in the utterance; 2 says
        of each phone whether it is in the upper or the lower half. 0 keeps the ranks.
    rounded : bool
        Whether the decoder learns from the levels too, past which the gradient goes straight.
        Otherwise it learns from ranks.
    bottleneck : bool
        Whether the code is by the phone, in ranks, learned as the means of a distribution.
        Otherwise it is by the frame, as it comes.
    adversary : bool
        Whether training works against classifiers that look for the speaker in the code.
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
    """Symbols (batch, n) -> encoding and whether no pause, (batch, n, MARKED_WIDTH)."""

    spoken: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("spoken", torch.tensor(phone_grid.IS_SPOKEN, dtype=torch.float32))

    def forward(self, symbols: Tensor, mask: Tensor) -> Tensor:
        """Encode."""
        marks = self.spoken[symbols] * mask
        return torch.cat([super().forward(symbols, mask), marks[..., None]], 2)


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
        # Little noise at first: a decoder that once did without the code goes on without it.
        nn.init.constant_(self.head.bias[shape.code_width :], _FIRST_LOG_VARIANCE)

    def forward(
        self, frames: Tensor, upsampled: Tensor, mask: Tensor, grid: phone_grid.Grid | None
    ) -> tuple[Tensor, Tensor]:
        """Return means and log variances, (batch, n, code_width) each.

        n counts the slots of `grid`, or frames without a bottleneck.
        """
        shape = self.shape
        n = frames.shape[1]
        heard = frames if shape.pitch else frames * _only_mel(frames)
        speaker = self.speaker(frames, mask)[:, None].expand(-1, n, -1)
        x = torch.cat([heard, upsampled * float(shape.phonemes), speaker * float(shape.speaker)], 2)
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


class SpokenConvolutions(MaskedConvolutions):
    """`MaskedConvolutions` whose every layer is scaled and shifted by who speaks (FiLM)."""

    def __init__(self, width: int, dilations: tuple[int, ...], kernel: int = 5) -> None:
        super().__init__(width, dilations, kernel)
        self.voices = nn.ModuleList(nn.Linear(VOICE_WIDTH, 2 * width) for _ in dilations)
        for voice in self.voices:  # at first everybody speaks alike, which is learned sooner
            nn.init.zeros_(voice.weight)
            nn.init.zeros_(voice.bias)

    def forward(self, x: Tensor, speaker: Tensor, mask: Tensor) -> Tensor:
        """Take (batch, n, width), and (batch, n, VOICE_WIDTH) or (batch, 1, VOICE_WIDTH)."""
        x, mask = x.transpose(1, 2), mask[:, None]
        for layer, voice in zip(self.layers, self.voices):
            scale, shift = voice(speaker).transpose(1, 2).chunk(2, 1)
            x = (x + torch.relu(layer(x) * (1 + scale) + shift)) * mask
        return x.transpose(1, 2)


class Decoder(nn.Module):
    """Upsampled phonemes, code and speaker, (batch, n, DECODER_WIDTH) -> acoustic frames.

    log F0 comes out as a deviation from the speaker's mean, which is added.
    """

    def __init__(self, code_width: int, width: int = 96) -> None:
        super().__init__()
        self.entry = nn.Linear(UPSAMPLED_WIDTH + code_width + VOICE_WIDTH, width)
        self.body = SpokenConvolutions(width, (1, 2, 4, 2, 1))
        self.head = nn.Linear(width, FRAME_WIDTH)

    def forward(self, upsampled: Tensor, mask: Tensor) -> Tensor:
        """Decode, with the speaker by the frame as it is told in the product."""
        return self.decode(upsampled, upsampled[..., -VOICE_WIDTH:], mask)

    def decode(self, upsampled: Tensor, speaker: Tensor, mask: Tensor) -> Tensor:
        """Decode; a speaker who stays the same is (batch, 1, VOICE_WIDTH), which is quicker."""
        x = self.body(self.entry(upsampled) * mask[..., None], speaker, mask)
        frames = self.head(x)
        octaves = frames[..., N_MELS : N_MELS + 1] + upsampled[..., -2:-1]
        return torch.cat([frames[..., :N_MELS], octaves, frames[..., N_MELS + 1 :]], 2)


def make_modules(shape: Shape, n_speakers: int) -> nn.ModuleDict:
    """All networks of one model of so many training speakers."""
    return nn.ModuleDict(
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
    """Return the places of phones, if there is a bottleneck."""
    return phone_grid.find(upsampled, mask, n_slots) if shape.bottleneck else None


def decode_frames(
    modules: nn.ModuleDict,
    upsampled: Tensor,
    code: Tensor,
    speaker: Tensor,
    mask: Tensor,
    grid: phone_grid.Grid | None,
) -> Tensor:
    """Frames of a code by the phone (or frame) and one speaker vector an utterance."""
    n = upsampled.shape[1]
    by_frame = code if grid is None else grid.spread(code)
    whole = torch.cat([upsampled, by_frame, speaker[:, None].expand(-1, n, -1)], 2)
    frames: Tensor = modules["decoder"].decode(whole, speaker[:, None], mask)
    return frames
