"""Compare the voice activity model with silero-vad and WebRTC's on dev speech in noise.

    python -m tools.vad evaluate --data DIR [--model FILE] [--json FILE] [--write-card]

Needs silero-vad (pip install --no-deps silero-vad), onnxruntime and webrtcvad-wheels. Prints
AUC per signal-to-noise ratio at each detector's best fixed delay and at none, the share of
frames called speech in sounds that hold none, and CPU seconds per second of audio.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tools.vad.figures.comparison import (
    DELAYS_MS,
    RATIOS_DB,
    clean_streams,
    dev_noise,
    in_noise,
    voiceless,
)
from tools.vad.figures.rivals import Detect, ours, silero, webrtc
from tools.vad.figures.scoring import Scores, auc


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="models/endpoint/vad.tflite")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of the dev takes, for trials"
    )
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument(
        "--write-card", action="store_true", help="put the figures on the model's card"
    )
    args = parser.parse_args(argv)
    detectors = {
        "pywakeword": ours(args.model),
        "silero-vad": silero(),
        "webrtcvad": webrtc(),
    }
    figures = compare(args.data, detectors, seed=args.seed, share=args.share)
    _print(figures)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if args.write_card:
        path = Path(args.model).with_suffix(".json")
        card = json.loads(path.read_text(encoding="utf-8"))
        card["figures"] = figures
        path.write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return 0


def compare(data: Path, detectors: dict[str, Detect], *, seed: int, share: float) -> dict[str, Any]:
    """All figures, as they go on the card."""
    rng = np.random.default_rng(seed)
    streams, noises = clean_streams(data, rng, share=share), dev_noise(data)
    labels = np.concatenate([s.labels for s in streams])
    n_frames = [len(s.labels) for s in streams]
    mixtures = {ratio: [in_noise(s, noises, ratio, rng) for s in streams] for ratio in RATIOS_DB}
    sounds = voiceless(rng)
    figures: dict[str, Any] = {
        "split": "dev",
        "seed": seed,
        "minutes": round(len(labels) / 6000, 1),
        "speech_share": round(float(labels.mean()), 3),
        "noises": len(noises),
        "detectors": {},
    }
    for name, detect in detectors.items():
        detect(mixtures[RATIOS_DB[0]][0])  # warm up
        scores = {ratio: Scores(detect, pcm) for ratio, pcm in mixtures.items()}
        # One delay for all ratios, the best at the highest: there the posterior is cleanest.
        by_delay = [auc(scores[RATIOS_DB[0]].at_frames(n_frames, d), labels) for d in DELAYS_MS]
        delay_ms = DELAYS_MS[int(np.argmax(by_delay))]
        cpu_s = sum(s.cpu_s for s in scores.values())
        audio_s = sum(s.audio_s for s in scores.values())

        def by_ratio(delay_ms: int, scores: dict[int, Scores] = scores) -> dict[str, float]:
            heard = {r: s.at_frames(n_frames, delay_ms) for r, s in scores.items()}
            return {f"{r} dB": round(auc(values, labels), 4) for r, values in heard.items()}

        figures["detectors"][name] = {
            "delay_ms": delay_ms,
            "auc": by_ratio(delay_ms),
            "auc_without_delay": by_ratio(0),
            "called_speech_at_0.5": {
                kind: round(Scores(detect, pcm).speech_share(), 4) for kind, pcm in sounds.items()
            },
            "cpu_per_audio_second": round(cpu_s / audio_s, 6),
        }
    return figures


def _print(figures: dict[str, Any]) -> None:
    share = f"{figures['speech_share']:.0%} of frames"
    print(f"{figures['minutes']} min of dev speech ({share}) in {figures['noises']} noises")
    columns = [f"{r} dB" for r in RATIOS_DB]
    print(f"{'frame AUC':12}" + "".join(f"{c:>9}" for c in columns) + "   delay  CPU s/s")
    for name, found in figures["detectors"].items():
        row = "".join(f"{found['auc'][c]:9.4f}" for c in columns)
        print(f"{name:12}{row}  {found['delay_ms']:4d} ms  {found['cpu_per_audio_second']:.6f}")
        row = "".join(f"{found['auc_without_delay'][c]:9.4f}" for c in columns)
        print(f"{'':12}{row}     0 ms")
    print("share called speech at 0.5:")
    for name, found in figures["detectors"].items():
        print(
            f"{name:12}"
            + "  ".join(f"{k} {v:.2%}" for k, v in found["called_speech_at_0.5"].items())
        )
