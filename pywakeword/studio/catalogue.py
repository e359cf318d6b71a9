"""The models that the page can choose, by ids that are not paths."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pywakeword.device_state import DeviceState
from pywakeword.errors import PyWakewordError
from pywakeword.models.files import available_models, find_model
from pywakeword.wakeword import WakeWord


class StudioError(PyWakewordError):
    """The page asked for something that cannot be done; the message is shown to the person."""


@dataclass(frozen=True)
class Entry:
    """One model. `model` is a bundled name or an absolute path; the page sees `id` and `name`."""

    id: str
    name: str
    origin: str  # bundled, file or trained
    model: str
    thresholds: Mapping[str, float]
    cards: tuple[Any, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Keywords of the model."""
        return tuple(self.thresholds)

    def make(self, thresholds: Mapping[str, float], state: DeviceState) -> WakeWord:
        """Return a new stream; words that `thresholds` leaves out keep the entry's."""
        mine = {word: thresholds.get(word, value) for word, value in self.thresholds.items()}
        return WakeWord(self.model, threshold=mine, device_state=state)

    def to_json(self) -> dict[str, Any]:
        """Return what the page shows."""
        languages = sorted({code for card in self.cards for code in card.languages})
        return {
            "id": self.id,
            "name": self.name,
            "origin": self.origin,
            "thresholds": dict(self.thresholds),
            "languages": languages,
        }


class Catalogue:
    """Bundled models, those of the command line, and those trained since.

    Parameters
    ----------
    models : sequence of str
        What is chosen when the page opens: bundled names or paths.
    thresholds : mapping of str to float
        Thresholds that replace the cards' defaults.
    """

    def __init__(self, models: Sequence[str], thresholds: Mapping[str, float]) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._thresholds = dict(thresholds)
        self.chosen = [self.add(name, "file").id for name in models]
        for name in available_models():
            if name not in self._entries:
                self.add(name, "bundled")

    def add(self, model: str, origin: str) -> Entry:
        """Add a model; `ModelError` if it cannot be used."""
        spotter = WakeWord(model)
        bundled = model in available_models()
        path = find_model(model) if bundled else Path(model)
        with self._lock:
            for entry in self._entries.values():
                if not bundled and entry.model == str(path.absolute()):
                    return self._put(entry.id, path.stem, origin, entry.model, spotter)
            if bundled:
                return self._put(model, model, "bundled", model, spotter)
            id_ = f"{origin}-{len(self._entries)}"
            return self._put(id_, path.stem, origin, str(path.absolute()), spotter)

    def _put(self, id_: str, name: str, origin: str, model: str, spotter: WakeWord) -> Entry:
        thresholds = {
            word: self._thresholds.get(word, value) for word, value in spotter.thresholds.items()
        }
        entry = Entry(id_, name, origin, model, thresholds, spotter.cards)
        self._entries[id_] = entry
        return entry

    def get(self, ids: object) -> list[Entry]:
        """Return the entries of these ids; without any, those chosen at the start."""
        if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
            raise StudioError("models must be a list of ids")
        with self._lock:
            unknown = [id_ for id_ in ids if id_ not in self._entries]
            if unknown:
                raise StudioError(f"there is no model {unknown[0][:80]!r}")
            return [self._entries[id_] for id_ in dict.fromkeys(ids or self.chosen)]

    def list(self) -> list[dict[str, Any]]:
        """Return all models as the page shows them."""
        with self._lock:
            return [entry.to_json() for entry in self._entries.values()]
