"""The index of one folder: right neighbours, whole whatever dies, nothing left of a deleted patient."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.artefact import read_manifest
from osteon.domain import EmbeddingSpace, RefusedError, UsageError
from osteon.features.index import EmbeddingIndex, IndexEntry, SearchFilter, open_index
from osteon.features.index import vectors as vectors_module
from osteon.features.index.local import LocalIndex
from tests.index_entries import EVERYTHING, PARTS, SITES, SPACE, make_entry, unit

ENTRIES = [make_entry(number) for number in range(400)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingIndex:
    """Three quarters in the vector file, the rest only in the catalogue."""
    index = open_index(str(tmp_path_factory.mktemp("index")))
    index.add(ENTRIES[:300], SPACE)
    index.publish()
    index.add(ENTRIES[300:], SPACE)
    return index


def keys(hits: list[Any]) -> list[str]:
    return [hit.key for hit in hits]


def by_hand(query: np.ndarray, k: int, narrow: SearchFilter) -> list[str]:
    """What a filter leaves, in order, computed the long way."""
    asking = {entry.subject for entry in ENTRIES if entry.input_hmac in narrow.not_inputs} - {None}
    left = [
        entry
        for entry in ENTRIES
        if entry.project in narrow.projects
        and (not narrow.sites or entry.site in narrow.sites)
        and (not narrow.body_parts or entry.body_part in narrow.body_parts)
        and (narrow.since is None or (entry.day is not None and entry.day >= narrow.since))
        and (narrow.until is None or (entry.day is not None and entry.day <= narrow.until))
        and (narrow.not_subject is None or entry.subject != narrow.not_subject)
        and entry.input_hmac not in narrow.not_inputs
        and entry.subject not in asking
    ]
    return [entry.key for entry in sorted(left, key=lambda entry: -float(entry.embedding @ query))[:k]]


DAYS = st.one_of(st.none(), st.integers(1, 28).map(lambda day: f"2026-01-{day:02d}"))
FILTERS = st.builds(
    SearchFilter,
    projects=st.frozensets(st.sampled_from(["osteon", "other", "nobody"])),
    sites=st.frozensets(st.sampled_from([*SITES, "nowhere"])),
    body_parts=st.frozensets(st.sampled_from(PARTS)),
    since=DAYS,
    until=DAYS,
    not_subject=st.one_of(st.none(), st.sampled_from([entry.subject for entry in ENTRIES])),
    not_inputs=st.frozensets(st.sampled_from([str(entry.input_hmac) for entry in ENTRIES]), max_size=3),
)


@given(number=st.integers(0, 2000), k=st.integers(1, 30), narrow=FILTERS)
@settings(max_examples=150, deadline=None)
def test_a_search_finds_what_comparing_everything_finds(
    index: EmbeddingIndex, number: int, k: int, narrow: SearchFilter
) -> None:
    query = unit(number)
    assert keys(index.search("picture", query, k, narrow)) == by_hand(query, k, narrow)


def test_scores_are_exact_cosines_best_first(index: EmbeddingIndex) -> None:
    hits = index.search("picture", unit(3), 5, EVERYTHING)
    assert hits[0].key == "e3"
    exact = [float(unit(3) @ unit(int(hit.key[1:]))) for hit in hits]
    assert [hit.score for hit in hits] == pytest.approx(exact, abs=1e-6)
    assert exact == sorted(exact, reverse=True)


def test_a_hit_tells_nothing_of_whose_it_is(index: EmbeddingIndex) -> None:
    (hit,) = index.search("picture", unit(3), 1, EVERYTHING)
    assert str(ENTRIES[3].subject) not in repr(hit)
    assert not hasattr(hit, "subject")
    assert str(ENTRIES[3].subject) not in repr(ENTRIES[3])


def test_an_entry_sent_twice_is_there_once(tmp_path: Path) -> None:
    index = open_index(str(tmp_path))
    assert index.add(ENTRIES[:20], SPACE) == 20
    assert index.add([*ENTRIES[10:20], ENTRIES[20]], SPACE) == 1
    assert index.catalogue.counts() == {"picture": 21}


@pytest.mark.parametrize(
    ("entry", "space"),
    [
        (ENTRIES[1], EmbeddingSpace(name="s2", dimensions=SPACE.dimensions)),
        (make_entry(1, embedding=unit(1, 8)), SPACE),
        (make_entry(1, embedding=unit(1) * 2), SPACE),
        (make_entry(1, embedding=unit(1) * np.float32("nan")), SPACE),
    ],
)
def test_vectors_of_another_space_or_norm_are_refused_and_change_nothing(
    tmp_path: Path, entry: IndexEntry, space: EmbeddingSpace
) -> None:
    index = open_index(str(tmp_path))
    index.add(ENTRIES[:1], SPACE)
    with pytest.raises(UsageError):
        index.add([ENTRIES[2], entry], space)
    assert index.catalogue.counts() == {"picture": 1}


def test_an_empty_index_finds_nothing_and_a_query_of_another_space_is_refused(tmp_path: Path) -> None:
    index = open_index(str(tmp_path))
    assert index.search("picture", unit(1), 3, EVERYTHING) == []
    index.publish()
    index.add(ENTRIES[:5], SPACE)
    assert index.search("sentence", unit(1), 3, EVERYTHING) == []
    with pytest.raises(UsageError):
        index.search("picture", unit(1, 8), 3, EVERYTHING)
    with pytest.raises(UsageError):
        index.search("picture", unit(1), 0, EVERYTHING)


@pytest.mark.parametrize("day", ["2026-1-1", "yesterday", "20260101", "2026-02-30"])
def test_a_day_is_written_in_one_way(day: str) -> None:
    with pytest.raises(UsageError) as refused:
        SearchFilter(projects=frozenset(), since=day)
    assert day not in str(refused.value)


def test_another_process_sees_what_was_added_and_deleted_without_being_told(tmp_path: Path) -> None:
    writer, reader = open_index(str(tmp_path)), open_index(str(tmp_path))
    for number in range(6):
        writer.add([ENTRIES[number]], SPACE)
        if number % 2:
            writer.publish()
        assert keys(reader.search("picture", unit(number), 1, EVERYTHING)) == [f"e{number}"]
    writer.delete_subject(str(ENTRIES[2].subject))
    assert "e2" not in keys(reader.search("picture", unit(2), 10, EVERYTHING))


def test_many_lists_find_nearly_all_and_the_filtered_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors_module, "_ALL_BELOW", 500)
    monkeypatch.setattr(vectors_module, "PROBED_ROWS", 600)
    random = np.random.default_rng(0)
    centres = random.normal(size=(20, SPACE.dimensions))
    drawn = centres[random.integers(0, 20, 3000)] + random.normal(size=(3000, SPACE.dimensions)) * 0.4
    rows = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    index = LocalIndex(tmp_path)
    index.add([make_entry(number, embedding=row) for number, row in enumerate(rows)], SPACE)
    index.publish()
    one_site = SearchFilter(projects=frozenset({"osteon", "other"}), sites=frozenset({"lyon"}))
    loaded = index.snapshot.load("picture")
    assert loaded is not None
    assert loaded.lists > 100
    for narrow, allowed in ((EVERYTHING, np.arange(3000)), (one_site, np.arange(0, 3000, 3))):
        found = 0
        for query in rows[:100]:
            near = allowed[np.argsort(-(rows[allowed] @ query))[:10]]
            hits = index.search("picture", query, 10, narrow)
            found += len({f"e{number}" for number in near} & set(keys(hits)))
        assert found >= 980


def test_publishing_again_changes_no_byte(tmp_path: Path) -> None:
    index = open_index(str(tmp_path))
    index.add(ENTRIES[:50], SPACE)
    index.publish()
    before = {
        path.name: path.read_bytes() for path in tmp_path.glob("*") if not path.name.startswith("index.")
    }
    index.publish()
    after = {
        path.name: path.read_bytes() for path in tmp_path.glob("*") if not path.name.startswith("index.")
    }
    assert before == after
    assert read_manifest(tmp_path).settings == {"space": "s1", "dimensions": SPACE.dimensions}


def test_a_changed_vector_file_is_refused_and_made_again_from_the_catalogue(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    index.add(ENTRIES[:50], SPACE)
    index.publish()
    (file,) = tmp_path.glob("*.vectors")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(RefusedError):
        LocalIndex(tmp_path).search("picture", unit(1), 3, EVERYTHING)
    index.publish(anew=True)
    assert keys(LocalIndex(tmp_path).search("picture", unit(1), 1, EVERYTHING)) == ["e1"]


def test_no_byte_of_a_deleted_patient_stays_on_the_disk_and_no_search_gives_it(tmp_path: Path) -> None:
    index = open_index(str(tmp_path))
    index.add(ENTRIES, SPACE)
    sentence = make_entry(900, kind="sentence", text="Fracture de la styloïde", subject=ENTRIES[9].subject)
    index.add([sentence], SPACE)
    index.publish()
    subject, theirs = str(ENTRIES[9].subject), [ENTRIES[8], ENTRIES[9], sentence]
    marks = [subject.encode(), sentence.text.encode()]
    marks += [(entry.embedding.astype("<f4")).tobytes() for entry in theirs]
    marks += [str(entry.input_hmac).encode() for entry in theirs]
    assert all(holds(tmp_path, mark) for mark in marks)
    assert index.delete_subject(subject) == 3
    assert [mark[:20] for mark in marks if holds(tmp_path, mark)] == []
    for entry in theirs:
        for kind in ("picture", "sentence"):
            found = index.search(kind, entry.embedding, 400, EVERYTHING)
            assert not {"e8", "e9", "e900"} & set(keys(found))
    assert len(index.search("picture", unit(9), 400, EVERYTHING)) == 398
    assert index.delete_subject(subject) == 0


def test_a_deleted_patient_does_not_come_back_with_a_source_that_still_has_them(tmp_path: Path) -> None:
    index = open_index(str(tmp_path))
    index.add(ENTRIES[:20], SPACE)
    index.delete_subject(str(ENTRIES[9].subject))
    assert index.add(ENTRIES[:20], SPACE) == 0
    assert index.add([make_entry(901, subject=ENTRIES[9].subject), make_entry(902)], SPACE) == 1
    assert not holds(tmp_path, str(ENTRIES[9].subject).encode())


def holds(folder: Path, mark: bytes) -> bool:
    """Whether any file under the folder holds the bytes."""
    return any(mark in path.read_bytes() for path in folder.rglob("*") if path.is_file())


_WRITER = """
import sys
from osteon.features.index import open_index
from tests.index_entries import SPACE, make_entry
index = open_index(sys.argv[1])
print("ready", flush=True)
for start in range(0, 4000, 25):
    index.add([make_entry(number) for number in range(start, start + 25)], SPACE)
    index.publish()
    if start % 100 == 75:
        index.delete_subject(f"P{start // 2:016d}")
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_index(tmp_path: Path) -> None:
    """Every state that a reader sees holds whole batches, and every answer is right for what is there."""
    random = np.random.default_rng(0)
    for round_number in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ}
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(float(random.uniform(0.05, 0.6)))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        index = LocalIndex(tmp_path)
        with sqlite3.connect(tmp_path / "index.db") as database:
            present = {row[0] for row in database.execute("SELECT key FROM osteon_index_entry")}
        for number in (0, 13, 24, 60):
            found = index.search("picture", unit(number), 5, EVERYTHING)
            expected = sorted(present, key=lambda key: -float(unit(int(key[1:])) @ unit(number)))[:5]
            assert keys(found) == expected, round_number
        index.publish()
        assert not list(tmp_path.glob("*.part"))
        loaded = index.snapshot.load("picture")
        assert (0 if loaded is None else len(loaded)) == len(present)


def test_what_a_killed_publisher_left_half_written_goes_with_the_next(tmp_path: Path) -> None:
    index = LocalIndex(tmp_path)
    left = tmp_path / ".manifest.json.12-ab.part"
    left.write_text("{")
    index.publish()
    assert not left.exists()
