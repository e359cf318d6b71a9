"""hibari: a small voice distilled from Kokoro's af_heart."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword._extras import require
from pywakeword.voices.voice import Audio, check_speed, check_text, choose


class Hibari:
    """Speaks by the package hibari: American as "heart", British sounds as "heart-gb".

    Parameters
    ----------
    folder : path
        Where the package is unpacked.
    """

    name = "hibari"
    sample_rate = 24000
    speakers: tuple[str, ...] = ("heart", "heart-gb")
    languages: tuple[str, ...] = ("en-us", "en-gb")

    def __init__(self, folder: Path) -> None:
        require("onnxruntime", "hibari")
        hibari = _imported("hibari", folder)
        reader = _imported("hibari.g2p", folder).G2P
        self._synthesisers: dict[str, Any] = {
            "heart": hibari.Hibari(g2p=reader(british=False)),
            "heart-gb": hibari.Hibari(g2p=reader(british=True)),
        }

    def synthesize(
        self,
        text: str,
        speaker: str | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        language: str | None = None,
    ) -> Audio:
        """Speak a text, as `Voice` says; the speaker decides the accent."""
        text = check_text(text)
        choose("language", language, self.languages, self.name)
        speaker = choose("speaker", speaker, self.speakers, self.name)
        audio = self._synthesisers[speaker](text, speed=check_speed(speed), seed=seed)
        return np.clip(np.asarray(audio, np.float32), -1, 1)


def _imported(module: str, folder: Path) -> Any:
    """Import a module from `folder`; one that is installed already goes first."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module(module)
