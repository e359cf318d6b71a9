"""Checks that a card's front end and device-state vocabulary are those of this build."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pywakeword import _core
from pywakeword.device_state import DEVICE_TYPES, PLAYBACKS, VOLUME_EDGES
from pywakeword.errors import CardError

# The front end of this build, as a card's field `frontend` describes it.
FRONT_END: Mapping[str, Any] = _core.LFBE_SETTINGS
_STATE_VOCABULARY: Mapping[str, tuple[object, ...]] = {
    "device_type": DEVICE_TYPES,
    "playback": PLAYBACKS,
    "volume_edges": VOLUME_EDGES,
}


def check_frontend(frontend: Mapping[str, Any]) -> None:
    """Raise `CardError` unless the model was trained with the front end of this build."""
    settings = FRONT_END
    for name in (*settings, *frontend):
        if name not in frontend:
            raise CardError(f"front-end field {name!r} is missing from the card")
        if name not in settings:
            raise CardError(f"front-end field {name!r} of the card is unknown to this build")
        if not _equal(frontend[name], settings[name]):
            raise CardError(
                f"front-end field {name!r} is {frontend[name]!r} on the card, "
                f"this build computes {settings[name]!r}"
            )


def check_state(state: Mapping[str, Any] | None) -> None:
    """Raise `CardError` unless the model was trained with the state vocabulary of this build."""
    if state is None:
        return
    for name, vocabulary in _STATE_VOCABULARY.items():
        if state.get(name) != list(vocabulary):
            raise CardError(
                f"state field {name!r} is {state.get(name)!r} on the card, "
                f"this build knows {list(vocabulary)!r}"
            )


def _equal(left: Any, right: Any) -> bool:
    # A float may have passed through float32 in the core and through JSON on the card.
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-6)
    return bool(left == right)
