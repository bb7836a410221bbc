"""Accounts counted as the one on top, and indicators of pipeline and service, by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.data import Tables, indicator
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]

ACCOUNTS = (
    "customer_id,parent_id,industry,joined_on\nA1,,Pharma,2025-01-05\nA2,A1,Pharma,2025-02-05\n"
    "B1,,Retail,2025-02-10\n"
)
OPPORTUNITIES = (
    "opportunity_id,customer_id,stage,amount,opened,closed\n"
    "O1,A1,Closed Won,100,2025-01-01,2025-01-21\nO2,A2,Closed Lost,50,2025-01-02,2025-02-01\n"
    "O3,B1,Closed Won,30,2025-01-10,2025-02-19\nO4,B1,Proposal,70,2025-02-01,\n"
)
LEADS = (
    "lead_id,created,source,converted_on\nL1,2025-01-03,Web,2025-02-01\nL2,2025-01-04,Web,\n"
    "L3,2025-01-05,Fair,2025-11-01\nL4,2025-12-20,Fair,2025-12-22\n"
)
CONTACTS = (
    "customer_id,at,kind,resolved,reopened,transferred,abandoned,error,cost\n"
    "A1,2025-01-02 09:00,bill,yes,0,1,no,no,10\nA1,2025-01-05 09:00,bill,yes,2,0,no,yes,20\n"
    "A2,2025-02-01 09:00,fault,no,0,0,yes,no,30\nB1,2025-02-02 09:00,bill,yes,0,0,no,yes,\n"
)
SALES = (
    "customer_id,date,amount,order_id\nA1,2025-01-10,100,P1\nA2,2025-01-12,40,P2\n"
    "A2,2025-01-20,-40,P2\nB1,2025-02-03,60,P3\nB1,2025-02-04,80,P4\nB1,2025-09-30,-80,P4\n"
)


@pytest.fixture(scope="module")
def firm(module_study: OpenStudy) -> Tables:
    return module_study(
        accounts=ACCOUNTS, opportunities=OPPORTUNITIES, leads=LEADS, interactions=CONTACTS,
        transactions=SALES,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("win_rate", [1.0, 0.5]), ("won_sales", [100.0, 30.0]), ("sales_cycle", [20.0, 40.0]),
        ("new_accounts", [1.0, 2.0]), ("reopened_contacts", [0.5, 0.0]),
        ("transferred_contacts", [0.5, 0.0]), ("abandoned_contacts", [0.0, 0.5]),
        ("service_errors", [0.5, 0.5]), ("cost_per_contact", [15.0, 30.0]),
        ("repeat_contacts", [0.5]),  # those of February are not followed for long enough
        # P2 was given back whole and counts as bought; P4 came back after more than 90 days
        ("returned_orders", [0.5, 0.0]),
    ],
)  # fmt: skip
def test_indicators_of_accounts_and_service_by_hand(
    firm: Tables, name: str, expected: list[float]
) -> None:
    assert indicator(firm, name)["estimate"].tolist() == pytest.approx(expected)


def test_leads_have_ninety_days(firm: Tables) -> None:
    found = indicator(firm, "lead_conversion")
    # L3 came too late, L4 was not followed for so long
    assert found[["numerator", "denominator"]].to_numpy().tolist() == [[1, 3]]


def test_the_open_pipeline_is_what_was_open_at_the_end_of_each_month(firm: Tables) -> None:
    found = indicator(firm, "open_pipeline").set_index("period")["estimate"]
    assert found["2025-01-01"] == 80 and found["2025-02-01"] == 70 and found["2025-12-01"] == 70


def test_columns_of_accounts_group_what_the_study_has_no_other_customers_for(firm: Tables) -> None:
    found = indicator(firm, "win_rate", every=None, by=["industry"]).set_index("industry")
    assert found["estimate"].to_dict() == {"Pharma": 0.5, "Retail": 1.0}
    sold = indicator(firm, "sales", every=None, where={"industry": "Pharma"})
    assert sold["estimate"].tolist() == [100.0]
    units = indicator(firm, "sales", every="year", units=True, by=["industry"])
    assert set(units["industry"]) == {"Pharma", "Retail"}


def test_accounts_count_as_the_one_on_top_where_the_card_says_so(open_study: OpenStudy) -> None:
    plain: dict[str, Any] = {"transactions": SALES, "interactions": CONTACTS}
    opened = open_study(accounts=({"roll_up": True}, ACCOUNTS), **plain)
    # three accounts, two of which are one: purchases, contacts and all that is made of them
    assert opened.frame("transactions")["customer_id"].nunique() == 2
    assert opened.frame("interactions")["customer_id"].nunique() == 2
    assert len(opened.frame("accounts")) == 3
    assert opened.find_customer("A1") in set(opened.frame("transactions")["customer_id"])
    assert opened.report["transactions"].kept == 2  # two were given back whole


def test_only_accounts_are_rolled_up(open_study: OpenStudy) -> None:
    with pytest.raises(Exception, match="only a table of accounts has accounts below others"):
        open_study(transactions=({"roll_up": True}, SALES))


def test_a_circle_of_parents_is_named(open_study: OpenStudy) -> None:
    circle = "customer_id,parent_id\nA1,A2\nA2,A1\n"
    opened = open_study(accounts=({"roll_up": True}, circle), transactions=SALES)
    with pytest.raises(DataError, match="A1 -> A2 -> A1"):
        opened.frame("transactions")
