"""Readers of untrusted files in Python: any bytes end in a result or the package's own error."""

from __future__ import annotations

import io
import itertools
import json
import os
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

hypothesis = pytest.importorskip("hypothesis", reason="fuzzing needs hypothesis")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from pywakeword import FileSource, StdinSource  # noqa: E402
from pywakeword.errors import PyWakewordError  # noqa: E402
from pywakeword.models.card import read_card  # noqa: E402

pytestmark = pytest.mark.portable

ROOT = Path(__file__).parents[3]
CARD = json.loads((ROOT / "models" / "alexa.json").read_text(encoding="utf-8"))
quick = settings(
    # More, for a long run: PYWAKEWORD_FUZZ_EXAMPLES=100000 pytest tests/python/core/test_fuzz.py
    max_examples=int(os.environ.get("PYWAKEWORD_FUZZ_EXAMPLES", "200")),
    deadline=None,
    derandomize="PYWAKEWORD_FUZZ_EXAMPLES" not in os.environ,
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


class Pipe(io.RawIOBase):
    """Gives pieces of any length, and notes the most that was asked for at once."""

    def __init__(self, data: bytes, steps: list[int]) -> None:
        self._data = io.BytesIO(data)
        self._steps = itertools.cycle(steps)
        self.most_asked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.most_asked = max(self.most_asked, len(buffer))
        data = self._data.read(min(next(self._steps), len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def wav_bytes() -> bytearray:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(np.arange(320, dtype=np.int16).tobytes())
    return bytearray(buffer.getvalue())


def heard(stream: Any) -> tuple[bytes, str]:
    """Return the samples of a stream, and the error that ended it."""
    samples = b""
    try:
        for block in StdinSource(stream):
            assert block.dtype == np.int16
            assert block.ndim == 1
            samples += block.astype("<i2").tobytes()
    except PyWakewordError as error:
        if not str(error):
            pytest.fail("an error without a message")
        return samples, str(error)
    return samples, ""


@quick
@given(
    kind=st.sampled_from(["raw", "wav"]),
    junk=st.binary(max_size=60),
    edits=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=6),
    chunks=st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.integers(0, 2**32 - 1))),
    steps=st.lists(st.integers(1, 70), min_size=1, max_size=5),
)
def test_any_bytes_on_standard_input(
    kind: str,
    junk: bytes,
    edits: list[tuple[int, int]],
    chunks: list[tuple[bytes, int]],
    steps: list[int],
) -> None:
    data = bytearray(junk)
    if kind == "wav":
        data = wav_bytes()
        for at, value in edits:
            data[at] = value
        heads = b"".join(name + length.to_bytes(4, "little") for name, length in chunks)
        data[12:12] = heads + junk
    whole = heard(io.BytesIO(data))
    assert len(whole[0]) <= len(data)
    raw = Pipe(bytes(data), steps)
    assert heard(io.BufferedReader(raw)) == whole
    assert raw.most_asked <= 65536
    raw = Pipe(bytes(data), steps)
    assert heard(raw) == whole
    assert raw.most_asked <= 65536


@quick
@given(
    edits=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6),
    length=st.integers(0, 700),
)
def test_a_wav_with_any_header(tmp_path: Path, edits: list[tuple[int, int]], length: int) -> None:
    data = wav_bytes()
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
