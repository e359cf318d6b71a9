"""`AsyncVerifier`: sends candidates to a verifier; always returns a result in time."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pywakeword._checks import check_integer, check_number, check_type
from pywakeword._extras import require
from pywakeword.errors import VerifierError, VerifierRefusedError, VerifierUnavailableError
from pywakeword.events import Detection
from pywakeword.verifier.breaker import CircuitBreaker
from pywakeword.verifier.contract import ENCODINGS, SampleFormat, Verdict
from pywakeword.verifier.exchange import Exchange, failure_reason
from pywakeword.verifier.http import HttpVerifier, TokenSupplier
from pywakeword.verifier.policy import VerifierPolicy
from pywakeword.verifier.result import VerifierCounts, VerifierResult
from pywakeword.verifier.sent_log import SentLog

if TYPE_CHECKING:
    import httpx

_logger = logging.getLogger("pywakeword.verifier")


class AsyncVerifier:
    """Sends candidates to a verifier. Every candidate gets exactly one `VerifierResult`.

    Belongs to one event loop. `Verifier` is the same for programs without one.

    Parameters
    ----------
    url : str
        Address of the verifier, without `/v1/verify`. Plain http reaches this machine
        only, unless `allow_plain_http` is true.
    thresholds : mapping of str to float
        The detector's threshold by keyword: `WakeWord.thresholds`.
    policy : VerifierPolicy, optional
        Which candidates are sent, and what decides without a verdict.
    token : callable, optional
        Returns a bearer token, or an awaitable of one; called before every attempt.
    client_cert : (str, str), optional
        Files of the client's certificate and key, for mutual TLS.
    ca_file : str, optional
        Certificates to trust instead of the system's. Verification cannot be turned off.
    encoding : {"s16le", "ogg_opus"}
        How audio is sent; Opus needs the extra `audio`.
    breaker : CircuitBreaker, optional
        Stops requests for a while after repeated failures.
    max_pending : int
        Most candidates that wait for a verdict at one time. The policy decides on further
        ones at once; they count as dropped.
    sent_log : str or path, optional
        File that records everything that leaves the device (`SentLog`).
    transport : httpx.AsyncBaseTransport, optional
        Replaces the network, for tests or a proxy.

    Raises
    ------
    MissingExtraError
        If httpx, or soundfile for Opus, is not installed.
    ValueError
        If the URL or an option is not valid.
    """

    def __init__(
        self,
        url: str,
        *,
        thresholds: Mapping[str, float],
        policy: VerifierPolicy | None = None,
        token: TokenSupplier | None = None,
        client_cert: tuple[str, str] | None = None,
        ca_file: str | None = None,
        allow_plain_http: bool = False,
        encoding: str = "s16le",
        breaker: CircuitBreaker | None = None,
        max_pending: int = 8,
        sent_log: str | Path | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        check_type("url", url, str)
        check_type("thresholds", thresholds, Mapping)
        for word, value in thresholds.items():
            check_number(f"threshold of {word!r}", value)
            if not 0 <= value <= 1:
                raise ValueError(f"threshold of {word!r} must be from 0 to 1: {value!r}")
        check_type("encoding", encoding, str)
        check_integer("max_pending", max_pending)
        for name, kinds, option in (
            ("policy", (VerifierPolicy,), policy),
            ("breaker", (CircuitBreaker,), breaker),
            ("client_cert", (tuple, list), client_cert),
            ("ca_file", (str, Path), ca_file),
            ("sent_log", (str, Path), sent_log),
        ):
            if option is not None:
                check_type(name, option, *kinds)
        if client_cert is not None and [type(part) for part in client_cert] != [str, str]:
            raise TypeError("client_cert must be the names of two files")
        if token is not None and not callable(token):
            raise TypeError(f"token must be callable, got {type(token).__name__}")
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}; got {encoding!r}")
        if encoding == "ogg_opus":
            require("soundfile", "audio")
        if max_pending < 1:
            raise ValueError(f"max_pending must be at least 1, got {max_pending}")
        self.policy = VerifierPolicy() if policy is None else policy
        self.breaker = CircuitBreaker() if breaker is None else breaker
        self.counts = VerifierCounts()
        self._thresholds = dict(thresholds)
        self._http = HttpVerifier(
            url,
            connect_timeout_s=self.policy.connect_timeout_s,
            token=token,
            client_cert=client_cert,
            ca_file=ca_file,
            allow_plain_http=allow_plain_http,
            transport=transport,
        )
        self._max_pending = max_pending
        self._n_pending = 0
        self._sent_log = None if sent_log is None else SentLog(sent_log)
        self._exchange = Exchange(
            self._http,
            policy=self.policy,
            thresholds=self._thresholds,
            sample_format=SampleFormat(encoding),
            counts=self.counts,
            sent_log=self._sent_log,
        )

    async def __aenter__(self) -> AsyncVerifier:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections and the log."""
        await self._http.aclose()
        if self._sent_log is not None:
            self._sent_log.close()

    async def verify(
        self, detection: Detection, *, detected_at: float | None = None
    ) -> VerifierResult:
        """Verify a candidate, within `policy.deadline_s` of its detection.

        Parameters
        ----------
        detection : Detection
            The candidate.
        detected_at : float, optional
            `time.monotonic()` at its detection. Default: now.

        Returns
        -------
        VerifierResult
            Decided by the verifier, the device or the offline policy. Failures are in
            `reason` and `error`, and are logged.
        """
        check_type("detection", detection, Detection)
        if detected_at is not None:
            check_number("detected_at", detected_at)
        started_s = time.monotonic() if detected_at is None else detected_at
        request_id = uuid.uuid4().hex
        self.counts.candidates += 1
        verdict: Verdict | None = None
        error: Exception | None = None
        policy = self.policy
        if not policy.ask_from <= detection.score < policy.ask_below:
            accepted, source = detection.score >= policy.ask_below, "device"
            reason = "ask_below" if accepted else "ask_from"
        else:
            try:
                remaining_s = started_s + policy.deadline_s - time.monotonic()
                verdict = await self.ask(detection, request_id=request_id, timeout_s=remaining_s)
                reason = verdict.decision
            except VerifierError as caught:
                error, reason = caught, failure_reason(caught)
                _logger.warning("no verdict on %s: %s", detection.keyword, caught)
            except Exception as caught:  # a fault of this program does not cost a candidate
                error, reason = caught, "internal"
                _logger.exception("no verdict on %s", detection.keyword)
            if verdict is None or reason == "abstain":
                source = "policy"
                accepted = policy.accepts_offline(
                    detection.score, self._thresholds.get(detection.keyword, 0.0)
                )
            else:
                accepted, source = reason == "accept", "verifier"
        setattr(self.counts, source, getattr(self.counts, source) + 1)
        return VerifierResult(
            accepted=accepted,
            source=source,
            reason=reason,
            detection=detection,
            request_id=request_id,
            latency_s=time.monotonic() - started_s,
            verdict=verdict,
            error=error,
        )

    async def ask(
        self, detection: Detection, *, request_id: str | None = None, timeout_s: float | None = None
    ) -> Verdict:
        """Return the verifier's verdict whatever the device's score, or raise.

        Parameters
        ----------
        detection : Detection
            The candidate.
        request_id : str, optional
            Default: random.
        timeout_s : float, optional
            Default: `policy.deadline_s`.

        Raises
        ------
        VerifierUnavailableError
            If there was no verdict in time; `reason` says why.
        VerifierRefusedError
            If the verifier refuses the request; `code` says why.
        """
        check_type("detection", detection, Detection)
        timeout_s = self.policy.deadline_s if timeout_s is None else timeout_s
        check_number("timeout_s", timeout_s)
        if self._n_pending >= self._max_pending:
            self.counts.dropped += 1
            raise VerifierUnavailableError(
                "queue_full", f"{self._max_pending} candidates are already waiting for a verdict"
            )
        if detection.start_sample is None:
            raise VerifierUnavailableError(
                "no_boundaries", "the community model does not say where the word is"
            )
        if not self.breaker.allow():
            raise VerifierUnavailableError(
                "circuit_open", f"{self._http.host} failed too often; requests are paused"
            )
        self._n_pending += 1
        answered = False
        try:
            ask = self._exchange.ask(detection, request_id or uuid.uuid4().hex, timeout_s)
            verdict = await asyncio.wait_for(ask, timeout_s)
            answered = True
            return verdict
        except VerifierRefusedError:
            answered = True
            raise
        except asyncio.TimeoutError:
            raise VerifierUnavailableError(
                "timeout", f"{self._http.host}: no verdict within {max(timeout_s, 0):.3f} s"
            ) from None
        finally:
            self._n_pending -= 1
            if answered:
                self.breaker.succeeded()
            else:
                self.breaker.failed()
