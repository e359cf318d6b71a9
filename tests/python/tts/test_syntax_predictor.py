from __future__ import annotations

import json
import shutil
import sys
import time
from importlib.resources import files
from pathlib import Path

import pytest

from pywakeword.errors import CardError, EmptyTextError, MissingExtraError, ModelNotFoundError
from pywakeword.tts import predict_distances
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor
from pywakeword.tts.text.tokens import by_sentence, tokenize

pytest.importorskip("onnxruntime", reason="the network needs the extra tts")

FOX_DISTANCES = [0, 2, 1, 3, 1, 8, 7, 6, 5, 4, 3, 2, 1]  # from its tree: test_syntax.py
FOX = "The brown fox is quick, and it is jumping over the lazy dog."
BUNDLED = Path(str(files("pywakeword.bundled"))) / "tts" / "syntax" / "syntax.onnx"
MAX_BYTES = 3_000_000
MAX_MS = 10.0  # a sentence


@pytest.fixture(scope="module")
def predictor() -> SyntaxPredictor:
    return SyntaxPredictor()


# Words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't they've", "Do n't they 've"),
        ("It\u2019s the boys' room, isn't it?", "It \u2019s the boys ' room is n't it"),
        ("an all-girl non-stop team, 50%", "an all girl non-stop team 50 %"),
        ("Dr. Smith's U.S. visa, e.g. $3,000.50", "Dr. Smith 's U.S. visa e.g. $ 3,000.50"),
        (
            "at 9:30 o'clock, the 21st - see www.x.org/a.",
            "at 9:30 o'clock the 21st see www.x.org/a",
        ),
        ("'quoted words' here", "quoted words here"),
        ("\u4f60\u597d, na\u00efve caf\u00e9", "\u4f60\u597d na\u00efve caf\u00e9"),
    ],
)
def test_words_are_those_of_a_treebank(text: str, expected: str) -> None:
    tokens = tokenize(text)
    assert " ".join(token.text for token in tokens if token.mark is None) == expected
    assert all(text[token.start : token.end] == token.text for token in tokens)


def test_sentences_part_behind_stops() -> None:
    text = 'He said: "Go away!" Did Mr. Fox go? I think so ... (He did.) No.'
    parts = by_sentence(tokenize(text), text)
    assert [text[part[0].start : part[-1].end] for part in parts] == [
        'He said: "Go away!"',
        "Did Mr. Fox go?",
        "I think so ...",
        "(He did.)",
        "No.",
    ]


# The bundled network


def test_it_knows_the_published_sentence(predictor: SyntaxPredictor) -> None:
    words = predictor.predict(FOX)
    assert [FOX[word.start : word.end] for word in words] == [word.text for word in words]
    assert [word.distance for word in words] == FOX_DISTANCES
    assert predict_distances(FOX) == FOX_DISTANCES


def test_clauses_part_higher_than_words(predictor: SyntaxPredictor) -> None:
    for text, boundary in (
        ("When the rain stopped, we went into the garden.", "we"),
        ("I would buy the blue suit, but the shop is closed.", "but"),
        ("She told him that the old train leaves at nine.", "told"),
    ):
        words = predictor.predict(text)
        assert max(words[1:], key=lambda word: word.score).text == boundary, text


def test_sentences_part_before_their_words(predictor: SyntaxPredictor) -> None:
    words = predictor.predict("Take the red one. Where did you put it? It is late.")
    inside = [word.distance for word in words if word.text not in ("Where", "It")]
    between = [word.distance for word in words if word.text in ("Where", "It")]
    assert min(between) > max(inside) - 1
    assert between[0] > between[1], "of equal ones the leftmost is the highest"
    alone = [word.distance for word in predictor.predict("Take the red one.")]
    assert [word.distance for word in words[:4]] == alone


@pytest.mark.parametrize("text", ["", "  \n", "?!", "... (\u2014)", "\U0001f600"])
def test_text_without_a_word(predictor: SyntaxPredictor, text: str) -> None:
    with pytest.raises(EmptyTextError, match="no word to speak"):
        predictor.predict(text)


def test_any_length(predictor: SyntaxPredictor) -> None:
    assert predict_distances("Yes") == [0]
    words = predictor.predict("and then " * 1000)
    assert len(words) == 2000
    assert max(word.distance for word in words) < 2000


def test_small_and_quick(predictor: SyntaxPredictor) -> None:
    assert BUNDLED.stat().st_size <= MAX_BYTES
    text = FOX.rstrip(".") + ", which nobody who saw it could believe at the time."
    times = []
    for _ in range(20):
        begin = time.thread_time()
        predictor.predict(text)
        times.append(1e3 * (time.thread_time() - begin))
    # Of the processor's time, as others may be using the machine.
    assert sorted(times)[10] <= MAX_MS


def test_the_card_has_the_promised_figures() -> None:
    card = json.loads(BUNDLED.with_suffix(".json").read_text())
    test = card["evaluation"]["test"]
    assert test["network"]["pair_order_of_scores"] > test["right_branching"]["pair_order"] + 0.2
    assert test["network"]["bracket_f1"] > test["right_branching"]["bracket_f1"] + 0.2
    learned = {document for entry in card["data"] for document in entry["documents"]}
    assert learned.isdisjoint(test["documents"])


# Files that are refused


def copy_of_bundled(folder: Path) -> Path:
    for suffix in (".onnx", ".json"):
        shutil.copy(BUNDLED.with_suffix(suffix), folder)
    return folder / "syntax.onnx"


def test_refused_files(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        SyntaxPredictor(tmp_path / "none.onnx")
    model = copy_of_bundled(tmp_path)
    assert SyntaxPredictor(model).predict("It works.")[0].text == "It"
    card = model.with_suffix(".json")
    document = json.loads(card.read_text())
    model.write_bytes(model.read_bytes()[:-5])
    with pytest.raises(CardError, match="bytes, its card says"):
        SyntaxPredictor(model)
    card.write_text(json.dumps({**document, "task": "vad"}))
    with pytest.raises(CardError, match="the task is 'vad'"):
        SyntaxPredictor(model)
    card.write_text("{")
    with pytest.raises(CardError, match="not a readable model card"):
        SyntaxPredictor(model)
    card.unlink()
    with pytest.raises(CardError, match="card is missing"):
        SyntaxPredictor(model)


def test_missing_onnxruntime_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pywakeword\[tts\]"):
        SyntaxPredictor()
