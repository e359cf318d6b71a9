"""Tables by playback state: what they measure, and that a detector then uses them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("soundfile", reason="the audio extra is not installed")
pytest.importorskip("soxr", reason="the audio extra is not installed")
pytest.importorskip("scipy", reason="the test extra is not installed")

import soundfile
from helpers import tiny_model

from pywakeword import DeviceState, WakeWord
from pywakeword.training.echo.mixture import Mixture, Sound, looped, mix
from pywakeword.training.figures import tables
from pywakeword.training.figures.conditions import Stream
from pywakeword.training.figures.playback_states import CANCELLED, PLAIN, score_states
from pywakeword.training.material.corpus import Clip
from tools.release import calibrate

RATE = 16_000


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(int(seconds * RATE), np.float32) * np.float32(0.1)


def level(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm.astype(float) ** 2)))


def test_the_echo_is_later_than_the_loudspeaker_and_can_be_cancelled() -> None:
    sound = noise(3)
    for seed in range(3):
        stretch = looped(Sound(sound, sound), 5 * RATE, np.random.default_rng(seed))
        lag = int(np.argmax(np.correlate(stretch.wet[4000:9000], stretch.dry[:5000], "full")))
        assert 0 <= 4000 - (4999 - lag) <= 3200
        mixture = mix(np.zeros(5 * RATE, np.float32), stretch)
        left = mixture.cancelled()[-RATE:]
        assert level(left) < 0.1 * level(mixture.microphone[-RATE:])


def test_a_mixture_does_not_clip() -> None:
    mixture = mix(8 * noise(1), Sound(noise(1, 2), 5 * noise(1, 2)))
    assert np.abs(mixture.microphone.astype(int)).max() == round(0.99 * 32768)
    assert isinstance(mixture, Mixture)


class Kitchen:
    """Quiet without playback; over each sound of the device, somebody beeps now and then."""

    def __init__(self, folder: Path) -> None:
        beep = tiny_model.tone("beep").astype(np.float32) / 32768
        soundfile.write(folder / "beep.wav", beep, RATE)
        self.clips = [
            Clip(folder / "beep.wav", "speech", "", "g", "something else", "s", "own", frozenset())
        ]

    def takes_of(self, word: str) -> str:
        return "recordings"

    def negatives(self, words: tuple[str, ...]) -> Iterator[Stream]:
        yield Stream("quiet", tiny_model.silence(20), DeviceState("speaker", "none"))

    def negatives_in(self, words: tuple[str, ...], kind: str) -> Iterator[Stream]:
        return iter(())

    def positives(self, word: str, condition: object) -> Iterator[Stream]:
        yield Stream("take", tiny_model.utterance("beep"), DeviceState("speaker", "none"))

    def device_sound(
        self, kind: str, n_samples: int, loud: float, rng: np.random.Generator
    ) -> Sound:
        sound = noise(1)
        return looped(Sound(sound, 0.01 * loud * sound), n_samples, rng)


def test_each_state_has_the_threshold_of_its_negatives(
    beep_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_DEFAULT_RATE", 500.0)  # few seconds allow no lower one
    kitchen = Kitchen(tmp_path)
    spotters = [WakeWord(beep_model)]
    scores = score_states(spotters, kitchen, ("beep",), copies=6)
    made = scores.tables(0, "beep", 0.5)

    assert set(made[PLAIN]) == {"none", "music", "tts", "alarm", "unknown"}
    assert set(made[CANCELLED]) == {"music", "tts", "alarm", "unknown"}
    quiet, music = made[PLAIN]["none"], made[PLAIN]["music"]
    assert quiet["negative_hours"] == pytest.approx(20 / 3600, abs=0.001)
    assert music["negative_hours"] == pytest.approx(6 * 1.3 / 3600, abs=0.001)
    assert quiet["default_threshold"] == 0.5
    assert music["default_threshold"] > 0.9
    assert [row["false_accepts_per_hour"] for row in quiet["table"]] == [0.0] * len(quiet["table"])
    at_half = next(row for row in music["table"] if row["threshold"] == 0.5)
    assert at_half["false_accepts_per_hour"] == pytest.approx(6 / (6 * 1.3 / 3600), rel=0.01)
    # This model hears no word under an alarm.
    assert made[PLAIN]["alarm"]["default_threshold"] == 0.5
    assert made[PLAIN]["alarm"]["table"][9]["miss_rate"] == 1.0

    calibrate._write(beep_model.with_suffix(".json"), made)
    spotter = WakeWord(beep_model)
    found = {}
    for playback in ("none", "music", "media"):
        spotter.device_state = DeviceState(playback=playback)
        found[playback] = spotter.thresholds["beep"]
    assert found == {"none": 0.5, "music": music["default_threshold"], "media": 0.5}


def test_refusals(beep_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate.main([str(tmp_path / "no.tflite"), "--data", str(tmp_path)]) == 2
    assert "no.json" in capsys.readouterr().err
    assert calibrate.main([str(beep_model), "--data", str(tmp_path)]) == 2
    assert "manifest.csv" in capsys.readouterr().err
