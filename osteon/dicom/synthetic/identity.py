"""Invented but realistic identities: patients with valid keys, doctors, visits.

The social security number (NIR) carries its key 97 - (number mod 97) as the INSEE defines it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from osteon.dicom.synthetic.names import MEN, SPECIALTIES, STREETS, SURNAMES, TOWNS, WOMEN
from osteon.dicom.synthetic.plan import StudyPlan


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """A physician."""

    surname: str
    given: str
    rpps: str
    specialty: str
    phone: str
    mail: str

    @property
    def dicom_name(self) -> str:
        """Name in DICOM's component form."""
        return f"{self.surname.upper()}^{self.given}^^Dr"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Everything that names the patient, the doctors and the visit of one study."""

    surname: str
    maiden: str | None
    given: str
    sex: str
    birth: date
    street: str
    postcode: str
    city: str
    phone: str
    mail: str
    nir: str
    ipp: str
    nda: str
    accession: str
    referrer: Doctor
    radiologist: Doctor
    technician: str

    @property
    def dicom_name(self) -> str:
        """Name in DICOM's component form."""
        return f"{self.surname.upper()}^{self.given}"

    def strings(self) -> list[str]:
        """Every planted string that identifies somebody in this study."""
        doctors = [
            value
            for d in (self.referrer, self.radiologist)
            for value in (d.surname, d.given, d.rpps, d.phone, d.mail)
        ]
        own = [
            self.surname,
            self.given,
            self.birth.strftime("%Y%m%d"),
            self.street,
            self.postcode,
            self.city,
            self.phone,
            self.mail,
            self.nir,
            self.ipp,
            self.nda,
            self.accession,
            self.technician,
        ]
        return [*own, *([self.maiden] if self.maiden else []), *doctors]


def _choose(rng: np.random.Generator, items: tuple[str, ...]) -> str:
    return items[int(rng.integers(len(items)))]


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(str(int(d)) for d in rng.integers(0, 10, count))


def plain(text: str) -> str:
    """Lower-case ASCII letters of a name, for addresses of mail."""
    table = str.maketrans("àâäçéèêëîïôöùûüñœÖÉ", "aaaceeeeiioouuunoOE")
    return "".join(c for c in text.translate(table).lower() if c.isascii() and (c.isalnum() or c in "-."))


def social_security_number(sex: str, birth: date, rng: np.random.Generator) -> str:
    """Fifteen digits, the last two being the key."""
    department, town, order = (int(rng.integers(1, top)) for top in (96, 990, 999))
    body = f"{1 if sex == 'M' else 2}{birth:%y%m}{department:02d}{town:03d}{order:03d}"
    return f"{body}{97 - int(body) % 97:02d}"


def _rpps(rng: np.random.Generator) -> str:
    """Eleven digits with a Luhn check digit."""
    body = "101" + _digits(rng, 7)
    total = 0
    for place, char in enumerate(reversed(body)):
        digit = int(char) * (2 if place % 2 == 0 else 1)
        total += digit - 9 if digit > 9 else digit
    return body + str((10 - total % 10) % 10)


def _doctor(rng: np.random.Generator, specialty: str, phone: str, domain: str) -> Doctor:
    given = _choose(rng, WOMEN if rng.random() < 0.5 else MEN)
    surname = _choose(rng, SURNAMES)
    return Doctor(
        surname=surname,
        given=given,
        rpps=_rpps(rng),
        specialty=specialty,
        phone=phone,
        mail=f"{plain(given)[:1]}.{plain(surname)}@{domain}",
    )


def _phone(rng: np.random.Generator, prefix: str) -> str:
    return " ".join([prefix, *(_digits(rng, 2) for _ in range(4))])


def identity_of(plan: StudyPlan) -> Identity:
    """Identity for a study: the patient from the root study, the visit from the study itself."""
    person = np.random.default_rng([plan.seed, plan.root, 104])
    visit = np.random.default_rng([plan.seed, plan.number, 105])
    staff = np.random.default_rng([plan.hospital.uid_arc, 106, int(visit.integers(6))])
    hospital = plan.hospital
    surname = _choose(person, SURNAMES)
    given = _choose(person, WOMEN if plan.sex == "F" else MEN)
    married = plan.sex == "F" and plan.age_years >= 25 and person.random() < 0.5
    town = TOWNS[hospital.key][int(person.integers(len(TOWNS[hospital.key])))]
    return Identity(
        surname=surname,
        maiden=_choose(person, SURNAMES) if married else None,
        given=given,
        sex=plan.sex,
        birth=plan.birth,
        street=f"{int(person.integers(1, 180))} {_choose(person, STREETS)}",
        postcode=town[0],
        city=town[1],
        phone=_phone(person, _choose(person, ("06", "07"))),
        mail=f"{plain(given)}.{plain(surname)}{int(person.integers(10, 99))}@courriel.example",
        nir=social_security_number(plan.sex, plan.birth, person),
        ipp=f"8{plan.hospital.uid_arc}{_digits(person, 8)}",
        nda=f"{plan.day:%y}{hospital.uid_arc}{_digits(visit, 7)}",
        accession=f"{hospital.key[0].upper()}{plan.day:%y%m}{plan.seed % 100:02d}{plan.number:06d}",
        referrer=_doctor(
            visit, _choose(visit, SPECIALTIES), _phone(visit, hospital.phone[:2]), "cabinet-medical.example"
        ),
        radiologist=_doctor(staff, "radiologue", hospital.phone, hospital.mail_domain),
        technician=f"{_choose(visit, WOMEN)} {_choose(visit, SURNAMES)}",
    )
