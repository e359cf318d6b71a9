"""Model cards: what a model listens for, how it was trained and what it scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pywakeword._fields import Fields
from pywakeword.errors import CardError
from pywakeword.models.calibration import Calibration, CalibrationRow

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


def read_json(path: Path) -> Any:
    """Read a card without validating it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CardError(f"{path}: the model's card is missing") from None
    except (OSError, ValueError) as error:
        raise CardError(f"{path}: not a readable model card: {error}") from error


def _read(path: Path, parse: Callable[[Any], _AnyCard]) -> _AnyCard:
    document = read_json(path)
    try:
        return parse(document)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None


def _open(document: Any, task: str) -> Fields:
    fields = Fields(document, "", CardError, "the card")
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


def _parse_calibration(fields: Fields) -> Calibration:
    rows = []
    for index, row in enumerate(fields.get("table", list)):
        row_fields = Fields(row, f"{fields.where}table[{index}].", CardError)
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


def as_names(card: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """Return a field of a card that is a list of different strings."""
    names = Fields(card, "", CardError, "the card").strings(field)
    if not names or len(set(names)) != len(names):
        raise CardError(f"field {field} must be a list of different strings")
    return names
