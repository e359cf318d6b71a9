"""A scripted evening in front of a device: what is said when, and what must follow.

Each scene is a piece of audio with instructions for the application and the verifier, and
the exact transitions that it must cause.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from helpers import sounds
from helpers.voices import speech

RATE = 16_000
ANSWER = "It is half past ten in the morning, and the sun is shining over the harbour."
FIRST, SECOND = "The first part is short.", "And the second part comes later."

HEARD = [("candidate", "verifying"), ("accepted", "listening")]
ANSWERED = [("utterance", "thinking"), ("answer", "speaking"), ("played", "waiting")]
DISMISSED = [("utterance", "thinking"), ("no answer", "waiting")]


@dataclass(frozen=True)
class Scene:
    """One scene: `says` are (seconds, text); `plays` are (seconds, kind, length in seconds)."""

    name: str
    seconds: float
    says: tuple[tuple[float, str], ...]
    expected: list[tuple[str, str]]
    does: str = "answer"  # what the application does with an utterance
    rejects: tuple[int, ...] = ()  # which of the scene's words the verifier rejects
    plays: tuple[tuple[float, str, float], ...] = ()


SCENES = (
    Scene("a question", 14, ((1, "{word}"), (2.2, "what time is it?")), HEARD + ANSWERED),
    Scene(
        "word and command in one breath",
        14,
        ((1, "{word}, switch on the light please"),),
        HEARD + ANSWERED,
    ),
    Scene("nothing said", 9, ((1, "{word}"),), [*HEARD, ("no speech", "waiting")]),
    Scene(
        "not addressed",
        8,
        ((1, "we should really go and see the mountains some day"), (4.5, "maybe next summer")),
        [],
    ),
    Scene("rejected", 6, ((1, "{word}"),), [HEARD[0], ("rejected", "waiting")], rejects=(0,)),
    Scene(
        "interrupted",
        20,
        ((1, "{word}"), (2.2, "what time is it?"), (5.4, "{word}"), (6.8, "never mind")),
        [*HEARD, *ANSWERED[:2], ("candidate", "interrupted"), ("accepted", "listening"), *ANSWERED],
    ),
    Scene(
        "not interrupted after all",
        16,
        ((1, "{word}"), (2.2, "what time is it?"), (5.4, "{word}")),
        [
            *HEARD,
            *ANSWERED[:2],
            ("candidate", "interrupted"),
            ("rejected", "speaking"),
            ANSWERED[2],
        ],
        rejects=(1,),
    ),
    Scene(
        "music is stopped by the word",
        16,
        ((3, "{word}"), (4.6, "stop the music")),
        HEARD + DISMISSED,
        does="nothing",
        plays=((1, "music", 12),),
    ),
    Scene(
        "alarm is stopped by the word",
        14,
        ((3.2, "{word}"), (4.8, "thank you, I am awake")),
        HEARD + DISMISSED,
        does="nothing",
        plays=((1, "alarm", 12),),
    ),
    Scene("music plays to its end", 8, (), [], plays=((1, "music", 5),)),
    Scene(
        "an answer that is still being made",
        18,
        ((1, "{word}"), (2.2, "tell me a story")),
        HEARD + ANSWERED,
        does="stream",
    ),
    Scene(
        "not finished after all",
        18,
        ((1, "{word}"), (2.2, "please switch on"), (4.7, "the light in the kitchen")),
        [*HEARD, ("utterance", "thinking"), ("resumed", "listening"), *ANSWERED],
        does="think",
    ),
    Scene(
        "asked again while thinking",
        18,
        ((1, "{word}"), (2.2, "what time is it?"), (5.7, "{word}"), (6.9, "how late is it?")),
        [*HEARD, ("utterance", "thinking"), *HEARD, *ANSWERED],
        does="think longer",
    ),
    Scene(
        "the application fails",
        8,
        ((1, "{word}"), (2.2, "do the impossible")),
        [*HEARD, ("utterance", "thinking"), ("failed", "waiting")],
        does="fail",
    ),
)

VOICES = ("flite:slt", "flite:awb", "flite:rms")
WORDS = ("computer", "alexa", "computer")


@dataclass
class Script:
    """The scenes one after the other, and where each begins."""

    pcm: np.ndarray
    scenes: list[tuple[int, Scene]]
    words: list[tuple[int, int, str, bool]] = field(default_factory=list)  # begin, end, word, yes


def make_script(seconds: float) -> Script:
    """Repeat the scenes, with other voices and words each time, until the time is filled."""
    total = round(seconds * RATE)
    rng = np.random.default_rng(11)
    pcm = rng.normal(0, 12, total)
    script = Script(pcm, [])
    begin, n_scenes = RATE, 0
    while True:
        scene = SCENES[n_scenes % len(SCENES)]
        turn = n_scenes // len(SCENES) % len(VOICES)
        if begin + round(scene.seconds * RATE) > total:
            break
        script.scenes.append((begin, scene))
        n_words = 0
        for at, text in scene.says:
            voiced = 0.35 * speech(text.format(word=WORDS[turn]), VOICES[turn])
            start = begin + round(at * RATE)
            pcm[start : start + len(voiced)] += voiced
            if "{word}" in text:
                script.words.append(
                    (start, start + len(voiced), WORDS[turn], n_words not in scene.rejects)
                )
                n_words += 1
        begin += round(scene.seconds * RATE)
        n_scenes += 1
    script.pcm = np.clip(np.rint(pcm), -32768, 32767).astype(np.int16)
    return script


def sound(kind: str, seconds: float) -> np.ndarray:
    """What the device plays: an alarm, or chords for music."""
    if kind == "alarm":
        return sounds.alarm(seconds, amplitude=6000)
    t = np.arange(round(seconds * RATE)) / RATE
    chords = ((220, 277, 330), (196, 247, 294), (175, 220, 262), (165, 208, 247))
    out = np.zeros(len(t))
    for index in range(int(np.ceil(seconds * 2))):
        part = (t >= index / 2) & (t < (index + 1) / 2)
        decay = np.exp(-3 * (t[part] - index / 2))
        out[part] = sum(np.sin(2 * np.pi * f * t[part]) for f in chords[index % 4]) * decay
    return np.rint(2500 * out).astype(np.int16)
