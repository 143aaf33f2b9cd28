"""De-identifying straight from a PACS: each study fetched, written under pseudonyms, forgotten."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from osteon.artefact import sha256_files, write_manifest
from osteon.deid.job import held_output
from osteon.deid.keys import ProjectKey
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import (
    QUARANTINE,
    RECORDS,
    StudyRecord,
    held_row,
    read_record,
    record_name,
    write_record,
)
from osteon.deid.sources import StudySource
from osteon.deid.study import deidentify_study
from osteon.deid.tables import write_tables
from osteon.dicom.dicomweb import DicomWeb, InstanceAddress, TooLongError
from osteon.domain.manifest import Manifest, sha256_text

_MEMORY = Path("/dev/shm")  # memory, not a disk


def deidentify_pacs(
    service: DicomWeb,
    filters: Mapping[str, str],
    out_dir: Path,
    policy: Policy,
    key: ProjectKey,
    site: str = "local",
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """De-identifies every study that the filters match; a study that an earlier run finished is not fetched.

    A study is staged alone in a folder that only its owner reads, in memory where the system has such a
    place, and removed before the next.

    Args:
        service: the PACS.
        filters: QIDO-RS attributes of the study, such as `StudyDate`.
        out_dir: created; the layout of the batch stage.
        policy: what may leave.
        key: the project's key.
        site: who issued the patient numbers; the folder's name in the output.
        progress: called with (done, total) studies.
    Raises:
        RefusedError: another run writes there, or the service answers something else.
    """
    pseudonymiser = Pseudonymiser(key, site)
    with held_output(out_dir):
        for folder in (RECORDS, QUARANTINE):
            (out_dir / folder).mkdir(parents=True, exist_ok=True)
        studies = service.studies(filters)
        records: list[StudyRecord] = []
        for number, study in enumerate(studies):
            records.append(_one(service, study, out_dir, policy, pseudonymiser))
            if progress:
                progress(number + 1, len(studies))
        figures = write_tables(out_dir, records, None, pseudonymiser)
        return _manifest(out_dir, records, figures, policy, key)


def _one(
    service: DicomWeb, study: str, out_dir: Path, policy: Policy, pseudonymiser: Pseudonymiser
) -> StudyRecord:
    places = service.instances(study)
    listed = "\0".join(f"{place.series}/{place.instance}" for place in places)
    state = sha256_text("\0".join([listed, policy.hash, pseudonymiser.key.fingerprint, "dicomweb-1"]))
    state = pseudonymiser.key.digest("state", state).hex()
    source = StudySource(hospital=pseudonymiser.site, key=study, images=(), reports=())
    path = out_dir / RECORDS / record_name(source, pseudonymiser)
    known = read_record(path)
    if known is not None and known.state == state:
        return known
    with tempfile.TemporaryDirectory(prefix="osteon-", dir=_MEMORY if _MEMORY.is_dir() else None) as staged:
        names, too_long = _staged(service, places, Path(staged))
        source = replace(source, images=names)
        record = deidentify_study(source, Path(staged), out_dir, policy, pseudonymiser, state)
    if known is not None and known.study and not (record.images or record.documents):
        # Nothing of it leaves under the rules of today: nor does what left under those of an earlier run.
        shutil.rmtree(out_dir / known.hospital / "dicom" / known.study, ignore_errors=True)
    record.quarantined += [held_row("image", error) for error in too_long]
    write_record(path, record)
    return record


def _staged(
    service: DicomWeb, places: list[InstanceAddress], folder: Path
) -> tuple[tuple[str, ...], list[TooLongError]]:
    """The names of the instances that lie in the folder now, and why others do not."""
    names, too_long = [], []
    for number, place in enumerate(places):
        try:
            (folder / f"{number}.dcm").write_bytes(service.fetch(place))
            names.append(f"{number}.dcm")
        except TooLongError as error:
            too_long.append(error)
    return tuple(names), too_long


def _manifest(
    out_dir: Path, records: list[StudyRecord], figures: dict[str, int], policy: Policy, key: ProjectKey
) -> Manifest:
    digest = sha256_text("".join(sorted(record.state for record in records)))
    tables = [name for name in ("instances.csv", "reports.jsonl") if (out_dir / name).is_file()]
    manifest = Manifest(
        stage="deid",
        inputs={"dicomweb": digest},
        settings={"policy": f"{policy.name} {policy.version}", "key": key.fingerprint},
        outputs=sha256_files(out_dir, tables),
        figures=figures,
        parents=(digest,),
        policy_hash=policy.hash,
        project=key.project,
    )
    write_manifest(out_dir, manifest)
    return manifest
