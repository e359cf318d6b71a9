"""Voices for measuring only: no model is ever trained on them.

The eight speakers of Kokoro are of both sexes, American (`a`), British (`b`) and Hindi
(`h`). Hibari was distilled from af_heart, bf_emma, am_fenrir, bm_fable and af_kore.
"""

from __future__ import annotations

from pywakeword._checks import check_type

HELD_OUT: dict[str, tuple[str, ...]] = {
    "kokoro": (
        "af_heart", "af_kore", "am_fenrir", "am_michael", "bf_emma", "bm_daniel", "bm_fable",
        "hf_beta",
    ),
    "hibari": ("heart", "heart-gb"),
    "piper": ("joe",),
    "flite": ("slt", "rms", "awb"),
}  # fmt: skip


def is_held_out(voice: str, speaker: str) -> bool:
    """Return whether a speaker, or any speaker of a mixture, is for measuring only."""
    check_type("voice", voice, str)
    check_type("speaker", speaker, str)
    held_out = HELD_OUT.get(voice, ())
    return any(term.partition("*")[0].strip() in held_out for term in speaker.split("+"))


def check_trainable(voice: str, speaker: str) -> None:
    """Raise `ValueError` if training on this speaker is ruled out by `HELD_OUT`."""
    if is_held_out(voice, speaker):
        raise ValueError(f"{voice}'s {speaker} is held out for measuring; train on another voice")
