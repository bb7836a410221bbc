"""What stands in the columns is read right: money and its currency, units, decimals, days."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from workbench.data import check_study, open_tables
from workbench.new.columns.proposal import Proposal, Upload
from workbench.new.columns.words import read_heading
from workbench.new.purchase_log.money import currency
from workbench.new.study import Started, start_study
from workbench.new.tables import opening
from workbench.new.tables.roles import understand
from workbench.study import StudyError, load_study

DRAW = random.Random(34)
#: Customer, day, cents.
LOG = [
    (
        f"K{DRAW.randint(1, 12):03}",
        datetime(2024, 1, 3, 8) + timedelta(days=i * 6, minutes=DRAW.randint(0, 700)),
        DRAW.randint(500, 90_000),
    )
    for i in range(60)
]
TOTAL = sum(cents for _, _, cents in LOG) / 100
Begin = Callable[..., Started]


def text(heading: str, rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(heading.split(delimiter))
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Start a study from texts, by the names of their files."""

    def started(**files: str) -> Started:
        root = tmp_path / f"root{len(list(tmp_path.iterdir()))}"
        (root / "data").mkdir(parents=True)
        paths = [root / f"{name}.csv" for name in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_text(content, encoding="utf-8")
        return start_study(root, "acme", paths, today=date(2026, 1, 1))

    return started


def guess(content: str) -> Proposal:
    """Take a text for what it is, without starting a study."""
    frame = pd.read_csv(io.StringIO(content), dtype="object", keep_default_na=False)
    found = Proposal.of(Upload(Path("log.csv"), frame.where(frame != "", None)))
    understand(found)
    return found


def questions(found: Proposal) -> list[str]:
    return [q.key for q in found.questions]


def only(started: Started) -> Proposal:
    (proposal,) = started.proposals
    return proposal


def asked(started: Started) -> list[str]:
    return [q.key for p in started.proposals for q in p.questions]


def point(cents: int) -> str:
    return f"{cents / 100:.2f}"


def comma(cents: int) -> str:
    return f"{cents / 100:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


# --- currency ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "write", "code", "rivals"),
    [
        ("A$%s", point, "AUD", ""),
        ("C$ %s", point, "CAD", ""),
        ("HK$%s", point, "HKD", ""),
        ("NT$%s", point, "TWD", ""),
        ("R$ %s", comma, "BRL", ""),
        ("₹%s", point, "INR", ""),
        ("%s Kč", comma, "CZK", ""),
        ("RM%s", point, "MYR", ""),
        ("Rp %s", comma, "IDR", ""),
        ("%s zł", comma, "PLN", ""),
        ("₺%s", comma, "TRY", ""),
        ("Fr. %s", point, "CHF", ""),
        ("%s kr", comma, "SEK", "'kr' may also be NOK, DKK, ISK"),
        ("%s₫", comma, "VND", ""),
        ("R %s", point, "ZAR", ""),
        ("S/ %s", point, "PEN", ""),
        ("%s DKK", point, "DKK", ""),
        ("thb %s", point, "THB", ""),
        ("$%s", point, "USD", "'$' may also be AUD"),
    ],
)
def test_the_sign_beside_a_number_tells_the_currency(
    shape: str, write: Callable[[int], str], code: str, rivals: str
) -> None:
    rows = [(who, f"{at:%Y-%m-%d}", shape % write(cents)) for who, at, cents in LOG]
    found = guess(text("customer,date,amount", rows))
    assert found.columns["amount"] == "amount"
    money = currency([found])
    assert (money.code, bool(money.doubt)) == (code, bool(rivals)) and rivals in money.doubt
    assert found.own["amount"].numbers.sum() == pytest.approx(TOTAL)


def test_the_study_reads_what_was_proposed(begin: Begin) -> None:
    shapes = {"RM%s": ("MYR", point), "Rp %s": ("IDR", comma), "%s kr": ("SEK", comma),
              "R %s": ("ZAR", point), "Fr. %s": ("CHF", point), "A$%s": ("AUD", point)}  # fmt: skip
    for shape, (code, write) in shapes.items():
        rows = [(who, f"{at:%Y-%m-%d}", shape % write(cents)) for who, at, cents in LOG]
        started = begin(log=text("customer,date,amount", rows))
        assert started.study.currency == code
        assert started.previews[0].total == pytest.approx(TOTAL), shape
    # what is open is said by `check` too, and nothing else is
    rows = [(who, f"{at:%Y-%m-%d}", f"{point(cents)} kr.") for who, at, cents in LOG]
    said = check_study(begin(log=text("customer,date,amount", rows)).study).warnings
    assert [w for w in said if "open question" in w] == [said[0]]
    assert "'kr' may also be NOK, DKK, ISK" in said[0]


@pytest.mark.parametrize(
    ("heading", "code", "doubt"),
    [
        ("customer,date,Valor (R$)", "BRL", ""),
        ("Kunde,Datum,Umsatz in EUR", "EUR", ""),
        ("客户,日期,金额（港币）", "HKD", ""),
        ("customer,date,amount_inr", "INR", ""),
        ("客户,日期,金额", "CNY", "by the language of their headings"),
        ("customer,date,amount", "USD", "The tables do not say"),
        ("customer,date,All sales", "USD", "The tables do not say"),
    ],
)
def test_the_heading_tells_the_currency(heading: str, code: str, doubt: str) -> None:
    rows = [(who, f"{at:%Y-%m-%d}", point(cents)) for who, at, cents in LOG]
    found = guess(text(heading, rows))
    money = currency([found])
    assert (money.code, bool(money.doubt)) == (code, bool(doubt)) and doubt in money.doubt
    assert found.own[found.columns["amount"]].numbers.sum() == pytest.approx(TOTAL)


@pytest.mark.parametrize(
    ("heading", "names", "code"),
    [("Währg", ["CHF"], "CHF"), ("currency", ["zł"], "PLN"), ("币种", ["港币"], "HKD"),
     ("C", ["GBP"], "GBP"), ("currency", ["Euro"], "EUR")],
)  # fmt: skip
def test_a_column_tells_the_currency(heading: str, names: list[str], code: str) -> None:
    rows = [
        (who, f"{at:%Y-%m-%d}", point(cents), names[i % len(names)])
        for i, (who, at, cents) in enumerate(LOG)
    ]
    money = currency([guess(text(f"customer,date,amount,{heading}", rows))])
    assert (money.code, money.doubt) == (code, "")


def test_several_currencies_are_not_added_up_unasked(begin: Begin) -> None:
    signs = ["€", "€", "$"]
    rows = [
        (who, f"{at:%Y-%m-%d}", f"{signs[i % 3]}{point(cents)}")
        for i, (who, at, cents) in enumerate(LOG)
    ]
    started = begin(log=text("customer,date,amount", rows))
    assert "several signs (40 with €, 20 with $)" in started.money.doubt
    euros = sum(cents for i, (_, _, cents) in enumerate(LOG) if signs[i % 3] == "€") / 100
    assert started.previews[0].total == pytest.approx(euros)
    assert started.previews[0].reasons == {"an amount in another currency than the study's": 20}
    rows = [
        (who, f"{at:%Y-%m-%d}", point(cents), ("eur", "usd")[i % 3 == 2])
        for i, (who, at, cents) in enumerate(LOG)
    ]
    started = begin(log=text("customer,date,amount,currency", rows))
    assert "where" in asked(started)
    kept = sum(cents for i, (_, _, cents) in enumerate(LOG) if i % 3 != 2) / 100
    assert started.previews[0].total == pytest.approx(kept)
    assert (started.study.currency, started.money.doubt) == ("EUR", "")


# --- what is no money ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "unit"),
    [("weight_kg", "kg"), ("Temp °C", "°C"), ("时长（分钟）", "分钟"), ("distance km", "km"),
     ("BP (mmHg)", "mmHg"), ("minutes", "minutes"), ("体重(kg)", "kg"), ("Total (%)", "%"),
     ("price_min", ""), ("Amount (m)", ""), ("金额(分)", ""), ("Preis (€/kg)", ""), ("M", "")],
)  # fmt: skip
def test_units_of_headings(heading: str, unit: str) -> None:
    assert read_heading(heading).measure == unit


@pytest.mark.parametrize(
    ("heading", "unit"),
    [("合同额（万元）", "ten_thousand"), ("金额（万港币）", "ten_thousand"),
     ("Umsatz (Tsd. €)", "thousand"), ("Sales in TEUR", "thousand"), ("Revenue (USD m)", "million"),
     ("Amount (in 1,000 EUR)", "thousand"), ("金额(分)", "cent"), ("Revenue (m)", "one")],
)  # fmt: skip
def test_multiples_of_headings(heading: str, unit: str) -> None:
    assert read_heading(heading).unit == unit


@pytest.mark.parametrize(
    "heading",
    ["weight_kg", "systolic", "distance_km", "Temp °C", "minutes", "体重(kg)", "Gewicht", "BMI"],
)
def test_what_is_measured_of_people_is_no_money(heading: str) -> None:
    rows = [(who, f"{at:%Y-%m-%d}", f"{40 + cents / 2000:.1f}") for who, at, cents in LOG]
    found = guess(text(f"patient_id,visit_date,{heading}", rows))
    assert (found.standard, found.keys["amount"]) == ("transactions", "none")
    assert found.columns == {"customer_id": "patient_id", "date": "visit_date"}
    assert currency([found]).comment() == "no table holds amounts"


@pytest.mark.parametrize(
    ("heading", "row", "words"),
    [
        ("Employee ID,Pay date,Gross salary,Department", ("e", "d", "n", "HR"), "a payroll"),
        ("员工编号,发薪日,实发工资", ("e", "d", "n"), "a payroll"),
        ("Name,Month,Bruttolohn", ("e", "d", "n"), "a payroll"),
        ("Ticker,Date,Open,High,Low,Close,Volume", ("e", "d", "n", "n", "n", "n", "n"), "prices"),
        ("日期,开盘,收盘,最高,最低", ("d", "n", "n", "n", "n"), "prices of securities"),
        ("sensor,ts,temperature,humidity", ("e", "d", "n", "n"), "measurements"),
        ("Messgeraet,Zeit,Druck (hPa)", ("e", "d", "n"), "measurements"),
        ("Supplier,PO Number,PO Date,Amount,Buyer", ("e", "i", "d", "n", "Bob"), "from suppliers"),
        ("供应商,采购日期,金额", ("e", "d", "n"), "from suppliers"),
    ],
)
def test_tables_that_are_not_of_customers_are_said_to_be_none(
    heading: str, row: tuple[str, ...], words: str
) -> None:
    def cell(kind: str, i: int) -> object:
        who, at, cents = LOG[i]
        own = {"e": who, "d": f"{at:%Y-%m-%d}", "n": f"{cents / 100 + len(kind):.2f}", "i": 50 + i}
        return own.get(kind, kind)

    found = guess(text(heading, [[cell(k, i) for k in row] for i in range(len(LOG))]))
    assert (found.standard, questions(found)) == ("", ["table"])
    assert words in found.questions[0].asks


@pytest.mark.parametrize(
    "periods",
    [["2024-01", "2024-02", "2024-03", "2024-04", "2024-05"],
     ["Jan", "Feb", "Mar", "Apr", "May", "Jun"], ["1月", "2月", "3月", "4月"],
     ["Januar 2024", "Februar 2024", "März 2024", "April 2024"], ["Q1 2024", "Q2 2024", "Q3 2024",
     "Q4 2024"]],
)  # fmt: skip
def test_a_pivot_table_is_told(periods: list[str]) -> None:
    rows = [(f"K{i}", *(i * 7 + n for n in range(len(periods)))) for i in range(30)]
    (question,) = guess(text(",".join(["Customer", *periods]), rows)).questions
    assert f"a pivot table: {len(periods)} of its {len(periods) + 1} columns" in question.asks


def test_what_is_not_of_customers_is_not_called_in_order(begin: Begin) -> None:
    rows = [(who, f"{at:%Y-%m-%d}", point(cents)) for who, at, cents in LOG]
    started = begin(log=text("Employee ID,Pay date,Gross salary", rows))
    assert "CHECK table: This looks like a payroll" in str(started)
    said = check_study(started.study).warnings
    assert any("This looks like a payroll" in w for w in said)


def test_an_amount_that_nothing_calls_money_is_asked_about() -> None:
    rows = [(who, f"{at:%Y-%m-%d}", point(cents)) for who, at, cents in LOG]
    found = guess(text("customer,date,s", rows))
    assert (questions(found), found.columns["amount"]) == (["columns.amount"], "s")
    assert questions(guess(text("customer,date,Bill", rows))) == []


# --- decimals and days --------------------------------------------------------------------------


@pytest.mark.parametrize("mark", [".", ","])
def test_three_digits_after_every_mark_are_thousands(begin: Begin, mark: str) -> None:
    whole = [(who, at, 200 + cents) for who, at, cents in LOG]
    rows = [(who, f"{at:%Y-%m-%d}", f"{n:,}".replace(",", mark)) for who, at, n in whole]
    started = begin(log=text("Kunde;Datum;Umsatz", rows, ";"))
    assert asked(started) == []
    assert only(started).keys["thousands"] == mark
    assert started.previews[0].total == sum(n for _, _, n in whole)
    large = [(who, f"{at:%Y-%m-%d}", f"{n + 900:,}".replace(",", mark)) for who, at, n in whole]
    large = [row for row in large if mark in row[2]]
    assert questions(guess(text("Kunde,Datum,Umsatz", large))) == ["thousands"]


@pytest.mark.parametrize(
    "write",
    [
        lambda at: (
            f"{at.year}/{at.month}/{at.day} {'上午' if at.hour < 12 else '下午'}"
            f"{(at.hour - 1) % 12 + 1}:{at:%M}"
        ),
        lambda at: f"{at:%Y}年{at:%m}月{at:%d}日 {at:%H}时{at:%M}分",
        lambda at: f"{min(at.day, 28)}. {('Jan', 'Feb', 'März', 'April')[at.month % 4]} 2024",
        lambda at: f"{at:%Y-%m}",
        lambda at: f"{at:%Y%m}",
    ],
)
def test_the_as_of_date_is_the_last_day_that_the_reader_finds(
    begin: Begin, write: Callable[[datetime], str]
) -> None:
    rows = [(who, write(at), point(cents)) for who, at, cents in LOG]
    started = begin(log=text("客户编号,日期,金额", rows))
    (shown,) = started.previews
    assert (shown.kept, shown.lost) == (len(LOG), 0)
    assert shown.total == pytest.approx(TOTAL)
    assert started.study.as_of == shown.last
    report = check_study(started.study)
    assert report.ok and report.tables["transactions"].kept == len(LOG)


def test_the_as_of_date_is_that_of_the_whole_file(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "SAMPLE", 30)
    rows = [(who, f"{at:%Y-%m-%d}", point(cents)) for who, at, cents in LOG]
    started = begin(log=text("customer,date,amount", rows))
    assert started.study.as_of == LOG[-1][1].date()
    assert started.previews[0].kept == len(LOG)


def test_years_of_another_calendar_are_named(begin: Begin) -> None:
    rows = [(who, f"{at.year + 543}{at:-%m-%d}", point(cents)) for who, at, cents in LOG]
    started = begin(log=text("customer,date,amount", rows))
    assert "counts years by the Buddhist calendar (2567 is 2024)" in str(started)
    assert started.study.as_of == date(2026, 1, 1)
    (problem,) = check_study(started.study).problems
    assert "the Buddhist calendar" in problem
    card = started.study.path
    card.write_text(re.sub("as_of: .*", "as_of: 2567-03-05", card.read_text("utf-8")), "utf-8")
    with pytest.raises(StudyError, match=r"as_of.*2567-03-05 is no day of our time"):
        load_study(started.folder)


# --- who, when, and for how long ----------------------------------------------------------------


def test_the_day_that_a_deal_was_won_comes_before_the_day_that_was_expected() -> None:
    def rows(n: int) -> list[list[object]]:
        found = []
        for i, (who, at, cents) in enumerate(LOG):
            won = i % n == 0
            days = [f"{at + timedelta(days=k):%Y-%m-%d}" for k in (-40, 25, 0)]
            state = "Won" if won else "Open"
            found.append([500 + i, who, *days[:2], days[2] if won else "", state, point(cents)])
        return found

    for heads in (
        "Deal ID,Organization,Deal created,Expected close date,Won time,Status,Value",
        "Opportunity ID,Account,Created On,Est. Close Date,Actual Close Date,Status,Amount",
        "商机编号,客户名称,创建时间,预计成交日期,实际成交日期,状态,商机金额",
        "Deal ID,Kunde,Angelegt am,Voraussichtliches Abschlussdatum,Gewonnen am,Status,Betrag",
    ):
        for n in (2, 3):
            found = guess(text(heads, rows(n)))
            assert found.columns["date"] == heads.split(",")[4], heads
    # where nothing says when it happened, what was expected is all there is
    heads = "Deal ID,Organization,Deal created,Expected close date,Status,Value"
    few = [[*row[:4], *row[5:]] for row in rows(1)]
    assert guess(text(heads, few)).columns["date"] in ("Expected close date", "Deal created")


@pytest.mark.parametrize(
    ("heads", "who"),
    [
        ("Belegnr.,Auftraggeber,Name 1,Buchungsdatum,Nettowert", "Auftraggeber"),
        ("Belegnr.,Kunde,Name 1,Datum,Betrag", "Kunde"),
        ("订单号,下单帐号,客户姓名,下单时间,订单金额", "下单帐号"),
        ("订单号,账号,客户姓名,下单时间,订单金额", "账号"),
        ("Order No,Username,Customer Name,Order Date,Total", "Username"),
        ("Order No,Customer ID,Customer Name,Order Date,Total", "Customer ID"),
        ("Order No,Sold-to party,Name,Order Date,Total", "Sold-to party"),
    ],
)
def test_the_number_of_an_account_comes_before_a_name(heads: str, who: str) -> None:
    names = ["Ann Meyer", "Bob Ng", "Cy Roth", "Di Wu", "Eve Lo"]
    rows = [
        (900 + i, f"{int(key[1:]):07}", names[int(key[1:]) % 5], f"{at:%Y-%m-%d}", point(cents))
        for i, (key, at, cents) in enumerate(LOG)
    ]
    found = guess(text(heads, rows))
    assert found.columns["customer_id"] == who
    assert "columns.customer_id" not in questions(found)


def test_an_e_mail_comes_after_a_number_and_before_a_name() -> None:
    rows = [
        (900 + i, key, f"{key}@example.com", f"{key} Li", f"{at:%Y-%m-%d}", point(cents))
        for i, (key, at, cents) in enumerate(LOG)
    ]
    heads = "Order No,Customer ID,Email,Customer Name,Order Date,Total"
    assert guess(text(heads, rows)).columns["customer_id"] == "Customer ID"
    few = [(row[0], *row[2:]) for row in rows]
    heads = "Order No,Email,Customer Name,Order Date,Total"
    assert guess(text(heads, few)).columns["customer_id"] == "Email"


@pytest.mark.parametrize(
    ("heading", "span", "asks"),
    [
        ("MRR", 1, []), ("计划月费", 1, []), ("Monatspreis (€)", 1, []), ("Monthly price", 1, []),
        ("ARR", 12, []), ("年费（元）", 12, []), ("Annual fee", 12, []), ("ACV (USD)", 12, []),
        ("Fee", 1, ["fee_per"]), ("Price", 1, ["fee_per"]),
    ],
)  # fmt: skip
def test_the_fee_of_a_contract_is_that_of_a_month(
    begin: Begin, heading: str, span: int, asks: list[str]
) -> None:
    fees = [9, 29, 99]
    rows = [
        (900 + i, f"K{i // 2:03}", ("Basic", "Pro")[i % 2], f"{at:%Y-%m-%d}",
         f"{at + timedelta(days=90):%Y-%m-%d}" if i % 3 else "", fees[i % 3] * 12)
        for i, (_, at, _) in enumerate(LOG)
    ]  # fmt: skip
    heads = f"Subscription ID,Customer ID,Plan,Start Date,End Date,{heading}"
    found = guess(text(heads, rows))
    assert (found.standard, found.columns["monthly_fee"]) == ("contracts", heading)
    assert questions(found) == asks
    assert found.keys.get("fee_per", "month") == ("year" if span == 12 else "month")
    if heading == "ARR":
        tables = open_tables(begin(log=text(heads, rows)).study, cache=False)
        read = tables.frame("contracts")["monthly_fee"].sum()
        assert read == pytest.approx(sum(row[-1] for row in rows) / 12)


def test_contracts_in_units_of_ten_thousand_are_purchases(begin: Begin) -> None:
    rows = [(f"{who}公司", f"{at:%Y-%m-%d}", cents / 100) for who, at, cents in LOG]
    started = begin(log=text("客户,签约日期,合同额（万元）", rows))
    assert only(started).keys["amount_unit"] == "ten_thousand"
    assert started.previews[0].total == pytest.approx(TOTAL * 10_000)
    assert (started.study.currency, started.money.doubt) == ("CNY", "")


def test_times_taken_are_read_off_a_clock(begin: Begin) -> None:
    states = ["Open", "Closed", "Resolved"]
    rows = [
        (50 + i, states[i % 3], "Email", "Question", f"{at:%Y-%m-%d %H:%M}",
         f"{at.hour:02}:{at.minute:02}:30", "24:00:00", "Within SLA", 8000 + int(who[1:]))
        for i, (who, at, _) in enumerate(LOG)
    ]  # fmt: skip
    heads = (
        "Ticket ID,Status,Source,Type,Created time,First response time (in hrs),"
        "Resolution time (in hrs),Resolution status,Contact ID"
    )
    started = begin(log=text(heads, rows))
    found = only(started)
    assert (found.standard, found.columns["resolved"]) == ("interactions", "Status")
    assert found.keys["resolved"] == ["Closed", "Resolved"]
    assert found.columns["response_hours"] == "First response time (in hrs)"
    read = open_tables(started.study, cache=False).frame("interactions")
    hours = [at.hour + at.minute / 60 + 30 / 3600 for _, at, _ in LOG]
    assert read["response_hours"].sum() == pytest.approx(sum(hours))
    assert read["resolved"].sum() == sum(i % 3 > 0 for i in range(len(LOG)))


def test_a_blank_refund_that_is_written_null_takes_nothing_off(begin: Begin) -> None:
    rows = [
        (900 + i, key, f"{at:%Y-%m-%d}", point(cents), "NULL" if i % 4 else point(100))
        for i, (key, at, cents) in enumerate(LOG)
    ]
    started = begin(log=text("order_id,customer_id,created_at,grand_total,total_refunded", rows))
    off = sum(i % 4 == 0 for i in range(len(LOG)))
    assert started.previews[0].total == pytest.approx(TOTAL - off)
