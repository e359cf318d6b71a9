"""Break a verifier in every way we know, and count what becomes of the candidates.

    python -m tools.verifier faults [--models DIR] [--candidates 20] [--json FILE]

Runs a real server as a process (killed, stopped with SIGSTOP), raw sockets that answer
wrongly or not at all, an expired certificate and a name that does not exist. Prints the table
of docs/measured/verifier.md: every candidate must end in one decision within the deadline, and the
first probe after the recovery must close the circuit breaker.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import pywakeword as pww
from pywakeword.verifier import CircuitBreaker, Verifier, VerifierPolicy, VerifierResult
from tools.verifier import fake_servers as fakes
from tools.verifier.stand_in import write_stand_in

_INTERVAL_S = 0.05
_OPEN_S = 0.4
_POLICY = VerifierPolicy(offline="raise_threshold")


@dataclass
class Row:
    """What one fault did. `probes` is None where nothing can recover."""

    fault: str
    candidates: int
    verdicts: int
    policy: int
    lost: int
    reasons: dict[str, int]
    slowest_ms: int
    probes: int | None


def candidate(score: float = 0.7) -> pww.Detection:
    """Make a candidate of noise: what it holds doesn't matter here."""
    noise = np.random.default_rng(1).normal(0, 500, 20_000).astype(np.int16)
    return pww.Detection(
        keyword="computer",
        score=score,
        start_sample=8000,
        end_sample=16_000,
        detected_sample=20_000,
        snippet=noise,
        pre_roll_samples=8000,
        device_state=pww.DeviceState(),
    )


def measure(
    fault: str,
    url: str,
    n: int,
    *,
    halfway: Callable[[], None] | None = None,
    recover: Callable[[], None] | None = None,
    ca_file: str | None = None,
) -> Row:
    """Submit `n` candidates at 20 a second; `halfway` breaks, `recover` mends the server."""
    breaker = CircuitBreaker(failures=5, window_s=30, open_s=_OPEN_S)
    futures: list[Future[VerifierResult]] = []
    verifier = Verifier(
        url,
        thresholds={"computer": 0.5},
        policy=_POLICY,
        breaker=breaker,
        ca_file=ca_file,
        max_pending=32,
    )
    with verifier:
        for i in range(n):
            if halfway is not None and i == n // 2:
                halfway()
            futures.append(verifier.submit(candidate()))
            time.sleep(_INTERVAL_S)
        done, lost = wait(futures, _POLICY.deadline_s + 1)
        decisions = [future.result() for future in done]
        probes = None if recover is None else _probes(verifier, breaker, recover)
    return Row(
        fault=fault,
        candidates=n,
        verdicts=sum(d.source == "verifier" for d in decisions),
        policy=sum(d.source == "policy" for d in decisions),
        lost=len(lost),
        reasons=dict(Counter(d.reason for d in decisions)),
        slowest_ms=round(1000 * max(d.latency_s for d in decisions)),
        probes=probes,
    )


def _probes(verifier: Verifier, breaker: CircuitBreaker, recover: Callable[[], None]) -> int:
    """Mend the server and return how many candidates it takes until one is verified."""
    recover()
    time.sleep(1.2 * _OPEN_S)
    for n in range(1, 6):
        if verifier.verify(candidate()).source == "verifier" and breaker.state == "closed":
            return n
        time.sleep(1.2 * _OPEN_S)
    return 99


class ServerProcess:
    """`pywakeword verifier serve` as a process."""

    def __init__(self, models: Path, options: Sequence[str]) -> None:
        self._models = models.resolve()
        self._options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            sys.executable,
            "-m",
            "pywakeword",
            "verifier",
            "serve",
            "--port",
            str(self._port),
            "--models",
            str(self._models),
            *self._options,
        ]
        # Outside the repository: in it, Python would find the source tree, which holds no
        # extension, before the package that is installed.
        package = str(Path(pww.__file__).parents[1])
        path = os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])
        with tempfile.TemporaryFile() as errors:
            self.process = subprocess.Popen(
                command,
                cwd=tempfile.gettempdir(),
                env={**os.environ, "PYTHONPATH": path},
                stderr=errors,
            )
            until_s = time.monotonic() + 120
            while self.process.poll() is None and time.monotonic() < until_s:
                try:
                    urllib.request.urlopen(f"{self.url}/healthz", timeout=1).close()
                    return
                except (urllib.error.URLError, OSError):
                    time.sleep(0.1)
            self.kill()
            errors.seek(0)
            said = errors.read().decode(errors="replace")
        raise RuntimeError(f"the server does not start: {said[-2000:]}")

    def kill(self) -> None:
        """End it at once, as the kernel would when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Freeze it: its port stays open and nothing answers."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Undo `stop`."""
        os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def start_server(models: Path, *options: str) -> Iterator[ServerProcess]:
    """Run a server with these options of the command line, and end it in any case."""
    server = ServerProcess(models, options)
    try:
        yield server
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.process.terminate()
        try:
            server.process.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def process_faults(models: Path, n: int) -> Iterator[Row]:
    """Faults of a server that runs as a process of its own."""
    with start_server(models) as server:
        yield measure("none", server.url, n, recover=lambda: None)
        yield measure("killed", server.url, n, halfway=server.kill, recover=server.start)
        yield measure("SIGSTOP", server.url, n, halfway=server.stop, recover=server.resume)


_SOCKET_FAULTS: dict[str, fakes.Handler] = {
    "never answers": fakes.silent,
    "answers byte by byte": fakes.dribbling,
    "garbage": fakes.garbage,
    "half of a reply, then closed": fakes.half_closed,
    "closed without a reply": fakes.dropped,
    "reply without end": fakes.endless,
    "503": fakes.answer("503 Service Unavailable"),
    "500": fakes.answer("500 Internal Server Error"),
}


def socket_faults(n: int) -> Iterator[Row]:
    """Faults of what is sent back; the recovery is a verifier on the same port."""
    for name, handler in _SOCKET_FAULTS.items():
        current = [handler]

        def recover(current: list[fakes.Handler] = current) -> None:
            current[0] = fakes.verdict

        def serve(connection: socket.socket, current: list[fakes.Handler] = current) -> None:
            current[0](connection)

        with fakes.listening(serve) as url:
            yield measure(name, url, n, recover=recover)


def network_faults(folder: Path, n: int) -> Iterator[Row]:
    """Faults before a request can be sent."""
    yield measure("nobody listens", "http://127.0.0.1:1", n)
    yield measure("name does not exist", "https://verifier.invalid", n)
    expired = fakes.certificate(folder, days=(-9, -1))
    with fakes.listening(fakes.verdict, fakes.tls(expired)) as url:
        yield measure("expired certificate", url, n, ca_file=expired[0])


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a candidate was lost or a breaker did not close."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=Path, help="default: a stand-in with random weights")
    parser.add_argument("--candidates", type=int, default=20, help="for each fault")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    logging.getLogger("pywakeword.verifier").setLevel(logging.ERROR)  # the table says it all
    rows = []
    print("| fault | candidates | verdicts | by policy | lost | slowest | probes | reasons |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        models = args.models
        if models is None:
            models = write_stand_in(Path(name) / "models", "computer").parent
        for faults in (
            process_faults(models, args.candidates),
            socket_faults(args.candidates),
            network_faults(Path(name), args.candidates),
        ):
            for row in faults:
                rows.append(row)
                print(_line(row), flush=True)
    lost = sum(row.lost for row in rows)
    print(f"{sum(row.candidates for row in rows)} candidates, {lost} lost")
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")
    return int(lost > 0 or any(row.probes not in (None, 1) for row in rows))


def _line(row: Row) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in row.reasons.items())
    probes = "-" if row.probes is None else row.probes
    return (
        f"| {row.fault} | {row.candidates} | {row.verdicts} | {row.policy} | {row.lost} "
        f"| {row.slowest_ms} ms | {probes} | {reasons} |"
    )
