"""Compute the results of a listening test: post-screening, means and intervals.

python -m tools.listening_test results --answers answers.jsonl [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.listening_test.analysis import NoAnswersError, analyse, table
from tools.listening_test.store import AnswerError, read_sessions


def main(argv: Sequence[str] | None = None) -> int:
    """Print the results; 2 on bad input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="print all results as a JSON object")
    args = parser.parse_args(argv)
    try:
        results = analyse(read_sessions(args.answers))
    except (AnswerError, NoAnswersError, OSError) as error:
        print(f"listening_test: {error}", file=sys.stderr)
        return 2
    print(json.dumps(results.document(), indent=1) if args.json else table(results))
    return 0
