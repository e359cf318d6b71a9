"""The core's int8 networks equal the LiteRT interpreter's reference kernels bit for bit.

The XNNPACK delegate, which the interpreter uses unless told otherwise, rounds
differently in places; `test_delegate_difference` reports by how much.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.child_process import run
from helpers.litert_reference import Reference
from helpers.random_graphs import RandomGraph

from pywakeword import _core

N_GRAPHS = 60
INPUTS_PER_GRAPH = 20  # 1,200 in total
INPUTS_PER_MODEL = 1000
DUE_FRAMES = 12
MODELS = sorted((Path(__file__).parents[3] / "models").glob("*.tflite"))


def _random_int8(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(-128, 128, shape, dtype=np.int8)


def _set_state(stream: _core.Stream, model: _core.Model, rng: np.random.Generator):
    if model.n_state == 0:
        return None
    state = _random_int8(rng, model.n_state)
    stream.set_state(state)
    return state


def _check_whole_windows(data: bytes, n_inputs: int, seed: int) -> None:
    model = _core.Model(data)
    stream = _core.Stream(model)
    reference = Reference(data)
    assert reference.has_state == (model.n_state > 0)
    rng = np.random.default_rng(seed)
    for _ in range(n_inputs):
        stream.reset()
        state = _set_state(stream, model, rng)
        window = _random_int8(rng, model.window_frames, model.n_bins)
        outputs = stream.process(window)
        expected = reference.run(window, state, model.output_names)
        for name, got, want in zip(model.output_names, outputs, expected):
            np.testing.assert_array_equal(got, want[np.newaxis], err_msg=name)


def _check_stream(data: bytes, seed: int) -> None:
    model = _core.Model(data)
    stream = _core.Stream(model)
    reference = Reference(data)
    rng = np.random.default_rng(seed)
    state = _set_state(stream, model, rng)
    n_frames = model.window_frames + (DUE_FRAMES - 1) * model.frame_stride
    frames = _random_int8(rng, n_frames, model.n_bins)
    # Cut at random places: the result may not depend on it.
    cuts = np.sort(rng.integers(0, n_frames + 1, 5))
    pieces = [stream.process(piece) for piece in np.split(frames, cuts)]
    outputs = [np.concatenate(parts) for parts in zip(*pieces)]
    assert all(len(output) == DUE_FRAMES for output in outputs)
    for due in range(DUE_FRAMES):
        begin = due * model.frame_stride
        window = frames[begin : begin + model.window_frames]
        expected = reference.run(window, state, model.output_names)
        for name, got, want in zip(model.output_names, outputs, expected):
            np.testing.assert_array_equal(got[due], want, err_msg=f"{name}, output {due}")


@pytest.mark.parametrize("seed", range(N_GRAPHS))
def test_random_graph(seed: int) -> None:
    data = RandomGraph(seed).build()
    _check_whole_windows(data, INPUTS_PER_GRAPH, seed)
    _check_stream(data, seed)


def test_random_graphs_are_telling() -> None:
    """Outputs spread over the range: two constants would agree, too."""
    spreads = []
    for seed in range(N_GRAPHS):
        model = _core.Model(RandomGraph(seed).build())
        stream = _core.Stream(model)
        rng = np.random.default_rng(seed)
        _set_state(stream, model, rng)
        n_frames = model.window_frames + 20 * model.frame_stride
        outputs = stream.process(_random_int8(rng, n_frames, model.n_bins))
        spreads.append(max(len(np.unique(output)) for output in outputs))
    assert np.median(spreads) > 15, spreads


def test_there_are_bundled_models_to_compare() -> None:
    assert {"alexa", "computer"} <= {path.stem for path in MODELS}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_bundled_model(path: Path) -> None:
    data = path.read_bytes()
    _check_whole_windows(data, INPUTS_PER_MODEL, seed=1)
    _check_stream(data, seed=2)


@pytest.mark.parametrize("isa", [i for i in _core.supported_isas() if i != _core.isa()])
def test_every_other_instruction_set(isa: str) -> None:
    # The row is chosen once a process; this one's is what the other tests use.
    selection = "test_random_graph or test_bundled_model"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    result = run(*command, "-k", selection, variables={"PYWAKEWORD_ISA": isa}, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_unknown_instruction_set_is_an_error() -> None:
    code = "from pywakeword import _core; _core.isa()"
    result = run(sys.executable, "-c", code, variables={"PYWAKEWORD_ISA": "mmx"}, text=True)
    assert result.returncode != 0
    assert "PYWAKEWORD_ISA=mmx" in result.stderr
    assert "scalar" in result.stderr


def test_delegate_difference(
    record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Measure how far the XNNPACK delegate is from the reference kernels."""
    n_inputs = n_different = n_values = n_values_different = largest = 0
    for seed in range(N_GRAPHS):
        data = RandomGraph(seed).build()
        model = _core.Model(data)
        reference, delegate = Reference(data), Reference(data, delegate=True)
        rng = np.random.default_rng(seed)
        for _ in range(INPUTS_PER_GRAPH):
            window = _random_int8(rng, model.window_frames, model.n_bins)
            state = _random_int8(rng, model.n_state) if model.n_state else None
            want = np.concatenate(reference.run(window, state, model.output_names))
            got = np.concatenate(delegate.run(window, state, model.output_names))
            steps = np.abs(got.astype(int) - want)
            n_inputs += 1
            n_different += bool(steps.any())
            n_values += steps.size
            n_values_different += np.count_nonzero(steps)
            largest = max(largest, int(steps.max()))
    record_property("xnnpack_inputs_different", n_different / n_inputs)
    record_property("xnnpack_values_different", n_values_different / n_values)
    record_property("xnnpack_largest_step", largest)
    with capsys.disabled():
        sys.stdout.write(
            f"\nXNNPACK delegate: differs in {n_different / n_inputs:.1%} of {n_inputs} inputs, "
            f"{n_values_different / n_values:.1%} of the values, by at most {largest}\n"
        )
    # A rounding here and there, which later layers may amplify; not another network.
    assert n_values_different / n_values < 0.1
