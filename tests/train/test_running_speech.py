"""Words that run into other speech; needs the extra `train`: pytest tests/train."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pywakeword.training.material.features import INPUT_FLOOR, N_MELS, Store, StoreWriter
from pywakeword.training.material.splicing import splice
from pywakeword.training.network.averaging import averaged
from pywakeword.training.network.mining import clip_of
from pywakeword.training.network.mixing import Mixer, band_centres
from pywakeword.training.network.network import Network
from pywakeword.training.network.shape import Shape
from pywakeword.training.network.stages import Curriculum

RATE = 16_000
KINDS = ("real", "synthetic", "natural", "spliced")


def tone(hertz: float, start_s: float, end_s: float, total_s: float) -> np.ndarray:
    t = np.arange(int(total_s * RATE)) / RATE
    noise = np.random.default_rng(1).normal(0, 1e-4, len(t))
    spoken = (t >= start_s) & (t < end_s)
    return (0.1 * np.sin(2 * np.pi * hertz * t) * spoken + noise).astype(np.float32)


def share(samples: np.ndarray, hertz: float) -> float:
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(samples), 1 / RATE) - hertz) < 60
    return float(power[near].sum() / power.sum())


@pytest.mark.parametrize("seed", range(5))
def test_spliced_speech_follows_at_once_and_the_word_is_where_it_is_said_to_be(seed: int) -> None:
    word = tone(500, 0.7, 1.3, 2.0)
    before, after = tone(1000, 0.2, 2.0, 2.5), tone(2000, 0.3, 2.5, 3.0)
    samples, (start, end) = splice(word, before, after, np.random.default_rng(seed))
    assert abs((end - start) / RATE - 0.6) < 0.03
    assert share(samples[start + 800 : end - 800], 500) > 0.9
    assert share(samples[max(0, start - 4000) : start - 800], 1000) > 0.9
    behind = samples[end + 1600 : end + 5600]  # 100 ms after the word at the latest
    assert share(behind, 2000) > 0.9
    ratio = np.std(behind) / np.std(samples[start + 800 : end - 800])
    assert 0.6 < ratio < 1.6  # one level, up to 3 dB


def test_splicing_silence_is_refused() -> None:
    word = tone(500, 0.7, 1.3, 2.0)
    with pytest.raises(ValueError, match="silent"):
        splice(word, None, np.zeros(RATE, np.float32), np.random.default_rng(0))


def store(folder: Path, clips: list[tuple[str, str, str]]) -> Store:
    writer = StoreWriter(folder)
    rng = np.random.default_rng(3)
    for kind, label, said in clips:
        features = rng.normal(-6, 1, size=(500, N_MELS)).astype(np.float32)
        word = {"word_start": 250.0, "word_end": 300.0} if label else {}
        writer.add(features, None, kind=kind, label=label, group="g", said=said, **word)
    writer.close()
    return Store.read(folder)


@pytest.fixture
def interference(tmp_path: Path) -> Store:
    kinds = ("noise", "babble", "music", "alarm", "tts")
    clips = [(kind, "", "") for kind in kinds] + [("tts", "", "computer")]
    return store(tmp_path / "interference", clips)


def test_every_voice_says_other_things_as_often_as_the_word(
    tmp_path: Path, interference: Store
) -> None:
    clips = [(k, label, "") for k in KINDS for label in ("computer", "") for _ in range(6)]
    speech = store(tmp_path / "speech", clips)
    curriculum = Curriculum(speech, interference, Shape(words=("computer",)), 5)
    drawn = {(k, label): 0 for k in KINDS for label in ("computer", "")}
    for _ in range(40):
        for i in curriculum._draw(48):
            drawn[speech.entries[i].kind, speech.entries[i].label] += 1
    for kind in ("natural", "spliced"):
        assert drawn[kind, "computer"] == drawn[kind, ""] > 50
    assert sum(n for (_, label), n in drawn.items() if label) == 40 * 12


def test_a_word_with_more_takes_is_drawn_more_often_and_a_few_recordings_do_not_fill_a_batch(
    tmp_path: Path, interference: Store
) -> None:
    words = ("alexa", "amazon", "echo")
    clips = [("natural", "alexa", "")] * 400 + [("natural", "amazon", "")] * 98
    clips += [("real", "amazon", "")] * 2 + [("natural", "echo", "")] * 100
    speech = store(tmp_path / "speech", [*clips, ("natural", "", ""), ("real", "", "")])
    curriculum = Curriculum(speech, interference, Shape(words=words), 5)
    drawn = dict.fromkeys(words, 0)
    recordings = 0
    for _ in range(60):
        for i in curriculum._draw(48):
            entry = speech.entries[i]
            if entry.label:
                drawn[entry.label] += 1
                recordings += entry.kind == "real"
    assert sum(drawn.values()) == 60 * round(48 * 0.27)  # a little more for the third word
    assert drawn["alexa"] / drawn["amazon"] == pytest.approx(2, rel=0.3)
    assert drawn["echo"] / drawn["amazon"] == pytest.approx(1, rel=0.3)
    assert recordings < 0.06 * drawn["amazon"]


def test_a_store_without_natural_voices_gives_full_batches(
    tmp_path: Path, interference: Store
) -> None:
    speech = store(tmp_path / "speech", [("real", "computer", ""), ("real", "", "")])
    curriculum = Curriculum(speech, interference, Shape(words=("computer",)), 5)
    mixed, goal, _, _ = curriculum.words(24)
    assert mixed.features.shape[0] == 24
    assert (goal.posterior == 1).any(axis=(1, 2)).sum() == 6


def test_a_clip_is_no_hard_negative_for_the_word_that_the_clip_before_it_ends_with() -> None:
    firsts, lasts = np.array([0, 500, 1500]), np.array([500, 1000, 2000])  # one was left out
    newest = np.array([490, 530, 699, 700, 990, 1200, 1750])
    clip, inside = clip_of(newest, firsts, lasts, 201)
    assert clip[inside].tolist() == [0, 1, 1, 2]
    assert newest[inside].tolist() == [490, 700, 990, 1750]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_an_averaged_network_has_the_mean_weights_and_its_own_statistics(share: float) -> None:
    shape = Shape(words=("computer",), stem_channels=4, channels=6, head_channels=4)
    torch.manual_seed(3)
    start, network = Network(shape), Network(shape)
    batches = [(torch.randn(5, N_MELS, 240) * 3 + i, torch.eye(22)[:5]) for i in range(4)]
    made = averaged(network, start.state_dict(), share, batches)
    old, new = start.stem2.weight, network.stem2.weight
    torch.testing.assert_close(made.stem2.weight, (1 - share) * old + share * new)
    scaled = [(f.clamp_min(INPUT_FLOOR) + made.input_offset) * made.input_scale for f, _ in batches]
    x = torch.cat([made.stem1(f) for f in scaled])
    torch.testing.assert_close(made.norm1.running_mean, x.mean(dim=(0, 2)), rtol=1e-4, atol=1e-5)
    assert not made.training
    assert network.training


def test_some_microphones_pass_a_narrow_band(interference: Store) -> None:
    gains = Mixer(interference, 3)._bands(400).numpy()[:, 0]
    narrow = (gains < 1).any(axis=1)
    assert 0.05 < narrow.mean() < 0.25
    centres = band_centres()
    assert (gains[:, (centres > 400) & (centres < 1900)] == 1).all()
    assert (gains[narrow][:, centres > 4300] < 1e-2).all()
