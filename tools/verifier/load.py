"""Load a verifier and measure throughput, latency, batches and memory.

    python -m tools.verifier load [--models DIR] [--ray 1 --ray 2] [--json FILE]

Starts `pywakeword verifier serve` as a process on this machine, once alone and once for each
`--ray N` with N replicas, and posts snippets of 1.96 s from 1, 8, 32 and 128 clients that each
wait for their reply before they ask again. Clients run in this process and share the
machine with the server. Without --models, a stand-in of the CRA's shape is served.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from pywakeword.verifier.contract import Metadata
from tools.verifier.faults import start_server
from tools.verifier.stand_in import n_parameters, write_stand_in

CONCURRENCIES = (1, 8, 32, 128)
_SNIPPET_SAMPLES = 31_440


def main(argv: Sequence[str] | None = None) -> int:
    """Print one row for each server and concurrency."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", type=Path)
    parser.add_argument("--keyword", default="computer")
    parser.add_argument("--ray", type=int, action="append", default=[], metavar="REPLICAS")
    parser.add_argument("--concurrency", type=int, action="append")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        models = args.models or write_stand_in(Path(name), args.keyword).parent
        parameters = n_parameters(models / f"{args.keyword}.onnx")
        print(f"{parameters} parameters, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
        print("| server | clients | requests/s | p50 ms | p99 ms | mean batch | CPU ms | RSS MB |")
        print("|---|---|---|---|---|---|---|---|")
        for replicas in (0, *args.ray):
            options = ["--ray", "--replicas", str(replicas)] if replicas else []
            with start_server(models, *options) as server:
                for clients in args.concurrency or CONCURRENCIES:
                    row = asyncio.run(
                        load(server.url, server.process.pid, args.keyword, clients, args.seconds)
                    )
                    row["server"] = f"Ray, {replicas}" if replicas else "one process"
                    rows.append(row)
                    print(_line(row), flush=True)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0


async def load(url: str, pid: int, keyword: str, clients: int, seconds: float) -> dict[str, Any]:
    """Keep `clients` requests under way for some seconds, after a second of warming up."""
    await _drive(url, keyword, clients, 1.0)
    before, cpu_before = _batches(url), _usage(pid)[0]
    started_s = time.monotonic()
    latencies, failures = await _drive(url, keyword, clients, seconds)
    elapsed_s = time.monotonic() - started_s
    after, (cpu_after, rss) = _batches(url), _usage(pid)
    n_batches = after[1] - before[1]
    return {
        "clients": clients,
        "per_second": len(latencies) / elapsed_s,
        "p50_ms": 1000 * float(np.percentile(latencies, 50)),
        "p99_ms": 1000 * float(np.percentile(latencies, 99)),
        # With several replicas, one of them answers, with its own metrics.
        "mean_batch": (after[0] - before[0]) / n_batches if n_batches > 0 else float("nan"),
        "cpu_ms": 1000 * (cpu_after - cpu_before) / len(latencies),
        "rss_mb": rss / 1e6,
        "requests": len(latencies),
        "failures": failures,
        "machine_load": os.getloadavg()[0],
    }


async def _drive(url: str, keyword: str, clients: int, seconds: float) -> tuple[list[float], int]:
    """Speak HTTP by hand: a full client would cost more than the server that is measured."""
    parts = urlsplit(url)
    until_s = time.monotonic() + seconds
    latencies: list[float] = []
    failures = 0

    async def ask(number: int) -> None:
        nonlocal failures
        rng = np.random.default_rng(number)
        audio = rng.normal(0, 1000, _SNIPPET_SAMPLES).astype("<i2").tobytes()
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        count = 0
        while time.monotonic() < until_s:
            count += 1
            request = _request(keyword, f"{number}-{count}-{time.monotonic_ns()}", audio)
            started_s = time.monotonic()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            assert length is not None
            await reader.readexactly(int(length[1]))
            if head.startswith(b"HTTP/1.1 200 "):
                latencies.append(time.monotonic() - started_s)
            else:
                failures += 1
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(ask(i) for i in range(clients)))
    return latencies, failures


def _request(keyword: str, request_id: str, audio: bytes) -> bytes:
    part = b'--b\r\ncontent-disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    metadata = _metadata(keyword, request_id).encode()
    body = part % (b"metadata", metadata) + part % (b"audio", audio) + b"--b--\r\n"
    return (
        b"POST /v1/verify HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n"
        b"content-type: multipart/form-data; boundary=b\r\n\r\n%s" % (len(body), body)
    )


def _metadata(keyword: str, request_id: str) -> str:
    return Metadata(
        request_id=request_id,
        keyword=keyword,
        start_sample=8000,
        end_sample=20_000,
        pre_roll_samples=8000,
        detector="bench",
        score=0.7,
        threshold=0.5,
    ).to_json()


def _batches(url: str) -> tuple[float, float]:
    """Return the snippets scored and the batches they came in, so far."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as response:
        text = response.read().decode()
    values = [
        re.search(rf"^pywakeword_verifier_batch_size_{name} (\S+)$", text, re.MULTILINE)
        for name in ("sum", "count")
    ]
    total, count = (float(value[1]) if value else 0.0 for value in values)
    return total, count


def _usage(pid: int) -> tuple[float, int]:
    """Return CPU seconds and resident bytes of a process and all below it."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    )
    table = [tuple(map(int, line.split())) for line in listing.stdout.splitlines()]
    family = {pid}
    for _ in range(len(table)):
        grown = family | {row[0] for row in table if row[1] in family}
        if grown == family:
            break
        family = grown
    members = [row for row in table if row[0] in family]
    return _cpu_s(family), sum(row[2] for row in members) * 1024


def _cpu_s(family: set[int]) -> float:
    """Return user and system time of processes."""
    ticks = 0
    for pid in family:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _line(row: dict[str, Any]) -> str:
    return (
        "| {server} | {clients} | {per_second:.0f} | {p50_ms:.0f} | {p99_ms:.0f} "
        "| {mean_batch:.1f} | {cpu_ms:.2f} | {rss_mb:.0f} |"
    ).format(**row)
