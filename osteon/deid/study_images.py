"""The images of one study on disk: all of them or none, and the row that the tables get of each."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from osteon.deid.instance import DeidentifiedInstance
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import StudyRecord, source_mark


def write_images(
    outputs: list[tuple[str, DeidentifiedInstance]],
    output: Path,
    record: StudyRecord,
    pseudonymiser: Pseudonymiser,
) -> None:
    """All images of the study into a hidden folder that is renamed when it is whole."""
    if not outputs:
        return
    final = output / record.hospital / "dicom" / record.study
    part = final.with_name(f".{record.study}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for number, (name, made) in enumerate(outputs):
        file = f"{number}.dcm"
        with (part / file).open("wb") as stream:
            stream.write(made.content)
            stream.flush()
            os.fsync(stream.fileno())
        row = _image_row(f"{record.hospital}/dicom/{record.study}/{file}", made)
        rows = record.documents if made.facts["Modality"] == "SR" else record.images
        rows.append({"source": source_mark(name, pseudonymiser), **row})
    _put_in_place(part, final)


def _put_in_place(part: Path, final: Path) -> None:
    """A reader sees the old study or the new one, never half of either; the last writer's stays."""
    old = final.with_name(f".{final.name}.{os.getpid()}.old.part")
    while True:
        if final.exists():
            with suppress(FileNotFoundError):  # another writer was faster
                final.rename(old)
        try:
            part.rename(final)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        else:
            shutil.rmtree(old, ignore_errors=True)
            return
        shutil.rmtree(old, ignore_errors=True)


def _image_row(file: str, made: DeidentifiedInstance) -> dict[str, Any]:
    facts = made.facts
    return {
        "file": file,
        "study_instance_uid": made.instance.study_instance_uid.value,
        "series_instance_uid": made.instance.series_instance_uid.value,
        "sop_instance_uid": made.instance.sop_instance_uid.value,
        "modality": facts["Modality"],
        "region": facts["BodyPartExamined"].lower(),
        "view": facts["ViewPosition"],
        "laterality": facts["ImageLaterality"] or facts["Laterality"],
        "sex": facts["PatientSex"],
        "age_years": _years(facts["PatientAge"]),
        "device": " ".join(v for v in (facts["Manufacturer"], facts["ManufacturerModelName"]) if v),
        "study_date": facts["StudyDate"],
        "text_boxes": made.report.text_boxes,
        "sha256": hashlib.sha256(made.content).hexdigest(),
    }


def _years(age: str) -> str:
    if len(age) != 4:
        return ""
    years = int(age[:3]) / {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}[age[3]]
    return f"{years:.2f}".rstrip("0").rstrip(".")
