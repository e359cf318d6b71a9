"""The bundled encoder and arbitrator, as networks; what they are worth is on their cards."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.sounds import RATE, floor, request, spoken

from pywakeword import (
    CardError,
    EncoderStream,
    Encoding,
    End,
    FrameBatch,
    FrameBatcher,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    NetworkArbitrator,
    StreamingEncoder,
    TwoPassEndpointer,
)
from pywakeword.models.digest import file_entry

pytest.importorskip("onnxruntime", reason="the endpoint extra is not installed")

MODELS = Path(__file__).parents[3] / "models" / "endpoint"


def frames(n: int = 30) -> np.ndarray:
    return np.random.default_rng(1).normal(-5, 3, (n, 256)).astype(np.float32)


def encoded(x: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    stream, out, begin = EncoderStream(), [], 0
    for size in sizes:
        out.append(stream.push(FrameBatch(x[begin : begin + size], begin, "full")))
        begin += size
    return [np.concatenate(parts) for parts in zip(*out)]


def test_sizes() -> None:
    for name in ("encoder", "arbitrator"):
        assert (MODELS / f"{name}.onnx").stat().st_size < 1_000_000
    assert json.loads((MODELS / "encoder.json").read_text())["network"]["parameters"] < 1_000_000


def test_a_frame_sees_its_batch_and_nothing_behind_it() -> None:
    x = frames()
    encoding, scores, eos = encoded(x, [10, 20])
    assert encoding.shape == (30, EncoderStream().n_dims)
    assert scores.shape == (30, len(EncoderStream().tokens))
    assert ((eos >= 0) & (eos <= 1)).all()
    changed = x.copy()
    changed[10:] += 5
    np.testing.assert_array_equal(encoded(changed, [10, 20])[0][:10], encoding[:10])
    changed = x.copy()
    changed[9] += 5
    assert (encoded(changed, [10, 20])[0][5:9] != encoding[5:9]).any(axis=1).all()
    # What lies behind a batch is masked; it is not silence that is put there.
    silence = np.concatenate([x[:10], np.full((10, 256), -13.8, np.float32)])
    assert np.abs(encoded(silence, [20])[0][:10] - encoding[:10]).max() > 0.05


def test_batches_of_a_frame_batcher() -> None:
    x = frames(40)
    speech = np.ones(40, bool)
    speech[20:] = False
    batcher = FrameBatcher(8, flush_pause_ms=200, frame_ms=40)
    stream, n_encoded = EncoderStream(), 0
    batches = batcher.push(x, speech) + batcher.close()
    assert {b.reason for b in batches} >= {"full", "pause"}
    for batch in batches:
        n_encoded += len(stream.push(batch)[0])
    assert n_encoded == 40


def test_looking_does_not_move_the_stream() -> None:
    x = frames(10)
    stream = EncoderStream()
    batch = FrameBatch(x, 0, "full")
    first = stream.push(batch, keep=False)
    np.testing.assert_array_equal(stream.push(batch)[0], first[0])
    assert (stream.push(batch)[0] != first[0]).any()
    stream.reset()
    np.testing.assert_array_equal(stream.push(batch)[0], first[0])


@pytest.mark.parametrize("size", [1, 7, 160, 1000, 10**9])
def test_cuts_do_not_change_the_encoding(size: int) -> None:
    pcm = spoken("computer")[: 2 * RATE + 333]
    whole = StreamingEncoder()
    whole.process(pcm)
    wanted = whole.encoding()
    source = StreamingEncoder()
    for begin in range(0, len(pcm), size):
        source.process(pcm[begin : begin + size])
        if size >= 1000:
            source.encoding()  # asking changes nothing
    found = source.encoding()
    np.testing.assert_array_equal(found.frames, wanted.frames)
    assert (found.tokens, found.eos, found.first_sample) == (
        wanted.tokens,
        wanted.eos,
        wanted.first_sample,
    )


def test_the_encoding_reaches_up_to_now() -> None:
    source = StreamingEncoder()
    assert source.encoding().frames.shape == (0, source.encoding().frames.shape[1])
    source.process(floor(4))
    encoding = source.encoding()
    assert len(encoding.frames) == 38
    assert 4 * RATE - 1000 <= encoding.first_sample + 38 * 640 <= 4 * RATE
    source.reset()
    assert source.encoding().first_sample == 0


def test_speech_gives_phones_and_then_the_end() -> None:
    source = StreamingEncoder()
    source.process(np.concatenate([floor(0.5), request()[: -1600 - RATE // 2]]))
    during = source.encoding()
    assert any(t not in ("<blank>", "<eos>") for t in during.tokens)
    source.process(np.concatenate([request()[-1600 - RATE // 2 :], floor(0.8)]))
    assert source.encoding().eos > during.eos + 0.2


def test_two_passes_with_the_bundled_models() -> None:
    pcm = np.concatenate([floor(1), request(), floor(3)])
    decisions: list = []
    endpointer = TwoPassEndpointer(on_decision=decisions.append)
    assert endpointer.policy == NetworkArbitrator().policy
    *_, end = endpointer.process(pcm)
    assert isinstance(end, End)
    assert decisions
    assert all(0 < d.probability < 1 for d in decisions)
    endpointer.reset()
    assert endpointer.process(pcm)[-1] == end


def test_the_arbitrator_refuses_another_recognisers_encoding() -> None:
    arbitrator = NetworkArbitrator()
    quiet = floor(1)
    with pytest.raises(ValueError, match="values a frame"):
        arbitrator.probability(Encoding(np.zeros((3, 7), np.float32), 0, (), 0.5), quiet, 0.2)
    dims = EncoderStream().n_dims
    frames = np.zeros((3, dims), np.float32)
    with pytest.raises(ValueError, match="hello"):
        arbitrator.probability(Encoding(frames, 0, ("hello",), 0.5), quiet, 0.2)
    assert 0 < arbitrator.probability(Encoding(frames[:0], 0, (), 0.0), quiet[:0], 0.2) < 1


def test_missing_models_and_extras_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelNotFoundError, match="arbitrator, encoder"):
        StreamingEncoder("no_such_encoder")
    with pytest.raises(CardError, match="endpoint_arbitrator"):
        EncoderStream("arbitrator")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[endpoint\]"):
        TwoPassEndpointer()


def test_damaged_models_raise(tmp_path: Path) -> None:
    for suffix in (".onnx", ".json"):
        shutil.copy(MODELS / f"encoder{suffix}", tmp_path)
    path = tmp_path / "encoder.onnx"
    EncoderStream(path)
    card = json.loads((tmp_path / "encoder.json").read_text())
    card["frontend"]["n_mels"] = 40
    (tmp_path / "encoder.json").write_text(json.dumps(card))
    with pytest.raises(CardError, match="n_mels"):
        EncoderStream(path)
    path.write_bytes(b"junk")
    with pytest.raises(CardError, match="4 bytes, its card says"):
        EncoderStream(path)
    card = json.loads((MODELS / "encoder.json").read_text())
    card["model"] = file_entry("encoder.onnx", b"junk")
    (tmp_path / "encoder.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="ONNX Runtime refuses"):
        EncoderStream(path)
    (tmp_path / "encoder.json").unlink()
    with pytest.raises(CardError, match="card is missing"):
        EncoderStream(path)
