"""A tiny study of its own, and projects made of fixture notebooks, one for each failure mode."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from workbench.runs import RunRecord, read_assignments, run_study
from workbench.study import Study, read_card

NOTEBOOKS = Path(__file__).parent / "notebooks"
START = datetime(2026, 1, 31, 8, 15, tzinfo=UTC)
CARD = {
    "title": {"en": "Tiny", "zh": "小店"},
    "simulated": True,
    "languages": ["en", "zh"],
    "as_of": "2025-12-31",
    "currency": "CNY",
    "tables": {"transactions": {"path": "transactions.csv"}},
    "cases": [
        {
            "name": name,
            "title": {"en": f"The {name}", "zh": f"{name}案例"},
            "start": "2025-06-01",
            "outcomes": [{"indicator": "sales"}],
        }
        for name in ("first", "second")
    ],
}
ROWS = "customer_id,date,amount\na,2025-01-03,3.5\na,2025-11-30,4.5\nb,2025-02-03,1\n"


@dataclass
class Project:
    """A root with the tiny study and some of the fixture notebooks."""

    root: Path
    ticks: count[int]

    @property
    def card(self) -> Path:
        return self.root / "data" / "tiny" / "study.yml"

    @property
    def runs(self) -> Path:
        return self.root / "runs" / "tiny"

    @property
    def study(self) -> Study:
        return read_card(self.card)

    def write_card(self, **changes: Any) -> None:
        self.card.write_text(yaml.safe_dump({**CARD, **changes}, allow_unicode=True))

    def write(self, name: str, *cells: str | tuple[str, str]) -> None:
        """Write a notebook of these cells in place of a fixture; a cell may bring a tag."""
        new = nbformat.v4.new_code_cell
        book = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
            cells=[
                nbformat.v4.new_markdown_cell("# Q", id="title"),
                new('study: str = "tiny"', id="parameters", metadata={"tags": ["parameters"]}),
            ],
        )
        for number, cell in enumerate(cells):
            source, *marks = [cell] if isinstance(cell, str) else cell
            about = {"tags": list(marks)} if marks else {}
            book.cells.append(new(source, id=f"c{number}", metadata=about))
        nbformat.write(book, self.root / "notebooks" / f"{name}.ipynb")

    def run(self, *assignments: str, study: Study | None = None, **options: Any) -> RunRecord:
        """Run; each run starts a second after the one before."""
        return run_study(
            study or self.study,
            self.root,
            now=START + timedelta(seconds=next(self.ticks)),
            assignments=read_assignments(assignments),
            **{"jobs": 2, **options},
        )


def build(root: Path, pipeline: Mapping[str, Mapping[str, Any]]) -> Project:
    (root / "notebooks").mkdir(parents=True)
    (root / "data" / "tiny").mkdir(parents=True)
    (root / "_quarto.yml").touch()
    (root / "requirements.lock").write_text("numpy==2.4\n")
    (root / "data" / "tiny" / "transactions.csv").write_text(ROWS)
    for name in pipeline:
        if (source := NOTEBOOKS / f"{name}.ipynb").is_file():
            shutil.copy(source, root / "notebooks")
    text = yaml.safe_dump({name: dict(entry) for name, entry in pipeline.items()})
    (root / "notebooks" / "pipeline.yml").write_text(text)
    project = Project(root.resolve(), count())
    project.write_card()
    return project


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Make a project: ``project(good={}, reader={"needs": ["good"]})``."""
    return lambda **pipeline: build(tmp_path / "root", pipeline)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """Make a project that the tests of a module share, since kernels take a second each."""
    return lambda **pipeline: build(tmp_path_factory.mktemp("shared") / "root", pipeline)
