"""The server's counters, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """Counters of one server. Label values come from closed sets."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "pywakeword_verifier_requests",
            "Requests by status and error code.",
            ["status", "code"],
            registry=self.registry,
        )
        self.decisions = Counter(
            "pywakeword_verifier_decisions",
            "Verdicts by keyword and decision.",
            ["keyword", "decision"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "pywakeword_verifier_request_seconds",
            "Time from the request's headers to the reply.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_size = Histogram(
            "pywakeword_verifier_batch_size",
            "Snippets per batch.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self.transcript_batch_size = Histogram(
            "pywakeword_verifier_transcript_batch_size",
            "Pieces of speech per batch of the recogniser.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self.streams = Gauge(
            "pywakeword_verifier_streams", "Open WebSocket streams.", registry=self.registry
        )
        self._waiting = Gauge(
            "pywakeword_verifier_waiting",
            "Snippets that wait to be scored.",
            registry=self.registry,
        )

    def watch_queue(self, n_waiting: Callable[[], int]) -> None:
        """Read the length of the queue from this function whenever the metrics are read."""
        self._waiting.set_function(n_waiting)

    def text(self) -> bytes:
        """Return all metrics in the text format."""
        return generate_latest(self.registry)
