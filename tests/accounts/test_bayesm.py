"""Real accounts, physicians and business customers: R's package bayesm, read where it lies.

The data come with a GPL package and are not copied here. Debian's r-cran-bayesm puts them below
/usr/lib/R; a .deb that was only unpacked, or `WORKBENCH_BAYESM`, will do.
"""

from __future__ import annotations

import datetime as dt
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.accounts import key_accounts, visit_effect
from workbench.satisfaction import cronbach_alpha, drivers

PLACES = (
    os.environ.get("WORKBENCH_BAYESM", ""), "/usr/lib/R/site-library/bayesm/data",
    str(Path(__file__).parents[2] / ".cache" / "bayesm"),
)  # fmt: skip
AS_OF = dt.date(2025, 12, 31)


@cache
def of_r(name: str) -> Any:
    path = next((p for place in PLACES if place and (p := Path(place) / f"{name}.rda").exists()), 0)
    if not path:
        pytest.skip("needs the data of R's package bayesm (Debian: r-cran-bayesm)")
    return pytest.importorskip("rdata").read_rda(path)[name]


@cache
def physicians() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prescriptions and visits (details) of 1,000 physicians in 23 months, as tables of ours."""
    counts = of_r("detailing")["counts"].reset_index(drop=True)
    month = counts.groupby("id").cumcount()
    day = pd.Timestamp("2024-02-15") + pd.to_timedelta(np.asarray(month) * 30.4, unit="D")
    who = counts["id"].astype(int).astype(str)
    base = pd.DataFrame({"customer_id": who, "date": day.floor("D")})
    return base.assign(amount=counts["scripts"].astype(float)), base.assign(
        number=counts["detailing"].astype(int)
    )


def test_the_naive_answer_on_a_thousand_physicians_is_refused_and_a_test_is_named() -> None:
    sold, calls = physicians()
    assert sold["customer_id"].nunique() == 1000 and len(sold) == 23_000
    found = visit_effect(calls, sold, as_of=AS_OF, days=300)
    # the naive answer: who is visited prescribes more, beyond any doubt
    assert found.naive.low > 0.1
    # but visits follow what was prescribed before, as Manchanda, Rossi and Chintagunta (2004) say
    assert found.reversed and found.follows.low > 0.1
    refused, would = found.findings()
    assert refused.severity == "refusal" and refused.verdict == "cannot be told"
    shown = {round(float(getattr(v, "value", v)), 6) for v in refused.values.values()}
    assert round(found.naive.value, 6) not in shown
    assert would.values["n"] == 1000 and 0 < float(would.values["seen"].value) < 0.5
    assert "let chance choose" in would.text


def test_a_regression_on_what_was_prescribed_before_shows_how_far_the_naive_answer_goes() -> None:
    """Visits lose most of their slope once earlier prescriptions are held: they follow them."""
    counts = of_r("detailing")["counts"].astype(float)
    y, visits, before = (counts[c].to_numpy() for c in ("scripts", "detailing", "lagged_scripts"))
    naive = np.polyfit(visits, y, 1)[0]
    held = np.linalg.lstsq(np.column_stack([np.ones_like(y), visits, before]), y, rcond=None)[0][1]
    assert 0 < held < 0.5 * naive


def test_eighty_eight_accounts_that_buy_cheese() -> None:
    cheese = of_r("cheese")
    who = cheese["RETAILER"].astype(str)
    week = cheese.groupby(who).cumcount().to_numpy()
    sold = pd.DataFrame(
        {"customer_id": who, "amount": cheese["VOLUME"] * cheese["PRICE"],
         "date": pd.Timestamp("2024-09-01") + pd.to_timedelta(7 * week, unit="D")}
    )  # fmt: skip
    sold = sold[sold["date"] <= pd.Timestamp(AS_OF)].reset_index(drop=True)
    assert sold["customer_id"].nunique() == 88
    city = sold["customer_id"].str.split(" - ").str[0]
    about = pd.DataFrame({"customer_id": sold["customer_id"], "region": city}).drop_duplicates()
    found = key_accounts(sold, about, as_of=AS_OF, currency="USD")
    year = sold[sold["date"] > pd.Timestamp(AS_OF) - pd.Timedelta(days=365)]
    each = year.groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    fewest = int((each.cumsum() < each.sum() / 2).sum()) + 1
    assert (found.n, found.key) == (88, fewest)
    # cities of one or two retailers are not shown, nor what would follow from the others
    size = about.groupby("region").size()
    shown = found.table.loc[found.table["by"] == "region", "group"]
    assert all(size[name] >= 5 for name in shown) and len(shown) < len(size)
    assert not {*about["customer_id"]} & {str(v) for v in found.table.to_numpy().ravel()}


def test_business_customers_say_what_satisfaction_goes_with() -> None:
    asked = of_r("customerSat").astype(float).reset_index(drop=True)
    assert asked.shape == (1811, 10) and asked.min().min() == 1 and asked.max().max() == 10
    items = asked.drop(columns="q1")
    alpha = cronbach_alpha(items).estimates()["alpha"]
    # by the formula of the textbook
    k = items.shape[1]
    by_hand = k / (k - 1) * (1 - items.var(ddof=1).sum() / items.sum(axis=1).var(ddof=1))
    assert alpha.value == pytest.approx(by_hand) and alpha.low < by_hand < alpha.high
    found = drivers(items, asked["q1"], rng=np.random.default_rng(1))
    r2 = np.linalg.lstsq(np.column_stack([np.ones(1811), items]), asked["q1"], rcond=None)[1][0]
    r2 = 1 - r2 / ((asked["q1"] - asked["q1"].mean()) ** 2).sum()
    assert found.table["estimate"].sum() == pytest.approx(r2, abs=1e-6)
