"""Build the package and hold it against its tag: version, changelog, citation, contents.

``python -m tools.release --tag v0.2.0`` leaves wheel, source archive,
``NOTES.md``, the bill of materials (CycloneDX) and what advisories say of it (``audit.txt``) in
``dist/``. A package that is known to be vulnerable stops it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tools.audit import write as write_audit
from tools.sbom import write as write_bill

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
#: Of what `workbench init` lays out, the files without which nothing runs.
_PROJECT = ("notebooks/pipeline.yml", "notebooks/clv.ipynb", "reports/index.qmd", "_quarto.yml")


def notes(version: str, changelog: str) -> str:
    """Return what the changelog says of a version.

    Raises
    ------
    SystemExit
        When it says nothing of it.
    """
    found = re.search(
        rf"^## {re.escape(version)}\b.*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if found is None or not found[1].strip():
        raise SystemExit(f"CHANGELOG.md has no section `## {version}`: write what changed")
    return found[1].strip() + "\n"


def disagreements(tag: str, root: Path = ROOT) -> list[str]:
    """List where tag, package and citation name different versions."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = project["version"]
    wrong = []
    if tag.removeprefix("v") != version:
        wrong.append(f"the tag is {tag}, pyproject.toml says {version}")
    citation = (root / "CITATION.cff").read_text(encoding="utf-8")
    cited = re.search(r"^version: (.+)$", citation, re.MULTILINE)
    if cited is None or cited[1].strip() != version:
        wrong.append(f"CITATION.cff says {cited[1] if cited else 'no version'}, not {version}")
    return wrong


def check_wheel(wheel: Path) -> list[str]:
    """Say what a wheel lacks, or carries by mistake."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    needed = (
        "workbench/py.typed",
        "workbench/cli/common.py",
        "workbench/study/codebooks/service.yml",
        "workbench/new/presets/shopify.yml",
        *(f"workbench/project/{name}" for name in _PROJECT),
    )
    wrong = [f"{wheel.name} lacks {name}" for name in needed if name not in names]
    if not any(name.endswith(".po") for name in names):
        wrong.append(f"{wheel.name} has no catalogs")
    strange = {name.split("/")[0] for name in names} - {"workbench"}
    wrong += [f"{wheel.name} carries {n}" for n in sorted(strange) if not n.endswith(".dist-info")]
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Build and check; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("--tag", required=True, help="the version's tag, such as v0.2.0")
    tag = parser.parse_args(arguments).tag
    wrong = disagreements(tag)
    said = notes(tag.removeprefix("v"), (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    shutil.rmtree(DIST, ignore_errors=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(DIST)], cwd=ROOT, check=True
    )
    (DIST / "NOTES.md").write_text(said, encoding="utf-8")
    write_bill(DIST / "sbom.cdx.json")
    audited = write_audit(DIST / "audit.txt")
    sys.stdout.write(f"{audited}\n")
    wrong += audited.vulnerable
    for wheel in DIST.glob("*.whl"):
        wrong += check_wheel(wheel)
    sys.stdout.write("\n".join(wrong) + "\n" if wrong else f"dist/ holds {tag}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
