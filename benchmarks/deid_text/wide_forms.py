"""Forms of `fresh6` that older sets do not have: dates by number, period or word of mouth, other ages."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.deid_text import forms, spoken
from benchmarks.deid_text.later_forms import LaterForms
from benchmarks.deid_text.odd_forms import ROMAN
from benchmarks.deid_text.scene import Piece

_ABBREVIATED = ("jan", "fév", "mar", "avr", "mai", "jun", "jul", "aoû", "sep", "oct", "nov", "déc")
_DUTCH = (
    *("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober"),
    *("november", "december"),
)
_SHORT_DAYS = ("lu", "ma", "me", "je", "ve", "sa", "di")


class WideForms(LaterForms):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _wide_date(self, day: date) -> str:
        name, two = forms.months()[day.month - 1], f"{day.year % 100:02d}"
        short, roman = _ABBREVIATED[day.month - 1], ROMAN[day.month - 1]
        plain = (f"{day:%d/%m/%Y}", f"{day:%d.%m.%Y}", f"{day.day} {name} {day.year}", f"{day:%d/%m/%y}")
        named = (
            *(f"{day:%d}.{roman}.{day.year}", f"{day.day}-{roman}-{two}", f"{day.day} {short}. {two}"),
            *(f"{day:%d}-{short}-{two}", f"{day:%d}{name}{day.year}", f"{day.day} {name} '{two}"),
            f"{spoken.number_words(day.day)} {name} {day.year}",
        )
        numeric = (
            *(f"{day:%Y%m%d}", f"{day:%d %m %Y}", f"{day:%d %m %y}", f"{day.year}.{day.month}.{day.day}"),
            *(f"{day:%d_%m_%Y}", f"{day:%d}\\{day:%m}\\{day.year}", f"{day:%d,%m,%Y}", f"{day:%d|%m|%Y}"),
            *(f"{day:%d%m%Y}".replace("0", "O"), " ".join(f"{day:%d/%m/%Y}"), f"{day:%d.%m}.{two}"),
        )
        weekday = forms.DAYS[day.weekday()]
        spoken_day = (
            f"{weekday} {day:%d/%m/%y}",
            f"{_SHORT_DAYS[day.weekday()]} {day.day}.{day.month}.{two}",
        )
        return self.rng.choice((*plain, *plain, *plain, *named, *numeric, *spoken_day))

    def _slot_birth_wide(self) -> list[Piece]:
        return [(self._wide_date(self.born), "date", "DATE_NAISSANCE")]

    def _slot_date_wide(self) -> list[Piece]:
        return [(self._wide_date(self._day()), "date", "DATE")]

    def _slot_date_glued(self) -> list[Piece]:
        day = self._day()
        written = self.rng.choice((f"{day:%d/%m/%Y}", f"{day:%d.%m.%y}", f"{day:%Y%m%d}", f"{day:%d/%m}"))
        clock = self.rng.choice(("-14h32", "@14:32", "à9h05", "T143207", ";08:15", "_0715", "(11h)"))
        return [(written, "date", "DATE"), (clock, "", "")]

    def _slot_near_date(self) -> list[Piece]:
        day = self._day()
        name = forms.months()[day.month - 1]
        values = (
            *(f"{day.day}/{day.month}", f"{day:%d/%m}", f"{day:%d.%m}.", f"{day.day} {name}"),
            *(f"{_SHORT_DAYS[day.weekday()]} {day.day}/{day.month}", f"{day.day}-{ROMAN[day.month - 1]}"),
            f"{forms.DAYS[day.weekday()]} {day.day}",
        )
        return [(self.rng.choice(values), "date", "DATE")]

    def _slot_date_range(self) -> list[Piece]:
        day = self._day()
        end = min(day.day + 4, 28)
        start = min(day.day, end - 1)
        name = forms.months()[day.month - 1]
        values = (
            *(f"{start} au {end} {name} {day.year}", f"{start} au {end} {name}", f"{start} et {end} {name}"),
            *(f"{start}-{end}/{day.month}/{day.year}", f"{start:02d}→{end:02d}/{day:%m/%y}"),
            f"{start}/{day.month} au {end}/{day.month}",
        )
        return [(self.rng.choice(values), "date", "DATE_PERIODE")]

    def _slot_period(self) -> list[Piece]:
        day = self._day()
        name, week, quarter = (
            forms.months()[day.month - 1],
            day.isocalendar().week,
            (day.month + 2) // 3,
        )
        following = forms.months()[(day + timedelta(days=31)).month - 1]
        values = (
            *(f"mi-{name} {day.year}", f"début {name} {day.year}", f"fin {name} {day.year}"),
            *(f"fin {name}", f"mi-{name}", f"{name}-{following} {day.year}", f"{day:%m/%Y}"),
            *(f"{name} {day.year}", f"{name} {day:%y}", f"{name} dernier", f"courant {name} {day.year}"),
            *(f"S{week} {day.year}", f"W{week} {day.year}", f"semaine {week} de {day.year}", f"sem. {week}"),
            *(f"T{quarter} {day.year}", f"{quarter}e trimestre {day.year}", f"printemps {day.year}"),
            *(
                f"été {day.year}",
                f"hiver {day.year - 1}-{day.year}",
                f"Noël {day.year}",
                f"Pâques {day.year}",
            ),
        )
        return [(self.rng.choice(values), "date", "DATE_PERIODE")]

    def _slot_date_nl(self) -> list[Piece]:
        return [(self._dutch(self._day()), "date", "DATE")]

    def _slot_birth_nl(self) -> list[Piece]:
        return [(self._dutch(self.born), "date", "DATE_NAISSANCE")]

    def _dutch(self, day: date) -> str:
        name = _DUTCH[day.month - 1]
        written = (f"{day.day} {name} {day.year}", f"{day.day}/{day:%m}/{day.year}", f"{day:%d-%m-%Y}")
        return self.rng.choice((*written, f"{day.day} {name[:3]}. {day.year}"))

    def _spoken_day(self, day: date) -> str:
        name = forms.months()[day.month - 1]
        number, year = spoken.number_words, self.rng.choice((spoken.number_words, spoken.belgian_words))
        two = number(day.year % 100) if day.year % 100 >= 10 else f"zéro {number(day.year % 100)}"
        zero = [number(n) if n >= 10 else f"zéro {number(n)}" for n in (day.day, day.month)]
        values = (
            f"{'premier' if day.day == 1 else number(day.day)} {name} {year(day.year)}",
            f"{number(day.day)} {number(day.month)} {year(day.year)}",
            f"{zero[0]} {zero[1]} {two}",
            f"{zero[0]} {zero[1]} {year(day.year)}",
            f"{number(day.day)} {name} {two}",
        )
        return self.rng.choice((values[0], *values))

    def _slot_birth_spoken(self) -> list[Piece]:
        return [(self._spoken_day(self.born), "date", "DATE_NAISSANCE")]

    def _slot_date_spoken(self) -> list[Piece]:
        return [(self._spoken_day(self._day()), "date", "DATE")]

    def _slot_age_spoken(self) -> list[Piece]:
        years = max(2, (self.examined - self.born).days // 365)
        words = self.rng.choice((spoken.number_words, spoken.belgian_words))(years)
        return [(f"{words} ans{self.rng.choice(('', '', ' et demi'))}", "age", "AGE")]

    def _slot_age_wide(self) -> list[Piece]:
        years = max(3, (self.examined - self.born).days // 365)
        values = [f"{years} ans", f"{years} ans", f"{years} ans", f"{years}a", f"{years} A.", f"{years}yo"]
        values += [f"{years} ans et demi", f"{years + 1}e année", f"{years} ans révolus", f"{years} y.o."]
        values += [f"{spoken.number_words(years)} ans", f"{years},5 ans"] if years < 20 else []
        if years >= 60:
            values.append(("sexa", "septua", "octo", "nona")[min(9, years // 10) - 6] + "génaire")
        return [(self.rng.choice(values), "age", "AGE")]

    def _slot_age_baby(self) -> list[Piece]:
        months = self.rng.randint(2, 30)
        values = (f"{months} mois", f"{months} mois et demi", f"{months} mois 1/2", f"{months}m")
        words = f"{spoken.number_words(months)} mois"
        return [(self.rng.choice((*values, f"{months} semaines", words)), "age", "AGE")]

    def _slot_age_nl(self) -> list[Piece]:
        years = max(3, (self.examined - self.born).days // 365)
        return [(self.rng.choice((f"{years} jaar", f"{years}-jarige", f"{years} j.")), "age", "AGE")]
