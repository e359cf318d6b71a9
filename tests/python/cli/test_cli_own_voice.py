"""The whole loop does not find its own words, with every back end that needs no voice of its own.

`tests/voices` has the natural voices.
"""

from __future__ import annotations

import pytest
from helpers.own_voice_loop import check_only_scripted_words, serving
from helpers.speech_servers import OpenAIService, PiperService, WyomingService
from helpers.voices import require_engine, speech


@pytest.mark.parametrize("echo_db", [0, -10, -20])
@pytest.mark.parametrize(
    "speaks",
    [
        ("--backend", "espeak-ng"),
        ("--backend", "flite"),
        ("--backend", "flite", "--voice", "rms"),  # its pitch is fixed
        ("--addon", "slt-parallel"),
    ],
    ids=" ".join,
)
def test_only_the_scripted_words_are_found(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    speaks: tuple[str, ...],
    echo_db: float,
) -> None:
    require_engine("espeak-ng")
    check_only_scripted_words(monkeypatch, capsys, speaks, echo_db)


@pytest.mark.parametrize("echo_db", [0, -10, -20])
@pytest.mark.parametrize(
    ("backend", "scheme", "service"),
    [
        ("wyoming", "tcp", lambda: WyomingService(streams=True)),
        ("openai", "http", OpenAIService),
        ("piper", "http", PiperService),
    ],
    ids=["wyoming", "openai", "piper"],
)
def test_services(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    backend: str,
    scheme: str,
    service: object,
    echo_db: float,
) -> None:
    pytest.importorskip("wyoming" if backend == "wyoming" else "httpx", reason="needs its extra")
    with serving(service, lambda text: speech(text, "flite:slt")) as port:
        speaks = ("--backend", backend, "--url", f"{scheme}://127.0.0.1:{port}")
        check_only_scripted_words(monkeypatch, capsys, speaks, echo_db)
