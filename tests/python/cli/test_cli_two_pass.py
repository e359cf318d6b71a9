"""`--two-pass` through the command line, on speech of free voices."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soxr", reason="the audio extra is not installed")
pytest.importorskip("soundfile", reason="the audio extra is not installed")

import soundfile
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.sounds import RATE, floor
from helpers.voices import require_engine

from pywakeword.cli import main
from pywakeword.endpointing.recognisers import encoder
from pywakeword.training.material.synthesis import Voice, speak

SENTENCE = "turn on the light in the kitchen"
LONGEST_S = 2.1  # the last resort, and what a decision lags behind


def said(text: str, voice: Voice) -> np.ndarray:
    """Speech at one level, cut to where it is loud."""
    take = speak(text, voice)
    loud = np.flatnonzero(np.abs(take) > 0.02 * np.abs(take).max())
    take = take[loud[0] : loud[-1] + 1]
    return np.rint(take * (1600 / np.sqrt(np.mean(take**2)))).astype(np.int16)


@pytest.fixture(scope="module", params=["flite", "espeak-ng"])
def stream(request: pytest.FixtureRequest) -> tuple[np.ndarray, float, float]:
    """A wake word and a command, and where the command lies in seconds."""
    require_engine("flite")
    require_engine(request.param)
    voice = Voice("flite", "slt") if request.param == "flite" else Voice("espeak-ng", "en-us")
    before = np.concatenate([floor(1), said("Computer", Voice("flite", "rms")), floor(0.5)])
    command = said(SENTENCE, voice)
    pcm = np.concatenate([before, command, floor(5)])
    return pcm, len(before) / RATE, (len(before) + len(command)) / RATE


@pytest.fixture
def wav(stream: tuple[np.ndarray, float, float], tmp_path: Path) -> str:
    soundfile.write(tmp_path / "ask.wav", stream[0], RATE)
    return str(tmp_path / "ask.wav")


def records(capsys: pytest.CaptureFixture[str], *argv: str) -> list[dict[str, object]]:
    assert main(list(argv)) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def check(found: dict[str, object], stream: tuple[np.ndarray, float, float]) -> None:
    _, begin, end = stream
    assert found["reason"] == "arbitrator"
    assert found["start"] == pytest.approx(begin, abs=0.35)
    assert found["end"] == pytest.approx(end, abs=0.35)


def test_endpoint(
    stream: tuple[np.ndarray, float, float], wav: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # The word and the command are one utterance: there is half a second between them.
    (found,) = records(capsys, "endpoint", "--two-pass", "--json", wav)
    assert found["reason"] == "arbitrator"
    assert found["start"] == pytest.approx(1.0, abs=0.2)
    assert found["end"] == pytest.approx(stream[2], abs=0.35)
    assert 0.2 <= float(found["decided"]) - float(found["end"]) <= LONGEST_S
    (by_pause,) = records(capsys, "endpoint", "--json", wav)
    assert by_pause["reason"] == "silence"
    events = records(capsys, "endpoint", "--two-pass", "--events", "--json", wav)
    assert [e["reason"] for e in events if e["event"] == "End"][-1] == "arbitrator"


def test_detect(
    stream: tuple[np.ndarray, float, float], wav: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("detect", "--endpoint", "--two-pass", "--model", "computer", "--json", wav)
    word, command = records(capsys, *argv)
    assert word["keyword"] == command["utterance_after"] == "computer"
    check(command, stream)


def test_listen(
    stream: tuple[np.ndarray, float, float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pcm = stream[0]

    def microphone(source: object) -> Iterator[np.ndarray]:
        yield from (pcm[i : i + 1280] for i in range(0, len(pcm), 1280))
        raise KeyboardInterrupt

    FakeSoundDevice().install(monkeypatch)
    monkeypatch.setattr("pywakeword.MicrophoneSource.__iter__", microphone)
    assert main(["listen", "--model", "computer", "--two-pass"]) == 0
    (line,) = [s for s in capsys.readouterr().out.splitlines() if s.startswith("utterance after")]
    assert line.endswith("arbitrator")


def test_run(
    stream: tuple[np.ndarray, float, float], wav: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("run", wav, "--model", "computer", "--json")
    (heard,) = [r for r in records(capsys, *argv, "--two-pass") if r["event"] == "UtteranceHeard"]
    assert heard["reason"] == "arbitrator"
    assert heard["end"] == pytest.approx(stream[2], abs=0.35)
    (heard,) = [r for r in records(capsys, *argv) if r["event"] == "UtteranceHeard"]
    assert heard["reason"] == "silence"


def test_the_pause_of_last_resort(wav: str, capsys: pytest.CaptureFixture[str]) -> None:
    # Shorter than the pause at which the arbitrator is first asked.
    found = records(capsys, "endpoint", "--two-pass", "--silence-ms", "180", "--json", wav)
    assert found[-1]["reason"] == "silence"


def test_plot_shows_what_the_arbitrator_said(
    wav: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = pytest.importorskip("matplotlib.figure", reason="the evaluate extra is missing")
    drawn = []
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    assert main(["endpoint", "--two-pass", wav, "--plot", str(tmp_path / "x.png")]) == 0
    posterior, asked, *_ = drawn[0].axes[1].get_lines()
    assert len(posterior.get_xdata()) > 500
    assert len(asked.get_xdata()) >= 2  # at the end of the word and of the command
    assert all(0 < p < 1 for p in asked.get_ydata())


ALL = [["endpoint"], ["detect", "--endpoint"], ["run"], ["listen"]]


@pytest.mark.parametrize("command", ALL, ids=lambda c: c[0])
def test_a_missing_extra_is_one_clear_line(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert main([*command, "--two-pass", *([] if command == ["listen"] else ["-"])]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pywakeword[endpoint]" in error


@pytest.mark.parametrize("command", ALL, ids=lambda c: c[0])
def test_a_missing_model_is_one_clear_line(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime", reason="the endpoint extra is not installed")
    monkeypatch.setattr(encoder, "ENDPOINT_ROOM", "nowhere")
    assert main([*command, "--two-pass", *([] if command == ["listen"] else ["-"])]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "encoder" in error


def test_two_passes_need_an_utterance(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "--two-pass", "-"]) == 2
    assert "--endpoint" in capsys.readouterr().err
