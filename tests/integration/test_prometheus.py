"""A real Prometheus with our rules, scraping a real drift monitor of a site that has drifted."""

import shutil
import subprocess
import time

import httpx
import pytest
import yaml

from monitoring.publish import RULES
from tests.drift_monitor_process import free_port, running_drift_monitor, wait_for

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus is not installed: Debian package prometheus"
)


def _at_every_second(path, folder):
    """Our rules without the pause between two evaluations."""
    groups = yaml.safe_load(path.read_text())["groups"]
    copy = folder / path.name
    copy.write_text(yaml.safe_dump({"groups": [{**group, "interval": "1s"} for group in groups]}))
    return copy


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus")
    with running_drift_monitor(tmp_path_factory.mktemp("monitor"), shift=2.0) as monitor:
        target = monitor.removeprefix("http://")
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(_at_every_second(path, folder)) for path in sorted(RULES.glob("*.yaml"))],
            "scrape_configs": [{"job_name": "drift-monitor", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
        port, log = free_port(), folder / "log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=stream,
                stderr=stream,
            )
            try:
                wait_for(f"http://127.0.0.1:{port}/-/ready", process, log)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(timeout=30)


def _query(address, expression):
    """The first answer that is not empty, within half a minute."""
    for _ in range(150):
        found = httpx.get(f"{address}/api/v1/query", params={"query": expression}).json()["data"]["result"]
        if found:
            return found
        time.sleep(0.2)
    return []


def test_prometheus_scrapes_the_verdict_of_the_site(prometheus):
    (verdict,) = _query(prometheus, 'osteon_drift_verdict{verdict="drift"} == 1')
    assert verdict["metric"]["site"] == "north"
    assert verdict["metric"]["task"] == "fracture"


def test_the_alert_of_the_drifting_site_is_pending_for_its_ten_minutes(prometheus):
    (alert,) = _query(prometheus, 'ALERTS{alertname="OsteonDrift"}')
    assert alert["metric"]["alertstate"] == "pending"
    assert alert["metric"]["site"] == "north"
    assert alert["metric"]["severity"] == "ticket"


def test_the_recorded_count_of_drifting_sites_is_one(prometheus):
    (count,) = _query(prometheus, 'osteon:drift_sites:count{verdict="drift"} == 1')
    assert count["value"][1] == "1"
