"""Whatever comes over the wire, the parsers answer with their own errors."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the server extra is not installed")

from helpers.tiny_verifier import candidate
from helpers.verifier_server import audio, metadata
from hypothesis import given, settings
from hypothesis import strategies as st

from pywakeword import _core
from pywakeword.errors import VerifierRefusedError, VerifierUnavailableError
from pywakeword.verifier.codec import decode, encode
from pywakeword.verifier.contract import (
    Metadata,
    SampleFormat,
    parse_metadata,
    parse_refusal,
    parse_reply,
)
from pywakeword.verifier.server.http.body import find_boundary, split_parts
from pywakeword.verifier.snippet import Snippet, window

quick = settings(max_examples=150, deadline=None, derandomize=True)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
OPUS = encode(candidate().snippet, "ogg_opus")
OPUS_METADATA = parse_metadata(
    json.dumps(metadata(format={"encoding": "ogg_opus", "sample_rate_hz": 16000, "channels": 1}))
)


@quick
@given(st.binary(max_size=200) | values.map(lambda v: json.dumps(v).encode()))
def test_json_of_any_kind(data: bytes) -> None:
    with contextlib.suppress(VerifierRefusedError):
        parse_metadata(data)
    for parse in (lambda: parse_reply(data, "r-1"), lambda: parse_refusal(400, data)):
        with contextlib.suppress(VerifierUnavailableError):
            parse()


@quick
@given(st.sampled_from(sorted(metadata())), values)
def test_metadata_with_any_value_in_a_field(field: str, value: object) -> None:
    with contextlib.suppress(VerifierRefusedError):
        assert isinstance(parse_metadata(json.dumps(metadata(**{field: value}))), Metadata)


@quick
@given(st.text(max_size=60), st.binary(max_size=300))
def test_bodies_of_any_kind(content_type: str, body: bytes) -> None:
    with contextlib.suppress(VerifierRefusedError):
        find_boundary(content_type)
    with contextlib.suppress(VerifierRefusedError):
        split_parts(body, b"b")


@quick
@given(st.integers(0, 400), st.integers(0, 255), st.integers(0, 400))
def test_damaged_multipart(where: int, byte: int, end: int) -> None:
    part = b'--b\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = bytearray(part % (b"metadata", b"{}") + part % (b"audio", b"xx") + b"--b--\r\n")
    if where < len(body):
        body[where] = byte
    with contextlib.suppress(VerifierRefusedError):
        split_parts(bytes(body[: len(body) - end]), b"b")


def test_whole_multipart() -> None:
    part = b'--b\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (b"metadata", b"{}") + part % (b"audio", audio()) + b"--b--\r\n"
    assert split_parts(body, b"b") == (b"{}", audio())


@settings(quick, max_examples=60)
@given(st.integers(0, len(OPUS) - 1), st.integers(0, 255), st.integers(0, 2000))
def test_damaged_opus(where: int, byte: int, end: int) -> None:
    data = bytearray(OPUS)
    data[where] = byte
    with contextlib.suppress(VerifierRefusedError):
        decode(OPUS_METADATA, bytes(data[: len(data) - end]))


@quick
@given(st.integers(0, 60_000), st.integers(0, 40_000))
def test_windows_of_any_snippet(n_samples: int, start: int) -> None:
    pcm = np.full(n_samples, 1000, np.int16)
    frames, n_frames = window(Snippet("beep", pcm, start), _core.Lfbe())
    assert frames.shape == (195, 64)
    assert 0 <= n_frames <= 195
    assert np.isfinite(frames).all()


def test_the_start_estimate_is_frame_50() -> None:
    """A click at the start estimate shows first in the frames that reach it, at any pre-roll."""
    for start in (0, 37, 3200, 7999, 8000, 12_345):
        pcm = np.zeros(40_000, np.int16)
        pcm[start] = 30_000
        frames, _ = window(Snippet("beep", pcm, start), _core.Lfbe())
        loud = np.flatnonzero(frames.max(axis=1) > -13.0)
        # Frame f covers samples 160 f to 160 f + 400; the Hann window is 0 at a frame's edge.
        expected = [48, 49] if start >= 400 else []
        assert loud.tolist()[: len(expected)] == expected, start


def test_sample_format_default_is_what_is_sent() -> None:
    assert SampleFormat() == parse_metadata(json.dumps(metadata())).format
