"""Scenes: what a device plays, how it comes back through a room, and who talks over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import playback, rooms
from pywakeword.training.material.corpus import Clip, decode, read_manifest

SECONDS = 16
TALK_FROM_S = 5.0  # the echo is alone until then, so that every canceller has settled
_ECHO_RMS = 0.05
_FLOOR_RMS = 5e-5

Signal = npt.NDArray[np.float32]
Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Scene:
    """One recording of a microphone beside a loudspeaker that plays.

    Attributes
    ----------
    kind : str
        What plays: "speech" or "music".
    case : str
        What is special: a delay, a drift, a move of the loudspeaker, a person.
    delay_samples : int
        From the loudspeaker's samples to the direct sound in the microphone.
    talk_db : float or None
        Level of the person over the echo; None if nobody talks.
    moved_s : float or None
        When the loudspeaker moves.
    """

    kind: str
    case: str
    delay_samples: int
    talk_db: float | None
    moved_s: float | None
    microphone: Pcm
    loudspeaker: Pcm
    person: Pcm


class Stage:
    """Makes scenes from the dev split; equal seeds give equal scenes."""

    def __init__(self, data: Path) -> None:
        clips = read_manifest(data, "dev", released_only=False)
        # Of both splits: a canceller learns its room anew each time.
        train = read_manifest(data, "train", released_only=False)
        self._rooms = rooms.measured_rooms(train + clips)
        self._speech = [c for c in clips if c.category == "speech"]
        self._music = [c for c in clips if c.category == "noise" and "music" in c.label]
        for name, found in (("rooms", self._rooms), ("speech", self._speech)):
            if not found:
                raise ValueError(f"{data} has no {name} in its dev split")

    def scenes(self, seeds: Sequence[int]) -> Iterator[Scene]:
        """Yield every case once per seed and kind of playback."""
        for kind in ("speech", "music"):
            for seed in seeds:
                for delay_ms in (0, 60, 200):
                    yield self._scene(seed, kind, f"delay {delay_ms} ms", delay_ms=delay_ms)
                yield self._scene(seed, kind, "drift 100 ppm", drift_ppm=100)
                yield self._scene(seed, kind, "moved at 8 s", moved_s=8.0)
                for talk_db in (-10, 0, 10):
                    yield self._scene(seed, kind, f"person {talk_db:+d} dB", talk_db=talk_db)

    def _scene(
        self,
        seed: int,
        kind: str,
        case: str,
        *,
        delay_ms: int = 60,
        drift_ppm: float = 0.0,
        moved_s: float | None = None,
        talk_db: float | None = None,
    ) -> Scene:
        rng = np.random.default_rng(seed)
        n = SECONDS * SAMPLE_RATE_HZ
        source = self._sound(self._speech if kind == "speech" else self._music, n, rng)
        played = playback.loudspeaker(source, rng)
        if drift_ppm:
            times = np.arange(n) * (1 + drift_ppm * 1e-6)
            played = np.interp(times, np.arange(n), played).astype(np.float32)
        first, second, talkers = (
            self._rooms[int(i)] for i in rng.integers(len(self._rooms), size=3)
        )
        echo = fftconvolve(played, first)[:n]
        if moved_s is not None:
            at = int(moved_s * SAMPLE_RATE_HZ)
            echo[at:] = fftconvolve(played, second)[at:n]
        delay = delay_ms * SAMPLE_RATE_HZ // 1000
        echo = np.concatenate([np.zeros(delay), echo])[:n]
        echo *= _ECHO_RMS / np.sqrt(np.mean(echo**2))
        person = np.zeros(n)
        if talk_db is not None:
            talk = fftconvolve(self._sound(self._speech, n, rng), talkers)[:n]
            person = talk * _ECHO_RMS * 10 ** (talk_db / 20) / np.sqrt(np.mean(talk**2))
            person[: int(TALK_FROM_S * SAMPLE_RATE_HZ)] = 0
        floor = rng.standard_normal(n) * _FLOOR_RMS
        # measured_rooms() keeps eight samples before the direct sound.
        return Scene(
            kind=kind,
            case=case,
            delay_samples=delay + 8,
            talk_db=talk_db,
            moved_s=moved_s,
            microphone=_pcm(echo + person + floor),
            loudspeaker=_pcm(source * 0.25 / np.abs(source).max()),
            person=_pcm(person),
        )

    @staticmethod
    def _sound(clips: list[Clip], n: int, rng: np.random.Generator) -> Signal:
        pieces: list[Signal] = []
        while sum(map(len, pieces)) < n:
            pieces.append(decode(clips[int(rng.integers(len(clips)))].path))
        return np.concatenate(pieces)[:n]


def _pcm(samples: npt.NDArray[np.floating]) -> Pcm:
    return np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
