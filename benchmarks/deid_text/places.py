"""Streets, towns with their postcodes, hospitals and wards."""

from __future__ import annotations

import re

from benchmarks.deid_text.scene import Piece, Scene

_MASCULINE = frozenset(
    [
        "centre",
        "groupe",
        "cabinet",
        "pôle",
        "site",
        "foyer",
        "médipôle",
        "pavillon",
        "village",
        "service",
        "scanner",
        "home",
    ]
)
_FEMININE = frozenset(
    ["clinique", "polyclinique", "maison", "résidence", "fondation", "radiologie", "permanence", "cité"]
)
_ELIDED = frozenset(
    ["hôpital", "institut", "infirmerie", "imagerie", "hôtel-dieu", "institution", "echographie"]
)
_PLURAL = frozenset(("cliniques", "hôpitaux"))
_LETTERED = re.compile(r"(ch|gh|hp|smr|ssr|chu|cms)[a-z]*\Z")
_VOWELLED = re.compile(r"(ehpad|hia|usld|iem|irm|ems|esat|had|hôp)\Z")


def _form_of(head: str) -> int:
    """Which of bare, masculine, feminine, elided and plural a hospital's first word asks for."""
    if head in _MASCULINE or _LETTERED.match(head):
        return 1
    if head in _FEMININE:
        return 2
    if head in _ELIDED or _VOWELLED.match(head):
        return 3
    return 4 if head in _PLURAL else 0


class PlaceSlots(Scene):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _slot_street(self) -> list[Piece]:
        mine = self.rng.random() < 0.5
        value = self.home if mine else f"{self.rng.randint(1, 99)} {self.cast.street()}"
        return [(self.rng.choice((value, value, value.upper())), "location", "ADRESSE")]

    def _slot_address(self) -> list[Piece]:
        """An address in any of the set's whole forms, with or without number or street."""
        value = self.cast.address()
        return [(self.rng.choice((value, value, value, value.upper())), "location", "ADRESSE")]

    def _slot_town(self) -> list[Piece]:
        value = self.rng.choice((self.town, self.cast.town()))
        return [(self.rng.choice((value, value, value.upper())), "location", "VILLE")]

    def _slot_zip(self) -> list[Piece]:
        return [(f"{self.rng.randint(1, 95):02d}{self.rng.randrange(0, 99):02d}0", "location", "ZIP")]

    def _slot_zip_be(self) -> list[Piece]:
        return [(str(self.rng.randint(1000, 9992)), "location", "ZIP")]

    def _slot_saint_place(self) -> list[Piece]:
        return [(self.cast.saint(), "institution", "HOPITAL")]

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
        return [
            (code, "location", "ZIP"),
            (" ", "", ""),
            (rng.choice((town, town, town.upper())), "location", "VILLE"),
        ]

    def _slot_hospital(self) -> list[Piece]:
        return [(self.rng.choice((self.hospital, self.cast.hospital())), "institution", "HOPITAL")]

    def _slot_hospital_at(self) -> list[Piece]:
        """`au CHU ...`, `à la clinique ...`, `aux Cliniques ...`, `à Cochin`."""
        return self._with_article(("à ", "au ", "à la ", "à l'", "aux "))

    def _slot_hospital_from(self) -> list[Piece]:
        """`du CHU ...`, `de la clinique ...`, `des Cliniques ...`, `de Cochin`."""
        return self._with_article(("de ", "du ", "de la ", "de l'", "des "))

    def _with_article(self, forms: tuple[str, ...]) -> list[Piece]:
        [(value, category, label)] = self._slot_hospital()
        form = _form_of(value.split()[0].lower())
        return [(forms[form], "", ""), (value, category, label)]

    def _slot_hospital_upper(self) -> list[Piece]:
        return [(self.hospital.upper(), "institution", "HOPITAL")]

    def _slot_pavilion(self) -> list[Piece]:
        return [(self.cast.pavilion(), "institution", "UNITE")]
