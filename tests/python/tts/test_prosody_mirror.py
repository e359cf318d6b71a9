"""How something was said is measured, and the answer follows it within bounds."""

from __future__ import annotations

import numpy as np
import pytest

from pywakeword.tts import Manner, Prosody, ProsodyMirror, measure_utterance
from pywakeword.tts.mirror.mirror import PITCH, RATE, VOLUME

RATE_HZ = 16_000


def talk(
    pitch_hz: float = 120.0,
    syllables_per_s: float = 4.0,
    level_db: float = -26.0,
    semitones: float = 4.0,
    seconds: float = 2.0,
    whispered: bool = False,
) -> np.ndarray:
    """Syllables of a source through two formants, in a little noise."""
    rng = np.random.default_rng(7)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    f0 = pitch_hz * 2 ** (semitones / 24 * np.sin(2 * np.pi * 0.5 * t))
    phase = np.cumsum(f0) / RATE_HZ
    source = np.diff(np.floor(phase), prepend=0.0)
    if whispered:
        source = np.diff(rng.normal(size=len(t)), prepend=0.0)
    spectrum = np.fft.rfft(source)
    hz = np.fft.rfftfreq(len(t), 1 / RATE_HZ)
    shape = sum(1 / (1 + ((hz - f) / 120) ** 2) for f in (600, 1300)) + 0.03
    if not whispered:
        shape = shape / (1 + (hz / 700) ** 2)
    sound = np.fft.irfft(spectrum * shape, len(t))
    sound *= 0.02 + np.abs(np.sin(np.pi * syllables_per_s * t)) ** 1.5
    sound *= 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    quiet = np.zeros(RATE_HZ // 4)
    audio = np.concatenate([quiet, sound, quiet]) + 1e-4 * rng.normal(size=len(t) + 2 * len(quiet))
    return np.clip(np.rint(audio * 32768), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("pitch_hz", [90, 120, 210])
@pytest.mark.parametrize("syllables", [2.5, 4.0, 6.0])
def test_measures(pitch_hz: float, syllables: float) -> None:
    said = measure_utterance(talk(pitch_hz, syllables, level_db=-30))
    assert said.pitch_hz == pytest.approx(pitch_hz, rel=0.04)
    assert said.rate == pytest.approx(syllables, rel=0.25)
    assert said.level_db == pytest.approx(-30, abs=2)
    assert said.pitch_range == pytest.approx(4 * np.sin(0.4 * np.pi), abs=1)
    assert said.voiced > 0.8
    assert not said.whispered


@pytest.mark.parametrize("level_db", [-45, -30, -15])
def test_a_whisper_is_one_at_any_level(level_db: float) -> None:
    assert measure_utterance(talk(whispered=True, level_db=level_db)).whispered


def test_too_little_speech() -> None:
    assert measure_utterance(np.zeros(0, np.int16)) is None
    assert measure_utterance(np.zeros(32_000, np.int16)) is None
    assert measure_utterance(talk(seconds=0.1)[4000:6000]) is None
    assert ProsodyMirror().follow(np.zeros(0, np.int16)).prosody == Prosody()


def follow(*utterances: np.ndarray) -> list[Manner]:
    mirror = ProsodyMirror()
    return [mirror.follow(said) for said in utterances]


def test_excitement_is_met_with_energy() -> None:
    first, _, excited = follow(talk(), talk(), talk(160, 5.5, -16))
    assert first == Manner(Prosody(), None, ("first utterance",))
    assert excited.tag == "excited"
    assert excited.prosody.rate > 1.08
    assert excited.prosody.pitch > 1.05
    assert excited.prosody.volume > 1.3
    assert [reason.split()[0] for reason in excited.explanation] == [
        "level", "rate", "pitch", "excited:",
    ]  # fmt: skip


def test_a_calm_voice_is_answered_calmly() -> None:
    *_, calm = follow(talk(150, 5.0, -18), talk(150, 5.0, -18), talk(120, 3.0, -28))
    assert calm.tag == "calm"
    assert calm.prosody.rate < 0.95
    assert calm.prosody.pitch < 0.96
    assert calm.prosody.volume < 0.75


def test_a_whisper_is_answered_quietly_and_forgotten() -> None:
    plain = follow(talk(), talk(140))
    _, whisper, again = follow(talk(), talk(whispered=True, level_db=-45), talk(140))
    assert (whisper.tag, whisper.prosody.volume) == ("whisper", 0.4)
    assert again == plain[1]


def test_bounds() -> None:
    for change in ((400, 9, -3), (70, 1, -60)):
        *_, manner = follow(talk(), talk(*change))
        for value, (low, high) in zip(
            (manner.prosody.rate, manner.prosody.pitch, manner.prosody.volume),
            (RATE, PITCH, VOLUME),
        ):
            assert low <= value <= high


def test_the_same_person_is_answered_the_same() -> None:
    utterances = [talk(), talk(130), talk(110, 5), talk(level_db=-35)]
    assert follow(*utterances) == follow(*utterances)
    *_, usual = follow(*[talk()] * 4)
    assert usual.prosody == Prosody()
    assert usual.tag is None
    mirror = ProsodyMirror()
    mirror.follow(talk())
    mirror.reset()
    assert mirror.follow(talk(200)).explanation == ("first utterance",)


def test_what_a_voice_cannot_change_is_dropped_and_said() -> None:
    manner = Manner(Prosody(rate=1.1, pitch=1.05, volume=0.8), None, ())
    limited = manner.limited({"rate"}, "piper")
    assert limited.prosody == Prosody(rate=1.1, volume=0.8)
    assert limited.explanation == ("pitch: dropped, piper cannot change it",)
    assert manner.limited({"rate", "pitch"}, "espeak-ng") == manner
    assert manner.times(Prosody(rate=3.9, volume=2)) == Prosody(rate=4, pitch=1.05, volume=1.6)
