"""Identifiers are found by shape: numbers to call, and not the days and times beside them."""

from __future__ import annotations

import pytest

from workbench.data.people.pseudonyms import personal_columns
from workbench.privacy.identifiers import find, replaced


def masked(text: str) -> str:
    return replaced(text, find(text))


@pytest.mark.parametrize(
    "text",
    [
        "2025-04-05 19:39:00",
        "05.04.2025 19:39",
        "paid 2025/4/5 9:05",
        "from 2025-04-05 - 2025-04-12",
        "20250405 193900",
        "05/04/25 19:39",
        "2025-04-05T19:39:00",
        "12.03.2024 14 o'clock",
        "since 2025-04-05 1939",
    ],
)
def test_days_with_their_times_are_no_telephone_numbers(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "number",
    [
        "06 12 34 56 78", "+33 6 12 34 56 78", "06.12.34.56.78", "030-1234567", "(555) 123-4567",
        "13912345678", "020 7946 0958", "0171 2345678", "05-04-99-12-33",
    ],
)  # fmt: skip
def test_telephone_numbers_stay_masked_also_beside_a_day(number: str) -> None:
    assert masked(f"call {number}") == "call [phone]"
    assert "[phone]" in masked(f"2025-04-05 19:39:00, call {number}")


def test_numbered_columns_of_an_address_are_personal() -> None:
    columns = [
        "Billing Address1", "Address1", "Street2", "Address 2", "Zip2", "tel2", "Addr", "PLZ",
        "BillingAddress1", "Shipping Address2", "address_line_1", "email2",
    ]  # fmt: skip
    assert personal_columns([*columns, "Billing City", "order1", "Lineitem sku"]) == columns
