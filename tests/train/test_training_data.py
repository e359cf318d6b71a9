"""The data wheel, built from stores of seconds; needs the extra `train`."""

from __future__ import annotations

import csv
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pywakeword.training.data.package import STORES, find_training_data
from pywakeword.training.material.features import Store, StoreWriter, lfbe
from tools.release import training_data
from tools.release.training_data import by_kind, hours_of, others, some_hours

RATE = 16_000
COLUMNS = (
    *("path", "source_repo", "licence", "release", "category", "label", "leak_group"),
    *("transcript", "split", "qa"),
)
ROWS = (
    ("a.wav", "readers", "CC-BY-4.0", "ok", "speech", "", "anna", "good morning", "train", ""),
    ("b.wav", "sellers", "none", "restricted", "speech", "", "bob", "buy this", "train", ""),
    ("c.wav", "readers", "CC-BY-4.0", "ok", "speech", "", "carl", "good night", "dev", ""),
)


def write_store(folder: Path, clips: list[dict[str, str]], seconds: float = 4.0) -> Store:
    rng = np.random.default_rng(len(clips))
    writer = StoreWriter(folder)
    for clip in clips:
        writer.add(lfbe(rng.normal(0, 0.05, int(seconds * RATE))), None, **clip)
    writer.close()
    return Store.read(folder)


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[Path, Path]:
    """A folder with a manifest, and the stores that a training run would have made of it."""
    data, work = tmp_path / "data", tmp_path / "work"
    data.mkdir()
    for row in ROWS:
        soundfile.write(data / row[0], np.random.default_rng(1).normal(0, 0.05, 2 * RATE), RATE)
    with (data / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    speech = [
        {"kind": "real", "label": "", "group": "anna", "said": f"this is sentence {i}"}
        for i in range(6)
    ]
    write_store(work / "speech", speech)
    write_store(work / "interference", [{"kind": "noise", "label": "", "group": "noise"}])
    return data, work


def test_one_command_builds_a_wheel_that_can_be_read(
    corpus: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    shutil.copytree(training_data.PROJECT, project)
    monkeypatch.setattr(training_data, "PROJECT", project)
    data, work = corpus
    options = ["--data", str(data), "--work", str(work), "--out", str(tmp_path / "dist")]
    # 4 s of noise, and 1.4 s of each version without the quiet around it.
    assert training_data.main([*options, "--hours", str(8 / 3600)]) == 0
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    found = find_training_data(tmp_path / "installed" / "pywakeword_training_data")
    sizes = {name: len(found.store(name).entries) for name in STORES}
    assert sizes == {"negatives": 3, "calibration": 1, "sounds": 1}
    assert found.store("calibration").entries[0].said == "good night"
    assert found.manifest["sources"] == [{"source": "readers", "licence": "CC-BY-4.0", "files": 1}]
    assert found.trunk("small").stat().st_size < found.trunk("standard").stat().st_size
    assert len(found.transcripts()) == 3


def test_a_wheel_that_is_too_large_is_an_error(
    corpus: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data, work = corpus
    monkeypatch.setattr(training_data, "write_files", lambda *_: 1.0)
    monkeypatch.setattr(training_data, "MOST_BYTES", 100)
    out = tmp_path / "dist"
    out.mkdir()
    (out / "pywakeword_training_data-0.whl").write_bytes(bytes(200))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    options = ["--data", str(data), "--work", str(work), "--out", str(out)]
    assert training_data.main(options) == 2
    assert "give fewer --hours" in capsys.readouterr().err


def test_what_goes_into_it(tmp_path: Path) -> None:
    kinds = [
        {"kind": "natural", "label": "alexa", "group": "af_bella"},
        {"kind": "natural", "label": "", "group": "af_bella"},
        {"kind": "real", "label": "", "group": "anna"},
    ]
    store = write_store(tmp_path / "s", kinds, seconds=38.62)  # 3,860 frames, 3,600 of them inside
    assert hours_of(store, 260) == pytest.approx(0.03)
    assert len(others(store).entries) == 2
    assert by_kind(others(store), others(store)) == {"natural": 0.02, "real": 0.02}
    some = some_hours(store, 0.015, np.random.default_rng(1))
    assert len(some.entries) == 2
    assert [e.first_frame for e in some.entries] == sorted(e.first_frame for e in some.entries)
    assert some_hours(store, -1.0, np.random.default_rng(1)).entries == []
