"""The further indicators of the library, counted by hand; engine and pandas say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.data import (
    INDICATORS,
    Indicator,
    Tables,
    indicator,
    library,
    open_tables,
    register,
    rows_mean,
    rows_share,
)
from workbench.data.indicators import indicator as registry
from workbench.data.indicators.library import own_rows
from workbench.errors import DataError
from workbench.languages.catalogs import catalog
from workbench.study import load_study

OpenStudy = Callable[..., Tables]
HARBOUR = Path(__file__).parents[2] / "data" / "harbour"


def values(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Give rows as tuples, months as texts."""
    shown = frame.copy()
    if "period" in shown and pd.api.types.is_datetime64_any_dtype(shown["period"]):
        shown["period"] = shown["period"].dt.strftime("%Y-%m")
    return list(shown[list(columns)].itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def years(module_study: OpenStudy) -> Tables:
    """Three customers over two years, for what looks back."""
    return module_study(
        {"as_of": "2025-12-31"},
        customers=(
            "customer_id,region,joined_on\nA,North,2024-01-01\nB,North,2024-01-01\n"
            "C,South,2025-01-10\nD,South,2025-11-30\nE,South,2025-02-01\n"
        ),
        transactions=(
            "customer_id,date,amount\nA,2024-01-02,100\nA,2024-12-20,60\nB,2024-02-10,40\n"
            "A,2025-01-15,50\nC,2025-03-01,30\nB,2025-11-05,90\nA,2025-02-20,10\nE,2025-06-01,5\n"
        ),
    )


EVERY = [*INDICATORS.values(), own_rows("rows.visits"), own_rows("missing.visits.channel")]


@pytest.mark.parametrize("title", sorted({each.title for each in EVERY if each}))
def test_the_title_of_an_indicator_has_chinese_words(title: str) -> None:
    assert title in catalog("zh")


def test_the_unit_of_what_is_counted_has_chinese_words() -> None:
    shares_and_scales = re.compile(r"%|money|.*points|1 to \d+")
    units = {each.unit for each in EVERY if each and not shares_and_scales.fullmatch(each.unit)}
    assert units == {"categories", "contacts", "customers", "days", "hours", "orders", "rows"}
    assert units <= catalog("zh").keys()


def test_satisfied_customers_gave_one_of_the_two_best_answers(tables: Tables) -> None:
    found = indicator(tables, "satisfied", every="wave")
    assert values(found, "period", "numerator", "denominator") == [
        ("2024-H2", 1, 1), ("2025-H1", 1, 3),
    ]  # fmt: skip


def test_retention_is_what_churn_leaves(tables: Tables) -> None:
    lost, kept = indicator(tables, "churn"), indicator(tables, "retention")
    assert (lost["estimate"] + kept["estimate"]).tolist() == pytest.approx([1.0] * 4)
    assert kept["numerator"].tolist() == [1, 2, 2, 1]


def test_purchase_frequency_is_of_those_who_buy(tables: Tables) -> None:
    found = indicator(tables, "purchase_frequency")
    # January: A one order of two lines, B one; February: A two, C one.
    assert values(found, "period", "n", "estimate") == [("2025-01", 2, 1.0), ("2025-02", 2, 1.5)]


def test_the_contract_formula_by_hand(tables: Tables) -> None:
    march = indicator(tables, "clv").iloc[-1]
    # At risk on 1 March: A pays 50 and stays, C pays 60 and leaves.
    i = 1.1 ** (1 / 12) - 1
    assert march["n"] == 2
    assert march["estimate"] == pytest.approx(55 * 0.5 / (1 + i - 0.5))
    # Delta method: fee and staying are opposed (covariance -2.5).
    by_fee, by_stay = 0.5 / (0.5 + i), 55 * (1 + i) / (0.5 + i) ** 2
    variance = by_fee**2 * 25 + by_stay**2 * 0.25 - 2 * by_fee * by_stay * 2.5
    assert march["sd"] == pytest.approx(sqrt(variance))


def test_the_error_of_the_contract_formula_is_the_bootstraps() -> None:
    rng = np.random.default_rng(3)
    fee, stays = rng.gamma(4, 20, 4000), rng.random(4000) < 0.98
    i = 1.1 ** (1 / 12) - 1
    draws = rng.integers(0, 4000, (500, 4000))
    r, m = stays[draws].mean(axis=1), fee[draws].mean(axis=1)
    resampled = (m * r / (1 + i - r)).std()
    m0, r0 = fee.mean(), stays.mean()
    by_fee, by_stay = r0 / (1 + i - r0), m0 * (1 + i) / (1 + i - r0) ** 2
    cov = np.cov(fee, stays)
    delta = sqrt((by_fee**2 * cov[0, 0] + by_stay**2 * cov[1, 1]
                  + 2 * by_fee * by_stay * cov[0, 1]) / 4000)  # fmt: skip
    assert resampled == pytest.approx(delta, rel=0.15)


def test_growth_is_against_the_same_period_a_year_before(years: Tables) -> None:
    found = indicator(years, "sales_growth", every="quarter")
    # Q1: 90 against 140; Q4: 90 against 60; the other quarters had no sales a year before.
    assert found["period"].dt.quarter.tolist() == [1, 4]
    assert found["estimate"].tolist() == pytest.approx([90 / 140 - 1, 0.5])
    first = found.iloc[0]
    relative = (50**2 + 30**2 + 10**2) / 90**2 + (100**2 + 40**2) / 140**2
    assert first["sd"] / sqrt(first["n"]) == pytest.approx(90 / 140 * sqrt(relative))
    with pytest.raises(DataError, match="compares or projects periods"):
        indicator(years, "sales_growth", every=None)


def test_the_value_of_a_customer_is_that_of_a_whole_year(years: Tables) -> None:
    found = indicator(years, "customer_value", every="year")
    # 2024: A 160 and B 40 (known since 1 January; 2024 has 366 days, so 2 January counts in).
    last = found.iloc[-1]
    assert values(found[found["complete"]], "period", "n", "estimate")[-1] == ("2025-01", 2, 75.0)
    assert last["estimate"] == pytest.approx((60 + 90) / 2), "C, D and E were not known before"


def test_what_looks_back_a_year_is_whole_where_the_year_and_the_period_are(
    open_study: OpenStudy,
) -> None:
    name = "value_at_risk"
    days = pd.date_range("2023-10-05", "2025-05-15", freq="5D")
    log = "customer_id,date,amount\n" + "".join(f"A,{day:%Y-%m-%d},1\n" for day in days)
    found = indicator(open_study({"as_of": "2025-05-15"}, transactions=log), name, every="quarter")
    whole = found.set_index(found["period"].dt.strftime("%Y-%m"))["complete"]
    # a year before the end of September 2024 are rows to be had since 5 October: a week is let go
    assert whole["2024-01":].to_dict() == {
        "2024-01": False, "2024-04": False, "2024-07": True, "2024-10": True, "2025-01": True,
        "2025-04": False,
    }  # fmt: skip
    late = log.replace("A,2023-10-05,1\n", "").replace("A,2023-10-10,1\n", "")
    found = indicator(open_study({"as_of": "2025-05-15"}, transactions=late), name, every="quarter")
    assert not found.set_index("period").loc["2024-07-01", "complete"], "more than a week lacks"


def test_value_at_risk_is_the_spend_of_those_gone_quiet(years: Tables) -> None:
    found = indicator(years, "value_at_risk", every="year")
    last = found.iloc[-1]
    # 2025: A 60 (last on 20 February), B 90 (5 November), C 30 (1 March), E 5: 95 of 185 quiet.
    assert (last["n"], last["estimate"]) == (4, pytest.approx(95 / 185))
    p = 95 / 185
    squares = (60**2 + 30**2 + 5**2) * (1 - p) ** 2 + 90**2 * p**2
    assert last["sd"] / 2 == pytest.approx(sqrt(squares) / 185)
    north = indicator(years, "value_at_risk", every="year", where={"region": "North"}).iloc[-1]
    assert (north["n"], north["estimate"]) == (2, pytest.approx(60 / 150))
    whole = indicator(years, "value_at_risk", every=None)
    assert values(whole, "n", "estimate") == [(4, pytest.approx(p))]


def test_new_customers_and_how_many_of_them_buy(years: Tables) -> None:
    joined = indicator(years, "new_customers", every="quarter")
    assert values(joined, "period", "estimate") == [
        ("2024-01", 2.0), ("2025-01", 2.0), ("2025-10", 1.0),
    ]  # fmt: skip
    found = indicator(years, "new_customer_conversion", every="quarter")
    # C buys on day 50, E on day 120; D joined a month ago and still has time.
    assert values(found, "period", "numerator", "denominator", "complete") == [
        ("2024-01", 2, 2, True), ("2025-01", 1, 2, True),
    ]  # fmt: skip


def test_a_given_series_is_added_up_or_averaged(tables: Tables) -> None:
    aware = indicator(tables, "brand_awareness", every="quarter")
    assert values(aware, "numerator", "denominator", "estimate") == [
        (200, 600, pytest.approx(1 / 3))
    ]
    share = indicator(tables, "market_share", every="month")
    assert share["estimate"].tolist() == [0.25, 0.5] and share["sd"].isna().all()
    wallet = indicator(tables, "share_of_wallet", every="quarter").iloc[0]
    assert (wallet["n"], wallet["estimate"]) == (150, pytest.approx(0.3))
    error = sqrt((100 * 0.05) ** 2 + (50 * 0.10) ** 2) / 150
    assert wallet["sd"] / sqrt(150) == pytest.approx(error)
    assert indicator(tables, "cost_to_serve", every="month")["estimate"].tolist() == [3.0]
    brought = indicator(tables, "campaign_return", every="month")
    assert brought["estimate"].tolist() == pytest.approx([0.5, -1.0])


def test_a_series_that_is_not_given_is_named(open_study: OpenStudy) -> None:
    tables = open_study(series="indicator,date,value\nmarket_share,2025-01-01,0.2\n")
    with pytest.raises(DataError, match="no rows of 'brand_awareness'"):
        indicator(tables, "brand_awareness")


def test_experts_are_the_sample_of_their_score(tables: Tables) -> None:
    found = indicator(tables, "expert_score")
    # Raters' means 3, 5 and 4.
    assert values(found, "n", "estimate", "sd") == [(3, 4.0, 1.0)]


def test_every_indicator_says_what_it_is_and_how_sure() -> None:
    found = library()
    assert len(found) >= 28 and found["name"].is_unique
    for column in ("title", "definition", "formula", "unit", "needs", "interval"):
        assert found[column].str.len().min() > 0, column
    assert set(found["better"]) == {"up", "down"}


def test_a_user_adds_an_indicator_in_a_few_lines(tables: Tables) -> None:
    web = Indicator("web_rows", "On the web", "Share of purchase rows on the web.",
                    "transactions", ("channel",), "share")  # fmt: skip
    lines = Indicator("mean_row", "Mean row", "Mean amount of a row.", "transactions",
                      ("amount",), "money")  # fmt: skip
    try:
        register(web, rows_share(lambda rows: rows.channel == "web", when="date"))
        register(lines, rows_mean(lambda rows: rows.amount, when="date"))
        found = indicator(tables, "web_rows", every=None)
        assert values(found, "numerator", "denominator") == [(5, 7)]
        assert indicator(tables, "mean_row", every=None)["estimate"].iloc[0] == pytest.approx(
            93 / 7
        )
        with pytest.raises(DataError, match="'web_rows' already"):
            register(web, rows_share(lambda rows: rows.channel == "web", when="date"))
    finally:
        for name in ("web_rows", "mean_row"):
            registry._INDICATORS.pop(name, None)
            registry._MAKERS.pop(name, None)
    with pytest.raises(DataError, match="lacks a plain name"):
        register(Indicator("two words", "", "", "survey", (), "mean"), registry._MAKERS["nps"])


# --- the engine against pandas ------------------------------------------------------------------


@pytest.fixture(scope="module")
def harbour() -> Tables:
    return open_tables(load_study(HARBOUR))


def by_month(rows: pd.DataFrame, when: str, value: pd.Series) -> pd.DataFrame:
    """n, mean and standard deviation by month."""
    given = pd.DataFrame({"period": rows[when].dt.to_period("M").dt.to_timestamp(),
                          "value": value.astype("float64")}).dropna()  # fmt: skip
    found = given.groupby("period")["value"].agg(["size", "mean", "std"]).reset_index()
    return found.set_axis(["period", "n", "estimate", "sd"], axis=1)


def months(first: str = "2023-01") -> pd.DatetimeIndex:
    return pd.date_range(first, "2025-12", freq="MS")


def purchases_panel(tables: Tables) -> pd.DataFrame:
    """One row a customer and month from joining on: orders, days, spend."""
    tx, people = tables.frame("transactions"), tables.frame("customers")
    tx = tx[tx["amount"] >= 0].assign(
        period=lambda t: t["date"].dt.to_period("M").dt.to_timestamp()
    )
    bought = tx.groupby("customer_id")["date"].min().rename("bought")
    joined = people.set_index("customer_id")["joined_on"].rename("joined")
    known = pd.concat([bought, joined], axis=1)
    known["since"] = known.min(axis=1)
    grid = known.reset_index(names="customer_id").merge(
        pd.DataFrame({"period": months()}), how="cross"
    )
    grid = grid[grid["since"] < grid["period"] + pd.offsets.MonthBegin(1)]
    spent = tx.groupby(["customer_id", "period"]).agg(
        orders=("order_id", "nunique"), spend=("amount", "sum")
    )
    grid = grid.merge(spent.reset_index(), on=["customer_id", "period"], how="left")
    return grid.fillna({"orders": 0, "spend": 0.0})


def contracts_panel(tables: Tables) -> pd.DataFrame:
    rows = tables.frame("contracts")
    parts = []
    for start in months():
        after = start + pd.offsets.MonthBegin(1)
        own = rows[rows["start"] < after]
        end = own["end"].where(own["end"] <= pd.Timestamp("2026-01-01"))
        at_start = (own["start"] < start) & (end.isna() | (end >= start))
        part = own.assign(at_risk=at_start, running=end.isna() | (end >= after),
                          fee=own["monthly_fee"].where(at_start, 0.0))  # fmt: skip
        one = part.groupby("customer_id").agg(
            at_risk=("at_risk", "any"), running=("running", "any"), fee=("fee", "sum")
        )
        parts.append(one[one["at_risk"]].assign(period=start))
    return pd.concat(parts)


def in_pandas(tables: Tables, name: str) -> pd.DataFrame:
    """Compute an indicator by month without the engine."""
    table = INDICATORS[name].table
    if table == "survey":
        rows = tables.frame("survey")
        items = [f"{i:02d}" for i in range(1, 23)]
        gaps = pd.DataFrame({i: rows[f"per_{i}"] - rows[f"exp_{i}"] for i in items})
        recommend = rows["recommend"]
        points = (100.0 * (recommend >= 9) - 100.0 * (recommend <= 6)).where(recommend.notna())
        value = {"satisfaction": rows["csat5"], "satisfaction10": rows["csat10"], "nps": points,
                 "satisfied": (rows["csat5"] >= 4).astype(float).where(rows["csat5"].notna()),
                 "gap": gaps.mean(axis=1)}[name]  # fmt: skip
        return by_month(rows, "answered_on", value)
    if table == "opportunities":
        rows = tables.frame("opportunities")
        rows = rows[rows["stage"].str.startswith("Closed")]
        return by_month(rows, "closed", (rows["stage"] == "Closed Won").astype(float))
    if table == "interactions":
        rows = tables.frame("interactions")
        value = {
            "response_hours": rows["response_hours"],
            "complaint_rate": (rows["kind"] == "complaint")
            .astype(float)
            .where(rows["kind"].notna()),
            "first_contact_resolution": rows["resolved"].astype("Float64"),
        }
        if name in value:
            return by_month(rows, "at", value[name])
        known = rows[rows["response_hours"].notna()]
        if name == "answered_within_promise":
            # all of them are followed for the eight hours but for those of the last evening
            end = known["at"] + pd.to_timedelta(known["response_hours"], unit="h")
            end = max(rows["at"].max(), end[end < pd.Timestamp("2026-01-01")].max())
            due = known[end - known["at"] >= pd.Timedelta(hours=8)]
            return by_month(due, "at", (due["response_hours"] <= 8).astype(float))
        month = known.groupby(known["at"].dt.to_period("M").dt.to_timestamp())["response_hours"]
        found = month.agg(["size", "median"]).reset_index()
        found.columns = ["period", "n", "estimate"]
        return found[found["period"] < "2025-12-01"]  # nobody waits still
    if table == "contracts":
        panel = contracts_panel(tables)
        if name in ("churn", "retention"):
            return by_month(panel, "period", panel["running"] == (name == "retention"))
        found = panel.groupby("period").agg(
            n=("fee", "size"), m=("fee", "mean"), r=("running", "mean")
        )
        i = 1.1 ** (1 / 12) - 1
        estimate = found["m"] * found["r"] / (1 + i - found["r"])
        return found.assign(estimate=estimate).reset_index()[["period", "n", "estimate"]]
    tx = tables.frame("transactions")
    tx = tx[tx["amount"] >= 0]
    if table == "customers":
        people = tables.frame("customers").dropna(subset=["joined_on"])
        if name == "new_customers":
            return by_month(people, "joined_on", pd.Series(1.0, people.index)).assign(
                estimate=lambda t: t["n"].astype(float), sd=lambda t: t["n"].astype(float)
            )
        people = people[people["joined_on"] <= pd.Timestamp("2025-12-31") - pd.Timedelta(days=90)]
        both = people.merge(tx, on="customer_id")
        wait = (both["date"] - both["joined_on"]).dt.days
        buyers = set(both.loc[wait.between(0, 90), "customer_id"])
        return by_month(people, "joined_on", people["customer_id"].isin(buyers))
    if name in ("sales", "sales_growth", "active_customers"):
        groups = tx.groupby(tx["date"].dt.to_period("M").dt.to_timestamp())
        sums = groups["amount"].agg(["size", "sum"])
        sums.index.name = "period"
        if name == "active_customers":
            sums = (
                groups["customer_id"].agg(["nunique", "nunique"]).set_axis(["size", "sum"], axis=1)
            )
            sums.index.name = "period"
        found = sums.reset_index().set_axis(["period", "n", "estimate"], axis=1)
        if name == "sales_growth":
            found["estimate"] = found["estimate"] / found["estimate"].shift(12) - 1
        return found.dropna().astype({"estimate": float})
    if name == "average_order":
        orders = tx.groupby("order_id").agg(date=("date", "first"), amount=("amount", "sum"))
        return by_month(orders, "date", orders["amount"])
    if name == "categories_bought":
        month = tx["date"].dt.to_period("M").dt.to_timestamp()
        kinds = tx.groupby(["customer_id", month])["category"].nunique().reset_index()
        return by_month(kinds, "date", kinds["category"])
    panel = purchases_panel(tables)
    if name == "repeat_purchase":
        panel = panel[panel["bought"] < panel["period"]]
        return by_month(panel, "period", panel["orders"] > 0)
    if name == "purchase_frequency":
        panel = panel[panel["orders"] > 0]
    if name in ("orders_per_customer", "purchase_frequency"):
        return by_month(panel, "period", panel["orders"])
    parts = []
    for end in months("2023-02").union([pd.Timestamp("2026-01-01")]):
        inside = tx[(tx["date"] >= end - pd.Timedelta(days=365)) & (tx["date"] < end)]
        spent = inside.groupby("customer_id").agg(spend=("amount", "sum"), last=("date", "max"))
        period = end - pd.offsets.MonthBegin(1)
        if name == "value_at_risk":
            quiet = spent["last"] < end - pd.Timedelta(days=90)
            share = (spent["spend"] * quiet).sum() / spent["spend"].sum()
            parts.append(
                {"period": period, "n": int((spent["spend"] > 0).sum()), "estimate": share}
            )
        else:
            known = panel.loc[
                panel["since"] <= end - pd.Timedelta(days=365), "customer_id"
            ].unique()
            if len(known):
                value = spent["spend"].reindex(known).fillna(0.0)
                parts.append({"period": period, "n": len(known), "estimate": value.mean(),
                              "sd": value.std()})  # fmt: skip
    return pd.DataFrame(parts)


GIVEN = {n for n, one in INDICATORS.items() if one.table in ("series", "ratings")}


#: Those whose columns Harbour lacks or that look at whole months: by hand, there and in
#: `test_accounts_and_service`.
BY_HAND = {
    "open_contacts", "reopened_contacts", "transferred_contacts", "abandoned_contacts",
    "service_errors", "cost_per_contact", "returned_orders", "repeat_contacts", "open_pipeline",
    "lead_conversion", "won_sales", "new_accounts", "sales_cycle", "offers_answered",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(INDICATORS) - GIVEN - BY_HAND))
def test_the_engine_and_pandas_agree_on_harbour(harbour: Tables, name: str) -> None:
    expected = in_pandas(harbour, name)
    found = indicator(harbour, name, every="month")
    columns = [c for c in ("period", "n", "estimate", "sd") if c in expected]
    expected = expected.sort_values("period", ignore_index=True)
    common = found["period"].isin(expected["period"])
    assert common.sum() == len(expected) >= 20
    assert found.loc[~common, "n"].sum() == 0 or name == "response_median"
    pd.testing.assert_frame_equal(
        found.loc[common, columns].reset_index(drop=True), expected[columns],
        check_dtype=False, rtol=1e-9,
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_given_tables_are_read_as_pandas_reads_them(tables: Tables, name: str) -> None:
    rows: Any = tables.frame(INDICATORS[name].table)
    found = indicator(tables, name, every=None)["estimate"].iloc[0]
    if name == "expert_score":
        means = rows.astype({"score": float}).groupby("rater")["score"].mean()
        assert found == pytest.approx(means.mean())
        return
    rows = rows[rows["indicator"] == name]
    top, bottom, value, n = (pd.to_numeric(rows[c]) for c in
                             ("numerator", "denominator", "value", "n"))  # fmt: skip
    weight = bottom.fillna(n).fillna(1.0)
    mean = float(np.average((top / bottom).fillna(value), weights=weight))
    assert found == pytest.approx(mean - (name == "campaign_return"))
