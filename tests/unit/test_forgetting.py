"""A patient's deletion: labels and lineage go, and it is said who still knows the patient."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from osteon.artefact import write_manifest
from osteon.cli.main import app
from osteon.domain import Manifest, Task
from osteon.features import FeatureRepository
from osteon.features.forgetting import forget
from osteon.features.labels import Label, LabelStore, label_store_url
from osteon.registry import Registry
from tests.event_frame import events
from tests.registries import new_registry
from tests.unit.test_registry import make_package

WHO, OTHER = "P0000000000000000", "P1111111111111111"


@pytest.fixture
def hospital(tmp_path):
    """Features with labelled events of two patients, an archive and a model that know both."""
    drawn = [replace(one, subject=WHO if i < 2 else OTHER) for i, one in enumerate(events(4))]
    FeatureRepository(tmp_path / "features").table.append(drawn)
    shared = {"site": "north", "task": "fracture", "label": 1.0, "reader": "a", "time_utc": "t"}
    store = LabelStore(label_store_url(tmp_path / "features"))
    store.add([Label(event_id=one.event_id, **shared) for one in drawn])
    for name, patients in (("pairs", (WHO, WHO, OTHER)), ("frozen", (OTHER,))):
        (tmp_path / "archive" / name).mkdir(parents=True)
        rows = "".join(f"images/{i}.png,{who}\n" for i, who in enumerate(patients))
        (tmp_path / "archive" / name / "labels.csv").write_text("file,patient\n" + rows)
        write_manifest(tmp_path / "archive" / name, Manifest(stage=name))
    registry = new_registry(tmp_path / "registry")
    registry.register(make_package(tmp_path / "package"), Task.FRACTURE, subjects=[WHO, OTHER])
    return tmp_path


def test_a_deletion_takes_labels_and_lineage_and_names_artefacts_and_models(hospital):
    arguments = [
        "forget",
        "--subject=-",
        f"--record={hospital}/record.json",
        f"--features={hospital}/features",
    ]
    arguments += [f"--registry={hospital}/registry", f"--artefacts={hospital}/archive", "--json"]
    done = CliRunner().invoke(app, arguments, input=WHO + "\n")
    assert done.exit_code == 0, done.output
    record = json.loads((hospital / "record.json").read_text())
    assert (record["events"], record["labels"]) == (2, 2)
    assert [(one["stage"], one["rows"]) for one in record["artefacts"]] == [("pairs", 2)]
    assert [one["task"] for one in record["models"]] == ["fracture"]
    assert WHO not in (hospital / "record.json").read_text() + done.output
    assert set(LabelStore(label_store_url(hospital / "features")).answers()) == {"north-0-2", "north-0-3"}
    lineage = Registry(f"sqlite:///{hospital}/registry/mlflow.db").lineage
    assert lineage.models_of(WHO) == []
    assert len(lineage.models_of(OTHER)) == 1


def test_a_deletion_that_was_killed_is_finished_by_the_next(hospital):
    class Killed(BaseException):
        pass

    def die(_subject):
        raise Killed

    parts = {
        "repository": FeatureRepository(hospital / "features"),
        "labels": LabelStore(label_store_url(hospital / "features")),
        "lineage": Registry(f"sqlite:///{hospital}/registry/mlflow.db").lineage,
    }
    with pytest.raises(Killed):
        forget(WHO, erase=die, **parts)
    erased = []
    again = forget(WHO, erase=erased.append, **parts)
    assert (len(again.models), erased) == (1, [WHO])
    assert forget(WHO, **parts).models == ()
