"""Commands with a pause before their last words: who ends in the pause, and how late is the end.

    python -m tools.endpointing paused-commands [--pause 0.5 0.7 1.0] [--whisper tiny]

Voices of flite say "set a timer for", then nothing for a while, then "ten minutes". No network
was trained on these voices; texts like these were used to train the arbitrator of transcripts.
--arbitrator takes another model of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pywakeword import (
    End,
    Endpointer,
    TranscriptArbitrator,
    TwoPassEndpointer,
    WhisperSource,
)
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.features import to_pcm
from pywakeword.training.material.synthesis import Voice, speak
from tools.endpointing.data.stream import trimmed

COMMANDS = (
    ("set a timer for", "ten minutes"),
    ("remind me to", "call my sister"),
    ("play some music by", "Mozart"),
    ("turn on the", "kitchen light"),
    ("add to my shopping list", "milk and eggs"),
    ("send a message to", "Michael"),
    ("what is the weather in", "London"),
    ("wake me up at", "half past seven"),
)
_VOICES = (Voice("flite", "rms"), Voice("flite", "slt"), Voice("flite", "awb"))
_NOISE_RMS = 0.003


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row per pause and endpointer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pause", type=float, nargs="+", default=[0.5, 0.7, 1.0], metavar="S")
    parser.add_argument("--whisper", choices=("tiny",), help="and its transcripts")
    parser.add_argument("--arbitrator", default="transcript_arbitrator", metavar="NAME|PATH")
    args = parser.parse_args(argv)
    makers: dict[str, Callable[[], Endpointer | TwoPassEndpointer]] = {
        "pause": Endpointer,
        "two passes": TwoPassEndpointer,
    }
    if args.whisper:
        source = WhisperSource(size=args.whisper, realtime=False, word_times=False)
        arbitrator = TranscriptArbitrator(args.arbitrator)
        makers["two passes, Whisper"] = lambda: TwoPassEndpointer(
            eos_source=source, arbitrator=arbitrator
        )
    takes = [
        [_say(part, _VOICES[i % len(_VOICES)]) for part in command]
        for i, command in enumerate(COMMANDS)
    ]
    print("| pause in the command | endpointer | cut off | latency of the end, median |")
    print("|---|---|---|---|")
    for pause_s in args.pause:
        for name, make in makers.items():
            found = [_listen(make(), first, second, pause_s) for first, second in takes]
            cut_off = sum(early for early, _ in found)
            late = np.median([ms for _, ms in found])
            print(f"| {pause_s:g} s | {name} | {cut_off} of {len(found)} | {late:.0f} ms |")
    return 0


def _say(text: str, voice: Voice) -> npt.NDArray[np.float32]:
    take = trimmed(speak(text, voice))
    if take is None:
        raise SystemExit(f"{text!r} has a long pause in it")
    return take.samples


def _listen(
    endpointer: Endpointer | TwoPassEndpointer,
    first: npt.NDArray[np.float32],
    second: npt.NDArray[np.float32],
    pause_s: float,
) -> tuple[bool, float]:
    """Return whether it ended in the pause, and the time from the last sound to the last end."""
    if isinstance(endpointer, TwoPassEndpointer):
        endpointer.reset()  # its recogniser had another stream
    quiet = (np.zeros(round(s * SAMPLE_RATE_HZ), np.float32) for s in (0.5, pause_s, 2.5))
    parts = [next(quiet), first, next(quiet), second]
    resumes = sum(map(len, parts[:3]))
    spoken = np.concatenate([*parts, next(quiet)])
    noise = np.random.default_rng(1).normal(0, _NOISE_RMS, len(spoken))
    ends = list(_ends(endpointer, to_pcm(spoken + noise.astype(np.float32))))
    last = ends[-1].decided_sample - sum(map(len, parts))
    early = any(end.decided_sample < resumes for end in ends)
    return early, 1000 * last / SAMPLE_RATE_HZ


def _ends(endpointer: Endpointer | TwoPassEndpointer, pcm: npt.NDArray[np.int16]) -> Iterator[End]:
    events = [e for i in range(0, len(pcm), 1600) for e in endpointer.process(pcm[i : i + 1600])]
    return (event for event in (*events, *endpointer.close()) if isinstance(event, End))
