"""Synonym tables: the names of each concept, from whatever file holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from osteon.domain import RefusedError, UsageError, canonical_json, fold, sha256_text
from training.sap.hpo import read_babelon, read_obo
from training.sap.umls import MRCONSO, read_umls, umls_folder

_HEADER = ("concept", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class SynonymTable:
    """Concept -> its names, both in a fixed order, no name of a concept twice (whatever its case)."""

    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> SynonymTable:
        """The table of (concept, name) pairs; white space is evened out, empty names are dropped.

        >>> SynonymTable.of([("C1", "Radius"), ("C1", "radius "), ("C1", "os radial")]).names
        {'C1': ('Radius', 'os radial')}
        """
        found: dict[str, dict[str, str]] = {}
        for concept, name in pairs:
            plain = " ".join(name.split())
            if plain:
                found.setdefault(concept, {}).setdefault(plain.casefold(), plain)
        return cls(names={concept: tuple(found[concept].values()) for concept in sorted(found)})

    def __len__(self) -> int:
        return len(self.names)

    @property
    def digest(self) -> str:
        """SHA-256 of what the table says."""
        return sha256_text(canonical_json({concept: list(names) for concept, names in self.names.items()}))

    def held_out(self) -> SynonymTable:
        """The concepts that are only measured on: fold 0 of their identifier (`osteon.domain.labels`)."""
        return self._of_folds(learned=False)

    def learned(self) -> SynonymTable:
        """All other concepts."""
        return self._of_folds(learned=True)

    def _of_folds(self, *, learned: bool) -> SynonymTable:
        return SynonymTable(
            names={concept: names for concept, names in self.names.items() if (fold(concept) != 0) == learned}
        )


def read_synonyms(
    sources: Iterable[Path], *, languages: Iterable[str] = ("FRE", "ENG"), semantic_types: Iterable[str] = ()
) -> SynonymTable:
    """The names in all sources together; names of one identifier in several sources are of one concept.

    Args:
        sources: each a UMLS folder (MRCONSO.RRF), an ontology in OBO (hp.obo), a translation of one in
            babelon TSV (hp-fr.babelon.tsv), or a TSV of two columns, concept and name.
        languages: of the UMLS, its codes of three letters.
        semantic_types: of the UMLS (TUI); none for all.
    Raises:
        UsageError: no such file.
        RefusedError: a file is none of these, or no concept has two names.
    """
    languages, semantic_types = tuple(languages), tuple(semantic_types)
    pairs: list[tuple[str, str]] = []
    for source in map(Path, sources):
        pairs += _read(source, languages, semantic_types)
    table = SynonymTable.of(pairs)
    if not any(len(names) > 1 for names in table.names.values()):
        raise RefusedError(
            "concepts with two names or more", "none", "add a source, a language or a semantic type"
        )
    return table


def _read(
    source: Path, languages: tuple[str, ...], semantic_types: tuple[str, ...]
) -> Iterable[tuple[str, str]]:
    if not source.exists():
        raise UsageError("a synonym table", "nothing at that path", "check the path")
    if source.is_dir():
        return read_umls(source, languages=languages, semantic_types=semantic_types)
    if source.name == MRCONSO:
        return read_umls(umls_folder(source.parent), languages=languages, semantic_types=semantic_types)
    if source.suffix == ".obo":
        return read_obo(source)
    with source.open(encoding="utf-8-sig", errors="replace") as stream:
        header = stream.readline()
    return read_babelon(source) if "subject_id" in header.split("\t") else read_two_columns(source)


def read_two_columns(path: Path) -> list[tuple[str, str]]:
    """(concept, name) of a TSV without header, or with the header `concept`, `name`.

    Raises:
        RefusedError: not UTF-8, or a line without exactly two cells.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise RefusedError(f"{path.name} in UTF-8", "other bytes", "save it as UTF-8") from None
    pairs = []
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip() or (number == 1 and tuple(cell.lower() for cell in cells) == _HEADER):
            continue
        if len(cells) != 2 or not all(cells):
            raise RefusedError(
                f"a concept, a tab and a name in every line of {path.name}",
                f"something else in line {number}",
                "correct the line",
            )
        pairs.append((cells[0], cells[1]))
    return pairs
