"""The development test: takes and negatives in many conditions.

Everything comes from split=dev, held-out voices, held-out composers and other simulated
rooms than training. Interference is scaled against the active level of the word; what the
device plays goes through a loudspeaker model and a room. The same samples serve every
detector that is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pywakeword import DeviceState
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.echo.mixture import Sound, looped, mix
from pywakeword.training.figures import changed_takes
from pywakeword.training.material import playback, rooms, synthesis
from pywakeword.training.material.boundaries import word_boundaries
from pywakeword.training.material.corpus import Clip, decode, read_manifest
from pywakeword.training.material.features import to_pcm
from pywakeword.training.material.levels import active_rms
from pywakeword.training.material.sentences import treebank_sentences
from pywakeword.training.takes.bank import read_index

FLOOR_DBFS = -60.0
PADDING_S = 1.5


class Condition(NamedTuple):
    """What is done to a take: interference, its level, a far microphone, another way to speak."""

    interference: str = ""
    ratio_db: float = 0.0  # of the word over the interference
    far: bool = False
    change: str = ""  # see changed_takes.py
    cancelled: bool = False  # through an EchoCanceller that knows what the device plays
    gated: bool = False  # zeros between the words: a file, or a microphone with a noise gate


# Real takes of the word alone.
CONDITIONS = {
    "quiet": Condition(),
    "babble 10": Condition("babble", 10.0),
    "noise 5": Condition("noise", 5.0),
    "far 5": Condition("noise", 5.0, far=True),
    "music 0": Condition("music", 0.0),
    "music -6": Condition("music", -6.0),
    "own tts 0": Condition("tts", 0.0),
    "alarm 0": Condition("alarm", 0.0),
}
# The word is said in another way. The first four need a bank of held-out voices.
CHANGED = {
    "one breath": Condition(change="one_breath"),
    "one breath, noise 5": Condition("noise", 5.0, change="one_breath"),
    "one breath, gated": Condition(change="one_breath", gated=True),
    "carrier": Condition(change="carrier"),
    "spliced": Condition(change="spliced"),
    "high voice": Condition(change="high"),
    "narrow band": Condition(change="narrow"),
}
OWN = ("music", "tts", "alarm")  # what the device itself plays
_BANK_KINDS = ("one_breath", "carrier", "pause", "mention")
# The device has played for _LEAD_S when the take begins.
CANCELLED = {
    f"{name}, cancelled": condition._replace(cancelled=True)
    for name, condition in CONDITIONS.items()
    if condition.interference in OWN
}
_LEAD_S = 8.0
_SYNTHETIC_TAKES = 40
_FEWEST_RECORDINGS = 4  # fewer measure nothing
_OWN_WORDS = 160


@dataclass(frozen=True)
class Stream:
    """Audio with the device state, and the span of its one word (or None)."""

    name: str
    pcm: npt.NDArray[np.int16]
    state: DeviceState
    word: tuple[int, int] | None = None


def floor(n_samples: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the noise of a microphone in a quiet room."""
    noise = rng.standard_normal(n_samples, np.float32)
    return noise * np.float32(10 ** (FLOOR_DBFS / 20))


class Conditions:
    """Makes the streams; equal seeds give equal samples."""

    def __init__(
        self,
        data: Path,
        *,
        seed: int = 7,
        cache: Path | None = None,
        takes: list[Clip] | None = None,
        held_out: Path | None = None,
    ) -> None:
        self.clips = read_manifest(data, "dev", released_only=False) + (takes or [])
        self._held_out = held_out
        self._rng = np.random.default_rng(seed)
        self._echo_rng = np.random.default_rng(seed + 2)  # other streams stay as they are
        rng = np.random.default_rng(seed + 1)
        self._rooms = rooms.simulated_rooms(24, rng)
        self._far_rooms = rooms.simulated_rooms(24, rng, far=True)
        self._sounds = self._load_sounds(data, rng, cache)

    def _load_sounds(
        self, data: Path, rng: np.random.Generator, cache: Path | None
    ) -> dict[str, list[npt.NDArray[np.float32]]]:
        # The sounds of the device are kept twice: as recorded, and "dry", as sent to it.
        file = None if cache is None else cache / "evaluation_sounds_2.npz"
        if file is not None and file.exists():
            with np.load(file) as arrays:
                sounds: dict[str, list[npt.NDArray[np.float32]]] = {}
                for key in arrays.files:  # in the order in which they were written
                    sounds.setdefault(key.split(":")[0], []).append(arrays[key])
                return sounds
        voices = synthesis.voices(evaluation=True)
        sentences = treebank_sentences(data, np.random.default_rng(99), 200)

        dry: dict[str, list[npt.NDArray[np.float32]]] = {}

        def played(samples: npt.NDArray[np.float32], kind: str) -> npt.NDArray[np.float32]:
            dry.setdefault(f"dry {kind}", []).append(samples)
            room = self._rooms[int(rng.integers(len(self._rooms)))]
            return rooms.reverberate(playback.loudspeaker(samples, rng), room)

        speech = [c for c in self.clips if c.category == "speech"]
        noise = [c for c in self.clips if c.category == "noise"]
        babble = []
        for _ in range(12):
            mixture = np.zeros(12 * SAMPLE_RATE_HZ, np.float32)
            for _ in range(6):
                voice = decode(speech[int(rng.integers(len(speech)))].path)
                mixture += np.resize(voice / active_rms(voice), len(mixture))
            babble.append(mixture)
        sounds = {
            "noise": [decode(c.path) for c in noise if "music" not in c.label],
            "babble": babble,
            "alarm": [played(playback.alarm(12, rng), "alarm") for _ in range(24)],
            "tts": [
                played(synthesis.speak(s, voices[(7 * i) % len(voices)]), "tts")
                for i, s in enumerate(sentences[:60])
            ],
            "music": [
                played(m, "music")
                for m in playback.render_music(playback.EVALUATION_COMPOSERS, 16, 30, rng)
            ],
            "voices": [
                synthesis.speak(s, voices[(11 * i) % len(voices)])
                for i, s in enumerate(sentences[60:])
            ],
        }
        sounds.update(dry)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            named = {f"{k}:{i}": x for k, xs in sounds.items() for i, x in enumerate(xs)}
            np.savez(file, **named)  # type: ignore[arg-type]
        return sounds

    def _interference(self, kind: str, n_samples: int) -> npt.NDArray[np.float32]:
        """Cut a random stretch at an active level of 1."""
        sounds = self._sounds[kind]
        sound = sounds[int(self._rng.integers(len(sounds)))]
        offset = int(self._rng.integers(len(sound)))
        stretch = np.resize(np.roll(sound, -offset), n_samples)
        return stretch / max(active_rms(stretch), 1e-9)

    @staticmethod
    def state(kind: str) -> DeviceState:
        """State of a device that plays `kind`, if it is a sound of the device."""
        return DeviceState("speaker", kind if kind in OWN else "none", 0.5 if kind in OWN else None)

    @property
    def names(self) -> list[str]:
        """Conditions that can be made: "one breath" only if the held-out voices say it."""
        spoken = (
            set() if self._held_out is None else {r["kind"] for r in read_index(self._held_out)}
        )
        missing = {"one_breath", "carrier"} - spoken
        return [
            *CONDITIONS,
            *(n for n, c in CHANGED.items() if c.change not in missing),
            *CANCELLED,
        ]

    def mentions(self, word: str) -> Iterator[Stream]:
        """Yield sentences of held-out voices about `word`, which call nobody."""
        yield from self.positives(word, Condition(change="mention"))

    def positives(self, word: str, condition: str | Condition) -> Iterator[Stream]:
        """Yield every take of `word`, padded, in a condition: its name, or one like it."""
        if isinstance(condition, str):
            condition = {**CONDITIONS, **CHANGED, **CANCELLED}[condition]
        kind, ratio_db, far, change, cancelled, gated = condition
        for name, samples, span in self._changed(word, change):
            pad = int(PADDING_S * SAMPLE_RATE_HZ)
            word_span = None if span is None else (span[0] + pad, span[1] + pad)
            level = active_rms(samples)
            signal = np.pad(samples, pad)
            if far:
                room = self._far_rooms[int(self._rng.integers(len(self._far_rooms)))]
                signal = rooms.reverberate(signal, room)
                signal *= level / active_rms(signal)
            if cancelled:
                pcm = self._cancelled(signal, kind, level * 10 ** (-ratio_db / 20))
                yield Stream(name, pcm, self.state(kind), word_span)
                continue
            if kind:
                signal = signal + self._interference(kind, len(signal)) * level * 10 ** (
                    -ratio_db / 20
                )
            peak = np.abs(signal).max()
            if peak > 0.99:  # a mixture must not clip where its parts did not
                signal = signal * (0.99 / peak)
            if not gated:
                signal = signal + floor(len(signal), self._rng)
            yield Stream(name, to_pcm(signal), self.state(kind), word_span)

    def _cancelled(
        self, signal: npt.NDArray[np.float32], kind: str, level: float
    ) -> npt.NDArray[np.int16]:
        """Return what a canceller leaves of a signal over a sound of the device."""
        lead = int(_LEAD_S * SAMPLE_RATE_HZ)
        near = np.pad(signal, (lead, 0))
        sound = self.device_sound(kind, len(near), level, self._echo_rng)
        return mix(near + floor(len(near), self._echo_rng), sound).cancelled()[lead:]

    def device_sound(
        self, kind: str, n_samples: int, level: float, rng: np.random.Generator
    ) -> Sound:
        """Return a stretch of what the device plays, with this active level in the microphone."""
        index = int(rng.integers(len(self._sounds[kind])))
        sound = Sound(self._sounds[f"dry {kind}"][index], self._sounds[kind][index])
        stretch = looped(sound, n_samples, rng)
        return Sound(stretch.dry, stretch.wet * (level / max(active_rms(stretch.wet), 1e-9)))

    def _changed(self, word: str, change: str) -> Iterator[changed_takes.Take]:
        """Yield the takes of a condition before anything is mixed in."""
        if change in _BANK_KINDS:
            if self._held_out is None:
                raise ValueError(f"{change}: a bank of held-out voices is needed")
            yield from changed_takes.bank_takes(self._held_out, word, change)
        elif change == "spliced":
            speech = [c for c in self.clips if c.category == "speech" and not c.holds(word)]
            yield from changed_takes.spliced_takes(self._takes(word), speech)
        else:
            alter = {"high": changed_takes.high, "narrow": changed_takes.narrow}.get(change)
            for name, samples in self._takes(word):
                altered = samples if alter is None else alter(samples)
                yield name, altered, word_boundaries(altered)

    def _takes(self, word: str) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
        """Yield the recordings of `word`; without any, it alone in held-out voices."""
        source = self.takes_of(word)
        if source == "recordings":
            for clip in self._recordings(word):
                yield clip.path.name, decode(clip.path)
        elif source == "natural voices":
            assert self._held_out is not None
            for name, samples, _ in changed_takes.bank_takes(self._held_out, word, "isolated"):
                yield name, samples
        else:
            voices = synthesis.voices(evaluation=True)
            for i in range(_SYNTHETIC_TAKES):
                voice = voices[(5 * i) % len(voices)]
                spoken = synthesis.speak(
                    word.replace("_", " "), voice, rate=0.85 + 0.3 * (i % 3) / 2
                )
                yield f"{voice.name} {i}", spoken

    def takes_of(self, word: str) -> str:
        """Say what stands for a person: "recordings", "natural voices" or "simple synthesisers"."""
        if len(self._recordings(word)) >= _FEWEST_RECORDINGS:
            return "recordings"
        if self._held_out is not None and any(
            row["keyword"] == word and row["kind"] == "isolated"
            for row in read_index(self._held_out)
        ):
            return "natural voices"
        return "simple synthesisers"

    def _recordings(self, word: str) -> list[Clip]:
        return [c for c in self.clips if c.category == "wakewords" and c.label == word]

    def negatives(self, words: tuple[str, ...]) -> Iterator[Stream]:
        """Yield dev speech, other words and noise, in quiet; none holds one of `words`."""
        for clip in self.clips:
            if clip.category != "rir" and not any(clip.holds(w) for w in words):
                yield self._negative(clip.path.name, decode(clip.path), "none")

    def more_negatives(self, words: tuple[str, ...]) -> Iterator[Stream]:
        """Yield the same clips twice in noise, held-out voices, and own playback alone."""
        yield from self._mixed(words, ("noise", "babble", "music"), copies=2)
        yield from self._alone(("voices", *OWN))

    def negatives_in(self, words: tuple[str, ...], kind: str) -> Iterator[Stream]:
        """Yield dev speech and words, three times over one kind of interference, and it alone."""
        yield from self._mixed(words, (kind,), copies=3)
        yield from self._alone((kind,))

    def own_voice(self, word: str) -> Iterator[Stream]:
        """Yield the device's own voice saying `word`, in changing held-out voices."""
        voices = synthesis.voices(evaluation=True)
        for i in range(_OWN_WORDS):
            voice = voices[(3 * i) % len(voices)]
            spoken = synthesis.speak(
                word.replace("_", " "), voice, rate=self._rng.uniform(0.85, 1.2)
            )
            played = playback.loudspeaker(np.pad(spoken, SAMPLE_RATE_HZ), self._rng)
            sound = rooms.reverberate(played, self._rooms[int(self._rng.integers(24))])
            gain = 10 ** (self._rng.uniform(-40, -15) / 20) / active_rms(sound)
            yield self._negative(f"{voice.name} {i}", sound * gain, "tts")

    def _mixed(
        self, words: tuple[str, ...], kinds: tuple[str, ...], *, copies: int
    ) -> Iterator[Stream]:
        for clip in self.clips * copies:
            if clip.category in ("speech", "words", "wakewords") and not any(
                clip.holds(w) for w in words
            ):
                samples = decode(clip.path)
                ratio_db = self._rng.uniform(0, 15)
                kind = str(self._rng.choice(kinds))
                mixed = self._interference(kind, len(samples)) * active_rms(samples)
                yield self._negative(
                    clip.path.name,
                    samples + mixed * 10 ** (-ratio_db / 20),
                    kind if kind in OWN else "none",
                )

    def _alone(self, kinds: tuple[str, ...]) -> Iterator[Stream]:
        for kind in kinds:
            for i, sound in enumerate(self._sounds[kind]):
                gain = 10 ** (self._rng.uniform(-40, -15) / 20) / max(active_rms(sound), 1e-9)
                yield self._negative(f"{kind} {i}", sound * gain, kind if kind in OWN else "none")

    def _negative(self, name: str, samples: npt.NDArray[np.floating], playing: str) -> Stream:
        signal = np.clip(samples, -1, 1) + floor(len(samples), self._rng)
        return Stream(name, to_pcm(signal), self.state(playing))
