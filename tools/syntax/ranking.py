"""Trains the network to rank the gaps of a sentence by their distance."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from pywakeword.tts.text.syntax_features import ID_FEATURES, UNKNOWN, encode, word_features
from tools.syntax.network import Network, Shape
from tools.syntax.treebank import Sentence

_MIN_COUNT = {"word": 2, "suffix3": 3, "suffix2": 3, "prefix3": 3, "shape": 1}
_BATCH_WORDS = 500
_AVERAGING = 0.995  # decay of the running mean of the weights, which is exported
_TAG_WEIGHT = _LABEL_WEIGHT = 0.5
_HIDDEN_WORD = 0.15  # share of words and of affixes that are hidden in training


def make_vocabulary(sentences: Sequence[Sentence]) -> dict[str, dict[str, int]]:
    """Return ids of the frequent values of each feature; 0 stands for all others."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ID_FEATURES}
    for sentence in sentences:
        for text, mark in sentence.pieces:
            if mark is None:
                for name, value in zip(ID_FEATURES, word_features(text)):
                    counts[name][value] += 1
    return {
        name: {
            value: number
            for number, value in enumerate(
                sorted(v for v, n in counts[name].items() if n >= _MIN_COUNT[name]), UNKNOWN + 1
            )
        }
        for name in ID_FEATURES
    }


def train(
    sentences: Sequence[Sentence],
    vocabulary: dict[str, dict[str, int]],
    *,
    shape: Shape,
    epochs: int,
    rate: float,
    dropout: float,
    seed: int,
    checkpoint: Path | None = None,
    after_epoch: Any = None,
) -> Network:
    """Return the mean network of a run; resume from `checkpoint` if it exists."""
    torch.manual_seed(seed)
    tags = {tag: i for i, tag in enumerate(sorted({t for s in sentences for t in s.tags}))}
    labels = {name: i for i, name in enumerate(sorted({n for s in sentences for n in s.labels}))}
    sizes = {name: len(table) + 1 for name, table in vocabulary.items()}
    network = Network(shape, sizes, len(tags), len(labels), dropout)
    mean = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    n_steps = epochs * len(_batches(sentences, np.random.default_rng(0)))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=n_steps + epochs * 5, pct_start=0.1
    )
    data = [_tensors(s, vocabulary, tags, labels) for s in sentences]
    state: dict[str, Any] = {
        "network": network,
        "mean": mean,
        "optimizer": optimizer,
        "schedule": schedule,
    }
    first = _resume(checkpoint, state)
    for epoch in range(first, epochs):
        # Seeded by the epoch, so that a resumed run gives the same result.
        random = np.random.default_rng([seed, epoch])
        torch.manual_seed(seed * 1000 + epoch)
        network.train()
        total = 0.0
        batches = _batches(sentences, random)
        for batch in batches:
            loss = _loss(network, [data[i] for i in batch])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
            with torch.no_grad():
                decay = min(_AVERAGING, 1 - 1 / (schedule.last_epoch + 1))
                for kept, new in zip(mean.parameters(), network.parameters()):
                    kept.lerp_(new, 1 - decay)
        if checkpoint is not None:
            saved = {name: part.state_dict() for name, part in state.items()}
            torch.save({"epoch": epoch + 1, **saved}, checkpoint)
        if after_epoch is not None:
            after_epoch(epoch, total / len(batches), mean)
    return mean


@torch.no_grad()
def predict(
    network: Network, sentences: Sequence[Sentence], vocabulary: dict[str, dict[str, int]]
) -> list[list[float]]:
    """Return the scores of each sentence."""
    found = []
    for sentence in sentences:
        ids, flags = encode(sentence.pieces, vocabulary)
        scores, _, _ = network(torch.from_numpy(ids)[None], torch.from_numpy(flags)[None])
        found.append(scores[0].tolist())
    return found


def _tensors(
    sentence: Sentence,
    vocabulary: dict[str, dict[str, int]],
    tags: dict[str, int],
    labels: dict[str, int],
) -> tuple[torch.Tensor, ...]:
    ids, flags = encode(sentence.pieces, vocabulary)
    return (
        torch.from_numpy(ids),
        torch.from_numpy(flags),
        torch.tensor(sentence.distances),
        torch.tensor([tags[tag] for tag in sentence.tags]),
        torch.tensor([labels[label] for label in sentence.labels]),
    )


def _batches(sentences: Sequence[Sentence], random: np.random.Generator) -> list[list[int]]:
    """Group sentences of equal length, so that nothing is padded."""
    by_length: dict[int, list[int]] = {}
    for i in random.permutation(len(sentences)):
        n_words = len(sentences[i].distances)
        if n_words > 1:
            by_length.setdefault(n_words, []).append(int(i))
    batches = []
    for n_words, members in by_length.items():
        size = max(1, _BATCH_WORDS // n_words)
        batches += [members[i : i + size] for i in range(0, len(members), size)]
    return [batches[i] for i in random.permutation(len(batches))]


def _loss(network: Network, batch: list[tuple[torch.Tensor, ...]]) -> torch.Tensor:
    ids, flags, distances, tags, labels = (torch.stack(parts) for parts in zip(*batch))
    ids = ids.clone()
    for feature in range(4):  # the shape stays
        ids[..., feature][torch.rand(ids.shape[:2]) < _HIDDEN_WORD] = UNKNOWN
    scores, tag_logits, label_logits = network(ids, flags)
    loss = _TAG_WEIGHT * functional.cross_entropy(tag_logits.flatten(0, 1), tags.flatten())
    loss = loss + _LABEL_WEIGHT * functional.cross_entropy(
        label_logits[:, 1:].flatten(0, 1), labels[:, 1:].flatten()
    )
    order = torch.sign((distances[:, 1:, None] - distances[:, None, 1:]).float())
    margin = scores[:, 1:, None] - scores[:, None, 1:]
    ranked = functional.softplus(-order * margin) * order.abs()
    return loss + ranked.sum() / order.abs().sum().clamp(min=1)


def _resume(checkpoint: Path | None, state: dict[str, Any]) -> int:
    if checkpoint is None or not checkpoint.exists():
        return 0
    saved = torch.load(checkpoint, weights_only=True)
    for name, part in state.items():
        part.load_state_dict(saved[name])
    return int(saved["epoch"])
