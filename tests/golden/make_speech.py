"""Makes tests/golden/{computer,alexa}.wav: a free synthetic voice asks a device something.

Needs the Debian packages flite and espeak-ng; the files it wrote are in the repository.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from pywakeword.training.material.features import to_pcm
from pywakeword.training.material.synthesis import Voice, speak

SENTENCES = {
    "computer": ("Computer", "turn on the light in the kitchen.", Voice("flite", "rms")),
    "alexa": ("Alexa", "what is the weather like tomorrow?", Voice("flite", "awb")),
}


def main() -> None:
    """Write one WAV per bundled word: a second of quiet, the word, a request."""
    rng = np.random.default_rng(2026)
    for word, (spoken, request, voice) in SENTENCES.items():
        parts = [
            np.zeros(16_000),
            speak(spoken, voice),
            np.zeros(4_000),
            speak(request, voice),
            np.zeros(8_000),
        ]
        samples = np.concatenate(parts) * 0.4
        samples += rng.normal(0, 10 ** (-60 / 20), len(samples))
        soundfile.write(Path(__file__).parent / f"{word}.wav", to_pcm(samples), 16_000)


if __name__ == "__main__":
    main()
