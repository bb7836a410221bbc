"""Write what the locked environment is made of, as a CycloneDX bill of materials (JSON).

``python -m tools.sbom`` writes ``dist/sbom.cdx.json`` from ``requirements.lock``: every package
with its version, the hashes of its archives, and, of those installed, licence and dependencies.
The same lock gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "dist" / "sbom.cdx.json"
SPECIFICATION = "1.6"
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)(?P<rest>.*)$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def locked(text: str) -> list[dict[str, Any]]:
    """Read a lock file: name, version, marker and hashes of each package.

    Raises
    ------
    SystemExit
        For a line that is neither, since what it locks would be missing.
    """
    found: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if not said or said.startswith("#"):
            continue
        hashes = _HASH.findall(said)
        if hashes and found and said.startswith("--hash"):
            found[-1]["hashes"] += hashes
            continue
        pinned = _PINNED.match(said)
        if pinned is None:
            raise SystemExit(f"requirements.lock, line {number}: {said!r} pins no package")
        marker = pinned["rest"].partition(";")[2].rstrip("\\ ").split("--hash")[0].strip()
        name, version = canonicalize_name(pinned["name"]), pinned["version"]
        found.append({"name": name, "version": version, "marker": marker, "hashes": hashes})
    return found


def bill(text: str, name: str, version: str) -> dict[str, Any]:
    """Make the bill of materials of a lock file.

    Parameters
    ----------
    text : str
        The lock file.
    name, version : str
        The package whose environment it locks.
    """
    packages = locked(text)
    refs = {(each["name"], each["version"]): _ref(each["name"], each["version"])
            for each in packages}  # fmt: skip
    by_name: dict[str, list[str]] = {}
    for (package, _), ref in refs.items():
        by_name.setdefault(package, []).append(ref)
    root = _ref(canonicalize_name(name), version)
    needs = {root: sorted(ref for each in _needs(name) for ref in by_name.get(each, ()))}
    for package, ref in sorted(refs.items()):
        needs[ref] = sorted(one for each in _needs(package[0]) for one in by_name.get(each, ()))
    about = {"type": "application", "name": name, "version": version}
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "version": 1,
        "metadata": {"component": {**about, "bom-ref": root, "purl": root}},
        "components": [_component(each) for each in packages],
        "dependencies": [{"ref": ref, "dependsOn": on} for ref, on in needs.items()],
    }


def _ref(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _component(package: dict[str, Any]) -> dict[str, Any]:
    ref = _ref(package["name"], package["version"])
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": ref,
        "name": package["name"],
        "version": package["version"],
        "purl": ref,
    }
    licence = _licence(package["name"])
    if licence:
        component["licenses"] = [licence]
    if package["hashes"]:
        # one for each archive of the version: any of them may be installed
        hashes = [{"alg": "SHA-256", "content": each} for each in package["hashes"]]
        component["externalReferences"] = [{"type": "distribution", "url": ref, "hashes": hashes}]
    if package["marker"]:
        component["properties"] = [{"name": "python:marker", "value": package["marker"]}]
    return component


def _licence(name: str) -> dict[str, Any] | None:
    try:
        told = metadata.metadata(name).json
    except metadata.PackageNotFoundError:
        return None
    if expression := told.get("license_expression"):
        return {"expression": expression}
    said = str(told.get("license") or "").strip().splitlines()
    return {"license": {"name": said[0][:100]}} if said and said[0] != "UNKNOWN" else None


def _needs(name: str) -> list[str]:
    """Name what a package depends on, without its extras; nothing where it is not installed."""
    try:
        listed = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for text in listed:
        try:
            one = Requirement(text)
        except InvalidRequirement:
            continue
        if one.marker is None or "extra" not in str(one.marker):
            found.append(canonicalize_name(one.name))
    return list(dict.fromkeys(found))


def write(target: Path = TARGET, root: Path = ROOT) -> int:
    """Write the bill of a checkout; return how many packages it lists."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (root / "requirements.lock").read_text(encoding="utf-8")
    made = bill(text, project["name"], project["version"])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return len(made["components"])


def main(arguments: list[str] | None = None) -> int:
    """Write the bill; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.sbom", description=__doc__)
    parser.add_argument("--to", type=Path, default=TARGET, help="the file to write")
    target = parser.parse_args(arguments).to
    count = write(target)
    sys.stdout.write(f"{target}: {count} packages\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
