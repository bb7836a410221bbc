"""A table is shown as it was understood, before anything is made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from workbench.data import Tables, preview

OpenStudy = Callable[..., Tables]

ORDERS = (
    "Kunde,Tag,Betrag,order_id,Region\n"
    "anna.berg@example.com,02.01.2025,\"1.200,50\",A1,N\n"
    "anna.berg@example.com,03.01.2025,\"10,00\",A2,N\n"
    "13812345678,14.01.2025,\"20,00\",A3,S\n"
    "13812345678,14.01.2025,\"20,00\",A3,S\n"
    ",15.01.2025,\"7,00\",A4,S\n"
    "b@example.com,15.01.2025,\"9,00\",A5,S\n"
    "b@example.com,16.01.2025,\"-5,00\",A5,S\n"
)  # fmt: skip
CARD = {
    "columns": {"customer_id": "Kunde", "date": "Tag", "amount": "Betrag"},
    "decimal": ",",
    "date_format": "%d.%m.%Y",
}


def test_five_rows_period_customers_orders_sum_and_what_fell_out(open_study: OpenStudy) -> None:
    shown = preview(open_study(transactions=(CARD, ORDERS)), "transactions")
    assert (shown.read, shown.kept, shown.customers, shown.orders) == (7, 4, 3, 4)
    assert shown.total == pytest.approx(1234.5)
    assert (str(shown.first), str(shown.last)) == ("2025-01-02", "2025-01-15")
    assert shown.lost == pytest.approx(1 / 7), "the refund and the repeated row are not lost"
    text = str(shown)
    assert "4 of 7 rows, 2025-01-02 to 2025-01-15, 3 customers, 4 orders, sum 1,234.50" in text
    assert "customer_id (Kunde)" in text
    assert ["a...@example.com", "2025-01-02", "1,200.5", "a1", "n"] in [
        line.split() for line in text.lower().splitlines()
    ]


def test_addresses_and_mobile_numbers_are_shortened(open_study: OpenStudy) -> None:
    text = str(preview(open_study(transactions=(CARD, ORDERS)), "transactions"))
    assert "anna" not in text.lower()
    assert "13812345678" not in text
    assert "a...@example.com" in text.lower()
    assert "138...78" in text


def test_the_beginning_of_a_file_may_hold_no_good_row(open_study: OpenStudy) -> None:
    rows = ",2025-01-01,1\n" * 2100 + "C9,2025-01-02,3\n"
    shown = preview(open_study(transactions="customer_id,date,amount\n" + rows), "transactions")
    assert list(shown.rows["customer_id"]) == ["C9"]
    assert shown.lost == pytest.approx(2100 / 2101)


def test_personal_columns_are_not_shown(open_study: OpenStudy) -> None:
    people = "customer_id,name,phone,region\nA,Anna Berg,13812345678,North\n"
    shown = preview(open_study(customers=people), "customers")
    assert list(shown.rows) == ["customer_id", "region"]


def test_first_figures_of_surveys_contracts_and_contacts_are_shown(open_study: OpenStudy) -> None:
    answers = "respondent_id,per_01,per_02,exp_01,recommend,csat\n" + "".join(
        f"R{i},{1 + i % 5},5,7,{r},{c}\n"
        for i, (r, c) in enumerate(zip([10, 9, 9, 8, 7, 3, 0, ""], [5, 4, 3, 2, 1, "", "", ""],
                                       strict=True))
    )  # fmt: skip
    survey = {"items": {"01": "a", "02": "b"}, "dimensions": {"d": ["01", "02"]}, "scale": [1, 7],
              "scales": {"csat": [1, 5]}}  # fmt: skip
    contracts = (
        "customer_id,contract_id,start,end,monthly_fee\n"
        "A,1,2024-01-01,,10\nB,2,2024-01-01,2024-06-30,20\nC,3,2024-02-01,2030-01-01,5.5\n"
    )
    contacts = "customer_id,at,response_hours,resolved\nA,2024-01-02,2,yes\nB,2024-01-03,6,no\n"
    tables = open_study(
        {"survey": survey, "as_of": "2024-12-31"},
        survey=answers, contracts=contracts, interactions=contacts,
    )  # fmt: skip
    said = {name: preview(tables, name).sums for name in ("survey", "contracts", "interactions")}
    assert "NPS +14.3 of 7 answers, csat 3.00 on 1 to 5 of 5 answers" in said["survey"]
    assert "expectation 7.00 on 1 to 7 over 1 items, experience 3.81 on 1 to 7" in said["survey"]
    fees = f"with 15.50 {tables.study.currency} a month"
    assert f"2 running on 2024-12-31, {fees}" in said["contracts"]
    assert "half answered within 4.0 hours, 50% resolved" in said["interactions"]
