"""Metrics of the gateway; labels come from closed sets."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.gateway.queue import Queue


class GatewayMetrics:
    """Counters that the parts of the gateway write; one per registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter(
            "osteon_gateway_received_items_total",
            "Items acknowledged, by protocol",
            ["protocol"],
            registry=registry,
        )
        self.refused = Counter(
            "osteon_gateway_refused_items_total",
            "Items not taken, by protocol and reason",
            ["protocol", "reason"],
            registry=registry,
        )
        self.finished = Counter(
            "osteon_gateway_finished_items_total",
            "Items answered, retried or failed, by reason",
            ["state", "reason"],
            registry=registry,
        )
        self.delivered = Counter(
            "osteon_gateway_deliveries_total", "Results sent out", ["kind", "state"], registry=registry
        )
        self.answer_time_s = Histogram(
            "osteon_gateway_answer_seconds", "From claiming an item to its results", registry=registry
        )


class QueueCollector(Collector):
    """How many items and deliveries stand in each state, counted when asked."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges at this moment."""
        items = GaugeMetricFamily("osteon_gateway_queue_items", "Items by state", labels=["state"])
        for state, count in self._queue.counts().items():
            items.add_metric([state], count)
        deliveries = GaugeMetricFamily(
            "osteon_gateway_queue_deliveries", "Deliveries by state", labels=["state"]
        )
        for state, count in self._queue.delivery_counts().items():
            deliveries.add_metric([state], count)
        return [items, deliveries]
