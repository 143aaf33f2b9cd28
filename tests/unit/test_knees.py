"""One film of both knees: it is told from one knee, cut between the legs, and its sides are the patient's."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osteon.dicom import read_picture
from osteon.dicom.knees import both_knees, split_knees
from osteon.dicom.picture import Picture


def leg(rows=120, columns=80, bright=0.8):
    """A bright column with soft edges on a dark ground."""
    across = np.abs(np.linspace(-1, 1, columns, dtype=np.float32))
    return np.tile(bright * np.clip(1.3 - 1.6 * across, 0, 1), (rows, 1)).astype(np.float32)


def film(*legs, **facts):
    return Picture(pixels=np.hstack(legs), **facts)


BOTH = film(leg(bright=0.9), leg(bright=0.7), body_part="knee")


def test_two_legs_side_by_side_are_both_knees_and_one_leg_is_not():
    assert both_knees(BOTH)
    assert both_knees(replace(BOTH, body_part="unknown"))
    assert not both_knees(film(leg(), body_part="knee"))
    assert not both_knees(film(leg(rows=60, columns=120), body_part="knee"))


@pytest.mark.parametrize("facts", [{"laterality": "left"}, {"view": "lateral"}, {"body_part": "hand"}])
def test_what_the_header_says_against_it_counts(facts):
    assert not both_knees(replace(BOTH, **facts))


def test_the_right_knee_is_on_the_left_of_the_film_unless_the_header_turns_it():
    right, left = split_knees(BOTH)
    assert (right.laterality, left.laterality) == ("right", "left")
    assert right.pixels.max() > left.pixels.max()
    right, left = split_knees(replace(BOTH, patient_orientation=("R", "F")))
    assert right.pixels.max() < left.pixels.max()


@given(st.integers(40, 200), st.integers(40, 90), st.integers(40, 90))
def test_the_cut_lies_between_the_legs_and_loses_no_column(rows, first, second):
    both = film(leg(rows, first), leg(rows, second))
    right, left = split_knees(both)
    assert np.array_equal(np.hstack([right.pixels, left.pixels]), both.pixels)
    assert abs(right.pixels.shape[1] - first) <= 0.15 * (first + second)


@pytest.mark.parametrize("pixels", [np.zeros((64, 128)), np.ones((64, 128)), np.zeros((1, 2))])
def test_a_picture_without_legs_is_none_of_both_knees(pixels):
    assert not both_knees(Picture(pixels=pixels.astype(np.float32)))


def test_real_knees_put_side_by_side_are_told_from_real_single_ones(shared_data):
    knees = shared_data / "knee_kl"
    pairs = defaultdict(dict)
    with (knees / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            pairs[row["patient"]].setdefault(row["side"], knees / row["file"])
    both = [[read_picture(pair[side]).pixels for side in "RL"] for pair in pairs.values() if len(pair) == 2]
    films = [film(*pair) for pair in both[-100:]]
    assert sum(map(both_knees, films)) >= 94  # 96: in the others the legs touch
    # Cut to the shape of a film of both, which the single ones of this set never have.
    wide = [film(one[30:-30]) for pair in both[-100:] for one in pair]
    assert sum(map(both_knees, wide)) <= 6
