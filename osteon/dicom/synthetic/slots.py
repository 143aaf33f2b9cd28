"""What fills the slots of a report: identities, dates in the hospital's style, sides in agreement."""

from __future__ import annotations

from datetime import date

from osteon.dicom.synthetic import phrases
from osteon.dicom.synthetic.draft import Named
from osteon.dicom.synthetic.identity import Doctor, Identity
from osteon.dicom.synthetic.instance import french_side
from osteon.dicom.synthetic.plan import StudyPlan
from osteon.dicom.synthetic.wear import wear

_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
Values = dict[str, Named | str]


def written_date(day: date, pattern: str) -> str:
    """Write a date in the hospital's style, month names in French whatever the locale."""
    if "%B" in pattern:
        return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}"
    return day.strftime(pattern)


def slot_values(plan: StudyPlan, who: Identity) -> Values:
    """Return what fills the slots of a study's report, identities marked as such."""
    pattern = plan.hospital.style.date_format
    feminine = plan.region in {"hand", "ankle"}
    compartment, side_word = "", ""
    if plan.kl_grade is not None:
        state = wear(plan.kl_grade, plan.anatomy())
        compartment = "médial" if state.medial_first else "latéral"
        side_word = f"du compartiment {compartment}"
    values: Values = {
        "civ": ("Mme" if plan.sex == "F" else "M.") if plan.age_years >= 18 else "l'enfant",
        "nom": Named("NOM", who.surname.upper()),
        "prenom": Named("PRENOM", who.given),
        "maiden": Named("NOM", (who.maiden or who.surname).upper()),
        "ddn": Named("DATE_NAISSANCE", written_date(who.birth, pattern)),
        "ne": "née" if plan.sex == "F" else "né",
        "age": Named("AGE", _age(plan)),
        "date": Named("DATE", written_date(plan.day, pattern)),
        "ipp": Named("IPP", who.ipp),
        "nda": Named("NDA", who.nda),
        "secu": Named("SECU", who.nir),
        "accession": Named("NDA", who.accession),
        "street": Named("ADRESSE", who.street),
        "zip": Named("ZIP", who.postcode),
        "city": Named("VILLE", who.city),
        "tel": Named("TEL", who.phone),
        "mail": Named("MAIL", who.mail),
        "hospital": Named("HOPITAL", plan.hospital.name),
        "hstreet": Named("ADRESSE", plan.hospital.street),
        "hzip": Named("ZIP", plan.hospital.postcode),
        "hcity": Named("VILLE", plan.hospital.city),
        "htel": Named("TEL", plan.hospital.phone),
        "side": french_side(plan),
        "Region": phrases.REGION[plan.region][1].capitalize(),
        "side_f": "gauche" if plan.laterality == "L" else "droite",
        "compartment_f": f"{compartment}e" if compartment == "médial" else "latérale",
        "of_region": {
            "hand": "de la main",
            "knee": "du genou",
            "forearm": "de l'avant-bras",
            "ankle": "de la cheville",
        }[plan.region]
        + " "
        + french_side(plan),
        "compartment": compartment,
        "side_word": side_word,
        "le_la": "La" if feminine else "Le",
    }
    if plan.previous_day is not None:
        values["previous"] = Named("DATE", written_date(plan.previous_day, pattern))
    for key, doctor in (("r", who.referrer), ("x", who.radiologist)):
        values |= _doctor_values(key, doctor)
    return values


def _doctor_values(key: str, doctor: Doctor) -> Values:
    return {
        f"{key}nom": Named("NOM", doctor.surname.upper()),
        f"{key}prenom": Named("PRENOM", doctor.given),
        f"{key}rpps": Named("RPPS", doctor.rpps),
        f"{key}tel": Named("TEL", doctor.phone),
        f"{key}mail": Named("MAIL", doctor.mail),
        f"{key}spec": doctor.specialty,
    }


def _age(plan: StudyPlan) -> str:
    if plan.age_months < 24:
        return f"{max(plan.age_months, 0)} mois"
    return f"{plan.age_years} ans"
