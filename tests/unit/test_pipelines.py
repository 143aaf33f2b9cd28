"""The pipeline: stages that do no work twice, one graph that compiles the same every time."""

import doctest
import json
from pathlib import Path

import pytest
import yaml

import pipelines.ledger
import pipelines.storage
from osteon.artefact import write_manifest
from osteon.domain import Manifest, UsageError
from pipelines.ledger import run_stage, stage_key
from pipelines.progress import PROGRESS_FILE, stage_progress
from pipelines.run import compile_pipeline
from pipelines.storage import adding, join, reading, writing


class Work:
    """Counts how often a stage really works."""

    def __init__(self, content="1"):
        self.times = 0
        self.content = content

    def __call__(self, folder):
        self.times += 1
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.txt").write_text(self.content)
        manifest = Manifest(stage="x", outputs={"a.txt": self.content})
        write_manifest(folder, manifest)
        return manifest


def stage(uri, work, **settings):
    return run_stage("x", uri, inputs={"in": "0" * 64}, settings=settings, work=work)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(pipelines.storage).failed == 0
    assert doctest.testmod(pipelines.ledger).failed == 0


def test_a_stage_that_ran_on_the_same_input_does_no_work_again(tmp_path):
    work = Work()
    first = stage(str(tmp_path / "x"), work, seed=1)
    second = stage(str(tmp_path / "x"), work, seed=1)
    assert (work.times, first.reused, second.reused) == (1, False, True)
    assert first.digest == second.digest


def test_a_stage_runs_again_when_a_setting_changes(tmp_path):
    work = Work()
    stage(str(tmp_path / "x"), work, seed=1)
    stage(str(tmp_path / "x"), work, seed=2)
    assert work.times == 2


def test_a_stage_runs_again_when_its_artefact_lost_its_manifest(tmp_path):
    work = Work()
    stage(str(tmp_path / "x"), work)
    (tmp_path / "x" / "manifest.json").unlink()
    stage(str(tmp_path / "x"), work)
    assert work.times == 2


def test_a_stage_that_fails_half_way_leaves_no_claim_of_success(tmp_path):
    def fail(folder):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        stage(str(tmp_path / "x"), fail)
    work = Work()
    assert not stage(str(tmp_path / "x"), work).reused
    assert work.times == 1


def test_the_key_of_a_stage_depends_on_inputs_and_settings_and_not_on_their_order():
    assert stage_key("x", {"a": "1", "b": "2"}, {}) == stage_key("x", {"b": "2", "a": "1"}, {})
    assert stage_key("x", {"a": "1"}, {}) != stage_key("x", {"a": "2"}, {})
    assert stage_key("x", {"a": "1"}, {}) != stage_key("y", {"a": "1"}, {})


def test_an_artefact_behind_a_uri_comes_back_as_it_was(tmp_path):
    uri = f"memory://{tmp_path.name}/artefact"
    work = Work()
    run_stage("x", uri, inputs={}, settings={}, work=work)
    with reading(uri) as folder:
        assert (folder / "a.txt").read_text() == "1"
    assert run_stage("x", uri, inputs={}, settings={}, work=work).reused


def test_nothing_reaches_a_uri_when_the_block_fails(tmp_path):
    import fsspec

    uri = f"memory://{tmp_path.name}/broken"

    def write_half():
        with writing(uri) as folder:
            folder.mkdir()
            (folder / "a.txt").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert not fsspec.filesystem("memory").exists(join(uri, "a.txt"))


def test_several_add_to_one_folder_behind_a_uri(tmp_path):
    uri = f"memory://{tmp_path.name}/shared"
    for name in ("a", "b"):
        with adding(uri) as folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.txt").write_text(name)
    with reading(uri) as folder:
        assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b.txt"]


def test_progress_is_recorded_from_start_to_end(tmp_path, monkeypatch):
    path = tmp_path / "progress.jsonl"
    monkeypatch.setenv(PROGRESS_FILE, str(path))
    with stage_progress("pairs") as report:
        report(5, 5)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"stage": "pairs", "done": 0, "total": 0}
    assert lines[1]["done"] == 5
    assert lines[-1]["finished"]


def test_two_compiles_of_the_pipeline_give_the_same_bytes(tmp_path):
    first = compile_pipeline(tmp_path / "a.yaml").read_bytes()
    second = compile_pipeline(tmp_path / "b.yaml").read_bytes()
    assert first == second


def test_the_pipeline_names_no_path_of_this_machine(tmp_path):
    text = compile_pipeline(tmp_path / "a.yaml").read_text()
    assert str(Path.cwd()) not in text
    assert str(Path.home()) not in text


def test_only_the_deidentification_tasks_are_given_the_key(tmp_path):
    documents = list(yaml.safe_load_all(compile_pipeline(tmp_path / "a.yaml").read_text()))
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    with_secret = [name for name, spec in executors.items() if "secretAsVolume" in spec]
    assert sorted(with_secret) == ["exec-deid-shard-stage", "exec-deid-stage"]


def test_the_pipeline_trains_evaluates_and_registers_three_tasks(tmp_path):
    spec = next(yaml.safe_load_all(compile_pipeline(tmp_path / "a.yaml").read_text()))
    names = [task["taskInfo"]["name"] for task in spec["root"]["dag"]["tasks"].values()]
    for task in ("fracture", "bone-age", "knee-oa"):
        assert {f"finetune {task}", f"evaluate {task}", f"register {task}"} <= set(names)


def test_the_shards_are_done_side_by_side_and_joined_after_the_last(tmp_path):
    spec = next(yaml.safe_load_all(compile_pipeline(tmp_path / "a.yaml").read_text()))
    tasks = spec["root"]["dag"]["tasks"]
    loops = [name for name, task in tasks.items() if "parameterIterator" in task]
    assert len(loops) == 1
    assert loops[0] in tasks["deid-stage"]["dependentTasks"]


def test_a_compile_to_another_ending_is_refused(tmp_path):
    with pytest.raises(UsageError):
        compile_pipeline(tmp_path / "a.json")
