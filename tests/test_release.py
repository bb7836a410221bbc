"""A release is held against its tag, the changelog and what must be in the wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.release import check_wheel, disagreements, notes

ROOT = Path(__file__).parents[1]


def test_notes_are_the_section_of_the_version() -> None:
    text = "# Changelog\n\n## 0.2.0\n\n- New.\n\n## 0.1.0\n\n- Old.\n"
    assert notes("0.2.0", text) == "- New.\n"
    assert notes("0.1.0", text) == "- Old.\n"
    with pytest.raises(SystemExit, match=r"no section `## 0\.3\.0`"):
        notes("0.3.0", text)


def test_the_citation_and_the_package_name_one_version() -> None:
    assert disagreements("v0.1.0") == []
    (wrong,) = disagreements("v9.9.9")
    assert "v9.9.9" in wrong and "0.1.0" in wrong


def test_the_wheel_carries_the_package_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith("customer_workbench-")
    assert check_wheel(wheel) == []


def test_workflows_call_the_readmes_command() -> None:
    for name in ("tests", "release"):
        flow = yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text("utf-8"))
        (job,) = flow["jobs"].values()
        assert "bash .ci/run" in [step.get("run") for step in job["steps"]]


def test_hooks_are_local_and_fetch_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
