"""The services that the portal asks, played by a transport: all well, some silent, or all silent."""

import json
from datetime import UTC, datetime, timedelta

import httpx
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily

from monitoring.report import DriftReport, Measured, StreamReport
from osteon.domain import Stratum, Window

TOKEN = "a-long-access-token"
NOW = datetime.now(UTC)
TASKS = ("fracture", "bone-age", "knee-oa")


def _stream(site, task, verdict, events, doubt=None, **narrow):
    def window(n):
        return Window(
            stratum=Stratum(site=site, **narrow),
            model_version=f"{task}-1",
            embedding_space="s",
            since_utc="",
            until_utc="",
            events=n,
        )

    measured = Measured(
        value=0.1,
        p_value=0.0001,
        p_adjusted=0.001,
        least_effect=None,
        decides=True,
        alarms=verdict == "drift",
    )
    return StreamReport(
        task=task,
        model_version=f"{task}-1",
        embedding_space="s",
        stratum=Stratum(site=site, **narrow),
        verdict=verdict,
        doubt=doubt,
        reference=window(400),
        reference_source="stored",
        production=window(events),
        statistics={"mmd": measured, "component_ks": measured},
        smallest_detectable_ks=0.2,
    )


def drift_json():
    streams = [
        *(_stream("chu-a", task, "no_drift", 312 + i) for i, task in enumerate(TASKS)),
        _stream("chu-b", "fracture", "drift", 268),
        _stream("chu-b", "fracture", "drift", 141, device="k7Qw2"),
        _stream("chu-b", "bone-age", "no_drift", 74),
        _stream("chu-c", "fracture", "cannot_tell", 12, doubt="too_few_production_events"),
    ]
    report = DriftReport(
        project="osteon",
        time_utc=NOW.isoformat(),
        seed=0,
        policy_hash="0" * 64,
        family_wise_level=0.05,
        hypotheses=18,
        streams=tuple(streams),
    )
    return report.as_dict()


def models_json():
    versions = {"fracture": ("3", 2), "bone-age": ("1", 31), "knee-oa": ("2", 0.1)}
    return {
        "project": "osteon",
        "models": [
            {
                "task": task,
                "aliases": ["champion"],
                "version": version,
                "model_version": f"{task}:{version}",
                "preprocess_version": "p",
                "embedding_space": "s",
                "digest": "0" * 64,
                "since_utc": (NOW - timedelta(days=days)).isoformat(),
                "approved_by": "m.martin",
                "reason": "validated",
            }
            for task, (version, days) in versions.items()
        ],
    }


def _server_metrics():
    registry = CollectorRegistry()
    counter = Counter("osteon_server_predictions", "", ["task", "status", "reason"], registry=registry)
    for task, answered, abstained in (("fracture", 12_345, 87), ("bone-age", 901, 12), ("knee-oa", 640, 3)):
        counter.labels(task, "answered", "none").inc(answered)
        counter.labels(task, "abstained", "image_quality").inc(abstained)
    return generate_latest(registry).decode()


def _gateway_metrics():
    family = GaugeMetricFamily("osteon_gateway_queue_items", "", labels=["state"])
    for state, number in (("received", 2), ("sent", 1), ("answered", 13_881), ("failed", 4)):
        family.add_metric([state], number)

    class Queue:
        def collect(self):
            return [family]

    registry = CollectorRegistry()
    registry.register(Queue())
    return generate_latest(registry).decode()


def _drift_metrics():
    registry = CollectorRegistry()
    Counter("osteon_drift_retraining_requests", "", ["task"], registry=registry).labels("fracture").inc()
    return generate_latest(registry).decode()


ANSWERS = {
    (8010, "/v1/models"): lambda: json.dumps(models_json()),
    (8084, "/v1/drift"): lambda: json.dumps(drift_json()),
    (8010, "/metrics"): _server_metrics,
    (8030, "/metrics"): _gateway_metrics,
    (8084, "/metrics"): _drift_metrics,
}
SILENT = {"well": set(), "some": {8084, 8020}, "none": {8010, 8020, 8030, 8084}, "empty": set()}


def transport(kind="well", asked=None):
    """A transport that answers as the services do; `asked` collects the requests."""

    def answer(request):
        port, path = request.url.port, request.url.path
        if asked is not None:
            asked.append(request)
        if port in SILENT[kind]:
            raise httpx.ConnectError("refused")
        if path == "/readyz":
            return httpx.Response(503 if kind == "some" and port == 8030 else 200)
        if path.startswith("/v1/") and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return httpx.Response(401)
        if kind == "empty" and path == "/v1/models":
            return httpx.Response(200, json={"models": [], "project": "osteon"})
        if kind == "empty" and path == "/v1/drift":
            return httpx.Response(200, json={**drift_json(), "streams": [], "sites": {}})
        if kind == "empty":
            return httpx.Response(200, text="")
        return httpx.Response(200, text=ANSWERS[port, path]())

    return httpx.MockTransport(answer)
