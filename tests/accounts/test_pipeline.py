"""The pipeline against known truth: ends, stages, forecasts, sources, reasons, new accounts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.accounts import examples, firm
from workbench.accounts import (
    acquisition,
    conversion,
    loss_reasons,
    pipeline_forecast,
    sources,
)
from workbench.accounts.forecast import _Landmarks
from workbench.errors import DataError

AS_OF = examples.AS_OF


def test_stages_come_in_order_with_their_true_shares() -> None:
    found = examples.ends()
    assert tuple(found.table["stage"]) == firm.STAGES
    t = found.table.set_index("stage")
    assert t.loc["Qualification", "on_low"] < 0.7 < t.loc["Qualification", "on_high"]
    # half of an exponential stay of 20 days is over after 14
    assert t.loc["Qualification", "median_low"] <= 14 <= t.loc["Qualification", "median_high"]
    assert found.won.low < 0.7 * 0.7 * 0.6 < found.won.high
    ends = found.curves.groupby("end")["estimate"].last()
    assert ends.sum() <= 1 + 1e-9


def test_without_a_log_of_stages_the_page_says_so() -> None:
    deals, _ = examples.pipeline()
    found = conversion(deals, as_of=AS_OF)
    assert found.table.empty
    assert [f.key for f in found.findings()][:2] == ["accounts.conversion", "accounts.no_log"]


def test_a_stage_that_loses_most_is_named() -> None:
    deals, log = firm.pipeline(np.random.default_rng(5), n=800, on=(0.9, 0.4, 0.9))
    keys = {f.key: f for f in conversion(deals, log, as_of=AS_OF).findings()}
    assert keys["accounts.weakest_stage"].values["stage"] == "Proposal"
    deals, log = firm.pipeline(np.random.default_rng(5), n=800, on=(0.7, 0.7, 0.7))
    told = [f.key for f in conversion(deals, log, as_of=AS_OF).findings()]
    assert "accounts.weakest_stage" not in told


def test_stages_of_few_accounts_are_not_shown() -> None:
    deals, log = examples.pipeline()
    few = deals.assign(customer_id="A1")
    found = conversion(few, log, as_of=AS_OF)
    assert found.table.empty and found.withheld == 3


def test_what_is_open_for_too_long_has_its_price() -> None:
    deals, log = examples.pipeline()
    old = deals.head(12).assign(
        opportunity_id=[f"X{i}" for i in range(12)], outcome="open", closed=pd.NaT,
        opened=pd.Timestamp("2023-01-05"), amount=1000.0,
        customer_id=[f"B{i}" for i in range(12)],
    )  # fmt: skip
    found = conversion(pd.concat([deals, old]), log, as_of=AS_OF, currency="EUR")
    late = next(f for f in found.findings() if f.key == "accounts.overdue")
    assert late.values["n"] >= 12 and late.money is not None and late.money.value >= 12_000
    # of one account's alone nothing is said
    one = old.assign(customer_id="B")
    keys = [f.key for f in conversion(pd.concat([deals, one]), log, as_of=AS_OF).findings()]
    assert "accounts.overdue" not in keys


def test_too_few_and_none_ended_are_refused() -> None:
    deals, log = examples.pipeline()
    with pytest.raises(DataError, match="too few"):
        conversion(deals.head(19), log, as_of=AS_OF)
    with pytest.raises(DataError, match="too few"):
        conversion(deals.assign(outcome="open", closed=pd.NaT), log, as_of=AS_OF)


def test_a_forecast_is_the_weighted_sum_and_is_tried_on_the_past() -> None:
    found = examples.forecast()
    assert found.expected.low < found.expected.value < found.expected.high < found.open.value
    assert len(found.past) == 4 and found.past["day"].max() <= pd.Timestamp("2025-10-02")
    chances = found.table.set_index("state")["chance"]
    assert chances["Qualification"] < chances["Proposal"] < chances["Negotiation"]
    deals, _ = examples.pipeline()
    ages = pipeline_forecast(
        deals, as_of=AS_OF, rng=np.random.default_rng(1), tried=1, draws=200
    ).table
    assert set(ages["state"]) <= {"Opened lately", "Open for some time", "Open for long",
                                  "Open for longest"}  # fmt: skip


def test_what_was_opened_on_a_day_is_open_on_it_and_what_ended_is_not() -> None:
    ends = pd.to_datetime(["2025-01-31", "2025-02-28"])
    deals = pd.DataFrame(
        {"opportunity_id": ["a", "b"], "opened": [ends[0], ends[0] - pd.Timedelta(days=9)],
         "closed": [pd.NaT, ends[1]], "outcome": ["open", "lost"], "amount": 5.0}
    )  # fmt: skip
    found = _Landmarks.of(deals, None, ends[1], 30)
    at = [(str(day)[:10], who) for day, who in zip(found.at, found.who, strict=True)]
    assert at == [("2025-01-31", 0), ("2025-01-31", 1), ("2025-02-28", 0)]


def test_a_past_forecast_knows_nothing_of_what_came_later() -> None:
    deals, log = firm.pipeline(np.random.default_rng(6), n=300)
    first = pipeline_forecast(deals, log, as_of=AS_OF, rng=np.random.default_rng(1), tried=6)
    day = first.past["day"].iloc[0]
    horizon = day + pd.Timedelta(days=90)
    # whatever ended or was opened after the first window is over, ended otherwise
    late = deals["closed"] > horizon
    other = deals.assign(
        outcome=deals["outcome"].mask(late, "lost"),
        amount=deals["amount"].mask(deals["opened"] > horizon, 1.0),
    )
    again = pipeline_forecast(other, log, as_of=AS_OF, rng=np.random.default_rng(1), tried=6)
    assert again.past["came"].iloc[0] == first.past["came"].iloc[0]
    assert again.past["expected"].iloc[0] == pytest.approx(first.past["expected"].iloc[0], rel=0.1)
    assert again.past["came"].iloc[-1] != first.past["came"].iloc[-1]


def test_one_account_that_holds_the_pipeline_is_refused() -> None:
    deals, log = examples.pipeline()
    big = deals["amount"].where(deals["outcome"] != "open", 1.0)
    big[deals.index[deals["outcome"] == "open"][0]] = 1e9
    with pytest.raises(DataError, match="one of them nearly all"):
        pipeline_forecast(
            deals.assign(amount=big), log, as_of=AS_OF, rng=np.random.default_rng(1), tried=0
        )


def _covered(repetitions: int, **about: float) -> tuple[float, float]:
    """Share of forecasts that held what came, and the mean error over the mean size of one."""
    held, off = [], []
    for seed in range(repetitions):
        rng = np.random.default_rng([2026, seed])
        deals, log = firm.pipeline(rng, **about)
        known, seen, came = firm.seen_on(deals, log, "2025-06-30", 90)
        found = pipeline_forecast(
            known, seen, as_of=dt.date(2025, 6, 30), rng=rng, tried=0, draws=600
        ).expected
        held.append(came in found)
        off.append(came - found.value)
    return float(np.mean(held)), float(np.mean(off) / np.mean(np.abs(off)))


def test_forecasts_hold_what_comes() -> None:
    # a tenth of the repetitions of the grid: 95 % less three standard errors
    share, _ = _covered(20, n=300)
    assert share >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("about", [{}, {"n": 1200, "larger": 0.5}], ids=["plain", "larger"])
def test_forecasts_hold_what_comes_on_the_whole_grid(about: dict[str, float]) -> None:
    share, error = _covered(300, **about)
    assert 0.925 - 0.03 <= share <= 0.995 and abs(error) < 0.25


def test_sources_that_differ_are_told_and_equal_ones_are_not() -> None:
    deals, _ = examples.pipeline()
    assert examples.by_source().findings()[0].key == "accounts.sources.opportunities"
    better = deals.assign(
        source=np.where((deals["outcome"] == "won") & (np.arange(len(deals)) % 3 > 0), "Fair",
                        deals["source"])
    )  # fmt: skip
    found = sources(better, as_of=AS_OF).findings()[0]
    assert found.values["source"] == "Fair" and found.estimates["gap"].low > 0


def test_equal_sources_are_rarely_called_different() -> None:
    called = 0
    for seed in range(40):
        deals, _ = firm.pipeline(np.random.default_rng([9, seed]), n=200)
        called += "gap" in sources(deals, as_of=AS_OF).findings()[0].values
    # 5 % of 40 is 2: three standard errors more are 6
    assert called <= 6


def test_leads_have_sources_and_small_ones_are_hidden() -> None:
    rng = np.random.default_rng(1)
    n = 400
    created = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 600, n), "D")
    good = rng.random(n) < 0.2
    leads = pd.DataFrame(
        {"lead_id": [f"L{i}" for i in range(n)], "created": created, "converted": good,
         "converted_on": pd.Series(created + pd.Timedelta(days=20)).where(good),
         "source": np.where(np.arange(n) < 3, "Aunt", rng.choice(["Web", "Fair", "Post"], n))}
    )  # fmt: skip
    found = sources(leads, as_of=AS_OF, what="leads", days=90)
    assert "Aunt" not in set(found.table["source"])
    assert any(f.key.endswith("hidden") and "Aunt" in f.values["names"] for f in found.findings())
    # another one is hidden with it, or Aunt would follow from the total
    assert found.hidden.cells.sum() == 2
    with pytest.raises(DataError, match="were seen for 90 days"):
        sources(leads.assign(source=None), as_of=AS_OF, what="leads", days=90)


def test_reasons_are_counted_with_their_money_unless_it_is_one_account_s() -> None:
    found = examples.reasons()
    first = found.findings()[0]
    assert first.values["reason"] == "Price" and first.money is not None
    deals, _ = examples.pipeline()
    lost = (deals["outcome"] == "lost") & (deals["reason"] == "Price")
    big = deals["amount"].mask(lost & (deals.index == deals.index[lost][0]), 1e12)
    told = loss_reasons(deals.assign(amount=big))
    assert told.table["amount"].isna().sum() >= 2 and told.findings()[0].money is None
    none = deals.assign(reason=deals["reason"].where(np.arange(len(deals)) % 2 == 0))
    keys = [f.key for f in loss_reasons(none).findings()]
    assert "accounts.reasons.unknown" in keys
    with pytest.raises(DataError, match="no lost opportunity has a reason"):
        loss_reasons(deals.assign(reason=None))


@pytest.mark.parametrize("over", [1.0, 2.5])
def test_new_accounts_to_come_are_within_their_range(over: float) -> None:
    held = 0
    repetitions = 25
    for seed in range(repetitions):
        rng = np.random.default_rng([5, seed])
        n = 39
        new = rng.poisson(8, n) if over == 1 else rng.negative_binomial(8 / 1.5, 1 / 2.5, n)
        months = pd.date_range("2022-10-01", periods=n, freq="MS")
        days = pd.Series(np.repeat(months, new)) + pd.Timedelta(days=3)
        found = acquisition(days[days <= "2025-09-30"], as_of=dt.date(2025, 9, 30),
                            since=dt.date(2021, 10, 1))  # fmt: skip
        held += float((days > "2025-09-30").sum()) in found.expected
    assert held / repetitions >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / repetitions)


def test_acquisition_leaves_out_who_may_have_come_before() -> None:
    found = examples.new()
    assert found.table["month"].min() == pd.Timestamp("2023-01-01")
    assert found.past["held"].mean() > 0.7
    with pytest.raises(DataError, match="whole months"):
        acquisition(pd.Series(pd.to_datetime(["2025-11-01"])), as_of=AS_OF,
                    since=dt.date(2025, 6, 1))  # fmt: skip
    none = acquisition(pd.Series([], dtype="datetime64[ns]"), as_of=AS_OF,
                       since=dt.date(2022, 1, 1))  # fmt: skip
    assert none.expected.value == 0 and none.expected.high > 0
