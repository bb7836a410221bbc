"""The total of an order and its lines in one table count once, and the lines serve their page."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pandas as pd
import pytest

from tests.new.test_amounts import proposed
from workbench.data import check_study, open_tables
from workbench.data.summaries.line_items import line_items
from workbench.new.columns.proposal import Proposal
from workbench.new.purchase_log.lines import with_lines
from workbench.new.study import Started, start_study

Row = dict[str, object]


def orders(n: int = 40) -> list[tuple[int, str, date, list[tuple[str, int, float]]]]:
    draw = random.Random(3)
    return [
        (1000 + i, f"C{draw.randint(1, 12)}", date(2024, 1, 3) + timedelta(days=5 * i),
         [(draw.choice(("Mug", "Poster", "Socks", "Hat")), draw.randint(1, 4),
           round(draw.uniform(3, 40), 2)) for _ in range(1 + i % 3)])
        for i in range(n)
    ]  # fmt: skip


ORDERS = orders()
MONEY = round(sum(q * p for *_, lines in ORDERS for _, q, p in lines), 2)
LINES = sum(len(lines) for *_, lines in ORDERS)


def mixed(
    heads: str, words: Sequence[str], *, freight: float = 0.0, named: bool = True
) -> list[Row]:
    """Rows of totals and lines: order, customer, date, kind, item, pieces and amount."""
    number, who, day, kind, item, pieces, money = heads.split(",")
    rows: list[Row] = []
    for order, customer, when, lines in ORDERS:
        head: Row = {number: order, who: customer, day: when}
        total = round(sum(q * p for _, q, p in lines) + freight, 2)
        rows.append({**head, kind: words[0], item: "", pieces: "", money: total})
        told: Row = head if named else {number: order, who: "", day: ""}
        rows += [
            {**told, kind: words[1], item: it, pieces: q, money: round(q * p, 2)}
            for it, q, p in lines
        ]
        rows += [{**head, kind: again, item: "", pieces: "", money: total} for again in words[2:]]
    return [{k: v for k, v in row.items() if k} for row in rows]


KINDS = [
    ("Receipt Number,Customer Code,Date,Line Type,Details,Quantity,Total",
     ["Sale", "Sale Line", "Payment"], "Sale"),
    ("order_id,customer,date,row_type,item,qty,amount", ["Order", "Item"], "Order"),
    ("单号,会员号,日期,行类型,商品,数量,金额", ["订单", "明细"], "订单"),
    ("Belegnr,Kunde,Datum,Satzart,Artikel,Menge,Betrag", ["Kopf", "Position"], "Kopf"),
    ("ID,Client,Date,Type,Article,Quantité,Montant", ["T1", "T2"], "T1"),
    ("order,customer,date,,item,qty,amount", ["", ""], ""),
]  # fmt: skip


def kept(found: Proposal) -> pd.Series[float]:
    money = found.column("amount")
    assert money is not None
    return money.numbers[money.numbers.index.isin(found.rows_kept())]


@pytest.mark.parametrize(("heads", "words", "total"), KINDS)
def test_a_total_beside_its_lines_counts_once(heads: str, words: list[str], total: str) -> None:
    found = proposed(mixed(heads, words))
    assert kept(found).sum() == pytest.approx(MONEY, abs=0.01)
    assert len(kept(found)) == len(ORDERS)
    (question,) = (q for q in found.questions if q.key == "where")
    assert repr(total) in question.asks or "empty cell" in question.asks
    # the other answers give the lines, and both
    sums = []
    for option in question.options:
        found.set(option.sets)
        sums.append(round(kept(found).sum(), 2))
    copies = 2 if len(words) < 3 else 3
    assert sums == pytest.approx([MONEY, MONEY, copies * MONEY], abs=0.01)


def test_totals_with_freight_and_totals_below_their_lines_are_found_too() -> None:
    found = proposed(mixed(KINDS[0][0], ["Sale", "Sale Line"], freight=4.9))
    assert kept(found).sum() == pytest.approx(MONEY + 4.9 * len(ORDERS), abs=0.01)
    rows = mixed("order,customer,date,,item,,amount", ["", ""])
    rows = [{**r, "item": r["item"] or "Total"} for r in rows]
    found = proposed(sorted(rows, key=lambda r: (str(r["order"]), r["item"] == "Total")))
    assert found.keys["where"] == {"item": ["Total"]}
    assert kept(found).sum() == pytest.approx(MONEY, abs=0.01)


def test_where_totals_name_nobody_their_lines_are_kept() -> None:
    rows = mixed(KINDS[1][0], ["Order", "Item"])
    rows = [{**r, "customer": ""} if r["row_type"] == "Order" else r for r in rows]
    found = proposed(rows)
    assert len(kept(found)) == LINES and found.line_rows is None


def twice(kind: str, words: Sequence[str], share: Sequence[float]) -> list[Row]:
    return [
        {"order": o, "customer": c, "date": d, kind: word, "amount": round(lines[0][2] * part, 2)}
        for o, c, d, lines in ORDERS for word, part in zip(words, share, strict=True)
    ]  # fmt: skip


ALIKE = [
    twice("direction", ["out", "back"], [1, 1]),
    twice("instalment", ["first", "second"], [0.5, 0.5]),
    twice("fare", ["adult", "child"], [1, 0.5]),
    twice("dish", ["menu", "wine", "coffee"], [1, 0.5, 0.2]),
]


@pytest.mark.parametrize("rows", ALIKE)
def test_rows_that_are_alike_by_chance_are_all_purchases(
    rows: Sequence[Mapping[str, object]],
) -> None:
    found = proposed([{**r} for r in rows])
    assert "totals of orders" not in " ".join(q.asks for q in found.questions)
    assert found.line_rows is None and "where" not in found.keys


def test_refunds_in_full_are_no_totals() -> None:
    rows = [r for r in mixed(KINDS[1][0], ["Order", "Item"]) if r["row_type"] == "Item"]
    totals = {o: round(sum(q * p for _, q, p in lines), 2) for o, _, _, lines in ORDERS}
    last = {r["order_id"]: {**r, "item": "", "qty": ""} for r in rows}
    back = [{**r, "row_type": "Refund", "amount": totals[int(str(o))]}
            for o, r in last.items() if int(str(o)) % 4 == 0]  # fmt: skip
    found = proposed([*rows, *back])
    assert found.keys["refund_rows"] == {"row_type": ["Refund"]} and found.line_rows is None


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Started:
    root = tmp_path_factory.mktemp("shop")
    (root / "data").mkdir()
    rows = mixed(KINDS[0][0], ["Sale", "Sale Line", "Payment"])
    pd.DataFrame(rows).to_csv(root / "sales.csv", index=False)
    return start_study(root, "acme", [root / "sales.csv"], today=date(2026, 1, 1))


def test_a_table_of_the_lines_comes_from_the_same_file(shop: Started) -> None:
    whole, lines = shop.previews
    assert (whole.name, whole.total, whole.orders) == ("transactions", MONEY, len(ORDERS))
    assert (lines.name, lines.total, lines.kept) == ("transactions_lines", MONEY, LINES)
    assert lines.lost == 0
    card = shop.study
    assert card.tables["transactions_lines"].part_of == "transactions"
    chosen = card.parameters["products"]
    tables = open_tables(card, cache=False)
    items = line_items(tables, chosen["table"], by=chosen["by"])
    assert set(items.items["item"]) == {"Mug", "Poster", "Socks", "Hat"}
    assert check_study(card, tables=tables).ok


def test_one_total_on_the_first_line_gives_lines_of_their_own_price() -> None:
    rows = [
        {"Order": o, "Email": f"{c}@x.org" if not i else "", "Paid at": d if not i else "",
         "Status": ("refunded" if o % 7 == 0 else "paid") if not i else "",
         "Total": round(sum(q * p for _, q, p in lines) + 5, 2) if not i else "",
         "Lineitem quantity": q, "Lineitem name": it, "Lineitem price": p}
        for o, c, d, lines in ORDERS for i, (it, q, p) in enumerate(lines)
    ]  # fmt: skip
    found = proposed(rows)
    found.table = "transactions"
    whole, lines = with_lines([found])
    assert whole.keys["amount_per"] == "order" and "quantity" not in whole.columns
    assert lines.keys["amount"] == "`Lineitem quantity` * `Lineitem price`"
    assert {"Email", "Paid at", "Status"} <= set(lines.keys["fill_down"])
    assert lines.columns["product"] == "Lineitem name" and "amount_per" not in lines.keys
