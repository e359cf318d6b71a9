"""Takes that are spoken in another way: one breath, higher, in a narrow band."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")
pytest.importorskip("soxr", reason="the audio extra is not installed")
pytest.importorskip("scipy", reason="the test extra is not installed")

import soundfile

from pywakeword.training.figures.changed_takes import bank_takes, high, narrow
from pywakeword.training.material.running import read_takes, whole_shards

RATE = 16_000


def tone(hertz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)


def loudest_hertz(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[np.argmax(power)])


def test_a_high_voice_is_higher_and_faster() -> None:
    raised = high(tone(500))
    assert len(raised) == pytest.approx(RATE / 1.3, rel=0.01)
    assert loudest_hertz(raised) == pytest.approx(650, abs=3)


def test_a_narrow_band_ends_at_3400_hertz() -> None:
    assert np.std(narrow(tone(2500))) > 0.95 * np.std(tone(2500))
    assert np.std(narrow(tone(4500))) < 0.02


def write_bank(folder: Path, rows: list[dict[str, object]]) -> None:
    folder.mkdir()
    lines = []
    for i, row in enumerate(rows):
        soundfile.write(folder / f"{i}.flac", tone(300 + i), RATE)
        given = {"task": i, "file": f"{i}.flac", "keyword": "alexa", "called": True, "end": 9000}
        lines.append(json.dumps({"voice": "v", "speaker": "s", "start": 2000, **given, **row}))
    (folder / "index.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_takes_of_a_bank_by_word_and_kind(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"kind": "one_breath"},
        {"kind": "one_breath", "keyword": "computer"},
        {"kind": "mention", "called": False},
        {"kind": "one_breath", "start": None, "end": None},
    ]
    write_bank(tmp_path / "bank", rows)
    takes = list(bank_takes(tmp_path / "bank", "alexa", "one_breath"))
    assert [name for name, _, _ in takes] == ["v:s 0", "v:s 3"]
    assert [span for _, _, span in takes] == [(2000, 9000), None]


def test_held_out_speakers_are_never_trained_on(tmp_path: Path) -> None:
    splits: list[dict[str, object]] = [
        {"split": s, "kind": "isolated"} for s in ("train", "held_out")
    ]
    write_bank(tmp_path / "bank", splits)
    assert [take["task"] for take in read_takes(tmp_path / "bank")] == [0]


def test_a_bank_that_grows_changes_no_finished_shard() -> None:
    takes = [{"task": i} for i in range(120)]
    assert whole_shards(takes) == takes[:100] == whole_shards(takes[:110])
