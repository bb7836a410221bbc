"""Of settlements of market places the customers' purchases count, and neither fees nor taxes."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from tests.new.test_values import guess, text
from workbench.new.columns.proposal import Proposal
from workbench.new.purchase_log.components import part_of_money
from workbench.new.purchase_log.deductions import amounts

DAYS = [date(2024, 1, 1) + timedelta(days=5 * i) for i in range(40)]
#: Customer, goods, freight, tax, commission in cents; every eighth order has a discount of 100.
ORDERS = [(f"b{i % 11}", 1000 + 37 * i, 499 * (i % 2), 80 + 3 * i, 150 + 5 * i) for i in range(40)]
GOODS = sum(o[1] for o in ORDERS) / 100
FREIGHT = sum(o[2] for o in ORDERS) / 100
TAX = sum(o[3] for o in ORDERS) / 100
OFF = 5.0


def counted(found: Proposal) -> float:
    """Add up the amounts of the rows that a proposal keeps."""
    money = amounts(found)
    return float(money[money.index.isin(found.rows_kept())].sum())


def settled(words: dict[str, str], head: str, *, who: bool = True) -> str:
    """Write a row for each part of an order's money."""
    rows = []
    for i, (day, (buyer, goods, freight, tax, cost)) in enumerate(zip(DAYS, ORDERS, strict=True)):
        parts = {"goods": goods, "freight": freight, "tax": tax, "fee": -cost, "withheld": -tax,
                 "discount": -100 if i % 8 == 0 else 0}  # fmt: skip
        for part, cents in parts.items():
            kind = words.get(part, "")
            if cents and kind:
                own = [buyer] if who else []
                rows.append([f"A-{100 + i}", *own, day, *kind.split("|"), f"{cents / 100:.2f}"])
    return text(head, rows)


AMAZON = {
    "goods": "ItemPrice|Principal", "freight": "ItemPrice|Shipping", "tax": "ItemPrice|Tax",
    "fee": "ItemFees|Commission", "withheld": "ItemWithheldTax|MarketplaceFacilitatorTax-Principal",
    "discount": "Promotion|Principal",
}  # fmt: skip
GERMAN = {"goods": "Warenwert", "freight": "Versand", "tax": "Umsatzsteuer",
          "fee": "Verkaufsprovision", "discount": "Rabatt"}  # fmt: skip
CHINESE = {"goods": "商品货款", "freight": "运费", "fee": "平台佣金", "discount": "优惠券"}


def test_parts_of_an_orders_money_that_are_no_purchase_are_left_out() -> None:
    head = "order-id,buyer-email,posted-date,amount-type,amount-description,amount"
    found = guess(settled(AMAZON, head))
    assert counted(found) == pytest.approx(GOODS + FREIGHT - OFF)
    (asked,) = [q for q in found.questions if q.key == "where"]
    assert f"{TAX:,.2f}" in asked.asks
    found.answer(asked, 1)  # taxes are part of them
    assert counted(found) == pytest.approx(GOODS + FREIGHT - OFF + TAX)


@pytest.mark.parametrize(
    ("words", "head"),
    [
        (GERMAN, "Auftrag,Käufer,Datum,Betragsart,Betrag"),
        (CHINESE, "订单编号,买家账号,入账日期,费用项,金额"),
    ],
)
def test_parts_are_known_in_other_languages(words: dict[str, str], head: str) -> None:
    assert counted(guess(settled(words, head))) == pytest.approx(GOODS + FREIGHT - OFF)


def test_a_fee_that_the_customer_pays_is_sold() -> None:
    words = {"goods": "Consulting", "freight": "Setup fee"}
    found = guess(settled(words, "Invoice,Customer,Date,Item,Amount"))
    assert counted(found) == pytest.approx(GOODS + FREIGHT)


def test_nobody_is_made_a_customer_where_a_settlement_names_none() -> None:
    found = guess(
        settled(AMAZON, "order-id,posted-date,amount-type,amount-description,amount", who=False)
    )
    assert "customer_id" in found.missing
    (asked,) = [q for q in found.questions if q.key == "columns.customer_id"]
    assert asked.default is None
    found.answer(asked, 0)
    assert found.columns["customer_id"] == "order-id" and "order_id" not in found.columns


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_was_paid_stands_before_what_was_paid_out(language: str) -> None:
    rows = []
    for i, (day, (buyer, goods, freight, tax, cost)) in enumerate(zip(DAYS, ORDERS, strict=True)):
        off = 100 if i % 8 == 0 else 0
        left = goods + freight - off - cost
        cents = (goods, tax, freight, -off, -tax, -cost, left)
        rows.append([1000 + i, buyer, day, 1, *(f"{c / 100:.2f}" for c in cents)])
    heads = {
        "en": "order id,buyer,date,quantity,product sales,sales tax,shipping credits,"
        "promotional rebates,withheld tax,selling fees,total",
        "es": "# de venta,Comprador,Fecha de venta,Unidades,Ingresos por productos,Impuestos,"
        "Ingresos por envío,Descuentos,Impuestos retenidos,Cargo por venta,Total",
    }
    found = guess(text(heads[language], rows))
    assert counted(found) == pytest.approx(GOODS + FREIGHT - OFF)
    (asked,) = [q for q in found.questions if q.key == "amount"]
    found.answer(asked, len(asked.options) - 1)
    assert found.columns["amount"] == ("total" if language == "en" else "Total")


def test_a_total_with_freight_and_tax_is_what_was_paid() -> None:
    rows = [[1000 + i, buyer, day, goods / 100, freight / 100, tax / 100,
             (goods + freight + tax) / 100]
            for i, (day, (buyer, goods, freight, tax, _))
            in enumerate(zip(DAYS, ORDERS, strict=True))]  # fmt: skip
    found = guess(text("order,customer,date,subtotal,shipping,tax,total", rows))
    assert found.columns["amount"] == "total" and "amount" not in found.keys
    assert counted(found) == pytest.approx(GOODS + FREIGHT + TAX)


def test_words_tell_the_part_of_money() -> None:
    said = pd.Series(["FBAPerUnitFulfillmentFee", "RefundCommission", "Tax", "ShippingTax",
                      "Principal", "Gutscheinrabatt", "技术服务费", "返金", "Mug"])  # fmt: skip
    assert said.map(part_of_money).tolist() == [
        "fee", "fee", "tax", "tax", "goods", "discount", "fee", "refund", ""
    ]  # fmt: skip
