"""The back ends of `WakeWord` and `Endpointer`: what each provides, and how one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from pywakeword import _core
from pywakeword.audio.pcm import Pcm
from pywakeword.device_state import STATE_SIZES
from pywakeword.models.files import ModelFile
from pywakeword.models.network import load_core_model

# kind, sample, decided_sample, reason; the kind is the name of a class in `events`
RawEvent = tuple[str, int, int, str]
# name, must_contain_speech, min_trailing_silence and min_utterance in samples
RawRule = tuple[str, bool, int, int]
Scores = npt.NDArray[np.float32]


class RawDetection(Protocol):
    """One detection of a `SpotterCore`, with absolute sample indexes."""

    @property
    def keyword_index(self) -> int:
        """Column of `WakeWord.scores`."""

    @property
    def score(self) -> float:
        """Highest smoothed score, 0 to 1."""

    @property
    def start_sample(self) -> int | Any:
        """Where the word starts; None if the model does not say."""

    @property
    def end_sample(self) -> int | Any:
        """Where the word ends; None if the model does not say."""

    @property
    def detected_sample(self) -> int:
        """Samples consumed at the decision."""

    @property
    def snippet(self) -> npt.NDArray[np.int16]:
        """Audio of the word, with what precedes it."""

    @property
    def pre_roll_samples(self) -> int:
        """Samples of the snippet that precede the word."""

    @property
    def state(self) -> tuple[int, int, int]:
        """`DeviceState.codes` at the decision."""


class SpotterCore(Protocol):
    """What a back end provides: one stream of audio through loaded networks."""

    @property
    def frame_stride(self) -> int:
        """Frames of 10 ms between two scores."""

    @property
    def nbytes(self) -> int:
        """Bytes of the stream's state, without its history."""

    @property
    def history_nbytes(self) -> int:
        """Bytes of the audio that is kept for snippets."""

    def process(self, pcm: Pcm, /) -> Sequence[RawDetection]:
        """Consume audio; return the detections."""

    def scores(self, pcm: Pcm, /) -> Scores:
        """Consume audio; return the scores, one row per output."""

    def process_with_scores(self, pcm: Pcm, /) -> tuple[Sequence[RawDetection], Scores]:
        """Consume audio; return both."""

    def set_state(self, device_type: int, playback: int, volume_bucket: int, /) -> None:
        """Set the codes of the device state; from any thread."""

    def set_thresholds(self, playback: int, thresholds: Sequence[float], /) -> None:
        """Set the thresholds, one per keyword, while this code of playback is set."""

    def reset(self) -> None:
        """Start a new stream."""


class EndpointerCore(Protocol):
    """One stream of audio through a loaded voice activity model."""

    def process(self, pcm: Pcm, /) -> list[RawEvent]:
        """Consume audio; return the events."""

    def probabilities(self, pcm: Pcm, /) -> npt.NDArray[np.float32]:
        """Consume audio; return one posterior per frame of 10 ms."""

    def process_with_probabilities(
        self, pcm: Pcm, /
    ) -> tuple[list[RawEvent], npt.NDArray[np.float32]]:
        """Consume audio; return both."""

    def start_after_wake_word(self, end_sample: int, /) -> list[RawEvent]:
        """Listen for what follows a wake word."""

    def share_front_end(self, spotter: SpotterCore, /) -> bool:
        """Compute the front end once for both; False if they run in different libraries."""

    def close(self) -> list[RawEvent]:
        """End the utterance that is still open."""

    def reset(self) -> None:
        """Start a new stream."""


Network = TypeVar("Network")
NetworkTaken = TypeVar("NetworkTaken", contravariant=True)


class SpotterType(Protocol[NetworkTaken]):
    """The constructor of a `SpotterCore`."""

    def __call__(
        self,
        networks: Sequence[NetworkTaken],
        /,
        *,
        thresholds: Sequence[float],
        smoothing_outputs: Sequence[int],
        refractory_s: float,
        pre_roll_s: float,
        state_sizes: tuple[int, int, int],
    ) -> SpotterCore:
        """Start a stream through these networks."""


# Takes model files, thresholds, smoothing outputs, the refractory time and the pre-roll.
StartSpotter = Callable[
    [Sequence[ModelFile], Sequence[float], Sequence[int], float, float], SpotterCore
]


def load_backend(backend: str) -> StartSpotter:
    """Return what starts a stream in the back end "core", "capi" or "litert".

    Raises
    ------
    MissingExtraError, LibraryError
        If the back end, or what it needs, is not installed.
    ValueError
        If there is no such back end.
    """
    if backend == "core":
        return _starter(load_core_model, _core.Spotter)
    if backend == "capi":
        from pywakeword.capi.spotter import Spotter, load_capi_network

        return _starter(load_capi_network, Spotter)
    if backend == "litert":
        from pywakeword.models.litert import load_litert_network

        return _starter(load_litert_network, _core.Spotter)
    raise ValueError(f"backend must be 'core', 'capi' or 'litert', got {backend!r}")


def _starter(load: Callable[[ModelFile], Network], spotter: SpotterType[Network]) -> StartSpotter:
    def start(
        files: Sequence[ModelFile],
        thresholds: Sequence[float],
        smoothing_outputs: Sequence[int],
        refractory_s: float,
        pre_roll_s: float,
    ) -> SpotterCore:
        return spotter(
            [load(file) for file in files],
            thresholds=thresholds,
            smoothing_outputs=smoothing_outputs,
            refractory_s=refractory_s,
            pre_roll_s=pre_roll_s,
            state_sizes=STATE_SIZES,
        )

    return start
