"""The same application as a Ray Serve deployment (extra `ray`).

Start it with `serve run pywakeword.verifier.server.ray_app:build`, or with a Serve config file
that has this import path; `docs/use/verifier.md` shows one.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import ray
from fastapi import FastAPI
from ray import serve

from pywakeword.verifier.contract import PRE_ROLL_SAMPLES, Verdict
from pywakeword.verifier.scorer import OnnxScorer
from pywakeword.verifier.server.app import build_app
from pywakeword.verifier.server.metrics import Metrics
from pywakeword.verifier.server.retention import AudioRetention
from pywakeword.verifier.server.service import Service
from pywakeword.verifier.snippet import Snippet


@serve.deployment(
    name="verifier",
    autoscaling_config={"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 16},
    max_ongoing_requests=64,
    max_queued_requests=256,  # Serve itself answers further ones with 503
    health_check_period_s=5,
    health_check_timeout_s=10,
    graceful_shutdown_timeout_s=5,
)
@serve.ingress()
class VerifierDeployment:
    """One replica: the routes, and a scorer that batches snippets."""

    def __init__(
        self,
        models: str | None = None,
        threads: int = 1,
        tokens: tuple[str, ...] = (),
        retain_audio: str | None = None,
        retain_days: float = 30.0,
        retain_mb: int = 1024,
        body_timeout_s: float = 5.0,
        idle_timeout_s: float = 5.0,
        origins: tuple[str, ...] = (),
    ) -> None:
        self._scorer = OnnxScorer(models, threads=threads)
        self._thread = ThreadPoolExecutor(1)
        self._metrics = Metrics()
        self._service = Service(
            score=self._score,
            keywords=self._scorer.keywords,
            metrics=self._metrics,
            tokens=tokens,
            retention=AudioRetention(
                Path(retain_audio), max_bytes=retain_mb << 20, max_days=retain_days
            )
            if retain_audio
            else None,
            body_timeout_s=body_timeout_s,
            idle_timeout_s=idle_timeout_s,
            origins=origins,
        )

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Return the application; called once per replica."""
        return build_app(self._service)

    async def _score(self, snippet: Snippet) -> Verdict:
        verdict: Verdict = await self._score_batch(snippet)
        return verdict

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.002)
    async def _score_batch(self, snippets: list[Snippet]) -> list[Verdict]:
        self._metrics.batch_size.observe(len(snippets))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._scorer.score, snippets)

    def check_health(self) -> None:
        """Raise if the scorer fails, so that Serve replaces the replica."""
        silence = np.zeros(2 * PRE_ROLL_SAMPLES, np.int16)
        self._scorer.score(
            [Snippet(word, silence, PRE_ROLL_SAMPLES) for word in self._scorer.keywords]
        )


def build(args: dict[str, Any]) -> Any:
    """Return the application for `serve run` and Serve config files.

    Parameters
    ----------
    args : dict
        Arguments of `VerifierDeployment`, and `replicas`: a fixed number of replicas instead
        of autoscaling.
    """
    options = dict(args)
    replicas = options.pop("replicas", None)
    deployment: Any = VerifierDeployment
    if replicas is not None:
        deployment = deployment.options(num_replicas=int(replicas), autoscaling_config=None)
    return deployment.bind(**options)


def serve_forever(args: dict[str, Any], *, host: str, port: int, block: bool = True) -> None:
    """Serve on the running Ray (or the one at RAY_ADDRESS); start one if there is none."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage reports
    # A small or busy machine needs longer than Serve's 5 s to start a process.
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "60")
    if not ray.is_initialized():
        ray.init(include_dashboard=None if os.environ.get("RAY_ADDRESS") else False)
    serve.start(http_options={"host": host, "port": port, "request_timeout_s": 30.0})
    serve.run(build(args), name="verifier", route_prefix="/", blocking=block)
