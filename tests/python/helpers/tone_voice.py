"""A voice without a voice: every letter is a hum with a formant of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from pywakeword import _core
from pywakeword.models.bundled import bundled_dir
from pywakeword.training.data.compact import write_compact
from pywakeword.training.data.package import FORMAT
from pywakeword.training.material.features import LEAD_S, Store, StoreWriter, lfbe
from pywakeword.training.material.levels import ACTIVE_LEVEL
from pywakeword.training.material.versions import TRAIL_S
from pywakeword.voices import HELD_OUT, Span

RATE = 16000
SPEAKERS = ("af_bella", "am_adam", "bm_george", "ff_siwis", *HELD_OUT["kokoro"])
OTHERS = ("turn off the lights", "what time is it", "play some jazz", "good morning", "never")


class ToneVoice:
    """Speaks letters; its speakers differ in pitch and in the place of the formants."""

    name = "kokoro"
    sample_rate = RATE
    speakers = SPEAKERS
    languages = ("en-us", "en-gb")

    def synthesize(self, text, speaker=None, *, speed=1.0, seed=0, language=None):
        return self.synthesize_parts([text], speaker, speed=speed)[0]

    def synthesize_parts(self, parts, speaker=None, *, speed=1.0, seed=0, language=None):
        names = [term.partition("*")[0] for term in (speaker or SPEAKERS[0]).split("+")]
        place = np.mean([SPEAKERS.index(name) for name in names]) / len(SPEAKERS)
        pieces, spans, at = [np.zeros(RATE // 20, np.float32)], [], RATE // 20
        for part in parts:
            piece = np.concatenate([self._letter(c, place, speed) for c in part.lower()])
            spans.append(Span(at, at + len(piece)))
            gap = np.zeros(RATE // 40, np.float32)
            pieces += [piece, gap]
            at += len(piece) + len(gap)
        return np.concatenate(pieces), spans

    @staticmethod
    def _letter(letter: str, place: float, speed: float) -> np.ndarray:
        n = round(0.075 / speed * RATE)
        if not letter.isalpha():
            return np.zeros(n // 2, np.float32)
        t = np.arange(n) / RATE
        pitch = 100 * (1 + place)
        formant = (300 + 110 * (ord(letter) - ord("a"))) * (1 + 0.15 * place)
        harmonics = pitch * np.arange(1, 60)
        harmonics = harmonics[harmonics < RATE / 2]
        levels = np.exp(-(((harmonics - formant) / 250) ** 2)) + 0.02
        wave = (levels[:, None] * np.sin(2 * np.pi * harmonics[:, None] * t)).sum(axis=0)
        return np.asarray(0.1 * wave * np.hanning(n) ** 0.25, np.float32)


def open_tone_voice(name: str) -> ToneVoice:
    assert name == "kokoro"
    return ToneVoice()


def write_training_data(folder: Path) -> Path:
    """Write a package of seconds: other phrases, five kinds of sounds, the bundled small trunk."""
    folder.mkdir()
    sizes = {
        "negatives": write_compact(folder, "negatives", _phrases(folder / "a", 0), padded=True),
        "calibration": write_compact(
            folder, "calibration", _phrases(folder / "b", 5), padded=False
        ),
        "sounds": write_compact(folder, "sounds", _sounds(folder / "c"), padded=False),
    }
    shutil.copyfile(bundled_dir() / "alexa-small.tflite", folder / "trunk-small.tflite")
    manifest = {
        "format": FORMAT,
        "version": "0.0",
        "frontend": dict(_core.LFBE_SETTINGS),
        "hours": 0.02,
        "bytes": sizes,
        "sources": [{"source": "tones", "licence": "CC0-1.0", "files": 10}],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def _phrases(folder: Path, first: int) -> Store:
    """Other phrases by the speakers, with the quiet of a version around them."""
    rng = np.random.default_rng(first)
    writer = StoreWriter(folder)
    voice = ToneVoice()
    for i, text in enumerate(OTHERS):
        speaker = SPEAKERS[(first + i) % len(SPEAKERS)]
        spoken = voice.synthesize(text, speaker)
        around = (round(LEAD_S * RATE), round(TRAIL_S * RATE))
        noisy = np.pad(spoken, around) + rng.normal(0, 1e-4, len(spoken) + sum(around))
        writer.add(lfbe(noisy), None, kind="real", label="", group=speaker, said=text)
    writer.close()
    return Store.read(folder)


def _sounds(folder: Path) -> Store:
    rng = np.random.default_rng(9)
    writer = StoreWriter(folder)
    for kind in ("noise", "babble", "music", "tts", "alarm"):
        writer.add(
            lfbe(rng.normal(0, ACTIVE_LEVEL, 3 * RATE)), None, kind=kind, label="", group=kind
        )
    writer.close()
    return Store.read(folder)
