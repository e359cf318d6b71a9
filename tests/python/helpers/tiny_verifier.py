"""Verifier models that hear the tones of `tiny_model`, and candidates for them.

The score is a sigmoid of the tone's band against all bands, averaged over the frames in
which the word should be: a real reduction over the features, small enough to write by hand.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import pywakeword as pww
from helpers.tiny_model import N_BINS, TONES_HZ, _contrast_weights, utterance
from pywakeword import _core
from pywakeword.models.digest import file_entry

WORD_FRAMES = slice(50, 80)


def write_verifier(folder: Path, keyword: str = "beep", *, reject: float = 0.3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    data = model_bytes(keyword)
    path = folder / f"{keyword}.onnx"
    path.write_bytes(data)
    card = {
        "format_version": 1,
        "task": "verifier",
        "name": keyword,
        "keyword": keyword,
        "model": file_entry(path.name, data),
        "network": {"name": "tiny"},
        "frontend": dict(_core.LFBE_SETTINGS),
        "threshold_accept": 0.6,
        "threshold_reject": reject,
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def model_bytes(keyword: str) -> bytes:
    weights = np.zeros((195, N_BINS), np.float32)
    weights[WORD_FRAMES] = _contrast_weights(TONES_HZ[keyword]) / 30
    constants = {
        "weights": weights[np.newaxis],
        "axes": np.array([1, 2], np.int64),
        "offset": np.array(4.0, np.float32),
        "zero": np.array(0.0, np.float32),
        "first": np.array(50.0, np.float32),
    }
    nodes = [
        helper.make_node("Mul", ["features", "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axes"], ["contrast"], keepdims=0),
        helper.make_node("Sub", ["contrast", "offset"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["score"]),
        helper.make_node("Cast", ["n_frames"], ["end"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["end", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "first"], ["start"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tone",
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 195, N_BINS]),
            helper.make_tensor_value_info("n_frames", TensorProto.INT64, ["batch"]),
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch"])
            for name in ("score", "start", "end")
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def candidate(
    tone: str = "beep", keyword: str = "beep", before_s: float = 1.0, score: float = 0.7
) -> pww.Detection:
    """What a device would send of an utterance: half a second before the word, if it is there."""
    pcm = utterance(tone, before_s=before_s)
    start = round(before_s * 16000)
    end = start + 4800
    pre_roll = min(8000, start)
    return pww.Detection(
        keyword=keyword,
        score=score,
        start_sample=start,
        end_sample=end,
        detected_sample=end + 3200,
        snippet=pcm[start - pre_roll : end + 3200],
        pre_roll_samples=pre_roll,
        device_state=pww.DeviceState(playback="music", volume=0.5),
    )
