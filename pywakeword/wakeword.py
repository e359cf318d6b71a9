"""`WakeWord`: finds wake words in a stream of audio."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Union

from pywakeword._checks import NotCopied, check_number, check_type
from pywakeword.audio.pcm import SAMPLE_RATE_HZ, Pcm
from pywakeword.backends import (
    RawDetection,
    Scores,
    SpotterCore,
    StartSpotter,
    load_backend,
)
from pywakeword.device_state import PLAYBACKS, DeviceState
from pywakeword.errors import CalibrationError
from pywakeword.events import Detection
from pywakeword.models.calibration import Calibration
from pywakeword.models.card import Card
from pywakeword.models.configuration import read_configuration
from pywakeword.models.files import ModelFile, read_model
from pywakeword.models.foreign import community_kind

if TYPE_CHECKING:
    from pywakeword.models.community.files import CommunityModel

    AnyModel = Union[ModelFile, CommunityModel]

_FRAME_SHIFT_S = 0.01
_Self = TypeVar("_Self", bound="WakeWord")


class WakeWord(NotCopied):
    """Finds wake words in a stream of audio.

    One object is one stream: feed it from one thread. Only `device_state` may
    be set from others.

    Parameters
    ----------
    model : str, path or sequence of those
        Name of a bundled model (see `available_models`), or path of a `.tflite`
        file with its card beside it. Several models share one front end. Also the
        path of a community model (extra `community`): a manifest of
        ESPHome/microWakeWord, or an openWakeWord `.onnx` or `.tflite` file.
    threshold : float or mapping of str to float, optional
        Score from which a word is reported, for all keywords or per keyword,
        whatever the device plays. A keyword that is not in the mapping keeps
        its card's defaults, or its manifest's (0.5 for openWakeWord, which has neither).
    false_accepts_per_hour : float, optional
        Take each keyword's threshold from its card instead: the smallest one
        with at most this measured rate. Where the card was calibrated by what
        the device plays, the rate holds in each of these states:
        `device_state.playback` says which threshold is in use.
    echo_cancelled : bool
        Whether the audio comes from an `EchoCanceller`: then the thresholds are
        those that the card has for its output.
    refractory_s : float, optional
        Seconds after a detection in which the same word is not reported again,
        0 to 3600. Default: the longest of the cards.
    pre_roll_s : float
        Seconds of audio before the word that its snippet begins with, 0 to 5.
    device_state : DeviceState, optional
        Initial state of the device.
    backend : {"core", "capi", "litert"}
        "capi" runs the same core through the shared library of its C API (extra
        `capi`), see `pywakeword.capi.Library`.
        "litert" runs the network in the LiteRT interpreter (extra `litert`), for
        models with operators that the core lacks. It is slower, because it
        computes the whole window for every score.

    Raises
    ------
    ModelNotFoundError
        If a model does not exist.
    ModelError
        If a model or its card is refused.
    CalibrationError
        If a card cannot support `false_accepts_per_hour`.
    MissingExtraError, LibraryError
        If the backend, or what it needs, is not installed.
    TypeError
        If a threshold or a time is not a number.
    ValueError
        If a threshold or a time is out of range, a threshold names an unknown keyword, both kinds
        of threshold are given, or two models have a keyword in common.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        threshold: float | Mapping[str, float] | None = None,
        false_accepts_per_hour: float | None = None,
        echo_cancelled: bool = False,
        refractory_s: float | None = None,
        pre_roll_s: float = 0.5,
        device_state: DeviceState | None = None,
        backend: str = "core",
    ) -> None:
        if threshold is not None and false_accepts_per_hour is not None:
            raise ValueError("give threshold or false_accepts_per_hour, not both")
        check_type("backend", backend, str)
        check_type("echo_cancelled", echo_cancelled, bool)
        models = _names(model)
        if not models:
            raise ValueError("give at least one model")
        start = load_backend(backend)
        files = [_read(name) for name in models]
        self._models, self._backend = models, backend
        self._cards = tuple(file.card for file in files)
        self._keywords = tuple(word for card in self._cards for word in card.keywords)
        _check_unique(self._keywords)
        self._thresholds = {
            playback: _choose_thresholds(
                files, threshold, false_accepts_per_hour, playback, echo_cancelled
            )
            for playback in PLAYBACKS
        }
        if refractory_s is None:
            refractory_s = max(card.refractory_s for card in self._cards)
        self._refractory_s = _seconds("refractory_s", refractory_s, 3600)
        self._pre_roll_s = _seconds("pre_roll_s", pre_roll_s, 5)
        self._core = _start(
            start,
            files,
            list(self._thresholds[DeviceState().playback].values()),
            self._refractory_s,
            self._pre_roll_s,
        )
        for code, playback in enumerate(PLAYBACKS):
            self._core.set_thresholds(code, list(self._thresholds[playback].values()))
        self._core_process = self._core.process
        self._states: dict[tuple[int, int, int], DeviceState] = {}
        self.device_state = DeviceState() if device_state is None else device_state

    @classmethod
    def from_config(cls: type[_Self], path: str | os.PathLike[str], **options: Any) -> _Self:
        """Make a detector from a configuration, such as `pywakeword studio` writes.

        Parameters
        ----------
        path : str or path
            The configuration file: models, and a threshold per keyword.
        **options
            Other parameters of `WakeWord`. `threshold` and `false_accepts_per_hour` replace
            the file's thresholds.

        Raises
        ------
        ConfigError
            If the file is missing or malformed.
        ModelError, ValueError
            As from `WakeWord`.
        """
        config = read_configuration(path)
        if (options.get("threshold"), options.get("false_accepts_per_hour")) == (None, None):
            options["threshold"] = config.thresholds
        return cls(config.models, **options)

    def process(self, pcm: Pcm) -> list[Detection]:
        """Consume audio and return the wake words that were detected in it.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16, or bytes
            Mono PCM at 16 kHz; bytes hold int16 in little-endian order. Any
            length, including zero. Results do not depend on how the stream is
            cut into calls.

        Returns
        -------
        list of Detection
            Usually empty; ordered by `detected_sample`.

        Raises
        ------
        TypeError
            If `pcm` is neither an int16 array nor bytes. Nothing is converted.
        ValueError
            If the array is not one-dimensional, or bytes end inside a sample.
        StreamError
            If another thread is using this stream.
        """
        found = self._core_process(pcm)
        return [self._detection(raw) for raw in found] if found else []

    def scores(self, pcm: Pcm) -> Scores:
        """Consume audio and return the smoothed scores that thresholds apply to.

        It advances the same stream as `process` and drops detections;
        `process_with_scores` returns both. For evaluation and plots.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16, or bytes
            As for `process`.

        Returns
        -------
        (n_frames, n_keywords) ndarray of float32
            One row per `frame_shift_s` seconds.

        Raises
        ------
        TypeError, ValueError, StreamError
            As for `process`.
        """
        return self._core.scores(pcm)

    def process_with_scores(self, pcm: Pcm) -> tuple[list[Detection], Scores]:
        """Consume audio and return what `process` and `scores` return.

        Parameters
        ----------
        pcm : (n_samples,) ndarray of int16, or bytes
            As for `process`.

        Returns
        -------
        detections : list of Detection
            As from `process`.
        scores : (n_frames, n_keywords) ndarray of float32
            As from `scores`.

        Raises
        ------
        TypeError, ValueError, StreamError
            As for `process`.
        """
        found, scores = self._core.process_with_scores(pcm)
        return [self._detection(raw) for raw in found], scores

    def reset(self) -> None:
        """Forget all audio and count samples from 0 again; keep the device state."""
        self._core.reset()

    def another(self, *, threshold: float | Mapping[str, float] | None = None) -> WakeWord:
        """Make a detector for another stream of audio, with the same models and back end.

        The two share the weights and nothing else.

        Parameters
        ----------
        threshold : float or mapping of str to float, optional
            As for the constructor.
        """
        return WakeWord(self._models, threshold=threshold, backend=self._backend)

    @property
    def device_state(self) -> DeviceState:
        """State of the device, effective from the next frame on. Any thread may set it."""
        return self._device_state

    @device_state.setter
    def device_state(self, state: DeviceState) -> None:
        if not isinstance(state, DeviceState):
            raise TypeError(f"device_state must be a DeviceState, got {type(state).__name__}")
        # Kept per code, because the core returns codes, which hold the volume as a bucket.
        self._states[state.codes] = state
        self._device_state = state
        self._core.set_state(*state.codes)

    @property
    def core(self) -> SpotterCore:
        """The back end's stream, for other parts of the package.

        Feed it only through this object.
        """
        return getattr(self._core, "ours", None) or self._core

    @property
    def keywords(self) -> tuple[str, ...]:
        """Keywords in the order of the columns of `scores`."""
        return self._keywords

    @property
    def thresholds(self) -> dict[str, float]:
        """Threshold in use per keyword, for the present `device_state`."""
        return dict(self._thresholds[self._device_state.playback])

    @property
    def lowest_thresholds(self) -> dict[str, float]:
        """Lowest threshold per keyword that any `device_state` has in use."""
        tables = self._thresholds.values()
        return {word: min(table[word] for table in tables) for word in self._keywords}

    @property
    def refractory_s(self) -> float:
        """Seconds after a detection in which the same word is not reported again."""
        return self._refractory_s

    @property
    def pre_roll_s(self) -> float:
        """Seconds of audio before the word that its snippet begins with."""
        return self._pre_roll_s

    @property
    def cards(self) -> tuple[Card, ...]:
        """Cards of the models, in the order given."""
        return self._cards

    @property
    def frame_shift_s(self) -> float:
        """Seconds between two rows of `scores`."""
        return _FRAME_SHIFT_S * self._core.frame_stride

    @property
    def sample_rate(self) -> int:
        """Sample rate of the audio in Hz: 16000."""
        return SAMPLE_RATE_HZ

    @property
    def nbytes(self) -> int:
        """Bytes of this stream's state, without `history_nbytes`.

        Weights are shared between streams and not counted.
        """
        return self._core.nbytes

    @property
    def history_nbytes(self) -> int:
        """Bytes of the audio that is kept for snippets."""
        return self._core.history_nbytes

    def _detection(self, raw: RawDetection) -> Detection:
        return Detection(
            keyword=self._keywords[raw.keyword_index],
            score=raw.score,
            start_sample=raw.start_sample,
            end_sample=raw.end_sample,
            detected_sample=raw.detected_sample,
            snippet=raw.snippet,
            pre_roll_samples=raw.pre_roll_samples,
            device_state=self._states[raw.state],
        )


def _names(
    model: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> list[str | os.PathLike[str]]:
    if isinstance(model, (str, os.PathLike)):
        return [model]
    is_list = isinstance(model, Sequence) and not isinstance(model, bytes)
    if not is_list or not all(isinstance(name, (str, os.PathLike)) for name in model):
        raise TypeError(f"model must be a name, a path or a list of those, got {model!r}")
    return list(model)


def _check_unique(keywords: Sequence[str]) -> None:
    for word in keywords:
        if keywords.count(word) > 1:
            raise ValueError(f"keyword {word!r} comes from two models")


def _seconds(name: str, value: float, most: float) -> float:
    check_number(name, value)
    if not 0 <= value <= most:
        raise ValueError(f"{name} must be from 0 to {most:g}: {value!r}")
    return float(value)


def _read(model: str | os.PathLike[str]) -> AnyModel:
    if community_kind(model) is None:
        return read_model(model)
    from pywakeword.models.community.files import read_community

    return read_community(model)


def _start(
    start: StartSpotter,
    files: Sequence[AnyModel],
    thresholds: Sequence[float],
    refractory_s: float,
    pre_roll_s: float,
) -> SpotterCore:
    """Start the stream: the back end's own, with community models around it."""
    columns = [(file, word) for file in files for word in file.card.keywords]
    ours = [i for i, (file, _) in enumerate(columns) if isinstance(file, ModelFile)]
    stream = None
    if ours:
        stream = start(
            [file for file in files if isinstance(file, ModelFile)],
            [thresholds[i] for i in ours],
            [columns[i][0].card.smoothing_outputs for i in ours],
            refractory_s,
            pre_roll_s,
        )
        if len(ours) == len(columns):
            return stream
    from pywakeword.community import CommunitySpotter

    return CommunitySpotter(
        [(i, file) for i, (file, _) in enumerate(columns) if not isinstance(file, ModelFile)],
        thresholds,
        refractory_s,
        pre_roll_s,
        None if stream is None else (stream, ours),
    )


def _choose_thresholds(
    files: Sequence[AnyModel],
    threshold: float | Mapping[str, float] | None,
    false_accepts_per_hour: float | None,
    playback: str,
    echo_cancelled: bool,
) -> dict[str, float]:
    """Return the thresholds while the device plays `playback`."""
    calibrations = {
        word: calibration.while_playing(playback, echo_cancelled=echo_cancelled)
        for file in files
        for word, calibration in file.card.calibration.items()
    }
    if false_accepts_per_hour is not None:
        check_number("false_accepts_per_hour", false_accepts_per_hour)
        for word in (word for file in files for word in file.card.keywords):
            if word not in calibrations:
                raise CalibrationError(
                    f"{word}: a community model has no measured false accepts; give a threshold"
                )
        return {
            word: _calibrated_threshold(word, calibration, false_accepts_per_hour)
            for word, calibration in calibrations.items()
        }
    chosen = {
        word: calibrations[word].default_threshold
        if isinstance(file, ModelFile)
        else file.threshold
        for file in files
        for word in file.card.keywords
    }
    if isinstance(threshold, Mapping):
        for word in threshold:
            if word not in chosen:
                raise ValueError(
                    f"threshold names the unknown keyword {word!r}; keywords: {', '.join(chosen)}"
                )
        chosen.update(threshold)
    elif threshold is not None:
        chosen = dict.fromkeys(chosen, threshold)
    for word, value in chosen.items():
        check_number(f"threshold of {word!r}", value)
        if not 0 < value <= 1:
            raise ValueError(f"threshold of {word!r} must lie above 0 and at most at 1: {value!r}")
    return chosen


def _calibrated_threshold(word: str, calibration: Calibration, rate: float) -> float:
    try:
        return calibration.threshold_for(rate)
    except CalibrationError as error:
        raise CalibrationError(f"{word}: {error}") from None
