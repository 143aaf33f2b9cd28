"""The gate of a run: champion against challenger on the frozen and the fresh set, kept with the version."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteon.artefact import atomic_write, read_manifest, sha256_file, write_manifest
from osteon.domain import Manifest, Task, age_band
from pipelines.ledger import StageRun, run_stage
from pipelines.lineage import open_registry
from pipelines.progress import stage_progress
from pipelines.storage import join, reading

if TYPE_CHECKING:
    from monitoring.gate import GateDecision, GatePolicy, GateRow
    from osteon.registry import Registry

_NO_KEY = bytes(32)  # the comparison keeps no digest of its inputs
FRESH, FROZEN, TRAINING = "fresh.csv", "frozen.csv", "labels.csv"
DECISION = "decision.json"
_GROUPS = {"hospital": "site", "device": "device", "view": "view", "region": "body_part", "sex": "sex"}


def gate(
    model_uri: str,
    gathered_uri: str,
    workspace: str,
    *,
    task: str,
    registry: str,
    project: str,
    actor: str,
    policy: str = "",
) -> tuple[StageRun, dict[str, Any]]:
    """The decision on the registered model, at WORKSPACE/gate/TASK; it is challenger when it passed.

    A task's first model has no champion to be compared with; its decision says so and gives no alias.

    Args:
        gathered_uri: folder with `frozen.csv` and `fresh.csv`, label tables whose test rows are compared on.
        policy: path of a gate in YAML; empty takes the shipped one.
    """
    from monitoring.gate import load_gate

    rules = load_gate(Path(policy) if policy else None)
    wanted, uri = Task.parse(task), join(workspace, "gate", task)
    with reading(model_uri) as model, reading(gathered_uri) as gathered:
        digest = read_manifest(model).digest
        store = open_registry(registry, project)
        version = next(each.version for each in store.list(wanted) if each.digest == digest)
        champion = store.in_production().get(wanted)
        inputs = {"model": digest, "gathered": read_manifest(gathered).digest}
        alone = champion is None or champion.to_version == version
        if champion is not None and not alone:
            inputs["champion"] = champion.digest

        def work(folder: Path) -> Manifest:
            with stage_progress(f"gate {task}") as progress:
                decision: dict[str, Any] = {"passed": True, "policy_hash": rules.hash, "reasons": [],
                                            "findings": [], "without_champion": True}  # fmt: skip
                if not alone:
                    decision = _decision(store, wanted, digest, model, gathered, rules, progress).as_dict()
                store.record_gate(wanted, version, decision)
                if decision["passed"] and not alone:
                    _challenge(store, wanted, version, actor, rules)
            folder.mkdir(parents=True, exist_ok=True)
            atomic_write(folder / DECISION, json.dumps(decision, indent=2, sort_keys=True) + "\n")
            manifest = Manifest(
                stage="gate",
                inputs=inputs,
                settings={"task": task, "version": version},
                outputs={DECISION: sha256_file(folder / DECISION)},
                figures={"passed": decision["passed"], "refusals": len(decision["reasons"])},
                policy_hash=rules.hash,
                project=project,
            )
            write_manifest(folder, manifest)
            return manifest

        settings = {"task": task, "registry": registry, "project": project, "policy": rules.hash}
        run = run_stage("gate", uri, inputs=inputs, settings=settings, work=work)
    with reading(uri) as folder:
        told: dict[str, Any] = json.loads((folder / DECISION).read_text(encoding="utf-8"))
    return run, told


def _decision(
    store: Registry,
    task: Task,
    digest: str,
    model: Path,
    gathered: Path,
    rules: GatePolicy,
    progress: Any,
) -> GateDecision:
    from monitoring.gate import decide, measure_evidence
    from osteon.models import Predictor

    champion = Predictor.load(store.get(task).path, hmac_key=_NO_KEY)
    challenger = Predictor.load(model, hmac_key=_NO_KEY)
    sets = {"frozen": gate_rows(gathered / FROZEN, task), "fresh": gate_rows(gathered / FRESH, task)}
    learned_from = store.lineage.subjects(task, digest) or None
    evidence = measure_evidence(
        champion, challenger, sets, rules, learned_from=learned_from, progress=progress
    )
    return decide(evidence, rules)


def _challenge(store: Registry, task: Task, version: str, actor: str, rules: GatePolicy) -> None:
    """The version is the challenger; a rerun after an interruption moves nothing twice."""
    holder = store.in_production("challenger").get(task)
    if holder is None or holder.to_version != version:
        reason = f"passed the gate {rules.hash[:12]}"
        store.promote(task, version, "challenger", actor=actor, reason=reason)


def gate_rows(table: Path, task: Task) -> list[GateRow]:
    """The test rows of a label table with their subgroup labels; none where the table has no label."""
    from monitoring.gate import GateRow
    from training.label_table import has_labels, read_label_table

    if not has_labels(table, task):
        return []
    with table.open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    rows = []
    for row in read_label_table(table, task).test_rows():
        cell = cells[row.number - 1]
        groups = {key: cell.get(column) or "unknown" for column, key in _GROUPS.items()}
        groups["age_band"] = age_band(float(cell["age_years"]) if cell.get("age_years") else None)
        rows.append(
            GateRow(
                path=row.path,
                patient=row.key,
                label=row.label,
                sex=row.sex or None,
                site=groups["site"],
                groups=groups,
            )
        )
    return rows
