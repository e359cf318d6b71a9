"""Makes tests/golden/*_one_breath.ogg: a free voice runs each bundled word into a command.

Three commands per word, one every four seconds, each after a second of quiet. Needs the voice
hibari (Apache-2.0; `pywakeword voices --install hibari`), which no model was trained on; the
files it wrote are in the repository.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr

from pywakeword.training.takes.words import WORDS
from pywakeword.voices import Span, open_voice
from pywakeword.voices.edges import trimmed

RATE = 16_000
SLOT_S = 4
COMMANDS = (
    ("turn on the lights", "heart"),
    ("what time is it", "heart-gb"),
    ("play some music", "heart"),
)


def main() -> None:
    """Write one file per word."""
    rng = np.random.default_rng(2027)
    voice = open_voice("hibari")
    for word, material in WORDS.items():
        slots = []
        for command, speaker in COMMANDS:
            spoken = voice.synthesize(f"{material.spoken[0]} {command}", speaker)
            edges = trimmed(spoken, Span(0, len(spoken)), voice.sample_rate)
            spoken = soxr.resample(spoken[edges.start : edges.end], voice.sample_rate, RATE)
            slots.append(np.pad(spoken, (RATE, (SLOT_S - 1) * RATE - len(spoken))))
        samples = np.concatenate(slots) * 0.4
        samples += rng.normal(0, 10 ** (-60 / 20), len(samples))
        path = Path(__file__).parent / f"{word}_one_breath.ogg"
        soundfile.write(path, samples, RATE, format="OGG", subtype="VORBIS")


if __name__ == "__main__":
    main()
