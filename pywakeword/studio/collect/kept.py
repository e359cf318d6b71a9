"""Keeps what went wrong, once it is switched on: false alarms and misses, with metadata."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.retention import AudioFolder
from pywakeword.audio.source import PcmBlock
from pywakeword.studio.catalogue import StudioError

KINDS = ("false_alarm", "missed")
LONGEST_CLIP_S = 30


class Kept:
    """Two folders of clips, for false alarms and for misses.

    Parameters
    ----------
    folder : Path
        Made when the first clip is kept.
    max_mb, max_days : int, float
        The oldest clips of a kind are deleted beyond this size and age.
    """

    def __init__(self, folder: Path, *, max_mb: int = 100, max_days: float = 30.0) -> None:
        self.is_on = False
        self._max_mb, self._max_days = max_mb, max_days
        self._folders = {
            kind: AudioFolder(folder / kind, max_bytes=max_mb << 20, max_days=max_days)
            for kind in KINDS
        }
        for clips in self._folders.values():
            clips.prune()

    def add(self, kind: str, pcm: PcmBlock, metadata: dict[str, Any]) -> str:
        """Keep a clip and return its id."""
        if not self.is_on:
            raise StudioError("keeping is switched off")
        if kind not in KINDS:
            raise StudioError(f"kind must be one of {', '.join(KINDS)}")
        if not 0 < len(pcm) <= LONGEST_CLIP_S * SAMPLE_RATE_HZ:
            raise StudioError(f"a clip lasts at most {LONGEST_CLIP_S} s")
        folder = self._folders[kind]
        folder.create()
        document = {"kind": kind, "kept_at": round(time.time()), **metadata}
        return folder.write(uuid.uuid4().hex, pcm, document).stem

    def path(self, id_: str) -> Path:
        """Return the WAV file of a clip that exists."""
        for folder in self._folders.values():
            found = folder.clips().get(id_)
            if found is not None:
                return found
        raise StudioError("there is no such clip")

    def delete(self, id_: str | None = None) -> None:
        """Delete a clip, or all."""
        names = [id_] if id_ is not None else [n for f in self._folders.values() for n in f.clips()]
        for name in names:
            if not any(folder.delete(name) for folder in self._folders.values()):
                raise StudioError("there is no such clip")

    def negatives(self) -> Path | None:
        """Return the folder of false alarms, if it has any."""
        folder = self._folders["false_alarm"]
        return folder.folder if folder.clips() else None

    def to_json(self) -> dict[str, Any]:
        """Return the settings and all clips, the newest first."""
        for folder in self._folders.values():
            folder.prune()
        clips = [
            {"id": name, "samples": (path.stat().st_size - 44) // 2, **_document(path)}
            for folder in self._folders.values()
            for name, path in folder.clips().items()
        ]
        clips.sort(key=lambda clip: -int(clip.get("kept_at", 0)))
        return {"on": self.is_on, "max_mb": self._max_mb, "days": self._max_days, "clips": clips}


def _document(path: Path) -> dict[str, Any]:
    document = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return document if isinstance(document, dict) else {}
