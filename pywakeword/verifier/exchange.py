"""Sends one candidate: its metadata and audio, the retry, and the log of what was sent."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from typing import Any

from pywakeword._core import __version__
from pywakeword.errors import VerifierError, VerifierRefusedError, VerifierUnavailableError
from pywakeword.events import Detection
from pywakeword.verifier.codec import encode
from pywakeword.verifier.contract import (
    MAX_SNIPPET_SAMPLES,
    PRE_ROLL_SAMPLES,
    Metadata,
    SampleFormat,
    Verdict,
)
from pywakeword.verifier.http import HttpVerifier
from pywakeword.verifier.policy import VerifierPolicy
from pywakeword.verifier.result import VerifierCounts
from pywakeword.verifier.sent_log import SentLog
from pywakeword.verifier.snippet import AFTER_START_SAMPLES

_RETRIED = ("connect", "disconnected", "busy")
_RETRY_AFTER_S = (0.05, 0.2)

_logger = logging.getLogger("pywakeword.verifier")


class Exchange:
    """Sends candidates to one verifier; `AsyncVerifier` describes the parameters."""

    def __init__(
        self,
        http: HttpVerifier,
        *,
        policy: VerifierPolicy,
        thresholds: Mapping[str, float],
        sample_format: SampleFormat,
        counts: VerifierCounts,
        sent_log: SentLog | None,
    ) -> None:
        self._http = http
        self._policy = policy
        self._thresholds = thresholds
        self._format = sample_format
        self._counts = counts
        self._sent_log = sent_log

    async def ask(self, detection: Detection, request_id: str, timeout_s: float) -> Verdict:
        """Send a candidate and return its verdict.

        Raises
        ------
        VerifierUnavailableError
            If there was no verdict in time, or the log cannot be written.
        VerifierRefusedError
            If the verifier refuses the request.
        """
        until_s = time.monotonic() + timeout_s
        metadata, audio = await self._prepare(detection, request_id)
        for attempt in (1, 2):
            try:
                return await self._attempt(metadata, audio, until_s - time.monotonic(), attempt)
            except VerifierUnavailableError as error:
                pause_s = max(random.uniform(*_RETRY_AFTER_S), error.retry_after_s or 0.0)
                may_retry = self._policy.retry and attempt == 1 and error.reason in _RETRIED
                if not may_retry or time.monotonic() + pause_s >= until_s:
                    raise
            await asyncio.sleep(pause_s)
        raise AssertionError("the second attempt returns or raises")

    async def _prepare(self, detection: Detection, request_id: str) -> tuple[Metadata, bytes]:
        # Audio outside the verifier's window does not leave the device.
        start = min(detection.pre_roll_samples, PRE_ROLL_SAMPLES)
        snippet = detection.snippet[detection.pre_roll_samples - start :]
        length = max(1, detection.end_sample - detection.start_sample)
        n_sent = min(
            len(snippet),
            max(start + length, start + AFTER_START_SAMPLES),
            MAX_SNIPPET_SAMPLES,
        )
        metadata = Metadata(
            request_id=request_id,
            keyword=detection.keyword,
            start_sample=start,
            end_sample=min(start + length, n_sent),
            pre_roll_samples=start,
            detector=f"pywakeword {__version__}",
            score=detection.score,
            threshold=self._thresholds.get(detection.keyword, 0.0),
            device_state=detection.device_state,
            format=self._format,
        )
        pcm = snippet[:n_sent]
        if self._format.encoding == "s16le":
            return metadata, encode(pcm, "s16le")
        loop = asyncio.get_running_loop()
        return metadata, await loop.run_in_executor(None, encode, pcm, self._format.encoding)

    async def _attempt(
        self, metadata: Metadata, audio: bytes, timeout_s: float, attempt: int
    ) -> Verdict:
        self._counts.attempts += 1
        try:
            self._record(
                "sent",
                metadata,
                attempt=attempt,
                host=self._http.host,
                audio_bytes=len(audio),
                keyword=metadata.keyword,
                score=metadata.score,
                why=self._why(),
            )
        except OSError as error:  # nothing is sent without a record
            raise VerifierUnavailableError(
                "sent_log", f"cannot write the log of sent audio: {error}"
            ) from error
        outcome = "cancelled"
        try:
            verdict = await self._http.post(metadata, audio, timeout_s)
            outcome = verdict.decision
            return verdict
        except VerifierError as error:
            outcome = failure_reason(error)
            raise
        finally:
            try:
                self._record("outcome", metadata, attempt=attempt, outcome=outcome)
            except OSError:
                _logger.exception("cannot log an outcome")

    def _why(self) -> str:
        return f"score in [{self._policy.ask_from:g}, {self._policy.ask_below:g})"

    def _record(self, event: str, metadata: Metadata, **fields: Any) -> None:
        if self._sent_log is not None:
            self._sent_log.write(event, request_id=metadata.request_id, **fields)


def failure_reason(error: VerifierError) -> str:
    """Return the reason of a failure in one word, for logs and results."""
    if isinstance(error, VerifierUnavailableError):
        return error.reason
    return error.code if isinstance(error, VerifierRefusedError) else type(error).__name__
