"""Score bundled addons and their teachers.

Measures the word error rate of a recogniser (pocketsphinx, US English, its own language model) on
held-out sentences, and the time until the first audio of a sentence.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.tts import Addon
from pywakeword.tts.prosody.model import WAYS
from pywakeword.tts.recording.pocketsphinx_decoder import make_decoder
from tools.tts.corpus import sentences, speech_of
from tools.tts.export import ADDONS
from tools.tts.train import HELD_OUT, SEED

Pcm = npt.NDArray[np.int16]
LONG = (
    "When the sun strikes raindrops in the air, they act as a prism and form a rainbow, and "
    "people look for it at the end of the day, when the rain is over and the air is clear, "
    "because it is said to be a path that leads to gold"
)


def words(text: str) -> list[str]:
    """Return the words of a text in the spelling of the recogniser."""
    return re.findall(r"[a-z']+", text.lower())


def word_errors(reference: Sequence[str], answer: Sequence[str]) -> int:
    """Return substitutions, deletions and insertions."""
    row = list(range(len(answer) + 1))
    for i, word in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(answer, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def word_error_rate(speak: Callable[[str], Pcm], texts: Sequence[str]) -> float:
    """Return the recogniser's errors per word on the speech of `speak`."""
    # A second pass would take twice the time, and is not compared.
    decoder = make_decoder("train", samprate=16_000, fwdflat=False, bestpath=False)
    silence = np.zeros(4000, np.int16)
    errors = total = 0
    for text in texts:
        pcm = np.concatenate([silence, speak(text), silence])
        decoder.start_utt()
        decoder.process_raw(pcm.tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        recognised = re.sub(r"\(\d+\)", "", found.hypstr).split() if found else []
        errors += word_errors(words(text), recognised)
        total += len(words(text))
    return errors / total


def first_audio(addon: Addon, text: str, repeats: int = 15) -> dict[str, float]:
    """Return wall-clock and CPU time until the first 100 ms of audio."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        next(addon.stream(text, chunk_samples=1600))
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"median_ms": 1e3 * statistics.median(walls), "cpu_ms": 1e3 * statistics.median(cpus)}


def measure(addon: Addon, texts: Sequence[str]) -> dict[str, object]:
    """Score one addon."""
    first_audio(addon, "Hello.", 3)  # warm
    cpu = time.process_time()
    pcm = addon.synthesize(LONG)
    seconds = len(pcm) / addon.sample_rate_hz
    speed = (time.process_time() - cpu) / seconds
    return {
        "word_error_rate": round(word_error_rate(addon.synthesize, texts), 4),
        "sentences": len(texts),
        "long_sentence_s": round(seconds, 2),
        "first_audio_of_long_sentence": first_audio(addon, LONG),
        "first_audio_of_two_words": first_audio(addon, "Hello world."),
        "real_time_factor": round(speed, 4),
    }


def main(argv: list[str] | None = None) -> int:
    """Print the figures; with --write, put them on the addons' cards."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts evaluate", description=__doc__)
    parser.add_argument("addons", nargs="*", default=["slt-parallel", "slt-attention"])
    parser.add_argument("--trees", type=Path, required=True, help="folder of *.ptb files")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path("models/tts"))
    parser.add_argument(
        "--prosody", choices=WAYS, help="way of choosing the prosody; not for slt-attention"
    )
    parser.add_argument("--write", action="store_true", help="put the figures on the cards")
    args = parser.parse_args(argv)
    if unknown := [name for name in args.addons if name not in ADDONS]:
        parser.error(f"no addon {unknown[0]!r}; there are {', '.join(ADDONS)}")
    texts = sentences(args.trees, SEED)[:HELD_OUT][: args.sentences]
    rates: dict[str, float] = {}
    for name in args.addons:
        teacher = ADDONS[name].teacher
        if teacher not in rates:
            rates[teacher] = round(word_error_rate(speech_of(teacher), texts), 4)
            print(json.dumps({"teacher": teacher, "rate": rates[teacher]}), flush=True)
        figures = measure(Addon.load(args.folder / name, prosody_way=args.prosody), texts)
        figures["teachers_word_error_rate"] = rates[teacher]
        print(json.dumps({name: figures}), flush=True)
        if args.write:
            path = args.folder / name / "addon.json"
            document = json.loads(path.read_text(encoding="utf-8"))
            entry = f"measured_{args.prosody}" if args.prosody else "measured"
            document["card"][entry] = figures
            path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0
