"""The whole loop with natural voices that no model was trained on: `pytest tests/voices`.

Needs `pywakeword voices --install` with hibari, piper and kokoro.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import soxr
from helpers.own_voice_loop import check_only_scripted_words, serving
from helpers.speech_servers import PiperService

from pywakeword.voices import open_voice


@pytest.mark.parametrize("echo_db", [0, -10, -20])
@pytest.mark.parametrize(
    "speaks",
    [
        ("--backend", "hibari", "--voice", "heart"),
        ("--backend", "hibari", "--voice", "heart-gb"),
        ("--backend", "kokoro", "--voice", "am_michael"),
        ("--backend", "kokoro", "--voice", "bm_daniel"),
    ],
    ids=" ".join,
)
def test_only_the_scripted_words_are_found(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    speaks: tuple[str, ...],
    echo_db: float,
) -> None:
    check_only_scripted_words(monkeypatch, capsys, speaks, echo_db)


@lru_cache
def joe(text: str) -> np.ndarray:
    voice = open_voice("piper")
    samples = soxr.resample(voice.synthesize(text, "joe"), voice.sample_rate, 16_000)
    return np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16)


@pytest.mark.parametrize("echo_db", [0, -10, -20])
def test_a_piper_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], echo_db: float
) -> None:
    with serving(PiperService, joe) as port:
        speaks = ("--backend", "piper", "--url", f"http://127.0.0.1:{port}")
        check_only_scripted_words(monkeypatch, capsys, speaks, echo_db)
