"""Months without rows, missing values and old tables are seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.data import (
    CleaningReport,
    MissingValues,
    TableReport,
    Tables,
    coverage,
    freshness,
    missing,
    missing_by_period,
    missing_values,
)
from workbench.data.indicators.periods import Periods, period_table

OpenStudy = Callable[..., Tables]

TRANSACTIONS = (
    "customer_id,date,amount,channel\nA,2025-01-05,1,web\nA,2025-01-06,1,\nB,2025-03-02,1,\n"
)
SURVEY = (
    "respondent_id,wave,answered_on,exp_01,exp_02,per_01,comment\n"
    "R1,2025-H1,2025-02-01,5,,4,\nR2,2025-H1,2025-02-01,,,4,good\n"
)


@pytest.fixture(scope="module")
def tables(module_study: OpenStudy) -> Tables:
    return module_study({"as_of": "2025-03-31"}, transactions=TRANSACTIONS, survey=SURVEY)


def test_a_month_without_a_row_is_a_gap(tables: Tables) -> None:
    found = coverage(tables)
    bought = found.table[found.table["table"] == "transactions"]
    assert bought["rows"].tolist() == [2, 0, 1]
    assert bought["complete"].tolist() == [False, True, True], "the first row is of the 5th"
    assert found.gaps.to_dict("records") == [
        {"table": "transactions", "month": pd.Timestamp("2025-02-01")}
    ]
    assert {name: each.value for name, each in found.estimates().items()} == {
        "months": 3.0,
        "empty_months": 1.0,
    }
    (said,) = found.findings()
    assert (said.text, said.severity) == ("1 of 3 months lack the rows of some table", "warning")
    assert found.wide["month"].is_monotonic_decreasing
    assert found.wide.columns.tolist() == ["month", "transactions", "survey"]


def test_the_picture_has_a_band_a_table_and_a_cross_a_gap(tables: Tables) -> None:
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(color=["#111111", "#222222"])}):
        ax = coverage(tables).plot(Figure().subplots())
    bands = dict(zip(ax.get_yticks(), ax.get_yticklabels(), strict=True))
    assert [bands[at].get_text() for at in sorted(bands)] == ["survey", "transactions"]
    assert [text.get_text() for text in ax.texts] == ["up to 2 a month", "up to 2 a month"]
    (cross,) = ax.get_lines()
    assert len(cross.get_xdata()) == 1
    assert cross.get_label() == "month without a row"
    assert {patch.get_facecolor() for patch in ax.patches} == {mpl.colors.to_rgba("#111111")}


def test_missing_values_are_counted_and_the_items_put_together(tables: Tables) -> None:
    found = missing_values(tables).set_index(["table", "column"])
    assert found.loc[("transactions", "channel"), ["values", "missing"]].tolist() == [3, 2]
    assert found.loc[("survey", "expectation items"), ["values", "missing"]].tolist() == [4, 3]
    assert found.loc[("survey", "perception items"), "share"] == 0.0
    assert ("survey", "comment") not in found.index, "nobody has to leave a comment"


def test_freshness_is_counted_from_the_as_of_date(tables: Tables) -> None:
    found = freshness(tables).set_index("table")
    assert found["days_behind"].to_dict() == {"transactions": 29, "survey": 58}


def test_a_study_without_dates_has_no_months(open_study: OpenStudy) -> None:
    tables = open_study(customers="customer_id,region\nA,North\n")
    assert coverage(tables).table.empty
    assert freshness(tables).empty


def test_weeks_begin_on_monday_and_quarters_with_january() -> None:
    weeks = period_table("week", dt.date(2025, 1, 1), dt.date(2025, 1, 6)).to_pylist()
    assert [row["period"] for row in weeks] == [dt.date(2024, 12, 30), dt.date(2025, 1, 6)]
    quarters = period_table("quarter", dt.date(2025, 2, 1), dt.date(2025, 2, 2)).to_pylist()
    assert quarters == [{"period": dt.date(2025, 1, 1), "period_end": dt.date(2025, 4, 1)}]


def test_a_period_is_complete_when_the_data_span_it() -> None:
    span = Periods("month", dt.date(2025, 1, 3), dt.date(2025, 2, 27))
    months = pd.Series(pd.to_datetime(["2025-01-01", "2025-02-01"]))
    assert span.covers(months).tolist() == [True, False]
    within_a_tenth = Periods("month", dt.date(2025, 1, 4), dt.date(2025, 2, 28))
    assert within_a_tenth.covers(months).tolist() == [True, True], "31 days: a tenth is 3.1"
    late = Periods("month", dt.date(2025, 1, 6), dt.date(2025, 2, 28))
    assert late.covers(months).tolist() == [False, True]


def test_missing_values_are_shown_by_column_and_half_year(tables: Tables) -> None:
    shares = missing_by_period(tables)
    assert shares.columns.tolist() == ["2025 H1"]
    assert shares["2025 H1"].to_dict() == {
        ("survey", "expectation items"): pytest.approx(3 / 4),
        ("transactions", "channel"): pytest.approx(2 / 3),
    }


def test_a_part_of_another_table_is_not_counted_again(open_study: OpenStudy) -> None:
    rows = "customer_id,date,amount,channel\nA,2024-01-05,1,web\nA,2025-07-06,1,\nA,2025-08-06,1,\n"
    part = "customer_id,date,amount,channel\nA,2025-07-06,1,\n"
    tables = open_study(transactions=rows, transactions_part=({"part_of": "transactions"}, part))
    assert missing_by_period(tables).to_dict("index") == {
        ("transactions", "channel"): {"2024 H1": 0.0, "2025 H2": 1.0}
    }
    assert (tables.report.read, tables.report.kept, tables.report.set_aside) == (3, 3, 0)
    assert tables.report.table["part_of"].tolist() == ["", "transactions"]


def test_equal_lines_beside_a_table_of_orders_are_all_kept(open_study: OpenStudy) -> None:
    orders = "customer_id,date,amount,order_id\nA,2024-01-05,6,O1\nA,2025-07-06,2,O2\n"
    lines = (
        "customer_id,date,amount,order_id,product,quantity\n"
        "A,2024-01-05,2,O1,Mug,1\nA,2024-01-05,2,O1,Mug,1\nA,2024-01-05,2,O1,Cup,1\n"
        "A,2025-07-06,2,O2,Mug,1\n"
    )
    alone = open_study(transactions=lines)
    assert alone.report["transactions"].kept == 3
    beside = open_study(
        transactions=orders, transactions_lines=({"part_of": "transactions"}, lines)
    )
    assert beside.report["transactions_lines"].kept == 4


def test_complete_columns_are_shown_where_nothing_is_missing(open_study: OpenStudy) -> None:
    whole = open_study(transactions="customer_id,date,amount,channel\nA,2025-01-05,1,web\n")
    assert missing_by_period(whole).to_dict("index") == {
        ("transactions", "channel"): {"2025 H1": 0.0}
    }


def test_long_studies_are_shown_by_year(open_study: OpenStudy) -> None:
    lines = [f"A,{year}-{month},1,\n" for year in range(2015, 2025) for month in ("01-05", "09-05")]
    tables = open_study(transactions="customer_id,date,amount,channel\n" + "".join(lines))
    assert missing_by_period(tables).columns.tolist() == [str(y) for y in range(2015, 2025)]


def test_studies_of_a_generation_are_shown_by_ten_years(open_study: OpenStudy) -> None:
    lines = [f"A,{year}-{month},1,\n" for year in range(1988, 2012) for month in ("01-05", "09-05")]
    tables = open_study(transactions="customer_id,date,amount,channel\n" + "".join(lines))
    shares = missing_by_period(tables)
    assert shares.columns.tolist() == ["1980-1989", "1990-1999", "2000-2009", "2010-2019"]
    assert (shares == 1).all(axis=None)


def test_a_yearly_series_covers_the_months_of_its_years(open_study: OpenStudy) -> None:
    tables = open_study(series="date,sold\n2019-01-01,4\n2020-01-01,5\n2022-01-01,6\n")
    found = coverage(tables)
    assert (found.table["month"].min(), found.table["month"].max()) == (
        pd.Timestamp("2019-01-01"),
        pd.Timestamp("2022-12-01"),
    )
    assert found.gaps["month"].dt.year.unique().tolist() == [2021], "the year that lacks"
    assert freshness(tables)["last"].tolist() == [pd.Timestamp("2022-12-31")]


def test_the_emptiest_column_is_named_by_its_share(open_study: OpenStudy) -> None:
    study = open_study(
        transactions="customer_id,date,amount,channel\nA,2025-01-05,1,\nB,2025-01-06,2,shop\n"
    )
    found = missing(study)
    (said,) = found.findings()
    assert said.message == "Up to {share} of values are missing in any one column"
    assert found.estimates()["emptiest"].value == 0.5
    assert list(found.periods.columns) == ["table", "column", "2025 H1"]
    full = MissingValues(found.table.assign(missing=0), found.by_period)
    assert full.findings()[0].message == "No column lacks a value"


def test_few_usable_rows_are_advice_before_all_other() -> None:
    def report(kept: int) -> CleaningReport:
        table = TableReport("transactions", "t.csv", 100, kept, {"missing": 100 - kept})
        return CleaningReport({"transactions": table})

    rows, aside, _, loss = report(94).findings()
    assert rows.advice is not None and rows.advice.urgency == 0 and rows.severity == "warning"
    assert rows.values["share"].value == 0.94
    assert "{n} rows were excluded" in aside.message and aside.values == {"n": 6}
    assert loss.values["share"].value == pytest.approx(0.06)
    enough = report(95).findings()
    assert enough[0].advice is None and enough[0].severity == "ok"
    assert report(100).findings()[1].message == "Nothing had to be excluded"
