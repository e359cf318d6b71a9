"""Readers of untrusted files in Python: any bytes end in a result or the package's own error."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

hypothesis = pytest.importorskip("hypothesis", reason="fuzzing needs hypothesis")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from pywakeword import FileSource  # noqa: E402
from pywakeword.card import read_card  # noqa: E402
from pywakeword.errors import PyWakewordError  # noqa: E402

ROOT = Path(__file__).parents[2]
CARD = json.loads((ROOT / "models" / "alexa.json").read_text(encoding="utf-8"))
quick = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value of a JSON document."""
    found = [path] if path else []
    items = document.items() if isinstance(document, dict) else enumerate(document[:3])
    for key, value in items:
        nested = isinstance(value, (dict, list))
        found += places(value, (*path, key)) if nested else [(*path, key)]
    return found


PLACES = places(CARD)


def read_or_refuse(path: Path) -> None:
    try:
        read_card(path)
    except PyWakewordError as error:
        if not str(error):
            pytest.fail("an error without a message")


@quick
@given(place=st.sampled_from(PLACES), value=values, remove=st.booleans())
def test_a_card_with_any_value_anywhere(
    tmp_path: Path, place: tuple[Any, ...], value: Any, remove: bool
) -> None:
    card = json.loads(json.dumps(CARD))
    holder = card
    for key in place[:-1]:
        holder = holder[key]
    if remove:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    path = tmp_path / "card.json"
    path.write_text(json.dumps(card), encoding="utf-8")
    read_or_refuse(path)


@quick
@given(data=st.binary(max_size=300))
def test_any_bytes_as_a_card(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(data)
    read_or_refuse(path)


@quick
@given(
    edits=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6),
    length=st.integers(0, 700),
)
def test_a_wav_with_any_header(tmp_path: Path, edits: list[tuple[int, int]], length: int) -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(np.arange(320, dtype=np.int16).tobytes())
    data = bytearray(buffer.getvalue())
    for at, value in edits:
        data[at] = value
    path = tmp_path / "a.wav"
    path.write_bytes(data[:length])
    try:
        blocks = list(FileSource(path))
    except PyWakewordError as error:
        if not str(error):
            pytest.fail("an error without a message")
    else:
        assert all(block.dtype == np.int16 and block.ndim == 1 for block in blocks)
