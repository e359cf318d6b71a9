"""Requests, endpoints and session events as JSON records and as lines of text."""

from __future__ import annotations

from typing import Any

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.endpointing import Request, Utterance
from pywakeword.events import EndpointEvent
from pywakeword.session import (
    AnswerText,
    AnswerTimed,
    Asked,
    Attended,
    Failed,
    LookChanged,
    MannerChosen,
    PlaybackChanged,
    SessionEvent,
    StateChanged,
    Transcribed,
    UtteranceHeard,
    VerdictGiven,
    WordHeard,
)

Record = dict[str, Any]


def request_record(request: Request) -> Record:
    """Return a request as a JSON record; `start` and `end` are null if nothing was said."""
    outcome = request.outcome
    said = outcome if isinstance(outcome, Utterance) else None
    return {
        "utterance_after": request.detection.keyword,
        "start": None if said is None else seconds(said.start_sample),
        "end": None if said is None else seconds(said.end_sample),
        "decided": seconds(outcome.decided_sample),
        "reason": outcome.reason,
    }


def request_text(request: Request) -> str:
    """Return a request as one line of text."""
    record = request_record(request)
    if record["start"] is None:
        return "nothing after {utterance_after}  decided {decided:.2f} s  {reason}".format(**record)
    return (
        "utterance after {utterance_after}  {start:.2f} s to {end:.2f} s"
        "  decided {decided:.2f} s  {reason}"
    ).format(**record)


def utterance_record(utterance: Utterance) -> Record:
    """Return an utterance as a JSON record."""
    return {
        "start": seconds(utterance.start_sample),
        "end": seconds(utterance.end_sample),
        "decided": seconds(utterance.decided_sample),
        "reason": utterance.reason,
    }


def utterance_text(record: Record) -> str:
    """Return the record of an utterance as one line of text."""
    line = "{start:.2f} s to {end:.2f} s  decided {decided:.2f} s  {reason}".format(**record)
    return f"{line}  {record['text']!r}" if "text" in record else line


def endpoint_record(event: EndpointEvent) -> Record:
    """Return an event of an endpointer as a JSON record."""
    return {
        "event": type(event).__name__,
        "at": seconds(event.sample),
        "decided": seconds(event.decided_sample),
        "reason": event.reason,
    }


def endpoint_text(record: Record) -> str:
    """Return the record of an endpointer's event as one line of text."""
    return "{event}  {at:.2f} s  decided {decided:.2f} s  {reason}".format(**record)


def session_record(event: SessionEvent) -> Record:
    """Return an event of a session as a JSON record."""
    return {"at": seconds(event.sample), "event": type(event).__name__, **_details(event)}


def session_text(record: Record) -> str:
    """Return the record of a session's event as one line of text."""
    details = "  ".join(f"{key} {value}" for key, value in list(record.items())[2:])
    return f"{record['at']:9.3f} s  {record['event']}  {details}"


def seconds(sample: int) -> float:
    """Return the time of a sample in seconds."""
    return sample / SAMPLE_RATE_HZ


def _details(event: SessionEvent) -> Record:
    if isinstance(event, StateChanged):
        return {"trigger": event.trigger.value, "state": event.after.value}
    if isinstance(event, PlaybackChanged):
        return {"playback": event.playback}
    if isinstance(event, WordHeard):
        found = event.detection
        return {"keyword": found.keyword, "score": round(found.score, 4)}
    if isinstance(event, LookChanged):
        return {"looking": event.looking, "probability": round(event.probability, 3)}
    if isinstance(event, Attended):
        attention = event.attention
        return {
            "probability": round(attention.probability, 3),
            "yaw": round(attention.yaw, 1),
            "start": seconds(attention.start_sample),
        }
    if isinstance(event, VerdictGiven):
        return {"keyword": event.detection.keyword, "decision": event.decision}
    if isinstance(event, UtteranceHeard):
        request = event.utterance
        return {
            "start": seconds(request.start_sample),
            "end": seconds(request.end_sample),
            "reason": request.reason,
        }
    if isinstance(event, AnswerTimed):
        parts = {name: round(seconds, 3) for name, seconds in event.timing.parts.items()}
        return {"first_audio": round(event.timing.first_audio_s, 3), **parts}
    if isinstance(event, (Transcribed, AnswerText)):
        return {"text": event.text}
    if isinstance(event, MannerChosen):
        manner = event.manner
        return {
            "rate": manner.prosody.rate,
            "pitch": manner.prosody.pitch,
            "volume": manner.prosody.volume,
            "tag": manner.tag,
            "because": "; ".join(manner.explanation),
        }
    if isinstance(event, Asked):
        return {"question": event.repair.question, "missing": event.repair.missing_role}
    if isinstance(event, Failed):
        return {"stage": event.stage, "error": str(event.error)}
    return {}
