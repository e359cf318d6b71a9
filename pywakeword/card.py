"""Model cards: what a model listens for, how it was trained and what it scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pywakeword.calibration import Calibration, CalibrationRow
from pywakeword.errors import CardError

FORMAT_VERSION = 1
KEYWORD_TASK = "keyword"
VAD_TASK = "vad"


@dataclass(frozen=True)
class Card:
    """A validated card; `docs/model_card.md` describes each field.

    Attributes
    ----------
    name : str
        Name of the model.
    keywords : tuple of str
        One per output of the model, in order.
    sha256, n_bytes : str, int
        Digest and length of the model file.
    frontend : mapping
        Every setting of the front end that the model was trained with.
    state : mapping or None
        Vocabularies of the device state; None for a model without that input.
    frame_stride : int
        10 ms frames between two scores.
    smoothing_outputs : int
        How many scores are averaged.
    refractory_s : float
        Seconds after a detection in which the same word is not reported again.
    calibration : mapping of str to Calibration
        One per keyword.
    document : mapping
        The whole card as it was read, free-form parts included.
    """

    name: str
    keywords: tuple[str, ...]
    sha256: str
    n_bytes: int
    frontend: Mapping[str, Any]
    state: Mapping[str, Any] | None
    frame_stride: int
    smoothing_outputs: int
    refractory_s: float
    calibration: Mapping[str, Calibration]
    document: Mapping[str, Any]


@dataclass(frozen=True)
class VadCard:
    """The validated card of a voice activity model.

    Attributes
    ----------
    name, sha256, n_bytes, frontend, document
        As those of `Card`.
    frame_stride : int
        10 ms frames between two posteriors.
    delay_frames : int
        How far before its newest frame a posterior's last frame lies.
    """

    name: str
    sha256: str
    n_bytes: int
    frontend: Mapping[str, Any]
    frame_stride: int
    delay_frames: int
    document: Mapping[str, Any]


def read_card(path: Path) -> Card:
    """Read and validate a card; `CardError` names the file and the field at fault."""
    return _read(path, parse_card)


def read_vad_card(path: Path) -> VadCard:
    """Read and validate the card of a voice activity model."""
    return _read(path, parse_vad_card)


def read_task(path: Path) -> str:
    """Return what a card's model is for; a card that cannot be read is taken for a keyword's."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return str(document.get("task", KEYWORD_TASK))
    except (OSError, ValueError, AttributeError):
        # Whoever loads the model is told what is wrong with it.
        return KEYWORD_TASK


_AnyCard = TypeVar("_AnyCard")


def _read(path: Path, parse: Callable[[Any], _AnyCard]) -> _AnyCard:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CardError(f"{path}: the model's card is missing") from None
    except (OSError, ValueError) as error:
        raise CardError(f"{path}: not a readable model card: {error}") from error
    try:
        return parse(document)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None


def _open(document: Any, task: str) -> _Fields:
    fields = _Fields(document, "")
    version = fields.integer("format_version")
    if version != FORMAT_VERSION:
        raise CardError(f"format_version is {version}, this build reads {FORMAT_VERSION}")
    found = document.get("task", KEYWORD_TASK)
    if found != task:
        raise CardError(f"this is not a {task} model: its task is {found!r}")
    return fields


def parse_vad_card(document: Any) -> VadCard:
    """Validate the card of a voice activity model that was read from JSON."""
    fields = _open(document, VAD_TASK)
    model = fields.section("model")
    vad = fields.section("vad")
    return VadCard(
        name=fields.string("name"),
        sha256=model.string("sha256"),
        n_bytes=model.integer("bytes"),
        frontend=fields.section("frontend").values,
        frame_stride=vad.integer("frame_stride", minimum=1),
        delay_frames=vad.integer("delay_frames", minimum=0),
        document=document,
    )


def parse_card(document: Any) -> Card:
    """Validate a card that was read from JSON."""
    fields = _open(document, KEYWORD_TASK)
    keywords = fields.strings("keywords")
    if not keywords or len(set(keywords)) != len(keywords):
        raise CardError("keywords must be a list of different words")
    model = fields.section("model")
    detector = fields.section("detector")
    calibration = fields.section("calibration")
    state = document.get("state")
    return Card(
        name=fields.string("name"),
        keywords=keywords,
        sha256=model.string("sha256"),
        n_bytes=model.integer("bytes"),
        frontend=fields.section("frontend").values,
        state=None if state is None else fields.section("state").values,
        frame_stride=detector.integer("frame_stride", minimum=1),
        smoothing_outputs=detector.integer("smoothing_outputs", minimum=1),
        refractory_s=detector.number("refractory_s"),
        calibration={word: _parse_calibration(calibration.section(word)) for word in keywords},
        document=document,
    )


def _parse_calibration(fields: _Fields) -> Calibration:
    rows = []
    for index, row in enumerate(fields.get("table", list)):
        row_fields = _Fields(row, f"{fields.where}table[{index}].")
        rows.append(
            CalibrationRow(
                threshold=row_fields.number("threshold"),
                false_accepts_per_hour=row_fields.number("false_accepts_per_hour"),
                miss_rate=row_fields.number("miss_rate"),
            )
        )
    try:
        return Calibration(
            negative_hours=fields.number("negative_hours"),
            positives=fields.integer("positives", minimum=0),
            table=tuple(rows),
            default_threshold=fields.number("default_threshold"),
        )
    except ValueError as error:
        raise CardError(f"{fields.where.rstrip('.')}: {error}") from None


class _Fields:
    """Typed look-ups in one JSON object that name the field they fail on."""

    def __init__(self, values: Any, where: str) -> None:
        if not isinstance(values, dict):
            raise CardError(f"{where.rstrip('.') or 'the card'} must be a JSON object")
        self.values = values
        self.where = where

    def get(self, name: str, kind: type | tuple[type, ...]) -> Any:
        if name not in self.values:
            raise CardError(f"field {self.where}{name} is missing")
        value = self.values[name]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CardError(f"field {self.where}{name} has the wrong type: {value!r}")
        return value

    def section(self, name: str) -> _Fields:
        return _Fields(self.get(name, dict), f"{self.where}{name}.")

    def string(self, name: str) -> str:
        return str(self.get(name, str))

    def strings(self, name: str) -> tuple[str, ...]:
        values = self.get(name, list)
        if not all(isinstance(value, str) for value in values):
            raise CardError(f"field {self.where}{name} must be a list of strings")
        return tuple(values)

    def integer(self, name: str, minimum: int | None = None) -> int:
        value = int(self.get(name, int))
        if minimum is not None and value < minimum:
            raise CardError(f"field {self.where}{name} must be at least {minimum}, got {value}")
        return value

    def number(self, name: str) -> float:
        value = float(self.get(name, (int, float)))
        if not 0 <= value < float("inf"):
            raise CardError(f"field {self.where}{name} must be finite and not negative")
        return value
