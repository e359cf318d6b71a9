"""PCM as a WAV file in memory, as base64 for the page, and its levels."""

from __future__ import annotations

import base64
import io
import math
import wave
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock

_BLOCK = SAMPLE_RATE_HZ // 50
_CLIPPED = 32700


def wav_bytes(pcm: PcmBlock) -> bytes:
    """Return a mono 16 kHz WAV file."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm.astype("<i2", copy=False).tobytes())
    return sound.getvalue()


def base64_text(values: npt.NDArray[Any]) -> str:
    """Return the bytes of an array as text."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def level_dbfs(pcm: PcmBlock) -> float:
    """Return the RMS level; digital silence is -96."""
    if not len(pcm):
        return -96.0
    power = float(np.mean(np.square(pcm.astype(np.float32)))) / 32768**2
    return max(-96.0, 10 * math.log10(power + 1e-12))


def loudness(pcm: PcmBlock) -> dict[str, float]:
    """Return the level of the loud parts, of the quiet ones, and the share of clipped samples."""
    n = len(pcm) // _BLOCK
    blocks = sorted(level_dbfs(pcm[i * _BLOCK : (i + 1) * _BLOCK]) for i in range(n)) or [-96.0]
    clipped = np.abs(pcm.astype(np.int32)) >= _CLIPPED
    return {
        "level": round(blocks[min(n - 1, int(0.95 * n))], 1),
        "noise": round(blocks[int(0.1 * n)], 1),
        "clipped": round(float(np.mean(clipped)) if len(pcm) else 0.0, 5),
    }
