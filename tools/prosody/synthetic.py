"""Compare the ways of choosing a prosody on sentences that natural synthetic voices spoke.

The recordings of people have no or-questions and hardly a compound noun; Kokoro and hibari say
them. The choice is made by the bundled model, so there is no oracle. Synthetic speech is not what
a person would say: the table is about the voices.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pywakeword.audio.resample import Resampler
from pywakeword.errors import PyWakewordError
from pywakeword.tts.prosody.model import ProsodyModel, phone_ids, phone_positions
from pywakeword.tts.recording.alignment import Aligner
from pywakeword.tts.recording.contours import PhoneContours, frame_contours, phone_contours
from pywakeword.tts.text.sentence_structure import structure_vector
from pywakeword.tts.text.syntax_predictor import SyntaxPredictor
from pywakeword.voices import Voice, open_voice
from tools.prosody.recordings.corpus import SHORTEST_PAUSE_S, Utterance, normalised, phone_means
from tools.prosody.scores import MEASURES, NEAREST_FEW, errors, interval
from tools.prosody.selection import choose

TEXTS = Path(__file__).with_name("synthetic.json")
_SEED = 1
ROWS = ("centroid", "random", "syntactic", "semantic", "both", f"both, mean of {NEAREST_FEW}")


@dataclass(frozen=True)
class Said:
    """A sentence as one speaker said it."""

    text: str
    kind: str
    speaker: str
    contours: PhoneContours


def say(
    voice: Voice, name: str, speakers: Sequence[str], texts: Mapping[str, Sequence[str]], n: int
) -> list[Said]:
    """Speak, align and measure; sentences that cannot be aligned are left out."""
    aligner, found = Aligner(), []
    for speaker in speakers:
        for kind, sentences in texts.items():
            for text in sentences[:n]:
                audio = (voice.synthesize(text, speaker, language="en-us") * 32767).astype(np.int16)
                to_16k = Resampler(voice.sample_rate)
                pcm = np.concatenate([to_16k.process_int16(audio), to_16k.finish()])
                try:
                    aligned = aligner.align(pcm, text)
                    contours = phone_contours(frame_contours(pcm), aligned)
                except PyWakewordError:
                    continue
                found.append(Said(text, kind, f"{name} {speaker}", contours))
        print(f"{name} {speaker}: {len(found)} sentences", flush=True)
    return found


def utterances(said: Sequence[Said]) -> list[Utterance]:
    """Return the sentences relative to their speakers' means, and to the phones' of all of them."""
    means = phone_means(item.contours for item in said)
    found = []
    for speaker in dict.fromkeys(item.speaker for item in said):
        own = [item for item in said if item.speaker == speaker]
        for item, values in zip(own, normalised([item.contours for item in own], means)):
            measured = item.contours
            found.append(
                Utterance(
                    item.kind,
                    speaker,
                    item.text,
                    "synthetic",
                    phone_ids(measured.names),
                    phone_positions(measured.pause_before_s > SHORTEST_PAUSE_S),
                    values,
                    measured.has_pitch,
                )
            )
    return found


def decoded(
    model: ProsodyModel, spoken: Sequence[Utterance], said: Sequence[Said]
) -> dict[str, list[npt.NDArray[np.float32]]]:
    """Return the contours of each row."""
    predictor, encoder, bank = SyntaxPredictor(), model.sentence_encoder(), model.bank
    texts = [u.text for u in spoken]
    structures = np.array([structure_vector(text, predictor) for text in texts], np.float32)
    meanings = np.asarray(encoder.encode(texts), np.float32)
    chosen = {way: choose(bank, way, structures, meanings) for way in ROWS[:1] + ROWS[2:5]}
    drawn = np.random.default_rng(_SEED).integers(len(bank.embeddings), size=len(spoken))
    chosen["random"] = bank.embeddings[drawn]
    chosen[ROWS[-1]] = choose(bank, "both", structures, meanings, neighbours=NEAREST_FEW)
    by_text = {(item.speaker, item.text): item.contours for item in said}
    return {
        row: [
            model.decode(
                by_text[u.speaker, u.text].names,
                by_text[u.speaker, u.text].pause_before_s > SHORTEST_PAUSE_S,
                embedding,
            )
            for u, embedding in zip(spoken, chosen[row])
        ]
        for row in ROWS
    }


def table(spoken: Sequence[Utterance], wrong: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return mean errors with intervals over sentences: voices are few, sentences differ."""
    texts = [u.text for u in spoken]
    return {
        "utterances": len(spoken),
        "sentences": len(set(texts)),
        **{
            row: {
                measure: interval(wrong[r, :, m], texts).rounded()
                for m, measure in enumerate(MEASURES)
            }
            for r, row in enumerate(ROWS)
        },
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the errors by class, and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.prosody synthetic", description=__doc__)
    parser.add_argument("--hibari", nargs="*", default=["heart"], metavar="SPEAKER")
    parser.add_argument("--kokoro", nargs="*", default=[], metavar="SPEAKER")
    parser.add_argument("--sentences", type=int, default=12, help="of each class, at most 12")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    args = parser.parse_args(argv)
    if (not args.hibari and not args.kokoro) or args.sentences < 2:
        parser.error("at least one speaker and two sentences are needed")
    texts: dict[str, list[str]] = json.loads(TEXTS.read_text(encoding="utf-8"))
    said: list[Said] = []
    for name, speakers in (("hibari", args.hibari), ("kokoro", args.kokoro)):
        if speakers:
            said += say(open_voice(name), name, speakers, texts, args.sentences)
    spoken = utterances(said)
    contours = decoded(ProsodyModel(), spoken, said)
    wrong = np.array([errors(spoken, contours[row]) for row in ROWS])
    results: dict[str, Any] = {"speakers": sorted({item.speaker for item in said})}
    for kind in ("all", *texts):
        index = [i for i, u in enumerate(spoken) if kind in ("all", u.name)]
        results[kind] = table([spoken[i] for i in index], wrong[:, index])
        print(f"{kind}: {len(index)} utterances")
        for row in ROWS:
            print(f"  {row:20}", results[kind][row])
    args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0
