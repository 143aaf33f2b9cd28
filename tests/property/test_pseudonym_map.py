"""The maps of identifiers: injective, stable in every process, idempotent; intervals kept."""

import subprocess
import sys
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from osteon.deid.values import parse_da, shift_date
from osteon.domain import OriginalId
from tests.identified_instances import PSEUDONYMISER

UIDS = st.lists(st.integers(0, 10**12), min_size=2, max_size=8).map(
    lambda parts: "1.2." + ".".join(map(str, parts))
)


@given(st.sets(UIDS, min_size=2, max_size=60))
def test_no_two_uids_share_a_pseudonym(uids):
    mapped = {PSEUDONYMISER.uid(OriginalId(uid)).value for uid in uids}
    assert len(mapped) == len(uids)


@given(UIDS)
def test_a_second_pass_leaves_a_uid_as_it_is(uid):
    once = PSEUDONYMISER.uid(OriginalId(uid)).value
    assert PSEUDONYMISER.uid(OriginalId(once)).value == once


@given(st.text(min_size=1, max_size=40))
def test_a_second_pass_leaves_a_patient_as_it_is_and_shifts_nothing(number):
    once = PSEUDONYMISER.patient(OriginalId(number)).value
    assert PSEUDONYMISER.patient(OriginalId(once)).value == once
    assert PSEUDONYMISER.days(OriginalId(once)) == 0


@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)), st.integers(0, 9000), st.text(min_size=1, max_size=12))
def test_intervals_and_weekdays_are_kept(day, interval, number):
    days = PSEUDONYMISER.days(OriginalId(number))
    first = parse_da(shift_date(day.strftime("%Y%m%d"), days))
    second = parse_da(shift_date((day + timedelta(days=interval)).strftime("%Y%m%d"), days))
    assert (second - first).days == interval
    assert first.weekday() == day.weekday()


@settings(max_examples=1, deadline=None)
@given(st.just("1.2.840.99.7"))
def test_another_process_gives_the_same_map(uid):
    program = (
        "from tests.identified_instances import PSEUDONYMISER as p\n"
        "from osteon.domain import OriginalId as o\n"
        f"print(p.uid(o('{uid}')).value, p.patient(o('4711')).value, p.days(o('4711')))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    here = (PSEUDONYMISER.uid(OriginalId(uid)).value, PSEUDONYMISER.patient(OriginalId("4711")).value)
    assert said.split() == [*here, str(PSEUDONYMISER.days(OriginalId("4711")))]
