"""Reads what the page sends: settings of a stream, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pywakeword._fields import Fields, field_fault, load_json
from pywakeword.device_state import DeviceState
from pywakeword.studio.catalogue import StudioError


def parse_object(text: str | bytes) -> Fields:
    """Return the fields of a JSON object."""
    try:
        document = load_json(text)
    except ValueError:
        raise StudioError("the message is not JSON") from None
    return fields_of(document)


def fields_of(document: Any) -> Fields:
    """Return the fields of an object that was read from JSON."""
    return Fields(document, field_fault(StudioError, "the message"))


def read_state(fields: Fields) -> DeviceState:
    """Return the device state in the field `state`; unknown without it."""
    if "state" not in fields:
        return DeviceState()
    state = fields.section("state")
    volume = None
    if state.values.get("volume") is not None:
        volume = state.number("volume")
    try:
        return DeviceState(
            state.string("device_type", "unknown"), state.string("playback", "unknown"), volume
        )
    except ValueError as error:
        raise StudioError(str(error)) from None


def read_thresholds(fields: Fields) -> Mapping[str, Mapping[str, float]]:
    """Return the thresholds per model and word in the field `thresholds`; may be missing."""
    if "thresholds" not in fields:
        return {}
    models = fields.section("thresholds")
    found: dict[str, dict[str, float]] = {}
    for id_ in models.names():
        words = models.section(id_)
        found[id_] = {word: words.number(word, low=0.001, high=1) for word in words.names()}
    return found
