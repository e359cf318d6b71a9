"""What the C library's spotter and endpointer have in common as streams."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import Pcm, as_pcm
from pywakeword.capi.library import Alone, Library

Result = TypeVar("Result")


class Stream:
    """A handle whose C functions are named after its `kind`. One thread feeds it.

    Parameters
    ----------
    library : Library
        The library of the objects among the arguments.
    kind : str
        "spotter", "endpointer" or "echo_canceller".
    *arguments
        The arguments of `pww_<kind>_create`, without the last.
    """

    def __init__(self, library: Library, kind: str, *arguments: Any) -> None:
        self.library = library
        self._kind = kind
        handle = library.ffi.new(f"pww_{kind} **")
        library.check(self._function("create")(*arguments, handle))
        self.handle = library.ffi.gc(handle[0], self._function("destroy"))
        # The library guards each call; a method here makes several.
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Start a new stream."""
        with Alone(self._lock):
            self._call("reset")

    def _call(self, name: str, *arguments: Any) -> None:
        self.library.check(self._function(name)(self.handle, *arguments))

    def _function(self, name: str) -> Any:
        return getattr(self.library.lib, f"pww_{self._kind}_{name}")

    def _process(self, pcm: Pcm, results: Callable[[int], list[Result]]) -> list[Result]:
        """Consume all samples; `results` fetches the given number after each call."""
        ffi = self.library.ffi
        n_taken, n_results = ffi.new("size_t *"), ffi.new("size_t *")
        samples = ffi.from_buffer("int16_t[]", as_pcm(pcm))
        found: list[Result] = []
        with Alone(self._lock):
            begin = 0
            while begin < len(samples):
                left = len(samples) - begin
                self._call("process", samples + begin, left, n_taken, n_results)
                begin += n_taken[0]
                found += results(n_results[0])
        return found

    def _rows(
        self,
        name: str,
        pcm: Pcm,
        frame_stride: int,
        width: int,
        on_results: Callable[[int], None] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Consume all samples; return one row of `width` numbers per `frame_stride` frames.

        `name` is the C function. With `on_results` it also counts results and stops at
        them; `on_results` gets their number after each call.
        """
        ffi = self.library.ffi
        n_taken, n_values, n_results = (ffi.new("size_t *") for _ in range(3))
        counters = (n_taken, n_values) if on_results is None else (n_taken, n_values, n_results)
        samples = ffi.from_buffer("int16_t[]", as_pcm(pcm))
        # One row more than the number of frames, as outputs may fall due at either end,
        # and one that stays free: without room for a row the function takes no samples.
        values = np.empty((len(samples) // (160 * frame_stride) + 3) * width, np.float32)
        buffer = ffi.from_buffer("float[]", values)
        begin = filled = 0
        with Alone(self._lock):
            while begin < len(samples):
                self._call(
                    name,
                    samples + begin,
                    len(samples) - begin,
                    buffer + filled,
                    len(buffer) - filled,
                    *counters,
                )
                begin += n_taken[0]
                filled += n_values[0]
                if on_results is not None:
                    on_results(n_results[0])
        return np.array(values[:filled].reshape(-1, width))
