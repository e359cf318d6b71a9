from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from pywakeword.errors import BlockError, MissingExtraError, PhonesError
from pywakeword.tts import Addon, FrameStream, StreamableBlock, StreamablePipeline, registry
from pywakeword.tts.addon.front_ends import split_symbols
from pywakeword.tts.blocks import Network, NetworkSpec
from pywakeword.tts.blocks.decoders import Decoder

for module in ("onnx", "onnxruntime"):
    pytest.importorskip(module, reason=f"{module} comes with the extra test")
from helpers import tiny_addon  # noqa: E402

TEXT = "pau a b c d a c b d a pau b b a c d d c a pau"
STACK = ("stack", "streamable_block", "stack")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_addon.write(tmp_path_factory.mktemp("addon") / "tiny", tiny_addon.manifest())


@pytest.fixture(scope="module")
def attention_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("addon") / "attention"
    return tiny_addon.write(folder, tiny_addon.attention_manifest())


def read(stream: FrameStream, n: int) -> np.ndarray:
    pieces = []
    while len(piece := stream.pull(n)):
        pieces.append(piece)
    return np.concatenate(pieces)


def audio(addon: Addon, text: str = TEXT, n: int = 1000) -> np.ndarray:
    return read(addon.open(text.split()), n)


def with_stack(tmp_path, *blocks: dict, sequence: dict | None = None):
    """A tiny addon with another stack."""
    document = tiny_addon.manifest()
    document["stack"]["streamable_block"]["stack"] = list(blocks)
    document["stack"]["sequence_block"] = sequence or {"type": "Encoders"}
    return tiny_addon.write(tmp_path / f"addon{len(list(tmp_path.iterdir()))}", document)


UP, DEC, VOC = {"type": "Upsampler"}, {"type": "Decoder"}, {"type": "Vocoder"}


@pytest.mark.parametrize("kind", ["folder", "attention_folder"])
def test_any_chunk_size_gives_the_same_audio(kind, request):
    addon = Addon.load(request.getfixturevalue(kind))
    whole = addon.synthesize(TEXT)
    assert len(whole) > 1600
    assert np.abs(whole).max() > 100
    for n in (1, 39, 1600) if kind == "folder" else (641,):
        np.testing.assert_array_equal(
            np.concatenate(list(addon.stream(TEXT, chunk_samples=n))), whole
        )


@pytest.mark.parametrize("n_symbols", [1, 2, 11, 12, 16, 17, 40, 65])
def test_fixed_shapes_give_what_dynamic_ones_give(folder, n_symbols):
    text = " ".join(np.random.default_rng(n_symbols).choice(tiny_addon.SYMBOLS, n_symbols))
    dynamic = audio(Addon.load(folder), text)
    fixed = audio(Addon.load(folder, context="fixed"), text)
    assert dynamic.shape == fixed.shape
    np.testing.assert_allclose(fixed, dynamic, atol=1e-4)


def test_fixed_shapes_of_an_attention_decoder(attention_folder):
    dynamic = audio(Addon.load(attention_folder))
    fixed = audio(Addon.load(attention_folder, context="fixed"))
    np.testing.assert_allclose(fixed, dynamic, atol=1e-4)
    with pytest.raises(BlockError, match="attention_decoder: takes 32 positions, got 40"):
        audio(Addon.load(attention_folder, context="fixed"), "pau " + "a b c " * 13)
    # ... so that longer text is cut at a pause before.
    addon = Addon.load(attention_folder, context="fixed")
    long = "pau a b c d pau " * 8
    assert addon.synthesize(long).size > Addon.load(attention_folder).synthesize(TEXT).size


def test_a_fixed_network_is_run_at_no_other_shape(folder, monkeypatch):
    addon = Addon.load(folder, context="fixed")
    shapes: dict[str, set[int]] = {}
    original = Network.run_piece

    def recording(self, tensors):
        session = self._session

        class Recorder:
            def run(self_, names, feeds):
                shapes.setdefault(self.spec.name, set()).add(feeds["mask"].shape[1])
                return session.run(names, feeds)

        self._session = Recorder()
        try:
            return original(self, tensors)
        finally:
            self._session = session

    monkeypatch.setattr(Network, "run_piece", recording)
    audio(addon)
    assert shapes == {
        "text_encoder": {16},
        "duration_encoder": {11},
        "decoder": {24},
        "vocoder": {16},
    }


def test_the_size_of_a_run_does_not_matter(tmp_path):
    small, large = (
        with_stack(tmp_path, UP, DEC | {"piece_frames": n}, VOC | {"piece_frames": m})
        for n, m in ((1, 3), (500, 400))
    )
    np.testing.assert_allclose(audio(Addon.load(small)), audio(Addon.load(large)), atol=1e-4)


def test_the_first_samples_are_out_before_the_last_frames_are_computed(folder, monkeypatch):
    frames = []
    original = Network.run_piece

    def counting(self, tensors):
        if self.spec.name == "decoder":
            frames.append(len(tensors["upsampled"]))
        return original(self, tensors)

    monkeypatch.setattr(Network, "run_piece", counting)
    addon = Addon.load(folder)
    work = []
    for repeats in (5, 20):
        frames.clear()
        chunks = addon.stream(f"{TEXT} " * repeats, chunk_samples=80)
        next(chunks)
        work.append(sum(frames))
        for _ in chunks:
            pass
        assert sum(frames) > 3 * work[-1]
    assert work[0] == work[1]  # independent of the length


def test_customized_encoders_change_only_a_name(folder, tmp_path):
    other = with_stack(tmp_path, UP, DEC, VOC, sequence={"type": "CustomizedEncoders"})
    ours, theirs = (json.loads((f / "addon.json").read_text()) for f in (folder, other))
    assert theirs["stack"].pop("sequence_block") == {"type": "CustomizedEncoders"}
    assert ours["stack"].pop("sequence_block") == {"type": "Encoders"}
    assert ours == theirs
    addon = Addon.load(other)
    encoders: Any = addon.pipeline.sequence_block
    assert encoders.parallel
    np.testing.assert_array_equal(audio(addon), audio(Addon.load(folder)))


def test_nested_blocks(folder, tmp_path):
    plain = audio(Addon.load(folder))
    nested = with_stack(
        tmp_path,
        {"type": "StreamableStack", "stack": [UP, {"type": "StreamableStack", "stack": [DEC]}]},
        VOC,
        sequence={
            "type": "SequenceBlockContainer",
            "parallel": True,
            "blocks": [
                {"type": "Network", "network": "text_encoder"},
                {"type": "Encoders", "networks": ["duration_encoder"]},
            ],
        },
    )
    np.testing.assert_array_equal(audio(Addon.load(nested)), plain)


def test_probe_and_gain_by_name(folder, tmp_path):
    plain, seen = audio(Addon.load(folder)), []
    probed = with_stack(
        tmp_path, UP, DEC, {"type": "Probe", "name": "mel"}, VOC, {"type": "Gain", "decibels": -20}
    )
    addon = Addon.load(probed, observers={"mel": seen.append})
    np.testing.assert_allclose(audio(addon), plain / 10, atol=1e-6)
    assert sum(map(len, seen)) * 40 == len(plain)
    assert {piece.shape[1] for piece in seen} == {tiny_addon.MELS + 2}
    np.testing.assert_allclose(audio(Addon.load(probed)), plain / 10, atol=1e-6)


def test_an_own_block_type(tmp_path):
    types = registry.copy()

    @types.register("Backwards")
    class Backwards(Decoder):
        pass

    stack = (UP, {"type": "Backwards", "network": "decoder"}, VOC)
    addon = Addon.load(with_stack(tmp_path, *stack), registry=types)
    assert isinstance(addon.pipeline, StreamablePipeline)
    stacked: Any = addon.pipeline.streamable_block
    assert isinstance(stacked.blocks[1], Backwards)
    assert "Backwards" not in registry.names(StreamableBlock)


def test_a_zip_is_as_good_as_a_folder(folder, tmp_path):
    addon = Addon.load(tiny_addon.zipped(folder, tmp_path / "tiny.zip"))
    np.testing.assert_array_equal(audio(addon), audio(Addon.load(folder)))


def test_many_utterances_at_a_time(folder):
    addon = Addon.load(folder)
    whole = audio(addon)
    one, other = addon.open(TEXT.split()), addon.open(TEXT.split())
    first = one.pull(500)
    np.testing.assert_array_equal(read(other, 700), whole)
    np.testing.assert_array_equal(np.concatenate([first, read(one, 100)]), whole)


def test_text_that_cannot_be_spoken(folder):
    addon = Addon.load(folder)
    with pytest.raises(PhonesError, match="no symbol 'x', 'y'"):
        addon.synthesize("a y x")
    assert addon.synthesize("").size == 0
    assert addon.synthesize(["a", "b"]).size
    with pytest.raises(BlockError, match="empty"):
        addon.open([])
    with pytest.raises(ValueError, match="chunk_samples"):
        next(addon.stream("a", chunk_samples=0))


def test_attention_that_gets_stuck_is_an_error(tmp_path):
    document = tiny_addon.attention_manifest()
    stack = document["stack"]["streamable_block"]["stack"]
    stack[0]["max_frames_per_symbol"] = 3  # this one takes four
    addon = Addon.load(tiny_addon.write(tmp_path, document))
    with pytest.raises(BlockError, match=r"stuck at symbol \d"):
        addon.synthesize(TEXT)


def test_symbols_are_cut_at_pauses():
    def cut(text: str, n: int) -> list[str]:
        return ["".join(piece) for piece in split_symbols(text, pause="-", max_symbols=n)]

    assert cut("-ab-cd-", 7) == ["-ab-cd-"]
    assert cut("-ab-cd-", 6) == ["-ab-", "-cd-"]
    assert cut("-ab-cd-", 4) == ["-ab-", "-cd-"]
    assert cut("abcdef", 4) == ["abcd", "ef"]
    assert cut("-abcdef-", 3) == ["-ab", "cde", "f-"]
    assert cut("--------", 3) == ["---", "---", "---", "--"]
    assert cut("", 3) == []


def test_networks_refuse_unfit_tensors(folder):
    addon = Addon.load(folder)
    stacked: Any = addon.pipeline.streamable_block
    network = stacked.blocks[1].network
    good = np.zeros((5, tiny_addon.WIDTH + 3), np.float32)
    assert network.run({"upsampled": good})["acoustic"].shape == (5, tiny_addon.MELS + 2)
    for bad, message in (
        (good[:, 1:], "wanted float32 of shape"),
        (good.astype(np.float64), "is float64"),
        (good[:0], "empty"),
        (np.full_like(good, np.nan), "not finite"),
    ):
        with pytest.raises(BlockError, match=message):
            network.run({"upsampled": bad})
    with pytest.raises(BlockError, match="'upsampled' is missing"):
        network.run({})


def test_without_onnxruntime_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    data, entry = tiny_addon.network("decoder")
    spec = NetworkSpec("decoder", "networks.decoder", entry["inputs"], entry["outputs"], None, None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[tts\]"):
        Network(spec, data)
