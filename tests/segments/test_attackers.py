"""Nobody is found in the tables of the page on segments: a total, a mean, a share, a median."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from workbench.segments import name_customers, personas, profile, tier_accounts
from workbench.segments.concentration import top_count
from workbench.stats import rule_of, sensitive
from workbench.study import CellRule


def test_the_group_of_six_of_which_one_holds_nearly_all_is_put_with_others() -> None:
    spend = np.r_[1_000_000.0, np.full(5, 10.0), np.full(60, 40_000.0), np.full(50, 30_000.0)]
    segment = pd.Series(np.repeat(["six", "sixty", "fifty"], [6, 60, 50]))
    behaviour = pd.DataFrame({"spend": spend})
    cards = personas(segment, pd.Series(spend), behaviour, min_cell=5)
    assert {c.name for c in cards.cards} == {"sixty", "Other segments"} and cards.pooled == 56
    table = profile(segment, spend, min_cell=CellRule()).table.set_index("segment")
    assert table[["total", "value", "mean"]].isna().all(axis=1).to_dict() == {
        "six": True, "sixty": False, "fifty": True,
    }  # fmt: skip
    assert table["n"].to_dict() == {"six": 6, "sixty": 60, "fifty": 50}
    costs = dict.fromkeys(("six", "sixty", "fifty"), 1.0)
    books = tier_accounts(segment, spend, costs)
    assert "six" not in set(books.table["tier"]) and len(books.table) == 1
    (said,) = books.withheld
    assert said.values["names"] == ["fifty", "six"]
    assert (said.values["primary"], said.values["secondary"]) == (1, 1)


def test_two_attackers_find_nobody_in_segments() -> None:
    """Segments with their pool, those gone quiet and the top fifth, the total known."""
    rng, shown, told = np.random.default_rng(1), 0, 0
    for _ in range(40):
        n = int(rng.integers(6, 400))
        scores = {f"{m}_score": rng.integers(1, 6, n) for m in ("recency", "frequency", "spend")}
        spend = attackers.heavy(rng, n)
        frame = pd.DataFrame(scores).assign(days_since_last=9, orders=2, spend=spend)
        measures = ("days_since_last", "orders", "spend")
        found = name_customers(frame, levels=dict.fromkeys(measures, 5))
        table, total = found.table, spend.sum()
        if sensitive(spend, rule_of(5)):
            assert table["mean"].isna().all() and table["value"].isin([0, 1]).all()
            assert set(found.estimates()) <= {"customers", *table["segment"]}
            continue
        figures = [(np.ones(n, dtype=bool), total)]
        for row in table[table["n"] > 0].to_dict("records"):
            inside = (found.shown == row["segment"]).to_numpy()
            figures += [(inside, row["value"] * total), (inside, row["n"] * row["mean"])]
            shown += row["segment"] != "Other segments"
        estimates = found.estimates()
        if "at_risk" in estimates:
            figures.append((found.at_risk, estimates["at_risk"].value * total))
            told += 1
        if "top20" in estimates:
            best = np.zeros(n, dtype=bool)
            best[np.argsort(-spend, kind="stable")[: top_count(spend, 0.2, 5)]] = True
            figures.append((best, estimates["top20"].value * total))
        assert attackers.found(figures, spend) == []
    assert shown > 100 and told > 5


def test_two_attackers_find_nobody_in_the_accounts_of_tiers() -> None:
    """Nor do limits tell: with the mean they give the squares, whose root bounds the largest."""
    from scipy.special import stdtrit

    rng, shown = np.random.default_rng(2), 0
    for _ in range(60):
        n = int(rng.integers(6, 300))
        earned, margin = attackers.heavy(rng, n), 0.4
        tier = pd.Series(pd.Categorical.from_codes(rng.integers(4, size=n), list("abcd")))
        table = tier_accounts(tier, earned, dict.fromkeys("abcd", 7.0), margin=margin).table
        figures = [(np.ones(n, dtype=bool), earned.sum())] if len(table) else []
        for row in table.to_dict("records"):
            inside = (tier == row["tier"]).to_numpy()
            figures.append((inside, row["n"] * row["revenue"]))
            figures.append((inside, (row["total"] + 7 * row["n"]) / margin))
            if row["low"] == row["low"]:
                half = (row["high"] - row["net"]) / margin
                quantile = float(stdtrit(row["n"] - 1, 0.975))
                bound = attackers.by_squares(row["n"], row["revenue"], half, quantile)
                assert bound > 1.1 * earned[inside].max() * (1 - 1e-9)
                shown += 1
        assert attackers.found(figures, earned) == []
    assert shown > 60


def test_medians_and_quartiles_are_nobodys_own() -> None:
    rng = np.random.default_rng(3)
    spend = pd.Series(rng.lognormal(4, 1, 400))
    segment = pd.Series(rng.choice(["a", "b", "c"], 400))
    for card in personas(segment, spend, pd.DataFrame({"spend": spend})).cards:
        told = card.typical[["median", "low", "high", "everyone"]].to_numpy().ravel()
        assert not np.isin(told, spend).any()
        own = np.quantile(spend[segment == card.name], [0.5, 0.25, 0.75])
        assert told[:3] == pytest.approx(own, rel=0.1)
