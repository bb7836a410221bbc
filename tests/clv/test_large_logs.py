"""What is spared for large logs changes no number that a page shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    BetaGeometric,
    BuyingDays,
    GammaGamma,
    ModifiedBetaGeometric,
    ParetoNBD,
    bootstrap_parameters,
    buying_days,
    calendar,
    newcomers,
    rhythm,
    tracking,
)
from workbench.clv import value as value_of
from workbench.clv.models import rows
from workbench.clv.models.purchase import PurchaseModel
from workbench.errors import DataError


@pytest.mark.parametrize(
    ("model", "theta"),
    [
        (BetaGeometric, (0.5, 5.0, 0.8, 2.5)),
        (BetaGeometric, (8.0, 60.0, 0.01, 30.0)),
        (ModifiedBetaGeometric, (0.3, 0.2, 0.8, 2.5)),
        (ParetoNBD, (0.55, 1.6, 0.06, 171.7)),
    ],
)
def test_a_series_in_age_gives_what_each_age_by_itself_gives(
    model: type[PurchaseModel], theta: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    T = np.round(rng.uniform(0, 1400, 3000)) / 7
    x = np.where(T == 0, 0.0, np.minimum(rng.negative_binomial(0.6, 0.2, T.size), 40))
    at = np.array(theta)

    def told() -> list[np.ndarray]:
        again = x.copy(), T.copy()
        return [
            model.expected_since(at, 52.0, again[0], again[1], again[1]),
            model.discounted_since(at, 52.0, 0.0018, again[0], again[1], again[1]),
            model.lasting_since(at, 52.0, again[0], again[1], again[1]),
        ]

    by_series = told()
    asked = {"n": 0}
    whole = rows._over_ages

    def counted(*given: object) -> np.ndarray:
        asked["n"] += 1
        return whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "_over_ages", counted)
    monkeypatch.setattr(rows, "MANY_AGES", 10**9)
    for mine, each in zip(by_series, told(), strict=True):
        np.testing.assert_allclose(mine, each, rtol=1e-11)
    assert asked["n"] == 3


def test_a_series_that_does_not_settle_is_not_used() -> None:
    T = np.arange(1.0, 400.0)
    jumps = rows.by_age(np.ones(T.size), T, lambda x, T: np.where(T > 200, 1.0, 0.0), 1.0)
    assert jumps.tolist() == (T > 200).astype(float).tolist()


def test_customers_taken_by_lot_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    T = rng.uniform(20, 60, 6000)
    x, t_x = BetaGeometric.draw(np.array([0.6, 8.0, 0.8, 2.5]), T, rng)
    spent = np.where(x > 0, rng.gamma(6 * np.maximum(x, 1)) / np.maximum(x, 1), 0.0)
    bought = BetaGeometric(x, t_x, T, unit="week").fit()
    spend = GammaGamma(x, spent).fit()
    all_of = bootstrap_parameters(bought, spend, rng=np.random.default_rng(3), draws=60)
    monkeypatch.setattr(value_of, "MANY", 5000)
    monkeypatch.setattr(value_of, "SOME", 3000)
    some = bootstrap_parameters(bought, spend, rng=np.random.default_rng(4), draws=60)
    assert some.shape == all_of.shape == (60, 7)
    ratio = some.std(axis=0) / all_of.std(axis=0)
    # of half as many customers without their weights it would be 1.41
    assert np.exp(np.log(ratio[:6]).mean()) == pytest.approx(1.0, abs=0.15)


def log_of(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 3000
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 1000, n), "D")
    return pd.DataFrame(
        {"customer_id": rng.choice([f"c{i:03}" for i in range(400)], n),
         "date": days + pd.to_timedelta(rng.integers(0, 86400, n), "s"),
         "amount": np.round(rng.gamma(2, 20, n), 2)}
    )  # fmt: skip


def test_a_sorted_log_says_what_the_log_says() -> None:
    log, end = log_of(), pd.Timestamp("2024-09-30")
    days = buying_days(log, as_of=end)
    coded = log.assign(customer_id=log["customer_id"].astype("category"))
    for other in (buying_days(coded, as_of=end), buying_days(days, as_of=end)):
        assert other.ids.tolist() == days.ids.tolist()
        for name in ("code", "day", "amount"):
            np.testing.assert_array_equal(getattr(other, name), getattr(days, name))
    by_hand = log.assign(date=log["date"].dt.normalize())
    by_hand = by_hand.groupby(["customer_id", "date"])["amount"].sum().reset_index()
    assert days.ids[days.code].tolist() == by_hand["customer_id"].tolist()
    assert days.day.tolist() == (by_hand["date"] - end).dt.days.tolist()
    np.testing.assert_allclose(days.amount, by_hand["amount"])
    for ask in (rhythm, calendar, newcomers):
        pd.testing.assert_frame_equal(
            ask(days, as_of=end, unit="week").table, ask(log, as_of=end, unit="week").table
        )


def test_an_earlier_day_of_a_sorted_log_is_the_log_to_that_day() -> None:
    log, then = log_of(1), pd.Timestamp("2023-03-31")
    days = buying_days(log, as_of="2024-09-30")
    early, afresh = buying_days(days, as_of=then), BuyingDays(log, then)
    assert early.ids.tolist() == afresh.ids.tolist()
    pd.testing.assert_frame_equal(early.summary(0, 7.0), afresh.summary(0, 7.0))
    with pytest.raises(DataError, match="2023-03-31, and 2024-09-30 is asked for"):
        buying_days(early, as_of="2024-09-30")


def test_tracking_follows_a_sorted_log() -> None:
    log, split = log_of(2), pd.Timestamp("2023-06-30")
    fit = BetaGeometric.from_frame(buying_days(log, as_of=split).summary(0, 7.0), unit="week").fit()
    mine = tracking(fit, log, calibration_end=split)
    its = tracking(fit, buying_days(log, as_of=log["date"].max()), calibration_end=split)
    pd.testing.assert_frame_equal(mine.table, its.table)
    first = log.assign(date=log["date"].dt.normalize()).drop_duplicates(["customer_id", "date"])
    born = first.groupby("customer_id")["date"].min()
    cohort = first[first["customer_id"].isin(born.index[born <= split])]
    seen = cohort[cohort["date"] <= mine.table["end"].iloc[-1]]  # whole weeks alone
    again = len(seen) - seen["customer_id"].nunique()
    assert mine.table["cumulative_actual"].iloc[-1] == again > 2000
