"""The bill of materials lists what the lock file locks, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.sbom import bill, locked, write

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_every_locked_package_is_listed_with_its_hashes() -> None:
    made = bill(LOCK, "customer-workbench", "0.1.0")
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK, re.MULTILINE)
    listed = [(each["name"], each["version"]) for each in made["components"]]
    assert sorted(listed) == sorted((re.sub(r"[-_.]+", "-", n).lower(), v) for n, v in pinned)
    hashes = [
        one["content"]
        for each in made["components"]
        for reference in each.get("externalReferences", ())
        for one in reference["hashes"]
    ]
    assert len(hashes) == LOCK.count("--hash=sha256:") and set(map(len, hashes)) == {64}


def test_what_it_refers_to_is_there_and_named_once() -> None:
    made = bill(LOCK, "customer-workbench", "0.1.0")
    refs = [each["bom-ref"] for each in made["components"]]
    assert len(refs) == len(set(refs))
    known = {*refs, made["metadata"]["component"]["bom-ref"]}
    for each in made["dependencies"]:
        assert each["ref"] in known and set(each["dependsOn"]) <= known
    needs = {each["ref"].partition("@")[0]: each["dependsOn"] for each in made["dependencies"]}
    assert any(one.startswith("pkg:pypi/numpy@") for one in needs["pkg:pypi/pandas"])
    licences = [each["licenses"] for each in made["components"] if "licenses" in each]
    assert len(licences) > len(made["components"]) / 3


def test_the_same_lock_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / f"{name}.json")
    one, two = ((tmp_path / f"{n}.json").read_bytes() for n in ("one", "two"))
    assert one == two
    assert "://" not in one.decode().replace("http://cyclonedx.org", "")  # it names no host
    other = bill(LOCK.replace("==", "==9", 1), "customer-workbench", "0.1.0")
    assert other["serialNumber"] != json.loads(one)["serialNumber"]


@pytest.mark.parametrize("line", ["-e .", "numpy>=2", "numpy @ file:///x"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(SystemExit, match="line 2"):
        locked(f"a==1 ; python_version < '3.12' \\\n{line}\n")


def test_markers_and_hashes_are_read() -> None:
    (one,) = locked(f"Zope.Interface==5.1 ; sys_platform == 'win32' \\\n  --hash=sha256:{'a' * 64}")
    assert one["name"] == "zope-interface" and one["marker"] == "sys_platform == 'win32'"
    assert one["hashes"] == ["a" * 64]
