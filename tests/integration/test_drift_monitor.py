"""The drift monitor as a process: started by its module, asked over HTTP."""

import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from osteon.features import FeatureRepository
from tests.conftest import ROOT
from tests.event_frame import events


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitor")
    until = datetime.now(UTC)
    repository = FeatureRepository(folder / "features")
    repository.table.append(events(60, site="north", until=until))
    (folder / "token").write_text("right-token\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "OMP_NUM_THREADS": "1",
        "OSTEON_DRIFT_PORT": str(port),
        "OSTEON_DRIFT_FEATURES": str(folder / "features"),
        "OSTEON_DRIFT_REFERENCES": str(folder / "references"),
        "OSTEON_DRIFT_TOKEN_FILE": str(folder / "token"),
        "OSTEON_DRIFT_SITES": "north",
    }
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "services.drift_monitor"], env=environment, cwd=ROOT, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx.HTTPError:
                assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=40)
        log.close()
        assert "Application shutdown complete" in (folder / "log").read_text()


def test_the_report_is_given_to_the_bearer_of_the_token_alone(address):
    assert httpx.get(f"{address}/v1/drift").status_code == 401
    wrong = httpx.get(f"{address}/v1/drift", headers={"Authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    right = httpx.get(f"{address}/v1/drift", headers={"Authorization": "Bearer right-token"})
    assert right.status_code == 200
    assert right.json()["sites"]["north"]["production_events"] == 60
    assert right.json()["sites"]["north"]["verdict"] == "cannot_tell"


def test_metrics_are_readable_by_prometheus_and_name_the_verdict(address):
    families = {
        family.name: family for family in text_string_to_metric_families(httpx.get(f"{address}/metrics").text)
    }
    verdicts = {sample.labels["verdict"]: sample.value for sample in families["osteon_drift_verdict"].samples}
    assert verdicts == {"drift": 0, "no_drift": 0, "cannot_tell": 1}


def test_the_monitor_is_alive_and_ready(address):
    assert httpx.get(f"{address}/healthz").json() == {"status": "alive"}
    assert httpx.get(f"{address}/readyz").status_code == 200


def test_no_page_asks_an_outside_address(address):
    assert httpx.get(f"{address}/docs").status_code == 404
