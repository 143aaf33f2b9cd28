"""Radiologists' labels: read row by row, joined by event, and what they say of a model."""

import numpy as np
import pytest

from monitoring.labelled import METRIC, labelled_performance
from monitoring.policy import load_policy
from osteon.domain import RefusedError, UsageError
from osteon.features.labels import LabelStore, read_labels, with_labels
from tests.event_frame import NOW, event_frame


def table(folder, rows, header="event_id,label,reader"):
    path = folder / "readings.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_labels_are_kept_by_event_and_a_later_one_replaces_the_earlier(tmp_path):
    events = event_frame(5)
    store = LabelStore(f"sqlite:///{tmp_path}/labels.db")
    assert store.add(read_labels(table(tmp_path, ["north-0-1,1,a", "north-0-2,0,a"]), events)) == 2
    store.add(read_labels(table(tmp_path, ["north-0-1,0,b"]), events))
    answers = store.answers()
    assert {event: one.label for event, one in answers.items()} == {"north-0-1": 0.0, "north-0-2": 0.0}
    rows = with_labels(events, answers).set_index("event_id")
    assert rows["label"]["north-0-2"] == 0
    assert np.isnan(rows["label"]["north-0-3"])
    assert rows["labelled_utc"]["north-0-2"] == answers["north-0-2"].time_utc
    assert rows["labelled_utc"].isna()["north-0-3"]
    assert LabelStore(f"sqlite:///{tmp_path}/labels.db", "elsewhere").answers() == {}
    assert store.forget(["north-0-1", "nobody"]) == 1


@pytest.mark.parametrize(
    ("rows", "number"),
    [(["north-0-1,1,a", "unknown,1,a"], 2), (["north-0-1,1,a", "north-0-1,1,a"], 2), (["north-0-1,0.5,a"], 1),
     (["north-0-1,2,a"], 1), (["north-0-1,,a"], 1), (["north-0-1,nan,a"], 1)],
    ids=["unknown event", "twice", "half a fracture", "out of range", "empty", "nan"],
)  # fmt: skip
def test_a_wrong_row_refuses_the_whole_table_by_its_number_and_shows_no_value(tmp_path, rows, number):
    with pytest.raises(RefusedError, match=f"row {number}") as error:
        read_labels(table(tmp_path, rows), event_frame(5))
    assert "north-0-1" not in str(error.value)


def test_a_table_without_its_columns_or_without_a_file_is_bad_usage(tmp_path):
    with pytest.raises(UsageError):
        read_labels(table(tmp_path, ["1,2"], header="id,answer"), event_frame(2))
    with pytest.raises(UsageError):
        read_labels(tmp_path / "none.csv", event_frame(2))


def test_a_few_labels_give_an_accuracy_whose_interval_holds_the_truth():
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        events = event_frame(300, seed=seed)
        truth = (rng.random(300) < events["value"]).astype(float)  # the model is calibrated
        right = float(((events["value"] >= 0.5) == (truth == 1)).mean())
        few = np.where(np.isin(np.arange(300), rng.choice(300, 40, replace=False)), truth, np.nan)
        (found,) = labelled_performance(events.assign(label=few), load_policy(), now=NOW)
        assert (found.metric, found.events, found.effective_reference) == (METRIC, 300, 40)
        held += found.low <= right <= found.high
    assert held / 60 >= 0.8


def test_fewer_than_twenty_labels_say_nothing():
    few = np.where(np.arange(100) < 19, 1.0, np.nan)
    assert labelled_performance(event_frame(100).assign(label=few), load_policy(), now=NOW) == ()
