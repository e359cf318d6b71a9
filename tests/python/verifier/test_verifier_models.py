"""The bundled verifier models keep their contract (docs/make/verifier_models.md)."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the server extra is not installed")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

import onnxruntime
import soundfile

import pywakeword
from pywakeword import _core

GOLDEN = Path(__file__).parents[2] / "golden"
FOLDER = Path(str(importlib.resources.files("pywakeword.bundled"))) / "verifier"
WORDS = ("alexa", "computer")
WINDOW_FRAMES, HOP = 195, 160
PADDING = math.log(_core.LFBE_SETTINGS["floor"])


@pytest.fixture(params=WORDS)
def word(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def card(word: str) -> dict:
    return json.loads((FOLDER / f"{word}.json").read_text(encoding="utf-8"))


@pytest.fixture
def session(word: str) -> onnxruntime.InferenceSession:
    path = str(FOLDER / f"{word}.onnx")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def window(detection: pywakeword.Detection) -> tuple[np.ndarray, int]:
    """What a server makes of a snippet."""
    frames = _core.Lfbe().process(detection.snippet)[:WINDOW_FRAMES]
    out = np.full((1, WINDOW_FRAMES, 64), PADDING, np.float32)
    out[0, : len(frames)] = frames
    return out, len(frames)


def test_card_describes_the_file(word: str, card: dict) -> None:
    data = (FOLDER / f"{word}.onnx").read_bytes()
    assert len(data) < 1_000_000
    assert card["model"]["bytes"] == len(data)
    assert card["model"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert (card["format_version"], card["task"]) == (1, "verifier")
    assert (card["keyword"], card["network"]["name"]) == (word, "cra-195")
    assert card["frontend"] == pytest.approx(_core.LFBE_SETTINGS)
    assert card["window"] == {"frames": WINDOW_FRAMES, "start_frame": 50}
    assert 0 < card["threshold_reject"] <= card["threshold_accept"] < 1
    assert card["training"]["command"].startswith(f"python -m tools.verifier train {WORDS[0]}")
    assert card["data"]
    assert card["figures"]["device_and_verifier"]["takes"] > 0


def test_names_types_and_shapes(session: onnxruntime.InferenceSession) -> None:
    inputs = {i.name: (i.type, i.shape[1:]) for i in session.get_inputs()}
    assert inputs == {
        "features": ("tensor(float)", [WINDOW_FRAMES, 64]),
        "n_frames": ("tensor(int64)", []),
    }
    assert [o.name for o in session.get_outputs()] == ["score", "start", "end"]
    assert {o.type for o in session.get_outputs()} == {"tensor(float)"}


def test_rows_of_a_batch_do_not_touch_each_other(session: onnxruntime.InferenceSession) -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(-6, 3, (7, WINDOW_FRAMES, 64)).astype(np.float32)
    n_frames = rng.integers(60, WINDOW_FRAMES + 1, 7)
    together = session.run(None, {"features": features, "n_frames": n_frames})
    for i in range(7):
        alone = session.run(
            None, {"features": features[i : i + 1], "n_frames": n_frames[i : i + 1]}
        )
        for whole, one in zip(together, alone):
            assert one.shape == (1,)
            np.testing.assert_allclose(whole[i], one[0], rtol=1e-4, atol=1e-4)
    score = together[0]
    assert ((score >= 0) & (score <= 1)).all()


def test_confirms_the_word_and_finds_it(
    word: str, card: dict, session: onnxruntime.InferenceSession
) -> None:
    pcm, _ = soundfile.read(GOLDEN / f"{word}.wav", dtype="int16")
    (detection,) = pywakeword.WakeWord(word).process(pcm)
    features, n_frames = window(detection)
    score, start, end = session.run(None, {"features": features, "n_frames": np.array([n_frames])})
    assert score[0] >= card["threshold_accept"]
    first = detection.start_sample - detection.pre_roll_samples
    assert abs(first + start[0] * HOP - detection.start_sample) < 0.15 * 16_000
    assert abs(first + end[0] * HOP - detection.end_sample) < 0.15 * 16_000


def test_rejects_other_sounds(word: str, card: dict, session: onnxruntime.InferenceSession) -> None:
    rng = np.random.default_rng(2)
    other, _ = soundfile.read(GOLDEN / f"{next(w for w in WORDS if w != word)}.wav", dtype="int16")
    noise = rng.normal(0, 300, 40_000).astype(np.int16)
    hum = (3000 * np.sin(np.arange(40_000) * 0.05)).astype(np.int16)
    for pcm in (other[8000:], noise, hum):
        frames = _core.Lfbe().process(pcm)[:WINDOW_FRAMES]
        features = np.full((1, WINDOW_FRAMES, 64), PADDING, np.float32)
        features[0, : len(frames)] = frames
        score, *_ = session.run(None, {"features": features, "n_frames": np.array([len(frames)])})
        assert score[0] < card["threshold_reject"]
