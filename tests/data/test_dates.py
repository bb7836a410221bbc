"""The way a column writes its dates is found, and never guessed between day and month."""

from __future__ import annotations

import pytest

from tests.data.conftest import OpenStudy
from workbench.data.text.notation import DateFormat, date_format


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["2025-01-05", "2025-12-31"], None),
        (["2025/1/5", "2025/12/31 10:30:00"], None),
        (["20250105", "20251231"], "%Y%m%d"),
        (["2025年1月5日", "2025年12月31日"], "%Y年%m月%d日"),
        (["05.01.2025", "31.12.2025"], "%d.%m.%Y"),
        (["5/1/2025", "31/12/2025"], "%d/%m/%Y"),
        (["1/5/2025", "12/31/2025"], "%m/%d/%Y"),
        (["31/12/2025 23:59"], "%d/%m/%Y %H:%M"),
        (["5 Jan 2025", "31 Dec 2025"], "%d %b %Y"),
        (["Jan-05-25", "Dec-31-25"], "%b-%d-%y"),
        (["Jan-05-2025", "Dec-31-2025"], "%b-%d-%Y"),
        # A few unreadable ones do not hide the format.
        (["20250105", "20251231", "n/a"], "%Y%m%d"),
        ([], None),
        (["unknown", "n/a"], None),
    ],
)
def test_the_format_is_found(texts: list[str], expected: str | None) -> None:
    assert date_format(texts) == DateFormat(expected)


def test_day_first_and_month_first_are_rivals_when_both_fit() -> None:
    found = date_format(["05/01/2025", "06/02/2025"])
    assert {found.format, *found.rivals} == {"%d/%m/%Y", "%m/%d/%Y"}


def test_equal_day_and_month_are_no_rivals() -> None:
    assert date_format(["01/01/2025", "02/02/2025"]).rivals == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024年01月03日 18时57分", "2024-01-03 18:57:00"),
        ("2024年1月13日 9時05分30秒", "2024-01-13 09:05:30"),
        ("2024-05", "2024-05-01 00:00:00"),
        ("05/2024", "2024-05-01 00:00:00"),
        ("2024年5月", "2024-05-01 00:00:00"),
    ],
)
def test_times_in_words_and_bare_months_are_read(
    open_study: OpenStudy, written: str, read: str
) -> None:
    tables = open_study(transactions=f"customer_id,date,amount\nC1,{written},5\n")
    assert str(tables.frame("transactions")["date"].iloc[0])[:10] == read[:10]
    notes = tables.report_of("transactions").notes
    assert any("dates are months" in note for note in notes) == read.endswith("01 00:00:00")


SPOKEN = [
    "12 de marzo de 2025 14:33 hs.", "12 de março de 2025 às 14:33", "12 mars 2025 à 14h33",
    "12. März 2025, 14:33 Uhr", "Mi., 12. März 2025 um 14:33", "12 marzo 2025 ore 14:33",
    "12.03.2025 14:33 Uhr", "12/03/2025 14:33 hs.", "le 12 mars 2025 à 14:33",
    "12 de marzo de 2025, 02:33 p. m.", "qua., 12 de mar. de 2025 14:33",
]  # fmt: skip


def test_dates_as_exports_of_other_languages_say_them_are_read(open_study: OpenStudy) -> None:
    for text in SPOKEN:
        found = date_format([text, text.replace("12", "13", 1)])
        assert found.format and not found.rivals, text
    # and the engine reads by that format what was found by it
    tables = open_study(
        **{f"series_{i}": f"date;n\n{text.replace('12', '13', 1)};1\n{text};2\n"
           for i, text in enumerate(SPOKEN[:12:6])}
    )  # fmt: skip
    for i, text in enumerate(SPOKEN[:12:6]):
        days = tables.frame(f"series_{i}")["date"].dt.strftime("%Y-%m-%d")
        assert sorted(days) == ["2025-03-12", "2025-03-13"], text


@pytest.mark.parametrize(
    ("rest", "second"),
    [(["13/01/2025", "05/02/2025", "28/02/2025"], "%d/%m/%Y"),
     (["13.01.25", "05.02.25", "06.02.25"], "%d.%m.%y")],
)  # fmt: skip
def test_two_forms_in_one_column_are_both_read(
    open_study: OpenStudy, rest: list[str], second: str
) -> None:
    texts = ["2025-01-09", "2025-02-10", "2025-03-11", "2025-04-12", *rest]
    assert date_format(texts) == DateFormat(f"%Y-%m-%d|{second}")
    rows = "customer_id,date,amount\n" + "".join(f"A,{t},1\n" for t in texts)
    days = open_study(transactions=rows).frame("transactions")["date"].astype(str).tolist()
    assert days[:5] == [*texts[:4], "2025-01-13"] and days[5] == "2025-02-05"


def test_a_second_form_is_asked_about_where_it_may_mean_two_days() -> None:
    found = date_format(["2025-01-09"] * 4 + ["03/04/2025", "05/06/2025"] * 2)
    assert {found.format, *found.rivals} == {"%Y-%m-%d|%d/%m/%Y", "%Y-%m-%d|%m/%d/%Y"}
    # a few slips are no second form
    slips = ["2025-01-09"] * 20 + ["31/12/2025", "unknown", "soon", "later"]
    assert date_format(slips) == DateFormat()


def test_days_in_other_digits_are_read(open_study: OpenStudy) -> None:
    ours = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    cells = [("2024-03-05", "12.50"), ("2024-12-31", "1250.75")]
    rows = "customer_id,date,amount\n"
    rows += "".join(f"A,{day.translate(ours)},{money.translate(ours)}\n" for day, money in cells)
    found = open_study(transactions=rows).frame("transactions")
    assert found["date"].astype(str).tolist() == [day for day, _ in cells]
    assert found["amount"].sum() == pytest.approx(1263.25)


def test_a_fee_in_cents_is_one_in_whole_units(open_study: OpenStudy) -> None:
    rows = "customer_id,contract_id,start,monthly_fee\nA,1,2024-01-01,4900\nB,2,2024-02-01,1950\n"
    tables = open_study(contracts=({"amount_unit": "cent", "fee_per": "year"}, rows))
    fees = tables.frame("contracts")["monthly_fee"].tolist()
    assert fees == pytest.approx([49 / 12, 19.5 / 12])
