"""Keys and pseudonyms."""

import pytest

from osteon.deid import ProjectKey, Pseudonymiser, create_key, load_key
from osteon.domain import OriginalId, RefusedError, UsageError
from tests.identified_instances import KEY, PSEUDONYMISER


def test_a_key_is_written_for_its_owner_alone_and_never_overwritten(tmp_path):
    path = tmp_path / "key"
    create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError):
        create_key(path)
    assert load_key(path).secret != load_key_of_another(tmp_path).secret


def load_key_of_another(folder):
    create_key(folder / "other")
    return load_key(folder / "other")


def test_a_damaged_or_missing_key_is_refused(tmp_path):
    (tmp_path / "key").write_text("osteon-pseudonym-key-v1\n!!!\n")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(RefusedError):
        load_key(tmp_path / "key")
    with pytest.raises(UsageError):
        load_key(tmp_path / "absent")


def test_a_key_and_its_errors_never_show_the_secret():
    assert "redacted" in repr(KEY)
    assert KEY.secret.hex() not in repr(KEY) + str(KEY)


def test_pseudonyms_keep_the_form_that_dicom_asks_for():
    assert len(PSEUDONYMISER.accession(OriginalId("ACC 1")).value) <= 16
    uid = PSEUDONYMISER.uid(OriginalId("1.2.3")).value
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
    assert int(uid[5:]) < 2**128


def test_a_number_is_one_patient_however_it_is_padded_or_cased():
    first = PSEUDONYMISER.patient(OriginalId(" ab12 "))
    assert first == PSEUDONYMISER.patient(OriginalId("AB12"))


def test_two_projects_and_two_sites_cannot_be_linked():
    other_project = Pseudonymiser(ProjectKey(KEY.secret, "other"), "nord")
    other_site = Pseudonymiser(KEY, "sud")
    number = OriginalId("4711")
    assert len({p.patient(number).value for p in (PSEUDONYMISER, other_project, other_site)}) == 3


def test_the_date_shift_is_whole_weeks_into_the_past():
    shifts = {PSEUDONYMISER.days(OriginalId(str(n))) for n in range(300)}
    assert all(days < 0 and days % 7 == 0 for days in shifts)
    assert len(shifts) > 100


def test_known_answers_do_not_change_between_versions():
    assert PSEUDONYMISER.patient(OriginalId("K77120934")).value == PATIENT
    assert PSEUDONYMISER.uid(OriginalId("1.2.840.1")).value == UID
    assert PSEUDONYMISER.days(OriginalId("K77120934")) == DAYS


PATIENT = "P2X9P1JCGWHNNKVP6"
UID = "2.25.231360330079984020796549175309044557746"
DAYS = -1022
