"""What indicators tell of groups: nobody's own amount, whatever is subtracted from whatever."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from tests.data.conftest import OpenStudy
from workbench.data import Tables, indicator
from workbench.goals import GoalError, judge
from workbench.goals.record import read_record
from workbench.study import Goal

_REGIONS = ("North", "East", "South")


@pytest.fixture(scope="module")
def sold() -> pd.DataFrame:
    """Seven months of 60 firms; one holds nearly all of the East, one nearly all of March."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(60):
        region = _REGIONS[0 if i < 12 else 1 if i < 20 else 2]
        for month in range(1, 8):
            if rng.random() < 0.7 or (i, month) == (30, 3):
                amount = float(rng.lognormal(4, 0.5))
                amount *= 100 if i == 12 else 900 if i == 30 and month == 3 else 1
                rows.append((f"F{i:02d}", region, f"2025-{month:02d}-{rng.integers(1, 28):02d}",
                             round(amount, 2)))  # fmt: skip
    return pd.DataFrame(rows, columns=["customer_id", "region", "date", "amount"])


@pytest.fixture(scope="module")
def firms(module_study: OpenStudy, sold: pd.DataFrame) -> Tables:
    card = {"privacy": {"min_cell": 5}, "as_of": "2025-07-31"}
    return module_study(card, transactions=sold.to_csv(index=False))


def told(frame: pd.DataFrame, sold: pd.DataFrame, keys: list[str]) -> list:
    """Give what is told: of whom, in which month, and how much."""
    month = pd.to_datetime(sold["date"]).dt.to_period("M").dt.start_time
    figures = []
    for row in frame[frame["estimate"].notna()].to_dict("records"):
        inside = np.ones(len(sold), dtype=bool)
        for key in keys:
            inside &= ((month if key == "period" else sold[key]) == row[key]).to_numpy()
        figures.append((inside, row["estimate"]))
    return figures


def of_customers(figures: list, sold: pd.DataFrame) -> list[str]:
    """Let the attackers at sums of rows: what they tell of each customer's rows of a month."""
    month = pd.to_datetime(sold["date"]).dt.to_period("M").astype(str)
    unit = pd.factorize(sold["customer_id"] + month)[0]
    values = np.bincount(unit, sold["amount"])
    first = np.unique(unit, return_index=True)[1]
    return attackers.found([(inside[first], total) for inside, total in figures], values)


@pytest.mark.parametrize(
    ("by", "where"),
    [((), {}), (("region",), {}), ((), {"region": "South"}), ((), {"region": "North"})],
)
def test_sales_of_groups_and_months_give_nobody_away(
    firms: Tables, sold: pd.DataFrame, by: tuple[str, ...], where: dict[str, str]
) -> None:
    frame = indicator(firms, "sales", by=by, where=where)
    chosen = (
        sold[np.logical_and.reduce([sold[c] == v for c, v in where.items()])] if where else sold
    )
    figures = told(frame, chosen, ["period", *by])
    totals = indicator(firms, "sales")
    if where:  # the rest of a month is what is left of all
        inside = sold.index.isin(chosen.index)
        figures = [(_spread(one, inside), total) for one, total in figures]
    figures += told(totals, sold, ["period"])
    figures.append((np.ones(len(sold), dtype=bool), sold["amount"].sum()))
    assert of_customers(figures, sold) == []
    assert 0 < frame["withheld"].sum() < len(frame)


def _spread(inside: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    whole = np.zeros(chosen.size, dtype=bool)
    whole[np.flatnonzero(chosen)] = inside
    return whole


def test_the_study_would_give_somebody_away_without_the_rule(sold: pd.DataFrame) -> None:
    """So that the test above can fail."""
    month = pd.to_datetime(sold["date"]).dt.to_period("M")
    figures = [
        ((month == one).to_numpy(), sold["amount"][month == one].sum()) for one in month.unique()
    ]
    assert of_customers(figures, sold)


def test_means_ratios_and_errors_obey_too(firms: Tables, sold: pd.DataFrame) -> None:
    by_region = indicator(firms, "average_order", every=None, by=["region"])
    east = by_region.set_index("region").loc["East"]
    assert east["withheld"] and np.isnan(east["estimate"]) and east["n"] > 0
    # one more is withheld, since all less the two others would be the East
    assert by_region["withheld"].sum() == 2
    assert not indicator(firms, "average_order", every=None)["withheld"].any()


def test_an_interval_that_bounds_the_largest_is_withheld_alone(module_study: OpenStudy) -> None:
    rows = "".join(f"C{i},2025-01-10,{2000 if i == 0 else 10}\n" for i in range(401))
    tables = module_study(
        {"privacy": {"min_cell": 5}}, transactions="customer_id,date,amount\n" + rows
    )
    sales = indicator(tables, "sales").iloc[0]
    assert sales["estimate"] == 6000 and not sales["withheld"] and np.isnan(sales["sd"])
    assert np.isnan(indicator(tables, "average_order").iloc[0]["sd"])
    assert np.isfinite(indicator(tables, "repeat_purchase", every=None).iloc[0]["sd"])


def test_few_answers_and_contacts_are_withheld_and_counts_are_not(module_study: OpenStudy) -> None:
    survey = "respondent_id,wave,answered_on,customer_id,csat5,recommend\n" + "".join(
        f"R{i},2025-H1,2025-0{1 if i < 3 else 2}-10,C{i},{3 + i % 3},{i % 11}\n" for i in range(20)
    )
    contacts = "customer_id,at,kind,response_hours,resolved\n" + "".join(
        f"C{i},2025-0{1 if i < 3 else 2}-1{i % 9} 09:00,enquiry,{1 + i},yes\n" for i in range(20)
    )
    tables = module_study({"privacy": {"min_cell": 5}}, survey=survey, interactions=contacts)
    for name in ("satisfaction", "nps", "satisfied", "response_hours", "response_median"):
        frame = indicator(tables, name)
        assert frame["withheld"].tolist() == [True, True], name  # else the three follow
    assert indicator(tables, "rows.interactions")["estimate"].tolist()[:2] == [3.0, 17.0]
    alone = indicator(tables, "nps", where={"customer_id": [f"C{i}" for i in range(3, 20)]})
    assert alone["withheld"].all()


def test_goals_say_what_they_leave_out(firms: Tables) -> None:
    goals = [
        Goal(name=n, title=n, indicator="sales", baseline={"value": 1.0, "date": "2025-01-31"},
             target=2.0, deadline="2025-12-31", direction="up", owner="x")
        for n in ("all", "east")
    ]  # fmt: skip
    frame = indicator(firms, "sales")
    hidden = frame.assign(withheld=True, estimate=np.nan)
    known = frame.assign(
        withheld=[True, True, *[False] * (len(frame) - 2)],
        estimate=[np.nan, np.nan, *range(1, len(frame) - 1)],
    )
    assert read_record(known).withheld == 2
    report = judge(goals, {"all": known, "east": hidden}, as_of=pd.Timestamp("2025-07-31").date())
    assert [g.name for g in report.goals] == ["all"] and len(report.table) == 1
    told = [[t["en"] for t in f.values["goals"]] for f in report.withheld()]
    assert told == [["all"], ["east"]]
    with pytest.raises(GoalError, match="withheld"):
        judge(goals[1:], {"east": hidden}, as_of=pd.Timestamp("2025-07-31").date())
