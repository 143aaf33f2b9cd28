"""Synonym tables from the UMLS's files, an ontology, its French translation, and two columns."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.domain import RefusedError, UsageError, is_test_row
from tests.synonyms import BABELON, OBO, conso, synonym_table, write_tsv, write_umls
from training.sap import SynonymTable, read_synonyms


def test_umls_names_are_of_the_languages_and_not_suppressed(tmp_path: Path) -> None:
    folder = write_umls(tmp_path)
    assert read_synonyms([folder]).names == {
        "C0004096": ("Asthma", "Asthme"),
        "C0016658": ("Fracture of bone", "Fracture osseuse"),
        "C0034627": ("Radius", "Os radial"),
    }
    german = read_synonyms([folder / "META"], languages=["GER", "FRE"]).names
    assert german["C0016658"] == ("Fracture osseuse", "Knochenbruch")


def test_umls_concepts_are_taken_by_semantic_type(tmp_path: Path) -> None:
    folder = write_umls(tmp_path)
    assert set(read_synonyms([folder], semantic_types=["T037", "T023"]).names) == {"C0016658", "C0034627"}
    (folder / "META" / "MRSTY.RRF").unlink()
    assert len(read_synonyms([folder])) == 3
    with pytest.raises(RefusedError, match=r"MRSTY\.RRF"):
        read_synonyms([folder], semantic_types=["T037"])


@pytest.mark.parametrize("broken", ["C1|FRE|secret name|\n", "\n", conso("C1", "FRE", "secret | name")])
def test_a_line_of_other_columns_is_refused_by_its_number(broken: str, tmp_path: Path) -> None:
    path = write_umls(tmp_path) / "META" / "MRCONSO.RRF"
    path.write_text(conso("C1", "FRE", "un nom") + broken, encoding="utf-8")
    with pytest.raises(RefusedError, match="in line 2") as refused:
        read_synonyms([tmp_path])
    assert "secret" not in str(refused.value)


def test_an_ontology_and_its_translation_give_one_concept_its_names_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "hp.obo").write_text(OBO, encoding="utf-8")
    (tmp_path / "hp-fr.babelon.tsv").write_text(BABELON, encoding="utf-8")
    table = read_synonyms([tmp_path / "hp.obo", tmp_path / "hp-fr.babelon.tsv"])
    assert table.names == {
        "HP:0000939": ("Osteoporosis", "Ostéoporose"),
        "HP:0002757": ("Recurrent fractures", 'Increased "fracture" rate', "Fractures récurrentes"),
    }


def test_a_babelon_table_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hp-fr.babelon.tsv"
    path.write_text(BABELON.replace("translation_value", "value"), encoding="utf-8")
    with pytest.raises(RefusedError, match="without translation_value"):
        read_synonyms([path])
    path.write_text(BABELON + "one\ttwo\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="2 in row 5"):
        read_synonyms([path])


def test_two_columns_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read_synonyms([write_tsv(tmp_path / "names.tsv")]).names == synonym_table().names


@pytest.mark.parametrize("line", ["C1 secret", "C1\tsecret\tmore", "\tsecret", "C1\t"])
def test_a_line_that_is_no_pair_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "names.tsv"
    path.write_text(f"C1\ta\n{line}\n")
    with pytest.raises(RefusedError, match="line 2") as refused:
        read_synonyms([path])
    assert "secret" not in str(refused.value)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_synonyms([tmp_path / "absent.tsv"])
    with pytest.raises(RefusedError, match="MetamorphoSys"):
        read_synonyms([tmp_path])
    (tmp_path / "one.tsv").write_text("C1\tone name\nC2\tanother\n")
    with pytest.raises(RefusedError, match="two names"):
        read_synonyms([tmp_path / "one.tsv"])
    (tmp_path / "empty.obo").write_text("format-version: 1.2\n")
    with pytest.raises(RefusedError, match="OBO"):
        read_synonyms([tmp_path / "empty.obo"])


WORDS = st.text("abcÉé -", min_size=1, max_size=6)


@settings(deadline=None)
@given(pairs=st.lists(st.tuples(st.sampled_from(["C1", "C2", "C3"]), WORDS), max_size=12))
def test_a_table_has_each_name_of_a_concept_once_and_parts_every_concept(
    pairs: list[tuple[str, str]],
) -> None:
    table = SynonymTable.of(pairs)
    for names in table.names.values():
        assert names
        assert len({name.casefold() for name in names}) == len(names)
    learned, held = table.learned().names, table.held_out().names
    assert {**learned, **held} == dict(table.names)
    assert all(is_test_row(concept) for concept in held)
    assert not any(is_test_row(concept) for concept in learned)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.tsv", "a.obo", "MRCONSO.RRF"):
            path = Path(folder) / name
            path.write_bytes(data)
            try:
                read_synonyms([path])
            except RefusedError:
                continue
