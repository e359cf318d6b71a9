"""Measure how well a whisper is told from speech, on recordings.

--data is a folder with manifest.csv (path, label, category, split). Whispered takes are those
whose label ends in "whisper"; windows of 1.5 s of them are counted. Other speech must not be taken
for a whisper: plain, and with noise of the folder at 10 dB. Synthetic whispers are the same speech
with its voice taken away.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword import FileSource
from pywakeword.tts.directions.whisper import whispered
from pywakeword.tts.mirror import measure_utterance

Pcm = npt.NDArray[np.int16]
RATE_HZ = 16_000
_LONGEST = 5 * RATE_HZ
_SNR_DB = 10.0


def read(path: Path) -> Pcm:
    """Return a file as 16 kHz mono."""
    return np.concatenate([np.zeros(0, np.int16), *FileSource(path)])


def windows(pcm: Pcm) -> list[Pcm]:
    """Return the windows of 1.5 s, every 0.5 s."""
    width, hop = 3 * RATE_HZ // 2, RATE_HZ // 2
    return [pcm[begin : begin + width] for begin in range(0, len(pcm) - width + 1, hop)]


def noisy(pcm: Pcm, noise: Pcm) -> Pcm:
    """Return speech with noise at 10 dB."""
    speech, added = pcm.astype(np.float64), np.resize(noise, len(pcm)).astype(np.float64)
    gain = np.sqrt(np.mean(speech**2) / max(np.mean(added**2), 1e-9)) * 10 ** (-_SNR_DB / 20)
    return np.clip(np.rint(speech + gain * added), -32768, 32767).astype(np.int16)


def share(utterances: list[Pcm]) -> dict[str, float]:
    """Return how many utterances were measured, and the share taken for a whisper."""
    said = [m for pcm in utterances if (m := measure_utterance(pcm)) is not None]
    return {"n": len(said), "whispered": round(sum(m.whispered for m in said) / len(said), 4)}


def main(argv: list[str] | None = None) -> int:
    """Print the shares as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts whisper", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="dev", help="split of the speech")
    parser.add_argument("--count", type=int, default=100, help="utterances of speech")
    args = parser.parse_args(argv)
    with (args.data / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    takes = [row["path"] for row in rows if row["label"].endswith("whisper")]
    of_split = [row for row in rows if row["split"] == args.split]
    speech = [row["path"] for row in of_split if row["category"] == "speech"]
    noises = [row["path"] for row in of_split if row["category"] == "noise"]
    if not takes or not speech or not noises:
        parser.error(f"{args.data}: no whispered takes, speech or noise of split {args.split}")
    rng = np.random.default_rng(0)
    chosen = [speech[i] for i in rng.permutation(len(speech))[: args.count]]
    plain = [read(args.data / path)[:_LONGEST] for path in chosen]
    noise = [read(args.data / path) for path in noises]
    whispers = [window for path in takes for window in windows(read(args.data / path))]
    mixed = [noisy(pcm, noise[i % len(noise)]) for i, pcm in enumerate(plain)]
    results = {
        "whispered takes": {"takes": len(takes), **share(whispers)},
        "speech": share(plain),
        "speech with noise at 10 dB": share(mixed),
        "synthetic whispers": share([whispered(pcm, RATE_HZ) for pcm in plain]),
    }
    print(json.dumps(results, indent=2))
    return 0
