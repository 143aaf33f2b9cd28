"""The Kubernetes manifests: every combination rendered, checked by schema, by settings and by our policy."""

import itertools
import os
import re
import shutil
import subprocess
from functools import cache
from importlib import import_module, util
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.conftest import ROOT

K8S = ROOT / "k8s"
COMPONENTS = sorted(path.name for path in (K8S / "components").iterdir() if path.is_dir())
COMBINATIONS = [
    names for size in range(len(COMPONENTS) + 1) for names in itertools.combinations(COMPONENTS, size)
]
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir() if path.is_dir())
VERSIONS = ("1.29", "1.32", "1.35", "1.37")
CUSTOM = {"ServiceMonitor", "PrometheusRule", "TrainingRuntime"}
CLUSTER_WIDE = {"Namespace"}
SETTINGS = {
    "OSTEON_SERVER_": "services.model_server.settings:Settings",
    "OSTEON_DEID_": "services.deid.settings:Settings",
    "OSTEON_GATEWAY_": "services.gateway.settings:Settings",
    "OSTEON_DRIFT_": "services.drift_monitor.settings:Settings",
    "OSTEON_PORTAL_": "services.portal.settings:Settings",
    "OSTEON_WRITER_": "osteon.features.settings:WriterSettings",
}

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed here")

Resource = dict[str, Any]


def _render(folder: Path) -> list[Resource]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


@cache
def overlay(name: str) -> list[Resource]:
    return _render(K8S / "overlays" / name)


@cache
def base() -> list[Resource]:
    return _render(K8S / "base")


def pods(resources: list[Resource]) -> dict[str, Resource]:
    """Name -> pod template of every workload."""
    found = {}
    for resource in resources:
        if resource["kind"] == "Deployment":
            found[resource["metadata"]["name"]] = resource["spec"]["template"]
        elif resource["kind"] == "CronJob":
            found[resource["metadata"]["name"]] = resource["spec"]["jobTemplate"]["spec"]["template"]
    return found


def environment(resources: list[Resource], pod: Resource) -> dict[str, str | None]:
    """What the one container of a pod sees; None for a value that comes from a Secret."""
    maps = {r["metadata"]["name"]: r.get("data") or {} for r in resources if r["kind"] == "ConfigMap"}
    container = pod["spec"]["containers"][0]
    seen: dict[str, str | None] = {}
    for source in container.get("envFrom", []):
        seen |= maps[source["configMapRef"]["name"]]
    return seen | {entry["name"]: entry.get("value") for entry in container.get("env", [])}


def settings_class(prefix: str) -> Any:
    module, _, name = SETTINGS[prefix].partition(":")
    if util.find_spec(module.rpartition(".")[0]) is None or util.find_spec(module) is None:
        pytest.skip(f"{module} is not written yet")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("components", COMBINATIONS, ids=lambda names: "+".join(names) or "none")
def test_every_combination_of_components_renders(tmp_path, components):
    copy = tmp_path / "k8s"
    shutil.copytree(K8S, copy)
    folder = copy / "overlays" / "combination"
    folder.mkdir()
    lines = {"resources": ["../../base"], "components": [f"../../components/{name}" for name in components]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(lines))
    resources = _render(folder)
    for resource in resources:
        if resource["kind"] not in CUSTOM:
            kubernetes_validate.validate(resource, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", OVERLAYS)
def test_every_resource_is_valid_in_several_versions_of_kubernetes(name, version):
    for resource in overlay(name):
        if resource["kind"] not in CUSTOM:
            kubernetes_validate.validate(resource, version, strict=True)


def test_the_schema_check_finds_a_misspelt_key():
    deployment = next(r for r in base() if r["kind"] == "Deployment")
    broken = {**deployment, "spec": {**deployment["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_resource_of_an_overlay_is_in_its_namespace(name):
    namespace = next(r["metadata"]["name"] for r in overlay(name) if r["kind"] == "Namespace")
    for resource in overlay(name):
        if resource["kind"] not in CLUSTER_WIDE:
            assert resource["metadata"]["namespace"] == namespace, resource["metadata"]["name"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_is_restricted_and_cannot_write_its_root(name):
    for workload, pod in pods(overlay(name)).items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, workload
        assert spec["enableServiceLinks"] is False, workload
        assert spec["securityContext"]["runAsNonRoot"] is True, workload
        assert spec["securityContext"]["runAsUser"] == 10001, workload
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, workload
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), workload
        assert all("hostPath" not in volume for volume in spec["volumes"]), workload
        assert len(spec["containers"]) == 1, workload
        container = spec["containers"][0]
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True, workload
        assert security["allowPrivilegeEscalation"] is False, workload
        assert security["capabilities"] == {"drop": ["ALL"]}, workload
        for bound in ("requests", "limits"):
            assert set(container["resources"][bound]) == {"cpu", "memory"}, workload
        assert {mount["name"] for mount in container["volumeMounts"]} == {v["name"] for v in spec["volumes"]}


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_image_has_a_fixed_version(name):
    for workload, pod in pods(overlay(name)).items():
        image = pod["spec"]["containers"][0]["image"]
        assert re.fullmatch(r"[a-z0-9./-]+(:[0-9][\w.-]*|@sha256:[0-9a-f]{64})", image), (workload, image)


@pytest.mark.parametrize("name", OVERLAYS)
@pytest.mark.parametrize("held", ["osteon-deid-key", "osteon-deid-vault", "osteon-deid-people"])
def test_key_vault_and_people_are_mounted_into_the_deid_service_alone(name, held):
    holders = {workload for workload, pod in pods(overlay(name)).items() if held in yaml.safe_dump(pod)}
    assert holders == {"deid"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_manifest_holds_a_secret(name):
    assert all(resource["kind"] != "Secret" for resource in overlay(name))


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_variable_is_a_field_of_its_settings(name):
    for workload, pod in pods(overlay(name)).items():
        for variable in environment(overlay(name), pod):
            prefix = next((p for p in SETTINGS if variable.startswith(p)), None)
            if prefix is None:
                assert workload == "index-build", f"{workload}: {variable} belongs to no settings"
                continue
            field = variable.removeprefix(prefix).lower()
            assert field in settings_class(prefix).model_fields, f"{workload}: {variable}"


@pytest.mark.parametrize("prefix", sorted(SETTINGS))
def test_the_settings_of_every_service_accept_what_its_manifest_says(prefix, monkeypatch):
    secrets = {
        "OSTEON_SERVER_REGISTRY_URI": "postgresql+psycopg2://u:p@db/registry",
        "OSTEON_SERVER_OUTBOX_URL": "postgresql+psycopg2://u:p@db/outbox",
        "OSTEON_DEID_VAULT_URL": "postgresql+psycopg2://u:p@db/vault",
        "OSTEON_WRITER_OUTBOX_URL": "postgresql+psycopg2://u:p@db/outbox",
        "OSTEON_SERVER_INDEX": "postgresql+psycopg2://u:p@db/index",
        "OSTEON_DRIFT_REGISTRY_URI": "postgresql+psycopg2://u:p@db/registry",
        "OSTEON_DRIFT_LABELS_URL": "postgresql+psycopg2://u:p@db/labels",
    }
    settings = settings_class(prefix)
    for variable in [name for name in os.environ if name.startswith("OSTEON_")]:
        monkeypatch.delenv(variable)
    for pod in pods(overlay("hospital")).values():
        seen = environment(overlay("hospital"), pod)
        if any(variable.startswith(prefix) for variable in seen):
            for variable, value in seen.items():
                monkeypatch.setenv(variable, secrets[variable] if value is None else value)
            built = settings()
            ports = {p["name"]: p["containerPort"] for p in pod["spec"]["containers"][0].get("ports", [])}
            if ports:
                assert built.port == ports["http"]
            return
    pytest.fail(f"no workload uses {prefix}")


def test_every_file_that_a_setting_names_lies_on_a_mounted_volume():
    for workload, pod in pods(overlay("hospital")).items():
        mounts = [mount["mountPath"] for mount in pod["spec"]["containers"][0]["volumeMounts"]]
        for variable, value in environment(overlay("hospital"), pod).items():
            if value is not None and value.startswith("/"):
                under = any(value == mount or value.startswith(f"{mount}/") for mount in mounts)
                assert under, f"{workload}: {variable}"


def test_everything_is_denied_by_default_and_each_opening_names_a_pod_that_exists():
    resources = overlay("hospital")
    policies = {r["metadata"]["name"]: r["spec"] for r in resources if r["kind"] == "NetworkPolicy"}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    workloads = set(pods(resources))
    for name, spec in policies.items():
        wanted = spec["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        assert wanted is None or wanted in workloads, name
        for peer in [p for rule in spec.get("ingress", []) for p in rule.get("from", [])]:
            label = peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/name")
            elsewhere = "namespaceSelector" in peer
            assert label is None or elsewhere or label in workloads, name


def test_a_service_that_a_setting_addresses_exists_and_may_be_reached():
    resources = overlay("hospital")
    ports = {
        r["metadata"]["name"]: {p["port"] for p in r["spec"]["ports"]}
        for r in resources
        if r["kind"] == "Service"
    }
    reached = set()
    for workload, pod in pods(resources).items():
        for variable, value in environment(resources, pod).items():
            address = re.fullmatch(r"http://([a-z-]+):(\d+)", value or "")
            if address:
                assert int(address[2]) in ports[address[1]], f"{workload}: {variable}"
                reached.add((workload, address[1]))
    for client, server in reached:
        assert _allowed(resources, client, server, "ingress", "from"), f"{client} may not enter {server}"
        assert _allowed(resources, server, client, "egress", "to"), f"{client} may not ask {server}"


def _allowed(resources: list[Resource], peer: str, owner: str, direction: str, key: str) -> bool:
    """Whether a policy of `owner` opens `direction` to `peer`."""
    return any(
        peer == p.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/name")
        for r in resources
        if r["kind"] == "NetworkPolicy"
        and r["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name") == owner
        for rule in r["spec"].get(direction, [])
        for p in rule.get(key, [])
    )


def test_every_deployment_with_an_address_has_probes_and_a_disruption_budget():
    resources = overlay("hospital")
    budgets = {r["metadata"]["name"] for r in resources if r["kind"] == "PodDisruptionBudget"}
    for workload, pod in pods(resources).items():
        container = pod["spec"]["containers"][0]
        if container.get("ports"):
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container), workload
            assert workload in budgets


def test_every_module_that_a_container_starts_exists():
    for workload, pod in pods(overlay("hospital")).items():
        arguments = pod["spec"]["containers"][0].get("args")
        if arguments:
            assert arguments[0] == "-m", workload
            assert util.find_spec(arguments[1]) is not None, workload


@pytest.mark.parametrize("workload", ["pipeline-watch", "index-build"])
def test_every_option_that_a_container_is_started_with_is_one_of_its_command(workload):
    from typer.main import get_command

    from osteon.cli.main import app

    *names, arguments = _words(pods(overlay("hospital"))[workload]["spec"]["containers"][0]["args"])
    command = get_command(app)
    for name in names:
        command = command.commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    wanted = {p.opts[0] for p in command.params if p.required}
    given = {argument.partition("=")[0] for argument in arguments}
    assert given <= known
    assert wanted <= given


def _words(arguments: list[str]) -> list[Any]:
    words = [word for word in arguments[2:] if not word.startswith("--")]
    return [*words, [word for word in arguments if word.startswith("--")]]


def test_what_pipeline_watch_names_lies_on_a_claim_that_exists():
    arguments = pods(overlay("hospital"))["pipeline-watch"]["spec"]["containers"][0]["args"]
    pairs = [word.removeprefix("--").partition("=") for word in arguments if word.startswith("--")]
    mounts = dict(value.split("=") for name, _, value in pairs if name == "claim")
    claims = {r["metadata"]["name"] for r in overlay("hospital") if r["kind"] == "PersistentVolumeClaim"}
    assert set(mounts) <= claims
    of_tasks = {"archive", "studies", "features", "frozen", "workspace", "references"}
    for name, _, value in pairs:
        if name in of_tasks:
            assert any(value.startswith(f"{mount}/") or value == mount for mount in mounts.values()), name
