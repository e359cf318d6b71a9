"""Measures CPU time per second of audio, for `pywakeword bench` and the tests."""

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pywakeword import _core
from pywakeword.audio import PcmBlock
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.measure.contenders import Contender
from pywakeword.models.files import read_model
from pywakeword.models.network import load_core_model

_FRAMES_PER_S = 100


@dataclass(frozen=True)
class Timing:
    """CPU seconds (user and system) of one contender, one value per round."""

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
        """Return the added cost of each of `n_further` detectors, relative to the first."""
        return _spread([(a / f - 1) / n_further for a, f in zip(self.cpu_s, first.cpu_s)])

    def ratio_to(self, other: Timing) -> dict[str, float]:
        """Return this CPU time divided by the other's, per round."""
        return _spread([ours / theirs for ours, theirs in zip(self.cpu_s, other.cpu_s)])


def measure_rounds(
    contenders: Sequence[Contender], audio: PcmBlock, chunk_samples: int, rounds: int
) -> list[Timing]:
    """Run the contenders in turn, in rounds, after one round to warm up.

    Parameters
    ----------
    contenders : sequence of Contender
        They alternate, so that a change of clock speed affects all of them.
    audio : (n_samples,) ndarray of int16
        Every round consumes all of it.
    chunk_samples : int
        Samples per call.
    rounds : int
        Rounds to measure.
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
    """The lowest cost of one word on this machine: its parts alone, at their fastest."""

    front_end_ns: float  # per frame, in one call on long audio
    network_macs: float  # per frame
    peak_macs_per_s: float  # of the instruction set in use, weights in the first-level cache

    @property
    def ns_per_frame(self) -> float:
        """Front end, plus the network's operations at the peak rate."""
        return self.front_end_ns + self.network_macs / self.peak_macs_per_s * 1e9


def measure_limit(model: str, audio: PcmBlock, rounds: int = 20) -> Limit:
    """Measure the parts of the detection of one word; each the best of `rounds`."""
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
    """Return noise with a speech-like envelope, the same on every machine."""
    rng = np.random.default_rng(20260101)
    n_samples = round(duration_s * SAMPLE_RATE_HZ)
    envelope = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * np.arange(n_samples) / SAMPLE_RATE_HZ)
    return (3000 * envelope * rng.standard_normal(n_samples)).clip(-32768, 32767).astype(np.int16)


def system_description() -> dict[str, str]:
    """Return the versions, instruction set and CPU that the figures depend on."""
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
    # x86 has "model name". A Raspberry Pi only names the board, as "Model".
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
