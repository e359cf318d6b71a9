"""The models that `python -m tools.accuracy evaluate` compares."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")
pytest.importorskip("scipy", reason="SciPy is not installed")

from tools.accuracy.detectors import detectors


def test_a_word_that_is_not_bundled_needs_a_folder(beep_model: Path) -> None:
    with pytest.raises(ValueError, match="no model of beep: name its folder with --models"):
        detectors("beep", [])
    (found,) = detectors("beep", [], [beep_model.parent])
    assert found.name.endswith(" models")
