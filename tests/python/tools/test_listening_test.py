"""The listening test over HTTP, its store and its statistics; the page itself: tests/browser.

The ratings in here are made up to test arithmetic; no person gave them.
"""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the statistics need scipy")

from helpers.listening_study import RATE, served, write_study, write_wav

from tools.listening_test import results, serve
from tools.listening_test.analysis import NoAnswersError, analyse, screen
from tools.listening_test.store import AnswerError, Session, Store, read_sessions
from tools.listening_test.study import StudyError, low_pass, read_study


def call(url: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=10) as response:
            status, content = response.status, response.read()
            is_json = response.headers["Content-Type"] == "application/json"
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
    return status, json.loads(content) if is_json else content


def same(letters: list[str], value: int) -> dict[str, int]:
    return dict.fromkeys(letters, value)


# Over HTTP


def test_answers_are_stored_and_survive_a_restart(tmp_path: Path) -> None:
    study, answers = write_study(tmp_path), tmp_path / "answers.jsonl"
    with served(study, answers) as url:
        status, session = call(f"{url}/sessions", {"listener": "p01"})
        assert (status, session["trial"], session["trials"]) == (200, 0, 3)
        assert session["training"] is True
        assert session["letters"] == list("ABCDE")
        letters = session["letters"]
        body = {"ratings": dict(zip(letters, range(5))), "plays": same(letters, 2)}
        status, following = call(f"{url}/sessions/{session['id']}/0", body)
        assert (status, following["trial"], following["training"]) == (200, 1, False)
    with served(study, answers) as url:
        status, resumed = call(f"{url}/sessions/{session['id']}")
        assert (status, resumed) == (200, following)
        for trial in (1, 2):
            body = {"ratings": same(letters, 50), "plays": same(letters, 1)}
            status, resumed = call(f"{url}/sessions/{session['id']}/{trial}", body)
        assert (status, resumed["trial"], "letters" in resumed) == (200, 3, False)
    (read,) = read_sessions(answers)
    assert read.done == 3
    name, order = read.trials[0]
    assert read.answers[0]["item"] == name == "item0"
    assert read.answers[0]["ratings"] == {condition: i for i, condition in enumerate(order)}


def test_nothing_tells_which_stimulus_is_which(tmp_path: Path) -> None:
    with served(write_study(tmp_path), tmp_path / "a.jsonl") as url:
        _, session = call(f"{url}/sessions", {"listener": "p01"})
        assert not {"flat", "syntactic", "anchor35", "item0"} & set(json.dumps(session).split('"'))
        sounds = {
            name: call(f"{url}/sessions/{session['id']}/0/{name}.wav")[1]
            for name in ("reference", *session["letters"])
        }
        assert {len(sound) for sound in sounds.values()} == {len(sounds["reference"])}
        hidden = [name for name in session["letters"] if sounds[name] == sounds["reference"]]
        assert len(hidden) == 1, "exactly one version is the reference itself"
        assert len(set(sounds.values())) == 5
        # By no name but a letter, and not ahead of the trial.
        for path in ("0/flat", "0/anchor35", "0/F", "1/A", "9/A"):
            assert call(f"{url}/sessions/{session['id']}/{path}.wav")[0] == 404


def test_orders_differ_between_listeners(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, n_items=4))
    store = Store(study, tmp_path / "a.jsonl")
    sessions = [store.begin(f"p{i}") for i in range(12)]
    assert all(s.trials[0][0] == "item0" for s in sessions), "training comes first"
    assert len({tuple(name for name, _ in s.trials) for s in sessions}) > 4
    assert len({tuple(order) for s in sessions for _, order in s.trials}) > 20
    assert all(len(set(order)) == 5 for s in sessions for _, order in s.trials)


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("{id}/1", {"ratings": {}, "plays": {}}, 409, "trial 2 is not the one"),
        ("{id}/0", {"ratings": {"A": 1}, "plays": {}}, 409, "one value for each of A, B, C, D, E"),
        ("{id}/0", {"ratings": "x" * 9}, 409, "one value for each"),
        ("{id}/0", {"ratings": same(list("ABCDE"), 101)}, 409, "from 0 to 100"),
        ("{id}/0", {"ratings": same(list("ABCDE"), True)}, 409, "whole number"),
        (
            "{id}/0",
            {"ratings": same(list("ABCDE"), 5), "plays": {**same(list("ABCDE"), 1), "C": 0}},
            409,
            "C was rated but never played",
        ),
        ("nobody/0", {}, 404, "no such session"),
        ("{id}/0", [1], 400, "not an object"),
    ],
)
def test_refused_answers(tmp_path: Path, path: str, body: Any, status: int, message: str) -> None:
    answers = tmp_path / "a.jsonl"
    with served(write_study(tmp_path), answers) as url:
        _, session = call(f"{url}/sessions", {"listener": "p01"})
        before = answers.read_text()
        found, answer = call(f"{url}/sessions/" + path.format(id=session["id"]), body)
        assert (found, message in answer["error"]) == (status, True), answer
        assert answers.read_text() == before


def test_refused_beginnings(tmp_path: Path) -> None:
    with served(write_study(tmp_path), tmp_path / "a.jsonl") as url:
        assert call(f"{url}/sessions", {"listener": "p01"})[0] == 200
        for body, message in (
            ({"listener": "p01"}, "used already"),
            ({"listener": "  "}, "1 to 40"),
            ({}, "1 to 40"),
        ):
            status, answer = call(f"{url}/sessions", body)
            assert (status, message in answer["error"]) == (409, True)
        assert call(f"{url}/../study.json")[0] == 404
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("POST", "/sessions", headers={"Content-Length": "999999"})
        assert connection.getresponse().status == 413
        connection.close()


class _Page(HTMLParser):
    """Collects what a page without labels, language or live regions would lack."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_page_is_self_contained_and_labelled(tmp_path: Path) -> None:
    with served(write_study(tmp_path), tmp_path / "a.jsonl") as url:
        page = _Page()
        page.feed(call(f"{url}/")[1].decode())
        assert ("html", {"lang": "en"}) in page.tags
        labelled = {attrs.get("for") for tag, attrs in page.tags if tag == "label"}
        assert "listener" in labelled
        roles = {attrs.get("role") for _, attrs in page.tags}
        assert {"status", "alert", "group"} <= roles
        sources = [attrs.get("src") or attrs.get("href") for _, attrs in page.tags]
        assert {s for s in sources if s} == {"/page.js", "/page.css", "data:,"}
        assert all(call(f"{url}{path}")[0] == 200 for path in ("/page.js", "/page.css"))


def test_serve_command(tmp_path: Path) -> None:
    study, answers = write_study(tmp_path), tmp_path / "a.jsonl"
    command = [sys.executable, "-m", "tools.listening_test", "serve", "--port", "0"]
    options = ["--study", str(study), "--answers", str(answers)]
    root = Path(__file__).parents[3]
    with subprocess.Popen([*command, *options], cwd=root, stdout=subprocess.PIPE, text=True) as ran:
        assert ran.stdout is not None
        try:
            url = ran.stdout.readline().strip()
            assert call(f"{url}sessions", {"listener": "p01"})[0] == 200
        finally:
            ran.send_signal(signal.SIGINT)
        assert ran.wait(timeout=30) == 0
    assert read_sessions(answers)[0].listener == "p01"


# The study


def test_anchor_keeps_low_and_loses_high_tones() -> None:
    times = np.arange(RATE) / RATE
    for hz, kept in ((1000, 1.0), (3000, 1.0), (4200, 0.0), (9000, 0.0)):
        tone = np.rint(8000 * np.sin(2 * np.pi * hz * times)).astype(np.int16)[:, None]
        middle = low_pass(tone, RATE, 3500.0)[2000:-2000]
        assert np.std(middle) / np.std(tone) == pytest.approx(kept, abs=0.02), hz


def test_own_anchor_takes_the_place_of_the_low_passed(tmp_path: Path) -> None:
    path = write_study(tmp_path)
    document = json.loads(path.read_text())
    for item in document["items"]:
        item["anchors"] = {"monotone": item["conditions"]["flat"]}
    path.write_text(json.dumps(document))
    item = read_study(path).items[1]
    assert set(item.stimuli) == {"reference", "monotone", "flat", "syntactic"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": None}, "'title' is None, not a str"),
        ({"items": []}, "no item that is not for training"),
        ({"anchors": ["anchor99"]}, "none of anchor35, anchor70"),
        ({"items": ["x"]}, "not an object"),
        ({"items": [{"name": "a"}]}, "item 'a': 'conditions' is missing"),
        (
            {"items": [{"name": "a", "reference": "no.wav", "conditions": {"b": "no.wav"}}]},
            "no.wav cannot be read",
        ),
        (
            {"items": [{"name": "a", "reference": "0_flat.wav", "conditions": {"b": "long.wav"}}]},
            "lasts 13.0 s",
        ),
        (
            {"items": [{"name": "a", "reference": "0_flat.wav", "conditions": {"b": "slow.wav"}}]},
            "another sample rate",
        ),
        (
            {
                "items": [
                    {
                        "name": "a",
                        "reference": "0_flat.wav",
                        "conditions": {str(i): "0_flat.wav" for i in range(12)},
                    }
                ]
            },
            "15 stimuli; a trial may have 12",
        ),
        (
            {"items": [{"name": "a", "reference": "slow.wav", "conditions": {"b": "slow.wav"}}]},
            "needs audio of a higher rate",
        ),
    ],
)
def test_refused_studies(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_wav(tmp_path / "long.wav", np.zeros(13 * RATE))
    write_wav(tmp_path / "slow.wav", np.zeros(4000), rate=8000)
    with pytest.raises(StudyError) as error:
        read_study(write_study(tmp_path, **changes))
    assert message in str(error.value)


# The statistics, on numbers made up for them


def made_up(ratings: dict[str, dict[str, dict[str, int]]]) -> list[Session]:
    sessions = []
    for listener, of in ratings.items():
        answers = [{"item": i, "training": False, "ratings": r} for i, r in of.items()]
        trials = [(item, sorted(r)) for item, r in of.items()]
        sessions.append(Session(listener, listener, trials, len(answers), answers))
    return sessions


def test_mean_and_interval_by_hand() -> None:
    # 60, 70, 80: mean 70, S 10, t(0.975, 2) = 4.3027, half width 4.3027 * 10 / sqrt(3).
    ratings = {
        f"p{i}": {
            "x": {"reference": 100, "a": value - 5},
            "y": {"reference": 95, "a": value + 5},
        }
        for i, value in enumerate((60, 70, 80))
    }
    results = analyse(made_up(ratings))
    overall = results.overall["a"]
    assert overall.mean == pytest.approx(70)
    assert overall.half_width == pytest.approx(24.841, abs=1e-3)
    assert (overall.median, overall.quartiles, overall.listeners) == (70, (65, 75), 3)
    assert results.by_item["x"]["a"].mean == pytest.approx(65)
    assert results.excluded == {}


def test_one_listener_has_no_interval() -> None:
    results = analyse(made_up({"p": {"x": {"reference": 100, "a": 40}}}))
    assert results.overall["a"].half_width is None


def test_screening_by_the_hidden_reference() -> None:
    def listener(n_low: int) -> dict[str, dict[str, int]]:
        return {str(i): {"reference": 89 if i < n_low else 90, "a": 1} for i in range(20)}

    found = screen({"three": listener(3), "four": listener(4)})
    assert list(found) == ["four"], "3 of 20 items are 15 %, not more"
    assert "hidden reference below 90 in 4 of 20" in found["four"]


def test_screening_by_the_mid_anchor() -> None:
    def listener(high: set[int]) -> dict[str, dict[str, int]]:
        return {str(i): {"reference": 100, "anchor70": 91 if i in high else 90} for i in range(10)}

    ratings = {f"p{i}": listener(set()) for i in range(3)}
    assert list(screen({**ratings, "x": listener({0, 1})})) == ["x"]
    assert list(screen({**ratings, "x": listener({0})})) == [], "one of ten is not above 15 %"
    # Items in which over a quarter of the listeners praise the anchor blame nobody.
    assert screen({**ratings, "x": listener({0, 1}), "y": listener({0, 1})}) == {}


def test_unfinished_listeners_are_left_out_and_named() -> None:
    whole = made_up({"p": {"x": {"reference": 100, "a": 40}}})
    begun = Session("q", "q", [("x", ["a", "reference"])])
    assert analyse([*whole, begun]).incomplete == ("q",)
    with pytest.raises(NoAnswersError, match="no listener has finished"):
        analyse([begun])
    with pytest.raises(NoAnswersError, match="leaves no listener"):
        analyse(made_up({"p": {"x": {"reference": 10, "a": 40}}}))


def test_results_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = read_study(write_study(tmp_path))
    path = tmp_path / "a.jsonl"
    store = Store(study, path)
    for number in range(3):
        session = store.begin(f"p{number}")
        for trial, (_, order) in enumerate(session.trials):
            letters = dict(zip("ABCDE", order))
            ratings = {k: 100 if v == "reference" else 50 + number for k, v in letters.items()}
            store.answer(session.id, trial, ratings, same(list(letters), 1))
    assert results.main(["--answers", str(path)]) == 0
    text = capsys.readouterr().out
    assert "3 listeners, 0 excluded" in text
    assert "fewer than 20 listeners" in text
    assert results.main(["--answers", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["overall"]["flat"]["mean"] == pytest.approx(51)
    assert set(document["by_item"]) == {"item1", "item2"}, "training does not count"
    path.write_text(path.read_text()[:-9])
    assert results.main(["--answers", str(path)]) == 2
    assert "line 12: damaged" in capsys.readouterr().err
    with pytest.raises(AnswerError, match="line 12"):
        Store(study, path)
    assert results.main(["--answers", str(tmp_path / "none")]) == 2
    assert serve.main(["--study", str(tmp_path / "no"), "--answers", str(path)]) == 2
