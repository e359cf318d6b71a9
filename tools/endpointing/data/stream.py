"""A long stream of wake words, commands with pauses and noise, and where each lies.

Takes are cut to their speech by forced alignment and energy (tools/endpointing/data/spans.py),
which drops breaths and rustling before the first word. Takes without an alignment are left out.
Pauses are inserted at the end of a word, where a speaker hesitates.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.corpus import Clip, decode, read_manifest
from pywakeword.training.material.features import HOP, lfbe, to_pcm
from pywakeword.training.material.synthesis import Voice, speak
from pywakeword.tts.recording.alignment import Alignment
from tools.endpointing.data.corpus import Utterance, read_utterances
from tools.endpointing.data.features import aligned
from tools.endpointing.data.spans import Spans, find_spans
from tools.vad.data.labels import runs, speech_frames

Samples = npt.NDArray[np.float32]
WORDS = ("computer", "alexa")
_LEVEL = 0.05  # RMS of speech
_LONGEST_GAP_FRAMES = 60  # of a take: a longer one is a pause of its own
_FADE = 320  # samples at a cut: 20 ms, so that it does not click
_SHORT_NOISE_S = 2.0  # a shorter noise is an event, repeated after a moment
_SENTENCES = (
    "turn on the light in the kitchen",
    "what is the weather like tomorrow",
    "play some music",
    "set a timer for ten minutes",
    "call my sister",
    "add milk to the shopping list",
    "remind me to water the plants",
    "close the window",
)
_VOICES = (
    Voice("flite", "rms"),
    Voice("flite", "awb"),
    Voice("flite", "slt"),
    Voice("espeak-ng", "en-us"),
)


@dataclass(frozen=True)
class Truth:
    """Sample indexes of a wake word and its command; without one, begin and end are None."""

    word_begin: int
    word_end: int
    begin: int | None
    end: int | None


@dataclass(frozen=True, eq=False)
class Take:
    """Speech from its first to its last sound, at one level, and ends of words within."""

    samples: Samples
    cuts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Material:
    """The parts of a stream."""

    words: list[Take]
    commands: list[Take]
    noises: list[Samples]
    sneezes: list[Samples]


@dataclass(frozen=True)
class Conditions:
    """What makes a stream harder.

    Attributes
    ----------
    level_db : float
        Each command is up to so much softer or louder than its wake word.
    television_db : float or None
        Other people's speech throughout, so much softer than the speech; None: no television.
    sneezes : bool
        Whether somebody sneezes 0.3 to 1 s after the end of each command, as loud as the speech.
    """

    level_db: float = 0.0
    television_db: float | None = None
    sneezes: bool = False


def dev_material(data: Path, work: Path | None = None) -> Material:
    """Dev takes of the bundled words and of sentences, and dev noises.

    Alignments are kept in `work`, if it is given.
    """
    if work is None:
        with tempfile.TemporaryDirectory() as folder:
            return dev_material(data, Path(folder))
    clips = read_manifest(data, "dev")
    words = [c for c in clips if c.category == "wakewords" and c.label in WORDS]
    said = [_utterance(c) for c in words]
    said += [u for u in read_utterances(data) if u.in_dev and u.transcript]
    work.mkdir(parents=True, exist_ok=True)
    alignments = aligned(said, work)

    def takes(chosen: list[Utterance], shortest_s: float, longest_s: float) -> list[Take]:
        cut = (
            aligned_take(decode(u.path), alignments[u.path]) for u in chosen if u.path in alignments
        )
        kept = (t for t in cut if t is not None)
        return [t for t in kept if shortest_s <= len(t.samples) / SAMPLE_RATE_HZ <= longest_s]

    return Material(
        takes(said[: len(words)], 0.3, 1.5),
        takes(said[len(words) :], 0.8, 7.0),
        [decode(c.path) for c in clips if c.category == "noise" and "speech_content" not in c.qa],
        [decode(c.path) for c in read_manifest(data) if c.label == "sneeze"],
    )


def _utterance(clip: Clip) -> Utterance:
    return Utterance(clip.path, "wakewords", "", True, clip.label, "other", True, "", "")


def aligned_take(take: Samples, alignment: Alignment) -> Take | None:
    """Cut a take to its words; None if they are unknown or far apart."""
    spans = find_spans(lfbe(take), alignment)
    if spans is None or _breaks(spans):
        return None
    begin = spans.start * HOP
    return Take(
        _levelled(take[begin : spans.end * HOP]), tuple(c * HOP - begin for c in spans.cuts)
    )


def _breaks(spans: Spans) -> bool:
    return any(last - first > _LONGEST_GAP_FRAMES for first, last in spans.holds)


def trimmed(take: Samples) -> Take | None:
    """Cut a clean take by its energy alone; None if the energy does not decide it."""
    labels = speech_frames(lfbe(take)) if np.abs(take).max(initial=0) > 1e-4 else None
    if labels is None or len(runs(labels, _LONGEST_GAP_FRAMES)) != 1:
        return None
    ((first, last),) = runs(labels, _LONGEST_GAP_FRAMES)
    return Take(_levelled(take[first * HOP : last * HOP + HOP]))


def _levelled(speech: Samples) -> Samples:
    return np.asarray(speech * (_LEVEL / max(_rms(speech), 1e-6)), np.float32)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def spoken_material(seed: int) -> Material:
    """Speech of free voices, and noise made by code."""
    said = [speak("Computer", _VOICES[0]), speak("Alexa", _VOICES[1])]
    said += [speak(text, _VOICES[i % len(_VOICES)]) for i, text in enumerate(_SENTENCES)]
    cut = [trimmed(take) for take in said]
    if any(take is None for take in cut):
        raise ValueError("a spoken sentence has a long pause in it")
    kept = [take for take in cut if take is not None]
    rng = np.random.default_rng(seed)
    brown = np.cumsum(rng.normal(size=10 * SAMPLE_RATE_HZ))
    brown -= np.convolve(brown, np.ones(801) / 801, "same")
    return Material(kept[:2], kept[2:], [brown.astype(np.float32)], [])


def make_stream(
    material: Material,
    minutes: float,
    ratio_db: float,
    rng: np.random.Generator,
    conditions: Conditions = Conditions(),
) -> tuple[npt.NDArray[np.int16], list[Truth]]:
    """Return the stream, and what it contains. The conditions do not change what is said."""
    extra = np.random.default_rng(1)
    parts: list[Samples] = []
    truths: list[Truth] = []
    now = 0

    def add(samples: Samples) -> tuple[int, int]:
        nonlocal now
        parts.append(samples)
        now += len(samples)
        return now - len(samples), now

    def quiet(low_s: float, high_s: float) -> None:
        add(np.zeros(round(rng.uniform(low_s, high_s) * SAMPLE_RATE_HZ), np.float32))

    quiet(2, 4)
    while now < minutes * 60 * SAMPLE_RATE_HZ:
        word_begin, word_end = add(_pick(material.words, rng).samples)
        if rng.random() < 0.1:
            truths.append(Truth(word_begin, word_end, None, None))
            quiet(7, 9)  # beyond the timeout
            continue
        if rng.random() < 0.8:  # otherwise at once
            quiet(0.15, 1.2)
        first, second = _pick(material.commands, rng), None
        if rng.random() < 0.6:
            pause_s = (1.0, 1.5) if rng.random() < 0.3 else (0.25, 0.65)
            if first.cuts:
                first, second = _broken(first, int(rng.choice(first.cuts)))
        else:
            pause_s = None
        gain = np.float32(1)
        if conditions.level_db:
            gain = np.float32(10 ** (extra.uniform(-1, 1) * conditions.level_db / 20))
        begin, end = add(first.samples * gain)
        if pause_s is not None:
            quiet(*pause_s)
            # Its words are unknown, so the command continues with another take.
            _, end = add((second or _pick(material.commands, rng)).samples * gain)
        truths.append(Truth(word_begin, word_end, begin, end))
        quiet(3.5, 7)
    speech = np.concatenate(parts)
    if conditions.sneezes:
        for truth in truths:
            _add_sneeze(speech, truth, material.sneezes, extra)
    if conditions.television_db is not None:
        said = [take.samples for take in material.commands]
        television = _noise(said, len(speech), extra)
        speech += television * np.float32(10 ** (-conditions.television_db / 20))
    mixed = speech + _noise(material.noises, len(speech), rng) * np.float32(10 ** (-ratio_db / 20))
    return to_pcm(mixed), truths


def _add_sneeze(
    speech: Samples, truth: Truth, sneezes: list[Samples], rng: np.random.Generator
) -> None:
    if truth.end is None:
        return
    at = truth.end + round(rng.uniform(0.3, 1.0) * SAMPLE_RATE_HZ)
    sneeze = sneezes[int(rng.integers(len(sneezes)))][: max(0, len(speech) - at)]
    speech[at : at + len(sneeze)] += sneeze * np.float32(_LEVEL / max(_rms(sneeze), 1e-6))


def _broken(take: Take, at: int) -> tuple[Take, Take]:
    """Split a take at the end of a word."""
    ramp = np.linspace(1, 0, _FADE, dtype=np.float32)
    head, tail = take.samples[:at].copy(), take.samples[at:].copy()
    head[-_FADE:] *= ramp
    tail[:_FADE] *= ramp[::-1]
    return Take(head), Take(tail)


def _pick(takes: list[Take], rng: np.random.Generator) -> Take:
    return takes[int(rng.integers(len(takes)))]


def _noise(noises: list[Samples], length: int, rng: np.random.Generator) -> Samples:
    parts: list[Samples] = []
    while sum(map(len, parts)) < length:
        noise = noises[int(rng.integers(len(noises)))]
        level = _LEVEL / max(_rms(noise), 1e-6)
        if len(noise) < _SHORT_NOISE_S * SAMPLE_RATE_HZ:
            parts += [
                noise * np.float32(level),
                np.zeros(int(rng.uniform(2, 6) * SAMPLE_RATE_HZ), np.float32),
            ]
            continue
        stretch = np.resize(
            np.roll(noise, -int(rng.integers(len(noise)))), int(rng.uniform(5, 20) * SAMPLE_RATE_HZ)
        )
        parts.append((stretch * (_LEVEL / max(_rms(stretch), 1e-6))).astype(np.float32))
    return np.concatenate(parts)[:length]
