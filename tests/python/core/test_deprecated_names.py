"""Names that scripts outside the repository still use."""

from __future__ import annotations

import importlib

import pytest


@pytest.mark.parametrize("name", ["evaluation", "scanning"])
def test_modules_that_moved(name: str) -> None:
    before = importlib.import_module(f"pywakeword.{name}")
    now = importlib.import_module(f"pywakeword.measure.{name}")
    public = [word for word in vars(now) if not word.startswith("_")]
    assert public
    assert all(getattr(before, word) is getattr(now, word) for word in public)


def test_the_module_of_models() -> None:
    import pywakeword.models

    assert pywakeword.models.read_model("computer").card.keywords == ("computer",)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pywakeword.models.nothing
