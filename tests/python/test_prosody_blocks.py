"""The blocks that choose a prosody and give it to the frames, and `say --prosody`."""

from __future__ import annotations

import ctypes.util
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from pywakeword.cli import main
from pywakeword.errors import AddonError, BlockError, EmptyTextError
from pywakeword.prosody_plot import spoken_contours
from pywakeword.tts import Addon, FrameStream
from pywakeword.tts.blocks import ProsodySelector, ProsodyShaper

pytest.importorskip("onnxruntime", reason="the tts extra is not installed")
if ctypes.util.find_library("flite") is None:
    if os.environ.get("CIBUILDWHEEL"):
        pytest.skip("libflite1 is not installed where wheels are built", allow_module_level=True)
    pytest.fail("flite is not installed; on Debian: apt install libflite1", pytrace=False)

SLT = Path(__file__).parents[2] / "models" / "addons" / "slt-parallel"
QUESTION = "Where are you going to keep it?"
TEXT = f"{QUESTION} I know it. She left, because it had been raining all day."


class Given(FrameStream):
    """Frames that are there already."""

    def __init__(self, frames: np.ndarray) -> None:
        super().__init__(frames.shape[1])
        self.left = [frames]

    def produce(self):
        return self.left.pop() if self.left else None


def shaped(prosody: list[list[float]], durations: list[float], n: int, pull: int) -> np.ndarray:
    shaper = ProsodyShaper(mel_scale=0.2)
    assert shaper.link(5) == 5
    tensors = {
        "prosody": np.array(prosody, np.float32),
        "shaped_durations": np.array(durations, np.float32),
    }
    with shaper.open(tensors, Given(np.zeros((n, 5), np.float32))) as stream:
        pieces = []
        while len(piece := stream.pull(pull)):
            pieces.append(piece)
        return np.concatenate(pieces)


def test_a_shaper_moves_pitch_and_energy():
    frames = shaped([[0, 0, 0], [0.5, 10, 0], [0.5, 10, 0]], [4, 4, 2], 10, 3)
    # From the middle of one symbol to the middle of the next in a straight line.
    np.testing.assert_allclose(frames[[0, 1], 3], [0, 0])
    np.testing.assert_allclose(frames[[2, 3, 4, 5], 3], 0.5 * np.array([1, 3, 5, 7]) / 8, rtol=1e-6)
    np.testing.assert_allclose(frames[6:, 3], 0.5)
    mel = 0.2 * np.log(10)  # 10 dB
    np.testing.assert_allclose(frames[6:, :3], mel, rtol=1e-6)
    np.testing.assert_array_equal(frames[:, 4], 0)  # voicing is left alone


def test_a_shaper_wants_what_belongs_together():
    with pytest.raises(ValueError, match="acoustic frames"):
        ProsodyShaper().link(None)
    with pytest.raises(BlockError, match="more frames"):
        shaped([[0, 0, 0]], [3], 4, 10)
    with pytest.raises(BlockError, match="rows of prosody"):
        shaped([[0, 0, 0]], [3, 1], 4, 10)


def selected(way: str, **options) -> dict[str, np.ndarray]:
    symbols = ["pau", "dh", "ax", "l", "ae", "m", "p"]
    tensors = {
        "symbols": np.array([0, 1, 2, 3, 4, 5, 6, 0]),
        "durations": np.full(8, 6.0, np.float32),
        "text": np.frombuffer(b"Where is the lamp?", np.uint8),
    }
    return ProsodySelector(symbols, way=way, **options).run(tensors)


def test_the_centroid_changes_nothing():
    made = selected("centroid")
    assert np.abs(made["prosody"]).max() == 0
    np.testing.assert_array_equal(made["shaped_durations"], 6)


def test_a_chosen_prosody_changes_what_is_spoken_and_no_pause():
    made, half = selected("syntactic"), selected("syntactic", strength=0.5)
    assert made["prosody"].shape == (8, 3)
    assert (made["prosody"][[0, -1]] == 0).all()
    assert (np.abs(made["prosody"][1:-1]).max(axis=0) > 0.01).all()
    np.testing.assert_allclose(made["shaped_durations"], 6 * np.exp(made["prosody"][:, 2]))
    limit = np.abs(half["prosody"]) <= np.abs(made["prosody"]) + 1e-6
    assert limit.all()


def test_what_a_selector_refuses():
    with pytest.raises(ValueError, match="way must be"):
        selected("loud")
    with pytest.raises(ValueError, match="strength"):
        selected("centroid", strength=3)
    with pytest.raises(ValueError, match="not a phone of English: b2"):
        ProsodySelector(["pau", "b2"])


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Addon:
    """The bundled voice without any of these blocks."""
    folder = tmp_path_factory.mktemp("addon") / "plain"
    shutil.copytree(SLT, folder)
    document = json.loads((folder / "addon.json").read_text())
    document["stack"]["sequence_block"] = {"type": "Encoders"}
    stack = [{"type": name} for name in ("Upsampler", "Decoder", "Vocoder")]
    document["stack"]["streamable_block"]["stack"] = stack
    (folder / "addon.json").write_text(json.dumps(document))
    return Addon.load(folder)


def test_the_mean_prosody_is_the_voice_itself(plain):
    np.testing.assert_array_equal(
        Addon.load("slt-parallel").synthesize(TEXT), plain.synthesize(TEXT)
    )


def test_a_chosen_prosody_is_heard_and_streams(plain):
    voice = Addon.load("slt-parallel", prosody="syntactic")
    whole = voice.synthesize(TEXT)
    same = plain.synthesize(TEXT)
    assert len(whole) != len(same) or np.abs(whole - same).max() > 100
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
    voice = Addon.load("slt-parallel", prosody="syntactic")
    with pytest.raises(EmptyTextError, match="without a text"):
        voice.synthesize(["pau", "aa", "pau"])
    assert len(Addon.load("slt-parallel").synthesize(["pau", "aa", "pau"]))
    with pytest.raises(BlockError, match="looks for 'melody'"):
        voice.open(["pau"], {"melody": np.zeros(1)})


def test_an_addon_without_a_selector_has_no_choice(plain, tmp_path):
    folder = tmp_path / "plain"
    shutil.copytree(SLT, folder)
    document = json.loads((folder / "addon.json").read_text())
    blocks = document["stack"]["sequence_block"]["blocks"]
    blocks[1]["way"] = "loud"
    (folder / "addon.json").write_text(json.dumps(document))
    with pytest.raises(AddonError, match=r"blocks\[1\].*way must be"):
        Addon.load(folder)
    document["stack"]["sequence_block"] = {"type": "Encoders"}
    stack = [{"type": name} for name in ("Upsampler", "Decoder", "Vocoder")]
    document["stack"]["streamable_block"]["stack"] = stack
    (folder / "addon.json").write_text(json.dumps(document))
    with pytest.raises(AddonError, match="no ProsodySelector"):
        Addon.load(folder, prosody="syntactic")


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
