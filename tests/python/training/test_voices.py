# ruff: noqa: RUF001  (the phonetic alphabet)
"""The voices of the training kit: the interface, each engine, and how one is added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="the extra endpoint is not installed")
pytest.importorskip("onnx", reason="the extra kokoro is not installed")

import onnxruntime
from helpers import kokoro_stand_in

from pywakeword import voices
from pywakeword.errors import PhonesError
from pywakeword.voices.edges import trimmed
from pywakeword.voices.engines.kokoro import Kokoro
from pywakeword.voices.engines.kokoro_graph import float_graph
from pywakeword.voices.engines.kokoro_phonemes import kokoro_phonemes
from pywakeword.voices.engines.phonemes import phonemes
from pywakeword.voices.mixture import format_mixture, parse_mixture

SPEAKERS = ("af_bella", "am_adam", "bm_george")


class Beeps:
    """A voice of a user: one beep per word."""

    name = "beeps"
    sample_rate = 8000
    speakers = ("low", "high")
    languages = ("en-us",)

    def synthesize(self, text, speaker=None, *, speed=1.0, seed=0, language=None):
        pitch_hz = 800 if speaker == "high" else 200
        times = np.arange(int(len(text.split()) * 800 / speed)) / self.sample_rate
        return (0.5 * np.sin(2 * np.pi * pitch_hz * times)).astype(np.float32)


@pytest.fixture
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pywakeword.voices.registry._ENTRIES", {})


@pytest.fixture(scope="module")
def kokoro(tmp_path_factory: pytest.TempPathFactory) -> Kokoro:
    return Kokoro(*kokoro_stand_in.write_speaking(tmp_path_factory.mktemp("kokoro"), SPEAKERS))


# The registry


@pytest.mark.usefixtures("_own_registry")
def test_a_users_voice() -> None:
    voices.register(voices.VoiceEntry("beeps", "a test", licence="none", open=Beeps))
    voice = voices.open_voice("beeps")
    assert isinstance(voice, voices.Voice)
    assert not isinstance(voice, voices.AlignedVoice)
    assert len(voice.synthesize("one two", speed=2)) == 800
    assert voices.entry("beeps").installed
    with pytest.raises(ValueError, match="already a voice 'beeps'"):
        voices.register(voices.VoiceEntry("beeps", "again", licence="none", open=Beeps))


def test_a_voice_of_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "beeping.py").write_text(
        "from pywakeword.voices import VoiceEntry\n"
        "ENTRY = VoiceEntry('beeping', 'a test', licence='none', open=lambda: None)\n"
    )
    info = tmp_path / "beeping-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beeping\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pywakeword.voices]\nbeeping = beeping:ENTRY\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert voices.entry("beeping").licence == "none"


def test_unknown_voice() -> None:
    with pytest.raises(ValueError, match=r"no voice 'nobody'; the voices are: kokoro, hibari"):
        voices.open_voice("nobody")


@pytest.mark.parametrize("name", ["kokoro", "hibari", "piper"])
def test_not_installed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYWAKEWORD_VOICES", str(tmp_path))
    assert not voices.entry(name).installed
    with pytest.raises(voices.VoiceNotInstalledError, match=f"voices --install {name}"):
        voices.open_voice(name)


# espeak-ng and flite


@pytest.mark.parametrize("name", ["espeak-ng", "flite"])
def test_programs(name: str) -> None:
    voice = voices.open_voice(name)
    audio = voice.synthesize("hello computer")
    assert audio.dtype == np.float32
    assert audio.ndim == 1
    assert 0.1 < np.abs(audio).max() <= 1
    np.testing.assert_array_equal(audio, voice.synthesize("hello computer"))
    assert len(voice.synthesize("hello computer", speed=2)) < 0.75 * len(audio)
    other = voice.synthesize("hello computer", voice.speakers[1])
    assert not np.array_equal(audio, other)
    with pytest.raises(ValueError, match=rf"{name} has no speaker 'nobody'; it has: "):
        voice.synthesize("hello", "nobody")
    with pytest.raises(ValueError, match=rf"{name} has no language 'xx'"):
        voice.synthesize("hello", language="xx")
    for speed in (0.4, 2.1, float("nan")):
        with pytest.raises(ValueError, match="speed must be"):
            voice.synthesize("hello", speed=speed)
    for text in ("", " ", "...", "?!"):
        with pytest.raises(ValueError, match="nothing to speak"):
            voice.synthesize(text)
    with pytest.raises(ValueError, match="the text has 401 characters; the limit is 400"):
        voice.synthesize("a" * 401)


def test_a_text_is_no_option() -> None:
    for name in ("espeak-ng", "flite"):
        assert len(voices.open_voice(name).synthesize("--version")) > 1000


def test_espeak_languages_and_seeds() -> None:
    voice = voices.open_voice("espeak-ng")
    by_language = {
        code: len(voice.synthesize("computer", language=code)) for code in voice.languages
    }
    assert len(set(by_language.values())) > 4
    first, second = (voice.synthesize("computer", seed=seed) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_a_missing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(voices.VoiceNotInstalledError, match="apt install flite"):
        voices.open_voice("flite")
    assert not voices.entry("flite").installed


def test_a_failing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "flite"
    program.write_text("#!/bin/sh\necho no voice data >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(voices.VoiceFailedError, match="flite failed: no voice data"):
        voices.open_voice("flite").synthesize("hello")


# Phonemes


def test_phonemes() -> None:
    assert phonemes("Alexa, stop!", "en-us") == "ɐlˈɛksə, stˈɑːp!"
    with pytest.raises(PhonesError, match="no language 'xx'"):
        phonemes("hello", "xx")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("okay computer", "en-us", "ˌOkˈA kəmpjˈuTəɹ"),
        ("okay computer", "en-gb", "ˌQkˈA kəmpjˈuːtə"),
        ("hey jarvis.", "en-us", "hˈA ʤˈɑɹvɪs."),
        ("buenas noches", "es", "bwˈenas nˈoʧes"),
    ],
)
def test_kokoro_phonemes(text: str, language: str, expected: str) -> None:
    # Stress differs between versions of espeak-ng.
    found = kokoro_phonemes(text, language)
    assert found.replace("ˌ", "").replace("ˈ", "") == expected.replace("ˌ", "").replace("ˈ", "")


# Kokoro, by a stand-in network


def test_kokoro(kokoro: Kokoro) -> None:
    assert isinstance(kokoro, voices.AlignedVoice)
    assert kokoro.speakers == SPEAKERS
    audio = kokoro.synthesize("hello", "af_bella")
    assert np.abs(audio).max() == pytest.approx(0.2, abs=0.01)
    mixed = kokoro.synthesize("hello", "af_bella*0.5+bm_george*0.5")
    assert np.abs(mixed).max() == pytest.approx(0.4, abs=0.01)
    for language in kokoro.languages:
        assert len(kokoro.synthesize("hola", language=language)) > 0
    with pytest.raises(ValueError, match="kokoro has no speaker 'nobody'"):
        kokoro.synthesize("hello", "nobody")
    with pytest.raises(ValueError, match="kokoro has no language 'xx'"):
        kokoro.synthesize("hello", language="xx")
    with pytest.raises(ValueError, match="nothing to speak"):
        kokoro.synthesize("...")


def test_kokoro_places_each_part(kokoro: Kokoro) -> None:
    audio, (before, word, after) = kokoro.synthesize_parts(
        ["turn it off", "computer", ", please"], "am_adam"
    )
    per_symbol = kokoro_stand_in.FRAMES_PER_SYMBOL * kokoro_stand_in.FRAME_SAMPLES
    counts = [
        len(kokoro_phonemes(part, "en-us")) for part in ("turn it off", "computer", ", please")
    ]
    assert len(audio) == per_symbol * (2 + counts[0] + 1 + sum(counts[1:]))
    # The silence in front and each space or comma is one symbol long. A word is taken to begin
    # with the space before it, and Kokoro's durations to be 1200 samples late.
    space = per_symbol * (1 + counts[0])
    assert before.start == pytest.approx(per_symbol, abs=300)
    assert word.start == pytest.approx(space - 1200, abs=300)
    assert word.end == pytest.approx(space + per_symbol * (1 + counts[1]), abs=300)
    assert after.end == pytest.approx(len(audio) - per_symbol, abs=300)


def test_trimmed() -> None:
    audio = np.zeros(16000, np.float32)
    audio[4000:8000] = 0.3
    audio[5000:5500] = 0.0  # a gap inside stays
    span = trimmed(audio, voices.Span(0, 16000), 16000)
    assert span.start == pytest.approx(4000, abs=160)
    assert span.end == pytest.approx(8000, abs=160)
    silent = voices.Span(9000, 9100)
    assert trimmed(audio, silent, 16000) == silent


def test_the_float_graph_is_the_integer_graph() -> None:
    rng = np.random.default_rng(0)
    integer = kokoro_stand_in.integer_graph(rng)
    rewritten = float_graph(integer)
    operators = {node.op_type for node in rewritten.graph.node}
    assert operators == {"Conv", "MatMul", "LSTM", "Transpose", "Round", "Clip", "Identity"}
    assert "unused" not in {tensor.name for tensor in rewritten.graph.initializer}
    x = rng.normal(size=(1, 8, 12)).astype(np.float32)
    sessions = [
        onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        for model in (integer, rewritten)
    ]
    (expected,) = sessions[0].run(["y"], {"x": x})
    found, durations = sessions[1].run(["y", "durations"], {"x": x})
    # The integer graph rounds its inputs to 8 bits.
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert np.abs(expected).max() > 0.3
    assert (durations == np.round(durations)).all()


# Mixtures and held-out speakers


def test_mixtures() -> None:
    assert parse_mixture("af_bella", SPEAKERS, "kokoro") == {"af_bella": 1.0}
    mixture = parse_mixture("af_bella*3 + am_adam", SPEAKERS, "kokoro")
    assert mixture == {"af_bella": 0.75, "am_adam": 0.25}
    assert format_mixture(mixture) == "af_bella*0.75+am_adam*0.25"
    assert parse_mixture(format_mixture(mixture), SPEAKERS, "kokoro") == mixture


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no speaker ''"),
        ("nobody", "no speaker 'nobody'"),
        ("af_bella+", "no speaker ''"),
        ("af_bella*0+am_adam", "'0' in .* is not a positive number"),
        ("af_bella*-1+am_adam", "is not a positive number"),
        ("af_bella*nan", "is not a positive number"),
        ("af_bella*", "'' in .* is not a positive number"),
        ("af_bella+af_bella", "named twice"),
    ],
)
def test_wrong_mixtures(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_mixture(text, SPEAKERS, "kokoro")


def test_held_out() -> None:
    assert len(voices.HELD_OUT["kokoro"]) == 8
    assert voices.is_held_out("kokoro", "af_heart")
    assert voices.is_held_out("kokoro", "am_adam*0.9+af_heart*0.1")
    assert not voices.is_held_out("kokoro", "am_adam*0.9+af_bella*0.1")
    assert not voices.is_held_out("espeak-ng", "default")
    voices.check_trainable("kokoro", "af_bella")
    with pytest.raises(ValueError, match="slt is held out for measuring"):
        voices.check_trainable("flite", "slt")


def test_held_out_speakers_exist() -> None:
    assert set(voices.HELD_OUT["flite"]) < set(voices.open_voice("flite").speakers)
