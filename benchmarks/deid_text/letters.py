"""One radiology letter after another: text, planted spans, terms that must stay, and the header beside it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from benchmarks.deid_text import forms, fresh, numbers, sentences
from benchmarks.deid_text.values import Cast, half_of

_SLOT = re.compile(r"\{(\w+)\}")
Piece = tuple[str, str, str]
"""Text, the source paper's category and our label; both empty for text that is no identifier."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One identifier in a letter; `known` where the header beside it has the value."""

    start: int
    end: int
    category: str
    label: str
    known: bool
    slot: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A report with what was planted, what must stay, and the header's values as DICOM keywords."""

    number: int
    text: str
    planted: tuple[Planted, ...]
    kept: tuple[tuple[int, int], ...]
    header: dict[str, object] = field(repr=False)


def letters(count: int, split: str, seed: int) -> Iterator[Letter]:
    """The first `count` letters of one half; the same for the same seed."""
    for number in range(count):
        yield _Writer(random.Random(f"{seed}:{split}:{number}"), split).letter(number)


class _Writer:
    def __init__(self, rng: random.Random, split: str) -> None:
        self.rng, self.split, self.cast = rng, split, Cast(rng, split)
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
        self.home = f"{rng.randint(1, 240)}{rng.choice(['', '', '', ' bis', 'B', ' ter'])}{rng.choice([',', ''])} " + cast.street()
        self.town, self.phone = cast.town(), self._french_phone()
        self.hospital = cast.hospital()
        self.doctors = [(cast.first_name(s), cast.surname()) for s in rng.choices("MF", k=3)]

    # --- a whole letter -----------------------------------------------------------------------------
    def letter(self, number: int) -> Letter:
        text, planted, kept = "", [], list[tuple[int, int]]()
        for part in fresh.PARTS if self.split == "fresh" else sentences.PARTS:
            own = [line for line in part if self.split in {"fresh", half_of(line or str(part))}] or list(part)
            line = self.rng.choice(own)
            position = 0
            for match in _SLOT.finditer(line):
                text += line[position : match.start()]
                position = match.end()
                for value, category, label in self._slot(match[1]):
                    start, text = len(text), text + value
                    if category == "kept":
                        kept.append((start, len(text)))
                    elif category:
                        known = self._is_known(match[1], value)
                        planted.append(Planted(start, len(text), category, label, known, match[1]))
            text += line[position:]
        return Letter(number, text, tuple(planted), tuple(kept), self._header())

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

    def _is_known(self, slot: str, value: str) -> bool:
        if slot.startswith(("patient", "last", "first", "maiden", "birth", "ipp", "nda", "accession", "initial_", "doctor")):
            return slot != "last_date"
        return slot.startswith("hospital") or value in (self.home, self.town, self.phone)

    # --- slots --------------------------------------------------------------------------------------
    def _slot(self, name: str) -> list[Piece]:
        for prefix, maker in (("patient", self._patient), ("doctor", self._doctor), ("zip_town", self._zip_town)):
            if name.startswith(prefix):
                return maker(name)
        made: Callable[[], list[Piece]] = getattr(self, f"_slot_{name}")
        return made()

    def _patient(self, name: str) -> list[Piece]:
        last, first = ("PATIENT_NOM", self.last), ("PATIENT_PRENOM", self.first)
        pair, gap = [last, first], " "
        how = name.removeprefix("patient").strip("_") or self.rng.choice(("plain", "first", "caps", "comma", "accents", "both"))
        if how in {"first", "reversed"}:
            pair = [first, last]
        if how == "both" and not self.male:
            pair = [last, ("PATIENT_NOM", f"épouse {self.maiden}"), first]
        change: Callable[[str], str] = str
        if how == "upper":
            change = lambda t: forms.without_accents(t).upper()  # noqa: E731
        elif how == "accents":
            change = forms.without_accents
        if how == "comma":
            gap = ", "
        if how == "split":
            gap = "\n"
        pieces: list[Piece] = []
        for place, (label, value) in enumerate(pair):
            written = value.upper() if label == "PATIENT_NOM" and how in {"caps", "split"} else change(value)
            lead = re.match(r"(?:épouse |EPOUSE )?", written)
            assert lead is not None
            pieces += [(gap if place else "", "", ""), (lead.group(), "", ""), (written[lead.end() :], "patient", label)]
        return pieces

    def _slot_last(self) -> list[Piece]:
        return [(forms.cased(self.rng, self.last), "patient", "PATIENT_NOM")]

    def _slot_last_upper(self) -> list[Piece]:
        return [(forms.without_accents(self.last).upper(), "patient", "PATIENT_NOM")]

    def _slot_last_typo(self) -> list[Piece]:
        return [(forms.typo(self.rng, self.last), "patient", "PATIENT_NOM")]

    def _slot_first(self) -> list[Piece]:
        return [(self.first, "patient", "PATIENT_PRENOM")]

    def _slot_first_upper(self) -> list[Piece]:
        return [(forms.without_accents(self.first).upper(), "patient", "PATIENT_PRENOM")]

    def _slot_maiden(self) -> list[Piece]:
        return [(forms.cased(self.rng, self.maiden), "patient", "NOM_NAISSANCE")]

    def _slot_maiden_upper(self) -> list[Piece]:
        return [(forms.without_accents(self.maiden).upper(), "patient", "NOM_NAISSANCE")]

    def _slot_initial_last(self) -> list[Piece]:
        return [(f"{self._letter(self.first)}. {self.last}", "patient", "PATIENT_NOM")]

    def _slot_initial_name(self) -> list[Piece]:
        first, last = self._letter(self.first), self._letter(self.last)
        return [(self.rng.choice((f"{first}.{last}.", f"{first}. {last}.", f"{last}.")), "patient", "INITIALES")]

    def _letter(self, name: str) -> str:
        return forms.without_accents(name)[0].upper()

    def _slot_title(self) -> list[Piece]:
        male = ("M.", "Monsieur", "Mr", "M")
        return [(self.rng.choice(male if self.male else ("Mme", "Madame", "Mme", "Mlle")), "", "")]

    def _slot_sex(self) -> list[Piece]:
        return [("M" if self.male else "F", "", "")]

    def _doctor(self, name: str) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        how = name.removeprefix("doctor").strip("_") or self.rng.choice(("first", "first", "last", "caps", "initial", "reversed"))
        first_up = forms.without_accents(first).upper()
        full: dict[str, list[Piece]] = {
            "first": [(first, "person", "MEDECIN"), (" ", "", ""), (last, "person", "MEDECIN")],
            "caps": [(first, "person", "MEDECIN"), (" ", "", ""), (last.upper(), "person", "MEDECIN")],
            "reversed": [(last.upper(), "person", "MEDECIN"), (" ", "", ""), (first, "person", "MEDECIN")],
            "upper": [(first_up, "person", "MEDECIN"), (" ", "", ""), (last.upper(), "person", "MEDECIN")],
            "initial": [(f"{self._letter(first)}. {last}", "person", "MEDECIN")],
            "last": [(forms.cased(self.rng, last), "person", "MEDECIN")],
        }
        return full[how]

    def _slot_person(self) -> list[Piece]:
        first, last = self.cast.first_name(self.rng.choice("MF")), self.cast.surname()
        last = self.rng.choice((last, last.upper()))
        pair = (first, last) if self.rng.random() < 0.7 else (last.upper(), first)
        return [(pair[0], "person", "PERSONNE"), (" ", "", ""), (pair[1], "person", "PERSONNE")]

    def _slot_relative(self) -> list[Piece]:
        first, last = self.cast.first_name(self.rng.choice("MF")), self.cast.surname()
        return self.rng.choice(
            (
                [(last, "person", "PROCHE")],
                [(first, "person", "PROCHE"), (" ", "", ""), (last, "person", "PROCHE")],
                [(last.upper(), "person", "PROCHE"), (" ", "", ""), (first, "person", "PROCHE")],
            )
        )

    def _slot_relative_first(self) -> list[Piece]:
        return [(self.cast.first_name("F"), "person", "PROCHE")]

    def _slot_initials(self) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        a, b = self._letter(first), self._letter(last)
        return [(self.rng.choice((a + b, f"{a}.{b}.", f"{a}. {b}.")), "person", "INITIALES")]

    def _slot_initials_pair(self) -> list[Piece]:
        (f1, l1), (f2, l2) = self.doctors[:2]
        pair = f"{self._letter(f1)}{self._letter(l1)}/{self._letter(f2)}{self._letter(l2)}"
        return [(self.rng.choice((pair, pair.lower())), "person", "INITIALES")]

    # --- places -------------------------------------------------------------------------------------
    def _slot_street(self) -> list[Piece]:
        mine = self.rng.random() < 0.5
        value = self.home if mine else f"{self.rng.randint(1, 99)} {self.cast.street()}"
        return [(self.rng.choice((value, value, value.upper())), "location", "ADRESSE")]

    def _slot_town(self) -> list[Piece]:
        value = self.rng.choice((self.town, self.cast.town()))
        return [(self.rng.choice((value, value, value.upper())), "location", "VILLE")]

    def _zip_town(self, name: str) -> list[Piece]:
        town = self.rng.choice((self.town, self.cast.town()))
        rng = self.rng
        if name.endswith("_be"):
            code = rng.choice(("", "", "B-", "BE-")) + str(rng.randint(1000, 9992))
        elif name.endswith("_ch"):
            code = rng.choice(("", "", "CH-")) + str(rng.randint(1000, 9658))
        else:
            code = f"{rng.randint(1, 95):02d}{rng.choice(['000', '100', '230', '480', '560', '700'])}"
            code = rng.choice((code, code, f"{code[:2]} {code[2:]}", f"F-{code}"))
        return [(code, "location", "ZIP"), (" ", "", ""), (rng.choice((town, town, town.upper())), "location", "VILLE")]

    def _slot_hospital(self) -> list[Piece]:
        return [(self.rng.choice((self.hospital, self.cast.hospital())), "institution", "HOPITAL")]

    def _slot_hospital_upper(self) -> list[Piece]:
        return [(self.hospital.upper(), "institution", "HOPITAL")]

    def _slot_pavilion(self) -> list[Piece]:
        return [(self.cast.pavilion(), "institution", "UNITE")]

    # --- dates and ages -----------------------------------------------------------------------------
    def _some_day(self) -> date:
        return self.examined - timedelta(days=self.rng.randrange(0, 1200))

    def _slot_birth(self) -> list[Piece]:
        return [(forms.full_date(self.rng, self.born.year, self.born.month, self.born.day), "date", "DATE_NAISSANCE")]

    def _slot_date(self) -> list[Piece]:
        day = self._some_day()
        return [(forms.full_date(self.rng, day.year, day.month, day.day), "date", "DATE")]

    def _slot_weekday_date(self) -> list[Piece]:
        day = self._some_day()
        return [(f"{forms.DAYS[day.weekday()]} {day.day} {forms.months()[day.month - 1]}", "date", "DATE")]

    def _slot_day_month(self) -> list[Piece]:
        day = self._some_day()
        return [(f"{day:%d/%m}", "date", "DATE")]

    def _slot_last_date(self) -> list[Piece]:
        day = self._some_day()
        return [(f"{day.day if day.day > 1 else '1er'} {forms.months()[day.month - 1]}", "date", "DATE")]

    def _slot_month_year(self) -> list[Piece]:
        day = self._some_day()
        name = forms.months()[day.month - 1]
        return [(self.rng.choice((f"{name} {day.year}", f"{name} {day.year}", f"{day:%m/%Y}")), "date", "DATE")]

    def _slot_age(self) -> list[Piece]:
        years = (self.examined - self.born).days // 365
        if years < 3 and self.rng.random() < 0.5:
            return [(f"{max(1, (self.examined - self.born).days // 30)} mois", "age", "AGE")]
        return [(self.rng.choice((f"{years} ans", f"{years} ans", f"{years}ans", f"{years} a")), "age", "AGE")]

    # --- numbers, contact, terms ----------------------------------------------------------------------
    def _french_phone(self) -> str:
        digits = f"0{self.rng.choice('1234567')}{self.rng.randrange(10**8):08d}"
        pairs = tuple(digits[i : i + 2] for i in range(0, 10, 2))
        return self.rng.choice(
            (" ".join(pairs), ".".join(pairs), digits, "-".join(pairs), f"+33 {digits[1]} {' '.join(pairs[1:])}", forms.spaced(digits))
        )

    def _slot_phone(self) -> list[Piece]:
        return [(self.rng.choice((self.phone, self._french_phone())), "phone", "TEL")]

    def _slot_phone_be(self) -> list[Piece]:
        rng = self.rng
        four = [f"{rng.randrange(100):02d}" for _ in range(4)]
        forms_ = (
            f"02/{rng.randint(200, 799)}.{four[0]}.{four[1]}",
            f"04{rng.randint(60, 99)}/{four[0]}.{four[1]}.{four[2]}",
            f"0{rng.randint(60, 89)} {four[0]} {four[1]} {four[2]}",
            f"+32 {rng.randint(470, 499)} {four[0]} {four[1]} {four[2]}",
            f"+32(0)2 {rng.randint(200, 799)} {four[0]} {four[1]}",
        )
        return [(rng.choice(forms_), "phone", "TEL")]

    def _slot_phone_ch(self) -> list[Piece]:
        rng = self.rng
        tail = f"{rng.randint(200, 999)} {rng.randrange(100):02d} {rng.randrange(100):02d}"
        return [(rng.choice((f"+41 {rng.choice(['21', '22', '79'])} {tail}", f"0{rng.choice(['21', '26', '78'])} {tail}")), "phone", "TEL")]

    def _slot_mail(self) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        plain = [re.sub(r"[^a-z]", "", forms.without_accents(n).lower()) or "x" for n in (first, last)]
        who = self.rng.choice((".".join(plain), plain[0][0] + plain[1], "secretariat.radio", f"{plain[1]}{self.rng.randrange(99)}"))
        where = self.rng.choice(("ch-ormebeuve.fr", "chu-valmont.be", "hin.ch", "gmail.com", "wanadoo.fr", "aphp.fr"))
        return [(self.rng.choice((f"{who}@{where}", f"{who}@{where}", f"{who} @ {where}", f"{who}@{where}".upper())), "mail", "MAIL")]

    def _slot_url(self) -> list[Piece]:
        return [(self.rng.choice(("www.ch-ormebeuve.fr", "https://resultats.imagerie-valmont.be/p/K7712", "portail.radio-leman.ch")), "mail", "URL")]

    def _slot_ipp(self) -> list[Piece]:
        return [(self.ipp, "id", "IPP")]

    def _slot_nda(self) -> list[Piece]:
        return [(self.nda, "id", "NDA")]

    def _slot_accession(self) -> list[Piece]:
        return [(self.accession, "id", "ACCESSION")]

    def _nir_written(self) -> str:
        number = numbers.nir(self.rng, self.born.year, self.born.month, self.male)
        if self.rng.random() < 0.15:
            number = numbers.spoilt(self.rng, number)
        groups = (1, 2, 2, 2, 3, 3, 2)
        return self.rng.choice((number, numbers.grouped(number, groups, " "), numbers.grouped(number, groups, "."), number[:13] + " " + number[13:], number[:13] + "/" + number[13:], forms.spaced(number)))

    def _slot_nir(self) -> list[Piece]:
        return [(self._nir_written(), "id", "SECU")]

    def _slot_ins(self) -> list[Piece]:
        return [(self._nir_written(), "id", "INS")]

    def _slot_niss(self) -> list[Piece]:
        number = numbers.niss(self.rng, self.born.year, self.born.month, self.born.day)
        if self.rng.random() < 0.15:
            number = numbers.spoilt(self.rng, number)
        official = f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"
        return [(self.rng.choice((number, official, official, f"{number[:6]}-{number[6:9]}-{number[9:]}", f"{number[:6]} {number[6:9]} {number[9:]}")), "id", "NISS")]

    def _slot_avs(self) -> list[Piece]:
        number = numbers.avs(self.rng)
        return [(self.rng.choice((number, numbers.grouped(number, (3, 4, 4, 2), "."))), "id", "AVS")]

    def _slot_rpps(self) -> list[Piece]:
        number = numbers.rpps(self.rng)
        if self.rng.random() < 0.15:
            number = numbers.spoilt(self.rng, number)
        return [(self.rng.choice((number, number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}")), "id", "RPPS")]

    def _slot_inami(self) -> list[Piece]:
        number = numbers.inami(self.rng)
        form = self.rng.choice((number, f"{number[0]}-{number[1:6]}-{number[6:8]}-{number[8:]}", f"{number[0]}/{number[1:6]}/{number[6:8]}/{number[8:]}", f"{number[0]}.{number[1:6]}.{number[6:8]}.{number[8:]}"))
        return [(form, "id", "INAMI")]

    def _slot_plate(self) -> list[Piece]:
        rng = self.rng
        letters = lambda n: "".join(rng.choice("ABCDEFGHJKLMNPQRSTVWXYZ") for _ in range(n))  # noqa: E731
        return [(rng.choice((f"{letters(2)}-{rng.randint(100, 999)}-{letters(2)}", f"{letters(2)} {rng.randint(100, 999)} {letters(2)}", f"{rng.randint(1, 2)}-{letters(3)}-{rng.randint(100, 999)}", f"VD {rng.randint(10000, 99999)}", f"{rng.randint(1000, 9999)} {letters(2)} {rng.randint(10, 95)}")), "id", "PLAQUE")]

    def _slot_term(self) -> list[Piece]:
        return [(self.rng.choice(sentences.TERMS), "kept", "")]

    def _slot_eponym(self) -> list[Piece]:
        return [(self.rng.choice(sentences.EPONYMS), "kept", "")]

    def _slot_device(self) -> list[Piece]:
        return [(self.rng.choice(sentences.DEVICES), "kept", "")]
