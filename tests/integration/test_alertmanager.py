"""A real Alertmanager with our routes: each alert reaches whom its severity names, and once."""

import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import loads

import httpx
import pytest
import yaml

from tests.conftest import ROOT
from tests.drift_monitor_process import free_port, wait_for

ROUTES = ROOT / "monitoring" / "alertmanager.yaml"
RULES = sorted((ROOT / "monitoring" / "rules").glob("*.yaml"))
pytestmark = pytest.mark.skipif(
    shutil.which("prometheus-alertmanager") is None,
    reason="alertmanager is not installed: Debian package prometheus-alertmanager",
)


def alerts():
    """Name -> severity of every alert that the rules know."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return {
        rule["alert"]: rule["labels"]["severity"]
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    }


@pytest.fixture(scope="module")
def received():
    """(receiver, alertname, status) of everything that arrived, and the server's address."""
    found, arrived = [], threading.Condition()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            message = loads(self.rfile.read(int(self.headers["Content-Length"])))
            with arrived:
                found.extend(
                    (self.path.strip("/"), one["labels"]["alertname"], one["status"])
                    for one in message["alerts"]
                )
                arrived.notify_all()
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments):
            """Nothing on the terminal."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found, arrived, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory, received):
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "token").write_text("a-token")
    text = ROUTES.read_text().replace("http://127.0.0.1:9099", received[2])
    text = text.replace("http://127.0.0.1:8084", received[2])
    text = text.replace("/etc/alertmanager/osteon-token", str(folder / "token"))
    text = text.replace("group_wait: 30s", "group_wait: 1s").replace(
        "group_interval: 5m", "group_interval: 1s"
    )
    (folder / "alertmanager.yaml").write_text(text)
    port, log = free_port(), folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [
                "prometheus-alertmanager",
                f"--config.file={folder / 'alertmanager.yaml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
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


def fire(address, *labels):
    now = datetime.now(UTC)
    body = [
        {
            "labels": one,
            "startsAt": (now - timedelta(seconds=1)).isoformat(),
            "endsAt": (now + timedelta(minutes=5)).isoformat(),
        }
        for one in labels
    ]
    assert httpx.post(f"{address}/api/v2/alerts", json=body).status_code == 200


def wait_until(received, wanted):
    found, arrived, _ = received
    with arrived:
        assert arrived.wait_for(lambda: wanted <= {(who, name) for who, name, _ in found}, timeout=20), found


def test_every_alert_reaches_whom_its_severity_names(alertmanager, received):
    known = alerts()
    # Each of its own job, site and task, so that none is held back because of another.
    fire(
        alertmanager,
        *(
            {"alertname": name, "severity": severity, "job": name, "site": name, "task": name}
            for name, severity in known.items()
            if name != "OsteonServerErrorBudgetSlow"
        ),
    )
    wanted = {(who, name) for name, who in known.items() if name != "OsteonServerErrorBudgetSlow"}
    wanted |= {("v1/alerts", "OsteonDrift")}  # the drift monitor, for a retraining
    wait_until(received, wanted)
    assert {(who, name) for who, name, _ in received[0]} == wanted


def test_a_drift_of_the_report_holds_back_the_charts_that_told_it_before(alertmanager, received):
    site = {"site": "quiet", "task": "fracture", "severity": "ticket"}
    before = len(received[0])
    fire(alertmanager, {"alertname": "OsteonDrift", **site})
    wait_until(received, {("ticket", "OsteonDrift")})
    fire(alertmanager, {"alertname": "OsteonDriftAlarm", **site}, {"alertname": "OsteonDeidFaults", **site})
    wait_until(received, {("ticket", "OsteonDeidFaults")})
    threading.Event().wait(2.5)  # two more intervals of the group
    late = [name for _, name, _ in received[0][before:]]
    assert "OsteonDriftAlarm" not in late
    held = httpx.get(f"{alertmanager}/api/v2/alerts", params={"filter": 'site="quiet"'}).json()
    states = {one["labels"]["alertname"]: one["status"]["state"] for one in held}
    assert states["OsteonDriftAlarm"] == "suppressed"


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool comes with Debian's alertmanager")
def test_amtool_finds_no_fault_in_the_routes():
    done = subprocess.run(["amtool", "check-config", str(ROUTES)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 receivers" in done.stdout
