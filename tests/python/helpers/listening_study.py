"""A small study of noise, made by code, and the server that plays it."""

from __future__ import annotations

import contextlib
import json
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tools.listening_test.server import make_server
from tools.listening_test.store import Store
from tools.listening_test.study import read_study

RATE = 32000
SECONDS = 0.5  # of each sound


def write_wav(path: Path, pcm: np.ndarray, rate: int = RATE, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())


def write_study(folder: Path, n_items: int = 2, **changes: Any) -> Path:
    """Write an item for training and `n_items` others, of two conditions and both anchors."""
    rng = np.random.default_rng(5)
    items = []
    for number in range(n_items + 1):
        for name in ("reference", "flat", "syntactic"):
            write_wav(folder / f"{number}_{name}.wav", rng.normal(0, 3000, int(SECONDS * RATE)))
        items.append(
            {
                "name": f"item{number}",
                "training": number == 0,
                "reference": f"{number}_reference.wav",
                "conditions": {
                    "flat": f"{number}_flat.wav",
                    "syntactic": f"{number}_syntactic.wav",
                },
            }
        )
    study = {
        "title": "Melody of questions",
        "question": "How close is the melody to the reference's?",
        "anchors": ["anchor35", "anchor70"],
        "items": items,
    }
    path = folder / "study.json"
    path.write_text(json.dumps({**study, **changes}))
    return path


@contextlib.contextmanager
def served(study_path: Path, answers: Path) -> Iterator[str]:
    """Serve a study on a free port; yields the address."""
    study = read_study(study_path)
    server = make_server(study, Store(study, answers), "127.0.0.1", 0)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
