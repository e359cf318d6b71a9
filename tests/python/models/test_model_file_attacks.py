"""Cards and model files made to hang, crash or fill the memory of whoever loads them."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("hypothesis", reason="hypothesis comes with the extra test")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pywakeword import WakeWord
from pywakeword.errors import CardError, PyWakewordError
from pywakeword.models.bundled import bundled_dir
from pywakeword.models.card import read_card, read_task
from pywakeword.models.digest import read_file


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for suffix in (".tflite", ".json"):
        shutil.copy(bundled_dir() / f"computer{suffix}", tmp_path / f"m{suffix}")
    return tmp_path / "m.tflite"


DOCUMENT = json.loads((bundled_dir() / "computer.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("card", "message"),
    [
        (b"[" * 1_000_000, "not a readable model card"),
        (b'{"a":' * 100_000, "not a readable model card"),
        (b"\xff", "not a readable model card"),
        (b'{"name": 1, "name": 2}', "a key occurs twice"),
        (b"1" * 5000, "not a readable model card|must be an object"),
    ],
)
def test_cards_that_are_no_json(model: Path, card: bytes, message: str) -> None:
    model.with_suffix(".json").write_bytes(card)
    with pytest.raises(CardError, match=message):
        WakeWord(str(model))


@pytest.mark.parametrize("field", ["frame_stride", "smoothing_outputs", "refractory_s"])
@pytest.mark.parametrize("value", [10**400, 1 << 64, 10**12])
def test_numbers_that_the_core_does_not_take(model: Path, field: str, value: int) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["detector"][field] = value
    model.with_suffix(".json").write_text(json.dumps(document))
    with pytest.raises(CardError, match=field):
        WakeWord(str(model))


def test_sizes_are_checked_before_a_byte_is_read(model: Path) -> None:
    os.truncate(model, 4 << 30)  # sparse: it takes no space
    os.truncate(model.with_suffix(".json"), 4 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(CardError, match="4294967296 bytes, at most 1048576"):
            WakeWord(str(model))
        model.with_suffix(".json").write_text(json.dumps(DOCUMENT))
        with pytest.raises(CardError, match="has 4294967296 bytes, its card says"):
            WakeWord(str(model))
        document = copy.deepcopy(DOCUMENT)
        document["model"]["bytes"] = 4 << 30
        model.with_suffix(".json").write_text(json.dumps(document))
        with pytest.raises(CardError, match="at most 536870912"):
            WakeWord(str(model))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_do_not_block(model: Path, tmp_path: Path) -> None:
    card = model.with_suffix(".json")
    card.unlink()
    os.mkfifo(card)
    assert read_task(card) == "keyword"
    with pytest.raises(CardError, match="not a regular file"):
        read_card(card)
    with pytest.raises(CardError, match="not a regular file"):
        read_file(card)
    pipe = tmp_path / "p.tflite"
    os.mkfifo(pipe)
    with pytest.raises(PyWakewordError, match=r"p\.tflite"):
        WakeWord(str(pipe))


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each value of a document."""
    children = node.items() if isinstance(node, dict) else enumerate(node)
    found = []
    for key, value in children:
        found.append((*path, key))
        if isinstance(value, (dict, list)):
            found += places(value, (*path, key))
    return found


values = st.recursive(
    st.sampled_from([None, True, 10**400, -(10**400), 1 << 63, -1, 0, 1e308, 5e-324, "", "\0"])
    | st.integers()
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=3,
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(places(DOCUMENT)), values)
def test_any_value_in_any_field_is_a_model_or_a_named_error(
    model: Path, place: tuple[Any, ...], value: object
) -> None:
    document = copy.deepcopy(DOCUMENT)
    node = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    model.with_suffix(".json").write_text(json.dumps(document))
    with contextlib.suppress(PyWakewordError):
        WakeWord(str(model))
