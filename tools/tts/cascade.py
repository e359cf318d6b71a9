"""Measure speech to speech: from the end of the speech to the first sound, part by part.

Recordings of --data (manifest.csv, category speech) are answered by Whisper, a language model
(--llm: a GGUF file; without it an answer that is ready), the rules of the director, the mirror and
a voice. CPU time counts all threads.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np

from pywakeword._extras import require
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser
from pywakeword.speech_to_speech import Cascade, PersonSaid, Timing
from pywakeword.speech_to_speech.cascade import LanguageModel
from pywakeword.tts import Director, ProsodyMirror, TtsClient, make_backend
from tools.tts.whisper import read

READY = "All right, I have done that. Is there anything else?"
_PROMPT = "Person: What is the weather?\nAssistant: It is sunny today.\nPerson: {}\nAssistant:"
_LONGEST_S = 6.0
_MOST_TOKENS = 40


def ready_answer() -> LanguageModel:
    """Return a language model that needs no time."""

    async def answer(text: str) -> str:
        return READY

    return answer


def local_answer(path: Path) -> LanguageModel:
    """Return a GGUF model in this process, on one thread; its whole answer at once."""
    llama = require("xllamacpp", "llm")
    parameters = llama.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.n_parallel, parameters.warmup = 1024, 1, False
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = llama.Server(parameters)

    def complete(text: str) -> str:
        request = {
            "prompt": _PROMPT.format(text),
            "temperature": 0,
            "n_predict": _MOST_TOKENS,
            "stop": ["\n", "."],
            "cache_prompt": True,
        }
        found = server.handle_completions(request)["choices"][0]["text"]
        return f"{str(found).strip() or 'I do not know'}."

    async def answer(text: str) -> str:
        return await asyncio.to_thread(complete, text)

    return answer


async def turn(cascade: Cascade, pcm: np.ndarray[Any, Any]) -> dict[str, float]:
    """Return the parts of one turn in ms; empty if nothing was understood."""

    async def speech() -> AsyncIterator[Any]:
        yield pcm

    cpu, found, spoken_to = time.process_time(), {}, False
    async for event in cascade.respond(speech()):
        if isinstance(event, PersonSaid):
            spoken_to = bool(event.text.strip())
        if isinstance(event, Timing):
            found = {name: 1000 * s for name, s in event.parts.items()}
            found["all"] = 1000 * event.first_audio_s
            found["all, CPU"] = 1000 * (time.process_time() - cpu)
            await cascade.interrupt()
    return found if spoken_to else {}


async def measured(args: argparse.Namespace, recordings: list[Any]) -> dict[str, Any]:
    """Return the 50th and 90th percentile of each part."""
    whisper = WhisperRecogniser(size=args.whisper, word_times=False)

    def recognise(pcm: bytes) -> str:
        found = whisper.recognise(np.frombuffer(pcm, np.int16))
        return found.hypotheses[0].text if found is not None and found.hypotheses else ""

    model = ready_answer() if args.llm is None else local_answer(args.llm)
    async with TtsClient(make_backend(args.voice)) as tts:
        cascade = Cascade(recognise, model, tts, director=Director(), mirror=ProsodyMirror())
        await turn(cascade, recordings[0])  # warm
        turns = [await turn(cascade, pcm) for pcm in recordings]
    understood = [found for found in turns if found]
    return {
        "turns": len(understood),
        "speech_s": round(float(np.mean([len(pcm) for pcm in recordings])) / 16_000, 2),
        **{
            part: [round(float(np.percentile([t[part] for t in understood], p))) for p in (50, 90)]
            for part in understood[0]
        },
    }


def main(argv: list[str] | None = None) -> int:
    """Print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts cascade", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of manifest.csv")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--whisper", choices=("base", "tiny"), default="base")
    parser.add_argument("--llm", type=Path, metavar="GGUF", help="language model (extra llm)")
    parser.add_argument("--voice", default="hibari", help="back end")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    if args.llm is not None and not args.llm.is_file():
        parser.error(f"no file {args.llm}")
    with (args.data / "manifest.csv").open(encoding="utf-8") as file:
        rows = [
            row["path"]
            for row in csv.DictReader(file)
            if row["split"] == args.split and row["category"] == "speech" and row["transcript"]
            if float(row["seconds"]) <= _LONGEST_S
        ]
    if len(rows) < args.turns or args.turns < 1:
        parser.error(f"{args.turns} turns wanted, and {len(rows)} transcribed recordings found")
    order = np.random.default_rng(0).permutation(len(rows))[: args.turns]
    recordings = [read(args.data / rows[i]) for i in order]
    results = asyncio.run(measured(args, recordings))
    llm = None if args.llm is None else args.llm.name
    results["with"] = {"whisper": args.whisper, "voice": args.voice, "llm": llm}
    print(json.dumps(results))
    args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
