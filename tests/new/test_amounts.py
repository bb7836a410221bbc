"""Which of several numbers is the money of a purchase: what was paid, in one currency, once."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from workbench.new.proposal import Proposal, Upload
from workbench.new.roles import understand


def proposed(rows: Sequence[Mapping[str, object]], name: str = "orders.csv") -> Proposal:
    """Say what a table of these rows is taken for, without a file or a study."""
    texts = [{k: None if v in (None, "") else str(v) for k, v in row.items()} for row in rows]
    proposal = Proposal.of(Upload(Path(name), pd.DataFrame(texts, dtype="object")))
    understand(proposal)
    return proposal


def sold(n: int = 60, seed: int = 1) -> list[tuple[int, str, date, str, float]]:
    """Number, customer, day, item and worth of orders."""
    draw = random.Random(seed)
    return [
        (9000 + i, f"C{draw.randint(1, 15)}", date(2024, 1, 1) + timedelta(days=4 * i),
         draw.choice("ABCD"), round(draw.uniform(10, 200), 2))
        for i in range(n)
    ]  # fmt: skip


LISTED = [
    ("订单号,买家ID,订单成交时间,商品", "商品总价(元)", "用户实付金额(元)"),
    ("订单编号,买家,下单时间,商品名称", "原价", "实付"),
    ("Order,Buyer,Order date,Item", "List price", "Paid"),
    ("Order ID,Customer,Date,Product", "MSRP", "Sale price"),
    ("Order ID,Customer,Date,Product", "Original price", "Discounted price"),
    ("Bestellnr,Kunde,Bestelldatum,Artikel", "UVP", "Verkaufspreis"),
    ("Order,Customer,Date,Item", "Gross", "Net paid"),
    ("Commande,Client,Date,Article", "Prix public", "Prix payé"),
    ("注文番号,会員番号,注文日,商品名", "定価", "支払金額"),
]


@pytest.mark.parametrize(("heads", "listed", "paid"), LISTED)
def test_what_was_paid_is_taken_before_what_it_was_listed_at(
    heads: str, listed: str, paid: str
) -> None:
    rows = [
        dict(zip(heads.split(","), (o, who, day, item), strict=True))
        | {listed: worth, paid: round(worth * (1, 0.9, 0.8)[o % 3], 2)}
        for o, who, day, item, worth in sold()
    ]
    assert proposed(rows).columns["amount"] == paid


def test_a_part_that_was_paid_of_a_bill_is_not_its_amount() -> None:
    rows = [
        {"Invoice": o, "Customer": who, "Date": day, "Total": worth,
         "Paid amount": round(worth * (1, 0.5)[o % 2], 2), "Balance due": worth / 2 * (o % 2)}
        for o, who, day, _, worth in sold()
    ]  # fmt: skip
    found = proposed(rows)
    assert found.columns["amount"] == "Total"
    assert [q.key for q in found.questions] == ["columns.amount"]


def test_of_two_prices_of_a_piece_the_lower_is_multiplied() -> None:
    for listed, paid in (("Original unit price", "Discounted unit price"), ("吊牌价", "成交价")):
        rows = [
            {"Order ID": o, "Customer": who, "Date": day, "Product": item, "Qty": 1 + o % 3,
             listed: worth, paid: round(worth * 0.9, 2)}
            for o, who, day, item, worth in sold()
        ]  # fmt: skip
        assert proposed(rows).keys["amount"].replace("`", "") == f"Qty * {paid}"
