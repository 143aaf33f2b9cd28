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


def _segment(name: str, fields: dict[int, str]) -> str:
    """Write one segment from its fields by number; MSH-1 is the separator itself."""
    first = 2 if name == "MSH" else 1
    return "|".join([name, *(fields.get(number, "") for number in range(first, max(fields) + 1))])


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
    order = f"RX-{plan.region.upper()}^{escaped(study_description(plan))}^L"
    numbers = f"{who.ipp}^^^{hospital.key.upper()}^PI~{who.nir}^^^ASIP-SANTE-INS-NIR^INS"
    sender = {3: "RIS", 4: escaped(hospital.name), 5: "OSTEON", 6: "RECHERCHE"}
    kind = {
        9: "ORU^R01^ORU_R01",
        10: uid(plan, "message")[-20:],
        11: "P",
        12: "2.5",
        17: "FRA",
        18: "UNICODE UTF-8",
    }
    patient = {5: name + birth_name, 7: f"{who.birth:%Y%m%d}", 8: who.sex, 11: address, 18: who.nda}
    referrer = _doctor(who.referrer)
    request = {2: who.accession, 3: who.accession}
    answer = {16: referrer, 18: who.accession, 22: stamp, 24: "RAD", 25: "F", 32: _doctor(who.radiologist)}
    text_code, uid_code = "18748-4^Diagnostic imaging study^LN", "113014^Study Instance UID^DCM"
    segments = [
        _segment("MSH", {2: "^~\\&", **sender, 7: stamp, **kind}),
        _segment("PID", {1: "1", 3: numbers, **patient, 13: f"{who.phone}~^NET^Internet^{who.mail}"}),
        _segment("PV1", {1: "1", 2: "O", 3: "RADIO", 7: referrer, 19: who.nda}),
        _segment("ORC", {1: "RE", **request, 5: "CM", 9: stamp, 12: referrer}),
        _segment("OBR", {1: "1", **request, 4: order, 7: stamp, **answer}),
        _segment("OBX", {1: "1", 2: "FT", 3: text_code, 4: "1", 5: body, 11: "F"}),
        _segment("OBX", {1: "2", 2: "ST", 3: uid_code, 4: "1", 5: uid(plan, "study"), 11: "F"}),
    ]
    return str(hl7.parse("\r".join(segments) + "\r"))
