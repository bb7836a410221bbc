"""A card chooses rows and says how their amounts are written; figures are worked out by hand."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from workbench.data import Tables, customer_summary, indicator, rfm_scores
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]

DEALS = (
    "Account,Stage,Closing,Price,Pieces,Off\n"
    "A1,Closed Won,2025-01-05,10.00,3,\n"
    "A1, Closed Won,2025-01-06,2.50,4,1.00\n"
    "A2,Ｃｌｏｓｅｄ Won,2025-01-07,100,1,0\n"
    "A2,Closed Lost,2025-01-08,900,1,\n"
    "A3,Open,2025-01-09,50,,\n"
    "A3,,2025-01-10,7,,\n"
    "A3,Closed Won,2025-01-11,7,x,\n"
)
COLUMNS = {"customer_id": "Account", "date": "Closing", "quantity": "Pieces"}


def sums(tables: Tables) -> dict[str, float]:
    report = tables.report_of("transactions")
    found = tables.frame("transactions")
    assert report.read == report.kept + sum(report.set_aside.values())
    return {"rows": len(found), "sum": round(float(found["amount"].sum()), 6), **report.left_out}


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"Stage": "Closed Won"}, [0, 1, 2, 6]),
        ({"Stage": ["Closed Won", "Open"]}, [0, 1, 2, 4, 6]),
        ({"Stage": {"not": ["Closed Lost", "Void"]}}, [0, 1, 2, 4, 5, 6]),
        ({"Stage": ["", "Closed Lost"]}, [3, 5]),
        ({"Stage": {"not": ""}}, [0, 1, 2, 3, 4, 6]),
        ({"quantity": 1, "Price": {"not": 900}}, [2]),
        ({"Closing": "2025-01-05"}, [0]),
        ({"customer_id": ["A1"], "Stage": "Closed Won"}, [0, 1]),
    ],
)
def test_rows_are_chosen_by_their_values(
    open_study: OpenStudy, where: dict[str, Any], rows: list[int]
) -> None:
    card = {"columns": {**COLUMNS, "amount": "Price"}, "where": where}
    prices = [10, 2.5, 100, 900, 50, 7, 7]
    kept = {"rows": len(rows), "sum": sum(prices[i] for i in rows)}
    assert sums(open_study(transactions=(card, DEALS))) == {**kept, "where": 7 - len(rows)}


def test_the_log_that_is_streamed_is_chosen_alike(open_study: OpenStudy) -> None:
    card = {"columns": {**COLUMNS, "amount": "Price"}, "where": {"Stage": "Closed Won"}}
    log = open_study(transactions=(card, DEALS)).purchases("transactions")
    assert log.mask is not None  # it was streamed
    assert float(log.expr.amount.sum().execute()) == 10 + 2.5 + 100 + 7


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"Stage": "Won"}, "no row has Stage 'Won'; .*there are 'Closed Won', 'Closed Lost'"),
        ({"Stage": "closed won"}, "no row has Stage 'closed won'; did you mean 'Closed Won'"),
        ({"Stage": ["open", "Closed Won"]}, "no row has Stage 'open'; did you mean 'Open'"),
        ({"Stage": {"not": ["closed lost"]}}, "did you mean 'Closed Lost'"),
        ({"Stages": "Won"}, "no column 'Stages' for `where`; did you mean"),
    ],
)
def test_a_value_that_no_row_has_is_told_from_those_there_are(
    open_study: OpenStudy, where: dict[str, Any], message: str
) -> None:
    card = {"columns": {**COLUMNS, "amount": "Price"}, "where": where}
    with pytest.raises(DataError, match=message):
        open_study(transactions=(card, DEALS)).expr("transactions")


def test_amounts_are_computed_from_other_columns(open_study: OpenStudy) -> None:
    card = {"columns": COLUMNS, "amount": "quantity * Price - Off"}
    tables = open_study(transactions=(card, DEALS))
    rows = list(csv.DictReader(io.StringIO(DEALS)))
    good = [r for r in rows if r["Pieces"].isdigit()]
    by_hand = sum(int(r["Pieces"]) * float(r["Price"]) - float(r["Off"] or 0) for r in good)
    assert sums(tables) == {"rows": 4, "sum": by_hand}
    assert tables.set_aside("transactions").values.tolist() == [
        [6, "missing", "amount"],
        [7, "missing", "amount"],
        [8, "unreadable", "amount: x; 7;"],
    ]
    with pytest.raises(DataError, match=r"column 'Rebate' \(for the amount\) is missing"):
        card = {"columns": COLUMNS, "amount": "quantity * Price - Rebate"}
        open_study(transactions=(card, DEALS)).expr("transactions")


def test_a_blank_rate_takes_nothing_off(open_study: OpenStudy) -> None:
    text = "customer_id,date,数量,单价,折扣率\nA,2025-01-05,3,100,10\nB,2025-01-06,2,1.2万,\n"
    tables = open_study(transactions=({"amount": "数量 * 单价 * (1 - 折扣率 / 100)"}, text))
    assert tables.frame("transactions")["amount"].tolist() == [270.0, 24000.0]


def test_a_column_called_amount_is_none_where_the_card_says_so(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount\nA,2025-01-05,3\nB,2025-01-06,1\n"
    tables = open_study(transactions=({"amount": "none"}, text))
    assert "amount" not in tables.frame("transactions")
    assert tables.report_of("transactions").total is None


def test_rows_with_one_cell_name_the_group_of_those_below(open_study: OpenStudy) -> None:
    card = {"group_rows": "who", "columns": {"customer_id": "who"}}
    rows = "date,amount\nAnna,\n2024-01-02,5\nTotal Anna,5\nBert\n2024-01-03,6\nTotal,6\n"
    tables = open_study(transactions=(card, rows))
    assert sums(tables) == {"rows": 2, "sum": 11, "group": 4}
    rows = "customer_id,date,amount\nA,2024-01-02,5\nB,2024-01-03,6\n"
    for key, message in (("who", "no row holds one cell alone"), ("Amount", "a column 'Amount'")):
        with pytest.raises(DataError, match=message):
            open_study(transactions=({"group_rows": key}, rows)).expr("transactions")


def test_amounts_in_another_currency_than_the_studys_are_set_aside(open_study: OpenStudy) -> None:
    cells = ["€5", "6 EUR", "7", "$8", "9 USD", "£1", "¥2"]
    rows = "customer_id,date,amount\n" + "".join(f"A,2024-01-0{i + 1},{c}\n"
                                                 for i, c in enumerate(cells))  # fmt: skip
    tables = open_study({"currency": "EUR"}, transactions=rows)
    assert tables.expr("transactions").amount.sum().execute() == 18
    left = tables.set_aside("transactions")
    assert set(left["reason"]) == {"other currency"} and left["row"].tolist() == [5, 6, 7, 8]
    log = open_study({"currency": "EUR"}, transactions=rows).purchases("transactions")
    assert log.mask is not None and float(log.expr.amount.sum().execute()) == 18  # streamed
    # where none is in the study's currency that is the card's mistake, and no row's
    only = rows.replace("€", "$").replace("EUR", "USD").replace("£", "$").replace("¥", "$")
    assert not len(open_study({"currency": "EUR"}, transactions=only).set_aside("transactions"))


@pytest.mark.parametrize("own", ["$", ""])
def test_a_sign_is_seen_wherever_in_the_file_it_stands(open_study: OpenStudy, own: str) -> None:
    cells = [f"{own}5.00"] * 2500 + ["€7.00"] + [f"{own}5.00"] * 9 + ["CHF 3.00"]
    rows = "customer_id,date,amount\n" + "".join(f"A,2024-01-02,{c}\n" for c in cells)
    tables = open_study({"currency": "USD"}, transactions=rows)
    assert tables.expr("transactions").amount.sum().execute() == 5 * 2509
    left = tables.set_aside("transactions")
    assert left[["row", "reason"]].values.tolist() == [
        [2502, "other currency"], [2512, "other currency"]
    ]  # fmt: skip


def test_of_two_sides_of_a_ledger_one_may_be_blank(open_study: OpenStudy) -> None:
    rows = "customer_id,date,Debit,Credit\nA,2024-01-02,10,\nA,2024-01-03,,4\nB,2024-01-04,,\n"
    tables = open_study(transactions=({"amount": "0 + Debit - Credit", "refunds": "keep"}, rows))
    assert tables.expr("transactions").amount.sum().execute() == 6
    assert tables.set_aside("transactions").values.tolist() == [[4, "missing", "amount"]]


@pytest.mark.parametrize(
    ("unit", "written", "amount"),
    [
        ("cent", "1999", 19.99),
        ("cent", "1,250", 12.5),
        ("thousand", "1.5", 1500),
        ("ten_thousand", "3.2", 32000),
        ("ten_thousand", "3.2万", 32000),
        ("million", "0.75", 750000),
        ("hundred_million", "1.1", 110000000),
    ],
)
def test_an_amount_counts_what_the_card_says(
    open_study: OpenStudy, unit: str, written: str, amount: float
) -> None:
    text = f'customer_id,date,amount\nC1,2025-01-05,"{written}"\n'
    card = {"amount_unit": unit, "decimal": "."}
    assert sums(open_study(transactions=(card, text))) == {"rows": 1, "sum": amount}


ORDERS = (
    "order_id,customer_id,date,amount,item,status\n"
    # the total on the first line, on a later one, on each, and a refund of the same order
    "#1,A,2025-01-05,30,tea,paid\n#1,A,2025-01-05,,cup,\n#1,A,2025-01-05,,pot,\n"
    "#2,B,2025-01-06,,tea,paid\n#2,B,2025-01-06,12.50,cup,paid\n"
    "#3,A,2025-01-07,7,tea,paid\n#3,A,2025-01-07,7,tea,paid\n"
    "#4,C,2025-01-08,,tea,paid\n#4,C,2025-01-08,,cup,paid\n"
    "#5,D,2025-01-09,99,tea,voided\n#5,D,2025-01-09,,cup,\n"
    "#3,A,2025-01-10,-7,tea,paid\n#3,A,2025-01-10,-7,tea,paid\n"
    ",E,2025-01-11,1,tea,paid\n,E,2025-01-11,1,cup,paid\n"
)


def test_the_total_of_an_order_counts_once(open_study: OpenStudy) -> None:
    card = {"amount_per": "order", "refunds": "keep"}
    tables = open_study(transactions=(card, ORDERS))
    once: dict[tuple[str, bool], float] = defaultdict(float)
    for line in csv.DictReader(io.StringIO(ORDERS)):
        if line["order_id"] and line["amount"]:
            once[line["order_id"], line["amount"] < "0"] = float(line["amount"])
    assert sums(tables) == {"rows": 7, "sum": sum(once.values()) + 2, "line": 7}
    assert tables.report_of("transactions").set_aside == {"missing": 1}  # of #4
    paid = open_study(transactions=({**card, "where": {"status": {"not": "voided"}}}, ORDERS))
    assert sums(paid) == {"rows": 6, "sum": sum(once.values()) + 2 - 99, "line": 6, "where": 2}
    said = paid.report.notable.set_index("finding")["number"]
    assert said["rows left out as the study's card says"] == 2
    assert said["further lines of orders, whose total counts once"] == 6


def test_a_line_that_is_left_out_takes_no_total_with_it(open_study: OpenStudy) -> None:
    text = (
        "order_id,customer_id,date,amount,line\n"
        "#1,A,2025-01-05,30,cancelled\n#1,A,2025-01-05,30,sent\n"
        "#2,B,2025-01-06,12,cancelled\n#2,B,2025-01-06,,sent\n#2,B,2025-01-06,,sent\n"
        "#3,C,2025-01-07,7,cancelled\n"
    )
    card = {"amount_per": "order", "where": {"line": {"not": ["cancelled"]}}}
    assert sums(open_study(transactions=(card, text))) == {
        "rows": 2, "sum": 42, "line": 1, "where": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"missing": {"customer": ["x"]}}, "no column 'customer' for `missing`.*'customer_id'"),
        ({"date_format": {"datum": "%d.%m.%Y"}}, "no column 'datum' for `date_format`"),
        ({"where": {"status": ["paid", "cancelled"]}}, "no row has status 'cancelled'; did you"),
        ({"where": {"status": ""}}, "no row has status ''"),
        ({"where": {"status": {"not": ["cancelled"]}}}, "did you mean 'canceled'"),
    ],
)
def test_what_a_card_says_of_nothing_is_refused(
    open_study: OpenStudy, card: dict[str, object], said: str
) -> None:
    text = (
        "customer_id,date,amount,status\nA,2025-01-05,30,paid\nB,2025-01-05,1,canceled\n"
        "B,2025-01-06,1,open\n"
    )
    with pytest.raises(DataError, match=said):
        open_study(transactions=(card, text)).expr("transactions")


def test_words_that_no_row_has_are_harmless_beside_one_that_is_there(
    open_study: OpenStudy,
) -> None:
    text = "customer_id,date,amount,status\nA,2025-01-05,30,Won\nB,2025-01-05,1,Lost\n"
    card = {"where": {"status": ["Won", "赢单", "Closed Won"]}}
    assert sums(open_study(transactions=(card, text)))["rows"] == 1


def test_a_mark_before_a_value_is_no_part_of_it(open_study: OpenStudy) -> None:
    text = (
        "customer_id,date,amount,state\n`A,`2025-01-05,`¥12.50,`SUCCESS\n`B,`2025-01-05,`1,`FAIL\n"
    )
    for state in ("SUCCESS", "`SUCCESS"):
        tables = open_study(transactions=({"where": {"state": state}}, text))
        assert sums(tables) == {"rows": 1, "sum": 12.5, "where": 1}


def test_amounts_of_lines_are_no_totals_of_orders(open_study: OpenStudy) -> None:
    text = ORDERS.replace("7,tea,paid\n#3,A,2025-01-07,7", "7,tea,paid\n#3,A,2025-01-07,8")
    with pytest.raises(DataError, match=r"the lines of 1 orders carry different amounts.*'#3'"):
        open_study(transactions=({"amount_per": "order"}, text)).expr("transactions")
    with pytest.raises(DataError, match="no column 'order_id' for `amount_per: order`"):
        text = "customer_id,date,amount\nC1,2025-01-05,1\n"
        open_study(transactions=({"amount_per": "order"}, text)).expr("transactions")


def test_what_stands_for_nothing_and_dates_differ_by_column(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount,quantity\n0,05/01/2025,0,0\nC1,06/01/2025,0,0\n,,-,\n"
    card = {
        "missing": {"customer_id": ["0"], "quantity": 0, "amount": "-"},
        "date_format": {"date": "%d/%m/%Y"},
    }
    tables = open_study(transactions=(card, text))
    found = tables.frame("transactions")
    assert [str(day.date()) for day in found["date"]] == ["2025-01-06"]
    assert found["amount"].tolist() == [0] and found["quantity"].isna().all()
    assert tables.report_of("transactions").set_aside == {"missing": 2}


VISITS = (
    "customer_id,date,place\nA,2025-01-05,North\nA,2025-02-05,North\nA,2025-02-05,South\n"
    "B,2025-03-01,North\nB,2025-03-09,South\nC,2025-04-01,South\n,2025-04-02,South\n"
)


@pytest.mark.parametrize("told", [{}, {"amount": "none"}])
def test_a_log_without_amounts_is_a_log(open_study: OpenStudy, told: dict[str, str]) -> None:
    tables = open_study(transactions=(told, VISITS))
    report = tables.report_of("transactions")
    assert (report.kept, report.set_aside, report.total) == (6, {"missing": 1}, None)
    assert bool(report.notes) is not bool(told)  # what the card says need not be noted
    summary = customer_summary(tables, time_unit="day").frame()
    by_day = {"A": (1, 31), "B": (1, 8), "C": (0, 0)}
    own = {tables.pseudonym(who): facts for who, facts in by_day.items()}
    found = summary.set_index("customer_id")
    assert {who: (row.frequency, row.recency) for who, row in found.iterrows()} == own
    assert summary["mean_spend"].isna().all()
    scored = rfm_scores(tables, levels=2)
    frame = scored.frame()
    assert not {"spend", "spend_year", "spend_score"} & set(frame)
    assert dict(zip(frame["customer_id"], frame["orders"], strict=True)) == {
        tables.pseudonym(who): days + 1 for who, (days, _) in by_day.items()
    }


def test_indicators_of_visits_need_no_amounts(open_study: OpenStudy) -> None:
    tables = open_study(transactions=VISITS)
    values = {
        name: float(indicator(tables, name, every=None)["estimate"].iloc[0])
        for name in ("active_customers", "orders_per_customer", "purchase_frequency")
    }
    assert values == {"active_customers": 3, "orders_per_customer": 2, "purchase_frequency": 2}
    with pytest.raises(DataError, match="needs column amount"):
        indicator(tables, "sales", every=None)


def test_a_column_that_may_be_the_amount_is_asked_about(open_study: OpenStudy) -> None:
    text = "customer_id,date,Total\nC1,2025-01-05,1\n"
    with pytest.raises(DataError, match=r"did you mean 'Total'.*or write `amount: none`"):
        open_study(transactions=text).expr("transactions")
    tables = open_study(transactions=({"amount": "none"}, text))
    assert tables.frame("transactions").columns.tolist() == ["customer_id", "date", "Total"]
    with pytest.raises(DataError, match="did you mean 'Order Total'"):
        text = "customer_id,date,Order Total\nC1,2025-01-05,19.90\nC2,2025-01-05,7.50\n"
        open_study(transactions=text).expr("transactions")


GROUPED = (
    "Order,Day,Client,State,Item,Line\n"
    "7,2025-01-05,A1,done,x,10.00\n"
    ",,,,y,2.50\n"
    "8,2025-01-06,A2,cancelled,x,4.00\n"
    ",,,,y,1.00\n"
    " , ,,,z,3.00\n"
    "9,2025-01-07,,done,x,5.00\n"
    ",,,,y,6.00\n"
    "10,2025-01-08,A1,done,x,8.00\n"
)
GROUPED_COLUMNS = {"customer_id": "Client", "date": "Day", "order_id": "Order", "amount": "Line"}


def test_what_stands_on_the_first_line_of_an_order_counts_for_its_others(
    open_study: OpenStudy,
) -> None:
    card = {"columns": GROUPED_COLUMNS, "fill_down": ["Order", "date", "Client", "State"]}
    tables = open_study(transactions=(card, GROUPED))
    report = tables.report_of("transactions")
    assert report.kept == 6 and report.set_aside == {"missing": 2}, "order 9 names nobody"
    assert any("4 rows take 'Order', 'Day', 'Client', 'State'" in note for note in report.notes)
    chosen = {**card, "where": {"State": {"not": ["cancelled"]}}}
    left = open_study(transactions=(chosen, GROUPED))
    assert float(left.frame("transactions")["amount"].sum()) == 20.5
    assert left.report_of("transactions").left_out == {"where": 3}
    assert left.frame("transactions")["order_id"].nunique() == 2


def test_an_order_number_on_each_line_tells_whose_the_others_are(open_study: OpenStudy) -> None:
    numbered = GROUPED.replace("\n,,,,y,2.50", "\n7,,,,y,2.50").replace("\n,,,,y,6", "\n9,,,,y,6")
    numbered = numbered.replace("\n,,,,y,1", "\n8,,,,y,1").replace("\n , ,,,z", "\n8,,,,z")
    # the lines of an order need not stand together
    lines = numbered.splitlines()
    lines.append(lines.pop(2))
    card = {"columns": GROUPED_COLUMNS, "fill_down": ["Day", "Client"]}
    frame = open_study(transactions=(card, "\n".join(lines) + "\n")).frame("transactions")
    assert (len(frame), frame["order_id"].nunique()) == (6, 3)
    assert float(frame["amount"].sum()) == 28.5


def test_a_column_to_fill_that_is_not_there_is_named(open_study: OpenStudy) -> None:
    card = {"columns": GROUPED_COLUMNS, "fill_down": ["Cliant"]}
    with pytest.raises(DataError, match="no column 'Cliant' for `fill_down`; did you mean"):
        open_study(transactions=(card, GROUPED)).frame("transactions")
