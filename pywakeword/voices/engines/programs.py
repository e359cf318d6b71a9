"""espeak-ng and flite, as programs."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pywakeword.voices.errors import VoiceFailedError, VoiceNotInstalledError
from pywakeword.voices.voice import Audio, check_speed, check_text, choose

_TIMEOUT_S = 60.0
_ESPEAK_WORDS_PER_MINUTE = 165
_ESPEAK_LANGUAGES = {"fr": "fr-fr", "pt": "pt-br"}


class Espeak:
    """espeak-ng: a formant synthesiser; a seed other than 0 chooses the pitch."""

    name = "espeak-ng"
    sample_rate = 22050
    speakers: tuple[str, ...] = (
        *("default", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"),
        *("f1", "f2", "f3", "f4", "f5"),
    )
    languages: tuple[str, ...] = ("en-us", "en-gb", "es", "fr", "it", "pt", "hi", "de", "nl")

    def __init__(self) -> None:
        self._program = _find("espeak-ng")

    def synthesize(
        self,
        text: str,
        speaker: str | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        language: str | None = None,
    ) -> Audio:
        """Speak a text, as `Voice` says."""
        text = check_text(text)
        language = choose("language", language, self.languages, self.name)
        speaker = choose("speaker", speaker, self.speakers, self.name)
        variant = "" if speaker == "default" else f"+{speaker}"
        pitch = 50 if seed == 0 else int(np.random.default_rng(seed).integers(30, 75))
        rate = round(_ESPEAK_WORDS_PER_MINUTE * check_speed(speed))
        return _speech(
            [
                *(self._program, "-v", _ESPEAK_LANGUAGES.get(language, language) + variant),
                *("-s", str(rate), "-p", str(pitch), "-w", "{out}", "--", text),
            ],
            self,
        )


class Flite:
    """CMU flite; the same audio for every seed."""

    name = "flite"
    sample_rate = 16000
    speakers: tuple[str, ...] = ("slt", "rms", "awb", "kal16")
    languages: tuple[str, ...] = ("en-us",)

    def __init__(self) -> None:
        self._program = _find("flite")

    def synthesize(
        self,
        text: str,
        speaker: str | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        language: str | None = None,
    ) -> Audio:
        """Speak a text, as `Voice` says."""
        text = check_text(text)
        choose("language", language, self.languages, self.name)
        speaker = choose("speaker", speaker, self.speakers, self.name)
        stretch = f"duration_stretch={1 / check_speed(speed):.4f}"
        return _speech(
            [self._program, "-voice", speaker, "--setf", stretch, "-t", text, "-o", "{out}"], self
        )


def _find(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise VoiceNotInstalledError(program, f"on Debian: apt install {program}")
    return path


def _speech(command: Sequence[str], voice: Espeak | Flite) -> Audio:
    """Run a program that writes a WAV file to `{out}`."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "speech.wav"
        filled = [str(out) if part == "{out}" else part for part in command]
        try:
            done = subprocess.run(filled, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise VoiceFailedError(f"{voice.name} took longer than {_TIMEOUT_S:g} s") from error
        if done.returncode != 0 or not out.exists():
            reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise VoiceFailedError(f"{voice.name} failed: {' '.join(reason) or 'no reason given'}")
        content = out.read_bytes()
    header = content.index(b"data") + 8
    rate = int.from_bytes(content[24:28], "little")
    if rate != voice.sample_rate:
        raise VoiceFailedError(f"{voice.name} spoke at {rate} Hz, expected {voice.sample_rate}")
    even = len(content) - (len(content) - header) % 2
    pcm = np.frombuffer(content[header:even], "<i2")
    return np.asarray(pcm / 32768, np.float32)
