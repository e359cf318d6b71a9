"""The core through its C API: the shared library `libpywakeword`, loaded by cffi.

`Model` and `Spotter` have the interface of the extension's and give the same
detections, bit for bit. `WakeWord(..., backend="capi")` runs a model and its card on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pywakeword._checks import check_integer, check_number, check_optional, check_type
from pywakeword.audio.pcm import Pcm
from pywakeword.capi.library import Alone, Library, default_library
from pywakeword.capi.stream import Stream
from pywakeword.device_state import STATE_SIZES
from pywakeword.errors import ModelError
from pywakeword.models.files import ModelFile
from pywakeword.models.network import check_network

__all__ = ["Library", "Model", "RawDetection", "Spotter", "default_library"]


class Model:
    """Immutable weights of one .tflite file, in the C library."""

    def __init__(self, data: bytes, *, library: Library | None = None) -> None:
        check_type("data", data, bytes)
        check_optional("library", library, Library)
        self.library = default_library() if library is None else library
        ffi, lib = self.library.ffi, self.library.lib
        handle = ffi.new("pww_model **")
        self.library.check(lib.pww_model_load_memory(data, len(data), handle))
        self.handle = ffi.gc(handle[0], lib.pww_model_destroy)
        info = ffi.new("pww_model_info *")
        self.library.check(lib.pww_model_get_info(self.handle, info))
        self.n_keywords = int(info.n_keywords)
        self.window_frames = int(info.window_frames)
        self.frame_stride = int(info.frame_stride)
        self.n_state = sum(STATE_SIZES) if info.takes_state else 0
        self.nbytes = int(info.bytes)


def load_capi_network(file: ModelFile) -> Model:
    """Return the C library's model of a file, checked against its card."""
    try:
        model = Model(file.data)
    except ModelError as error:
        raise type(error)(f"{file.path}: {error}") from None
    sizes = dict.fromkeys(("logits", "start", "end"), model.n_keywords)
    check_network(file, sizes, model.frame_stride, model.n_state)
    return model


@dataclass(frozen=True)
class RawDetection:
    """One detection, with absolute sample indexes."""

    keyword_index: int
    score: float
    start_sample: int
    end_sample: int
    detected_sample: int
    snippet: npt.NDArray[np.int16]
    pre_roll_samples: int
    state: tuple[int, int, int]


class Spotter(Stream):
    """The device path in the C library: PCM in, detections out.

    Parameters and methods are those of the extension's spotter. One object is
    one stream: feed it from one thread.
    """

    def __init__(
        self,
        networks: Sequence[Model],
        *,
        thresholds: Sequence[float],
        smoothing_outputs: Sequence[int],
        refractory_s: float = 1.0,
        history_s: float = 8.0,
        pre_roll_s: float = 0.5,
        state_sizes: tuple[int, int, int] = STATE_SIZES,
        first_sample: int = 0,
    ) -> None:
        check_type("networks", networks, Sequence)
        for network in networks:
            check_type("each of the networks", network, Model)
        if not networks:
            raise ValueError("at least one network is needed")
        for name, value in (
            ("refractory_s", refractory_s),
            ("history_s", history_s),
            ("pre_roll_s", pre_roll_s),
        ):
            check_number(name, value)
        check_integer("first_sample", first_sample)
        if len(smoothing_outputs) != len(thresholds):
            raise ValueError("thresholds and smoothing_outputs must have equal lengths")
        if tuple(state_sizes) != STATE_SIZES:
            raise ValueError(f"state_sizes must be {STATE_SIZES}: the C API has no others")
        library = networks[0].library
        if any(network.library is not library for network in networks):
            raise ValueError("the networks come from different libraries")
        ffi = library.ffi
        # Named, because cffi frees an array when its owner goes.
        models = ffi.new("const pww_model *[]", [network.handle for network in networks])
        c_thresholds = ffi.new("float[]", list(thresholds))
        c_smoothing = ffi.new("int32_t[]", list(smoothing_outputs))
        options = ffi.new(
            "pww_spotter_options *",
            {
                "n_keywords": len(thresholds),
                "thresholds": c_thresholds,
                "smoothing_outputs": c_smoothing,
                "refractory_s": refractory_s,
                "history_s": history_s,
                "first_sample": first_sample,
                "pre_roll_s": pre_roll_s,
            },
        )
        super().__init__(library, "spotter", models, len(networks), options)
        info = ffi.new("pww_spotter_info *")
        self._call("get_info", info)
        self.n_keywords = int(info.n_keywords)
        self.frame_stride = int(info.frame_stride)
        self.nbytes = int(info.state_bytes)
        self.history_nbytes = int(info.history_bytes)

    def process(self, pcm: Pcm) -> list[RawDetection]:
        """Consume int16 samples; return the detections that they completed."""
        return self._process(pcm, self._detections)

    def scores(self, pcm: Pcm) -> npt.NDArray[np.float32]:
        """Consume int16 samples; return the smoothed scores, one row per output."""
        return self._rows("scores", pcm, self.frame_stride, self.n_keywords)

    def process_with_scores(self, pcm: Pcm) -> tuple[list[RawDetection], npt.NDArray[np.float32]]:
        """Consume int16 samples; return what `process` and `scores` return."""
        found: list[RawDetection] = []
        scores = self._rows(
            "process_with_scores",
            pcm,
            self.frame_stride,
            self.n_keywords,
            lambda count: found.extend(self._detections(count)),
        )
        return found, scores

    def set_state(self, device_type: int, playback: int, volume_bucket: int) -> None:
        """Set the indexes of the device state; from any thread."""
        state = self.library.ffi.new("pww_device_state *", (device_type, playback, volume_bucket))
        self._call("set_state", state)

    def set_thresholds(self, playback: int, thresholds: Sequence[float]) -> None:
        """Set the thresholds while this index of playback is set."""
        values = self.library.ffi.new("float[]", list(thresholds))
        with Alone(self._lock):
            self._call("set_thresholds", playback, values, len(values))

    def _detections(self, count: int) -> list[RawDetection]:
        return [self._detection(index) for index in range(count)]

    def _detection(self, index: int) -> RawDetection:
        ffi = self.library.ffi
        word = ffi.new("pww_detection *")
        self._call("get_detection", index, word)
        snippet = np.empty(word.n_snippet_samples, np.int16)
        buffer = ffi.from_buffer("int16_t[]", snippet)
        n_samples = ffi.new("size_t *")
        self._call("copy_snippet", index, buffer, len(buffer), n_samples)
        return RawDetection(
            keyword_index=word.keyword_index,
            score=word.score,
            start_sample=word.start_sample,
            end_sample=word.end_sample,
            detected_sample=word.detected_sample,
            snippet=snippet,
            pre_roll_samples=word.pre_roll_samples,
            state=(word.state.device_type, word.state.playback, word.state.volume_bucket),
        )
