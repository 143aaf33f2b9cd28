"""What a synthetic version makes is frozen: a change of output needs a new SYNTHETIC_VERSION and new goldens.

Text is compared by its digest; pictures by small thumbnails with a tolerance, because floating point may
differ in the last digits between processors. After a wanted change, with the version raised:

    python -m tests.golden.test_synthetic_version
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from osteon.dicom.synthetic import SYNTHETIC_VERSION
from osteon.dicom.synthetic.identity import identity_of
from osteon.dicom.synthetic.instance import quantise, uid
from osteon.dicom.synthetic.oru import report_message
from osteon.dicom.synthetic.picture import draw_view
from osteon.dicom.synthetic.plan import plan_study
from osteon.dicom.synthetic.report import write_report

GOLDEN = Path(__file__).with_name("synthetic_version.json")
SEED = 2024
STUDIES = 60
DRAWN = (0, 1, 2, 3, 4, 5, 7, 8, 11, 13)


def text_digest() -> str:
    """SHA-256 of plans, reports, messages and UIDs of the first studies."""
    digest = hashlib.sha256()
    for number in range(STUDIES):
        plan = plan_study(SEED, number)
        who = identity_of(plan)
        draft = write_report(plan, who)
        facts = (
            plan.region,
            plan.laterality,
            plan.fracture_label,
            plan.kl_grade,
            plan.bone_age_months,
            plan.views,
            plan.device.key,
        )
        for part in (
            repr(facts),
            draft.text,
            repr(draft.spans),
            report_message(plan, who, draft.text),
            uid(plan, "study"),
        ):
            digest.update(part.encode())
    return digest.hexdigest()


def thumbnails() -> list[list[int]]:
    """Stored values of some pictures, eight by eight, scaled to a byte."""
    made = []
    for number in DRAWN:
        plan = plan_study(SEED, number)
        pixels = quantise(draw_view(plan, plan.views[-1], ()), plan)
        scaled: NDArray[np.float32] = pixels.values.astype(np.float32) * (255.0 / ((1 << pixels.bits) - 1))
        made.append(
            [
                round(float(value))
                for value in cv2.resize(scaled, (8, 8), interpolation=cv2.INTER_AREA).ravel()
            ]
        )
    return made


def test_the_text_of_this_version_is_unchanged() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["version"] == SYNTHETIC_VERSION
    assert golden["text"] == text_digest(), "output changed: raise SYNTHETIC_VERSION and write new goldens"


def test_the_pictures_of_this_version_are_unchanged() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    difference = np.abs(np.array(golden["thumbnails"]) - np.array(thumbnails()))
    assert difference.max() <= 2, "pictures changed: raise SYNTHETIC_VERSION and write new goldens"


if __name__ == "__main__":
    content = {"version": SYNTHETIC_VERSION, "text": text_digest(), "thumbnails": thumbnails()}
    GOLDEN.write_text(json.dumps(content) + "\n", encoding="utf-8")
