"""The pyramid, Lorenz and Gini."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from workbench.errors import DataError
from workbench.segments import gini, lorenz, share_of_top, tiers
from workbench.stats import rounded_down, rule_of, sensitive


def test_gini_of_a_few_by_hand() -> None:
    assert gini([1, 1, 1, 1]).value == pytest.approx(0)
    assert gini([0, 0, 0, 1]).value == pytest.approx(0.75)
    # mean absolute difference 10/8 over twice the mean 5
    assert gini([1, 2, 3, 4]).value == pytest.approx(0.25)


def test_gini_and_top_share_cover_their_truth() -> None:
    rng = np.random.default_rng(1)
    # lognormal with sigma 1: Gini erf(1/2), top fifth by the normal distribution
    truth_gini, truth_top = 0.5204999, 0.5630
    hits = np.zeros(2)
    for _ in range(300):
        y = rng.lognormal(0, 1, 1500)
        hits += [truth_gini in gini(y), truth_top in share_of_top(y, 0.2)]
    assert (hits / 300 >= 0.90).all() and (hits / 300 <= 0.985).all()


def test_tiers_hold_the_stated_shares_of_customers_and_all_of_the_value() -> None:
    value = pd.Series(np.arange(1.0, 1001.0), index=[f"c{i}" for i in range(1000)])
    found = tiers(value)
    assert found.table["n"].tolist() == [10, 40, 150, 800]
    assert found.table["share"].sum() == pytest.approx(1)
    assert found.tier["c999"] == "Top 1%" and found.tier["c0"] == "Remaining 80%"
    assert (
        (found.table["low"] < found.table["share"]) & (found.table["share"] < found.table["high"])
    ).all()
    assert set(found.estimates()) == {"gini", *found.table["tier"]}
    found.plot()


def test_customers_of_equal_value_share_the_higher_tier() -> None:
    found = tiers([5.0] * 30 + [1.0] * 70)
    # 30 would more than double the top 1 % and the next 4 %
    assert found.table["n"].tolist() == [0, 0, 30, 70]
    assert tiers([5.0] * 2 + [1.0] * 98).table["n"].tolist() == [2, 0, 0, 98]
    assert tiers([5.0] * 3 + [1.0] * 97).table["n"].tolist() == [0, 3, 0, 97]
    # who is like everybody else is in no top tier
    assert tiers([5.0] * 100).table["n"].tolist() == [0, 0, 0, 100]
    assert tiers([5.0] * 2 + [1.0] * 98).table["tier"].tolist() == [
        "Highest tier", "Second tier", "Third tier", "Lowest tier",
    ]  # fmt: skip
    halves = tiers([5.0] * 30 + [1.0] * 70, pyramid={"half": 0.5, "rest": 1})
    assert halves.table["n"].tolist() == [30, 70]


def test_a_tier_is_called_the_top_hundredth_only_if_it_holds_one() -> None:
    for n in (999, 1000, 1001, 37):
        found = tiers([1e6] + [5.0] * (n - 1))
        assert found.table["n"].iloc[0] == 1 and found.table["n"].iloc[-1] == n - 1
        assert "Top 1%" not in set(found.tier) | set(found.table["tier"])
        assert found.findings()[-1].key == "segments.tiers.ties"
    spread = tiers(np.arange(1.0, 38.0))
    assert spread.as_meant and spread.table["tier"].iloc[0] == "Top 1%"


def test_the_top_fifth_holds_what_a_fifth_of_the_customers_hold_also_among_equals() -> None:
    assert share_of_top([1.0] * 10, 0.2).value == pytest.approx(0.2)
    # two of ten: the 5 and one of the nine ones
    held = share_of_top([5.0] + [1.0] * 9, 0.2)
    assert held.value == pytest.approx(6 / 14) and held.kind == "percent"
    assert share_of_top(np.arange(1.0, 11.0), 0.2).value == pytest.approx(19 / 55)
    # the third of ten has what the second has: beside the tier of both their amount would follow
    assert share_of_top([9.0, 5, 5, 1, 1, 1, 1, 1, 1, 1], 0.2).value == pytest.approx(14 / 26)
    tied = share_of_top([9.0, 5, 5, 1, 1, 1, 1, 1, 1, 1], 0.2, min_cell=5)
    assert tied.value == pytest.approx(19 / 26)
    assert share_of_top([3.0], 0.2).value == 1 and share_of_top([1.0, 2.0], 1).value == 1
    for share in (0, 1.2):
        with pytest.raises(DataError, match="share is"):
            share_of_top([1.0, 2.0], share)


def test_what_the_tiers_show_is_said_with_its_numbers() -> None:
    # 20 of 100 hold 200 of 280; 14 hold half: 10 each
    found = tiers([10.0] * 20 + [1.0] * 80, pyramid={"top": 0.2, "rest": 1}, of="spend", min_cell=5)
    half, share, ratio = found.findings()
    assert half.text == "14 customers hold half of the spend"
    assert share.text.startswith("They are 0.14 (")
    assert ratio.text.startswith("One top-tier customer is worth as much as 10")
    assert found.picture().title.text == "0.2 of the customers hold 0.714 of the spend"
    assert "Fewer than 15" in tiers([10.0] * 20 + [1.0] * 80, min_cell=15).findings()[0].text
    alike = tiers([5.0] * 100, of="spend")
    assert alike.picture().title.text == "How much of the spend each tier holds"
    assert [finding.key for finding in alike.findings()] == [
        "segments.half", "segments.half.share", "segments.tiers.ties",
    ]  # fmt: skip
    withheld = tiers([10.0] * 2 + [1.0] * 98, pyramid={"top": 0.02, "rest": 1}, min_cell=5)
    assert withheld.table["share"].isna().all()
    assert withheld.picture().title.text == "How much of the value each tier holds"


def test_one_may_draw_ones_own_pyramid() -> None:
    found = tiers(np.arange(10.0), pyramid={"gold": 0.1, "rest": 1.0})
    assert found.table["n"].tolist() == [1, 9]
    with pytest.raises(DataError, match="do not rise to 1"):
        tiers([1.0, 2.0], pyramid={"gold": 0.5, "rest": 0.4})


def test_the_lorenz_curve_runs_from_nothing_to_everything() -> None:
    curve = lorenz([1.0, 3.0])
    assert curve["value"].tolist() == [0, 0.25, 1]
    assert tiers([1.0, 3.0]).plot_lorenz().get_ylabel() == "Share of value"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "there is no customer"),
        ([1.0, np.nan], "row 1: value is missing or infinite"),
        ([1.0, -2.0], "row 1: value is negative"),
        ([0.0, 0.0], "every value is zero"),
        (["a"], "value holds text"),
    ],
)
def test_unusable_values_are_refused(value: list, told: str) -> None:
    with pytest.raises(DataError, match=told):
        tiers(value)


def test_two_attackers_find_nobody_in_tiers_of_heavy_tails() -> None:
    """Counts, means and shares of tiers, points of the Lorenz curve, all with the total known."""
    rng, shown, rows = np.random.default_rng(5), 0, 0
    for _ in range(40):
        n = int(rng.integers(5, 400))
        values = attackers.heavy(rng, n)
        found = tiers(values, min_cell=5)
        total, order = values.sum(), np.argsort(-values, kind="stable")
        if found.lorenz.empty:
            assert found.table["share"].isna().all() and not found.estimates()
            assert found.picture() is None and found.inequality() is None
            continue
        figures = [(np.ones(n, dtype=bool), total)]
        for row in found.table.to_dict("records"):
            rows += row["n"] > 0
            if row["share"] == row["share"] and row["n"]:
                inside = (found.tier == row["tier"]).to_numpy()
                figures += [(inside, row["share"] * total), (inside, row["n"] * row["mean"])]
                shown += 1
        for say in found.findings():
            if say.key == "segments.tiers.together":
                figures.append((found.tier.isin(say.values["tiers"]).to_numpy(),
                                say.values["share"].value * total))  # fmt: skip
        for point in found.lorenz.to_dict("records"):
            above = np.zeros(n, dtype=bool)
            above[order[: n - round(point["customers"] * n)]] = True
            figures.append((above, (1 - point["value"]) * total))
        assert attackers.found(figures, values) == []
        few = next(f for f in found.findings() if f.key == "segments.half")
        if few.message.startswith("{n}"):
            assert not sensitive(values[order[: few.values["n"]]], rule_of(5))
    assert shown > 0.5 * rows


def test_where_a_tier_starts_is_nobodys_own_amount() -> None:
    values = np.random.default_rng(6).lognormal(5, 1, 2000)
    starts = tiers(values, min_cell=5).table["from_value"]
    assert not np.isin(starts, values).any() and (starts == [rounded_down(x) for x in starts]).all()
    assert (np.diff(starts) < 0).all()


def test_an_interval_that_tells_the_largest_is_left_out_with_its_mean_kept() -> None:
    values = np.r_[100.0, 20, 5, 3, 2, 2, np.full(114, 1.9)]
    top = tiers(values, pyramid={"top": 0.05, "rest": 1}, min_cell=5).table.iloc[0]
    assert top["mean"] == 22.0 and np.isnan(top["low"]) and top["n"] == 6
