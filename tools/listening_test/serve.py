"""Serve the page of a listening test until interrupted.

python -m tools.listening_test serve --study study.json --answers answers.jsonl
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.listening_test.server import make_server
from tools.listening_test.store import AnswerError, Store
from tools.listening_test.study import StudyError, read_study


def main(argv: Sequence[str] | None = None) -> int:
    """Serve; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--study", type=Path, required=True, help="study.json")
    parser.add_argument("--answers", type=Path, required=True, help="file to append answers to")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8350)
    args = parser.parse_args(argv)
    try:
        study = read_study(args.study)
        with make_server(study, Store(study, args.answers), args.host, args.port) as server:
            print(f"http://{args.host}:{server.server_address[1]}/", flush=True)
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                return 0
    except (StudyError, AnswerError, OSError) as error:
        print(f"listening_test: {error}", file=sys.stderr)
        return 2
    return 0
