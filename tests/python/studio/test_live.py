"""The live stream: what a page receives for the audio that it sends."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the studio extra is not installed")
pytest.importorskip("httpx", reason="the verifier extra is not installed")

from helpers import community
from helpers.sounds import COMPUTER, RATE, floor, spoken
from helpers.studio_client import LIVE, client_of, make_studio, pcm_bytes
from starlette.websockets import WebSocketDisconnect

from pywakeword import WakeWord
from pywakeword._core import Lfbe
from pywakeword.studio.catalogue import Catalogue
from pywakeword.studio.stream.analysis import Analyser, scaled
from pywakeword.studio.stream.counting import ThresholdCounter
from pywakeword.studio.stream.live import MAX_STREAMS

KEY = "computer/computer"


@pytest.fixture
def client(tmp_path: Path) -> Any:
    with client_of(make_studio(tmp_path, ["computer"])) as found:
        yield found


@contextlib.contextmanager
def started(client: Any, **settings: Any) -> Iterator[Any]:
    with client.websocket_connect(LIVE) as socket:
        socket.send_text(json.dumps({"type": "start", **settings}))
        answer = json.loads(socket.receive_text())
        assert answer["type"] == "started", answer
        socket.description = answer
        yield socket


def send(socket: Any, pcm: np.ndarray, block: int = 1600) -> list[dict[str, Any]]:
    """Send audio as a page does; one answer per block."""
    answers = []
    for begin in range(0, len(pcm), block):
        socket.send_bytes(pcm_bytes(pcm[begin : begin + block]))
        answers.append(json.loads(socket.receive_text()))
    return answers


def joined(answers: list[dict[str, Any]], field: str) -> bytes:
    return b"".join(base64.b64decode(answer[field]) for answer in answers)


@pytest.mark.parametrize("block", [1600, 333])
def test_a_word_is_found_where_it_is(client: Any, block: int) -> None:
    pcm = spoken("computer")
    with started(client) as socket:
        answers = send(socket, pcm, block)
    events = [event for answer in answers for event in answer["events"]]
    (word,) = [event for event in events if event["kind"] == "detection"]
    (expected,) = WakeWord("computer").process(pcm)
    assert (word["start"], word["end"]) == (expected.start_sample, expected.end_sample)
    assert word["detected"] == expected.detected_sample
    assert word["pre_roll"] == 8000
    assert abs(word["start"] - COMPUTER[0]) < 0.1 * RATE
    # What follows the word is an utterance.
    assert [e["kind"] for e in events if e["detected"] > word["detected"]][:1] == ["SpeechStart"]
    # Features, speech and scores are those of the package.
    n = len(pcm) - len(pcm) % 640
    assert joined(answers, "features") == scaled(Lfbe().process(pcm[:n])).tobytes()
    scores = np.concatenate([answer["scores"][KEY] for answer in answers])
    np.testing.assert_allclose(scores, WakeWord("computer").scores(pcm[:n])[:, 0], atol=1e-4)
    assert sum(answer["n"] for answer in answers) == n
    assert len(joined(answers, "speech")) == len(joined(answers, "features")) // 64


def test_a_new_threshold_goes_on_with_the_same_scores(client: Any) -> None:
    pcm = np.concatenate([spoken("computer")] * 2)
    half = len(pcm) // 2
    with started(client) as socket:
        first = send(socket, pcm[:half])
        message = {"type": "thresholds", "thresholds": {"computer": {"computer": 0.9999}}}
        socket.send_text(json.dumps(message))
        assert json.loads(socket.receive_text())["words"][0]["threshold"] == 0.9999
        second = send(socket, pcm[half:])
    words = [e for a in first + second for e in a["events"] if e["kind"] == "detection"]
    assert len(words) == 1
    scores = np.concatenate([answer["scores"][KEY] for answer in first + second])
    expected = WakeWord("computer").scores(pcm)[:, 0][: len(scores)]
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_the_state_reaches_the_detection(client: Any) -> None:
    with started(client) as socket:
        socket.send_text(json.dumps({"type": "state", "state": {"playback": "music"}}))
        answers = send(socket, spoken("computer"))
    (word,) = [e for a in answers for e in a["events"] if e["kind"] == "detection"]
    assert word["state"]["playback"] == "music"


def test_two_models_of_one_word_side_by_side(client: Any) -> None:
    models = ["computer", "computer-small"]
    with started(client, models=models) as socket:
        assert [word["key"] for word in socket.description["words"]] == [
            KEY,
            "computer-small/computer",
        ]
        answers = send(socket, spoken("computer"))
    found = {e["key"] for a in answers for e in a["events"] if e["kind"] == "detection"}
    assert found == {KEY, "computer-small/computer"}


def test_counting(client: Any) -> None:
    pcm = np.concatenate([spoken("computer"), floor(2), spoken("computer")])
    with started(client) as socket:
        send(socket, spoken("alexa"))
        socket.send_text(json.dumps({"type": "count", "on": True}))
        count = send(socket, pcm)[-1]["count"]
    assert count["seconds"] == pytest.approx(len(pcm) / RATE, abs=0.05)
    assert count["detections"] == {KEY: 2}
    spotter = WakeWord("computer")
    rows = spotter.cards[0].calibration["computer"].table
    at_default = [r.threshold for r in rows].index(spotter.thresholds["computer"])
    assert count["counts"][KEY][at_default] == 2
    assert count["counts"][KEY] == sorted(count["counts"][KEY], reverse=True)


def test_the_counter_agrees_with_the_detector() -> None:
    """On scores that rise and fall around the thresholds."""
    sounds = [spoken("computer"), spoken("alexa"), floor(1, 2000)]
    pcm = np.concatenate([sounds[i] for i in np.random.default_rng(1).integers(0, 3, 30)])
    thresholds = [0.02, 0.1, 0.5, 0.9, 0.99, 0.996]
    spotter = WakeWord("computer")
    counter = ThresholdCounter(thresholds, round(spotter.refractory_s / spotter.frame_shift_s))
    counter.process(spotter.scores(pcm)[:, 0])
    real = [len(WakeWord("computer", threshold=t).process(pcm)) for t in thresholds]
    assert counter.counts.tolist() == real
    assert real[0] > real[-1] > 0


def test_this_machines_microphone(tmp_path: Path) -> None:
    pcm = spoken("computer")
    opened = []

    def open_microphone(stack: ExitStack) -> Any:
        opened.append("open")
        stack.callback(opened.append, "closed")
        blocks = (pcm[begin : begin + 640] for begin in range(0, len(pcm), 640))
        return blocks, lambda: 12.34

    studio = make_studio(tmp_path, ["computer"], open_microphone=open_microphone)
    with client_of(studio) as client, started(client, source="server") as socket:
        heard, events, message = b"", [], {}
        with contextlib.suppress(WebSocketDisconnect):
            while message.get("type") != "error":
                received = socket.receive()
                if received.get("bytes"):
                    heard += received["bytes"]
                    continue
                message = json.loads(received["text"])
                events += message.get("events", [])
                assert message.get("erle", 12.3) == 12.3
        assert message["message"] == "the microphone has ended"
    assert heard == pcm_bytes(pcm[: len(pcm) - len(pcm) % 640])
    assert "detection" in {event["kind"] for event in events}
    assert opened == ["open", "closed"]


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        (["x"], "not JSON"),
        (['{"type": "start", "type": "start"}'], "not JSON"),
        (['{"source": "radio"}'], "source must be browser or server"),
        (['{"models": ["komputer"]}'], "no model 'komputer'"),
        (['{"models": [1]}'], "models must be a list of ids"),
        (['{"state": {"playback": "jazz"}}'], "playback must be one of"),
        (['{"thresholds": {"computer": {"computer": 2}}}'], "from 0.001 to 1"),
        (["{}", '{"type": "dance"}'], "no message of the type 'dance'"),
        (["{}", b"odd"], "whole int16 samples"),
        (["{}", b"00" * 40_000], "at most 64 KB"),
    ],
)
def test_a_wrong_message_ends_the_stream(client: Any, messages: list[Any], error: str) -> None:
    with client.websocket_connect(LIVE) as socket:
        for message in messages:
            (socket.send_bytes if isinstance(message, bytes) else socket.send_text)(message)
        answers = [json.loads(socket.receive_text()) for _ in messages]
        assert answers[-1]["type"] == "error"
        assert error in answers[-1]["message"]


def test_streams_are_bounded(client: Any) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_STREAMS):
            stack.enter_context(started(client))
        with client.websocket_connect(LIVE) as socket:
            assert "which is the most" in json.loads(socket.receive_text())["message"]
    with started(client):
        pass


def test_a_stream_of_hours_keeps_no_more(tmp_path: Path) -> None:
    """Memory of one stream does not grow: what it holds is the same after 1 and 4 minutes."""
    catalogue = Catalogue(["computer-small"], {})
    analyser = Analyser(catalogue.get([]), {}, WakeWord("computer-small").device_state)
    minute = floor(60)

    def held() -> int:
        return sum(
            len(value) for value in vars(analyser).values() if isinstance(value, (np.ndarray, list))
        )

    analyser.process(minute)
    before = held()
    for _ in range(3):
        analyser.process(minute)
    assert held() == before
    assert analyser.now == 4 * len(minute)


@pytest.mark.parametrize("kind", ["micro", "open"])
def test_a_community_model(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = community.micro_models() if kind == "micro" else community.open_models()
    suffix = ".json" if kind == "micro" else ".tflite"
    monkeypatch.chdir(folder)  # a file name without a folder is a path too
    studio = make_studio(tmp_path, [f"alexa{suffix}"])
    pcm = np.concatenate([floor(2), spoken("alexa"), floor(1)])
    with client_of(studio) as client:
        about = client.get("/api/studio").json()
        (model,) = about["chosen"]
        figures = about["figures"][model]["alexa"]
        assert figures["hours"] is None
        with started(client) as socket:
            socket.send_text(json.dumps({"type": "count", "on": True}))
            answers = send(socket, pcm)
            message = {"type": "thresholds", "thresholds": {model: {"alexa": 0.3}}}
            socket.send_text(json.dumps(message))
            json.loads(socket.receive_text())
            answers += send(socket, pcm)
    words = [e for a in answers for e in a["events"] if e["kind"] == "detection"]
    assert len(words) == 2
    spotter = WakeWord(folder / f"alexa{suffix}")
    (found,) = spotter.process(pcm)
    assert words[0]["start"] == found.word_start_sample
    assert (words[0]["end"], words[0]["detected"]) == (found.detected_sample, found.detected_sample)
    # Counted at each threshold; the one at 0.5 found the word twice.
    count = answers[-1]["count"]
    at_half = [row["threshold"] for row in figures["rows"]].index(0.5)
    assert count["counts"][f"{model}/alexa"][at_half] == 2
