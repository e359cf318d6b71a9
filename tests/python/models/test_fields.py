"""Typed look-ups in JSON: each fault names its path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pywakeword._fields import Fields, field_fault

VALUES = {
    "name": "beep",
    "count": 3,
    "share": 0.5,
    "on": True,
    "words": ["a", "b"],
    "twice": ["a", "a"],
    "mixed": ["a", 1],
    "huge": 10**400,
    "nan": float("nan"),
    "inner": {"rows": [{"x": 1}, {"x": "one"}]},
}


def fields(values: Any = VALUES) -> Fields:
    return Fields(values, field_fault(ValueError, "the card"))


def test_values() -> None:
    card = fields()
    assert card.string("name") == "beep"
    assert card.integer("count", low=3, high=3) == 3
    assert card.number("share", low=0, high=1) == 0.5
    assert isinstance(card.number("count"), float)
    assert card.boolean("on") is True
    assert card.strings("words") == card.different_strings("words") == ("a", "b")
    assert card.section("inner").sections("rows")[0].integer("x") == 1
    assert "name" in card
    assert "nothing" not in card


def test_defaults() -> None:
    card = fields({})
    assert card.string("name", "beep") == "beep"
    assert card.integer("count", 0, low=0) == 0
    assert card.number("share", 0.0) == 0.0
    assert card.boolean("on", False) is False
    assert card.strings("words", ()) == ()


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda f: f.string("nothing"), "field nothing is missing"),
        (lambda f: f.string("count"), "field count must be a string, got 3"),
        (lambda f: f.integer("share"), "field share must be a whole number, got 0.5"),
        (lambda f: f.integer("on"), "field on must be a whole number, got True"),
        (lambda f: f.number("on"), "field on must be a number, got True"),
        (lambda f: f.boolean("count"), "field count must be true or false, got 3"),
        (lambda f: f.integer("count", low=4), "field count must be at least 4, got 3"),
        (lambda f: f.integer("count", high=2), "field count must be at most 2, got 3"),
        (lambda f: f.integer("count", low=4, high=9), "field count must be from 4 to 9, got 3"),
        (lambda f: f.number("share", high=0.25), "field share must be at most 0.25, got 0.5"),
        (lambda f: f.number("nan"), "field nan must be finite, got nan"),
        (lambda f: f.number("huge"), "field huge must be finite, got 1000"),
        (lambda f: f.strings("mixed"), "field mixed must be a list of strings"),
        (lambda f: f.different_strings("twice"), "field twice must be .* all different"),
        (lambda f: f.section("name"), "field name must be an object, got 'beep'"),
        (
            lambda f: f.section("inner").sections("rows")[1].integer("x"),
            r"field inner\.rows\[1\]\.x must be a whole number",
        ),
    ],
)
def test_each_fault_names_its_path(read: Callable[[Fields], object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        read(fields())


def test_the_document_must_be_an_object() -> None:
    with pytest.raises(ValueError, match=r"^the card must be an object, got \[1\]$"):
        fields([1])


def test_unread_fields_are_refused() -> None:
    card = fields({"name": "beep", "colour": "red"})
    card.string("name")
    with pytest.raises(ValueError, match="field colour is not a field that this build knows"):
        card.finish()
    card.names()
    card.finish()


def test_deep_nesting_is_refused() -> None:
    values: dict[str, Any] = {}
    for _ in range(40):
        values = {"x": values}
    section = fields(values)
    for _ in range(16):
        section = section.section("x")
    with pytest.raises(ValueError, match="nested more than 16 deep"):
        section.section("x")
