"""The short form of `python -m tools.endpointing long-stream`: speech made by code, two minutes."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")

from pywakeword import Detection, DeviceState, NoSpeech, Request, Utterance
from tools.endpointing import long_stream as endpoint_stream
from tools.endpointing.data.stream import Truth
from tools.endpointing.long_stream import judge

pytestmark = pytest.mark.portable


@pytest.mark.voices("espeak-ng", "flite")
@pytest.mark.parametrize("passes", [[], ["--two-pass"]], ids=["pauses", "two passes"])
def test_every_utterance_comes_exactly_once(
    passes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if passes:
        pytest.importorskip("onnxruntime", reason="the endpoint extra is not installed")
    # A seed at which no wake word is missed: that is not what is tested here.
    assert endpoint_stream.main(["--spoken", "--minutes", "2", "--seed", "7", *passes]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["once"] == figures["utterances"] >= 7
    assert set(figures["endings"]) == {"arbitrator" if passes else "silence"}
    assert figures["joined"] >= 1
    assert figures["wake_words"] > figures["utterances"]  # some without a command


def request(word: int, outcome: Utterance | NoSpeech) -> Request:
    snippet = np.zeros(0, np.int16)
    detection = Detection("w", 1.0, word, word + 8000, word + 9000, snippet, 0, DeviceState())
    return Request(detection, outcome)


def said(begin: int, end: int) -> Utterance:
    return Utterance(begin, end, end + 13_000, "silence")


NOTHING = NoSpeech(90_000, 90_000, "no_speech_timeout")


@pytest.mark.parametrize(
    ("outcomes", "became"),
    [
        ([said(21_000, 49_000)], ["once"]),
        ([said(21_000, 60_000)], ["once, with what is not speech"]),
        ([said(30_000, 50_000)], ["once, without its beginning"]),
        ([said(20_000, 40_000)], ["utterance cut short"]),
        ([said(20_000, 30_000), said(35_000, 50_000)], ["utterance came more than once"]),
        ([NOTHING], ["utterance missed"]),
        ([], ["wake word missed"]),
    ],
)
def test_the_judge_can_fail_each(outcomes: list[Utterance | NoSpeech], became: list[str]) -> None:
    truth = Truth(10_000, 18_000, 20_000, 50_000)
    assert [k for k, _ in judge([request(10_500, o) for o in outcomes], [truth])] == became


def test_the_judge_of_silence() -> None:
    truth = Truth(10_000, 18_000, None, None)
    assert [k for k, _ in judge([request(10_500, NOTHING)], [truth])] == [
        "no command, none reported"
    ]
    found = judge([request(10_500, said(20_000, 30_000)), request(99_000, NOTHING)], [truth])
    assert [k for k, _ in found] == ["speech where none was", "detection without a word"]
