"""Tables are scored by all their columns and values, and what stays unsure is a question."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.new.columns.proposal import Proposal, Upload
from workbench.new.columns.states import is_settled, state_of
from workbench.new.columns.words import read_heading, squash
from workbench.new.tables.roles import understand

DRAW = random.Random(3)
LOG = [
    (str(DRAW.randint(1, 40)), f"2025-{DRAW.randint(1, 12):02d}-{DRAW.randint(1, 28):02d}",
     f"{DRAW.random() * 100:.2f}")
    for _ in range(120)
]  # fmt: skip


def guess(headings: str, rows: Sequence[Sequence[Any]], name: str = "x.csv") -> Proposal:
    frame = pd.DataFrame([list(row) for row in rows], columns=headings.split(","), dtype="object")
    found = Proposal.of(Upload(Path(name), frame))
    understand(found)
    return found


def asked(found: Proposal) -> list[str]:
    return [question.key for question in found.questions]


@pytest.mark.parametrize(
    "headings",
    [
        "CustomerID,OrderDate,Total",
        "customerId,orderDate,amount",
        "Customer ID,InvoiceDate,Price",
        "cust_id,purchase_ts,order_value",
        "客户编号(必填),下单日期,金额（元）",
        "Kunden-Nr.,Kaufdatum,Betrag (EUR)",
        "CUSTOMERID,ORDERDATE,ORDERTOTAL",
        "\ufeffClient,Date (UTC),Montant TTC",
        "会員番号,購入日,購入金額",
        "Zákazník,Datum objednávky,Celkem",
        "Klient,Data zamówienia,Kwota",
        "Müşteri No,Sipariş Tarihi,Tutar",
        "Pembeli,Tanggal Pembayaran,Total Penjualan",
        "Khách hàng,Ngày đặt hàng,Tổng tiền",
        "Клиент,Дата заказа,Сумма",
    ],
)
def test_headings_in_any_writing_are_the_same_words(headings: str) -> None:
    found = guess(headings, LOG)
    assert found.table == "transactions"
    assert [*found.columns.values()] == headings.split(",")
    assert (found.missing, found.questions) == ((), [])


def test_headings_that_nobody_here_knows_are_asked_about() -> None:
    rows = [(f"K{who}", day, value, "x", i % 7, "y") for i, (who, day, value) in enumerate(LOG)]
    found = guess("ostja,päev,raha,märge,tükke,liik", rows)
    assert any("not known here ('ostja'" in question.asks for question in found.questions)
    known = guess("customer,date,amount,märge,tükke,liik", rows)
    assert not any("not known here" in question.asks for question in known.questions)


def test_amounts_in_a_form_that_nobody_knows_are_asked_about() -> None:
    rows = [(who, day, f"{value} Dr") for who, day, value in LOG]
    found = guess("Customer,Date,Gross Total", rows)
    assert asked(found) == ["amount"] and "'Gross Total' seems to hold" in found.questions[0].asks


def test_a_customer_is_no_stage_owner_note_empty_column_or_ticket_number() -> None:
    rows = [
        (str(i), DRAW.choice(["Open", "Won", "Lost"]), day, "Bob", "", None, f"K{who}", value)
        for i, (who, day, value) in enumerate(LOG)
    ]
    found = guess("ticket,stage,created,owner,note,customer,client,value", rows)
    assert found.columns["customer_id"] == "client"
    assert found.columns["amount"] == "value"


def test_money_is_no_running_number_id_unix_time_or_count() -> None:
    rows = [
        (str(i + 1), str(1_700_000_000 + 7_000 * i), f"b{who}", str(900_000_000 + 13 * i),
         str(1 + i % 4), value, "12.5")
        for i, (who, _, value) in enumerate(LOG)
    ]  # fmt: skip
    found = guess("no,created,buyer,ref,items,total,tax", rows)
    assert found.columns["amount"] == "total"
    assert (found.columns["customer_id"], found.columns["date"]) == ("buyer", "created")
    assert found.keys["date_format"] == "unix"


def test_a_log_without_money_is_a_log() -> None:
    found = guess("customer,date", [row[:2] for row in LOG])
    assert (found.table, found.keys, found.missing) == ("transactions", {"amount": "none"}, ())


@pytest.mark.parametrize(
    ("headings", "row", "table", "name"),
    [
        (
            "Customer ID,First Name,Last Name,Email,Total Spent,Total Orders,City",
            lambda i, who, day, value: (i, f"a{i}", "b", f"{i}@x.com", value, 3, "Rome"),
            "customers", "export.csv",
        ),
        (
            "会员号,姓名,手机号,生日,注册日期,累计消费金额",
            lambda i, who, day, value: (i, "张三", f"138{i:08d}", "1990-01-01", day, value),
            "customers", "x.csv",
        ),
        (
            "Vertragsnummer,Kunde,Beginn,Ende,Tarif,Monatsbeitrag",
            lambda i, who, day, value: (f"V{i}", f"K{who}", day, None, "SM"[i % 2], "9.99"),
            "contracts", "x.csv",
        ),
        (
            "工单编号,客户,提交时间,问题类型,优先级,状态,处理人",
            lambda i, who, day, value: (i, f"K{who}", day, "账单", "高", "已解决", "Bo"),
            "interactions", "x.csv",
        ),
        (
            "campaign,customer_id,date",
            lambda i, who, day, value: ("spring" if i % 2 else "fall", i // 2, day),
            "treatments", "x.csv",
        ),
        (
            "Donor ID,Gift date,Campaign,Channel",
            lambda i, who, day, value: (who, day, ("Winter", "Spring")[i % 2], "Mail"),
            "transactions", "gifts.csv",
        ),
        (
            "Spender,Spendendatum,Aktion",
            lambda i, who, day, value: (who, day, "Winter"),
            "transactions", "x.csv",
        ),
        (
            "捐赠人,捐款日期,活动",
            lambda i, who, day, value: (f"K{who}", day, "冬季"),
            "transactions", "x.csv",
        ),
        (
            "customer_id,date,rating,distance_km",
            lambda i, who, day, value: (who, day, 1 + i % 5, value),
            "transactions", "rides.csv",
        ),
        (
            "会员编号,到店日期,门店,停留时长",
            lambda i, who, day, value: (f"K{who}", day, "一店", 20 + i % 50),
            "transactions", "x.csv",
        ),
        (
            "Campaign,Customer,Sent on",
            lambda i, who, day, value: ("AB"[i % 2], f"D{i}", day),
            "treatments", "x.csv",
        ),
        (
            "date,revenue",
            lambda i, who, day, value: (f"2025-{1 + i // 28:02d}-{1 + i % 28:02d}", value),
            "series", "x.csv",
        ),
        (
            "Respondent ID,Q1,Q2,Q3,How likely are you to recommend us?",
            lambda i, who, day, value: (f"R{i}", i % 5 + 1, i % 4 + 1, i % 5 + 1, i % 11),
            "survey", "x.csv",
        ),
    ],
)  # fmt: skip
def test_tables_are_told_apart_by_what_is_in_them(
    headings: str, row: Any, table: str, name: str
) -> None:
    rows = [[None if v is None else str(v) for v in row(i, *LOG[i])] for i in range(len(LOG))]
    found = guess(headings, rows, name)
    assert found.table == table, found.scores


def test_day_or_month_first_is_asked_where_both_can_be_read() -> None:
    def dated(first: int, second: int) -> tuple[str, str, str]:
        return (str(DRAW.randint(1, 40)), f"{first}/{second}/2025", "12.50")

    both = [dated(DRAW.randint(1, 12), DRAW.randint(1, 12)) for _ in range(200)]
    found = guess("customer,date,amount", both)
    assert asked(found) == ["date_format"] and "date_format" not in found.keys
    (question,) = found.questions
    assert question.default is None, "there is none to take for granted"
    assert [o.sets["date_format"] for o in question.options] == ["%d/%m/%Y", "%m/%d/%Y"]
    found.answer(question, 1)
    assert (found.keys["date_format"], found.questions) == ("%m/%d/%Y", [])
    # 30 of 300 that only one reading allows tell it
    late = [dated(DRAW.randint(1, 12), DRAW.randint(13, 27)) for _ in range(30)]
    found = guess("customer,date,amount", both[:270] + late)
    assert (asked(found), found.keys["date_format"]) == ([], "%m/%d/%Y")
    # so does the order of the rows, where they are sorted by one reading alone
    days = pd.date_range("2025-01-01", "2025-12-12", freq="D")
    few = [day for day in days if day.day <= 12]
    found = guess("customer,date,amount", [("7", f"{d.day}/{d.month}/2025", "1.50") for d in few])
    assert (asked(found), found.keys["date_format"]) == ([], "%d/%m/%Y")


def test_thousands_are_asked_about_where_the_mark_may_divide() -> None:
    def written(*amounts: str) -> Proposal:
        rows = [(a, b, amounts[i % len(amounts)]) for i, (a, b, _) in enumerate(LOG)]
        return guess("customer,date,amount", rows)

    found = written("1,234", "12,500", "3,999")
    assert asked(found) == ["thousands"] and found.keys["thousands"] == ","
    assert asked(written("1.234", "12.500")) == ["thousands"]
    assert asked(written("1,234", "899", "650")) == [], "899 beside 1,234: it groups"
    assert asked(written("1,234.50", "2,000.00")) == []
    assert written("1.234,50", "17,00").keys["decimal"] == ","
    assert asked(written("1,234,567", "1,234")) == []


def test_two_amounts_are_a_question_and_two_writings_of_one_are_not() -> None:
    taxed = [(a, b, c, f"{float(c) * 0.8:.2f}") for a, b, c in LOG]
    found = guess("uid,dt,gross,net", taxed)
    assert asked(found) == ["columns.amount"]
    assert [o.sets["columns.amount"] for o in found.questions[0].options] == ["gross", "net"]
    same = [(a, b, c, c) for a, b, c in LOG]
    assert asked(guess("uid,dt,gross,net", same)) == []


def test_an_unknown_state_is_a_question() -> None:
    states = ["paid", "cancelled", "zurückgestellt"]
    rows = [(*row, states[i % 3]) for i, row in enumerate(LOG)]
    found = guess("customer,date,amount,status", rows)
    assert found.keys["where"] == {"status": {"not": ["cancelled"]}}
    assert asked(found) == ["where"]
    found.answer(found.questions[0], 1)
    assert found.keys["where"] == {"status": {"not": ["cancelled", "zurückgestellt"]}}


def test_words_of_states_and_headings() -> None:
    values = ("Closed Won", "closedwon", "Annulée", "已作废", "On hold", "x")
    assert [state_of(v) for v in values] == [
        "bought", "bought", "not_bought", "not_bought", "open", "",
    ]  # fmt: skip
    assert is_settled("Solved") and is_settled("已解决") and not is_settled("Open")
    assert read_heading("商机金额（万元）").unit == "ten_thousand"
    assert read_heading("amount_cents").unit == "cent"
    assert squash("客户名称(必填)") == squash("\ufeff客户名称 ") == "客户名称"
    assert read_heading("Zeilensumme").has("amount") and not read_heading("Report").has("owner")


@pytest.mark.parametrize(
    ("heading", "meant"),
    [
        ("价税合计", {"total"}),
        ("含税金额（元）", {"total"}),
        ("无税金额", {"amount"}),
        ("不含税金额", {"amount"}),
        ("税额", {"tax"}),
    ],
)
def test_amounts_with_and_without_tax_are_amounts_and_no_taxes(
    heading: str, meant: set[str]
) -> None:
    assert read_heading(heading).concepts == meant


@pytest.mark.parametrize(
    ("headings", "product"),
    [
        ("customer,date,order no,SKU,Product name,qty,amount", "Product name"),
        ("客户编号,下单日期,订单号,商品编码,商品名称,数量,金额", "商品名称"),
        ("Kunden-Nr.,Kaufdatum,Bestell-Nr.,Artikelnummer,Farbe,Menge,Betrag", "Artikelnummer"),
        ("client,date,commande,Réf.,Produit,quantité,montant", "Produit"),
        ("会員番号,購入日,注文番号,品番,商品名,数量,購入金額", "商品名"),
        ("customer,date,order no,Product type,Colour,qty,amount", None),
    ],
)
def test_what_a_line_is_of_is_known_by_the_words_for_products(
    headings: str, product: str | None
) -> None:
    draw = random.Random(5)
    rows = [
        (who, day, f"B{i // 2}", f"P{draw.randint(100, 160)}",
         draw.choice(["red tea", "cup", "pot"]), str(draw.choice([1, 1, 2, 3])), amount)
        for i, (who, day, amount) in enumerate(LOG)
    ]  # fmt: skip
    assert guess(headings, rows).columns.get("product") == product


@pytest.mark.parametrize(
    ("heading", "customer", "amount"),
    [
        ("주문번호,주문일시,주문자 ID,결제금액", "주문자 ID", "결제금액"),
        ("Номер,Дата,Контрагент,Сумма", "Контрагент", "Сумма"),
    ],
)
def test_headings_of_further_languages_are_known(heading: str, customer: str, amount: str) -> None:
    rows = [[str(100 + i), f"2024-0{1 + i % 9}-05", f"u{i % 9}", f"{10 + i}.50"] for i in range(40)]
    found = guess(heading, rows)
    assert found.columns["customer_id"] == customer and found.columns["amount"] == amount
