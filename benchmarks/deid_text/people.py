"""The patient, doctors, relatives and others, in every order, case and abbreviation."""

from __future__ import annotations

import re
from collections.abc import Callable

from benchmarks.deid_text import forms
from benchmarks.deid_text.scene import Piece, Scene


class PeopleSlots(Scene):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _patient(self, name: str) -> list[Piece]:
        last, first = ("PATIENT_NOM", self.last), ("PATIENT_PRENOM", self.first)
        pair, gap = [last, first], " "
        how = name.removeprefix("patient").strip("_") or self.rng.choice(
            ("plain", "first", "caps", "comma", "accents", "both")
        )
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
            pieces += [
                (gap if place else "", "", ""),
                (lead.group(), "", ""),
                (written[lead.end() :], "patient", label),
            ]
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
        return [
            (self.rng.choice((f"{first}.{last}.", f"{first}. {last}.", f"{last}.")), "patient", "INITIALES")
        ]

    def _slot_initials_patient(self) -> list[Piece]:
        first, last = self._letter(self.first), self._letter(self.last)
        return [(self.rng.choice((f"{last}.{first}.", f"{last}. {first}.")), "patient", "INITIALES")]

    def _slot_first_initial_name(self) -> list[Piece]:
        return [(f"{self._letter(self.first)}.", "patient", "INITIALES")]

    def _slot_title(self) -> list[Piece]:
        male = ("M.", "Monsieur", "Mr", "M")
        return [(self.rng.choice(male if self.male else ("Mme", "Madame", "Mme", "Mlle")), "", "")]

    def _slot_sex(self) -> list[Piece]:
        return [("M" if self.male else "F", "", "")]

    def _doctor(self, name: str) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        how = name.removeprefix("doctor").strip("_") or self.rng.choice(
            ("first", "first", "last", "caps", "initial", "reversed")
        )
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
