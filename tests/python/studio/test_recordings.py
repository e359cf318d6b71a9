"""Recordings that are dropped on the page, and why a word in one was not found."""

from __future__ import annotations

import base64
import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the studio extra is not installed")
pytest.importorskip("httpx", reason="the verifier extra is not installed")

from helpers.sounds import COMPUTER, RATE, floor, hum, noise, spoken
from helpers.studio_client import client_of, make_studio, wait_for

from pywakeword import WakeWord
from pywakeword._core import Lfbe
from pywakeword.studio.stream.analysis import scaled
from pywakeword.studio.stream.sound import wav_bytes

KEY = "computer/computer"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    studio = make_studio(tmp_path_factory.mktemp("studio"), ["computer"], max_upload_bytes=4 << 20)
    with client_of(studio) as found:
        yield found


def upload(client: Any, pcm: np.ndarray | bytes, name: str = "a.wav", **settings: Any) -> Any:
    data = pcm if isinstance(pcm, bytes) else wav_bytes(pcm)
    params = {"name": name, "settings": json.dumps(settings)}
    answer = client.post("/api/recordings", params=params, content=data)
    assert answer.status_code == 201, answer.text
    return wait_for(
        client,
        f"/api/recordings/{answer.json()['id']}",
        until=lambda found: found["status"] in ("ready", "failed"),
    )


def why(client: Any, recording: Any, **fields: Any) -> Any:
    fields = {"first": 0, "n": recording["samples"], "model": "computer", **fields}
    path = f"/api/recordings/{recording['id']}/why"
    return client.post(path, json={"word": "computer", **fields}).json()


def test_a_word_is_a_row(client: Any) -> None:
    pcm = spoken("computer")
    found = upload(client, pcm, "speech.wav")
    assert (found["status"], found["name"], found["samples"]) == ("ready", "speech.wav", len(pcm))
    (expected,) = WakeWord("computer").process(pcm)
    (word,) = [event for event in found["events"] if event["kind"] == "detection"]
    assert (word["start"], word["end"]) == (expected.start_sample, expected.end_sample)
    kinds = [event["kind"] for event in found["events"]]
    assert kinds[-1] == "End"
    assert "near_miss" not in kinds
    highest = WakeWord("computer").scores(pcm).max()
    assert found["best"][KEY]["score"] == pytest.approx(highest, abs=2e-3)


def test_frames_of_a_part(client: Any) -> None:
    pcm = np.concatenate([floor(5), spoken("computer")])
    found = upload(client, pcm)
    first = 5 * RATE + 77  # the answer begins at a multiple of every stride
    answer = client.get(f"/api/recordings/{found['id']}/frames?first={first}&n=32000").json()
    assert answer["first"] == 5 * RATE - 5 * RATE % 5120
    part = pcm[answer["first"] : answer["first"] + 32000]
    assert base64.b64decode(answer["features"]) == scaled(Lfbe().process(part)).tobytes()
    row = answer["first"] // 640
    expected = WakeWord("computer").scores(pcm)[row : row + 50, 0]
    np.testing.assert_allclose(answer["scores"][KEY], expected, atol=2e-3)


def test_audio_of_a_part(client: Any) -> None:
    pcm = spoken("computer")
    found = upload(client, pcm)
    answer = client.get(f"/api/recordings/{found['id']}/audio?first=1000&n=500")
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getframerate() == RATE
        assert file.readframes(1000) == pcm[1000:1500].tobytes()


def test_another_threshold_and_model(client: Any) -> None:
    found = upload(client, spoken("computer"), thresholds={"computer": {"computer": 0.9999}})
    near = [event for event in found["events"] if event["kind"] == "near_miss"]
    assert [event["word"] for event in near] == ["computer"]
    assert abs(near[0]["detected"] - COMPUTER[1]) < 0.4 * RATE
    client.post(f"/api/recordings/{found['id']}/analyse", json={"models": ["computer-small"]})
    found = wait_for(
        client, f"/api/recordings/{found['id']}", until=lambda f: f["status"] == "ready"
    )
    assert [e["key"] for e in found["events"] if e["kind"] == "detection"] == [
        "computer-small/computer"
    ]


def test_why_says_that_it_was_found(client: Any) -> None:
    answer = why(client, upload(client, spoken("computer")))
    assert answer["reasons"] == ["detected"]


@pytest.mark.parametrize(
    ("pcm", "reason"),
    [
        (np.zeros(2 * RATE, np.int16), "silence"),
        (hum(2), "no_speech"),
        (floor(2, 2), "quiet"),
        (noise(2, 20000), "clipped"),
        (spoken("alexa"), "unlike"),
    ],
)
def test_why_not(client: Any, pcm: np.ndarray, reason: str) -> None:
    assert reason in why(client, upload(client, pcm))["reasons"]


def test_why_names_a_near_miss_and_its_place(client: Any) -> None:
    recording = upload(client, np.concatenate([floor(4), spoken("computer")]))
    answer = why(
        client,
        recording,
        first=4 * RATE,
        n=2 * RATE + RATE // 2,
        thresholds={"computer": {"computer": 0.9999}},
    )
    assert answer["reasons"] == ["near"]
    assert answer["score"] > 0.98
    assert answer["at"] == pytest.approx(4 + COMPUTER[1] / RATE, abs=0.4)
    assert {other["playback"] for other in answer["states"]} == {"none", "music", "tts"}


def test_why_in_the_refractory_time(client: Any) -> None:
    word = spoken("computer")[COMPUTER[0] - 1600 : COMPUTER[1] + 800]
    # The second word begins right behind the first.
    pcm = np.concatenate([floor(2), word, word, floor(1)])
    recording = upload(client, pcm)
    first = 2 * RATE + len(word) + 3200
    answer = why(client, recording, first=first - first % 640, n=2 * RATE)
    assert answer["detected"] is False
    assert answer["reasons"][0] == "refractory"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"no audio at all", "not readable audio"),
        (wav_bytes(floor(1))[:-100], "truncated"),
        (wav_bytes(floor(0)), "holds no audio"),
    ],
)
def test_what_is_no_audio(client: Any, data: bytes, error: str) -> None:
    found = upload(client, data, "letter.wav")
    assert found["status"] == "failed"
    assert error in found["error"]
    assert "upload" not in found["error"], "the person's name for it, not ours"


def test_uploads_are_bounded(client: Any) -> None:
    too_much = bytes((4 << 20) + 1)
    answer = client.post("/api/recordings?name=a", content=too_much)
    assert (answer.status_code, answer.json()["error"]) == (413, "at most 4 MB can be sent")

    def parts() -> Any:  # without a Content-Length
        for _ in range(5):
            yield bytes(1 << 20)

    assert client.post("/api/recordings?name=a", content=parts()).status_code == 413
    assert client.post("/api/recordings?name=a", content=b"").json()["error"] == "a is empty"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        # Linux has a device on which every write finds the disk full.
        to = Path("/dev/full") if self.suffix == ".upload" and "w" in mode else self
        return real(to, mode, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    answer = client.post("/api/recordings?name=a", content=b"x" * 1000)
    assert (answer.status_code, answer.json()["error"]) == (507, "the disk is full")


def test_wrong_requests(client: Any) -> None:
    found = upload(client, spoken("computer"))
    base = f"/api/recordings/{found['id']}"
    for path, error in (
        ("/audio?first=-1&n=5", "first must be a whole number"),
        ("/audio?first=0&n=0", "n must be a whole number"),
        ("/frames?first=0&n=99999999", "n must be a whole number"),
    ):
        answer = client.get(base + path)
        assert answer.status_code == 400
        assert error in answer.json()["error"]
    assert client.get("/api/recordings/r999").json()["error"] == "there is no such recording"
    assert "does not find" in why(client, found, word="alexa")["error"]
    assert client.delete(base).status_code == 200
    assert client.get(base).status_code == 400
