"""Write lfbe_pcm.i16 and lfbe_frames.f32, the input and float64 answer of lfbe_test.cc.

Run from the repository root:
PYTHONPATH=tests/python python tests/golden/make_lfbe_golden.py
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from helpers.lfbe_reference import SAMPLE_RATE, lfbe

HERE = Path(__file__).parent


def golden_pcm() -> npt.NDArray[np.int16]:
    """0.5 s: silence, a gliding voice-like sound with noise, a full-scale square wave."""
    rng = np.random.default_rng(20)
    n = SAMPLE_RATE // 2
    t = np.arange(n) / SAMPLE_RATE
    pitch_hz = 110 + 60 * np.sin(2 * np.pi * 3 * t)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    voice = sum(np.sin(h * phase) / h for h in range(1, 40))
    signal = 4000 * voice + 30 * rng.normal(size=n)
    signal[:1000] = 0
    signal[6000:] = 32767 * np.sign(np.sin(2 * np.pi * 441 * t[6000:]))
    return np.clip(np.rint(signal), -32768, 32767).astype("<i2")


if __name__ == "__main__":
    pcm = golden_pcm()
    (HERE / "lfbe_pcm.i16").write_bytes(pcm.tobytes())
    (HERE / "lfbe_frames.f32").write_bytes(lfbe(pcm).astype("<f4").tobytes())
