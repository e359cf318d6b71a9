"""Alignments of a corpus, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tqdm import tqdm

from pywakeword.errors import EmptyTextError, PhonesError, SpeechlessAudioError, TextMismatchError
from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from pywakeword.tts.recording.alignment import Aligner, Alignment, Phone


def align_all(
    texts: Mapping[Path, str], cache: Path, *, check: bool = True
) -> dict[Path, Alignment]:
    """Align recordings with their texts; recordings that do not fit are left out.

    Parameters
    ----------
    texts : mapping of Path to str
        Text by file.
    cache : Path
        A JSON-lines file of finished alignments by file name, for resuming.
    check : bool
        As for `Aligner.align`.
    """
    done: dict[str, Alignment | None] = {}
    if cache.exists():
        for line in cache.read_text(encoding="utf-8").splitlines():
            name, words, phones = json.loads(line)
            done[name] = (
                Alignment(tuple(words), tuple(Phone(*phone) for phone in phones)) if words else None
            )
    cache.parent.mkdir(parents=True, exist_ok=True)
    missing = [path for path in texts if path.name not in done]
    aligner = Aligner() if missing else None
    with cache.open("a", encoding="utf-8") as file:
        for path in tqdm(missing, desc="alignment", mininterval=10, disable=not missing):
            assert aligner is not None
            try:
                found = aligner.align(to_pcm(decode(path)), texts[path], check=check)
            except (EmptyTextError, PhonesError, SpeechlessAudioError, TextMismatchError):
                found = None
            done[path.name] = found
            phones = [(p.name, p.start, p.end, p.word) for p in found.phones] if found else []
            file.write(json.dumps([path.name, found.words if found else [], phones]) + "\n")
            file.flush()
    return {path: found for path in texts if (found := done[path.name]) is not None}
