"""Evaluates several models, and writes the figures as JSON."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import TextMismatchError
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.addon import Addon
from pywakeword.tts.prosody.reference import ProsodyReference
from pywakeword.tts.recording.acoustic_frames import FRAME_RATE_HZ
from pywakeword.tts.recording.alignment import Aligner
from pywakeword.tts.text.flite import FliteVoice
from tools.prosody_transfer.checkpoints import load
from tools.prosody_transfer.corpus import Item, recordings
from tools.prosody_transfer.evaluation import measures, transfers
from tools.prosody_transfer.networks.model import TransferModel
from tools.tts.corpus import SYMBOLS
from tools.tts.features import HOP_SAMPLES, pyworld

_SPOKEN_STEP = 3  # the addons speak every third source recording
_TEXTS_STEP = 4


def card(modules: TransferModel, items: Sequence[Item], steps: int) -> dict[str, Any]:
    """Return the addon's card."""
    learners = [item for item in items if item.role == "train"]
    return {
        "method": "after CopyCat (Karlapati et al., Interspeech 2020), trained by self transfer",
        "licence": "Apache-2.0",
        "voice": "flite 2.2, voice cmu_us_slt (free, BSD-like licence)",
        "data": "speechocean762 (free for commercial and non-commercial use): read English of "
        "speakers with Mandarin as first language; and sentences that flite said",
        "recordings": len(learners),
        "speakers": len({item.speaker for item in learners}),
        "hours": round(sum(len(i.frames) for i in learners) / FRAME_RATE_HZ / 3600, 2),
        "frames": "64 log mel energies times 0.2, log F0, voicing; 80 a second",
        "parameters": sum(p.numel() for p in modules.parameters()),
        "steps": steps,
        "seed": 0,
        "date": datetime.date.today().isoformat(),
        "training": "python -m tools.prosody_transfer train --data DIR --work DIR",
        "limits": "read, non-native speech at 16 kHz; no listening study has been run",
    }


def write(
    checkpoints: Mapping[str, Path],
    items: Sequence[Item],
    data: Path,
    role: str,
    work: Path,
    addons: tuple[Path, Path] | None,
) -> None:
    """Evaluate the models on the speakers of a role; print and store the figures.

    A model's figures are kept in `work`, and measured again after more training. `addons` are the
    trained addon and the one that transfers by rule: their sound is measured too, and the figures
    go to the card of the first.
    """
    net, names, ceiling = transfers.target_classifier(items, work / "classifier.pt")
    chosen, f0 = chosen_sources(items, data, role)
    found: dict[str, Any] = {
        "role": role,
        "sources": sorted({item.speaker for item in chosen}),
        "targets": transfers.targets(items),
        "classifier_on_real_speech": ceiling,
        "beside_the_code": transfers.beside_the_code(items, role),
        "models": {},
    }
    for name, trained in checkpoints.items():
        kept = work / f"results-{role}-{name}.json"
        if kept.exists() and kept.stat().st_mtime > trained.stat().st_mtime:
            found["models"] |= json.loads(kept.read_text(encoding="utf-8"))
            continue
        modules = load(trained)
        figures = transfers.evaluate(modules, items, role, (net, names), f0)
        figures["steps"] = int(torch.load(trained, weights_only=True)["step"])
        figures["leakage"] = transfers.leakage(modules, items, role)
        new = {name: figures}
        if name == "none":
            new["centroid"] = transfers.evaluate(
                modules, items, role, (net, names), f0, centroid=True
            )
        kept.write_text(json.dumps(new, default=float), encoding="utf-8")
        print(json.dumps(new, default=float), flush=True)
        found["models"] |= new
    if addons is None:
        return
    found["in_sound"] = {addon.name: in_sound(addon, chosen, f0) for addon in addons}
    found["text_check"] = text_check(data, role)
    path = work / f"results-{role}.json"
    path.write_text(json.dumps(found, indent=1, default=float) + "\n", encoding="utf-8")
    print(path)
    card_file = addons[0] / "addon.json"
    document = json.loads(card_file.read_text(encoding="utf-8"))
    document["card"]["transfer"] = json.loads(path.read_text(encoding="utf-8"))
    card_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def chosen_sources(
    items: Sequence[Item], data: Path, role: str
) -> tuple[list[Item], dict[str, npt.NDArray[np.float64]]]:
    """Return the source recordings of a role, and their F0."""
    chosen = transfers.sources(items, role)
    paths = {r.path.stem: r.path for r in recordings(data)}
    return chosen, {
        item.name: world_f0(decode(paths[item.name]), len(item.frames)) for item in chosen
    }


def world_f0(audio: npt.NDArray[np.float32], n_frames: int) -> npt.NDArray[np.float64]:
    """Return F0 in Hz, 0 where unvoiced, by WORLD; no network was trained with it."""
    world = pyworld()
    signal = audio.astype(np.float64)
    rough, when = world.dio(
        signal,
        SAMPLE_RATE_HZ,
        f0_floor=70,
        f0_ceil=500,
        frame_period=1000 * HOP_SAMPLES / SAMPLE_RATE_HZ,
    )
    fine: npt.NDArray[np.float64] = world.stonemask(signal, rough, when, SAMPLE_RATE_HZ)
    return fine[:n_frames]


def text_check(data: Path, role: str) -> dict[str, float]:
    """Return the shares of right and of wrong texts that the aligner refuses."""
    aligner, analyst = Aligner(), FliteVoice("kal16")
    every = sorted((r for r in recordings(data) if r.role == role), key=lambda r: r.path.stem)
    own = every[::_TEXTS_STEP]
    refused = {"right": 0, "wrong": 0}
    for i, recording in enumerate(own):
        pcm = to_pcm(decode(recording.path))
        other = own[(i + len(own) // 2) % len(own)].text
        for kind, text in (("right", recording.text), ("wrong", other)):
            try:
                aligner.align_phones(pcm, analyst.speak(text).by_word())
            except TextMismatchError:
                refused[kind] += 1
    return {f"{k}_texts_refused": v / len(own) for k, v in refused.items()} | {"n": len(own)}


def in_sound(
    addon: Path, chosen: Sequence[Item], f0: Mapping[str, npt.NDArray[np.float64]]
) -> dict[str, Any]:
    """Measure an addon's audio for the source recordings: pitch by WORLD, phones by alignment."""
    voice, aligner, analyst = Addon.load(addon), Aligner(), FliteVoice("kal16")
    rows, groups = [], []
    for item in chosen[::_SPOKEN_STEP]:
        symbols = tuple(SYMBOLS[i] for i in item.symbols)
        reference = ProsodyReference(symbols, item.durations, item.frames)
        with voice.open(symbols, reference.tensors()) as stream:
            made = stream.pull(1 << 22)[:, 0]
        made_f0 = world_f0(made, len(item.frames))
        octaves = np.log2(np.where(made_f0 > 0, made_f0, 1.0))
        pitch = measures.pitch_agreement(f0[item.name], octaves, (made_f0 > 0).astype(float))
        wanted = np.cumsum(item.durations)[[s != "pau" for s in symbols]] / FRAME_RATE_HZ
        times = (float("nan"), float("nan"))
        with contextlib.suppress(TextMismatchError):
            again = aligner.align_phones(
                to_pcm(made), analyst.speak(item.text).by_word(), check=False
            )
            ends = again.ends_s[[s != "pau" for s in again.symbols]]
            times = measures.duration_errors_s(ends, wanted)
        rows.append((*pitch, *times))
        groups.append(item.speaker)
    names = (
        "f0_correlation",
        "gross_pitch_error",
        "voicing_error",
        "phone_duration_error_s",
        "phone_end_error_s",
    )
    values = np.array(rows)
    found: dict[str, Any] = {
        name: measures.interval(values[:, i], groups) for i, name in enumerate(names)
    }
    return found | {"not_aligned": int(np.isnan(values[:, 3]).sum()), "n": len(rows)}
