"""Speech for tests, by the engines of the package's embedded back ends."""

from __future__ import annotations

import asyncio
import ctypes.util
import os
import shutil
from functools import lru_cache

import numpy as np
import pytest

from pywakeword.tts import EspeakBackend, FliteBackend, TtsClient


def require_engine(name: str) -> None:
    """Fail if a program or "libflite1" is missing; where wheels are built, skip."""
    found = ctypes.util.find_library("flite") if name == "libflite1" else shutil.which(name)
    if found is None:
        if os.environ.get("CIBUILDWHEEL"):
            pytest.skip(f"{name} is not installed where wheels are built")
        pytest.fail(f"{name} is not installed; on Debian: apt install {name}", pytrace=False)


@lru_cache(maxsize=256)
def speech(text: str, voice: str) -> np.ndarray:
    """Speak with "espeak-ng:NAME" or "flite:NAME"; 16 kHz, without silence at either end."""
    engine, _, name = voice.partition(":")
    require_engine(engine)
    backend = {"espeak-ng": EspeakBackend, "flite": FliteBackend}[engine](timeout_s=60)

    async def run() -> np.ndarray:
        async with TtsClient(backend, sample_rate_hz=16_000) as client:
            return np.concatenate([c.pcm async for c in client.synthesize(text, name or None)])

    pcm = asyncio.run(run())
    loud = np.flatnonzero(np.abs(pcm) > 200)
    return pcm[loud[0] : loud[-1] + 1]
