"""Serve a listening test, or compute what its listeners said.

python -m tools.listening_test serve --study study.json --answers answers.jsonl
python -m tools.listening_test results --answers answers.jsonl [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.listening_test.analysis import NoAnswersError, analyse, table
from tools.listening_test.server import make_server
from tools.listening_test.store import AnswerError, Store, read_sessions
from tools.listening_test.study import StudyError, read_study


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the page until interrupted")
    serve.add_argument("--study", type=Path, required=True, help="study.json")
    serve.add_argument("--answers", type=Path, required=True, help="file to append answers to")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8350)
    results = commands.add_parser("results", help="post-screening, means and intervals")
    results.add_argument("--answers", type=Path, required=True)
    results.add_argument("--json", action="store_true", help="one JSON object, nothing left out")
    args = parser.parse_args(argv)
    try:
        return _serve(args) if args.command == "serve" else _results(args)
    except (StudyError, AnswerError, NoAnswersError, OSError) as error:
        print(f"listening_test: {error}", file=sys.stderr)
        return 2


def _serve(args: argparse.Namespace) -> int:
    study = read_study(args.study)
    with make_server(study, Store(study, args.answers), args.host, args.port) as server:
        host, port = server.server_address[:2]
        print(f"http://{host}:{port}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


def _results(args: argparse.Namespace) -> int:
    results = analyse(read_sessions(args.answers))
    print(json.dumps(results.document(), indent=1) if args.json else table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
