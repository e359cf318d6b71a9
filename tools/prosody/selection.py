"""Sentence vectors, and the nearest training utterances by each way of choosing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.tts.prosody.model import EmbeddingBank
from pywakeword.tts.text.sentence_encoder import SentenceEncoder
from pywakeword.tts.text.sentence_structure import structure_vector
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor
from tools.prosody.recordings.corpus import Utterance

Array = npt.NDArray[np.float32]


def structures(utterances: Sequence[Utterance]) -> Array:
    """Return the structure vector of each sentence."""
    predictor = SyntaxPredictor()
    return np.array([structure_vector(u.text, predictor) for u in utterances])


def meanings(utterances: Sequence[Utterance], encoder: SentenceEncoder, work: Path) -> Array:
    """Encode each sentence; known vectors are read from the work folder."""
    path = work / f"meanings-{encoder.name}.npz"
    known: dict[str, Array] = {}
    if path.exists():
        with np.load(path) as stored:
            known = dict(zip(stored["texts"].tolist(), stored["vectors"]))
    missing = sorted({u.text for u in utterances} - set(known))
    for start in tqdm(range(0, len(missing), 100), desc="meaning", disable=not missing):
        part = missing[start : start + 100]
        known |= dict(zip(part, encoder.encode(part)))
        with path.open("wb") as file:
            np.savez(file, texts=np.array(list(known)), vectors=np.array(list(known.values())))
    return np.array([known[u.text] for u in utterances], np.float32)


def make_bank(embeddings: Array, described: Array, meant: Array) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an `EmbeddingBank` in small types; meanings in units of 1/127."""
    mean, scale = described.mean(axis=0), described.std(axis=0) + 1e-3
    standard = (described - mean) / scale
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    return {
        "embeddings": embeddings.astype(np.float16),
        "centroid": embeddings.mean(axis=0).astype(np.float32),
        "structures": standard.astype(np.float16),
        "structure_mean": mean.astype(np.float32),
        "structure_scale": scale.astype(np.float32),
        "meanings": np.round(127 * meant).astype(np.int8),
    }


def load_bank(arrays: dict[str, npt.NDArray[Any]]) -> EmbeddingBank:
    """Return the bank as the package loads it."""
    return EmbeddingBank(arrays | {"meanings": arrays["meanings"].astype(np.float32) / 127})


def choose(
    bank: EmbeddingBank, way: str, described: Array, meant: Array, *, neighbours: int = 1
) -> Array:
    """Return one embedding per sentence: that of the nearest utterance, or the mean of a few."""
    if way == "centroid":
        return np.repeat(bank.centroid[None], len(described), axis=0)
    found = []
    for structure, meaning in zip(described, meant):
        order = np.argsort(-bank.similarities(way, structure, meaning), kind="stable")
        found.append(bank.embeddings[order[:neighbours]].mean(axis=0))
    return np.array(found, np.float32)
