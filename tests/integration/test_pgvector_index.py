"""The index in PostgreSQL with pgvector answers as the one in a folder does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from osteon.domain import EmbeddingSpace, UsageError
from osteon.features.index import EmbeddingIndex, SearchFilter, open_index
from tests.index_entries import EVERYTHING, SPACE, make_entry, unit
from tests.postgres_process import running_postgres

ENTRIES = [make_entry(number) for number in range(300)]
FILTERS = [
    EVERYTHING,
    SearchFilter(projects=frozenset()),
    SearchFilter(projects=frozenset({"other"})),
    SearchFilter(projects=frozenset({"osteon"}), sites=frozenset({"lyon"}), body_parts=frozenset({"hand"})),
    SearchFilter(projects=frozenset({"osteon"}), since="2026-01-10", until="2026-01-12"),
    SearchFilter(projects=frozenset({"osteon"}), not_subject=ENTRIES[12].subject),
    SearchFilter(projects=frozenset({"osteon"}), not_inputs=frozenset({str(ENTRIES[12].input_hmac)})),
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddingIndex, EmbeddingIndex]]:
    """PostgreSQL's index and a folder's, with the same entries."""
    with running_postgres() as address:
        clustered, local = open_index(address), open_index(str(tmp_path_factory.mktemp("index")))
        for index in (clustered, local):
            assert index.add(ENTRIES, SPACE) == len(ENTRIES)
            assert index.add(ENTRIES[:10], SPACE) == 0
            index.publish()
            index.publish()
        yield clustered, local


@pytest.mark.parametrize("number", [12, 13, 1000])
@pytest.mark.parametrize("narrow", FILTERS)
def test_both_find_the_same(
    both: tuple[EmbeddingIndex, EmbeddingIndex], narrow: SearchFilter, number: int
) -> None:
    clustered, local = both
    first = clustered.search("picture", unit(number), 5, narrow)
    second = local.search("picture", unit(number), 5, narrow)
    assert [hit.key for hit in first] == [hit.key for hit in second]
    assert [hit.score for hit in first] == pytest.approx([hit.score for hit in second], abs=1e-5)


def test_the_graph_is_used(both: tuple[EmbeddingIndex, EmbeddingIndex]) -> None:
    with both[0].catalogue.engine.connect() as connection:
        for setting in ("seqscan", "sort", "bitmapscan"):  # three hundred rows are sooner read than climbed
            connection.execute(sa.text(f"SET LOCAL enable_{setting} = off"))
        plan = connection.execute(
            sa.text(
                "EXPLAIN SELECT key FROM osteon_index_entry WHERE kind = 'picture' "
                f"ORDER BY (vector::vector({SPACE.dimensions})) <#> CAST(:query AS vector) LIMIT 5"
            ),
            {"query": str(unit(1).tolist())},
        ).scalars()
        assert any("osteon_index_picture_nearest" in line for line in plan)


def test_another_space_is_refused(both: tuple[EmbeddingIndex, EmbeddingIndex]) -> None:
    with pytest.raises(UsageError):
        both[0].add([make_entry(999)], EmbeddingSpace(name="s2", dimensions=SPACE.dimensions))


def test_a_deleted_patient_is_in_no_row_and_no_answer(both: tuple[EmbeddingIndex, EmbeddingIndex]) -> None:
    clustered, _ = both
    subject = str(ENTRIES[25].subject)
    assert clustered.delete_subject(subject) == 2
    assert clustered.delete_subject(subject) == 0
    assert clustered.add([ENTRIES[25]], SPACE) == 0
    assert "e25" not in [hit.key for hit in clustered.search("picture", unit(25), 300, EVERYTHING)]
    with clustered.catalogue.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT CAST(osteon_index_entry AS text) FROM osteon_index_entry"))
        assert not any(subject in row for row in rows.scalars())
