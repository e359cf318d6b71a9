"""How much echo a canceller takes away, how soon, and what it leaves of the person."""

from __future__ import annotations

import numpy as np

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from tools.echo.scenes import SECONDS, TALK_FROM_S, Pcm, Scene

_WINDOW_S = 0.25
_STEP_S = 0.05


def erle_db(microphone: Pcm, out: Pcm, begin_s: float, end_s: float) -> float:
    """Return the echo return loss enhancement of a stretch: microphone over output."""
    span = slice(int(begin_s * SAMPLE_RATE_HZ), int(end_s * SAMPLE_RATE_HZ))
    before = float(np.sum(microphone[span].astype(float) ** 2))
    after = float(np.sum(out[span].astype(float) ** 2))
    return 10 * float(np.log10((before + 1) / (after + 1)))


def seconds_to(microphone: Pcm, out: Pcm, level_db: float, begin_s: float = 0.0) -> float:
    """Return the time from `begin_s` until a quarter second reaches `level_db`; else inf."""
    for at in np.arange(begin_s, SECONDS - _WINDOW_S, _STEP_S):
        if erle_db(microphone, out, at, at + _WINDOW_S) >= level_db:
            return float(at) - begin_s
    return float("inf")


def si_sdr_db(person: Pcm, out: Pcm) -> float:
    """Return the scale-invariant signal-to-distortion ratio of the person in the output."""
    begin = int((TALK_FROM_S + 0.5) * SAMPLE_RATE_HZ)
    clean, heard = person[begin:].astype(float), out[begin:].astype(float)
    scale = float(heard @ clean) / float(clean @ clean)
    distortion = heard - scale * clean
    return 10 * float(np.log10(scale**2 * (clean @ clean) / (distortion @ distortion + 1e-9)))


def measure(scene: Scene, out: Pcm) -> dict[str, float]:
    """Return the figures that a scene gives, by name."""
    if scene.talk_db is not None:
        return {"SI-SDR, dB": si_sdr_db(scene.person, out)}
    begin_s = scene.moved_s or 0.0
    return {
        "ERLE, dB": erle_db(scene.microphone, out, SECONDS - 6, SECONDS),
        "s to 10 dB": seconds_to(scene.microphone, out, 10, begin_s),
        "s to 15 dB": seconds_to(scene.microphone, out, 15, begin_s),
    }
