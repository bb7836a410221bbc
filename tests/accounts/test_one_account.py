"""One account on the screen: potential, people, pipeline; never among the results of a page."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from workbench.errors import WorkbenchError
from workbench.notebook import Run
from workbench.profile import customer_profile
from workbench.study import load_study

TABLES = {
    "accounts": "customer_id,name,parent_id,industry,potential,health,health_reason,health_on\n"
    "A1,Alpha,,Pharma,200,20,Tender lost,2025-11-03\nA2,B,A1,Retail,,,,\nA3,C,,Retail,,,,\n",
    "contacts": "contact_id,customer_id,name,role,last_on\nP1,A1,Ann,Buyer,2025-03-04\n"
    "P2,A1,Bo,,\n",
    "opportunities": "opportunity_id,customer_id,stage,amount,opened,closed\n"
    "O1,A1,Closed Won,50,2025-01-01,2025-02-01\nO2,A1,Proposal,70,2025-11-01,\n",
    "visits": "customer_id,date\nA1,2025-06-01\n",
    "transactions": "customer_id,date,amount,category\nA1,2025-02-01,50,tests\n"
    "A2,2025-02-01,20,drugs\nA1,2024-02-01,100,tests\nA3,2024-01-01,100,advice\n"
    "A3,2025-03-01,200,advice\n",
    "interactions": "customer_id,at,response_hours,resolved\nA2,2025-05-01 10:00,4,true\n"
    "A1,2025-06-01 10:00,6,false\nA1,2023-06-01 10:00,90,false\n",
    "survey": "respondent_id,wave,answered_on,customer_id,csat5,recommend\n"
    "R1,2025-H1,2025-05-05,A1,2,3\nR2,2025-H2,2025-09-05,A2,4,9\n",
    "plans": "customer_id,step,due,done,owner_role\nA1,Offer a frame contract,2025-10-01,,KAM\n"
    "A1,Visit the board,2025-04-01,2025-04-02,KAM\n",
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
        "actions": [
            {"name": "pharma", "title": "Call all pharma accounts", "start": date(2025, 3, 1),
             "due": date(2026, 3, 1), "where": {"industry": "Pharma"}},
            {"name": "retail", "title": "Write to shops", "start": date(2025, 3, 1),
             "due": date(2026, 3, 1), "where": {"industry": "Retail"}},
            {"name": "all", "title": "Train the staff", "start": date(2025, 3, 1),
             "due": date(2026, 3, 1)},
        ],
    }  # fmt: skip
    (folder / "study.yml").write_text(yaml.safe_dump(card), "utf-8")
    root = tmp_path
    return Run(load_study(folder), folder=root / "runs", root=root, notebook="lab")


def test_one_account_is_shown_from_all_sides(run: Run) -> None:
    shown = customer_profile(run, "A1")
    text = shown.text
    for told in (
        "Accounts below it, counted with it: 1.",
        # with what the account below it bought
        "Bought for €70.00 in the last twelve months and €100 in those before: −30%; all accounts"
        " together +170%.",
        "Bought 35% of a potential of €200 a year.",
        "Buys 2 of 3 kinds of goods; not in the last twelve months: advice.",
        "Open opportunities: 1, for €70.00; won 1 of 2.",
        "Service contacts in the last twelve months: 2, 50% of them solved.",
        "Half of them were answered within 5.0 hours.",
        "Satisfaction 4, as answered on 5 September 2025; answers: 2.",
        "Contacts known: 2, the last heard of on 4 March 2025.",
        "Visits in the last twelve months: 1, the last one on 1 June 2025.",
        "Planned steps that are open: 1, of which 1 are late.",
        "In the register for accounts such as this: Call all pharma accounts, due on 1 March 2026.",
    ):
        assert told in text
    assert "Write to shops" not in text and "Train the staff" not in text
    assert set(shown.timeline["event"]) == {
        "purchase", "opportunity", "visit", "contact", "answer", "planned step", "action begins",
        "health given",
    }  # fmt: skip
    plan = shown.timeline[shown.timeline["event"] == "planned step"]
    assert "Offer a frame contract" in plan["what"].iloc[0]
    assert shown.timeline["date"].is_monotonic_decreasing
    assert "Alpha" not in text and "Ann" not in text and "Pharma" in text


def test_an_account_below_another_says_so(run: Run) -> None:
    text = customer_profile(run, "A2").text
    top = run.tables.find_customer("A1")
    assert f"Belongs to the account {top}; on top stands {top}." in text


def test_no_page_of_a_run_shows_an_account(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_RUN", "runs/firm/1")
    with pytest.raises(WorkbenchError, match="never published"):
        customer_profile(run, "A1")
