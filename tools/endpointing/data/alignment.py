"""Where words and phones lie in transcribed speech: forced alignment by pocketsphinx."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.training.material.corpus import decode
from pywakeword.training.material.features import to_pcm
from tools.endpointing.data.corpus import Utterance


@dataclass(frozen=True)
class Segment:
    """A word or phone; 10 ms frames [start, end). Silences are named "SIL" or "<sil>"."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Alignment:
    """What pocketsphinx found of one transcript."""

    words: tuple[Segment, ...]
    phones: tuple[Segment, ...]


class Aligner:
    """pocketsphinx with its bundled en-us model."""

    def __init__(self) -> None:
        import pocketsphinx

        self._decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")

    def __call__(self, pcm: npt.NDArray[np.int16], transcript: str) -> Alignment | None:
        """Align; None where a word is not in the dictionary or nothing fits the audio."""
        decoder = self._decoder
        words = transcript.split()
        if not words or any(decoder.lookup_word(word) is None for word in words):
            return None
        try:
            decoder.set_align_text(transcript)
            self._pass(pcm)
            if decoder.hyp() is None:
                return None
            decoder.set_alignment()  # a second pass, with the states of the first's words
            self._pass(pcm)
            found = decoder.get_alignment()
        except RuntimeError:  # "failed to stop utterance": the text does not fit
            return None
        if found is None:
            return None
        entries = [(w, list(w)) for w in found]
        return Alignment(
            tuple(Segment(w.name, w.start, w.start + w.duration) for w, _ in entries),
            tuple(Segment(p.name, p.start, p.start + p.duration) for _, ps in entries for p in ps),
        )

    def _pass(self, pcm: npt.NDArray[np.int16]) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()


def align_all(utterances: list[Utterance], work: Path) -> dict[str, Alignment]:
    """Align every transcript; what was done before is read from `work`/alignments.jsonl."""
    from tqdm import tqdm  # of the extra train; the module is imported without it

    path = work / "alignments.jsonl"
    done: dict[str, Alignment | None] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, words, phones = json.loads(line)
            done[name] = words and Alignment(
                tuple(Segment(*w) for w in words), tuple(Segment(*p) for p in phones)
            )
    aligner = Aligner()
    missing = [u for u in utterances if u.transcript and u.name not in done]
    with path.open("a", encoding="utf-8") as file:
        for utterance in tqdm(missing, desc="alignment", mininterval=10, disable=not missing):
            found = aligner(to_pcm(decode(utterance.path)), utterance.transcript)
            done[utterance.name] = found
            rows = [
                [(s.name, s.start, s.end) for s in part]
                for part in ((found.words, found.phones) if found else ((), ()))
            ]
            file.write(json.dumps([utterance.name, *rows]) + "\n")
            file.flush()
    return {name: alignment for name, alignment in done.items() if alignment}
