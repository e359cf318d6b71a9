"""Transfers from test speakers to training voices, and speaker leakage in the code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tools.prosody_transfer.corpus import Item
from tools.prosody_transfer.evaluation import measures
from tools.prosody_transfer.evaluation.classifier import SpeakerNet, speaker_accuracy, train_net
from tools.prosody_transfer.export import voice_vector
from tools.prosody_transfer.networks.model import TransferModel, decode_frames, grid_of
from tools.prosody_transfer.networks.phone_grid import IS_SPOKEN, Grid, ranked
from tools.prosody_transfer.training import upsample
from tools.tts.corpus import SYMBOLS, VOICE
from tools.tts.features import N_MELS

N_TARGETS = 5
PER_SOURCE = 3
_CLASSIFIER_STEPS = 400
_LEAKAGE_SPEAKERS = 12  # of the training speakers
_KEPT_BACK = 5  # every fifth recording of a speaker judges the classifier


@dataclass(frozen=True)
class Transfer:
    """Frames decoded from a source for a target."""

    source: Item
    target: str
    frames: npt.NDArray[np.float32]


def targets(items: Sequence[Item]) -> list[str]:
    """Return the training speakers with the most speech, without the bundled voice."""
    frames: dict[str, int] = {}
    for item in items:
        if item.role == "train" and item.speaker != VOICE:
            frames[item.speaker] = frames.get(item.speaker, 0) + len(item.frames)
    return sorted(frames, key=lambda name: -frames[name])[:N_TARGETS]


def sources(items: Sequence[Item], role: str) -> list[Item]:
    """Return the first recordings, by name, of each test speaker of a role."""
    chosen: list[Item] = []
    for speaker in sorted({i.speaker for i in items if i.role == role}):
        own = sorted((i for i in items if i.speaker == speaker), key=lambda i: i.name)
        chosen += own[:PER_SOURCE]
    return chosen


@torch.no_grad()
def encode(modules: TransferModel, item: Item) -> tuple[torch.Tensor, torch.Tensor, Grid | None]:
    """Return upsampled phonemes, prosody code (means) and phone grid of a recording."""
    encoded = modules.text_encoder(
        torch.from_numpy(item.symbols)[None], torch.ones(1, len(item.symbols))
    )
    upsampled = upsample(encoded, [item], len(item.frames))
    frames = torch.from_numpy(item.frames)[None]
    mask = torch.ones(frames.shape[:2])
    reference = modules.reference_encoder
    # One slot more than phones, so that the grid is never empty.
    n_slots = 1 + sum(IS_SPOKEN[i] for i in item.symbols)
    grid = grid_of(reference.shape, upsampled, mask, n_slots)
    mean, _ = reference(frames, upsampled, mask, grid)
    return upsampled, mean, grid


def code_of(modules: TransferModel, item: Item) -> npt.NDArray[np.float32]:
    """Return the code of a recording, one row per phone (or frame)."""
    _, mean, grid = encode(modules, item)
    rows: npt.NDArray[np.float32] = mean[0].numpy()
    return rows if grid is None else rows[grid.mask[0].numpy() > 0]


@torch.no_grad()
def transfers(
    modules: TransferModel,
    item: Item,
    vectors: Sequence[npt.NDArray[np.float32]],
    *,
    centroid: bool = False,
) -> list[npt.NDArray[np.float32]]:
    """Return frames of a recording's text and prosody in the voice of each speaker vector."""
    upsampled, code, grid = encode(modules, item)
    code = code * (0.0 if centroid else 1.0)
    made = [
        decode_frames(
            modules,
            upsampled,
            code,
            torch.from_numpy(vector)[None],
            torch.ones(upsampled.shape[:2]),
            grid,
        )
        for vector in vectors
    ]
    return [frames[0].numpy() for frames in made]


def target_classifier(
    items: Sequence[Item], path: Path
) -> tuple[SpeakerNet, list[str], dict[str, float]]:
    """Train a classifier of all training speakers on mel energies; return it with its accuracy.

    It is independent of the speaker vectors. Kept in `path`.
    """
    learners = [i for i in items if i.role == "train"]
    names = sorted({i.speaker for i in learners})
    seen: dict[str, int] = {}
    known: list[Item] = []
    asked: list[Item] = []
    for item in learners:
        seen[item.speaker] = seen.get(item.speaker, 0) + 1
        (asked if seen[item.speaker] % _KEPT_BACK == 0 else known).append(item)
    if path.exists():
        net = SpeakerNet(N_MELS, len(names))
        net.load_state_dict(torch.load(path, weights_only=True))
    else:
        net = train_net(
            [_mel(i.frames) for i in known],
            np.array([names.index(i.speaker) for i in known]),
            len(names),
            steps=_CLASSIFIER_STEPS,
        )
        torch.save(net.state_dict(), path)
    goals = targets(items)
    of_targets = [i for i in asked if i.speaker in goals]
    return (
        net,
        names,
        {
            "speakers": float(len(names)),
            "real_all": _share(net, names, [i.frames for i in asked], [i.speaker for i in asked]),
            "real_targets": _share(
                net, names, [i.frames for i in of_targets], [i.speaker for i in of_targets]
            ),
            "real_among_five": _share(
                net, names, [i.frames for i in of_targets], [i.speaker for i in of_targets], goals
            ),
        },
    )


def _mel(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.ascontiguousarray(frames[:, :N_MELS])


def _share(
    net: SpeakerNet,
    names: list[str],
    frames: Sequence[npt.NDArray[np.float32]],
    speakers: Sequence[str],
    among: Sequence[str] | None = None,
) -> float:
    allowed = [names.index(name) for name in among or names]
    scores = net.predict([_mel(f) for f in frames])[:, allowed]
    truth = [allowed.index(names.index(s)) for s in speakers]
    return float(np.mean(scores.argmax(1) == truth))


def judge_transfers(
    made: Sequence[Transfer],
    net: SpeakerNet,
    names: list[str],
    goals: Sequence[str],
    source_f0: dict[str, npt.NDArray[np.float64]],
) -> dict[str, Any]:
    """Compare contours with those of the source, and classify the voice."""
    rows = []
    for item in made:
        frames, source = item.frames, item.source
        pitch = measures.pitch_agreement(
            source_f0[source.name], frames[:, N_MELS], frames[:, N_MELS + 1]
        )
        energy = measures.energy_correlation(
            source.frames[:, :N_MELS], frames[:, :N_MELS], source.spoken
        )
        rows.append((*pitch, energy))
    values, groups = np.array(rows), [item.source.speaker for item in made]
    found: dict[str, Any] = {
        name: measures.interval(values[:, i], groups)
        for i, name in enumerate(
            ("f0_correlation", "gross_pitch_error", "voicing_error", "energy_correlation")
        )
    }
    of_all, wanted = [m.frames for m in made], [m.target for m in made]
    found["target_among_all"] = _share(net, names, of_all, wanted)
    found["target_among_five"] = _share(net, names, of_all, wanted, goals)
    return found


def leakage(modules: TransferModel, items: Sequence[Item], role: str) -> dict[str, Any]:
    """Return the accuracy of speaker classification on the code, for test and training speakers."""
    return {
        who: speaker_accuracy([code_of(modules, i) for i in own], [i.speaker for i in own])
        for who, own in (
            ("strangers", leakage_items(items, role)),
            ("train", leakage_items(items, "train")),
        )
    }


def beside_the_code(items: Sequence[Item], role: str) -> dict[str, Any]:
    """Return the same accuracy on what the decoder gets beside the code.

    `length`: noise with as many numbers as the text has phones, which needs no recording; a
    code leaks what exceeds it. `text`: the phones. `durations`: their durations. `f0`: ranks of
    the phones' mean log F0, the melody to be transferred. `mel`: mel energies, the input of the
    encoder.
    """
    own = leakage_items(items, role)
    speakers = [i.speaker for i in own]
    rng = np.random.default_rng(4)
    spoken = [np.array(IS_SPOKEN)[i.symbols] for i in own]
    found = {
        "length": [_ranks(rng.normal(size=(int(s.sum()), 2))) for s in spoken],
        "text": [np.eye(len(SYMBOLS), dtype=np.float32)[i.symbols[s]] for i, s in zip(own, spoken)],
        "durations": [np.log(i.durations[:, None] + 0.5).astype(np.float32) for i in own],
        "f0": [_ranks(_octaves(i)[s, None]) for i, s in zip(own, spoken)],
        "mel": [_mel(i.frames[::3]) for i in own],  # every third frame suffices
    }
    return {name: speaker_accuracy(rows, speakers, repeats=1) for name, rows in found.items()}


def _octaves(item: Item) -> npt.NDArray[np.float64]:
    """Return the mean log F0 of each symbol, including pauses."""
    ends = np.cumsum(item.durations)
    total = np.concatenate([[0.0], np.cumsum(item.frames[:, N_MELS], dtype=np.float64)])
    means: npt.NDArray[np.float64] = (total[ends] - total[ends - item.durations]) / item.durations
    return means


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the ranks of each column, as in a code."""
    return ranked(torch.from_numpy(values)[None], torch.ones(1, len(values)))[0].float().numpy()


def leakage_items(items: Sequence[Item], role: str) -> list[Item]:
    """Return the recordings for classification: all test speakers, or some training speakers."""
    every = sorted({i.speaker for i in items if i.role == role and i.speaker != VOICE})
    step = max(1, len(every) // _LEAKAGE_SPEAKERS) if role == "train" else 1
    return [i for i in items if i.speaker in set(every[::step])]


def evaluate(
    modules: TransferModel,
    items: Sequence[Item],
    role: str,
    judge: tuple[SpeakerNet, list[str]],
    source_f0: dict[str, npt.NDArray[np.float64]],
    *,
    centroid: bool = False,
) -> dict[str, Any]:
    """Measure all transfers from the test speakers of a role to the targets."""
    goals = targets(items)
    vectors = [voice_vector(modules, items, name) for name in goals]
    made = [
        Transfer(item, name, frames)
        for item in sources(items, role)
        for name, frames in zip(goals, transfers(modules, item, vectors, centroid=centroid))
    ]
    found = judge_transfers(made, *judge, goals, source_f0)
    found["transfers"] = len(made)
    return found
