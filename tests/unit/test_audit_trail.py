"""The audit trail: whatever is done to it afterwards is noticed; a killed writer is not mistaken for that."""

import json
import multiprocessing
import os
import signal
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.deid.audit import AuditTrail
from osteon.deid.keys import KeyRing, MasterKey
from osteon.deid.persons import require_person
from osteon.domain import FaultError, UsageError

RING = KeyRing((MasterKey(1, "hkdf", bytes(range(32))),))
OTHER = KeyRing((MasterKey(1, "hkdf", bytes(32)),))


def trail_of(folder, entries):
    trail = AuditTrail(folder, RING)
    for number in range(entries):
        trail.append("run_started", {"n": number})
    return trail


def lines(trail):
    return (trail.folder / "audit.jsonl").read_bytes().splitlines(keepends=True)


def write(trail, new):
    (trail.folder / "audit.jsonl").write_bytes(b"".join(new))


def test_entries_are_chained_and_verify_counts_them(tmp_path):
    trail = trail_of(tmp_path, 3)
    found = trail.verify()
    assert (found.entries, found.fault) == (3, "")
    assert found.head == str(trail.head())
    assert [entry["facts"]["n"] for entry in trail.entries()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("changed", lambda rows: [rows[0], rows[1].replace(b'"n":1', b'"n":7'), *rows[2:]]),
        ("removed", lambda rows: [rows[0], *rows[2:]]),
        ("moved", lambda rows: [rows[1], rows[0], *rows[2:]]),
        ("doubled", lambda rows: [*rows, rows[-1]]),
        ("cut off", lambda rows: rows[:-1]),
        ("cut to nothing", lambda rows: []),
    ],
)
def test_an_entry_that_is_changed_removed_moved_doubled_or_cut_off_is_noticed(tmp_path, name, change):
    trail = trail_of(tmp_path, 4)
    write(trail, change(lines(trail)))
    assert trail.verify().fault, name


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path_factory, place, flip):
    trail = trail_of(tmp_path_factory.mktemp("trail"), 3)
    content = bytearray(b"".join(lines(trail)))
    content[place % len(content)] ^= flip
    write(trail, [bytes(content)])
    found = trail.verify()
    # A last line that lost its end is a killed writer's, but the head says that it was whole.
    assert found.fault


def test_a_trail_written_with_another_key_is_not_believed(tmp_path):
    trail = trail_of(tmp_path / "a", 2)
    forged = AuditTrail(tmp_path / "a", OTHER)
    assert forged.verify().fault
    (trail.folder / "audit.head").unlink()
    with pytest.raises(FaultError):
        trail.append("run_started")


def test_a_torn_last_line_of_a_killed_writer_is_removed_and_the_trail_goes_on(tmp_path):
    trail = trail_of(tmp_path, 2)
    with (tmp_path / "audit.jsonl").open("ab") as stream:
        stream.write(b'{"seq":3,"event":"ru')
    trail.append("run_finished")
    assert trail.verify().entries == 3


def test_a_whole_line_that_a_killed_writer_left_ahead_of_the_head_counts(tmp_path):
    trail = trail_of(tmp_path, 2)
    head = (tmp_path / "audit.head").read_bytes()
    trail.append("run_finished")
    (tmp_path / "audit.head").write_bytes(head)
    assert trail.verify().entries == 3


def test_a_head_noted_earlier_tells_a_trail_that_was_put_back(tmp_path):
    trail = trail_of(tmp_path, 2)
    saved = {p: p.read_bytes() for p in tmp_path.iterdir()}
    noted = str(trail.append("released"))
    for path, content in saved.items():
        path.write_bytes(content)
    assert not trail.verify().fault
    assert not trail.holds(noted)
    assert trail.holds(str(trail.head()))


def _append_many(folder, count):
    trail = AuditTrail(folder, RING)
    for number in range(count):
        trail.append("viewed", {"n": number})


def test_several_processes_append_one_after_the_other(tmp_path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_many, args=(tmp_path, 8)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert AuditTrail(tmp_path, RING).verify().entries == 24


def test_a_writer_killed_at_any_moment_leaves_a_whole_trail(tmp_path):
    context = multiprocessing.get_context("fork")
    for pause in (0.0, 0.003, 0.011, 0.02):
        before = AuditTrail(tmp_path, RING).verify().entries
        worker = context.Process(target=_append_many, args=(tmp_path, 10_000))
        worker.start()
        deadline = time.monotonic() + 20
        while AuditTrail(tmp_path, RING).verify().entries == before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(pause)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        found = AuditTrail(tmp_path, RING).verify()
        assert found.fault == ""
        assert found.entries > before
    seqs = [json.loads(line)["seq"] for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        ("", "requested by the court"),
        ("A. Person", ""),
        ("A. Person", "why"),
        ("42", "requested by the court"),
        ("A. Person", "patient 1 85 05 78 006 084 asked"),
    ],
)
def test_a_decision_needs_a_person_and_a_reason_without_a_long_number(person, reason):
    with pytest.raises(UsageError):
        require_person(person, reason)


def test_an_event_outside_the_closed_list_is_bad_usage(tmp_path):
    with pytest.raises(UsageError):
        AuditTrail(tmp_path, RING).append("Dupont looked")
