"""Does the device wake itself, and whom does that cost? python -m tools.echo own-voice --data DIR.

The device says sentences with its wake word, through simulated rooms, at the given levels.
Persons are real dev takes while it says something else. Both go through the parts of a
session: canceller, detector with the thresholds of its state, and a second detector on what is
played, with the thresholds that a session gives it.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr

import pywakeword as pww
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.errors import PyWakewordError
from pywakeword.measure.evaluation import wilson_interval
from pywakeword.session.own_voice import OwnVoice, own_word_thresholds
from pywakeword.training.material import rooms
from pywakeword.training.material.corpus import decode, read_manifest
from pywakeword.training.material.features import to_pcm
from pywakeword.training.material.levels import active_rms
from pywakeword.tts import Addon, AddonBackend, EspeakBackend, FliteBackend, TtsClient
from pywakeword.voices import open_voice
from tools.echo.scenes import Pcm, Signal

VOICES = (
    "espeak-ng:en-us", "flite:slt", "flite:rms", "flite:awb", "addon:slt-parallel",
    "addon:slt-attention", "hibari:heart", "hibari:heart-gb", "piper:joe", "kokoro:am_michael",
    "kokoro:bm_daniel",
)  # fmt: skip
_LEVELS_DB = (0, -10, -20)
_RATIOS_DB = (6, 0, -6)
_N_ROOMS, _ROOM_SEED = 12, 77
_LEAD = 8 * SAMPLE_RATE_HZ
_BLOCK = 320
_FLOOR_RMS = 12 / 32768
_OTHER = (
    "The kettle is on and the water will be ready in a minute or two, so please wait. "
    "Tomorrow it will rain in the morning, and the sun comes out after lunch."
)


class Way(NamedTuple):
    """How a session listens: with a canceller, the state it gives, a guard on what is played."""

    cancelled: bool
    playback: str
    guarded: bool


WAYS = {
    "state alone": Way(False, "tts", False),
    "state and guard": Way(False, "tts", True),
    "canceller": Way(True, "tts", False),
    "canceller and guard": Way(True, "tts", True),
    "canceller, guard, state none": Way(True, "none", True),
}


def speak(voice: str, text: str) -> Pcm:
    """Speak with "espeak-ng:NAME", "flite:NAME", "addon:NAME", or an installed voice's speaker."""
    engine, _, name = voice.partition(":")
    if engine in ("espeak-ng", "flite", "addon"):
        backend = (
            AddonBackend(Addon.load(name))
            if engine == "addon"
            else {"espeak-ng": EspeakBackend, "flite": FliteBackend}[engine](timeout_s=300)
        )

        async def run() -> Pcm:
            async with TtsClient(backend, sample_rate_hz=SAMPLE_RATE_HZ) as client:
                speech = client.synthesize(text, None if engine == "addon" else name)
                return np.concatenate([chunk.pcm async for chunk in speech])

        return asyncio.run(run())
    opened = open_voice(engine)
    samples = opened.synthesize(text, name)
    return to_pcm(np.clip(soxr.resample(samples, opened.sample_rate, SAMPLE_RATE_HZ), -1, 1))


def sentences(word: str) -> list[str]:
    """Return what the device says about itself: the word alone, inside, at the end, in front."""
    return [
        f"{word}.",
        f"I am your {word}, and I can tell you the time.",
        f"You said {word}. What can I do for you?",
        f"{word.capitalize()}, what is the weather like today?",
    ]


class Listener:
    """The parts of a session that decide whether a wake word counts."""

    def __init__(self, word: str, score: float | None) -> None:
        self._spotters = {c: pww.WakeWord(word, echo_cancelled=c) for c in (False, True)}
        self._guards = {
            cancelled: spotter.another(
                threshold=own_word_thresholds(spotter.lowest_thresholds) if score is None else score
            )
            for cancelled, spotter in self._spotters.items()
        }

    def found(self, way: Way, microphone: Pcm, played: Pcm) -> list[int]:
        """Return the samples at which a wake word counts."""
        volume = None if way.playback == "none" else 0.5
        spotter = self._spotters[way.cancelled]
        spotter.reset()
        spotter.device_state = pww.DeviceState("speaker", way.playback, volume)
        canceller = pww.EchoCanceller() if way.cancelled else None
        guard = OwnVoice(self._guards[way.cancelled]) if way.guarded else None
        found = []
        for begin in range(0, len(microphone), _BLOCK):
            block, loud = microphone[begin : begin + _BLOCK], played[begin : begin + _BLOCK]
            if guard is not None:
                guard.process(loud)
            clean = block if canceller is None else canceller.process(block, loud)
            for detection in spotter.process(clean):
                if guard is None or not guard.said(detection):
                    found.append(detection.detected_sample)
        return found


def _echo(played: Pcm, room: Signal, rng: np.random.Generator) -> Signal:
    delay = int(rng.integers(30, 200)) * SAMPLE_RATE_HZ // 1000
    wet = rooms.reverberate(played.astype(np.float32) / np.float32(32768), room)
    return np.concatenate([np.zeros(delay, np.float32), wet])[: len(played)]


def _own(voice: str, word: str) -> Pcm:
    """Return what the device plays: its sentences, a second apart."""
    pause = np.zeros(SAMPLE_RATE_HZ, np.int16)
    parts = [part for text in sentences(word) for part in (pause, speak(voice, text))]
    return np.concatenate([*parts, pause])


def _persons(
    data: Path, word: str, said: Sequence[Pcm], responses: Sequence[Signal]
) -> Iterator[tuple[Pcm, Pcm]]:
    """Yield microphone and loudspeaker: a person says the word after `_LEAD` samples."""
    clips = read_manifest(data, "dev", released_only=False)
    takes = [c for c in clips if c.category == "wakewords" and c.label == word]
    for index, clip in enumerate(takes):
        take = decode(clip.path)
        for number, ratio_db in enumerate(_RATIOS_DB):
            rng = np.random.default_rng(1000 + 3 * index + number)
            speech = said[int(rng.integers(len(said)))]
            n = _LEAD + len(take) + SAMPLE_RATE_HZ
            played = np.resize(np.roll(speech, -int(rng.integers(len(speech)))), n)
            echo = _echo(played, responses[int(rng.integers(len(responses)))], rng)
            echo *= active_rms(take) * 10 ** (-ratio_db / 20) / active_rms(echo[_LEAD:])
            recorded = echo + rng.standard_normal(n).astype(np.float32) * np.float32(_FLOOR_RMS)
            recorded[_LEAD : _LEAD + len(take)] += take
            yield to_pcm(recorded * min(1.0, 0.9 / float(np.abs(recorded).max()))), played


def _share(count: int, of: int) -> str:
    low, high = wilson_interval(count, of)
    return f"{count} of {of} ({100 * low:.1f} to {100 * high:.1f} %)"


def main(argv: Sequence[str] | None = None) -> int:
    """Print how often the device wakes itself, by voice, and how many persons are missed."""
    parser = argparse.ArgumentParser(prog="python -m tools.echo own-voice", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--words", nargs="+", default=["alexa", "computer"])
    parser.add_argument("--voices", nargs="+", default=list(VOICES), metavar="ENGINE:NAME")
    parser.add_argument("--rooms", type=int, default=_N_ROOMS)
    parser.add_argument("--score", type=float, help="threshold of the guard (default: a session's)")
    args = parser.parse_args(argv)
    try:
        listeners = {word: Listener(word, args.score) for word in args.words}
        said = [speak(voice, _OTHER) for voice in args.voices]
        read_manifest(args.data, "dev")
    except (OSError, ValueError, PyWakewordError) as error:
        print(f"tools.echo: {error}", file=sys.stderr)
        return 2
    responses = rooms.simulated_rooms(args.rooms, np.random.default_rng(_ROOM_SEED))
    print(f"| the device says its word | {' | '.join(WAYS)} |")
    print("|---" * (1 + len(WAYS)) + "|")
    total: Counter[str] = Counter()
    for voice in args.voices:
        row: Counter[str] = Counter()
        for word, listener in listeners.items():
            played = _own(voice, word)
            for seed, room in enumerate(responses):
                rng = np.random.default_rng(seed)
                echo = _echo(played, room, rng)
                noise = rng.standard_normal(len(echo)) * _FLOOR_RMS
                for level_db in _LEVELS_DB:
                    microphone = to_pcm(echo * 10 ** (level_db / 20) + noise)
                    row["said"] += len(sentences(word))
                    for name, way in WAYS.items():
                        row[name] += len(listener.found(way, microphone, played))
        cells = " | ".join(f"{row[name]} of {row['said']}" for name in WAYS)
        print(f"| {voice} | {cells} |", flush=True)
        total.update(row)
    print("| all | " + " | ".join(_share(total[name], total["said"]) for name in WAYS) + " |")
    missed: Counter[str] = Counter()
    for word, listener in listeners.items():
        for microphone, played in _persons(args.data, word, said, responses):
            missed["takes"] += 1
            for name, way in WAYS.items():
                found = listener.found(way, microphone, played)
                missed[name] += not any(sample > _LEAD for sample in found)
    cells = " | ".join(_share(missed[name], missed["takes"]) for name in WAYS)
    print(f"| persons over it, missed | {cells} |")
    return 0
