"""The arbitrator of transcripts: training, export, runtime; pytest tests/train."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pywakeword import Encoding, TranscriptArbitrator, TwoPassEndpointer, WaitPolicy
from pywakeword.endpointing.prosody import PROSODY_FEATURES, prosody_features
from pywakeword.endpointing.recognisers.transcript_arbitrator import (
    KEPT_STATES,
    describe_text,
    pad_states,
)
from pywakeword.errors import CardError
from tools.endpointing.data.corpus import Utterance, some_of
from tools.endpointing.data.examples import Ask, Pause, Recognised
from tools.endpointing.data.texts import sentences
from tools.endpointing.networks.export import export_transcript_arbitrator
from tools.endpointing.networks.transcripts import (
    TRANSCRIPT_PARTS,
    TextNetwork,
    text_tensors,
    train_text,
    train_transcript_arbitrator,
    transcript_inputs,
)

DIMS = 6
WHOLE = ["turn on the light", "stop the music", "set a timer for ten minutes"] * 4
CARD = {"policy": {"shortest_ms": 200, "longest_ms": 900, "middle": 0.4, "steepness": 1}}


def pauses(n: int, seed: int) -> list[Pause]:
    """Ends after whole texts and holds after cut ones; nothing else tells them apart."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        end = i % 2 == 0
        words = WHOLE[int(rng.integers(len(WHOLE)))].split()
        text = " ".join(words if end else words[: int(rng.integers(1, len(words)))])
        states = rng.normal(0, 1, (KEPT_STATES, DIMS)).astype(np.float16)
        sound = rng.normal(0, 1, len(PROSODY_FEATURES)).astype(np.float32)
        nothing = np.zeros((1, DIMS), np.float16)
        ask = Ask(200, nothing, np.zeros(1, np.float32), np.zeros(8, int), sound, 0.5)
        pause = Pause("r", f"s{i % 7}", "train", True, "end" if end else "hold", 300, [ask])
        pause.recognised = Recognised(text, states, np.ones(KEPT_STATES, np.float32))
        made.append(pause)
    return made


@pytest.fixture(scope="module")
def text() -> TextNetwork:
    return train_text(WHOLE, steps=150)


def test_the_text_network_learns_where_sentences_end(text: TextNetwork) -> None:
    cuts = ["turn on the", "stop the", "set a timer for ten"]
    with torch.no_grad():
        whole, _ = text(*text_tensors([t.split() for t in WHOLE[:3]]))
        cut, _ = text(*text_tensors([t.split() for t in cuts]))
    assert whole.min() > 1
    assert cut.max() < -1


def test_from_training_to_the_runtime(text: TextNetwork, tmp_path: Path) -> None:
    made = pauses(192, 1)
    network = train_transcript_arbitrator(text, made, made, epochs=12)
    runtime = TranscriptArbitrator(export_transcript_arbitrator(network, tmp_path, CARD))
    assert runtime.policy == WaitPolicy(200, 900, 0.4, 1)
    pcm = np.random.default_rng(1).integers(-900, 900, 32_000).astype(np.int16)

    def ask(words: str) -> float:
        frames = np.zeros((2 * KEPT_STATES, DIMS), np.float32)
        return runtime.probability(Encoding(frames, 0, tuple(words.split()), 0.0), pcm, 0.2)

    assert ask("Turn on the light.") > 0.7
    assert ask("Turn on the") < 0.3
    states, mask = pad_states(np.zeros((2 * KEPT_STATES, DIMS), np.float32))
    parts = (states, mask, *describe_text(["Turn", "on", "the"]), prosody_features(pcm, 0.2))
    with torch.no_grad():
        wanted = network(*(torch.from_numpy(part[None]) for part in parts))
    assert ask("Turn on the") == pytest.approx(float(wanted), abs=2e-3)
    nothing = Encoding(np.zeros((0, 0), np.float32), 0, (), 0.0)
    assert 0 <= runtime.probability(nothing, pcm, 0.2) <= 1
    with pytest.raises(ValueError, match="encodings of 6 values"):
        runtime.probability(Encoding(np.zeros((4, 5), np.float32), 0, (), 0.0), pcm, 0.2)


def test_the_endpointer_takes_the_policy_of_the_card(text: TextNetwork, tmp_path: Path) -> None:
    made = pauses(64, 1)
    network = train_transcript_arbitrator(text, made, made, epochs=1)
    runtime = TranscriptArbitrator(export_transcript_arbitrator(network, tmp_path, CARD))

    class Silent:
        def process(self, pcm: np.ndarray) -> None: ...

        def encoding(self) -> Encoding:
            return Encoding(np.zeros((0, 0), np.float32), 0, (), 0.0)

        def reset(self) -> None: ...

    assert TwoPassEndpointer(eos_source=Silent(), arbitrator=runtime).policy == runtime.policy


@pytest.mark.parametrize("field", ["task", "prosody"])
def test_another_card_is_refused(text: TextNetwork, tmp_path: Path, field: str) -> None:
    made = pauses(64, 1)
    network = train_transcript_arbitrator(text, made, made, epochs=1)
    path = export_transcript_arbitrator(network, tmp_path, CARD)
    card = json.loads(path.with_suffix(".json").read_text())
    card[field] = "verifier" if field == "task" else ["f0_slope"]
    path.with_suffix(".json").write_text(json.dumps(card))
    with pytest.raises(CardError):
        TranscriptArbitrator(path)


@pytest.mark.parametrize("part", TRANSCRIPT_PARTS)
def test_a_hidden_part_says_nothing(part: str) -> None:
    first, second = pauses(8, 1), pauses(8, 2)
    shown = [transcript_inputs(p) for p in (first, second)]
    hidden = [transcript_inputs(p, (part,)) for p in (first, second)]
    differ = [[not torch.equal(a, b) for a, b in zip(*both)] for both in (shown, hidden)]
    assert sum(differ[0]) > sum(differ[1])


def test_states_are_means_of_two_and_texts_are_described() -> None:
    states, mask = pad_states(np.arange(10, dtype=np.float32).reshape(5, 2))
    assert states[-2:].tolist() == [[3, 4], [7, 8]]  # the oldest has no neighbour
    assert mask.sum() == 2
    words, endings, text = describe_text(["Set", "a", "timer..."])
    assert (words > 0).tolist() == [True, True, False, False, False, True, True, True]
    assert words[0] == words[5] == describe_text(["set"])[0][0]
    assert endings[-1] == describe_text(["streamer"])[1][-1] != endings[0]
    assert text.tolist() == pytest.approx([0.3, 0, 0, 0, 0, 0, 1])
    assert describe_text([])[2].tolist() == [0, 1, 0, 0, 0, 0, 0]
    assert describe_text(["what?"])[2].tolist() == pytest.approx([0.1, 0, 0, 1, 0, 0, 0])


def utterance(number: int, role: str, transcript: str, *, adult: bool = True) -> Utterance:
    path = Path(f"{number}.wav")
    return Utterance(path, "vctk", f"s{number}", adult, transcript, role, False, "", "")


def test_no_held_out_sentence_is_learnt(tmp_path: Path) -> None:
    (tmp_path / "x.ptb").write_text("(S (NP (PRP I)) (VP (VBP do) (RB n't)) (. .))\n")
    spoken = [utterance(1, "train", "a b"), utterance(2, "held_out", "a b")]
    spoken += [utterance(3, "train", "c d"), utterance(4, "other", "e f")]
    found = sentences(tmp_path, spoken, np.random.default_rng(1))
    assert "I don't" in found
    assert "c d" in found
    assert not {"a b", "e f"} & set(found)
    assert not any("{" in text for text in found)


def test_some_of_train_has_all_kinds() -> None:
    spoken = [utterance(i, "train", "a b", adult=i % 2 == 0) for i in range(40)]
    spoken += [utterance(50, "other", "what is it"), utterance(51, "held_out", "go")]
    kept = some_of(spoken, 10, 1)
    assert [u.role for u in kept] == ["held_out"] + ["train"] * 10 + ["other"]
    assert sum(not u.adult for u in kept) == 2
    assert [u.kind for u in kept[::11]] == ["statement", "question"]
    assert [u.path for u in some_of(spoken, 4, 0)[1:]] == [u.path for u in kept[1:5]]
