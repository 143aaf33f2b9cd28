"""A folder of studies in, a folder under pseudonyms out: over processes, resumable, whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from osteon.artefact import MANIFEST_NAME, folder_hash, read_manifest, sha256_files, write_manifest
from osteon.deid.keys import ProjectKey, load_key
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.sources import StudySource, find_studies
from osteon.deid.study import (
    QUARANTINE,
    RECORDS,
    StudyRecord,
    deidentify_study,
    read_record,
    record_name,
    write_record,
)
from osteon.deid.tables import write_tables
from osteon.domain.errors import FaultError, RefusedError
from osteon.domain.manifest import Manifest, sha256_text

IN_FLIGHT_PER_WORKER = 4
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class _Job:
    """What every worker of one run needs, sent once."""

    folder: Path
    output: Path
    policy: Policy
    key: ProjectKey


def deidentify_sample(
    in_dir: Path,
    out_dir: Path,
    key_file: Path,
    policy: Policy | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """De-identifies every study of a folder; what a killed run finished is kept and not done again.

    Each study is written into a hidden folder and renamed, then its record is written. A study is done
    when its record names the same input, policy and key. Tables and manifest come last.

    Args:
        in_dir: the layout of `osteon sample`, or any folder with DICOM files and reports.
        out_dir: created; a folder of an earlier run with another policy or key is brought up to date.
        key_file: the project's key.
        policy: what may leave; the package's own when None.
        workers: processes; as many as there are processors when None.
        progress: called with (done, total) studies.
    """
    policy = policy or Policy.load()
    key = load_key(key_file)
    if out_dir.resolve() == in_dir.resolve() or in_dir.resolve() in out_dir.resolve().parents:
        raise RefusedError("an output folder outside the input", "one inside it", "name another folder")
    studies = find_studies(in_dir)
    for folder in (RECORDS, QUARANTINE):
        (out_dir / folder).mkdir(parents=True, exist_ok=True)
    _remove_leftovers(out_dir)
    job = _Job(in_dir, out_dir, policy, key)
    states = {study: _state(study, job) for study in studies}
    records = {study: _done(study, states[study], job) for study in studies}
    todo = [study for study in studies if records[study] is None]
    if progress:
        progress(len(studies) - len(todo), len(studies))
    for study, record in _run(todo, states, job, workers):
        records[study] = record
        if progress:
            progress(sum(1 for r in records.values() if r is not None), len(studies))
    finished = [record for record in records.values() if record is not None]
    _remove_stale(out_dir, studies, finished, key)
    truth = in_dir / "truth.csv"
    figures = write_tables(out_dir, finished, truth if truth.is_file() else None, Pseudonymiser(key))
    return _write_manifest(job, figures, studies)


def _state(study: StudySource, job: _Job) -> str:
    return sha256_text("\0".join([study.signature(job.folder), job.policy.hash, job.key.fingerprint, "1"]))


def _done(study: StudySource, state: str, job: _Job) -> StudyRecord | None:
    record = read_record(job.output / RECORDS / record_name(study, Pseudonymiser(job.key)))
    if record is None or record.state != state:
        return None
    return record if all((job.output / image["file"]).is_file() for image in record.images) else None


def _remove_leftovers(output: Path) -> None:
    for part in output.glob("*/dicom/.*.part"):
        shutil.rmtree(part, ignore_errors=True)
    for part in output.glob(f"{RECORDS}/.*.part"):
        part.unlink(missing_ok=True)


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


def _run(
    todo: list[StudySource], states: dict[StudySource, str], job: _Job, workers: int | None
) -> Iterator[tuple[StudySource, StudyRecord]]:
    workers = max(1, min(workers or os.cpu_count() or 1, len(todo)))
    if workers == 1:
        for study in todo:
            yield study, _one(study, states[study], job)
        return
    remaining = list(todo)
    for attempt in range(_ATTEMPTS):
        try:
            for study, record in _run_in_pool(remaining, states, job, workers):
                remaining.remove(study)
                yield study, record
            return
        except BrokenProcessPool:
            if attempt == _ATTEMPTS - 1:
                raise FaultError(
                    "workers that stay alive",
                    "a worker that was killed",
                    "give it memory, or fewer workers; run again to go on",
                ) from None


def _run_in_pool(
    todo: list[StudySource], states: dict[StudySource, str], job: _Job, workers: int
) -> Iterator[tuple[StudySource, StudyRecord]]:
    context = multiprocessing.get_context("forkserver")
    if any(study.reports for study in todo):
        context.set_forkserver_preload(["osteon.deid.warm"])
    waiting = iter(tuple(todo))  # the caller takes finished studies out of its list
    running: dict[Future[StudyRecord], StudySource] = {}
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(job,)) as pool:
        try:
            while True:
                for study in waiting:
                    running[pool.submit(_one_in_worker, study, states[study])] = study
                    if len(running) >= workers * IN_FLIGHT_PER_WORKER:
                        break
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


_job: _Job | None = None  # set once in each worker process


def _start_worker(job: _Job) -> None:
    global _job
    _job = job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops the pool
    import cv2

    cv2.setNumThreads(1)


def _one_in_worker(study: StudySource, state: str) -> StudyRecord:
    if _job is None:
        raise FaultError("a started worker", "one without its job", "report this")
    return _one(study, state, _job)


def _one(study: StudySource, state: str, job: _Job) -> StudyRecord:
    pseudonymiser = Pseudonymiser(job.key, study.hospital)
    record = deidentify_study(study, job.folder, job.output, job.policy, pseudonymiser, state)
    write_record(job.output / RECORDS / record_name(study, pseudonymiser), record)
    return record


def _write_manifest(job: _Job, figures: dict[str, int], studies: list[StudySource]) -> Manifest:
    source = read_manifest(job.folder) if (job.folder / MANIFEST_NAME).is_file() else None
    digest = (
        folder_hash(job.folder) if source else sha256_text("".join(s.signature(job.folder) for s in studies))
    )
    tables = [
        name for name in ("instances.csv", "reports.jsonl", "labels.csv") if (job.output / name).is_file()
    ]
    manifest = Manifest(
        stage="deid",
        inputs={"sample": digest},
        settings={
            "policy": f"{job.policy.name} {job.policy.version}",
            "key": job.key.fingerprint,
            "language": job.policy.text.language,
            "replacement": job.policy.text.replacement,
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
