"""Automatic transcripts of recordings that came without any, kept in a file.

pocketsphinx with its own language model hears a part of the words wrong. What it heard sounds
like what was said, so its phones can still be aligned, and pitch, energy and durations of those
depend little on which word they were taken for. `PhoneAligner` refuses what does not fit; the
recogniser's own posteriors are 1 nearly everywhere and tell nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

from tools.train.corpus import decode
from tools.train.features import to_pcm

LONG_FORM_WORDS = 20  # at least; the transcribed sentences have 3 to 10


def transcribe_all(paths: Iterable[Path], cache: Path) -> dict[Path, str]:
    """Transcribe recordings; those that came out too short are left out.

    `cache` is a JSON-lines file by file name: what is in it is not heard again.
    """
    wanted = list(paths)
    known: dict[str, str] = {}
    if cache.exists():
        known = dict(json.loads(line) for line in cache.read_text(encoding="utf-8").splitlines())
    missing = [path for path in wanted if path.name not in known]
    cache.parent.mkdir(parents=True, exist_ok=True)
    if missing:
        from pocketsphinx import Decoder

        decoder = Decoder(loglevel="FATAL", samprate=16_000)
        with cache.open("a", encoding="utf-8") as file:
            for path in tqdm(missing, desc="transcripts", mininterval=10):
                known[path.name] = _heard(decoder, to_pcm(decode(path)).tobytes())
                file.write(json.dumps([path.name, known[path.name]]) + "\n")
                file.flush()
    return {path: known[path.name] for path in wanted if known[path.name]}


def _heard(decoder, pcm: bytes) -> str:  # type: ignore[no-untyped-def]
    """Return the words of one recording, nothing if they are too few."""
    decoder.reinit_feat()
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return ""
    words = [
        re.sub(r"\(\d+\)", "", segment.word)
        for segment in decoder.seg()
        if segment.word[0] not in "<[("
    ]
    return " ".join(words) if len(words) >= LONG_FORM_WORDS else ""
