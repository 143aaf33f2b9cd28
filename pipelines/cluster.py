"""What the tasks of a graph are given on a cluster: volumes, and the registry's address from a Secret."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kfp import dsl, kubernetes

from osteon.domain import UsageError

REGISTRY_ENV = "OSTEON_REGISTRY_URI"
REGISTRY_KEY = "registry_uri"
# Pods with this label may ask the databases: k8s/base/network/databases.yaml.
DATABASE_LABEL = ("osteon/uses-database", "true")


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim and where tasks see it."""

    name: str
    mount_path: str

    @classmethod
    def parse(cls, text: str) -> Claim:
        """The claim of `NAME=/PATH`.

        >>> Claim.parse("osteon-features=/var/lib/osteon/features")
        Claim(name='osteon-features', mount_path='/var/lib/osteon/features')
        """
        name, _, path = text.partition("=")
        if not name or not path.startswith("/"):
            raise UsageError("a claim as NAME=/PATH", "another form", "write osteon-features=/mnt/features")
        return cls(name, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What stands on the cluster that a graph is compiled for; nothing by default, as on one machine.

    Attributes:
        claims: volumes that every task sees.
        source_claims: volumes with identified studies; the de-identifying tasks alone see them.
        registry_secret: Secret whose `registry_uri` the tasks that open the registry get as
            `OSTEON_REGISTRY_URI`: no address with a password stands among a run's parameters.
    """

    claims: tuple[Claim, ...] = ()
    source_claims: tuple[Claim, ...] = ()
    registry_secret: str = ""

    def give(self, task: dsl.PipelineTask, *needs: str) -> dsl.PipelineTask:
        """The task with its volumes; `needs` names `registry`, `source` or both."""
        self._mount(task, self.claims)
        if "source" in needs:
            self._mount(task, self.source_claims)
        if "registry" in needs and self.registry_secret:
            kubernetes.use_secret_as_env(task, self.registry_secret, {REGISTRY_KEY: REGISTRY_ENV})
            kubernetes.add_pod_label(task, *DATABASE_LABEL)
        return task

    @staticmethod
    def _mount(task: dsl.PipelineTask, claims: Collection[Claim]) -> None:
        for claim in claims:
            kubernetes.mount_pvc(task, pvc_name=claim.name, mount_path=claim.mount_path)
