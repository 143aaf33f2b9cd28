"""Models change places in the server: nothing is loaded twice, and a replaced one leaves no memory behind."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from osteon.domain import Task
from osteon.registry import Registry
from services.model_server.answers import HttpError
from services.model_server.champions import Champions
from services.model_server.metrics import ServerMetrics
from tests.model_packages import HMAC_KEY, make_model_package
from tests.registries import new_registry

TASK = Task.FRACTURE


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("packages")
    return [make_model_package(folder / str(seed), "fracture", seed=seed) for seed in range(3)]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return new_registry(tmp_path / "registry")


@pytest.fixture
def give(registry: Registry, packages: list[Path]) -> Callable[..., str]:
    def promote(number: int, alias: str = "champion") -> str:
        version = registry.register(packages[number], TASK)
        registry.promote(TASK, version, alias, actor="tests", reason="a test")
        return version

    return promote


@pytest.fixture
def champions(registry: Registry) -> Champions:
    metrics = ServerMetrics(CollectorRegistry())
    return Champions(registry, hmac_key=HMAC_KEY, project="osteon", site="lyon", metrics=metrics)


def test_a_replaced_champion_is_freed_once_no_request_holds_it(
    champions: Champions, give: Callable[..., str]
) -> None:
    give(0)
    champions.refresh()
    under_way = champions.require(TASK)[0]
    replaced = weakref.ref(under_way.predictor)
    network = weakref.ref(under_way.predictor._engine)
    give(1)
    champions.refresh()
    assert champions.require(TASK)[0].predictor is not under_way.predictor
    assert replaced() is not None  # a request under way keeps its model
    del under_way
    champions.refresh()
    assert replaced() is None
    assert network() is None


def test_a_challenger_that_becomes_champion_is_not_loaded_a_second_time(
    champions: Champions, give: Callable[..., str]
) -> None:
    give(0)
    give(1, "challenger")
    champions.refresh()
    challenger = champions.production.challenger[TASK]
    give(1, "champion")
    champions.refresh()
    assert champions.current[TASK].predictor is challenger.predictor
    assert not champions.production.challenger  # a model is not compared with itself
    (served,) = champions.served("champion")
    assert served.aliases == ("champion", "challenger")


def test_a_withdrawn_challenger_is_gone_and_a_champion_cannot_be_withdrawn(
    champions: Champions, give: Callable[..., str], registry: Registry
) -> None:
    from osteon.domain import UsageError

    give(0)
    give(1, "challenger")
    champions.refresh()
    gone = weakref.ref(champions.production.challenger[TASK].predictor)
    row = registry.withdraw(TASK, "challenger", actor="m.martin", reason="compared")
    assert (row.action, row.from_version, row.to_version, row.actor) == ("withdraw", "2", "", "m.martin")
    champions.refresh()
    assert gone() is None
    assert not champions.served("challenger")
    assert registry.in_production("challenger") == {}
    with pytest.raises(UsageError):
        registry.withdraw(TASK, "champion", actor="m.martin", reason="no")
    with pytest.raises(UsageError):
        registry.rollback(TASK, "challenger", actor="m.martin", reason="nothing to go back to")


def test_a_challenger_that_cannot_be_loaded_leaves_the_champion_alone(
    champions: Champions, give: Callable[..., str], registry: Registry
) -> None:
    give(0)
    give(1, "challenger")
    weights = registry.get(TASK, "challenger").path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    champions.refresh()
    assert TASK in champions.current
    assert not champions.production.challenger
    refused = champions._metrics.challenger_reloads.labels("fracture", "refused")
    assert refused._value.get() == 1


def test_nobody_is_answered_by_some_champions_while_others_still_load(
    champions: Champions, give: Callable[..., str], registry: Registry, tmp_path: Path
) -> None:
    """What was seen after a kill: a picture got its bone age alone, as if that were every answer."""
    give(0)
    folder = make_model_package(tmp_path / "bone-age", "bone-age")
    registry.promote(Task.BONE_AGE, registry.register(folder, Task.BONE_AGE), actor="tests", reason="a test")
    put, seen = champions._put, []

    def asked_in_between(*given: Any) -> None:
        put(*given)
        for task in (None, Task.FRACTURE, Task.BONE_AGE):
            with pytest.raises(HttpError) as caught:
                champions.require(task)
            seen.append(caught.value.status)

    champions._put = asked_in_between  # type: ignore[method-assign]
    champions.refresh()
    assert seen == [503] * 6
    assert len(champions.require(None)) == 2
