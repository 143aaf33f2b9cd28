"""The synthetic acceptance in its short form: every step from DICOM files to figures, on a few studies."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.accept_01_synthetic import SHORT, figures


@pytest.mark.slow
def test_a_sample_goes_through_every_stage_and_a_second_run_does_nothing_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given two samples of the synthetic hospitals,
    # when they go through de-identification, pairs, pretraining, fine-tuning and evaluation,
    found = figures(SHORT, tmp_path)
    # then every figure of the acceptance is there, of the held-out hospital,
    assert set(found["held_out"]) == {"fracture", "bone-age", "knee-oa"}
    assert all(result["n"] > 0 for result in found["held_out"].values())
    assert set(found["label_fraction"]["fracture"]) >= {"random", "pretrained", "mean_gain"}
    assert len(found["done"]) == 6
    # no study of that hospital taught anything,
    assert found["studies"]["train"] > 0
    # and the same run again finds everything made.
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("manifest.json")}
    assert figures(SHORT, tmp_path) == found
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("manifest.json")} == before
