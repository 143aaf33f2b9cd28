"""What consoles write into pictures: identities of many forms, and the markers that must stay."""

from __future__ import annotations

import numpy as np

_FAMILY = (
    "DUPONT", "Lefèvre", "VAN DEN BERGHE", "Ng", "MÜLLER", "N'Guyen", "De Clercq", "O'BRIEN", "Le Goff",
    "GARCÍA LÓPEZ", "Haddad", "Wu", "BEN AMMAR", "Szczepański", "Janssens", "PEETERS", "Dumoulin", "Ly",
    "ROUSSEL-PETIT", "Traoré", "Kowalczyk", "LAMBERT", "Fournier", "Delacroix", "Yılmaz", "El Amrani",
    "DROIT",
)  # fmt: skip
_GIVEN = (
    "Marie", "Jean-Luc", "Zoé", "ANNE", "Eloïse", "Mohamed", "Li", "Pierre", "Chloé", "Ousmane", "Ewa",
    "KARIM", "Théo", "Inès", "Jo", "Bart", "Liesbeth", "Yann", "Gaëlle", "RÉMI", "Ali", "Ida",
)  # fmt: skip
_PLACES = (
    "CHU de Liège", "Hôpital Saint-Luc", "CLINIQUE DU PARC", "AZ Groeninge", "CHR Citadelle", "Hôp. Necker",
    "UZ Gent", "HUG Genève", "Centre hospitalier de Mâcon", "IRM-RX Ixelles", "AP-HP", "CHUV",
)  # fmt: skip
MARKER_LETTERS = ("L", "R", "G", "D")
MARKER_WORDS = (
    "GAUCHE", "DROITE", "DROIT", "DEBOUT", "CHARGE", "EN CHARGE", "LEFT", "RIGHT", "AP", "PA", "FACE",
    "PROFIL",
)  # fmt: skip


def identifying_text(rng: np.random.Generator) -> str:
    """One line that identifies a person, a visit or a place; at least three letters or digits."""
    makers = (_name, _name, _date, _date, _number, _number, _place, _mixed)
    return makers[int(rng.integers(len(makers)))](rng)


def _pick(rng: np.random.Generator, of: tuple[str, ...]) -> str:
    return of[int(rng.integers(len(of)))]


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(str(d) for d in rng.integers(0, 10, count))


def _name(rng: np.random.Generator) -> str:
    family, given = _pick(rng, _FAMILY), _pick(rng, _GIVEN)
    form = int(rng.integers(7))
    return (
        f"{family} {given}", f"{family.upper()}^{given.upper()}", f"{given} {family}",
        f"{family}, {given[0]}.",         f"Dr {family}", f"Mme {family.upper()}", f"{family}-{given}",
    )[form]  # fmt: skip


def _date(rng: np.random.Generator) -> str:
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1925, 2026))
    forms = (
        f"{day:02}/{month:02}/{year}", f"{year}-{month:02}-{day:02}", f"{year}{month:02}{day:02}",
        f"{day:02}.{month:02}.{year % 100:02}", f"Né le {day:02}/{month:02}/{year}",
        f"DOB: {day:02}-{month:02}-{year}",
        f"{day:02}/{month:02}/{year} {_digits(rng, 1)}:{int(rng.integers(60)):02}",
    )  # fmt: skip
    return forms[int(rng.integers(len(forms)))]


def _number(rng: np.random.Generator) -> str:
    forms = (
        f"IPP {_digits(rng, 10)}", f"ID: {_digits(rng, 8)}", _digits(rng, 7), f"NDA{_digits(rng, 9)}",
        f"ACC {_digits(rng, 4)}-{_digits(rng, 5)}",
        ".".join(_digits(rng, 2) for _ in range(3)) + f"-{_digits(rng, 3)}.{_digits(rng, 2)}",
        "1 " + " ".join(_digits(rng, n) for n in (2, 2, 2, 3, 3, 2)),
    )  # fmt: skip
    return forms[int(rng.integers(len(forms)))]


def _place(rng: np.random.Generator) -> str:
    return _pick(rng, _PLACES)


def _mixed(rng: np.random.Generator) -> str:
    return f"{_pick(rng, _FAMILY)} {int(rng.integers(1, 99)):03}Y {_pick(rng, ('M', 'F'))} {_digits(rng, 6)}"
