"""The CDNOW log is the one that the papers used: their counts come out of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from workbench.data import CustomerSummary, Tables, customer_summary, indicator, open_tables
from workbench.study import load_study

CDNOW = Path(__file__).parents[2] / "data" / "cdnow"
pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def tables() -> Tables:
    return open_tables(load_study(CDNOW))


@pytest.fixture(scope="module")
def sample(tables: Tables) -> CustomerSummary:
    end = dt.date.fromisoformat(str(tables.study.parameters["clv"]["calibration_end"]))
    return customer_summary(tables, "transactions_sample", calibration_end=end)


def test_master_and_sample_are_complete(tables: Tables) -> None:
    master, sample = tables.frame("transactions"), tables.frame("transactions_sample")
    assert (len(master), master["customer_id"].nunique()) == (69_659, 23_570)
    assert (len(sample), sample["customer_id"].nunique()) == (6_919, 2_357)
    assert tables.report.kept == tables.report.read == 69_659, "the sample is not counted again"
    assert tables.report.table["part_of"].tolist() == ["", "transactions"]
    assert str(master["date"].min().date()) == "1997-01-01"
    assert str(master["date"].max().date()) == "1998-06-30"


def test_the_sample_is_part_of_the_master(tables: Tables) -> None:
    master, sample = tables.frame("transactions"), tables.frame("transactions_sample")
    columns = ["customer_id", "date", "amount", "quantity"]
    of_sample = master[master["customer_id"].isin(sample["customer_id"])]
    one = of_sample.sort_values(columns)[columns].to_numpy().tolist()
    assert one == sample.sort_values(columns)[columns].to_numpy().tolist()


def test_repeat_purchases_are_those_of_fader_hardie_and_lee(sample: CustomerSummary) -> None:
    # Marketing Science 24(2), 2005, section 4: 2,357 customers, 2,457 repeat transactions by the
    # end of week 39, 1,411 customers without one, 1,882 in the 39 weeks that follow.
    frame = sample.frame()
    assert len(frame) == 2_357
    assert frame["frequency"].sum() == 2_457
    assert (frame["frequency"] == 0).sum() == 1_411
    assert sample.holdout is not None
    assert sample.holdout["holdout_frequency"].sum() == 1_882 == sample.counts.holdout
    assert sample.holdout_length == 39.0
    assert sample.grouped()["n"].sum() == 2_357


def test_the_busiest_customer_is_customer_1516(tables: Tables, sample: CustomerSummary) -> None:
    # Pareto/NBD papers: customer 1516 has x 26, t_x 30.857, T 31.
    ids = [line.split(",")[0] for line in (CDNOW / "transactions_sample.csv").open()][1:]
    raw = list(dict.fromkeys(ids))[1516 - 1]
    row = sample.frame().set_index("customer_id").loc[tables.pseudonym(raw)]
    assert row["frequency"] == 26
    assert (row["recency"], row["age"]) == (pytest.approx(30.857, abs=5e-4), 31.0)


def test_only_946_customers_say_what_a_repeat_purchase_is_worth(sample: CustomerSummary) -> None:
    spend = sample.frame()["mean_spend"].dropna()
    assert len(spend) == 946
    assert (spend > 0).all()


def test_the_goals_can_be_measured_at_their_baseline_and_deadline(tables: Tables) -> None:
    for goal in tables.study.goals:
        found = indicator(tables, goal.indicator, every=goal.every).set_index("period")
        # The baseline is the period that ends on its date.
        last = pd.Period(goal.baseline.date, freq="Q" if goal.every == "quarter" else "M")
        baseline = found.loc[last.start_time, "estimate"]
        assert baseline == pytest.approx(goal.baseline.value, abs=5e-4)
        assert bool(found["complete"].iloc[-1])
        assert goal.deadline.year == 1998
