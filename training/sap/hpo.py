"""Names in the Human Phenotype Ontology and its translations (Köhler et al. 2021, doi:10.1093/nar/gkaa1043).

`hp.obo`: OBO 1.4 stanzas with `id`, `name`, `synonym: "..." EXACT`, `is_obsolete`. Translations, such as
the French `hp-fr.babelon.tsv`: babelon TSV with `subject_id`, `predicate_id`, `translation_value`
(github.com/monarch-initiative/babelon). Both are open; the ontology's licence asks to name it and its
version. Any other ontology in these forms is read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from osteon.domain import RefusedError

_SYNONYM = re.compile(r'synonym: "(?P<name>(?:[^"\\]|\\.)*)" EXACT\b')
_ESCAPED = re.compile(r"\\(.)")
_COLUMNS = ("subject_id", "predicate_id", "translation_value")
# Labels and exact synonyms, under the prefixes that releases have used; definitions are no names.
_NAMING = frozenset({"rdfs:label", "oboInOwl:hasExactSynonym", "oio:hasExactSynonym", "skos:prefLabel"})


def read_obo(path: Path) -> Iterator[tuple[str, str]]:
    """(identifier, name) of the label and every exact synonym of the terms that are not obsolete.

    Raises:
        RefusedError: the file has no term.
    """
    found = False
    for stanza in _text(path).replace("\r\n", "\n").split("\n\n"):
        lines = stanza.strip().split("\n")
        if lines[0] != "[Term]" or "is_obsolete: true" in lines:
            continue
        term = next((line[4:].strip() for line in lines if line.startswith("id: ")), "")
        for line in lines:
            synonym = _SYNONYM.match(line)
            name = line[6:] if line.startswith("name: ") else synonym["name"] if synonym else ""
            if term and name:
                found = True
                yield term, _ESCAPED.sub(r"\1", name)
    if not found:
        raise RefusedError("an ontology in OBO with terms", "a file without", "fetch hp.obo again")


def read_babelon(path: Path) -> Iterator[tuple[str, str]]:
    """(identifier, name) of every translated label and exact synonym.

    Raises:
        RefusedError: a column is missing, or a line is longer or shorter than the header.
    """
    lines = _text(path).splitlines()
    header = lines[0].split("\t") if lines else []
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise RefusedError(
            f"a babelon table with {', '.join(_COLUMNS)}",
            f"one without {', '.join(missing)}",
            "fetch it again",
        )
    subject, predicate, value = (header.index(name) for name in _COLUMNS)
    for number, line in enumerate(lines[1:], start=1):
        cells = line.split("\t")
        if len(cells) != len(header):
            raise RefusedError(
                f"{len(header)} cells in every row of {path.name}",
                f"{len(cells)} in row {number}",
                "fetch the table again",
            )
        if cells[predicate] in _NAMING and cells[value].strip():
            yield cells[subject], cells[value]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise RefusedError(
            f"{path.name} in UTF-8", "a file that cannot be read so", "fetch it again"
        ) from None
