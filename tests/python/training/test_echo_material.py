"""What the canceller leaves, as training material: by phase, and without the person."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")
pytest.importorskip("soxr", reason="the audio extra is not installed")
pytest.importorskip("scipy", reason="the test extra is not installed")

from pywakeword.training.echo.material import PHASES, left_over
from pywakeword.training.material.levels import ACTIVE_LEVEL

RATE = 16_000


def room(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    tail = rng.standard_normal(2400) * np.exp(-np.arange(2400) / 400) * 0.3
    return np.concatenate([[1.0], tail]).astype(np.float32)


ROOMS = [room(1), room(2), room(3)]


def song(seed: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.uniform(0.2, 1, 40), RATE // 8).astype(np.float32)
    return loud * rng.standard_normal(len(loud)).astype(np.float32)


def below_echo_db(left: np.ndarray) -> float:
    return -20 * float(np.log10(np.sqrt(np.mean(left**2)) / ACTIVE_LEVEL))


def median_db(phase: str, talk: np.ndarray | None = None) -> float:
    return float(
        np.median(
            [
                below_echo_db(left_over(song(), phase, ROOMS, np.random.default_rng(seed), talk))
                for seed in range(5)
            ]
        )
    )


def test_less_is_left_the_longer_the_canceller_could_learn() -> None:
    found = {phase: median_db(phase) for phase in PHASES}
    assert found["converged"] > 12
    assert found["converged"] > found["converging"] + 3
    assert found["converged"] > found["lost"] + 3


def test_the_person_is_not_part_of_what_is_left() -> None:
    talk = song(9)
    # The person is up to 10 dB louder than the echo, and what is left lies below the echo.
    assert median_db("converged", talk) > 5
    lengths = {
        phase: len(left_over(song(), phase, ROOMS, np.random.default_rng(1), talk)) / RATE
        for phase in PHASES
    }
    assert lengths == {"converged": 8, "converging": 3, "lost": 8}


def test_an_unknown_phase_is_refused() -> None:
    with pytest.raises(ValueError, match="phase must be one of converged, converging, lost"):
        left_over(song(), "late", ROOMS, np.random.default_rng(1))
