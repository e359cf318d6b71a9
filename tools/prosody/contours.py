"""Contours of a whole corpus, per phone, kept in a file so that they are measured once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pywakeword.errors import NoSpeechError
from pywakeword.tts.contours import (  # for training code: one place to import from
    FrameContours,
    PhoneContours,
    frame_contours,
    phone_contours,
)
from tools.prosody.alignment import Alignment
from tools.train.corpus import decode
from tools.train.features import to_pcm

__all__ = ["FrameContours", "PhoneContours", "frame_contours", "measure_all", "phone_contours"]

_ARRAYS = tuple(field.name for field in fields(PhoneContours) if field.name != "names")


def measure_all(alignments: Mapping[Path, Alignment], cache: Path) -> dict[Path, PhoneContours]:
    """Measure aligned recordings; those without a voice are left out.

    `cache` is an .npz file, written at the end and used if it has just these recordings.
    """
    wanted = [path.name for path in alignments]
    if cache.exists():
        with np.load(cache) as stored:
            if stored["wanted"].tolist() == wanted:
                return _unpacked(dict(stored), {path.name: path for path in alignments})
    found: dict[Path, PhoneContours] = {}
    for path, alignment in tqdm(alignments.items(), desc="contours", mininterval=10):
        try:
            found[path] = phone_contours(frame_contours(to_pcm(decode(path))), alignment)
        except NoSpeechError:
            continue
    cache.parent.mkdir(parents=True, exist_ok=True)
    with cache.open("wb") as file:
        np.savez(file, wanted=np.array(wanted), **_packed(found))
    return found


def _packed(found: Mapping[Path, PhoneContours]) -> dict[str, np.ndarray]:
    packed = {name: np.concatenate([getattr(c, name) for c in found.values()]) for name in _ARRAYS}
    packed["phones"] = np.array([name for c in found.values() for name in c.names])
    packed["lengths"] = np.array([len(c.names) for c in found.values()])
    packed["files"] = np.array([path.name for path in found])
    return packed


def _unpacked(
    stored: Mapping[str, np.ndarray], paths: Mapping[str, Path]
) -> dict[Path, PhoneContours]:
    ends = np.cumsum(stored["lengths"])
    found = {}
    for file, start, end in zip(stored["files"].tolist(), ends - stored["lengths"], ends):
        arrays = {name: stored[name][start:end] for name in _ARRAYS}
        found[paths[file]] = PhoneContours(
            names=tuple(stored["phones"][start:end].tolist()), **arrays
        )
    return found
