"""Invented people and places: no word of them stands in a policy or word list of the product."""

from __future__ import annotations

import random
from dataclasses import dataclass

_ONSETS = ("Qu", "Vl", "Dj", "Zw", "Kr", "Thr", "Bj", "Gh", "Sz", "Pf", "Wr", "Mb", "Ny", "Lh", "Ts")
_MIDDLES = ("ent", "orv", "ask", "yll", "emb", "udr", "ian", "oek", "aubr", "eind", "urg", "icz")
_ENDS = ("rel", "owicz", "aert", "quist", "ouille", "ek", "asson", "ière", "vaux", "ström", "enko", "ez")
_PARTICLES = ("", "", "", "Van den ", "De ", "d'", "El ", "Le ")
_WIDE = (
    ("ISO_IR 192", "Wang^XiaoDong=王^小东="),
    ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("ISO_IR 144", "Люкceмбypг^Ирина"),
    ("ISO_IR 126", "Διονυσιος^Αντωνια"),
    ("ISO_IR 192", "Hong^Gildong=洪^吉洞=홍^길동"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A patient with all that a record holds of him; every value is unique to him."""

    family: str
    given: str
    full: str  # as a PN value, perhaps with ideographic groups
    charset: str
    number: str
    birth: str
    phone: str
    mail: str
    street: str
    town: str
    hospital: str
    doctor: str
    accession: str
    serial: str

    @property
    def tokens(self) -> tuple[str, ...]:
        """The texts that may stand in no byte of an output."""
        wide = [part for group in self.full.split("=")[1:] for part in group.split("^") if len(part) > 1]
        return (
            self.family, self.given, self.number, self.birth, self.phone, self.mail, self.street, self.town,
            self.hospital, self.doctor, self.accession, self.serial, *wide,
        )  # fmt: skip


def _word(draw: random.Random) -> str:
    return draw.choice(_ONSETS) + draw.choice(_MIDDLES) + draw.choice(_MIDDLES[:6]) + draw.choice(_ENDS)


def person(draw: random.Random) -> Person:
    """A person drawn from the generator's own syllables."""
    family, given, doctor = draw.choice(_PARTICLES) + _word(draw), _word(draw), _word(draw)
    charset, full = "ISO_IR 100", f"{family}^{given}"
    if draw.random() < 0.2:
        charset, full = draw.choice(_WIDE)
        family, given = full.split("=")[0].split("^")
    elif draw.random() < 0.4:
        charset = "ISO_IR 192"
    digits = [str(draw.randrange(10)) for _ in range(40)]
    take = iter(digits)
    number = draw.choice("KNPX") + "".join(next(take) for _ in range(8))
    return Person(
        family=family,
        given=given,
        full=full + draw.choice(("", "", "^^Mme")) if "=" not in full else full,
        charset=charset,
        number=number,
        birth=f"{draw.randrange(1932, 2018)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}",
        phone="0" + "".join(next(take) for _ in range(9)),
        mail=f"{_word(draw).lower().translate({232: 'e', 246: 'o'})}@exemple-{draw.randrange(99)}.be",
        street=f"{draw.randrange(2, 99)} rue {_word(draw)}",
        town=_word(draw),
        hospital=f"Clinique {_word(draw)}",
        doctor=doctor,
        accession="ACC" + "".join(next(take) for _ in range(9)),
        serial="SN-" + "".join(next(take) for _ in range(8)),
    )
