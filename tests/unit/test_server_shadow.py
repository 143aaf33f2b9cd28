"""The shadow's queue: bounded, behind the champions, and its failures are its own."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from osteon.dicom import read_picture
from osteon.features import Outbox
from osteon.models import Predictor
from osteon.registry import Promotion
from services.model_server.loading import LoadedModel
from services.model_server.metrics import ServerMetrics
from services.model_server.recorder import Recorder
from services.model_server.shadow import Shadow, ShadowTask
from services.model_server.upload import Upload
from tests.model_packages import HMAC_KEY, make_model_package
from tests.radiographs import cr_bytes

PICTURE = read_picture(cr_bytes(1))
PROMOTION = Promotion(
    project="osteon", task="fracture", alias="challenger", action="promote", from_version=None,
    to_version="2", package="p", digest="0" * 64, actor="tests", reason="a test",
    time_utc="2026-01-01T00:00:00+00:00",
)  # fmt: skip


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model_package(tmp_path_factory.mktemp("package") / "m", "fracture")


@pytest.fixture
def challenger(package: Path) -> LoadedModel:
    return LoadedModel(predictor=Predictor.load(package, hmac_key=HMAC_KEY), promotion=PROMOTION)


@pytest.fixture
def metrics() -> ServerMetrics:
    return ServerMetrics(CollectorRegistry())


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(f"sqlite:///{tmp_path}/outbox.db")


@pytest.fixture
def make(outbox: Outbox, metrics: ServerMetrics) -> Iterator[Callable[..., Shadow]]:
    made: list[Shadow] = []

    def build(most_waiting: int = 8, most_bytes: int = 2**30) -> Shadow:
        recorder = Recorder(outbox, hmac_key=HMAC_KEY, metrics=metrics)
        made.append(Shadow(recorder, metrics, most_waiting=most_waiting, most_bytes=most_bytes))
        return made[-1]

    yield build
    for each in made:
        each.close()


def task(challenger: Any, number: int = 0) -> ShadowTask:
    one = Upload(files=(b"a name is in it",), task=None, sex=None, site="lyon", subject=None)
    return ShadowTask(
        challenger=challenger, upload=one, picture=PICTURE, digest="1" * 64, request_id=f"request-{number}"
    )


def count(metrics: ServerMetrics, outcome: str) -> float:
    return metrics.shadows.labels("fracture", outcome)._value.get()


def wait_for(metrics: ServerMetrics, outcome: str, number: int) -> None:
    end = time.monotonic() + 30
    while count(metrics, outcome) < number:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_every_picture_becomes_one_event_of_the_challenger(
    make: Callable[..., Shadow], challenger: LoadedModel, metrics: ServerMetrics, outbox: Outbox
) -> None:
    shadow = make()
    shadow.start()
    for number in range(3):
        shadow.offer(task(challenger, number))
    wait_for(metrics, "recorded", 3)
    events = [each.event for each in outbox.claim()]
    assert [event.request_id for event in events] == ["request-0", "request-1", "request-2"]
    assert {(event.role, event.site, event.prediction.input_hmac) for event in events} == {
        ("challenger", "lyon", "1" * 64)
    }


def test_what_finds_no_room_is_dropped_and_counted_at_once(
    make: Callable[..., Shadow], challenger: LoadedModel, metrics: ServerMetrics
) -> None:
    by_count, by_bytes = make(most_waiting=2), make(most_bytes=int(PICTURE.pixels.nbytes * 1.5))
    for number in range(5):
        by_count.offer(task(challenger, number))
    assert count(metrics, "dropped") == 3
    for number in range(5):
        by_bytes.offer(task(challenger, number))
    assert count(metrics, "dropped") == 3 + 4


def test_no_challenger_begins_while_a_champion_is_at_work(
    make: Callable[..., Shadow], challenger: LoadedModel, metrics: ServerMetrics
) -> None:
    shadow = make()
    shadow.start()
    with shadow.standing_back():
        with shadow.standing_back():
            shadow.offer(task(challenger))
        time.sleep(0.3)
        assert count(metrics, "recorded") == 0
    wait_for(metrics, "recorded", 1)


def test_a_challenger_that_fails_is_counted_and_the_next_picture_is_asked(
    make: Callable[..., Shadow], challenger: LoadedModel, metrics: ServerMetrics
) -> None:
    broken: Any = type("Broken", (), {"promotion": PROMOTION})()  # it has no predictor at all
    shadow = make()
    shadow.start()
    shadow.offer(task(broken))
    shadow.offer(task(challenger))
    wait_for(metrics, "recorded", 1)
    assert count(metrics, "failed") == 1


def test_waiting_pictures_keep_no_upload_and_a_finished_one_keeps_no_model(
    make: Callable[..., Shadow], challenger: LoadedModel, metrics: ServerMetrics
) -> None:
    shadow = make()
    shadow.offer(task(challenger))
    assert [each.upload.files for each in shadow._queue] == [()]
    shadow.start()
    wait_for(metrics, "recorded", 1)
    copy = LoadedModel(predictor=challenger.predictor, promotion=challenger.promotion)
    shadow.offer(task(copy))
    wait_for(metrics, "recorded", 2)
    gone = weakref.ref(copy)
    del copy
    end = time.monotonic() + 5
    while gone() is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert gone() is None


def test_closing_drops_what_waits_and_ends_the_thread(
    make: Callable[..., Shadow], challenger: LoadedModel, metrics: ServerMetrics
) -> None:
    shadow = make()
    shadow.offer(task(challenger))
    shadow.close()
    shadow.offer(task(challenger))
    assert count(metrics, "dropped") == 2
    assert not [thread for thread in threading.enumerate() if thread.name == "shadow" and thread.is_alive()]
