"""What a voice session can be doing, and what takes it from one thing to the next.

The table is the machine: the session looks its every step up here, and
`pywakeword.session.diagram` draws the picture in the docs from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """What the session is doing."""

    WAITING = "waiting"  # for a wake word
    VERIFYING = "verifying"  # a wake word is being verified
    LISTENING = "listening"  # to what is said after it
    THINKING = "thinking"  # the application works on an answer
    SPEAKING = "speaking"  # the answer is being played
    INTERRUPTED = "interrupted"  # the answer is held while a wake word is verified
    CLOSED = "closed"


class Trigger(Enum):
    """What happened."""

    WORD = "word"  # heard, and there is no verifier
    CANDIDATE = "candidate"  # a word was heard that the verifier has to judge
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UTTERANCE = "utterance"  # the person has finished
    NO_SPEECH = "no speech"
    RESUMED = "resumed"  # the person had not finished
    ANSWER = "answer"  # its first audio is there
    NO_ANSWER = "no answer"
    PLAYED = "played"  # all of the answer
    FAILED = "failed"
    END_OF_AUDIO = "end of audio"


class Action(Enum):
    """What the session does on the way."""

    VERIFY = "verify"
    LISTEN = "listen"
    ANSWER = "answer"
    STOP_ANSWER = "stop answer"
    HOLD = "hold"
    RELEASE = "release"
    STOP_ALL = "stop all"


@dataclass(frozen=True)
class Transition:
    """One row of the table."""

    state: State
    trigger: Trigger
    target: State
    actions: tuple[Action, ...] = ()


def _rows() -> tuple[Transition, ...]:
    s, t, a = State, Trigger, Action

    def row(state: State, trigger: Trigger, target: State, *actions: Action) -> Transition:
        return Transition(state, trigger, target, actions)

    rows = [
        row(s.WAITING, t.WORD, s.LISTENING, a.LISTEN),
        row(s.WAITING, t.CANDIDATE, s.VERIFYING, a.VERIFY),
        # The newest word counts; the verdict on an older one is not waited for.
        row(s.VERIFYING, t.CANDIDATE, s.VERIFYING, a.VERIFY),
        row(s.VERIFYING, t.ACCEPTED, s.LISTENING, a.LISTEN),
        row(s.VERIFYING, t.REJECTED, s.WAITING),
        # Said again: the device listens already, so nobody has to verify it.
        row(s.LISTENING, t.WORD, s.LISTENING, a.LISTEN),
        row(s.LISTENING, t.CANDIDATE, s.LISTENING, a.LISTEN),
        row(s.LISTENING, t.UTTERANCE, s.THINKING, a.ANSWER),
        row(s.LISTENING, t.NO_SPEECH, s.WAITING),
        row(s.THINKING, t.ANSWER, s.SPEAKING),
        row(s.THINKING, t.NO_ANSWER, s.WAITING),
        row(s.THINKING, t.FAILED, s.WAITING, a.STOP_ANSWER),
        row(s.THINKING, t.RESUMED, s.LISTENING, a.STOP_ANSWER),
        row(s.THINKING, t.WORD, s.LISTENING, a.STOP_ANSWER, a.LISTEN),
        row(s.THINKING, t.CANDIDATE, s.VERIFYING, a.STOP_ANSWER, a.VERIFY),
        row(s.SPEAKING, t.PLAYED, s.WAITING),
        row(s.SPEAKING, t.FAILED, s.WAITING, a.STOP_ANSWER),
        row(s.SPEAKING, t.WORD, s.LISTENING, a.STOP_ANSWER, a.LISTEN),
        row(s.SPEAKING, t.CANDIDATE, s.INTERRUPTED, a.HOLD, a.VERIFY),
        row(s.INTERRUPTED, t.CANDIDATE, s.INTERRUPTED, a.VERIFY),
        row(s.INTERRUPTED, t.ACCEPTED, s.LISTENING, a.STOP_ANSWER, a.LISTEN),
        row(s.INTERRUPTED, t.REJECTED, s.SPEAKING, a.RELEASE),
        row(s.INTERRUPTED, t.PLAYED, s.VERIFYING, a.RELEASE),
        row(s.INTERRUPTED, t.FAILED, s.VERIFYING, a.STOP_ANSWER),
    ]
    rows += [row(state, t.END_OF_AUDIO, s.CLOSED, a.STOP_ALL) for state in s if state != s.CLOSED]
    return tuple(rows)


TRANSITIONS = _rows()


class Machine:
    """The state, and the table's word on what follows."""

    def __init__(self) -> None:
        self._table = {(row.state, row.trigger): row for row in TRANSITIONS}
        self.state = State.WAITING

    def accepts(self, trigger: Trigger) -> bool:
        """Whether the trigger means anything in the present state."""
        return (self.state, trigger) in self._table

    def fire(self, trigger: Trigger) -> Transition:
        """Go to the next state and return the row; `ValueError` if there is none."""
        row = self._table.get((self.state, trigger))
        if row is None:
            raise ValueError(f"{trigger.value!r} cannot happen while {self.state.value}")
        self.state = row.target
        return row
