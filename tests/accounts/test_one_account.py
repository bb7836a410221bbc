"""One account on the screen: potential, people, pipeline; never among the results of a page."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from workbench.notebook import Run
from workbench.profile import customer_profile
from workbench.study import load_study

TABLES = {
    "accounts": "customer_id,name,parent_id,industry,potential\nA1,Alpha,,Pharma,200\nA2,B,A1,,\n",
    "contacts": "contact_id,customer_id,name,role,last_on\nP1,A1,Ann,Buyer,2025-03-04\n"
    "P2,A1,Bo,,\n",
    "opportunities": "opportunity_id,customer_id,stage,amount,opened,closed\n"
    "O1,A1,Closed Won,50,2025-01-01,2025-02-01\nO2,A1,Proposal,70,2025-11-01,\n",
    "visits": "customer_id,date\nA1,2025-06-01\n",
    "transactions": "customer_id,date,amount\nA1,2025-02-01,50\nA2,2025-02-01,20\n",
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("WORKBENCH_KEY", "0123456789abcdef")
    folder = tmp_path / "data" / "firm"
    folder.mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    card = {
        "title": "A firm", "simulated": True, "as_of": date(2025, 12, 31), "currency": "EUR",
        "tables": {name: {"path": f"{name}.csv"} for name in TABLES},
    }  # fmt: skip
    (folder / "study.yml").write_text(yaml.safe_dump(card), "utf-8")
    root = tmp_path
    return Run(load_study(folder), folder=root / "runs", root=root, notebook="lab")


def test_one_account_is_shown_from_all_sides(run: Run) -> None:
    shown = customer_profile(run, "A1")
    text = shown.text
    assert "Bought 0.25 of a potential of 200 a year." in text
    assert "Contacts known: 2, the last heard of on 2025-03-04." in text
    assert "Open opportunities: 1, for 70; won 1 of 2." in text
    assert set(shown.timeline["event"]) == {"purchase", "opportunity", "visit"}
    assert "Alpha" not in text and "Ann" not in text and "Pharma" in text
