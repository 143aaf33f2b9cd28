"""Names of the metrics that the services register, and names that a PromQL expression asks for."""

import re

from prometheus_client import CollectorRegistry

_WORDS = {
    *("sum", "avg", "min", "max", "count", "topk", "by", "without", "on", "ignoring", "group_left", "bool"),
    *("and", "or", "unless", "offset", "rate", "increase", "time", "round", "absent", "histogram_quantile"),
    "le",
}


def known_metrics() -> set[str]:
    """Every sample name of every service's registry."""
    return {name for registry in _registries() for name in _sample_names(registry)}


def _registries() -> list[CollectorRegistry]:
    from monitoring.metrics import DriftMetrics
    from services.deid.metrics import DeidMetrics
    from services.gateway.metrics import GatewayMetrics, QueueCollector
    from services.model_server.metrics import ServerMetrics

    class NoQueue:
        def counts(self) -> dict[str, int]:
            return {"received": 0}

        def delivery_counts(self) -> dict[str, int]:
            return {"waiting": 0}

    registries = [CollectorRegistry() for _ in range(4)]
    DriftMetrics(registries[0], [])
    GatewayMetrics(registries[1])
    registries[1].register(QueueCollector(NoQueue()))  # type: ignore[arg-type]
    ServerMetrics(registries[2])
    DeidMetrics(registries[3])
    return registries


def _sample_names(registry: CollectorRegistry) -> set[str]:
    suffixes = {
        "counter": ("_total", "_created"),
        "gauge": ("",),
        "histogram": ("_bucket", "_count", "_sum", "_created"),
    }
    return {family.name + suffix for family in registry.collect() for suffix in suffixes[family.type]}


def names_in(expression: str) -> set[str]:
    """Metric names of a PromQL expression: words outside braces, brackets, quotes and label lists.

    >>> sorted(names_in('sum by (le) (rate(a_total{b="c"}[5m])) / on (x) d:e:f > 1e3'))
    ['a_total', 'd:e:f']
    """
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\boffset\s+\w+", "", bare)
    return set(re.findall(r"(?<![\w:.])[a-zA-Z_:][\w:]*", bare)) - _WORDS
