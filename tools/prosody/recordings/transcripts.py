"""Automatic transcripts of recordings that came without any, kept in a file.

pocketsphinx with its own language model hears a part of the words wrong. What it heard sounds
like what was said, so its phones can be aligned; `PhoneAligner` refuses what does not fit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from pywakeword._extras import require
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.recording.phone_alignment import SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Transcript:
    """What was heard.

    Attributes
    ----------
    text : str
        Lower case, without punctuation; empty if no word was heard.
    confidence : float
        Mean posterior of the words in the recogniser's lattice. It knows only what else the
        recogniser thought of, so it is not the share of words that are right.
    """

    text: str
    confidence: float


def transcribe_all(paths: Iterable[Path], cache: Path) -> dict[Path, Transcript]:
    """Transcribe recordings.

    `cache` is a JSON-lines file by file name: what is in it is not heard again, so interrupt
    and resume as you like.

    Raises
    ------
    MissingExtraError
        If something is to be heard and pocketsphinx is not installed (extra `prosody`).
    """
    wanted = list(paths)
    known: dict[str, Transcript] = {}
    if cache.exists():
        for line in cache.read_text(encoding="utf-8").splitlines():
            name, text, confidence = json.loads(line)
            known[name] = Transcript(text, confidence)
    missing = [path for path in wanted if path.name not in known]
    if missing:
        recogniser = require("pocketsphinx", "prosody").Decoder(
            loglevel="FATAL", samprate=SAMPLE_RATE_HZ
        )
        cache.parent.mkdir(parents=True, exist_ok=True)
        with cache.open("a", encoding="utf-8") as file:
            for path in tqdm(missing, desc="transcripts", mininterval=10):
                heard = _hear(recogniser, to_pcm(decode(path)))
                known[path.name] = heard
                file.write(json.dumps([path.name, heard.text, heard.confidence]) + "\n")
                file.flush()
    return {path: known[path.name] for path in wanted}


def _hear(recogniser: Any, pcm: npt.NDArray[np.int16]) -> Transcript:
    # Noise and means are estimated anew, or results would depend on what came before.
    recogniser.reinit_feat()
    recogniser.start_utt()
    recogniser.process_raw(pcm.tobytes(), full_utt=True)
    recogniser.end_utt()
    if recogniser.hyp() is None:
        return Transcript("", 0.0)
    # A variant is told by a number, "the(2)"; what is no word by its bracket.
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
