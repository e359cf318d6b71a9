"""Wrong arguments of every public class: an error that names the argument, never a result."""

from __future__ import annotations

import array
import copy
from typing import Any

import numpy as np
import pytest

from pywakeword import (
    ArraySource,
    Calibration,
    CalibrationRow,
    DeviceState,
    EchoCancelledSource,
    EchoCanceller,
    Endpointer,
    EndpointRule,
    FileSource,
    FrameBatcher,
    FrameRepair,
    MicrophoneSource,
    RequestListener,
    StdinSource,
    TruncationCheck,
    TwoPassEndpointer,
    UtteranceJoiner,
    WaitPolicy,
    WakeWord,
)

hypothesis = pytest.importorskip("hypothesis", reason="fuzzing needs hypothesis")

from helpers.wrong_arguments import (  # noqa: E402
    BAD_INTEGERS,
    BAD_NUMBERS,
    NO_NAMES,
    NO_NUMBERS,
    NO_OPTIONS,
    NO_TYPES,
    Call,
    quick,
    refuses,
)
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

pytestmark = pytest.mark.portable

PCM = np.arange(-400, 400, dtype=np.int16)
TABLE = Calibration(10.0, 10, (CalibrationRow(0.5, 1.0, 0.1),), 0.5)
SPOTTER = WakeWord("alexa")
ENDPOINTER = Endpointer()

NUMBERS: list[tuple[str, Call]] = [
    ("threshold", lambda bad: WakeWord("alexa", threshold=bad)),
    ("threshold", lambda bad: WakeWord("alexa", threshold={"alexa": bad})),
    ("false.accepts.per.hour", lambda bad: WakeWord("alexa", false_accepts_per_hour=bad)),
    ("false.accepts.per.hour", TABLE.threshold_for),
    ("volume", lambda bad: DeviceState(volume=bad)),
    *(
        (name, lambda bad, name=name: Endpointer(**{name: bad}))
        for name in (
            "possible_end_ms",
            "no_speech_timeout_ms",
            "max_utterance_ms",
            "grace_ms",
            "min_speech_ms",
            "word_tail_ms",
            "onset_threshold",
            "offset_threshold",
            "level_range_db",
        )
    ),
    *(
        (name, lambda bad, name=name: Endpointer(rules=[EndpointRule("rule", **{name: bad})]))
        for name in ("min_trailing_silence_ms", "min_utterance_ms")
    ),
    *(
        (name, lambda bad, name=name: WaitPolicy(**{name: bad}))
        for name in ("shortest_ms", "longest_ms", "middle")
    ),
    ("probability", WaitPolicy().wait_ms),
    ("grace_ms", UtteranceJoiner),
    ("sure_from", lambda bad: TruncationCheck([], print, sure_from=bad)),
    ("keep_s", lambda bad: TruncationCheck([], print, keep_s=bad)),
    ("flush_pause_ms", lambda bad: FrameBatcher(3, flush_pause_ms=bad)),
    ("max_wait_ms", lambda bad: FrameBatcher(3, max_wait_ms=bad)),
    ("frame_ms", lambda bad: FrameBatcher(3, frame_ms=bad)),
    ("block_s", lambda bad: FileSource("no such file", block_s=bad)),
    ("tail_ms", lambda bad: EchoCanceller(tail_ms=bad)),
    ("max_delay_ms", lambda bad: EchoCanceller(max_delay_ms=bad)),
    *(
        (name, lambda bad, name=name: MicrophoneSource(**{name: bad}))
        for name in ("block_s", "queue_s", "timeout_s", "reopen_s")
    ),
    *(
        (name, lambda bad, name=name: TwoPassEndpointer(**{name: bad}))
        for name in ("eos_threshold", "tail_s")
    ),
    ("ask_at_ms", lambda bad: TwoPassEndpointer(ask_at_ms=[200, bad])),
]
OTHERS: list[tuple[str, Call, Any]] = [
    ("model", WakeWord, NO_NAMES),
    ("model", lambda bad: WakeWord(["alexa", bad]), NO_NAMES),
    ("model", lambda bad: Endpointer(model=bad), NO_NAMES),
    ("backend", lambda bad: WakeWord("alexa", backend=bad), NO_TYPES),
    ("backend", lambda bad: Endpointer(backend=bad), NO_TYPES),
    ("device_type", lambda bad: DeviceState(device_type=bad), NO_TYPES),
    ("playback", lambda bad: DeviceState(playback=bad), NO_TYPES),
    ("device_state", lambda bad: setattr(SPOTTER, "device_state", bad), NO_TYPES),
    ("rule", lambda bad: Endpointer(rules=bad), NO_TYPES),
    ("rule", lambda bad: Endpointer(rules=[bad]), NO_TYPES),
    ("detection", ENDPOINTER.start_after_wake_word, NO_NUMBERS | st.just(10**30)),
    ("spotter", ENDPOINTER.share_front_end, NO_TYPES),
    ("spotter", lambda bad: RequestListener(bad, ENDPOINTER), NO_TYPES),
    ("endpointer", lambda bad: RequestListener(SPOTTER, bad), NO_TYPES),
    ("rules", lambda bad: TwoPassEndpointer(rules=bad), NO_TYPES),
    ("ask_at_ms", lambda bad: TwoPassEndpointer(ask_at_ms=bad), NO_TYPES),
    (
        "policy",
        lambda bad: TwoPassEndpointer(policy=bad),
        NO_OPTIONS,
    ),
    ("path", FileSource, NO_NAMES),
    ("stream", StdinSource, NO_OPTIONS),
    ("max_frames", FrameBatcher, BAD_INTEGERS),
    ("block_samples", lambda bad: ArraySource(PCM, block_samples=bad), BAD_INTEGERS),
    ("n_frames", FrameBatcher(3).skip, BAD_INTEGERS),
    ("frames", lambda bad: FrameBatcher(3).push(bad, np.zeros(1, bool)), NO_TYPES),
    ("is_speech", lambda bad: FrameBatcher(3).push(np.zeros((1, 2)), bad), NO_TYPES),
    (
        "canceller",
        lambda bad: EchoCancelledSource(ArraySource(PCM), ArraySource(PCM), canceller=bad),
        NO_OPTIONS,
    ),
    ("microphone", lambda bad: EchoCancelledSource(bad, ArraySource(PCM)), st.none() | st.text()),
    ("loudspeaker", lambda bad: EchoCancelledSource(ArraySource(PCM), bad), st.none() | st.text()),
    ("frames", FrameRepair, st.none() | st.integers() | st.lists(st.floats(), min_size=1)),
    (
        "separator",
        lambda bad: TruncationCheck([], print, separator=bad),
        NO_NAMES,
    ),
    *(
        ("pcm", take, NO_NAMES.filter(lambda bad: not isinstance(bad, bytes)) | st.text(max_size=4))
        for take in (
            SPOTTER.process,
            SPOTTER.scores,
            SPOTTER.process_with_scores,
            ENDPOINTER.process,
            ENDPOINTER.probabilities,
            ENDPOINTER.process_with_probabilities,
            ArraySource,
            RequestListener(SPOTTER, ENDPOINTER).process,
            lambda bad: EchoCanceller().process(bad, PCM),
            lambda bad: EchoCanceller().process(PCM, bad),
        )
    ),
]


@pytest.mark.parametrize(("name", "call"), NUMBERS)
@quick
@given(bad=BAD_NUMBERS)
def test_numbers(name: str, call: Call, bad: object) -> None:
    refuses(call, name, bad)


@pytest.mark.parametrize(("name", "call", "values"), OTHERS)
@quick
@given(data=st.data())
def test_other_arguments(name: str, call: Call, values: Any, data: Any) -> None:
    refuses(call, name, data.draw(values))


@pytest.mark.parametrize("kind", [array.array, memoryview, bytearray])
def test_samples_without_numpy(kind: Any) -> None:
    pcm = np.concatenate([PCM] * 20)
    expected = WakeWord("alexa").scores(pcm)
    samples = array.array("h", pcm.tolist()) if kind is array.array else kind(pcm.tobytes())
    np.testing.assert_array_equal(WakeWord("alexa").scores(samples), expected)
    assert [len(block) for block in ArraySource(samples)] == [1600] * 10


@pytest.mark.parametrize(
    ("pcm", "error", "message"),
    [
        (memoryview(np.zeros((4, 2), np.int16)), ValueError, "pcm must be 1-D, got 2 dim"),
        (memoryview(bytes(8)).cast("B", (4, 2)), ValueError, "pcm must be 1-D, got 2 dim"),
        (memoryview(np.int16(1)), ValueError, "pcm must be 1-D, got 0 dim"),
        (np.int16(1), ValueError, "pcm must be 1-D, got 0 dim"),
        (array.array("f", [0.5]), TypeError, "pcm must hold bytes or int16, .* 'f'"),
        (array.array("i", [1]), TypeError, "pcm must hold bytes or int16, .* 'i'"),
        (array.array("B", [1]), ValueError, "the length is odd"),
    ],
)
def test_buffers_that_are_no_samples(pcm: Any, error: type, message: str) -> None:
    for take in (SPOTTER.process, ENDPOINTER.process, ArraySource):
        with pytest.raises(error, match=message):
            take(pcm)


@pytest.mark.parametrize(
    "stream",
    [
        SPOTTER,
        ENDPOINTER,
        RequestListener(SPOTTER, ENDPOINTER),
        EchoCanceller(),
        FrameBatcher(3),
        TruncationCheck([], print),
    ],
    ids=lambda stream: type(stream).__name__,
)
def test_a_stream_has_no_copy_that_shares_it(stream: object) -> None:
    with pytest.raises(TypeError, match=f"a {type(stream).__name__} is one stream"):
        copy.copy(stream)
