"""Captions of labels: French, varied, true of their row, and silent about whom they must not tell."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from osteon.cli import app
from osteon.domain import RefusedError, Task, UsageError, fold
from osteon.pairs import sentences
from osteon.pairs.shard import read_shard
from tests.public_sets import draw, table
from training.datasets import PictureRow, PublicSet, label_captions, read_set
from training.datasets.phrases import PHRASES, TELLABLE, facts_of, read_phrases
from training.label_table import read_label_table, take_fraction

EVERYTHING = ("region", "laterality", "sex", "kl_grade", "bone_age_months")


@pytest.fixture
def knees(tmp_path: Path) -> PublicSet:
    rows = [["file", "patient", "side", "kl_grade"]]
    for number in range(120):
        draw(tmp_path / "knees" / f"k{number}.png", level=number)
        rows.append([f"k{number}.png", f"p{number // 2}", "LR"[number % 2], str(number // 2 % 5)])
    table(tmp_path / "knees" / "labels.csv", rows)
    return read_set(tmp_path / "knees")


@pytest.fixture
def hands(tmp_path: Path) -> PublicSet:
    rows = [["file", "sex", "bone_age_months"]]
    for number in range(60):
        draw(tmp_path / "hands" / "images" / f"h{number}.png", level=number)
        rows.append([f"images/h{number}.png", "MF"[number % 2], str(number * 3 + 1)])
    table(tmp_path / "hands" / "manifest.csv", rows)
    return read_set(tmp_path / "hands")


def said_of(label: str) -> set[str]:
    """Beginnings, up to a slot, of all that can be said of a label."""
    phrases = read_phrases().phrases
    return {line.split("{")[0] for one in phrases if one.label == label for line in one.sentences}


def names_it(text: str, label: str) -> bool:
    return any(start in text for start in said_of(label))


def test_no_pair_is_of_a_patient_whom_a_label_table_tests_or_validates_on(
    knees: PublicSet, hands: PublicSet
) -> None:
    captioned = {row.file.name for row in label_captions([knees, hands], tell=EVERYTHING).rows}
    for public_set, name, task in (
        (knees, "labels.csv", Task.KNEE_OA),
        (hands, "manifest.csv", Task.BONE_AGE),
    ):
        rows = read_label_table(public_set.root / name, task).rows
        kept = {row.path.name for row in rows if fold(row.key) > 1}
        assert kept == captioned & {row.path.name for row in rows}
        assert 0 < len(kept) < len(rows)


def test_what_a_set_itself_tests_on_is_in_no_pair(tmp_path: Path) -> None:
    rows = [["file", "patient", "split", "kl_grade"]]
    for number in range(40):
        draw(tmp_path / f"k{number}.png")
        rows.append([f"k{number}.png", f"p{number}", ("train", "val", "test", "odd")[number % 4], "1"])
    table(tmp_path / "labels.csv", rows)
    captioned = label_captions([read_set(tmp_path)], tell=["kl_grade"]).rows
    assert captioned
    assert all(int(row.file.stem[1:]) % 4 == 0 for row in captioned)


def test_a_label_that_is_not_told_is_in_no_caption(knees: PublicSet, hands: PublicSet) -> None:
    rows = label_captions([knees, hands], tell=("region", "laterality", "sex", "bone_age_months")).rows
    assert not any(names_it(row.text, "kl_grade") for row in rows)
    assert any(names_it(row.text, "bone_age_months") for row in rows)


def test_a_share_is_told_of_its_patients_alone_and_is_the_one_that_fine_tuning_takes(
    knees: PublicSet,
) -> None:
    rows = label_captions([knees], tell=EVERYTHING, shares={"kl_grade": 0.2}, seed=3).rows
    told = {row.patient for row in rows if names_it(row.text, "kl_grade")}
    labelled = read_label_table(knees.root / "labels.csv", Task.KNEE_OA).rows
    learnable = [row for row in labelled if fold(row.key) > 1]
    assert told == {row.key for row in take_fraction(learnable, 0.2, seed=3)}
    assert 0 < len(told) < len({row.patient for row in rows}) / 2


def test_a_patient_is_on_one_side_and_one_in_twenty_is_kept_for_figures(knees: PublicSet) -> None:
    rows = label_captions([knees], tell=["laterality"]).rows
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row.patient, set()).add(row.split)
    assert all(len(found) == 1 for found in sides.values())
    assert {split for found in sides.values() for split in found} <= {"train", "val"}


def test_the_same_seed_gives_the_same_words_and_another_gives_others(knees: PublicSet) -> None:
    first, again, other = (
        [row.text for row in label_captions([knees], tell=EVERYTHING, seed=seed).rows] for seed in (0, 0, 1)
    )
    assert first == again != other
    assert len(set(first)) > len(first) / 2


@given(
    grade=st.integers(0, 4),
    side=st.sampled_from(["L", "R", ""]),
    sex=st.sampled_from(["M", "F", ""]),
    months=st.integers(0, 240),
    seed=st.integers(0, 99),
)
def test_every_sentence_is_true_of_its_row(grade: int, side: str, sex: str, months: int, seed: int) -> None:
    row = PictureRow(
        file=Path("x.png"),
        patient="p",
        split="",
        sex=sex,
        laterality=side,
        labels={"kl_grade": float(grade), "bone_age_months": float(months)},
    )
    phrases = read_phrases()
    text = phrases.caption(row, EVERYTHING, np.random.default_rng(seed))
    lines = sentences(text)
    assert ("gauche" in text, "droit" in text) == (side == "L", side == "R")
    assert ("masculin" in text or "homme" in text, "féminin" in text or "femme" in text) == (
        sex == "M",
        sex == "F",
    )
    assert not any(f"grade {other} " in text for other in range(5) if other != grade)
    assert "{" not in text
    years = [line for line in lines if " ans" in line]
    assert all(str(months // 12) in line for line in years)
    assert len(lines) == 4 + bool(side) + bool(sex)  # region, age twice, grade


def test_each_grade_and_each_age_has_its_own_sentences() -> None:
    grades = [
        {
            line
            for one in read_phrases().phrases
            if one.label == "kl_grade" and one.tells(float(g))
            for line in one.sentences
        }
        for g in range(5)
    ]
    assert all(not grades[a] & grades[b] for a in range(5) for b in range(a))
    for months in range(241):
        telling = [
            one
            for one in read_phrases().phrases
            if one.label == "bone_age_months" and one.tells(float(months))
        ]
        assert len(telling) == 2


def test_unknown_labels_and_shares_of_what_is_not_told_are_refused(knees: PublicSet) -> None:
    with pytest.raises(UsageError):
        label_captions([knees], tell=["colour"])
    with pytest.raises(UsageError):
        label_captions([knees], tell=["laterality"], shares={"kl_grade": 0.1})
    with pytest.raises(RefusedError):
        label_captions([knees], tell=["fracture"])


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "regions: {}",
        "regions: {}\nphrases: [{label: colour, sentences: [Bleu.]}]",
        "regions: {}\nphrases: [{label: sex, sentences: []}]",
        "regions: {}\nphrases: [{label: sex, sentences: ['{name}.']}]",
        "regions: {}\nphrases: [{label: sex, sentences: ['{']}]",
        "regions: {}\nphrases: [{label: sex, sentence: [Homme.], sentences: [Homme.]}]",
        "phrases: 3\nregions: {}",
    ],
)
def test_a_wrong_phrases_file_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(content)
    with pytest.raises(RefusedError):
        read_phrases(tmp_path / "p.yaml")


def test_the_shipped_phrases_put_every_label_in_several_ways() -> None:
    phrases = read_phrases(PHRASES).phrases
    assert {one.label for one in phrases} == set(TELLABLE)
    assert all(len(one.sentences) >= 2 for one in phrases)


def test_the_command_writes_shards_that_hold_the_captions(
    knees: PublicSet, hands: PublicSet, tmp_path: Path
) -> None:
    tell = [word for name in ("region", "sex", "kl_grade") for word in ("--tell", name)]
    folders = [str(knees.root), str(hands.root)]
    answer = CliRunner().invoke(
        app,
        [
            "data",
            "captions",
            *folders,
            *tell,
            "--share",
            "kl_grade=0.5",
            "-o",
            str(tmp_path / "pairs"),
            "--size",
            "32",
            "--workers",
            "1",
            "--json",
        ],
    )
    assert answer.exit_code == 0, answer.output
    records = [one for path in sorted((tmp_path / "pairs").glob("*.tar")) for one in read_shard(path)]
    expected = label_captions(
        [knees, hands], tell=["region", "sex", "kl_grade"], shares={"kl_grade": 0.5}
    ).rows
    assert {one.study: one.text for one in records} == {row.study: row.text for row in expected}
    assert not list((tmp_path / "pairs").glob("test-*"))


def test_a_share_without_a_part_is_bad_usage(knees: PublicSet, tmp_path: Path) -> None:
    answer = CliRunner().invoke(
        app,
        [
            "data",
            "captions",
            str(knees.root),
            "--tell",
            "kl_grade",
            "--share",
            "kl_grade",
            "-o",
            str(tmp_path / "x"),
        ],
    )
    assert answer.exit_code == 2


def test_real_captions_vary_and_leave_test_and_validation_patients_out(shared_data: Path) -> None:
    sets = [read_set(shared_data / name, name="table") for name in ("bone_age", "knee_kl")]
    rows = label_captions(sets, tell=EVERYTHING).rows
    with (shared_data / "knee_kl" / "manifest.csv").open(encoding="utf-8") as stream:
        patients = {row["patient"] for row in csv.DictReader(stream) if fold(row["patient"]) < 2}
    assert not patients & {row.patient for row in rows}
    assert len({row.text for row in rows}) > len(rows) / 3
    assert all(set(facts_of(row)) >= {"region"} for row in rows)
