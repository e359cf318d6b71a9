"""Takes, kept clips, training and the configuration: what the page leaves on disk."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the studio extra is not installed")
pytest.importorskip("httpx", reason="the verifier extra is not installed")

from helpers.sounds import COMPUTER, RATE, floor, hum, spoken
from helpers.studio_client import client_of, fake_training, make_studio, pcm_bytes, wait_for

from pywakeword import WakeWord
from pywakeword.measure.evaluation import poisson_interval
from pywakeword.models.bundled import bundled_dir
from pywakeword.studio.collect.kept import Kept
from pywakeword.studio.collect.takes import check_take
from pywakeword.studio.collect.training import train_command

TAKE = np.concatenate([floor(0.5), spoken("computer")[COMPUTER[0] : COMPUTER[1]], floor(0.6)])
MODEL = bundled_dir() / "computer-small.tflite"


@pytest.fixture
def client(tmp_path: Path) -> Any:
    studio = make_studio(tmp_path / "s", ["computer"], make_command=fake_training(MODEL))
    with client_of(studio) as found:
        yield found


def add_take(client: Any, word: str = "computer", pcm: np.ndarray = TAKE) -> Any:
    answer = client.post("/api/takes", params={"word": word}, content=pcm_bytes(pcm))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("pcm", "problem", "usable"),
    [
        (TAKE, None, True),
        (np.zeros(RATE, np.int16), "silence", False),
        (hum(2), "no_speech", False),
        (TAKE[: RATE // 2 + 4000], "cut", False),
        (TAKE[RATE // 2 :], "cut", False),
        (np.clip(TAKE.astype(int) * 40, -32768, 32767).astype(np.int16), "clipped", False),
        ((TAKE / 64).astype(np.int16), "quiet", True),
        (np.concatenate([floor(0.3), spoken("computer"), TAKE]), "long", False),
    ],
)
def test_a_take_is_checked(pcm: np.ndarray, problem: str | None, usable: bool) -> None:
    found = check_take(pcm)
    assert found["problems"][:1] == ([] if problem is None else [problem])
    assert found["usable"] is usable


def test_takes_are_kept_listed_played_and_deleted(client: Any, tmp_path: Path) -> None:
    bad = add_take(client, pcm=hum(1))
    assert "id" not in bad
    ids = [add_take(client, " hey  Robot ")["id"] for _ in range(2)]
    listed = client.get("/api/takes", params={"word": "hey Robot"}).json()["takes"]
    assert {take["id"] for take in listed} == set(ids)
    audio = client.get(f"/api/takes/{ids[0]}", params={"word": "hey Robot"})
    assert audio.content[44:] == pcm_bytes(TAKE)
    assert client.delete(f"/api/takes/{ids[0]}", params={"word": "hey Robot"}).status_code == 200
    (file,) = (tmp_path / "s" / "takes").rglob("*.wav")
    assert file.stem == ids[1]
    assert file.parent.name.startswith("hey_robot-")


@pytest.mark.parametrize("word", ["../../x", "a/b", "C:\\x", "日本", "x" * 60])
def test_a_word_is_never_a_path(client: Any, tmp_path: Path, word: str) -> None:
    add_take(client, word)
    (folder,) = (tmp_path / "s" / "takes").iterdir()
    assert folder.name.replace("_", "").replace("-", "").isalnum()
    assert len(folder.name) < 60


@pytest.mark.parametrize("word", ["", "   ", "123", "--out", "x" * 61, "a\x00b"])
def test_words_that_are_refused(client: Any, word: str) -> None:
    answer = client.post("/api/takes", params={"word": word}, content=pcm_bytes(TAKE))
    assert answer.status_code == 400
    assert "a wake word has letters" in answer.json()["error"]


def test_keeping_is_off_until_it_is_switched_on(client: Any, tmp_path: Path) -> None:
    clip_pcm = np.concatenate([spoken("alexa"), TAKE])
    post = {"params": {"kind": "missed", "word": "computer"}, "content": pcm_bytes(clip_pcm)}
    assert client.post("/api/kept", **post).json()["error"] == "keeping is switched off"
    assert not (tmp_path / "s").exists(), "nothing is written before a person asks for it"
    assert client.post("/api/kept/settings", json={"on": True}).json()["on"] is True
    id_ = client.post("/api/kept", **post).json()["id"]
    (clip,) = client.get("/api/kept").json()["clips"]
    assert (clip["id"], clip["kind"], clip["word"]) == (id_, "missed", "computer")
    assert clip["samples"] == len(clip_pcm)
    assert client.get(f"/api/kept/{id_}").content[44:] == pcm_bytes(clip_pcm)
    # The last that was said in it becomes a take.
    found = client.post(f"/api/kept/{id_}/take", json={"word": "computer"}).json()
    assert found["usable"]
    take = client.get(f"/api/takes/{found['id']}", params={"word": "computer"}).content[44:]
    assert take in pcm_bytes(clip_pcm)
    assert len(pcm_bytes(TAKE)) * 0.4 < len(take) < len(pcm_bytes(TAKE))
    assert client.delete(f"/api/kept/{id_}").status_code == 200
    assert client.get("/api/kept").json()["clips"] == []
    assert client.delete(f"/api/kept/{id_}").status_code == 400


def test_kept_clips_have_a_limit_and_an_age(tmp_path: Path) -> None:
    kept = Kept(tmp_path, max_mb=1, max_days=1e-9)
    kept.is_on = True
    kept.add("missed", TAKE, {})
    time.sleep(0.01)
    assert kept.to_json()["clips"] == []
    kept = Kept(tmp_path, max_mb=1)
    kept.is_on = True
    for _ in range(6):
        kept.add("missed", np.tile(TAKE, 5), {})
    clips = kept.to_json()["clips"]
    assert 0 < len(clips) < 6
    assert sum(2 * clip["samples"] for clip in clips) <= 1 << 20


def test_training_from_takes_and_false_alarms(tmp_path: Path) -> None:
    seen: list[Any] = []
    command = fake_training(MODEL)

    def spy(word: str, takes: Any, negatives: Any, out: Path) -> list[str]:
        seen.append((word, takes, negatives, out))
        return command(word, takes, negatives, out)

    studio = make_studio(tmp_path / "t", ["computer"], make_command=spy)
    with client_of(studio) as client:
        add_take(client, "robot")
        refused = client.post("/api/training", json={"word": "robot"})
        assert "record 3 takes" in refused.json()["error"]
        for _ in range(2):
            add_take(client, "robot")
        client.post("/api/kept/settings", json={"on": True})
        client.post("/api/kept", params={"kind": "false_alarm"}, content=pcm_bytes(TAKE))
        client.post("/api/training", json={"word": "robot"})
        found = wait_for(
            client, "/api/training?after=0", until=lambda found: found["status"] != "running"
        )
    assert found["status"] == "done", found
    assert found["percent"] == 100
    assert found["lines"] == ["plan: 20 steps", "training 100%", "began at step 0"]
    ((word, takes, negatives, out),) = seen
    assert word == "robot"
    assert len(list(takes.glob("*.wav"))) == 3
    assert len(list(negatives.glob("*.wav"))) == 1
    assert out.is_relative_to(tmp_path / "t" / "trained")
    # The model can be chosen, beside the one that came with the package.
    assert found["model"] in [entry["id"] for entry in studio.catalogue.list()]
    assert studio.catalogue.get([found["model"]])[0].words == ("computer",)


def test_training_is_cancelled_and_goes_on(tmp_path: Path) -> None:
    studio = make_studio(tmp_path, ["computer"], make_command=fake_training(MODEL, 4))
    with client_of(studio) as client:
        assert client.post("/api/training/cancel").json()["error"] == "no training is running"
        client.post("/api/training", json={"word": "robot"})
        second = client.post("/api/training", json={"word": "other"})
        assert "is running" in second.json()["error"]
        wait_for(client, "/api/training?after=0", until=lambda f: (f["percent"] or 0) >= 20)
        client.post("/api/training/cancel")
        found = wait_for(client, "/api/training?after=0", until=lambda f: f["status"] != "running")
        assert found["status"] == "cancelled"
        client.post("/api/training", json={"word": "robot"})
        found = wait_for(client, "/api/training?after=0", until=lambda f: f["status"] != "running")
    assert found["status"] == "done"
    assert int(found["lines"][-1].split()[-1]) >= 4, "it began where it had stopped"


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import sys; sys.exit('pywakeword train: error: no voice')", "error: no voice"),
        ("print('all well')", "ended without a model"),
        ("raise SystemExit(3)", "exit code 3"),
    ],
)
def test_a_training_that_fails_says_why(tmp_path: Path, program: str, error: str) -> None:
    command = [sys.executable, "-c", program]
    studio = make_studio(tmp_path, ["computer"], make_command=lambda *_: command)
    with client_of(studio) as client:
        client.post("/api/training", json={"word": "robot"})
        found = wait_for(client, "/api/training?after=0", until=lambda f: f["status"] != "running")
    assert found["status"] == "failed"
    assert error in found["error"]


def test_the_command_of_a_training(tmp_path: Path) -> None:
    command = train_command("hey robot", tmp_path / "t", None, tmp_path / "o")
    assert command[1:] == [
        *("-m", "pywakeword", "train", "hey robot"),
        *("--out", str(tmp_path / "o"), "--takes", str(tmp_path / "t")),
    ]


def test_use_this_writes_what_every_command_reads(client: Any, tmp_path: Path) -> None:
    body = {"models": ["computer"], "thresholds": {"computer": 0.65}}
    path = Path(client.post("/api/config", json=body).json()["path"])
    assert path == tmp_path / "s" / "wakeword.json"
    assert WakeWord.from_config(path).thresholds == {"computer": 0.65}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"models": ["computer", "computer-small"], "thresholds": {}}, "choose one of them"),
        ({"models": ["computer"], "thresholds": {"alexa": 0.5}}, "none of the models finds"),
        ({"models": ["computer"], "thresholds": {"computer": 0}}, "from 0.001 to 1"),
        ({"models": ["/etc/passwd"], "thresholds": {}}, "no model '/etc/passwd'"),
    ],
)
def test_a_configuration_that_is_refused(client: Any, body: Any, error: str) -> None:
    answer = client.post("/api/config", json=body)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def test_the_cards_figures_have_intervals(client: Any) -> None:
    found = client.get("/api/studio").json()
    assert found["chosen"] == ["computer"]
    word = found["figures"]["computer"]["computer"]
    calibration = WakeWord("computer").cards[0].calibration["computer"]
    assert [row["threshold"] for row in word["rows"]] == [r.threshold for r in calibration.table]
    for row in word["rows"]:
        rate, low, high = row["per_hour"]
        assert low <= rate <= high
        assert row["false_accepts"] == pytest.approx(rate * calibration.negative_hours, abs=1e-6)
    assert {c["condition"] for c in word["conditions"]} >= {"quiet", "far 5", "own tts 0"}
    json.dumps(found, allow_nan=False)


def test_the_poisson_interval_is_exact() -> None:
    from scipy.stats import chi2

    for count in (0, 1, 3, 10, 731):
        low, high = poisson_interval(count)
        assert low == pytest.approx(chi2.ppf(0.025, 2 * count) / 2 if count else 0)
        assert high == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 2)
    with pytest.raises(ValueError, match="not a count"):
        poisson_interval(-1)
