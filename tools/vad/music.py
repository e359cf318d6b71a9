"""How much music is taken for speech: python -m tools.vad music --data DIR [--rendered N].

Recorded music of the data folder, split as its manifest has it; with --rendered, also N
excerpts of scores by composers that no network learns from, and chords made by code. Each
piece is brought to -26 dBFS. Prints, per detector, the share of time with a posterior above
0.5, and for this package also how often an utterance starts. Needs silero-vad and
webrtcvad-wheels; ten-vad, which needs libc++, is left out where it does not load.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import pywakeword
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material import playback
from pywakeword.training.material.corpus import decode, read_manifest
from pywakeword.training.material.features import to_pcm
from tools.vad.data.sounds import chords
from tools.vad.figures.rivals import Detect, Pcm, ours, silero, ten, webrtc

_LEVEL = 10 ** (-26 / 20)
_SPEECH_FROM = 0.5
_SECONDS, _SEED = 20, 31


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="vad")
    parser.add_argument("--rendered", type=int, default=0, metavar="N")
    args = parser.parse_args(argv)
    pieces = recorded(args.data)
    if args.rendered:
        pieces |= made(args.rendered)
    detectors = {"pywakeword": ours(args.model), "silero-vad": silero(), "WebRTC": webrtc((3,))}
    try:
        detectors["ten-vad"] = ten()
    except OSError as error:
        print(f"ten-vad is left out: {error}", file=sys.stderr)
    print(f"{'music':34}{'s':>6}" + "".join(f"{name:>12}" for name in detectors) + "  starts")
    for name, samples in pieces.items():
        seconds = sum(map(len, samples)) / SAMPLE_RATE_HZ
        shares = "".join(f"{speech_share(d, samples):12.1%}" for d in detectors.values())
        print(f"{name:34}{seconds:6.0f}{shares}{starts(args.model, samples):8d}", flush=True)
    return 0


def recorded(data: Path) -> dict[str, list[Pcm]]:
    """Return the recorded music by collection and split."""
    pieces: dict[str, list[Pcm]] = {}
    for clip in read_manifest(data, released_only=False):
        if clip.category == "noise" and clip.label.startswith("music"):
            name = f"{clip.path.parent.name}, {clip.split}"
            pieces.setdefault(name, []).append(at_level(decode(clip.path)))
    return pieces


def made(count: int) -> dict[str, list[Pcm]]:
    """Return scores rendered with random instruments, and chords by code."""
    rng = np.random.default_rng(_SEED)
    scores = playback.render_music(playback.EVALUATION_COMPOSERS, count, _SECONDS, rng)
    n_samples = _SECONDS * SAMPLE_RATE_HZ
    return {
        "rendered scores": [at_level(samples) for samples in scores],
        "chords made by code": [at_level(chords(n_samples, rng)) for _ in range(count)],
    }


def at_level(samples: np.ndarray) -> Pcm:
    """Return samples at -26 dBFS."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return to_pcm(np.asarray(np.clip(samples * (_LEVEL / rms), -1, 1), np.float32))


def speech_share(detect: Detect, pieces: Sequence[Pcm]) -> float:
    """Return the share of posteriors that say speech; each piece is a stream."""
    values = np.concatenate([detect(pcm)[0] for pcm in pieces])
    return float(np.mean(values > _SPEECH_FROM))


def starts(model: str, pieces: Sequence[Pcm]) -> int:
    """Return how many utterances an `Endpointer` starts."""
    endpointer = pywakeword.Endpointer(model=model, no_speech_timeout_ms=None)
    count = 0
    for pcm in pieces:
        endpointer.reset()
        events = endpointer.process(pcm)
        count += sum(isinstance(event, pywakeword.SpeechStart) for event in events)
    return count
