"""What the verifier's server keeps: by whom it can be read, how much, and how long."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the server extra is not installed")

from helpers.verifier_contract import fresh
from helpers.verifier_server import audio, metadata, post, serving

from pywakeword.verifier import Verdict
from pywakeword.verifier.contract import Reply, parse_metadata
from pywakeword.verifier.server.retention import AudioRetention

PCM = np.arange(16000, dtype=np.int16)
REPLY = Reply("r", "beep", Verdict("accept", 0.9, 0.5, "m", 0, 1))


def keep(retention: AudioRetention, name: str) -> None:
    retention.keep(parse_metadata(json.dumps(metadata(request_id=name))), PCM, REPLY)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o755)
    keep(AudioRetention(folder), "a")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600, 0o600]


def test_an_id_overwrites_nothing(tmp_path: Path) -> None:
    retention = AudioRetention(tmp_path)
    (tmp_path / "b.wav").symlink_to(tmp_path / "outside")
    for name in ("a", "a", "a", "b"):
        keep(retention, name)
    assert len(list(tmp_path.glob("a*.wav"))) == len(list(tmp_path.glob("a*.json"))) == 3
    assert not (tmp_path / "outside").exists()
    assert len(list(tmp_path.glob("b.*.wav"))) == 1


def test_the_oldest_is_deleted_beyond_a_size(tmp_path: Path) -> None:
    (tmp_path / "mine.wav").write_bytes(bytes(100_000))  # has no .json: it is none of ours
    retention = AudioRetention(tmp_path, max_bytes=100_000)
    for i in range(8):
        keep(retention, f"n{i}")
        for path in tmp_path.glob(f"n{i}.*"):
            os.utime(path, (1e9 + i, 1e9 + i))
        retention._max_s = float("inf")
    names = sorted(path.stem for path in tmp_path.glob("n*.wav"))
    assert names[-1] == "n7"
    assert len(names) <= 3
    assert sorted(path.stem for path in tmp_path.glob("n*.json")) == names
    assert (tmp_path / "mine.wav").exists()


def test_the_oldest_is_deleted_after_a_time(tmp_path: Path) -> None:
    keep(AudioRetention(tmp_path), "old")
    for path in tmp_path.iterdir():
        os.utime(path, (1e9, 1e9))
    keep(AudioRetention(tmp_path), "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.json", "new.wav"]


@pytest.mark.parametrize("options", [{"max_bytes": 0}, {"max_days": 0}])
def test_bad_options(tmp_path: Path, options: dict) -> None:
    with pytest.raises(ValueError, match="positive"):
        AudioRetention(tmp_path, **options)


def test_a_folder_that_is_gone_or_full_costs_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    with serving(tmp_path / "models", retention=AudioRetention(kept)) as address:
        kept.rmdir()
        assert post(address, fresh()).status_code == 200
        kept.mkdir()

        def full(descriptor: int, mode: str) -> object:
            os.close(descriptor)
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pywakeword.audio.retention.os.fdopen", full)
        assert post(address, fresh(), audio()).status_code == 200
