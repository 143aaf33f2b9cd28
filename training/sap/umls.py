"""Names of concepts in the UMLS's own files, which a user brings under the UMLS licence.

Source: UMLS Reference Manual, section 3.3.4 (MRCONSO.RRF, 18 columns) and 3.3.7 (MRSTY.RRF, 6 columns):
UTF-8, a bar after every column.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from osteon.domain import RefusedError

MRCONSO, MRSTY = "MRCONSO.RRF", "MRSTY.RRF"
_CUI, _LAT, _STR, _SUPPRESS, _CONSO_COLUMNS = 0, 1, 14, 16, 18
_TUI, _STY_COLUMNS = 1, 6
_NOT_SUPPRESSED = "N"


def umls_folder(folder: Path) -> Path:
    """The folder that holds MRCONSO.RRF: this one, or its META.

    Raises:
        RefusedError: there is none.
    """
    for place in (folder, folder / "META"):
        if (place / MRCONSO).is_file():
            return place
    raise RefusedError(
        f"a UMLS folder with {MRCONSO}",
        "a folder without it",
        "unpack a release with MetamorphoSys; the UMLS licence is yours to hold, nothing is downloaded",
    )


def read_umls(
    folder: Path, *, languages: tuple[str, ...], semantic_types: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """(CUI, name) of every name in those languages that is not suppressed.

    Args:
        languages: codes of the column LAT, such as FRE and ENG.
        semantic_types: codes of the column TUI of MRSTY.RRF, such as T023 (body part); none for all.
    Raises:
        RefusedError: a file is missing, or a line has other columns; its number is told, never its content.
    """
    place = umls_folder(folder)
    wanted = _concepts_of(place / MRSTY, semantic_types) if semantic_types else None
    for cells in _rows(place / MRCONSO, _CONSO_COLUMNS):
        kept = cells[_LAT] in languages and cells[_SUPPRESS] == _NOT_SUPPRESSED
        if kept and (wanted is None or cells[_CUI] in wanted):
            yield cells[_CUI], cells[_STR]


def _concepts_of(path: Path, semantic_types: tuple[str, ...]) -> frozenset[str]:
    return frozenset(cells[_CUI] for cells in _rows(path, _STY_COLUMNS) if cells[_TUI] in semantic_types)


def _rows(path: Path, columns: int) -> Iterator[list[str]]:
    """The cells of each line, one line in memory at a time: MRCONSO has gigabytes."""
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:
            for number, line in enumerate(stream, start=1):
                cells = line.rstrip("\r\n").split("|")
                if len(cells) != columns + 1:
                    raise RefusedError(
                        f"{columns} columns in every line of {path.name}",
                        f"{len(cells) - 1} in line {number}",
                        "unpack the release again",
                    )
                yield cells
    except FileNotFoundError:
        raise RefusedError(
            f"{path.name} beside {MRCONSO}", "a folder without it", "unpack it, or ask for no semantic types"
        ) from None
    except UnicodeDecodeError:
        raise RefusedError(f"{path.name} in UTF-8", "other bytes", "unpack the release again") from None
