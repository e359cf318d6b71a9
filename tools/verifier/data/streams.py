"""Train streams that the device is scanned on for candidates.

Mixed as tools.accuracy mixes those of the dev split, with audio before and after every clip,
as there is around the takes of a word: where a recording begins must not give a candidate away.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.figures.conditions import OWN, PADDING_S, Conditions, Stream
from pywakeword.training.material import playback, rooms, synthesis
from pywakeword.training.material.corpus import decode, read_manifest
from pywakeword.training.material.levels import active_rms
from pywakeword.training.material.sentences import treebank_sentences

_KINDS = ("noise", "babble", "music", "tts", "alarm")
_NOISY_SHARE = 0.75
_RATIO_DB = (0, 15)
_TRAIN_ROOMS, _TRAIN_SOUNDS = 24, 40


class TrainStreams(Conditions):
    """Train negatives: train clips, sounds, rooms and voices only."""

    def __init__(self, data: Path, *, seed: int) -> None:
        self.clips = read_manifest(data, "train")
        self._rng = rng = np.random.default_rng(seed)
        self._rooms = rooms.simulated_rooms(_TRAIN_ROOMS, rng)
        speech = [c for c in self.clips if c.category == "speech"]
        noise = [c for c in self.clips if c.category == "noise"]
        self._voices = synthesis.voices()

        def played(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            room = self._rooms[int(rng.integers(len(self._rooms)))]
            return rooms.reverberate(playback.loudspeaker(samples, rng), room)

        babble = []
        for _ in range(_TRAIN_SOUNDS):
            mixture = np.zeros(12 * SAMPLE_RATE_HZ, np.float32)
            for _ in range(6):
                voice = decode(speech[int(rng.integers(len(speech)))].path)
                mixture += np.resize(voice / active_rms(voice), len(mixture))
            babble.append(mixture)
        sentences = treebank_sentences(data, rng, _TRAIN_SOUNDS)
        self._sounds = {
            "noise": [decode(c.path) for c in noise if c.label != "music"],
            "babble": babble,
            "alarm": [played(playback.alarm(12, rng)) for _ in range(_TRAIN_SOUNDS)],
            "tts": [played(self._speak(s)) for s in sentences],
            "music": [played(decode(c.path)) for c in noise if c.label == "music"],
        }

    def negative_streams(self, words: tuple[str, ...], copies: int) -> Iterator[tuple[str, Stream]]:
        """Yield (leak group, stream): every clip once in quiet, then `copies` times mixed."""
        for clip in self.clips:
            if clip.category != "rir" and not any(clip.holds(w) for w in words):
                yield clip.group, self._padded(clip.path.name, decode(clip.path), "none")
        for clip in self.clips * copies:
            speech = clip.category in ("speech", "words", "wakewords")
            if speech and not any(clip.holds(w) for w in words):
                kind = str(self._rng.choice(_KINDS))
                yield clip.group, self._padded(clip.path.name, decode(clip.path), kind)
        for stream in self._alone(OWN):
            yield stream.name, stream

    def _padded(self, name: str, samples: npt.NDArray[np.float32], kind: str) -> Stream:
        """Like the takes of a word: interference from before the clip until after it."""
        signal = np.pad(samples, int(PADDING_S * SAMPLE_RATE_HZ))
        if kind != "none":
            level = active_rms(samples) * 10 ** (-self._rng.uniform(*_RATIO_DB) / 20)
            signal = signal + self._interference(kind, len(signal)) * level
        return self._negative(name, signal, kind if kind in OWN else "none")

    def near_misses(self, texts: list[str], count: int) -> Iterator[tuple[str, Stream]]:
        """Yield (group, stream) of words that sound like the wake word, by training voices."""
        for i in range(count):
            spoken = self._speak(texts[i % len(texts)])
            quiet = self._rng.random() >= _NOISY_SHARE
            kind = "none" if quiet else str(self._rng.choice(("noise", "babble", "music")))
            if active_rms(spoken) > 0:
                yield "synthetic", self._padded(texts[i % len(texts)], spoken, kind)

    def _speak(self, text: str) -> npt.NDArray[np.float32]:
        voice = self._voices[int(self._rng.integers(len(self._voices)))]
        return synthesis.speak(
            text, voice, rate=self._rng.uniform(0.75, 1.35), pitch=self._rng.uniform(0.6, 1.6)
        )
