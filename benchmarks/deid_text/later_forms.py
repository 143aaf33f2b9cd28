"""Forms of `fresh5` that older sets do not have: islands' telephones, dates and ages of exports and chats."""

from __future__ import annotations

from datetime import date

from benchmarks.deid_text import forms
from benchmarks.deid_text.odd_forms import OddForms
from benchmarks.deid_text.scene import Piece


class LaterForms(OddForms):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _later_date(self, day: date) -> str:
        name, two = forms.months()[day.month - 1], f"{day.year % 100:02d}"
        bare = forms.without_accents(name).upper()
        short = bare[: 4 if bare.startswith("JUI") else 3]
        numeric = (f"{day:%d/%m/%Y}", f"{day.day}/{day:%m}/{two}", f"{day:%Y.%m.%d}", f"{day:%d-%m-%y}")
        named = (
            f"{day:%d}-{name}-{day.year}",
            f"{day:%d}/{name}/{day.year}",
            f"{day.day} {name.title()} {day.year}",
        )
        packed = (f"{day:%d}{short}{day.year}", f"{day:%d}{short}{two}", f"{day:%d} {short.lower()} {two}")
        spoken = (
            f"{forms.DAYS[day.weekday()]} le {day.day} {name} {day.year}",
            f"{forms.DAYS[day.weekday()].capitalize()} {day:%d/%m/%Y}",
            f"{'1er' if day.day == 1 else day.day} {name} {day.year}",
        )
        return self.rng.choice((*numeric, *numeric, *named, *packed, *spoken))

    def _slot_birth_later(self) -> list[Piece]:
        return [(self._later_date(self.born), "date", "DATE_NAISSANCE")]

    def _slot_date_later(self) -> list[Piece]:
        return [(self._later_date(self._day()), "date", "DATE")]

    def _slot_dicom_birth(self) -> list[Piece]:
        return [(f"{self.born:%Y%m%d}", "date", "DATE_NAISSANCE")]

    def _slot_dicom_date(self) -> list[Piece]:
        return [(f"{self._day():%Y%m%d}", "date", "DATE")]

    def _slot_iso_birth(self) -> list[Piece]:
        return [(f"{self.born:%Y-%m-%d}", "date", "DATE_NAISSANCE")]

    def _slot_iso_time(self) -> list[Piece]:
        clock = f"T{self.rng.randint(0, 23):02d}:{self.rng.randint(0, 59):02d}:07+01:00"
        return [(f"{self._day():%Y-%m-%d}", "date", "DATE"), (clock, "", "")]

    def _slot_year(self) -> list[Piece]:
        return [(str(self.born.year - self.rng.randint(20, 35)), "date", "DATE_NAISSANCE")]

    def _slot_age_later(self) -> list[Piece]:
        days = (self.examined - self.born).days
        years = max(1, days // 365)
        values: tuple[str, ...] = (
            f"{years} ans",
            f"{years} ans",
            f"{years}ans",
            f"{years} a.",
            f"{years} yo",
            f"{years} ANS",
            f"{years}A",
        )
        if years < 4:
            values = (
                f"{days // 30} mois",
                f"{days // 30} mois",
                f"{years} ans et demi",
                f"{years} an{'s' * (years > 1)}",
            )
        return [(self.rng.choice(values), "age", "AGE")]

    def _slot_ipp_later(self) -> list[Piece]:
        number = self.ipp
        written = (number, f"{number[:2]} {number[2:6]} {number[6:]}", f"{number[:4]}.{number[4:]}")
        return [(self.rng.choice(written), "id", "IPP")]

    def _slot_lux(self) -> list[Piece]:
        number = f"{self.born:%Y%m%d}{self._digits(5)}"
        written = (
            number,
            f"{number[:4]} {number[4:8]} {number[8:]}",
            f"{number[:8]} {number[8:11]} {number[11:]}",
        )
        return [(self.rng.choice(written), "id", "MATRICULE")]

    def _slot_dept(self) -> list[Piece]:
        return [(f"{self.rng.randint(1, 95):02d}", "", "")]

    def _slot_phone_later(self) -> list[Piece]:
        pairs = [self._digits(2) for _ in range(5)]
        four = " ".join(pairs[:4])
        far = (
            f"+352 621 {self._digits(3)} {self._digits(3)}",
            f"+377 93 {pairs[0]} {pairs[1]} {pairs[2]}",
            f"+961 3 {self._digits(3)} {self._digits(3)}",
            f"+237 6 {four}",
            f"+509 37 {pairs[0]} {self._digits(4)}",
            f"+687 {pairs[0]}.{pairs[1]}.{pairs[2]}",
        )
        near = (
            f"0{self.rng.randint(1, 7)} {four}",
            f"0262 {pairs[0]} {pairs[1]} {pairs[2]}",
            f"0692{self._digits(6)}",
            f"06/{'/'.join(pairs[:4])}",
            f"06-{'-'.join(pairs[:4])}",
            f"07 {pairs[0]} {self._digits(3)} {self._digits(3)}",
            f"04.95.{pairs[0]}.{pairs[1]}.{pairs[2]}",
        )
        return [(self.rng.choice((*near, *near, *far)), "phone", "TEL")]

    def _slot_mail_later(self) -> list[Piece]:
        first, last = (
            forms.without_accents(n).lower()
            for n in self.rng.choice([*self.doctors, (self.first, self.last)])
        )
        plain = ["".join(c for c in n if c.isascii() and c.isalpha()) or "x" for n in (first, last)]
        who = self.rng.choice(
            (f"{plain[0]}_{plain[1]}", f"{plain[1]}.{plain[0][0]}", f"{plain[0]}-{plain[1]}{self._digits(2)}")
        )
        where = self.rng.choice(
            ("medical.mssante.fr", "pt.lu", "bluewin.ch", "chu-reunion.re", "outlook.com", "skynet.be")
        )
        return [(f"{who}@{where}", "mail", "MAIL")]

    def _slot_login(self) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        plain = "".join(
            c for c in forms.without_accents(first[0] + last).lower() if c.isascii() and c.isalpha()
        )
        return [(self.rng.choice((plain, plain[:8])), "person", "LOGIN")]

    def _slot_relative_last(self) -> list[Piece]:
        return [(self.cast.surname(), "person", "PROCHE")]

    def _slot_last_employer(self) -> list[Piece]:
        kind = self.rng.choice(("Transports", "Maçonnerie", "Boulangerie", "SARL"))
        return [(f"{kind} ", "", ""), (self.cast.surname(), "person", "PROCHE")]

    def _slot_zip_town_later(self) -> list[Piece]:
        town, code = (
            self.cast.town(),
            f"{self.rng.choice(['20', '974', '988', '67', '68', '06', '14', '77'])}",
        )
        code += self._digits(5 - len(code))
        shown = self.rng.choice((town, town, town.upper()))
        where = (shown, "location", "VILLE")
        first = [(code, "location", "ZIP"), (" ", "", ""), where]
        last = [where, (" (", "", ""), (code, "location", "ZIP"), (")", "", "")]
        cedex = [
            (code, "location", "ZIP"),
            (" ", "", ""),
            where,
            (self.rng.choice((" Cedex", " CEDEX 9")), "", ""),
        ]
        return self.rng.choice((first, first, last, cedex))
