"""The registry keeps a gate's decision, refuses what it refused, and knows whom a model learned from."""

from pathlib import Path

import pytest

from osteon.domain import FaultError, RefusedError, Task, UsageError
from osteon.registry import Registry
from tests.registries import new_registry
from tests.unit.test_registry import WHO, make_package

REFUSED = {"passed": False, "policy_hash": "h", "reasons": ["leakage (fresh): needs 0, got 3"]}
HARM = {"time_utc": "2026-03-01T00:00:00+00:00", "loss": 0.5}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return new_registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def registry(template: Registry, request: pytest.FixtureRequest) -> Registry:
    """The same database under a project of its own."""
    return Registry(template.tracking_uri, f"p{abs(hash(request.node.name))}")


def two_versions(registry: Registry, tmp_path: Path) -> None:
    for content in "ab":
        registry.register(make_package(tmp_path / content, content), Task.FRACTURE)
    registry.promote(Task.FRACTURE, "1", **WHO)


def test_a_refused_version_is_promoted_only_by_somebody_who_answers_for_it(registry, tmp_path):
    two_versions(registry, tmp_path)
    registry.record_gate(Task.FRACTURE, "2", REFUSED)
    for alias in ("champion", "challenger"):
        with pytest.raises(RefusedError, match="leakage"):
            registry.promote(Task.FRACTURE, "2", alias, **WHO)
    assert registry.gate_of(Task.FRACTURE, "2") == REFUSED
    assert registry.promote(Task.FRACTURE, "2", despite_gate=True, **WHO).to_version == "2"


def test_a_version_that_passed_is_promoted_and_a_second_gate_replaces_the_first(registry, tmp_path):
    two_versions(registry, tmp_path)
    assert registry.gate_of(Task.FRACTURE, "2") is None
    registry.record_gate(Task.FRACTURE, "2", REFUSED)
    registry.record_gate(Task.FRACTURE, "2", {"passed": True, "policy_hash": "h", "reasons": []})
    assert registry.promote(Task.FRACTURE, "2", **WHO).to_version == "2"


def test_a_version_rolled_back_for_harm_does_not_come_back_by_itself(registry, tmp_path):
    two_versions(registry, tmp_path)
    registry.promote(Task.FRACTURE, "2", **WHO)
    registry.mark_harmful(Task.FRACTURE, "2", HARM)
    registry.rollback(Task.FRACTURE, **WHO)
    with pytest.raises(RefusedError, match="harm"):
        registry.promote(Task.FRACTURE, "2", **WHO)


def test_a_rollback_of_a_promotion_that_is_no_more_in_force_changes_nothing(registry, tmp_path):
    two_versions(registry, tmp_path)
    old = registry.in_production()[Task.FRACTURE].id
    registry.promote(Task.FRACTURE, "2", **WHO)
    with pytest.raises(UsageError):
        registry.rollback(Task.FRACTURE, only_from=old, **WHO)
    assert registry.in_production()[Task.FRACTURE].to_version == "2"
    new = registry.in_production()[Task.FRACTURE].id
    assert registry.rollback(Task.FRACTURE, only_from=new, **WHO).to_version == "1"


def test_the_models_that_learned_from_a_patient_are_listed_until_the_patient_is_forgotten(registry, tmp_path):
    package = make_package(tmp_path / "a")
    registry.register(package, Task.FRACTURE, subjects=["x", "y", "y"])
    (version,) = registry.list(Task.FRACTURE)
    assert registry.lineage.subjects(Task.FRACTURE, version.digest) == {"x", "y"}
    assert [one.digest for one in registry.lineage.models_of("x")] == [version.digest]
    assert registry.lineage.forget("x") == 1
    assert registry.lineage.models_of("x") == []
    assert registry.lineage.subjects(Task.FRACTURE, version.digest) == {"y"}
    assert Registry(registry.tracking_uri, "elsewhere").lineage.models_of("y") == []


def test_a_version_that_nobody_registered_is_a_fault_of_ours_and_not_of_mlflow(registry):
    with pytest.raises(FaultError, match="resource does not exist"):
        registry.gate_of(Task.FRACTURE, "9")
