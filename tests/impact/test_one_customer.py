"""What a case tells of its groups does not tell one customer's amount."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.impact import evaluate
from workbench.study import Case, CellRule

MONTHS = pd.date_range("2024-01-01", periods=16, freq="MS")


def records(
    rng: np.random.Generator, *, firms: int = 40, one: str = "", months: slice = slice(0)
) -> pd.DataFrame:
    rows = pd.DataFrame(
        [
            {"customer_id": f"F{i}", "city": f"T{i % 8}", "period": month,
             "estimate": float(rng.lognormal(3, 0.4))}
            for i in range(firms) for month in MONTHS
        ]
    )  # fmt: skip
    rows.loc[(rows["customer_id"] == one) & rows["period"].isin(MONTHS[months]), "estimate"] = 1e6
    rows.attrs["indicator"] = {"kind": "money", "unit": "money"}
    return rows


def case(**rest: Any) -> Case:
    about = {"chosen": "random", "unit": "customer"} | rest
    return Case(name="visit", title="Visits", what="Visits.", start=MONTHS[10], period="month",
                outcomes=[{"indicator": "sales", "direction": "up"}], **about)  # fmt: skip


TREATED = pd.DataFrame(
    {"case": "visit", "customer_id": [f"F{i}" for i in range(12)], "start": MONTHS[10]}
)


@pytest.mark.parametrize("one", ["F3", "F30"])
def test_a_group_of_which_one_holds_nearly_all_is_told_of_nowhere(one: str) -> None:
    rows = records(np.random.default_rng(1), one=one, months=slice(10, 16))
    found = evaluate(rows, case(), TREATED, outcome="sales")
    assert found.effect is None and found.glance is None and found.foresight is None
    assert len(found.answers) == 0
    (refused,) = [c for c in found.checks if c.key == "one customer"]
    assert refused.values["time"] == "after"
    open_to_all = CellRule(min_cell=1, p_percent=0)
    assert evaluate(rows, case(), TREATED, outcome="sales", rule=open_to_all).effect is not None


def test_periods_are_left_out_of_what_is_drawn() -> None:
    rows = records(np.random.default_rng(2), one="F3", months=slice(3, 4))
    rows.loc[rows["estimate"] == 1e6, "estimate"] = 6000.0  # of the month, not of the time before
    found = evaluate(rows, case(), TREATED, outcome="sales")
    assert found.effect is not None
    for table in (found.effect.series, found.effect.gaps):
        gone = table["period"] == MONTHS[3]
        assert gone.any() and table.loc[gone].select_dtypes("float").isna().all(axis=None)
        assert table.loc[~gone].select_dtypes("float").notna().any(axis=None)
    assert [c.values["n"] for c in found.checks if c.key == "periods withheld"] == [1]


def test_a_group_without_the_measure_that_is_one_customers_is_no_comparison() -> None:
    rows = records(np.random.default_rng(3), firms=80, one="F7", months=slice(0, 16))
    rows.loc[rows["estimate"] == 1e6, "estimate"] = 2500.0
    of_towns = case(unit="region", treated={"city": ["T0", "T1", "T2"]})
    found = evaluate(rows, of_towns, outcome="sales")
    assert [c.values["n"] for c in found.checks if c.key == "groups withheld"] == [1]
    assert found.effect is not None and found.effect.n_units == 7


def test_shares_and_answers_are_nobodys_amount() -> None:
    rows = records(np.random.default_rng(4))
    rows["estimate"] = (rows["customer_id"] == "F3").astype(float)  # one who left, of twelve
    found = evaluate(rows, case(), TREATED, outcome="churn")
    assert not {"one customer", "periods withheld"} & {c.key for c in found.checks}
