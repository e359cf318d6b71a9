"""Reads and checks `addon.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pywakeword._fields import Fields, load_json
from pywakeword.errors import AddonError
from pywakeword.tts.addon.files import MANIFEST
from pywakeword.tts.blocks.network import NetworkSpec, Shape

FORMAT_VERSION = 1
DYNAMIC = "dynamic"
_MAX_SIZE = 1 << 20
_MAX_NETWORKS = 32


@dataclass(frozen=True)
class NetworkFile:
    """A network with the file that holds it."""

    spec: NetworkSpec
    file: str
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Contents of `addon.json`; `docs/make/addons.md` describes each field.

    Attributes
    ----------
    name : str
        Name of the addon.
    sample_rate_hz : int
        Sample rate of its audio.
    symbols : tuple of str
        Symbols of the networks, by index.
    pause : str
        The symbol at which text may be divided.
    max_symbols : int
        Maximum length of a piece of text.
    front_end : str
        Name of the front end.
    networks : mapping of str to NetworkFile
        By name.
    contexts : mapping of str to mapping
        Fixed lengths by network. `dynamic` always exists and fixes none.
    default_context : str
        Name of the default context.
    acoustics, stack : Fields
        Read by the blocks.
    """

    name: str
    sample_rate_hz: int
    symbols: tuple[str, ...]
    pause: str
    max_symbols: int
    front_end: str
    networks: Mapping[str, NetworkFile]
    contexts: Mapping[str, Mapping[str, int]]
    default_context: str
    acoustics: Fields
    stack: Fields


def parse_manifest(data: bytes) -> Manifest:
    """Read `addon.json`.

    Raises
    ------
    AddonError
        If a field is missing, unknown or wrong; `path` names it.
    """
    try:
        document = load_json(data.decode("utf-8"))
    except ValueError as error:  # from the JSON or its encoding
        raise AddonError(MANIFEST, f"is not JSON: {error}") from None
    fields = Fields(document, _fault)
    version = fields.integer("format_version", low=0, high=1 << 30)
    if version != FORMAT_VERSION:
        raise AddonError("format_version", f"is {version}; this build reads {FORMAT_VERSION}")
    acoustics = fields.section("acoustics")
    networks = {
        name: _network(fields.section("networks").section(name), name)
        for name in _names(fields, "networks")
    }
    contexts = _contexts(fields, networks)
    default_context = fields.string("default_context", DYNAMIC)
    if default_context not in contexts:
        raise AddonError("default_context", f"is no context; there are: {', '.join(contexts)}")
    symbols = fields.strings("symbols")
    if not symbols or len(set(symbols)) != len(symbols):
        raise AddonError("symbols", "must be at least one, and all different")
    pause = fields.string("pause")
    if pause not in symbols:
        raise AddonError("pause", f"{pause[:60]!r} is not among the symbols")
    manifest = Manifest(
        name=fields.string("name"),
        sample_rate_hz=acoustics.integer("sample_rate_hz", low=8000, high=48_000),
        symbols=symbols,
        pause=pause,
        max_symbols=fields.integer("max_symbols", low=2, high=100_000),
        front_end=fields.string("front_end"),
        networks=networks,
        contexts=contexts,
        default_context=default_context,
        acoustics=acoustics,
        stack=fields.section("stack"),
    )
    if "card" in fields:  # not read here: licence, training, figures
        fields.section("card")
    fields.finish()
    return manifest


def _fault(path: str, message: str) -> AddonError:
    return AddonError(path or MANIFEST, message)


def _names(fields: Fields, name: str) -> list[str]:
    names = fields.section(name).names()
    if not 1 <= len(names) <= _MAX_NETWORKS:
        raise AddonError(name, f"must be 1 to {_MAX_NETWORKS}, got {len(names)}")
    return names


def _network(fields: Fields, name: str) -> NetworkFile:
    inputs, outputs = _shapes(fields, "inputs"), _shapes(fields, "outputs")
    axis = fields.string("axis") if "axis" in fields else None
    reach = _reach(fields)
    spec = NetworkSpec(name, fields.path, inputs, outputs, axis, reach)
    if axis is None and reach is not None:
        raise AddonError(fields.at("reach"), "needs an axis")
    if axis is not None and not any(spec.along_axis(shape) for shape in inputs.values()):
        raise AddonError(fields.at("axis"), f"no input begins with the dimension {axis!r}")
    sha256 = fields.string("sha256")
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise AddonError(fields.at("sha256"), "must be 64 lower-case hexadecimal digits")
    file = NetworkFile(spec, fields.string("file"), sha256)
    fields.finish()
    return file


def _shapes(fields: Fields, side: str) -> dict[str, Shape]:
    section = fields.section(side)
    shapes: dict[str, Shape] = {}
    for name in section.names():
        shape = section.get(name, (list,), "a list of sizes and names of dimensions")
        for size in shape:
            whole = isinstance(size, int) and not isinstance(size, bool) and 0 < size <= _MAX_SIZE
            if not whole and not isinstance(size, str):
                raise AddonError(section.at(name), f"a size is a number or a name, got {size!r}")
        shapes[name] = tuple(shape)
    if not shapes:
        raise AddonError(section.path, "is empty")
    return shapes


def _reach(fields: Fields) -> tuple[int, int] | None:
    if "reach" not in fields:
        return None
    reach = fields.get("reach", (list,), "two whole numbers")
    whole = [x for x in reach if isinstance(x, int) and not isinstance(x, bool)]
    if len(reach) != 2 or len(whole) != 2 or not all(0 <= x <= _MAX_SIZE for x in whole):
        raise AddonError(fields.at("reach"), "must be two numbers, before and behind")
    return whole[0], whole[1]


def _contexts(fields: Fields, networks: Mapping[str, NetworkFile]) -> dict[str, Mapping[str, int]]:
    contexts: dict[str, Mapping[str, int]] = {DYNAMIC: {}}
    if "contexts" not in fields:
        return contexts
    section = fields.section("contexts")
    for name in section.names():
        lengths = section.section(name)
        if name == DYNAMIC and lengths.names():
            raise AddonError(lengths.path, "the context dynamic fixes nothing")
        for network in lengths.names():
            if network not in networks:
                raise AddonError(lengths.at(network), "is not a network of the addon")
        contexts[name] = {
            network: lengths.integer(network, low=1, high=_MAX_SIZE) for network in lengths.names()
        }
    return contexts
