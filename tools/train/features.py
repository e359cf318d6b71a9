"""The device's own front end, and a store of features with their teacher embeddings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

N_MELS = 64
WINDOW, HOP = 400, 160
FLOOR = 1e-6
# A window of the network before each clip, so that a word at its very start has context.
LEAD_S = 2.0
# The teacher sees 76 frames and answers every 8 (teacher.py).
TEACHER_WINDOW_FRAMES, TEACHER_STEP_FRAMES = 76, 8


def to_pcm(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """Round to int16, saturating."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


def lfbe(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Log filter-bank energies of the device's own front end, (n_frames, 64)."""
    from pywakeword import _core

    return _core.Lfbe().process(to_pcm(samples))


@dataclass(frozen=True)
class Entry:
    """Where one clip lies in the store, and what training must know of it.

    Frames count from the first of the clip. `word_start` and `word_end` are frames
    (fractions allowed) of the target word, -1 when the clip holds none.
    """

    first_frame: int
    n_frames: int
    first_embedding: int
    n_embeddings: int
    kind: str
    label: str
    group: str
    word_start: float = -1.0
    word_end: float = -1.0


class StoreWriter:
    """Appends clips to features.f16, embeddings.f16 and index.json in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._features = (folder / "features.f16").open("wb")
        self._embeddings = (folder / "embeddings.f16").open("wb")
        self._entries: list[Entry] = []
        self._frames = self._rows = 0

    def add(
        self,
        features: npt.NDArray[np.float32],
        embeddings: npt.NDArray[np.float32] | None,
        **what: str | float,
    ) -> None:
        """Append one clip; `what` are the remaining fields of its Entry."""
        n_rows = 0 if embeddings is None else len(embeddings)
        entry = Entry(self._frames, len(features), self._rows, n_rows, **what)  # type: ignore[arg-type]
        self._entries.append(entry)
        self._features.write(features.astype(np.float16).tobytes())
        if embeddings is not None:
            self._embeddings.write(embeddings.astype(np.float16).tobytes())
        self._frames += len(features)
        self._rows += n_rows

    def close(self) -> None:
        """Write the index; a store without one is unfinished and is made again."""
        self._features.close()
        self._embeddings.close()
        index = json.dumps([asdict(e) for e in self._entries])
        (self._folder / "index.json").write_text(index)


class Store:
    """Read side of StoreWriter: everything in memory, float16."""

    def __init__(self, folder: Path) -> None:
        raw = np.fromfile(folder / "features.f16", np.float16)
        self.features = raw.reshape(-1, N_MELS)
        embeddings = np.fromfile(folder / "embeddings.f16", np.float16)
        self.embeddings = embeddings.reshape(-1, 96)
        self.entries = [Entry(**e) for e in json.loads((folder / "index.json").read_text())]

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether `folder` holds a finished store."""
        return (folder / "index.json").exists()
