"""Stores of features in a twentieth of their size, for a package that people download.

Blocks of 8 frames by 8 bands go through a cosine transform, are rounded, and the numbers of
one coefficient lie together, so that a general compressor finds what they have in common. What
is lost is fine texture, 1.9 dB of each value; `worn` takes it away from other features too, so
that it never tells the word from the rest. The quiet in front of a clip and behind it is not
stored but made again.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword._extras import require
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.features import LEAD_S, N_MELS, Entry, Store, lfbe
from pywakeword.training.material.versions import TRAIL_S

_BLOCK = 8  # frames and bands
_STEP = 1.1  # of the mean and the slowest changes; the fastest are rounded 2.4 times as much
_CHUNK = 4096  # blocks of 8 frames that are transformed at once
_LEAD, _TRAIL = int(LEAD_S * 100), int(TRAIL_S * 100)
_QUIET = 1e-4  # RMS of the quiet around a clip, as `versions` adds it

Floats = npt.NDArray[np.floating]


def write_compact(folder: Path, name: str, store: Store, *, padded: bool) -> int:
    """Write `name`.json and `name`.xz; return the bytes.

    `padded` says that every clip has the quiet of a version around it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lead, trail = (_LEAD, _TRAIL) if padded else (0, 0)
    coded, entries = [], []
    for entry in store.entries:
        first = entry.first_frame
        clip = store.features[first + lead : first + entry.n_frames - trail]
        if len(clip):
            entries.append(entry)
            coded.append(_rounded(_whole(clip)))
    planes = np.ascontiguousarray(np.concatenate(coded).transpose(2, 1, 0))
    (folder / f"{name}.xz").write_bytes(lzma.compress(planes.tobytes(), preset=6))
    kept = ("n_frames", "kind", "label", "group", "said")
    rows = [[asdict(e)[k] for k in kept] for e in entries]
    index = json.dumps({"padded": padded, "fields": kept, "clips": rows}, ensure_ascii=False)
    (folder / f"{name}.json").write_text(index, encoding="utf-8")
    return sum((folder / f"{name}.{end}").stat().st_size for end in ("xz", "json"))


def read_compact(folder: Path, name: str) -> Store:
    """Read what `write_compact` wrote.

    Raises
    ------
    ValueError
        If a file is damaged.
    """
    try:
        index = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        raw = lzma.decompress((folder / f"{name}.xz").read_bytes())
        clips = [dict(zip(index["fields"], row)) for row in index["clips"]]
        lead, trail = (_LEAD, _TRAIL) if index["padded"] else (0, 0)
        sizes = [_blocks(clip["n_frames"] - lead - trail) for clip in clips]
        planes = np.frombuffer(raw, np.int8).reshape(_BLOCK**2, N_MELS // _BLOCK, sum(sizes))
    except (lzma.LZMAError, ValueError, KeyError) as error:
        raise ValueError(f"{folder / name}: damaged ({error})") from None
    frames = _restored(planes.transpose(2, 1, 0))
    quiet = _quiet(max(lead, trail)) if index["padded"] else np.zeros((0, N_MELS), np.float16)
    parts: list[npt.NDArray[np.float16]] = []
    entries, at, total = [], 0, 0
    for clip, blocks in zip(clips, sizes):
        inner = clip["n_frames"] - lead - trail
        begin = at * _BLOCK
        parts += [quiet[:lead], frames[begin : begin + inner], quiet[:trail]]
        entries.append(_entry(clip, total))
        at, total = at + blocks, total + clip["n_frames"]
    return Store(np.concatenate(parts), np.zeros((0, 96), np.float16), entries)


def said_in(folder: Path, name: str, kind: str) -> list[str]:
    """Return the texts of the clips of a kind, as far as they are known."""
    index = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    said, kinds = index["fields"].index("said"), index["fields"].index("kind")
    return [row[said] for row in index["clips"] if row[said] and row[kinds] == kind]


def worn(store: Store) -> Store:
    """Return the store as if it had been written and read; labels and quiet stay."""
    features = np.concatenate([store.features, np.repeat(store.features[-1:], _BLOCK, axis=0)])
    whole = features[: len(features) // _BLOCK * _BLOCK]
    return replace(store, features=_restored(_rounded(whole))[: len(store.features)])


def _entry(clip: dict[str, Any], first: int) -> Entry:
    return Entry(first_frame=first, first_embedding=0, n_embeddings=0, **clip)


def _blocks(n_frames: int) -> int:
    return -(-n_frames // _BLOCK)


def _whole(clip: Floats) -> Floats:
    """Repeat the last frame until the clip fills its blocks."""
    return np.pad(clip, ((0, _blocks(len(clip)) * _BLOCK - len(clip)), (0, 0)), mode="edge")


def _steps() -> npt.NDArray[np.float32]:
    ramp = np.arange(_BLOCK) / _BLOCK
    steps = _STEP * (1 + np.hypot(ramp[:, None], ramp[None]))
    return np.asarray(steps, np.float32)


def _rounded(frames: Floats) -> npt.NDArray[np.int8]:
    """(8 n, 64) to (n, band groups, coefficients)."""
    dctn = require("scipy.fft", "train").dctn
    n = len(frames) // _BLOCK
    out = np.empty((n, N_MELS // _BLOCK, _BLOCK**2), np.int8)
    for first in range(0, n, _CHUNK):
        part = frames[first * _BLOCK : (first + _CHUNK) * _BLOCK].astype(np.float32)
        blocks = part.reshape(-1, _BLOCK, N_MELS // _BLOCK, _BLOCK).transpose(0, 2, 1, 3)
        numbers = np.rint(dctn(blocks, axes=(2, 3), norm="ortho") / _steps())
        out[first : first + _CHUNK] = np.clip(numbers, -128, 127).reshape(len(blocks), -1, 64)
    return out


def _restored(numbers: npt.NDArray[np.int8]) -> npt.NDArray[np.float16]:
    """Undo `_rounded`."""
    idctn = require("scipy.fft", "train").idctn
    out = np.empty((len(numbers) * _BLOCK, N_MELS), np.float16)
    for first in range(0, len(numbers), _CHUNK):
        part = numbers[first : first + _CHUNK].astype(np.float32)
        blocks = part.reshape(len(part), -1, _BLOCK, _BLOCK) * _steps()
        frames = idctn(blocks, axes=(2, 3), norm="ortho").transpose(0, 2, 1, 3)
        begin = first * _BLOCK
        out[begin : begin + len(part) * _BLOCK] = frames.reshape(-1, N_MELS)
    return out


def _quiet(n_frames: int) -> npt.NDArray[np.float16]:
    noise = np.random.default_rng(0).normal(0, _QUIET, (n_frames + 3) * SAMPLE_RATE_HZ // 100)
    return lfbe(noise)[:n_frames].astype(np.float16)
