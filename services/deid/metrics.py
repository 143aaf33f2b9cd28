"""What the service counts; labels from closed sets, no value of a data set."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class DeidMetrics:
    """Counters of one service in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "osteon_deid_requests_total",
            "Requests by kind and outcome",
            ("kind", "outcome"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "osteon_deid_request_duration_seconds",
            "Time to de-identify",
            ("kind",),
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
            registry=self.registry,
        )
        self.spans = Counter(
            "osteon_deid_spans_total", "Spans replaced by label", ("label",), registry=self.registry
        )
        self.text_boxes = Counter(
            "osteon_deid_burned_in_lines_total", "Lines of text blacked out in pixels", registry=self.registry
        )
        self.in_progress = Gauge(
            "osteon_deid_requests_in_progress", "Requests being worked on", registry=self.registry
        )
        self.cases_waiting = Gauge(
            "osteon_deid_cases_waiting", "Cases that wait for a person's decision", registry=self.registry
        )
