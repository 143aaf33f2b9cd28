"""Dates in every form, and ages."""

from __future__ import annotations

from datetime import date, timedelta

from benchmarks.deid_text import forms, spoken
from benchmarks.deid_text.scene import Piece, Scene


class TimeSlots(Scene):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _some_day(self) -> date:
        return self.examined - timedelta(days=self.rng.randrange(0, 1200))

    def _slot_birth(self) -> list[Piece]:
        return [
            (
                forms.full_date(self.rng, self.born.year, self.born.month, self.born.day),
                "date",
                "DATE_NAISSANCE",
            )
        ]

    def _slot_birth_words(self) -> list[Piece]:
        return [(spoken.date_words(self.born), "date", "DATE_NAISSANCE")]

    def _slot_date_words(self) -> list[Piece]:
        return [(spoken.date_words(self._some_day()), "date", "DATE")]

    def _slot_age_number(self) -> list[Piece]:
        return [(str(max(1, (self.examined - self.born).days // 365)), "age", "AGE")]

    def _slot_age_words(self) -> list[Piece]:
        years = max(2, (self.examined - self.born).days // 365)
        return [(f"{spoken.number_words(years)} ans", "age", "AGE")]

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
        return [
            (self.rng.choice((f"{name} {day.year}", f"{name} {day.year}", f"{day:%m/%Y}")), "date", "DATE")
        ]

    def _slot_age(self) -> list[Piece]:
        years = (self.examined - self.born).days // 365
        if years < 3 and self.rng.random() < 0.5:
            return [(f"{max(1, (self.examined - self.born).days // 30)} mois", "age", "AGE")]
        return [
            (self.rng.choice((f"{years} ans", f"{years} ans", f"{years}ans", f"{years} a")), "age", "AGE")
        ]
