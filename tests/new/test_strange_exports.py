"""Kinds of exports that strangers brought: what a row is, and which of two columns is meant."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.new.layouts import text
from workbench.new.study import Started, start_study

DRAW = random.Random(7)
START = datetime(2025, 1, 2, 10, 15)


def begin(root: Path, head: str, rows: Sequence[Sequence[Any]], **more: Any) -> Started:
    (root / "data").mkdir()
    (root / "export.csv").write_bytes(text(head, rows, **more))
    return start_study(root, "acme", [root / "export.csv"], today=date(2026, 1, 1))


def bought(n: int = 60, customers: int = 12) -> list[tuple[int, int, datetime, float]]:
    """Give orders: number, customer, moment, amount."""
    return [
        (4000 + i, i % customers, START + timedelta(days=3 * i, minutes=7 * i),
         DRAW.randint(500, 20_000) / 100)
        for i in range(n)
    ]  # fmt: skip


def total(started: Started) -> float:
    (shown, *_) = started.previews
    assert shown.total is not None
    return shown.total


def sets_of(started: Started, key: str) -> list[Any]:
    """What the first question about a key makes of the card, by answer."""
    (question, *_) = [q for q in started.proposals[0].questions if q.key == key]
    return [option.sets for option in question.options]


def test_events_that_undo_an_order_and_its_items_are_no_further_orders(tmp_path: Path) -> None:
    rows, worth = [], 0.0
    for i, who, at, amount in bought():
        moment = int((at - datetime(1970, 1, 1)).total_seconds())
        rows += [[f"k{who}@x.test", event, moment + j, f"e{i}{j}", money, i]
                 for j, (event, money) in enumerate([("Placed Order", amount),
                                                     ("Ordered Product", amount)])]  # fmt: skip
        rows.append([f"k{who}@x.test", "Opened Email", moment - 99, f"e{i}o", "", ""])
        worth += amount
        if i % 9 == 0:
            rows.append([f"k{who}@x.test", ("Refunded Order", "Cancelled Order")[i % 2],
                         moment + 200_000, f"e{i}r", amount, i])  # fmt: skip
            worth -= amount
    started = begin(tmp_path, "Email,Event,Timestamp,Event ID,Value,Order ID", rows)
    (found,) = started.proposals
    assert found.columns["order_id"] == "Order ID"
    assert sorted(found.keys["refund_rows"]["Event"]) == ["Cancelled Order", "Refunded Order"]
    assert total(started) == pytest.approx(worth, abs=0.005)


def test_bills_that_are_open_are_sales_and_a_ledgers_payments_are_none(tmp_path: Path) -> None:
    rows, worth = [], 0.0
    for i, who, at, amount in bought():
        left = amount if i % 5 == 0 else 0
        code, day = f"C{1000 + who}", at.date()
        rows.append([day, "Invoice", f"INV{i}", code, amount, left, "Yes" if left else "No"])
        worth += amount
        if not left:
            later = day + timedelta(days=9)
            rows.append([later, "Payment", f"BR{i}", code, -amount, 0, "No"])
    head = "Posting Date,Document Type,Document No.,Customer No.,Amount,Remaining Amount,Open"
    started = begin(tmp_path, head, rows)
    assert started.proposals[0].keys["where"] == {"Document Type": {"not": ["Payment"]}}
    assert total(started) == pytest.approx(worth, abs=0.005)


def test_of_a_settlement_refunds_are_taken_off_and_fees_and_payouts_are_nothing(
    tmp_path: Path,
) -> None:
    rows, worth = [], 0.0
    for i, who, at, amount in bought():
        rows.append([f"P{i}Q", at, "Settled", "", amount, f"shopper_{who}"])
        worth += amount
        if i % 9 == 0:
            kind = ("Refunded", "Chargeback")[i % 2]
            rows.append([f"P{i}Q", at + timedelta(days=4), kind, amount, "", f"shopper_{who}"])
            worth -= amount
        if i % 4 == 0:
            kind = ("Fee", "MerchantPayout")[i % 8 == 0]
            rows.append(["", at + timedelta(days=1), kind, "", "", ""])
    head = "Psp Reference,Creation Date,Type,Gross Debit (GC),Gross Credit (GC),Shopper Reference"
    started = begin(tmp_path, head, rows)
    (found,) = started.proposals
    assert "fill_down" not in found.keys
    assert sorted(found.keys["where"]["Type"]["not"]) == ["Fee", "MerchantPayout"]
    assert found.columns["order_id"] == "Psp Reference"
    assert total(started) == pytest.approx(worth, abs=0.005)
    assert sets_of(started, "amount")[0]["amount"] == found.keys["amount"]


@pytest.mark.parametrize(
    ("listed", "payable"),
    [("订单金额", "应付金额"), ("合計金額", "請求金額"), ("Order total", "Amount to pay")],
)
def test_of_two_amounts_what_is_to_be_paid_is_offered_first(
    tmp_path: Path, listed: str, payable: str
) -> None:
    rows, worth = [], 0.0
    for i, who, at, amount in bought():
        off = (0, 2.5)[i % 3 == 0]
        rows.append([i, f"u{who}@x.test", at, amount, round(amount - off, 2)])
        worth += amount - off
    started = begin(tmp_path, f"Order ID,Email,Order date,{listed},{payable}", rows)
    assert total(started) == pytest.approx(worth, abs=0.005)
    offered = [s.get("columns.amount") for s in sets_of(started, "columns.amount")]
    assert offered == [payable, listed]


def test_rows_that_nobody_approved_are_asked_about(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [at.date(), ("Y", "")[i % 15 == 0], f"X{i}", f"客户{who}", amount]
        for i, who, at, amount in bought()
    ]
    started = begin(tmp_path, "日期,审核标志,单据编号,购货单位,销售金额", rows)
    assert started.proposals[0].keys["where"] == {"审核标志": ["Y"]}
    asked = [q for q in started.proposals[0].questions if q.key == "where"]
    assert [q.asks.split(" in ")[0] for q in asked] == ["Are rows with nothing"]
    assert total(started) == pytest.approx(sum(r[-1] for r in rows if r[1]), abs=0.005)


def test_half_a_name_is_no_customer_where_something_better_stands(tmp_path: Path) -> None:
    rows = [
        [i, at, "佐藤", ("太郎", "花子", "一郎")[who % 3], f"u{who}@x.test", amount]
        for i, who, at, amount in bought()
    ]
    head = "注文番号,注文日時,注文者姓,注文者名,注文者メールアドレス,合計金額"
    started = begin(tmp_path, head, rows)
    assert started.proposals[0].columns["customer_id"] == "注文者メールアドレス"
    assert started.previews[0].customers == 12


def test_a_moneys_name_makes_no_channel(tmp_path: Path) -> None:
    rows = [
        [i, at, f"139{who:08d}", amount, ("0.00", "1.00", "3.00")[i % 3]]
        for i, who, at, amount in bought()
    ]
    started = begin(tmp_path, "订单号,支付时间,手机,用户实付金额(元),平台优惠折扣(元)", rows)
    assert "channel" not in started.proposals[0].columns


def test_headings_stand_below_a_line_for_machines(tmp_path: Path) -> None:
    rows = [[amount, "S", at.date(), 10_000 + who] for i, who, at, amount in bought()]
    before = '"EXTF";700;21;"Buchungsstapel";9;20251231\n'
    started = begin(tmp_path, "Umsatz;Kennzeichen;Belegdatum;Kunde", rows, delimiter=";",
                    before=before)  # fmt: skip
    assert "the headings stand in row 2; the rows above are titles" in (
        started.proposals[0].upload.notes
    )


def test_zones_by_name_are_read_and_those_of_the_study_stay(tmp_path: Path) -> None:
    rows = [
        [i, f"{at:%d-%b-%Y} 11:30 PM EST", f"C{who}", amount] for i, who, at, amount in bought()
    ]
    started = begin(tmp_path, "Order ID,Order Date,Customer ID,Amount", rows)
    assert started.previews[0].kept == 60
    # as New York tells the time the evening is not the next day
    assert started.previews[0].first == START.date()


def test_whole_numbers_of_an_interface_are_offered_as_cents(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [f"pay_{i}", round(100 * amount), "INR", f"u{who}@x.test",
         int((at - datetime(1970, 1, 1)).total_seconds())]
        for i, who, at, amount in bought()
    ]  # fmt: skip
    started = begin(tmp_path, "id,amount,currency,email,created_at", rows)
    assert [s["amount_unit"] for s in sets_of(started, "amount_unit")] == ["cent", None]
    assert total(started) == pytest.approx(sum(r[1] for r in rows) / 100, abs=0.005)


def test_yen_and_decimals_are_no_cents(tmp_path: Path) -> None:
    rows = [
        [i, round(100 * amount), "JPY", f"u{who}@x.test",
         int((at - datetime(1970, 1, 1)).total_seconds())]
        for i, who, at, amount in bought()
    ]  # fmt: skip
    started = begin(tmp_path, "id,amount,currency,email,created_at", rows)
    assert "amount_unit" not in started.proposals[0].keys


def test_bills_in_preparation_are_none_and_those_not_cancelled_are_sales(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [i, at.date(), f"CP{who}", amount, ("Released", "In Preparation")[i % 9 == 0],
         ("Not Canceled", "Canceled")[i % 11 == 1]]
        for i, who, at, amount in bought()
    ]  # fmt: skip
    head = "Document ID,Invoice Date,Account ID,Net Value,Release Status,Cancellation Status"
    started = begin(tmp_path, head, rows)
    assert [q.key for q in started.proposals[0].questions] == []
    good = [r[3] for r in rows if r[4] == "Released" and r[5] == "Not Canceled"]
    assert total(started) == pytest.approx(sum(good), abs=0.005)


def test_a_state_that_a_preset_does_not_know_still_tells_what_was_refunded(tmp_path: Path) -> None:
    after = ("无售后", "退款成功", "售后关闭", "换货完成")
    rows: list[list[Any]] = [
        [f"P{i}", "已完成", after[i % 4 if i % 3 == 0 else 0], at, at, f"5f{who:06x}", "面霜", 1,
         amount, 0, 0, amount, amount]
        for i, who, at, amount in bought()
    ]  # fmt: skip
    head = (
        "订单号,订单状态,售后状态,订单创建时间,支付时间,用户ID,SKU名称,SKU件数,SKU单价(元),"
        "商家优惠(元),运费(元),商品总价(元),实付金额(元)"
    )
    started = begin(tmp_path, head, rows)
    good = [r[-1] for r in rows if r[2] != "退款成功"]
    assert total(started) == pytest.approx(sum(good), abs=0.005)


def test_the_pieces_of_a_line_are_not_those_of_its_order(tmp_path: Path) -> None:
    rows = []
    for i, who, at, amount in bought():
        rows += [[i, at, 3, f"u{who}@x.test", item, pieces, round(amount / 3, 2), amount]
                 for item, pieces in (("Candle", 1), ("Soap", 2))]  # fmt: skip
    head = "Order number,Date created,Total order quantity,Contact email,Item,Qty,Price,Total"
    started = begin(tmp_path, head, rows)
    lines = started.proposals[-1]
    assert lines.columns["quantity"] == "Qty"
    assert lines.keys["amount"] == "Qty * Price"


def test_of_a_day_book_receipts_are_nothing_and_credit_notes_are_taken_off(tmp_path: Path) -> None:
    rows: list[list[Any]] = []
    worth = 0.0
    for i, who, at, amount in bought():
        day, name = f"{at:%d-%b-%y}", f"Stores {who}"
        rows.append([day, name, "Sales", f"S/{i}", amount, ""])
        worth += amount
        if i % 2:
            rows.append([day, name, "Receipt", f"R/{i}", "", amount])
        elif i % 15 == 0:
            rows.append([day, name, "Credit Note", f"CN/{i}", "", amount])
            worth -= amount
    head = "Date,Particulars,Vch Type,Vch No.,Debit Amount,Credit Amount"
    started = begin(tmp_path, head, rows)
    assert started.proposals[0].keys["where"] == {"Vch Type": {"not": ["Receipt"]}}
    assert total(started) == pytest.approx(worth, abs=0.005)


def test_sages_types_tell_bills_credits_and_receipts(tmp_path: Path) -> None:
    rows: list[list[Any]] = []
    worth = 0.0
    for i, who, at, amount in bought():
        bills = [r for r in rows if r[1] == "SI" and r[2] == f"ACC{who:03d}"]
        kind = "SC" if i % 13 == 12 and bills else "SI"
        money = bills[-1][-1] if kind == "SC" else amount
        rows.append([len(rows), kind, f"ACC{who:03d}", 4000 + i % 3, at.date(), money])
        worth += -money if kind == "SC" else money
        if i % 2:
            rows.append([len(rows), "SR", f"ACC{who:03d}", 1200, at.date(), money])
    started = begin(tmp_path, "No,Type,Account,Nominal,Date,Net", rows)
    (found,) = started.proposals
    assert found.standard == "transactions"
    assert found.keys["refund_rows"] == {"Type": ["SC"]}
    assert found.keys["where"] == {"Type": {"not": ["SR"]}}
    assert total(started) == pytest.approx(worth, abs=0.005)


def test_what_the_customer_paid_comes_before_the_goods_and_what_was_subsidised(
    tmp_path: Path,
) -> None:
    rows: list[list[Any]] = []
    for i, who, at, amount in bought():
        box, ride, off = 1 + i % 2, 3 + 2 * (i % 3), (0, 6, 10)[i % 3]
        paid = round(amount + box + ride - off, 2)
        state = "已取消" if i % 9 == 4 else "已完成"
        rows.append([f"70{i:08d}", at, f"MT{who:05d}", amount, box, ride, off, paid, state])
    started = begin(
        tmp_path, "订单编号,下单时间,用户ID,菜品总价,包装费,配送费,活动补贴,用户实付,订单状态", rows
    )
    good = [r[-2] for r in rows if r[-1] == "已完成"]
    assert total(started) == pytest.approx(sum(good), abs=0.005)


def test_money_that_came_and_money_that_went_is_no_log_without_amounts(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [at, f"u{who}@x.test", f"{amount:.2f}", "0.00"] if i % 9 else [at, "", "0.00", "5.00"]
        for i, who, at, amount in bought()
    ]
    started = begin(tmp_path, "Date,Buyer Email,Received,Given", rows)
    assert [q.key for q in started.proposals[0].questions][:1] == ["amount"]
    assert total(started) == pytest.approx(sum(float(r[2]) for r in rows), abs=0.005)
