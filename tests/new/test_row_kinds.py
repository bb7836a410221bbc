"""Rows of different kinds are told apart: purchases, refunds, and what is neither.

Each table goes the whole way to the cleaned one, and is held against sums made here by hand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from workbench.data import check_study
from workbench.new.columns.proposal import Proposal
from workbench.new.columns.states import groups_of
from workbench.new.study import Started, start_study

Row = dict[str, str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path


def bought(n: int = 60, seed: int = 4) -> list[dict[str, object]]:
    """Purchases of ten customers, sorted by day, every one of another amount."""
    draw = random.Random(seed)
    return [
        {"who": f"K{draw.randint(1, 10)}", "day": date(2024, 1, 2) + timedelta(days=7 * i),
         "order": 5000 + i, "amount": round(20 + i + draw.random(), 2)}
        for i in range(n)
    ]  # fmt: skip


def undone(rows: Sequence[Mapping[str, object]], every: int = 9) -> list[dict[str, object]]:
    """Refunds of some of them, each of the whole amount and nine days later."""
    return [{**r, "day": r["day"] + timedelta(days=9)} for r in rows[::every]]  # type: ignore[operator]


def start(root: Path, rows: Sequence[Mapping[str, object]], name: str = "log.csv") -> Started:
    pd.DataFrame([dict(r) for r in rows]).to_csv(root / name, index=False)
    return start_study(root, "acme", [root / name], today=date(2026, 1, 1))


def only(started: Started) -> tuple[Proposal, float, int]:
    assert started.previews, started.unread
    shown = started.previews[0]
    return started.proposals[0], shown.total or 0.0, shown.kept


def total(rows: Sequence[Mapping[str, object]]) -> float:
    return sum(float(str(r["amount"])) for r in rows)


TYPES = [
    ("Order,Customer,Date,Transaction Type,Amount", "Sale", "Refund"),
    ("Document No,Account,Document Date,Document Type,Net", "Invoice", "Credit note"),
    ("Beleg,Kunde,Datum,Belegart,Betrag", "Rechnung", "Rechnungskorrektur"),
    ("单据编号,会员号,日期,业务类型,金额", "销售出库", "销售退货"),
    ("Numéro,Client,Date,Type,Montant", "Facture", "Avoir"),
    ("Número,Cliente,Fecha,Tipo,Importe", "Factura", "Nota de crédito"),
    ("Receipt number,Customer name,Date,Receipt type,Net sales", "Sale", "Return"),
    ("伝票番号,会員番号,日付,取引種別,金額", "売上", "返品"),
]


@pytest.mark.parametrize(("header", "sale", "refund"), TYPES)
def test_refunds_told_by_a_type_are_taken_off(
    root: Path, header: str, sale: str, refund: str
) -> None:
    rows = bought()
    back = undone(rows)
    order, who, day, kind, amount = header.split(",")
    found = [
        {order: r["order"] if k == sale else 90_000 + i, who: r["who"], day: r["day"], kind: k,
         amount: r["amount"]}
        for i, (r, k) in enumerate([*((r, sale) for r in rows), *((r, refund) for r in back)])
    ]  # fmt: skip
    proposal, money, kept = only(start(root, found))
    assert proposal.keys["refund_rows"] == {kind: [refund]}
    assert any("a guess" in note and refund in note for note in proposal.notes)
    assert money == pytest.approx(total(rows) - total(back), abs=0.01)
    assert kept == len(rows) - len(back), "what was refunded in full is no purchase"


def test_an_order_number_that_a_refund_repeats_is_still_the_orders(root: Path) -> None:
    rows = bought()
    back = undone(rows, every=5)
    found = [
        {"cust": r["who"], "order": r["order"], "when": r["day"], "qty": n,
         "unit price": r["amount"]}
        for n, part in ((1, rows), (-1, back)) for r in part
    ]  # fmt: skip
    proposal, money, _ = only(start(root, found))
    assert proposal.columns["order_id"] == "order"
    assert money == pytest.approx(total(rows) - total(back), abs=0.01)
    assert "order number" in started_notes(root)


def started_notes(root: Path) -> str:
    from workbench.study import load_study

    return "\n".join(check_study(load_study(root / "data" / "acme")).notes).replace(
        "the order with the same number", "order number"
    )


def test_a_refund_beside_the_total_on_each_line_is_not_one_more_line(root: Path) -> None:
    rows = bought()
    back = undone(rows)
    found = [
        {"order": r["order"], "customer": r["who"], "date": r["day"], "type": kind, "item": item,
         "order total": r["amount"]}
        for kind, part, items in (("Sale", rows, "ab"), ("Refund", back, "a"))
        for r in part for item in items
    ]  # fmt: skip
    proposal, money, _ = only(start(root, found))
    assert proposal.keys["amount_per"] == "order"
    assert money == pytest.approx(total(rows) - total(back), abs=0.01)


FLAGS: list[tuple[str, Sequence[str]]] = [
    ("is_canceled", ("0", "1")),
    ("deleted", ("false", "true")),
    ("storniert", ("nein", "ja")),
    ("是否作废", ("否", "是")),
    ("IsVoided", ("N", "Y")),
    ("test_order", ("False", "True")),
]


@pytest.mark.parametrize(("heading", "values"), FLAGS)
def test_flags_of_what_is_no_purchase_are_heeded(
    root: Path, heading: str, values: Sequence[str]
) -> None:
    rows = [{**r, heading: values[i % 7 == 3]} for i, r in enumerate(bought())]
    proposal, money, kept = only(start(root, rows))
    good = [r for r in rows if r[heading] == values[0]]
    assert proposal.keys["where"] == {heading: {"not": [values[1]]}}
    assert (kept, money) == (len(good), pytest.approx(total(good), abs=0.01))


def test_a_flag_of_what_must_be_so_keeps_its_rows_and_others_ask_nothing(root: Path) -> None:
    rows = [
        {**r, "paid": "ny"[i % 6 > 0], "newsletter": "ny"[i % 2]} for i, r in enumerate(bought())
    ]
    proposal, money, _ = only(start(root, rows))
    assert proposal.keys["where"] == {"paid": ["y"]}
    assert not [q for q in proposal.questions if q.key == "where"]
    assert money == pytest.approx(total([r for r in rows if r["paid"] == "y"]), abs=0.01)


KINDS = [
    ("Scenario", ["Actual", "Budget", "Forecast"], ["Actual"]),
    ("数据类型", ["实际", "预算"], ["实际"]),
    ("Plan/Ist", ["Ist", "Plan"], ["Ist"]),
    ("Event", ["purchase", "page_view", "add_to_cart", "sign_up"], ["purchase"]),
    ("行为类型", ["购买", "浏览", "加购", "收藏"], ["购买"]),
    ("event_type", ["purchase", "view", "cart", "remove_from_cart"], ["purchase"]),
    ("单据状态", ["已审核", "审核中", "创建", "作废"], ["已审核"]),
    ("Status", ["Sales Order", "Quotation", "Quotation Sent", "Cancelled"], ["Sales Order"]),
    ("Transaction type", ["Invoice", "Payment"], ["Invoice"]),
]


@pytest.mark.parametrize(("heading", "values", "good"), KINDS)
def test_rows_whose_words_say_that_they_are_no_purchases_are_left_out(
    root: Path, heading: str, values: Sequence[str], good: Sequence[str]
) -> None:
    rows = [{**r, heading: values[i % len(values)]} for i, r in enumerate(bought())]
    proposal, money, _ = only(start(root, rows))
    assert not [q for q in proposal.questions if q.key == "where"]
    assert money == pytest.approx(total([r for r in rows if r[heading] in good]), abs=0.01)
    assert any("a guess" in note for note in proposal.notes)


def test_each_unknown_state_is_a_question_and_answers_do_not_undo_each_other(root: Path) -> None:
    states = ["C", "C", "C", "X", "P"]
    rows = [{**r, "order_state": states[i % 5], "deleted": "01"[i % 11 == 0]}
            for i, r in enumerate(bought())]  # fmt: skip
    started = start(root, rows)
    (proposal,) = started.proposals
    asked = [q for q in proposal.questions if q.key == "where"]
    assert [q.asks.split("'")[1] for q in asked] == ["C", "X", "P"]
    assert "12 rows, sum" in asked[1].asks
    card = (started.folder / "study.yml").read_text()
    assert card.count("# CHECK where: Are rows with") == 3
    report = check_study(started.study)
    assert sum("order_state" in w for w in report.warnings) == 3
    assert report.verdict != "the study is in order"
    for question, choice in zip(asked, (0, 1, 1), strict=True):
        proposal.answer(question, choice)
    assert proposal.keys["where"] == {"deleted": {"not": ["1"]}, "order_state": {"not": ["X", "P"]}}


def test_unknown_words_of_a_type_are_asked_about_and_groups_of_people_are_not(root: Path) -> None:
    kinds, people = ["RE", "GU", "LS"], ["new", "returning"]
    rows = [{**r, "doc type": kinds[i % 3], "customer type": people[i % 2], "channel": "abc"[i % 3]}
            for i, r in enumerate(bought())]  # fmt: skip
    proposal, _, _ = only(start(root, rows))
    (question,) = [q for q in proposal.questions if q.key == "where"]
    assert "'doc type'" in question.asks and "where" not in proposal.keys
    assert [o.label for o in question.options][:2] == ["all of them", "'RE' alone"]


def test_words_of_refunds_where_no_heading_speaks_of_types_are_asked_about(root: Path) -> None:
    rows = [{**r, "paid with": ["card", "cash", "card", "refund"][i % 4]}
            for i, r in enumerate(bought())]  # fmt: skip
    proposal, _, _ = only(start(root, rows))
    (question,) = [q for q in proposal.questions if q.key == "where"]
    assert "'refund' in 'paid with'" in question.asks
    assert question.options[question.default or 0].label.startswith("refunds")


@pytest.mark.parametrize(
    ("value", "group"),
    [
        ("Sales credit note", "refund"), ("Stornorechnung", "refund"), ("New York", ""),
        ("Payment Refund", "refund"), ("销售退货", "refund"), ("未退款", "bought"),
        ("已完成退款", "refund"), ("发票作废", "not_bought"), ("not cancelled", "bought"),
        ("Cancelled by buyer", "not_bought"), ("订单未付款", "open"), ("未完成", ""),
        ("キャンセル済み", "not_bought"), ("Unrefunded", ""), ("결제대기", "open"),
        ("Awaiting bank wire payment", "open"), ("Awaiting Shipment", "bought"),
        ("Awaiting Cash On Delivery validation", ""), ("Payment accepted", "bought"),
        ("Payment queried", ""), ("Customer payment", "settles"), ("Payment Due", "open"),
        ("Закрыто и не реализовано", "not_bought"), ("Ожидает оплаты", "open"),
        ("Anulowane", "not_bought"), ("Oczekuje na płatność", "open"), ("Vyřízena", "bought"),
        ("İptal Edildi", "not_bought"), ("Menunggu Pembayaran", "open"), ("Đã hủy", "not_bought"),
    ],
)  # fmt: skip
def test_words_inside_a_value(value: str, group: str) -> None:
    assert next(iter(groups_of(value)), "") == group


REFUNDED = [
    ("total", "refunded"),
    ("Order amount", "Refund Amount"),
    ("实付金额", "退款金额"),
    ("Betrag", "Erstattet"),
    ("montant", "Montant remboursé"),
]


@pytest.mark.parametrize(("amount", "back"), REFUNDED)
def test_a_column_of_what_was_refunded_is_taken_off(root: Path, amount: str, back: str) -> None:
    rows = [
        {"customer": r["who"], "date": r["day"], "order id": r["order"], amount: r["amount"],
         back: (r["amount"] if i % 15 == 7 else 5.25) if i % 6 == 1 else 0}
        for i, r in enumerate(bought())
    ]  # fmt: skip
    proposal, money, kept = only(start(root, rows))
    (question,) = [q for q in proposal.questions if q.key == "amount"]
    assert back in question.asks and proposal.keys["amount"].endswith((back, f"`{back}`"))
    net = [float(str(r[amount])) - float(str(r[back])) for r in rows]
    assert money == pytest.approx(sum(net), abs=0.01)
    assert kept == sum(n > 0.005 for n in net), "what was refunded in full is no purchase of zero"
    proposal.answer(question, 1)
    assert (proposal.keys.get("amount"), proposal.columns["amount"]) == (None, amount)


def test_of_two_amounts_each_is_offered_with_and_without_what_was_refunded(root: Path) -> None:
    rows = [{"uid": r["who"], "dt": r["day"], "gross": r["amount"],
             "net": round(float(str(r["amount"])) * 0.8, 2), "refund amount": 3 * (i % 9 == 0)}
            for i, r in enumerate(bought())]  # fmt: skip
    proposal, _, _ = only(start(root, rows))
    (question,) = proposal.questions
    assert [o.label.split(" ")[0] for o in question.options] == ["gross", "net", "gross", "net"]
    proposal.answer(question, 1)
    assert proposal.keys["amount"] == "net - `refund amount`"
    assert "amount" not in proposal.columns


DISCOUNTS: list[tuple[str, Sequence[float], Callable[[float, float], float]]] = [
    ("discount %", (0, 10, 20), lambda gross, off: gross * (1 - off / 100)),
    ("Discount rate", (0, 0.1, 0.25), lambda gross, off: gross * (1 - off)),
    ("discount", (0, 0.05, 0.2), lambda gross, off: gross * (1 - off)),
    ("discount amount", (0, 1.5, 2.75), lambda gross, off: gross - off),
]


@pytest.mark.parametrize(("heading", "values", "net"), DISCOUNTS)
def test_discounts_are_taken_off_as_what_they_are(
    root: Path, heading: str, values: Sequence[float], net: Callable[[float, float], float]
) -> None:
    rows = [
        {"customer": r["who"], "date": r["day"], "order": r["order"], "qty": 1 + i % 4,
         "unit price": r["amount"], heading: values[i % 3]}
        for i, r in enumerate(bought())
    ]  # fmt: skip
    proposal, money, _ = only(start(root, rows))
    assert [q.key for q in proposal.questions] == ["amount"]
    right = sum(
        net(float(str(r["qty"])) * float(str(r["unit price"])), float(str(r[heading])))
        for r in rows
    )
    assert money == pytest.approx(right, abs=0.01)


def test_a_discount_beside_a_total_after_it_asks_nothing(root: Path) -> None:
    rows = [
        {"customer": r["who"], "date": r["day"], "qty": 2, "unit price": r["amount"],
         "discount %": 10 * (i % 2), "total": round(2 * r["amount"] * (1 - 0.1 * (i % 2)), 2)}  # type: ignore[operator]
        for i, r in enumerate(bought())
    ]  # fmt: skip
    proposal, money, _ = only(start(root, rows))
    assert not proposal.questions and proposal.columns["amount"] == "total"
    assert money == pytest.approx(sum(float(str(r["total"])) for r in rows), abs=0.01)


GROUPED = [
    ("Order,Date,Customer,Item,Line total", ("order", "when", "who")),
    ("单号,日期,客户,商品,金额", ("order", "when", "who")),
    ("Kunde,Datum,Artikel,Betrag", ("when", "who")),
    ("Auftragsnummer,Datum,Kunde,Artikel,Betrag", ("when", "who")),
]


def lines_of(header: str, once: Sequence[str], *, totals: bool = False) -> list[dict[str, object]]:
    """Write orders of one to four lines; what is known of an order stands on the first alone."""
    draw, found = random.Random(8), []
    names = header.split(",")
    order = names[0] if len(names) == 5 else None
    for i, r in enumerate(bought(40)):
        worth = 0.0
        for j in range(1 + i % 4):
            said = {"when": r["day"], "who": r["who"], "order": r["order"]}
            said = {k: "" if j and k in once else v for k, v in said.items()}
            amount = round(3 + draw.random() * 9, 2)
            worth += amount
            row = {order: said["order"]} if order else {}
            who, when = sorted(names[-4:-2], key=lambda n: "at" in n or n == "日期")
            row |= {who: said["who"], when: said["when"], names[-2]: f"{i}-{j}", names[-1]: amount}
            found.append(row)
        if totals:
            found.append({**dict.fromkeys(found[-1], ""), names[-2]: "Total", names[-1]: worth})
    return found


@pytest.mark.parametrize(("header", "once"), GROUPED)
def test_lines_below_the_first_of_an_order_are_those_of_its_customer(
    root: Path, header: str, once: Sequence[str]
) -> None:
    rows = lines_of(header, once)
    started = start(root, rows)
    proposal, money, kept = only(started)
    assert set(proposal.columns.values()) <= set(header.split(","))
    right = sum(float(str(r[header.split(",")[-1]])) for r in rows)
    assert (kept, money) == (len(rows), pytest.approx(right, abs=0.01))
    assert "60 rows take" in "\n".join(check_study(started.study).notes)
    by_hand: dict[object, int] = {}
    last: object = ""
    who = proposal.columns["customer_id"]
    for r in rows:
        last = r[who] or last
        by_hand[last] = by_hand.get(last, 0) + 1
    assert started.previews[0].customers == len(by_hand)


def test_totals_below_each_order_are_no_lines_of_it(root: Path) -> None:
    started = start(root, lines_of(*GROUPED[0], totals=True))
    assert not any("fill_down" in p.upload.keys for p in started.proposals)


def test_rows_that_tell_a_later_step_are_not_filled_down(root: Path) -> None:
    step = {"refund date": "2024-12-30", "refund reason": "late", "clerk": "Bo"}
    rows = [{**r, **(step if i % 7 == 0 else dict.fromkeys(step, ""))}
            for i, r in enumerate(bought())]  # fmt: skip
    proposal, money, _ = only(start(root, rows))
    assert "fill_down" not in proposal.upload.keys
    assert money == pytest.approx(total(rows), abs=0.01)


def test_what_is_owed_on_bills_and_refunds_of_a_part_are_asked_about(root: Path) -> None:
    states = ["Paid", "Paid", "Overdue", "Draft", "Partially refunded"]
    rows = [
        {"Invoice number": r["order"], "Client": r["who"], "Date": r["day"],
         "Status": states[i % 5], "Total": r["amount"]}
        for i, r in enumerate(bought())
    ]  # fmt: skip
    proposal, money, _ = only(start(root, rows))
    asked = [q.asks.split("'")[1] for q in proposal.questions if q.key == "where"]
    assert asked == ["Overdue", "Partially refunded"]
    kept = [r for r in rows if r["Status"] != "Draft"]
    assert money == pytest.approx(sum(float(str(r["Total"])) for r in kept), abs=0.01)


def test_fees_and_payouts_are_no_purchases_and_no_refunds_either(root: Path) -> None:
    kinds = ["charge", "charge", "stripe_fee", "payout"]
    rows = [{**r, "type": kinds[i % 4], "amount": (-1) ** (i % 4 > 1) * float(str(r["amount"]))}
            for i, r in enumerate(bought())]  # fmt: skip
    proposal, money, _ = only(start(root, rows))
    assert proposal.keys["where"] == {"type": {"not": ["stripe_fee", "payout"]}}
    assert money == pytest.approx(total([r for r in rows if r["type"] == "charge"]), abs=0.01)


def test_a_column_with_a_mark_alone_is_a_flag(root: Path) -> None:
    rows = [{**r, "storniert": "X" if i % 8 == 3 else ""} for i, r in enumerate(bought())]
    proposal, money, _ = only(start(root, rows))
    assert proposal.keys["where"] == {"storniert": {"not": ["X"]}}
    assert money == pytest.approx(total([r for r in rows if not r["storniert"]]), abs=0.01)


QUOTES = [
    ("Reference,Customer,Date,Status,Total", "Sales Order|Quotation|Quotation Sent|Cancelled"),
    ("Order Reference,Customer,Order Date,State,Total", "sale|draft|sent|cancel"),
    ("Auftrag,Kunde,Datum,Status,Gesamt", "Verkaufsauftrag|Angebot|Angebot gesendet|Storniert"),
    ("Order,Klant,Datum,Status,Totaal", "Verkooporder|Offerte|Offerte verzonden|Geannuleerd"),
    ("Commande,Client,Date,Statut,Total", "Bon de commande|Devis|Devis envoyé|Annulé"),
    ("订单编号,客户,订单日期,状态,总计", "销售订单|报价单|已发送报价单|已取消"),
    ("订单编号,客户,订单日期,订单状态,总计", "等待出库|(删除)等待出库|（已删除）完成|已取消"),
]  # fmt: skip


def by_state(header: str, states: Sequence[str]) -> list[dict[str, object]]:
    order, who, day, status, money = header.split(",")
    return [{order: f"S{r['order']}", who: r["who"], day: r["day"], status: states[i % len(states)],
             money: r["amount"]} for i, r in enumerate(bought())]  # fmt: skip


@pytest.mark.parametrize(("header", "states"), QUOTES)
def test_quotations_and_deleted_orders_are_no_purchases(
    root: Path, header: str, states: str
) -> None:
    sale, *none = states.split("|")
    *_, status, amount = header.split(",")
    rows = by_state(header, [sale, sale, *none])
    invoiced = ["Fully Invoiced", "To Invoice", "Nothing to Invoice"]
    rows = [{**r, "Invoice Status": invoiced[i % 3]} for i, r in enumerate(rows)]
    proposal, money, _ = only(start(root, rows))
    assert set(proposal.keys["where"][status]["not"]) == set(none)
    assert any(note.startswith("a guess") and none[0] in note for note in proposal.notes)
    right = sum(float(str(r[amount])) for r in rows if r[status] == sale)
    assert money == pytest.approx(right, abs=0.01)


def test_sent_is_a_parcel_beside_paid_orders_and_locked_ones_stay(root: Path) -> None:
    rows = by_state("Order,Customer,Date,Status,Total", ["paid", "sent", "cancelled"])
    _, money, _ = only(start(root, rows))
    assert money == pytest.approx(
        sum(float(str(r["Total"])) for r in rows if r["Status"] != "cancelled"), abs=0.01
    )
    assert groups_of("(锁定)等待出库") == groups_of("等待出库") == ("bought",)
    assert groups_of("(未取消)等待出库") == groups_of("等待出库(可取消)") == ("bought",)
    assert groups_of("(取消)等待出库") == groups_of("等待出库【用户删除】") == ("not_bought",)


@pytest.mark.parametrize("marked", ["S1", "F2", ""])
def test_billing_types_of_sap_take_off_what_they_credit_and_cancel(root: Path, marked: str) -> None:
    types = ["F2", "F2", "F2", "RE", "F2", "S1"]
    rows = by_state("Faktura,Auftraggeber,Fakturadatum,Fakturaart,Nettowert", types)
    rows = [
        {**r, "Storniert": "X" if r["Fakturaart"] == marked and i % 6 in (0, 5) else ""}
        for i, r in enumerate(rows)
    ]
    proposal, _, _ = only(start(root, rows))
    back, where = proposal.keys["refund_rows"]["Fakturaart"], proposal.keys.get("where", {})
    if marked == "F2":  # the cancelled bills are left out, and what cancels them with them
        assert back == ["RE"]
        assert where == {"Storniert": {"not": ["X"]}, "Fakturaart": {"not": ["S1"]}}
    else:
        assert (sorted(back), where) == (["RE", "S1"], {})
