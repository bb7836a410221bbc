"""What follows an answer is looked for after it, and only where it could be seen."""

from __future__ import annotations

from datetime import date

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import leaving_after, purchases_after

END = date(2025, 12, 31)


def study(n: int = 400, seed: int = 1, effect: float = 0.3):
    """Answers of June 2025; purchases at a rate that grows by exp(effect) a point."""
    rng = np.random.default_rng(seed)
    score = rng.integers(1, 6, n)
    own = rng.gamma(4, 1 / 4, n)
    survey = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "answered_on": pd.Timestamp("2025-06-01"),
            "csat5": score.astype(float),
            "wave": np.where(np.arange(n) % 2, "a", "b"),
        }
    )
    parts = []
    for start, rate in (("2024-11-01", own), ("2025-06-02", own * np.exp(effect * (score - 3)))):
        count = rng.poisson(rate)
        who = np.repeat(survey["customer_id"], count)
        day = pd.Timestamp(start) + pd.to_timedelta(rng.integers(0, 180, count.sum()), "D")
        parts.append(pd.DataFrame({"customer_id": who, "date": day, "amount": 10.0}))
    return survey, pd.concat(parts, ignore_index=True)


def contracts(survey: pd.DataFrame, gone: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": survey["customer_id"],
            "start": pd.Timestamp("2023-01-01")
            + pd.to_timedelta(np.arange(len(survey)) % 300, "D"),
            "end": pd.to_datetime(np.where(gone, "2025-08-01", None)),
        }
    )


def test_only_purchases_of_the_time_after_the_answer_count() -> None:
    survey, _ = study(60)
    bought = pd.DataFrame(
        [
            (who, day, 5.0)
            for who in survey["customer_id"].head(30)
            for day in ("2025-06-01", "2025-06-02", "2025-11-28", "2025-11-29")
        ]
        + [("c40", "2025-03-01", 5.0)],
        columns=["customer_id", "date", "amount"],
    ).assign(date=lambda t: pd.to_datetime(t["date"]))
    found = purchases_after(survey, bought, days=180, as_of=END)
    # the day of the answer is before it, the 180th day is the last
    assert found.table["events"].tolist() == [60, 60]
    refund = bought.assign(amount=[-5.0, -5.0, 5.0, 5.0] * 30 + [5.0])
    assert purchases_after(survey, refund, days=180, as_of=END).table["events"].iloc[0] == 30


def test_an_outcome_that_leaves_nothing_to_relate_is_told() -> None:
    survey, _ = study(60)
    once = survey[["customer_id"]].assign(date=pd.Timestamp("2025-07-01"), amount=5.0)
    with pytest.raises(DataError, match="every answer is followed by as many events"):
        purchases_after(survey, once, days=180, as_of=END)
    half = survey[["customer_id"]].iloc[:30]
    same = pd.concat([half.assign(date=pd.Timestamp(day)) for day in ("2025-03-01", "2025-07-01")])
    with pytest.raises(DataError, match="what went before tells exactly"):
        purchases_after(survey, same.assign(amount=5.0), days=180, as_of=END)


def test_what_was_not_followed_or_linked_is_counted_and_left_out() -> None:
    survey, bought = study(100)
    survey.loc[:9, "answered_on"] = pd.Timestamp("2025-08-01")
    survey.loc[10:14, "customer_id"] = None
    survey.loc[15:17, "csat5"] = np.nan
    found = purchases_after(survey, bought, days=180, as_of=END)
    assert found.exclusions.set_index("reason")["n"].to_dict() == {
        "not linked to a customer": 5,
        "no answer, or no day of answering": 3,
        "the time after the answer is not over yet": 10,
    }
    assert found.table["n"].iloc[0] == 82


@pytest.mark.slow
def test_intervals_of_the_rate_ratio_cover_the_truth() -> None:
    hits, runs = np.zeros(2), 600
    for seed in range(runs):
        table = purchases_after(*study(300, seed), days=180, as_of=END).table
        hits += ((table["low"] <= np.exp(0.3)) & (np.exp(0.3) <= table["high"])).to_numpy()
    assert (hits / runs >= 0.925).all() and (hits / runs <= 0.98).all(), hits / runs


def test_what_was_bought_before_is_held_equal() -> None:
    # those who buy more are also happier; the answer itself says nothing
    rng = np.random.default_rng(2)
    n = 1500
    habit = rng.gamma(2, 1, n)
    survey, _ = study(n)
    survey["csat5"] = np.clip(np.round(2 + habit / 2 + rng.normal(size=n)), 1, 5)
    parts = []
    for start in ("2024-12-03", "2025-06-02"):
        count = rng.poisson(12 * habit)
        day = pd.Timestamp(start) + pd.to_timedelta(rng.integers(0, 180, count.sum()), "D")
        who = np.repeat(survey["customer_id"], count)
        parts.append(pd.DataFrame({"customer_id": who, "date": day}))
    table = purchases_after(survey, pd.concat(parts), as_of=END).table.set_index("model")
    assert table.loc["plain", "low"] > 1.15
    assert abs(np.log(table.loc["adjusted", "estimate"])) < 0.15 * np.log(
        table.loc["plain", "estimate"]
    )


def test_answers_of_one_customer_depend_on_each_other() -> None:
    survey, bought = study(200, effect=0.0)
    twice = pd.concat([survey, survey], ignore_index=True)
    one = purchases_after(survey, bought, as_of=END).table.iloc[0]
    two = purchases_after(twice, bought, as_of=END).table.iloc[0]
    assert two["n"] == 400 and two["customers"] == 200
    assert two["high"] - two["low"] == pytest.approx(one["high"] - one["low"], rel=0.02)


def test_leaving_goes_with_discontent() -> None:
    survey, _ = study(1200)
    rng = np.random.default_rng(3)
    odds = np.exp(-0.5 - 0.5 * survey["csat5"])
    gone = rng.random(1200) < odds / (1 + odds)
    found = leaving_after(survey, contracts(survey, gone), as_of=END)
    assert found.kind == "leaving" and found.clear
    assert np.exp(-0.5) in found.adjusted
    assert found.levels["estimate"].is_monotonic_decreasing or found.levels["n"].min() < 300
    assert found.table["events"].iloc[0] == gone.sum()


def test_a_second_contract_keeps_the_customer() -> None:
    survey, _ = study(300)
    gone = np.arange(300) % 3 == 0
    first = contracts(survey, gone)
    second = first[gone].head(40).assign(end=pd.NaT)
    found = leaving_after(survey, pd.concat([first, second]), as_of=END)
    assert found.table["events"].iloc[0] == gone.sum() - 40


def test_customers_without_a_contract_on_the_day_are_no_one_to_lose() -> None:
    survey, _ = study(300)
    table = contracts(survey, np.arange(300) % 3 == 0)
    table.loc[:19, "start"] = pd.Timestamp("2025-07-01")
    found = leaving_after(survey, table, as_of=END)
    counted = found.exclusions.set_index("reason")["n"]
    assert counted["no contract on the day of the answer"] == 20


def test_rare_answers_are_withheld() -> None:
    survey, bought = study(300)
    survey["csat5"] = np.where(np.arange(300) < 3, 1, 3 + np.arange(300) % 3)
    levels = purchases_after(survey, bought, as_of=END).levels.set_index("answer")
    assert pd.isna(levels.loc["1", "estimate"]) and levels.loc["1", "reason"]
    assert levels.loc["3", "low"] < levels.loc["3", "estimate"] < levels.loc["3", "high"]


def test_a_score_of_many_values_is_shown_in_five_groups() -> None:
    survey, bought = study(300)
    survey["gap"] = np.random.default_rng(1).normal(size=300)
    found = purchases_after(survey, bought, score="gap", as_of=END)
    assert len(found.levels) == 5 and found.levels["n"].tolist() == [60] * 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, t: (s.drop(columns="customer_id"), t), "survey: there are no columns"),
        (lambda s, t: (s, t.drop(columns="date")), "transactions: there are no columns 'date'"),
        (lambda s, t: (s.assign(customer_id=None), t), "no linked answer was followed"),
        (lambda s, t: (s, t.head(4)), "4 events among"),
        (lambda s, t: (s.assign(csat5=4), t), "every respondent has the same value of csat5"),
    ],
)
def test_what_cannot_be_related_is_an_error(change, said: str) -> None:
    survey, bought = study(100)
    bought = bought[bought["date"] > "2025-06-01"]
    with pytest.raises(DataError, match=said):
        purchases_after(*change(survey, bought), as_of=END)


def test_later_behaviour_can_be_drawn() -> None:
    survey, bought = study(300)
    found = purchases_after(survey, bought, as_of=END)
    figure, ax = plt.subplots()
    assert found.plot(ax=ax) is ax
    assert [t.get_text() for t in ax.get_xticklabels()] == list("12345")
    assert list(found.estimates()) == ["later.purchases", "purchases.plain", "purchases.adjusted"]
    plt.close(figure)
