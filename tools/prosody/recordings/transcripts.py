"""Automatic transcripts of recordings that have none, kept in a file.

pocketsphinx with its own language model gets some words wrong. Wrong words still sound like the
right ones, so their phones can be aligned; `Aligner` refuses what does not fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.recording.pocketsphinx_decoder import Decoder, decode_pass, make_decoder


@dataclass(frozen=True)
class Transcript:
    """An automatic transcript.

    Attributes
    ----------
    text : str
        Lower case, without punctuation; empty if no word was recognised.
    confidence : float
        Mean posterior of the words in the recogniser's lattice. Not the share of right words:
        it only compares with the recogniser's other hypotheses.
    """

    text: str
    confidence: float


def transcribe_all(paths: Iterable[Path], cache: Path) -> dict[Path, Transcript]:
    """Transcribe recordings.

    `cache` is a JSON-lines file of finished transcripts by file name, for resuming.

    Raises
    ------
    MissingExtraError
        If a transcript is missing and pocketsphinx is not installed (extra `prosody`).
    """
    wanted = list(paths)
    known: dict[str, Transcript] = {}
    if cache.exists():
        for line in cache.read_text(encoding="utf-8").splitlines():
            name, text, confidence = json.loads(line)
            known[name] = Transcript(text, confidence)
    missing = [path for path in wanted if path.name not in known]
    if missing:
        recogniser = make_decoder("prosody", samprate=SAMPLE_RATE_HZ)
        cache.parent.mkdir(parents=True, exist_ok=True)
        with cache.open("a", encoding="utf-8") as file:
            for path in tqdm(missing, desc="transcripts", mininterval=10):
                found = _recognise(recogniser, to_pcm(decode(path)))
                known[path.name] = found
                file.write(json.dumps([path.name, found.text, found.confidence]) + "\n")
                file.flush()
    return {path: known[path.name] for path in wanted}


def _recognise(recogniser: Decoder, pcm: npt.NDArray[np.int16]) -> Transcript:
    decode_pass(recogniser, pcm.tobytes())
    if recogniser.hyp() is None:
        return Transcript("", 0.0)
    # Variants have a number, "the(2)"; other brackets mark noises and silence.
    words = [
        (segment.word.split("(")[0], segment.prob)
        for segment in recogniser.seg()
        if segment.word[0] not in "<[(+"
    ]
    if not words:
        return Transcript("", 0.0)
    return Transcript(
        " ".join(word for word, _ in words), round(float(np.mean([p for _, p in words])), 4)
    )
