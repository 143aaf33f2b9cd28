"""The real programs of the demo, each a process of its own with its log in the folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

from benchmarks.demo_drift.hospital import SITES
from osteon.domain import FaultError
from osteon.features.labels import label_store_url
from osteon.registry import registry_uri

ROOT = Path(__file__).resolve().parents[2]
_READY_S = 240.0
_STOP_S = 40.0


@dataclass
class Machines:
    """Folder, addresses and running processes; `stop` ends all of them."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("server", "monitor", "prometheus", "alertmanager"):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.ports[name] = probe.getsockname()[1]
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log").mkdir(exist_ok=True)

    def url(self, name: str) -> str:
        """Where a program answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def token(self) -> str:
        """The token of the demo's services."""
        path = self.folder / "token"
        if not path.exists():
            path.write_text("a-token-of-the-demo-only\n")
        return path.read_text().strip()

    @property
    def bearer(self) -> dict[str, str]:
        """The header that the services ask for."""
        return {"Authorization": f"Bearer {self.token}"}

    def start(self, name: str, command: list[str], ready: str = "", **environment: str) -> None:
        """The program runs and, where it has an address, is ready."""
        log = self.folder / "log" / f"{name}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL,
                env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **environment},
            )  # fmt: skip
        self.running[name] = process
        if ready:
            wait(lambda: _is_ready(ready, process, log), f"{name} to be ready", _READY_S)

    def stop(self) -> None:
        """No process of the demo is left."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start_services(self) -> None:
        """Model server, writer of events, drift monitor: as a hospital runs them, on short intervals."""
        state, registry = self.folder, registry_uri(self.folder / "registry")
        (state / "hmac.key").write_bytes(b"the key of the demo's digests only")
        _ = self.token
        outbox = f"sqlite:///{state.absolute()}/outbox.db"
        features = str(state / "features")
        self.start(
            "server",
            [sys.executable, "-m", "services.model_server", "--port", str(self.ports["server"])],
            self.url("server") + "/readyz",
            OSTEON_SERVER_REGISTRY_URI=registry, OSTEON_SERVER_OUTBOX_URL=outbox,
            OSTEON_SERVER_TOKEN_FILE=str(state / "token"),
            OSTEON_SERVER_HMAC_KEY_FILE=str(state / "hmac.key"),
            OSTEON_SERVER_RELOAD_INTERVAL_S="1", BENTOML_DO_NOT_TRACK="true",
        )  # fmt: skip
        self.start(
            "writer", [sys.executable, "-m", "osteon.features.writer", "--loop"],
            OSTEON_WRITER_OUTBOX_URL=outbox, OSTEON_WRITER_REPOSITORY=features,
        )  # fmt: skip
        self.start(
            "monitor", [sys.executable, "-m", "services.drift_monitor"], self.url("monitor") + "/readyz",
            OSTEON_DRIFT_PORT=str(self.ports["monitor"]), OSTEON_DRIFT_FEATURES=features,
            OSTEON_DRIFT_REFERENCES=str(state / "references"), OSTEON_DRIFT_REQUESTS=str(state / "requests"),
            OSTEON_DRIFT_TOKEN_FILE=str(state / "token"), OSTEON_DRIFT_SITES=",".join(SITES),
            OSTEON_DRIFT_INTERVAL_S="5", OSTEON_DRIFT_POLICY=str(state / "thresholds.yaml"),
            OSTEON_DRIFT_REQUESTS_ON="alert", OSTEON_DRIFT_REGISTRY_URI=registry,
            OSTEON_DRIFT_LABELS_URL=label_store_url(state / "features"),
        )  # fmt: skip

    def start_watchers(self) -> None:
        """Prometheus and Alertmanager with the shipped rules and routes, their pauses cut to seconds."""
        for name in ("prometheus", "prometheus-alertmanager"):
            if not any((Path(part) / name).exists() for part in os.environ["PATH"].split(os.pathsep)):
                raise FaultError(f"the Debian package {name}", "none", "install it: `make setup`")
        place = self.folder
        (place / "alertmanager.yaml").write_text(self._routes())
        self.start(
            "alertmanager",
            ["prometheus-alertmanager", f"--config.file={place}/alertmanager.yaml",
             f"--storage.path={place}/alertmanager", "--cluster.listen-address=",
             f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}"],
            self.url("alertmanager") + "/-/ready",
        )  # fmt: skip
        (place / "prometheus.yml").write_text(yaml.safe_dump(self._scrapes()))
        self.start(
            "prometheus",
            ["prometheus", f"--config.file={place}/prometheus.yml", f"--storage.tsdb.path={place}/prometheus",
             f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}"],
            self.url("prometheus") + "/-/ready",
        )  # fmt: skip

    def _routes(self) -> str:
        routes = yaml.safe_load((ROOT / "monitoring" / "alertmanager.yaml").read_text())
        routes["route"] |= {"group_wait": "1s", "group_interval": "2s"}
        for receiver in routes["receivers"]:
            if receiver["name"] == "retraining":
                (hook,) = receiver["webhook_configs"]
                hook["url"] = self.url("monitor") + "/v1/alerts"
                hook["http_config"]["authorization"]["credentials_file"] = str(self.folder / "token")
            else:  # nobody is to be woken by a demo
                del receiver["webhook_configs"]
        return yaml.safe_dump(routes, sort_keys=False)

    def _scrapes(self) -> dict[str, Any]:
        rules = []
        for path in sorted((ROOT / "monitoring" / "rules").glob("*.yaml")):
            told = yaml.safe_load(path.read_text())
            for group in told["groups"]:
                group["interval"] = "1s"
                for rule in group["rules"]:
                    if "for" in rule:
                        rule["for"] = "5s"
            copy = self.folder / f"rules-{path.name}"
            copy.write_text(yaml.safe_dump(told))
            rules.append(str(copy))
        jobs = {"drift-monitor": "monitor", "model-server": "server"}
        return {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": rules,
            "alerting": {
                "alertmanagers": [
                    {"static_configs": [{"targets": [f"127.0.0.1:{self.ports['alertmanager']}"]}]}
                ]
            },
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{self.ports[name]}"]}]}
                for job, name in jobs.items()
            ],
        }

    def firing(self, alert: str) -> Mapping[str, str] | None:
        """Labels of an alert as Alertmanager has it now."""
        found = httpx.get(self.url("alertmanager") + "/api/v2/alerts").json()
        return next((one["labels"] for one in found if one["labels"]["alertname"] == alert), None)


def _is_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise FaultError("a program that goes on", "one that ended", f"read {log}")
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


T = TypeVar("T")


def wait(look: Callable[[], T | None], what: str, limit_s: float, every_s: float = 0.3) -> T:
    """What `look` gives once it gives something; FaultError says what did not come in time."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(every_s)
    raise FaultError(what, f"nothing in {limit_s:.0f} s", "read the logs in the demo's folder")
