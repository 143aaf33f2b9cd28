"""The recogniser, and the limits that a package's own pictures set for it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.foreign import drawn, radiographs, scans
from benchmarks.foreign.proper import real_files
from osteon.dicom import read_picture
from osteon.models.abstention import Reason
from osteon.models.looks import Looks, fit_looks
from osteon.models.recogniser import EMBEDDING, KINDS, LIMBS, SIDE, Recognition, recognisable, recognise

KNEE, CHEST, PAGE = KINDS.index("knee"), KINDS.index("chest"), KINDS.index("document")


def recognition(kinds: list[int], *, sure: float = 0.99, spread: float = 1.0, at: float = 0.0) -> Recognition:
    probability = np.full((len(kinds), len(KINDS)), (1 - sure) / (len(KINDS) - 1))
    probability[np.arange(len(kinds)), kinds] = sure
    vector = at + spread * np.random.default_rng(0).normal(size=(len(kinds), EMBEDDING))
    return Recognition(probability=probability, vector=vector)


def knees(count: int = 400) -> Looks:
    looks = fit_looks(recognition([KNEE] * count))
    assert looks is not None
    return looks


def test_a_package_lets_its_own_pictures_pass() -> None:
    found = knees().reasons(recognition([KNEE] * 50))
    assert found.count(None) >= 49


def test_what_is_no_limb_is_refused_by_what_it_is() -> None:
    assert knees().reasons(recognition([CHEST, PAGE])) == [Reason.BODY_PART, Reason.MODALITY]


def test_a_limb_that_was_never_trained_on_is_another_body_part() -> None:
    assert knees().reasons(recognition([LIMBS.index("hand")])) == [Reason.BODY_PART]


def test_an_unsure_part_is_not_refused_for_its_part() -> None:
    probability = np.zeros((1, len(KINDS)))
    probability[0, [KNEE, LIMBS.index("ankle")]] = 0.45, 0.55
    unsure = Recognition(probability=probability, vector=recognition([KNEE]).vector)
    assert knees().reasons(unsure) == [None]


def test_a_vector_far_from_all_training_pictures_is_unlike_them() -> None:
    assert knees().reasons(recognition([KNEE], at=30)) == [Reason.OUT_OF_DISTRIBUTION]


def test_a_package_of_pictures_that_the_recogniser_does_not_know_refuses_less_and_answers_its_own() -> None:
    looks = fit_looks(recognition([CHEST] * 400))  # shoulders may look like chests to it
    assert looks is not None
    assert looks.reasons(recognition([CHEST] * 20)) == [None] * 20
    assert looks.foreign_limit > knees().foreign_limit


def test_limits_come_back_from_their_tensors_and_older_packages_have_none() -> None:
    looks = knees()
    again = Looks.from_tensors(looks.tensors())
    assert again is not None
    some = recognition([KNEE, CHEST, LIMBS.index("forearm")])
    assert again.reasons(some) == looks.reasons(some)
    assert Looks.from_tensors({}) is None
    assert fit_looks(recognition([KNEE] * 7)) is None


def test_the_shipped_recogniser_gives_the_same_for_one_picture_and_for_many() -> None:
    rng = np.random.default_rng(3)
    squares = np.stack([recognisable(radiographs.chest(rng)) for _ in range(4)])
    assert squares.shape == (4, SIDE, SIDE)
    together = recognise(squares)
    alone = recognise(squares[2:3])
    assert np.array_equal(together.probability[2:3], alone.probability)
    assert together.probability.sum(axis=1) == pytest.approx(1)
    assert recognise(squares[:0]).probability.shape == (0, len(KINDS))


@pytest.mark.parametrize(
    "drawer", [radiographs.chest, scans.scan, drawn.page, drawn.table, drawn.noise, drawn.blank]
)
def test_the_shipped_recogniser_knows_what_is_no_limb(drawer) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(99)
    seen = recognise(np.stack([recognisable(drawer(rng)) for _ in range(40)]))
    assert (seen.foreign > 0).sum() >= 38


@pytest.mark.parametrize("part", ["hand", "knee"])
def test_the_shipped_recogniser_knows_real_limbs(part: str) -> None:
    files = real_files(part, test=True)
    if not files:
        pytest.skip("the shared real pictures are not here")
    seen = recognise(np.stack([recognisable(read_picture(path)) for path in files[:: len(files) // 60][:60]]))
    assert (seen.foreign < 0).mean() >= 0.95
    assert (seen.probability.argmax(axis=1) == LIMBS.index(part)).mean() >= 0.9
