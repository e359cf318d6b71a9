"""Vectors of sentences, and the prosody model that is bundled."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from pywakeword.errors import (
    CardError,
    EmptyTextError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
)
from pywakeword.tts.prosody.model import WAYS, EmbeddingBank, ProsodyModel, phone_positions
from pywakeword.tts.recording.alignment import PHONES
from pywakeword.tts.text.questions import QUESTION_TYPES, question_type
from pywakeword.tts.text.sentence_encoder import (
    OnnxBertEncoder,
    WordPieces,
    read_safetensors,
)
from pywakeword.tts.text.sentence_structure import WIDTH, structure_vector
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor

pytest.importorskip("onnxruntime", reason="the tts extra is not installed")
BUNDLED = Path(__file__).parents[3] / "models" / "tts" / "prosody"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("where are you going", "wh"),
        ("What a day", "statement"),
        ("what now?", "wh"),
        ("will you come with me", "yes_no"),
        ("Do you want a suit, or a shirt?", "or"),
        ("you are late", "statement"),
        ('She said: "You are late?"', "yes_no"),
    ],
)
def test_question_types(text, kind):
    assert question_type(text, guess_unmarked=True) == kind
    vector = structure_vector(text, SyntaxPredictor())
    assert vector.shape == (WIDTH,)
    assert vector[-len(QUESTION_TYPES) :].tolist() == [float(kind == q) for q in QUESTION_TYPES]


def test_structure_does_not_depend_on_the_words_but_on_the_build():
    one, same, other = (
        structure_vector(text, SyntaxPredictor())
        for text in ("The dog saw the cat.", "The man met the boy.", "If it rains, we stay in.")
    )
    np.testing.assert_allclose(one, same, atol=1e-6)
    assert np.abs(one - other).max() > 0.2
    for text in ("", "?!"):
        with pytest.raises(EmptyTextError):
            structure_vector(text, SyntaxPredictor())


def test_positions_of_phones():
    positions = phone_positions(np.array([False, False, True, False, False]))
    np.testing.assert_allclose(20 * positions[:, 0], [0, 1, 2, 3, 4], atol=1e-5)
    np.testing.assert_allclose(20 * positions[:, 1], [4, 3, 2, 1, 0], atol=1e-5)
    np.testing.assert_allclose(10 * positions[:, 2], [0, 1, 0, 1, 2], atol=1e-5)
    np.testing.assert_allclose(10 * positions[:, 3], [1, 0, 2, 1, 0], atol=1e-5)
    assert phone_positions(np.zeros(1, bool)).shape == (1, 5)


def bank() -> EmbeddingBank:
    return EmbeddingBank(
        {
            "embeddings": np.eye(3),
            "centroid": np.full(3, 1 / 3),
            "structures": np.eye(3),
            "structure_mean": np.zeros(3),
            "structure_scale": np.ones(3),
            "meanings": np.eye(3)[[1, 2, 0]],
        }
    )


def test_the_nearest_is_by_cosine():
    sentence, meaning = np.array([0, 5.0, 0], np.float32), np.array([0.6, 0, 0.8], np.float32)
    assert bank().similarities("syntactic", sentence, None).argmax() == 1
    assert bank().similarities("semantic", None, meaning).argmax() == 1
    both = bank().similarities("both", np.array([2.0, 0, 0], np.float32), meaning)
    np.testing.assert_allclose(both, [0.5, 0.4, 0.3])


def test_pieces_of_words(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\njump\n##ing\n##s\n.\ncafe\n")
    tokenize = WordPieces(path)
    assert tokenize("Jumping.") == [2, 4, 5, 7, 3]
    assert tokenize("jumps Caf\u00e9 zzz") == [2, 4, 6, 8, 1, 3]
    with pytest.raises(EmptyTextError):
        tokenize(" ")
    with pytest.raises(ModelNotFoundError):
        WordPieces(tmp_path / "none.txt")
    path.write_text("a\n")
    with pytest.raises(ModelError, match="CLS"):
        WordPieces(path)


def test_any_bert_in_onnx(tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx comes with the extra test")
    helper, kinds = onnx.helper, onnx.TensorProto
    table = np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "bert",
        [helper.make_tensor_value_info("input_ids", kinds.INT64, ["b", "n"])],
        [helper.make_tensor_value_info("last_hidden_state", kinds.FLOAT, ["b", "n", 4])],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "b.onnx")
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\ne\n")
    encoder = OnnxBertEncoder(tmp_path / "b.onnx", tmp_path / "vocab.txt")
    (vector,) = encoder.encode(["a b"])
    wanted = table[[2, 4, 5, 3]].mean(axis=0)
    np.testing.assert_allclose(vector, wanted / np.linalg.norm(wanted), rtol=1e-5)
    with pytest.raises(ModelError):
        OnnxBertEncoder(tmp_path / "vocab.txt", tmp_path / "vocab.txt")


def test_a_damaged_safetensors_file(tmp_path):
    path = tmp_path / "m.safetensors"
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    values = np.array([1.5, -2], "<f4")
    path.write_bytes(len(header).to_bytes(8, "little") + header + values.tobytes())
    np.testing.assert_array_equal(read_safetensors(path)["w"], values)
    path.write_bytes(len(header).to_bytes(8, "little") + header + values.tobytes()[:4])
    with pytest.raises(ModelError):
        read_safetensors(path)


def test_a_missing_sentence_encoder_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[semantic\]"):
        ProsodyModel().choose("I know.", "semantic")


@pytest.fixture(scope="module")
def model() -> ProsodyModel:
    return ProsodyModel()


class FixedEncoder:
    name = "all-MiniLM-L6-v2"

    def encode(self, texts):
        return np.repeat(np.eye(1, 384, dtype=np.float32), len(texts), axis=0)


def test_ways_choose(model):
    model = ProsodyModel(encoder=FixedEncoder())
    assert model.nearest(None, "centroid") is None
    assert {model.choose("Where are you going?", way).shape for way in WAYS} == {(16,)}
    chosen = {
        model.nearest(text, "syntactic")
        for text in ("Where are you going?", "I know.", "She left because it had been raining.")
    }
    assert len(chosen) == 3
    assert model.nearest("I know.", "semantic") == model.nearest("You see.", "semantic")


def test_decoding(model):
    pauses = np.zeros(6, bool)
    phones = ["dh", "ah", "l", "ae", "m", "p"]
    assert np.abs(model.deviations(phones, pauses, model.bank.centroid)).max() == 0
    chosen = model.choose("Where are you going?", "syntactic")
    contours = model.decode(phones, pauses, chosen)
    assert contours.shape == (6, 3)
    assert np.abs(contours[:, 0]).max() < 1.5  # octaves
    assert np.abs(model.deviations(phones, pauses, chosen)).max() > 0.01
    assert model.decode([], np.zeros(0, bool), chosen).shape == (0, 3)
    assert model.decode(list(PHONES), np.zeros(len(PHONES), bool), chosen).shape == (39, 3)


def test_what_cannot_be_chosen(model):
    with pytest.raises(EmptyTextError):
        model.choose("...", "syntactic")
    with pytest.raises(EmptyTextError, match="without a text"):
        model.choose(None, "both")
    with pytest.raises(ValueError, match="way must be"):
        model.choose("a", "loud")


def test_a_model_is_what_its_card_says(tmp_path):
    with pytest.raises(ModelNotFoundError):
        ProsodyModel(tmp_path / "none.onnx")
    for file in BUNDLED.iterdir():
        shutil.copy(file, tmp_path)
    path = tmp_path / "prosody.onnx"

    class Other(FixedEncoder):
        name = "other"

    with pytest.raises(CardError, match="other"):
        ProsodyModel(path, encoder=Other())
    bank_file = tmp_path / "prosody.npz"
    whole = bank_file.read_bytes()
    bank_file.write_bytes(whole[:-1])
    with pytest.raises(CardError, match="bytes, its card says"):
        ProsodyModel(path)
    bank_file.write_bytes(whole)
    card = tmp_path / "prosody.json"
    document = json.loads(card.read_text())
    for change in ({"task": "vad"}, {"bank": None}, {"model": {}}):
        card.write_text(json.dumps(document | change))
        with pytest.raises(CardError):
            ProsodyModel(path)
    card.unlink()
    with pytest.raises(CardError, match="card is missing"):
        ProsodyModel(path)


def test_the_bundled_model_is_small_and_has_figures():
    assert (BUNDLED / "prosody.onnx").stat().st_size < 1e6
    card = json.loads((BUNDLED / "prosody.json").read_text())
    table = card["evaluation"]["classes"]["all"]
    assert card["evaluation"]["split"] == "dev"
    assert table["oracle"]["f0_semitones"][0] < table["centroid"]["f0_semitones"][0]
    assert len(card["evaluation"]["seeds"]) == 3
