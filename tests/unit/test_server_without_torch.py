"""A server whose champion was exported answers without torch in its process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from osteon.models.export import export_package
from osteon.registry import registry_uri
from tests.labelled_pictures import write_picture
from tests.model_packages import make_model_package, promote_package
from tests.registries import new_registry

_SERVE = """
import json, sys
from pathlib import Path
from prometheus_client import CollectorRegistry
from osteon.domain import Task
from osteon.registry import Registry
import services.model_server.server
from services.model_server.champions import Champions
from services.model_server.metrics import ServerMetrics

uri, cache, picture = sys.argv[1:]
champions = Champions(
    Registry(uri, "osteon", cache=Path(cache)), hmac_key=bytes(32), project="osteon", site="local",
    metrics=ServerMetrics(CollectorRegistry()),
)
champions.refresh()
prediction = champions.require(Task.FRACTURE)[0].predictor.predict([picture])[0]
print(json.dumps([prediction.status, "torch" in sys.modules, "onnxruntime" in sys.modules]))
"""


@pytest.mark.slow  # MLflow's import in two processes, beside torch's
def test_an_exported_champion_is_loaded_and_asked_without_torch(tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png", width=20, seed=0, size=90)
    package = make_model_package(tmp_path / "m", "fracture")
    export_package(package, "onnx", [picture])
    promote_package(new_registry(tmp_path / "registry"), package, "fracture")
    arguments = [registry_uri(tmp_path / "registry"), str(tmp_path / "cache"), str(picture)]
    done = subprocess.run(
        [sys.executable, "-c", _SERVE, *arguments], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == ["answered", False, True]
