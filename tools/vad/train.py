"""Train the voice activity network and write models/endpoint/vad.tflite with its card.

    python -m tools.vad train --data DIR --work DIR [--start MODEL] [--steps N] [--models DIR]

Prepared features, checkpoints and the trained weights stay in --work; a second run goes on
from them. Figures
are added to the card by tools.vad.evaluate.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from tools.vad.data.mixing import Mixer
from tools.vad.data.prepare import prepare_music, prepare_sounds, prepare_speech, provenance
from tools.vad.networks.card import make_card, write_model
from tools.vad.networks.graph import build, calibrate, fold
from tools.vad.networks.network import Network, Shape
from tools.vad.networks.training import train

_CALIBRATION_BATCHES, _CALIBRATION_FRAMES = 20, 1200
_RECORDED = ("steps", "batch", "rate", "seed", "scale")
_FRAMES_PER_HOUR = 360_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run every stage that is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--work", type=Path, required=True, help="folder for features and weights")
    parser.add_argument("--models", type=Path, default=Path("models"), help="where the model goes")
    parser.add_argument("--start", type=Path, help="go on from this exported model")
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the data, for trials")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    speech = prepare_speech(args.data, args.work, seed=args.seed, scale=args.scale)
    sounds = prepare_sounds(args.data, args.work, seed=args.seed + 1, scale=args.scale)
    music = prepare_music(args.data, args.work, seed=args.seed + 4, scale=args.scale)
    shape = Shape()
    weights = args.work / "vad.pt"
    if weights.exists():
        network = Network(shape)
        network.load_state_dict(torch.load(weights, weights_only=True))
    else:
        network = train(
            shape,
            Mixer(speech, sounds, music, args.seed + 2),
            steps=args.steps,
            batch=args.batch,
            rate=args.rate,
            seed=args.seed,
            start=args.start,
            checkpoint=args.work / "vad-running.pt",
        )
        torch.save(network.state_dict(), weights)
    folded = fold(network)
    mixer = Mixer(speech, sounds, music, args.seed + 3)
    batches = (mixer.batch(16, _CALIBRATION_FRAMES)[0] for _ in range(_CALIBRATION_BATCHES))
    data = build(folded, calibrate(folded, batches), "pywakeword voice activity")
    options = [f"--start={args.start.name}"] if args.start else []
    options += [f"--{name}={getattr(args, name):g}" for name in _RECORDED]
    training = {
        "command": " ".join(["python -m tools.vad train --data DIR --work DIR", *options]),
        "labels": "energy of the dry take within 30 dB of its loud frames, tools.vad.data.labels",
        "speech_hours": round(len(speech.features) / _FRAMES_PER_HOUR, 2),
        "sound_hours": round(len(sounds.features) / _FRAMES_PER_HOUR, 2),
        "music_hours": round(len(music.features) / _FRAMES_PER_HOUR, 2),
        "made_by_code": "hum, clicks, coloured noise, tones, chords (tools/vad/data/sounds.py); "
        "alarms and music rendered from public-domain "
        "scores (pywakeword/training/material/playback.py)",
    }
    path = write_model(args.models, data, make_card(shape, data, training, provenance(args.data)))
    print(path)
    return 0
