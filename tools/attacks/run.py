"""Attack the servers on this machine, and measure what good requests notice.

    python -m tools.attacks run [--seconds 6] [--ray | --url URL] [--json FILE]

Starts a server of its own for each attack, sends good requests meanwhile, and stops it with
SIGTERM while the attack's connections are still open. Prints the table of
docs/measured/attacks.md and ends with 1 if a goal is missed: 99 % of the good requests within
250 ms and none failed, at most 50 MB more memory, stopped within 5 s. With --ray, the verifier
is attacked whose replicas run on Ray Serve (extra `ray`); they are started once. With --url, a
verifier is attacked that runs already; memory and stop are not measured then.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pywakeword.models.bundled import bundled_dir
from tools.attacks import wire
from tools.attacks.catalogue import VERIFIER, WYOMING, Attack
from tools.attacks.probe import Probe, ask_verifier, ask_wyoming
from tools.verifier.faults import ServerProcess

_GOAL_P99_MS, _GOAL_MB, _GOAL_STOP_S = 250.0, 50.0, 5.0
_TOKEN = "attacked"


@dataclass
class Row:
    """What one attack did. None: not measured."""

    attack: str
    requests: int
    failed: int
    p50_ms: float
    p99_ms: float
    mb_before: float | None
    mb_peak: float | None
    stop_s: float | None

    def missed(self) -> bool:
        """Whether a goal is missed."""
        return (
            self.requests == 0
            or self.failed > 0
            or self.p99_ms > _GOAL_P99_MS
            or (self.mb_peak or 0) - (self.mb_before or 0) > _GOAL_MB
            or (self.stop_s or 0) > _GOAL_STOP_S
        )


def measure(
    name: str,
    attack: Attack,
    url: str,
    ask: Callable[[], None],
    process: subprocess.Popen[bytes] | None,
    seconds: float,
) -> Row:
    """Run one attack; a server that is given is stopped."""
    for _ in range(5):
        ask()  # warm up
    before = None if process is None else memory_mb(process.pid)
    probe = Probe(ask)
    with contextlib.ExitStack() as stack, _peak(process) as peaks:
        probe.start()
        attack(url, seconds, stack)
        probe.end()
        stopped_s = None if process is None else _stop(process)
    return Row(
        attack=name,
        requests=len(probe.seconds),
        failed=probe.n_failed,
        p50_ms=round(probe.quantile_ms(0.5), 1),
        p99_ms=round(probe.quantile_ms(0.99), 1),
        mb_before=before,
        mb_peak=max(peaks, default=None),
        stop_s=stopped_s,
    )


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return round(int(line.split()[1]) / 1024, 1)


@contextlib.contextmanager
def _peak(process: subprocess.Popen[bytes] | None) -> Iterator[list[float]]:
    found: list[float] = []
    ended = threading.Event()

    def watch(pid: int) -> None:
        while not ended.wait(0.05):
            with contextlib.suppress(OSError, ValueError):  # it has ended
                found.append(memory_mb(pid))

    watcher = threading.Thread(target=watch, args=(process.pid,)) if process else None
    if watcher is not None:
        watcher.start()
    try:
        yield found
    finally:
        ended.set()
        if watcher is not None:
            watcher.join()


def _stop(process: subprocess.Popen[bytes]) -> float:
    started_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(2 * _GOAL_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return round(time.monotonic() - started_s, 2)


def verifier_rows(seconds: float, *, ray: bool = False) -> Generator[Row, None, None]:
    """Attack the verifier's server: with every attack, and the streams without a token too."""
    models = bundled_dir("verifier")
    on, prefix = (("--ray",), "Ray: ") if ray else ((), "")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as tokens:
        tokens.write(_TOKEN)
        tokens.flush()
        secret = ("--token-file", tokens.name)
        cases: list[tuple[str, Attack, Sequence[str]]] = [
            *((name, attack, ()) for name, attack in VERIFIER.items()),
            ("deflated frames, no token", VERIFIER["deflated frames"], secret),
        ]
        for name, attack, options in cases:
            server = ServerProcess(models, (*on, *options))
            headers = {"Authorization": f"Bearer {_TOKEN}"} if options else {}
            ask = functools.partial(ask_verifier, server.url, headers)
            try:
                yield measure(prefix + name, attack, server.url, ask, server.process, seconds)
            finally:
                server.kill()


def ray_rows(seconds: float) -> Iterator[Row]:
    """Attack the verifier's server whose snippets are scored on Ray Serve."""
    import ray

    from pywakeword.verifier.server.ray_app import ray_handle

    with ray_handle({"models": str(bundled_dir("verifier")), "replicas": 1}):
        os.environ["RAY_ADDRESS"] = ray.get_runtime_context().gcs_address  # of the servers
        try:
            yield from verifier_rows(seconds, ray=True)
        finally:
            del os.environ["RAY_ADDRESS"]


def wyoming_rows(seconds: float) -> Iterator[Row]:
    """Attack the wake-word service."""
    for name, attack in WYOMING.items():
        with _wyoming_service() as (url, process):
            ask = functools.partial(ask_wyoming, url)
            yield measure(f"Wyoming: {name}", attack, url, ask, process, seconds)


@contextlib.contextmanager
def _wyoming_service() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "pywakeword", "wyoming", "serve", "--model", "computer"]
    process = subprocess.Popen(
        [*command, "--uri", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), wire.connect(url, 1):
                break
            time.sleep(0.1)
        yield url, process
    finally:
        process.kill()
        process.wait()


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table of Markdown."""
    lines = [
        "| attack | good requests | failed | median, ms | 99 %, ms | memory, MB | stopped in, s |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        memory = "" if row.mb_before is None else f"{row.mb_before:.0f} to {row.mb_peak:.0f}"
        lines.append(
            f"| {row.attack} | {row.requests} | {row.failed} | {row.p50_ms:.0f} | "
            f"{row.p99_ms:.0f} | {memory} | {'' if row.stop_s is None else row.stop_s} |"
        )
    return "\n".join(lines)


def main(argv: Sequence[str]) -> int:
    """Run all attacks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each attack")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--ray", action="store_true", help="attack the verifier on Ray Serve")
    where.add_argument("--url", help="attack this verifier, which runs already")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows here")
    args = parser.parse_args(argv)
    rows = []
    if args.url:
        ask = functools.partial(ask_verifier, args.url, {})
        for name, attack in VERIFIER.items():
            rows.append(measure(name, attack, args.url, ask, None, args.seconds))
    elif args.ray:
        rows = list(ray_rows(args.seconds))
    else:
        rows = [*verifier_rows(args.seconds), *wyoming_rows(args.seconds)]
    print(table(rows))
    if args.json:
        args.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", "utf-8")
    missed = [row.attack for row in rows if row.missed()]
    if missed:
        print(f"goals missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0
