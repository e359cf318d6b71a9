from __future__ import annotations

import numpy as np
import pytest

from pywakeword.endpointing.prosody import PROSODY_FEATURES, prosody_features

RATE = 16000


def voice(start_hz: float, end_hz: float, seconds: float = 1.2) -> np.ndarray:
    """A buzz whose pitch glides by equal octaves a second."""
    t = np.arange(round(seconds * RATE)) / RATE
    hertz = start_hz * (end_hz / start_hz) ** (t / seconds)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    buzz = sum(np.sin(h * phase) / h for h in range(1, 9))
    return np.rint(3000 * buzz + np.random.default_rng(1).normal(0, 20, len(t))).astype(np.int16)


def described(speech: np.ndarray, pause_s: float = 0.3) -> dict[str, float]:
    quiet = np.rint(np.random.default_rng(2).normal(0, 20, round(pause_s * RATE)))
    pcm = np.concatenate([speech, quiet.astype(np.int16)])
    return dict(zip(PROSODY_FEATURES, prosody_features(pcm, pause_s).tolist()))


@pytest.mark.parametrize("hertz", [110, 130, 220, 300])
def test_slope_of_the_pitch(hertz: float) -> None:
    falling, level, rising = (described(voice(hertz, hertz * f)) for f in (0.7, 1.0, 1.3))
    assert falling["f0_slope"] == pytest.approx(np.log2(0.7) / 1.2, abs=0.12)
    assert level["f0_slope"] == pytest.approx(0, abs=0.05)
    assert rising["f0_slope"] == pytest.approx(np.log2(1.3) / 1.2, abs=0.12)
    assert falling["f0_final"] < -0.1 < 0.1 < rising["f0_final"]
    assert level["f0_spread"] < 0.02 < rising["f0_spread"]
    assert level["voiced_share"] > 0.95


def test_loudness_and_lengths() -> None:
    noise = np.rint(np.random.default_rng(3).normal(0, 800, 3200)).astype(np.int16)
    fading = voice(120, 120) * np.linspace(1, 0.05, round(1.2 * RATE))
    found = described(np.concatenate([np.rint(fading).astype(np.int16), noise]))
    assert found["since_voice_s"] == pytest.approx(0.2, abs=0.04)
    assert found["last_voice_s"] == pytest.approx(1.2, abs=0.25)
    assert described(np.rint(fading).astype(np.int16))["level_slope"] < -1
    assert described(voice(120, 120))["level_slope"] == pytest.approx(0, abs=0.3)
    assert -5 < found["pause_level"] < -2
    assert found["pause_s"] == pytest.approx(0.3)


def test_the_pause_alone_says_nothing_of_speech() -> None:
    values = prosody_features(np.zeros(4800, np.int16), 0.3)
    assert values.tolist() == pytest.approx([0.0] * (len(PROSODY_FEATURES) - 1) + [0.3])
    assert np.isfinite(prosody_features(np.zeros(40_000, np.int16), 0.3)).all()
    assert np.isfinite(prosody_features(voice(100, 100), 0.0)).all()
    assert np.isfinite(prosody_features(np.zeros(0, np.int16), 0.0)).all()
