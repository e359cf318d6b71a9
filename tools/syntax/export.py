"""Exports the network as ONNX with weights in half precision and its vocabulary."""

from __future__ import annotations

import json

import torch
from torch import nn

from pywakeword.tts.text.syntax_features import ID_FEATURES, N_FLAGS
from tools.syntax.network import Network
from tools.tts import onnx_export


class _Scores(nn.Module):
    """The network without the outputs for training."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: torch.Tensor, flags: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.network(ids, flags)[0]
        return scores


def to_onnx(network: Network, vocabulary: dict[str, dict[str, int]]) -> bytes:
    """Return the file: ids (1, words, features) and flags (1, words, flags) to scores."""
    example = (torch.zeros(1, 5, len(ID_FEATURES), dtype=torch.int64), torch.zeros(1, 5, N_FLAGS))
    model = onnx_export.export(
        _Scores(network),
        example,
        ["ids", "flags"],
        ["scores"],
        {name: {1: "words"} for name in ("ids", "flags", "scores")},
    )
    onnx_export.halve(model.graph)
    entry = model.metadata_props.add()
    entry.key = "vocabulary"
    # Ids count from 1, in this order.
    values = {name: list(table) for name, table in vocabulary.items()}
    entry.value = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return onnx_export.checked_bytes(model)
