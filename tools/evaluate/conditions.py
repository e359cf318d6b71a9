"""The development test: takes and negatives in eight acoustic conditions.

Everything comes from split=dev, held-out voices, held-out composers and other simulated
rooms than training. Interference is scaled against the active level of the word; what the
device plays goes through a loudspeaker model and a room. The same samples serve every
detector that is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword import DeviceState
from tools.train import playback, rooms, synthesis
from tools.train.boundaries import word_boundaries
from tools.train.corpus import SAMPLE_RATE, decode, read_manifest
from tools.train.features import to_pcm
from tools.train.prepare import active_rms, treebank_sentences

FLOOR_DBFS = -60.0
PADDING_S = 1.5

# name -> (kind of interference, ratio of word to interference in dB, far microphone)
CONDITIONS: dict[str, tuple[str, float, bool]] = {
    "quiet": ("", 0.0, False),
    "babble 10": ("babble", 10.0, False),
    "noise 5": ("noise", 5.0, False),
    "far 5": ("noise", 5.0, True),
    "music 0": ("music", 0.0, False),
    "music -6": ("music", -6.0, False),
    "own tts 0": ("tts", 0.0, False),
    "alarm 0": ("alarm", 0.0, False),
}
_OWN = ("music", "tts", "alarm")


@dataclass(frozen=True)
class Stream:
    """Audio with what the device knew of itself, and where its one word lies (or None)."""

    name: str
    pcm: npt.NDArray[np.int16]
    state: DeviceState
    word: tuple[int, int] | None = None


def _floor(n_samples: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    noise = rng.standard_normal(n_samples, np.float32)
    return noise * np.float32(10 ** (FLOOR_DBFS / 20))


class Conditions:
    """Makes the streams; equal seeds give equal samples."""

    def __init__(self, data: Path, *, seed: int = 7, cache: Path | None = None) -> None:
        self.clips = read_manifest(data, "dev", released_only=False)
        self._rng = np.random.default_rng(seed)
        rng = np.random.default_rng(seed + 1)
        self._rooms = rooms.simulated_rooms(24, rng)
        self._far_rooms = rooms.simulated_rooms(24, rng, far=True)
        self._sounds = self._load_sounds(data, rng, cache)

    def _load_sounds(
        self, data: Path, rng: np.random.Generator, cache: Path | None
    ) -> dict[str, list[npt.NDArray[np.float32]]]:
        file = None if cache is None else cache / "evaluation_sounds.npz"
        if file is not None and file.exists():
            with np.load(file) as arrays:
                sounds: dict[str, list[npt.NDArray[np.float32]]] = {}
                for key in arrays.files:  # in the order in which they were written
                    sounds.setdefault(key.split(":")[0], []).append(arrays[key])
                return sounds
        voices = synthesis.voices(evaluation=True)
        sentences = treebank_sentences(data, np.random.default_rng(99), 200)

        def played(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            room = self._rooms[int(rng.integers(len(self._rooms)))]
            return rooms.reverberate(playback.loudspeaker(samples, rng), room)

        speech = [c for c in self.clips if c.category == "speech"]
        noise = [c for c in self.clips if c.category == "noise"]
        babble = []
        for _ in range(12):
            mixture = np.zeros(12 * SAMPLE_RATE, np.float32)
            for _ in range(6):
                voice = decode(speech[int(rng.integers(len(speech)))].path)
                mixture += np.resize(voice / active_rms(voice), len(mixture))
            babble.append(mixture)
        sounds = {
            "noise": [decode(c.path) for c in noise if "music" not in c.label],
            "babble": babble,
            "alarm": [played(playback.alarm(12, rng)) for _ in range(24)],
            "tts": [played(synthesis.speak(s, voices[(7 * i) % len(voices)]))
                    for i, s in enumerate(sentences[:60])],
            "music": [played(m) for m in
                      playback.render_music(playback.EVALUATION_COMPOSERS, 16, 30, rng)],
            "voices": [synthesis.speak(s, voices[(11 * i) % len(voices)])
                       for i, s in enumerate(sentences[60:])],
        }  # fmt: skip
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(file, **{f"{k}:{i}": x for k, xs in sounds.items() for i, x in enumerate(xs)})
        return sounds

    def _interference(self, kind: str, n_samples: int) -> npt.NDArray[np.float32]:
        """Cut a random stretch at an active level of 1."""
        sounds = self._sounds[kind]
        sound = sounds[int(self._rng.integers(len(sounds)))]
        offset = int(self._rng.integers(len(sound)))
        stretch = np.resize(np.roll(sound, -offset), n_samples)
        return stretch / max(active_rms(stretch), 1e-9)

    @staticmethod
    def _state(kind: str) -> DeviceState:
        return DeviceState(
            "speaker", kind if kind in _OWN else "none", 0.5 if kind in _OWN else None
        )

    def positives(self, word: str, condition: str) -> Iterator[Stream]:
        """Yield every dev take of `word`, padded, in `condition`."""
        kind, ratio_db, far = CONDITIONS[condition]
        for clip in self.clips:
            if clip.category != "wakewords" or clip.label != word:
                continue
            samples = decode(clip.path)
            pad = int(PADDING_S * SAMPLE_RATE)
            bounds = tuple(b + pad for b in word_boundaries(samples))
            level = active_rms(samples)
            signal = np.pad(samples, pad)
            if far:
                room = self._far_rooms[int(self._rng.integers(len(self._far_rooms)))]
                signal = rooms.reverberate(signal, room)
                signal *= level / active_rms(signal)
            if kind:
                signal = signal + self._interference(kind, len(signal)) * level * 10 ** (
                    -ratio_db / 20
                )
            peak = np.abs(signal).max()
            if peak > 0.99:  # a mixture must not clip where its parts did not
                signal = signal * (0.99 / peak)
            signal = signal + _floor(len(signal), self._rng)
            yield Stream(clip.path.name, to_pcm(signal), self._state(kind), (bounds[0], bounds[1]))

    def negatives(self, words: tuple[str, ...]) -> Iterator[Stream]:
        """Yield dev speech, other words and noise, in quiet; none holds one of `words`."""
        for clip in self.clips:
            if clip.category != "rir" and not any(clip.holds(w) for w in words):
                yield self._negative(clip.path.name, decode(clip.path), "none")

    def more_negatives(self, words: tuple[str, ...]) -> Iterator[Stream]:
        """Yield the same clips twice in noise, held-out voices, and own playback alone."""
        for clip in self.clips * 2:
            if clip.category in ("speech", "words", "wakewords") and not any(
                clip.holds(w) for w in words
            ):
                samples = decode(clip.path)
                ratio_db = self._rng.uniform(0, 15)
                kind = str(self._rng.choice(["noise", "babble", "music"]))
                mixed = self._interference(kind, len(samples)) * active_rms(samples)
                yield self._negative(clip.path.name, samples + mixed * 10 ** (-ratio_db / 20),
                                     kind if kind in _OWN else "none")  # fmt: skip
        for kind in ("voices", *_OWN):
            for i, sound in enumerate(self._sounds[kind]):
                gain = 10 ** (self._rng.uniform(-40, -15) / 20) / max(active_rms(sound), 1e-9)
                yield self._negative(f"{kind} {i}", sound * gain, kind if kind in _OWN else "none")

    def _negative(self, name: str, samples: npt.NDArray[np.floating], playing: str) -> Stream:
        signal = np.clip(samples, -1, 1) + _floor(len(samples), self._rng)
        return Stream(name, to_pcm(signal), self._state(playing))
