"""The TensorFlow Lite library in a community wheel, and a check of networks before they load.

The classes of these wheels pass the results of the library on unchecked: a network that it
refuses would end the process.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pywakeword._extras import require
from pywakeword.errors import MissingExtraError, ModelError

EXTRA = "community"


def require_for(module: str, path: Path, kind: str) -> Any:
    """Import what runs a model, or raise `MissingExtraError` that says what the file is."""
    try:
        return require(module, EXTRA)
    except MissingExtraError as error:
        what = (
            f"{path}: this is a model of {kind}, not a pywakeword model; {module}, which runs it,"
        )
        raise MissingExtraError(what, EXTRA) from error


def library_of(module: Any) -> Path:
    """Return the library that a wheel carries for this machine."""
    folder = Path(module.__file__).parent / "lib"
    found = sorted(folder.glob("*tensorflowlite_c.*"))
    if not found:
        raise MissingExtraError(f"the library of {module.__name__}", EXTRA)
    return found[0]


def check_network(module: str, library: Path, network: Path) -> None:
    """Raise `ModelError` if TensorFlow Lite refuses a network."""
    base = require(f"{module}.wakeword", EXTRA).TfLiteWakeWord(library)
    model = base.lib.TfLiteModelCreateFromFile(os.fsencode(network.resolve()))
    if not model:
        raise ModelError(f"{network}: TensorFlow Lite refuses the file")
    interpreter = base.lib.TfLiteInterpreterCreate(model, None)
    is_ready = bool(interpreter) and base.lib.TfLiteInterpreterAllocateTensors(interpreter) == 0
    if interpreter:
        base.lib.TfLiteInterpreterDelete(interpreter)
    base.lib.TfLiteModelDelete(model)
    if not is_ready:
        raise ModelError(f"{network}: TensorFlow Lite cannot run the network")
