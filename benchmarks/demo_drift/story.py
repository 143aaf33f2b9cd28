"""The demo from beginning to end: each step waits for a real program to have done its part."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.demo_drift.archive import RECIPE, TASK, Archive, write_policies
from benchmarks.demo_drift.hospital import CHANGED_SITE, NEW_DEVICE, DrawnStudy, studies
from benchmarks.demo_drift.machines import Machines, wait
from osteon.artefact import atomic_write
from osteon.domain import Task
from osteon.features import FeatureRepository
from osteon.registry import Registry, registry_uri

_PATIENT_S = 900.0  # two cores that others use as well


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many studies: of the archive, of a week of both sites, of the new device, after each promotion."""

    before: int
    week: int
    new: int
    after: int
    labels: int


class Story:
    """What happened when, for a reader and as JSON."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.began = time.monotonic()
        self.facts: dict[str, Any] = {"program": "demo_drift"}
        self.times: dict[str, float] = {}

    def say(self, line: str, mark: str = "") -> None:
        """One line with its time; a mark keeps the time for the JSON."""
        now = time.monotonic() - self.began
        if mark:
            self.times[mark] = round(now, 1)
        print(f"{now:7.1f} s  {line}", flush=True)

    def end(self) -> None:
        """The JSON line, also in the folder."""
        line = json.dumps(
            {**self.facts, "at_s": self.times, "seconds": round(time.monotonic() - self.began, 1)}
        )
        atomic_write(self.folder / "result.json", line + "\n")
        print(line, flush=True)


@dataclass(frozen=True)
class Hospital:
    """What the steps share."""

    story: Story
    machines: Machines
    archive: Archive
    registry: Registry

    @property
    def folder(self) -> Path:
        return self.story.folder

    @property
    def features(self) -> FeatureRepository:
        return FeatureRepository(self.folder / "features")

    def send(self, drawn: Sequence[DrawnStudy], *, labels: int = 0) -> dict[str, float]:
        """The studies are answered and recorded; the share answered, and right among the answered.

        Args:
            labels: the last so many are labelled by a radiologist, through `osteon labels add`.
        """
        answered = right = 0
        read: list[tuple[str, int]] = []
        for study in drawn:
            prediction = self._ask(study)
            if prediction["value"] is not None:
                answered += 1
                right += (prediction["value"] >= 0.5) == bool(study.fracture)
            read.append((prediction["event_id"], study.fracture))
        ids = {event_id for event_id, _ in read}
        wait(lambda: ids <= set(self.features.history()["event_id"]), "the events in Feast", _PATIENT_S, 1.0)
        if labels:
            self._label(read[-labels:])
        return {"answered": answered / len(drawn), "right": right / answered if answered else 0.0}

    def _ask(self, study: DrawnStudy) -> dict[str, Any]:
        response = httpx.post(
            self.machines.url("server") + "/v1/predict", headers=self.machines.bearer, timeout=120,
            files={"files": study.dicom},
            data={"site": study.site, "subject": self.archive.subject(study)},
        )  # fmt: skip
        response.raise_for_status()
        (prediction,) = response.json()["predictions"]
        return dict(prediction)

    def _label(self, read: Sequence[tuple[str, int]]) -> None:
        table = self.folder / "readings.csv"
        with table.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["event_id", "label", "reader"])
            writer.writerows((*row, "dr.demo") for row in read)
        self.osteon("labels", "add", str(table), "--features", str(self.folder / "features"))

    def osteon(self, *arguments: str) -> None:
        """The command line, as an operator types it."""
        subprocess.run([sys.executable, "-m", "osteon.cli", *arguments], check=True, capture_output=True)

    def drift(self) -> dict[str, Any]:
        """The monitor's newest report; empty before the first."""
        answer = httpx.get(self.machines.url("monitor") + "/v1/drift", headers=self.machines.bearer)
        return dict(answer.json()) if answer.status_code == httpx.codes.OK else {}

    def serves(self, version: str) -> bool:
        """Whether the server answers with that version."""
        answer = httpx.get(self.machines.url("server") + "/v1/models", headers=self.machines.bearer).json()
        rows = [row for row in answer["models"] if "champion" in row["aliases"]]
        return any(str(row["version"]) == version for row in rows)


def tell(story: Story, sizes: Sizes, *, approver: str, seed: int) -> None:
    """The story; whatever happens, no process is left."""
    archive = Archive(story.folder)
    machines = Machines(story.folder)
    hospital = Hospital(story, machines, archive, Registry(registry_uri(story.folder / "registry")))
    write_policies(story.folder)
    try:
        _before(hospital, sizes, seed)
        _switch_on(hospital, sizes, seed)
        version = _retrained(hospital)
        _shadowed(hospital, sizes, seed)
        _approved(hospital, sizes, version, approver, seed)
        _harmful(hospital, sizes, version, seed)
    finally:
        machines.stop()
    story.end()


def _before(hospital: Hospital, sizes: Sizes, seed: int) -> None:
    story = hospital.story
    came = hospital.archive.take(studies(sizes.before, seed + 1))
    story.say(f"{came} studies of two hospitals de-identified and paired")
    hospital.archive.first_model(seed)
    story.say("a first fracture model learned from them and is champion", "champion")
    hospital.machines.start_services()
    hospital.machines.start_watchers()
    story.say("model server, writer, drift monitor, Prometheus and Alertmanager run")
    shares = hospital.send(list(studies(2 * sizes.week, seed + 2)))
    story.facts["before"] = shares
    story.say(f"a usual week: {shares['answered']:.0%} answered, {shares['right']:.0%} of them right")
    sites = wait(
        lambda: (found := hospital.drift().get("sites", {}))
        and all(one["production_events"] >= 40 for one in found.values()) and found,
        "a report on both sites", _PATIENT_S,
    )  # fmt: skip
    story.facts["verdicts_before"] = {site: one["verdict"] for site, one in sites.items()}
    story.say("the drift monitor says " + ", ".join(f"{s}: {one['verdict']}" for s, one in sites.items()))


def _switch_on(hospital: Hospital, sizes: Sizes, seed: int) -> None:
    story = hospital.story
    drawn = list(studies(sizes.new, seed + 3, sites=(CHANGED_SITE,), new=True))
    story.say(f"{CHANGED_SITE} switches on a new device, {NEW_DEVICE}", "switched_on")
    shares = hospital.send(drawn, labels=sizes.labels)
    story.facts["new_device"] = shares
    story.say(f"{len(drawn)} pictures of it: {shares['answered']:.0%} answered", "new_pictures")
    hospital.archive.take(iter(drawn))
    story.say("their de-identified copies reached the research archive")
    found = wait(lambda: hospital.machines.firing("OsteonDrift"), "the alert OsteonDrift", _PATIENT_S)
    report = hospital.drift()
    alarms = [one for one in report["alarms"] if one["alarm_utc"] and one["key"] == "all"]
    causes = {
        one["stratum"]["site"]: [(c["name"], round(c["explained"], 2)) for c in one["causes"]]
        for one in alarms
    }
    story.facts["alert"] = dict(found)
    story.facts["causes"] = causes
    story.facts["since_utc"] = {one["stratum"]["site"]: one["since_utc"] for one in alarms}
    named = "; ".join(
        f"{site} looks like {', '.join(n for n, _ in rows) or 'no known cause'}"
        for site, rows in causes.items()
    )
    story.say(f"Alertmanager has OsteonDrift for {found['site']}; picture by picture: {named}", "alert")
    request = wait(
        lambda: next(iter((hospital.folder / "requests").glob("*.json")), None), "a request", _PATIENT_S
    )
    asked = json.loads(request.read_text())
    story.facts["request"] = {"sites": asked["sites"], "key": asked["deduplication_key"]}
    story.say(f"its webhook made a retraining request for {', '.join(asked['sites'])}", "request")


def _retrained(hospital: Hospital) -> str:
    story, folder = hospital.story, hospital.folder
    archive = hospital.archive.workspace
    hospital.osteon(
        "pipeline", "retrain", "--requests", str(folder / "requests"), "--archive", f"{archive}/pairs",
        "--studies", f"{archive}/deid", "--features", str(folder / "features"),
        "--frozen", str(folder / "frozen"), "--workspace", str(folder / "runs"),
        "--registry", str(folder / "registry"),
        "--references", str(folder / "references"), "--gate", str(folder / "gate.yaml"), "--recipe", RECIPE,
        "--once",
    )  # fmt: skip
    done = json.loads(next((folder / "requests").glob("*.done")).read_text())
    decision = json.loads((Path(done["run"]) / "gate" / TASK / "decision.json").read_text())
    story.facts["gate"] = {"passed": decision["passed"], "reasons": decision["reasons"]}
    story.say("the local Kubeflow run gathered, trained, evaluated, registered and judged", "trained")
    if not decision["passed"]:
        story.end()
        raise SystemExit("the gate refused: " + "; ".join(decision["reasons"]))
    fresh = next(one for one in decision["findings"] if one["rule"] == "superior")
    story.say(
        f"the gate passes: on the fresh set a gain of {fresh['got']}; {len(decision['findings'])} findings"
    )
    return hospital.registry.in_production("challenger")[Task(TASK)].to_version


def _shadowed(hospital: Hospital, sizes: Sizes, seed: int) -> None:
    story = hospital.story
    hospital.send(list(studies(sizes.after, seed + 4, sites=(CHANGED_SITE,), new=True)))
    seen = wait(lambda: len(hospital.features.history(role="challenger")), "answers in shadow", 120.0)
    story.facts["shadow_events"] = seen
    story.say(f"the challenger answered {seen} pictures in shadow; nobody was given its answers", "shadow")


def _approved(hospital: Hospital, sizes: Sizes, version: str, approver: str, seed: int) -> None:
    story = hospital.story
    hospital.osteon(
        "registry", "promote", TASK, version, "--registry", str(hospital.folder / "registry"),
        "--actor", approver, "--reason", "passed the gate; its shadow answers were read",
    )  # fmt: skip
    story.say(f"{approver}, named on this demo's command line, approves version {version}", "approved")
    wait(lambda: hospital.serves(version), "the server to serve it", 120.0)
    shares = hospital.send(
        list(studies(sizes.after, seed + 5, sites=(CHANGED_SITE,), new=True)), labels=sizes.labels
    )
    story.facts["after"] = shares
    story.say(
        f"the server serves it: {shares['answered']:.0%} of the new device's pictures answered, "
        f"{shares['right']:.0%} of them right", "served",
    )  # fmt: skip


def _harmful(hospital: Hospital, sizes: Sizes, version: str, seed: int) -> None:
    story, folder = hospital.story, hospital.folder
    gathered = next((folder / "runs").glob("*/gathered"))
    decision, spoilt = hospital.archive.spoilt_model(gathered, str(folder / "gate.yaml"), seed + 1)
    reasons = list(decision["reasons"])  # type: ignore[call-overload]
    rules = sorted({reason.split(" ")[0] for reason in reasons})
    story.facts["refused"] = {"passed": decision["passed"], "rules": rules}
    story.say(
        f"a model of answers turned round is refused by {', '.join(rules)}; first: {reasons[0]}", "refused"
    )
    hospital.osteon(
        "registry", "promote", TASK, spoilt, "--registry", str(folder / "registry"), "--despite-gate",
        "--actor", "demo", "--reason", "to show what happens to a harmful champion",
    )  # fmt: skip
    wait(lambda: hospital.serves(spoilt), "the server to serve the harmful one", 120.0)
    story.say(f"the demo promotes it all the same (version {spoilt}), as nobody should", "harmful")
    hospital.send(list(studies(sizes.after, seed + 6)), labels=sizes.labels)
    wait(lambda: hospital.serves(version), "the rollback to be served", _PATIENT_S)
    row = hospital.registry.history(Task(TASK))[-1]
    alert = wait(
        lambda: hospital.machines.firing("OsteonModelRolledBack"), "the alert of the rollback", 120.0
    )
    story.facts["rollback"] = {
        "actor": row.actor,
        "to": row.to_version,
        "reason": row.reason,
        "alert": dict(alert),
    }
    story.say(f"{row.actor}: back to version {row.to_version}; {row.reason}", "rolled_back")
    story.say("Alertmanager has OsteonModelRolledBack")
