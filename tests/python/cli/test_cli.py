"""The command line as a whole: help, exit codes and one line for one mistake."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_model
from helpers.child_process import PYWAKEWORD, run, start
from helpers.command_line import error_line
from helpers.tiny_model import silence, utterance

import pywakeword
from pywakeword.cli import main

soundfile = pytest.importorskip("soundfile", reason="the audio extra is not installed")

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "beep.wav"
    soundfile.write(path, utterance("beep"), 16000)
    return path


@pytest.mark.parametrize(
    "command",
    [
        "",
        "detect",
        "endpoint",
        "evaluate",
        "listen",
        "verifier",
        "verifier serve",
        "verifier check",
        "bench",
        "info",
    ],
)
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*command.split(), "--help"])
    assert stopped.value.code == 0
    assert "usage: pywakeword" in capsys.readouterr().out


def test_no_command_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    listed = dict(re.findall(r"^    (\w+) +(\S.*)$", output.out, re.MULTILINE))
    assert {"detect", "listen", "evaluate", "bench", "info", "verifier"} <= set(listed)
    assert all(len(description) > 10 for description in listed.values())
    assert listed["info"] == "show version, instruction set and bundled models"


def test_python_m() -> None:
    found = run(*PYWAKEWORD, "--version", text=True, check=True)
    assert found.stdout == f"pywakeword {pywakeword.__version__}\n"


def test_detect(wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", str(wav), "--model", str(beep_model)]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert output.out.startswith(f"{wav}: beep  score ")
    assert output.out.count("\n") == 1


def test_detect_json(
    wav: Path, beep_model: Path, boop_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boop = wav.with_name("boop.flac")
    soundfile.write(boop, np.repeat(utterance("boop"), 3), 48000)
    models = ["--model", str(beep_model), "--model", str(boop_model)]
    assert main(["detect", str(wav), str(boop), str(wav), "--json", *models]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["file"], row["keyword"]) for row in rows] == [
        (str(wav), "beep"),
        (str(boop), "boop"),
        (str(wav), "beep"),
    ]
    assert set(rows[0]) == {"file", "keyword", "score", "start", "end", "detected"}
    assert rows[0] == rows[2]
    (expected,) = pywakeword.WakeWord(beep_model).process(utterance("beep"))
    assert rows[0]["start"] == expected.start_sample / 16000
    assert rows[0]["end"] == expected.end_sample / 16000
    assert rows[0]["detected"] == expected.detected_sample / 16000
    assert rows[0]["score"] == expected.score


def test_detect_finds_a_word_that_ends_with_its_file(
    wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(wav, utterance("beep", after_s=0)[:-3000], 16000)
    assert main(["detect", str(wav), "--model", str(beep_model)]) == 0
    assert "beep" in capsys.readouterr().out


def test_detect_options(wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detect = ["detect", str(wav), "--model", str(beep_model)]
    state = "playback=alarm,volume=0.6,device_type=speaker"
    for options in (["--state", state], ["--threshold", "1"]):
        assert main([*detect, *options]) == 0
        assert capsys.readouterr().out == ""
    assert main([*detect, "--fa-per-hour", "0.5", "--state", "playback=music"]) == 0
    assert "beep" in capsys.readouterr().out


def test_detect_nothing_prints_nothing(
    wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(wav, silence(1), 16000)
    assert main(["detect", str(wav), "--json", "--model", str(beep_model)]) == 0
    assert capsys.readouterr().out == ""


def test_detect_reads_a_pipe_as_it_arrives(beep_model: Path) -> None:
    """As with `arecord | pywakeword detect -`: the line comes before the pipe ends."""
    command = [*PYWAKEWORD, "detect", "-", "--json", "--model", beep_model]
    with start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(utterance("beep").astype("<i2").tobytes())
        process.stdin.flush()
        row = json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait(timeout=30) == 0
    assert (row["file"], row["keyword"]) == ("-", "beep")


def test_a_closed_pipe_is_no_error(wav: Path, beep_model: Path) -> None:
    detect = shlex.join([*PYWAKEWORD, "detect", *[str(wav)] * 3, "--model", str(beep_model)])
    found = run("sh", "-c", f"{detect} | head -n1", text=True, check=True)
    assert found.stdout.count("\n") == 1
    assert found.stderr == ""


def test_interrupt(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("pywakeword.commands.detect.run", interrupt)
    assert main(["detect", str(wav)]) == 130


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--state", "playback=polka"], "playback must be one of unknown, none"),
        (["--state", "mood=good"], "'mood=good' is not device_type=WORD"),
        (["--state", "volume=loud"], "volume must be a number, got 'loud'"),
        (["--state", "volume=2"], "volume must lie between 0 and 1"),
        (["--threshold", "2"], "threshold of 'beep' must lie above 0"),
        (["--threshold", "high"], "invalid float value: 'high'"),
        (["--threshold", "0.5", "--fa-per-hour", "1"], "not allowed with argument --threshold"),
        (["--fa-per-hour", "0.001"], "beep: 0.001 false accepts per hour is too low"),
        (["--model", "no_such_word"], "no model 'no_such_word'; bundled models: "),
        (["--louder"], "unrecognized arguments: --louder"),
    ],
)
def test_bad_options(
    wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str], options: list, message: str
) -> None:
    assert message in error_line(capsys, "detect", wav, "--model", beep_model, *options)


def test_bad_files(wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = wav.parent
    (directory / "text.wav").write_text("hello")
    (directory / "short.wav").write_bytes(wav.read_bytes()[:-1000])
    soundfile.write(directory / "nan.wav", np.full(100, np.nan), 16000, subtype="FLOAT")
    for name, message in {
        "": "is a directory",
        "nothing.wav": "no such file",
        "text.wav": "not readable audio",
        "short.wav": "truncated",
        "nan.wav": "holds NaN",
    }.items():
        path = directory / name
        line = error_line(capsys, "detect", path, "--model", beep_model)
        assert line.startswith(f"pywakeword detect: error: {path}: ")
        assert message in line


def test_bad_models(wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detect = ["detect", wav, "--model", beep_model]
    card = tiny_model.read_card(beep_model)
    card["frontend"]["hop_samples"] = 128
    tiny_model.write_card(beep_model, card)
    assert "front-end field 'hop_samples' is 128" in error_line(capsys, *detect)
    beep_model.write_bytes(b"not a model")
    assert "11 bytes, its card says" in error_line(capsys, *detect)
    tiny_model.write_card(beep_model, tiny_model.make_card("beep", ("beep",), b"not a model"))
    assert str(beep_model) in error_line(capsys, *detect)


def test_nothing_bundled(
    wav: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pywakeword.commands._options.default_models", tuple)
    assert "no models are bundled; name one with --model" in error_line(capsys, "detect", wav)


def test_odd_byte_on_stdin(beep_model: Path) -> None:
    found = run(*PYWAKEWORD, "detect", "-", "--model", beep_model, input=b"\0" * 3201)
    assert found.returncode == 2
    assert found.stderr.count(b"\n") == 1
    assert b"standard input ended inside a sample" in found.stderr


def test_no_audio_at_all(beep_model: Path, tmp_path: Path) -> None:
    found = run(*PYWAKEWORD, "detect", "-", "--model", beep_model, input=b"")
    assert (found.returncode, found.stdout) == (2, b"")
    assert found.stderr == b"pywakeword detect: error: standard input: no audio in it\n"
    silent = tmp_path / "header.wav"
    soundfile.write(silent, np.zeros(0, np.int16), 16000)
    found = run(*PYWAKEWORD, "endpoint", silent)
    assert found.returncode == 2
    assert b"header.wav: no audio in it" in found.stderr


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice: 'sing'" in error_line(capsys, "sing")


def write_copies(wav: Path) -> tuple[Path, Path]:
    """Write a file that is no audio, and one that ends too early."""
    bad, short = wav.with_name("bad.wav"), wav.with_name("short.wav")
    bad.write_text("no audio\n" * 9)
    short.write_bytes(wav.read_bytes()[:-1000])
    return bad, short


@pytest.mark.parametrize("command", ["detect", "endpoint"])
def test_one_bad_file_does_not_end_the_run(
    wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    bad, short = write_copies(wav)
    nan, nothing = wav.with_name("nan.wav"), wav.with_name("nothing.wav")
    samples = np.concatenate([utterance("beep") / 32768, np.full(40000, np.nan)])
    soundfile.write(nan, samples, 16000, subtype="FLOAT")
    model = ["--model", str(beep_model)] if command == "detect" else ["--events"]
    files = [wav.parent, bad, short, nothing, nan, wav]
    assert main([command, str(wav), *model]) == 0
    alone = capsys.readouterr().out
    assert main([command, *map(str, files), *model]) == 2
    output = capsys.readouterr()
    assert output.out.endswith(alone)
    errors = [line for line in output.err.splitlines() if ": error: " in line]
    assert [line.split(": ")[2] for line in errors] == [str(file) for file in files[:-1]]


def test_standard_input_is_read_once(beep_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = error_line(capsys, "detect", "-", "-", "--model", beep_model)
    assert "can be read only once" in line


@posix
@pytest.mark.parametrize(
    ("redirection", "arguments", "code", "error"),
    [
        ("<&-", "-", 2, "pywakeword detect: error: standard input is closed"),
        (">&-", "{wav}", 0, ""),
        ("2>&-", "nothing.wav", 2, ""),
        ("<&- >&- 2>&-", "{wav}", 0, ""),
    ],
)
def test_closed_standard_streams(
    wav: Path, beep_model: Path, redirection: str, arguments: str, code: int, error: str
) -> None:
    files = shlex.quote(arguments.format(wav=wav))
    command = shlex.join([*PYWAKEWORD, "detect", "--json", "--model", str(beep_model)])
    found = run("sh", "-c", f"{command} {files} {redirection}", text=True)
    assert found.returncode == code
    assert found.stdout == ""
    assert [line for line in found.stderr.splitlines() if "error" in line] == [error] * bool(error)
    assert "Traceback" not in found.stderr


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux")
def test_a_full_disk_is_one_line(wav: Path, beep_model: Path) -> None:
    command = shlex.join([*PYWAKEWORD, "detect", str(wav), "--model", str(beep_model)])
    found = run("sh", "-c", f"{command} > /dev/full", text=True)
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert "No space left on device" in found.stderr


@posix
def test_a_pipe_as_a_file(wav: Path, beep_model: Path) -> None:
    command = shlex.join([*PYWAKEWORD, "detect", "--model", str(beep_model)])
    for text in (f"{command} <(cat {wav})", f"cat {wav} | {command} /dev/stdin"):
        found = run("bash", "-c", text, text=True, check=True)
        assert ": beep  score " in found.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems want names in UTF-8")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_names_and_consoles_that_are_not_utf_8(
    wav: Path, beep_model: Path, encoding: str, options: list[str]
) -> None:
    names = [os.fsencode(wav.parent) + name for name in (b"/\xe9.wav", "/\u7d75.wav".encode())]
    for name in names:
        Path(os.fsdecode(name)).write_bytes(wav.read_bytes())
    command = [*PYWAKEWORD, "detect", *options, "--model", beep_model]
    files = [os.fsdecode(name) for name in (*names, os.fsencode(wav.parent) + b"/\xff.wav")]
    found = run(*command, *files, variables={"PYTHONIOENCODING": encoding})
    assert found.returncode == 2
    assert found.stdout.count(b"beep") == 2
    assert found.stderr.count(b": error: ") == 1
    assert b"udcff.wav: no such file" in found.stderr
    assert b"Traceback" not in found.stderr


def test_detect_says_that_it_found_nothing(
    tmp_path: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "boop.wav"
    soundfile.write(path, utterance("boop"), 16000)
    assert main(["detect", "--model", str(beep_model), str(path), "--json"]) == 0
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = output.err.splitlines()
    said = re.fullmatch(
        rf"{re.escape(str(path))}: no wake word; highest score (0\.\d+) "
        r"\(beep, threshold 0\.5\) at (\d\.\d\d) s",
        line,
    )
    assert said is not None, line
    assert float(said[1]) < 0.5


def test_the_highest_score_has_its_time(
    wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["detect", "--model", str(beep_model), "--threshold", "1", str(wav)]
    assert main(command) == 0
    said = re.search(r"highest score (\S+) .* at (\S+) s", capsys.readouterr().err)
    assert said is not None
    assert float(said[1]) > 0.9
    assert 1.0 < float(said[2]) < 1.6  # the tone is from 1.0 s to 1.3 s


def test_detect_writes_clips(
    tmp_path: Path, wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other" / wav.name
    other.parent.mkdir()
    other.write_bytes(wav.read_bytes())
    clips = tmp_path / "new" / "clips"
    command = ["detect", "--model", str(beep_model), "--clips", str(clips), "--pre-roll", "0.25"]
    assert main([*command, "--json", str(wav), str(other)]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    records = [json.loads(line) for line in output.out.splitlines()]
    paths = [Path(record["clip"]) for record in records]
    assert len(set(paths)) == 2
    assert sorted(clips.iterdir()) == sorted(paths)
    for path, record in zip(paths, records):
        samples, rate_hz = soundfile.read(path, dtype="int16")
        assert rate_hz == 16000
        begin, end = (round(16000 * t) for t in (record["start"] - 0.25, record["detected"]))
        np.testing.assert_array_equal(samples, utterance("beep")[begin:end])


def test_the_refractory_time_of_the_command_line(
    tmp_path: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.wav"
    soundfile.write(path, np.concatenate([utterance("beep"), utterance("beep")]), 16000)
    for options, words in (([], 2), (["--refractory", "10"], 1)):
        assert main(["detect", "--model", str(beep_model), *options, str(path)]) == 0
        assert len(capsys.readouterr().out.splitlines()) == words
    line = error_line(capsys, "detect", "--model", beep_model, "--refractory", "-1", path)
    assert "refractory_s must be from 0 to 3600" in line


def test_run_says_what_it_listens_for(
    wav: Path, beep_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--model", str(beep_model), "--threshold", "0.75", str(wav)]) == 0
    assert capsys.readouterr().err == "listening for beep (threshold 0.75)\n"
