"""The drift monitor as a process: started by its module, asked over HTTP."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.drift_monitor_process import TOKEN, running_drift_monitor


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with running_drift_monitor(tmp_path_factory.mktemp("monitor")) as url:
        yield url


def test_the_report_is_given_to_the_bearer_of_the_token_alone(address):
    assert httpx.get(f"{address}/v1/drift").status_code == 401
    wrong = httpx.get(f"{address}/v1/drift", headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    right = httpx.get(f"{address}/v1/drift", headers={"Authorization": f"Bearer {TOKEN}"})
    assert right.status_code == 200
    assert right.json()["sites"]["north"]["production_events"] == 60
    assert right.json()["sites"]["north"]["verdict"] == "no_drift"


def test_metrics_are_readable_by_prometheus_and_name_the_verdict(address):
    families = {
        family.name: family for family in text_string_to_metric_families(httpx.get(f"{address}/metrics").text)
    }
    verdicts = {sample.labels["verdict"]: sample.value for sample in families["osteon_drift_verdict"].samples}
    assert verdicts == {"drift": 0, "no_drift": 1, "cannot_tell": 0}


def test_the_monitor_is_alive_and_ready(address):
    assert httpx.get(f"{address}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{address}/readyz").status_code == 200


def test_no_page_asks_an_outside_address(address):
    assert httpx.get(f"{address}/docs").status_code == 404
