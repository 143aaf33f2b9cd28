"""Keys and projects: versions of one master key, a key of its own for each project and purpose."""

import base64
import doctest
import importlib

import pytest

from osteon.deid.keys import KeyRing, MasterKey, ProjectKey, create_key, load_key, load_ring, rotate_key
from osteon.deid.pseudonyms import Pseudonymiser
from osteon.domain import OriginalId, RefusedError, UsageError

PATIENT = OriginalId("K77120934")


@pytest.fixture
def key_file(tmp_path):
    create_key(tmp_path / "key")
    return tmp_path / "key"


def patient(key):
    return Pseudonymiser(key).patient(PATIENT).value


def test_two_projects_of_one_key_file_share_no_secret_and_no_pseudonym(key_file):
    one, other = load_key(key_file, "hand"), load_key(key_file, "knee")
    assert one.secret != other.secret
    assert patient(one) != patient(other)
    assert not Pseudonymiser(other).owns(patient(one))


def test_a_project_key_does_not_tell_the_master_key(key_file):
    master = load_ring(key_file).versions[0].secret
    assert load_key(key_file).secret != master
    assert load_ring(key_file).subkey("audit", "osteon") != load_ring(key_file).subkey("crosswalk", "osteon")


def test_a_rotated_file_keeps_its_old_version_and_makes_new_pseudonyms(key_file):
    before = patient(load_key(key_file))
    assert rotate_key(key_file) == 2
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert patient(load_key(key_file)) != before
    assert patient(load_key(key_file, version=1)) == before
    assert (load_key(key_file).version, load_key(key_file, version=1).version) == (2, 1)
    assert [path.name for path in key_file.parent.iterdir()] == ["key"]


def test_a_file_of_before_there_were_versions_keeps_its_pseudonyms_even_after_rotation(tmp_path):
    secret = bytes(range(32))
    path = tmp_path / "old"
    path.write_text(f"osteon-pseudonym-key-v1\n{base64.b64encode(secret).decode()}\n")
    path.chmod(0o600)
    expected = patient(ProjectKey(secret))
    assert patient(load_key(path)) == expected
    rotate_key(path)
    assert patient(load_key(path, version=1)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "another file\n",
        "osteon-pseudonym-keys-v2\n",
        "osteon-pseudonym-keys-v2\n1 hkdf\n",
        "osteon-pseudonym-keys-v2\n2 hkdf AAAA\n",
        "osteon-pseudonym-keys-v2\n1 rot13 " + base64.b64encode(bytes(32)).decode() + "\n",
        "osteon-pseudonym-keys-v2\n1 hkdf " + base64.b64encode(bytes(31)).decode() + "\n",
        "osteon-pseudonym-key-v1\nnot base64!\n",
    ],
)
def test_a_damaged_or_foreign_file_is_refused(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(RefusedError):
        load_key(path)


def test_a_version_that_the_file_lacks_is_bad_usage(key_file):
    with pytest.raises(UsageError):
        load_key(key_file, version=7)


def test_no_repr_shows_a_secret():
    secret = b"\x01secret-of-thirty-two-bytes-long"
    ring = KeyRing((MasterKey(1, "hkdf", secret),))
    assert "secret-of" not in repr(ring) + repr(ring.project_key("osteon"))


@pytest.mark.parametrize(
    "name", ["osteon.deid.keys", "osteon.deid.dry_run", "osteon.deid.release.bounds", "services.deid.callers"]
)
def test_the_examples_in_the_docstrings_hold(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
