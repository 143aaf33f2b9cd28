"""When a model must not answer."""

from __future__ import annotations

import numpy as np

from osteon.domain import Task
from osteon.models.abstention import Reason, body_part_reason, modality_reason, picture_reason
from osteon.models.familiarity import Familiarity, fit_familiarity


def test_a_leg_is_no_knee_and_an_unknown_part_may_be_one() -> None:
    assert body_part_reason(Task.KNEE_OA, "leg") is Reason.BODY_PART
    assert body_part_reason(Task.KNEE_OA, "KNEE") is None
    assert body_part_reason(Task.KNEE_OA, "unknown") is None
    assert body_part_reason(Task.KNEE_OA, None) is None


def test_a_slice_of_a_ct_is_no_radiograph_and_a_converted_picture_may_be_one() -> None:
    assert modality_reason("CT") is Reason.MODALITY
    assert modality_reason("MR") is Reason.MODALITY
    assert modality_reason("CR") is None
    assert modality_reason("unknown") is None


def test_a_hand_or_a_wrist_may_have_a_bone_age() -> None:
    assert body_part_reason(Task.BONE_AGE, "wrist") is None
    assert body_part_reason(Task.BONE_AGE, "ankle") is Reason.BODY_PART


def test_a_blank_and_a_tiny_picture_are_not_answered() -> None:
    blank = np.full((100, 100), 0.4, dtype=np.float32)
    assert picture_reason(blank, blank) is Reason.BLANK
    noise = np.random.default_rng(0).random((16, 100)).astype(np.float32)
    assert picture_reason(noise, noise) is Reason.TOO_SMALL


def test_a_picture_of_some_contrast_is_answered() -> None:
    noise = np.random.default_rng(0).random((64, 64)).astype(np.float32)
    assert picture_reason(noise, noise) is None


def test_far_features_are_unfamiliar_and_near_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(8, 8))
    familiarity = fit_familiarity(rng.normal(size=(400, 8)) @ mixing, rng.normal(size=(60, 8)) @ mixing)
    near = familiarity.reasons(rng.normal(size=(200, 8)) @ mixing)
    far = familiarity.reasons(rng.normal(size=(20, 8)) @ mixing + 60)
    assert sum(reason is not None for reason in near) <= 2
    assert all(reason is Reason.OUT_OF_DISTRIBUTION for reason in far)


def test_familiarity_comes_back_from_its_tensors() -> None:
    rng = np.random.default_rng(2)
    familiarity = fit_familiarity(rng.normal(size=(50, 4)), rng.normal(size=(10, 4)))
    again = Familiarity.from_tensors(familiarity.tensors())
    points = rng.normal(size=(5, 4))
    assert np.allclose(again.distance(points), familiarity.distance(points), rtol=1e-4)


def test_a_picture_of_a_few_grey_levels_is_poorly_exposed_and_borders_do_not_hide_it() -> None:
    fine = np.random.default_rng(0).random((80, 80)).astype(np.float32)
    coarse = np.floor(fine * 12) / 255
    assert picture_reason(coarse, fine) is Reason.EXPOSURE
    coarse[0, :40] = np.linspace(0, 1, 40)  # writing of many levels, one part in 160
    assert picture_reason(coarse, fine) is Reason.EXPOSURE
    assert picture_reason(np.floor(fine * 40) / 255, fine) is None


def test_every_reason_has_plain_words_and_a_french_sentence_for_the_report() -> None:
    from services.gateway.summary import _REASONS

    assert {reason.value for reason in Reason} == set(_REASONS)
    assert len({reason.words for reason in Reason}) == len(Reason)
    assert not any(word in reason.words for reason in Reason for word in ("_", "None"))
