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
