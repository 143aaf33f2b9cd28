"""The contracts: identifiers that hide, errors that teach, a split that never moves."""

import doctest
import importlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.artefact import atomic_write, folder_hash, read_manifest, write_manifest
from osteon.domain import (
    Event,
    Manifest,
    OriginalId,
    Prediction,
    Pseudonym,
    RefusedError,
    RetrainingRequest,
    UsageError,
    event_from_dict,
    fold,
)

MODULES = ("errors", "identity", "task", "labels", "manifest", "embedding", "event", "prediction")


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(f"osteon.domain.{name}")).failed == 0


@given(st.text(min_size=5))
def test_no_form_of_an_original_identifier_shows_its_value(value):
    shown = f"{OriginalId(value)} {OriginalId(value)!r} {[OriginalId(value)]}"
    assert shown == "OriginalId(redacted) OriginalId(redacted) [OriginalId(redacted)]"


@given(st.text(min_size=5))
def test_a_pseudonym_shows_at_most_four_characters(value):
    assert repr(Pseudonym(value)) == f"Pseudonym({value[:4]}…)"


@given(st.text())
def test_every_key_falls_in_one_of_five_folds_and_stays_there(key):
    assert fold(key) in range(5)
    assert fold(key) == fold(key)


def prediction(**changes):
    fields = {
        "event_id": "e1", "task": "fracture", "status": "answered", "reason": None, "value": 0.5,
        "unit": "probability", "interval": None, "model_version": "1", "preprocess_version": "p",
        "input_hmac": "h",
        "embedding_space": "s", "time_utc": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    return Prediction(**{**fields, **changes})


@pytest.mark.parametrize(
    "changes",
    [{"value": None}, {"reason": "blank"}, {"status": "abstained"}, {"value": float("nan")}],
)
def test_a_prediction_has_a_value_or_a_reason_and_never_both(changes):
    with pytest.raises(UsageError):
        prediction(**changes)


def test_an_event_survives_its_own_json():
    event = Event(
        event_id="e1", time_utc="2026-01-01T00:00:00+00:00", project="p", site="s", device="d", view="ap",
        body_part="hand", age_band="5-9", sex="F", subject=None, model_version="1", preprocess_version="p",
        prediction=prediction(), embedding=(0.6, 0.8), embedding_space="s",
    )  # fmt: skip
    fields = json.loads(json.dumps(event.as_dict()))
    assert fields["linked"] is False
    assert event_from_dict(fields) == event


def test_an_event_with_a_stranger_among_its_fields_is_refused():
    with pytest.raises(UsageError):
        event_from_dict({"event_id": "e1", "patient_name": "x"})


def test_two_requests_of_one_cause_share_a_key_whatever_the_order_of_sites():
    base = {
        "task": "fracture",
        "reason": "drift",
        "evidence": {},
        "model_version": "3",
        "cooldown_s": 60,
        "time_utc": "2026-01-01",
    }
    first = RetrainingRequest(sites=("a", "b"), **base)
    second = RetrainingRequest(sites=("b", "a"), **{**base, "time_utc": "2026-02-01"})
    assert first.deduplication_key == second.deduplication_key


def test_a_manifest_is_read_back_and_its_digest_ignores_when_it_was_made(tmp_path):
    manifest = Manifest(stage="pairs", inputs={"deid": "0" * 64}, seed=7, parents=("1" * 64,))
    write_manifest(tmp_path, manifest)
    back = read_manifest(tmp_path)
    assert back.digest == manifest.digest == folder_hash(tmp_path)
    assert back.time_utc
    assert back.code_version


@pytest.mark.parametrize("content", ["{", "[]", '{"stage": "x", "stranger": 1}'])
def test_a_file_that_is_no_manifest_is_refused(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(RefusedError):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="without one"):
        read_manifest(tmp_path)


def test_an_atomic_write_leaves_nothing_beside_the_file(tmp_path):
    atomic_write(tmp_path / "a.json", "1")
    atomic_write(tmp_path / "a.json", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "2"
