"""Numbers of people: NIR, NISS, RPPS, INAMI, patient and stay numbers, and any other long number.

A number whose key is wrong is still redacted: a mistyped number is as identifying as a right one. The
key only raises the score.
Sources: INSEE (NIR key: 97 - number mod 97), BCSS (NISS, likewise, 2 before the number from 2000 on),
ANS (RPPS: 11 digits, Luhn), INAMI (11 digits, key 97).
"""

from __future__ import annotations

import re
from functools import cache

from osteon.deid.text.languages import alternatives_of, by_first_letter, codes, language_data
from osteon.deid.text.searches import anywhere, at_digits, at_led_digits, at_words
from osteon.deid.text.span import Span

_S = r"[ .\-\u00a0\u202f]?"
_NIR = re.compile(
    rf"(?<!\d)[1-478]{_S}\d{_S}\d{_S}\d{_S}\d{_S}(?:\d{_S}\d|2{_S}[AB]){_S}(?:\d{_S}){{5}}\d"
    rf"(?:{_S}(?:[/(]?\s?(?:cl[ée]\s?:?\s?)?)?\d{_S}\d\)?)?(?!\d)",
    re.IGNORECASE,
)
_NISS = re.compile(r"(?<!\d)\d{2}[. ]?[0-5]\d[. ]?\d{2}[- ]?\d{3}[. -]?\d{2}(?!\d)")
_NISS_OFFICIAL = re.compile(r"\d{2}\.\d{2}\.\d{2}-\d{3}[.-]\d{2}")
_INAMI = re.compile(r"(?<![\d.,/-])\d(?P<sep>[-/. ])\d{5}(?P=sep)\d{2}(?P=sep)\d{3}(?!\d)")
_ELEVEN = re.compile(r"(?<!\d)\d{11}(?!\d)")
_LABELLED = (
    (
        "SECU",
        r"(?:NIR|INS(?:-C|-NIR)?|s[ée]cu(?:rit[ée] sociale)?|n°\s?ss|num[ée]ro de s[ée]curit[ée] "
        r"sociale|matricule)",
    ),
    (
        "NISS",
        r"(?:NISS|registre national|n°\s?national|num[ée]ro national|n°\s?(?:de )?registre national|RN)",
    ),
    ("RPPS", r"(?:RPPS|ADELI|FINESS|RCC|GLN|ZSR)"),
    ("INAMI", r"(?:INAMI|RIZIV)"),
    (
        "IPP",
        r"(?:IPP|NIP|n°\s?patient|num[ée]ro(?: de)? patient|id(?:entifiant)?(?: du)? patient|"
        r"patient id|pid|n°\s?permanent)",
    ),
    (
        "NDA",
        r"(?:NDA|IEP|n°\s?(?:de )?(?:dossier|s[ée]jour|venue|admission|visite)|num[ée]ro (?:de "
        r"|d')(?:dossier|s[ée]jour|venue|admission)|"
        r"dossier(?: n°| num[ée]ro)?|s[ée]jour(?: n°)?|venue(?: n°)?)",
    ),
    (
        "ID",
        r"(?:CIN|CNIE?|NNI|RAMQ|NAM|carte (?:nationale )?d['’]identit[ée]|"
        r"accession(?: number)?|n°\s?(?:d'|de )?(?:examen|demande|acte|bon|prescription|"
        r"accession|ordre)|examen n°|demande n°|"
        r"r[ée]f(?:[ée]rence|\.)?|code patient|carte|passeport|immatriculation|plaque|s[ée]rie "
        r"n°|n° de s[ée]rie|n°)",
    ),
)
_VALUE = (
    r"\s*(?:n°|num[ée]ro|est(?: le)?|=|:|#)?\s*:?\s*"
    r"(?P<value>(?=[A-Z0-9./ -]*\d)[A-Z0-9](?:[A-Z0-9]|[-./ ](?=[A-Z]*\d)){2,24})"
)


@cache
def _labelled(code: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Numbers after the words that name them, in the languages that are read."""
    known = list(_LABELLED)
    for each in codes(code):
        known += [
            (label, f"(?:{'|'.join(f)})") for label, f in language_data(each).get("number_fields", {}).items()
        ]
    grouped = [(label, by_first_letter(alternatives_of(words[3:-1]))) for label, words in known]
    return tuple((label, re.compile(rf"\b(?:{w})(?!\w)\.?{_VALUE}", re.IGNORECASE)) for label, w in grouped)


_NAME_OF_NUMBER = re.compile(
    r"(?:INAMI|RPPS|SS|NISS|IPP|NDA|NIR|AVS|ADELI|INS|DOSSIER|PATIENT|S[ÉE]JOUR|VENUE|ADMISSION)[ :.]+",
    re.IGNORECASE,
)
_LONG = re.compile(
    r"(?<![\d.,])(?<!\w)(?<!\b[LRD]\.)(?<!\b[LRD]\. )(?!\d{1,3}(?: \d{3}){1,2}(?!\s?\d)\s+[^\W\d_])"
    r"[A-Z]{0,4}[-_]?(?:\d(?:[-\s]?\d){5,24}|"
    r"\d{2,}(?:\.\d{2,}){2,})(?![\d]|[.,]\d|[:h]\d)"
    r"(?!\s?(?:mm|cm|ml|mg|UI|U/|€|euros|/mm|G/L|[ée]l[ée]ments|leucocytes|plaquettes|/\s?(?:mm|µ|"
    r"u?l|dl|ml|champ|h\b)))",
    re.IGNORECASE,
)
_LONG_LEAD = re.compile(r"(?<!\w)(?:[A-Z]{1,4}[-_]?|[-_])\Z", re.IGNORECASE)
_MIXED = re.compile(r"\b(?=[A-Z0-9-]*\d{4})(?=[A-Z0-9-]*[A-Z])[A-Z0-9]{2,}(?:-[A-Z0-9]+)*\b")
_QUEBEC = re.compile(r"\b[A-Z]{4} ?\d{4} ?\d{4}\b")
"""The number of a Quebec health card (RAMQ): four letters of the name, the birth date, two digits."""
_UID = re.compile(r"\b\d+(?:\.\d+){4,}\b")
_PLATE = re.compile(
    r"\b(?:[A-Z]{2}[-· ]?\d{3}[-· ]?(?!MG|ML|MM|CM|UI|KG|KV|MS)[A-Z]{2}|[1-9]-[A-Z]{3}-\d{3})\b"
    r"(?!\s?(?:mm|mg|ml))"
)
_PLATE_AFTER = re.compile(
    r"\b(?i:immatricul(?:[ée]e?s?|ation)|plaques?(?: d'immatriculation)?|v[ée]hicule|voiture|"
    r"nummerplaat|(?:licence|license|number) plate|"
    r"registration)(?!\w)\s*(?i:n°|num[ée]ro|est|:|de (?:la )?(?:voiture|v[ée]hicule))?\s*:?\s*"
    r"(?P<value>[A-Z0-9]{1,4}[-·. ]?[A-Z0-9]{2,4}(?:[-·. ]?[A-Z0-9]{2,3}){0,2}|[A-Z]{2}[ -·]?\d{1,6})\b"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[\dA-Z]{4}){2,7}(?: ?[\dA-Z]{1,3})?\b(?<=\d)")
_AVS = re.compile(rf"(?<!\d)756{_S}(?:\d{_S}){{9}}\d(?!\d)")


def find_numbers(text: str, code: str = "fr") -> list[Span]:
    """Spans of numbers that point at a person, a stay or an examination."""
    spans = [Span(m.start(), m.end(), "ID", 0.9, "uid") for m in at_digits(_UID, text)]
    for match in at_digits(_NIR, text):
        digits = re.sub(r"[^0-9ABab]", "", match.group())
        spans.append(Span(match.start(), match.end(), "SECU", 0.99 if nir_is_valid(digits) else 0.9, "nir"))
    for match in at_digits(_NISS, text):
        valid = niss_is_valid(re.sub(r"\D", "", match.group()))
        if valid or _NISS_OFFICIAL.fullmatch(match.group()):
            spans.append(Span(match.start(), match.end(), "NISS", 0.97 if valid else 0.9, "niss"))
    spans += [Span(m.start(), m.end(), "INAMI", 0.85, "inami") for m in at_digits(_INAMI, text)]
    for match in at_digits(_ELEVEN, text):
        if luhn_is_valid(match.group()):
            spans.append(Span(match.start(), match.end(), "RPPS", 0.6, "rpps"))
    for label, pattern in _labelled(code):
        for match in at_words(pattern, text):
            value = match["value"].rstrip(" .-/")
            if sum(c.isdigit() for c in value) >= 3:
                named = _NAME_OF_NUMBER.match(value)
                start, value = match.start("value"), value
                if named:
                    start, value = start + named.end(), value[named.end() :]
                spans.append(Span(start, start + len(value), label, 0.92, f"labelled-{label.lower()}"))
    spans += [
        Span(m.start(), m.end(), "ID", 0.5, "long-number")
        for m in at_led_digits(_LONG, text, _LONG_LEAD, "-_")
    ]
    spans += [Span(m.start(), m.end(), "ID", 0.5, "mixed-number") for m in anywhere(_MIXED, text)]
    spans += [Span(m.start(), m.end(), "ID", 0.9, "plate") for m in anywhere(_PLATE, text)]
    for match in at_words(_PLATE_AFTER, text):
        if any(c.isdigit() for c in match["value"]):
            spans.append(Span(*match.span("value"), "ID", 0.9, "plate"))
    spans += [Span(m.start(), m.end(), "ID", 0.9, "iban") for m in at_words(_IBAN, text)]
    spans += [Span(m.start(), m.end(), "SECU", 0.95, "avs") for m in at_digits(_AVS, text)]
    spans += [Span(m.start(), m.end(), "SECU", 0.9, "ramq") for m in at_words(_QUEBEC, text)]
    return spans


def nir_is_valid(digits: str) -> bool:
    """True for a NIR of 15 characters with its key; Corsica's 2A and 2B count as 19 and 18.

    >>> nir_is_valid("255081416802538"), nir_is_valid("255081416802539")
    (True, False)
    """
    if len(digits) != 15:
        return False
    number = digits[:13].upper().replace("2A", "19").replace("2B", "18")
    return number.isdigit() and digits[13:].isdigit() and 97 - int(number) % 97 == int(digits[13:])


def niss_is_valid(digits: str) -> bool:
    """True for a Belgian register number of 11 digits with its key, born before or after 2000.

    >>> niss_is_valid("85073003328"), niss_is_valid("85073003329")
    (True, False)
    """
    if len(digits) != 11 or not digits.isdigit():
        return False
    key = int(digits[9:])
    return any(97 - int(prefix + digits[:9]) % 97 == key for prefix in ("", "2"))


def luhn_is_valid(digits: str) -> bool:
    """True when the last digit is the Luhn check digit (ISO/IEC 7812-1 annex B).

    >>> luhn_is_valid("79927398713"), luhn_is_valid("79927398710")
    (True, False)
    """
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return digits.isdigit() and total % 10 == 0
