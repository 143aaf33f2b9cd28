"""A folder of studies in, a folder under pseudonyms out: over processes, resumable, whole or not at all."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from osteon.artefact import MANIFEST_NAME, folder_hash, read_manifest, sha256_files, write_manifest
from osteon.deid.cases import decisions_digest
from osteon.deid.job import Job, opened_job, state_of, study_mark
from osteon.deid.keys import ProjectKey
from osteon.deid.policy import Policy
from osteon.deid.pool import map_unordered
from osteon.deid.pseudonyms import Notes, Pseudonymiser
from osteon.deid.records import (
    QUARANTINE,
    RECORDS,
    StudyRecord,
    held_row,
    read_record,
    record_name,
    write_record,
)
from osteon.deid.sources import StudySource, find_studies, reports_without_study
from osteon.deid.study import deidentify_study
from osteon.deid.study_review import StudyReview
from osteon.deid.tables import write_tables
from osteon.deid.vault import Vault, VaultPlace
from osteon.domain.errors import QuarantinedError, RefusedError
from osteon.domain.manifest import Manifest, canonical_json, sha256_text

Progress = Callable[[int, int], None]


def deidentify_sample(
    in_dir: Path,
    out_dir: Path,
    key_file: Path,
    policy: Policy | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    *,
    project: str = "osteon",
    vault: Path | None = None,
) -> Manifest:
    """De-identifies every study of a folder; what a killed run finished is kept and not done again.

    Each study is written into a hidden folder and renamed, then its record is written. A study is done
    when its record names the same input, policy, key and decisions. Tables and manifest come last.

    Args:
        in_dir: the layout of `osteon sample`, or any folder with DICOM files and reports.
        out_dir: created; a folder of an earlier run with another policy or key is brought up to date.
        key_file: the project's key.
        policy: what may leave; the package's own when None.
        workers: processes; as many as there are processors when None.
        progress: called with (done, total) studies.
        project: pseudonyms of two projects cannot be linked.
        vault: the identified area; with it, what is held back waits for a person, pseudonyms can be told by
            a named one, and the run stands in the audit trail.
    Raises:
        UsageError: no such folder, key or policy.
        RefusedError: nothing to read, an output that is inside the input, above it or somebody else's, or
            another run that writes there.
    """
    with opened_job(in_dir, out_dir, key_file, policy, project=project, vault=vault) as job:
        studies = find_studies(in_dir)
        _audit(job, "run_started", {"studies": len(studies), "policy_hash": job.policy.hash})
        remove_leftovers(out_dir)
        states = {study: state_of(study, job) for study in studies}
        do_studies(job, states, workers, progress)
        return finish(job, states)


def do_studies(
    job: Job, states: Mapping[StudySource, str], workers: int | None, progress: Progress | None = None
) -> None:
    """Every one of these studies has its record afterwards."""
    todo = [item for item in states.items() if current_record(*item, job) is None]
    done = len(states) - len(todo)
    if progress:
        progress(done, len(states))
    preload = ["osteon.deid.warm"] if any(study.reports for study, _ in todo) else []
    for _ in map_unordered(_one, job, todo, workers, preload):
        done += 1
        if progress:
            progress(done, len(states))


def finish(job: Job, states: Mapping[StudySource, str]) -> Manifest:
    """Tables and manifest of studies that all have their record; what no study gives any more goes."""
    studies = list(states)
    records = [record for item in states.items() if (record := current_record(*item, job)) is not None]
    if len(records) < len(studies):
        raise RefusedError(
            "a record of every study", "some without, or changed inputs", "run the missing shards again"
        )
    _hold_doubles(job, studies, records)
    _remove_stale(job.output, studies, records, job.key)
    truth = job.folder / "truth.csv"
    figures = write_tables(job.output, records, truth if truth.is_file() else None, Pseudonymiser(job.key))
    figures["reports_without_study"] = reports_without_study(job.folder, studies)
    manifest = _write_manifest(job, figures, studies)
    held = Counter(row["reason"] for record in records for row in record.quarantined)
    facts = {"figures": dict(figures), "held": dict(sorted(held.items())), "manifest": manifest.digest}
    _audit(job, "run_finished", facts)
    return manifest


def current_record(study: StudySource, state: str, job: Job) -> StudyRecord | None:
    """The study's record when it was made from the same input under the same rules, and is whole."""
    record = read_record(job.output / RECORDS / record_name(study, Pseudonymiser(job.key)))
    if record is None or record.state != state:
        return None
    return record if all((job.output / image["file"]).is_file() for image in record.images) else None


def remove_leftovers(output: Path) -> None:
    """What a killed run left hidden and unfinished; only for a run that has the folder alone."""
    for part in output.glob("*/dicom/.*.part"):
        shutil.rmtree(part, ignore_errors=True)
    for pattern in (f"{RECORDS}/.*.part", f"{QUARANTINE}/.*.part", ".*.part"):
        for part in output.glob(pattern):
            part.unlink(missing_ok=True)


def _hold_doubles(job: Job, studies: list[StudySource], records: list[StudyRecord]) -> None:
    """Source folders of one study UID have one folder in the output, where only the last stayed: none leaves.

    Their records name no state, so that each run looks at them anew.
    """
    made = Counter((record.hospital, record.study) for record in records if record.images or record.documents)
    error = QuarantinedError("one folder per study", "several of one study UID", "put its images into one")
    for study, record in zip(studies, records, strict=True):
        if made[record.hospital, record.study] > 1:
            record.state, record.images, record.documents, record.report = "", [], [], None
            record.quarantined.append(held_row("study", error))
            write_record(job.output / RECORDS / record_name(study, Pseudonymiser(job.key)), record)


def _remove_stale(
    output: Path, studies: list[StudySource], records: list[StudyRecord], key: ProjectKey
) -> None:
    """What an earlier run left and this input, policy or key no longer gives."""
    kept = {record_name(study, Pseudonymiser(key)) for study in studies}
    for path in (output / RECORDS).glob("*.json"):
        if path.name not in kept:
            path.unlink()
    folders = {
        f"{record.hospital}/dicom/{record.study}" for record in records if record.images or record.documents
    }
    for path in output.glob("*/dicom/*"):
        if str(path.relative_to(output)) not in folders:
            shutil.rmtree(path)


def _one(job: Job, item: tuple[StudySource, str]) -> None:
    study, state = item
    notes: Notes | None = {} if job.vault else None
    pseudonymiser = Pseudonymiser(job.key, study.hospital, notes)
    mark = study_mark(study, job.key)
    vault = _vault(job.vault) if job.vault else None
    review = StudyReview(vault.cases if vault else None, study.hospital, mark, job.decisions.get(mark, {}))
    record = deidentify_study(study, job.folder, job.output, job.policy, pseudonymiser, state, review)
    if vault and notes and (record.images or record.documents):
        vault.crosswalk.record(notes)
    write_record(job.output / RECORDS / record_name(study, pseudonymiser), record)


@cache
def _vault(place: VaultPlace) -> Vault:
    """One open vault per process."""
    return Vault.open(place, migrate=False)


def _audit(job: Job, event: str, facts: Mapping[str, object]) -> None:
    if job.vault is not None:
        _vault(job.vault).audit.append(event, facts)


def _write_manifest(job: Job, figures: Mapping[str, int], studies: list[StudySource]) -> Manifest:
    source = read_manifest(job.folder) if (job.folder / MANIFEST_NAME).is_file() else None
    digest = (
        folder_hash(job.folder) if source else sha256_text("".join(s.signature(job.folder) for s in studies))
    )
    tables = [
        name for name in ("instances.csv", "reports.jsonl", "labels.csv") if (job.output / name).is_file()
    ]
    decisions = {mark: decisions_digest(made) for mark, made in job.decisions.items()}
    manifest = Manifest(
        stage="deid",
        inputs={"sample": digest},
        settings={
            "policy": f"{job.policy.name} {job.policy.version}",
            "key": job.key.fingerprint,
            "key_version": job.key.version,
            "language": job.policy.text.language,
            "replacement": job.policy.text.replacement,
            **({"decisions": sha256_text(canonical_json(decisions))} if decisions else {}),
        },
        outputs=sha256_files(job.output, tables),
        figures=figures,
        parents=(digest,),
        policy_hash=job.policy.hash,
        synthetic_version=source.synthetic_version if source else None,
        project=job.key.project,
    )
    write_manifest(job.output, manifest)
    return manifest
