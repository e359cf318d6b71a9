"""Time each instruction set of this CPU: python -m tools.bench kernels.

Reports microseconds of a network per output step (40 ms of audio), and nanoseconds of the
front end per frame (10 ms), each by itself. The row of kernels is chosen once a process, so
each has a process of its own; they take turns, so that what else the machine does falls on
all of them. Times are CPU time. The network is as the bundled ones are shaped, with random
weights, unless a file is given.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pywakeword import _core
from pywakeword.training.export.tflite_writer import (
    GraphBuilder,
    Quantization,
    Tensor,
    quantize_layer,
)

N_STATE, EMBEDDING, CHANNELS = 22, 16, 96
DILATIONS = (1, 1, 2, 2, 4, 4)


def typical_network(seed: int = 1) -> bytes:
    """Two strided convolutions, six FiLM residual blocks, and heads."""
    rng = np.random.default_rng(seed)
    g = GraphBuilder("typical network, random weights")
    q = Quantization(0.05, 4)

    def layer(x: Tensor, *shape: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights = rng.normal(size=shape) / np.sqrt(np.prod(shape) / shape[0])
        assert x.quantization is not None
        return quantize_layer(weights, rng.normal(size=shape[0]), input_scale=x.quantization.scale)

    # The first two convolutions cover 9 frames; each tap that follows reaches 4 further.
    window = 9 + 4 * 2 * (sum(DILATIONS) + 1)
    x = g.input("features", (1, window, 1, 64), Quantization(0.06, -5))
    state = g.input("state", (1, N_STATE), Quantization(1 / 255, -128))
    embedding = g.fully_connected(state, *layer(state, EMBEDDING, N_STATE), "embedding", q)
    x = g.conv_2d(x, *layer(x, 48, 5, 1, 64), "stem1", q, stride=(2, 1), activation="relu")
    x = g.conv_2d(x, *layer(x, CHANNELS, 3, 1, 48), "stem2", q, stride=(2, 1), activation="relu")
    for i, dilation in enumerate(DILATIONS):
        gamma, beta = (
            g.fully_connected(embedding, *layer(embedding, CHANNELS, EMBEDDING), f"{name}{i}", q)
            for name in ("gamma", "beta")
        )
        weights = layer(x, CHANNELS, 3, 1, CHANNELS)
        y = g.conv_2d(x, *weights, f"conv{i}", q, dilation=(dilation, 1))
        y = g.mul(y, gamma, f"scaled{i}", q)
        y = g.add(y, beta, f"film{i}", q)
        x = g.add(g.crop_oldest(x, 2 * dilation, f"skip{i}"), y, f"block{i}", q, "relu")
    x = g.conv_2d(x, *layer(x, CHANNELS, 3, 1, CHANNELS), "head", q, activation="relu")
    x = g.reshape(x, (1, CHANNELS), "flat")
    x = g.concatenation([x, embedding], "joined")
    for name in ("logits", "start", "end"):
        g.output(g.fully_connected(x, *layer(x, 1, CHANNELS + EMBEDDING), name, q))
    return g.to_bytes()


def time_steps(model_file: Path, n_steps: int) -> float:
    """Microseconds per output step, with the row of this process."""
    model = _core.Model(model_file.read_bytes())
    stream = _core.Stream(model)
    rng = np.random.default_rng(0)
    shape = (n_steps * model.frame_stride, model.n_bins)
    frames = rng.integers(-128, 128, shape, dtype=np.int8)
    stream.process(frames)
    begin = time.process_time()
    stream.process(frames)
    return (time.process_time() - begin) / n_steps * 1e6


def time_frames(n_frames: int) -> float:
    """Nanoseconds of the front end per frame, with the row of this process."""
    front_end = _core.Lfbe()
    pcm = np.random.default_rng(0).integers(-9000, 9000, 160 * n_frames, dtype=np.int16)
    front_end.process(pcm)
    begin = time.process_time()
    front_end.process(pcm)
    return (time.process_time() - begin) / n_frames * 1e9


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "?")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", nargs="?", type=Path, help=".tflite file")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.one:
        timed = {
            "network": min(time_steps(args.model, args.steps) for _ in range(3)),
            "front end": min(time_frames(4 * args.steps) for _ in range(3)),
        }
        print(json.dumps(timed))
        return 0
    times = _measure(args.model, args.steps, args.repeats)
    print(f"{_cpu_name()}, {args.steps} steps, median of {args.repeats} (fastest to slowest)")
    for part, unit in (("network", "us per output step"), ("front end", "ns per frame")):
        print(part)
        for isa, rounds in times.items():
            values = [timed[part] for timed in rounds]
            # Round by round: what else the machine did fell on both.
            gain = statistics.median(
                scalar[part] / value for scalar, value in zip(times["scalar"], values)
            )
            print(
                f"  {isa:12}{statistics.median(values):9.2f} {unit} ({min(values):.2f} to "
                f"{max(values):.2f}), {gain:.1f} times scalar"
            )
    return 0


def _measure(model: Path | None, steps: int, repeats: int) -> dict[str, list[dict[str, float]]]:
    times: dict[str, list[dict[str, float]]] = {isa: [] for isa in _core.supported_isas()}
    with TemporaryDirectory() as directory:
        if model is None:
            model = Path(directory) / "typical.tflite"
            model.write_bytes(typical_network())
        for _ in range(repeats):
            for isa, rounds in times.items():
                command = [sys.executable, "-m", "tools.bench", "kernels", str(model), "--one"]
                printed = subprocess.run(
                    [*command, "--steps", str(steps)],
                    env={**os.environ, "PYWAKEWORD_ISA": isa},
                    stdout=subprocess.PIPE,
                    check=True,
                ).stdout
                rounds.append(json.loads(printed))
    return times
