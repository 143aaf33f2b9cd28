"""Plans of synthetic studies hold together for any seed and number."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.dicom.synthetic.identity import identity_of
from osteon.dicom.synthetic.plan import plan_study
from osteon.dicom.synthetic.report import write_report


@given(seed=st.integers(0, 2**31), number=st.integers(0, 20_000))
@settings(max_examples=150, deadline=None)
def test_a_plan_depends_on_seed_and_number_alone_and_is_coherent(seed: int, number: int) -> None:
    plan = plan_study(seed, number)
    assert plan == plan_study(seed, number)
    assert plan.birth < plan.day
    assert plan.root <= plan.number
    assert (plan.bone_age_months is None) or 12 <= plan.bone_age_months <= 216
    assert (plan.kl_grade is not None) == (plan.region == "knee")
    assert plan.fracture is None or plan.exam == "trauma"
    if plan.exam == "bone-age":
        assert -1 <= plan.age_years <= 19
    draft = write_report(plan, identity_of(plan))
    for start, end, _label in draft.spans:
        assert draft.text[start:end].strip() == draft.text[start:end] != ""
