"""Community models in every command, and in the Wyoming service."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
from helpers import community
from helpers.command_line import error_line
from helpers.fake_sounddevice import FakeSoundDevice
from helpers.sounds import RATE, floor, spoken

from pywakeword import WakeWord
from pywakeword.cli import main
from pywakeword.verifier import AsyncVerifier, VerifierPolicy

PCM = np.concatenate([floor(1.0), spoken("alexa"), floor(2)])


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")
    path = tmp_path / "alexa.wav"
    soundfile.write(path, PCM, RATE)
    return path


def micro(name: str = "alexa") -> str:
    return str(community.micro_models() / f"{name}.json")


def open_model(name: str = "alexa") -> str:
    return str(community.open_models() / f"{name}.tflite")


def test_detect(wav: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["detect", "--model", micro(), "--model", open_model("hey_rhasspy"), "--model"]
    argv += ["computer", str(wav)]
    assert main([*argv, "--json", "--clips", str(tmp_path / "clips")]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    record = json.loads(line)
    assert (record["keyword"], record["start"], record["end"]) == ("alexa", None, None)
    assert 1.5 < record["detected"] < 3.5
    assert Path(record["clip"]).is_file()
    assert main([*argv, "--endpoint"]) == 0
    word, request = capsys.readouterr().out.splitlines()
    assert f"alexa  score {record['score']:.3f}  detected at {record['detected']:.2f} s" in word
    assert "utterance after alexa" in request
    main(["detect", "--model", micro("hey_mycroft"), str(wav)])
    assert "no wake word; highest score" in capsys.readouterr().err


def test_options(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["detect", "--model", micro(), str(wav)]
    assert "no measured false accepts" in error_line(capsys, *argv, "--fa-per-hour", 1)
    assert main([*argv, "--threshold", "1"]) == 0
    assert "threshold 1" in capsys.readouterr().err


def test_info(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", micro("okay_nabu"), open_model("hey_rhasspy"), "alexa"]) == 0
    out = capsys.readouterr().out
    assert "okay_nabu: a model of microWakeWord, " in out
    assert "word okay_nabu, threshold 0.85\n  languages: " in out
    assert "hey_rhasspy: a model of openWakeWord" in out
    assert "languages: not stated" in out
    assert "alexa: " in out
    assert main(["info", micro(), "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)["models"]
    assert document["type"] == "micro"
    lone = tmp_path / "alexa.json"
    lone.write_bytes(Path(micro()).read_bytes())
    line = error_line(capsys, "info", lone)
    assert line.endswith("its network alexa.tflite cannot be read: No such file beside it")


@pytest.mark.parametrize("content", [b"", b"noise without a format" * 9])
def test_a_file_that_is_no_model(
    content: bytes, tmp_path: Path, wav: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "word.tflite"
    path.write_bytes(content)
    line = error_line(capsys, "detect", wav, "--model", path)
    assert line.endswith("this is no model in TensorFlow Lite's format, and has no card")


def test_bench(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["bench", "--model", micro(), "--seconds", "1", "--rounds", "1"]
    assert main([*argv, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["keywords"] == ["alexa"]
    assert result["real_time_factor"]["median"] > 0
    assert "limit" not in result
    assert main(argv) == 0
    assert "times the limit" not in capsys.readouterr().out


def test_evaluate(wav: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra 'evaluate'")
    soundfile = pytest.importorskip("soundfile")
    (tmp_path / "without").mkdir()
    soundfile.write(tmp_path / "without" / "a.wav", spoken("computer"), RATE)
    (tmp_path / "with").mkdir()
    wav.rename(tmp_path / "with" / "alexa.wav")
    argv = ["evaluate", "--model", open_model(), "--positives", str(tmp_path / "with")]
    argv += ["--negatives", str(tmp_path / "without"), "--out", str(tmp_path / "out")]
    assert main(argv) == 0
    assert "FRR 0.00%" in capsys.readouterr().out
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["keyword"] == "alexa"
    assert len(results["sha256"]) == 64


def test_listen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    FakeSoundDevice(PCM).install(monkeypatch)
    main(["listen", "--model", micro()])
    output = capsys.readouterr().out
    assert "listening for alexa (threshold 0.9)" in output
    assert "alexa  score " in output


def test_run(wav: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--model", open_model(), "--json", str(wav)]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    words = [event["keyword"] for event in events if event["event"] == "WordHeard"]
    assert words == ["alexa"]
    assert any(event["event"] == "UtteranceHeard" for event in events)


def test_wyoming() -> None:
    pytest.importorskip("wyoming.client", reason="needs the extra 'wyoming'")
    from wyoming.audio import AudioChunk, AudioStart, AudioStop
    from wyoming.client import AsyncTcpClient
    from wyoming.info import Describe, Info
    from wyoming.wake import Detect, Detection

    from pywakeword.wyoming import WakeService

    form = {"rate": RATE, "width": 2, "channels": 1}

    async def run() -> None:
        service = WakeService(
            lambda: WakeWord([micro("okay_nabu"), open_model(), "computer"]), "tcp://127.0.0.1:0"
        )
        async with service:
            port = int(service.uri.rpartition(":")[2])
            async with AsyncTcpClient("127.0.0.1", port, read_timeout=30) as client:
                await client.write_event(Describe().event())
                (program,) = Info.from_event(await client.read_event()).wake
                assert [(m.name, m.description, m.attribution.name) for m in program.models] == [
                    ("okay_nabu", "okay nabu", "Kevin Ahrendt"),
                    ("alexa", "alexa", "openWakeWord"),
                    ("computer", "computer", "The pywakeword authors"),
                ]
                await client.write_event(Detect(["alexa"]).event())
                await client.write_event(AudioStart(**form, timestamp=1000).event())
                audio = PCM.astype("<i2").tobytes()
                for begin in range(0, len(audio), 3200):
                    chunk = AudioChunk(audio=audio[begin : begin + 3200], **form)
                    await client.write_event(chunk.event())
                await client.write_event(AudioStop().event())
                found = Detection.from_event(await client.read_event())
                assert found.name == "alexa"
                assert found.timestamp is not None
                assert 2500 < found.timestamp < 4500

    asyncio.run(run())


def test_a_verifier_gets_no_candidate_without_boundaries() -> None:
    pytest.importorskip("httpx", reason="needs the extra 'verifier'")
    spotter = WakeWord(micro())
    (found,) = spotter.process(PCM)

    async def run() -> None:
        verifier = AsyncVerifier(
            "http://127.0.0.1:9",
            thresholds=spotter.thresholds,
            policy=VerifierPolicy(ask_from=0, ask_below=2),
        )
        async with verifier:
            result = await verifier.verify(found)
        assert (result.source, result.reason) == ("policy", "no_boundaries")
        assert verifier.breaker.allow()

    asyncio.run(run())
