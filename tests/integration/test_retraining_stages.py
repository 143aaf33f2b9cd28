"""The stages of a retraining: what is gathered, and a run that is killed at every step and goes on."""

import csv
import json
from datetime import timedelta

import pytest

import pipelines.ledger
from osteon.domain import RefusedError, Task, is_test_row
from pipelines import gate_stage, stages
from pipelines.gather import gather
from pipelines.lineage import champion_package
from tests.retraining_parts import as_text, make_archive, make_features, make_registry, now, patient, request


class Killed(BaseException):
    """What stands for SIGKILL: nothing catches it."""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    folder, moment = tmp_path_factory.mktemp("hospital"), now()
    make_archive(folder)
    make_features(folder / "features", moment)
    make_registry(folder / "registry")
    return folder, moment


def run_gather(folder, moment, workspace, **more):
    return gather(
        str(folder / "pairs"), str(workspace), task="fracture", request=as_text(request(moment, **more)),
        features=str(folder / "features"), frozen=str(folder / "frozen"),
    )  # fmt: skip


def table(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_fresh_are_the_pictures_of_the_changed_site_and_frozen_the_first_test_rows(hospital, tmp_path):
    folder, moment = hospital
    run_gather(folder, moment, tmp_path)
    fresh = table(tmp_path / "gathered" / "fresh.csv")
    assert {row["hospital"] for row in fresh} == {"north"}
    assert len(fresh) == 30
    frozen = table(tmp_path / "gathered" / "frozen.csv")
    assert frozen
    assert all(is_test_row(row["patient"]) for row in frozen)
    assert all((tmp_path / "gathered" / row["file"]).is_file() for row in (*fresh, *frozen))


def test_events_that_came_after_the_request_are_not_gathered(hospital, tmp_path):
    folder, moment = hospital
    with pytest.raises(RefusedError, match="got 0"):
        run_gather(folder, moment - timedelta(days=1), tmp_path)


def test_a_site_that_sent_nothing_has_nothing_fresh(hospital, tmp_path):
    folder, moment = hospital
    with pytest.raises(RefusedError, match="labelled pictures"):
        run_gather(folder, moment, tmp_path, sites=("south",))


def test_pictures_without_a_policy_of_deidentification_are_refused(hospital, tmp_path):
    _, moment = hospital
    folder = make_archive(tmp_path / "other")
    text = (folder / "pairs" / "manifest.json").read_text()
    (folder / "pairs" / "manifest.json").write_text(text.replace('"policy_hash": "p"', '"policy_hash": null'))
    with pytest.raises(RefusedError, match="de-identified under a policy"):
        run_gather(folder, moment, tmp_path / "run")


def test_a_label_table_that_was_changed_by_hand_is_refused(hospital, tmp_path):
    _, moment = hospital
    folder = make_archive(tmp_path / "other")
    with (folder / "pairs" / "labels.csv").open("a") as stream:
        stream.write("images/0.png,x,north,,,,,,1\n")
    with pytest.raises(RefusedError, match="label table"):
        run_gather(folder, moment, tmp_path / "run")


def whole_run(folder, moment, workspace):
    place, registry = str(workspace), str(folder / "registry")
    shared = {"task": "fracture", "registry": registry, "project": "osteon", "actor": "tests"}
    run_gather(folder, moment, workspace)
    encoder = champion_package(registry, "osteon", "fracture")
    stages.finetune(f"{place}/gathered", encoder, place, task="fracture", recipe="tiny")
    stages.evaluate(f"{place}/models/fracture", f"{place}/gathered", place, task="fracture")
    stages.register(f"{place}/models/fracture", f"{place}/evaluation/fracture", place, **shared)
    return gate_stage.gate(f"{place}/models/fracture", f"{place}/gathered", place, **shared)


def test_a_run_killed_after_the_work_of_every_stage_goes_on_and_registers_one_version(
    hospital, tmp_path, monkeypatch
):
    folder, moment = hospital
    registry = stages.open_registry(str(folder / "registry"), "osteon")
    before = {version.version for version in registry.list(Task.FRACTURE)}
    write, died = pipelines.ledger.write_text, []

    def die_once_a_stage(uri, text):
        if uri not in died:
            died.append(uri)
            raise Killed
        write(uri, text)

    monkeypatch.setattr(pipelines.ledger, "write_text", die_once_a_stage)
    for _ in range(5):
        with pytest.raises(Killed):
            whole_run(folder, moment, tmp_path)
    _, decision = whole_run(folder, moment, tmp_path)
    assert len(died) == 5
    (new,) = {version.version for version in registry.list(Task.FRACTURE)} - before
    # Sixty pictures are too few to show anything: the gate says so, and no alias moves.
    assert not decision["passed"]
    assert any("40 patients or more" in reason for reason in decision["reasons"])
    assert registry.in_production("challenger") == {}
    assert registry.gate_of(Task.FRACTURE, new) == json.loads(json.dumps(decision))
    leakage = [one for one in decision["findings"] if one["rule"] == "leakage"]
    assert leakage
    assert all(one["passed"] for one in leakage)
    learned_from = registry.lineage.subjects(
        Task.FRACTURE, next(v.digest for v in registry.list(Task.FRACTURE) if v.version == new)
    )
    assert learned_from == {patient(i) for i in range(60) if not is_test_row(patient(i))}
    assert all(stage.reused for stage in [whole_run(folder, moment, tmp_path)[0]])
