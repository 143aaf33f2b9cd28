"""`osteon up` lets its server search: an index of the run's own pairs, in the space of its own encoder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from osteon.cli.first_index import fill_index, search_settings
from osteon.cli.home import Home, open_home
from osteon.cli.services import choose_addresses, service_specs
from osteon.features.audit import AuditLog
from osteon.features.index import open_index
from osteon.pairs import build_pairs
from services.model_server.settings import Settings
from tests.deid_folder import write_deid_folder
from training.pretrain import pretrain


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = open_home(tmp_path_factory.mktemp("home"))
    build_pairs(write_deid_folder(home.scratch / "deid", 30), home.workspace / "pairs", size=64, workers=1)
    return home


def server_environment(home: Home) -> dict[str, str]:
    specs = service_specs(home, choose_addresses(home), ("nord", "sud"))
    return dict(next(spec for spec in specs if spec.name == "model_server").environment)


def test_the_server_is_told_of_encoder_and_index_once_there_are_some(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []
    fill_index(home, before_replacing=lambda: stopped.append(True))
    assert search_settings(home) == {}
    assert "OSTEON_SERVER_INDEX" not in server_environment(home)

    pretrain("tiny", home.workspace / "pairs", home.encoder, seed=1)
    fill_index(home, before_replacing=lambda: stopped.append(True))
    counts = open_index(str(home.index)).catalogue.counts()
    assert counts["picture"] > 0
    assert counts["sentence"] > 0
    assert [entry.action for entry in AuditLog(home.outbox).entries()] == ["index_built"]
    for name, value in server_environment(home).items():
        monkeypatch.setenv(name, value)
    told = Settings()
    assert (told.dual_package, told.index) == (home.encoder, str(home.index))

    before = (home.index / "manifest.json").stat().st_mtime_ns
    fill_index(home, before_replacing=lambda: stopped.append(True))
    assert (home.index / "manifest.json").stat().st_mtime_ns == before
    assert stopped == []

    shutil.rmtree(home.encoder)
    pretrain("tiny", home.workspace / "pairs", home.encoder, seed=2)
    old = _space(home.index)
    fill_index(home, before_replacing=lambda: stopped.append(True))
    assert stopped == [True]
    assert _space(home.index) != old
    assert open_index(str(home.index)).catalogue.counts() == counts


def _space(index: Path) -> str:
    state = open_index(str(index)).state()
    assert state is not None
    return state.space.name
