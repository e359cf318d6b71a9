from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import sounds
from helpers.sounds import GOLDEN, RATE, floor, request

from pywakeword import ArraySource, Endpointer
from pywakeword.cli import main
from pywakeword.plots.endpoints import pauses, save_endpoint_plot

soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """Two utterances, the first with a break of 1.2 s in it."""
    path = tmp_path / "talk.wav"
    parts = [floor(1), request(), floor(1.2), request(), floor(4), request(), floor(2)]
    soundfile.write(path, np.concatenate(parts), RATE)
    return path


def records(capsys: pytest.CaptureFixture[str], *argv: str) -> list[dict[str, Any]]:
    assert main(["endpoint", "--json", *argv]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_utterance_is_one_line(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = records(capsys, str(wav))
    length = len(request()) / RATE
    assert first["file"] == str(wav)
    assert first["start"] == pytest.approx(1.05, abs=0.1)
    # The break is longer than the pause that ends it: the end was taken back.
    assert first["end"] == pytest.approx(1 + 2 * length + 1.2 - 0.1, abs=0.1)
    assert second["start"] == pytest.approx(1 + 2 * length + 5.2 + 0.05, abs=0.1)
    assert second["reason"] == "silence"
    assert second["decided"] == pytest.approx(second["end"] + 0.85, abs=0.05)


def test_text(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["endpoint", str(wav)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{wav}: 1.")
    assert lines[0].endswith("silence")


def test_events(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = records(capsys, "--events", str(wav))
    assert [record["event"] for record in found] == [
        "SpeechStart",
        "PossibleEnd",
        "End",
        "Resumed",
        "PossibleEnd",
        "End",
        "SpeechStart",
        "PossibleEnd",
        "End",
    ]
    assert main(["endpoint", "--events", str(wav)]) == 0
    assert "SpeechStart  1." in capsys.readouterr().out


def test_a_longer_silence_joins(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = records(capsys, "--events", "--silence-ms", "1900", str(wav))
    assert [r["event"] for r in found].count("End") == 2


def test_a_file_that_ends_in_speech(capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = records(capsys, str(GOLDEN / "computer.wav"))
    assert found["reason"] == "closed"
    assert found["end"] == pytest.approx(sounds.REQUEST[1] / RATE, abs=0.1)


def test_files_do_not_touch_each_other(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = records(capsys, str(wav))
    assert records(capsys, str(wav), str(wav)) == alone * 2


def test_plot(wav: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the evaluate extra is not installed")
    out = tmp_path / "talk.png"
    found = records(capsys, str(wav), "--plot", str(out))
    assert len(found) == 2  # the plot comes beside the lines
    assert out.read_bytes().startswith(b"\x89PNG")
    for argv in ([str(wav), str(wav), "--plot", "x.png"], ["-", "--plot", "x.png"]):
        assert main(["endpoint", *argv]) == 2
        assert "--plot needs exactly one FILE" in capsys.readouterr().err


def test_plot_shows_what_was_decided(wav: Path, tmp_path: Path, monkeypatch) -> None:
    figure = pytest.importorskip("matplotlib.figure", reason="the evaluate extra is missing")
    drawn = []
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    pcm, _ = soundfile.read(wav, dtype="int16")
    save_endpoint_plot(tmp_path / "x.png", Endpointer(), ArraySource(pcm), title="talk")
    wave, speech = drawn[0].axes
    assert wave.get_title() == "talk"
    labels = [text.get_text() for text in wave.get_legend().get_texts()]
    assert labels == ["SpeechStart", "PossibleEnd", "Resumed", "End"]
    events = Endpointer().process(pcm)
    vertical = [line.get_xdata()[0] for line in wave.get_lines()]
    assert sorted(vertical) == pytest.approx(sorted(event.sample / RATE for event in events))
    # The posterior is drawn where it speaks of: it rises within 0.1 s of the speech.
    times, posterior = speech.get_lines()[0].get_data()
    rise = times[np.flatnonzero(posterior >= 0.5)[0]]
    assert rise == pytest.approx(events[0].sample / RATE, abs=0.1)
    assert len(pauses(events)) == 3


def test_plot_of_nothing(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the evaluate extra is not installed")
    out = tmp_path / "nothing.png"
    save_endpoint_plot(out, Endpointer(), ArraySource(np.zeros(0, np.int16)), title="")
    assert out.stat().st_size > 0


@pytest.mark.parametrize(
    "argv",
    [[], ["missing.wav"], ["--silence-ms", "-1", "x.wav"], ["--silence-ms", "long", "x.wav"]],
)
def test_bad_input_is_one_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code: object
    try:
        code = main(["endpoint", *argv])
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1
