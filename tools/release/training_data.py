"""Build the data wheel: python -m tools.release training-data --data DIR --work DIR --out DIR.

The stores of a training run are made in the work folder, or reopened there. Of them the wheel
gets the other sounds, the other phrases by natural voices, and real speech up to the wanted
hours; the speakers of split=dev calibrate. `pywakeword.training.data` says how it is stored.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from pywakeword import _core
from pywakeword.training.data.compact import write_compact
from pywakeword.training.data.package import FORMAT
from pywakeword.training.material.corpus import Clip, decode, read_manifest
from pywakeword.training.material.features import Entry, Store, StoreWriter, lfbe
from pywakeword.training.material.interference import prepare_interference
from pywakeword.training.material.prepare import prepare_speech
from pywakeword.training.material.rooms import simulated_rooms
from pywakeword.training.material.running import prepare_bank

PROJECT = Path(__file__).parents[2] / "data_wheel"
MOST_BYTES = 40_000_000
_FRAMES_PER_HOUR = 360_000
_LEAD_TRAIL = 260  # frames of quiet around a version
_FLOOR = 1e-3  # RMS of the noise behind a recording, -60 dBFS


def main(argv: list[str] | None = None) -> int:
    """Write the files, and pack them."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.release training-data", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="stores of a training run")
    parser.add_argument("--bank", action="append", default=[], type=Path, help="takes by voices")
    parser.add_argument("--trunk", type=Path, default=Path("models/alexa.tflite"))
    parser.add_argument("--small-trunk", type=Path, default=Path("models/alexa-small.tflite"))
    parser.add_argument("--hours", type=float, default=8.5, help="of negatives to train on")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="folder of the wheel")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    if not (args.data / "manifest.csv").is_file():
        print(f"error: {args.data}: no manifest.csv there", file=sys.stderr)
        return 2
    folder = PROJECT / "pywakeword_training_data"
    hours = write_files(folder, args)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(args.out), str(PROJECT)]
    subprocess.run(command, check=True)
    (wheel,) = args.out.glob("pywakeword_training_data-*.whl")
    size = wheel.stat().st_size
    print(f"{wheel}: {size / 1e6:.1f} MB, {hours:.1f} h to train on")
    if size > MOST_BYTES:
        print(f"error: more than {MOST_BYTES / 1e6:g} MB; give fewer --hours", file=sys.stderr)
        return 2
    return 0


def write_files(folder: Path, args: argparse.Namespace) -> float:
    """Write the stores, the trunks and the manifest; return the hours to train on."""
    clips = read_manifest(args.data, "train")
    sounds = prepare_interference(args.data, args.work, seed=args.seed + 1)
    speech = prepare_speech(
        args.data, args.work, {}, seed=args.seed, workers=args.workers, teacher=False
    )
    responses = simulated_rooms(60, np.random.default_rng(args.seed + 7))
    natural = [
        others(store)
        for bank in args.bank
        for store in prepare_bank(bank, args.work, responses, seed=args.seed + 60)
    ]
    spoken = Store.merged(natural) if natural else None
    wanted = args.hours - hours_of(sounds) - (hours_of(spoken, _LEAD_TRAIL) if spoken else 0.0)
    real = some_hours(speech, wanted, np.random.default_rng(args.seed))
    negatives = Store.merged([real, spoken]) if spoken else real
    calibration = recordings(read_manifest(args.data, "dev"), args.work / "calibration")
    sizes = {
        "negatives": write_compact(folder, "negatives", negatives, padded=True),
        "sounds": write_compact(folder, "sounds", sounds, padded=False),
        "calibration": write_compact(folder, "calibration", calibration, padded=False),
    }
    shutil.copyfile(args.trunk, folder / "trunk.tflite")
    shutil.copyfile(args.small_trunk, folder / "trunk-small.tflite")
    hours = hours_of(negatives, _LEAD_TRAIL) + hours_of(sounds)
    project = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"', project, re.M)
    assert version is not None
    manifest = {
        "format": FORMAT,
        "version": version[1],
        "frontend": dict(_core.LFBE_SETTINGS),
        "hours": round(hours, 1),
        "hours_by_kind": by_kind(negatives, sounds),
        "calibration_hours": round(hours_of(calibration), 2),
        "bytes": sizes,
        "seed": args.seed,
        "trunk": [args.trunk.name, args.small_trunk.name],
        "sources": sources(clips, negatives),
    }
    text = json.dumps(manifest, indent=1) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return hours


def hours_of(store: Store, quiet_frames: int = 0) -> float:
    """Return the hours of the clips, without the quiet around each."""
    return sum(max(e.n_frames - quiet_frames, 0) for e in store.entries) / _FRAMES_PER_HOUR


def others(store: Store) -> Store:
    """Return what is no wake word, and does not speak of one."""
    kept = [e for e in store.entries if not e.label]
    return replace(store, entries=kept)


def some_hours(store: Store, hours: float, rng: np.random.Generator) -> Store:
    """Return clips at random, in their order, up to the wanted hours."""
    chosen: list[int] = []
    left = hours * _FRAMES_PER_HOUR
    for number in rng.permutation(len(store.entries)):
        if left <= 0:
            break
        chosen.append(int(number))
        left -= store.entries[number].n_frames - _LEAD_TRAIL
    return replace(store, entries=[store.entries[i] for i in sorted(chosen)])


def recordings(clips: list[Clip], folder: Path) -> Store:
    """Make (or reopen) recordings as they are, over a faint noise."""
    if Store.exists(folder):
        return Store.read(folder)
    rng = np.random.default_rng(5)
    writer = StoreWriter(folder)
    for clip in tqdm([c for c in clips if c.category != "rir"], desc="calibration", disable=None):
        samples = decode(clip.path)
        noisy = samples + rng.normal(0, _FLOOR, len(samples))
        writer.add(
            lfbe(noisy), None, kind="real", label=clip.label, group=clip.group, said=clip.said
        )
    writer.close()
    return Store.read(folder)


def by_kind(negatives: Store, sounds: Store) -> dict[str, float]:
    """Return the hours of every kind of clip."""
    totals: Counter[str] = Counter()
    measured: list[tuple[list[Entry], Callable[[Entry], int]]] = [
        (negatives.entries, lambda e: e.n_frames - _LEAD_TRAIL),
        (sounds.entries, lambda e: e.n_frames),
    ]
    for entries, frames in measured:
        for entry in entries:
            totals[entry.kind] += frames(entry)
    return {kind: round(n / _FRAMES_PER_HOUR, 2) for kind, n in sorted(totals.items())}


def sources(clips: list[Clip], negatives: Store) -> list[dict[str, Any]]:
    """Count the recordings behind the data, by source and licence."""
    groups = {entry.group for entry in negatives.entries}
    used = [c for c in clips if c.group in groups or c.category in ("noise", "rir")]
    counts = Counter((c.source, c.licence) for c in used)
    rows: list[dict[str, Any]] = [
        {"source": source, "licence": licence, "files": n}
        for (source, licence), n in sorted(counts.items())
    ]
    natural = sum(entry.kind == "natural" for entry in negatives.entries)
    if natural:
        rows.append({"source": "Kokoro-82M v1.0", "licence": "Apache-2.0", "files": natural})
    return rows
