from __future__ import annotations

import threading

import numpy as np
import pytest

from pywakeword.errors import BlockError, StreamError
from pywakeword.tts import (
    FrameStream,
    SequenceBlock,
    SequenceBlockContainer,
    StreamableBlock,
    StreamablePipeline,
    StreamableStack,
)
from pywakeword.tts.blocks import BlockRegistry
from pywakeword.tts.blocks.source_filter import Excitation, OverlapAdd, SourceFilterShape
from pywakeword.tts.blocks.upsampler import Upsampler, frame_positions


class Add(SequenceBlock):
    def __init__(self, source: str, target: str, amount: float) -> None:
        self.inputs, self.outputs, self.amount = (source,), (target,), amount
        self.thread = 0

    def run(self, tensors):
        self.thread = threading.get_ident()
        return {self.outputs[0]: tensors[self.inputs[0]] + self.amount}


class Count(StreamableBlock):
    """Frames 0, 1, 2 ... of a length that a sequence block tells, in pieces of 3."""

    sequence_inputs = ("length",)

    def link(self, upstream_width):
        if upstream_width is not None:
            raise ValueError("Count must come first")
        return 1

    def open(self, tensors, upstream):
        return _Pieces(1, np.arange(float(tensors["length"][0]), dtype=np.float32)[:, None])


class _Pieces(FrameStream):
    def __init__(self, width, frames):
        super().__init__(width)
        self.frames = frames

    def produce(self):
        piece, self.frames = self.frames[:3], self.frames[3:]
        return piece if len(piece) else None


class Double(StreamableBlock):
    def link(self, upstream_width):
        if upstream_width is None:
            raise ValueError("Double needs a block before it")
        return 2 * upstream_width

    def open(self, tensors, upstream):
        return _Doubled(upstream)


class _Doubled(FrameStream):
    def __init__(self, upstream):
        super().__init__(2 * upstream.width, upstream)

    def produce(self):
        frames = self.upstream.pull(2)
        return np.concatenate([frames, frames], axis=1) if len(frames) else None


def read(stream: FrameStream, n: int) -> np.ndarray:
    pieces = []
    while len(piece := stream.pull(n)):
        pieces.append(piece)
    return np.concatenate(pieces)


def test_pipeline_has_one_block_of_each_kind_and_runs_them():
    pipeline = StreamablePipeline(
        Add("n", "length", 2.0), StreamableStack([Count(), StreamableStack([Double(), Double()])])
    )
    assert pipeline.width == 4
    frames = read(pipeline.open({"n": np.array([5.0])}), 4)
    np.testing.assert_array_equal(frames, np.repeat(np.arange(7.0)[:, None], 4, axis=1))
    with pytest.raises(TypeError, match="sequence_block is a Count"):
        StreamablePipeline(Count(), Count())
    with pytest.raises(TypeError, match="streamable_block is a Add"):
        StreamablePipeline(Add("n", "length", 0), Add("n", "length", 0))
    with pytest.raises(ValueError, match="needs length; the sequence block makes other"):
        StreamablePipeline(Add("n", "other", 0), Count())
    with pytest.raises(BlockError, match="the pipeline needs n"):
        pipeline.open({})


def test_frames_do_not_depend_on_how_they_are_pulled():
    stack = StreamableStack([Count(), Double()])
    stack.link(None)
    tensors = {"length": np.array([20])}
    whole = stack.open(tensors, None).pull(1000)
    assert whole.shape == (20, 2)
    for n in (1, 2, 3, 7, 20):
        np.testing.assert_array_equal(read(stack.open(tensors, None), n), whole)


def test_pull_gives_what_is_asked_until_the_end():
    stream = Count().open({"length": np.array([5])}, None)
    assert [len(stream.pull(4)) for _ in range(3)] == [4, 1, 0]
    with pytest.raises(ValueError, match="positive"):
        stream.pull(0)
    stream.close()
    stream.close()
    with pytest.raises(StreamError, match="closed"):
        stream.pull(1)


def test_closing_a_stream_closes_its_upstream():
    lower = Count().open({"length": np.array([5])}, None)
    with Double().open({}, lower) as upper:
        upper.pull(1)
    with pytest.raises(StreamError):
        lower.pull(1)


def test_a_block_that_makes_other_frames_than_it_said_is_named():
    stream = _Pieces(2, np.zeros((4, 3), np.float32))
    with pytest.raises(BlockError, match=r"_Pieces made float32 of shape \(3, 3\).* width 2"):
        stream.pull(1)
    with pytest.raises(BlockError, match="float64"):
        _Pieces(1, np.zeros((4, 1))).pull(1)


def test_a_failing_open_closes_what_was_opened():
    opened = []

    class Recording(Count):
        def open(self, tensors, upstream):
            opened.append(super().open(tensors, upstream))
            return opened[0]

    class Failing(Double):
        def open(self, tensors, upstream):
            raise BlockError("no")

    with pytest.raises(BlockError):
        StreamableStack([Recording(), Failing()]).open({"length": np.array([3])}, None)
    with pytest.raises(StreamError):
        opened[0].pull(1)


def test_a_stack_says_which_block_does_not_fit():
    with pytest.raises(ValueError, match="block 1: Count must come first"):
        StreamableStack([Count(), Count()]).link(None)
    with pytest.raises(ValueError, match=r"block 1\.0: Count must come first"):
        StreamableStack([Count(), StreamableStack([Count()])]).link(None)


@pytest.mark.parametrize("parallel", [False, True])
def test_a_container_orders_its_blocks_by_their_tensors(parallel):
    inner = SequenceBlockContainer([Add("b", "c", 3.0), Add("a", "b", 2.0)], parallel=parallel)
    assert inner.inputs == ("a",)
    outer = SequenceBlockContainer([Add("c", "d", 4.0), inner], parallel=parallel)
    assert outer.inputs == ("a",)
    made = outer.run({"a": np.array([1.0])})
    assert {name: float(value[0]) for name, value in made.items()} == {"b": 3, "c": 6, "d": 10}


def test_parallel_blocks_run_in_threads_of_their_own():
    barrier = threading.Barrier(2, timeout=10)

    class Meeting(Add):
        def run(self, tensors):
            barrier.wait()  # passes only if both are here at a time
            return super().run(tensors)

    blocks = [Meeting("a", "b", 1), Meeting("a", "c", 2)]
    SequenceBlockContainer(blocks, parallel=True).run({"a": np.zeros(1)})
    assert blocks[0].thread != blocks[1].thread


def test_a_container_refuses_circles_and_doubles():
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        SequenceBlockContainer([Add("a", "b", 1), Add("b", "a", 1)])
    with pytest.raises(ValueError, match="more than one block makes b"):
        SequenceBlockContainer([Add("a", "b", 1), Add("a", "b", 1)])


def test_the_registry_takes_blocks_only_and_each_name_once():
    registry = BlockRegistry()

    class Configured(Count):
        @classmethod
        def from_config(cls, fields, resources):
            return cls()

    registry.register("Count")(Configured)
    with pytest.raises(ValueError, match="registered already"):
        registry.register("Count")
    registry.register("Count", replace=True)(Configured)
    with pytest.raises(TypeError, match="from_config"):
        registry.register("Other")(Count)
    with pytest.raises(TypeError, match="neither kind"):
        registry.register("Other")(int)
    copy = registry.copy()
    copy.register("More")(Configured)
    assert registry.names() == ["Count"]
    assert copy.names() == ["Count", "More"]


def test_upsampler_spreads_rounding_errors_and_says_where_a_frame_is():
    encoded = np.arange(6, dtype=np.float32).reshape(3, 2)
    block = Upsampler(2)
    stream = block.open({"encoded": encoded, "durations": np.full(3, 1.4, np.float32)}, None)
    frames = read(stream, 2)
    assert frames.shape == (4, 5)  # 4.2 rounded once, not three times
    np.testing.assert_array_equal(frames[:, :2], encoded[[0, 1, 1, 2]])
    index, places = frame_positions(np.array([0, 2, 1]), 0, 3)
    assert index.tolist() == [1, 1, 2]
    np.testing.assert_allclose(places[:, 0], [0.25, 0.75, 0.5])
    with pytest.raises(BlockError, match="negative"):
        block.open({"encoded": encoded, "durations": np.array([1, -1, 1.0])}, None)
    with pytest.raises(BlockError, match="3 encodings"):
        block.open({"encoded": encoded, "durations": np.ones(2)}, None)


SHAPE = SourceFilterShape(16_000, 40, 128, 9)


def test_excitation_and_overlap_add_do_not_depend_on_the_cut():
    f0 = np.linspace(100, 300, 50)

    def audio(cut: int) -> np.ndarray:
        excitation, total = Excitation(SHAPE, 3), OverlapAdd(SHAPE)
        parts = []
        for start in range(0, 50, cut):
            harmonics, noise = excitation.spectra(f0[start : start + cut])
            parts.append(total.push(harmonics + 0.1 * noise))
        return np.concatenate([*parts, total.flush()])

    whole = audio(50)
    for cut in (1, 7):
        np.testing.assert_array_equal(audio(cut), whole)


def test_the_source_has_the_pitch_and_the_power_it_should_have():
    harmonics, noise = Excitation(SHAPE).spectra(np.full(400, 250.0))
    total = OverlapAdd(SHAPE)
    audio = total.push(harmonics)[1000:]
    spectrum = np.abs(np.fft.rfft(audio[:8000] * np.hanning(8000)))
    peaks = np.flatnonzero(spectrum > 0.5 * spectrum.max())
    np.testing.assert_allclose(peaks * 2 / 250, np.round(peaks * 2 / 250), atol=0.02)
    assert np.mean(audio**2) == pytest.approx(1, rel=0.1)
    assert np.mean(OverlapAdd(SHAPE).push(noise)[1000:] ** 2) == pytest.approx(1, rel=0.1)


def test_each_hop_is_centred_at_its_frame():
    # One frame louder than silence: its sound lies around the frame's centre.
    spectra = np.zeros((20, SHAPE.n_fft // 2 + 1), np.complex64)
    spectra[10] = Excitation(SHAPE).spectra(np.full(1, 200.0))[1][0]
    total = OverlapAdd(SHAPE)
    audio = np.concatenate([total.push(spectra), total.flush()])
    loud = np.flatnonzero(np.abs(audio) > 1e-6)
    assert loud.min() >= 9 * 40
    assert loud.max() < 11 * 40
