"""Scores snippets, and transcribes speech, in replicas on Ray Serve (extra `ray`).

HTTP and WebSockets are read by the server of `run.py`, with its limits, and not by Serve's own
proxy: that one reads a whole request before an application can refuse it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import ray
from fastapi import FastAPI
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.config import ProxyLocation
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    ReplicaUnavailableError,
)
from ray.serve.schema import ApplicationStatus

from pywakeword.errors import VerifierUnavailableError
from pywakeword.verifier.contract import PRE_ROLL_SAMPLES, Verdict
from pywakeword.verifier.scorer import OnnxScorer
from pywakeword.verifier.server.app import build_app
from pywakeword.verifier.server.metrics import Metrics
from pywakeword.verifier.server.service import Service
from pywakeword.verifier.server.transcription.batch import Speech, Transcriber
from pywakeword.verifier.server.transcription.messages import Transcription
from pywakeword.verifier.server.transcription.whisper import whisper_transcriber
from pywakeword.verifier.snippet import Snippet

_NAME = "verifier"
# No device waits for longer. Replicas are then missing or stuck.
_PATIENCE_S = 15.0


@serve.deployment(
    name=_NAME,
    autoscaling_config={"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": 16},
    max_ongoing_requests=64,
    max_queued_requests=256,
    health_check_period_s=5,
    health_check_timeout_s=10,
    graceful_shutdown_timeout_s=2,
)
class ScorerDeployment:
    """One replica: a scorer that batches snippets. It cannot be reached by HTTP.

    With `asr`, a size of Whisper or a function that makes a `Transcriber`, it transcribes too.
    """

    def __init__(
        self,
        models: str | None = None,
        threads: int = 1,
        asr: str | Callable[[], Transcriber] | None = None,
        asr_device: str = "cpu",
    ) -> None:
        self._scorer = OnnxScorer(models, threads=threads)
        self._thread = ThreadPoolExecutor(1)
        self._transcriber: Transcriber | None = None
        if asr is not None:
            self._transcriber = (
                whisper_transcriber(asr, asr_device) if isinstance(asr, str) else asr()
            )
        self._transcribing = ThreadPoolExecutor(1)

    def keywords(self) -> list[str]:
        """Return the words that can be verified."""
        return sorted(self._scorer.keywords)

    def transcribes(self) -> bool:
        """Return whether there is a recogniser."""
        return self._transcriber is not None

    async def score(self, snippet: Snippet) -> tuple[Verdict, int]:
        """Return the verdict; and for the first snippet of a batch its size, else 0."""
        found: tuple[Verdict, int] = await self._score_batch(snippet)
        return found

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.002)
    async def _score_batch(self, snippets: list[Snippet]) -> list[tuple[Verdict, int]]:
        loop = asyncio.get_running_loop()
        verdicts = await loop.run_in_executor(self._thread, self._scorer.score, snippets)
        sizes = itertools.chain([len(snippets)], itertools.repeat(0))
        return list(zip(verdicts, sizes))

    async def transcribe(self, speech: Speech) -> tuple[Transcription, int]:
        """Return the transcript; and for the first speech of a batch its size, else 0."""
        found: tuple[Transcription, int] = await self._transcribe_batch(speech)
        return found

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.01)
    async def _transcribe_batch(self, speeches: list[Speech]) -> list[tuple[Transcription, int]]:
        assert self._transcriber is not None
        loop = asyncio.get_running_loop()
        work = self._transcriber.transcribe
        found = await loop.run_in_executor(self._transcribing, work, speeches)
        sizes = itertools.chain([len(speeches)], itertools.repeat(0))
        return list(zip(found, sizes))

    def check_health(self) -> None:
        """Raise if the scorer fails, so that Serve replaces the replica."""
        silence = np.zeros(2 * PRE_ROLL_SAMPLES, np.int16)
        self._scorer.score(
            [Snippet(word, silence, PRE_ROLL_SAMPLES) for word in self._scorer.keywords]
        )


def build(args: dict[str, Any]) -> Any:
    """Return the application for `serve deploy` and Serve config files.

    Parameters
    ----------
    args : dict
        Those of `ScorerDeployment`, and `replicas`: a fixed number instead of autoscaling.
    """
    options = dict(args)
    replicas = options.pop("replicas", None)
    deployment: Any = ScorerDeployment
    if replicas is not None:
        deployment = deployment.options(num_replicas=int(replicas), autoscaling_config=None)
    return deployment.bind(**options)


class RayScorer:
    """Scores through Serve's handle of the replicas; an attribute of a `Service`.

    Parameters
    ----------
    handle : DeploymentHandle
        Of a `ScorerDeployment`.
    observe_batch, observe_speech : callable, optional
        Called with the size of each batch of snippets, and of speech.
    """

    def __init__(
        self,
        handle: Any,
        observe_batch: Callable[[int], None] = lambda size: None,
        observe_speech: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._handle = handle
        self._observe_batch = observe_batch
        self._observe_speech = observe_speech
        self._numbers = itertools.count()
        self._since_s: dict[int, float] = {}
        self.keywords: list[str] = handle.keywords.remote().result(timeout_s=60)
        self.transcribes: bool = handle.transcribes.remote().result(timeout_s=60)

    @property
    def n_waiting(self) -> int:
        """Number of snippets that wait for a verdict."""
        return len(self._since_s)

    def stuck_s(self) -> float:
        """Return how long the oldest snippet has waited; 0 when idle."""
        now_s = time.monotonic()
        return now_s - min(self._since_s.values(), default=now_s)

    async def score(self, snippet: Snippet) -> Verdict:
        """Return the verdict on one snippet; `VerifierUnavailableError` "busy" without one."""
        verdict: Verdict = await self._ask(self._handle.score, snippet, self._observe_batch)
        return verdict

    async def transcribe(self, speech: Speech) -> Transcription:
        """Return the transcript; `VerifierUnavailableError` "busy" without one."""
        found: Transcription = await self._ask(
            self._handle.transcribe, speech, self._observe_speech
        )
        return found

    async def _ask(self, method: Any, item: object, observe: Callable[[int], None]) -> Any:
        number, started_s = next(self._numbers), time.monotonic()
        self._since_s[number] = started_s
        response = method.remote(item)
        try:
            found, n_batch = await asyncio.wait_for(response, _PATIENCE_S)
        except asyncio.TimeoutError as error:
            response.cancel()
            raise _busy(f"no replica answered within {_PATIENCE_S:g} s") from error
        except BackPressureError as error:
            raise _busy("too many requests are already waiting") from error
        except (RayActorError, DeploymentUnavailableError, ReplicaUnavailableError) as error:
            raise _busy("the replica ended") from error
        finally:
            del self._since_s[number]
        if n_batch:
            observe(n_batch)
        return replace(found, timings_ms={"score": round(1000 * (time.monotonic() - started_s), 3)})


def create_ray_app(handle: Any, **options: Any) -> FastAPI:
    """Return the application whose snippets are scored through a handle.

    Parameters
    ----------
    handle : DeploymentHandle
        Of a `ScorerDeployment`; `ray_handle` yields one.
    **options
        Options of `Service`.
    """
    metrics = Metrics()
    scorer = RayScorer(handle, metrics.batch_size.observe, metrics.transcript_batch_size.observe)
    metrics.watch_queue(lambda: scorer.n_waiting)
    return build_app(
        Service(
            score=scorer.score,
            transcribe=scorer.transcribe if scorer.transcribes else None,
            keywords=scorer.keywords,
            metrics=metrics,
            stuck_s=scorer.stuck_s,
            **options,
        )
    )


def _busy(message: str) -> VerifierUnavailableError:
    return VerifierUnavailableError("busy", message, retry_after_s=1.0)


@contextmanager
def ray_handle(args: dict[str, Any]) -> Iterator[Any]:
    """Yield the handle of replicas on the running Ray (RAY_ADDRESS), or on one started here.

    An application that runs already is used as it is, and left running.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage reports
    on_cluster = bool(os.environ.get("RAY_ADDRESS")) or ray.is_initialized()
    if not ray.is_initialized():
        ray.init(include_dashboard=None if on_cluster else False)
    serve.start(proxy_location=ProxyLocation.Disabled)
    running = serve.status().applications.get(_NAME)
    exists = running is not None and running.status != ApplicationStatus.DELETING
    try:
        yield (
            serve.get_app_handle(_NAME)
            if exists
            else serve.run(build(args), name=_NAME, route_prefix=None)
        )
    finally:
        if not on_cluster:
            ray.shutdown()
        elif not exists:
            serve.delete(_NAME, _blocking=False)
