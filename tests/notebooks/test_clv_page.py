"""The page on customer value runs on a study that has contracts and no purchases."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
CARD = """\
title: {en: Line only, zh: 仅合约}
simulated: true
as_of: 2025-12-31
currency: CNY
time_unit: month
languages: [en, zh]
tables:
  contracts:
    path: contracts.tsv
    columns:
      contract_id: ContractNo
      customer_id: CustomerNo
      start: Begin
      end: End
      plan: Tariff
      monthly_fee: FeePerMonth
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[nbformat.NotebookNode, Path]:
    root = tmp_path_factory.mktemp("root")
    home = root / "data" / "line"
    home.mkdir(parents=True)
    (home / "study.yml").write_text(CARD, encoding="utf-8")
    lines = (ROOT / "data/harbour/contracts.tsv").read_text(encoding="utf-8").splitlines(True)
    (home / "contracts.tsv").write_text("".join(lines[:900]), encoding="utf-8")
    (root / "_quarto.yml").write_text("project: {}\n")
    notebook = nbformat.read(ROOT / "notebooks/clv.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.id == "parameters":
            cell.source = cell.source.replace('study: str = "harbour"', 'study: str = "line"')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ROOT", str(root))
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(root))
    return notebook, root


def shown(notebook: nbformat.NotebookNode) -> str:
    return json.dumps([cell.get("outputs", []) for cell in notebook.cells], ensure_ascii=False)


def test_it_values_the_contracts(executed: tuple[nbformat.NotebookNode, Path]) -> None:
    notebook, root = executed
    text = shown(notebook)
    assert "Fees still to come from the running contracts" in text
    # what was observed is the headline; what the model says is said to be the model's
    assert "of the contracts last a year" in text and "of new contracts last a year" in text
    saved = pd.read_parquet(next(root.glob("runs/line/_lab/**/customer_value.parquet")))
    assert {"customer_id", "clv", "low", "high"} <= set(saved.columns)
    known = saved[saved["clv"] > 0]
    assert (known["low"] < known["clv"]).all() and (known["clv"] < known["high"]).all()
    # a contract without a fee in the table is worth nothing, and that is said
    assert len(known) == len(saved) - 1 and "fee is not known" in text
    assert saved["customer_id"].str.fullmatch("[0-9a-f]{16}").all()


def test_it_says_nothing_of_purchases(executed: tuple[nbformat.NotebookNode, Path]) -> None:
    text = shown(executed[0])
    for words in ("Repeat buyers", "Tested on the past", "expected to buy again", "BIC"):
        assert words not in text


def test_the_values_of_people_add_up_to_the_headline(
    executed: tuple[nbformat.NotebookNode, Path],
) -> None:
    _, root = executed
    results = next(root.glob("runs/line/_lab/**/customer_value.parquet")).parent
    metrics = {m["name"]: m for m in json.loads((results / "estimates.json").read_text())}
    saved = pd.read_parquet(results / "customer_value.parquet")
    total = metrics["clv.contracts"]
    assert saved["clv"].sum() == pytest.approx(total["value"])
    assert total["low"] < total["value"] < total["high"]
    assert set(metrics) == {"clv.contracts", "clv.contract", "clv.stay"}
