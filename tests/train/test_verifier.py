"""Verifier training, DNN-HMM, comparison, export; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import pywakeword
from pywakeword.training.figures.conditions import Stream
from pywakeword.training.material.features import Entry, Store
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import N_STATE, Shape
from pywakeword.verifier.scorer import Fusion
from pywakeword.verifier.snippet import state_vector
from tools.verifier.data.candidates import DEFAULT, MARGIN_FRAMES, Candidates, Scanner
from tools.verifier.data.dev_set import LOOSE_THRESHOLD, DevSet, halve
from tools.verifier.data.mined import Mined, mine
from tools.verifier.data.sampling import Sampler
from tools.verifier.data.windows import PADDING, PRE_ROLL_FRAMES, WINDOW_FRAMES, cut, truncate
from tools.verifier.figures import together
from tools.verifier.figures.comparison import Scored, change, false_accepts
from tools.verifier.figures.system import change as relative_change
from tools.verifier.figures.system import choose, fit, sent, tally
from tools.verifier.networks import hmm
from tools.verifier.networks.architectures import Cra, Trunk
from tools.verifier.networks.export import to_onnx
from tools.verifier.networks.training import (
    NETWORKS,
    VerifierNetworks,
    describe_windows,
    second_stage_examples,
    train,
)

torch.set_num_threads(1)
WORDS = ("alexa", "computer")
SHAPE = Shape(stem_channels=8, channels=12, head_channels=8)
QUIET, LOUD = -12.0, 0.0


def distilled() -> Network:
    torch.manual_seed(3)
    network = Network(replace(SHAPE, words=WORDS)).train()
    generator = torch.Generator().manual_seed(4)
    state = torch.zeros(8, sum(N_STATE))
    state[:, [0, N_STATE[0], N_STATE[0] + N_STATE[1]]] = 1
    for block in network.blocks:
        torch.nn.init.normal_(block.film.project.weight, std=0.2)
    for _ in range(10):  # statistics for batch normalisation
        features = torch.randn(8, 64, SHAPE.trunk_frames + 40, generator=generator) * 2 - 6
        network.trunk(features, network.embed_state(state))
    return network.eval()


def stores() -> tuple[Store, Store]:
    """Clips of 400 frames: the words are loud where they lie, other speech everywhere."""
    rng = np.random.default_rng(5)
    frames, entries = [], []
    for i, (label, kind) in enumerate(
        [(w, k) for w in WORDS for k in ("real", "synthetic")] + [("", "real")] * 4
    ):
        clip = rng.normal(QUIET, 0.5, (400, 64))
        start, end = (220, 280) if label else (-1, -1)
        clip[200:] += 4 if not label else 0
        if label:
            band = slice(0, 32) if label == WORDS[0] else slice(32, 64)
            clip[start:end, band] = LOUD
        frames.append(clip)
        entries.append(
            Entry(
                400 * i,
                400,
                50 * i,
                50,
                kind,
                label,
                "g",
                start - 2.5 if label else -1,
                end - 2.5 if label else -1,
            )
        )
    rows = rng.normal(size=(50 * len(entries), 96))
    speech = Store(np.concatenate(frames).astype(np.float16), rows.astype(np.float16), entries)
    sound = rng.normal(QUIET, 0.5, (500, 64)).astype(np.float16)
    kinds = ("noise", "babble", "music", "tts", "alarm")
    noises = [Entry(100 * i, 100, 0, 0, k, "", k) for i, k in enumerate(kinds)]
    return speech, Store(sound, np.zeros((0, 96), np.float16), noises)


def candidates(n: int = 6, threshold: float = 0.1) -> Candidates:
    rng = np.random.default_rng(6)
    frames = rng.normal(QUIET, 0.5, (n, WINDOW_FRAMES + 2 * MARGIN_FRAMES, 64))
    estimate = MARGIN_FRAMES + PRE_ROLL_FRAMES
    frames[:, estimate : estimate + 50] = LOUD
    is_word = np.arange(n) % 2 == 0
    return Candidates(
        frames.astype(np.float16),
        np.full(n, 60),
        np.linspace(0.2, 0.9, n, dtype=np.float32),
        np.full(n, threshold),
        np.where(is_word, 0, np.nan).astype(np.float32),
        np.where(is_word, 50, np.nan).astype(np.float32),
        np.tile(state_vector(pywakeword.DeviceState()).astype(np.uint8), (n, 1)),
        np.array([f"g{i}" for i in range(n)]),
        np.array(["quiet"] * n),
        np.arange(n),
    )


def mined() -> Mined:
    """False accepts of a device in the clips without a word."""
    n = 6
    clips = np.arange(n) % 4 + 4
    return Mined(
        clips, np.full(n, 220), np.full(n, 290), np.linspace(0.2, 0.9, n, dtype=np.float32)
    )


def test_windows_are_cut_and_padded() -> None:
    clip = np.arange(10 * 64, dtype=np.float32).reshape(10, 64)
    window = cut(clip, -2, 14)
    np.testing.assert_array_equal(window[2:12], clip.astype(np.float16))
    np.testing.assert_allclose(window[[0, 1, 12, 13]].astype(float), PADDING, atol=0.01)
    ended = truncate(clip[None], np.array([4]))
    np.testing.assert_array_equal(ended[0, :4], clip[:4])
    assert (ended[0, 4:] == PADDING).all()


@torch.no_grad()
def test_trunk_continues_the_distilled_one() -> None:
    network = distilled()
    features = torch.randn(2, WINDOW_FRAMES, 64, generator=torch.Generator().manual_seed(7)) * 2 - 6
    state = torch.zeros(2, sum(N_STATE))
    state[:, [0, N_STATE[0], N_STATE[0] + N_STATE[1]]] = 1
    # The steps whose whole view lies in the window; the first ends with frame 166, step 41.
    expected = network.trunk(features[:, 2:].transpose(1, 2), network.embed_state(state))
    got = Trunk(network).eval()(features)
    torch.testing.assert_close(got[..., 41:], expected, atol=1e-4, rtol=1e-4)
    assert got.shape[-1] == 49


def test_sampler_puts_words_where_the_device_would() -> None:
    speech, noise = stores()
    sampler = Sampler(speech, noise, mined(), WORDS, 1)
    batch = sampler(96)
    again = Sampler(speech, noise, mined(), WORDS, 1)(96)
    assert torch.equal(batch.features, again.features)
    is_word = batch.word >= 0
    assert {int(w) for w in batch.word} == {-1, 0, 1}
    assert batch.start[~is_word].isnan().all()
    moved = batch.start[is_word] - PRE_ROLL_FRAMES
    assert moved.abs().max() <= MARGIN_FRAMES + 1
    assert (moved.abs() <= 6).float().mean() > 0.3
    torch.testing.assert_close(
        batch.end[is_word] - batch.start[is_word], torch.full_like(moved, 60.0)
    )
    for i in range(96):
        assert (batch.features[i, int(batch.n_frames[i]) :] == float(PADDING)).all()
    np.testing.assert_array_equal(batch.state.sum(1), np.full(96, 3.0))


def planted(first: int, length: int, n_steps: int = 40) -> np.ndarray:
    """Likelihoods of a word whose states follow each other, in filler."""
    likelihood = np.full((n_steps, hmm.N_STATES + 1), -6.0)
    likelihood[:, -1] = 0.0
    for i in range(length):
        likelihood[first + i, i * hmm.N_STATES // length] = 3.0
    return likelihood


def test_viterbi_finds_the_word_and_scores_it_over_the_filler() -> None:
    ratio, path = hmm.align(planted(10, 16))
    np.testing.assert_array_equal(path[10:26], np.arange(16) * hmm.N_STATES // 16)
    assert (np.delete(path, range(10, 26)) == -1).all()
    absent, forced = hmm.align(planted(10, 0))
    assert absent < 0 < ratio
    assert set(forced) == set(range(-1, hmm.N_STATES))  # forced through it nevertheless


def test_equal_states_of_a_word() -> None:
    flat = hmm.flat_targets(np.array([40.0, np.nan]), np.array([104.0, np.nan]), 49)
    assert (flat[1] == -1).all()
    counts = np.bincount(flat[0][flat[0] >= 0])
    assert (counts == 2).all()
    assert len(counts) == hmm.N_STATES


def test_second_stage_tells_words_apart_even_in_short_snippets() -> None:
    rng = np.random.default_rng(8)
    rows = [
        hmm.describe(planted(12, n) + rng.normal(0, 0.3, (40, 9)), 40)
        for n in (14, 16, 18, 0, 0, 0) * 4
    ]
    is_word = np.tile([True] * 3 + [False] * 3, 4)
    classifier = hmm.second_stage(np.stack(rows), is_word)
    scores = classifier.decision_function(np.stack(rows))
    assert scores[is_word].min() > scores[~is_word].max()
    assert np.isfinite(hmm.describe(planted(2, 8), 3)).all()  # fewer steps than states


def test_every_verifier_learns_and_a_stopped_run_goes_on(tmp_path: Path) -> None:
    speech, noise = stores()

    def run(steps: int) -> tuple[VerifierNetworks, Sampler]:
        torch.manual_seed(9)
        verifiers = VerifierNetworks(distilled(), WORDS)
        sampler = Sampler(speech, noise, mined(), WORDS, 2)
        train(verifiers, sampler, tmp_path, steps=steps, batch=24, seed=1)
        return verifiers.eval(), sampler

    verifiers, sampler = run(20)
    again, _ = run(20)  # from the checkpoint
    batch = sampler(24)
    with torch.no_grad():
        for name in NETWORKS:
            logits = verifiers.logits(name, batch)
            assert logits.shape == (24, 2)
            torch.testing.assert_close(logits, again.logits(name, batch))
            of_words = logits[batch.word == 0, 0].mean() - logits[batch.word == -1, 0].mean()
            assert of_words > 0, name
    path = tmp_path / "examples.npz"
    second_stage_examples(verifiers, sampler, path, batch=6, batches=4)
    with np.load(path) as examples:
        assert examples["alexa"].shape == (len(examples["word"]), 2 * hmm.N_STATES + 5)
    rows = describe_windows(verifiers, batch.features, batch.n_frames, 1)
    assert np.isfinite(rows).all()


@torch.no_grad()
@pytest.mark.parametrize(("size", "wide"), [(1, 0), (5, 0), (5, 16)])
def test_onnx_is_the_network(size: int, wide: int) -> None:
    network = Cra(distilled(), wide).eval()
    session = onnxruntime.InferenceSession(to_onnx(network, 1), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(10)
    n_frames = rng.integers(60, WINDOW_FRAMES + 1, size)
    windows = truncate(rng.normal(-6, 2, (size, WINDOW_FRAMES, 64)).astype(np.float32), n_frames)
    states = [pywakeword.DeviceState(playback=p) for p in ("none", "music", "tts", "call", "other")]
    state = np.stack([state_vector(s) for s in states[:size]])
    given = {"features": windows, "n_frames": n_frames, "state": state}
    score, start, end = session.run(None, given)
    logits, *bounds = network(*(torch.from_numpy(x) for x in given.values()))
    np.testing.assert_allclose(score, logits[:, 1].sigmoid(), atol=2e-3)  # float16
    for got, expected in zip((start, end), bounds):
        np.testing.assert_allclose(got, expected[:, 1], atol=0.2)


def test_moving_the_start_estimate_moves_the_window() -> None:
    made = candidates()
    windows, n_frames = made.windows()
    later, n_later = made.windows(30)
    assert windows.shape == (6, WINDOW_FRAMES, 64)
    assert (n_frames == PRE_ROLL_FRAMES + 60).all()
    assert (n_later == n_frames - 30).all()
    np.testing.assert_array_equal(later[:, :50], windows[:, 30:80])
    assert (windows[:, 110:] == PADDING).all()


def test_scanner_keeps_what_the_device_reports(tmp_path: Path) -> None:
    import soundfile

    pcm, _ = soundfile.read(Path(__file__).parents[1] / "golden" / "alexa.wav", dtype="int16")
    state = pywakeword.DeviceState()
    scanner = Scanner("alexa", [0.3, DEFAULT])
    scanner.add(
        [
            ("g", "quiet", Stream("a", pcm, state, (16_000, 26_000))),
            ("h", "speech", Stream("b", pcm, state)),
        ]
    )
    found = scanner.candidates()
    assert scanner.seconds == {"h": len(pcm) / 16_000}
    assert found.is_word.tolist() == [True, True, False, False]
    assert set(np.round(found.threshold, 6)) == {0.3, DEFAULT}
    spotter = pywakeword.WakeWord("alexa")
    (detection,) = spotter.process(np.concatenate([pcm, np.zeros(8000, np.int16)]))
    snippet = pywakeword._core.Lfbe().process(detection.snippet)
    windows, n_frames = found.where(found.threshold == DEFAULT).windows()
    assert n_frames[0] == len(snippet)
    np.testing.assert_allclose(windows[0, : len(snippet)], snippet, atol=0.02)
    found.save(tmp_path / "c.npz")
    np.testing.assert_array_equal(Candidates.read(tmp_path / "c.npz").frames, found.frames)


def test_a_scan_that_finds_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="nothing like 'alexa'"):
        Scanner("alexa", [0.3]).candidates()


def test_halves_share_no_group_and_have_equal_weight() -> None:
    weights = {f"g{i}": float(i + 1) for i in range(9)}
    first = halve(weights)
    assert abs(sum(weights[g] for g in first) - 22.5) <= 2
    made = candidates()
    takes = {"quiet": {"g0": 16.0, "g2": 16.0, "g4": 16.0}}
    both = DevSet(made, takes, {"speech": {f"g{i}": 3600.0 for i in range(6)}})
    choosing, reporting = both.halves()
    assert set(choosing.groups) | set(reporting.groups) == set(both.groups)
    assert not set(choosing.groups) & set(reporting.groups)
    assert not set(choosing.candidates.group) & set(reporting.candidates.group)
    assert choosing.hours + reporting.hours == pytest.approx(6)


def test_false_accepts_at_equal_misses() -> None:
    words, others = np.arange(100) / 100, np.array([0.02, 0.04, 0.2, 0.5])
    assert false_accepts(words, others, 0.1) == 0.5
    takes = np.arange(100)

    def scored(passing: int) -> Scored:
        others = np.where(np.arange(100) < passing, 0.9, 0.0)
        return Scored(words, others, takes, takes)

    ratio, low, high = change([[scored(20)]], [[scored(40)]], 0.05)
    assert ratio == pytest.approx(-0.5)
    assert -0.8 < low < ratio < high < -0.2


def dev_candidates(n_groups: int = 8) -> DevSet:
    """Per group two takes and four hours; the device misses the quiet half at its default."""
    parts = []
    for group in range(n_groups):
        one = replace(candidates(4, LOOSE_THRESHOLD), group=np.array([f"g{group}"] * 4))
        one = replace(one, source=np.where(one.is_word, "quiet", "speech"))
        one = replace(one, score=np.array([0.95, 0.3, 0.2, 0.9], np.float32))
        parts += [one, replace(one.where(one.score > 0.8), threshold=np.full(2, DEFAULT))]
    every = {f"g{i}": 2.0 for i in range(n_groups)}
    seconds = {"speech": {f"g{i}": 3600.0 for i in range(n_groups)}}
    return DevSet(Candidates.merged(parts), {"quiet": every}, seconds)


def test_what_the_device_and_a_verifier_do_together_is_counted() -> None:
    dev = dev_candidates()
    found, alone = dev.at(LOOSE_THRESHOLD), dev.at(DEFAULT)
    groups, quiet = dev.groups, ["quiet"]
    own = tally(dev, groups, quiet, alone, np.ones(len(alone), bool))
    assert own.miss_rate() == pytest.approx(0.5)
    assert own.false_accept_rate() == pytest.approx(1.0)
    perfect = np.where(found.is_word, 0.9, 0.1)
    points = choose(dev, found, perfect, quiet)
    both = tally(dev, groups, quiet, found, perfect >= points.same_misses)
    assert both.false_accept_rate() == 0
    assert both.miss_rate() <= own.miss_rate()
    changed = relative_change(own, both, slice(None))
    assert changed["false_accepts"] == [-1, -1, -1]
    # Halves add up to the whole.
    halves = [
        tally(h, groups, quiet, c := h.at(DEFAULT), np.ones(len(c), bool)) for h in dev.halves()
    ]
    np.testing.assert_array_equal((halves[0] + halves[1]).misses, own.misses)
    assert sent(dev)["per_hour_of_speech"] == 2


def test_a_verifier_without_use_costs_no_more_than_the_device() -> None:
    dev = dev_candidates()
    found = dev.at(LOOSE_THRESHOLD)
    useless = np.full(len(found), 0.5)
    fusion = fit(found, useless)
    assert fusion.device > 0 > fusion.network * 1e-6 - 1
    better = fit(found, np.where(found.is_word, 0.9, 0.1))
    assert better.network > 0
    scores = fusion(useless, found.score)
    assert np.argmax(scores) == np.argmax(found.score)


def test_every_row_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "alexa.onnx"
    path.write_bytes(to_onnx(Cra(distilled()).eval(), 0))
    figures = together.measure(dev_candidates(), path)
    assert set(figures["rows"]) == set(together.ROWS)
    text = together.report("alexa", figures)
    assert "| device alone at its default | 50.0 %" in text
    assert "2 in 8 h" not in text
    assert "8 in 8 h: 1.00/h" in text


def test_the_fused_score_is_the_networks_without_weights() -> None:
    score = np.array([0.001, 0.3, 0.999])
    np.testing.assert_allclose(Fusion()(score, np.full(3, 0.9)), score, atol=1e-9)
    assert (Fusion(1, 1, 0)(score, np.full(3, 0.9)) > score).all()


def test_false_accepts_are_mined_from_a_store(tmp_path: Path) -> None:
    speech, _ = stores()
    network = Network(replace(SHAPE, words=("alexa",))).eval()
    for parameter in network.heads.parameters():
        torch.nn.init.zeros_(parameter)  # a posterior of one half everywhere
    found = mine(network, speech, WORDS, 0.3)
    assert len(found)
    assert all(speech.entries[i].label == "" for i in found.entry)
    assert (found.decided - found.start >= 0).all()
    assert len(mine(network, speech, WORDS, 0.6)) == 0
    found.save(tmp_path / "mined.npz")
    np.testing.assert_array_equal(Mined.read(tmp_path / "mined.npz").start, found.start)
