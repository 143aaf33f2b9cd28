"""The synthetic hospitals: plans, anatomy, reports, messages."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date

import hl7
import numpy as np
import pytest
from pypdf import PdfReader

from osteon.dicom.synthetic import growth, hand
from osteon.dicom.synthetic.draft import Draft, Named
from osteon.dicom.synthetic.identity import identity_of, social_security_number
from osteon.dicom.synthetic.instance import french_side, quantise, uid
from osteon.dicom.synthetic.letter import letter_pdf
from osteon.dicom.synthetic.oru import report_message
from osteon.dicom.synthetic.phrases import NO_FRACTURE_END
from osteon.dicom.synthetic.picture import build_scene, draw_view
from osteon.dicom.synthetic.plan import StudyPlan, plan_study
from osteon.dicom.synthetic.report import write_report, years_and_months
from osteon.dicom.synthetic.wear import wear
from osteon.dicom.synthetic.wrist import carpals

PLANS = [plan_study(17, number) for number in range(300)]


def _first(condition: str) -> StudyPlan:
    tests = {
        "fracture": lambda p: p.fracture is not None,
        "clean": lambda p: p.exam == "trauma" and p.fracture is None,
        "knee": lambda p: p.region == "knee",
        "bone age": lambda p: p.exam == "bone-age",
        "inverted": lambda p: p.device.monochrome1,
        "window": lambda p: p.device.window,
    }
    return next(plan for plan in PLANS if tests[condition](plan))


def test_each_hospital_has_its_share_of_studies_and_one_is_held_out() -> None:
    hints = {plan.hospital.key: plan.hospital.split_hint for plan in PLANS}
    assert hints == {"nord": "in", "sud": "in", "ouest": "held_out"}
    assert Counter(plan.hospital.key for plan in PLANS) == {"nord": 120, "sud": 120, "ouest": 60}


def test_regions_come_in_the_planned_mix() -> None:
    counts = Counter(plan.region for plan in (plan_study(3, number) for number in range(2000)))
    for region, share in {"hand": 0.35, "knee": 0.25, "forearm": 0.2, "ankle": 0.2}.items():
        assert counts[region] / 2000 == pytest.approx(share, abs=0.05)


def test_treatment_and_age_are_the_same_with_and_without_a_fracture() -> None:
    plans = [plan for plan in (plan_study(3, number) for number in range(3000)) if plan.exam == "trauma"]
    broken, whole = ([p for p in plans if (p.fracture is not None) is flag] for flag in (True, False))
    assert 0.38 < len(broken) / len(plans) < 0.52
    for fact in (
        lambda p: p.cast is not None,
        lambda p: p.implant is not None,
        lambda p: p.bone_age_months is not None,
        lambda p: p.sex == "F",
    ):
        shares = [np.mean([fact(plan) for plan in group]) for group in (broken, whole)]
        assert abs(shares[0] - shares[1]) < 0.07


def test_a_patient_seen_again_keeps_identity_side_and_finding() -> None:
    again = [plan for plan in PLANS if plan.visit]
    assert again
    for plan in again:
        first = next(other for other in PLANS if other.number == plan.root)
        mine, theirs = identity_of(plan), identity_of(first)
        assert (mine.dicom_name, mine.nir, mine.ipp, mine.birth) == (
            theirs.dicom_name,
            theirs.nir,
            theirs.ipp,
            theirs.birth,
        )
        assert (plan.laterality, plan.region, plan.fracture) == (
            first.laterality,
            first.region,
            first.fracture,
        )
        assert plan.day > first.day
        assert mine.accession != theirs.accession


def test_carpal_bones_appear_in_their_order() -> None:
    order = ["capitate", "hamate", "triquetrum", "lunate", "scaphoid", "trapezium", "trapezoid", "pisiform"]
    ages = [growth.CARPAL_APPEARANCE[name] for name in order]
    assert ages == sorted(ages)
    assert [bone.name for bone in carpals(50, np.random.default_rng(0))] == [
        "lunate",
        "triquetrum",
        "capitate",
        "hamate",
    ]
    assert len(carpals(200, np.random.default_rng(0))) == 8


def test_girls_are_ahead_of_boys_of_the_same_skeletal_age() -> None:
    assert all(growth.maturity(months, "F") > growth.maturity(months, "M") for months in range(12, 217, 12))


def test_growth_plates_are_open_in_a_child_and_closed_in_an_adult() -> None:
    child = {bone.name for bone in hand.hand(110, np.random.default_rng(1)).bones}
    adult = {bone.name for bone in hand.hand(400, np.random.default_rng(1)).bones}
    assert sum(name.endswith("-epiphysis") for name in child) >= 19
    assert not any(name.endswith("-epiphysis") for name in adult)
    bones = {f"{kind}-{ray}" for kind in ("metacarpal", "proximal", "distal") for ray in range(1, 6)} | {
        f"middle-{ray}" for ray in range(2, 6)
    }
    assert bones <= adult


def test_joint_space_falls_and_osteophytes_grow_with_the_grade() -> None:
    states = [wear(grade, np.random.default_rng(0)) for grade in range(5)]
    spaces, spurs = [min(state.space) for state in states], [max(state.spur) for state in states]
    assert spaces == sorted(spaces, reverse=True)
    assert spurs == sorted(spurs)


def test_a_cut_opens_a_gap_in_every_view_of_a_fracture() -> None:
    plan = next(p for p in PLANS if p.fracture and p.fracture.kind == "transverse" and len(p.views) == 2)
    for view in plan.views:
        broken = [bone for bone in build_scene(plan, view).bones if bone.cuts]
        assert {bone.name for bone in broken} == set(plan.fracture.bones)  # type: ignore[union-attr]
        assert all(cut.gap > 0 for bone in broken for cut in bone.cuts)


@pytest.mark.parametrize("condition", ["inverted", "window"])
def test_stored_values_stay_inside_the_bits_of_the_device(condition: str) -> None:
    plan = _first(condition)
    pixels = quantise(draw_view(plan, "face", ()), plan)
    assert pixels.values.max() < 1 << plan.device.bits
    assert 1200 <= max(pixels.values.shape) <= 1700


def test_the_same_study_is_drawn_twice_alike() -> None:
    plan = _first("fracture")
    assert np.array_equal(draw_view(plan, "face", ()).grey, draw_view(plan, "face", ()).grey)


@pytest.mark.parametrize("plan", PLANS[:120], ids=lambda plan: plan.study_key)
def test_the_report_says_what_the_truth_says(plan: StudyPlan) -> None:
    text = write_report(plan, identity_of(plan)).text
    wrong = {"gauche": "droit", "droite": "gauche", "droit": "gauche"}[french_side(plan)]
    clinical = text[text.index("RADIOGRAPHIE") :]
    assert french_side(plan) in clinical.lower()
    assert f" {wrong}" not in clinical.lower()
    assert all(heading in text for heading in plan.hospital.style.headings)
    conclusion = text[text.index(plan.hospital.style.headings[3]) :]
    if plan.fracture is not None:
        assert "Fracture" in conclusion
        assert not any(phrase in conclusion for phrase in NO_FRACTURE_END)
    elif plan.exam == "trauma":
        assert any(phrase in conclusion for phrase in NO_FRACTURE_END)
    if plan.exam == "bone-age":
        assert years_and_months(plan.bone_age_months or 0) in conclusion
    if plan.kl_grade is not None:
        assert any(f"{word} {plan.kl_grade}" in conclusion for word in ("Lawrence", "grade"))
    assert ("plaque" in text.lower() or "broch" in text.lower()) == (plan.implant is not None)


def test_every_identity_in_a_report_is_marked_where_it_stands() -> None:
    for plan in PLANS[:100]:
        who = identity_of(plan)
        draft = write_report(plan, who)
        marked = "".join(
            " " if any(a <= k < b for a, b, _ in draft.spans) else char for k, char in enumerate(draft.text)
        )
        assert not [value for value in who.strings() if value in marked]
        assert {label for _, _, label in draft.spans} >= {
            "NOM",
            "DATE",
            "DATE_NAISSANCE",
            "IPP",
            "HOPITAL",
            "RPPS",
            "AGE",
        }


def test_a_draft_knows_the_offsets_of_its_slots() -> None:
    draft = Draft()
    draft.line(
        "M. {nom} vu le {date}", {"nom": Named("NOM", "Le Guennec"), "date": Named("DATE", "1er mai 2022")}
    )
    assert [(draft.text[a:b], label) for a, b, label in draft.spans] == [
        ("Le Guennec", "NOM"),
        ("1er mai 2022", "DATE"),
    ]


def test_the_social_security_number_has_a_valid_key() -> None:
    number = social_security_number("F", date(2010, 5, 24), np.random.default_rng(0))
    assert len(number) == 15
    assert number.startswith("21005")
    assert int(number[13:]) == 97 - int(number[:13]) % 97


def test_the_message_parses_back_to_the_report() -> None:
    plan = _first("knee")
    who = identity_of(plan)
    text = write_report(plan, who).text + "a|b^c&d~e\\f\n"
    message = hl7.parse(report_message(plan, who, text))
    assert str(message.segment("MSH")[12]) == "2.5"
    assert str(message.segment("PID")[3]).startswith(who.ipp)
    body = str(message.segments("OBX")[0][5])
    lines = [message.unescape(line) for line in body.split("\\.br\\")]
    assert "\n".join(lines) == text


def test_the_letter_holds_the_report() -> None:
    plan = _first("fracture")
    text = write_report(plan, identity_of(plan)).text
    read = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(letter_pdf(text, "x"))).pages)
    assert "".join(read.split()) == "".join(text.split())


def test_uids_are_valid_and_differ() -> None:
    made = {uid(plan, "instance", 1) for plan in PLANS}
    assert len(made) == len(PLANS)
    assert all(
        len(value) <= 64 and value.startswith("2.25.") and not value.startswith("2.25.0") for value in made
    )
