"""Score every back end and addon: word errors by Whisper, an opinion by DNSMOS, first audio.

The sentences are in answers.txt. Whisper is a folder of a CTranslate2 model (faster-whisper);
DNSMOS is the network of the package speechmos, as it was published (P.835, overall).
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.resample import Resampler
from pywakeword.models.onnx import open_session
from pywakeword.tts import (
    Addon,
    AddonBackend,
    AudioChunk,
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
_WINDOW_SAMPLES, _PAUSE_SAMPLES = 28 * RATE_HZ, RATE_HZ // 2
_SPELLINGS = {
    "neighbor": "neighbour",
    "program": "programme",
    "color": "colour",
    "theater": "theatre",
}


def make_recogniser(folder: str) -> Callable[[Pcm], str]:
    """Return Whisper, with greedy decoding on one thread."""
    whisper = importlib.import_module("faster_whisper")
    model = whisper.WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)

    def recognise(pcm: Pcm) -> str:
        audio = pcm.astype(np.float32) / 32768
        segments, _ = model.transcribe(audio, language="en", beam_size=1)
        return " ".join(segment.text for segment in segments)

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


class Window:
    """Collects sentences and recognises them together: Whisper reads 30 s at a time."""

    def __init__(self, recognise: Callable[[Pcm], str]) -> None:
        self._recognise = recognise
        self._texts: list[str] = []
        self._parts: list[Pcm] = []
        self.n_errors = self.n_words = 0
        self.confused: list[list[str]] = []

    def add(self, text: str, pcm: Pcm) -> None:
        """Add one sentence; recognises what is there when it does not fit any more."""
        pause = np.zeros(_PAUSE_SAMPLES, np.int16)
        if sum(map(len, self._parts)) + len(pcm) + 2 * len(pause) > _WINDOW_SAMPLES:
            self.close()
        self._texts.append(text)
        self._parts += [pause, pcm]

    def close(self) -> None:
        """Recognise what is there."""
        if not self._texts:
            return
        text = " ".join(self._texts)
        pause = np.zeros(_PAUSE_SAMPLES, np.int16)
        found = self._recognise(np.concatenate([*self._parts, pause])).strip()
        n_errors = word_errors(normalised(text), normalised(found))
        if n_errors:
            self.confused.append([text, found])
        self.n_errors += n_errors
        self.n_words += len(normalised(text))
        self._texts, self._parts = [], []


def normalised(text: str) -> list[str]:
    """Return the words to compare; British and American spellings are one."""
    return [_SPELLINGS.get(word, word) for word in words(text)]


async def measure(
    name: str,
    texts: Sequence[str],
    recognise: Callable[[Pcm], str],
    opinion: Callable[[Pcm], float],
) -> dict[str, Any]:
    """Score one back end or addon."""
    addon = name in available_addons()
    backend = (
        AddonBackend(Addon.load(name), timeout_s=_TIMEOUT_S)
        if addon
        else make_backend(name, timeout_s=_TIMEOUT_S)
    )
    opinions, times, window = [], [], Window(recognise)
    async with TtsClient(backend) as client:
        await spoken(client, "Hello.")  # warm
        for text in texts:
            pcm, taken = await spoken(client, text)
            window.add(text, pcm)
            opinions.append(opinion(pcm))
            times.append(taken)
    window.close()
    medians = {key: round(statistics.median(taken[key] for taken in times), 4) for key in times[0]}
    return {
        "sentences": len(texts),
        "words": window.n_words,
        "word_error_rate": round(window.n_errors / window.n_words, 4),
        "dnsmos": round(float(np.mean(opinions)), 3),
        **medians,
        "confused": window.confused,
    }


def main(argv: list[str] | None = None) -> int:
    """Measure and write one JSON object per voice, each as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts quality", description=__doc__)
    parser.add_argument("voices", nargs="*", help="back ends and addons; default: all of them")
    parser.add_argument("--whisper", required=True, help="folder of Whisper base for CTranslate2")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    texts = ANSWERS.read_text(encoding="utf-8").splitlines()[: args.sentences]
    known = [*LOCAL, *available_addons()]
    if unknown := [name for name in args.voices if name not in known]:
        parser.error(f"no voice {unknown[0]!r}; there are {', '.join(known)}")
    recognise, opinion = make_recogniser(args.whisper), make_opinion()
    results: dict[str, Any] = {}
    for name in args.voices or known:
        results[name] = asyncio.run(measure(name, texts, recognise, opinion))
        print(name, json.dumps({k: v for k, v in results[name].items() if k != "confused"}))
        args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
