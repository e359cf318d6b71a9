"""The device's own front end, and a store of features with their teacher embeddings."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

N_MELS = 64
WINDOW, HOP = 400, 160
FLOOR = 1e-6
# The network's input begins here, near white noise at -70 dBFS. Otherwise the zeros of a file or
# of a noise gate would be something that no room sounds like.
INPUT_FLOOR = -10.0
# A window of the network before each clip, so that a word at its very start has context.
LEAD_S = 2.0
# The teacher sees 76 frames and answers every 8 (teacher.py).
TEACHER_WINDOW_FRAMES, TEACHER_STEP_FRAMES = 76, 8


def to_pcm(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """Round to int16, saturating."""
    return np.asarray(np.clip(np.rint(samples * 32768), -32768, 32767), np.int16)


def lfbe(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Log filter-bank energies of the device's own front end, (n_frames, 64)."""
    from pywakeword import _core

    return _core.Lfbe().process(to_pcm(samples))


@dataclass(frozen=True)
class Entry:
    """Position of a clip in the store, and its labels.

    Frames count from the first of the clip. `word_start` and `word_end` are frames
    (fractions allowed) of the target word, -1 when the clip holds none. `said` is the
    text of the clip, if known: a clip with a target word in its text is not a negative.
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
    said: str = ""

    def at_tempo(self, tempo: float) -> Entry:
        """Return the labels of the clip played faster; the teacher did not listen to that."""
        return (
            self
            if tempo == 1.0
            else replace(
                self,
                n_frames=int(self.n_frames / tempo),
                n_embeddings=0,
                word_start=self.word_start / tempo,
                word_end=self.word_end / tempo,
            )
        )


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


@dataclass(frozen=True)
class Store:
    """What a StoreWriter wrote, in memory.

    Attributes
    ----------
    features : (n_frames, 64) ndarray of float16
        Log energies of all clips, one after the other.
    embeddings : (n_rows, 96) ndarray of float16
        Rows of the teacher; nan where it was not run.
    entries : list of Entry
        Where each clip lies.
    """

    features: npt.NDArray[np.float16]
    embeddings: npt.NDArray[np.float16]
    entries: list[Entry]

    @classmethod
    def read(cls, folder: Path) -> Store:
        """Read a finished store."""
        features = np.fromfile(folder / "features.f16", np.float16).reshape(-1, N_MELS)
        embeddings = np.fromfile(folder / "embeddings.f16", np.float16).reshape(-1, 96)
        index = json.loads((folder / "index.json").read_text())
        return cls(features, embeddings, [Entry(**e) for e in index])

    @classmethod
    def merged(cls, stores: list[Store]) -> Store:
        """Put several stores behind one index."""
        entries: list[Entry] = []
        frames = rows = 0
        for store in stores:
            entries += [
                replace(
                    e,
                    first_frame=e.first_frame + frames,
                    first_embedding=e.first_embedding + rows,
                )
                for e in store.entries
            ]
            frames += len(store.features)
            rows += len(store.embeddings)
        return cls(
            np.concatenate([s.features for s in stores]),
            np.concatenate([s.embeddings for s in stores]),
            entries,
        )

    def without(self, words: list[str], *, but: tuple[str, ...] = ()) -> Store:
        """Leave out the clips that say one of `words`, except those with a label in `but`.

        "go" is said in "go on" and in "two gos", not in "gone": that is a near miss to train on.
        """
        spoken = re.compile("|".join(rf"\b{re.escape(word)}(?:'?s)?\b" for word in words))
        said = [spoken.search(e.said.replace("_", " ")) is not None for e in self.entries]
        kept = [e for e, s in zip(self.entries, said) if e.label in but or not (words and s)]
        return replace(self, entries=kept)

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether `folder` holds a finished store."""
        return (folder / "index.json").exists()
