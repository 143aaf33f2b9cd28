"""What the server counts; every label comes from a closed set and none from a request."""

from __future__ import annotations

from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from osteon.domain import Role

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ServerMetrics:
    """The server's own metrics, beside those of BentoML."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.requests = Counter(
            "osteon_server_requests_total", "Requests answered.", ["route", "status"], registry=registry
        )
        self.request_seconds = Histogram(
            "osteon_server_request_seconds",
            "Time from a request's first byte to its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.decode_seconds = Histogram(
            "osteon_server_decode_seconds", "Time to read one picture.", buckets=_SECONDS, registry=registry
        )
        self.inference_seconds = Histogram(
            "osteon_server_inference_seconds",
            "Time of one model on one picture.",
            ["task"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.predictions = Counter(
            "osteon_server_predictions_total",
            "Predictions by task, status and reason of an abstention.",
            ["task", "status", "reason"],
            registry=registry,
        )
        self.refusals = Counter(
            "osteon_server_refused_files_total", "Files that could not be read.", registry=registry
        )
        self.events = Counter(
            "osteon_server_events_total", "Events recorded in the outbox.", registry=registry
        )
        self.waiting = Gauge(
            "osteon_server_waiting_requests",
            "Requests under way.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.reloads = Counter(
            "osteon_server_reloads_total",
            "Champions loaded, by outcome.",
            ["task", "outcome"],
            registry=registry,
        )
        self.champions = Gauge(
            "osteon_server_champion_version",
            "Registry version of the champion in production.",
            ["task"],
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self.challenger_reloads = Counter(
            "osteon_server_challenger_reloads_total",
            "Challengers loaded, by outcome.",
            ["task", "outcome"],
            registry=registry,
        )
        self.challengers = Gauge(
            "osteon_server_challenger_version",
            "Registry version of the challenger in shadow; 0 when it was withdrawn.",
            ["task"],
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self.shadows = Counter(
            "osteon_server_shadows_total",
            "Pictures meant for a challenger: recorded, dropped (no room or no time) or failed.",
            ["task", "outcome"],
            registry=registry,
        )
        self.shadow_waiting = Gauge(
            "osteon_server_shadow_waiting",
            "Pictures that wait for a challenger.",
            multiprocess_mode="livesum",
            registry=registry,
        )

    def reloads_of(self, role: Role) -> Counter:
        """The counter of loaded and refused models of a role."""
        return self.reloads if role == "champion" else self.challenger_reloads

    def version_of(self, role: Role) -> Gauge:
        """The gauge of the version that has a role."""
        return self.champions if role == "champion" else self.challengers


@cache
def process_metrics() -> ServerMetrics:
    """The metrics of this process, in the registry that BentoML's `/metrics` shows."""
    return ServerMetrics()
