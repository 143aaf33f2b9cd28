"""A small archive, its events and a champion: what a retraining needs, quick to make."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from osteon.artefact import sha256_files, write_manifest
from osteon.domain import Manifest, RetrainingRequest, sha256_text
from osteon.features import FeatureRepository
from osteon.registry import Registry
from tests.event_frame import events
from tests.labelled_pictures import write_picture
from tests.model_packages import make_model_package, promote_package
from tests.registries import new_registry

PATIENTS = 60
SITES = ("north", "south")


def patient(number: int) -> str:
    """A pseudonym as the de-identification makes them."""
    return f"P{int(sha256_text(str(number))[:15], 16):016d}"


def make_archive(folder: Path) -> Path:
    """Pairs and studies in one folder each, with manifests; wide bars are fractures."""
    rows = []
    for number in range(PATIENTS):
        name = f"images/{number}.png"
        for part in ("pairs", "deid"):
            write_picture(folder / part / name, width=20 if number % 2 else 6, seed=number)
        rows.append(
            {
                "file": name,
                "patient": patient(number),
                "hospital": SITES[number // 2 % 2],
                "region": "forearm",
                "view": "AP",
                "sex": "F" if number % 3 else "M",
                "age_years": "40",
                "device": "unit",
                "fracture": number % 2,
            }
        )
    for part, table in (("pairs", "labels.csv"), ("deid", "instances.csv")):
        with (folder / part / table).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        manifest = Manifest(stage=part, outputs=sha256_files(folder / part, (table,)), policy_hash="p")
        write_manifest(folder / part, manifest)
    return folder


def make_features(folder: Path, now: datetime) -> FeatureRepository:
    """An event of yesterday for each patient of the north."""
    repository = FeatureRepository(folder)
    repository.apply()
    north = [number for number in range(PATIENTS) if SITES[number // 2 % 2] == "north"]
    drawn = events(len(north), until=now - timedelta(hours=1), hours=20)
    repository.write_events(
        [replace(event, subject=patient(number)) for event, number in zip(drawn, north, strict=True)]
    )
    return repository


def make_registry(folder: Path) -> Registry:
    """A registry whose champion has random weights."""
    registry = new_registry(folder)
    package = make_model_package(folder.with_name("champion"), "fracture", seed=3)
    promote_package(registry, package, "fracture")
    return registry


def request(now: datetime, *, sites: tuple[str, ...] = ("north",)) -> RetrainingRequest:
    """What the drift monitor files when the north has changed."""
    return RetrainingRequest(
        task="fracture", sites=sites, reason="drift", model_version="fracture:1", cooldown_s=3600,
        evidence={"alarms": [_alarm("north", now - timedelta(days=2)), _alarm("south", now)], "streams": []},
        time_utc=now.isoformat(timespec="seconds"),
    )  # fmt: skip


def _alarm(site: str, since: datetime) -> dict[str, object]:
    return {"stratum": {"site": site}, "since_utc": since.isoformat()}


def as_text(asked: RetrainingRequest) -> str:
    """The request as a stage is given it."""
    return json.dumps(asked.as_dict())


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)
