"""Gathering for a retraining: what the hospital's archive holds, split into learned, frozen and fresh rows.

Fresh are the pictures of patients that the drifting sites sent since the change, found by a point-in-time
join in Feast: events that came after the request was claimed are not seen, so that a rerun gathers the same.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from osteon.artefact import atomic_write, read_manifest, sha256_files, write_manifest
from osteon.domain import Manifest, RefusedError, Task, is_test_row
from pipelines.gate_stage import FRESH, FROZEN, TRAINING
from pipelines.ledger import StageRun, run_stage
from pipelines.progress import stage_progress
from pipelines.storage import join, reading

_LEAST_FRESH = 8
Row = Mapping[str, str]


def gather(
    pairs_uri: str,
    workspace: str,
    *,
    task: str,
    request: str,
    features: str,
    frozen: str,
    project: str = "osteon",
) -> StageRun:
    """The label tables of a retraining with their pictures, at WORKSPACE/gathered.

    `labels.csv` is learned from (its test rows are left out there as everywhere), `fresh.csv` holds what the
    request is about, `frozen.csv` the set that stays the same from version to version: made once in the
    folder `frozen`, then read only.

    Args:
        pairs_uri: the archive's pictures and labels, made from de-identified studies.
        request: the retraining request, as JSON.
        features: folder of the feature repository.
    Raises:
        RefusedError: the pictures are not de-identified under a policy, or too few are fresh.
    """
    wanted, asked = Task.parse(task), json.loads(request)
    with reading(pairs_uri) as archive:
        manifest = checked_archive(archive)
        keep_frozen(archive, Path(frozen), wanted)
        inputs = {"pairs": manifest.digest, "frozen": read_manifest(Path(frozen)).digest}

        def work(folder: Path) -> Manifest:
            with stage_progress("gather"):
                rows = _read(archive / TRAINING)
                new = _fresh(rows, asked, Path(features), project)
                labelled = [row for row in new if (row.get(wanted.label_column) or "").strip()]
                if len(labelled) < _LEAST_FRESH:
                    raise RefusedError(
                        f"{_LEAST_FRESH} labelled pictures of the sites that changed", f"{len(labelled)}",
                        "label more of them: `osteon labels add`",
                    )  # fmt: skip
                folder.mkdir(parents=True, exist_ok=True)
                _write(folder / TRAINING, rows)
                _write(folder / FRESH, new)
                _write(folder / FROZEN, _read(Path(frozen) / FROZEN))
                _take_pictures(archive, folder, rows)
                _take_pictures(Path(frozen), folder, _read(Path(frozen) / FROZEN))
            made = Manifest(
                stage="gather",
                inputs=inputs,
                settings={"task": task, "request": asked["deduplication_key"], "sites": asked["sites"]},
                outputs=sha256_files(folder, (TRAINING, FRESH, FROZEN)),
                figures={"rows": len(rows), "fresh": len(new), "fresh_labelled": len(labelled)},
                parents=(manifest.digest,),
                policy_hash=manifest.policy_hash,
                project=project,
            )
            write_manifest(folder, made)
            return made

        settings = {"task": task, "request": asked["deduplication_key"], "until": _until(asked)}
        return run_stage("gather", join(workspace, "gathered"), inputs=inputs, settings=settings, work=work)


def checked_archive(archive: Path) -> Manifest:
    """The manifest of pictures that a de-identification policy stands behind, its tables unchanged."""
    manifest = read_manifest(archive)
    if manifest.stage != "pairs" or not manifest.policy_hash:
        raise RefusedError(
            "pictures de-identified under a policy",
            "a folder without one",
            "make the pairs from `osteon deid`",
        )
    if sha256_files(archive, (TRAINING,))[TRAINING] != manifest.outputs.get(TRAINING):
        raise RefusedError("the label table of the manifest", "another one", "make the pairs again")
    return manifest


def keep_frozen(archive: Path, folder: Path, task: Task) -> None:
    """The frozen set is there; made of the archive's test rows the first time, whole or not at all."""
    if (folder / "manifest.json").is_file():
        return
    rows = [
        row
        for row in _read(archive / TRAINING)
        if is_test_row(row["patient"]) and (row.get(task.label_column) or "").strip()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    _take_pictures(archive, folder, rows)
    _write(folder / FROZEN, rows)
    parent = read_manifest(archive)
    manifest = Manifest(
        stage="frozen",
        inputs={"pairs": parent.digest},
        settings={"task": task.value},
        outputs=sha256_files(folder, (FROZEN,)),
        policy_hash=parent.policy_hash,
        project=parent.project,
    )
    write_manifest(folder, manifest)


def _fresh(rows: Sequence[Row], asked: Mapping[str, Any], features: Path, project: str) -> list[Row]:
    """Rows of the request's sites whose patient has an event after the change, known when it was claimed."""
    import pandas as pd

    from osteon.features import FeatureRepository

    patients = sorted({row["patient"] for row in rows if row["hospital"] in asked["sites"]})
    if not patients:
        return []
    until = _until(asked)
    moment = pd.Timestamp(until)
    entities = pd.DataFrame({"subject": patients, "event_timestamp": moment})
    repository = FeatureRepository(features, project)
    known = repository.as_of(entities, ["subject_latest:event_id"]).dropna(subset=["event_id"])
    events = repository.history(since=change_time(asked), until=until)
    since = events[events["site"].isin(asked["sites"])]["event_id"]
    sent = set(known[known["event_id"].isin(set(since))]["subject"])
    return [row for row in rows if row["hospital"] in asked["sites"] and row["patient"] in sent]


def _until(asked: Mapping[str, Any]) -> str:
    return str(asked.get("claimed_utc") or asked["time_utc"])


def change_time(asked: Mapping[str, Any]) -> str | None:
    """When the change of its sites began: by the charts that alarmed, else by the drifting windows."""
    evidence = asked["evidence"]
    alarms = [one for one in evidence.get("alarms", ()) if one["stratum"]["site"] in asked["sites"]]
    told = [one["since_utc"] for one in alarms if one["since_utc"]]
    windows = [one["production"]["since_utc"] for one in evidence.get("streams", ())]
    return min(told or [one for one in windows if one], default=None)


def _read(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _write(table: Path, rows: Sequence[Row]) -> None:
    columns = list(rows[0]) if rows else ["file", "patient"]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    atomic_write(table, buffer.getvalue())


def _take_pictures(source: Path, target: Path, rows: Sequence[Row]) -> None:
    """Every row's picture lies in the target: the same bytes on the same disk where that can be."""
    for row in rows:
        place = target / row["file"]
        if place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / row["file"], place)
        except OSError:
            shutil.copyfile(source / row["file"], place)
