"""python -m tools.accuracy held-out: the plan that it hands over, and a missing voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("tqdm", reason="the evaluate extra is not installed")

from pywakeword.training.takes.plan import Task
from pywakeword.voices import VoiceNotInstalledError
from tools.accuracy import held_out


def test_every_word_and_kind_is_planned_as_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[Task] = []

    def fill(folder: Path, task_of: Callable[[int], Task], count: int, *_: object) -> list[None]:
        planned.extend(task_of(number) for number in range(count))
        return []

    monkeypatch.setattr(held_out, "fill", fill)
    assert held_out.main([str(tmp_path), "--words", "alexa", "computer", "--per-speaker", "2"]) == 0
    counts = Counter((task.keyword, task.kind) for task in planned)
    half = {
        ("alexa", "carrier"),
        ("alexa", "mention"),
        ("computer", "carrier"),
        ("computer", "mention"),
    }
    assert len(counts) == 10
    assert half < set(counts)
    (often,) = {count for cell, count in counts.items() if cell not in half}
    assert {counts[cell] for cell in half} == {often // 2}
    assert [task.number for task in planned] == list(range(len(planned)))


def test_a_missing_voice_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill(*_: object) -> list[None]:
        raise VoiceNotInstalledError("kokoro", "run `pywakeword voices --install kokoro`")

    monkeypatch.setattr(held_out, "fill", fill)
    assert held_out.main([str(tmp_path)]) == 2
    assert "pywakeword voices --install kokoro" in capsys.readouterr().err
