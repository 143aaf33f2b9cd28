"""The truth table and the identity records of a sample."""

from __future__ import annotations

import csv
import io
from typing import Any

from osteon.dicom.synthetic.identity import Identity
from osteon.dicom.synthetic.instance import uid
from osteon.dicom.synthetic.plan import StudyPlan

TRUTH_COLUMNS = (
    "file",
    "hospital",
    "split_hint",
    "patient",
    "study_key",
    "study_instance_uid",
    "series_instance_uid",
    "sop_instance_uid",
    "accession_number",
    "region",
    "view",
    "laterality",
    "device",
    "sex",
    "age_years",
    "fracture",
    "fracture_kind",
    "bone_age_months",
    "kl_grade",
    "abnormal",
    "report",
    "implant",
    "cast",
    "burned_in",
)


def truth_row(plan: StudyPlan, who: Identity, view: str, file: str, sop_uid: str) -> dict[str, str]:
    """Return the row of one picture; cells that do not apply are empty."""
    front = view == "face"
    number = plan.views.index(view) + 1
    bone_age = plan.bone_age_months if plan.region == "hand" and front else None
    values: dict[str, object] = {
        "file": file,
        "hospital": plan.hospital.key,
        "split_hint": plan.hospital.split_hint,
        "patient": plan.patient_key,
        "study_key": plan.study_key,
        "study_instance_uid": uid(plan, "study"),
        "series_instance_uid": uid(plan, "series", number),
        "sop_instance_uid": sop_uid,
        "accession_number": who.accession,
        "region": plan.region,
        "view": view,
        "laterality": plan.laterality,
        "device": plan.device.key,
        "sex": plan.sex,
        "age_years": max(plan.age_years, 0),
        "fracture": plan.fracture_label,
        "fracture_kind": plan.fracture.kind if plan.fracture else None,
        "bone_age_months": bone_age,
        "kl_grade": plan.kl_grade if front else None,
        "abnormal": plan.abnormal,
        "report": f"{plan.hospital.key}/reports/{plan.study_key}.txt",
        "implant": int(plan.implant is not None),
        "cast": int(plan.cast is not None),
        "burned_in": int(plan.burned_in),
    }
    return {name: "" if values[name] is None else str(values[name]) for name in TRUTH_COLUMNS}


def identity_record(
    plan: StudyPlan, who: Identity, text: str, spans: list[tuple[int, int, str]]
) -> dict[str, Any]:
    """Return what is known of the identities of one study."""
    patient = {
        "PatientName": who.dicom_name,
        "PatientID": who.ipp,
        "PatientBirthDate": who.birth.strftime("%Y%m%d"),
        "PatientSex": who.sex,
        "PatientAddress": f"{who.street}, {who.postcode} {who.city}",
        "PatientTelephoneNumbers": who.phone,
        "OtherPatientIDs": who.nir,
        "AccessionNumber": who.accession,
        "StudyDate": plan.day.strftime("%Y%m%d"),
        "InstitutionName": plan.hospital.name,
        "AdmissionID": who.nda,
        "ReferringPhysicianName": who.referrer.dicom_name,
        "PerformingPhysicianName": who.radiologist.dicom_name,
    }
    if who.maiden:
        patient["PatientBirthName"] = f"{who.maiden.upper()}^{who.given}"
    entities = [{"start": start, "end": end, "label": label} for start, end, label in spans]
    return {
        "hospital": plan.hospital.key,
        "study_key": plan.study_key,
        "patient_key": plan.patient_key,
        "patient": patient,
        "strings": sorted(set(who.strings())),
        "note": {"note_id": plan.study_key, "note_text": text, "entities": entities},
    }


def truth_table(rows: list[dict[str, str]]) -> str:
    """Write the rows as CSV."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, TRUTH_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
