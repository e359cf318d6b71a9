"""The states of a voice session, and the table of transitions between them.

The session takes every step from this table, and `pywakeword.session.diagram` draws the
picture in the docs from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """What the session is doing."""

    WAITING = "waiting"  # for a wake word
    VERIFYING = "verifying"  # a wake word is being verified
    LISTENING = "listening"  # to what is said after it
    THINKING = "thinking"  # speech to text and the application are working
    ASKING = "asking"  # for the rest of an incomplete request
    SPEAKING = "speaking"  # the answer is being played
    INTERRUPTED = "interrupted"  # the answer is paused while a wake word is verified
    CLOSED = "closed"


class Trigger(Enum):
    """What happened."""

    LOOK = "look"  # at the device, by somebody who talks
    WORD = "word"  # detected, without a verifier
    CANDIDATE = "candidate"  # a wake word that the verifier has to judge
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UTTERANCE = "utterance"  # the person has finished
    NO_SPEECH = "no speech"
    RESUMED = "resumed"  # the person had not finished
    ANSWER = "answer"  # its first audio has arrived
    NO_ANSWER = "no answer"
    QUESTION = "question"  # the request is incomplete
    PLAYED = "played"  # the whole answer or question
    FAILED = "failed"
    END_OF_AUDIO = "end of audio"


class Action(Enum):
    """What the session does during a transition."""

    VERIFY = "verify"
    LISTEN = "listen"
    LISTEN_AGAIN = "listen again"
    ANSWER = "answer"
    STOP_ANSWER = "stop answer"
    HOLD = "hold"
    RELEASE = "release"
    STOP_ALL = "stop all"


@dataclass(frozen=True)
class Transition:
    """One row of the table: state and trigger give the next state and the actions."""

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
        row(s.WAITING, t.LOOK, s.LISTENING, a.LISTEN),
        row(s.WAITING, t.CANDIDATE, s.VERIFYING, a.VERIFY),
        # The newest wake word counts; the verdict on an older one is dropped.
        row(s.VERIFYING, t.CANDIDATE, s.VERIFYING, a.VERIFY),
        row(s.VERIFYING, t.ACCEPTED, s.LISTENING, a.LISTEN),
        row(s.VERIFYING, t.REJECTED, s.WAITING),
        # A repeated wake word needs no verifier: the device is already listening.
        row(s.LISTENING, t.WORD, s.LISTENING, a.LISTEN),
        row(s.LISTENING, t.CANDIDATE, s.LISTENING, a.LISTEN),
        row(s.LISTENING, t.UTTERANCE, s.THINKING, a.ANSWER),
        row(s.LISTENING, t.NO_SPEECH, s.WAITING),
        row(s.THINKING, t.ANSWER, s.SPEAKING),
        row(s.THINKING, t.NO_ANSWER, s.WAITING),
        row(s.THINKING, t.QUESTION, s.ASKING),
        row(s.THINKING, t.FAILED, s.WAITING, a.STOP_ANSWER),
        row(s.THINKING, t.RESUMED, s.LISTENING, a.STOP_ANSWER),
        row(s.THINKING, t.WORD, s.LISTENING, a.STOP_ANSWER, a.LISTEN),
        row(s.THINKING, t.CANDIDATE, s.VERIFYING, a.STOP_ANSWER, a.VERIFY),
        row(s.ASKING, t.PLAYED, s.LISTENING, a.LISTEN_AGAIN),
        row(s.ASKING, t.FAILED, s.WAITING, a.STOP_ANSWER),
        row(s.ASKING, t.WORD, s.LISTENING, a.STOP_ANSWER, a.LISTEN),
        row(s.ASKING, t.CANDIDATE, s.VERIFYING, a.STOP_ANSWER, a.VERIFY),
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
    """The current state, changed only as the table allows."""

    def __init__(self) -> None:
        self._table = {(row.state, row.trigger): row for row in TRANSITIONS}
        self.state = State.WAITING

    def accepts(self, trigger: Trigger) -> bool:
        """Whether the table has a row for the trigger in the current state."""
        return (self.state, trigger) in self._table

    def fire(self, trigger: Trigger) -> Transition:
        """Go to the next state and return the row; `ValueError` without a row."""
        row = self._table.get((self.state, trigger))
        if row is None:
            raise ValueError(f"{trigger.value!r} cannot happen while {self.state.value}")
        self.state = row.target
        return row
