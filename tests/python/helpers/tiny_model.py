"""Models that hear tones: small enough to write by hand, real enough for the whole path.

A keyword is a pure tone. Its channel is the energy around the tone less the mean over
all bands, so neither silence nor noise excites it. Playback "alarm" silences all words,
which shows that the device state arrives.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pywakeword import _core
from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS, STATE_SIZES, VOLUME_EDGES
from pywakeword.models.digest import file_entry

SAMPLE_RATE_HZ = 16000
TONES_HZ = {"beep": 1000.0, "boop": 3000.0}
N_BINS = 64
WINDOW_FRAMES = 8
FRAME_STRIDE = 4
START_FRAMES_AGO = 30
END_FRAMES_AGO = 2


def tone(keyword: str, duration_s: float = 0.3, amplitude: float = 8000) -> npt.NDArray[np.int16]:
    time_s = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = amplitude * np.sin(2 * np.pi * TONES_HZ[keyword] * time_s)
    return wave.astype(np.int16)


def silence(duration_s: float) -> npt.NDArray[np.int16]:
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), np.int16)


def utterance(keyword: str, before_s: float = 1.0, after_s: float = 1.0) -> npt.NDArray[np.int16]:
    """Silence, the word, silence."""
    return np.concatenate([silence(before_s), tone(keyword), silence(after_s)])


def write_model(directory: Path, keywords: tuple[str, ...] = ("beep",), name: str = "") -> Path:
    """Write a model and its card, and return the path of the model."""
    path = directory / f"{name or '_'.join(keywords)}.tflite"
    data = model_bytes(keywords)
    path.write_bytes(data)
    write_card(path, make_card(path.stem, keywords, data))
    return path


def write_card(model: Path, card: Any) -> None:
    model.with_suffix(".json").write_text(json.dumps(card), encoding="utf-8")


def read_card(model: Path) -> Any:
    return json.loads(model.with_suffix(".json").read_text(encoding="utf-8"))


def make_card(name: str, keywords: tuple[str, ...], data: bytes) -> dict[str, Any]:
    calibration = {
        "negative_hours": 10.0,
        "positives": 100,
        "default_threshold": 0.5,
        "table": [
            {"threshold": 0.3, "false_accepts_per_hour": 2.0, "miss_rate": 0.01},
            {"threshold": 0.5, "false_accepts_per_hour": 0.5, "miss_rate": 0.02},
            {"threshold": 0.9, "false_accepts_per_hour": 0.0, "miss_rate": 0.1},
        ],
    }
    return {
        "format_version": 1,
        "task": "keyword",
        "name": name,
        "description": "Hears tones; for tests.",
        "licence": "Apache-2.0",
        "keywords": list(keywords),
        "model": file_entry(f"{name}.tflite", data),
        "frontend": dict(_core.LFBE_SETTINGS),
        "state": {
            "device_type": list(DEVICE_TYPES),
            "playback": list(PLAYBACKS),
            "volume_edges": list(VOLUME_EDGES),
        },
        "detector": {
            "frame_stride": FRAME_STRIDE,
            "smoothing_outputs": 2,
            "refractory_s": 1.0,
        },
        "calibration": {keyword: calibration for keyword in keywords},
        "training": {},
        "data": [],
        "figures": {},
    }


def model_bytes(keywords: tuple[str, ...], *, tanh: bool = False) -> bytes:
    """Write the graph; `tanh` adds an operator that the core does not have."""
    writer = pytest.importorskip(
        "pywakeword.training.export.tflite_writer",
        reason="writing models needs ai-edge-litert, flatbuffers",
    )
    features_q = writer.Quantization(0.1, 10)
    hidden_q = writer.Quantization(0.1, -128)
    logits_q = writer.Quantization(0.1, 0)
    frames_q = writer.Quantization(0.5, 0)
    n_state = sum(STATE_SIZES)

    graph = writer.GraphBuilder("hears tones")
    features = graph.input("features", (1, WINDOW_FRAMES, 1, N_BINS), features_q)
    state = graph.input("state", (1, n_state), writer.Quantization(1 / 127, 0))

    contrast = np.stack([_contrast_weights(TONES_HZ[keyword]) for keyword in keywords])
    kernel = np.repeat(contrast[:, np.newaxis, np.newaxis, :], 4, axis=1) / 4
    layer = writer.quantize_layer(kernel, np.zeros(len(keywords)), input_scale=0.1)
    x = graph.conv_2d(features, *layer, "contrast", hidden_q, stride=(4, 1), activation="relu")
    average = np.zeros((len(keywords), 2, 1, len(keywords)))
    average[np.arange(len(keywords)), :, 0, np.arange(len(keywords))] = 0.5
    layer = writer.quantize_layer(average, np.zeros(len(keywords)), input_scale=0.1)
    x = graph.conv_2d(x, *layer, "average", hidden_q, activation="relu")
    x = graph.reshape(x, (1, len(keywords)), "flat")

    alarm = np.zeros((1, n_state))
    alarm[0, len(DEVICE_TYPES) + PLAYBACKS.index("alarm")] = 20.0
    layer = writer.quantize_layer(alarm, np.zeros(1), input_scale=1 / 127)
    alarm_channel = graph.fully_connected(state, *layer, "alarm", hidden_q, activation="relu")
    x = graph.concatenation([x, alarm_channel], "joined")

    weights = np.hstack([2 * np.eye(len(keywords)), -4 * np.ones((len(keywords), 1))])
    layer = writer.quantize_layer(weights, np.full(len(keywords), -6.0), input_scale=0.1)
    logits = graph.fully_connected(x, *layer, "raw" if tanh else "logits", logits_q)
    if tanh:
        out = graph.tensor("logits", logits.shape, writer.Quantization(1 / 128, 0))
        graph.operator(writer.schema.BuiltinOperator.TANH, [logits], [out])
        logits = out
    graph.output(logits)
    for name, frames_ago in (("start", START_FRAMES_AGO), ("end", END_FRAMES_AGO)):
        bias = np.full(len(keywords), float(frames_ago))
        layer = writer.quantize_layer(np.zeros_like(weights), bias, input_scale=0.1)
        graph.output(graph.fully_connected(x, *layer, name, frames_q))
    return graph.to_bytes()


def _contrast_weights(tone_hz: float) -> npt.NDArray[np.float64]:
    mel = 2595 * np.log10(1 + np.array([60.0, 7600.0, tone_hz]) / 700)
    centre = (mel[2] - mel[0]) / (mel[1] - mel[0]) * (N_BINS + 1) - 1
    near = np.abs(np.arange(N_BINS) - centre) <= 1.5
    return near / near.sum() - 1 / N_BINS
