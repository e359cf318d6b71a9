"""Prosody transfer's networks, measures and classifiers; needs the extra `train`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.append(str(Path(__file__).parents[2]))

from pywakeword.tts import Addon
from tools.prosody_transfer import (
    classifier,
    corpus,
    evaluation,
    export,
    measures,
    network,
    training,
)
from tools.prosody_transfer.corpus import Item
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


def modules_of(ablation: str, items: list[Item]) -> torch.nn.ModuleDict:
    torch.manual_seed(0)
    modules = network.make_modules(network.ABLATIONS[ablation])
    modules["reference_encoder"].speaker.fit(items)
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
    made = evaluation.transfer(modules, items[0], vector)
    assert made.shape == items[0].frames.shape
    assert np.isfinite(made).all()


def code(modules: torch.nn.ModuleDict, one: Item) -> np.ndarray:
    return evaluation.encode(modules, one)[1][0].numpy()


def test_the_bottleneck_is_slow_narrow_and_standardised(items):
    found = code(modules_of("none", items), items[0])
    n = len(items[0].frames)
    assert found.shape == (n // 8, 2) or found.shape == (-(-n // 8), 2)
    heard = found[np.any(found != 0, axis=1)]
    assert np.allclose(heard.mean(0), 0, atol=1e-5)
    assert np.all(heard.std(0) < 1.01)
    wide = code(modules_of("no-bottleneck", items), items[0])
    assert wide.shape == (n, 32)


@pytest.mark.parametrize(("ablation", "hears"), [("none", True), ("no-phonemes", False)])
def test_an_ablation_takes_away_what_it_says(ablation, hears, items):
    modules = modules_of(ablation, items)
    other = Item(**{**vars(items[0]), "symbols": np.roll(items[0].symbols, 3)})
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

    def until(modules, batch, rng):
        until.steps += 1
        if until.steps > 55:  # the state of step 50 is stored
            raise KeyboardInterrupt
        return made(modules, batch, rng)

    until.steps = 0
    training._loss = until
    try:
        training.fit(items, "none", path, steps=60)
    finally:
        training._loss = made


def test_the_classifier_finds_a_leak_and_no_more():
    rng = np.random.default_rng(0)
    speakers = [f"s{i % 4}" for i in range(80)]
    clean = [rng.normal(size=(30, 2)).astype(np.float32) for _ in speakers]
    leaky = [row + 2 * (int(s[1]) % 2) for row, s in zip(clean, speakers)]
    found = classifier.speaker_accuracy(leaky, speakers, folds=2, steps=60)
    assert max(found["linear"], found["network"]) > 0.4  # two of four can be told from two
    none = classifier.speaker_accuracy(clean, speakers, folds=2, steps=60)
    assert max(none["linear"], none["network"]) < 0.4
    assert 0.1 < none["shuffled"] < 0.4


def test_strangers_are_in_one_role_only(tmp_path):
    header = "path,release,transcript,split,speaker,note"
    rows = [f"speech/speechocean762/{i}.opus,ok,hello,{'dev' if i % 2 else 'train'},"
            f"{'d' if i % 2 else 't'}{i % 40},gender f" for i in range(80)]  # fmt: skip
    rows.append("speech/speechocean762/x.opus,non-commercial,hello,train,tx,gender f")
    rows.append("speech/librispeech/y.opus,ok,hello,train,ty,gender f")
    (tmp_path / "manifest.csv").write_text("\n".join([header, *rows]) + "\n")
    found = corpus.recordings(tmp_path)
    assert len(found) == 80
    by_role = {role: {r.speaker for r in found if r.role == role}
               for role in ("train", "choose", "report")}  # fmt: skip
    assert [len(by_role[r]) for r in ("train", "choose", "report")] == [20, 8, 12]
    assert all(name.startswith("t") for name in by_role["train"])


@pytest.mark.filterwarnings("ignore")  # of torch, on its own exporter
def test_the_exported_addon_does_what_the_networks_do(items, tmp_path):
    modules = modules_of("none", items)
    lender = Path(__file__).parents[2] / "models" / "addons" / "slt-parallel"
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
    wanted = evaluation.transfer(modules, one, export.voice_vector(modules, items, VOICE))
    np.testing.assert_allclose(np.concatenate(seen), wanted, atol=0.02)  # 16-bit weights
