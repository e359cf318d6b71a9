"""Commands that are told what the device plays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.command_line import error_line
from helpers.sounds import RATE, Pcm, echo_of, floor, spoken

from pywakeword.cli import main

soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")

# The device plays noise, a wake word and noise again; over the second noise a person says it.
WORD = spoken("computer")
LOUDSPEAKER = np.concatenate([floor(4, 3000), WORD, floor(6, 3000, seed=4)])
PERSON_AT = 4 * RATE + len(WORD)


def recording() -> Pcm:
    microphone = echo_of(LOUDSPEAKER)
    microphone[PERSON_AT : PERSON_AT + len(WORD)] += WORD // 2
    return microphone


def write(path: Path, pcm: Pcm, rate_hz: int = RATE) -> str:
    soundfile.write(path, pcm, rate_hz)
    return str(path)


def starts(capsys: pytest.CaptureFixture[str]) -> list[float]:
    return [json.loads(line)["start"] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("rate_hz", [16000, 48000])
def test_detect_without_the_loudspeaker(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rate_hz: int
) -> None:
    file = write(tmp_path / "microphone.wav", recording())
    reference = np.repeat(LOUDSPEAKER, rate_hz // RATE)
    loudspeaker = write(tmp_path / "loudspeaker.wav", reference, rate_hz)
    options = [file, "--model", "computer", "--json"]
    assert main(["detect", *options]) == 0
    (own,) = starts(capsys)
    assert 4 < own < 4 + len(WORD) / RATE  # its own word, and not the person's
    assert main(["detect", *options, "--loudspeaker", loudspeaker]) == 0
    (person,) = starts(capsys)
    assert person == pytest.approx(PERSON_AT / RATE + 1.16, abs=0.1)


def test_detect_with_a_reference_that_is_too_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "microphone.wav", recording())
    whole = ["detect", file, "--model", "computer", "--loudspeaker"]
    assert main([*whole, write(tmp_path / "whole.wav", LOUDSPEAKER[:-100])]) == 0
    assert capsys.readouterr().err == ""
    short = write(tmp_path / "short.wav", LOUDSPEAKER[: -2 * RATE])
    assert main([*whole, short]) == 0
    assert capsys.readouterr().err == (
        f"pywakeword detect: {short} is 2.00 s shorter than the recording: "
        "the loudspeaker counts as silent there\n"
    )


def test_detect_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "a.wav", floor(1))
    detect = ["detect", "--model", "computer", "--loudspeaker"]
    assert error_line(capsys, *detect, file, file, file) == (
        "pywakeword detect: error: --loudspeaker belongs to one FILE, and 2 are given"
    )
    assert "missing.wav: no such file" in error_line(capsys, *detect, "missing.wav", file)
