"""The report as an HL7 v2.5 ORU^R01 message (PID, PV1, ORC, OBR, OBX with the text in OBX-5)."""

from __future__ import annotations

import hl7

from osteon.dicom.synthetic.identity import Doctor, Identity
from osteon.dicom.synthetic.instance import study_description, uid
from osteon.dicom.synthetic.plan import StudyPlan

_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})


def escaped(value: str) -> str:
    """Escape the delimiters only (HL7 v2.5, 2.7): MSH-18 says UTF-8, so that letters stay as they are."""
    return value.translate(_ESCAPES)


def _doctor(doctor: Doctor) -> str:
    return f"{doctor.rpps}^{escaped(doctor.surname.upper())}^{escaped(doctor.given)}^^^Dr^^^RPPS"


def report_message(plan: StudyPlan, who: Identity, text: str) -> str:
    r"""Build the message; segments end with a carriage return, line breaks inside OBX-5 are `\.br\`."""
    day = plan.day.strftime("%Y%m%d")
    minutes = int(plan.stream(6).integers(9 * 60, 20 * 60))
    stamp = f"{day}{minutes // 60:02d}{minutes % 60:02d}00"
    hospital = plan.hospital
    body = "\\.br\\".join(escaped(line) for line in text.split("\n"))
    name = f"{escaped(who.surname.upper())}^{escaped(who.given)}"
    birth_name = f"~{escaped(who.maiden.upper())}^{escaped(who.given)}^^^^^B" if who.maiden else ""
    address = f"{escaped(who.street)}^^{escaped(who.city)}^^{who.postcode}^FRA"
    segments = [
        [
            "MSH",
            "^~\\&",
            "RIS",
            escaped(hospital.name),
            "OSTEON",
            "RECHERCHE",
            stamp,
            "",
            "ORU^R01^ORU_R01",
            uid(plan, "message")[-20:],
            "P",
            "2.5",
            "",
            "",
            "",
            "",
            "FRA",
            "UNICODE UTF-8",
        ],
        [
            "PID",
            "1",
            "",
            f"{who.ipp}^^^{hospital.key.upper()}^PI~{who.nir}^^^ASIP-SANTE-INS-NIR^INS",
            "",
            name + birth_name,
            "",
            f"{who.birth:%Y%m%d}",
            who.sex,
            "",
            "",
            address,
            "",
            f"{who.phone}~^NET^Internet^{who.mail}",
            "",
            "",
            "",
            "",
            who.nda,
        ],
        [
            "PV1",
            "1",
            "O",
            "RADIO",
            "",
            "",
            "",
            _doctor(who.referrer),
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            who.nda,
        ],
        [
            "ORC",
            "RE",
            who.accession,
            who.accession,
            "",
            "CM",
            "",
            "",
            "",
            stamp,
            "",
            "",
            _doctor(who.referrer),
        ],
        [
            "OBR",
            "1",
            who.accession,
            who.accession,
            f"RX-{plan.region.upper()}^{escaped(study_description(plan))}^L",
            "",
            "",
            stamp,
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            _doctor(who.referrer),
            "",
            who.accession,
            "",
            "",
            "",
            stamp,
            "",
            "RAD",
            "F",
            "",
            "",
            "",
            "",
            "",
            "",
            _doctor(who.radiologist),
        ],
        ["OBX", "1", "FT", "18748-4^Diagnostic imaging study^LN", "1", body, "", "", "", "", "", "F"],
        ["OBX", "2", "ST", "113014^Study Instance UID^DCM", "1", uid(plan, "study"), "", "", "", "", "", "F"],
    ]
    return str(hl7.parse("\r".join("|".join(fields) for fields in segments) + "\r"))
