"""Writes a sample of the synthetic hospitals: pictures, reports, messages, letters, truth."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osteon.artefact import MANIFEST_NAME, read_manifest, sha256_file, write_manifest
from osteon.dicom.synthetic.identity import Identity, identity_of
from osteon.dicom.synthetic.plan import StudyPlan, plan_study
from osteon.dicom.synthetic.truth import identity_record, truth_row, truth_table
from osteon.domain.errors import RefusedError, UsageError
from osteon.domain.manifest import Manifest

STAGE = "sample"
_BATCH = 4


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """What a written study adds to the tables."""

    number: int
    rows: list[dict[str, str]]
    identity: dict[str, Any]


def make_sample(
    output: Path,
    studies: int,
    seed: int,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Write `studies` studies of the synthetic hospitals under `output`.

    The same (studies, seed) give the same files whatever the number of workers; study i depends on
    (seed, i) alone. A complete folder of the same arguments is left as it is.

    Args:
        output: folder to create.
        studies: how many studies, at least 1.
        seed: at least 0.
        workers: processes; None takes one per core.
        progress: called with (done, total) after each study.
    Returns:
        The manifest, also written to OUTPUT/manifest.json.
    Raises:
        UsageError: the numbers are out of range, or the folder holds something else.
    """
    from osteon.dicom.synthetic import SYNTHETIC_VERSION

    _check(studies, seed)
    settings = {"studies": studies, "seed": seed}
    done = _existing(output, settings, SYNTHETIC_VERSION)
    if done is not None:
        if progress is not None:
            progress(studies, studies)
        return done
    output.mkdir(parents=True, exist_ok=True)
    records = _write_all(output, studies, seed, workers or os.cpu_count() or 1, SYNTHETIC_VERSION, progress)
    records.sort(key=lambda record: record.number)
    rows = [row for record in records for row in record.rows]
    _write(output / "truth.csv", truth_table(rows).encode())
    lines = [json.dumps(record.identity, ensure_ascii=False, sort_keys=True) for record in records]
    _write(output / "identities.jsonl", ("\n".join(lines) + "\n").encode())
    manifest = Manifest(
        stage=STAGE,
        settings=settings,
        seed=seed,
        synthetic_version=SYNTHETIC_VERSION,
        outputs={name: sha256_file(output / name) for name in ("truth.csv", "identities.jsonl")},
        figures={"studies": studies, "images": len(rows)},
    )
    write_manifest(output, manifest)
    return read_manifest(output)


def _check(studies: int, seed: int) -> None:
    if studies < 1:
        raise UsageError("at least one study", f"{studies}", "give --studies 1 or more")
    if seed < 0:
        raise UsageError("a seed of 0 or more", f"{seed}", "give --seed 0 or more")


def _existing(output: Path, settings: dict[str, int], version: str) -> Manifest | None:
    """Return the manifest of a complete folder of the same arguments; None for a new folder."""
    if output.is_file():
        raise UsageError("a folder for the sample", "a file of that name", "give another --output")
    if not output.exists() or not any(output.iterdir()):
        return None
    if not (output / MANIFEST_NAME).exists():
        known = {"truth.csv", "identities.jsonl", "nord", "sud", "ouest"}
        # A run that was stopped leaves parts of its own, which are simply written again.
        if all(path.name in known or path.name.endswith(".part") for path in output.iterdir()):
            return None
        raise UsageError("a new or empty folder", "a folder with other files", "give another --output")
    try:
        manifest = read_manifest(output)
    except RefusedError:
        raise UsageError(
            "a new or empty folder", "a folder with an unreadable manifest", "give another --output"
        ) from None
    if (
        manifest.stage != STAGE
        or dict(manifest.settings) != settings
        or manifest.synthetic_version != version
    ):
        raise UsageError(
            f"a folder of {settings['studies']} studies, seed {settings['seed']}, version {version}",
            "a folder made with other arguments",
            "give another --output or delete the folder",
        )
    return manifest


def _write_all(
    output: Path,
    studies: int,
    seed: int,
    workers: int,
    version: str,
    progress: Callable[[int, int], None] | None,
) -> list[StudyRecord]:
    records: list[StudyRecord] = []
    if workers == 1 or studies <= _BATCH:
        for number in range(studies):
            records.append(write_study(output, seed, number, version))
            if progress is not None:
                progress(len(records), studies)
        return records
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(max_workers=min(workers, studies), initializer=_start_worker)
    try:
        futures: list[Future[list[StudyRecord]]] = [
            pool.submit(_write_some, output, seed, range(first, min(first + _BATCH, studies)), version)
            for first in range(0, studies, _BATCH)
        ]
        for future in as_completed(futures):
            records += future.result()
            if progress is not None:
                progress(len(records), studies)
    except BaseException:  # Ctrl-C too: no work is left waiting; it is raised again
        pool.shutdown(wait=False, cancel_futures=True)
        # A worker whom the signal reached before it could ignore it may hold a lock that the others wait for.
        # A file is whole or not there, so that none needs to finish.
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        raise
    pool.shutdown()
    return records


def _start_worker() -> None:
    import signal

    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _write_some(output: Path, seed: int, numbers: range, version: str) -> list[StudyRecord]:
    return [write_study(output, seed, number, version) for number in numbers]


def write_study(output: Path, seed: int, number: int, version: str) -> StudyRecord:
    """Write one study: its instances, its report as text, message and letter."""
    from osteon.dicom.synthetic.instance import encode_instance
    from osteon.dicom.synthetic.letter import letter_pdf
    from osteon.dicom.synthetic.oru import report_message
    from osteon.dicom.synthetic.picture import draw_view
    from osteon.dicom.synthetic.report import write_report

    plan = plan_study(seed, number)
    who = identity_of(plan)
    key, folder = plan.study_key, output / plan.hospital.key
    report = write_report(plan, who)
    burned = burned_lines(plan, who) if plan.burned_in else ()
    rows = []
    for index, name in enumerate(plan.views, start=1):
        view = draw_view(plan, name, burned)
        data, sop_uid = encode_instance(plan, who, view, name, version)
        path = folder / "dicom" / key / f"{index}.dcm"
        _write(path, data)
        rows.append(truth_row(plan, who, name, path.relative_to(output).as_posix(), sop_uid))
    _write(folder / "reports" / f"{key}.txt", report.text.encode())
    _write(folder / "hl7" / f"{key}.hl7", report_message(plan, who, report.text).encode())
    _write(folder / "pdf" / f"{key}.pdf", letter_pdf(report.text, "Compte rendu de radiographie"))
    return StudyRecord(
        number=number, rows=rows, identity=identity_record(plan, who, report.text, report.spans)
    )


def burned_lines(plan: StudyPlan, who: Identity) -> tuple[str, ...]:
    """Identity lines for the pixels."""
    return (f"{who.surname.upper()} {who.given}", f"{who.birth:%d/%m/%Y}  {who.ipp}", f"{plan.day:%d/%m/%Y}")


def _write(path: Path, data: bytes) -> None:
    """Write the whole file or nothing: a temporary name, then a rename.

    No sync per file: the manifest comes last and says that the folder is whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.write_bytes(data)
    temporary.replace(path)
