"""The registry: versions, aliases, history; packages that changed or hold code are refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import sqlalchemy as sa

from osteon.artefact import sha256_files, write_manifest
from osteon.domain import Manifest, RefusedError, Task, UsageError
from osteon.registry import Registry, verify_package
from tests.registries import new_registry

WHO = {"actor": "dr.test", "reason": "the validation of May"}


def make_package(folder: Path, content: str = "a") -> Path:
    folder.mkdir(parents=True)
    for name in ("model.safetensors", "config.json", "preprocess.json"):
        (folder / name).write_text(json.dumps({"content": content}))
    return list_files(folder)


def list_files(folder: Path) -> Path:
    names = [path.name for path in folder.iterdir() if path.name != "manifest.json"]
    write_manifest(folder, Manifest(stage="finetune", outputs=sha256_files(folder, names), parents=("p1",)))
    return folder


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return new_registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def registry(template: Registry, request: pytest.FixtureRequest) -> Registry:
    """The same database under a project of its own."""
    return Registry(template.tracking_uri, f"p{abs(hash(request.node.name))}")


def test_a_registered_package_comes_back_whole_by_its_alias(registry: Registry, tmp_path: Path) -> None:
    package = make_package(tmp_path / "package")
    version = registry.register(package, Task.FRACTURE, metrics={"auroc": 0.91})
    registry.promote(Task.FRACTURE, version, **WHO)
    model = registry.get(Task.FRACTURE)
    assert (model.version, model.alias, model.task) == (version, "champion", Task.FRACTURE)
    assert model.path != package
    assert verify_package(model.path) == verify_package(package)
    assert model.since_utc.endswith("+00:00")


def test_the_same_package_keeps_its_version(registry: Registry, tmp_path: Path) -> None:
    package = make_package(tmp_path / "package")
    assert registry.register(package, Task.KNEE_OA) == registry.register(package, Task.KNEE_OA)
    other = make_package(tmp_path / "other", "b")
    assert registry.register(other, Task.KNEE_OA) == "2"
    assert [each.version for each in registry.list(Task.KNEE_OA)] == ["2", "1"]


def test_the_lineage_of_a_version_stands_in_its_tags(registry: Registry, tmp_path: Path) -> None:
    registry.register(make_package(tmp_path / "package"), Task.BONE_AGE, parents=["p2"])
    (version,) = registry.list(Task.BONE_AGE)
    assert json.loads(version.tags["parents"]) == ["p1", "p2"]
    assert version.tags["code_version"]


def test_mlflow_and_the_history_name_the_same_champion(registry: Registry, tmp_path: Path) -> None:
    for content in "ab":
        version = registry.register(make_package(tmp_path / content, content), Task.FRACTURE)
        registry.promote(Task.FRACTURE, version, **WHO)
    registry.promote(Task.FRACTURE, "1", "shadow", **WHO)
    aliases = {each.version: each.aliases for each in registry.list(Task.FRACTURE)}
    assert aliases == {"2": ("champion",), "1": ("shadow",)}
    assert registry.in_production()[Task.FRACTURE].to_version == "2"
    assert registry.in_production("shadow")[Task.FRACTURE].to_version == "1"


def test_two_rollbacks_go_back_two_champions(registry: Registry, tmp_path: Path) -> None:
    for content in "abc":
        version = registry.register(make_package(tmp_path / content, content), Task.FRACTURE)
        registry.promote(Task.FRACTURE, version, **WHO)
    assert registry.rollback(Task.FRACTURE, **WHO).to_version == "2"
    assert registry.rollback(Task.FRACTURE, **WHO).to_version == "1"
    assert registry.get(Task.FRACTURE).version == "1"
    with pytest.raises(UsageError):
        registry.rollback(Task.FRACTURE, **WHO)
    actions = [(each.action, each.from_version, each.to_version) for each in registry.history(Task.FRACTURE)]
    assert actions[-2:] == [("rollback", "3", "2"), ("rollback", "2", "1")]
    assert {each.actor for each in registry.history()} == {"dr.test"}


def test_the_history_of_promotions_cannot_be_changed(registry: Registry, tmp_path: Path) -> None:
    registry.promote(
        Task.FRACTURE, registry.register(make_package(tmp_path / "a"), Task.FRACTURE), actor="me", reason="x"
    )
    engine = sa.create_engine(registry.tracking_uri)
    for statement in ("UPDATE osteon_promotion SET actor = 'another'", "DELETE FROM osteon_promotion"):
        with pytest.raises(sa.exc.IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(sa.text(statement))


def test_projects_do_not_see_each_other(registry: Registry, tmp_path: Path) -> None:
    registry.promote(
        Task.FRACTURE, registry.register(make_package(tmp_path / "a"), Task.FRACTURE), actor="me", reason="x"
    )
    other = Registry(registry.tracking_uri, "elsewhere")
    assert not other.list()
    assert not other.history()
    with pytest.raises(UsageError):
        other.get(Task.FRACTURE)


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("me", " ")])
def test_a_promotion_without_actor_or_reason_is_refused(
    registry: Registry, tmp_path: Path, actor: str, reason: str
) -> None:
    version = registry.register(make_package(tmp_path / "a"), Task.FRACTURE)
    with pytest.raises(UsageError):
        registry.promote(Task.FRACTURE, version, actor=actor, reason=reason)
    assert not registry.in_production()


def test_an_unknown_version_or_alias_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError):
        registry.promote(Task.FRACTURE, "9", **WHO)
    with pytest.raises(UsageError):
        registry.promote(Task.FRACTURE, "1", "winner", **WHO)


def test_a_package_changed_after_promotion_is_refused(registry: Registry, tmp_path: Path) -> None:
    version = registry.register(make_package(tmp_path / "a"), Task.FRACTURE)
    registry.promote(Task.FRACTURE, version, **WHO)
    (registry.get(Task.FRACTURE).path / "model.safetensors").write_text("changed")
    with pytest.raises(RefusedError):
        registry.get(Task.FRACTURE)


@pytest.mark.parametrize("name", ["weights.pkl", "weights.pt", "weights.PTH", "innocent.json"])
def test_a_package_with_a_pickle_is_refused(tmp_path: Path, name: str) -> None:
    package = make_package(tmp_path / "package")
    (package / name).write_bytes(pickle.dumps({"a": 1}, protocol=4))
    list_files(package)
    with pytest.raises(RefusedError, match="pickle"):
        verify_package(package)


def test_a_package_with_a_changed_missing_or_added_file_is_refused(tmp_path: Path) -> None:
    changed = make_package(tmp_path / "changed")
    (changed / "config.json").write_text("{}")
    missing = make_package(tmp_path / "missing")
    (missing / "preprocess.json").unlink()
    added = make_package(tmp_path / "added")
    (added / "more.json").write_text("{}")
    linked = make_package(tmp_path / "linked")
    (linked / "more.json").symlink_to(linked / "config.json")
    for package in (changed, missing, added, linked):
        with pytest.raises(RefusedError):
            verify_package(package)


def test_the_registry_talks_to_no_network(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    calls: list[object] = []
    connect = socket.socket.connect

    def record(self: socket.socket, address: object) -> None:
        calls.append(address)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", record)
    version = registry.register(make_package(tmp_path / "a"), Task.FRACTURE)
    registry.promote(Task.FRACTURE, version, **WHO)
    assert calls == []


def test_two_processes_may_make_a_registry_at_once(tmp_path: Path) -> None:
    import subprocess
    import sys

    from osteon.registry import registry_uri

    program = "import sys; from osteon.registry import Registry; print(len(Registry(sys.argv[1]).list()))"
    command = [sys.executable, "-c", program, registry_uri(tmp_path / "registry")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for process in started:
        out, err = process.communicate(timeout=200)
        assert (process.returncode, out) == (0, b"0\n"), err.decode()[-2000:]
