"""Real conformance images: every one is read or refused, and the readable ones are right."""

from __future__ import annotations

import math
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from osteon.dicom import read_dataset, read_picture, stored_pixels

EXTREMITY = ["J2KI", "J2KR", "JLSL", "JLSN", "JPLL", "JPLY", "RLE", "UNC"]
LOSSY = {"J2KI", "JLSN", "JPLY"}
TOP = 1023
MEMORY = 2 * 2**30
PROGRAM = """
import sys
from osteon.dicom import read_header, read_picture
from osteon.domain.errors import RefusedError
for read in (read_picture, read_header):
    try:
        read(sys.argv[1])
        print("read")
    except RefusedError as refusal:
        assert refusal.need and refusal.got and refusal.next_step
        print("refused:", refusal)
"""


@pytest.mark.parametrize("name", EXTREMITY)
def test_the_extremity_image_is_the_same_in_every_encoding(shared_data: Path, name: str) -> None:
    folder = shared_data / "dicom" / "extremity"
    reference = stored_pixels(read_dataset(folder / "RG3_UNC.dcm")).astype(np.int64)
    found = stored_pixels(read_dataset(folder / f"RG3_{name}.dcm")).astype(np.int64)
    assert found.shape == reference.shape
    if name not in LOSSY:
        np.testing.assert_array_equal(found, reference)
        return
    error = float(np.mean((found - reference) ** 2))
    assert 10 * math.log10(TOP**2 / error) >= 40
    shown = read_picture(folder / f"RG3_{name}.dcm").pixels
    assert np.abs(shown - read_picture(folder / "RG3_UNC.dcm").pixels).mean() < 0.01


def test_the_extremity_image_comes_out_bone_bright_with_its_facts(shared_data: Path) -> None:
    found = read_picture(shared_data / "dicom" / "extremity" / "RG3_UNC.dcm")
    # The tibial shaft against the air beside the leg: stored as MONOCHROME1, so inverted once.
    assert found.pixels[600:700, 830:860].mean() > found.pixels[600:700, 480:520].mean() + 0.2
    assert (found.body_part, found.view, found.voi) == ("leg", "ap", "window")
    assert found.patient_orientation == ("R", "F")


def test_every_damaged_or_foreign_file_is_read_or_refused(shared_data: Path) -> None:
    files = sorted((shared_data / "dicom").glob("malformed/*")) + sorted(
        (shared_data / "dicom").glob("charsets/*")
    )
    assert len(files) == 23
    answers = {}
    for path in files:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path)],
            capture_output=True,
            text=True,
            timeout=30,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        assert done.returncode == 0, (path.name, done.stderr[-500:])
        assert not done.stderr, path.name
        answers[path.stem] = done.stdout.splitlines()[0]
    assert sum(answer == "read" for answer in answers.values()) == 16
    for name in ("GH178", "GH179B", "GH223", "GH487", "GH626", "chrJapMultiExplicitIR6", "chrSQEncoding1"):
        assert "PixelData" in answers[name]
