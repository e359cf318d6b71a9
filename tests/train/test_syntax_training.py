"""Training of the syntax network on a few trees; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pywakeword.models.digest import file_entry
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor
from tools.syntax.export import to_onnx
from tools.syntax.measure import measure, right_branching
from tools.syntax.network import Shape
from tools.syntax.ranking import make_vocabulary, predict, train
from tools.syntax.train import main
from tools.syntax.treebank import read_documents, read_sentence, split

TREES = (
    "(ROOT (S (NP-SBJ (DT The) (JJ old) (NN dog)) (VP (VBZ sees) (NP (DT a) (NN cat))) (. .)))",
    "(ROOT (SBARQ (WHNP (WP Who)) (SQ (VP (VBD saw) (NP (PRP it)))) (. ?)))",
    "(ROOT (S (S (NP (PRP It)) (VP (VBZ rains))) (, ,) (CC and) (S (NP (PRP we)) (VP (VBP go)))))",
)


def write_trees(folder: Path, n_documents: int = 10) -> Path:
    """Write documents as the data has them: only trees of one are parted by a blank line."""
    (folder / "trees").mkdir(parents=True)
    document = "\n\n".join(TREES)
    (folder / "trees" / "small.ptb").write_text("\n".join([document] * n_documents) + "\n")
    return folder


def test_reading() -> None:
    sentence = read_sentence(TREES[2])
    assert sentence.pieces[2:4] == ((",", "comma"), ("and", None))
    assert sentence.distances == (0, 1, 3, 2, 1)
    assert sentence.tags == ("PRP", "VBZ", "CC", "PRP", "VBP")
    assert sentence.labels == ("", "S", "ROOT", "ROOT", "S"), "a chain keeps its top"


def test_split_keeps_documents_whole(tmp_path: Path) -> None:
    documents = read_documents(write_trees(tmp_path, 20) / "trees")
    assert [len(document) for document in documents] == [3] * 20
    parts = split(documents)
    assert [len(part) for part in parts] == [48, 6, 6]
    names = [{sentence.document for sentence in part} for part in parts]
    assert len(names[0] | names[1] | names[2]) == sum(map(len, names)) == 20


def test_measures_by_hand() -> None:
    # Gold ((a b) (c d)); right branching is wrong in (a b), right in (c d) and in the whole.
    gold = [0, 1, 2, 1]
    figures = measure([gold], [right_branching(4)])
    assert right_branching(4) == [0, 3, 2, 1]
    assert figures.bracket_f1_with_sentence == pytest.approx(2 / 3)
    assert figures.bracket_f1 == pytest.approx(1 / 2)
    assert figures.pair_order == pytest.approx(1 / 2), "1 < 2 is wrong, 2 > 1 right, 1 = 1 left out"
    same = measure([gold], [gold])
    assert (same.pair_order, same.bracket_f1) == (1.0, 1.0)
    # All equal is no order at all, and ties of the prediction are wrong.
    assert measure([gold], [[0.0] * 4]).pair_order_of_scores == 0.0


def run(tmp_path: Path, epochs: int, checkpoint: Path | None, stop: int | None = None):
    sentences = [read_sentence(tree) for tree in TREES]
    vocabulary = make_vocabulary(sentences * 4)

    def after(epoch: int, *_: object) -> None:
        if epoch + 1 == stop:
            raise KeyboardInterrupt

    network = train(
        sentences * 4,
        vocabulary,
        shape=Shape(widths=(8, 4, 4, 4, 2), hidden=12, gap=12),
        epochs=epochs,
        rate=1e-2,
        dropout=0.1,
        seed=3,
        checkpoint=checkpoint,
        after_epoch=after,
    )
    return network, vocabulary, sentences


def test_learns_and_exports_what_it_learned(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    network, vocabulary, sentences = run(tmp_path, 40, None)
    scores = predict(network, sentences, vocabulary)
    figures = measure([s.distances for s in sentences], scores)
    assert figures.bracket_f1 == 1.0, "it knows by heart what it was shown"
    data = to_onnx(network, vocabulary)
    model = tmp_path / "small.onnx"
    model.write_bytes(data)
    card = {"format_version": 1, "task": "syntax", "model": file_entry(model.name, data)}
    model.with_suffix(".json").write_text(json.dumps(card))
    predictor = SyntaxPredictor(model)
    for sentence, expected in zip(sentences, scores):
        # Weights are in half precision, sums are not.
        np.testing.assert_allclose(predictor.scores(list(sentence.pieces)), expected, atol=0.05)


def test_an_interrupted_run_ends_as_the_whole_one(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole, vocabulary, sentences = run(tmp_path, 4, None)
    checkpoint = tmp_path / "run.pt"
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 4, checkpoint, stop=2)
    resumed, _, _ = run(tmp_path, 4, checkpoint)
    np.testing.assert_allclose(
        predict(resumed, sentences, vocabulary)[0], predict(whole, sentences, vocabulary)[0]
    )


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_trees(tmp_path / "data")
    out = tmp_path / "models" / "syntax"
    argv = ["--data", str(data), "--work", str(tmp_path / "work"), "--out", str(out)]
    assert main([*argv, "--epochs", "1"]) == 0
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["evaluation"]["test"]["documents"] == ["small/4"]
    assert SyntaxPredictor(out.with_suffix(".onnx")).predict("Who saw it?")[0].distance == 0
    assert main(["--data", str(tmp_path), *argv[2:]]) == 2
    assert "has no .ptb file" in capsys.readouterr().err
    (data / "trees" / "bad.ptb").write_text("(ROOT (S (NN dog)")
    assert main(argv) == 2
    assert "not closed" in capsys.readouterr().err
