"""The crosswalk: nothing readable on the disk, an answer for whoever has the key and gives a reason."""

import pytest

from osteon.deid.keys import create_key, rotate_key
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.deid.reidentification import reidentify
from osteon.deid.vault import Vault, VaultPlace
from osteon.domain import FaultError, OriginalId, Pseudonym, RefusedError, UsageError

NUMBER, UID, ACCESSION = OriginalId("K77120934"), OriginalId("1.2.840.77120934.1"), OriginalId("ACC20240098")


@pytest.fixture
def key_file(tmp_path):
    create_key(tmp_path / "secret" / "key")
    return tmp_path / "secret" / "key"


def opened(tmp_path, key_file, project="osteon"):
    return Vault.open(VaultPlace.of(tmp_path / "vault", key_file, project))


def filled(vault):
    notes = {}
    maker = Pseudonymiser(vault.key, "nord", notes)
    made = (maker.patient(NUMBER), maker.uid(UID), maker.accession(ACCESSION), maker.study(UID))
    vault.crosswalk.record(notes)
    return made


def test_every_pseudonym_leads_back_to_its_original(tmp_path, key_file):
    vault = opened(tmp_path, key_file)
    made = filled(vault)
    found = [vault.crosswalk.find(one) for one in made]
    assert [entry.original for entry in found] == [NUMBER, UID, ACCESSION, UID]
    assert [entry.kind for entry in found] == ["patient", "uid", "accession", "study"]
    assert vault.crosswalk.count() == 4


def test_recording_twice_changes_nothing(tmp_path, key_file):
    vault = opened(tmp_path, key_file)
    filled(vault)
    filled(vault)
    assert vault.crosswalk.count() == 4


def test_no_byte_of_the_vault_tells_an_original_or_a_pseudonym(tmp_path, key_file):
    vault = opened(tmp_path, key_file)
    made = filled(vault)
    vault.engine.dispose()
    for path in (tmp_path / "vault").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for value in (NUMBER, UID, ACCESSION, *made):
                assert value.value.encode() not in content, path.name


def test_another_project_of_the_same_key_finds_nothing(tmp_path, key_file):
    made = filled(opened(tmp_path, key_file))
    assert all(opened(tmp_path, key_file, "knee").crosswalk.find(one) is None for one in made)


def test_another_key_opens_nothing(tmp_path, key_file):
    filled(opened(tmp_path, key_file))
    create_key(tmp_path / "other")
    with pytest.raises(FaultError):
        list(opened(tmp_path, tmp_path / "other").crosswalk.entries())


def test_a_second_pass_over_pseudonyms_records_nothing(tmp_path, key_file):
    vault = opened(tmp_path, key_file)
    made = filled(vault)
    notes = {}
    maker = Pseudonymiser(vault.key, "nord", notes)
    maker.patient(OriginalId(made[0].value))
    maker.uid(OriginalId(made[1].value))
    maker.study(OriginalId(made[1].value))
    assert notes == {}


def test_after_rotation_old_pseudonyms_are_known_and_lead_to_new_ones(tmp_path, key_file):
    old = filled(opened(tmp_path, key_file))
    rotate_key(key_file)
    vault = opened(tmp_path, key_file)
    mapping = dict(vault.crosswalk.carry_forward())
    assert set(mapping) == set(old)
    assert mapping[old[0]] == Pseudonymiser(vault.key, "nord").patient(NUMBER)
    for before, after in mapping.items():
        assert before != after
        assert vault.crosswalk.find(before).original == vault.crosswalk.find(after).original
    assert dict(vault.crosswalk.carry_forward()) == mapping
    assert vault.crosswalk.count() == 8


def test_a_row_moved_to_another_place_does_not_open(tmp_path, key_file):
    import sqlalchemy as sa

    vault = opened(tmp_path, key_file)
    made = filled(vault)
    with vault.engine.begin() as connection:
        rows = connection.execute(sa.text("SELECT seq, sealed FROM deid_crosswalk")).all()
        connection.execute(
            sa.text("UPDATE deid_crosswalk SET sealed = :sealed WHERE seq = :seq"),
            {"sealed": rows[1].sealed, "seq": rows[0].seq},
        )
    with pytest.raises(FaultError):
        vault.crosswalk.find(made[0])


def test_reidentification_is_recorded_with_person_and_reason_and_no_original(tmp_path, key_file):
    vault = opened(tmp_path, key_file)
    made = filled(vault)
    found = reidentify(vault, made[0].value, person="A. Person", reason="incidental finding to be told")
    assert found.original == NUMBER
    entry = list(vault.audit.entries())[-1]
    assert (entry["event"], entry["person"]) == ("reidentified", "A. Person")
    assert entry["facts"]["pseudonym"] == made[0].value
    assert NUMBER.value not in str(entry)


def test_what_was_never_made_is_refused_and_recorded(tmp_path, key_file):
    vault = opened(tmp_path, key_file)
    with pytest.raises(RefusedError):
        reidentify(vault, Pseudonym("P123").value, person="A. Person", reason="curious about it")
    assert list(vault.audit.entries())[-1]["event"] == "reidentification_refused"


def test_nobody_without_a_name_or_a_reason_is_answered_and_no_identity_goes_into_the_trail(
    tmp_path, key_file
):
    vault = opened(tmp_path, key_file)
    made = filled(vault)
    for person, reason in (("", "a good reason"), ("A. Person", ""), ("A. Person", "it is acc20240098, yes")):
        with pytest.raises(UsageError):
            reidentify(vault, made[2].value, person=person, reason=reason)
    assert list(vault.audit.entries()) == []
