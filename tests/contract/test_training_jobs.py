"""Pretraining on Kubeflow Trainer: manifests against its API, and the job's command run on two "machines"."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubeflow_trainer_api.models import TrainerV1alpha1TrainingRuntime, TrainerV1alpha1TrainJob

from osteon.artefact import read_manifest
from osteon.pairs import build_pairs
from tests.conftest import ROOT
from tests.deid_folder import write_deid_folder

K8S = ROOT / "k8s"
JOB = K8S / "jobs" / "pretrain.yaml"

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed here")
Resource = dict[str, Any]


def job() -> Resource:
    loaded: Resource = yaml.safe_load(JOB.read_text(encoding="utf-8"))
    return loaded


@cache
def component() -> tuple[Resource, ...]:
    done = subprocess.run(
        ["kubectl", "kustomize", str(K8S / "components" / "training")],
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(yaml.safe_load_all(done.stdout))


def runtime() -> Resource:
    return next(one for one in component() if one["kind"] == "TrainingRuntime")


def worker() -> Resource:
    """The pod template of a worker."""
    node = runtime()["spec"]["template"]["spec"]["replicatedJobs"][0]
    template: Resource = node["template"]["spec"]["template"]
    return template


def test_the_job_is_what_the_api_of_kubeflow_trainer_takes() -> None:
    read = TrainerV1alpha1TrainJob.from_dict(job())
    assert read is not None
    assert read.to_dict() == job()  # a key that the API does not know would be gone


def test_a_misspelt_key_of_the_job_is_found() -> None:
    broken = job()
    broken["spec"]["trainer"]["nodes"] = 2
    read = TrainerV1alpha1TrainJob.from_dict(broken)
    assert read is not None
    assert read.to_dict() != broken


@needs_kubectl
def test_the_runtime_is_what_the_api_of_kubeflow_trainer_takes() -> None:
    read = TrainerV1alpha1TrainingRuntime.from_dict(runtime())
    assert read is not None
    assert read.to_dict() == runtime()
    reference = job()["spec"]["runtimeRef"]
    assert (reference["kind"], reference["name"]) == ("TrainingRuntime", runtime()["metadata"]["name"])


@needs_kubectl
@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_a_worker_is_a_restricted_pod_that_kubernetes_takes(version: str) -> None:
    pod = worker()
    kubernetes_validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "worker"}, "spec": pod["spec"]},
        version,
        strict=True,
    )
    spec, (container,) = pod["spec"], pod["spec"]["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == {one["name"] for one in spec["volumes"]}


@needs_kubectl
def test_what_the_job_reads_and_writes_lies_on_a_mounted_volume() -> None:
    mounts = [mount["mountPath"] for mount in worker()["spec"]["containers"][0]["volumeMounts"]]
    paths = [argument.partition("=")[2] for argument in job()["spec"]["trainer"]["args"] if "=/" in argument]
    assert len(paths) == 3
    assert all(any(path.startswith(f"{mount}/") for mount in mounts) for path in paths)


@needs_kubectl
def test_workers_talk_to_each_other_and_to_nobody_else() -> None:
    policy = next(one["spec"] for one in component() if one["kind"] == "NetworkPolicy")
    own = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "pretraining"}}}
    assert worker()["metadata"]["labels"].items() >= own["podSelector"]["matchLabels"].items()
    assert policy["ingress"] == [{"from": [own]}]
    assert policy["egress"] == [{"to": [own]}]


@pytest.mark.slow  # two machines of one worker each: ten seconds of processor time to import torch in each
def test_the_command_of_the_job_trains_on_two_machines(tmp_path: Path) -> None:
    build_pairs(write_deid_folder(tmp_path / "deid", 60), tmp_path / "pairs", size=64, workers=1)
    trainer = job()["spec"]["trainer"]
    own = {"--recipe": "tiny", "--data": tmp_path / "pairs", "--output": tmp_path / "encoder", "--seed": "0"}
    kept = [text for text in trainer["args"] if not text.startswith("--")]
    program, *command = trainer["command"]
    assert program == "python"
    command = [sys.executable, *command, *kept, *(f"{name}={value}" for name, value in own.items())]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {  # what Kubeflow Trainer gives each machine
        "PET_NNODES": str(trainer["numNodes"]),
        "PET_NPROC_PER_NODE": "1",
        "PET_MASTER_ADDR": "127.0.0.1",
        "PET_MASTER_PORT": str(port),
    }
    machine = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    runs = [
        subprocess.Popen(command, cwd=ROOT, env=machine | shared | {"PET_NODE_RANK": str(rank)})
        for rank in range(trainer["numNodes"])
    ]
    try:
        assert [run.wait(timeout=240) for run in runs] == [0, 0]
    finally:
        for run in runs:
            run.terminate()
    assert read_manifest(tmp_path / "encoder").settings["workers"] == 2
