"""Community models behind `WakeWord`, with the models that the wheels carry."""

from __future__ import annotations

import builtins
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import community
from helpers.sounds import RATE, floor, spoken

from pywakeword import (
    CalibrationError,
    Detection,
    DeviceState,
    MissingExtraError,
    ModelError,
    RequestListener,
    StreamError,
    WakeWord,
)
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.models.tflite_input import input_of

ALEXA = np.concatenate([floor(1.5), spoken("alexa"), floor(0.5)])
COMPUTER = np.concatenate([spoken("computer"), floor(0.5)])


def models(kind: str, folder: Path) -> Path:
    if kind == "micro":
        return community.micro_models() / "alexa.json"
    if kind == "open":
        return community.open_models() / "alexa.tflite"
    return community.write_onnx(folder)


def in_steps(spotter: WakeWord, pcm: np.ndarray, step: int) -> tuple[list[Detection], np.ndarray]:
    spotter.reset()
    parts = [spotter.process_with_scores(pcm[i : i + step]) for i in range(0, len(pcm), step)]
    return [d for found, _ in parts for d in found], np.concatenate([s for _, s in parts])


@pytest.mark.parametrize("kind", ["micro", "open", "onnx"])
def test_a_word(kind: str, tmp_path: Path) -> None:
    spotter = WakeWord(models(kind, tmp_path))
    assert spotter.keywords == ("alexa",)
    assert spotter.thresholds == {"alexa": 0.9 if kind == "micro" else 0.5}
    assert spotter.frame_shift_s == pytest.approx(0.03 if kind == "micro" else 0.08)
    spotter.device_state = DeviceState(playback="music")
    (found,) = spotter.process(ALEXA)
    assert (found.keyword, found.start_sample, found.end_sample) == ("alexa", None, None)
    assert spotter.thresholds["alexa"] <= found.score <= 1
    assert found.device_state.playback == "music"
    # As much as our own model is later than the word, and a little more.
    (ours,) = WakeWord("alexa").process(ALEXA)
    assert -0.3 * RATE < found.detected_sample - ours.end_sample < 0.6 * RATE
    # 1.5 s count as the word; half a second lies before it.
    assert found.pre_roll_samples == RATE // 2
    assert len(found.snippet) == 2 * RATE
    begin = found.detected_sample - 2 * RATE
    np.testing.assert_array_equal(found.snippet, ALEXA[begin : found.detected_sample])
    assert found.word_end_sample == found.detected_sample
    assert found.word_start_sample == begin + RATE // 2
    assert spotter.nbytes > 0
    assert spotter.history_nbytes >= 4 * RATE


@pytest.mark.parametrize("step", [1, 7, 160, 1000])
def test_results_do_not_depend_on_the_cut(step: int, tmp_path: Path) -> None:
    paths: list[Path | str] = [models("micro", tmp_path), "computer"]
    paths.append(community.open_models() / "hey_rhasspy.tflite")
    spotter = WakeWord(paths, pre_roll_s=0.1, refractory_s=0.5)
    assert spotter.frame_shift_s == pytest.approx(0.01)
    pcm = np.concatenate([ALEXA, COMPUTER])
    pcm = pcm if step > 7 else pcm[: 6 * RATE]
    whole = in_steps(spotter, pcm, len(pcm))
    assert [found.keyword for found in whole[0]] == ["alexa", "computer"][: 1 + (step > 7)]
    detections, scores = in_steps(spotter, pcm, step)
    assert detections == whole[0]
    for one, other in zip(detections, whole[0]):
        np.testing.assert_array_equal(one.snippet, other.snippet)
    np.testing.assert_array_equal(scores, whole[1])
    assert len(scores) == len(pcm) // 160


def test_scores_are_those_of_the_libraries(tmp_path: Path) -> None:
    import pymicro_wakeword
    import pyopen_wakeword

    micro = pymicro_wakeword.MicroWakeWord.from_builtin(pymicro_wakeword.Model.ALEXA)
    features = pymicro_wakeword.MicroWakeWordFeatures()
    frames = list(features.process_streaming(ALEXA.tobytes()))
    wanted = [micro.process_streaming_prob(frame) for frame in frames][2::3]
    found = WakeWord(models("micro", tmp_path)).scores(ALEXA)[:, 0]
    # The first frame is complete after 30 ms; a row has the newest score.
    n_rows = min(len(wanted), len(found) - 1)
    np.testing.assert_allclose(found[1 : 1 + n_rows], wanted[:n_rows], atol=1e-6)
    assert max(wanted) > 0.9

    word = pyopen_wakeword.OpenWakeWord.from_builtin(pyopen_wakeword.Model.ALEXA)
    front_end = pyopen_wakeword.OpenWakeWordFeatures.from_builtin()
    wanted = []
    for begin in range(0, len(ALEXA) - 1279, 1280):
        newest = [
            probability
            for embedding in front_end.process_streaming(ALEXA[begin : begin + 1280].tobytes())
            for probability in word.process_streaming(embedding)
        ]
        wanted.append(newest[-1])
    for kind in ("open", "onnx"):
        spotter = WakeWord(models(kind, tmp_path))
        for _ in range(2):  # a reset stream is a new one
            np.testing.assert_allclose(spotter.scores(ALEXA)[:, 0], wanted, atol=1e-4)
            spotter.reset()


def test_several_side_by_side(tmp_path: Path) -> None:
    ours: list[Path | str] = ["computer"]
    names = [models("open", tmp_path), *ours, community.micro_models() / "okay_nabu.tflite"]
    spotter = WakeWord(names, threshold={"okay_nabu": 0.99})
    assert spotter.keywords == ("alexa", "computer", "okay_nabu")
    assert spotter.thresholds["okay_nabu"] == 0.99
    assert spotter.frame_shift_s == pytest.approx(0.01)
    assert [card.name for card in spotter.cards] == ["alexa", "computer", "okay_nabu"]
    pcm = np.concatenate([ALEXA, COMPUTER])
    found = spotter.process(pcm)
    assert [d.keyword for d in found] == ["alexa", "computer"]
    # Ours is what it is alone.
    alone = WakeWord("computer").process(pcm)
    assert found[1] == alone[0]
    with pytest.raises(ValueError, match="'alexa' comes from two models"):
        WakeWord(["alexa", names[0]])


def test_a_word_is_reported_once_until_its_score_falls(tmp_path: Path) -> None:
    spotter = WakeWord(models("micro", tmp_path), threshold=0.001, refractory_s=0)
    low = spotter.process(ALEXA)
    spotter = WakeWord(models("micro", tmp_path), refractory_s=0)
    assert len(spotter.process(np.concatenate([ALEXA, ALEXA]))) == 2
    spotter = WakeWord(models("micro", tmp_path), refractory_s=60)
    assert len(spotter.process(np.concatenate([ALEXA, ALEXA]))) == 1
    assert len(low) < 20


def test_the_start_of_a_stream(tmp_path: Path) -> None:
    spotter = WakeWord(models("micro", tmp_path))
    pcm = ALEXA[3 * RATE // 2 :]
    (found,) = spotter.process(pcm)
    assert 3 * RATE // 2 < found.detected_sample < 2 * RATE
    assert found.pre_roll_samples == found.detected_sample - 3 * RATE // 2
    np.testing.assert_array_equal(found.snippet, pcm[: found.detected_sample])


def test_a_request_after_the_word(tmp_path: Path) -> None:
    listener = RequestListener(WakeWord(models("micro", tmp_path)), Endpointer())
    word, request = listener.process(np.concatenate([ALEXA, floor(2)]))
    assert isinstance(word, Detection)
    assert request.outcome.reason == "silence"
    beside = RequestListener(WakeWord([models("micro", tmp_path), "computer"]), Endpointer())
    assert beside.process(np.concatenate([ALEXA, floor(2)])) == [word, request]


def test_two_threads(tmp_path: Path) -> None:
    spotter = WakeWord(models("open", tmp_path))
    errors = []
    stop = threading.Event()

    def feed() -> None:
        while not stop.is_set():
            try:
                spotter.process(ALEXA[:6400])
            except StreamError as error:
                errors.append(error)
                stop.set()

    threads = [threading.Thread(target=feed) for _ in range(2)]
    for thread in threads:
        thread.start()
    stop.wait(10)
    stop.set()
    for thread in threads:
        thread.join()
    assert "another thread" in str(errors[0])


@pytest.mark.parametrize(("kind", "module"), [("micro", "pymicro"), ("open", "pyopen")])
def test_without_the_extra(
    kind: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = models(kind, tmp_path)
    original = builtins.__import__

    import importlib

    def refuse(name: str, *arguments: Any) -> Any:
        if name.startswith(module):
            raise ImportError(name)
        return original(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingExtraError, match=r"pip install 'pywakeword\[community\]'") as caught:
        WakeWord(path)
    assert f"{path.stem}." in str(caught.value)
    assert "WakeWord, not a pywakeword model" in str(caught.value)


def test_no_measured_rates(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="alexa: a community model has no measured"):
        WakeWord(["computer", models("micro", tmp_path)], false_accepts_per_hour=1)


def changed(folder: Path, **changes: Any) -> Path:
    source = community.micro_models()
    shutil.copy(source / "alexa.tflite", folder)
    document = json.loads((source / "alexa.json").read_text())
    document["micro"].update(changes.pop("micro", {}))
    document.update(changes)
    (folder / "alexa.json").write_text(json.dumps(document))
    return folder / "alexa.json"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 1}, "manifest of version 1; version 2 runs"),
        ({"version": "2"}, "field version must be a whole number"),
        ({"wake_word": " "}, "wake_word is empty"),
        ({"model": "missing.tflite"}, "cannot be read: No such file"),
        ({"model": "."}, "not a regular file"),
        ({"model": "alexa.json"}, "alexa.json is no .tflite file"),
        ({"micro": {"feature_step_size": 20}}, "feature_step_size is 20 ms"),
        ({"micro": {"probability_cutoff": 0}}, "probability_cutoff must be above 0"),
        ({"micro": {"probability_cutoff": 1.5}}, "probability_cutoff must be from 0 to 1"),
        ({"micro": {"sliding_window_size": 0}}, "sliding_window_size must be from 1"),
        ({"trained_languages": "en"}, "trained_languages must be a list"),
    ],
)
def test_malformed_manifests(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        WakeWord(changed(tmp_path, **changes))
    assert "\n" not in str(caught.value)
    assert "alexa.json" in str(caught.value)


def test_networks_that_are_refused(tmp_path: Path) -> None:
    manifest = changed(tmp_path)
    network = tmp_path / "alexa.tflite"
    whole = network.read_bytes()
    network.write_bytes(whole[:-2000])
    with pytest.raises(ModelError, match=r"is no \.tflite file"):
        WakeWord(manifest)
    network.write_bytes(whole)
    (tmp_path / "alexa.json").rename(tmp_path / "other.json")
    with pytest.raises(ModelError, match=r"microWakeWord without its manifest, alexa\.json"):
        WakeWord(network)
    assert WakeWord(tmp_path / "other.json").keywords == ("alexa",)
    (tmp_path / "alexa.json").write_text(
        (tmp_path / "other.json").read_text().replace("alexa.tflite", "b.tflite")
    )
    shutil.copy(network, tmp_path / "b.tflite")
    with pytest.raises(ModelError, match=r"manifest beside it is that of b\.tflite"):
        WakeWord(network)
    embeddings = (community.open_models() / "alexa.tflite").read_bytes()
    for name in ("hey.tflite", "hey_two.tflite"):
        (tmp_path / name).write_bytes(embeddings[: 1 << 16])
    with pytest.raises(ModelError):
        WakeWord(tmp_path / "hey.tflite")
    (tmp_path / "hey.onnx").write_bytes(b"\x08\x08\x12\x07pytorch")
    with pytest.raises(
        ModelError, match=r"hey\.onnx: as a model of openWakeWord: ONNX Runtime refuses"
    ):
        WakeWord(tmp_path / "hey.onnx")


def test_an_onnx_model_of_another_kind(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="writes the model")
    community.open_models()
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    for shape, message in ([1, 16, 95], "no network on openWakeWord"), ([1, "n", 96], "'n'"):
        graph = helper.make_graph(
            [helper.make_node("Relu", ["x"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", kind, shape)],
            [helper.make_tensor_value_info("y", kind, shape)],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, tmp_path / "x.onnx")
        with pytest.raises(ModelError, match=message):
            WakeWord(tmp_path / "x.onnx")


def test_a_model_that_goes_away(tmp_path: Path) -> None:
    spotter = WakeWord(changed(tmp_path))
    spotter.process(ALEXA[:1600])
    (tmp_path / "alexa.tflite").unlink()
    with pytest.raises(ModelError, match="the model is gone"):
        spotter.reset()


def test_inputs_of_damaged_files() -> None:
    whole = (community.micro_models() / "alexa.tflite").read_bytes()
    assert input_of(whole) == ((1, 3, 40), "int8")
    rng = np.random.default_rng(5)
    for _ in range(2000):
        data = bytearray(whole[: rng.integers(0, 4000)] if rng.random() < 0.3 else whole[:60000])
        for at in rng.integers(0, max(1, min(len(data), 400)), 3):
            if at < len(data):
                data[at] = rng.integers(0, 256)
        found = input_of(bytes(data))
        assert found is None or len(found[0]) <= 8
