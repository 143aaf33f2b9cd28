"""Runs in MLflow, beside the registry's versions: settings, curves, figures, hardware, data manifests.

A run is logged from the artefact that it wrote, so that no training code knows of tracking, and an artefact
made elsewhere can be logged later.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from osteon.artefact import MANIFEST_NAME
from osteon.domain import UsageError
from osteon.registry.address import root_beside
from osteon.registry.client import is_server, mlflow_client
from osteon.registry.hardware import hardware
from osteon.registry.run import Figure, Run, run_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

_UNWRITABLE = re.compile(r"[^A-Za-z0-9_\-. /]")  # MLflow's names take no other characters
_LONGEST = 5000  # of a setting's text in MLflow
_SHOWN_FILES = ("MODEL_CARD.md", "report.html", "results.json", "metrics.json")
_DATA_FOLDER = "data"
_BOUNDS = (".low", ".high")
_SETTING, _HARDWARE = "setting.", "hardware."


class Tracking:
    """The runs of one project.

    Args:
        tracking_uri: MLflow's address: `sqlite:///FILE`, a database, or a server's `http(s)://…`.
        project: its runs are one MLflow experiment.
    """

    def __init__(self, tracking_uri: str, project: str = "osteon") -> None:
        self.tracking_uri = tracking_uri
        self.project = project

    @cached_property
    def _client(self) -> MlflowClient:
        if not is_server(self.tracking_uri):
            root = root_beside(self.tracking_uri)
            if root is not None:
                Path(urlsplit(root).path).parent.mkdir(parents=True, exist_ok=True)
        return mlflow_client(self.tracking_uri)

    def log(self, folder: Path, *, data: Path | None = None, wall_s: float | None = None) -> str:
        """The MLflow run of an artefact; the same artefact keeps its run.

        Args:
            folder: a model package or a report: anything with a manifest.
            data: what it was made from; its manifest is kept with the run, where it has one.
            wall_s: how long the command took.
        """
        run, manifest = run_of(folder)
        for known in self._search(f"tags.digest = '{run.digest}' and tags.time_utc = '{manifest.time_utc}'"):
            return known
        client = self._client
        tags = {
            "digest": run.digest,
            "stage": manifest.stage,
            "code_version": manifest.code_version,
            "time_utc": manifest.time_utc,
            "parents": " ".join(manifest.parents),
        }
        made = client.create_run(self._experiment_id(), run_name=run.name, tags=tags).info.run_id
        facts = {_SETTING + name: value for name, value in run.settings.items()}
        facts |= {_HARDWARE + name: value for name, value in hardware().items()}
        for name, value in facts.items():
            client.log_param(made, _name(name), value[:_LONGEST])
        figures = dict(run.figures)
        if wall_s is not None:
            figures["wall_s"] = Figure(value=round(wall_s, 1))
        for name, figure in figures.items():
            for suffix, number in zip(("", *_BOUNDS), (figure.value, figure.low, figure.high), strict=True):
                if number is not None:
                    client.log_metric(made, _name(name + suffix), number)
        for name, curve in run.curves.items():
            for step, number in curve:
                client.log_metric(made, _name(f"curve.{name}"), number, step=step)
        self._keep_files(made, folder, data)
        client.set_terminated(made)
        return str(made)

    def find(self, text: str) -> Run:
        """The run whose MLflow number begins with `text`.

        Raises:
            UsageError: none, or several.
        """
        found = [run for run in self._search("") if run.startswith(text)] if text else []
        if len(found) != 1:
            raise UsageError(
                "the folder of an artefact, or the first characters of one MLflow run",
                f"{len(found)} runs" if found else "neither",
                "give more characters, or name the folder",
            )
        data = self._client.get_run(found[0])
        metrics = data.data.metrics
        figures = {
            name: Figure(value=value, low=metrics.get(f"{name}.low"), high=metrics.get(f"{name}.high"))
            for name, value in metrics.items()
            if not name.endswith(_BOUNDS) and not name.startswith("curve.")
        }
        params = data.data.params
        return Run(
            name=str(data.info.run_name),
            digest=data.data.tags.get("digest", ""),
            settings={
                name.removeprefix(_SETTING): value
                for name, value in params.items()
                if name.startswith((_SETTING, _HARDWARE))
            },
            figures=figures,
            curves={},
        )

    def _keep_files(self, run_id: str, folder: Path, data: Path | None) -> None:
        for name in (MANIFEST_NAME, *_SHOWN_FILES):
            if (folder / name).is_file():
                self._client.log_artifact(run_id, str(folder / name))
        if data is None:
            return
        source = (data if data.is_dir() else data.parent) / MANIFEST_NAME
        if source.is_file():
            self._client.log_artifact(run_id, str(source), _DATA_FOLDER)

    def _search(self, condition: str) -> list[str]:
        experiment = [self._experiment_id()]
        runs: list[str] = []
        token = None
        while True:
            page = self._client.search_runs(experiment, condition, page_token=token)
            runs += [str(run.info.run_id) for run in page]
            token = page.token
            if not token:
                return runs

    def _experiment_id(self) -> str:
        name = f"{self.project}.runs"
        experiment = self._client.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        root = None if is_server(self.tracking_uri) else root_beside(self.tracking_uri)
        location = None if root is None else f"{root}/runs"
        return str(self._client.create_experiment(name, artifact_location=location))


def _name(text: str) -> str:
    return _UNWRITABLE.sub("_", text)
