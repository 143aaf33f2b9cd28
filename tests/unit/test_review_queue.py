"""The review queue when two persons, or two requests, come at the same moment."""

import threading

import pytest
import sqlalchemy as sa

from osteon.artefact import atomic_write
from osteon.deid.cases import APPROVED, CORRECTED, REJECTED, WAITING, CaseContent, Decision
from osteon.deid.keys import create_key
from osteon.deid.study_review import StudyReview
from osteon.deid.vault import Vault, VaultPlace
from osteon.domain.errors import QuarantinedError, UsageError

ERROR = QuarantinedError("a radiograph", "a page of text", "review it")
WHO = {"person": "A. Person", "reason": "looked at it again"}


@pytest.fixture
def cases(tmp_path):
    create_key(tmp_path / "secret" / "key")
    return Vault.open(VaultPlace.of(tmp_path / "vault", tmp_path / "secret" / "key")).cases


@pytest.fixture
def case_id(cases):
    content = CaseContent(files=((".txt", b"Mme QUENTRELEC"),))
    return cases.keep("nord", "mark", "report", content, ERROR)


def test_who_decides_second_changes_nothing_of_the_first_ones_correction(cases, case_id):
    cases.decide(case_id, Decision(state=CORRECTED, text="of the first"), **WHO)
    with pytest.raises(UsageError):
        cases.decide(case_id, Decision(state=CORRECTED, text="of the second"), **WHO)
    assert cases.decision(cases.get(case_id)).text == "of the first"


def test_a_case_that_was_rejected_meanwhile_does_not_wait_again(cases, case_id):
    cases.decide(case_id, Decision(state=REJECTED), **WHO)
    cases.hold_again(case_id, ERROR)
    assert cases.get(case_id).state == REJECTED


def test_threads_that_write_one_file_at_once_leave_it_whole(tmp_path):
    contents = [bytes([number]) * 200_000 for number in range(8)]
    failed, start = [], threading.Barrier(len(contents))

    def write(content):
        start.wait()
        try:
            for _ in range(5):
                atomic_write(tmp_path / "file", content)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (tmp_path / "file").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError("no space left")

    atomic_write(tmp_path / "file", b"before")
    monkeypatch.setattr("osteon.artefact.os.fsync", full)
    with pytest.raises(OSError):
        atomic_write(tmp_path / "file", b"after")
    assert (tmp_path / "file").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def review_of(cases, mark, tmp_path):
    (tmp_path / "report.txt").write_bytes(b"Mme QUENTRELEC")
    found = StudyReview(cases, "nord", mark, cases.decisions().get(mark, {}))
    return found, [tmp_path / "report.txt"]


def test_what_was_decided_about_a_part_that_came_by_the_service_holds_in_a_batch(cases, tmp_path):
    content = CaseContent(files=((".txt", b"Mme QUENTRELEC"),))
    case_id = cases.keep("nord", "", "report", content, ERROR)
    cases.decide(case_id, Decision(state=APPROVED, waiver="a_radiograph"), **WHO)
    review, paths = review_of(cases, "mark", tmp_path)
    assert review.hold("report", paths, ERROR) == case_id
    review, paths = review_of(cases, "mark", tmp_path)
    assert review.decision("report", paths).state == APPROVED


def test_a_decision_after_a_folder_was_renamed_takes_effect(cases, case_id, tmp_path):
    cases.decide(case_id, Decision(state=APPROVED, waiver="a_radiograph"), **WHO)
    review, paths = review_of(cases, "mark of the new name", tmp_path)
    renamed = review.hold("report", paths, ERROR)
    assert cases.get(renamed).state == WAITING  # of another study than before: a person looks again
    cases.decide(renamed, Decision(state=APPROVED, waiver="a_radiograph"), **WHO)
    review, paths = review_of(cases, "mark of the new name", tmp_path)
    assert review.decision("report", paths).state == APPROVED


def test_the_same_report_in_two_studies_is_two_cases_each_with_its_own_decision(cases, tmp_path):
    held = {}
    for mark in ("one", "other"):
        review, paths = review_of(cases, mark, tmp_path)
        held[mark] = review.hold("report", paths, ERROR)
    assert held["one"] != held["other"]
    cases.decide(held["one"], Decision(state=REJECTED), **WHO)
    decided = {mark: review_of(cases, mark, tmp_path)[0].decision("report", paths) for mark in held}
    assert (decided["one"].state, decided["other"].state) == (REJECTED, "")
    assert cases.get(held["other"]).state == WAITING


def test_a_case_of_the_service_is_taken_over_by_one_study_only(cases, tmp_path):
    case_id = cases.keep("nord", "", "report", CaseContent(files=((".txt", b"Mme QUENTRELEC"),)), ERROR)
    ids = []
    for mark in ("one", "other", "one"):
        review, paths = review_of(cases, mark, tmp_path)
        ids.append(review.hold("report", paths, ERROR))
    assert ids[0] == ids[2] == case_id != ids[1]


def test_killed_while_a_rejection_is_recorded_no_content_of_a_rejected_case_is_left(
    cases, case_id, monkeypatch
):
    def killed(*_arguments, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr(sa.engine.Transaction, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        cases.decide(case_id, Decision(state=REJECTED), **WHO)
    monkeypatch.undo()
    assert not list(cases.folder.glob(f"{case_id}.*"))
    assert cases.get(case_id).state == WAITING
    assert cases.decide(case_id, Decision(state=REJECTED), **WHO).state == REJECTED
