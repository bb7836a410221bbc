"""The ways to install the workbench agree: pyproject.toml, the lock files and environment.yml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def conda() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def conda_specs(conda: dict) -> dict[str, SpecifierSet]:
    specs = {}
    for entry in conda["dependencies"]:
        if isinstance(entry, str):
            name, spec = re.fullmatch(r"([a-z-]+)(.*)", entry).groups()
            specs[name] = SpecifierSet(re.sub(r"^=(\d[\d.]*)$", r"==\1.*", spec))
    return specs


def locked(name: str) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", line):
            versions.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return versions


def test_conda_uses_only_conda_forge(conda: dict) -> None:
    assert conda["channels"] == ["conda-forge", "nodefaults"]


def test_conda_python_is_one_that_the_project_supports(project: dict, conda: dict) -> None:
    python = str(conda_specs(conda)["python"]).removeprefix("==").removesuffix(".*")
    assert Version(python) in SpecifierSet(project["project"]["requires-python"])
    assert python in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_conda_and_the_lab_group_ask_for_the_same_jupyterlab(project: dict, conda: dict) -> None:
    specs = conda_specs(conda)
    for entry in project["dependency-groups"]["lab"]:
        requirement = Requirement(entry)
        assert specs[requirement.name] == requirement.specifier, requirement.name


def test_conda_brings_the_quarto_that_the_site_asks_for(conda: dict) -> None:
    site = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))
    assert conda_specs(conda)["quarto"] == SpecifierSet(site["quarto-required"])


def test_conda_installs_the_package_itself_with_extras_that_exist(
    project: dict, conda: dict
) -> None:
    (pip,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    (line,) = pip
    extras = re.fullmatch(r"-e \.\[(.+)\]", line)[1].split(",")
    assert set(extras) <= set(project["project"]["optional-dependencies"])


def test_the_lock_satisfies_every_requirement_of_core_and_dev(project: dict) -> None:
    versions = locked("requirements.lock")
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["simulate"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    for requirement in map(Requirement, wanted):
        name = canonicalize_name(requirement.name)
        assert name in versions, f"{name} is not locked: run make lock"
        assert all(requirement.specifier.contains(v) for v in versions[name]), name


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-lab.lock"])
def test_the_locks_have_hashes_and_name_no_registry_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--index|--find-links", text)
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_quarto_is_never_a_requirement_of_the_package(project: dict) -> None:
    everything = str(project["project"]) + str(project["dependency-groups"])
    assert "quarto-cli" not in everything
