"""The block that chooses a prosody, the networks that speak with it, and `say --prosody`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from pywakeword.cli import main
from pywakeword.errors import AddonError, BlockError, EmptyTextError
from pywakeword.plots.prosody import spoken_contours
from pywakeword.tts import Addon, SequenceBlock, registry
from pywakeword.tts.blocks import ProsodySelector

pytest.importorskip("onnxruntime", reason="the tts extra is not installed")

pytestmark = pytest.mark.voices("libflite1")

SLT = Path(__file__).parents[3] / "models" / "tts" / "slt-parallel"
QUESTION = "Where are you going to keep it?"
TEXT = f"{QUESTION} I know it. She left, because it had been raining all day."


def selected(way: str, extra: dict[str, np.ndarray] | None = None, **options):
    symbols = ["pau", "dh", "ax", "l", "ae", "m", "p"]
    tensors = {
        "symbols": np.array([0, 1, 2, 3, 4, 5, 6, 0]),
        "text": np.frombuffer(b"The lamp?", np.uint8),
        "places": np.array([0, 4, 4, 9, 9, 9, 9, 0]),
    }
    return ProsodySelector(symbols, way=way, **options).run(tensors | (extra or {}))


def test_the_centroid_is_all_zeros():
    for made in (selected("centroid"), selected("both", {"reference": np.zeros((9, 66))})):
        assert made["prosody"].shape == (8, 3)
        assert not made["prosody"].any()
        assert made["embedding"].shape == (16,)
        assert not made["embedding"].any()


def test_a_chosen_prosody_changes_what_is_spoken_and_no_pause():
    made = selected("syntactic", boundary_tones=False)
    half = selected("syntactic", boundary_tones=False, strength=0.5)
    assert (made["prosody"][[0, -1]] == 0).all()
    assert (np.abs(made["prosody"][1:-1]).max(axis=0) > 0.01).all()
    assert (np.abs(half["prosody"]) <= np.abs(made["prosody"]) + 1e-6).all()
    np.testing.assert_allclose(half["embedding"], 0.5 * made["embedding"], rtol=1e-6)


def test_a_boundary_tone_comes_on_top():
    plain, toned = selected("syntactic", boundary_tones=False), selected("syntactic")
    added = 12 * (toned["prosody"] - plain["prosody"])
    np.testing.assert_allclose(added[:, 0], [0, 0, 0, 2, 5, 8, 8, 0], atol=1e-4)
    assert not added[:, 1:].any()
    np.testing.assert_array_equal(toned["embedding"], plain["embedding"])
    alone = selected("syntactic", strength=0)
    np.testing.assert_allclose(12 * alone["prosody"][:, 0], added[:, 0], atol=1e-4)


def test_what_a_selector_refuses():
    with pytest.raises(ValueError, match="way must be"):
        selected("loud")
    with pytest.raises(ValueError, match="strength"):
        selected("centroid", strength=3)
    with pytest.raises(ValueError, match="not a phone of English: b2"):
        ProsodySelector(["pau", "b2"])


@pytest.fixture(scope="module")
def plain() -> Addon:
    return Addon.load("slt-parallel")


def test_the_mean_prosody_is_the_voice_without_any(plain, tmp_path):
    """As if nothing chose, and the networks were given zeros."""

    class Zeros(SequenceBlock):
        inputs = ("symbols",)
        outputs = ("prosody", "embedding")

        @classmethod
        def from_config(cls, fields, resources):
            return cls()

        def run(self, tensors):
            n = len(tensors["symbols"])
            return {
                "prosody": np.zeros((n, 3), np.float32),
                "embedding": np.zeros(16, np.float32),
            }

    types = registry.copy()
    types.register("Zeros")(Zeros)
    folder = changed(tmp_path, lambda stack: stack["blocks"].__setitem__(0, {"type": "Zeros"}))
    silent = Addon.load(folder, registry=types)
    np.testing.assert_array_equal(plain.synthesize(TEXT), silent.synthesize(TEXT))


def changed(tmp_path: Path, change) -> Path:
    """A copy of the bundled voice with another sequence block."""
    folder = tmp_path / "changed"
    shutil.copytree(SLT, folder)
    document = json.loads((folder / "addon.json").read_text())
    change(document["stack"]["sequence_block"])
    (folder / "addon.json").write_text(json.dumps(document))
    return folder


def test_fixed_shapes_say_the_chosen_prosody_too():
    found = {}
    for context in ("dynamic", "fixed"):
        frames: list = []
        voice = Addon.load(
            "slt-parallel",
            context=context,
            prosody_way="syntactic",
            observers={"acoustic": frames.append},
        )
        voice.synthesize(TEXT)
        found[context] = np.concatenate(frames)
    np.testing.assert_allclose(found["fixed"], found["dynamic"], atol=1e-4)


def test_a_chosen_prosody_is_heard_and_streams(plain):
    voice = Addon.load("slt-parallel", prosody_way="syntactic")
    whole = voice.synthesize(TEXT)
    same = plain.synthesize(TEXT)
    assert len(whole) != len(same) or np.abs(whole - same).max() > 100  # see tools.tts.audible
    np.testing.assert_array_equal(
        np.concatenate(list(voice.stream(TEXT, chunk_samples=777))), whole
    )


def test_each_sentence_has_its_own():
    """The same words, asked and told: another end of the melody."""
    asked = spoken_contours("You are going home?", "syntactic")
    told = spoken_contours("You are going home.", "syntactic")
    plain_asked = spoken_contours("You are going home?", "centroid")
    assert len(asked.f0_hz) != len(told.f0_hz) or np.nanmax(np.abs(asked.f0_hz - told.f0_hz)) > 1
    assert [name for name, _ in asked.symbols] == [name for name, _ in plain_asked.symbols]


def test_symbols_have_no_sentence(plain):
    voice = Addon.load("slt-parallel", prosody_way="syntactic")
    with pytest.raises(EmptyTextError, match="without a text"):
        voice.synthesize(["pau", "aa", "pau"])
    assert len(Addon.load("slt-parallel").synthesize(["pau", "aa", "pau"]))
    with pytest.raises(BlockError, match="takes an input 'melody'"):
        voice.open(["pau"], {"melody": np.zeros(1)})


def test_a_selector_that_is_wrong_or_not_there(tmp_path):
    folder = changed(tmp_path / "loud", lambda stack: stack["blocks"][0].update(way="loud"))
    with pytest.raises(AddonError, match=r"blocks\[0\].*way must be"):
        Addon.load(folder)
    with pytest.raises(AddonError, match="no ProsodySelector"):
        Addon.load("slt-attention", prosody_way="syntactic")


def test_say_with_a_prosody_and_a_plot(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib comes with the extra evaluate")
    out, plot = tmp_path / "out.wav", tmp_path / "plot.png"
    options = ["--prosody", "syntactic", "--plot", str(plot), "--out", str(out)]
    assert main(["say", QUESTION, *options]) == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    chosen = out.read_bytes()
    assert main(["say", QUESTION, "--prosody", "centroid", "--out", str(out)]) == 0
    assert out.read_bytes() != chosen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--prosody", "syntactic", "--backend", "flite"], "no --backend"),
        (["--prosody", "syntactic", "--ssml"], "no markup"),
        (["--plot", "p.png"], "--plot needs --prosody"),
    ],
)
def test_say_refuses_what_does_not_go_together(options, message, capsys):
    assert main(["say", "Hello.", *options, "--out", os.devnull]) == 2
    assert message in capsys.readouterr().err


def test_say_of_nothing(capsys, tmp_path):
    options = ["--prosody", "syntactic", "--plot", str(tmp_path / "p.png")]
    assert main(["say", "...", *options, "--out", os.devnull]) != 0
    assert "no word" in capsys.readouterr().err
