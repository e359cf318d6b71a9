"""Whisper itself, on speech of a free voice: `pytest tests/asr`.

Needs the extra `asr` and `pywakeword recognisers --install whisper-base`, and whisper-tiny.
"""

from __future__ import annotations

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from pywakeword import Endpointer, RequestListener, TwoPassEndpointer, WakeWord, WhisperSource
from pywakeword.cli import main
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser

WAV = Path(__file__).parents[1] / "golden" / "computer.wav"


def speech() -> np.ndarray:
    with wave.open(str(WAV)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.fixture(scope="module", params=["base", "tiny"])
def recogniser(request: pytest.FixtureRequest) -> WhisperRecogniser:
    return WhisperRecogniser(size=request.param)


def test_text_times_and_encoding(recogniser: WhisperRecogniser) -> None:
    pcm = speech()
    found = recogniser.recognise(pcm)
    assert found is not None
    assert "turn on the light in the kitchen" in found.hypotheses[0].text.lower()
    assert 2 <= len(found.hypotheses) <= 5
    scores = [hypothesis.score for hypothesis in found.hypotheses]
    assert all(-3 < score < 0 for score in scores)
    (turn,) = [word for word in found.words if word.text.lower().startswith("turn")]
    # The pause before it counts to the word.
    assert turn.start_sample < 2.5 * 16000
    assert abs(turn.end_sample - 2.65 * 16000) < 0.25 * 16000
    assert found.frames.shape[0] == 100


def test_silence_and_noise_say_little(recogniser: WhisperRecogniser) -> None:
    for pcm in (np.zeros(0, np.int16), np.zeros(16000, np.int16)):
        found = recogniser.recognise(pcm)
        assert found is not None
        assert len(found.hypotheses[0].text.split()) <= 4 if found.hypotheses else True


def test_long_speech_loses_its_start(recogniser: WhisperRecogniser) -> None:
    pcm = np.concatenate([np.zeros(31 * 16000, np.int16), speech()])
    found = recogniser.recognise(pcm)
    assert found is not None
    assert "kitchen" in found.hypotheses[0].text.lower()


def test_cancelled_work_stops_early(recogniser: WhisperRecogniser) -> None:
    assert recogniser.recognise(speech(), lambda: True) is None


@pytest.mark.parametrize("two_pass", [False, True])
def test_a_request_is_transcribed(two_pass: bool) -> None:
    source = WhisperSource(realtime=False, timeout_s=60)
    endpointer = TwoPassEndpointer(eos_source=source) if two_pass else Endpointer()
    listener = RequestListener(WakeWord("computer"), endpointer, transcriber=source)
    pcm = np.concatenate([speech(), np.zeros(64_000, np.int16)])
    _, request = listener.process(pcm)
    assert request.text.lower().strip(".") == "turn on the light in the kitchen"


def test_the_audio_does_not_wait() -> None:
    source = WhisperSource(size="tiny")
    listener = RequestListener(WakeWord("computer"), Endpointer(), transcriber=source)
    pcm = np.concatenate([speech(), np.zeros(64_000, np.int16)])
    started = time.thread_time()
    found = [f for i in range(0, len(pcm), 320) for f in listener.process(pcm[i : i + 320])]
    assert time.thread_time() - started < 0.5 * len(pcm) / 16000
    found += listener.close()
    assert "kitchen" in found[-1].text.lower()


def test_the_commands_print_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["endpoint", "--asr-model", "tiny", str(WAV)]) == 0
    assert "turn on the light in the kitchen" in capsys.readouterr().out.lower()
    assert main(["run", "--asr", str(WAV)]) == 0
    assert "text turn on the light in the kitchen" in capsys.readouterr().out.lower()


def test_a_language_that_the_model_does_not_have() -> None:
    with pytest.raises(ValueError, match="knows English only"):
        WhisperRecogniser(size="tiny", language="de")
    with pytest.raises(ValueError, match="no language 'xx'"):
        WhisperRecogniser(size="base", language="xx")
