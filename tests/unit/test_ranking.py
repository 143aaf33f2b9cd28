"""CUI@K on examples that can be worked by hand, and against loops."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.public_sets import roco
from training.datasets import read_set
from training.ranking import (
    best_candidates,
    concept_coverage_at,
    cui_at,
    expected_cui,
    expected_cui_of_others,
)

INF = float("inf")


def test_the_query_itself_is_no_result() -> None:
    score = torch.tensor([[-INF, 0.5], [0.5, -INF]])
    assert cui_at(score, [["C1"], ["C2"]], [["C1"], ["C2"]], 2) == 0
    assert concept_coverage_at(score, [["C1"], ["C2"]], [["C1"], ["C2"]], 2) == 0


def test_cui_is_the_share_of_the_querys_concepts_that_each_result_has() -> None:
    score = torch.tensor([[3.0, 2.0, 1.0]])
    queries, candidates = [["C1", "C2", "C3"]], [["C1", "C9"], ["C1", "C2"], ["C3"]]
    assert cui_at(score, queries, candidates, 1) == pytest.approx(1 / 3)
    assert cui_at(score, queries, candidates, 2) == pytest.approx((1 / 3 + 2 / 3) / 2)
    assert cui_at(score, queries, candidates, 3) == pytest.approx((1 / 3 + 2 / 3 + 1 / 3) / 3)
    assert cui_at(score, queries, candidates, 3) == pytest.approx(expected_cui(queries, candidates))
    assert [concept_coverage_at(score, queries, candidates, k) for k in (1, 2, 3)] == pytest.approx(
        [1 / 3, 2 / 3, 1]
    )


def test_a_query_without_concepts_is_left_out_and_repeats_count_once() -> None:
    score = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert cui_at(score, [[], ["C1", "C1"]], [["C1", "C1"], []], 1) == 1
    assert math.isnan(cui_at(score, [[], []], [["C1"], []], 1))


def test_equal_scores_are_taken_in_the_order_of_the_candidates() -> None:
    assert best_candidates(torch.zeros(1, 40), 5).tolist() == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize("k", [0, 3])
def test_a_k_beyond_the_candidates_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match="k from 1 to N"):
        best_candidates(torch.zeros(1, 2), k)
    with pytest.raises(ValueError, match="without NaN"):
        best_candidates(torch.full((1, 2), math.nan), 1)


SETS = st.lists(st.sampled_from(["C1", "C2", "C3", "C4"]), max_size=4)


@settings(deadline=None, max_examples=60)
@given(
    queries=st.lists(SETS, min_size=1, max_size=4),
    candidates=st.lists(SETS, min_size=2, max_size=6),
    seed=st.integers(0, 99),
    data=st.data(),
)
def test_the_vectorised_forms_equal_plain_loops(
    queries: list[list[str]], candidates: list[list[str]], seed: int, data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(candidates)))
    score = torch.rand(len(queries), len(candidates), generator=torch.Generator().manual_seed(seed))
    score[0, 0] = -INF
    each, union = [], []
    for number, own in enumerate(queries):
        order = sorted(range(len(candidates)), key=lambda n: -float(score[number, n]))[:k]
        found = [set(candidates[n]) if score[number, n] > -INF else set() for n in order]
        if own:
            each.append(sum(len(set(own) & one) / len(set(own)) for one in found) / k)
            union.append(len(set(own) & set().union(*found)) / len(set(own)))
    if each:
        assert cui_at(score, queries, candidates, k) == pytest.approx(sum(each) / len(each))
        assert concept_coverage_at(score, queries, candidates, k) == pytest.approx(sum(union) / len(union))


def test_chance_over_the_others_is_the_mean_over_all_that_may_be_found() -> None:
    concepts = [["C1"], ["C1", "C2"], [], ["C2", "C3"], ["C1", "C3"]]
    owners = ["a", "b", "a", "c", "b"]
    shares = [
        sum(len(set(own) & set(concepts[n])) / len(own) for n in others) / len(others)
        for number, own in enumerate(concepts)
        if own and (others := [n for n in range(5) if owners[n] != owners[number]])
    ]
    assert expected_cui_of_others(concepts, owners) == pytest.approx(sum(shares) / len(shares))
    with pytest.raises(ValueError, match="two owners"):
        expected_cui_of_others(concepts, ["a"] * 5)


def test_the_concepts_of_roco_are_what_cui_takes() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = read_set(roco(Path(folder))).rows
    concepts = [row.concepts for row in rows]
    score = torch.tensor([[0.0, 0.0, 1.0, 0.5]])  # the chest radiograph first, then the knee
    assert cui_at(score, [concepts[0]], concepts, 1) == 0.5  # plain X-ray of X-ray and wrist
    assert cui_at(score, [concepts[0]], concepts, 2) == 0.25
