"""Runs a model in the LiteRT interpreter, for operators that the core lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword import _core
from pywakeword._extras import require
from pywakeword.errors import ModelError
from pywakeword.models.files import ModelFile
from pywakeword.models.network import check_n_state, check_outputs

_OUTPUTS = ("logits", "start", "end")


def load_litert_network(file: ModelFile) -> _core.PythonNetwork:
    """Return a network that the spotter runs through the interpreter.

    Raises
    ------
    MissingExtraError
        If the interpreter is not installed.
    ModelError
        If the interpreter refuses the file, or its tensors are not the card's.
    """
    litert = require("ai_edge_litert.interpreter", "litert")
    try:
        # The reference kernels are slow, but give exactly the core's bits.
        interpreter = litert.Interpreter(
            model_content=file.data,
            num_threads=1,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines() or ["no reason given"]
        raise ModelError(f"{file.path}: LiteRT refuses the model: {reason[0]}") from error
    network = _LitertNetwork(interpreter, file)
    return _core.PythonNetwork(
        network.run,
        window_frames=network.window_frames,
        frame_stride=file.card.frame_stride,
        n_keywords=len(file.card.keywords),
        n_state=network.n_state,
    )


class _LitertNetwork:
    """One interpreter and its tensors by name."""

    def __init__(self, interpreter: Any, file: ModelFile) -> None:
        self._interpreter = interpreter
        inputs = {tensor["name"]: tensor for tensor in interpreter.get_input_details()}
        outputs = {tensor["name"]: tensor for tensor in interpreter.get_output_details()}
        if "features" not in inputs:
            raise ModelError(f"{file.path}: the model has no input 'features'")
        check_outputs(file, {name: int(t["shape"][-1]) for name, t in outputs.items()})
        self._features = inputs["features"]
        self._state = inputs.get("state")
        self._outputs: Mapping[str, Any] = {name: outputs[name] for name in _OUTPUTS}
        self.window_frames = int(self._features["shape"][1])
        self.n_state = 0 if self._state is None else int(self._state["shape"][-1])
        check_n_state(file, self.n_state)

    def run(
        self, features: npt.NDArray[np.float32], state: npt.NDArray[np.float32]
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Compute the outputs of one window, as `_core.PythonNetwork` expects."""
        self._set_input(self._features, features)
        if self._state is not None:
            self._set_input(self._state, state)
        self._interpreter.invoke()
        return {name: self._output(tensor) for name, tensor in self._outputs.items()}

    def _set_input(self, tensor: Mapping[str, Any], values: npt.NDArray[np.float32]) -> None:
        if tensor["dtype"] == np.int8:
            scale, zero_point = tensor["quantization"]
            # The same rounding as the core: to the nearest, ties to even, in float32.
            steps = np.rint(values * np.float32(1 / np.float32(scale))) + zero_point
            values = np.clip(steps, -128, 127)
        shaped = values.astype(tensor["dtype"]).reshape(tensor["shape"])
        self._interpreter.set_tensor(tensor["index"], shaped)

    def _output(self, tensor: Mapping[str, Any]) -> npt.NDArray[np.float32]:
        values = self._interpreter.get_tensor(tensor["index"]).astype(np.float32).ravel()
        if tensor["dtype"] == np.int8:
            scale, zero_point = tensor["quantization"]
            values = (values - np.float32(zero_point)) * np.float32(scale)
        return np.asarray(values, dtype=np.float32)
