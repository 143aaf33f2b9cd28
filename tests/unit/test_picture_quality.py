"""Numbers of exposure, noise and sharpness: each moves with its own fault, at any size and at little cost."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from monitoring.alterations import ALTERATIONS
from osteon.domain import PictureQuality, UsageError, quality_from_dict
from osteon.models.picture_quality import picture_quality


@pytest.fixture(scope="module")
def limb() -> np.ndarray:
    """Soft tissue and a bone on a nearly black ground, with some texture."""
    rng = np.random.default_rng(0)
    grey = np.full((300, 220), 0.06, np.float32)
    cv2.ellipse(grey, (110, 150), (80, 130), 0, 0, 360, 0.35, -1)
    cv2.ellipse(grey, (110, 150), (25, 120), 0, 0, 360, 0.7, -1)
    texture = cv2.GaussianBlur(rng.normal(0, 0.08, grey.shape).astype(np.float32), (0, 0), 1.5)
    return np.clip(cv2.GaussianBlur(grey, (0, 0), 1.2) + texture + 0.01, 0, 1)


def altered(limb: np.ndarray, name: str) -> PictureQuality:
    found = picture_quality(ALTERATIONS[name](limb, np.random.default_rng(1)))
    assert found is not None
    return found


def test_each_fault_moves_the_number_that_is_named_after_it(limb: np.ndarray) -> None:
    plain = picture_quality(limb)
    assert plain is not None
    assert altered(limb, "noise").noise > plain.noise + 0.3
    assert altered(limb, "low_exposure").noise > plain.noise + 0.3
    assert altered(limb, "blur").sharpness < plain.sharpness - 0.2
    assert altered(limb, "high_exposure").clipped > plain.clipped + 0.2
    assert altered(limb, "high_exposure").exposure < plain.exposure - 0.05
    assert abs(altered(limb, "noise").exposure - plain.exposure) < 0.02


def test_the_noise_of_a_picture_is_its_standard_deviation() -> None:
    rng = np.random.default_rng(2)
    found = picture_quality((0.5 + rng.normal(0, 0.02, (256, 256))).astype(np.float32))
    assert found is not None
    assert found.noise == pytest.approx(np.log10(0.02), abs=0.02)
    assert (found.exposure, found.contrast) == pytest.approx((0.5, 0.02), abs=0.002)


def test_what_has_no_quality_says_so() -> None:
    assert picture_quality(np.zeros((15, 400), np.float32)) is None
    assert picture_quality(np.full((40, 40), np.nan, np.float32)) is None
    flat = picture_quality(np.zeros((40, 40), np.float32))
    assert flat is not None
    assert (flat.clipped, flat.sharpness) == (1.0, 0.0)


def test_numbers_that_are_none_and_others_than_the_contracts_are_refused() -> None:
    for numbers in ({"exposure": 0.5}, dict.fromkeys(PictureQuality.__slots__, float("nan")), {"blue": 1.0}):
        with pytest.raises(UsageError):
            quality_from_dict(numbers)


def test_a_large_picture_takes_little_time() -> None:
    """2 ms are promised and 1 ms is usual; the bound leaves room for a machine that is busy."""
    large = np.random.default_rng(3).random((2500, 2000), dtype=np.float32)
    picture_quality(large)
    times = []
    for _ in range(20):
        started = time.process_time()
        picture_quality(large)
        times.append(time.process_time() - started)
    assert np.median(times) < 0.010
