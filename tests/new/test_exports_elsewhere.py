"""Exports in more languages and kinds: receivers as buyers, orders nobody paid, pledges, folds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.new.layouts import text
from tests.new.test_strange_exports import begin, bought, total
from workbench.new.study import Started, start_study

ARABIC = str.maketrans("0123456789.,", "٠١٢٣٤٥٦٧٨٩٫٬")


def kept(started: Started) -> tuple[int, int | None]:
    return started.previews[0].kept, started.previews[0].customers


@pytest.mark.parametrize(
    ("head", "good", "undone"),
    [
        ("หมายเลขคำสั่งซื้อ,สถานะการสั่งซื้อ,ชื่อผู้ใช้ (ผู้ซื้อ),วันที่ทำการสั่งซื้อ,จำนวนเงินทั้งหมด",
         ("สำเร็จแล้ว", "การจัดส่ง"), "ยกเลิกแล้ว"),
        ("رقم الطلب,حالة الطلب,رقم العميل,تاريخ الطلب,إجمالي الطلب",
         ("تم التنفيذ", "تم التوصيل"), "ملغي"),
        ("מספר הזמנה,סטטוס,מספר לקוח,תאריך הזמנה,סכום", ("שולם", "נשלח"), "בוטל"),
        ("Αριθμός παραγγελίας,Κατάσταση,Κωδικός πελάτη,Ημερομηνία,Σύνολο",
         ("Ολοκληρώθηκε", "Εξοφλήθηκε"), "Ακυρώθηκε"),
    ],
    ids=["Thai", "Arabic", "Hebrew", "Greek"],
)  # fmt: skip
def test_headings_and_states_of_more_languages_are_words(
    head: str, good: tuple[str, str], undone: str, tmp_path: Path
) -> None:
    rows, worth = [], 0.0
    for i, who, at, amount in bought():
        state = undone if i % 4 == 0 else good[i % 2]
        said = f"{amount:,.2f}".translate(ARABIC) if "طلب" in head else f"{amount:.2f}"
        rows.append([f"A{i}", state, f"k{who}", at, said])
        worth += 0 if state == undone else amount
    started = begin(tmp_path, head, rows)
    assert {*started.proposals[0].columns} >= {"customer_id", "order_id", "date", "amount"}
    assert not [q for q in started.proposals[0].questions if q.key in ("table", "where")]
    assert total(started) == pytest.approx(worth, abs=0.005)


def test_documents_that_are_not_posted_are_no_sales(tmp_path: Path) -> None:
    lines = bought()
    rows = [[at.strftime("%d.%m.%Y"), f"КА-{i}", f"{amount:.2f}".replace(".", ","), f"Ф{who}",
             "Нет" if i % 10 == 0 else "Да"] for i, who, at, amount in lines]  # fmt: skip
    started = begin(tmp_path, "Дата;Номер;Сумма;Контрагент;Проведен", rows, delimiter=";")
    assert total(started) == pytest.approx(sum(a for i, *_, a in lines if i % 10), abs=0.005)


def test_orders_that_nobody_paid_are_asked_about_where_no_state_tells(tmp_path: Path) -> None:
    lines = bought()
    rows = [[i, f"u{who}", at.date(), at.date() if i % 8 else "", amount]
            for i, who, at, amount in lines]  # fmt: skip
    started = begin(tmp_path, "Order ID,Buyer Username,Sale Date,Paid On Date,Total Price", rows)
    (asked,) = [q for q in started.proposals[0].questions if q.key == "where"]
    assert "without a 'Paid On Date' purchases (8 orders" in asked.asks
    assert total(started) == pytest.approx(sum(a for i, *_, a in lines if i % 8), abs=0.005)


def test_bills_without_a_day_of_payment_are_sales(tmp_path: Path) -> None:
    lines = bought()
    rows = [[i, f"u{who}", at.date(), at.date() if i % 8 else "", amount]
            for i, who, at, amount in lines]  # fmt: skip
    started = begin(tmp_path, "Invoice No,Customer ID,Invoice Date,Paid Date,Total", rows)
    assert total(started) == pytest.approx(sum(a for *_, a in lines), abs=0.005)


def test_pledges_are_no_gifts_and_who_gave_is_a_number(tmp_path: Path) -> None:
    kinds = ["Cash", "Pledge", "Pay-Cash", "Write Off"]
    lines = bought()
    rows = [[9000 + who, f"Kim {who % 9}", i, at.strftime("%m/%d/%Y"), kinds[i % 4], amount]
            for i, who, at, amount in lines]  # fmt: skip
    head = "Supporter Ref No,Supporter Ref Name,Gift ID,Gift Date,Gift Type,Gift Amount"
    started = begin(tmp_path, head, rows)
    (found,) = started.proposals
    assert found.columns["customer_id"] == "Supporter Ref No"
    assert sorted(found.keys["where"]["Gift Type"]["not"]) == ["Pledge", "Write Off"]
    assert "'Cash' in 'Gift Type'" in "".join(q.asks for q in found.questions)
    given = sum(a for i, *_, a in lines if kinds[i % 4] in ("Cash", "Pay-Cash"))
    assert total(started) == pytest.approx(given, abs=0.005)


def test_where_nobody_is_said_to_have_bought_the_receivers_are_offered(tmp_path: Path) -> None:
    lines = bought(customers=20)
    rows = [[f"69{i}", "T恤", amount, f"收{who}", f"1{who:02d}****{1000 + who}", at, "已完成"]
            for i, who, at, amount in lines]  # fmt: skip
    head = "主订单编号,选购商品,订单应付金额,收件人,收件人手机号,订单提交时间,订单状态"
    started = begin(tmp_path, head, rows)
    (found,) = started.proposals
    assert found.columns["customer_id"] == "收件人手机号"
    (asked,) = [q for q in found.questions if q.key == "columns.customer_id"]
    assert "who received it" in asked.asks and len(asked.options) == 2
    assert kept(started) == (60, 20)


@pytest.mark.parametrize(
    ("off", "share"), [("折扣%", [100.0] * 60), ("折扣率", [1.0, 1.0, 0.9] * 20)], ids=["100", "1"]
)
def test_the_share_that_is_left_is_no_discount(
    off: str, share: list[float], tmp_path: Path
) -> None:
    rows, worth = [], 0.0
    for (i, who, at, amount), left in zip(bought(), share, strict=True):
        rows.append([at.date(), f"SA-{i}", f"KH{who:03d}", 2, amount, left])
        worth += 2 * amount * (left if left <= 1 else 1)
    started = begin(tmp_path, f"单据日期,单据编号,客户编码,数量,单价,{off}", rows)
    assert total(started) == pytest.approx(worth, abs=0.01)


def test_a_total_on_the_first_line_comes_before_the_price_of_a_line(tmp_path: Path) -> None:
    rows, worth = [], 0.0
    for i, who, at, amount in bought():
        half = round(amount / 2, 2)
        whole = round(amount + 7.5, 2)
        rows += [[i, f"c{who}@x.test", at.date(), "Confirmado", amount, whole, half, "Caneca"],
                 [i, f"c{who}@x.test", "", "", "", "", round(amount - half, 2),
                   "Prato"]]  # fmt: skip
        worth += amount + 7.5
    head = ("Número do Pedido,E-mail,Data,Status do Pagamento,Subtotal,Total,Valor do Produto,"
            "Nome do Produto")  # fmt: skip
    started = begin(tmp_path, head, rows)
    assert started.proposals[0].columns["amount"] == "Total"
    assert started.proposals[0].keys["amount_per"] == "order"
    assert total(started) == pytest.approx(worth, abs=0.005)


def test_freight_is_no_cost_of_the_seller(tmp_path: Path) -> None:
    rows = [[i, f"b{who}", at.date(), amount, 4.5, round(amount * 0.07, 2),
             round(amount + 4.5 + round(amount * 0.07, 2), 2)]
            for i, who, at, amount in bought()]  # fmt: skip
    head = "Order ID,Buyer User ID,Sale Date,Order Value,Shipping,Sales Tax,Order Total"
    started = begin(tmp_path, head, rows)
    (found,) = started.proposals
    assert "amount" not in found.keys
    (asked,) = [q for q in found.questions if q.key == "columns.amount"]
    assert [o.sets["columns.amount"] for o in asked.options] == ["Order Value", "Order Total"]


def test_a_study_of_another_calendar_has_a_card_that_can_be_read(tmp_path: Path) -> None:
    rows = [[f"M{who}", f"{at.year - 1911}/{at:%m/%d}", f"AB{i}", amount]
            for i, who, at, amount in bought()]  # fmt: skip
    started = begin(tmp_path, "會員編號,消費日期,發票號碼,消費金額", rows, encoding="big5")
    assert started.study.as_of.year == 2026
    assert "counts years by the Republic of China (113 is 2024)" in " ".join(
        started.unread
    ).replace("114/", "113/")


def test_the_mac_s_own_letters_are_recognised(tmp_path: Path) -> None:
    rows = [[f"CL{who:03d}", at.strftime("%d/%m/%Y"), f"F{i}", f"{a:.2f}".replace(".", ","),
             "Espèces"] for i, who, at, a in bought()]  # fmt: skip
    (tmp_path / "data").mkdir()
    content = text("N° client;Date d'achat;N° facture;Montant réglé;Règlement", rows, delimiter=";")
    path = tmp_path / "ventes.csv"
    path.write_bytes(content.decode().replace("\n", "\r").encode("mac_roman"))
    started = start_study(tmp_path, "acme", [path], today=date(2026, 1, 1))
    assert started.proposals[0].columns["amount"] == "Montant réglé"
    assert kept(started) == (60, 12)
