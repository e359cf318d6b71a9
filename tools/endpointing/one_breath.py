"""Commands in one breath with the wake word: how many come out of `RequestListener` whole.

    python -m tools.endpointing one-breath TAKES... [--count 50] [--size base]

TAKES are folders with index.jsonl, as `pywakeword.training.takes` writes them: file, text,
keyword, kind. Takes of the kind "one_breath" with a bundled word are played with a second of quiet
in front and two and a half behind. A command is whole if the transcript of the request has exactly
its words. For each that is not, the line before the result also has the transcript of the whole
take: what is wrong there too is the recogniser's error, not the listener's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword import Endpointer, Request, RequestListener, WakeWord, WhisperSource
from pywakeword.audio import FileSource
from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser
from pywakeword.models.files import available_models
from tools.endpointing.figures.word_errors import words_of

_FLOOR_RMS = 20.0


def main(argv: Sequence[str] | None = None) -> int:
    """Listen to the commands, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("takes", nargs="+", type=Path, help="folders with index.jsonl")
    parser.add_argument("--count", type=int, default=50, help="commands (default: 50)")
    parser.add_argument("--size", choices=("base", "tiny"), default="base")
    parser.add_argument("--threshold", type=float, help="of the detector (default: the card's)")
    args = parser.parse_args(argv)
    takes = _takes(args.takes)
    chosen = takes[:: max(1, len(takes) // args.count)][: args.count]
    if len(chosen) < args.count:
        raise SystemExit(f"there are only {len(chosen)} commands in one breath")
    recogniser = WhisperRecogniser(size=args.size, word_times=False)
    source = WhisperSource(size=args.size, word_times=False, realtime=False, timeout_s=120)
    spotters = {
        word: WakeWord(word, threshold=args.threshold)
        for word in sorted({take["keyword"] for take in chosen})
    }
    detected = n_whole = n_misheard = 0
    for take in chosen:
        pcm = np.concatenate(list(FileSource(take["path"])))
        wanted = words_of(take["command"])
        text = _listen(spotters[take["keyword"]], source, pcm)
        whole = text is not None and words_of(text) == wanted
        detected += text is not None
        n_whole += whole
        if text is not None and not whole:
            alone = recogniser.recognise(pcm)
            alone_text = alone.hypotheses[0].text if alone is not None and alone.hypotheses else ""
            n_misheard += words_of(alone_text)[-len(wanted) :] != wanted
            line = {"said": take["text"], "request": text, "whole take": alone_text}
            print(json.dumps(line), flush=True)
    print(f"{len(chosen)} commands: detected {detected}, whole {n_whole}")
    print(f"of the others, wrong on the whole take too: {n_misheard}")
    return 0


def _listen(spotter: WakeWord, source: WhisperSource, pcm: Any) -> str | None:
    """Return the text of the request, or None if no wake word was detected."""
    rng = np.random.default_rng(7)
    floor = np.rint(rng.normal(0, _FLOOR_RMS, len(pcm) + round(3.5 * SAMPLE_RATE_HZ)))
    stream = floor.astype(np.int64)
    stream[SAMPLE_RATE_HZ : SAMPLE_RATE_HZ + len(pcm)] += pcm
    listener = RequestListener(spotter, Endpointer(), transcriber=source)
    listener.reset()
    samples = np.clip(stream, -32768, 32767).astype(np.int16)
    found = [*listener.process(samples), *listener.close()]
    texts = [request.text or "" for request in found if isinstance(request, Request)]
    return texts[0] if texts else None


def _takes(folders: Sequence[Path]) -> list[dict[str, Any]]:
    bundled = set(available_models())
    takes = []
    for folder in folders:
        for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines():
            take = json.loads(line)
            word = str(take["keyword"])
            if take["kind"] != "one_breath" or word not in bundled:
                continue
            command = take["text"][len(word) :].strip(" ,.!?")
            takes.append({**take, "path": folder / take["file"], "command": command})
    return takes
