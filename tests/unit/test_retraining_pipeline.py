"""The graph of a retraining: compiled the same every time, judged last, given no key."""

from pathlib import Path

import pytest
import yaml

from osteon.domain import UsageError
from pipelines.lineage import open_registry
from pipelines.run import compile_pipeline


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    first = compile_pipeline(folder / "a.yaml", retraining=True)
    assert first.read_bytes() == compile_pipeline(folder / "b.yaml", retraining=True).read_bytes()
    return first.read_text()


def test_the_gate_comes_after_every_other_stage(compiled):
    tasks = next(yaml.safe_load_all(compiled))["root"]["dag"]["tasks"]
    before = {"gate-stage"}
    while (more := {one for name in before for one in tasks[name].get("dependentTasks", ())}) - before:
        before |= more
    assert before == set(tasks)
    assert not any("gate-stage" in task.get("dependentTasks", ()) for task in tasks.values())


def test_no_task_of_a_retraining_is_given_the_key_of_pseudonyms(compiled):
    assert "secretAsVolume" not in compiled


def test_the_graph_names_no_path_of_this_machine(compiled):
    assert str(Path.cwd()) not in compiled
    assert str(Path.home()) not in compiled


def test_a_task_without_an_address_opens_the_registry_that_its_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("OSTEON_REGISTRY_URI", str(tmp_path / "registry"))
    assert open_registry("", "osteon").in_production() == {}
    assert (tmp_path / "registry" / "mlflow.db").is_file()
    monkeypatch.delenv("OSTEON_REGISTRY_URI")
    with pytest.raises(UsageError, match="OSTEON_REGISTRY_URI"):
        open_registry("", "osteon")
