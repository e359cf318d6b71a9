"""The measurements of voices, with stand-ins for voices and networks; needs the extra `kits`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soxr", reason="needs the extra 'audio'")

from pywakeword.speech_to_speech import Cascade
from pywakeword.tts import AudioChunk, Backend, TtsClient
from pywakeword.tts.recording.contours import PhoneContours
from pywakeword.tts.text.questions import question_type
from tools.prosody import synthetic
from tools.tts import cascade, quality


class Tone(Backend):
    """0.1 s per word, one chunk each."""

    name = "tone"

    async def speak(self, text, voice, prosody):
        for _ in text.split():
            yield AudioChunk(np.full(1600, 1000, np.int16), 16_000)
            await asyncio.sleep(0)


def test_a_voice_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "backend_of", lambda name: Tone())
    said = iter(["good morning", "good evening all", "color it red"])
    texts = ["Good morning.", "Good evening.", "Colour it red."]
    found = asyncio.run(quality.measure("tone", texts, lambda pcm: next(said), lambda pcm: 3.0))
    assert found["words"] == 7
    assert found["word_error_rate"] == round(1 / 7, 4)  # British and American spellings are one
    assert found["dnsmos"] == 3.0
    assert found["confused"] == [["Good evening.", "good evening all"]]
    assert 0 <= found["cancel_ms"] < 1000


def test_numbers_are_words() -> None:
    assert quality.normalised("At 21, in 5 of 118.") == (
        ["at", "twenty", "one", "in", "five", "of", "one", "hundred", "eighteen"]
    )
    assert quality.normalised("Thirty-two") == ["thirty", "two"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["nobody"], "no voice 'nobody'"), (["--sentences", "2"], "--sentences")],
)
def test_quality_refuses(arguments: list, message: str, tmp_path, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        quality.main([*arguments, "--out", str(tmp_path / "out.json")])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_turn_is_timed_part_by_part() -> None:
    async def run(text: str) -> dict[str, float]:
        async with TtsClient(Tone()) as tts:
            answering = Cascade(lambda pcm: text, cascade.ready_answer(), tts)
            return await cascade.turn(answering, np.zeros(1600, np.int16))

    found = asyncio.run(run("what time is it"))
    assert set(found) == {"recogniser", "language model", "voice", "all", "all, CPU"}
    parts = found["recogniser"] + found["language model"] + found["voice"]
    assert found["all"] == pytest.approx(parts)
    assert asyncio.run(run("")) == {}


def test_cascade_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.csv").write_text("path,split,category,transcript,seconds\n")
    out = ["--data", str(tmp_path), "--out", str(tmp_path / "out.json")]
    for arguments, message in ((["--llm", "none.gguf"], "none.gguf"), ([], "recordings found")):
        with pytest.raises(SystemExit) as ended:
            cascade.main([*out, *arguments])
        assert ended.value.code == 2
        assert message in capsys.readouterr().err


def contours(octaves: list[float]) -> PhoneContours:
    n = len(octaves)
    return PhoneContours(
        names=("ae", "m", "ae")[:n],
        words=np.zeros(n, int),
        octaves=np.array(octaves, np.float32),
        has_pitch=np.ones(n, bool),
        energy_db=np.full(n, -20, np.float32),
        seconds=np.full(n, 0.1, np.float32),
        pause_before_s=np.zeros(n, np.float32),
    )


def test_synthetic_speech_is_relative_to_its_speaker() -> None:
    said = [
        synthetic.Said("one", "statement", "a low", contours([0.0, 0.1, 0.2])),
        synthetic.Said("one", "statement", "a high", contours([1.0, 1.1, 1.2])),
    ]
    low, high = synthetic.utterances(said)
    np.testing.assert_allclose(low.contours, high.contours, atol=1e-6)
    assert low.contours[:, 0].tolist() == pytest.approx([-0.1, 0.0, 0.1], abs=1e-6)
    wrong = np.ones((len(synthetic.ROWS), 2, 3))
    table = synthetic.table([low, high], wrong)
    assert (table["utterances"], table["sentences"]) == (2, 1)
    assert table["both"]["f0_semitones"] == [1.0, 1.0, 1.0]


def test_the_sentences_are_of_their_class() -> None:
    texts = json.loads(synthetic.TEXTS.read_text(encoding="utf-8"))
    assert all(len(sentences) == 12 for sentences in texts.values())
    kinds = {"or-question": "or", "yes/no question": "yes_no", "wh-question": "wh"}
    for name, sentences in texts.items():
        expected = kinds.get(name, "statement")
        assert {question_type(text) for text in sentences} == {expected}
