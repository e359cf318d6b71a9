"""Faults of a server that is a process: the short form of `python -m tools.verifier faults`."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the server extra is not installed")
pytest.importorskip("cryptography", reason="the extra test is not installed")

from tools.verifier import faults as verifier_faults
from tools.verifier.stand_in import write_stand_in


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no model"):
        verifier_faults.ServerProcess(tmp_path, ())


def test_killed_and_stopped(tmp_path: Path) -> None:
    models = write_stand_in(tmp_path, "computer").parent
    rows = {row.fault: row for row in verifier_faults.process_faults(models, 8)}
    assert rows["none"].verdicts >= 4
    for row in rows.values():
        assert (row.lost, row.verdicts + row.policy) == (0, row.candidates)
        assert row.slowest_ms < 2000
        assert row.probes == 1
    assert rows["killed"].policy >= 4
    assert rows["SIGSTOP"].reasons["timeout"] >= 4


def test_every_wrong_answer_ends_in_the_policy() -> None:
    for row in verifier_faults.socket_faults(2):
        assert (row.lost, row.verdicts, row.policy, row.probes) == (0, 0, 2, 1), row
