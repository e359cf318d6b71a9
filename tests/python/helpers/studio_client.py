"""The studio's application, called without a network, and as a page calls it."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword.studio.app import Studio, make_app
from pywakeword.studio.catalogue import Catalogue
from pywakeword.studio.guard import Guard

with warnings.catch_warnings():  # it would like httpx2
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1:8765"
LIVE = "ws://127.0.0.1:8765/live"

# Stands for `pywakeword train`: writes progress as its bar does, and a model at the end.
FAKE_TRAINING = """
import shutil, sys, time
from pathlib import Path
model, out, seconds = sys.argv[1:4]
done = Path(out) / "done.txt"
first = int(done.read_text()) if done.exists() else 0
print("plan: 20 steps", flush=True)
for step in range(first, 20):
    if sys.stderr.isatty():  # as tqdm decides
        sys.stderr.write(f"\\r\\x1b[0Ktraining {5 * (step + 1):3d}%")
        sys.stderr.flush()
    time.sleep(float(seconds) / 20)
    done.write_text(str(step + 1))
print(f"\\nbegan at step {first}", flush=True)
for suffix in (".tflite", ".json"):
    shutil.copy(Path(model).with_suffix(suffix), out)
"""


def no_microphone(stack: ExitStack) -> Any:
    raise AssertionError("the page did not ask for this machine's microphone")


def make_studio(folder: Path, models: list[str], **options: Any) -> Studio:
    options.setdefault("open_microphone", no_microphone)
    return Studio(Catalogue(models, {}), folder, **options)


def fake_training(model: Path, seconds: float = 0.2) -> Callable[..., list[str]]:
    """A command that takes this long, and ends with a copy of `model`."""

    def command(word: str, takes: Path | None, negatives: Path | None, out: Path) -> list[str]:
        return [sys.executable, "-c", FAKE_TRAINING, str(model), str(out), str(seconds)]

    return command


@contextmanager
def client_of(studio: Studio, **guard: Any) -> Iterator[TestClient]:
    app = Guard(make_app(studio), **guard)
    with TestClient(app, base_url=ORIGIN, headers={"origin": ORIGIN}) as client:
        yield client


def wait_for(client: TestClient, path: str, *, until: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = client.get(path).json()
        if until(found):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{path}: {found}")


def pcm_bytes(pcm: np.ndarray) -> bytes:
    return pcm.astype("<i2").tobytes()
