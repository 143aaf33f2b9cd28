"""Planted identifiers: none in any byte of an output, log, metric, error, trail, vault or temporary file.

    python -m benchmarks.deid_planted --json accept/deid-planted.json

Makes radiographs and HL7 reports of patients whose names, numbers, doctors, institutions, file names and free
texts are random words that exist nowhere else, with the same words in private attributes and nested
sequences. Runs the command (with its vault), the release statement and the service on them, then searches
every byte that any of these wrote or answered, in four encodings.
"""

from __future__ import annotations

import argparse
import io
import logging
import os
import random
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from benchmarks._record import write_record

ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
TOKEN = "token-of-the-planted-check"


@dataclass(frozen=True)
class Patient:
    """Words that stand for one patient's identity; each is unique."""

    family: str
    given: str
    number: str
    doctor: str
    institution: str
    free: str

    @property
    def words(self) -> tuple[str, ...]:
        """All of them."""
        return (self.family, self.given, self.number, self.doctor, self.institution, self.free)


def main() -> None:
    """Runs, and records; exits 1 when anything is found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=Path("accept/deid-planted.json"))
    parser.add_argument("--count", type=int, default=500, help="studies")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    figures = measure(arguments.count, arguments.seed)
    print(write_record(arguments.json, figures)["figures"])
    sys.exit(0 if all(figures["done"].values()) else 1)


def measure(count: int, seed: int) -> dict[str, Any]:
    """How many words were planted, how many bytes were searched, and where any was found."""
    draws = random.Random(seed)
    patients = [_patient(draws) for _ in range(count)]
    with tempfile.TemporaryDirectory(prefix="osteon-planted-") as scratch:
        base = Path(scratch)
        for name in ("tmp", "home"):
            (base / name).mkdir()
        planted = sum(_plant(base / "in", number, one) for number, one in enumerate(patients))
        said = _run_commands(base)
        said["service"] = _ask_service(base, patients[: min(20, count)])
        words = [word for patient in patients for word in patient.words]
        searched, found = 0, []
        for place, content in _all_bytes(base, said):
            searched += len(content)
            found += [place.partition("/")[0] for _ in _held(content, words)]
        outputs = sum(1 for _ in (base / "out").rglob("*.dcm"))
    return {
        "studies": count,
        "words": len(words),
        "planted": planted,
        "outputs": outputs,
        "bytes_searched": searched,
        "found": {place: found.count(place) for place in sorted(set(found))},
        "done": {"none_found": not found, "every_study_came_out": outputs == count},
    }


def _patient(draws: random.Random) -> Patient:
    def word(length: int) -> str:
        return "Zq" + "".join(draws.choices(string.ascii_lowercase, k=length))

    return Patient(word(7), word(6), f"ZQ{draws.randrange(10**9):09d}", word(8), word(9), word(10))


def _plant(folder: Path, number: int, patient: Patient) -> int:
    """Writes one study with its report; how many times a word of the patient stands in it."""
    key = f"{patient.family}-{number}"
    for place in ("dicom", "hl7"):
        (folder / "nord" / place).mkdir(parents=True, exist_ok=True)
    (folder / "nord" / "dicom" / key).mkdir()
    content = _radiograph(patient, number)
    (folder / "nord" / "dicom" / key / f"{patient.given}.dcm").write_bytes(content)
    message = _message(patient).encode()
    (folder / "nord" / "hl7" / f"{key}.hl7").write_bytes(message)
    return sum(content.count(word.encode()) + message.count(word.encode()) for word in patient.words)


def _radiograph(patient: Patient, number: int) -> bytes:
    ds = Dataset()
    ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = (f"1.2.9.{number}.{n}" for n in (1, 2, 3))
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = f"{patient.family}^{patient.given}", patient.number
    ds.PatientBirthDate, ds.PatientSex, ds.StudyDate = "19570312", "F", "20240304"
    ds.AccessionNumber = patient.number
    ds.ReferringPhysicianName = ds.OperatorsName = f"{patient.doctor}^Odilon"
    ds.InstitutionName = patient.institution
    ds.Modality, ds.BodyPartExamined, ds.ViewPosition = "CR", "KNEE", "AP"
    for keyword in ("PatientComments", "ImageComments", "StudyComments", "SeriesDescription", "StationName"):
        setattr(ds, keyword, patient.free)
    block = ds.private_block(0x0011, "ACME", create=True)
    block.add_new(1, "LO", patient.family)
    inner = Dataset()
    inner.CodeMeaning, inner.TextValue = patient.free, f"{patient.family} {patient.number}"
    ds.RequestAttributesSequence = Sequence([inner])
    ds.add_new(0x60000022, "LO", patient.free)
    pixels = np.random.default_rng(number).integers(100, 3000, (64, 64)).astype("<u2")
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 64, 64, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.preamble = patient.free.encode().ljust(128, b"\0")
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def _message(patient: Patient) -> str:
    text = (
        f"Patiente : {patient.family.upper()} {patient.given}, IPP {patient.number}.~"
        f"Radiographie du genou gauche. Pas de fracture.~Dr {patient.doctor}, {patient.number}"
    )
    return (
        f"MSH|^~\\&|R|H|||20240304||ORU^R01|1|P|2.5\rPID|1||{patient.number}^^^H^PI||"
        f"{patient.family}^{patient.given}||19570312|F\rPV1|1|O|||||1^{patient.doctor}^Odilon\r"
        f"OBR|1|||R\rOBX|1|TX|R||{text}\r"
    )


def _run_commands(base: Path) -> dict[str, bytes]:
    """What `osteon deid` prints while it runs, dry-runs, lists, verifies and writes the statement."""
    environment = {**os.environ, "TMPDIR": str(base / "tmp"), "HOME": str(base / "home")}
    key, said = str(base / "secret" / "key"), {}
    commands = {
        "create": ["key", "create", key],
        "dry run": ["run", str(base / "in"), "--key-file", key, "--dry-run", "--json"],
        "run": ["run", str(base / "in"), str(base / "out"), "--key-file", key, "--workers", "1"],
        "review": ["review", "list", "--key-file", key, "--state", "all", "--json"],
        "audit": ["audit", "show", "--key-file", key, "--json"],
        "release": ["release", str(base / "out"), "--output", str(base / "statement"), "--key-file", key,
                    "--source", str(base / "in")],
    }  # fmt: skip
    for name, arguments in commands.items():
        done = subprocess.run(
            [sys.executable, "-m", "osteon.cli", "deid", *arguments], env=environment, capture_output=True
        )
        if done.returncode:
            raise SystemExit(f"osteon deid {name} ended with {done.returncode}")
        said[name] = done.stdout + done.stderr
    return said


def _ask_service(base: Path, patients: list[Patient]) -> bytes:
    """Answers, errors, metrics and log of the service; its vault lies with the other files."""
    from fastapi.testclient import TestClient

    from services.deid.app import create_app
    from services.deid.settings import Settings

    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = Settings(token=TOKEN, key_file=base / "secret" / "key", vault=base / "service-vault")
    headers, said = {"Authorization": f"Bearer {TOKEN}"}, []
    with TestClient(create_app(settings)) as client:
        for number, patient in enumerate(patients):
            whole = _radiograph(patient, number)
            for content in (whole, whole[:-3000], whole.replace(b"1.2.840.10008.5.1.4.1.1.1\0", b"1.2.9\0")):
                answer = client.post("/v1/deid/dicom", content=content, headers=headers)
                said += [answer.content, str(answer.headers).encode()]
            note = {
                "note_text": _message(patient),
                "patient": {
                    "PatientName": f"{patient.family}^{patient.given}",
                    "PatientID": patient.number,
                    "ReferringPhysicianName": patient.doctor,
                },
            }
            said.append(client.post("/v1/deid/text", json=note, headers=headers).content)
        said.append(client.get("/metrics").content)
    logging.getLogger().removeHandler(handler)
    return b"\n".join([*said, log.getvalue().encode()])


def _all_bytes(base: Path, said: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Everything written or said, but the input and the key; names of files are bytes as well."""
    for name, content in said.items():
        yield f"said by {name}", content
    for path in base.rglob("*"):
        place = str(path.relative_to(base))
        if place.partition("/")[0] not in {"in", "secret"} or place.startswith("secret/vault"):
            yield place, place.encode()
            if path.is_file():
                yield place, path.read_bytes()


def _held(content: bytes, words: list[str]) -> Iterator[str]:
    lowered = content.lower()
    if not any(b"zq" in lowered or "zq".encode(code) in lowered for code in ENCODINGS):
        return
    for word in words:
        if any(word.lower().encode(code) in lowered for code in ENCODINGS):
            yield word


if __name__ == "__main__":
    main()
