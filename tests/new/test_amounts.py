"""Which of several numbers is the money of a purchase: what was paid, in one currency, once."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from workbench.data.text.currency import named_currency
from workbench.new.columns.proposal import Proposal, Upload
from workbench.new.purchase_log.conversion import one_currency
from workbench.new.purchase_log.deductions import amounts
from workbench.new.purchase_log.money import currency
from workbench.new.tables.roles import understand


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
         "Paid amount": round(worth * (1, 0.5)[o % 2], 2), "Balance due": 7 * (o % 3)}
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


# --- several currencies -------------------------------------------------------------------------

RATES = {"USD": 1.0, "EUR": 1.1, "GBP": 1.3}
YUAN = {"美元": 7.1, "欧元": 7.8, "人民币": 1.0}
YEN = {"JPY": 1.0, "USD": 150.0, "EUR": 160.0}
#: Headings of the amount, the currency, the rate and the converted amount; rates; is it inverse?
MIXED = [
    ("Invoice,Customer,Date,Amount,Currency,Exchange Rate,", RATES, False),
    ("Invoice,Customer,Date,Amount,Currency,Exchange Rate,", RATES, True),
    ("Invoice,Customer,Date,Amount,Currency,,Amount (USD)", RATES, False),
    ("Invoice,Customer,Date,Amount,Currency,Exchange Rate,Home Currency Amount", RATES, False),
    ("InvoiceNumber,ContactName,InvoiceDate,Total,Currency,CurrencyRate,", RATES, True),
    ("单据编号,客户,日期,金额,币别,汇率,本位币金额", YUAN, False),
    ("单据编号,客户,日期,金额,币别,汇率,", YUAN, False),
    ("Belegnr,Kunde,Datum,Betrag,Währung,Kurs,", {"EUR": 1.0, "USD": 0.92, "CHF": 1.04}, False),
    ("order_id,customer,date,transaction_amount,currency,,settlement_amount", YEN, False),
    ("order_id,customer,date,amount,currency,,amount_2", YEN, False),
]


def in_one(rows: Sequence[Mapping[str, object]]) -> Proposal:
    found = proposed(rows)
    one_currency(found)
    for question in [*found.questions]:
        found.answer(question, None)
    return found


@pytest.mark.parametrize(("heads", "rates", "inverse"), MIXED)
def test_amounts_in_several_currencies_are_read_in_one(
    heads: str, rates: Mapping[str, float], inverse: bool
) -> None:
    names, total, rows = heads.split(","), 0.0, []
    for i, (order, who, day, _, worth) in enumerate(sold()):
        code = [*rates][i % 3]
        rate = rates[code] * (1 + 0.01 * (i % 5) * (rates[code] != 1))  # as the years go by
        home = round(worth, 2)
        total += home
        written = round(1 / rate if inverse else rate, 6)
        row = [order, who, day, round(home / rate, 2), code, written, home]
        rows.append({n: v for n, v in zip(names, row, strict=True) if n})
    found = in_one(rows)
    assert amounts(found).sum() == pytest.approx(total, rel=1e-3)
    home = next(code for code, rate in rates.items() if rate == 1)
    assert currency([found]).code == named_currency(home)[0] and not currency([found]).doubt
    (question,) = (q for q in found.questions if q.key == "amount")
    assert any("alone" in option.label for option in question.options)
    assert any("a guess" in note for note in found.notes)


def test_without_a_rate_one_currency_is_read_alone_and_taxes_are_no_rates() -> None:
    rows = [
        {"Invoice": o, "Customer": who, "Date": day, "Amount": worth, "Net": round(worth / 1.2, 2),
         "Tax rate": 0.2, "Currency": ("USD", "EUR")[o % 2]}
        for o, who, day, _, worth in sold()
    ]  # fmt: skip
    found = in_one(rows)
    assert found.keys["where"] == {"Currency": ["USD"]} and not found.reckoned
    # a firm's own currency stands in each row and hides nothing
    found = in_one([{"Company currency": "EUR", **row} for row in rows])
    assert "Currency" in found.keys["where"]


# --- debit and credit ---------------------------------------------------------------------------


def ledger(
    heads: str, bill: str, paid: str, back: str = "", *, credit: bool = False, blank: object = ""
) -> tuple[list[dict[str, object]], float]:
    """Bills, payments of every second one, and credit notes; a running balance where headed."""
    day, who, number, text, debit, credits_, *balance = heads.split(",")
    rows: list[dict[str, object]] = []
    total = running = 0.0
    for i, (order, customer, when, _, worth) in enumerate(sold()):
        booked = [(bill, worth, False)]
        booked += [(paid, worth, True)] if i % 2 else []
        booked += [(back, 5.0, True)] if back and i % 10 == 0 else []
        for word, money, other in booked:
            running += -money if other else money
            total += money if word == bill else -money if word == back else 0
            sides = (credits_, debit) if other != credit else (debit, credits_)
            row = {day: when, who: customer, number: f"{word[:1]}{order}", text: word,
                   sides[0]: money, sides[1]: blank}  # fmt: skip
            rows.append({**row, **{name: round(running, 2) for name in balance}})
    order_ = [day, who, number, text, debit, credits_, *balance]
    return [{name: row[name] for name in order_ if name} for row in rows], total


LEDGERS = [
    ("Date,Customer,Document,Description,Debit,Credit", "Sales invoice", "Payment", False, ""),
    ("Date,Customer,Document,Description,Debit,Credit", "Sales invoice", "Payment", False, 0),
    ("Date,Customer,Document,Type,Debit,Credit", "Invoice", "Receipt", True, "0.00"),
    ("Datum,Debitor,Beleg,Text,Soll,Haben", "Rechnung", "Zahlungseingang", False, ""),
    ("日期,客户,凭证号,摘要,借方金额,贷方金额", "销售发票", "收款", False, ""),
    ("Fecha,Cliente,Documento,Concepto,Debe,Haber", "Factura", "Cobro", False, ""),
    # neither word is known: the balance tells
    ("Date,Customer,Doc,Ref,Debit,Credit,Balance", "xa", "xb", False, ""),
    ("Date,Customer,Doc,Ref,Debit amount,Credit amount,Balance", "xa", "xb", True, ""),
    ("Date,Payee,Reference,Details,Money out,Money in", "xa", "xb", True, ""),
]


@pytest.mark.parametrize(("heads", "bill", "paid", "credit", "blank"), LEDGERS)
def test_of_a_ledger_the_side_of_the_bills_is_read_and_that_is_asked(
    heads: str, bill: str, paid: str, credit: bool, blank: object
) -> None:
    rows, total = ledger(heads, bill, paid, credit=credit, blank=blank)
    found = proposed(rows)
    assert found.table == "transactions" or found.standard == "transactions"
    (question,) = (q for q in found.questions if q.key == "amount")
    sides = heads.split(",")[4:6]
    assert found.columns["amount"] == sides[credit]
    assert all(repr(side) in question.asks for side in sides)

    def worth() -> float:
        return float(amounts(found).reindex(found.rows_kept()).sum())

    assert worth() == pytest.approx(total, abs=0.01)
    found.set(question.options[1].sets)  # the other side is there for who wants it
    assert found.columns["amount"] == sides[not credit] and 0 < worth() < total


def test_credit_notes_beside_payments_are_taken_off() -> None:
    rows, total = ledger(LEDGERS[0][0], "Sales invoice", "Payment", "Credit note")
    found = proposed(rows)
    assert found.keys["amount"] == "0 + Debit - Credit"
    assert found.keys["where"] == {"Description": {"not": ["Payment"]}}
    kept = [r for r in rows if r["Description"] != "Payment"]
    assert sum(float(str(r["Debit"] or 0)) - float(str(r["Credit"] or 0)) for r in kept) == (
        pytest.approx(total)
    )


# --- amounts that a column parts ----------------------------------------------------------------

PARTED = [
    # more, less, what parts them (in the sign that it is written with), the right one
    ("Gross Sales", "Net Sales", "Discounts", -1, "Net Sales"),
    ("原价", "用户实付", "优惠金额", 1, "用户实付"),
    ("Gross", "Net", "Fee", -1, "Gross"),
    ("Order Total", "Order Net", "Processing Fees", 1, "Order Total"),
    ("用户实付", "商家应收", "平台服务费", -1, "用户实付"),
    ("Total", "InvoiceAmountPaid", "InvoiceAmountDue", 1, "Total"),
    ("Rechnungsbetrag", "Bezahlter Betrag", "Offener Saldo", 1, "Rechnungsbetrag"),
]


@pytest.mark.parametrize(("more", "less", "off", "sign", "right"), PARTED)
def test_what_parts_two_amounts_tells_which_one_the_customer_bought_for(
    more: str, less: str, off: str, sign: int, right: str
) -> None:
    rows = []
    for i, (order, who, day, item, worth) in enumerate(sold()):
        part = round(worth * (0, 0.1, 0.2)[i % 3], 2)
        rows.append({"Order ID": order, "Customer": who, "Date": day, "Product": item,
                     more: worth, off: sign * part, less: round(worth - part, 2)})  # fmt: skip
    found = proposed(rows)
    assert found.columns["amount"] == right and "amount" not in found.keys
    assert not [q for q in found.questions if q.key == "columns.amount"]
    assert any("a guess" in note for note in found.notes)


# --- who it is ----------------------------------------------------------------------------------


def test_how_many_came_and_how_many_pieces_are_nobody() -> None:
    for many in ("# of Guests", "Guests", "No. of customers", "人数", "個数"):
        rows = [
            {"Order Id": o, many: 1 + o % 4, "Opened": day, "Tab": item, "Amount": worth,
             "Customer Email": f"{who}@x.org"}
            for o, who, day, item, worth in sold()
        ]  # fmt: skip
        assert proposed(rows).columns["customer_id"] == "Customer Email", many


def test_where_refunds_name_the_seller_somebody_else_is_the_customer() -> None:
    rows = []
    for order, who, day, _, worth in sold():
        paid = {"Date": day, "Name": f"Kim {who}", "From Email Address": f"{who}@x.org",
                "To Email Address": "shop@x.org", "Gross": worth,
                "Transaction ID": f"T{order}"}  # fmt: skip
        rows.append(paid)
        if order % 9 == 0:
            turned = {"From Email Address": "shop@x.org", "To Email Address": f"{who}@x.org"}
            rows.append({**paid, **turned, "Gross": -worth, "Transaction ID": f"R{order}"})
    found = proposed(rows)
    assert found.columns["customer_id"] == "Name"
    assert any("refunds name another" in note for note in found.notes)
    purchases = [row for row in rows if float(str(row["Gross"])) > 0]
    assert proposed(purchases).columns["customer_id"] == "From Email Address"


def test_the_title_of_each_deal_is_no_product_and_the_state_of_a_country_no_state() -> None:
    rows = [
        {"Order ID": o, "Customer": who, "Date": day, "Title": f"Deal {o}", "order state": "CA",
         "Amount": worth, "Order Lines/Product": item}
        for o, who, day, item, worth in sold()
    ]  # fmt: skip
    found = proposed(rows)
    assert found.columns["product"] == "Order Lines/Product"
    assert not [q for q in found.questions if q.key == "where"]


def test_a_small_share_of_another_amount_is_a_fee() -> None:
    rows = [
        {"Order": o, "Email": f"{who}@x.org", "Date": day, "Total": worth * 2,
         "Payment cut": round(worth * 2 * 0.029 + 0.3, 2)}
        for o, who, day, _, worth in sold()
    ]  # fmt: skip
    assert proposed(rows).columns["amount"] == "Total"
    named = [{k.replace("cut", "processing"): v for k, v in row.items()} for row in rows]
    assert proposed(named).columns["amount"] == "Total"
    # what is left of a bill after a discount that all have is no fee
    most = [row | {"Payment cut": round(float(str(row["Total"])) * 0.7, 2)} for row in rows]
    assert {"Total", "Payment cut"} <= {
        option.sets["columns.amount"]
        for question in proposed(most).questions if question.key == "columns.amount"
        for option in question.options
    } | {proposed(most).columns["amount"]}  # fmt: skip


TAXED = [
    ("Factuur,Klantnummer,Factuurdatum", "Bedrag excl. btw", "Bedrag incl. btw", "Openstaand"),
    ("Rechnung,Kundennr,Rechnungsdatum", "Betrag zzgl. MwSt", "Betrag inkl. MwSt", "Offen"),
    ("Номер документа,Контрагент,Дата", "Сумма без НДС", "Сумма с НДС", "Задолженность"),
    ("Invoice,Customer,Date", "Amount excl. VAT", "Amount incl. VAT", "Outstanding"),
]


@pytest.mark.parametrize(("heads", "without", "with_", "owed"), TAXED)
def test_an_amount_with_taxes_is_no_tax_and_what_is_owed_no_amount(
    heads: str, without: str, with_: str, owed: str
) -> None:
    rows = [
        dict(zip(heads.split(","), (o, who, day), strict=True))
        | {without: worth, with_: round(worth * 1.2, 2), owed: worth * 1.2 if o % 9 == 0 else 0}
        for o, who, day, _, worth in sold()
    ]
    found = proposed(rows)
    assert found.columns["amount"] == with_
    asked = [o.label for q in found.questions if q.key == "columns.amount" for o in q.options]
    assert not any(owed in label for label in asked)


def test_days_that_lie_apart_are_asked_about() -> None:
    def made(later: int) -> Proposal:
        return proposed(
            [
                {"charge_id": o, "customer_id": who, "created_at": day,
                 "processed_at": day + timedelta(days=later), "total_price": worth}
                for o, who, day, _, worth in sold()
            ]
        )  # fmt: skip

    found = made(30)
    assert found.columns["date"] == "processed_at"
    asked = [q for q in found.questions if q.key == "columns.date"]
    assert [o.sets["columns.date"] for o in asked[0].options] == ["processed_at", "created_at"]
    assert not [q for q in made(1).questions if q.key == "columns.date"]


@pytest.mark.parametrize("mark", ["Yes", "REFUNDED"])
def test_what_was_refunded_in_part_is_still_a_purchase(mark: str) -> None:
    good, head = ("No", "Refunded") if mark == "Yes" else ("PAID", "Status")
    rows = [
        {"Order Id": o, "Email": f"{who}@x.org", "Order Date": day, "Amount": worth,
         head: mark if o % 5 == 0 else good,
         "Refund Amount": (worth if o % 10 else 5.0) if o % 5 == 0 else 0}
        for o, who, day, _, worth in sold()
    ]  # fmt: skip
    found = proposed(rows)
    kept = amounts(found).reindex(found.rows_kept()).sum()
    assert kept == pytest.approx(sum(float(str(r["Amount"])) - float(str(r["Refund Amount"]))
                                     for r in rows))  # fmt: skip


def test_a_name_that_people_give_themselves_is_no_number() -> None:
    rows = [
        {
            "订单编号": o,
            "买家昵称": f"用户{who[1:]}",
            "会员卡号": f"VIP{who[1:]:>06}",
            "下单时间": day,
            "实付金额": worth,
        }
        for o, who, day, _, worth in sold()
    ]
    assert proposed(rows).columns["customer_id"] == "会员卡号"
    assert named_currency("Российский рубль") == ("RUB",)
    assert named_currency("日本円") == ("JPY",)
