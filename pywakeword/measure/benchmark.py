"""Measures CPU time per second of audio; used by `pywakeword bench` and the tests."""

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pywakeword import _core
from pywakeword._extras import require
from pywakeword.audio import PcmBlock
from pywakeword.endpointing.endpointer import Endpointer
from pywakeword.models.files import read_model
from pywakeword.models.network import load_core_model
from pywakeword.wakeword import SAMPLE_RATE_HZ, WakeWord

_FRAMES_PER_S = 100


class Contender(Protocol):
    """One detector in the comparison."""

    name: str

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[Any]:
        """Convert the chunks to what the detector takes; not timed."""
        ...

    def run(self, chunks: Sequence[Any]) -> int:
        """Consume all chunks as an application would and count the detections."""
        ...


class SpotterContender:
    """`WakeWord.process`, one call a chunk."""

    def __init__(self, spotter: WakeWord, name: str = "pywakeword") -> None:
        self.name = name
        self._spotter = spotter

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[PcmBlock]:
        """Take the arrays as they are."""
        return chunks

    def run(self, chunks: Sequence[PcmBlock]) -> int:
        """Consume all chunks."""
        process = self._spotter.process
        n_detections = 0
        for chunk in chunks:
            n_detections += len(process(chunk))
        return n_detections


class EndpointerContender:
    """A `WakeWord` and an `Endpointer` that share the front end, one call each a chunk."""

    def __init__(self, spotter: WakeWord) -> None:
        self.name = "with an endpointer"
        self._spotter = spotter
        self._endpointer = Endpointer()
        self._endpointer.share_front_end(spotter)

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[PcmBlock]:
        """Take the arrays as they are."""
        return chunks

    def run(self, chunks: Sequence[PcmBlock]) -> int:
        """Consume all chunks and count the detections and events."""
        find_words, find_ends = self._spotter.process, self._endpointer.process
        n_found = 0
        for chunk in chunks:
            n_found += len(find_words(chunk))
            n_found += len(find_ends(chunk))
        return n_found


class PyMicroContender:
    """pymicro-wakeword's bundled alexa, front end and network."""

    def __init__(self, module: Any) -> None:
        self.name = f"pymicro-wakeword {metadata.version('pymicro-wakeword')} alexa"
        self._word = module.MicroWakeWord.from_builtin(module.Model.ALEXA)
        self._features = module.MicroWakeWordFeatures()

    def prepare(self, chunks: Sequence[PcmBlock]) -> Sequence[bytes]:
        """Convert to bytes, which it takes."""
        return [chunk.tobytes() for chunk in chunks]

    def run(self, chunks: Sequence[bytes]) -> int:
        """Consume all chunks."""
        n_detections = 0
        for chunk in chunks:
            for features in self._features.process_streaming(chunk):
                if self._word.process_streaming(features):
                    n_detections += 1
        return n_detections


def make_peer() -> PyMicroContender:
    """Return the peer of the comparison, or raise `MissingExtraError`."""
    return PyMicroContender(require("pymicro_wakeword", "bench"))


@dataclass(frozen=True)
class Timing:
    """CPU seconds (user and system) of one contender, one value a round."""

    name: str
    cpu_s: tuple[float, ...]
    audio_s: float
    n_detections: int

    def figures(self) -> dict[str, dict[str, float]]:
        """Return the real-time factor and the time per 10 ms frame."""
        factors = [cpu_s / self.audio_s for cpu_s in self.cpu_s]
        return {
            "real_time_factor": _spread(factors),
            "ns_per_frame": _spread([1e9 / _FRAMES_PER_S * factor for factor in factors]),
        }

    def further_ratio(self, first: Timing, n_further: int) -> dict[str, float]:
        """Return what each of `n_further` listeners adds to the first, over its cost."""
        return _spread([(a / f - 1) / n_further for a, f in zip(self.cpu_s, first.cpu_s)])

    def ratio_to(self, other: Timing) -> dict[str, float]:
        """Return our CPU time over the other's, round by round."""
        return _spread([ours / theirs for ours, theirs in zip(self.cpu_s, other.cpu_s)])


def measure_rounds(
    contenders: Sequence[Contender], audio: PcmBlock, chunk_samples: int, rounds: int
) -> list[Timing]:
    """Run the contenders in turn, round by round, after one round to warm up.

    Parameters
    ----------
    contenders : sequence of Contender
        They alternate, so that a change of clock speed meets all of them.
    audio : (n_samples,) ndarray of int16
        Every round consumes all of it.
    chunk_samples : int
        Samples of one call.
    rounds : int
        Rounds that count.
    """
    begins = range(0, len(audio), chunk_samples)
    chunks = [audio[begin : begin + chunk_samples] for begin in begins]
    inputs = [contender.prepare(chunks) for contender in contenders]
    cpu_s: list[list[float]] = [[] for _ in contenders]
    detections = [0] * len(contenders)
    for round_index in range(rounds + 1):
        for index, contender in enumerate(contenders):
            gc.collect()
            begin_s = time.process_time()
            n_detections = contender.run(inputs[index])
            elapsed_s = time.process_time() - begin_s
            if round_index > 0:
                cpu_s[index].append(elapsed_s)
                detections[index] += n_detections
    audio_s = len(audio) / SAMPLE_RATE_HZ
    return [
        Timing(contender.name, tuple(seconds), audio_s, n_detections)
        for contender, seconds, n_detections in zip(contenders, cpu_s, detections)
    ]


@dataclass(frozen=True)
class Limit:
    """What one word cannot cost less than here: the parts by themselves, at their best."""

    front_end_ns: float  # of a frame, in one call over long audio
    network_macs: float  # of a frame
    peak_macs_per_s: float  # of the row in use, weights in the first-level cache

    @property
    def ns_per_frame(self) -> float:
        """Return the front end and the network's operations at the peak."""
        return self.front_end_ns + self.network_macs / self.peak_macs_per_s * 1e9


def measure_limit(model: str, audio: PcmBlock, rounds: int = 20) -> Limit:
    """Measure the parts of listening for one word; the best of `rounds` each."""
    network = load_core_model(read_model(model))
    front_end = _core.Lfbe()
    seconds = []
    for _ in range(rounds):
        begin_s = time.process_time()
        n_frames = len(front_end.process(audio))
        seconds.append((time.process_time() - begin_s) / n_frames)
    return Limit(
        min(seconds) * 1e9,
        network.macs_per_output / network.frame_stride,
        max(_core.peak_macs_per_s() for _ in range(5)),
    )


def synthetic_audio(duration_s: float) -> PcmBlock:
    """Return noise that swells and fades like speech, the same on every machine."""
    rng = np.random.default_rng(20260101)
    n_samples = round(duration_s * SAMPLE_RATE_HZ)
    envelope = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * np.arange(n_samples) / SAMPLE_RATE_HZ)
    return (3000 * envelope * rng.standard_normal(n_samples)).clip(-32768, 32767).astype(np.int16)


def system_description() -> dict[str, str]:
    """Return what the figures depend on: versions, instruction set and CPU."""
    return {
        "version": _core.__version__,
        "python": platform.python_version(),
        "isa": _core.isa(),
        "cpu": _cpu_name(),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    # x86 says "model name"; a Raspberry Pi only names the board, as "Model".
    for field in ("model name", "Model"):
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == field:
                return value.strip()
    return platform.processor() or platform.machine()


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
    }
