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

# Vocabularies of the device state. A word's position is its index in a model's input.
DEVICE_TYPES: Final[tuple[str, ...]]
PLAYBACKS: Final[tuple[str, ...]]
VOLUME_EDGES: Final[tuple[float, ...]]

LFBE_SETTINGS: Final[dict[str, Any]]

def as_pcm(pcm: Pcm) -> npt.NDArray[np.int16]:
    """Return `pcm` as the core takes it: 1-D, int16, contiguous and aligned.

    Raises
    ------
    TypeError
        If `pcm` is neither an int16 array nor bytes.
    ValueError
        If the array is not one-dimensional, or bytes end inside a sample.
    """

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
    """One stream of quantized features through a Model, for tests and tools."""

    def __init__(self, model: Model) -> None: ...
    def set_state(self, state: npt.NDArray[np.int8]) -> None: ...
    def process(self, frames: npt.NDArray[np.int8]) -> list[npt.NDArray[np.int8]]:
        """Take (n, n_bins) frames; return one (n_due, size) array per model output."""
    def reset(self) -> None: ...
    nbytes: Final[int]

class RawDetection:
    """One detection, with absolute sample indexes."""

    keyword_index: Final[int]
    score: Final[float]
    start_sample: Final[int]
    end_sample: Final[int]
    detected_sample: Final[int]
    snippet: Final[npt.NDArray[np.int16]]
    pre_roll_samples: Final[int]
    state: Final[tuple[int, int, int]]

class Spotter:
    """The device path: PCM in, detections out.

    `networks` holds one `Model` or `PythonNetwork` per model. `thresholds` and
    `smoothing_outputs` have one value per keyword, counted through the networks in order.
    """

    def __init__(
        self,
        networks: Sequence[Model | PythonNetwork],
        *,
        thresholds: Sequence[float],
        smoothing_outputs: Sequence[int],
        refractory_s: float = 1.0,
        history_s: float = 8.0,
        pre_roll_s: float = 0.5,
        state_sizes: tuple[int, int, int] = (8, 8, 6),
        first_sample: int = 0,
    ) -> None: ...
    n_keywords: Final[int]
    frame_stride: Final[int]
    def process(self, pcm: Pcm) -> list[RawDetection]: ...
    def scores(self, pcm: Pcm) -> npt.NDArray[np.float32]: ...
    def process_with_scores(
        self, pcm: Pcm
    ) -> tuple[list[RawDetection], npt.NDArray[np.float32]]: ...
    def set_state(self, device_type: int, playback: int, volume_bucket: int) -> None: ...
    def set_thresholds(self, playback: int, thresholds: Sequence[float]) -> None: ...
    def reset(self) -> None: ...
    nbytes: Final[int]
    history_nbytes: Final[int]

class Endpointer:
    """PCM in, endpointing events out. Lengths are in samples.

    A rule is (name, must_contain_speech, min_trailing_silence, min_utterance). An event
    is (kind, sample, decided_sample, reason); `kind` is the name of its class in `events`.
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
    def process_with_probabilities(
        self, pcm: Pcm
    ) -> tuple[list[tuple[str, int, int, str]], npt.NDArray[np.float32]]: ...
    def start_after_wake_word(self, end_sample: int) -> list[tuple[str, int, int, str]]: ...
    def share_front_end(self, spotter: object) -> bool:
        """Compute frames of the same samples once for both.

        Returns False if `spotter` is not a Spotter of this module.
        """
    def close(self) -> list[tuple[str, int, int, str]]: ...
    def reset(self) -> None: ...
    now_sample: Final[int]
    nbytes: Final[int]

class PythonNetwork:
    """A network computed in Python, as by the LiteRT back end.

    `run(features, state)` takes the float32 window (window_frames, n_bins) and the
    one-hot float32 state (n_state,). It returns {"logits", "start", "end"}: float32
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
