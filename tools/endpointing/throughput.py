"""Transcripts per second of the verifier's server, in batches and one by one.

    python -m tools.endpointing throughput --data DIR [--size tiny] [--streams 1 8 32]

Each stream sends the next utterance when the transcript of the last has come, as a device does.
The utterances are speech of the dev split of 1 to 8 s. Batches are gathered as the server gathers
them, without HTTP. CPU time is of the whole process, with one thread of the recogniser.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from pywakeword.audio import FileSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.audio.source import PcmBlock
from pywakeword.training.material.corpus import read_manifest
from pywakeword.verifier.server.batching import Batcher
from pywakeword.verifier.server.transcription.batch import Speech, Transcriber
from pywakeword.verifier.server.transcription.messages import Transcription
from pywakeword.verifier.server.transcription.whisper import whisper_transcriber

_SHORTEST_S, _LONGEST_S = 1.0, 8.0


def main(argv: Sequence[str] | None = None) -> int:
    """Print a row for each number of streams, in batches and one by one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--size", choices=("base", "tiny"), default="tiny")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--count", type=int, default=64, help="utterances per row (default: 64)")
    args = parser.parse_args(argv)
    speech = list(islice(_utterances(args.data), args.count))
    if len(speech) < args.count:
        raise SystemExit(f"there are only {len(speech)} utterances")
    seconds = sum(map(len, speech)) / SAMPLE_RATE_HZ
    transcriber = whisper_transcriber(args.size, args.device)
    transcriber.transcribe([Speech(speech[0])])  # loads what is loaded once
    print(f"Whisper {args.size}, {args.count} utterances of together {seconds:.0f} s")
    print("| streams | batches | transcripts per s | CPU ms each | mean batch | median wait |")
    print("|---|---|---|---|---|---|")
    for n_streams in args.streams:
        for max_batch in (1, 32):
            print(asyncio.run(_row(transcriber, speech, n_streams, max_batch)), flush=True)
    return 0


async def _row(
    transcriber: Transcriber, speech: Sequence[PcmBlock], n_streams: int, max_batch: int
) -> str:
    sizes: list[int] = []
    batcher: Batcher[Speech, Transcription] = Batcher(
        transcriber.transcribe, max_batch=max_batch, observe_batch=sizes.append
    )
    left = iter(speech)
    waits_ms: list[float] = []

    async def stream() -> None:
        for pcm in left:  # shared: each utterance is taken by one stream
            began_s = time.monotonic()
            await batcher.run(Speech(pcm))
            waits_ms.append(1000 * (time.monotonic() - began_s))

    began_s, cpu_s = time.monotonic(), time.process_time()
    await asyncio.gather(*(stream() for _ in range(n_streams)))
    elapsed_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
    await batcher.aclose()
    way = "one by one" if max_batch == 1 else "together"
    return (
        f"| {n_streams} | {way} | {len(speech) / elapsed_s:.1f} | {1000 * cpu_s / len(speech):.0f} "
        f"| {np.mean(sizes):.1f} | {np.median(waits_ms):.0f} ms |"
    )


def _utterances(data: Path) -> Iterator[PcmBlock]:
    for clip in read_manifest(data, "dev"):
        if clip.category == "speech" and clip.transcript:
            pcm = np.concatenate(list(FileSource(clip.path)))
            if _SHORTEST_S <= len(pcm) / SAMPLE_RATE_HZ <= _LONGEST_S:
                yield pcm
