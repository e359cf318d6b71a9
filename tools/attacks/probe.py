"""Good requests while an attack goes on: how long they take, and how many fail."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable

from tools.attacks import wire

_EVERY_S = 0.05
_DEADLINE_S = 1.0  # of the client


class Probe(threading.Thread):
    """Calls `ask` every 50 ms until `end`; one that raises or takes over 1 s has failed."""

    def __init__(self, ask: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self.n_failed = 0
        self._ask = ask
        self._ended = threading.Event()

    def run(self) -> None:
        """Ask until `end`."""
        while not self._ended.wait(_EVERY_S):
            started_s = time.monotonic()
            try:
                self._ask()
            except (OSError, ValueError):
                self.n_failed += 1
                continue
            self.seconds.append(time.monotonic() - started_s)
            self.n_failed += self.seconds[-1] > _DEADLINE_S

    def end(self) -> None:
        """Stop, and wait for the last answer."""
        self._ended.set()
        self.join()

    def quantile_ms(self, part: float) -> float:
        """Return the time within which this part of the requests was answered."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 1e9


def metadata() -> bytes:
    """Return the metadata of a request with a new id."""
    return json.dumps(
        {
            "request_id": uuid.uuid4().hex,
            "keyword": "computer",
            "start_sample": 8000,
            "end_sample": 16_000,
            "pre_roll_samples": 8000,
            "detector": "attack",
            "score": 0.7,
            "threshold": 0.5,
            "device_state": {"device_type": "speaker", "playback": "none", "volume": None},
            "format": {"encoding": "s16le", "sample_rate_hz": 16_000, "channels": 1},
        }
    ).encode()


def ask_verifier(url: str, headers: dict[str, str]) -> None:
    """Send a good request; `OSError` unless the server answers with a verdict."""
    part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % (b"metadata", metadata()) + part % (b"audio", bytes(40_000)) + b"--b--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    request = urllib.request.Request(f"{url}/v1/verify", body, {**kind, **headers})
    with urllib.request.urlopen(request, timeout=2 * _DEADLINE_S) as reply:
        json.load(reply)


def ask_wyoming(url: str) -> None:
    """Ask the wake-word service what it offers."""
    with wire.connect(url, 2 * _DEADLINE_S) as connection:
        connection.sendall(b'{"type": "describe"}\n')
        if b'"info"' not in connection.recv(4096):
            raise OSError("no info")
