"""A model card as text for people: what `pywakeword info` prints."""

from __future__ import annotations

from typing import Any

from pywakeword.models.card import Card


def describe(card: Card) -> str:
    """Return the card as indented lines; figures that it does not carry are left out."""
    document = card.document
    figures = document.get("figures", {})
    lines = [
        f"model {card.name} ({card.n_bytes} bytes)",
        f"  {document.get('description', 'no description')}",
        f"  licence: {document.get('licence', 'not stated')}",
    ]
    for word, calibration in card.calibration.items():
        at_default = calibration.row_for(calibration.default_threshold)
        lines.append(
            f"  {word}: threshold {calibration.default_threshold:g}: {at_default.miss_rate:.1%} of "
            f"{calibration.positives} takes missed, {at_default.false_accepts_per_hour:.2g} false "
            f"accepts an hour in {calibration.negative_hours:.3g} h"
        )
    lines += [f"  {line}" for line in _figures(figures)]
    if "command" in document.get("training", {}):
        lines.append(f"  trained by: {document['training']['command']}")
    lines += [f"  {line}" for line in _sources(document.get("data", []))]
    return "\n".join(lines)


def _sources(data: list[dict[str, Any]]) -> list[str]:
    """Return one line for each source, with every licence that it has."""
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in data:
        if "source" in row:
            by_source.setdefault(row["source"], []).append(row)
    return [
        f"trained on {sum(row.get('files', 0) for row in rows)} files of {source}: "
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
            f"{row['heard']} ({row['takes']} takes)"
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
            f"the device's own voice saying it: {own['told']['own_words_rejected']} of "
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
