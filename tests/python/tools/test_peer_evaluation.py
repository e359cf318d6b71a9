"""Table and picture of `python -m tools.accuracy evaluate`; the detector's scores are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")
pytest.importorskip("matplotlib", reason="the evaluate extra is not installed")

from pywakeword import DeviceState
from pywakeword.training.figures.conditions import CONDITIONS, Stream
from pywakeword.training.network.shape import model_name
from tools.accuracy.evaluate import evaluate
from tools.accuracy.plot import save_plot


class FirstSample:
    """Reports the first sample of a stream, in percent, once."""

    name = "first sample"
    score_shift_s = 1.0

    def scores(self, stream: Stream) -> np.ndarray:
        return np.array([0, stream.pcm[0] / 100, 0], np.float32)


def streams(*percent: int) -> list[Stream]:
    hour_tenth = np.zeros(360 * 16_000, np.int16)
    made = []
    for p in percent:
        pcm = hour_tenth.copy()
        pcm[0] = p
        made.append(Stream(str(p), pcm, DeviceState()))
    return made


def test_curve_falls_to_what_each_rate_allows(tmp_path: Path) -> None:
    negatives = streams(90, 80, 70, *[1] * 7)  # an hour
    takes = streams(95, 85, 75, 60)
    row = evaluate(FirstSample(), dict.fromkeys(CONDITIONS, takes), negatives, 1.0)
    assert row["negative_hours"] == 1.0
    # One false accept, 90, is allowed: only what is above 80 is found.
    assert row["quiet"][0] == 50.0
    assert row["curves"]["quiet"][:3] == [[1.0, 50.0], [2.0, 25.0], [3.0, 0.0]]
    picture = tmp_path / "curves.png"
    save_plot(picture, {"word": [row]})
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_models_are_named_by_word_and_size() -> None:
    assert model_name("alexa", "standard") == "alexa"
    assert model_name("alexa", "small") == "alexa-small"
