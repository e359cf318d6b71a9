"""What a card says about thresholds: rates with their intervals, and misses by condition."""

from __future__ import annotations

from typing import Any

from pywakeword.measure.evaluation import poisson_interval, wilson_interval
from pywakeword.models.card import Card
from pywakeword.studio.catalogue import Entry

_STEPS = [round(0.05 * step, 2) for step in range(1, 20)] + [0.97, 0.98, 0.99]


def threshold_figures(entry: Entry) -> dict[str, Any]:
    """Return, per word of a model, one row per threshold of the card's table."""
    return {word: _word(card, word) for card in entry.cards for word in card.keywords}


def counted_thresholds(card: Card, word: str) -> list[float]:
    """Return the thresholds of a card's table, or steps where it has none (community models)."""
    calibration = card.calibration.get(word)
    return _STEPS if calibration is None else [row.threshold for row in calibration.table]


def _word(card: Card, word: str) -> dict[str, Any]:
    calibration = card.calibration.get(word)
    if calibration is None:
        steps = [{"threshold": threshold} for threshold in counted_thresholds(card, word)]
        return {"hours": None, "rows": steps, "conditions": []}
    hours, takes = calibration.negative_hours, calibration.positives
    rows: list[dict[str, Any]] = []
    for row in calibration.table:
        count = round(row.false_accepts_per_hour * hours)
        low, high = poisson_interval(count)
        misses = round(row.miss_rate * takes)
        miss_low, miss_high = wilson_interval(misses, takes) if takes else (0.0, 1.0)
        rows.append(
            {
                "threshold": row.threshold,
                "false_accepts": count,
                "per_hour": [count / hours, low / hours, high / hours],
                "misses": misses,
                "miss_rate": [row.miss_rate, miss_low, miss_high],
            }
        )
    return {
        "hours": hours,
        "takes": takes,
        "default": calibration.default_threshold,
        "lowest_rate": calibration.lowest_rate,
        "rows": rows,
        "conditions": _conditions(card),
    }


def _conditions(card: Card) -> list[dict[str, Any]]:
    """Return the misses by condition, where the card has them; a card's figures are free-form."""
    found = []
    figures = card.document.get("figures")
    by_condition = figures.get("misses_by_condition") if isinstance(figures, dict) else None
    for name, points in by_condition.items() if isinstance(by_condition, dict) else ():
        for point in points if isinstance(points, list) else ():
            try:
                misses, takes = int(point["misses"]), int(point["takes"])
                low, high = wilson_interval(misses, takes)
                found.append(
                    {
                        "condition": str(name),
                        "per_hour": float(point["false_accepts_per_hour"]),
                        "threshold": float(point["threshold"]),
                        "misses": misses,
                        "takes": takes,
                        "interval": [low, high],
                    }
                )
            except (KeyError, TypeError, ValueError):
                continue
    return found
