"""A small study with its run, and the bundle of it, for all tests of this room."""

from __future__ import annotations

import datetime as dt
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
import yaml

from workbench.bundle.pack import Packed, pack
from workbench.bundle.parts import write_bundle
from workbench.runs.records.record import RunRecord
from workbench.runs.runner import run_study
from workbench.study import Case, Study, add_plan, read_card

REPO = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)
CASE = {
    "name": "desk",
    "title": "Desk",
    "start": dt.date(2025, 6, 1),
    "outcomes": [{"indicator": "sales"}],
}
CARD = {
    "title": {"en": "Corner shop", "zh": "街角小店"},
    "simulated": True,
    "licence": "MIT",
    "languages": ["en", "zh"],
    "as_of": "2025-12-31",
    "currency": "EUR",
    "tables": {"transactions": {"path": "transactions.csv"}},
    "cases": [CASE],
}
CELLS = (
    "import pandas as pd\nimport workbench as wb\n"
    "from workbench.results import Estimate, Finding\nrun = wb.open_run(study)\n"
    'frame = run.tables.frame("transactions")',
    'mean = run.headline("spend.mean", Estimate(frame["amount"].mean() + shift, 3.0, 9.0,'
    ' unit="EUR", kind="money", label="Mean spend"))\n'
    'by_month = frame.groupby(frame["date"].dt.month)["amount"].agg(["count", "sum"])\n'
    'by_month.index.name = "month"\nrun.save("by_month", by_month)\n'
    'run.save("buyers", frame.groupby("customer_id", as_index=False)["amount"].sum())',
    'found = Finding("verdict", "Spending rose to {mean}", {"mean": mean}, verdict="shown")\n'
    "run.finding(found)\nwb.tell(found)",
    'wb.say("There were {n} purchases.", n=len(frame))\nwb.show(by_month)',
    "#| label: fig-months\n#| fig-alt: One bar a month.\n"
    'wb.show(lambda ax: ax.bar(by_month.index, by_month["sum"]), "Spend by month", "Euros",'
    " table=by_month)",
)


def rows(n: int = 240) -> str:
    sold = (
        f"K{i % 40:03d},2025-{i % 12 + 1:02d}-{i % 28 + 1:02d},{3 + i % 17}.{i % 90:02d}\n"
        for i in range(n)
    )
    return "".join(["customer_id,date,amount\n", *sold])


def notebook() -> nbformat.NotebookNode:
    new = nbformat.v4.new_code_cell
    titles = {"en": "# What do they spend?", "zh": "# 顾客花多少钱？"}
    return nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}},
        cells=[
            *(
                nbformat.v4.new_markdown_cell(text, id=f"title-{x}", metadata={"tags": [x]})
                for x, text in titles.items()
            ),
            new(
                'study: str = "shop"  # the study\nseed: int = 7  # of random numbers\n'
                "shift: float = 0.0  # euros",
                id="parameters",
                metadata={"tags": ["parameters"]},
            ),
            *(new(source, id=f"c{n}") for n, source in enumerate(CELLS)),
        ],
    )


@dataclass
class Shop:
    """The project, its study, its run."""

    root: Path
    study: Study
    run: RunRecord

    def pack(self, to: Path, **options: object) -> Packed:
        return pack(self.study, self.root, self.run, now=NOW, to=to, **options)  # type: ignore[arg-type]


def make_shop(root: Path, card: Mapping[str, object] = CARD) -> Shop:
    (root / "notebooks").mkdir(parents=True)
    (root / "data/shop").mkdir(parents=True)
    shutil.copytree(REPO / "reports/theme", root / "reports/theme")
    (root / "reports/zh").mkdir()
    shutil.copy(REPO / "_quarto.yml", root)
    for language, folder in (("en", "reports"), ("zh", "reports/zh")):
        front = f"---\ntitle: Reports\nlang: {language}\n---\n\n::: {{.studies}}\n:::\n"
        (root / folder / "index.qmd").write_text(front)
        profile = yaml.safe_load((REPO / f"_quarto-{language}.yml").read_text())
        studies = {"auto": f"{folder}/studies/**"}
        profile["website"]["sidebar"]["contents"] = [f"{folder}/index.qmd", studies]
        (root / f"_quarto-{language}.yml").write_text(yaml.safe_dump(profile))
    shutil.copy(REPO / "requirements.lock", root)
    nbformat.write(notebook(), root / "notebooks/spend.ipynb")
    (root / "notebooks/pipeline.yml").write_text("spend: {gives: {by_month: [month, count]}}\n")
    (root / "data/shop/study.yml").write_text(yaml.safe_dump(dict(card), allow_unicode=True))
    add_plan(root / "data/shop", Case.model_validate(CASE), {}, NOW.replace(year=2025))
    (root / "data/shop/transactions.csv").write_text(rows())
    study = read_card(root / "data/shop/study.yml")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WORKBENCH_WORDS", raising=False)
        run = run_study(study, root, now=NOW, jobs=1)
    assert run.status == "done", run.failures()
    return Shop(root, study, run)


@pytest.fixture(autouse=True)
def sentences_without_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop's notebook says sentences of its own, which no catalog holds, on purpose."""
    monkeypatch.delenv("WORKBENCH_WORDS", raising=False)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop((tmp_path_factory.mktemp("shop") / "root").resolve())


@pytest.fixture(scope="session")
def packed(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    return shop.pack(tmp_path_factory.mktemp("packed") / "shop.zip", data="include")


@pytest.fixture
def tampered(packed: Packed, tmp_path: Path) -> Callable[..., Path]:
    """Write the bundle with some files changed, taken away (None) or added."""

    def write(changes: Mapping[str, bytes | None]) -> Path:
        with zipfile.ZipFile(io.BytesIO(packed.path.read_bytes())) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        files = {n: d for n, d in {**files, **changes}.items() if d is not None}
        path = tmp_path / "tampered.zip"
        write_bundle(files, path)
        return path

    return write


@pytest.fixture(scope="session")
def files(packed: Packed) -> dict[str, bytes]:
    with zipfile.ZipFile(packed.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def as_json(content: bytes) -> dict:
    return json.loads(content)
