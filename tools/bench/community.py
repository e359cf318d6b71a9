"""CPU time of community models per second of audio: python -m tools.bench community."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import pywakeword
from pywakeword._extras import require

_RATE = 16_000
_CHUNK = 1280


def cases() -> dict[str, list[str | Path]]:
    """Return the models of each row."""
    micro, open_ww = (
        Path(require(name, "community").__file__).parent / "models"
        for name in ("pymicro_wakeword", "pyopen_wakeword")
    )
    return {
        "alexa": ["alexa"],
        "microWakeWord: alexa": [micro / "alexa.json"],
        "microWakeWord: alexa, okay_nabu": [micro / "alexa.json", micro / "okay_nabu.json"],
        "openWakeWord: alexa": [open_ww / "alexa.tflite"],
        "openWakeWord: alexa, okay_nabu": [open_ww / "alexa.tflite", open_ww / "okay_nabu.tflite"],
        "computer and microWakeWord: alexa": ["computer", micro / "alexa.json"],
    }


def cpu_ms(models: list[str | Path], seconds: int) -> tuple[float, float, float]:
    """Return CPU milliseconds to load, per second of audio, and for a reset."""
    started = time.process_time()
    spotter = pywakeword.WakeWord(models)
    loaded = time.process_time()
    pcm = np.random.default_rng(1).normal(0, 500, seconds * _RATE).astype(np.int16)
    spotter.process(pcm[:_RATE])
    begun = time.process_time()
    for at in range(0, len(pcm), _CHUNK):
        spotter.process(pcm[at : at + _CHUNK])
    ended = time.process_time()
    spotter.reset()
    reset = time.process_time()
    return 1e3 * (loaded - started), 1e3 * (ended - begun) / seconds, 1e3 * (reset - ended)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="of audio (default: 60)")
    seconds = parser.parse_args(argv).seconds
    print(f"{'models':36}{'load, ms':>10}{'per s, ms':>12}{'reset, ms':>11}")
    for name, models in cases().items():
        load, per_s, reset = cpu_ms(models, seconds)
        print(f"{name:36}{load:10.1f}{per_s:12.3f}{reset:11.2f}")
    return 0
