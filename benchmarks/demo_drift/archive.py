"""The hospital's research archive in the demo: export, de-identification, pairs, and the first model."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from benchmarks.demo_drift.hospital import DrawnStudy, export
from monitoring.gate.policy import DEFAULT_GATE
from monitoring.policy import DEFAULT_POLICY
from osteon.deid import keys, load_key
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.domain import OriginalId, Task
from pipelines import gate_stage, stages
from pipelines.deid_rules import DeidRules
from pipelines.gather import keep_frozen

TASK = Task.FRACTURE.value
RECIPE = "brief"


class Archive:
    """De-identified studies and pairs in a folder, brought up to date after each export."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "secret" / "deid.key"
        self.key.parent.mkdir(parents=True, exist_ok=True)
        if not self.key.exists():
            _make_key(self.key)

    @property
    def workspace(self) -> str:
        """Where the archive's stages leave their artefacts."""
        return str(self.folder / "archive")

    def take(self, drawn: Iterator[DrawnStudy]) -> int:
        """The studies are exported, de-identified and paired; how many came."""
        came = export(self.folder / "pacs", drawn)
        stages.deid(str(self.folder / "pacs"), self.workspace, DeidRules(key_file=str(self.key), workers=1))
        stages.pairs(f"{self.workspace}/deid", self.workspace)
        return came

    def subject(self, study: DrawnStudy) -> str:
        """The pseudonym that the de-identification service gives with a request."""
        made = Pseudonymiser(load_key(self.key, "osteon"), study.site)
        return made.patient(OriginalId(study.patient)).value

    def first_model(self, seed: int) -> None:
        """The champion of before the new device, with its frozen set and its reference window."""
        place = self.workspace
        keep_frozen(Path(place) / "pairs", self.folder / "frozen", Task.FRACTURE)
        stages.finetune(f"{place}/pairs", "random", place, task=TASK, recipe=RECIPE, seed=seed)
        stages.evaluate(f"{place}/models/{TASK}", f"{place}/pairs", place, task=TASK)
        self._register(place)
        stages.reference(
            f"{place}/models/{TASK}", f"{place}/deid", place, task=TASK,
            references=str(self.folder / "references"),
        )  # fmt: skip

    def spoilt_model(self, gathered: Path, gate: str, seed: int) -> tuple[dict[str, object], str]:
        """The gate's decision on a model learned from answers that were turned round, and its version."""
        place = self.folder / "spoilt"
        table = gathered / gate_stage.TRAINING
        with table.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        turned = place / "turned"
        turned.mkdir(parents=True, exist_ok=True)
        for row in rows:
            row["fracture"] = str(1 - int(row["fracture"]))
            row["file"] = str((gathered / row["file"]).absolute())
        with (turned / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        (turned / "manifest.json").write_bytes((gathered / "manifest.json").read_bytes())
        stages.finetune(str(turned), "random", str(place), task=TASK, recipe=RECIPE, seed=seed)
        stages.evaluate(f"{place}/models/{TASK}", str(gathered), str(place), task=TASK)
        version = self._register(str(place))
        _, decision = gate_stage.gate(
            f"{place}/models/{TASK}", str(gathered), str(place), task=TASK,
            registry=str(self.folder / "registry"), project="osteon", actor="demo", policy=gate,
        )  # fmt: skip
        return decision, version

    def _register(self, place: str) -> str:
        run = stages.register(
            f"{place}/models/{TASK}", f"{place}/evaluation/{TASK}", place, task=TASK,
            registry=str(self.folder / "registry"), project="osteon", actor="demo",
        )  # fmt: skip
        from osteon.artefact import read_manifest

        return str(read_manifest(Path(run.uri)).settings["version"])


def _make_key(path: Path) -> None:
    """The same key in every run of the demo: which patients are kept aside goes by their pseudonyms."""
    keys.create_key(path)
    *head, last = path.read_text(encoding="ascii").splitlines()
    number, scheme, _ = last.split(" ")
    secret = base64.b64encode(hashlib.sha256(b"a key of the demo, for invented people").digest()).decode()
    path.write_text("\n".join([*head, f"{number} {scheme} {secret}"]) + "\n", encoding="ascii")


def write_policies(folder: Path) -> None:
    """The shipped thresholds and gate with smaller numbers of pictures: a demo has minutes, not weeks."""
    thresholds = yaml.safe_load(DEFAULT_POLICY.read_text())
    thresholds["windows"] |= {
        "production_most_events": 60, "first_events": 60, "least_reference_events": 16,
        "least_production_events": 40,
    }  # fmt: skip
    thresholds["sequential"] |= {"least_reference_events": 45, "first_events": 50}
    thresholds["retraining"] |= {"least_production_events": 40, "cooldown_hours": 1}
    (folder / "thresholds.yaml").write_text(yaml.safe_dump(thresholds, sort_keys=False))
    gate = yaml.safe_load(DEFAULT_GATE.read_text())
    gate["sets"]["frozen"]["least_patients"] = 20
    gate["sets"]["fresh"]["least_patients"] = 10
    gate["latency"]["most_ratio"] = 3.0  # two models in turns on a busy machine
    (folder / "gate.yaml").write_text(yaml.safe_dump(gate, sort_keys=False))


def shuffled(items: list[DrawnStudy], seed: int) -> list[DrawnStudy]:
    """The same studies in another order."""
    return [items[index] for index in np.random.default_rng(seed).permutation(len(items))]
