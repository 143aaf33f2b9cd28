from datetime import timedelta

import pandas as pd
import pytest

from monitoring.references import References
from monitoring.windows import narrow, production_window, reference_window, sample_of, strata_of, tidy
from osteon.domain import FaultError, RefusedError, Stratum
from osteon.features import FeatureRepository
from tests.event_frame import NOW, event_frame, events


def test_times_may_be_text_or_time_stamps():
    frame = event_frame(6)
    as_text = frame.assign(time_utc=[time.isoformat() for time in frame["time_utc"]])
    pd.testing.assert_series_equal(tidy(frame)["time"], tidy(as_text)["time"], check_dtype=False)


def test_the_feature_repository_gives_every_column_that_monitoring_needs(tmp_path):
    repository = FeatureRepository(tmp_path)
    repository.table.append(events(9))
    frame = tidy(repository.history())
    assert list(frame["event_id"]) == list(tidy(event_frame(9))["event_id"])
    sample = sample_of(frame, Stratum(site="north"), model_version="fracture:1", embedding_space="space-1")
    assert sample.embeddings.shape == (9, 8)
    assert sample.values.shape == (9,)


def test_an_event_that_was_stored_twice_counts_once():
    frame = event_frame(6)
    assert len(tidy(pd.concat([frame, frame]))) == 6


def test_what_a_challenger_said_in_shadow_is_no_production():
    frame = event_frame(6)
    frame.loc[2:3, "role"] = "challenger"
    assert len(tidy(frame)) == 4


def test_a_frame_without_a_column_of_the_contract_is_refused_by_name():
    with pytest.raises(RefusedError, match="embedding_space"):
        tidy(event_frame(3).drop(columns="embedding_space"))


def test_an_empty_frame_is_tidied_to_an_empty_frame():
    assert tidy(event_frame(3).iloc[:0]).empty


def test_the_production_window_is_bounded_by_time_and_by_count():
    frame = tidy(event_frame(100, hours=100))
    stratum = Stratum(site="north")
    by_time = production_window(frame, stratum, until=NOW, hours=10, most_events=500)
    assert len(by_time) == 10
    assert by_time["time"].min() >= NOW - timedelta(hours=10)
    by_count = production_window(frame, stratum, until=NOW, hours=1000, most_events=7)
    assert list(by_count["event_id"]) == list(frame["event_id"].tail(7))


def test_the_first_events_never_overlap_the_production_window():
    frame = tidy(event_frame(100))
    stratum = Stratum(site="north")
    production = production_window(frame, stratum, until=NOW, hours=60, most_events=500)
    reference = reference_window(frame, stratum, first_events=90, production=production)
    assert not set(reference["event_id"]) & set(production["event_id"])
    assert len(reference) == 40


def test_a_site_has_one_stream_for_itself_and_one_per_value_of_each_key():
    frame = tidy(pd.concat([event_frame(4), event_frame(4, device="unit-b", seed=1)]))
    strata = strata_of(frame, "north", ("device", "sex"))
    assert strata == [
        Stratum(site="north"),
        Stratum(site="north", device="unit-a"),
        Stratum(site="north", device="unit-b"),
        Stratum(site="north", sex="F"),
        Stratum(site="north", sex="M"),
    ]
    assert len(narrow(frame, strata[2])) == 4


def test_events_of_two_embedding_spaces_are_never_put_in_one_window():
    frame = tidy(pd.concat([event_frame(4), event_frame(4, space="space-2", seed=1)]))
    with pytest.raises(RefusedError, match="one embedding space"):
        sample_of(frame, Stratum(site="north"), model_version="fracture:1", embedding_space="space-1")


def test_refused_pictures_have_no_vector_and_still_count_as_events():
    frame = event_frame(5, abstained=1.0)
    frame.at[0, "embedding"] = []
    sample = sample_of(
        tidy(frame), Stratum(site="north"), model_version="fracture:1", embedding_space="space-1"
    )
    assert sample.embeddings.shape == (4, 8)
    assert sample.window.events == 5
    assert sample.answered == 0
    assert sample.values.size == 0


def test_a_reference_comes_back_as_it_was_kept_and_keeping_it_again_changes_no_byte(tmp_path):
    references = References(tmp_path)
    frame = event_frame(12)
    first = references.keep(frame)
    stored = next(tmp_path.rglob("reference.parquet"))
    before = stored.read_bytes()
    assert references.keep(frame).digest == first.digest
    assert stored.read_bytes() == before
    back = references.load("fracture", "fracture:1")
    assert back is not None
    assert list(back["event_id"]) == list(tidy(frame)["event_id"])
    assert list(back["embedding"].iloc[0]) == list(tidy(frame)["embedding"].iloc[0])


def test_a_model_without_a_reference_has_none(tmp_path):
    assert References(tmp_path).load("fracture", "fracture:9") is None


def test_a_reference_that_was_changed_on_disk_is_not_used(tmp_path):
    references = References(tmp_path)
    references.keep(event_frame(12))
    stored = next(tmp_path.rglob("reference.parquet"))
    stored.write_bytes(stored.read_bytes() + b"\0")
    with pytest.raises(FaultError, match="manifest"):
        references.load("fracture", "fracture:1")


def test_versions_that_differ_only_in_unsafe_characters_do_not_share_a_folder(tmp_path):
    references = References(tmp_path)
    references.keep(event_frame(4, model_version="a/1"))
    references.keep(event_frame(5, model_version="a:1"))
    assert len(references.load("fracture", "a/1")) == 4
    assert len(references.load("fracture", "a:1")) == 5


def test_two_tasks_whose_versions_have_one_name_keep_two_references(tmp_path):
    references = References(tmp_path)
    references.keep(event_frame(4, model_version="1"))
    references.keep(event_frame(5, model_version="1", task="bone-age"))
    assert len(references.load("fracture", "1")) == 4
    assert len(references.load("bone-age", "1")) == 5


def test_a_reference_of_two_model_versions_is_refused(tmp_path):
    both = pd.concat([event_frame(4), event_frame(4, model_version="fracture:2", seed=1)])
    with pytest.raises(RefusedError, match="one model version"):
        References(tmp_path).keep(both)
