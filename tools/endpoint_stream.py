"""Hear a long stream of wake words, commands with pauses and noise: each utterance once.

    python -m tools.endpoint_stream --data DIR [--minutes 30] [--ratio-db 20] [--wav FILE]
    python -m tools.endpoint_stream --spoken --minutes 2

Made of dev takes, or spoken by espeak-ng and flite. After each wake word come one or two
takes with a pause between them, shorter or longer than the one that ends an utterance (an
early End is then taken back); at once, after a moment, or not at all. Prints what became of
each utterance and exits with 1 unless every one came exactly once.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from pywakeword import Endpointer, Request, RequestListener, Utterance, WakeWord
from tools.train.corpus import SAMPLE_RATE, Clip, decode, read_manifest
from tools.train.features import HOP, lfbe, to_pcm
from tools.train.synthesis import Voice, speak
from tools.vad.labels import runs, speech_frames

Samples = npt.NDArray[np.float32]
WORDS = ("computer", "alexa")
TOLERANCE_S = 0.35
_LEVEL = 0.05  # RMS of speech
_BLOCK = 8000
_LONGEST_GAP_FRAMES = 60  # of a take: a longer one is a pause of its own
_SENTENCES = (
    "turn on the light in the kitchen", "what is the weather like tomorrow", "play some music",
    "set a timer for ten minutes", "call my sister", "add milk to the shopping list",
    "remind me to water the plants", "close the window",
)  # fmt: skip
_VOICES = (Voice("flite", "rms"), Voice("flite", "awb"), Voice("flite", "slt"),
           Voice("espeak-ng", "en-us"))  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """A wake word and what followed; sample indexes. No command: begin and end are None."""

    word_begin: int
    word_end: int
    begin: int | None
    end: int | None


@dataclass(frozen=True)
class Material:
    """Takes cut to their speech, at one level, and noises."""

    words: list[Samples]
    commands: list[Samples]
    noises: list[Samples]


def trimmed(take: Samples) -> Samples | None:
    """Return a take from its first to its last speech, or None if that cannot be told."""
    labels = speech_frames(lfbe(take)) if np.abs(take).max(initial=0) > 1e-4 else None
    if labels is None or len(runs(labels, _LONGEST_GAP_FRAMES)) != 1:
        return None
    ((first, last),) = runs(labels, _LONGEST_GAP_FRAMES)
    speech = take[first * HOP : last * HOP + HOP]
    rms = np.sqrt(np.mean(np.square(speech, dtype=np.float64)))
    return (speech * (_LEVEL / rms)).astype(np.float32)


def dev_material(data: Path) -> Material:
    """Dev takes of the bundled words and of commands and sentences, and dev noises."""
    clips = read_manifest(data, "dev")

    def takes(chosen: list[Clip], shortest_s: float, longest_s: float) -> list[Samples]:
        cut = (trimmed(decode(c.path)) for c in chosen)
        return [t for t in cut
                if t is not None and shortest_s <= len(t) / SAMPLE_RATE <= longest_s]  # fmt: skip

    return Material(
        takes([c for c in clips if c.category == "wakewords" and c.label in WORDS], 0.3, 1.5),
        takes([c for c in clips if c.category == "speech"], 0.8, 7.0),
        [decode(c.path) for c in clips
         if c.category == "noise" and "speech_content" not in c.qa],
    )  # fmt: skip


def spoken_material(seed: int) -> Material:
    """Speech of free voices, and noise made by code."""
    said = [speak("Computer", _VOICES[0]), speak("Alexa", _VOICES[1])]
    said += [speak(text, _VOICES[i % len(_VOICES)]) for i, text in enumerate(_SENTENCES)]
    cut = [trimmed(take) for take in said]
    if any(take is None for take in cut):
        raise ValueError("a spoken sentence has a long pause in it")
    kept = [take for take in cut if take is not None]
    rng = np.random.default_rng(seed)
    brown = np.cumsum(rng.normal(size=10 * SAMPLE_RATE))
    brown -= np.convolve(brown, np.ones(801) / 801, "same")
    return Material(kept[:2], kept[2:], [brown.astype(np.float32)])


def make_stream(
    material: Material, minutes: float, ratio_db: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int16], list[Truth]]:
    """Return the stream, and what is said in it."""
    parts: list[Samples] = []
    truths: list[Truth] = []
    now = 0

    def add(samples: Samples) -> tuple[int, int]:
        nonlocal now
        parts.append(samples)
        now += len(samples)
        return now - len(samples), now

    def quiet(low_s: float, high_s: float) -> None:
        add(np.zeros(round(rng.uniform(low_s, high_s) * SAMPLE_RATE), np.float32))

    quiet(2, 4)
    while now < minutes * 60 * SAMPLE_RATE:
        word_begin, word_end = add(_pick(material.words, rng))
        if rng.random() < 0.1:
            truths.append(Truth(word_begin, word_end, None, None))
            quiet(7, 9)  # beyond the timeout
            continue
        if rng.random() < 0.8:  # otherwise at once
            quiet(0.15, 1.2)
        begin, end = add(_pick(material.commands, rng))
        if rng.random() < 0.6:
            quiet(*((1.0, 1.5) if rng.random() < 0.3 else (0.25, 0.65)))
            _, end = add(_pick(material.commands, rng))
        truths.append(Truth(word_begin, word_end, begin, end))
        quiet(3.5, 7)
    speech = np.concatenate(parts)
    mixed = speech + _noise(material.noises, len(speech), rng) * np.float32(10 ** (-ratio_db / 20))
    return to_pcm(mixed), truths


def judge(requests: Sequence[Request], truths: Sequence[Truth]) -> Iterator[tuple[str, float]]:
    """Yield what became of each truth, and of what was heard without one, with its time."""
    left = list(requests)
    for truth in truths:
        near = [r for r in left if _overlaps(r, truth)]
        left = [r for r in left if r not in near]
        yield _became(near, truth), truth.word_begin / SAMPLE_RATE
    for request in left:
        yield "heard without a word", request.detection.start_sample / SAMPLE_RATE


def _became(near: list[Request], truth: Truth) -> str:
    said = [r.outcome for r in near if isinstance(r.outcome, Utterance)]
    if not near:
        return "wake word missed"
    if truth.begin is None or truth.end is None:
        return "speech where none was" if said else "no command, none heard"
    if not said:
        return "utterance missed"
    if len(said) > 1:
        return "utterance came more than once"
    early = (truth.end - said[0].end_sample) / SAMPLE_RATE
    late_start = (said[0].start_sample - truth.begin) / SAMPLE_RATE
    if early > TOLERANCE_S:
        return "utterance cut short"
    if late_start > TOLERANCE_S:
        return "once, without its beginning"
    return "once, with what is not speech" if early < -TOLERANCE_S else "once"


def _overlaps(request: Request, truth: Truth) -> bool:
    end = truth.word_end if truth.end is None else truth.end
    return truth.word_begin - 8000 <= request.detection.start_sample < end


def _pick(takes: list[Samples], rng: np.random.Generator) -> Samples:
    return takes[int(rng.integers(len(takes)))]


def _noise(noises: list[Samples], length: int, rng: np.random.Generator) -> Samples:
    parts: list[Samples] = []
    while sum(map(len, parts)) < length:
        noise = _pick(noises, rng)
        stretch = np.resize(
            np.roll(noise, -int(rng.integers(len(noise)))), int(rng.uniform(5, 20) * SAMPLE_RATE)
        )
        rms = np.sqrt(np.mean(np.square(stretch, dtype=np.float64)))
        parts.append((stretch * (_LEVEL / max(rms, 1e-6))).astype(np.float32))
    return np.concatenate(parts)[:length]


def listen(pcm: npt.NDArray[np.int16], words: Sequence[str] = WORDS) -> list[Request]:
    """Return all requests of a stream."""
    listener = RequestListener(WakeWord(list(words)), Endpointer())
    found = [f for i in range(0, len(pcm), _BLOCK) for f in listener.process(pcm[i : i + _BLOCK])]
    return [f for f in (*found, *listener.close()) if isinstance(f, Request)]


def main(argv: Sequence[str] | None = None) -> int:
    """Make a stream, listen to it and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="directory with manifest.csv")
    source.add_argument("--spoken", action="store_true", help="speech of espeak-ng and flite")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--ratio-db", type=float, default=20.0, help="speech to noise")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--wav", type=Path, help="keep the stream")
    args = parser.parse_args(argv)
    material = spoken_material(args.seed) if args.spoken else dev_material(args.data)
    rng = np.random.default_rng(args.seed)
    pcm, truths = make_stream(material, args.minutes, args.ratio_db, rng)
    if args.wav:
        soundfile.write(args.wav, pcm, SAMPLE_RATE)
    began = time.process_time()
    requests = listen(pcm)
    cpu_s = time.process_time() - began
    became = list(judge(requests, truths))
    counts = Counter(kind for kind, _ in became)
    good = ("once", "no command, none heard")
    for kind, at_s in became:
        if kind not in good:
            print(f"{at_s:8.2f} s  {kind}", file=sys.stderr)
    print(json.dumps({
        "minutes": round(len(pcm) / SAMPLE_RATE / 60, 2), "ratio_db": args.ratio_db,
        "wake_words": len(truths), "utterances": sum(t.end is not None for t in truths),
        "joined": sum(isinstance(r.outcome, Utterance) and r.outcome.n_resumed > 0
                      for r in requests),
        "cpu_s_per_s": round(cpu_s * SAMPLE_RATE / len(pcm), 5), **dict(sorted(counts.items())),
    }, indent=1))  # fmt: skip
    return 0 if set(counts) <= set(good) else 1


if __name__ == "__main__":
    sys.exit(main())
