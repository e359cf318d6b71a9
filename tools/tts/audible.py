"""Measure whether the chosen prosody is audible in the speech.

Speaks held-out sentences with a chosen prosody and with the mean prosody. Compares the differences
in pitch (WORLD), level and duration of each phone with the offsets from `ProsodySelector`. Then
speaks the same words as a statement and as a yes/no question, and compares the pitch at the ends.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pywakeword.tts import Addon, registry
from pywakeword.tts.blocks import Fields, ProsodySelector, Resources
from pywakeword.tts.blocks.upsampler import whole_frames
from pywakeword.tts.prosody.model import WAYS
from pywakeword.tts.text.questions import question_type
from tools.tts.corpus import sentences
from tools.tts.features import HOP_SAMPLES, acoustic_frames
from tools.tts.train import HELD_OUT, SEED

Array = npt.NDArray[np.float64]
MEASURES = {"pitch_semitones": 12.0, "level_db": 1.0, "length_percent": 100.0}
_FEWEST_VOICED = 2  # frames of a phone in both sounds
_FLOOR = 1e-7  # mean square
_END_FRAMES, _BEFORE_FRAMES = 5, 40  # voiced, 1/16 and 1/2 s


class _Toneless(ProsodySelector):
    """A `ProsodySelector` without boundary tones."""

    @classmethod
    def from_config(cls, fields: Fields, resources: Resources) -> ProsodySelector:
        block = super().from_config(fields, resources)
        block.boundary_tones = False
        return block


def spoken(addon: Addon, text: str) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """Return (n, 3) octaves, dB and log frames per phone, the chosen offsets, and voicing."""
    measured, chosen, known = [], [], []
    for symbols, tensors in addon.pieces(text):
        indexes = np.array([addon.manifest.symbols.index(s) for s in symbols], np.int64)
        made = addon.pipeline.sequence_block.run({"symbols": indexes, **tensors})
        lengths = whole_frames(made["durations"], 1.0)
        with addon.open(symbols, tensors) as stream:
            sound = stream.pull(1 << 24)[:, 0]
        frames = acoustic_frames(sound)
        for i, end in enumerate(np.cumsum(lengths)):
            if symbols[i] == addon.manifest.pause or not lengths[i]:
                measured.append([np.nan] * 3)
                known.append(False)
                continue
            span = slice(end - lengths[i], end)
            voiced = frames[span, -1] > 0
            part = sound[span.start * HOP_SAMPLES : end * HOP_SAMPLES]
            octaves = frames[span, -2][voiced].mean() if voiced.any() else np.nan
            level = 10 * np.log10(np.mean(part**2) + _FLOOR)
            measured.append([octaves, level, np.log(lengths[i])])
            known.append(voiced.sum() >= _FEWEST_VOICED)
        chosen.append(made["prosody"])
    return (
        np.array(measured, np.float64),
        np.concatenate(chosen).astype(np.float64),
        np.array(known, bool),
    )


def compare(addon: Addon, plain: Addon, texts: Sequence[str]) -> dict[str, object]:
    """Return correlation and error between measured and chosen offsets, over all phones."""
    measured, wanted, voiced = [], [], []
    for text in texts:
        one, chosen, one_voiced = spoken(addon, text)
        other, _, other_voiced = spoken(plain, text)
        measured.append(one - other)
        wanted.append(chosen)
        voiced.append(one_voiced & other_voiced)
    found, meant = np.concatenate(measured), np.concatenate(wanted)
    pitched = np.concatenate(voiced)
    figures: dict[str, object] = {"sentences": len(texts)}
    for column, (name, unit) in enumerate(MEASURES.items()):
        use = np.isfinite(found[:, column]) & (pitched | (column > 0))
        a, b = unit * found[use, column], unit * meant[use, column]
        figures[name] = {
            "phones": int(use.sum()),
            "correlation": round(float(np.corrcoef(a, b)[0, 1]), 3),
            "rms_error": round(float(np.sqrt(np.mean((a - b) ** 2))), 2),
            "rms_chosen": round(float(np.sqrt(np.mean(b**2))), 2),
        }
    return figures


def end_movement(addon: Addon, text: str) -> float:
    """Return the pitch at the end relative to the half second before, in semitones."""
    sound = addon.synthesize(text).astype(np.float32) / np.float32(32768)
    frames = acoustic_frames(sound)
    octaves = frames[frames[:, -1] > 0, -2]
    before = octaves[-_BEFORE_FRAMES - _END_FRAMES : -_END_FRAMES]
    return float(12 * (octaves[-_END_FRAMES:].mean() - np.median(before)))


def ends(addon: Addon, texts: Sequence[str]) -> dict[str, object]:
    """Compare the ends of the same words, as statement and as question."""
    figures: dict[str, object] = {}
    bodies = [text.rstrip(" .,?!") for text in texts]
    bodies = [body for body in bodies if question_type(f"{body}?") == "yes_no"]
    for name, mark in (("statement", "."), ("yes_no_question", "?")):
        moved = np.array([end_movement(addon, body + mark) for body in bodies])
        figures[name] = {
            "sentences": len(bodies),
            "median_semitones": round(float(np.median(moved)), 2),
            "quartiles": [round(float(q), 2) for q in np.quantile(moved, [0.25, 0.75])],
            "share_rising": round(float((moved > 0).mean()), 3),
        }
    return figures


def main(argv: list[str] | None = None) -> int:
    """Print the figures; with --write, put them on the addon's card."""
    parser = argparse.ArgumentParser(prog="python -m tools.tts audible", description=__doc__)
    parser.add_argument("--trees", type=Path, required=True, help="folder of *.ptb files")
    parser.add_argument("--addon", type=Path, default=Path("models/tts/slt-parallel"))
    parser.add_argument("--way", choices=WAYS[1:], default="both")
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--write", action="store_true", help="put the figures on the card")
    args = parser.parse_args(argv)
    texts = sentences(args.trees, SEED)[:HELD_OUT][: args.sentences]
    types = registry.copy()
    types.register("ProsodySelector", replace=True)(_Toneless)
    toneless = Addon.load(args.addon, prosody_way=args.way, registry=types)
    addon = Addon.load(args.addon, prosody_way=args.way)
    plain = Addon.load(args.addon, prosody_way="centroid")
    figures = {
        "way": args.way,
        "chosen": compare(toneless, plain, texts),
        "chosen_with_boundary_tones": compare(addon, plain, texts),
        "ends": ends(addon, texts),
    }
    print(json.dumps(figures, indent=1))
    if args.write:
        path = args.addon / "addon.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        document["card"]["heard"] = figures
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0
