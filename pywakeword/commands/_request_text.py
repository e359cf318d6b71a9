"""How commands print what was said after a wake word."""

from __future__ import annotations

from typing import Any

from pywakeword.audio.pcm import SAMPLE_RATE_HZ
from pywakeword.endpointing import Request, Utterance


def request_record(request: Request) -> dict[str, Any]:
    """Return a request as JSON has it; `start` and `end` are null if nothing was said."""
    outcome = request.outcome
    return {
        "utterance_after": request.detection.keyword,
        "start": outcome.start_sample / SAMPLE_RATE_HZ if isinstance(outcome, Utterance) else None,
        "end": outcome.end_sample / SAMPLE_RATE_HZ if isinstance(outcome, Utterance) else None,
        "decided": outcome.decided_sample / SAMPLE_RATE_HZ,
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
