"""Retrieval, separability and subgroups on features whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from osteon.domain import Task
from training.evaluation.cases import Case, read_cases
from training.evaluation.neighbours import precision_at, relevance, unit
from training.evaluation.separability import scatter, separability
from training.evaluation.subgroups import subgroups
from training.metrics import auroc

RNG = np.random.default_rng(0)


def test_precision_counts_right_answers_among_the_first_by_hand() -> None:
    facts = [("hand", "L"), ("hand", "L"), ("knee", "L"), ("hand", "R"), ("hand", "L")]
    right = relevance(facts[:1], facts)
    assert right.tolist() == [[True, True, False, False, True]]
    allowed = np.array([[False, True, True, True, True]])  # the first is the query's own picture
    score = np.array([[9.0, 0.5, 0.9, 0.1, 0.4]])
    found = [precision_at(score, right, allowed, rank, groups=["a"], draws=5) for rank in (1, 2, 3)]
    assert [one.precision for one in found] == pytest.approx([0.0, 0.5, 2 / 3])
    assert all(one.chance == 0.5 for one in found)


def test_random_scores_reach_chance_at_every_rank() -> None:
    facts = [(str(kind),) for kind in RNG.integers(0, 4, 300)]
    right, allowed = relevance(facts, facts), ~np.eye(300, dtype=bool)
    patients = [str(index) for index in range(300)]
    for rank in (1, 5, 20):
        one = precision_at(RNG.random((300, 300)), right, allowed, rank, groups=patients, draws=200)
        assert one.low is not None
        assert one.low <= one.chance + 0.01
        assert one.precision == pytest.approx(one.chance, abs=0.06)


def test_queries_without_a_right_answer_are_not_asked() -> None:
    right = np.array([[False, False], [True, False]])
    one = precision_at(np.zeros((2, 2)), right, np.ones((2, 2), bool), 1, groups=["a", "b"], draws=5)
    assert one.queries == 1


def test_separate_groups_are_told_and_shuffled_ones_are_not() -> None:
    value = np.repeat(["hand", "knee", "foot"], 60)
    centre = {"hand": (6, 0), "knee": (0, 6), "foot": (-6, -6)}
    feature = np.stack([RNG.normal(centre[one], 1.0) for one in value])
    patients = [str(index // 3) for index in range(180)]
    told = separability("region", feature, list(value), patients)
    mixed = separability("region", feature, list(RNG.permutation(value)), patients)
    assert told is not None
    assert mixed is not None
    assert told.silhouette > 0.6
    assert told.lda == pytest.approx(1.0, abs=0.05)
    assert mixed.silhouette < 0.05
    assert mixed.lda == pytest.approx(1 / 3, abs=0.15)


def test_one_group_alone_or_groups_too_small_have_no_measure() -> None:
    feature = RNG.normal(size=(20, 3))
    assert separability("region", feature, ["hand"] * 20, ["a"] * 20) is None
    assert separability("region", feature, ["hand"] * 15 + ["knee"] * 5, ["a"] * 20) is None


def test_the_scatter_of_one_seed_is_one_scatter() -> None:
    feature = RNG.normal(size=(40, 6))
    assert np.array_equal(scatter(feature, seed=1), scatter(feature, seed=1))
    assert scatter(feature).shape == (40, 2)


def _cases(count: int) -> list[Case]:
    facts = {"sex": "F", "site": "north", "age_band": "", "device": "", "region": "hand"}
    cases = [
        Case(path=Path(f"{n}.png"), key=f"p{n // 2}", facts=facts | {"sex": "FM"[n % 2]})
        for n in range(count)
    ]
    return [
        Case(path=one.path, key=one.key, facts={**one.facts, "site": "south"}) if n < 6 else one
        for n, one in enumerate(cases)
    ]


def test_subgroups_have_their_own_figure_and_small_ones_none() -> None:
    count = 200
    truth = (np.arange(count) // 2 % 2).astype(float)
    score = np.clip(0.3 * truth + RNG.random(count) * 0.7, 0, 1)
    found, gaps = subgroups(
        Task.FRACTURE, truth, score, _cases(count), least_rows=20, least_of_class=5, draws=60
    )
    by_name = {(one.fact, one.group): one for one in found}
    women = np.arange(count) % 2 == 0
    assert by_name["sex", "F"].figure == pytest.approx(auroc(truth[women], score[women]))
    assert by_name["sex", "F"].rows == 100
    small = by_name["site", "south"]
    assert (small.rows, small.figure, small.low, small.sensitivity) == (None, None, None, None)
    assert ("age_band", "not known") not in by_name
    assert [gap.fact for gap in gaps] == ["sex"]
    pair = by_name["sex", "F"].figure, by_name["sex", "M"].figure
    assert gaps[0].gap == pytest.approx(max(pair) - min(pair))  # type: ignore[type-var, operator]


def test_a_large_group_with_one_answer_alone_is_withheld_too() -> None:
    truth = np.array([0.0] * 97 + [1.0] * 3)
    found, _ = subgroups(
        Task.FRACTURE, truth, RNG.random(100), _cases(100), least_rows=20, least_of_class=5, draws=10
    )
    assert all(one.figure is None for one in found)


def test_cases_know_what_their_table_says_and_nothing_else(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(
        "file;patient;hospital;laterality;age_years;fracture;kl_grade;bone_age_months\n"
        "a.png;p1;north;L;8;1;;96\nb.png;p2;south;R;;;3;\n",
        encoding="utf-8",
    )
    first, second = read_cases(table).values()
    assert first.facts["finding"] == "fracture=1"
    assert (first.facts["age_band"], second.facts["age_band"]) == ("5-9", "")
    assert (second.facts["finding"], second.facts["site"]) == ("kl_grade=3", "south")
    assert first.facts["device"] == ""


def test_unit_rows_have_norm_one_and_zero_stays_zero() -> None:
    rows = unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert rows.tolist() == [[0.6, 0.8], [0.0, 0.0]]
