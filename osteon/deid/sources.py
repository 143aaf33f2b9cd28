"""What a folder holds: studies with their images and reports, in our layout or in any other."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osteon.dicom.dataset import looks_like_dicom, read_dataset, text_of
from osteon.domain.errors import OsteonError, RefusedError, UsageError

REPORT_SUFFIXES = (".txt", ".hl7", ".pdf")
_REPORT_FOLDERS = {".txt": "reports", ".hl7": "hl7", ".pdf": "pdf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySource:
    """The files of one study, relative to the input folder."""

    hospital: str
    key: str
    images: tuple[str, ...]
    reports: tuple[str, ...]

    def signature(self, folder: Path) -> str:
        """Changes when a file is added, replaced or touched."""
        digest = hashlib.sha256()
        for name in (*self.images, *self.reports):
            status = (folder / name).stat()
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        return digest.hexdigest()


def find_studies(folder: Path) -> list[StudySource]:
    """Every study of the folder, in a stable order.

    The layout HOSPITAL/dicom/STUDY/N.dcm with HOSPITAL/{reports,hl7,pdf}/STUDY.* is read by names alone;
    any other folder by the headers of its files, with reports matched by accession number or study UID.

    Raises:
        UsageError: no such folder.
        RefusedError: no DICOM file in it.
    """
    if not folder.is_dir():
        raise UsageError("a folder of DICOM files", "no folder at that path", "check the path")
    hospitals = sorted(path.parent for path in folder.glob("*/dicom") if path.is_dir())
    studies = [study for hospital in hospitals for study in _of_hospital(folder, hospital)]
    if not studies:
        studies = _of_any(folder)
    if not studies:
        raise RefusedError(
            "a folder with DICOM files", "one without", "name the folder that holds the studies"
        )
    return studies


def reports_without_study(folder: Path, studies: Iterable[StudySource]) -> int:
    """How many report files of the folder belong to none of its studies, so that nobody misses them."""
    taken = {name for study in studies for name in study.reports}
    found = (path for path in folder.rglob("*") if path.suffix.lower() in REPORT_SUFFIXES)
    names = (
        str(path.relative_to(folder)) for path in found if path.is_file() and not path.name.startswith(".")
    )
    return sum(1 for name in names if name not in taken)


def _of_hospital(folder: Path, hospital: Path) -> Iterable[StudySource]:
    for study in sorted(path for path in (hospital / "dicom").iterdir() if path.is_dir()):
        images = sorted(
            (p for p in study.rglob("*") if p.is_file() and not p.name.startswith(".")), key=_natural
        )
        if images:
            reports = [
                hospital / name / f"{study.name}{suffix}"
                for suffix, name in _REPORT_FOLDERS.items()
                if (hospital / name / f"{study.name}{suffix}").is_file()
            ]
            yield StudySource(
                hospital=hospital.name,
                key=study.name,
                images=tuple(str(p.relative_to(folder)) for p in images),
                reports=tuple(str(p.relative_to(folder)) for p in reports),
            )


def _natural(path: Path) -> tuple[int, str]:
    return (int(path.stem) if path.stem.isdigit() else 10**9, path.name)


def _of_any(folder: Path) -> list[StudySource]:
    images: dict[str, list[Path]] = defaultdict(list)
    reports: list[Path] = []
    keys: dict[str, str] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        if path.suffix.lower() in REPORT_SUFFIXES:
            reports.append(path)
        elif _is_dicom(path):
            uid, accession = _study_of(path)
            images[uid or f"file:{path.relative_to(folder)}"].append(path)
            for key in (uid, accession, path.parent.name, path.stem) if uid else ():
                if key:
                    keys.setdefault(key, uid)
    matched: dict[str, list[Path]] = defaultdict(list)
    for path in reports:
        study = next((keys[key] for key in _report_keys(path) if key in keys), "")
        if study:
            matched[study].append(path)
    return [
        StudySource(
            hospital="local",
            key=f"study{number}",
            images=tuple(str(p.relative_to(folder)) for p in paths),
            reports=tuple(str(p.relative_to(folder)) for p in matched[uid]),
        )
        for number, (uid, paths) in enumerate(sorted(images.items()))
    ]


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as stream:
        return path.suffix.lower() == ".dcm" or looks_like_dicom(stream.read(132))


def _study_of(path: Path) -> tuple[str, str]:
    try:
        header = read_dataset(path, pixels=False)
    except OsteonError:
        return "", ""
    return text_of(header, "StudyInstanceUID"), text_of(header, "AccessionNumber")


def _report_keys(path: Path) -> list[str]:
    from osteon.deid.hl7 import read_report_message

    keys = [path.stem]
    if path.suffix.lower() == ".hl7":
        try:
            message = read_report_message(path.read_bytes())
        except OsteonError:
            return keys
        keys = [*message.study_uids, *message.accession_numbers, *keys]
    return keys
