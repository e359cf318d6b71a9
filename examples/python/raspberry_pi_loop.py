"""Runs a command or calls a URL each time a wake word is detected.

    python raspberry_pi_loop.py --model computer --command 'aplay yes.wav'
    python raspberry_pi_loop.py --model computer --url http://localhost:8123/api/webhook/wake

The command finds the details in PYWAKEWORD_KEYWORD, PYWAKEWORD_SCORE,
PYWAKEWORD_START_S and PYWAKEWORD_END_S; the URL gets them as a JSON POST. A
detection that falls while the previous action still runs is reported and skipped.
docs/use/raspberry_pi.md says how to install it as a service.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

import pywakeword as pww

TIMEOUT_S = 30


def main(argv: Sequence[str] | None = None) -> int:
    """Listen until the microphone is lost or Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", action="append", required=True, metavar="NAME|PATH")
    parser.add_argument("--fa-per-hour", type=float, metavar="X")
    parser.add_argument("--device", help="name or part of the name of the microphone")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--command", type=shlex.split, help="run this, without a shell")
    action.add_argument("--url", help="POST the details as JSON to this")
    args = parser.parse_args(argv)

    def act(details: dict[str, Any]) -> None:
        if args.command:
            run_command(args.command, details)
        else:
            call_url(args.url, details)

    try:
        spotter = pww.WakeWord(args.model, false_accepts_per_hour=args.fa_per_hour)
        with pww.MicrophoneSource(args.device) as microphone:
            listen(microphone, spotter, act)
    except pww.PyWakewordError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def listen(
    source: pww.AudioSource, spotter: pww.WakeWord, act: Callable[[dict[str, Any]], None]
) -> None:
    """Call `act` in its own thread for each detection, until the source ends."""
    worker: threading.Thread | None = None
    overruns = 0
    for block in source:
        for detection in spotter.process(block):
            details = describe(detection, spotter.sample_rate)
            busy = worker is not None and worker.is_alive()
            print(json.dumps(details), "(skipped: still busy)" if busy else "", flush=True)
            if not busy:
                worker = threading.Thread(target=report_failure, args=(act, details))
                worker.start()
        lost = getattr(source, "overruns", 0)
        if lost > overruns:
            overruns = lost
            print(f"audio was lost: {overruns} overruns so far", file=sys.stderr, flush=True)
    if worker is not None:
        worker.join()


def describe(detection: pww.Detection, sample_rate: int) -> dict[str, Any]:
    """Return the details of a detection for the action."""
    return {
        "keyword": detection.keyword,
        "score": round(detection.score, 4),
        "start_s": detection.start_sample / sample_rate,
        "end_s": detection.end_sample / sample_rate,
    }


def report_failure(act: Callable[[dict[str, Any]], None], details: dict[str, Any]) -> None:
    """Run the action; its failure must not end the loop."""
    try:
        act(details)
    except (OSError, subprocess.SubprocessError) as error:  # URLError is an OSError
        print(f"the action failed: {error}", file=sys.stderr, flush=True)


def run_command(command: Sequence[str], details: dict[str, Any]) -> None:
    """Run a command with the details in its environment."""
    variables = {f"PYWAKEWORD_{name.upper()}": str(value) for name, value in details.items()}
    subprocess.run(command, env={**os.environ, **variables}, timeout=TIMEOUT_S, check=True)


def call_url(url: str, details: dict[str, Any]) -> None:
    """POST the details as JSON."""
    request = urllib.request.Request(
        url, json.dumps(details).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=TIMEOUT_S).close()


if __name__ == "__main__":
    sys.exit(main())
