"""The short form of `python -m tools.attacks run`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

for module in ("fastapi", "onnxruntime", "wyoming", "cryptography"):
    pytest.importorskip(module, reason=f"needs {module}")

from tools.attacks import run as kit  # noqa: E402
from tools.attacks.catalogue import VERIFIER, WYOMING  # noqa: E402

if sys.platform != "linux":
    pytest.skip("memory is read from /proc", allow_module_level=True)


def test_good_requests_do_not_notice_an_attack() -> None:
    with contextlib.closing(kit.verifier_rows(1.0)) as rows:
        row = next(rows)
    assert row.attack == next(iter(VERIFIER))
    # The goal of 250 ms is for a machine that does nothing else.
    assert (row.failed, row.requests > 5) == (0, True)
    assert row.mb_peak is not None
    assert row.mb_before is not None
    assert row.mb_peak - row.mb_before < 50
    assert row.stop_s is not None
    assert row.stop_s < 5


def test_a_missed_goal_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    good = kit.Row("a", 10, 0, 1.0, 2.0, 100.0, 101.0, 0.2)
    assert not good.missed()
    for change in (
        {"requests": 0},
        {"failed": 1},
        {"p99_ms": 251.0},
        {"mb_peak": 151.0},
        {"stop_s": 5.1},
    ):
        assert kit.Row(**{**vars(good), **change}).missed(), change
    assert "| a | 10 | 0 | 1 | 2 | 100 to 101 | 0.2 |" in kit.table([good])


def test_the_page_has_every_attack() -> None:
    page = (Path(__file__).parents[3] / "docs/measured/attacks.md").read_text("utf-8")
    names = [*VERIFIER, *(f"Wyoming: {name}" for name in WYOMING)]
    assert [name for name in names if f"| {name} |" not in page] == []
