"""Indicators of tables small enough to be counted on one's fingers."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.data import INDICATORS, Tables, indicator
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]


def values(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Give rows as tuples, months as texts."""
    shown = frame.copy()
    if "period" in shown and pd.api.types.is_datetime64_any_dtype(shown["period"]):
        shown["period"] = shown["period"].dt.strftime("%Y-%m")
    return list(shown[list(columns)].itertuples(index=False, name=None))


def test_satisfaction_is_the_mean_answer_by_wave_and_month(tables: Tables) -> None:
    by_wave = indicator(tables, "satisfaction", every="wave")
    assert values(by_wave, "period", "n", "estimate") == [
        ("2024-H2", 1, 4.0), ("2025-H1", 3, pytest.approx(10 / 3)),
    ]  # fmt: skip
    assert by_wave["sd"].tolist()[1] == pytest.approx(np.std([5, 3, 2], ddof=1))
    by_month = indicator(tables, "satisfaction", every="month")
    assert values(by_month, "period", "n", "estimate", "complete") == [
        ("2024-12", 1, 4.0, False), ("2025-01", 1, 5.0, True), ("2025-02", 2, 2.5, True),
    ]  # fmt: skip
    tens = indicator(tables, "satisfaction10", every=None)
    assert values(tens, "n", "estimate") == [(5, pytest.approx(33 / 5))]


def test_answers_by_a_column_of_the_customer_table(tables: Tables) -> None:
    found = indicator(tables, "satisfaction", every=None, by=["region"])
    assert values(found.dropna(), "region", "n", "estimate") == [("North", 3, 4.0)]
    assert found["region"].isna().sum() == 1, "an answer without a customer has no region"
    north = indicator(tables, "satisfaction", every=None, where={"region": "North"})
    assert values(north, "n", "estimate") == [(3, 4.0)]


def test_one_row_a_customer_and_wave(tables: Tables) -> None:
    found = indicator(tables, "satisfaction", every="wave", units=True)
    names = {tables.pseudonym(name): name for name in "ABC"}
    rows = [(names[i], p, e) for i, p, e in values(found, "customer_id", "period", "estimate")]
    assert sorted(rows) == [("A", "2024-H2", 4.0), ("A", "2025-H1", 5.0), ("B", "2025-H1", 3.0)]


def test_the_promoter_score_is_in_points(tables: Tables) -> None:
    found = indicator(tables, "nps", every="wave")
    # 9, 6, 0, 7: one promoter, two detractors of four.
    assert values(found, "period", "n", "estimate") == [
        ("2024-H2", 1, 100.0),
        ("2025-H1", 4, -25.0),
    ]
    p, d = 1 / 4, 2 / 4
    expected = 100 * sqrt((p + d - (p - d) ** 2) * 4 / 3)
    assert found["sd"].tolist()[1] == pytest.approx(expected)


def test_the_gap_is_averaged_over_items_answered_for_both(tables: Tables) -> None:
    found = indicator(tables, "gap", every="wave")
    # R1: (-2 + 0) / 2; R2: -1; R3: (0 - 3) / 2; R4: -1; R5 has none.
    assert values(found, "period", "n", "estimate") == [
        ("2024-H2", 1, -1.0), ("2025-H1", 3, pytest.approx((-1 - 1.5 - 1) / 3)),
    ]  # fmt: skip


def test_churn_counts_customers_and_not_contracts(tables: Tables) -> None:
    found = indicator(tables, "churn", every="month")
    assert values(found, "period", "numerator", "denominator", "estimate") == [
        ("2024-12", 0, 1, 0.0),
        ("2025-01", 0, 2, 0.0),
        ("2025-02", 1, 3, pytest.approx(1 / 3)),
        ("2025-03", 1, 2, 0.5),
    ]
    share = 1 / 3
    assert found["sd"].tolist()[2] == pytest.approx(sqrt(share * (1 - share) * 3 / 2))


def test_churn_over_all_time_is_who_is_gone_by_the_as_of_date(tables: Tables) -> None:
    found = indicator(tables, "churn", every=None)
    assert values(found, "numerator", "denominator") == [(2, 4)]


def test_churn_has_one_row_a_customer_at_risk(tables: Tables) -> None:
    found = indicator(tables, "churn", every="month", units=True, by=["region"])
    names = {tables.pseudonym(name): name for name in "ABCD"}
    march = found[found["period"] == "2025-03-01"]
    assert {names[i]: e for i, e in zip(march["customer_id"], march["estimate"], strict=True)} == {
        "A": 0.0, "C": 1.0,
    }  # fmt: skip
    assert march["region"].tolist() == [
        {"A": "North", "C": "South"}[names[i]] for i in march["customer_id"]
    ]


def test_repeat_purchase_is_of_those_who_had_bought_before(tables: Tables) -> None:
    found = indicator(tables, "repeat_purchase", every="month")
    # Known buyers: A and B in February (A buys), A, B and C in March (nobody buys).
    assert values(found, "period", "numerator", "denominator") == [
        ("2025-02", 1, 2),
        ("2025-03", 0, 3),
    ]
    ever = indicator(tables, "repeat_purchase", every=None)
    assert values(ever, "numerator", "denominator") == [(1, 3)]


def test_orders_are_counted_per_customer_on_file(tables: Tables) -> None:
    found = indicator(tables, "orders_per_customer", every="month")
    # A's two lines of O1 are one order; customers count from the month in which they join.
    assert values(found, "period", "n", "estimate") == [
        ("2025-01", 2, 1.0), ("2025-02", 3, 1.0), ("2025-03", 4, 0.0),
    ]  # fmt: skip
    web = indicator(tables, "orders_per_customer", every="month", where={"channel": "web"})
    assert web["estimate"].tolist() == pytest.approx([1.0, 2 / 3, 0.0])


def test_sales_take_refunds_off(tables: Tables) -> None:
    found = indicator(tables, "sales", every="month")
    assert values(found, "period", "n", "estimate") == [("2025-01", 3, 55.0), ("2025-02", 4, 38.0)]
    # The standard error of a sum of N purchases is the root of the sum of squares.
    january = found.iloc[0]
    assert january["sd"] / sqrt(january["n"]) == pytest.approx(sqrt(10**2 + 5**2 + 40**2))


def test_sales_by_customer_have_a_row_and_a_zero_for_everyone_on_file(tables: Tables) -> None:
    found = indicator(tables, "sales", every="month", units=True)
    names = {tables.pseudonym(name): name for name in "ABCD"}
    rows = [(names[i], p, e) for i, p, e in values(found, "customer_id", "period", "estimate")]
    assert sorted(rows) == [
        ("A", "2025-01", 15.0), ("A", "2025-02", 30.0), ("A", "2025-03", 0.0),
        ("B", "2025-01", 40.0), ("B", "2025-02", 0.0), ("B", "2025-03", 0.0),
        ("C", "2025-02", 8.0), ("C", "2025-03", 0.0), ("D", "2025-03", 0.0),
    ]  # fmt: skip


def test_an_order_of_two_lines_is_one_order(tables: Tables) -> None:
    found = indicator(tables, "average_order", every="month")
    assert values(found, "period", "n", "estimate") == [
        ("2025-01", 2, 27.5), ("2025-02", 3, pytest.approx(58 / 3)),
    ]  # fmt: skip
    by_channel = indicator(tables, "average_order", every=None, by=["channel"])
    assert values(by_channel, "channel", "n", "estimate") == [("shop", 1, 20.0), ("web", 4, 23.25)]


def test_active_customers_buy_in_the_period(tables: Tables) -> None:
    found = indicator(tables, "active_customers", every="quarter")
    assert values(found, "n", "estimate") == [(3, 3.0)]
    assert found["sd"].iloc[0] / sqrt(3) == pytest.approx(sqrt(3))


def test_contacts_are_averaged_over_those_that_have_a_value(tables: Tables) -> None:
    hours = indicator(tables, "response_hours", every="month")
    assert values(hours, "period", "n", "estimate") == [("2025-01", 2, 6.0), ("2025-02", 1, 6.0)]
    resolved = indicator(tables, "first_contact_resolution", every=None)
    assert values(resolved, "numerator", "denominator") == [(2, 3)]
    complaints = indicator(tables, "complaint_rate", every="month")
    assert values(complaints, "period", "numerator", "denominator") == [
        ("2025-01", 1, 2), ("2025-02", 1, 2),
    ]  # fmt: skip


def test_a_month_that_the_data_do_not_cover_is_marked(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount\nA,2025-01-20,1\nA,2025-02-02,1\nA,2025-03-10,1\n"
    found = indicator(open_study({"as_of": "2025-03-15"}, transactions=text), "sales")
    assert values(found, "period", "complete") == [
        ("2025-01", False), ("2025-02", True), ("2025-03", False),
    ]  # fmt: skip


def test_a_share_of_people_asked_is_read_from_its_two_parts(open_study: OpenStudy) -> None:
    text = "indicator,date,numerator,denominator\nbrand_awareness,2025-01-01,3,4\n"
    found = indicator(open_study(series=text), "brand_awareness")
    assert values(found, "period", "n", "estimate") == [("2025-01", 4, 0.75)]
    assert found["sd"].iloc[0] == pytest.approx(np.std([1, 1, 1, 0], ddof=1))


def test_without_order_numbers_a_row_is_an_order(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount\nA,2025-01-20,1\nA,2025-01-20,1\nB,2025-01-21,1\n"
    found = indicator(open_study(transactions=text), "orders_per_customer", every=None)
    assert values(found, "n", "estimate") == [(2, 1.5)]


def test_kinds_that_a_customer_buys_are_counted(open_study: OpenStudy) -> None:
    text = (
        "customer_id,date,amount,category\nA,2025-01-20,1,x\nA,2025-01-22,1,y\n"
        "A,2025-01-23,1,x\nB,2025-01-21,1,x\n"
    )
    found = indicator(open_study(transactions=text), "categories_bought", every=None)
    assert values(found, "n", "estimate") == [(2, 1.5)]


def test_offers_that_were_answered_are_a_share(open_study: OpenStudy) -> None:
    text = (
        "customer_id,at,item,answered\nA,2025-01-20,x,1\nB,2025-01-22,y,0\n"
        "C,2025-01-23,x,0\nD,2025-01-24,x,0\n"
    )
    found = indicator(open_study(offers=text), "offers_answered", every=None)
    assert values(found, "n", "estimate") == [(4, 0.25)]


#: Of tables and columns that these tests' study lacks; `test_indicator_library` and
#: `test_accounts_and_service` ask for them.
ELSEWHERE = {
    "categories_bought", "offers_answered", "reopened_contacts", "transferred_contacts",
    "abandoned_contacts", "service_errors", "cost_per_contact", "new_accounts", "win_rate",
    "won_sales", "sales_cycle", "open_pipeline", "lead_conversion",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in INDICATORS if name not in ELSEWHERE])
@pytest.mark.parametrize("units", [False, True])
def test_every_indicator_has_the_same_tidy_form(tables: Tables, name: str, units: bool) -> None:
    every = "wave" if INDICATORS[name].table == "survey" else "quarter"
    if units and not INDICATORS[name].units:
        with pytest.raises(DataError, match="no value for one customer"):
            indicator(tables, name, every=every, units=True)
        return
    if name == "sales_growth":
        pytest.skip("the tables do not reach back a year; see test_indicator_library")
    found = indicator(tables, name, every=every, by=["region"], units=units)
    share = INDICATORS[name].kind == "share"
    expected = ["period", "region", "n", "estimate"]
    if units:
        expected = ["customer_id", *expected]
        assert not found.duplicated(["customer_id", "period"]).any()
    else:
        expected += ["sd", *(["numerator", "denominator"] if share else [])]
        expected += ["withheld", *(["complete"] if every != "wave" else [])]
        assert found["withheld"].dtype == bool
        assert not found.duplicated(["period", "region"]).any()
    assert list(found.columns) == expected
    assert found["estimate"].dtype == float and found["n"].dtype == "int64"
    whole = indicator(tables, name, every=every, units=units)
    if units:
        pd.testing.assert_frame_equal(whole, found.drop(columns="region"))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("satisfction", {}, "did you mean 'satisfaction'"),
        ("sales", {"every": "fortnight"}, "'fortnight' is no period"),
        ("sales", {"every": "wave"}, "has no waves"),
        ("sales", {"by": ["regoin"]}, "no column 'regoin' to group or filter by; did you mean"),
        ("sales", {"where": {"colour": "red"}}, "no column 'colour' to group or filter by"),
        ("orders_per_customer", {"by": ["channel"]}, "'channel' is a column of purchases"),
    ],
)
def test_what_cannot_be_measured_is_said(
    tables: Tables, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        indicator(tables, name, **options)


def test_a_table_or_column_that_lacks_is_named(open_study: OpenStudy) -> None:
    tables = open_study(survey="respondent_id,wave,csat5\nR1,2025-H1,4\n")
    with pytest.raises(DataError, match="needs the table 'transactions'"):
        indicator(tables, "sales")
    with pytest.raises(DataError, match="needs column recommend of 'survey'"):
        indicator(tables, "nps", every="wave")
    with pytest.raises(DataError, match=r"needs column answered_on.*or ask by wave"):
        indicator(tables, "satisfaction")
    with pytest.raises(DataError, match="needs column exp_01, per_01"):
        indicator(tables, "gap", every="wave")
    with pytest.raises(DataError, match="has no customer_id"):
        indicator(tables, "satisfaction", every="wave", units=True)
