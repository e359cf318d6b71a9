"""Reads the files of an addon, a folder or a zip, as untrusted input.

Nothing is extracted. Members are looked up by plain names, read into memory up to a limit, and
compared with their digests.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from pywakeword.errors import AddonError, CardError
from pywakeword.models.digest import check_file

MANIFEST = "addon.json"
MAX_MANIFEST_BYTES = 1 << 20
MAX_NETWORK_BYTES = 64 << 20
MAX_TOTAL_BYTES = 256 << 20
_MAX_MEMBERS = 64
_MAX_DIRECTORY_BYTES = 64 << 10
_END_RECORD = struct.Struct("<4s4H2LH")
_END_MAGIC, _ZIP64_MAGIC, _LOCATOR_BYTES = b"PK\5\6", b"PK\6\7", 20
_MAX_TAIL_BYTES = _END_RECORD.size + (1 << 16)  # with the longest comment
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")

# With weights in external files, onnxruntime would open paths chosen by the addon. Such a tensor
# has an entry with the key "location" (protobuf field 1); its tag and length may have padding.
_EXTERNAL_DATA = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")


class AddonFiles:
    """Reads files of an addon by name, and limits the total size.

    Raises
    ------
    AddonError
        If the folder or zip is missing, or the zip is damaged or suspicious.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._total = 0
        self._zip: zipfile.ZipFile | None = None
        self._members: dict[str, zipfile.ZipInfo] = {}
        if path.is_dir():
            return
        try:
            _check_directory(path)
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise AddonError(str(path), f"cannot be read: {error.strerror or error}") from None
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise AddonError(str(path), f"is neither a folder nor a zip: {error}") from None
        try:
            self._members = _checked_members(self._zip)
        except AddonError:
            self._zip.close()
            raise

    def close(self) -> None:
        """Close the zip."""
        if self._zip is not None:
            self._zip.close()

    def manifest(self) -> bytes:
        """Return `addon.json`."""
        return self._read(MANIFEST, MAX_MANIFEST_BYTES, MANIFEST)

    def network(self, name: str, sha256: str, path: str) -> bytes:
        """Return the file of a network.

        Parameters
        ----------
        name : str
            File name.
        sha256 : str
            Digest of the file, in lower-case hexadecimal.
        path : str
            Path of the network in the JSON, for errors.
        """
        if not _NAME.fullmatch(name):
            raise AddonError(f"{path}.file", f"must be a plain file name, got {name[:60]!r}")
        data = self._read(name, MAX_NETWORK_BYTES, f"{path}.file")
        try:
            check_file(data, sha256)
        except CardError as error:
            raise AddonError(f"{path}.sha256", str(error)) from None
        if _EXTERNAL_DATA.search(data):
            raise AddonError(f"{path}.file", "keeps weights in other files, which is not allowed")
        return data

    def _read(self, name: str, limit: int, path: str) -> bytes:
        limit = min(limit, MAX_TOTAL_BYTES - self._total)
        data = (
            self._from_folder(name, limit, path)
            if self._zip is None
            else self._from_zip(self._zip, name, limit, path)
        )
        if len(data) > limit:
            raise AddonError(path, f"{name} has more than {limit} bytes")
        self._total += len(data)
        return data

    def _from_folder(self, name: str, limit: int, path: str) -> bytes:
        file = self._path / name
        try:
            if not stat.S_ISREG(file.lstat().st_mode):  # links lead elsewhere, pipes block
                raise AddonError(path, f"{name} is not a regular file")
            with file.open("rb") as reader:
                return reader.read(limit + 1)
        except OSError as error:
            raise AddonError(path, f"{name} cannot be read: {error.strerror or error}") from None

    def _from_zip(self, archive: zipfile.ZipFile, name: str, limit: int, path: str) -> bytes:
        if name not in self._members:
            raise AddonError(path, f"{name} is not in the zip")
        try:
            # Limits the stream itself, not the declared size.
            with archive.open(self._members[name]) as reader:
                return reader.read(limit + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            RuntimeError,
            NotImplementedError,
            ValueError,
        ) as error:
            raise AddonError(path, f"{name} cannot be read from the zip: {error}") from None


def _check_directory(path: Path) -> None:
    """Refuse a zip by the size of its directory: zipfile reads all of it, whatever is in it."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):  # a pipe blocks
        raise AddonError(str(path), "is neither a folder nor a regular file")
    with path.open("rb") as file:
        file.seek(max(0, found.st_size - _MAX_TAIL_BYTES))
        tail = file.read(_MAX_TAIL_BYTES)
    at = len(tail) - _END_RECORD.size
    # zipfile looks for a record without a comment first, then for the last one.
    if not (tail[at:].startswith(_END_MAGIC) and tail.endswith(b"\0\0")):
        at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END_RECORD.size:
        return  # zipfile reports that it is no zip
    _, _, _, _, n_members, n_bytes, _, _ = _END_RECORD.unpack_from(tail, at)
    if n_members > _MAX_MEMBERS or n_bytes > _MAX_DIRECTORY_BYTES:
        raise AddonError(
            "zip",
            f"has {n_members} members in a directory of {n_bytes} bytes; at most {_MAX_MEMBERS} "
            f"and {_MAX_DIRECTORY_BYTES} are read",
        )
    if tail[max(0, at - _LOCATOR_BYTES) : at].startswith(_ZIP64_MAGIC):
        raise AddonError("zip", "is a zip64, which an addon of this size does not need")


def _checked_members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    if len(infos) > _MAX_MEMBERS:
        raise AddonError("zip", f"has {len(infos)} members; at most {_MAX_MEMBERS} are read")
    for info in infos:
        name = info.filename
        if not _NAME.fullmatch(name):
            raise AddonError("zip", f"member {name[:60]!r} is not a plain file name")
        if name in members:
            raise AddonError("zip", f"member {name!r} occurs twice")
        if info.flag_bits & 1:
            raise AddonError("zip", f"member {name!r} is encrypted")
        mode = info.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise AddonError("zip", f"member {name!r} is not a regular file")
        members[name] = info
    return members
