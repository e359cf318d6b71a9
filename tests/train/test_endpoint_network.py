"""The encoder: look-ahead, training, export; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pywakeword import EncoderStream, FrameBatch, NetworkArbitrator, WaitPolicy
from pywakeword.endpointing.recognisers.encoder import StreamingEncoder
from pywakeword.training.material.features import lfbe
from tools.endpointing.data.augment import sequence, stacked
from tools.endpointing.data.corpus import Utterance
from tools.endpointing.data.examples import cut, listen, whole
from tools.endpointing.data.features import Item
from tools.endpointing.data.spans import Spans
from tools.endpointing.figures.lookahead import _between, batched_right, compare, edits
from tools.endpointing.networks.arbitration import train_arbitrator
from tools.endpointing.networks.encoder import Encoder, Shape, batch_right, fixed_right
from tools.endpointing.networks.export import export_arbitrator, export_encoder
from tools.endpointing.networks.training import token_targets, train_encoder

FRAMES = 24


def network(seed: int = 1) -> Encoder:
    torch.manual_seed(seed)
    return Encoder(Shape(), np.full(64, -5.0), np.full(64, 3.0)).eval()


def encode(encoder: Encoder, x: torch.Tensor, right: np.ndarray) -> torch.Tensor:
    with torch.no_grad():
        look = torch.from_numpy(np.array(np.broadcast_to(right, (5, x.shape[1]))))
        return encoder(x, look[None])[0][0]


def item(role: str = "train", seed: int = 1) -> Item:
    """Two bursts of noise with 0.4 s between them, as one recording."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.001, 40_000)
    samples[8000:16_000] += rng.normal(0, 0.1, 8000)
    samples[22_400:30_400] += rng.normal(0, 0.1, 8000)
    features = lfbe(samples).astype(np.float16)
    labels = np.zeros(len(features), np.int8)
    labels[50:100:], labels[140:190], labels[190:] = 3, 7, 40
    utterance = Utterance(
        Path("x.wav"), "speechocean762", f"s{seed}", True, "a b", role, False, "nobody", "none"
    )
    pcm = np.rint(samples * 32768).astype(np.int16)
    return Item(utterance, pcm, features, Spans(50, 190, ((100, 140),), (75,)), labels)


def test_look_ahead_of_batches_and_of_a_fixed_length() -> None:
    assert batch_right(7, 3).tolist() == [2, 1, 0, 2, 1, 0, 0]
    assert batch_right(5, 3, offset=1).tolist() == [1, 0, 2, 1, 0]
    fixed = fixed_right(20, 7, 5)
    assert fixed[:, 0].tolist() == [2, 2, 1, 1, 1]
    assert fixed[:, -1].tolist() == [0] * 5


@pytest.mark.parametrize("look_ahead", [0, 1, 3, 8])
def test_a_frame_looks_as_far_as_it_may_and_no_further(look_ahead: int) -> None:
    encoder = network()
    x = torch.randn(1, FRAMES, 256)
    changed = x.clone()
    changed[:, 12:] += 3
    right = fixed_right(FRAMES, look_ahead, 5)
    same = (encode(encoder, x, right) == encode(encoder, changed, right)).all(dim=1)
    assert same[: 12 - look_ahead].all()
    assert not same[12 - look_ahead :].any()


def test_chunks_with_their_cache_are_the_whole() -> None:
    encoder = network()
    x = torch.randn(1, FRAMES, 256)
    whole_at_once = encode(encoder, x, batch_right(FRAMES, 8))
    cache, parts = encoder.empty_cache(1), []
    with torch.no_grad():
        for begin in range(0, FRAMES, 8):
            right = torch.from_numpy(np.tile(batch_right(8, 8), (1, 5, 1)))
            encoding, _, cache = encoder(x[:, begin : begin + 8], right, cache)
            parts.append(encoding[0])
    torch.testing.assert_close(torch.cat(parts), whole_at_once, atol=1e-5, rtol=1e-4)


def test_targets_and_edits() -> None:
    assert token_targets(np.array([0, 5, 5, 0, 5, 9, 0, 40, 40])) == [5, 5, 9, 40]
    assert edits([1, 2, 3], [1, 3]) == 1
    assert edits([], [1, 3]) == 2
    assert edits([4, 1, 2, 9], [1, 2, 3]) == 2


def test_look_ahead_is_that_of_the_batcher() -> None:
    speech = np.array([True] * 7 + [False] * 8)
    right, reasons = batched_right(speech, 4)
    # Frames 4 to 7 fill a batch; the pause of 200 ms after frame 6 sends out 8 to 11.
    assert right.tolist() == [3, 2, 1, 0] * 3 + [2, 1, 0]
    assert reasons == ["full", "full", "pause", "close"]
    right, reasons = batched_right(speech, 12)
    assert reasons == ["pause", "close"]
    assert right.tolist() == [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 2, 1, 0]


def test_compared_at_equal_mean_latency() -> None:
    items = [item(seed=seed) for seed in (1, 2)]
    alone, wide = compare(network(), items, (1, 9), most_fixed=6)
    assert alone["mean_look_ahead_ms"] == 0
    assert alone["dynamic_error"] == alone["fixed_error"]  # neither looks ahead
    assert alone["difference_interval"] == [0, 0]
    assert wide["mean_look_ahead_ms"] <= 40 * 4  # a pause or the close cuts batches short
    with pytest.raises(ValueError, match="no fixed look-ahead waits as long"):
        compare(network(), items, (9,), most_fixed=1)


def test_between_two_fixed_look_aheads() -> None:
    wrong = [np.array([4, 0]), np.array([2, 2])]
    assert _between(40.0, [0.0, 40.0], wrong).tolist() == [2, 2]
    assert _between(10.0, [0.0, 40.0], wrong).tolist() == [3.5, 0.5]


def test_sequences_keep_their_labels_in_step() -> None:
    one, rng = item(), np.random.default_rng(2)
    ends = []
    for _ in range(30):
        x, y = sequence(one, rng)
        assert len(x) == len(y)
        assert np.isfinite(x).all()
        ends.append(int(y[-1]))
        loud = x.max(axis=1) > -4
        assert (y[loud[: len(y)]] != 40).mean() > 0.9
    assert set(ends) == {0, 40}  # broken off, and over


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Constant folding")
def test_from_training_to_the_runtime(tmp_path: Path) -> None:
    items = [item(seed=seed) for seed in range(1, 6)]
    encoder = train_encoder(items, tmp_path, steps=4, batch=3)
    resumed = train_encoder(items, tmp_path, steps=4, batch=3)
    x = torch.from_numpy(stacked(items[0].features.astype(np.float32)))[None, 8 : 8 + FRAMES]
    right = batch_right(FRAMES, FRAMES)
    torch.testing.assert_close(encode(resumed, x, right), encode(encoder, x, right))

    path = export_encoder(encoder, tmp_path / "models", {})
    stream = EncoderStream(path)
    found, _, _ = stream.push(FrameBatch(x[0].numpy(), 0, "close"))
    wanted = encode(encoder, x, right).numpy()
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.99

    source, rng = StreamingEncoder(path), np.random.default_rng(3)
    pauses = [p for i in items for make in (whole, cut) for p in listen(source, i, *make(i, rng))]
    assert [(p.kind, len(p.asks)) for p in pauses[:3]] == [("hold", 1), ("end", 3), ("cut", 3)]
    assert pauses[0].duration_ms == 400
    many = pauses * 8
    arbitrator = train_arbitrator(many, many, epochs=2)
    card = {"policy": {"shortest_ms": 200, "longest_ms": 900, "middle": 0.4, "steepness": 1}}
    runtime = NetworkArbitrator(export_arbitrator(arbitrator, tmp_path / "models", card))
    assert runtime.policy == WaitPolicy(200, 900, 0.4, 1)
    source.reset()
    source.process(items[0].pcm)
    assert 0 < runtime.probability(source.encoding(), items[0].pcm, 0.6) < 1
