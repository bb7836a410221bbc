"""Exports of systems go through `new` to the cleaned table, and give what is read by hand."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from workbench.data import Tables, open_tables
from workbench.new.study import Started, start_study
from workbench.study import load_study

EXPORTS = Path(__file__).parents[1] / "data_files" / "exports"
Start = Callable[..., Started]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    (tmp_path / "data").mkdir()

    def begin(*names: str) -> Started:
        paths = [EXPORTS / name for name in names]
        return start_study(tmp_path, "acme", paths, today=date(2026, 1, 1))

    return begin


def rows(name: str) -> list[dict[str, str]]:
    with (EXPORTS / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def tables(started: Started) -> Tables:
    return open_tables(load_study(started.folder), cache=False)


def test_online_retail_multiplies_pieces_by_price_and_nets_what_was_cancelled(start: Start) -> None:
    started = start("online_retail.csv")
    card = started.study.tables["transactions"]
    assert card.columns == {
        "customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo",
        "product": "Description", "quantity": "Quantity", "price": "UnitPrice",
    }  # fmt: skip
    assert card.amount == "Quantity * UnitPrice"
    named = [r for r in rows("online_retail.csv") if r["CustomerID"]]
    # month first: 8/25/2024 is there
    days = [datetime.strptime(r["InvoiceDate"], "%m/%d/%Y %H:%M").date() for r in named]
    (shown,) = started.previews
    assert (shown.first, shown.last) == (min(days), max(days))
    report = tables(started).report_of("transactions")
    assert report.set_aside["missing"] == len(rows("online_retail.csv")) - len(named)
    bought: dict[str, float] = defaultdict(float)
    back: dict[str, float] = defaultdict(float)
    for row in named:
        amount = int(row["Quantity"]) * float(row["UnitPrice"])
        (bought if amount > 0 else back)[row["CustomerID"]] += amount
    assert set(tables(started).frame("transactions")["amount"] > 0) == {True}
    # a refund is taken off earlier purchases only, so the net sum lies between these
    assert sum(bought.values()) + sum(back.values()) <= shown.total + 0.01
    assert shown.total <= sum(bought.values()) + 0.01
    assert shown.customers == len([c for c in bought if bought[c] > 0])


def test_shopify_counts_the_total_of_an_order_once(start: Start) -> None:
    started = start("shopify_orders.csv")
    card = started.study.tables["transactions"]
    assert (card.columns["customer_id"], card.amount) == ("Email", "Total - `Refunded Amount`")
    assert (card.columns["order_id"], card.amount_per) == ("Name", "order")
    by_order: dict[str, dict[str, str]] = {}
    for row in rows("shopify_orders.csv"):
        by_order.setdefault(row["Name"], row)
    paid = [r for r in by_order.values() if r["Financial Status"] not in ("refunded", "voided")]
    assert 0 < len(paid) < len(by_order)
    shown, lines = started.previews
    own = {tuple(r.items()) for r in rows("shopify_orders.csv")}  # one was written twice
    own = [r for r in map(dict, own) if by_order[r["Name"]] in paid]
    priced = sum(float(r["Lineitem price"]) * int(r["Lineitem quantity"]) for r in own)
    assert (lines.kept, lines.total) == (len(own), pytest.approx(priced, abs=0.005))
    assert (shown.kept, shown.orders) == (len(paid), len(paid))
    net = [float(r["Total"]) - float(r["Refunded Amount"] or 0) for r in paid]
    assert shown.total == pytest.approx(sum(net), abs=0.005)
    assert shown.customers == len({r["Email"].lower() for r in paid})
    moments = [datetime.strptime(r["Created at"], "%Y-%m-%d %H:%M:%S %z") for r in paid]
    assert shown.last == max(moments).astimezone(ZoneInfo("UTC")).date()


def test_salesforce_takes_won_deals_of_accounts(start: Start) -> None:
    started = start("salesforce_Opportunity.csv", "salesforce_Account.csv")
    won = [r for r in rows("salesforce_Opportunity.csv") if r["StageName"] == "Closed Won"]
    deals, accounts = started.previews
    assert deals.kept == len(won)
    assert deals.total == pytest.approx(sum(float(r["Amount"]) for r in won), abs=0.005)
    assert started.study.tables["customers"].columns["customer_id"] == "Id"
    assert started.study.tables["transactions"].columns["customer_id"] == "AccountId"
    assert str(deals.last) == max(r["CloseDate"] for r in won)
    # ids that differ in case alone name different accounts
    assert (accounts.name, accounts.kept) == ("customers", len(rows("salesforce_Account.csv")))
    assert deals.customers == len({r["AccountId"] for r in won})


def test_zohos_customer_is_the_account_and_not_the_contact(start: Start) -> None:
    started = start("zoho_Deals.csv", "zoho_Contacts.csv")
    won = [r for r in rows("zoho_Deals.csv") if r["Stage"] == "Closed Won"]
    deals, people = started.previews
    assert started.study.tables["transactions"].columns["customer_id"] == "Account Name.id"
    assert started.study.tables["customers"].columns["customer_id"] == "Account Name.id"
    assert (deals.kept, deals.customers) == (len(won), len({r["Account Name.id"] for r in won}))
    assert deals.total == pytest.approx(sum(float(r["Amount"]) for r in won), abs=0.005)
    assert people.kept == len({r["Account Name.id"] for r in rows("zoho_Contacts.csv")})


def test_zendesks_tickets_are_contacts_of_requesters(start: Start) -> None:
    started = start("zendesk_tickets.csv")
    tickets = rows("zendesk_tickets.csv")
    frame = tables(started).frame("interactions")
    assert len(frame) == len(tickets)
    hours = sum(int(r["First reply time in minutes"]) for r in tickets) / 60
    assert frame["response_hours"].sum() == pytest.approx(hours)
    assert frame["resolved"].sum() == sum(r["Status"] in ("Closed", "Solved") for r in tickets)
    assert frame["customer_id"].nunique() == len({r["Requester id"] for r in tickets})
    assert str(frame["at"].max())[:16] == max(r["Created at"] for r in tickets)
    assert not {"Requester", "Requester email"} & set(frame.columns), "people stay out"


def test_fxiaokes_won_customers_are_purchases(start: Start) -> None:
    name = "fxiaoke_成交客户.xlsx"
    started = start(name)
    book = openpyxl.load_workbook(EXPORTS / name, read_only=True).worksheets[0]
    head, *data = book.iter_rows(values_only=True)
    column = {heading: i for i, heading in enumerate(head)}
    (shown,) = started.previews
    assert shown.name == "transactions" and shown.kept == len(data)
    amounts = [float(row[column["成交金额"]]) for row in data]
    assert shown.total == pytest.approx(sum(amounts), abs=0.005)
    assert shown.customers == len({row[column["客户名称"]] for row in data})
    frame = tables(started).frame("transactions")
    assert not {"负责人", "电话"} & set(frame.columns), "people stay out"
