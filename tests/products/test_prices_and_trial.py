"""Prices and new items: against statsmodels, with known truth, and refused where nothing moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from tests.products.examples import priced, prices, trial
from workbench.errors import DataError
from workbench.products import elasticity, trial_repeat
from workbench.products.elasticity import FEW_PRODUCTS, NO_MOVE, TOGETHER


def test_the_slope_is_that_of_dummies_and_its_error_clustered() -> None:
    weeks = priced(np.random.default_rng(1), -1.2, products=10, weeks=20)
    row = elasticity(weeks).table.iloc[0]
    frame = weeks.assign(
        q=np.log(weeks["pieces"]), x=np.log(weeks["spend"] / weeks["pieces"]),
        code=pd.factorize(weeks["product"])[0],
    )  # fmt: skip
    fit = smf.ols("q ~ x + C(product) + C(week)", frame).fit(
        cov_type="cluster", cov_kwds={"groups": frame["code"]}, use_t=True
    )
    assert row["elasticity"] == pytest.approx(fit.params["x"])
    half = row["elasticity_high"] - row["elasticity"]
    # statsmodels counts the products as parameters, too, though they lie within the clusters
    freedom = np.sqrt((len(frame) - 30) / (len(frame) - 21) * (len(frame) - 1) / (len(frame) - 1))
    low, high = fit.conf_int().loc["x"]
    assert half == pytest.approx((high - low) / 2 * freedom, rel=0.02)


def coverage(draws: int) -> tuple[float, float]:
    found = [elasticity(priced(np.random.default_rng([2, s]), -1.5)).table.iloc[0]
             for s in range(draws)]  # fmt: skip
    inside = [r["elasticity_low"] <= -1.5 <= r["elasticity_high"] for r in found]
    return float(np.mean(inside)), float(np.mean([r["elasticity"] for r in found]))


def test_intervals_cover_the_truth() -> None:
    """100 draws: 92.5 % less two standard errors is 87 %."""
    share, mean = coverage(100)
    assert share >= 0.87 and mean == pytest.approx(-1.5, abs=0.03)


@pytest.mark.slow
def test_intervals_cover_the_truth_in_a_thousand_draws() -> None:
    share, mean = coverage(1000)
    assert 0.908 <= share <= 0.99 and mean == pytest.approx(-1.5, abs=0.01)


def test_prices_that_did_not_move_say_nothing() -> None:
    rng = np.random.default_rng(3)
    found = prices()
    assert found.refused.to_dict("records") == [{"category": "cups", "reason": NO_MOVE}]
    assert [f.severity for f in found.findings()] == ["note", "refusal"]
    few = elasticity(priced(rng, -1, products=5))
    assert few.table.empty and few.refused["reason"].tolist() == [FEW_PRODUCTS]
    together = priced(rng, -1, moves=0.0)
    week = np.random.default_rng(4).normal(0, 0.1, 60)[together["week"]]
    together["spend"] = together["spend"] * np.exp(week)
    assert elasticity(together).refused["reason"].tolist() == [TOGETHER]
    with pytest.raises(DataError, match="no product has both"):
        elasticity(together.assign(spend=0.0))


def test_triers_and_those_who_came_back_are_counted() -> None:
    rows = [("new", f"c{i}", "2024-06-01", "2024-06-15" if i < 20 else None) for i in range(40)]
    rows += [("old", f"c{i}", "2024-01-01", None) for i in range(40)]
    rows += [("late", f"c{i}", "2024-12-20", None) for i in range(40)]
    rows += [("rare", f"c{i}", "2024-06-01", None) for i in range(10)]
    history = pd.DataFrame(rows, columns=["item", "customer_id", "first", "again"])
    history = history.assign(
        first=pd.to_datetime(history["first"]), again=pd.to_datetime(history["again"])
    )
    found = trial_repeat(history, customers=100, first="2024-01-01", last="2024-12-31", days=90)
    (row,) = found.table.to_dict("records")
    assert (row["item"], row["n"], row["trial"], row["repeat"]) == ("new", 40, 0.4, 0.5)
    assert row["repeat_low"] < 0.5 < row["repeat_high"]
    with pytest.raises(DataError, match="no item that at least 20"):
        trial_repeat(history[history["item"] != "new"], customers=100, first="2024-01-01",
                     last="2024-12-31")  # fmt: skip


def test_an_item_that_few_buy_again_is_named() -> None:
    said = {f.key: f for f in trial().findings()}
    weak = said["products.trial.weak"]
    assert weak.values["item"] == {"en": "sieve"} and weak.advice is not None
    first = trial().table.set_index("item").loc["kettle"]
    # all were seen for longer than it takes, so nobody was lost: 71 of 150 came back
    assert first["repeat"] == pytest.approx(71 / 150)
