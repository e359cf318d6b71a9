"""Contours of a corpus, one value per phone, kept in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.errors import SpeechlessAudioError
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.recording.alignment import Alignment
from pywakeword.tts.recording.contours import PhoneContours, frame_contours, phone_contours

_SAVE_EVERY = 200
_ARRAYS = tuple(field.name for field in fields(PhoneContours) if field.name != "names")


def measure_all(alignments: Mapping[Path, Alignment], cache: Path) -> dict[Path, PhoneContours]:
    """Measure aligned recordings; those without a voiced phone are left out.

    `cache` is an .npz file of finished measurements, for resuming. It belongs to these
    alignments; others need another file.
    """
    found: dict[str, PhoneContours] = {}
    voiceless: set[str] = set()
    if cache.exists():
        with np.load(cache) as stored:
            found, voiceless = _unpacked(dict(stored)), set(stored["voiceless"].tolist())
    missing = [p for p in alignments if p.name not in found and p.name not in voiceless]
    for i, path in enumerate(tqdm(missing, desc="contours", mininterval=10, disable=not missing)):
        try:
            frames = frame_contours(to_pcm(decode(path)))
            found[path.name] = phone_contours(frames, alignments[path])
        except SpeechlessAudioError:
            voiceless.add(path.name)
        if i % _SAVE_EVERY == 0 or i + 1 == len(missing):
            cache.parent.mkdir(parents=True, exist_ok=True)
            partial = cache.with_suffix(".part")
            with partial.open("wb") as file:
                arrays = {"voiceless": np.array(sorted(voiceless), str), **_packed(found)}
                np.savez(file, **arrays)  # type: ignore[arg-type]
            partial.replace(cache)
    return {path: found[path.name] for path in alignments if path.name in found}


def _packed(found: Mapping[str, PhoneContours]) -> dict[str, npt.NDArray[Any]]:
    packed = {name: np.concatenate([getattr(c, name) for c in found.values()]) for name in _ARRAYS}
    packed["phones"] = np.array([name for c in found.values() for name in c.names])
    packed["lengths"] = np.array([len(c.names) for c in found.values()])
    packed["files"] = np.array(list(found))
    return packed


def _unpacked(stored: Mapping[str, npt.NDArray[Any]]) -> dict[str, PhoneContours]:
    ends = np.cumsum(stored["lengths"])
    phones = stored["phones"].tolist()
    return {
        file: PhoneContours(
            names=tuple(phones[start:end]), **{name: stored[name][start:end] for name in _ARRAYS}
        )
        for file, start, end in zip(stored["files"].tolist(), ends - stored["lengths"], ends)
    }
