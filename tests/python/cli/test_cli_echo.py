"""Commands that are told what the device plays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.command_line import error_line
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.sounds import RATE, Pcm, echo_of, floor, spoken
from helpers.voices import require_engine

from pywakeword.audio import EchoCanceller, InputDevice
from pywakeword.cli import main
from pywakeword.session import DuplexDevice

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
    own = starts(capsys)[0]  # its own word; whether the person's too is up to the model
    assert 4 < own < 4 + len(WORD) / RATE
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


def listen(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[list[float], str]:
    """Start times of the words that `listen` prints until the device ends, and the errors."""
    assert main(["listen", "--model", "computer", *options]) == 2
    output = capsys.readouterr()
    words = [line for line in output.out.splitlines() if line.startswith("computer")]
    return [float(line.split()[-2]) for line in words], output.err


def test_listen_without_the_loudspeaker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    microphone = np.concatenate([recording(), floor(1)])
    monitor = np.concatenate([LOUDSPEAKER, np.zeros(3 * RATE, np.int16)])
    FakeSoundDevice(microphone, monitor=monitor).install(monkeypatch)
    (own, *_), error = listen(capsys, "--device", "USB")
    assert 4 < own < 4 + len(WORD) / RATE
    fake = FakeSoundDevice(microphone, monitor=monitor).install(monkeypatch)
    (person,), error = listen(capsys, "--device", "USB", "--loudspeaker", "Monitor of")
    assert person == pytest.approx(PERSON_AT / RATE + 1.16, abs=0.1)
    assert "paired anew" not in error
    assert error.endswith("microphone 'USB' stopped: the device is gone\n")
    assert [options["device"] for options in fake.opened] == ["USB", "Monitor of"]
    assert fake.closed == 2


def test_listen_reports_what_it_pairs_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeSoundDevice(floor(4), monitor=np.zeros(6 * RATE, np.int16), overflow_at_block=9)
    fake.install(monkeypatch)
    words, error = listen(capsys, "--loudspeaker", "2")
    assert words == []
    assert "audio was lost: 1 overruns so far\n" in error
    anew = [line for line in error.splitlines() if "paired anew" in line]
    assert len(anew) == 1
    assert anew[0].startswith("microphone and loudspeaker were paired anew: 1 times so far, ")


def test_run_subtracts_what_it_plays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    require_engine("espeak-ng")
    made = []

    class Kept(EchoCanceller):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr("pywakeword.session.session.EchoCanceller", Kept)
    # A busy machine may keep the fake waiting for longer than a real device would be silent.
    monkeypatch.setitem(DuplexDevice.__init__.__kwdefaults__, "timeout_s", 60.0)
    FakeSoundDevice(np.concatenate([WORD, floor(12)]), echo=0.5).install(monkeypatch)
    run = ["run", "--model", "computer", "--say", "It will be sunny, and then it will rain."]
    assert main(run) == 2  # the fake device ends
    assert "interrupted" not in capsys.readouterr().out
    (canceller,) = made
    assert canceller.erle_db > 10
    assert canceller.delay_samples == 0  # the session says when a sample leaves the loudspeaker


def test_list_devices_marks_monitors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeSoundDevice(monitor=floor(1)).install(monkeypatch)
    assert main(["listen", "--list-devices"]) == 0
    assert capsys.readouterr().out == (
        "1: Fake USB microphone (1 channels, 16000 Hz)\n"
        "2: Monitor of Speaker (1 channels, 16000 Hz), a monitor of a loudspeaker\n"
    )


@pytest.mark.parametrize(
    ("name", "is_monitor"),
    [
        ("Monitor of Built-in Audio Analog Stereo", True),
        ("alsa_output.platform-bcm2835_audio.stereo-fallback.monitor", True),
        ("speaker_monitor", True),
        ("Loopback: PCM (hw:2,1)", True),
        ("Stereo Mix (Realtek)", True),
        ("HDMI monitor microphone", False),
        ("USB PnP Sound Device: Audio (hw:1,0)", False),
    ],
)
def test_monitors_by_name(name: str, is_monitor: bool) -> None:
    assert InputDevice(0, name, 1, 16000.0).is_monitor is is_monitor


def test_listen_refuses_an_unknown_loudspeaker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    FakeSoundDevice().install(monkeypatch)
    assert "cannot open microphone 'Nowhere'" in error_line(
        capsys, "listen", "--model", "computer", "--loudspeaker", "Nowhere"
    )
