"""Studies: items to play, each with a reference, conditions and anchors.

A study is a JSON file; paths are relative to it, audio is WAV:

    {"title": "Melody of questions",
     "question": "How close is the melody to that of the reference?",
     "anchors": ["anchor35"],
     "items": [
       {"name": "wh_01", "reference": "wh_01/real.wav", "training": true,
        "conditions": {"centroid": "wh_01/centroid.wav", "syntactic": "wh_01/syntactic.wav"}}]}

`anchors` are low-passed copies of the reference, generated here: "anchor35" at 3.5 kHz and
"anchor70" at 7 kHz. An item can have its own files instead: "anchors": {name: path}.
"""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

REFERENCE = "reference"
CUTOFFS_HZ = {"anchor35": 3500.0, "anchor70": 7000.0}
MAX_STIMULI = 12  # per trial, including hidden reference and anchors (BS.1534-3)
_MAX_SECONDS = 12.0
_FILTER_TAPS = 511


class StudyError(ValueError):
    """A study file or an audio file in it is unusable."""


@dataclass(frozen=True)
class Item:
    """One trial: WAV files by condition, including hidden reference and anchors.

    Training trials come first and are not part of the results.
    """

    name: str
    training: bool
    stimuli: Mapping[str, bytes]


@dataclass(frozen=True)
class Study:
    """A study with its audio."""

    title: str
    question: str
    items: tuple[Item, ...]


def read_study(path: Path) -> Study:
    """Read a study with its audio, and generate the anchors.

    Raises
    ------
    StudyError
        If a field is missing or wrong, if audio cannot be read, or if the stimuli of an item
        differ in sample rate or channels.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path}: no such file") from None
    except ValueError as error:
        raise StudyError(f"{path}: not JSON ({error})") from None
    if not isinstance(document, dict):
        raise StudyError(f"{path}: not an object")
    anchors = _field(document, "anchors", list, path, default=["anchor35"])
    unknown = [name for name in anchors if name not in CUTOFFS_HZ]
    if unknown:
        raise StudyError(f"{path}: anchor {unknown[0]!r} is none of {', '.join(CUTOFFS_HZ)}")
    items = tuple(
        _read_item(entry, anchors, path) for entry in _field(document, "items", list, path)
    )
    names = [item.name for item in items]
    if len(set(names)) < len(names):
        raise StudyError(f"{path}: two items have the same name")
    if not any(not item.training for item in items):
        raise StudyError(f"{path}: no item that is not for training")
    tested = {frozenset(item.stimuli) for item in items if not item.training}
    if len(tested) > 1:
        raise StudyError(f"{path}: the items do not all have the same conditions")
    return Study(
        _field(document, "title", str, path), _field(document, "question", str, path), items
    )


def low_pass(pcm: npt.NDArray[np.int16], sample_rate: int, cutoff_hz: float) -> Any:
    """Return int16 audio, (n_samples, n_channels), low-passed at the cutoff."""
    times = np.arange(_FILTER_TAPS) - _FILTER_TAPS // 2
    kernel = np.sinc(2 * cutoff_hz / sample_rate * times) * np.blackman(_FILTER_TAPS)
    kernel /= kernel.sum()
    edge = _FILTER_TAPS // 2
    filtered = [
        np.convolve(channel.astype(np.float64), kernel)[edge : edge + len(channel)]
        for channel in pcm.T
    ]
    return np.clip(np.rint(np.stack(filtered, axis=1)), -32768, 32767).astype(np.int16)


def _read_item(entry: Any, anchors: list[str], path: Path) -> Item:
    if not isinstance(entry, dict):
        raise StudyError(f"{path}: an item is not an object")
    name = _field(entry, "name", str, path)
    where = f"{path}, item {name!r}"
    conditions = _field(entry, "conditions", dict, where)
    own_anchors = _field(entry, "anchors", dict, where, default={})
    files = {REFERENCE: _field(entry, "reference", str, where), **own_anchors, **conditions}
    if not conditions or len(files) < 1 + len(conditions) + len(own_anchors):
        raise StudyError(f"{where}: no conditions, or two of one name")
    audio = {key: _read_wav(path.parent / str(file), where) for key, file in files.items()}
    pcm, rate = audio[REFERENCE]
    for key, (other, other_rate) in audio.items():
        if other_rate != rate or other.shape[1] != pcm.shape[1]:
            raise StudyError(f"{where}: {key!r} has another sample rate or other channels")
    for anchor in [] if own_anchors else anchors:
        if anchor in audio:
            raise StudyError(f"{where}: a condition is called {anchor!r}, like an anchor")
        if rate < 2.2 * CUTOFFS_HZ[anchor]:
            raise StudyError(f"{where}: {anchor!r} needs audio of a higher rate than {rate} Hz")
        audio[anchor] = (low_pass(pcm, rate, CUTOFFS_HZ[anchor]), rate)
    if len(audio) > MAX_STIMULI:
        raise StudyError(f"{where}: {len(audio)} stimuli; a trial may have {MAX_STIMULI}")
    stimuli = {key: _to_wav(samples, rate) for key, (samples, _) in audio.items()}
    return Item(name, _field(entry, "training", bool, where, default=False), stimuli)


def _field(entry: Mapping[str, Any], name: str, kind: type, where: Any, default: Any = None) -> Any:
    value = entry.get(name, default)
    if not isinstance(value, kind):
        problem = "is missing" if name not in entry else f"is {value!r}, not a {kind.__name__}"
        raise StudyError(f"{where}: {name!r} {problem}")
    return value


def _read_wav(path: Path, where: str) -> tuple[npt.NDArray[np.int16], int]:
    try:
        with wave.open(str(path), "rb") as file:
            if file.getsampwidth() != 2:
                raise StudyError(f"{where}: {path} is not 16-bit")
            data, channels = file.readframes(file.getnframes()), file.getnchannels()
            rate = file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise StudyError(f"{where}: {path} cannot be read as WAV ({error})") from None
    pcm = np.frombuffer(data, "<i2").reshape(-1, channels)
    if not 0 < len(pcm) <= _MAX_SECONDS * rate:
        raise StudyError(
            f"{where}: {path} lasts {len(pcm) / rate:.1f} s; up to {_MAX_SECONDS:g} s are played"
        )
    return pcm, rate


def _to_wav(pcm: npt.NDArray[np.int16], rate: int) -> bytes:
    # Rewritten, so that no header field or comment identifies a condition.
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(pcm.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())
    return buffer.getvalue()
