"""Who buys what: by hand, against the formulas, and with nobody given away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.products.examples import purchases
from workbench.errors import DataError
from workbench.products import penetration, penetration_by_segment
from workbench.products.penetration import OTHERS
from workbench.stats import ratio_interval, wilson


def bought(*rows: tuple[str, str | None, int, int, float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    own = pd.DataFrame(rows, columns=["customer_id", "item", "half", "orders", "spend"])
    return own, own.groupby(["customer_id", "half"], as_index=False)[["orders", "spend"]].sum()


def test_shares_are_those_worked_by_hand() -> None:
    rows = [(f"c{i}", "tea", 0, 2, 10.0) for i in range(8)]
    rows += [(f"c{i}", "cups", 1, 1, 30.0) for i in range(4, 10)]
    found = penetration(*bought(*rows), min_cell=5)
    table = found.table.set_index("item")
    assert found.customers == 10
    assert table["n"].to_dict() == {"tea": 8, "cups": 6}
    assert table["penetration"].to_dict() == {"tea": 0.8, "cups": 0.6}
    assert table["frequency"].to_dict() == {"tea": 2.0, "cups": 1.0}
    assert table.loc["tea", "share"] == pytest.approx(80 / 260)
    low, high = wilson(8, 10)
    assert (table.loc["tea", "penetration_low"], table.loc["tea", "penetration_high"]) == (
        pytest.approx(float(low)), pytest.approx(float(high)),
    )  # fmt: skip
    # all 8 who bought in the first half had tea, nobody of the second did
    assert table.loc["tea", "change"] == -1.0
    assert found.spent["tea"].value == -80 and found.spent["cups"].value == 180


def test_a_share_of_spending_has_the_interval_of_a_ratio_over_customers() -> None:
    own, whole = purchases()
    table = penetration(own, whole).table.set_index("item")
    total = whole.groupby("customer_id")["spend"].sum()
    tea = own[own["item"] == "tea"].groupby("customer_id")["spend"].sum().reindex(total.index)
    expected = ratio_interval(tea.fillna(0).to_numpy(), total.to_numpy())
    row = table.loc["tea"]
    assert (row["share"], row["share_low"], row["share_high"]) == pytest.approx(tuple(expected))
    assert table["share"].sum() == pytest.approx(1)
    assert table.index[-1] == OTHERS


def test_what_falls_is_found_and_what_stays_is_not() -> None:
    found = penetration(*purchases())
    said = {f.key: f for f in found.findings()}
    (fell,) = [f for key, f in said.items() if key.startswith("products.fell")]
    assert fell.values["item"] == {"en": "cups"} and fell.values["change"].high < 0
    assert fell.advice is not None and fell.money is not None and fell.money.high < 0
    assert fell.money.high - fell.money.value == pytest.approx(fell.money.value - fell.money.low)
    assert fell.money.low < fell.money.value < fell.money.high
    assert "products.steady" not in said


def test_changes_by_chance_are_rarely_said_to_be_any() -> None:
    """40 draws of the same customers in both halves: 5 % and two standard errors allow 12 %."""
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng([5, seed])
        taste = rng.random((120, 5)) * 0.8
        rows = [
            (f"c{c}", f"item {i}", half, 1, 1.0)
            for half in (0, 1)
            for c, i in zip(*np.nonzero(rng.random((120, 5)) < taste), strict=True)
        ]
        alarms += bool((penetration(*bought(*rows)).table["p"] < 0.05).any())
    assert alarms / 40 <= 0.12


def test_nobody_is_given_away() -> None:
    rows = [(f"c{i}", "tea", 0, 1, 10.0) for i in range(30)]
    rows += [(f"c{i}", "cups", 0, 1, 5.0) for i in range(20)]
    few = [("c0", "yacht", 0, 1, 40.0), ("c1", "pot", 0, 1, 8.0)]
    found = penetration(*bought(*rows, *few), min_cell=5)
    shown = set(found.items["item"])
    assert "yacht" not in shown and "pot" not in shown and found.pooled >= 2
    assert found.table["n"].min() >= 5 and found.table["share"].notna().all()
    rich = penetration(*bought(*rows, ("c0", "tea", 1, 1, 9e6)), min_cell=5)
    assert set(rich.items["item"]) == {"tea", "cups"} and "share" not in rich.table
    with pytest.raises(DataError, match="too few customers"):
        penetration(*bought(("a", "tea", 0, 1, 5.0), ("b", "tea", 1, 1, 5.0)), min_cell=5)


def test_segments_withhold_small_cells_and_what_would_tell_them() -> None:
    own, _ = bought(
        *[(f"c{i:02d}", "tea", 0, 1, 1.0) for i in range(40)],
        *[(f"c{i:02d}", "cups", 0, 1, 1.0) for i in range(18, 32)],
    )
    segment = pd.Series(np.where(np.arange(40) < 20, "A", "B"), [f"c{i:02d}" for i in range(40)])
    found = penetration_by_segment(own, segment, min_cell=5).table.set_index(["segment", "item"])
    assert found.loc[("A", "tea"), "penetration"] == 1.0
    # two of A bought cups; with the total, B's number would tell them
    assert found.loc[("A", "cups"), "withheld"] and found.loc[("B", "cups"), "withheld"]


def test_a_log_without_amounts_has_no_shares_of_spending() -> None:
    own, whole = purchases()
    found = penetration(own.assign(spend=0.0), whole.assign(spend=0.0), valued=False)
    assert "share" not in found.table and found.spent == {}
    assert "most is spent" not in found.findings()[0].text
