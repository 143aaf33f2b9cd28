"""Forms of `fresh4` that older sets do not have: names spelled out, other ages and dates, foreign numbers."""

from __future__ import annotations

from datetime import date

from benchmarks.deid_text import forms
from benchmarks.deid_text.scene import Piece, Scene

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_SHORT_DAYS = ("lun", "mar", "mer", "jeu", "ven", "sam", "dim")


class OddForms(Scene):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _slot_last_spelled(self) -> list[Piece]:
        letters = [c for c in forms.without_accents(self.last).upper() if c.isalpha()]
        return [(self.rng.choice((" ", "-", ", ", ".", " - ")).join(letters), "patient", "PATIENT_NOM")]

    def _slot_maiden_form(self) -> list[Piece]:
        before, after = self.rng.choice(
            (
                *(("née ", ""), ("(née ", ")"), ("/", "/"), ("(", ")"), ("nom de jeune fille ", "")),
                *(
                    ("ép. ", ""),
                    ("épouse ", ""),
                    ("veuve ", ""),
                    ("vve ", ""),
                    ("divorcée ", ""),
                    ("NJF : ", ""),
                ),
            )
        )
        name = self.rng.choice((self.maiden, self.maiden.upper()))
        return [(before, "", ""), (name, "patient", "NOM_NAISSANCE"), (after, "", "")]

    def _slot_person_initial(self) -> list[Piece]:
        first, last = self.cast.first_name(self.rng.choice("MF")), self.cast.surname()
        initial = self._letter(first)
        forms_ = (
            f"{initial}. {last}",
            f"{last} {initial}.",
            f"{last.upper()} {initial}",
            f"{initial}.{last.upper()}",
        )
        return [(self.rng.choice(forms_), "person", "PERSONNE")]

    def _slot_hospital_bare(self) -> list[Piece]:
        cast = self.cast
        person = f"{cast.first_name(self.rng.choice('MF'))} {cast.surname()}"
        value = self.rng.choice((cast.saint(), person, cast.acronym(), cast.acronym()))
        return [(value, "institution", "HOPITAL")]

    def _slot_age_more(self) -> list[Piece]:
        years, months = max(1, (self.examined - self.born).days // 365), self.rng.randint(1, 11)
        words = (
            f"{years} ans et {months} mois",
            f"{years} ans 1/2",
            f"{years} ans et demi",
            f"{years}A",
            f"{years} ANS",
        )
        return [(self.rng.choice((*words, f"{years} années", f"{years}  ans", f"{years}a")), "age", "AGE")]

    def _slot_birth_more(self) -> list[Piece]:
        return [(self._odd_date(self.born), "date", "DATE_NAISSANCE")]

    def _slot_date_more(self) -> list[Piece]:
        return [(self._odd_date(self._day()), "date", "DATE")]

    def _slot_stamp(self) -> list[Piece]:
        day = self._day()
        value = self.rng.choice((f"{day:%Y%m%d}", f"{day:%Y-%m-%d}", f"{day:%d/%m/%Y}", f"{day:%d.%m.%y}"))
        return [(value, "date", "DATE"), (self.rng.choice((" 14:32", " à 9h05", " 23h10", "")), "", "")]

    def _slot_short_date(self) -> list[Piece]:
        day = self._day()
        values = (f"{day.day}/{day.month}", f"{day:%d.%m}", f"{_SHORT_DAYS[day.weekday()]} {day:%d/%m}")
        return [
            (self.rng.choice((*values, f"{day.day} {forms.SHORT_MONTHS[day.month - 1]}")), "date", "DATE")
        ]

    def _day(self) -> date:
        return date.fromordinal(self.examined.toordinal() - self.rng.randrange(0, 1200))

    def _odd_date(self, day: date) -> str:
        name, two = forms.months()[day.month - 1], f"{day.year % 100:02d}"
        short = forms.without_accents(name)[: 4 if name.startswith("jui") else 3].upper()
        values = (
            f"{day:%d%m%Y}",
            f"{day:%d} {short} {day.year}",
            f"{day:%d}-{short}-{day.year}",
            f"{day.day} {name} {two}",
        )
        more = (
            f"{day.day}.{day.month}.{two}",
            f"{day:%d}/{ROMAN[day.month - 1]}/{day.year}",
            f"{day:%Y/%m/%d}",
        )
        named = f"{_SHORT_DAYS[day.weekday()].capitalize()}. {day.day} {name} {day.year}"
        return self.rng.choice(
            (*values, *more, named, f"{day:%d}.{day:%m}. {day.year}", f"{day:%d} /{day:%m}/ {day.year}")
        )

    def _digits(self, count: int) -> str:
        return "".join(self.rng.choice("0123456789") for _ in range(count))

    def _slot_adeli(self) -> list[Piece]:
        number = f"{self.rng.randint(10, 95)}{self._digits(7)}"
        return [
            (self.rng.choice((number, f"{number[:2]} {number[2]} {number[3:8]} {number[8]}")), "id", "ADELI")
        ]

    def _slot_finess(self) -> list[Piece]:
        number = f"{self.rng.randint(10, 95)}{self._digits(7)}"
        return [(self.rng.choice((number, f"{number[:2]} {number[2:8]} {number[8]}")), "id", "FINESS")]

    def _slot_ramq(self) -> list[Piece]:
        letters = (forms.without_accents(self.last).upper() + "XXX")[:3] + self._letter(self.first)
        letters = "".join(c if c.isalpha() and c.isascii() else "X" for c in letters)
        return [(f"{letters} {self._digits(4)} {self._digits(4)}", "id", "RAMQ")]

    def _slot_cin(self) -> list[Piece]:
        return [
            (
                f"{self.rng.choice(('BK', 'AE', 'J', 'EE'))}{self.rng.choice(('', ' '))}{self._digits(6)}",
                "id",
                "CIN",
            )
        ]

    def _slot_zip_qc(self) -> list[Piece]:
        a, b, c = (self.rng.choice("HJGTXKR") for _ in range(3))
        return [(f"{a}{self._digits(1)}{b} {self._digits(1)}{c}{self._digits(1)}", "location", "ZIP")]

    def _slot_phone_more(self) -> list[Piece]:
        pairs = [self._digits(2) for _ in range(5)]
        tail = " ".join(pairs[1:])
        local = (
            f"0{self.rng.randint(1, 7)} {tail}",
            f"+33 (0){self.rng.randint(1, 7)} {tail}",
            f"0033 {self.rng.randint(1, 7)} {tail}",
        )
        maghreb = (
            f"+212 6 {tail}",
            f"06{self._digits(2)}-{pairs[0]}-{pairs[1]}-{pairs[2]}",
            f"+216 {pairs[0]} {self._digits(3)} {self._digits(3)}",
        )
        far = (
            f"+213 5{pairs[0][0]} {tail}",
            f"+225 07 {tail}",
            f"+221 77 {self._digits(3)} {pairs[1]} {pairs[2]}",
        )
        quebec = (f"(514) {self._digits(3)}-{self._digits(4)}", f"418 {self._digits(3)}-{self._digits(4)}")
        return [(self.rng.choice((*local, *local, *maghreb, *far, *quebec)), "phone", "TEL")]

    def _slot_beeper(self) -> list[Piece]:
        return [
            (self.rng.choice((self._digits(4), f"{self.rng.randint(3, 9)}{self._digits(4)}")), "phone", "TEL")
        ]
