"""The interpreter that the core is compared with."""

from __future__ import annotations

import numpy as np
import pytest

interpreter = pytest.importorskip(
    "ai_edge_litert.interpreter", reason="the reference needs the extra 'litert'"
)


class Reference:
    """A .tflite file in the LiteRT interpreter, inputs and outputs by name.

    Its reference kernels are the default; `delegate=True` gives what an application
    gets by default, the XNNPACK delegate.
    """

    def __init__(self, data: bytes, *, delegate: bool = False) -> None:
        types = interpreter.OpResolverType
        self._interpreter = interpreter.Interpreter(
            model_content=data,
            num_threads=1,
            experimental_op_resolver_type=types.AUTO if delegate else types.BUILTIN_REF,
        )
        self._interpreter.allocate_tensors()
        self._inputs = {d["name"]: d for d in self._interpreter.get_input_details()}
        self._outputs = {d["name"]: d for d in self._interpreter.get_output_details()}

    @property
    def has_state(self) -> bool:
        return "state" in self._inputs

    def run(
        self, window: np.ndarray, state: np.ndarray | None, names: list[str]
    ) -> list[np.ndarray]:
        """Return the outputs `names`, flat, of one (window_frames, n_bins) window."""
        self._set("features", window)
        if state is not None:
            self._set("state", state)
        self._interpreter.invoke()
        return [
            self._interpreter.get_tensor(self._outputs[name]["index"]).reshape(-1) for name in names
        ]

    def _set(self, name: str, values: np.ndarray) -> None:
        details = self._inputs[name]
        self._interpreter.set_tensor(details["index"], values.reshape(details["shape"]))
