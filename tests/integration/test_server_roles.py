"""Champion, challenger and shadow on a running server: swaps, rollbacks, and what each role is asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from osteon.domain import Task
from osteon.registry import Registry
from tests.model_packages import make_model_package, promote_package
from tests.radiographs import cr_bytes, png_bytes
from tests.server_process import RunningServer, running_server, server_registry
from tests.server_requests import metric, predict, take_events


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("server")
    registry = server_registry(home)
    for task in ("fracture", "bone-age"):
        promote_package(registry, make_model_package(home / task, task), task)
    with running_server(home) as running:
        yield running


@pytest.fixture(scope="module")
def registry(server: RunningServer) -> Registry:
    return server_registry(server.home)


def wait_until(condition: Callable[[], Any], limit_s: float = 60.0) -> Any:
    end = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def models(server: RunningServer, role: str = "models") -> dict[str, dict[str, Any]]:
    with server.client as client:
        return {each["task"]: each for each in client.get("/v1/models").json()[role]}


def fracture(server: RunningServer) -> dict[str, Any]:
    (answer,) = predict(server, cr_bytes(10), task="fracture").json()["predictions"]
    return dict(answer)


def test_a_new_champion_answers_without_a_restart_and_a_rollback_undoes_it(
    server: RunningServer, registry: Registry
) -> None:
    before = fracture(server)
    folder = make_model_package(server.home / "fracture-new", "fracture", seed=1)
    version = promote_package(registry, folder, "fracture")
    wait_until(lambda: fracture(server)["model_version"] != before["model_version"])
    after = fracture(server)
    assert after["value"] != before["value"]
    served = models(server)["fracture"]
    assert (served["version"], served["aliases"]) == (version, ["champion"])
    assert served["since_utc"] == registry.in_production()[Task.FRACTURE].time_utc
    assert (served["approved_by"], served["reason"]) == ("tests", "a test")
    registry.rollback(Task.FRACTURE, actor="dr.martin", reason="the old one was better")
    wait_until(lambda: fracture(server)["model_version"] == before["model_version"])
    assert fracture(server)["value"] == pytest.approx(before["value"], abs=1e-6)
    assert models(server)["fracture"]["approved_by"] == "dr.martin"


def test_a_challenger_is_asked_in_shadow_and_answers_nobody(
    server: RunningServer, registry: Registry
) -> None:
    champion = models(server)["fracture"]
    folder = make_model_package(server.home / "challenger", "fracture", seed=2)
    version = registry.register(folder, Task.FRACTURE)
    registry.promote(Task.FRACTURE, version, "challenger", actor="tests", reason="to compare")
    wait_until(lambda: models(server, "challengers"))
    challenger = models(server, "challengers")["fracture"]
    assert (challenger["version"], challenger["aliases"]) == (version, ["challenger"])
    wait_until(lambda: metric(server, "osteon_server_shadow_waiting") == 0)
    take_events(server)
    recorded = metric(server, "osteon_server_shadows_total", outcome="recorded")
    subject = "P" + "0123456789ABCDEF"
    response = predict(server, cr_bytes(20), png_bytes(21), cr_bytes(20), subject=subject, site="lyon")
    answers = response.json()["predictions"]
    assert {each["model_version"] for each in answers if each["task"] == "fracture"} == {
        champion["model_version"]
    }
    assert challenger["model_version"] not in response.text
    wait_until(lambda: metric(server, "osteon_server_shadows_total", outcome="recorded") == recorded + 3)
    events = take_events(server)
    shadows = [event for event in events if event.role == "challenger"]
    answered = [event for event in events if event.role == "champion"]
    assert {event.event_id for event in answered} == {each["event_id"] for each in answers}
    assert [event.model_version for event in shadows] == [challenger["model_version"]] * 3
    assert len({event.request_id for event in events}) == 1
    for shadow in shadows:
        twins = [
            event
            for event in answered
            if (event.prediction.task, event.prediction.input_hmac)
            == (shadow.prediction.task, shadow.prediction.input_hmac)
        ]
        assert twins
        twin = twins[0]
        for name in ("site", "subject", "sex", "device", "view", "body_part", "age_band"):
            assert getattr(shadow, name) == getattr(twin, name)
        assert shadow.prediction.value != twin.prediction.value


def test_a_withdrawn_challenger_is_asked_no_more(server: RunningServer, registry: Registry) -> None:
    assert models(server, "challengers")
    registry.withdraw(Task.FRACTURE, "challenger", actor="tests", reason="compared")
    wait_until(lambda: not models(server, "challengers"))
    take_events(server)
    predict(server, cr_bytes(22))
    time.sleep(1.0)  # what must not happen has no end to wait for
    assert {event.role for event in take_events(server)} == {"champion"}


def test_no_request_is_lost_while_champions_change(server: RunningServer, registry: Registry) -> None:
    folder = make_model_package(server.home / "another", "fracture", seed=3)
    old = fracture(server)["model_version"]
    take_events(server)
    stop, answers, failures = threading.Event(), [], []

    def ask() -> None:
        while not stop.is_set():
            response = predict(server, cr_bytes(10), task="fracture")
            if response.status_code == 200:
                answers.extend(response.json()["predictions"])
            else:
                failures.append(response.text)

    def answers_with(version_is_old: bool) -> Callable[[], bool]:
        return lambda: bool(answers) and (answers[-1]["model_version"] == old) is version_is_old

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for _ in range(2):
        promote_package(registry, folder, "fracture")
        wait_until(answers_with(version_is_old=False))
        registry.rollback(Task.FRACTURE, actor="tests", reason="to change again")
        wait_until(answers_with(version_is_old=True))
    stop.set()
    for asker in askers:
        asker.join()
    assert not failures
    assert len({(each["model_version"], each["value"]) for each in answers}) == 2  # wholly of one model each
    recorded = sorted(event.event_id for event in take_events(server))
    assert recorded == sorted(each["event_id"] for each in answers)
