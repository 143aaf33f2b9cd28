"""Which services `osteon up` starts, where they listen, and what each is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from osteon.artefact import atomic_write
from osteon.cli.first_index import search_settings
from osteon.cli.home import Home
from osteon.cli.stack import ServiceSpec, free_port

CALLING_AE = "OSTEON_DEMO"
CALLED_AE = "OSTEON"
_FILE = "addresses.json"
_BACKGROUND = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The ports of one start, all on this machine's loopback address."""

    portal: int
    model_server: int
    gateway: int
    dicom: int
    hl7: int
    deid: int
    drift_monitor: int

    def as_dict(self) -> dict[str, str]:
        """Name -> address as a person or a client writes it."""
        web = {
            name: f"http://127.0.0.1:{port}"
            for name, port in asdict(self).items()
            if name not in {"dicom", "hl7"}
        }
        return {**web, "dicom": f"{CALLED_AE}@127.0.0.1:{self.dicom}", "hl7": f"mllp://127.0.0.1:{self.hl7}"}


_WANTED = Addresses(
    portal=8080, model_server=8010, gateway=8030, dicom=11112, hl7=2575, deid=8020, drift_monitor=8084
)


def choose_addresses(home: Home) -> Addresses:
    """The usual ports where they are free, others where not; remembered in the home."""
    chosen = Addresses(**{name: free_port(port) for name, port in asdict(_WANTED).items()})
    atomic_write(home.run / _FILE, json.dumps(asdict(chosen)))
    return chosen


def read_addresses(home: Home) -> Addresses | None:
    """The ports of the last start, or None."""
    try:
        return Addresses(**json.loads((home.run / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def service_specs(home: Home, addresses: Addresses, sites: tuple[str, ...]) -> list[ServiceSpec]:
    """Every service, in the order they are started."""
    urls = addresses.as_dict()
    return [
        _spec(
            "model_server",
            "OSTEON_SERVER_",
            urls["model_server"] + "/readyz",
            port=addresses.model_server,
            registry_uri=f"sqlite:///{home.registry / 'mlflow.db'}",
            registry_cache=home.scratch / "packages",
            outbox_url=home.outbox,
            token_file=home.token,
            hmac_key_file=home.hmac_key,
            more=search_settings(home),
        ),
        _spec(
            "gateway",
            "OSTEON_GATEWAY_",
            urls["gateway"] + "/readyz",
            state=home.clinical,
            port=addresses.gateway,
            dicom_port=addresses.dicom,
            hl7_port=addresses.hl7,
            ae_title=CALLED_AE,
            calling_ae_titles=f"{CALLING_AE}:{sites[-1]}",
            token_file=home.token,
            model_server_url=urls["model_server"],
            model_server_token_file=home.token,
            deid_url=urls["deid"],
            deid_token_file=home.token,
            handover=home.clinical / "reports",
        ),
        _spec(
            "deid",
            "OSTEON_DEID_",
            urls["deid"] + "/readyz",
            port=addresses.deid,
            key_file=home.deid_key,
            token_file=home.token,
            vault=home.deid_key.parent / "vault",
        ),
        ServiceSpec(
            name="feature_writer",
            module="osteon.features.writer",
            arguments=("--loop",),
            niceness=_BACKGROUND,
            environment={
                "OSTEON_WRITER_OUTBOX_URL": home.outbox,
                "OSTEON_WRITER_REPOSITORY": str(home.features),
            },
        ),
        _spec(
            "drift_monitor",
            "OSTEON_DRIFT_",
            urls["drift_monitor"] + "/readyz",
            niceness=_BACKGROUND,
            port=addresses.drift_monitor,
            features=home.features,
            references=home.references,
            requests=home.root / "requests",
            sites=",".join(sites),
            interval_s=30,
            token_file=home.token,
        ),
        _spec(
            "portal",
            "OSTEON_PORTAL_",
            urls["portal"] + "/readyz",
            port=addresses.portal,
            token_file=home.token,
            model_server_url=urls["model_server"],
            gateway_url=urls["gateway"],
            deid_url=urls["deid"],
            drift_monitor_url=urls["drift_monitor"],
        ),
    ]


def _spec(
    name: str,
    prefix: str,
    ready_url: str,
    *,
    niceness: int = 0,
    more: Mapping[str, str] = MappingProxyType({}),
    **settings: str | int | Path,
) -> ServiceSpec:
    return ServiceSpec(
        name=name,
        module=f"services.{name}",
        ready_url=ready_url,
        niceness=niceness,
        environment={f"{prefix}{key.upper()}": str(value) for key, value in {**settings, **more}.items()},
    )
