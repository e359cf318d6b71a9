"""Score every back end and addon: word errors by Whisper, an opinion by DNSMOS, first audio.

The sentences are in answers.txt. Whisper is the package's own recogniser (`pywakeword recognisers
--install whisper-base`); DNSMOS is the network of the package speechmos, as it was published
(P.835, overall).
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.resample import Resampler
from pywakeword.endpointing.recognisers.whisper.recogniser import WhisperRecogniser
from pywakeword.models.onnx import open_session
from pywakeword.tts import (
    Addon,
    AddonBackend,
    AudioChunk,
    Backend,
    TtsClient,
    available_addons,
    make_backend,
)
from tools.tts.evaluate import word_errors, words

Pcm = npt.NDArray[np.int16]
ANSWERS = Path(__file__).with_name("answers.txt")
RATE_HZ = 16_000
_TIMEOUT_S = 600.0  # a busy machine
LOCAL = ("espeak-ng", "flite", "hibari", "kokoro")
_DNSMOS_SAMPLES = 144_160
_DNSMOS_OVERALL = (-0.06766283, 1.11546468, 0.04602535)
_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SPELLINGS = {
    "neighbor": "neighbour",
    "program": "programme",
    "color": "colour",
    "theater": "theatre",
}


def make_recogniser(size: str) -> Callable[[Pcm], str]:
    """Return Whisper, on one thread."""
    whisper = WhisperRecogniser(size=size, word_times=False)

    def recognise(pcm: Pcm) -> str:
        # Speech without silence around it makes Whisper repeat itself.
        pause = np.zeros(RATE_HZ // 2, np.int16)
        found = whisper.recognise(np.concatenate([pause, pcm, pause]))
        return found.hypotheses[0].text if found is not None and found.hypotheses else ""

    return recognise


def make_opinion() -> Callable[[Pcm], float]:
    """Return DNSMOS: the mean opinion it predicts for 16 kHz speech, 1 to 5."""
    package = importlib.util.find_spec("speechmos")
    if package is None or package.origin is None:
        raise SystemExit("speechmos is not installed: pip install --no-deps speechmos")
    model = Path(package.origin).parent / "dnsmos_models" / "sig_bak_ovr.onnx"
    session = open_session(model, extra="tts")

    def opinion(pcm: Pcm) -> float:
        audio = np.resize(pcm.astype(np.float32) / 32768, max(len(pcm), _DNSMOS_SAMPLES))
        starts = range(0, len(audio) - _DNSMOS_SAMPLES + 1, RATE_HZ)
        inputs = [audio[np.newaxis, s : s + _DNSMOS_SAMPLES] for s in starts]
        raw = [session.run(None, {"input_1": part})[0][0][2] for part in inputs]
        return float(np.mean(np.polyval(_DNSMOS_OVERALL, raw)))

    return opinion


async def spoken(client: TtsClient, text: str) -> tuple[Pcm, dict[str, float]]:
    """Return the speech at 16 kHz and its times in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    times: dict[str, float] = {}
    chunks: list[AudioChunk] = []
    async for chunk in client.synthesize(text):
        if not chunks:
            times = {
                "first_s": time.perf_counter() - wall,
                "first_cpu_s": time.process_time() - cpu,
            }
        chunks.append(chunk)
    pcm = np.concatenate([chunk.pcm for chunk in chunks])
    rate_hz = chunks[0].sample_rate_hz
    times["speed"] = (time.process_time() - cpu) / (len(pcm) / rate_hz)
    to_16k = Resampler(rate_hz, RATE_HZ)
    return np.concatenate([to_16k.process_int16(pcm), to_16k.finish()]), times


async def cancel_ms(client: TtsClient, text: str) -> float:
    """Return how long a speech in progress takes to end."""
    speech = client.synthesize(text)
    asked = 0.0
    async for _ in speech:
        if not asked:
            asked = time.perf_counter()
            client.cancel()
    return 1000 * (time.perf_counter() - asked)


def normalised(text: str) -> list[str]:
    """Return the words to compare; British and American spellings are one, numbers are words."""
    spelled = re.sub(r"\d+", lambda number: f" {_in_words(int(number[0]))} ", text)
    return [_SPELLINGS.get(word, word) for word in words(spelled.replace("-", " "))]


def _in_words(number: int) -> str:
    """Return a number below 1000 in words; others as digits, which count as an error."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        return f"{_TENS[number // 10 - 2]} {_SMALL[number % 10] if number % 10 else ''}"
    if number < 1000:
        rest = f" {_in_words(number % 100)}" if number % 100 else ""
        return f"{_SMALL[number // 100]} hundred{rest}"
    return str(number)


def backend_of(name: str) -> Backend:
    """Return a back end by name, or that of an addon by name or folder."""
    if Path(name).is_dir() or name in available_addons():
        return AddonBackend(Addon.load(name), timeout_s=_TIMEOUT_S)
    return make_backend(name, timeout_s=_TIMEOUT_S)


async def measure(
    name: str,
    texts: Sequence[str],
    recognise: Callable[[Pcm], str],
    opinion: Callable[[Pcm], float],
) -> dict[str, Any]:
    """Score one back end or addon."""
    opinions: list[float] = []
    times: list[dict[str, float]] = []
    confused: list[list[str]] = []
    n_errors = n_words = 0
    async with TtsClient(backend_of(name)) as client:
        await spoken(client, "Hello.")  # warm
        for text in texts:
            pcm, taken = await spoken(client, text)
            found = recognise(pcm).strip()
            wrong = word_errors(normalised(text), normalised(found))
            n_errors, n_words = n_errors + wrong, n_words + len(normalised(text))
            if wrong:
                confused.append([text, found])
            opinions.append(opinion(pcm))
            times.append(taken)
        cancels = [await cancel_ms(client, " ".join(texts[:3])) for _ in range(5)]
    medians = {key: round(statistics.median(taken[key] for taken in times), 4) for key in times[0]}
    return {
        "sentences": len(texts),
        "words": n_words,
        "word_error_rate": round(n_errors / n_words, 4),
        "dnsmos": round(float(np.mean(opinions)), 3),
        **medians,
        "cancel_ms": round(max(cancels), 1),
        "confused": confused,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure and write one JSON object per voice, each as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts quality", description=__doc__)
    parser.add_argument(
        "voices",
        nargs="*",
        help="back ends, addons and folders of addons; default: all that are bundled",
    )
    parser.add_argument("--whisper", choices=("base", "tiny"), default="base")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    if not 3 <= args.sentences <= 100:
        parser.error("--sentences must be from 3 to 100")
    texts = ANSWERS.read_text(encoding="utf-8").splitlines()[: args.sentences]
    known = [*LOCAL, *available_addons()]
    unknown = [name for name in args.voices if name not in known and not Path(name).is_dir()]
    if unknown:
        parser.error(f"no voice {unknown[0]!r}; there are {', '.join(known)}")
    recognise, opinion = make_recogniser(args.whisper), make_opinion()
    results: dict[str, Any] = {}
    for name in args.voices or known:
        results[name] = asyncio.run(measure(name, texts, recognise, opinion))
        print(name, json.dumps({k: v for k, v in results[name].items() if k != "confused"}))
        args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
