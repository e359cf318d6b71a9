"""A configuration: which models, and from which score each word counts.

`pywakeword studio` writes it; `WakeWord.from_config` and `--config` read it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pywakeword._fields import Fields, field_fault, load_json
from pywakeword.errors import CardError, ConfigError
from pywakeword.models.digest import read_file

FORMAT_VERSION = 1
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Configuration:
    """What a configuration file says.

    Attributes
    ----------
    models : tuple of str
        Bundled names, or paths of model files.
    thresholds : mapping of str to float
        Per keyword; a keyword that is left out has its card's default.
    """

    models: tuple[str, ...]
    thresholds: Mapping[str, float]


def read_configuration(path: str | os.PathLike[str]) -> Configuration:
    """Read a configuration; a relative path of a model counts from the file's folder.

    Raises
    ------
    ConfigError
        If the file is missing or malformed; the message names the file and the field.
    """
    path = Path(path)
    try:
        document = load_json(read_file(path, limit=_MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration") from None
    except (CardError, OSError, ValueError) as error:
        raise ConfigError(f"{path}: not a readable configuration: {error}") from error
    fields = Fields(document, field_fault(lambda text: ConfigError(f"{path}: {text}"), "it"))
    version = fields.integer("format_version")
    if version != FORMAT_VERSION:
        raise fields.wrong("format_version", f"is {version}, this build reads {FORMAT_VERSION}")
    models = fields.different_strings("models")
    thresholds = fields.section("thresholds")
    found = {word: thresholds.number(word) for word in thresholds.names()}
    for word, value in found.items():
        if not 0 < value <= 1:
            raise thresholds.wrong(word, f"must be above 0 and at most 1, got {value:g}")
    fields.finish()
    return Configuration(tuple(_resolve(name, path.parent) for name in models), found)


def write_configuration(
    path: Path, models: Sequence[str | os.PathLike[str]], thresholds: Mapping[str, float]
) -> None:
    """Write a configuration in one step: a reader finds the old one or the new one.

    Raises
    ------
    OSError
        If it cannot be written; the old one then stays.
    """
    document = {
        "format_version": FORMAT_VERSION,
        "models": [os.fspath(name) for name in models],
        "thresholds": dict(thresholds),
    }
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _resolve(name: str, folder: Path) -> str:
    # As `find_model` tells names from paths.
    is_path = name.endswith(".tflite") or Path(name).name != name
    return str(folder / name) if is_path else name
