"""Tables with a line of titles: what stands below `Nom` is a name, below `CP` a postcode, and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from osteon.deid.text.recognisers.name_shapes import ACRONYMS, HEADINGS
from osteon.deid.text.searches import anywhere
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import UPPER
from osteon.deid.values import fold

_TITLES: tuple[tuple[str, str], ...] = (
    ("PRENOM", r"PRENOMS?(?: .*)?|GIVEN(?: ?NAME)?|FIRST ?NAME"),
    ("NOM", r"(?:NOMS?|PATIENTE?S?|IDENTITE|(?:NOM )?(?:DU )?(?:MEDECIN|RADIOLOGUE|PRATICIEN|OPERATEUR)|"
            r"MEDECINS?|"
            r"PRESCRIPTEUR|DEMANDEUR|RADIOLOGUE|OPERATEUR|MANIP(?:ULATEUR|ULATRICE)?|CORRESPONDANT|"
            r"INTERNE|SENIOR|LECTEUR|LECTRICE|REQUERANT|DEMANDE PAR|ENVOYE PAR|REALISE PAR|MT|"
            r"CHIRURGIEN|NOM .*|SAISI PAR|VALIDE PAR|LU PAR|CONTACT|"
            r"FAMILY(?: ?NAME)?|SURNAME|LAST ?NAME|(?:FULL|PATIENT) ?NAME|(?:GENERAL ?)?PRACTITIONER|"
            r"PHYSICIAN|AUTHOR|OPERATOR|"
            r"PERFORMER|REQUESTER|DEST|USER(?: ?NAME)?|LOGIN)"),
    ("DATE_NAISSANCE", r"(?:BIRTH ?(?:DATE|TIME)|DOB|"
                       r"DDN|DN|NAISSANCE|DATE (?:DE )?NAISSANCE|NEE?(?: LE)?|NE\(E\)(?: LE)?)"),
    ("DATE", r"(?:DATE|LE|RDV|DATE .*)"),
    ("AGE", r"AGE"),
    ("ZIP", r"(?:CP|CODE POSTAL|C\.P\.|NPA|POSTAL ?CODE|ZIP(?: ?CODE)?)"),
    ("VILLE", r"(?:CITY|TOWN|VILLE|COMMUNE|LOCALITE|LIEU|LIEU DE NAISSANCE)"),
    ("ADRESSE", r"(?:ADRESSE|RUE|DOMICILE|STREET(?: ?ADDRESS(?: ?LINE)?)?|ADDRESS ?LINE|ADDR|LINE)"),
    ("HOPITAL", r"(?:(?:MANAGING ?)?ORGANI[SZ]ATION|FACILITY|HOSPITAL|INSTITUTION(?: ?NAME)?|"
               r"HOPITAL|ETABLISSEMENT|CLINIQUE|SITE|PROVENANCE)"),
    ("TEL", r"(?:TEL(?:EPHONE)?|PORTABLE|GSM|FAX|MOBILE)\.?"),
    ("MAIL", r"(?:MAIL|E-?MAIL|COURRIEL)"),
    ("IPP", r"(?:IPP|NIP|N° (?:DE )?PATIENT|PID|ID(?: PATIENT)?)"),
    ("NDA", r"(?:NDA|IEP|N° (?:DE )?(?:SEJOUR|DOSSIER|VENUE)|SEJOUR|DOSSIER)"),
    ("SECU", r"(?:NIR|INS|N° (?:DE )?(?:SECU.*|SS)|SECU|N°SS|AVS|N° AVS)"),
    ("NISS", r"(?:NISS|N° NATIONAL|REGISTRE NATIONAL|RN)"),
    ("RPPS", r"(?:N° )?RPPS"),
    ("INAMI", r"(?:N° )?INAMI"),
    ("ID", r"(?:N° (?:D')?EXAMEN|ACCESSION|N° (?:DE )?DEMANDE)"),
)  # fmt: skip
_LABELS = tuple((label, re.compile(pattern)) for label, pattern in _TITLES)
_FEWEST_CELLS, _FEWEST_TITLES = 3, 2
_FEWEST_BARS = 5
_DATED_CELL = re.compile(r"\|[^|\n]*\d{2}[^|\n]*\|[MF]\||\d[./-]\d{2,4}\|")
_NAMED_CELL = re.compile(
    rf"(?<=\|)(?P<name>(?:(?:de|du|des|la|le|van|von|zu|['’]t|"
    rf"[dDlL]['’])[ ]?)*{UPPER}[^\W\d_]*(?:(?:[ '’-]|\.[ -]?|,[ ])(?:de |da |du |la )*"
    rf"{UPPER}[^\W\d_]*){{0,3}}\.?)(?=\|)"
)
_RULE = re.compile(r"[\s|:+=-]*")
_NUMBERS = frozenset(
    {"ZIP", "TEL", "IPP", "NDA", "SECU", "NISS", "RPPS", "INAMI", "ID", "AGE", "DATE", "DATE_NAISSANCE"}
)


_PAIRS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<(?P<key>[\w.-]+)[^<>\n]*>(?P<value>[^<\n]{1,90})</"), "</"),
    (re.compile(r"""(?<![\w])(?P<key>[\w.-]+)\s?=\s?["'](?P<value>[^"'\n]{1,90})["']"""), "="),
    (re.compile(r"""["'](?P<key>[\w.-]+)["']\s?:\s?["'](?P<value>[^"'\n]{1,90})["']"""), ":"),
    (re.compile(r"(?<!\w)(?P<key>user|login|username|dest)=(?P<value>[^\s\"'=,;]{3,60})"), "="),
)
_YAML = re.compile(
    r"""(?m)^[ \t]*(?:- )?(?P<key>[a-z]+(?:[A-Z][a-z]+)*):[ ]\[?["']?(?P<value>[^"'\n\]]{1,90})"""
)
"""An export's ways to write a field: `<ville>Mons</ville>`, `VILLE="Mons"`, `"ville": "Mons"`, `city: Mons`,
`user=kdupont`."""
_XML_NAME = re.compile(r"<[Nn]ame>(?P<value>[^<\n]{2,90})</")
_DICOM = re.compile(
    r"\((?P<tag>[0-9a-fA-F]{4},[0-9a-fA-F]{4})\)[ \t]+(?P<vr>[A-Z]{2})[ \t]+\[(?P<value>[^\]\n]{2,})\]"
)
_DICOM_LABELS = {"0008,0080": "HOPITAL", "0008,0081": "ADRESSE", "0010,1040": "ADRESSE", "0010,1060": "NOM"}


def find_tables(text: str) -> list[Span]:
    """Spans of the cells whose column's title, and of the values whose key, says that they identify."""
    spans = list(_pairs(text))
    columns: list[str | None] = []
    delimiter, position = "", 0
    for line in text.splitlines(keepends=True):
        short = not line.strip() or (
            line.count(delimiter or "\n") < len(columns) - 1 and not _RULE.fullmatch(line)
        )
        if not delimiter or short:
            delimiter, columns = _titles(line)
        elif not _RULE.fullmatch(line):
            spans += _cells(line, position, delimiter, columns)
        if not delimiter and line.count("|") >= _FEWEST_BARS:
            spans += _untitled(line, position)
        position += len(line)
    return spans


def _pairs(text: str) -> Iterator[Span]:
    pairs = [m for pattern, needed in _PAIRS if needed in text for m in pattern.finditer(text)]
    for match in (*pairs, *anywhere(_YAML, text)):
        label = _label(re.sub(r"[_.-]", " ", match["key"]))
        if label and _fits(label, match["value"].strip()):
            yield Span(*match.span("value"), label, 0.8, "pair")
    if "<" in text:
        yield from (Span(*m.span("value"), "NOM", 0.5, "pair") for m in anywhere(_XML_NAME, text))
    for match in anywhere(_DICOM, text) if "[" in text else ():
        label = "NOM" if match["vr"] == "PN" else _DICOM_LABELS.get(match["tag"])
        if label:
            yield Span(*match.span("value"), label, 0.8, "dicom")


def _untitled(line: str, position: int) -> Iterator[Span]:
    """Cells of an export's row without titles, dates among them, that are written as names."""
    if not _DATED_CELL.search(line):
        return
    for match in _NAMED_CELL.finditer(line):
        folded = fold(match["name"])
        if len(folded) > 1 and folded not in ACRONYMS and folded not in HEADINGS:
            yield Span(position + match.start("name"), position + match.end("name"), "NOM", 0.5, "row")


def _fits(label: str, value: str) -> bool:
    if label == "VILLE" and (value.islower() or any(c.isdigit() for c in value)):
        return False
    return any(c.isdigit() for c in value) if label in _NUMBERS else len(value) > 1


def _titles(line: str) -> tuple[str, list[str | None]]:
    """The sign between the titles and each column's label; no sign where the line is no line of titles."""
    for delimiter in ("|", ";", "\t"):
        if line.count(delimiter) >= _FEWEST_CELLS - 1:
            labels = [_label(cell) for cell in line.split(delimiter)]
            if sum(label is not None for label in labels) >= _FEWEST_TITLES:
                return delimiter, labels
    return "", []


def _label(cell: str) -> str | None:
    folded = re.sub(r"\s+", " ", fold(cell)).strip(" *:")
    return next((label for label, pattern in _LABELS if pattern.fullmatch(folded)), None)


def _cells(line: str, position: int, delimiter: str, columns: list[str | None]) -> Iterator[Span]:
    begin = position
    for cell, label in zip(line.split(delimiter), columns, strict=False):
        value = cell.strip()
        if label and _fits(label, value):
            start = begin + cell.index(value)
            yield Span(start, start + len(value), label, 0.8, "table")
        begin += len(cell) + len(delimiter)
