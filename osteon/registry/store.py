"""The registry: versions of model packages per task, on MLflow as a library, without a server.

MLflow keeps the versions, their lineage and the aliases. The history of promotions (`promotions.py`) says
who moved an alias, why and when; it is also what a server reads, because importing MLflow takes seconds and
170 MB that a server need not pay (docs/decisions/registry.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osteon.domain import FaultError, RefusedError, Task, UsageError
from osteon.registry.client import is_server, mlflow_client, mlflow_faults
from osteon.registry.lineage import SubjectLog
from osteon.registry.package import verify_package
from osteon.registry.places import PackagePlaces
from osteon.registry.promotions import WITHDRAW, Promotion, PromotionLog, now_utc, require_alias
from osteon.registry.signatures import SignatureLog, SignedBy
from osteon.registry.signing import TrustedSigners, sign
from osteon.registry.verdicts import Verdicts, refuse_doubtful
from osteon.registry.version import RegisteredModel, Version, lineage_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ARTIFACT_PATH = "package"


class Registry:
    """Versions, aliases and history of one project.

    Args:
        tracking_uri: MLflow's address: `sqlite:///FILE`, `postgresql+psycopg2://…`, or a server's `http(s)://…`.
        project: names of models begin with it, so that projects never share one.
        artifact_root: where packages are copied; beside the SQLite file by default.
        history_url: database of the history; the tracking database by default.
        cache: where packages of a remote artefact root are fetched to.
        trusted: signers of whom one must have signed a package before it is fetched; any package without.
    """

    def __init__(
        self,
        tracking_uri: str,
        project: str = "osteon",
        *,
        artifact_root: str | None = None,
        history_url: str | None = None,
        cache: Path | None = None,
        trusted: TrustedSigners | None = None,
    ) -> None:
        self.tracking_uri = tracking_uri
        self.project = project
        self._places = PackagePlaces(tracking_uri, artifact_root, cache)
        self._trusted = trusted
        if history_url is None and is_server(tracking_uri):
            raise UsageError("a database for the history", "an MLflow server only", "pass history_url")
        self._history_url = history_url or tracking_uri

    @cached_property
    def _log(self) -> PromotionLog:
        return PromotionLog(self._history_url, self.project)

    @cached_property
    def lineage(self) -> SubjectLog:
        """Which patients each package learned from."""
        return SubjectLog(self._history_url, self.project)

    @cached_property
    def _verdicts(self) -> Verdicts:
        return Verdicts(self._mlflow, self._name)

    @cached_property
    def _signatures(self) -> SignatureLog:
        return SignatureLog(self._history_url, self.project)

    @cached_property
    def _mlflow(self) -> MlflowClient:
        return mlflow_client(self.tracking_uri)

    def register(
        self,
        package_dir: Path,
        task: Task,
        *,
        parents: Sequence[str] = (),
        metrics: Mapping[str, float] | None = None,
        subjects: Iterable[str] | None = None,
    ) -> str:
        """Copy a package into the registry and return its version; the same package keeps its version.

        Args:
            parents: digests of the artefacts it descends from, added to those of its manifest.
            metrics: figures kept with the run, to compare versions by.
            subjects: pseudonyms of the patients that it learned from.
        """
        manifest = verify_package(package_dir)
        if subjects is not None:
            self.lineage.keep(task, manifest.digest, subjects)
        client, name = self._mlflow, self._name(task)
        for known in self._versions(task):
            if known.digest == manifest.digest:
                return known.version
        run = client.create_run(self._experiment_id(), run_name=f"{name} {manifest.digest[:12]}")
        for metric, value in (metrics or {}).items():
            client.log_metric(run.info.run_id, metric, value)
        client.log_artifacts(run.info.run_id, str(package_dir), _ARTIFACT_PATH)
        client.set_terminated(run.info.run_id)
        tags = lineage_tags(manifest, task, self.project, parents)
        version = client.create_model_version(
            name, f"{run.info.artifact_uri}/{_ARTIFACT_PATH}", run.info.run_id, tags=tags
        )
        return str(version.version)

    def promote(
        self,
        task: Task,
        version: str,
        alias: str = "champion",
        *,
        actor: str,
        reason: str,
        despite_gate: bool = False,
    ) -> Promotion:
        """Give the alias to a version; the history keeps who, why, when and what held it before.

        Args:
            despite_gate: a person answers for a version that the gate refused, or that did harm before.
        Raises:
            RefusedError: the gate refused the version, or it was rolled back, and nobody answers for it.
        """
        require_alias(alias)
        known = {each.version: each for each in self._versions(task)}
        if str(version) not in known:
            raise UsageError(
                f"a registered version of {task}", "an unknown one", "see `osteon registry list`"
            )
        if not despite_gate and alias != "shadow":
            refuse_doubtful(known[str(version)])
        source = self._mlflow.get_model_version(self._name(task), str(version)).source
        holder = self._log.current(alias).get(task)
        return self._move(
            Promotion(
                project=self.project,
                task=task.value,
                alias=alias,
                action="promote",
                from_version=holder.to_version if holder else None,
                to_version=str(version),
                package=self._places.relative(str(source)),
                digest=known[str(version)].digest,
                actor=_require_text(actor, "actor"),
                reason=_require_text(reason, "reason"),
                time_utc=now_utc(),
            )
        )

    def sign(self, task: Task, version: str, key_file: Path, *, signer: str) -> SignedBy:
        """Vouch for a version's package with a private key, once its bytes are seen to be those registered.

        Raises:
            RefusedError: the package changed since, or the file is no signing key.
        """
        known = {each.version: each for each in self._versions(task)}
        if str(version) not in known:
            raise UsageError(
                f"a registered version of {task}", "an unknown one", "see `osteon registry list`"
            )
        source = str(self._mlflow.get_model_version(self._name(task), str(version)).source)
        manifest = verify_package(
            self._places.local(self._places.relative(source), known[str(version)].digest)
        )
        if manifest.digest != known[str(version)].digest:
            raise RefusedError("the package that was registered", "another", "register it again")
        signature = sign(self._signatures.statement(task, manifest.digest), key_file)
        return self._signatures.append(signature, _require_text(signer, "signer"))

    def signatures(self, task: Task, digest: str) -> Sequence[SignedBy]:
        """Who signed a package, by its digest; oldest first."""
        return self._signatures.of(self._signatures.statement(task, digest))

    def rollback(
        self,
        task: Task,
        alias: str = "champion",
        *,
        actor: str,
        reason: str,
        only_from: int | None = None,
    ) -> Promotion:
        """Give the alias back to the version that held it before the present one.

        Args:
            only_from: number of the promotion that is to be undone; another one in its place is left alone.
        Raises:
            UsageError: there is no earlier version, or the promotion is not the present one any more.
        """
        require_alias(alias)
        holder = self._log.current(alias).get(task)
        if only_from is not None and (holder is None or holder.id != only_from):
            raise UsageError(
                "the promotion that is in force", "one that is not any more", "look at the history again"
            )
        target = self._log.before_current(task, alias)
        if holder is None or target is None:
            raise UsageError(f"an earlier {alias} of {task}", "none in the history", "promote a version")
        return self._move(
            Promotion(
                project=self.project,
                task=task.value,
                alias=alias,
                action="rollback",
                from_version=holder.to_version,
                to_version=target.to_version,
                package=target.package,
                digest=target.digest,
                actor=_require_text(actor, "actor"),
                reason=_require_text(reason, "reason"),
                time_utc=now_utc(),
            )
        )

    def withdraw(self, task: Task, alias: str, *, actor: str, reason: str) -> Promotion:
        """Take the alias away, so that no version holds it; a champion is rolled back or replaced instead."""
        if require_alias(alias) == "champion":
            raise UsageError(
                "a challenger or a shadow", "the champion", "promote another one, or roll it back"
            )
        holder = self._log.current(alias).get(task)
        if holder is None:
            raise UsageError(f"a {alias} of {task}", "none", "see `osteon registry list`")
        self._mlflow.delete_registered_model_alias(self._name(task), alias)
        return self._log.append(
            replace(
                holder,
                id=0,
                action=WITHDRAW,
                from_version=holder.to_version,
                to_version="",
                actor=_require_text(actor, "actor"),
                reason=_require_text(reason, "reason"),
                time_utc=now_utc(),
            )
        )

    def _move(self, promotion: Promotion) -> Promotion:
        """MLflow's alias first, then the history that servers read: no server sees a half-made change."""
        client = self._mlflow
        with mlflow_faults():
            client.set_registered_model_alias(
                self._name(Task(promotion.task)), promotion.alias, promotion.to_version
            )
        return self._log.append(promotion)

    def record_gate(self, task: Task, version: str, decision: Mapping[str, Any]) -> None:
        """Keep a gate's decision with the version; see `Verdicts.record_gate`."""
        self._verdicts.record_gate(task, version, decision)

    def gate_of(self, task: Task, version: str) -> dict[str, Any] | None:
        """The newest gate decision of the version; None when it met none."""
        return self._verdicts.gate_of(task, version)

    def mark_harmful(self, task: Task, version: str, evidence: Mapping[str, Any]) -> None:
        """Keep with the version that it did harm in production, and by what evidence."""
        self._verdicts.mark_harmful(task, version, evidence)

    def get(self, task: Task, alias: str = "champion") -> RegisteredModel:
        """The version that holds the alias, its package verified and on this machine.

        Raises:
            UsageError: no version holds it.
            RefusedError: the package is not the one that was promoted.
        """
        holder = self._log.current(require_alias(alias)).get(task)
        if holder is None:
            raise UsageError(f"a {alias} of {task}", "none", "run `osteon registry promote`")
        return self.fetch(holder)

    def fetch(self, promotion: Promotion) -> RegisteredModel:
        """The package of one row of the history, verified and on this machine."""
        if self._trusted is not None:
            self._signatures.require(self._trusted, Task.parse(promotion.task), promotion.digest)
        path = self._places.local(promotion.package, promotion.digest)
        manifest = verify_package(path)
        if manifest.digest != promotion.digest:
            raise FaultError(
                "the package that was promoted",
                "another one in its place",
                "restore the artefact root from its backup, or roll back",
            )
        return RegisteredModel(
            task=Task.parse(promotion.task),
            version=promotion.to_version,
            alias=promotion.alias,
            path=path,
            manifest=manifest,
            digest=manifest.digest,
            since_utc=promotion.time_utc,
            promotion_id=promotion.id,
        )

    def in_production(self, alias: str = "champion") -> dict[Task, Promotion]:
        """Which version of each task holds the alias, since when: one cheap query, without MLflow."""
        return self._log.current(require_alias(alias))

    def list(self, task: Task | None = None) -> Sequence[Version]:
        """Every registered version of the project (or of one task), newest first."""
        tasks = [task] if task else list(Task)
        return [version for each in tasks for version in self._versions(each)]

    def history(self, task: Task | None = None) -> Sequence[Promotion]:
        """Every promotion and rollback, oldest first."""
        return self._log.history(task)

    def _versions(self, task: Task) -> Sequence[Version]:
        client, name = self._mlflow, self._name(task)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name, tags={"project": self.project, "task": task.value})
        holders: dict[str, list[str]] = {}
        for alias, version in client.get_registered_model(name).aliases.items():
            holders.setdefault(str(version), []).append(alias)
        found = client.search_model_versions(f"name = '{name}'", order_by=["version_number DESC"])
        return [
            Version(
                task=task,
                version=str(each.version),
                aliases=tuple(sorted(holders.get(str(each.version), ()))),
                digest=each.tags.get("digest", ""),
                registered_utc=each.tags.get("registered_utc", ""),
                tags=dict(each.tags),
            )
            for each in found
        ]

    def _name(self, task: Task) -> str:
        return f"{self.project}.{task.value}"

    def _experiment_id(self) -> str:
        name = f"{self.project}.registry"
        experiment = self._mlflow.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        return str(self._mlflow.create_experiment(name, artifact_location=self._places.root))


def _require_text(value: str, name: str) -> str:
    if not value.strip():
        raise UsageError(f"{name} of a promotion", "nothing", f"say it with --{name}")
    return value
