"""The network: two bidirectional LSTM layers, and one score per gap between words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from pywakeword.tts.text.syntax_features import ID_FEATURES, N_FLAGS


@dataclass(frozen=True)
class Shape:
    """Sizes of the network; `widths` are those of the embeddings, in the order of ID_FEATURES."""

    widths: tuple[int, ...] = (96, 32, 24, 24, 8)
    hidden: int = 128
    gap: int = 128


class Network(nn.Module):
    """Scores the boundary before each word."""

    def __init__(
        self, shape: Shape, sizes: Mapping[str, int], n_tags: int, n_labels: int, dropout: float
    ) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(
            nn.Embedding(sizes[name], width) for name, width in zip(ID_FEATURES, shape.widths)
        )
        n_in = sum(shape.widths) + N_FLAGS
        self.dropout = nn.Dropout(dropout)
        self.first = nn.LSTM(n_in, shape.hidden, bidirectional=True, batch_first=True)
        self.second = nn.LSTM(2 * shape.hidden, shape.hidden, bidirectional=True, batch_first=True)
        self.gap = nn.Linear(4 * shape.hidden, shape.gap)
        self.score = nn.Linear(shape.gap, 1)
        # For training only: tag of a word, and label of the constituent over a gap.
        self.tag = nn.Linear(2 * shape.hidden, n_tags)
        self.label = nn.Linear(shape.gap, n_labels)

    def forward(
        self, ids: torch.Tensor, flags: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return scores (batch, words), tag logits and label logits."""
        embedded = [table(ids[..., i]) for i, table in enumerate(self.embeddings)]
        first, _ = self.first(self.dropout(torch.cat([*embedded, flags], dim=-1)))
        second, _ = self.second(self.dropout(first))
        second = self.dropout(second)
        before = torch.cat([torch.zeros_like(second[:, :1]), second[:, :-1]], dim=1)
        gap = torch.relu(self.gap(torch.cat([before, second], dim=-1)))
        return self.score(gap).squeeze(-1), self.tag(first), self.label(self.dropout(gap))
