"""The key file as Kubernetes mounts it: root's, readable by the group of the pod."""

import os
from types import SimpleNamespace

import pytest

from osteon.deid import keys
from osteon.domain import RefusedError


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    keys.create_key(path)
    return path


def test_a_key_of_our_own_that_the_group_can_read_is_refused(key_file):
    key_file.chmod(0o640)
    with pytest.raises(RefusedError, match="chmod 600"):
        keys.load_key(key_file)


@pytest.mark.parametrize(("mode", "accepted"), [(0o440, True), (0o400, True), (0o444, False), (0o460, False)])
def test_a_mounted_key_may_be_read_by_the_group_of_the_pod_and_by_nobody_else(
    key_file, monkeypatch, mode, accepted
):
    key_file.chmod(mode)
    owner = key_file.stat().st_uid
    monkeypatch.setattr(keys, "os", SimpleNamespace(**{**vars(os), "geteuid": lambda: owner + 1}))
    if accepted:
        assert keys.load_key(key_file)
    else:
        with pytest.raises(RefusedError):
            keys.load_key(key_file)
