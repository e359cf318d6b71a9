"""Model cards as text: the table, the figures and the licences of `pywakeword info`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pywakeword.models.card import Card

_HEADER = ("word", "model", "size", "threshold", "false accepts/h", "missed", "measured on")


def table(cards: Iterable[Card]) -> list[str]:
    """Return a table with one row per word: size, default threshold and rates there."""
    rows = [_HEADER]
    for card in cards:
        for word, calibration in card.calibration.items():
            found = calibration.row_for(calibration.default_threshold)
            rows.append(
                (
                    word,
                    card.name,
                    f"{card.n_bytes / 1000:.0f} kB",
                    f"{calibration.default_threshold:g}",
                    f"{found.false_accepts_per_hour:.2g}",
                    f"{found.miss_rate:.1%}",
                    f"{calibration.negative_hours:.3g} h, {calibration.positives} recordings",
                )
            )
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def describe(card: Card) -> list[str]:
    """Return the measured figures of a card, one per line; missing ones are left out."""
    document = card.document
    lines = [f"{card.name}: {document.get('description', 'no description')}"]
    lines += [f"  {line}" for line in _by_playback(card)]
    lines += [f"  {line}" for line in _figures(document.get("figures", {}))]
    if "command" in document.get("training", {}):
        lines.append(f"  trained by: {document['training']['command']}")
    return lines


def _by_playback(card: Card) -> list[str]:
    """Return the default thresholds of the playback states."""
    lines = []
    for word, calibration in card.calibration.items():
        for after, states in (
            ("", calibration.by_playback),
            (" after an echo canceller", calibration.by_playback_cancelled),
        ):
            values = ", ".join(f"{name} {c.default_threshold:g}" for name, c in states.items())
            if values:
                lines.append(f"threshold of {word} by playback{after}: {values}")
    return lines


def licences(card: Card) -> list[str]:
    """Return the licence of a model, and the sources and licences of its training data."""
    licence = card.document.get("licence", "not stated")
    return [f"{card.name}: {licence}; trained on", *_sources(card.document.get("data", []))]


def _sources(data: Sequence[dict[str, Any]]) -> list[str]:
    """Return one line per source, with all of its licences."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in data:
        if "source" in row:
            by_source.setdefault(row["source"], []).append(row)
    return [
        f"  {sum(row.get('files', 0) for row in rows)} files of {source}: "
        + "; ".join(str(row.get("licence", "no licence stated")) for row in rows)
        for source, rows in by_source.items()
    ]


def _figures(figures: dict[str, Any]) -> list[str]:
    lines = []
    for name, rows in figures.get("misses_by_condition", {}).items():
        rates = ", ".join(
            f"{row['misses']} of {row['takes']} at {row['false_accepts_per_hour']:g}/h"
            for row in rows
        )
        lines.append(f"missed, {name}: {rates}")
    for name, row in figures.get("misses_by_pitch", {}).items():
        lines.append(
            f"missed at the default threshold in all conditions, voices {name}: {row['misses']} of "
            f"{row['heard']} ({row['takes']} recordings)"
        )
    for name, row in figures.get("boundaries", {}).items():
        if row.get("detected"):
            start, end = row["start_error_ms"], row["end_error_ms"]
            lines.append(
                f"start and end, {name}: error median {start['median']:g} and {end['median']:g} "
                f"ms, 90th percentile {start['p90']:g} and {end['p90']:g} ms; reported "
                f"{row['delay_median_ms']:g} ms after the end"
            )
    own = figures.get("own_voice")
    if own:
        lines.append(
            f"the device's own voice, playback=tts: {own['told']['own_words_rejected']} of "
            f"{own['own_words']} rejected"
        )
    loss = figures.get("int8_against_float")
    if loss:
        misses = loss["misses_at_one_per_hour"]
        lines.append(
            f"int8 against float: {misses['int8']} against {misses['float']} of {loss['takes']} "
            "missed at 1/h in all conditions"
        )
    return lines
