"""The Predictor: the contract's answers, abstentions with their reason, no identifiers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from osteon.dicom import read_picture
from osteon.domain import UsageError, prediction_from_dict
from osteon.models import Predictor
from tests.model_packages import HMAC_KEY, make_model_package


def load(folder: Path, task: str = "bone-age", key: bytes = HMAC_KEY) -> Predictor:
    return Predictor.load(make_model_package(folder / task, task), hmac_key=key)


def draw(path: Path, seed: int = 0, size: int = 90) -> Path:
    cv2.imwrite(str(path), (np.random.default_rng(seed).random((size, size)) * 255).astype(np.uint8))
    return path


def test_an_answer_is_the_contract_with_an_interval_around_it(tmp_path: Path) -> None:
    prediction = load(tmp_path).predict([draw(tmp_path / "a.png")])[0]
    assert prediction.status == "answered"
    assert prediction.unit == "months"
    assert prediction.value is not None
    assert prediction.interval is not None
    assert prediction.interval.low <= prediction.value <= prediction.interval.high
    assert prediction_from_dict(prediction.as_dict()) == prediction
    assert prediction.research_use_only


def test_probabilities_of_grades_sum_to_one_and_a_regression_has_none(tmp_path: Path) -> None:
    picture = draw(tmp_path / "a.png")
    grade = load(tmp_path, "knee-oa").predict([picture])[0]
    assert sum(grade.probabilities.values()) == pytest.approx(1.0)
    assert sorted(grade.probabilities) == ["0", "1", "2", "3", "4"]
    assert grade.value in (0.0, 1.0, 2.0, 3.0, 4.0)
    assert load(tmp_path, "bone-age").predict([picture])[0].probabilities == {}


def test_a_yes_no_task_answers_with_its_probability_of_yes(tmp_path: Path) -> None:
    prediction = load(tmp_path, "fracture").predict([draw(tmp_path / "a.png")])[0]
    assert prediction.value == pytest.approx(prediction.probabilities["1"])
    assert prediction.interval is None


def test_answers_depend_on_the_picture_alone_not_on_its_neighbours(tmp_path: Path) -> None:
    predictor = load(tmp_path)
    pictures = [draw(tmp_path / f"{index}.png", index) for index in range(3)]
    together = [one.value for one in predictor.predict(pictures)]
    alone = [predictor.predict([picture])[0].value for picture in pictures]
    assert together == alone


def test_bytes_and_a_path_give_the_same_answer_and_digest(tmp_path: Path) -> None:
    predictor, path = load(tmp_path), draw(tmp_path / "a.png")
    by_path, by_bytes = predictor.predict([path])[0], predictor.predict([path.read_bytes()])[0]
    assert (by_path.value, by_path.input_hmac) == (by_bytes.value, by_bytes.input_hmac)


def test_the_digest_is_keyed(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.png")
    first = load(tmp_path, key=b"a" * 32).predict([path])[0].input_hmac
    second = load(tmp_path, key=b"b" * 32).predict([path])[0].input_hmac
    assert first != second
    with pytest.raises(UsageError, match="16 bytes"):
        load(tmp_path, key=b"short")


def test_what_is_no_picture_gets_an_abstention_in_its_place(tmp_path: Path) -> None:
    predictions = load(tmp_path).predict([b"no picture", draw(tmp_path / "a.png")])
    assert [one.status for one in predictions] == ["abstained", "answered"]
    assert predictions[0].reason == "picture_unreadable"


def test_a_blank_picture_is_not_answered(tmp_path: Path) -> None:
    path = tmp_path / "blank.png"
    cv2.imwrite(str(path), np.full((64, 64), 120, dtype=np.uint8))
    assert load(tmp_path).predict([path])[0].reason == "picture_blank"


def test_sex_is_taken_for_all_or_one_by_one(tmp_path: Path) -> None:
    predictor, path = load(tmp_path), draw(tmp_path / "a.png")
    both = predictor.predict([path, path], sex=["M", "F"])
    assert both[0].value == predictor.predict([path], sex="M")[0].value
    assert both[0].value != both[1].value
    with pytest.raises(UsageError, match="one sex"):
        predictor.predict([path], sex=["M", "F"])


def test_the_raw_answer_agrees_with_the_prediction(tmp_path: Path) -> None:
    predictor, path = load(tmp_path), draw(tmp_path / "a.png")
    prepared = predictor.prepare(read_picture(path))
    raw = predictor.answer(prepared[None], np.zeros(1, dtype=np.int64))
    assert predictor.predict([path])[0].value == pytest.approx(float(raw.value[0]), abs=1e-9)


def test_embeddings_have_unit_norm_and_the_dimension_of_their_space(tmp_path: Path) -> None:
    predictor = load(tmp_path)
    vectors = predictor.embed([draw(tmp_path / "a.png"), draw(tmp_path / "b.png", 1)])
    assert vectors.dtype == np.float32
    assert vectors.shape == (2, predictor.embedding_space.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_a_path_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load(tmp_path).predict([tmp_path / "none.png"])
