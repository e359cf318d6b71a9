"""Model cards: the JSON file beside each model that says what it is for and what it needs.

Every card has `format_version`, `task`, `name` and a section `model` with `file`, `bytes` and
`sha256`. The other fields depend on the task; `docs/make/model_card.md` describes them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pywakeword._fields import Fields, field_fault, load_json
from pywakeword.device_state import PLAYBACKS
from pywakeword.errors import CardError
from pywakeword.models.calibration import Calibration, CalibrationRow
from pywakeword.models.digest import read_file

FORMAT_VERSION = 1
KEYWORD_TASK = "keyword"
VAD_TASK = "vad"
_MAX_CARD_BYTES = 1 << 20
_MAX_FRAMES = 1024  # between two outputs of a model, and of delay
_MAX_SMOOTHING = 10_000
_MAX_REFRACTORY_S = 86_400.0


@dataclass(frozen=True)
class FileEntry:
    """The part of a card that describes a file.

    Attributes
    ----------
    file : str
        Its name, without a folder.
    n_bytes : int
        Its length.
    sha256 : str
        Its digest, lower-case hexadecimal.
    """

    file: str
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class Card:
    """The validated card of a keyword model; `docs/make/model_card.md` describes each field.

    Attributes
    ----------
    name : str
        Name of the model.
    keywords : tuple of str
        One per output of the model, in order.
    languages : tuple of str
        Codes of the languages that the model was trained with, such as "en"; may be empty.
    sha256, n_bytes : str, int
        Digest and length of the model file.
    frontend : mapping
        Every setting of the front end that the model was trained with.
    state : mapping or None
        Vocabularies of the device state; None for a model without that input.
    frame_stride : int
        10 ms frames between two scores.
    smoothing_outputs : int
        Number of scores that are averaged.
    refractory_s : float
        Seconds after a detection in which the same word is not reported again.
    calibration : mapping of str to Calibration
        One per keyword.
    document : mapping
        The whole card as it was read, free-form parts included.
    """

    name: str
    keywords: tuple[str, ...]
    languages: tuple[str, ...]
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
        Frames between the end of the audio that a posterior describes and the newest frame.
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
    """Return the task of a card, or the keyword task if the card cannot be read."""
    try:
        return str(read_json(path).get("task", KEYWORD_TASK))
    except (CardError, AttributeError):
        # Loading the model reports what is wrong with its card.
        return KEYWORD_TASK


_AnyCard = TypeVar("_AnyCard")


def read_json(path: Path) -> Any:
    """Read a card without validating it."""
    try:
        return load_json(read_file(path, limit=_MAX_CARD_BYTES).decode("utf-8"))
    except FileNotFoundError:
        raise CardError(
            f"{path}: the model's card is missing: it was left behind, or this is "
            "not a pywakeword model but, for example, microWakeWord's or openWakeWord's"
        ) from None
    except (CardError, OSError, ValueError) as error:
        raise CardError(f"{path}: not a readable model card: {error}") from error


def _read(path: Path, parse: Callable[[Any], _AnyCard]) -> _AnyCard:
    document = read_json(path)
    try:
        return parse(document)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None


def open_card(document: Any, task: str) -> Fields:
    """Return the fields of a card after checking its version and task.

    Parameters
    ----------
    document : object
        The card as it was read from JSON.
    task : str
        The task that the model is loaded for.
    """
    fields = Fields(document, field_fault(CardError, "the card"))
    version = fields.integer("format_version")
    if version != FORMAT_VERSION:
        raise CardError(f"format_version is {version}, this build reads {FORMAT_VERSION}")
    found = fields.string("task", KEYWORD_TASK)
    if found != task:
        raise CardError(f"the task is {found!r}, expected {task!r}")
    return fields


def read_file_entry(fields: Fields, section: str = "model") -> FileEntry:
    """Return the entry of a file: the section `model`, or another one of the same form."""
    entry = fields.section(section)
    return FileEntry(
        file=entry.string("file"),
        n_bytes=entry.integer("bytes", low=0),
        sha256=entry.string("sha256"),
    )


def parse_vad_card(document: Any) -> VadCard:
    """Validate the card of a voice activity model that was read from JSON."""
    fields = open_card(document, VAD_TASK)
    model = read_file_entry(fields)
    vad = fields.section("vad")
    return VadCard(
        name=fields.string("name"),
        sha256=model.sha256,
        n_bytes=model.n_bytes,
        frontend=fields.section("frontend").values,
        frame_stride=vad.integer("frame_stride", low=1, high=_MAX_FRAMES),
        delay_frames=vad.integer("delay_frames", low=0, high=_MAX_FRAMES),
        document=document,
    )


def parse_card(document: Any) -> Card:
    """Validate a card that was read from JSON."""
    fields = open_card(document, KEYWORD_TASK)
    keywords = fields.different_strings("keywords")
    model = read_file_entry(fields)
    detector = fields.section("detector")
    calibration = fields.section("calibration")
    state = document.get("state")
    return Card(
        name=fields.string("name"),
        keywords=keywords,
        languages=fields.strings("languages", ()),
        sha256=model.sha256,
        n_bytes=model.n_bytes,
        frontend=fields.section("frontend").values,
        state=None if state is None else fields.section("state").values,
        frame_stride=detector.integer("frame_stride", low=1, high=_MAX_FRAMES),
        smoothing_outputs=detector.integer("smoothing_outputs", low=1, high=_MAX_SMOOTHING),
        refractory_s=detector.number("refractory_s", low=0, high=_MAX_REFRACTORY_S),
        calibration={word: _parse_keyword(calibration.section(word)) for word in keywords},
        document=document,
    )


def _parse_keyword(fields: Fields) -> Calibration:
    return dataclasses.replace(
        _parse_calibration(fields),
        by_playback=_parse_states(fields, "by_playback"),
        by_playback_cancelled=_parse_states(fields, "by_playback_cancelled"),
    )


def _parse_states(keyword: Fields, name: str) -> dict[str, Calibration]:
    if name not in keyword.values:
        return {}
    fields = keyword.section(name)
    for playback in fields.values:
        if playback not in PLAYBACKS:
            raise fields.wrong(playback, f"is not one of {', '.join(PLAYBACKS)}")
    return {playback: _parse_calibration(fields.section(playback)) for playback in fields.values}


def _parse_calibration(fields: Fields) -> Calibration:
    table = tuple(
        CalibrationRow(
            threshold=row.number("threshold", low=0),
            false_accepts_per_hour=row.number("false_accepts_per_hour", low=0),
            miss_rate=row.number("miss_rate", low=0),
        )
        for row in fields.sections("table")
    )
    try:
        return Calibration(
            negative_hours=fields.number("negative_hours", low=0),
            positives=fields.integer("positives", low=0),
            table=table,
            default_threshold=fields.number("default_threshold", low=0),
        )
    except ValueError as error:
        raise CardError(f"{fields.path}: {error}") from None
