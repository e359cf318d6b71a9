"""Wake words missed over the device's own sound: python -m tools.echo misses --data DIR.

Real dev takes, 8 s after the device began to play, through a loudspeaker model and a simulated
room, at the default threshold that the card has for the state. Every row uses the same audio.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve

import pywakeword as pww
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import playback, rooms, synthesis
from pywakeword.training.material.corpus import decode, read_manifest
from pywakeword.training.material.features import to_pcm
from pywakeword.training.material.levels import active_rms
from tools.echo.scenes import Pcm, Signal

CASES = (("music", 0.0), ("music", -6.0), ("tts", 0.0), ("alarm", 0.0))
_LEAD_S = 8
_MOST_DELAY_MS = 200
_N_SOUNDS = 8
_SENTENCES = (
    "The kettle is on and the water will be ready in a minute or two, so please wait.",
    "Tomorrow it will rain in the morning, and the sun comes out after lunch.",
)


class _Kitchen:
    def __init__(self, data: Path) -> None:
        rng = np.random.default_rng(5)
        self.clips = read_manifest(data, "dev", released_only=False)
        self._rooms = rooms.simulated_rooms(24, rng)
        voices = synthesis.voices(evaluation=True)
        self._sounds: dict[str, list[Signal]] = {
            "music": [
                decode(c.path) for c in self.clips if c.category == "noise" and "music" in c.label
            ],
            "tts": [
                np.concatenate(
                    [synthesis.speak(s, voices[(5 * i) % len(voices)]) for s in _SENTENCES]
                )
                for i in range(_N_SOUNDS)
            ],
            "alarm": [playback.alarm(12, rng) for _ in range(_N_SOUNDS)],
        }

    def mixtures(self, word: str, kind: str, ratio_db: float) -> Iterator[tuple[Pcm, Pcm]]:
        """Yield microphone and loudspeaker for every take of a word."""
        takes = [c for c in self.clips if c.category == "wakewords" and c.label == word]
        for index, clip in enumerate(takes):
            rng = np.random.default_rng(1000 + index)
            take = decode(clip.path)
            lead = _LEAD_S * SAMPLE_RATE_HZ
            n = lead + len(take) + SAMPLE_RATE_HZ
            sound = self._sounds[kind][index % len(self._sounds[kind])]
            source = np.resize(np.roll(sound, -int(rng.integers(len(sound)))), n)
            room = self._rooms[int(rng.integers(len(self._rooms)))]
            echo = fftconvolve(playback.loudspeaker(source, rng), room)[:n]
            delay = int(rng.integers(_MOST_DELAY_MS)) * SAMPLE_RATE_HZ // 1000
            echo = np.concatenate([np.zeros(delay), echo])[:n].astype(np.float32)
            echo *= active_rms(take) * 10 ** (-ratio_db / 20) / active_rms(echo[lead:])
            microphone = echo + rng.standard_normal(n).astype(np.float32) * np.float32(1e-3)
            microphone[lead : lead + len(take)] += take
            loudest = float(np.abs(microphone).max())
            yield (
                to_pcm(microphone * min(1.0, 0.9 / loudest)),
                to_pcm(source * (0.4 / float(np.abs(source).max()))),
            )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.echo misses", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--words", nargs="+", default=["alexa", "computer"])
    args = parser.parse_args(argv)
    kitchen = _Kitchen(args.data)
    print("| word | playback | takes | as it is | with the canceller | and state none |")
    print("|---|---|---|---|---|---|")
    for word in args.words:
        spotter, after = (pww.WakeWord(word, echo_cancelled=c) for c in (False, True))
        for kind, ratio_db in CASES:
            missed = np.zeros(3, int)
            n = 0
            for microphone, loudspeaker in kitchen.mixtures(word, kind, ratio_db):
                clean = pww.EchoCanceller().process(microphone, loudspeaker)
                ways = ((spotter, microphone, kind), (after, clean, kind), (after, clean, "none"))
                missed += [not _found(*way) for way in ways]
                n += 1
            cells = " | ".join(map(str, missed))
            print(f"| {word} | {kind} {ratio_db:g} dB | {n} | {cells} |", flush=True)
    return 0


def _found(spotter: pww.WakeWord, pcm: Pcm, playing: str) -> bool:
    spotter.reset()
    spotter.device_state = pww.DeviceState("speaker", playing, None if playing == "none" else 0.5)
    scores = spotter.scores(np.concatenate([pcm, np.zeros(SAMPLE_RATE_HZ // 2, np.int16)]))
    begin = int(_LEAD_S / spotter.frame_shift_s)
    return bool(scores[begin:].max() >= min(spotter.thresholds.values()))
