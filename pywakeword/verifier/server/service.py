"""Turns one request into its reply, for HTTP and WebSocket alike."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from pywakeword.errors import VerifierRefusedError
from pywakeword.verifier.codec import decode
from pywakeword.verifier.contract import (
    MAX_STREAM_S,
    Metadata,
    Reply,
    Verdict,
    check_audio,
    parse_metadata,
)
from pywakeword.verifier.server.logs import logger
from pywakeword.verifier.server.metrics import Metrics
from pywakeword.verifier.server.replies import RecentReplies
from pywakeword.verifier.server.retention import AudioRetention
from pywakeword.verifier.server.slots import Slots
from pywakeword.verifier.server.transcription.batch import Speech
from pywakeword.verifier.server.transcription.messages import Transcription
from pywakeword.verifier.snippet import Snippet

Score = Callable[[Snippet], Awaitable[Verdict]]
Transcribe = Callable[[Speech], Awaitable[Transcription]]


@dataclass
class Service:
    """State and settings that the routes share.

    Parameters
    ----------
    score : coroutine function
        Returns the verdict on a snippet; it does its own batching.
    keywords : collection of str
        Words that can be verified.
    transcribe : coroutine function, optional
        Returns the transcript of speech; it does its own batching. Default: there is none.
    tokens : collection of str
        Bearer tokens, one of which each request must have. Empty: no authorization.
    retention : AudioRetention, optional
        Keeps audio. Default: none is kept.
    body_timeout_s : float
        Time limit for receiving a body.
    idle_timeout_s, max_stream_s : float
        Longest pause between the audio of a WebSocket client, and longest utterance. The two
        together are the longest time that a stream takes.
    origins : collection of str
        Web origins whose pages may open a WebSocket. A device sends no Origin.
    requests, transcriptions, streams : Slots
        Limits of what is served at one time.
    stuck_s : callable
        Returns the run time of the batch in progress.
    """

    score: Score
    keywords: Collection[str]
    transcribe: Transcribe | None = None
    metrics: Metrics = field(default_factory=Metrics)
    tokens: Collection[str] = ()
    retention: AudioRetention | None = None
    body_timeout_s: float = 5.0
    idle_timeout_s: float = 5.0
    max_stream_s: float = MAX_STREAM_S
    origins: Collection[str] = ()
    requests: Slots = field(default_factory=lambda: Slots(512, 256, "requests"))
    transcriptions: Slots = field(default_factory=lambda: Slots(128, 64, "requests"))
    streams: Slots = field(default_factory=lambda: Slots(512, 64, "streams"))
    stuck_s: Callable[[], float] = lambda: 0.0
    replies: RecentReplies = field(default_factory=RecentReplies)

    def authorize(self, header: str | None) -> None:
        """Refuse a request without one of the tokens."""
        if not self.tokens:
            return
        scheme, _, credentials = (header or "").partition(" ")
        given = credentials.strip().encode("utf-8", "surrogateescape")
        # Every token is compared in constant time, so that timing reveals nothing.
        known = any([hmac.compare_digest(given, token.encode()) for token in self.tokens])
        if scheme.lower() != "bearer" or not known:
            raise VerifierRefusedError(401, "unauthorized", "a valid bearer token is required")

    def check_origin(self, origin: str | None) -> None:
        """Refuse a WebSocket that a web page of another origin opens."""
        if origin is not None and origin not in self.origins:
            raise VerifierRefusedError(403, "bad_origin", "web pages may not open this WebSocket")

    def read_metadata(self, data: bytes | str) -> Metadata:
        """Parse metadata and check that its word can be verified."""
        metadata = parse_metadata(data)
        if metadata.keyword not in self.keywords:
            raise VerifierRefusedError(
                404,
                "unknown_keyword",
                f"keyword {metadata.keyword[:40]!r} has no verifier; "
                f"available: {', '.join(self.keywords)}",
            )
        if metadata.transcribe:
            self.transcriber()
        return metadata

    def transcriber(self) -> Transcribe:
        """Return what transcribes; refuse if there is none."""
        if self.transcribe is None:
            raise VerifierRefusedError(
                404, "no_recogniser", "this server makes no transcripts: start it with --asr"
            )
        return self.transcribe

    async def verify(self, metadata: Metadata, audio: bytes, body: bytes) -> Reply:
        """Return the reply to a snippet. A repeated request gets the same reply."""
        check_audio(metadata, len(audio))

        async def make() -> Reply:
            started_s = time.monotonic()
            if metadata.format.encoding == "s16le":
                pcm = decode(metadata, audio)
            else:
                pcm = await asyncio.get_running_loop().run_in_executor(
                    None, decode, metadata, audio
                )
            decode_ms = round(1000 * (time.monotonic() - started_s), 3)
            return await self.reply(metadata, pcm, decode_ms)

        return await self.replies.get(metadata.request_id, body, make)

    async def reply(
        self, metadata: Metadata, pcm: npt.NDArray[np.int16], decode_ms: float = 0.0
    ) -> Reply:
        """Score PCM, and keep the audio if retention is on."""
        snippet = Snippet(
            metadata.keyword, pcm, metadata.start_sample, metadata.score, metadata.device_state
        )
        verdict = await self.score(snippet)
        timings = {"decode": decode_ms, **verdict.timings_ms}
        timings["total"] = round(sum(timings.values()), 3)
        found = Reply(metadata.request_id, metadata.keyword, replace(verdict, timings_ms=timings))
        self.metrics.decisions.labels(metadata.keyword, verdict.decision).inc()
        if self.retention is not None:
            try:
                await asyncio.get_running_loop().run_in_executor(
                    None, self.retention.keep, metadata, pcm, found
                )
            except OSError as error:  # a full disk does not cost the verdict
                logger.error(
                    "audio is not kept",
                    extra={"fields": {"request_id": metadata.request_id, "error": str(error)}},
                )
        return found
