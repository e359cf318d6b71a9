"""Prosody transfer's networks, measures and classifiers; needs the extra `kits`."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pywakeword.tts import Addon
from tools.prosody_transfer import corpus, export, training
from tools.prosody_transfer.corpus import Item
from tools.prosody_transfer.evaluation import classifier, measures
from tools.prosody_transfer.evaluation import transfers as evaluation
from tools.prosody_transfer.networks import adversary, phone_grid, speakers
from tools.prosody_transfer.networks import model as network
from tools.tts.corpus import SYMBOLS, VOICE
from tools.tts.features import FRAME_WIDTH, N_MELS


def item(seed: int, speaker: str, role: str = "train") -> Item:
    """Frames whose pitch wanders; each speaker has a register."""
    rng = np.random.default_rng(seed)
    symbols = np.array([0, *rng.integers(1, len(SYMBOLS), 6), 0])
    durations = rng.integers(4, 12, len(symbols))
    n = int(durations.sum())
    frames = rng.normal(0, 0.3, (n, FRAME_WIDTH)).astype(np.float32)
    melody = np.sin(np.arange(n) / 9 + rng.uniform(0, 6))
    frames[:, N_MELS] = 0.3 * melody + (0.5 if speaker < "m" else -0.4)
    frames[:, N_MELS + 1] = np.repeat(symbols != 0, durations)
    return Item(f"{speaker}-{seed}", speaker, "text", role, True, symbols, durations, frames)


@pytest.fixture(scope="module")
def items() -> list[Item]:
    names = ("anna", "otto", VOICE)
    return [item(i, names[i % 3]) for i in range(60)]


def modules_of(ablation: str, items: list[Item]) -> network.TransferModel:
    torch.manual_seed(0)
    modules = network.TransferModel(network.ABLATIONS[ablation], len(speakers.known(items)))
    speakers.fit(modules.reference_encoder.speaker, modules.voices, items)
    return modules.eval()


def test_agreement_is_about_shape_and_not_about_register():
    source = 200 * 2 ** (0.3 * np.sin(np.arange(100) / 8))
    octaves = np.log2(source / 160)
    voiced = np.ones(100)
    assert measures.pitch_agreement(source, octaves - 1, voiced) == pytest.approx((1, 0, 0))
    assert measures.pitch_agreement(source, -octaves, voiced)[0] == pytest.approx(-1)
    flat = measures.pitch_agreement(source, np.zeros(100), voiced)
    assert flat[0] == 0
    assert flat[1] == pytest.approx(np.mean(np.abs(octaves - octaves.mean()) > np.log2(1.2)))
    assert np.isnan(measures.pitch_agreement(np.zeros(100), octaves, voiced)[0])
    assert measures.pitch_agreement(np.zeros(100), octaves, voiced)[2] == 1


def test_intervals_draw_speakers():
    values = np.array([0.0] * 50 + [1.0] * 50)
    mean, low, high = measures.interval(values, ["a"] * 50 + ["b"] * 50)
    assert (mean, low, high) == (0.5, 0, 1)  # two speakers say little, however often they speak


@pytest.mark.parametrize("ablation", network.ABLATIONS)
def test_each_model_makes_frames_of_the_sources_length(ablation, items):
    modules = modules_of(ablation, items)
    vector = export.voice_vector(modules, items, VOICE)
    (made,) = evaluation.transfers(modules, items[0], [vector])
    assert made.shape == items[0].frames.shape
    assert np.isfinite(made).all()


code = evaluation.code_of


def phones(one: Item) -> int:
    return int((one.symbols != 0).sum())


def spoken(symbols: str, durations: list[int]) -> Item:
    """What is the same in each phone, whatever the phone lasts."""
    numbers = np.array([SYMBOLS.index(symbol) for symbol in symbols.split()])
    rows = np.random.default_rng(8).normal(0, 0.3, (len(SYMBOLS), FRAME_WIDTH))
    frames = np.repeat(rows[numbers], durations, axis=0).astype(np.float32)
    frames[:, N_MELS + 1] = np.repeat(numbers != 0, durations)
    return Item("one", "anna", "text", "train", True, numbers, np.array(durations), frames)


def test_the_code_says_upper_or_lower_half_of_each_phone(items):
    modules = modules_of("none", items)
    for one in items[:6]:
        found, n = code(modules, one), phones(one)
        assert found.shape == (n, 2)
        np.testing.assert_allclose(np.abs(found), 3**0.5 / 2, atol=1e-5)
        assert ((found > 0).sum(0) == (n + 1) // 2).all()
    learning = network.TransferModel(network.ABLATIONS["none"], 3)
    assert learning.training  # what learns keeps its ranks
    assert len(np.unique(code(learning, items[0])[:, 0].round(3))) == phones(items[0])


def test_a_decoder_may_learn_from_the_levels(items):
    learning = network.TransferModel(network.ABLATIONS["rounded"], 3)
    assert learning.training
    np.testing.assert_allclose(np.abs(code(learning, items[0])), 3**0.5 / 2, atol=1e-5)


def test_levels_hold_equally_many():
    mask = torch.tensor([[1.0] * 6 + [0.0]])
    ranks = phone_grid.ranked(torch.tensor([[[3.0], [1], [2], [9], [0], [7], [5]]]), mask)
    made = phone_grid.in_levels(ranks, mask, 3)[0, :, 0]
    wide = 2 / 3**0.5
    np.testing.assert_allclose(made, [0, -wide, 0, wide, -wide, wide, 0], atol=1e-5)


def test_without_levels_the_code_is_ranks(items):
    modules = modules_of("ranks", items)
    for one in items[:6]:
        found, n = code(modules, one), phones(one)
        assert found.shape == (n, 2)
        even = (2 * (np.arange(n) + 0.5) / n - 1) * 3**0.5
        np.testing.assert_allclose(np.sort(found, axis=0), np.stack([even, even], 1), atol=1e-5)
    wide = code(modules_of("no-bottleneck", items), items[0])
    assert wide.shape == (len(items[0].frames), 32)


def test_ranks_pass_learning_on():
    level = torch.tensor([[[3.0], [1.0], [2.0], [9.0]]], requires_grad=True)
    made = phone_grid.ranked(level, torch.tensor([[1.0, 1.0, 1.0, 0.0]]))
    np.testing.assert_allclose(made[0, :, 0].tolist(), [2 / 3**0.5, -2 / 3**0.5, 0, 0], atol=1e-5)
    made[0, 2, 0].backward()
    assert level.grad is not None
    assert level.grad[0, 2, 0] > 0 > level.grad[0, 0, 0]
    assert level.grad[0, 3, 0] == 0


def test_phones_are_found_between_pauses(items):
    one = spoken("pau k ae ae pau iy", [9, 3, 5, 7, 30, 6])
    upsampled, _, grid = evaluation.encode(modules_of("none", items), one)
    assert grid is not None
    assert grid.frames[0, :, 0].tolist() == [3, 5, 7, 6, 0]  # two alike are still two
    for slot, (start, stop) in enumerate(((9, 12), (12, 17), (17, 24), (54, 60))):
        assert grid.members[0, slot].nonzero().flatten().tolist() == list(range(start, stop))
    code = torch.tensor([[[0.0], [1.0], [-1.0], [2.0], [9.0]]])
    by_frame = grid.spread(code)[0, :, 0]
    assert by_frame.shape == (len(upsampled[0]),)
    assert by_frame[14] > 0.8
    assert by_frame[21] < -0.8
    assert by_frame[57] == pytest.approx(2, abs=0.02)
    assert abs(by_frame[39]) < 0.01  # in the middle of the pause


def test_the_code_does_not_tell_how_long_pauses_are(items):
    """Pauses and rate have no place in it: they only reach it through neighbouring frames."""
    modules = modules_of("none", items)
    short = code(modules, spoken("pau k ae t pau iy t pau", [20, 30, 30, 30, 40, 30, 30, 20]))
    long = code(modules, spoken("pau k ae t pau iy t pau", [40, 30, 30, 30, 90, 30, 30, 30]))
    np.testing.assert_array_equal(short, long)
    wide = modules_of("no-bottleneck", items)
    with_pauses = [len(code(wide, spoken("pau k ae", [n, 9, 9]))) for n in (20, 40)]
    assert with_pauses[0] != with_pauses[1]


def test_leftover_slots_change_nothing(items):
    """Training saves slots, what is exported has one a frame."""
    modules = modules_of("none", items)
    upsampled, few, _ = evaluation.encode(modules, items[0])
    frames, mask = torch.from_numpy(items[0].frames)[None], torch.ones(1, len(items[0].frames))
    grid = phone_grid.find(upsampled, mask)
    with torch.no_grad():
        many, _ = modules["reference_encoder"](frames, upsampled, mask, grid)
    n = phones(items[0])
    torch.testing.assert_close(few[:, :n], many[:, :n], atol=1e-5, rtol=1e-5)
    assert not many[:, n:].any()


def test_the_adversarys_gradient_is_reversed():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    (adversary.reversed_gradient(x, 0.5) * torch.tensor([3.0, 4.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [-1.5, -2.0]


def test_the_adversary_learns_the_speaker_and_the_code_loses_it():
    """A code that tells its speaker by its level: the encoder is a weight on that."""
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.tensor(1.0))
    against = adversary.Adversary(1, 2)
    own = torch.optim.Adam(against.parameters(), 1e-2)
    mask = torch.ones(8, 10)
    numbers = torch.arange(8) % 2

    def told(factor: float) -> torch.Tensor:
        level = (2.0 * numbers - 1)[:, None, None].expand(-1, 10, 1)
        return factor * level + 0.3 * torch.randn(8, 10, 1)

    for _ in range(60):
        own.zero_grad()
        against.loss(told(1.0), mask, numbers, 0.0).backward()
        own.step()
    scores = against.eval()(told(1.0), mask)
    assert all((s.argmax(1) == numbers).all() for s in scores)
    before = [p.clone() for p in against.parameters()]
    weight.grad = None
    against.train().filled.fill_(10_000)
    against.loss(told(weight), mask, numbers, 1.0).backward()
    assert weight.grad is not None
    assert weight.grad > 0  # going down makes the level smaller
    assert all(torch.equal(a, b) for a, b in zip(before, against.parameters()))


def test_what_is_measured_of_a_speaker_is_what_the_decoder_hears(items):
    modules = modules_of("none", items)
    measure = modules["reference_encoder"].speaker
    own = [i for i in items if i.speaker == "otto"]
    rows = [torch.from_numpy(i.frames)[None] for i in own]
    mean = torch.stack([measure(row, torch.ones(row.shape[:2]))[0] for row in rows]).mean(0)
    vector = export.voice_vector(modules, items, "otto")
    np.testing.assert_allclose(vector[-len(mean) :], mean, atol=1e-5)
    assert vector[: speakers.LEARNED_WIDTH].any()
    both = torch.from_numpy(np.stack([vector, vector]))
    stranger, known = speakers.without_learned(both, torch.tensor([True, False]))
    assert not stranger[: speakers.LEARNED_WIDTH].any()
    torch.testing.assert_close(
        stranger[speakers.LEARNED_WIDTH :], both[0][speakers.LEARNED_WIDTH :]
    )
    torch.testing.assert_close(known, both[0])


@pytest.mark.parametrize(("ablation", "hears"), [("none", True), ("no-phonemes", False)])
def test_an_ablation_takes_away_what_it_says(ablation, hears, items):
    modules = modules_of(ablation, items)
    symbols = items[0].symbols
    others = np.where(symbols == 0, 0, symbols % (len(SYMBOLS) - 1) + 1)  # the pauses stay
    other = Item(**{**vars(items[0]), "symbols": others})
    assert np.allclose(code(modules, items[0]), code(modules, other), atol=1e-6) != hears


def test_without_the_speaker_the_code_does_not_depend_on_the_vector(items):
    for ablation, hears in (("none", True), ("no-speaker", False)):
        modules = modules_of(ablation, items)
        before = code(modules, items[0])
        modules["reference_encoder"].speaker.projection.mul_(-3)
        assert np.allclose(before, code(modules, items[0]), atol=1e-6) != hears


def test_training_that_is_resumed_is_the_training_that_was_not(items, tmp_path):
    whole = training.fit(items, "none", tmp_path / "whole.pt", steps=60)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(items, tmp_path / "half.pt")
    again = training.fit(items, "none", tmp_path / "half.pt", steps=60)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)


def _interrupted(items: list[Item], path) -> None:
    made = training._loss

    steps = itertools.count(1)

    def until(*given):
        if next(steps) > 55:  # the state of step 50 is stored
            raise KeyboardInterrupt
        return made(*given)

    training._loss = until
    try:
        training.fit(items, "none", path, steps=60)
    finally:
        training._loss = made


def test_the_classifier_finds_a_leak_and_no_more():
    rng = np.random.default_rng(0)
    names = [f"s{i % 4}" for i in range(80)]
    clean = [rng.normal(size=(30, 2)).astype(np.float32) for _ in names]
    leaky = [row + 2 * (int(s[1]) % 2) for row, s in zip(clean, names)]
    found = classifier.speaker_accuracy(leaky, names, folds=2, steps=60)
    assert found["over_chance"] > 0.15  # two of four can be told from two
    none = classifier.speaker_accuracy(clean, names, folds=2, steps=60)
    assert none["over_chance"] < 0.12
    assert 0.15 < none["chance"] < 0.35
    mean, low, high = found[found["best"]]
    assert low <= mean <= high


def test_the_classifier_finds_what_only_the_order_tells():
    """Mean, spread and quantiles are the same: one rises where the other falls."""
    rng = np.random.default_rng(0)
    names = [f"s{i % 2}" for i in range(80)]
    rows = []
    for name in names:
        row = np.sort(rng.normal(size=(20, 1)), axis=0).astype(np.float32)
        rows.append(row if name == "s0" else np.ascontiguousarray(row[::-1]))
    found = classifier.speaker_accuracy(rows, names, folds=2, repeats=1, steps=100)
    assert found["linear"][0] < 0.75
    assert found["shapes"][0] > 0.95
    assert found["network"][0] > 0.9


def test_folds_hold_as_much_of_each_speaker():
    labels = np.arange(60) % 3
    place = classifier._dealt(labels, 4, np.random.default_rng(0))
    for label in range(3):
        counts = np.bincount(place[labels == label], minlength=4)
        assert counts.tolist() == [5, 5, 5, 5]


def test_strangers_are_in_one_role_only(tmp_path):
    header = "path,release,transcript,split,speaker,note,category,label,leak_group,qa"
    header += ",source_repo,licence"
    rows = [
        f"speech/speechocean762/{i}.opus,ok,hello,{'dev' if i % 2 else 'train'},"
        f"{'d' if i % 2 else 't'}{i % 40},gender f,speech,,,,,"
        for i in range(80)
    ]
    rows.append("speech/speechocean762/x.opus,non-commercial,hello,train,tx,gender f,speech,,,,,")
    rows.append("speech/librispeech/y.opus,ok,hello,train,ty,gender f,speech,,,,,")
    (tmp_path / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")
    found = corpus.recordings(tmp_path)
    assert len(found) == 80
    by_role = {
        role: {r.speaker for r in found if r.role == role} for role in ("train", "choose", "report")
    }
    assert [len(by_role[r]) for r in ("train", "choose", "report")] == [20, 8, 12]
    assert all(name.startswith("t") for name in by_role["train"])


@pytest.mark.filterwarnings("ignore")  # of torch, on its own exporter
def test_the_exported_addon_does_what_the_networks_do(items, tmp_path):
    modules = modules_of("none", items)
    lender = Path(__file__).parents[2] / "models" / "tts" / "slt-parallel"
    folder = export.write_addon(modules, items, lender, tmp_path, {})
    assert sum(f.stat().st_size for f in folder.iterdir()) < 3_000_000
    assert json.loads((folder / "addon.json").read_text())["name"] == "copycat"
    seen: list[np.ndarray] = []
    document = json.loads((folder / "addon.json").read_text())
    stack = document["stack"]["streamable_block"]["stack"]
    stack.insert(2, {"type": "Probe", "name": "frames"})
    (folder / "addon.json").write_text(json.dumps(document))
    voice = Addon.load(folder, observers={"frames": seen.append})
    one = items[0]
    symbols = [SYMBOLS[i] for i in one.symbols]
    tensors = {"reference": one.frames, "reference_durations": one.durations}
    samples = voice.open(symbols, tensors).pull(1 << 20)
    assert len(samples) == 200 * len(one.frames)
    vector = export.voice_vector(modules, items, VOICE)
    (wanted,) = evaluation.transfers(modules, one, [vector])
    np.testing.assert_allclose(np.concatenate(seen), wanted, atol=0.02)  # 16-bit weights
