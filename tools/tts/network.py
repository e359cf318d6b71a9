"""The networks of the addons, in the form in which they are exported.

The mask follows every convolution. So a network computes the same for a whole sequence and for
a padded piece that includes the neighbours within its reach.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pywakeword.tts.prosody.model import CONTOURS, EMBEDDING_WIDTH
from tools.tts.corpus import SYMBOLS
from tools.tts.features import FRAME_WIDTH

ENCODED_WIDTH = 128
N_BANDS = 65
POSITION_WIDTH = 3  # columns that the block `Upsampler` appends to a symbol's encoding


class MaskedConvolutions(nn.Module):
    """Residual convolutions over (batch, time, width), `reach` positions to either side."""

    def __init__(self, width: int, dilations: tuple[int, ...], kernel: int = 5) -> None:
        super().__init__()
        self.reach = sum(dilations) * (kernel // 2)
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=d, padding=d * (kernel // 2))
            for d in dilations
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Convolve; masked positions do not affect their neighbours."""
        x, mask = x.transpose(1, 2), mask[:, None]
        for layer in self.layers:
            x = (x + torch.relu(layer(x))) * mask
        return x.transpose(1, 2)


def reach(module: nn.Module) -> int:
    """Return the reach of a network whose body is `MaskedConvolutions`."""
    body = module.get_submodule("body")
    assert isinstance(body, MaskedConvolutions)
    return body.reach


class TextEncoder(nn.Module):
    """Symbols (batch, n) -> encoding (batch, n, ENCODED_WIDTH)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(SYMBOLS), ENCODED_WIDTH)
        self.body = MaskedConvolutions(ENCODED_WIDTH, (1, 1, 2))

    def forward(self, symbols: Tensor, mask: Tensor) -> Tensor:
        """Encode."""
        encoded: Tensor = self.body(self.embedding(symbols) * mask[..., None], mask)
        return encoded


class DurationEncoder(nn.Module):
    """Symbols (batch, n) -> frames per symbol (batch, n), not rounded."""

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(SYMBOLS), width)
        self.body = MaskedConvolutions(width, (1, 1, 2))
        self.head = nn.Linear(width, 1)

    def forward(self, symbols: Tensor, mask: Tensor) -> Tensor:
        """Encode."""
        x = self.body(self.embedding(symbols) * mask[..., None], mask)
        return torch.exp(self.head(x)[..., 0].clamp(-2, 5)) * mask


class ProsodyEntry(nn.Module):
    """Encodes contour offsets and embedding as a term of the symbols' encoding.

    Both are differences from the mean utterance, whose term is zero.
    """

    scales: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.contours = nn.Linear(len(CONTOURS), width, bias=False)
        self.embedding = nn.Linear(EMBEDDING_WIDTH, width, bias=False)
        # About the standard deviations of octaves, dB and log seconds.
        self.register_buffer("scales", torch.tensor([0.25, 5.0, 0.35]))

    def forward(self, prosody: Tensor, embedding: Tensor) -> Tensor:
        """Shapes: (batch, n, 3), (batch, EMBEDDING_WIDTH)."""
        term: Tensor = self.contours(prosody / self.scales) + self.embedding(embedding)[:, None]
        return term


class ProsodicTextEncoder(TextEncoder):
    """Symbols and their prosody -> encoding (batch, n, ENCODED_WIDTH)."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = ProsodyEntry(ENCODED_WIDTH)

    def forward(  # type: ignore[override]
        self, symbols: Tensor, prosody: Tensor, embedding: Tensor, mask: Tensor
    ) -> Tensor:
        """Encode."""
        x = self.embedding(symbols) + self.entry(prosody, embedding)
        encoded: Tensor = self.body(x * mask[..., None], mask)
        return encoded


class ProsodicDurationEncoder(DurationEncoder):
    """Symbols and their prosody -> frames per symbol (batch, n), not rounded."""

    def __init__(self, width: int = 96) -> None:
        super().__init__(width)
        self.entry = ProsodyEntry(width)
        self.own = nn.Linear(len(CONTOURS), 1, bias=False)  # from the symbol's own prosody only

    def forward(  # type: ignore[override]
        self, symbols: Tensor, prosody: Tensor, embedding: Tensor, mask: Tensor
    ) -> Tensor:
        """Encode."""
        x = self.embedding(symbols) + self.entry(prosody, embedding)
        x = self.body(x * mask[..., None], mask)
        return torch.exp((self.head(x) + self.own(prosody))[..., 0].clamp(-2, 5)) * mask


class Decoder(nn.Module):
    """Upsampled encoding (batch, n, ENCODED_WIDTH + POSITION_WIDTH) -> acoustic frames."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.entry = nn.Linear(ENCODED_WIDTH + POSITION_WIDTH, width)
        self.body = MaskedConvolutions(width, (1, 2, 4, 2, 1))
        self.head = nn.Linear(width, FRAME_WIDTH)

    def forward(self, upsampled: Tensor, mask: Tensor) -> Tensor:
        """Decode."""
        frames: Tensor = self.head(self.body(self.entry(upsampled) * mask[..., None], mask))
        return frames


class Vocoder(nn.Module):
    """Acoustic frames -> log gains of harmonics and of noise, (batch, n, 2 * N_BANDS)."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.entry = nn.Linear(FRAME_WIDTH, width)
        self.body = MaskedConvolutions(width, (1, 1), kernel=3)
        self.head = nn.Linear(width, 2 * N_BANDS)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Predict gains."""
        gains: Tensor = self.head(self.body(self.entry(frames) * mask[..., None], mask))
        return gains.clamp(-14, 6)


class AttentionDecoder(nn.Module):
    """One step of the legacy model: the last frame and the text -> the next few frames.

    The attention is a Gaussian over symbol positions that only moves forward (Graves, 2013);
    its centre is part of the state.
    """

    frames_per_step = 4
    width = 192

    def __init__(self) -> None:
        super().__init__()
        width = self.width
        self.prenet = nn.Sequential(nn.Linear(FRAME_WIDTH, 64), nn.ReLU())
        self.cell = nn.GRUCell(64 + ENCODED_WIDTH, width)
        self.attention = nn.Sequential(
            nn.Linear(width + ENCODED_WIDTH, 64), nn.Tanh(), nn.Linear(64, 2)
        )
        self.head = nn.Sequential(
            nn.Linear(width + 2 * ENCODED_WIDTH + 1, 256),
            nn.ReLU(),
            nn.Linear(256, self.frames_per_step * FRAME_WIDTH),
        )

    def forward(
        self,
        frame: Tensor,
        hidden: Tensor,
        centre: Tensor,
        context: Tensor,
        encoded: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Shapes: (b, FRAME_WIDTH), (b, width), (b, 1), (b, E), (b, n, E), (b, n)."""
        prenet = functional.dropout(self.prenet(frame), 0.3, self.training)
        hidden = self.cell(torch.cat([prenet, context], 1), hidden)
        step, spread = self.attention(torch.cat([hidden, context], 1)).split(1, 1)
        centre = centre + functional.softplus(step)
        spread = 0.2 + functional.softplus(spread)
        where = torch.arange(encoded.shape[1], dtype=torch.float32) + 0.5
        # Sums over the text in 64 bits: rounded to 32 bits they do not depend on the padding,
        # so no difference is fed back and amplified.
        text = encoded.double()
        weights = (torch.exp(-(((where - centre) / spread) ** 2)) * mask).double()
        weights = weights / (weights.sum(1, keepdim=True) + 1e-6)
        context = torch.einsum("bn,bne->be", weights, text).float()
        # A narrow window on the symbol at the centre, beside the wide one.
        sharp = torch.relu(1 - torch.abs(where - centre)) * mask
        focus = torch.einsum("bn,bne->be", sharp.double(), text).float()
        offset = centre - torch.floor(centre)
        frames = self.head(torch.cat([hidden, context, focus, offset], 1))
        return frames.reshape(-1, self.frames_per_step, FRAME_WIDTH), hidden, centre, context
