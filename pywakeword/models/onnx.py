"""Opens every ONNX model of the package, after checking it against its card."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Union

import numpy.typing as npt

from pywakeword._extras import require
from pywakeword._fields import Fields
from pywakeword.errors import CardError, ModelError
from pywakeword.models.card import FileEntry, open_card, read_file_entry, read_json
from pywakeword.models.compatibility import check_frontend
from pywakeword.models.digest import check_file, read_file
from pywakeword.models.files import find_model

Array = npt.NDArray[Any]
Shape = tuple[Union[int, str, None], ...]


class TensorInfo(Protocol):
    """One input or output of a model, as ONNX Runtime describes it."""

    @property
    def name(self) -> str:
        """Name of the tensor."""
        ...

    @property
    def type(self) -> str:
        """Type of its values, such as "tensor(float)"."""
        ...

    @property
    def shape(self) -> Sequence[int | str | None]:
        """Sizes; a string or None where a size varies."""
        ...


class SessionMetadata(Protocol):
    """The metadata of a model file."""

    @property
    def custom_metadata_map(self) -> Mapping[str, str]:
        """Free-form entries."""
        ...


class Session(Protocol):
    """The part of `onnxruntime.InferenceSession` that this package uses."""

    def run(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Array],
        run_options: Any = None,
    ) -> Sequence[Array]:
        """Return the named outputs; None means all. Options are an `onnxruntime.RunOptions`."""
        ...

    def get_inputs(self) -> Sequence[TensorInfo]:
        """Return the inputs."""
        ...

    def get_outputs(self) -> Sequence[TensorInfo]:
        """Return the outputs."""
        ...

    def get_modelmeta(self) -> SessionMetadata:
        """Return the metadata."""
        ...


@dataclass(frozen=True)
class OnnxModel:
    """An open model and its card.

    Attributes
    ----------
    path : Path
        The model file.
    card : Fields
        The card beside it, to be read field by field. Errors are `CardError`.
    file : FileEntry
        The section `model` of the card.
    session : Session
        Runs the model.
    """

    path: Path
    card: Fields
    file: FileEntry
    session: Session

    def run(
        self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None
    ) -> Sequence[Array]:
        """Return the named outputs, or all in the model's order."""
        return self.session.run(outputs, inputs)

    @property
    def inputs(self) -> dict[str, Shape]:
        """Shapes of the inputs by name."""
        return {tensor.name: tuple(tensor.shape) for tensor in self.session.get_inputs()}

    @property
    def outputs(self) -> dict[str, Shape]:
        """Shapes of the outputs by name."""
        return {tensor.name: tuple(tensor.shape) for tensor in self.session.get_outputs()}

    def fixed_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of an input of fixed size; `ModelError` if a size varies."""
        shape = self.inputs[name]
        sizes = tuple(size for size in shape if isinstance(size, int))
        if len(sizes) != len(shape):
            raise ModelError(f"{self.path}: the input {name!r} has no fixed size: {list(shape)}")
        return sizes


def load_onnx_model(
    model: str | os.PathLike[str],
    task: str,
    *,
    room: str,
    extra: str,
    threads: int = 1,
    lfbe: bool = False,
) -> OnnxModel:
    """Open a bundled model by name, or a `.onnx` file with its card beside it.

    Parameters
    ----------
    model : str or path
        Name or path.
    task : str
        The task that the card must have.
    room : str
        Folder of the bundled models to search.
    extra : str
        The extra of this package that installs ONNX Runtime for the caller.
    threads : int
        Threads per run.
    lfbe : bool
        Whether the model reads LFBE features, so that its card must record this build's
        front end.

    Raises
    ------
    ModelNotFoundError
        If there is no such model.
    CardError
        If the card is missing or malformed, has another task, belongs to another file,
        or records a front end that differs from this build's.
    MissingExtraError
        If ONNX Runtime is not installed.
    ModelError
        If ONNX Runtime refuses the file.
    """
    path = find_model(model, room, ".onnx")
    document = read_json(path.with_suffix(".json"))
    try:
        card = open_card(document, task)
        file = read_file_entry(card)
        data = read_file(path, n_bytes=file.n_bytes)
        check_file(data, file.sha256, file.n_bytes)
        if lfbe:
            check_frontend(card.section("frontend").values)
        session = open_session(data, extra=extra, threads=threads)
    except CardError as error:
        raise CardError(f"{path}: {error}") from None
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return OnnxModel(path, card, file, session)


def open_session(model: bytes | Path, *, extra: str, threads: int = 1) -> Session:
    """Open a model in ONNX Runtime on the CPU.

    Parameters
    ----------
    model : bytes or path
        The file's content. A path serves models that keep weights in further files.
    extra : str
        The extra of this package that installs ONNX Runtime for the caller.
    threads : int
        Threads per run.

    Raises
    ------
    MissingExtraError
        If ONNX Runtime is not installed.
    ModelError
        If ONNX Runtime refuses the model.
    """
    runtime = require("onnxruntime", extra)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only: a library does not print
    source = os.fspath(model) if isinstance(model, Path) else model
    try:
        session: Session = runtime.InferenceSession(
            source, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its exceptions have no public base class in common
        raise ModelError(f"ONNX Runtime refuses the model: {error}") from error
    return session
