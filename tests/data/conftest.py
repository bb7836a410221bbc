"""Small studies made on the spot: a card and its files in a folder of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.data import Tables, open_tables
from workbench.study import Study, load_study

MakeStudy = Callable[..., Study]
OpenStudy = Callable[..., Tables]


def written(folder: Path, card: dict[str, Any] | None = None, **tables: Any) -> Study:
    """Write a study: ``name="content"`` or ``name=({...}, content)``; None if the file is there."""
    entries: dict[str, Any] = {}
    for name, given in tables.items():
        entry, content = given if isinstance(given, tuple) else ({}, given)
        entry = entry if "sql" in entry else {"path": f"{name}.csv", **entry}
        if content is not None:
            data = content if isinstance(content, bytes) else content.encode("utf-8")
            (folder / entry["path"]).write_bytes(data)
        entries[name] = entry
    full = {
        "title": "A small study",
        "simulated": True,
        "as_of": "2025-12-31",
        "time_zone": "Asia/Shanghai",
        "privacy": {"min_cell": 1, "p_percent": 0},  # few enough to be counted: all are shown
        "tables": entries,
        **(card or {}),
    }
    full["as_of"] = dt.date.fromisoformat(full["as_of"])
    text = yaml.safe_dump(full, allow_unicode=True, sort_keys=False)
    (folder / "study.yml").write_text(text, encoding="utf-8")
    return load_study(folder)


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Give a function that writes a study into the test's own folder."""
    return partial(written, tmp_path)


@pytest.fixture
def open_study(make_study: MakeStudy) -> OpenStudy:
    """Give a function that writes a study and opens its tables."""

    def opened(card: dict[str, Any] | None = None, **tables: Any) -> Tables:
        return open_tables(make_study(card, **tables), cache=False)

    return opened


@pytest.fixture(scope="module")
def module_study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """Give a function that opens one study for all tests of a module, which only read it."""

    def opened(card: dict[str, Any] | None = None, **tables: Any) -> Tables:
        return open_tables(written(tmp_path_factory.mktemp("study"), card, **tables), cache=False)

    return opened


# --- tables small enough to be counted on one's fingers

CUSTOMERS = (
    "customer_id,region,joined_on\nA,North,2025-01-01\nB,North,2025-01-01\nC,South,2025-02-10\n"
    "D,South,2025-03-01\n"
)
TRANSACTIONS = (
    "customer_id,date,amount,order_id,channel\n"
    "A,2025-01-05,10,O1,web\nA,2025-01-05,5,O1,web\nA,2025-02-03,20,O2,shop\n"
    "A,2025-02-09,30,O3,web\nB,2025-01-20,40,O4,web\nC,2025-02-15,8,O5,web\n"
    "A,2025-02-10,-20,O2,shop\n"
)
CONTRACTS = (
    "customer_id,contract_id,start,end,monthly_fee\n"
    # A keeps its contract; B leaves in February; C changes plans in February and leaves in March.
    "A,K1,2024-12-01,,50\nB,K2,2025-01-15,2025-02-10,30\nC,K3,2024-11-01,2025-02-20,40\n"
    "C,K4,2025-02-20,2025-03-31,60\nD,K5,2025-03-01,2026-06-30,20\n"
)
SURVEY = (
    "respondent_id,wave,answered_on,customer_id,csat5,csat10,recommend,exp_01,per_01,exp_02,per_02\n"
    "R1,2024-H2,2024-12-30,A,4,8,10,7,5,6,6\n"
    "R2,2025-H1,2025-01-10,A,5,9,9,7,6,6,\n"
    "R3,2025-H1,2025-02-10,B,3,5,6,5,5,7,4\n"
    "R4,2025-H1,2025-02-11,,2,4,0,,3,7,6\n"
    "R5,2025-H1,2025-02-12,C,,7,7,,,,\n"
)
INTERACTIONS = (
    "customer_id,at,kind,response_hours,resolved,resolved_at\n"
    "A,2025-01-10 09:00,complaint,10,no,\nA,2025-01-11 09:00,enquiry,2,yes,2025-01-11 12:00\n"
    "B,2025-02-01 00:00,Complaint,6,yes,2025-02-03 09:00\nC,2025-02-28 23:59,service,,,\n"
)
SERIES = (
    "indicator,date,region,numerator,denominator,value,se,n\n"
    "brand_awareness,2025-01-01,North,120,400,,,\nbrand_awareness,2025-02-01,North,80,200,,,\n"
    "market_share,2025-01-01,North,30,120,,,\nmarket_share,2025-02-01,North,,,0.5,,\n"
    "share_of_wallet,2025-01-01,North,,,0.4,0.05,100\n"
    "share_of_wallet,2025-02-01,North,,,0.1,0.10,50\n"
    "cost_to_serve,2025-01-01,North,900,300,,,\n"
    "campaign_return,2025-01-01,North,150,100,,,\ncampaign_return,2025-02-01,North,0,50,,,\n"
)
RATINGS = (
    "date,region,rater,item,score\n2025-01-15,North,E1,clarity,4\n2025-01-15,North,E1,care,2\n"
    "2025-01-15,North,E2,clarity,5\n2025-01-15,North,E2,care,5\n2025-01-15,North,E3,clarity,4\n"
)


@pytest.fixture(scope="module")
def tables(module_study: OpenStudy) -> Tables:
    """A study of four customers and a quarter."""
    return module_study(
        {"as_of": "2025-03-31", "service": {"response": 8}},
        customers=CUSTOMERS,
        transactions=({"refunds": "keep"}, TRANSACTIONS),
        contracts=CONTRACTS,
        survey=SURVEY,
        interactions=INTERACTIONS,
        series=SERIES,
        ratings=RATINGS,
    )
