"""Sessions and answers of listeners, in one file of JSON lines.

The file holds the whole state, so a restarted server continues. Each line is flushed to disk before
the listener sees the next trial.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.listening_test.study import Item, Study

LETTERS = "ABCDEFGHIJKL"


class AnswerError(ValueError):
    """An answer does not fit its trial, or was sent twice."""


@dataclass
class Session:
    """A listener's order of trials and of the stimuli in each; `done` counts answers."""

    id: str
    listener: str
    trials: list[tuple[str, list[str]]]
    done: int = 0
    answers: list[dict[str, Any]] = field(default_factory=list)


class Store:
    """Reads and extends the file of answers. Thread-safe."""

    def __init__(self, study: Study, path: Path) -> None:
        self._items = {item.name: item for item in study.items}
        self._path = path
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        if path.exists():
            self._sessions = {session.id: session for session in read_sessions(path)}

    def begin(self, listener: str) -> Session:
        """Start a session: training trials first, then the others, both shuffled."""
        listener = listener.strip()
        if not 0 < len(listener) <= 40 or not listener.isprintable():
            raise AnswerError("the listener's code must have 1 to 40 characters")
        seed = secrets.randbits(53)
        rng = random.Random(seed)
        trials = []
        for training in (True, False):
            items = [item for item in self._items.values() if item.training is training]
            rng.shuffle(items)
            trials += [
                (item.name, rng.sample(sorted(item.stimuli), len(item.stimuli))) for item in items
            ]
        with self._lock:
            if any(session.listener == listener for session in self._sessions.values()):
                raise AnswerError(f"the code {listener!r} has been used already")
            session = Session(secrets.token_urlsafe(12), listener, trials)
            self._append(
                {
                    "session": session.id,
                    "listener": listener,
                    "seed": seed,
                    "trials": trials,
                    "time": round(time.time(), 1),
                }
            )
            self._sessions[session.id] = session
        return session

    def session(self, session_id: str) -> Session:
        """Return a session; KeyError if it does not exist."""
        with self._lock:
            return self._sessions[session_id]

    def item(self, name: str) -> Item:
        """Return an item of the study."""
        return self._items[name]

    def answer(self, session_id: str, trial: int, ratings: Any, plays: Any) -> Session:
        """Store the ratings (by letter) of a session's next trial.

        Raises
        ------
        AnswerError
            If it is not the next trial, or a rating is missing or outside 0 to 100.
        """
        with self._lock:
            session = self._sessions[session_id]
            if trial != session.done or trial >= len(session.trials):
                raise AnswerError(f"trial {trial + 1} is not the one that is to be answered")
            name, order = session.trials[trial]
            letters = dict(zip(LETTERS, order))
            record = {
                "session": session.id,
                "trial": trial,
                "item": name,
                "training": self._items[name].training,
                "ratings": _by_condition(ratings, letters, 100),
                "plays": _by_condition(plays, letters, 1_000_000),
                "time": round(time.time(), 1),
            }
            unheard = [letter for letter in letters if not plays[letter]]
            if unheard:
                raise AnswerError(f"{', '.join(unheard)} was rated but never played")
            self._append(record)
            session.answers.append(record)
            session.done += 1
        return session

    def _append(self, record: Mapping[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())


def read_sessions(path: Path) -> list[Session]:
    """Read a file of answers.

    Raises
    ------
    AnswerError
        If a line is damaged.
    """
    sessions: dict[str, Session] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
            if "trials" in record:
                trials = [(name, list(order)) for name, order in record["trials"]]
                sessions[record["session"]] = Session(record["session"], record["listener"], trials)
            else:
                session = sessions[record["session"]]
                session.answers.append(record)
                session.done += 1
        except (ValueError, KeyError, TypeError) as error:
            raise AnswerError(f"{path}, line {number}: damaged ({error!r})") from None
    return list(sessions.values())


def _by_condition(values: Any, letters: Mapping[str, str], highest: int) -> dict[str, int]:
    if not isinstance(values, dict) or set(values) != set(letters):
        raise AnswerError(f"expected one value for each of {', '.join(letters)}")
    for letter, value in values.items():
        if type(value) is not int or not 0 <= value <= highest:
            raise AnswerError(f"{letter}: {value!r} is not a whole number from 0 to {highest}")
    return {letters[letter]: value for letter, value in values.items()}
