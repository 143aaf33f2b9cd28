"""The benchmark of captions on real pictures, on drawn ones: what it sees, how it pairs, that it goes on."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.stats import ttest_rel

from benchmarks.real_pairs.paired import paired, summary
from benchmarks.real_pairs.plan import TABLES, TOLD, tiny
from benchmarks.real_pairs.run import Place, captions_of, encoder_package, finetune_one, labelled
from benchmarks.real_pairs.supervised import targets
from osteon.domain import Task, fold
from osteon.pairs.shard import read_shard
from tests.public_sets import table


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """60 hands and 60 knees; the brighter, the older or the worse."""
    folder = tmp_path_factory.mktemp("real_pairs")
    rng = np.random.default_rng(0)
    hands, knees = [["file", "sex", "bone_age_months"]], [["file", "patient", "side", "kl_grade"]]
    for number in range(60):
        hands.append([f"h{number}.png", "MF"[number % 2], str(number * 4)])
        knees.append([f"k{number}.png", f"p{number // 2}", "LR"[number % 2], str(number // 2 % 5)])
    for name, rows in (("bone_age", hands), ("knee_kl", knees)):
        table(folder / name / "manifest.csv", rows)
        for row in rows[1:]:
            noise = rng.integers(0, 40, (40, 40), dtype=np.uint8)
            noise[10:30, 10:30] += np.uint8(float(row[-1]) / 240 * 200)
            cv2.imwrite(str(folder / name / row[0]), noise)
    return Place(data=folder, work=folder / "work")


def test_no_pair_is_of_a_test_or_validation_patient_and_none_tells_the_label_that_is_tuned(
    place: Place,
) -> None:
    for task in TABLES:
        rows = captions_of(place, task).rows
        assert rows
        assert all(fold(row.patient) > 1 for row in rows)
        assert task.label_column not in TOLD[task]
        silent = (
            ("Kellgren", "ostéophyt", "arthrose") if task is Task.KNEE_OA else (" ans", " mois", "Squelette")
        )
        assert not any(word in row.text for row in rows for word in silent)


def test_supervised_pretraining_learns_from_the_told_labels_alone(place: Place) -> None:
    rows = captions_of(place, Task.KNEE_OA).rows
    found = {one.name: one for one in targets([row.study for row in rows], rows, TOLD[Task.KNEE_OA])}
    assert set(found) == set(TOLD[Task.KNEE_OA])
    months = [row.labels.get("bone_age_months", float("nan")) for row in rows]
    np.testing.assert_array_equal(found["bone_age_months"].labels, np.asarray(months, dtype=np.float32))
    assert found["sex"].labels.isnan().sum() == sum(not row.sex for row in rows)


def test_tuning_sees_no_test_row_and_rests_on_the_part_of_the_labels(place: Place) -> None:
    data = labelled(place, Task.KNEE_OA, tiny())
    assert {fold(row.key) for row in data.test.rows} == {0}
    assert {fold(row.key) for row in data.learned.rows} <= {2, 3, 4}
    some = data.learned_part(list(data.learned.rows[3:7]))
    np.testing.assert_array_equal(some.levels, data.learned.levels[3:7])
    np.testing.assert_array_equal(some.label, data.learned.label[3:7])


def test_a_run_is_made_once_from_its_encoder_and_summed_up_when_all_seeds_are_there(place: Place) -> None:
    plan = replace(tiny(), tasks=(Task.KNEE_OA,), samples={0.5: 16}, stages=((0.5, ("random", "captions")),))
    task, part = Task.KNEE_OA, 0.5
    data = labelled(place, task, plan)
    for arm in plan.arms(part):
        finetune_one(place, plan, data, task, part, arm, 0)
    assert summary(place, plan, task, data.test)["parts"]["0.5"]["absolute"] == {}
    manifest = place.encoder(task, "captions") / "manifest.json"
    before = manifest.stat().st_mtime_ns
    for arm in plan.arms(part):
        finetune_one(place, plan, data, task, part, arm, 1)
    assert manifest.stat().st_mtime_ns == before
    told = summary(place, plan, task, data.test)["parts"]["0.5"]
    assert set(told["absolute"]) == {"random", "captions"}
    assert set(told["paired"]) == {"captions - random"}
    record = json.loads(place.result(task, part, "captions", 0).read_text(encoding="utf-8"))
    assert len(record["answer"]) == len(data.test)
    assert record["rows"] + record["rows_calibrated"] < len(data.learned)
    shards = sorted((place.work / "pairs" / task.value).glob("*.tar"))
    assert all(fold(one.patient) > 1 for path in shards for one in read_shard(path))


def test_supervised_pretraining_gives_a_package_that_differs_from_its_start(place: Place) -> None:
    supervised = encoder_package(place, tiny(), Task.BONE_AGE, "supervised")
    images = place.encoder(Task.BONE_AGE, "images")
    assert (supervised / "model.safetensors").read_bytes() != (images / "model.safetensors").read_bytes()


def test_the_paired_test_is_scipys_and_knows_which_side_is_better() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 200, 80)
    worse = truth + rng.normal(0, 30, (5, 80))
    better = truth + rng.normal(0, 10, (5, 80))
    found = paired(Task.BONE_AGE, truth, better, worse, [str(number) for number in range(80)])
    error = [np.abs(truth - each).mean(axis=1) for each in (worse, better)]
    assert found["t_p"] == pytest.approx(ttest_rel(*error).pvalue, abs=1e-5)
    assert found["sign_p"] == 2 / 2**5
    assert 0 < found["low"] < found["mean"] < found["high"]
    same = paired(Task.BONE_AGE, truth, worse, worse, [str(number) for number in range(80)])
    assert (same["mean"], same["t_p"], same["sign_p"]) == (0, 1, 1)
