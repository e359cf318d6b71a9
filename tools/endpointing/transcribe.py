"""Word errors of Whisper on transcribed speech, in quiet and in noise, and its n-best lists.

    python -m tools.endpointing transcribe --data DIR [--split dev] [--size base] [--out FILE]

Takes transcribed utterances of 1 to 8 s in English of the manifest's split, in an order drawn
from --seed, mixes each with noise of the same split at each signal-to-noise ratio, and
transcribes it. --out gets one JSON object per utterance and condition as it is made, with the
hypotheses: `rerank` learns from these. A run that is stopped goes on where it was. Times are CPU
seconds of one thread.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio import FileSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser
from pywakeword.training.material.corpus import Clip, read_manifest
from tools.endpointing.figures.word_errors import distance, words_of

Pcm = npt.NDArray[np.int16]
_SHORTEST_S, _LONGEST_S = 1.0, 8.0


def main(argv: Sequence[str] | None = None) -> int:
    """Transcribe, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--split", choices=("dev", "train"), default="dev")
    parser.add_argument("--size", choices=("base", "tiny"), default="base")
    parser.add_argument("--count", type=int, default=60, help="utterances (default: 60)")
    parser.add_argument("--snr", type=float, nargs="*", default=[10.0, 5.0], metavar="DB")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="file of the n-best lists")
    args = parser.parse_args(argv)
    clips = read_manifest(args.data, args.split)
    suitable = _transcribed(clips, _english(args.data))
    random.Random(args.seed).shuffle(suitable)
    speech = suitable[: args.count]
    if len(speech) < args.count:
        raise SystemExit(f"there are only {len(speech)} utterances")
    noises = [clip.path for clip in clips if clip.category == "noise"]
    rows = read_rows(args.out) if args.out.exists() else []
    done = {(row["file"], row["condition"]) for row in rows}
    recogniser = WhisperRecogniser(size=args.size, word_times=False)
    with args.out.open("a", encoding="utf-8") as out:
        for clip in speech:
            for snr in (None, *args.snr):
                condition = "quiet" if snr is None else f"{snr:g} dB"
                if (clip.path.name, condition) in done:
                    continue
                pcm = _read(clip.path)
                if snr is not None:
                    pcm = _noisy(pcm, noises, snr, f"{args.seed} {clip.path.name} {snr}")
                rows.append(_row(recogniser, clip, pcm, condition))
                out.write(json.dumps(rows[-1]) + "\n")
                out.flush()
    print(f"Whisper {args.size}, {len(speech)} utterances of split {args.split}")
    print(table(rows))
    return 0


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows that a run wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return word errors and CPU time per condition, as Markdown."""
    lines = ["| condition | words | word errors | CPU time per s of speech |", "|---|---|---|---|"]
    for condition in dict.fromkeys(row["condition"] for row in rows):
        chosen = [row for row in rows if row["condition"] == condition]
        n_words = sum(len(words_of(row["text"])) for row in chosen)
        wrong = sum(errors(row, 0) for row in chosen)
        cost = sum(row["cpu_s"] for row in chosen) / sum(row["seconds"] for row in chosen)
        share = 100 * wrong / n_words
        lines.append(f"| {condition} | {n_words} | {share:.1f} % | {1000 * cost:.0f} ms |")
    return "\n".join(lines)


def errors(row: dict[str, Any], index: int) -> int:
    """Return the word errors of one hypothesis; all words are missing if there is none."""
    hypotheses = row["hypotheses"]
    text = hypotheses[index]["text"] if hypotheses else ""
    return distance(words_of(row["text"]), words_of(text))


def _row(recogniser: WhisperRecogniser, clip: Clip, pcm: Pcm, condition: str) -> dict[str, Any]:
    started = time.process_time()
    found = recogniser.recognise(pcm)
    cpu_s = time.process_time() - started
    assert found is not None
    return {
        "file": clip.path.name,
        "group": clip.group,
        "condition": condition,
        "text": clip.transcript,
        "seconds": len(pcm) / SAMPLE_RATE_HZ,
        "cpu_s": round(cpu_s, 4),
        "hypotheses": [vars(hypothesis) for hypothesis in found.hypotheses],
    }


def _english(data: Path) -> set[Path]:
    """Return the paths of English recordings of a suitable length."""
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return {
            data / row["path"]
            for row in csv.DictReader(file)
            if row["lang"].startswith("en") and _SHORTEST_S <= float(row["seconds"]) <= _LONGEST_S
        }


def _transcribed(clips: Sequence[Clip], suitable: set[Path]) -> list[Clip]:
    return [
        clip
        for clip in clips
        if clip.category == "speech" and clip.transcript and clip.path in suitable
    ]


def _read(path: Path) -> Pcm:
    return np.concatenate(list(FileSource(path)))


def _noisy(clean: Pcm, noises: Sequence[Path], snr_db: float, seed: str) -> Pcm:
    drawn = random.Random(seed)
    noise = _read(drawn.choice(noises)).astype(np.float64)
    start = drawn.randrange(max(1, len(noise) - len(clean)))
    noise = np.resize(noise[start:], len(clean))
    gain = np.sqrt(np.mean(clean.astype(np.float64) ** 2) / (np.mean(noise**2) + 1e-9))
    mixed = clean + noise * gain * 10 ** (-snr_db / 20)
    return np.clip(np.rint(mixed), -32768, 32767).astype(np.int16)
