"""The prosody autoencoder and its evaluation; needs the extra `kits`: pytest tests/train."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pywakeword.tts.prosody.model import phone_positions
from pywakeword.tts.recording.alignment import PHONES
from pywakeword.tts.recording.contours import PhoneContours
from pywakeword.tts.text.sentence_structure import WIDTH
from tools.prosody import classes, export, training
from tools.prosody import scores as evaluation
from tools.prosody.recordings import long_form
from tools.prosody.recordings.corpus import Utterance
from tools.prosody.recordings.transcripts import Transcript, transcribe_all
from tools.prosody.selection import choose, load_bank, make_bank
from tools.prosody.train import main


def utterances(n: int = 48, seed: int = 1) -> list[Utterance]:
    """Half of them rise, half fall."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        length = int(rng.integers(8, 20))
        slope = 0.4 if i % 2 else -0.4
        contours = np.zeros((length, 3), np.float32)
        contours[:, 0] = slope * np.linspace(-1, 1, length)
        contours[:, 1:] = rng.normal(0, 0.1, (length, 2))
        made.append(
            Utterance(
                f"u{i}",
                f"s{i % 6}",
                ("rise", "fall")[i % 2],
                "train",
                rng.integers(0, len(PHONES), length),
                phone_positions(np.zeros(length, bool)),
                contours,
                rng.random(length) < 0.8,
            )
        )
    return made


def test_a_run_that_was_stopped_ends_as_the_whole_one(tmp_path):
    corpus = utterances()
    options = {"seed": 3, "epochs": 4, "kl_weight": 0.1}
    whole = training.train(corpus, tmp_path / "whole.pt", **options)

    class Stop(Exception):
        pass

    saved = torch.save

    def save(state, path):
        saved(state, path)
        if state["epoch"] == 2:
            raise Stop

    torch.save = save
    try:
        with pytest.raises(Stop):
            training.train(corpus, tmp_path / "part.pt", **options)
    finally:
        torch.save = saved
    resumed = training.train(corpus, tmp_path / "part.pt", **options)
    for one, other in zip(whole.parameters(), resumed.parameters()):
        assert torch.equal(one, other)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("prosody") / "trained.pt"
    return training.train(utterances(96), path, seed=1, epochs=60, kl_weight=0.02)


def test_an_embedding_tells_rises_from_falls(trained):
    held_out = utterances(24, seed=2)
    own = evaluation.errors(
        held_out, training.decode(trained, held_out, training.embed(trained, held_out))
    )
    centroid = np.repeat(training.embed(trained, utterances(96)).mean(axis=0)[None], 24, axis=0)
    mean = evaluation.errors(held_out, training.decode(trained, held_out, centroid))
    assert own[:, 0].mean() < 0.7 * mean[:, 0].mean()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Constant folding")
def test_the_exported_decoder_says_what_the_trained_one_does(trained):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(export.decoder_onnx(trained["decoder"]))
    for utterance in utterances(3, seed=5):
        z = np.random.default_rng(0).normal(size=16).astype(np.float32)
        feed = {"phones": utterance.phones, "positions": utterance.positions, "embedding": z}
        (found,) = session.run(None, feed)
        (wanted,) = training.decode(trained, [utterance], z[None])
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_choosing_from_a_bank():
    rng = np.random.default_rng(1)
    described = rng.normal(size=(5, WIDTH)).astype(np.float32)
    meant = np.eye(5, 8, dtype=np.float32)
    embeddings = rng.normal(size=(5, 16)).astype(np.float32)
    bank = load_bank(make_bank(embeddings, described, meant))
    for way in ("syntactic", "semantic", "both"):
        np.testing.assert_allclose(choose(bank, way, described, meant), embeddings, atol=2e-3)
    np.testing.assert_allclose(
        choose(bank, "centroid", described, meant)[0], embeddings.mean(0), atol=1e-6
    )
    few = choose(bank, "both", described, meant, neighbours=5)
    np.testing.assert_allclose(few[0], embeddings.mean(axis=0), atol=2e-3)


def test_errors_are_in_their_units():
    (one,) = utterances(1)
    off = one.contours + np.array([1 / 12, 2, 0.1], np.float32)
    np.testing.assert_allclose(evaluation.errors([one], [off])[0], [1, 2, 10], rtol=1e-4)


def test_intervals_are_over_speakers():
    values, speakers = np.array([0.0, 0, 1, 1]), ["a", "a", "b", "b"]
    found = evaluation.interval(values, speakers)
    assert (found.mean, found.low, found.high) == (0.5, 0, 1)
    wrong = np.array([4.0, 2.0, 4.0, 2.0])
    gap = evaluation.gap_closed(wrong, wrong - 0.5, wrong - 1, speakers)
    np.testing.assert_allclose([gap.mean, gap.low, gap.high], 50)


def test_classes_by_their_words(tmp_path):
    (tmp_path / "a.ptb").write_text(
        "(NP (NN coffee) (NN cup))\n\n(NP (NN coffee) (NN cup))\n\n(VP (VB run))\n\n(NP (NN run))"
    )
    tests = classes.sentence_classes(tmp_path)
    assert tests["compound noun"]("a coffee cup")
    assert not tests["compound noun"]("a coffee run")
    assert tests["complex"]("i think that she left if it rained")
    assert not tests["complex"]("what is it")
    assert tests["wh-question"]("what is it")


def test_what_was_transcribed_is_not_heard_again(tmp_path):
    cache = tmp_path / "transcripts.jsonl"
    cache.write_text('["a.opus", "so it went on", 0.5]\n["b.opus", "", 0.0]\n["c.opus", "no", 1]\n')
    paths = [tmp_path / name for name in ("a.opus", "b.opus")]  # there are no such recordings
    assert transcribe_all(paths, cache) == {
        paths[0]: Transcript("so it went on", 0.5),
        paths[1]: Transcript("", 0.0),
    }


def test_a_long_recording_is_cut_at_its_pauses():
    """Pauses in front of words 3, 5 (too near to that) and 8 (too near to the end)."""
    words = ["so", "it", "went", "on", "and", "on", "for", "one", "year"]
    of_word = np.repeat(np.arange(9), 2)
    pauses = np.zeros(18, np.float32)
    pauses[[6, 10, 16]] = 0.3
    contours = np.zeros((18, 3), np.float32)
    contours[:6, 0], contours[6:, 0] = -0.25, 0.25
    pitched = np.ones(18, bool)
    measured = PhoneContours(
        ("ah",) * 18, of_word, contours[:, 0], pitched, contours[:, 1], contours[:, 2], pauses
    )
    found = long_form.split_phrases("a", "s", words, measured, contours)
    assert found.whole.text == " ".join(words)
    assert [u.text for u in found.phrases] == ["so it went", "on and on for one year"]
    # Phrases are chosen for as sentences: places are counted from their own start.
    second = np.isin(np.arange(12), [4, 10])
    np.testing.assert_array_equal(found.phrases[1].positions, phone_positions(second))
    parts = {"oracle": [u.contours for u in found.phrases]}
    (together,) = long_form.joined([found], parts)["oracle"]
    np.testing.assert_array_equal(together, contours)
    np.testing.assert_allclose(long_form.spread_of_phrases([found], [together]), 3)
    np.testing.assert_allclose(long_form.spread_of_phrases([found], [contours * 0]), 0)


def test_a_missing_corpus_is_told(tmp_path, capsys):
    vocabulary = tmp_path / "none.txt"
    command = ["--data", str(tmp_path), "--work", str(tmp_path)]
    assert main([*command, "--bert", str(vocabulary), str(vocabulary)]) == 2
    assert "none.txt" in capsys.readouterr().err
