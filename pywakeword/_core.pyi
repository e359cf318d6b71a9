"""Types of the compiled extension. Private: applications use the names in `pywakeword`."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import Pcm

__version__: Final[str]

class PyWakewordError(Exception): ...
class ModelError(PyWakewordError): ...
class UnsupportedOpError(ModelError): ...
class StreamError(PyWakewordError): ...

def isa() -> str: ...
def supported_isas() -> list[str]: ...
def peak_macs_per_s() -> float: ...

LFBE_SETTINGS: Final[dict[str, Any]]

class Lfbe:
    """Streaming log filter-bank energies."""

    def __init__(self) -> None: ...
    def process(self, pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]: ...
    def reset(self) -> None: ...

class EchoCanceller:
    """See pywakeword.EchoCanceller."""

    LIMITS_MS: Final[tuple[int, int, int]]
    def __init__(self, tail_ms: int, max_delay_ms: int) -> None: ...
    def process(
        self, microphone: npt.NDArray[np.int16], loudspeaker: npt.NDArray[np.int16]
    ) -> npt.NDArray[np.int16]: ...
    def reset(self) -> None: ...
    @property
    def erle_db(self) -> float: ...
    @property
    def delay_samples(self) -> int: ...
    @property
    def converged(self) -> bool: ...
    @property
    def nbytes(self) -> int: ...

class Model:
    """Immutable weights of one .tflite file."""

    def __init__(self, data: bytes) -> None: ...
    window_frames: Final[int]
    frame_stride: Final[int]
    n_bins: Final[int]
    n_state: Final[int]
    output_names: Final[list[str]]
    output_sizes: Final[list[int]]
    output_quantization: Final[list[tuple[float, int]]]
    features_quantization: Final[tuple[float, int]]
    state_quantization: Final[tuple[float, int]]
    macs_per_output: Final[int]
    nbytes: Final[int]

class Stream:
    """One quantized feature stream through a Model; used by tests and tools."""

    def __init__(self, model: Model) -> None: ...
    def set_state(self, state: npt.NDArray[np.int8]) -> None: ...
    def process(self, frames: npt.NDArray[np.int8]) -> list[npt.NDArray[np.int8]]:
        """(n, n_bins) frames in; per model output an (n_due, size) array out."""
    def reset(self) -> None: ...
    nbytes: Final[int]

class RawDetection:
    """One detection, indexes absolute."""

    keyword_index: Final[int]
    score: Final[float]
    start_sample: Final[int]
    end_sample: Final[int]
    detected_sample: Final[int]
    snippet: Final[npt.NDArray[np.int16]]
    pre_roll_samples: Final[int]
    state: Final[tuple[int, int, int]]

class Spotter:
    """The whole device path: PCM in, detections out.

    `networks` holds one entry a model: a `Model`, or a `PythonNetwork`.
    `thresholds` and `smoothing_frames` have one value a keyword, keywords being
    counted through the networks in order.
    """

    def __init__(
        self,
        networks: Sequence[Model | PythonNetwork],
        *,
        thresholds: Sequence[float],
        smoothing_frames: Sequence[int],
        refractory_s: float = 1.0,
        history_s: float = 8.0,
        state_sizes: tuple[int, int, int] = (8, 8, 6),
        first_sample: int = 0,
    ) -> None: ...
    n_keywords: Final[int]
    frame_stride: Final[int]
    def process(self, pcm: Pcm) -> list[RawDetection]: ...
    def scores(self, pcm: Pcm) -> npt.NDArray[np.float32]: ...
    def set_state(self, device_type: int, playback: int, volume_bucket: int) -> None: ...
    def reset(self) -> None: ...
    nbytes: Final[int]
    history_nbytes: Final[int]

class Endpointer:
    """PCM in, endpointing events out. Lengths are in samples.

    A rule is (name, must_contain_speech, min_trailing_silence, min_utterance), an event
    (kind, sample, decided_sample, reason) with the name of its class in `events` as kind.
    """

    def __init__(
        self,
        vad: Model,
        *,
        delay_frames: int,
        rules: Sequence[tuple[str, bool, int, int]],
        onset_threshold: float,
        offset_threshold: float,
        min_speech: int,
        possible_end: int,
        word_tail: int,
        grace: int,
        no_speech_timeout: int,
        max_utterance: int,
        level_range: float,
        first_sample: int = 0,
    ) -> None: ...
    def process(self, pcm: Pcm) -> list[tuple[str, int, int, str]]: ...
    def probabilities(self, pcm: Pcm) -> npt.NDArray[np.float32]: ...
    def start_after_wake_word(self, end_sample: int) -> list[tuple[str, int, int, str]]: ...
    def share_front_end(self, spotter: Spotter) -> None:
        """Let one of the two compute the frames of samples that both hear."""
    def close(self) -> list[tuple[str, int, int, str]]: ...
    def reset(self) -> None: ...
    now_sample: Final[int]
    nbytes: Final[int]

class PythonNetwork:
    """A network computed in Python (the LiteRT back end).

    `run(features, state)` takes the float32 window (window_frames, n_bins) and the
    one-hot float32 state (n_state,) and returns {"logits", "start", "end"}: float32
    arrays of (n_keywords,).
    """

    def __init__(
        self,
        run: Callable[
            [npt.NDArray[np.float32], npt.NDArray[np.float32]], dict[str, npt.NDArray[np.float32]]
        ],
        *,
        window_frames: int,
        frame_stride: int,
        n_keywords: int,
        n_state: int,
    ) -> None: ...
