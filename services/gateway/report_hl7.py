"""Predictions as an HL7 v2.5.1 ORU^R01 for the RIS, preliminary, one OBX per prediction.

Source: HL7 v2.5.1 chapter 7 (ORU, OBR, OBX) and section 2.7 (escape sequences).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pydicom.dataset import Dataset

from osteon.dicom import read_dataset
from osteon.dicom.dataset import text_of
from osteon.domain import Prediction, Task
from services.gateway.summary import RESEARCH_ONLY, name_of, sentence

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " "}
_UNITS = {
    Task.FRACTURE: "{0:1}^range 0:1^UCUM",
    Task.BONE_AGE: "mo^month^UCUM",
    Task.KNEE_OA: "1^no units^UCUM",
    Task.ABNORMALITY: "{0:1}^range 0:1^UCUM",
    Task.LEG_ALIGNMENT: "deg^degree^UCUM",
    Task.IMPLANT: "{0:1}^range 0:1^UCUM",
}


def build_message(
    instance: bytes,
    predictions: Sequence[Prediction],
    *,
    control_id: str,
    site: str,
    now: datetime | None = None,
) -> bytes:
    """The message, in UTF-8, segments ended by carriage returns."""
    source = read_dataset(instance, pixels=False)
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d%H%M%S+0000")
    segments = [
        f"MSH|^~\\&|OSTEON|{escape(site)}|RIS|{escape(site)}|{stamp}||ORU^R01^ORU_R01|{control_id}|P|2.5.1"
        "||||||UNICODE UTF-8",
        _patient(source),
        _request(source, stamp),
        *(_observation(number, prediction) for number, prediction in enumerate(predictions, 1)),
        f"NTE|1||{escape(RESEARCH_ONLY)}",
    ]
    return ("\r".join(segments) + "\r").encode()


def escape(text: str) -> str:
    """Text without the characters that HL7 gives a meaning.

    >>> escape("A|B^C")
    'A\\\\F\\\\B\\\\S\\\\C'
    """
    return "".join(_ESCAPES.get(character, character) for character in text)


def _patient(source: Dataset) -> str:
    # A DICOM person name has its components in HL7's order, family first (PS3.5 section 6.2.1).
    name = text_of(source, "PatientName").split("=")[0]
    parts = "^".join(escape(part) for part in name.split("^")[:5])
    fields = [escape(text_of(source, "PatientID")), "", parts, "", text_of(source, "PatientBirthDate")]
    return "PID|1||" + "|".join([*fields, text_of(source, "PatientSex")])


def _request(source: Dataset, stamp: str) -> str:
    accession = escape(text_of(source, "AccessionNumber"))
    service = "18748-4^Diagnostic imaging study^LN"
    taken = text_of(source, "StudyDate") + text_of(source, "StudyTime")[:6]
    fields = {1: "1", 2: accession, 3: accession, 4: service, 7: taken, 22: stamp, 25: "P"}
    return "OBR|" + "|".join(fields.get(number, "") for number in range(1, 26))


def _observation(number: int, prediction: Prediction) -> str:
    # The interval stands in the note: OBX-7 would say what is normal for the patient.
    task = Task.parse(prediction.task)
    numeric = prediction.value is not None
    fields = {
        1: str(number),
        2: "NM" if numeric else "ST",
        3: f"{task.value}^{escape(name_of(prediction))}^99OSTEON",
        5: f"{prediction.value:.6g}" if numeric else escape(sentence(prediction)),
        6: _UNITS[task] if numeric else "",
        11: "P",
        17: f"{escape(prediction.model_version)}^^99OSTEON",
    }
    lines = ["OBX|" + "|".join(fields.get(place, "") for place in range(1, 18))]
    lines.append(f"NTE|{number}||{escape(sentence(prediction))} {escape(RESEARCH_ONLY)}")
    return "\r".join(lines)
