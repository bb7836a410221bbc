"""Files as systems write them, held against readers written here by hand.

They lie beside a checkout, in ``shared/cases`` (or where WORKBENCH_CASES says); without them the
test is left out. What each stands for has a made-up fixture of its own in the rooms' tests.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import fmean, median
from typing import Any

import openpyxl
import pytest

from workbench.gate import Gate, try_study
from workbench.new.study import Started, start_study

ROOT = Path(__file__).parents[2]
CASES = Path(os.environ.get("WORKBENCH_CASES", ROOT.parent / "shared" / "cases"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_dir(), reason="needs the files of shared/cases"),
]
Row = dict[str, str]


def rows_of(path: str) -> list[Row]:
    with (CASES / path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def begun(tmp_path: Path, *paths: str, wrong: bool = False) -> tuple[Started, Gate]:
    """Start a study from files by what `new` finds, and check it as the command does."""
    (tmp_path / "data").mkdir()
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    started = start_study(tmp_path, "acme", [CASES / p for p in paths], today=date(2026, 1, 1))
    gate = try_study(started.study, tmp_path)
    if not wrong:
        assert not gate.report.problems, gate.report
        assert not [o for o in gate.outlooks if o.fate == "cannot run"]
    return started, gate


def figures(gate: Gate, name: str = "transactions") -> tuple[int, int | None, int | None, Any]:
    shown = next(p for p in gate.report.previews if p.name == name)
    total = None if shown.total is None else pytest.approx(shown.total, abs=0.005)
    return shown.kept, shown.customers, shown.orders, total


# --- exports and a log --------------------------------------------------------------------------


def online_retail() -> tuple[int, int, int, float]:
    good = [r for r in rows_of("exports/online_retail.csv") if r["CustomerID"].strip()]
    worth = [(r, int(r["Quantity"]) * float(r["UnitPrice"])) for r in good]
    bought = [(r, w) for r, w in worth if w > 0]
    # no customer had bought enough before for any of the cancellations to be taken off
    assert all(
        not any(b["CustomerID"] == r["CustomerID"] and w >= -back - 1e-9 for b, w in bought)
        for r, back in worth
        if back < 0 and r["InvoiceNo"].startswith("C")
    )
    return (
        len(bought), len({r["CustomerID"] for r, _ in bought}),
        len({r["InvoiceNo"] for r, _ in bought}), sum(w for _, w in bought),
    )  # fmt: skip


def shopify() -> tuple[int, int, int, float]:
    orders = [r for r in rows_of("exports/shopify_orders.csv") if r["Total"]]
    good = [r for r in orders if r["Financial Status"] not in ("refunded", "voided")]
    worth = sum(float(r["Total"]) - float(r["Refunded Amount"] or 0) for r in good)
    return len(good), len({r["Email"] for r in good}), len({r["Name"] for r in good}), worth


def salesforce() -> tuple[int, int, int, float]:
    won = [
        r for r in rows_of("exports/salesforce_Opportunity.csv") if r["StageName"] == "Closed Won"
    ]
    return (
        len(won), len({r["AccountId"] for r in won}), len({r["Id"] for r in won}),
        sum(float(r["Amount"]) for r in won),
    )  # fmt: skip


def zoho() -> tuple[int, int, int, float]:
    won = [r for r in rows_of("exports/zoho_Deals.csv") if r["Stage"] == "Closed Won"]
    return (
        len(won), len({r["Account Name.id"] for r in won}), len({r["Record Id"] for r in won}),
        sum(float(r["Amount"]) for r in won),
    )  # fmt: skip


def fxiaoke() -> tuple[int, int, None, float]:
    sheet = openpyxl.load_workbook(CASES / "exports" / "纷享销客_成交客户.xlsx").active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    at = {str(name).split("(")[0].split("（")[0]: i for i, name in enumerate(head)}
    worth = [float(str(r[at["成交金额"]]).replace(",", "")) for r in rows]
    return len(rows), len({r[at["客户名称"]] for r in rows}), None, sum(worth)


def heavy() -> tuple[int, int, None, float]:
    known = [r for r in rows_of("logs/heavy_transactions.csv") if r["customer_id"] != "0"]
    people = {r["customer_id"] for r in known}
    return len(known), len(people), None, sum(float(r["amount"]) for r in known)


@pytest.mark.parametrize(
    ("paths", "by_hand"),
    [
        (["exports/online_retail.csv"], online_retail),
        (["exports/shopify_orders.csv"], shopify),
        (["exports/salesforce_Opportunity.csv", "exports/salesforce_Account.csv"], salesforce),
        (["exports/zoho_Deals.csv", "exports/zoho_Contacts.csv"], zoho),
        (["exports/纷享销客_成交客户.xlsx"], fxiaoke),
        (["logs/heavy_transactions.csv"], heavy),
    ],
)
def test_purchases_are_those_of_a_reader_by_hand(
    tmp_path: Path, paths: list[str], by_hand: Callable[[], tuple[Any, ...]]
) -> None:
    _, gate = begun(tmp_path, *paths)
    assert figures(gate) == by_hand()


def test_the_lines_of_a_shop_are_all_there(tmp_path: Path) -> None:
    _, gate = begun(tmp_path, "exports/shopify_orders.csv")
    rows = rows_of("exports/shopify_orders.csv")
    good = {r["Name"] for r in rows if r["Total"] and r["Financial Status"] not in
            ("refunded", "voided")}  # fmt: skip
    lines = [r for r in rows if r["Name"] in good]
    worth = sum(float(r["Lineitem quantity"]) * float(r["Lineitem price"]) for r in lines)
    kept, _, orders, total = figures(gate, "transactions_lines")
    assert (kept, orders) == (len(lines), len(good)) and total == worth


def test_accounts_that_differ_in_case_alone_stay_apart(tmp_path: Path) -> None:
    _, gate = begun(
        tmp_path, "exports/salesforce_Opportunity.csv", "exports/salesforce_Account.csv"
    )
    ids = {r["Id"] for r in rows_of("exports/salesforce_Account.csv")}
    assert figures(gate, "customers")[1] == len(ids) > len({i.lower() for i in ids})


def test_tickets_are_those_of_a_reader_by_hand(tmp_path: Path) -> None:
    started, gate = begun(tmp_path, "exports/zendesk_tickets.csv")
    rows = rows_of("exports/zendesk_tickets.csv")
    hours = [float(r["First reply time in minutes"]) / 60 for r in rows
             if r["First reply time in minutes"]]  # fmt: skip
    shown = gate.report.previews[0]
    assert (shown.name, shown.kept) == ("interactions", len(rows))
    assert shown.customers == len({r["Requester id"] for r in rows})
    assert f"half answered within {median(hours):,.1f} hours" in shown.headlines
    assert started.proposals[0].columns["customer_id"] == "Requester id"


# --- surveys --------------------------------------------------------------------------------------

BASE = "surveys/base.csv"
ITEMS = [f"q{i}" for i in range(1, 7)]


def nps(rows: list[Row]) -> float:
    answers = [int(r["recommend"]) for r in rows]
    return 100 * fmean((a >= 9) - (a <= 6) for a in answers)


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("base.csv", (1, 5)), ("nps_text.csv", (1, 5)),
        ("num_with_label.csv", (1, 5)), ("google_forms.csv", (1, 5)), ("surveymonkey.csv", (1, 5)),
        ("wjx_num.xlsx", (1, 5)), ("merged_title.xlsx", (1, 5)),
        ("decimal_comma.csv", (0, 10)), ("centred.csv", (-2, 2)),
        ("csat7.csv", (1, 5)), ("dk_99.csv", (1, 5)), ("no_comments.csv", (1, 5)),
        ("w_nan.csv", (1, 5)), ("w_extra_cat.csv", (1, 5)), ("tiny12.csv", (1, 5)),
    ],
)  # fmt: skip
def test_surveys_say_what_the_clean_form_says(
    tmp_path: Path, name: str, scale: tuple[int, int]
) -> None:
    started, gate = begun(tmp_path, f"surveys/{name}", wrong=name == "w_nan.csv")
    if name == "w_nan.csv":  # the weights that are missing are said, by the rows of the file
        rows = [i for i, r in enumerate(rows_of(f"surveys/{name}"), start=2) if not r["w"]]
        (problem,) = gate.report.problems
        listed = ", ".join(map(str, rows))
        assert f"3 of 160 weights in 'w' are missing or negative: those of rows {listed}" in problem
        assert "survey_quality, satisfaction_gap, satisfaction_drivers: " in problem
    base = rows_of(f"surveys/{name}") if name == "tiny12.csv" else rows_of(BASE)
    shown = gate.report.previews[0]
    assert (shown.name, shown.kept, shown.customers) == ("survey", len(base), len(base))
    assert f"NPS {nps(base):+.1f} of {len(base)} answers" in shown.headlines
    if name == "csat7.csv":
        mean = fmean(float(r["satisfaction"]) for r in rows_of("surveys/csat7.csv"))
        assert f"csat {mean:.2f} on 1 to 7 of 160 answers" in shown.headlines
    else:
        mean = fmean(float(r["csat5"]) for r in base)
        assert f"csat5 {mean:.2f} on 1 to 5 of {len(base)} answers" in shown.headlines
    survey = started.study.survey
    assert survey is not None and tuple(survey.scale) == scale
    low, high = scale
    cells = [float(r[q]) for r in base for q in ITEMS]
    if name == "dk_99.csv":
        cells = [float(r[q]) for r in rows_of("surveys/dk_99.csv") for q in ITEMS if r[q] != "99"]
    mean = low + (fmean(cells) - 1) / 4 * (high - low)
    assert f"experience {mean:.2f} on {low} to {high} over 6 items" in shown.headlines


def test_waves_stand_in_order_of_time(tmp_path: Path) -> None:
    from workbench.data import open_tables

    started, _ = begun(tmp_path, "surveys/waves_q.csv")
    frame = open_tables(started.study, cache=False).frame("survey")
    first = frame.groupby("wave")["answered_on"].min().sort_values()
    found = [
        round(100 * float(((a >= 9).astype(int) - (a <= 6).astype(int)).mean()), 1)
        for a in (frame.loc[frame["wave"] == wave, "recommend"] for wave in first.index)
    ]
    assert found == [-50.0, 0.0, 42.5, 47.5]


# --- accounts, contacts, pipeline -----------------------------------------------------------------


def opened_of(started: Started) -> Any:
    from workbench.data import open_tables

    return open_tables(started.study, cache=False)


def test_salesforce_becomes_accounts_and_a_pipeline_with_its_totals(tmp_path: Path) -> None:
    from workbench.data import account_tree, pipeline

    started, _ = begun(
        tmp_path, "exports/salesforce_Opportunity.csv", "exports/salesforce_Account.csv"
    )
    tables = opened_of(started)
    deals, firms = (rows_of(f"exports/salesforce_{n}.csv") for n in ("Opportunity", "Account"))
    tree = account_tree(tables)
    assert len(tree.accounts) == len({r["Id"] for r in firms})
    below = [r for r in firms if r["ParentId"]]
    assert (tree.accounts["depth"] > 0).sum() == len(below)
    assert set(tree.accounts["industry"].dropna()) == {r["Industry"] for r in firms}
    found = pipeline(tables).frame
    for outcome, stage in (("won", "Closed Won"), ("lost", "Closed Lost")):
        mine = [r for r in deals if r["StageName"] == stage]
        own = found[found["outcome"] == outcome]
        assert len(own) == len(mine)
        assert own["amount"].sum() == pytest.approx(sum(float(r["Amount"]) for r in mine))
    rest = [r for r in deals if r["StageName"] not in ("Closed Won", "Closed Lost")]
    open_ = found[found["outcome"] == "open"]
    assert open_["amount"].sum() == pytest.approx(sum(float(r["Amount"] or 0) for r in rest))
    assert found["source"].notna().sum() == sum(bool(r["LeadSource"]) for r in deals)


def test_zoho_becomes_contacts_of_accounts_and_a_pipeline_with_its_totals(tmp_path: Path) -> None:
    from workbench.data import pipeline

    started, _ = begun(tmp_path, "exports/zoho_Deals.csv", "exports/zoho_Contacts.csv")
    tables = opened_of(started)
    deals, people = rows_of("exports/zoho_Deals.csv"), rows_of("exports/zoho_Contacts.csv")
    contacts = tables.frame("contacts")
    assert len(contacts) == len({r["Record Id"] for r in people})
    assert contacts["customer_id"].nunique() == len({r["Account Name.id"] for r in people})
    found = pipeline(tables).frame
    assert len(found) == len(deals)
    assert found["amount"].sum() == pytest.approx(sum(float(r["Amount"]) for r in deals))
    won = [r for r in deals if r["Stage"] == "Closed Won"]
    own = found[found["outcome"] == "won"]
    assert own["amount"].sum() == pytest.approx(sum(float(r["Amount"]) for r in won))
    assert own["customer_id"].nunique() == len({r["Account Name.id"] for r in won})
    # deals and contacts speak of the same accounts
    both = {r["Account Name.id"] for r in people} & {r["Account Name.id"] for r in deals}
    assert len(set(contacts["customer_id"]) & set(found["customer_id"])) == len(both)
