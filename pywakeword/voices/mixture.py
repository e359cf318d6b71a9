"""Mixtures of speakers, written "af_bella*0.6+am_adam*0.4"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def parse_mixture(text: str, speakers: Sequence[str], voice: str) -> dict[str, float]:
    """Return the share of each speaker; shares are positive and sum to 1.

    Raises
    ------
    ValueError
        If a speaker is unknown or named twice, or a share is not a positive number.
    """
    weights: dict[str, float] = {}
    for term in text.split("+"):
        name, star, weight = (part.strip() for part in term.partition("*"))
        if name not in speakers:
            raise ValueError(f"{voice} has no speaker {name!r}; it has: {', '.join(speakers)}")
        if name in weights:
            raise ValueError(f"speaker {name!r} is named twice in {text!r}")
        weights[name] = _weight(weight, text) if star else 1.0
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def format_mixture(weights: Mapping[str, float]) -> str:
    """Return the text that `parse_mixture` reads; one speaker alone is just its name."""
    if len(weights) == 1:
        return next(iter(weights))
    return "+".join(f"{name}*{weight:g}" for name, weight in weights.items())


def _weight(text: str, whole: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = 0.0
    if not 0 < weight < float("inf"):
        raise ValueError(f"{text!r} in {whole!r} is not a positive number")
    return weight
