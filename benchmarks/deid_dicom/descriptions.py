"""Descriptions as rooms write them, in French and English, with the clinical words that must stay.

The words are those of PS3.16 (body parts, views) and of French and English request forms; identity is mixed
in before, after and between them.
"""

from __future__ import annotations

import random

from benchmarks.deid_dicom.people import Person

# What stands in the text, and which of its words carry the clinical meaning.
CLINICAL = (
    "RX Genou gauche face et profil",
    "Radiographie de la main droite",
    "Rx poignet droit 2 incidences",
    "Épaule gauche face",
    "RADIO CHEVILLE PROFIL",
    "Bassin de face debout",
    "Rachis lombaire face profil",
    "Pied en charge",
    "Age osseux main gauche",
    "Télémétrie des membres inférieurs",
    "Hanche droite axiale",
    "Défilé fémoro-patellaire",
    "Contrôle post-opératoire genou",
    "Recherche de fracture du scaphoïde",
    "Thorax face",
    "Coude gauche oblique",
    "Clavicule droite",
    "Avant-bras face et profil",
    "Fémur proximal droit",
    "Prothèse totale de hanche",
    "KNEE AP WEIGHT BEARING",
    "Left hand PA and oblique",
    "Right ankle mortise view",
    "Wrist lateral post reduction",
    "C-spine lateral",
    "Foot AP standing",
    "Hip frog leg lateral",
    "Shoulder Y view",
    "Chest PA",
    "Bone age left hand",
    "Fracture follow-up forearm",
    "Pelvis AP trauma",
)

_MIXED = (
    "{clinical} {family}",
    "{family} {given} {clinical}",
    "{clinical} M. {family}",
    "{clinical} - Dr {doctor}",
    "{clinical} né le {day}",
    "{clinical} {number}",
    "{clinical} tel {phone}",
    "{clinical} {hospital}",
    "{clinical} (Mme {family})",
    "{number} {clinical} {day}",
    "{clinical}",
)
_SKIPPED = frozenset({"ET", "DE", "LA", "DU", "DES", "EN", "AND", "LE", "2", "Y", "C", "UP"})


def fold(text: str) -> str:
    """Upper case without accents, as words are compared here."""
    import unicodedata

    decomposed = unicodedata.normalize("NFKD", text.replace("œ", "oe"))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper()


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, parts of compounds apart."""
    import re

    return tuple(re.findall(r"[A-Z0-9]+", fold(text)))


def description(draw: random.Random, who: Person, limit: int) -> tuple[str, tuple[str, ...]]:
    """A text of at most `limit` characters, and the clinical words in it that must stay."""
    clinical = draw.choice(CLINICAL)
    day = f"{who.birth[6:]}/{who.birth[4:6]}/{who.birth[:4]}"
    family = who.family if who.family.isascii() or who.charset == "ISO_IR 192" else who.number
    given = who.given if who.given.isascii() else who.number
    text = draw.choice(_MIXED).format(
        clinical=clinical, family=family, given=given, doctor=who.doctor, day=day, number=who.number,
        phone=who.phone, hospital=who.hospital,
    )  # fmt: skip
    if len(text) > limit:
        text = clinical[:limit]
        clinical = text if len(text) == len(clinical) else text.rsplit(" ", 1)[0]
    return text, tuple(w for w in words_of(clinical) if w not in _SKIPPED)
