"""What the spotter and the endpointer of the C library have in common as streams."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import as_pcm
from pywakeword.capi.library import Alone, Library

Result = TypeVar("Result")


class Stream:
    """A handle whose functions are named after its `kind`; one thread feeds it.

    Parameters
    ----------
    library : Library
        The library that the objects among the arguments come from.
    kind : str
        "spotter" or "endpointer".
    *arguments
        Of `pww_<kind>_create`, without the last.
    """

    def __init__(self, library: Library, kind: str, *arguments: Any) -> None:
        self.library = library
        self._kind = kind
        handle = library.ffi.new(f"pww_{kind} **")
        library.check(self._function("create")(*arguments, handle))
        self.handle = library.ffi.gc(handle[0], self._function("destroy"))
        # The library guards single calls; one of ours makes several.
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Start a new stream."""
        with Alone(self._lock):
            self._call("reset")

    def _call(self, name: str, *arguments: Any) -> None:
        self.library.check(self._function(name)(self.handle, *arguments))

    def _function(self, name: str) -> Any:
        return getattr(self.library.lib, f"pww_{self._kind}_{name}")

    def _process(
        self, pcm: npt.NDArray[np.int16], results: Callable[[int], list[Result]]
    ) -> list[Result]:
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
        self, name: str, pcm: npt.NDArray[np.int16], frame_stride: int, width: int
    ) -> npt.NDArray[np.float32]:
        """Consume all samples with a function that gives `width` numbers every few frames."""
        ffi = self.library.ffi
        n_taken, n_values = ffi.new("size_t *"), ffi.new("size_t *")
        samples = ffi.from_buffer("int16_t[]", as_pcm(pcm))
        # One row more than the frames' number: outputs may fall due at either end.
        values = np.empty((len(samples) // (160 * frame_stride) + 2) * width, np.float32)
        with Alone(self._lock):
            self._call(
                name,
                samples,
                len(samples),
                ffi.from_buffer("float[]", values),
                values.size,
                n_taken,
                n_values,
            )
        if n_taken[0] != len(samples):
            raise AssertionError(f"the buffer for {name} was too small")
        return np.array(values[: n_values[0]].reshape(-1, width))
