"""A patient whose identifiers occur nowhere else, planted among the studies, and the search for any trace."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom

NAME, FIRST = "ZYXQUARTIER", "WILHELMINA"
NUMBER = "IPP77310455982"
BIRTH = "19430217"
ADDRESS = "117 impasse des Xylographes"
PHONE = "07 99 81 72 63"
ACCESSION = "ACCQ7731"

# What may appear nowhere on the research side, in any letter case, with or without its separators.
TRACES = (
    NAME.lower(),
    FIRST.lower(),
    NUMBER.lower(),
    "77310455982",
    BIRTH,
    "17/02/1943",
    "1943-02-17",
    "17 février 1943",
    "xylographes",
    "0799817263",
    PHONE,
    ACCESSION.lower(),
)


@dataclass(frozen=True, kw_only=True)
class Planted:
    """The planted study: its files and original study UID."""

    files: tuple[Path, ...]
    study_instance_uid: str


def plant(sample: Path, hospital: str = "nord") -> Planted:
    """One more study of the hospital, of the planted patient: images, text report and HL7 message."""
    with (sample / "truth.csv").open(encoding="utf-8", newline="") as stream:
        row = next(
            row for row in csv.DictReader(stream) if row["hospital"] == hospital and row["region"] == "hand"
        )
    original = sample / hospital / "dicom" / row["study_key"]
    folder = original.with_name("study-planted")
    shutil.copytree(original, folder)
    uid = row["study_instance_uid"][:-3] + "997"
    files = tuple(sorted(path for path in folder.iterdir() if path.is_file()))
    for number, path in enumerate(files):
        _rename(path, uid, number)
    identity = (
        f"Patient : Mme {FIRST.title()} {NAME}, née le 17/02/1943, IPP {NUMBER}, {ADDRESS}, 75011 Paris, "
        f"tél. {PHONE}. Examen {ACCESSION}."
    )
    reports = sample / hospital / "reports"
    body = (reports / f"{row['study_key']}.txt").read_text(encoding="utf-8")
    letter = f"{identity}\n{body}\nChère consœur, je revois Mme {NAME} ce jour. {FIRST.title()} va bien.\n"
    (reports / "study-planted.txt").write_text(letter, encoding="utf-8")
    (sample / hospital / "hl7" / "study-planted.hl7").write_bytes(_message(uid, letter))
    return Planted(files=files, study_instance_uid=uid)


def _rename(path: Path, uid: str, number: int) -> None:
    dataset = pydicom.dcmread(path)
    dataset.PatientName = f"{NAME}^{FIRST}"
    dataset.PatientID = NUMBER
    dataset.PatientBirthDate = BIRTH
    dataset.PatientAddress = ADDRESS
    dataset.PatientTelephoneNumbers = PHONE
    dataset.AccessionNumber = ACCESSION
    dataset.StudyDescription = f"Main de {NAME}"
    dataset.ImageComments = f"{FIRST} {NAME} {ADDRESS}"
    dataset.StudyInstanceUID = uid
    dataset.SeriesInstanceUID = f"{uid}.{number}"
    dataset.SOPInstanceUID = f"{uid}.{number}.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    block = dataset.private_block(0x0099, "OSTEON TEST", create=True)
    block.add_new(0x01, "LO", f"{NAME} {NUMBER}")
    dataset.save_as(path, enforce_file_format=True)


def _message(uid: str, letter: str) -> bytes:
    text = letter.replace("\\", "\\E\\").replace("|", "\\F\\").replace("^", "\\S\\").replace("&", "\\T\\")
    text = text.replace("~", "\\R\\").replace("\n", "\\.br\\")
    segments = (
        "MSH|^~\\&|RIS|HOP|OSTEON|OSTEON|20260105101500||ORU^R01^ORU_R01|M997|P|2.5|||||FRA|UNICODE UTF-8",
        f"PID|1||{NUMBER}^^^HOPITAL^PI||{NAME}^{FIRST}||{BIRTH}|F|||{ADDRESS}^^PARIS^^75011||{PHONE}",
        f"ORC|RE|{ACCESSION}",
        f"OBR|1|{ACCESSION}|{ACCESSION}|MAIN^Radiographie de la main|||20260105100000",
        f"OBX|1|TX|MAIN^Compte rendu||{text}||||||F",
        f"ZDS|{uid}^^Application^DICOM",
    )
    return "\r".join(segments).encode() + b"\r"


def traces(folder: Path) -> dict[str, list[str]]:
    """File -> what was found of the planted patient in it; compressed content is looked into."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for part, content in contents(path):
            hits = matches(content)
            if hits or matches(part.encode()):
                found[part] = hits or ["its own name"]
    return found


def matches(content: bytes) -> list[str]:
    """The traces in some bytes, however they are encoded or spaced."""
    shapes = [content.decode(code, "ignore").lower() for code in ("utf-8", "latin-1", "utf-16-le")]
    shapes += [re.sub(r"[\s./-]", "", shape) for shape in shapes[:1]]
    return [trace for trace in TRACES if any(trace in shape for shape in shapes)]


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and those of what is packed inside it."""
    data = path.read_bytes()
    yield str(path), data
    if path.suffix == ".parquet":
        import pyarrow.parquet as parquet

        rows = parquet.read_table(path).to_pylist()
        yield f"{path}!rows", json.dumps(rows, default=str, ensure_ascii=False).encode()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield f"{path}!{name}", archive.read(name)
    elif path.suffix == ".tar":
        with tarfile.open(path) as archive:
            for member in archive:
                stream = archive.extractfile(member)
                yield f"{path}!{member.name}", stream.read() if stream else b""
    elif data[:2] == b"\x1f\x8b":
        yield f"{path}!gzip", gzip.decompress(data)
    elif data[:6] == b"\xfd7zXZ\x00":
        yield f"{path}!xz", lzma.decompress(data)
    elif data[:1] == b"\x78":
        try:
            yield f"{path}!zlib", zlib.decompress(data)
        except zlib.error:
            return
