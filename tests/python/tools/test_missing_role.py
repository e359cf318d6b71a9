"""The commands of `python -m tools.endpointing missing-role`, and what it prints."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")

from tools.endpointing.data.roles import KINDS, CutCommand, cut_commands
from tools.endpointing.missing_role import main


def test_roles_are_missing_until_their_last_word() -> None:
    cuts = list(cut_commands(1, np.random.default_rng(1)))
    assert {command.kind for command in cuts} == set(KINDS)
    assert CutCommand("set a timer", frozenset({"duration"}), "with a frame") in cuts
    assert CutCommand("turn the", frozenset({"device", "state"}), "with a frame") in cuts
    assert not any(command.text in ("set", "set a", "what's the weather") for command in cuts)
    reminders = [c for c in cuts if c.text.startswith("remind me to ")]
    assert {c.kind for c in reminders} == {"role begun"}
    assert all(command.missing for command in cuts)


def test_the_table_of_the_frame_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--fillings", "1"]) == 0
    *_, row = capsys.readouterr().out.splitlines()
    name, with_frame, *_, without = [cell.strip() for cell in row.strip("|").split("|")][:4]
    assert name == "frame table"
    assert int(with_frame.split()[0]) > 85
    assert without.startswith("0 %")
