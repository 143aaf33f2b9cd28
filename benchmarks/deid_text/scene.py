"""One patient with an examination, a hospital and three doctors: what a letter's slots draw from."""

from __future__ import annotations

import random
from datetime import date, timedelta

from benchmarks.deid_text import forms
from benchmarks.deid_text.values import Cast

Piece = tuple[str, str, str]
"""Text, the source paper's category and our label; both empty for text that is no identifier."""


class Scene:
    """The values that one letter agrees on."""

    cast_type: type[Cast] = Cast

    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng, self.split, self.cast = rng, split, self.cast_type(rng, split)
        cast = self.cast
        self.male = rng.random() < 0.5
        self.last, self.maiden = cast.surname(), cast.surname()
        self.first = cast.first_name("M" if self.male else "F")
        self.examined = date(2015, 1, 1) + timedelta(days=rng.randrange(4000))
        self.born = self.examined - timedelta(days=rng.randrange(900, 35_000))
        self.ipp = rng.choice(("80", "79", "60")) + f"{rng.randrange(10**8):08d}"
        if rng.random() < 0.25:
            self.ipp = f"{rng.choice('HKP')}{rng.randrange(10**7):07d}"
        self.nda = rng.choice(("7", "22", "1")) + f"{rng.randrange(10**8):08d}"
        self.accession = rng.choice(("RX", "ACC", "")) + f"{rng.randrange(10**9):09d}"
        self.home = (
            f"{rng.randint(1, 240)}{rng.choice(['', '', '', ' bis', 'B', ' ter'])}{rng.choice([',', ''])} "
            + cast.street()
        )
        self.town, self.phone = cast.town(), self._french_phone()
        self.hospital = cast.hospital()
        self.doctors = [(cast.first_name(s), cast.surname()) for s in rng.choices("MF", k=3)]

    def _header(self) -> dict[str, object]:
        return {
            "PatientName": f"{self.last}^{self.first}",
            "PatientBirthName": f"{self.maiden}^{self.first}",
            "PatientID": self.ipp,
            "AdmissionID": self.nda,
            "AccessionNumber": self.accession,
            "PatientBirthDate": f"{self.born:%Y%m%d}",
            "PatientSex": "M" if self.male else "F",
            "PatientAddress": f"{self.home} {self.town}",
            "PatientTelephoneNumbers": self.phone,
            "InstitutionName": self.hospital,
            "ReferringPhysicianName": [f"{last}^{first}" for first, last in self.doctors],
        }

    def _letter(self, name: str) -> str:
        return forms.without_accents(name)[0].upper()

    def _french_phone(self) -> str:
        digits = f"0{self.rng.choice('1234567')}{self.rng.randrange(10**8):08d}"
        pairs = tuple(digits[i : i + 2] for i in range(0, 10, 2))
        return self.rng.choice(
            (
                " ".join(pairs),
                ".".join(pairs),
                digits,
                "-".join(pairs),
                f"+33 {digits[1]} {' '.join(pairs[1:])}",
                forms.spaced(digits),
            )
        )
