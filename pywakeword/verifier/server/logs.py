"""Logs one JSON object per line for each request; never any audio."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

logger = logging.getLogger("pywakeword.verifier.server")


def log(event: str, **fields: Any) -> None:
    """Log an event with its fields."""
    logger.info(event, extra={"fields": fields})


class JsonFormatter(logging.Formatter):
    """Formats records of `log`, and of other libraries, as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logging() -> None:
    """Send the logs of this server and of uvicorn to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name in ("pywakeword.verifier", "uvicorn"):
        chosen = logging.getLogger(name)
        chosen.handlers[:] = [handler]
        chosen.setLevel(logging.INFO)
        chosen.propagate = False
    # It warns about every malformed body, which the reply's code already shows.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
