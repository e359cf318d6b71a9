"""The echo canceller through the C API; see `pywakeword.capi`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import Pcm, as_pcm
from pywakeword.capi.library import Alone, Library, default_library
from pywakeword.capi.stream import Stream

__all__ = ["EchoCanceller"]


class EchoCanceller(Stream):
    """The echo canceller in the C library.

    Options, methods and output are those of `pywakeword.EchoCanceller`, bit for bit. One
    object is one pair of streams: feed it from one thread.
    """

    def __init__(
        self, tail_ms: int = 250, max_delay_ms: int = 300, *, library: Library | None = None
    ) -> None:
        library = default_library() if library is None else library
        options = library.ffi.new("pww_echo_canceller_options *", (tail_ms, max_delay_ms))
        super().__init__(library, "echo_canceller", options)

    def process(self, microphone: Pcm, loudspeaker: Pcm) -> npt.NDArray[np.int16]:
        """Return the microphone's samples without the loudspeaker's echo."""
        ffi = self.library.ffi
        pair = as_pcm(microphone), as_pcm(loudspeaker)
        if len(pair[0]) != len(pair[1]):  # the library gets one count
            raise ValueError(
                f"microphone has {len(pair[0])} samples, loudspeaker {len(pair[1])}: "
                "they must be of one length"
            )
        out = np.empty(len(pair[0]), np.int16)
        buffers = [ffi.from_buffer("int16_t[]", pcm) for pcm in pair]
        with Alone(self._lock):
            self._call("process", *buffers, len(out), ffi.from_buffer("int16_t[]", out))
        return out

    @property
    def erle_db(self) -> float:
        """Echo return loss enhancement, in dB."""
        return float(self._info().erle_db)

    @property
    def delay_samples(self) -> int:
        """Samples from the loudspeaker to the strongest part of its echo."""
        return int(self._info().delay_samples)

    @property
    def converged(self) -> bool:
        """Whether the filter expects to leave at most a tenth of the echo's power."""
        return bool(self._info().converged)

    @property
    def nbytes(self) -> int:
        """Bytes of the stream's state."""
        return int(self._info().bytes)

    def _info(self) -> Any:
        info = self.library.ffi.new("pww_echo_canceller_info *")
        with Alone(self._lock):
            self._call("get_info", info)
        return info
