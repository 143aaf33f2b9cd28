"""A patient deleted everywhere: no byte in any file, no answer of any store, whenever it is interrupted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from osteon.domain import Event, FaultError
from osteon.features import FeatureRepository, Outbox, move_events
from osteon.features.audit import AuditLog
from osteon.features.erasure import delete_subject
from osteon.features.index import SearchFilter, open_index
from osteon.features.index.sources import entries_of_events
from tests.event_samples import make_event
from tests.index_entries import unit

SUBJECT, OTHER = "P7K2QX9ABCD0EFGHJ", "P0123456789ABCDEF"
SPACE = "dual-1"


def event(number: int, subject: str | None) -> Event:
    vector = tuple(float(value) for value in unit(number))
    return replace(make_event(number, subject=subject), search_embedding=vector, search_space=SPACE)


EVENTS = [event(number, (SUBJECT, OTHER, None)[number % 3]) for number in range(60)]
LATE = event(600, SUBJECT)


class Stores:
    """Everything that holds events, filled: fifty-nine moved, two waiting."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/state/outbox.db"
        self.outbox = Outbox(self.url)
        self.repository = FeatureRepository(folder / "features")
        self.index = open_index(str(folder / "index"))
        self.audit = AuditLog(self.url)

    def fill(self) -> None:
        from osteon.domain import EmbeddingSpace

        self.repository.apply()
        self.outbox.append(*EVENTS[:-1])
        move_events(self.outbox, self.repository)
        for entries in entries_of_events(self.repository.table, SPACE, set()):
            self.index.add(entries, EmbeddingSpace(name=SPACE, dimensions=len(unit(0))))
        self.index.publish()
        self.outbox.append(EVENTS[-1], LATE)

    def delete(self) -> object:
        return delete_subject(
            SUBJECT,
            outbox=self.outbox,
            repository=self.repository,
            indexes=[self.index],
            audit=self.audit,
            project="osteon",
            actor="the-dpo",
        )

    def files_with(self, mark: str) -> list[str]:
        """Names of files that hold the text as it is or as numbers of UTF-8."""
        return [
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and mark.encode() in path.read_bytes()
        ]


@pytest.mark.slow  # Feast is imported, and its online store written view by view
def test_no_byte_of_a_deleted_patient_is_left_anywhere_and_the_others_stay(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    stores.fill()
    theirs = [each for each in [*EVENTS, LATE] if each.subject == SUBJECT]
    assert len(stores.files_with(SUBJECT)) >= 3  # outbox, online store, index, and what is not compressed
    erased = stores.delete()
    assert erased.outbox_events + erased.feature_events == len(theirs)  # type: ignore[attr-defined]
    assert erased.index_entries == len(theirs) - 1  # type: ignore[attr-defined]
    assert stores.files_with(SUBJECT) == []
    assert [each.event_id for each in theirs if stores.files_with(each.event_id)] == []
    _assert_gone_from_every_answer(stores, theirs)
    assert [each.action for each in stores.audit.entries()] == ["subject_deleted"]
    assert stores.delete().index_entries == 0  # type: ignore[attr-defined]
    assert SUBJECT not in json.dumps([dict(each.facts) for each in stores.audit.entries()])


def _assert_gone_from_every_answer(stores: Stores, theirs: list[Event]) -> None:
    frame = stores.repository.history()
    assert set(frame["event_id"]) == {each.event_id for each in EVENTS[:-1] if each.subject != SUBJECT}
    online = stores.repository.online([theirs[0].event_id, EVENTS[1].event_id])
    assert online["site"].isna().tolist() == [True, False]
    found = stores.index.search("picture", unit(0), 100, SearchFilter(projects=frozenset({"osteon"})))
    assert {hit.key for hit in found} == set(frame["event_id"])
    waiting = [each.event.event_id for each in stores.outbox.claim()]
    assert waiting == [EVENTS[-1].event_id] * (EVENTS[-1].subject != SUBJECT)


def test_events_that_a_writer_holds_are_waited_for(tmp_path: Path) -> None:
    outbox = Outbox(f"sqlite:///{tmp_path}/outbox.db")
    outbox.append(EVENTS[0], EVENTS[1])
    held = outbox.claim(lease_s=30)
    with pytest.raises(FaultError):
        outbox.delete_subject(SUBJECT, wait_s=0.3)
    writer = threading.Timer(0.5, lambda: outbox.ack(held))
    writer.start()
    assert outbox.delete_subject(SUBJECT, wait_s=20) == []  # the writer has moved it on
    writer.join()
    outbox.append(EVENTS[3])
    outbox.claim(lease_s=0.3)
    assert outbox.delete_subject(SUBJECT, wait_s=20) == [EVENTS[3].event_id]  # the lease ended
    assert SUBJECT.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_only_whole_pseudonyms_count(tmp_path: Path) -> None:
    outbox = Outbox(f"sqlite:///{tmp_path}/outbox.db")
    outbox.append(event(1, SUBJECT[:8]), event(2, SUBJECT))
    assert outbox.delete_subject(SUBJECT[:8]) == [event(1, None).event_id]
    assert outbox.delete_subject("%") == []
    assert outbox.depth() == 1


def test_the_audit_refuses_changes(tmp_path: Path) -> None:
    import sqlite3

    audit = AuditLog(f"sqlite:///{tmp_path}/outbox.db")
    audit.append("search", project="osteon", actor="token:abc", facts={"found": 3})
    with sqlite3.connect(tmp_path / "outbox.db") as database:
        for statement in ("DELETE FROM osteon_audit", "UPDATE osteon_audit SET actor = 'x'"):
            with pytest.raises(sqlite3.IntegrityError):
                database.execute(statement)
    (entry,) = audit.entries()
    assert (entry.actor, dict(entry.facts)) == ("token:abc", {"found": 3})


@pytest.mark.slow  # Feast is imported in each of several processes
def test_a_deletion_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    stores.fill()
    command = [sys.executable, "-m", "osteon.cli", "index", "delete", "--subject", "-", "--json"]
    command += ["--index", str(tmp_path / "index"), "--features", str(tmp_path / "features")]
    command += ["--outbox", stores.url]
    for delay_s in (0.0, 0.05, 0.2):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(f"{SUBJECT}\n".encode())
        process.stdin.close()
        _wait_until_it_began(stores)
        time.sleep(delay_s)
        process.kill()
        process.wait()
    done = subprocess.run(command, input=SUBJECT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert SUBJECT not in done.stdout + done.stderr
    assert stores.files_with(SUBJECT) == []


def _wait_until_it_began(stores: Stores) -> None:
    """Until the outbox has none of theirs: the first store that a deletion comes to."""
    import sqlite3

    end = time.monotonic() + 60
    while time.monotonic() < end:
        with sqlite3.connect(stores.folder / "state" / "outbox.db") as database:
            rows = database.execute(
                "SELECT count(*) FROM osteon_outbox WHERE event_json LIKE ?", (f"%{SUBJECT}%",)
            )
            if rows.fetchone()[0] == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the deletion did not begin in time")
