"""Takes of a word: checked as soon as they are recorded, kept in a folder per word."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.retention import AudioFolder
from pywakeword.audio.source import PcmBlock
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.models.digest import sha256_hex
from pywakeword.studio.catalogue import StudioError
from pywakeword.studio.stream.sound import loudness

LONGEST_TAKE_S = 10
_MAX_WORD = 60
_FRAME = SAMPLE_RATE_HZ // 100
_QUIET_DBFS, _NOISY_DB, _CLIPPED, _SPEECH = -45.0, 12.0, 0.0005, 0.5
_EDGE_FRAMES = 8
_SHORTEST_FRAMES, _LONGEST_FRAMES = 20, 300
_PAUSE_FRAMES, _MARGIN_FRAMES = 25, 20
# A take with one of these is not kept.
_FATAL = frozenset({"silence", "no_speech", "clipped", "cut", "long"})


def check_word(word: str) -> str:
    """Return a word or phrase with single spaces, or raise `StudioError`."""
    word = " ".join(word.split())
    is_text = word.isprintable() and any(char.isalpha() for char in word)
    if not is_text or len(word) > _MAX_WORD or word.startswith("-"):
        raise StudioError(f"a wake word has letters, and at most {_MAX_WORD} characters")
    return word


def check_take(pcm: PcmBlock) -> dict[str, Any]:
    """Return what is wrong with a take as codes, whether it is usable, and its levels."""
    if len(pcm) > LONGEST_TAKE_S * SAMPLE_RATE_HZ:
        raise StudioError(f"a take lasts at most {LONGEST_TAKE_S} s")
    facts = loudness(pcm)
    speech = _speech(pcm)
    spoken = np.flatnonzero(speech > _SPEECH)
    problems = []
    if facts["level"] <= -90:
        problems.append("silence")
    elif len(spoken) < _SHORTEST_FRAMES:
        problems.append("no_speech")
    else:
        if spoken[0] < _EDGE_FRAMES or spoken[-1] >= len(speech) - _EDGE_FRAMES:
            problems.append("cut")
        if spoken[-1] - spoken[0] > _LONGEST_FRAMES:
            problems.append("long")
        if facts["level"] < _QUIET_DBFS:
            problems.append("quiet")
        if facts["level"] - facts["noise"] < _NOISY_DB:
            problems.append("noisy")
    if facts["clipped"] > _CLIPPED:
        problems.append("clipped")
    return {**facts, "problems": problems, "usable": not _FATAL & set(problems)}


def last_speech(pcm: PcmBlock) -> PcmBlock:
    """Return the last stretch of speech without a pause, or all if there is none."""
    spoken = np.flatnonzero(_speech(pcm) > _SPEECH)
    if not len(spoken):
        return pcm
    pauses = np.flatnonzero(np.diff(spoken) > _PAUSE_FRAMES)
    begin = spoken[pauses[-1] + 1] if len(pauses) else spoken[0]
    return pcm[max(0, begin - _MARGIN_FRAMES) * _FRAME : (spoken[-1] + _MARGIN_FRAMES) * _FRAME]


def _speech(pcm: PcmBlock) -> npt.NDArray[np.float32]:
    """Return the posterior of speech per frame of the audio."""
    endpointer = Endpointer()
    delay = endpointer.card.delay_frames
    # Silence pushes out what the network is late by.
    after = np.zeros(delay * _FRAME, np.int16)
    return endpointer.probabilities(np.concatenate([pcm, after]))[delay:]


class Takes:
    """The takes of all words, in folders below one folder.

    Parameters
    ----------
    folder : Path
        Made when the first take is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, word: str) -> AudioFolder:
        """Return the folder of a word; its name is made here from letters and a digest."""
        word = check_word(word)
        plain = re.sub("[^a-z0-9]+", "_", word.lower()).strip("_")[:40]
        name = f"{plain}-{sha256_hex(word.encode())[:8]}"
        return AudioFolder(self._folder / name, max_bytes=1 << 62, max_days=float("inf"))

    def add(self, word: str, pcm: PcmBlock) -> dict[str, Any]:
        """Check a take, and keep it if it is usable."""
        found = check_take(pcm)
        if found["usable"]:
            folder = self.of(word)
            folder.create()
            path = folder.write(uuid.uuid4().hex, pcm, {"word": check_word(word), **found})
            found["id"] = path.stem
        return found

    def list(self, word: str) -> list[dict[str, Any]]:
        """Return the takes of a word, the newest first."""
        return [{"id": name, **_document(path)} for name, path in self.of(word).clips().items()]


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
