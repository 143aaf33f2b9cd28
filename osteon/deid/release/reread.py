"""Reading a random sample of an output again: by machine against its source, and by a person.

The machine's search shares no code with what wrote the output: it takes the values of identity straight
from the source's header and message, and looks for them in the header, the report and every byte.
"""

from __future__ import annotations

import csv
import io
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset

from osteon.artefact import atomic_write
from osteon.deid.keys import load_key
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.records import RECORDS, StudyRecord, read_record, record_name
from osteon.deid.sources import StudySource, find_studies
from osteon.dicom.dataset import MALFORMED, read_dataset
from osteon.domain.errors import OsteonError, RefusedError

SHEET_COLUMNS = ("document", "kind", "missed")
_IDENTITY = frozenset(
    {
        "PatientID", "OtherPatientIDs", "PatientBirthDate", "AccessionNumber", "StudyID", "InstitutionName",
        "InstitutionAddress", "PatientAddress", "PatientTelephoneNumbers",
        "AdmissionID", "IssuerOfPatientID", "MedicalRecordLocator", "DeviceSerialNumber", "StationName",
        "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
    }
)  # fmt: skip
_MIN_CHARACTERS = 4


def records_of(output: Path) -> list[StudyRecord]:
    """The records of a de-identified folder that gave images, in a stable order."""
    found = [read_record(path) for path in sorted((output / RECORDS).glob("*.json"))]
    whole = [record for record in found if record is not None and record.images]
    return sorted(whole, key=lambda record: (record.hospital, record.study))


def sample_of(records: list[StudyRecord], count: int, seed: int) -> list[StudyRecord]:
    """A random sample without repeats; all where there are fewer."""
    chosen = random.Random(seed).sample(range(len(records)), min(count, len(records)))
    return [records[number] for number in sorted(chosen)]


def reread_sample(
    source: Path,
    output: Path,
    key_file: Path,
    *,
    count: int,
    seed: int = 0,
    project: str = "osteon",
    key_version: int | None = None,
) -> dict[str, Any]:
    """Looks for the identity of each sampled study's source in its output.

    Returns:
        Counts only: studies, documents, `identifiers` looked for, `left` found again, `documents_with_any`.
    """
    pseudonymiser = Pseudonymiser(load_key(key_file, project, key_version))
    sources = {record_name(study, pseudonymiser): study for study in find_studies(source)}
    names = {path.name: read_record(path) for path in sorted((output / RECORDS).glob("*.json"))}
    pairs = [
        (record, sources[name])
        for name, record in names.items()
        if record is not None and record.images and name in sources
    ]
    if not pairs:
        raise RefusedError("the folder that this output was made from", "another", "correct --source")
    order = {id(record): study for record, study in pairs}
    sampled = sample_of(
        sorted((record for record, _ in pairs), key=lambda r: (r.hospital, r.study)), count, seed
    )
    counts = {"studies": 0, "documents": 0, "identifiers": 0, "left": 0, "documents_with_any": 0}
    common = _common_words(Policy.load())
    for record in sampled:
        counts["studies"] += 1
        values = _identity_of(source, order[id(record)]) - common
        for text in _documents(output, record):
            found = sum(1 for value in values if _holds(text, value))
            counts["documents"] += 1
            counts["identifiers"] += len(values)
            counts["left"] += found
            counts["documents_with_any"] += bool(found)
    return {**counts, "seed": seed}


def sample_sheet(output: Path, path: Path, *, count: int, seed: int = 0) -> int:
    """Writes the sheet that a person fills in: documents to read, and how many identifiers each still has."""
    rows = []
    for record in sample_of(records_of(output), count, seed):
        if record.report is not None:
            rows.append((record.study, "report", ""))
        rows += [(image["file"], "image", "") for image in record.images[:1]]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(SHEET_COLUMNS)
    writer.writerows(rows)
    atomic_write(path, buffer.getvalue())
    return len(rows)


def read_sheet(path: Path) -> dict[str, dict[str, int]]:
    """What a person found: kind -> documents read, documents with something left, identifiers left.

    Raises:
        RefusedError: a row without its count: a document that nobody read proves nothing.
    """
    found: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != SHEET_COLUMNS:
            raise RefusedError("the sheet that `osteon deid reread` wrote", "another table", "write it again")
        for number, row in enumerate(reader, 2):
            if row["kind"] not in {"report", "image"} or not re.fullmatch(r"\d{1,4}", row["missed"] or ""):
                raise RefusedError(
                    "a count under `missed` in every row",
                    f"none in line {number}",
                    "read that document, count",
                )
            kind = found.setdefault(row["kind"], {"documents": 0, "with_any": 0, "left": 0})
            kind["documents"] += 1
            kind["with_any"] += row["missed"] != "0"
            kind["left"] += int(row["missed"])
    return found


def _documents(output: Path, record: StudyRecord) -> Iterator[str]:
    """Each output of the study as one folded text: the header's values, its raw bytes, the report."""
    for image in record.images:
        path = output / image["file"]
        header = " ".join(_texts(read_dataset(path, pixels=False)))
        content = path.read_bytes()
        cut = content.rfind(b"\xe0\x7f\x10\x00")
        yield _folded(header) + "\n" + _folded(content[: cut if cut > 0 else None].decode("latin-1"))
    if record.report is not None:
        yield _folded(record.report["text"])


def _identity_of(folder: Path, study: StudySource) -> set[str]:
    values: set[str] = set()
    for name in study.images:
        try:
            values.update(_identity(read_dataset(folder / name, pixels=False)))
        except OsteonError:
            continue
    for name in study.reports:
        if name.lower().endswith(".hl7"):
            values.update(_message_identity((folder / name).read_bytes()))
    return values


def _identity(dataset: Dataset) -> Iterator[str]:
    for tag in dataset.keys():  # noqa: SIM118 - iterating a data set decodes every value, keys do not
        keyword = keyword_for_tag(tag)
        if tag.is_private or not keyword:
            continue
        try:
            if dictionary_VR(tag) == "PN":
                yield from _words(str(dataset[tag].value))
            elif keyword in _IDENTITY:
                values = dataset[tag].value
                for value in values if isinstance(values, list) else [values]:
                    yield from _whole(str(value or ""))
        except MALFORMED:
            continue


def _message_identity(content: bytes) -> Iterator[str]:
    """PID-3, PID-5, PID-11, PID-13 and PV1-19 by position (HL7 v2.5.1 3.4.2, 3.4.3)."""
    for line in re.split(r"[\r\n]+", content.decode("utf-8", "replace")):
        fields = line.split("|")
        wanted = {"PID": (3, 11, 13), "PV1": (19,)}.get(fields[0], ())
        for place in wanted:
            if place < len(fields):
                yield from _whole(fields[place].split("^")[0])
        if fields[0] == "PID" and len(fields) > 5:
            yield from _words("^".join(fields[5].split("^")[:2]))


def _words(name: str) -> Iterator[str]:
    for word in re.split(r"[^\w]+", _folded(name)):
        if len(word) >= _MIN_CHARACTERS and not word.isdigit():
            yield word


def _whole(value: str) -> Iterator[str]:
    folded = _folded(value).strip()
    if len(folded) >= _MIN_CHARACTERS:
        yield folded


def _texts(dataset: Dataset) -> Iterator[str]:
    for tag in dataset.keys():  # noqa: SIM118 - as above
        try:
            element = dataset[tag]
            if element.VR == "SQ":
                for item in element.value:
                    yield from _texts(item)
            elif not isinstance(element.value, bytes):
                yield str(element.value)
        except MALFORMED:
            continue


def _common_words(policy: Policy) -> set[str]:
    """Words that stand in outputs whoever the patient is."""
    words: Iterable[str] = (*policy.vocabulary, *policy.closed_words)
    return {_folded(word) for word in words}


def _holds(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper()
