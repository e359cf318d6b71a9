"""The variational autoencoder: contours of an utterance to one vector, and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pywakeword.tts.prosody.model import EMBEDDING_WIDTH, N_POSITIONS
from pywakeword.tts.recording.alignment import PHONES
from tools.tts.network import MaskedConvolutions

SCALES = (0.25, 5.0, 0.45)  # octaves, dB, log seconds: about their standard deviations


class Encoder(nn.Module):
    """Contours of phones -> mean and log variance of the embedding."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(PHONES), 16)
        self.entry = nn.Linear(16 + N_POSITIONS + 4, width)
        self.body = MaskedConvolutions(width, (1, 2), kernel=3)
        self.head = nn.Linear(2 * width, 2 * EMBEDDING_WIDTH)

    def forward(
        self, phones: Tensor, positions: Tensor, contours: Tensor, pitched: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Shapes: (b, n), (b, n, N_POSITIONS), (b, n, 3) scaled, (b, n), (b, n)."""
        x = torch.cat([self.embedding(phones), positions, contours, pitched[..., None]], 2)
        x = self.body(torch.relu(self.entry(x)) * mask[..., None], mask)
        mean = x.sum(1) / mask.sum(1, keepdim=True)
        # The last phones carry most of a question's melody, which the mean alone would lose.
        final = (mask * (positions[..., 1] < 0.25)).unsqueeze(2)
        end = (x * final).sum(1) / final.sum(1).clamp(min=1)
        mu, log_variance = self.head(torch.cat([mean, end], 1)).chunk(2, 1)
        return mu, log_variance.clamp(-8, 4)


class Decoder(nn.Module):
    """Phones, their positions and an embedding -> contours, scaled."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(PHONES), 16)
        self.entry = nn.Linear(16 + N_POSITIONS + EMBEDDING_WIDTH, width)
        self.dropout = nn.Dropout(0.2)
        self.body = MaskedConvolutions(width, (1, 2, 4), kernel=3)
        self.head = nn.Linear(width, 3)

    def forward(self, phones: Tensor, positions: Tensor, embedding: Tensor, mask: Tensor) -> Tensor:
        """Shapes: (b, n), (b, n, N_POSITIONS), (b, EMBEDDING_WIDTH), (b, n)."""
        everywhere = embedding[:, None].expand(-1, phones.shape[1], -1)
        x = torch.cat([self.embedding(phones), positions, everywhere], 2)
        x = self.dropout(torch.relu(self.entry(x)))
        contours: Tensor = self.head(self.dropout(self.body(x * mask[..., None], mask)))
        return contours


class Autoencoder(nn.ModuleDict):
    """Encoder and decoder."""

    encoder: Encoder
    decoder: Decoder

    def __init__(self) -> None:
        super().__init__({"encoder": Encoder(), "decoder": Decoder()})


class Exported(nn.Module):
    """The decoder for one utterance, in octaves, dB and log seconds."""

    scales: Tensor

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder
        self.register_buffer("scales", torch.tensor(SCALES))

    def forward(self, phones: Tensor, positions: Tensor, embedding: Tensor) -> Tensor:
        """Shapes: (n,), (n, N_POSITIONS), (EMBEDDING_WIDTH,)."""
        mask = torch.ones_like(phones, dtype=torch.float32)[None]
        decoded: Tensor = self.decoder(phones[None], positions[None], embedding[None], mask)
        return decoded[0] * self.scales
