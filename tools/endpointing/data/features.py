"""Features, labels and spans of every utterance, computed once."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import lfbe, to_pcm
from pywakeword.tts.recording.alignment import PHONES, Alignment
from tools.endpointing.data.corpus import Utterance, read_utterances, some_of
from tools.endpointing.data.spans import Spans, find_spans
from tools.endpointing.data.tokens import TOKENS
from tools.prosody.recordings.alignment import align_all

_PHONE_INDEX = {phone: i + 1 for i, phone in enumerate(PHONES)}  # a pause has none


@dataclass(frozen=True)
class Item:
    """One utterance, ready for training.

    Attributes
    ----------
    pcm : (n_samples,) ndarray of int16
        The recording.
    features : (n_frames, 64) ndarray of float16
        Log energies, 10 ms.
    spans : Spans
        Where it speaks, pauses and ends.
    labels : (n_frames,) ndarray of int8, or None
        Index into TOKENS, where there is an alignment.
    """

    utterance: Utterance
    pcm: npt.NDArray[np.int16]
    features: npt.NDArray[np.float16]
    spans: Spans
    labels: npt.NDArray[np.int8] | None


def prepare(data: Path, work: Path, limits: tuple[int, int] | None = None) -> list[Item]:
    """Compute the items that `work` does not have yet, without those too noisy to label.

    `limits`, if given, are the arguments of `some_of`.
    """
    path = work / "items.pickle"
    done: dict[str, Item | None] = {}
    if path.exists():
        with path.open("rb") as file:
            done = pickle.load(file)
    utterances = read_utterances(data)
    if limits is not None:
        utterances = some_of(utterances, *limits)
    alignments = aligned(utterances, work)
    missing = [u for u in utterances if u.name not in done]
    for utterance in tqdm(missing, desc="features", mininterval=10, disable=not missing):
        alignment = alignments.get(utterance.path)
        done[utterance.name] = _item(utterance, alignment)
    if missing:
        with path.open("wb") as file:
            pickle.dump(done, file)
    return [item for u in utterances if (item := done[u.name]) is not None]


def aligned(utterances: Iterable[Utterance], work: Path) -> dict[Path, Alignment]:
    """Align all transcripts, which the sources have checked; finished ones are read from `work`."""
    texts = {u.path: u.transcript for u in utterances if u.transcript}
    return align_all(texts, work / "phone-alignments.jsonl", check=False)


def _item(utterance: Utterance, alignment: Alignment | None) -> Item | None:
    samples = decode(utterance.path)
    features = lfbe(samples)
    spans = find_spans(features, alignment)
    if spans is None:
        return None
    labels = frame_labels(alignment, spans, len(features)) if alignment else None
    return Item(utterance, to_pcm(samples), features.astype(np.float16), spans, labels)


def frame_labels(alignment: Alignment, spans: Spans, n_frames: int) -> npt.NDArray[np.int8]:
    """Phone of every frame, silence, or the end."""
    labels = np.zeros(n_frames, np.int8)
    for phone in alignment.phones:
        labels[phone.start : phone.end] = _PHONE_INDEX.get(phone.name, 0)
    for start, end in spans.holds:
        labels[start:end] = 0
    labels[spans.end :] = len(TOKENS) - 1
    return labels
