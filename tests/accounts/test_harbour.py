"""Harbour's business customers and pipeline, found as they were made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.accounts import (
    conversion,
    health,
    key_accounts,
    loss_reasons,
    pipeline_forecast,
    sources,
    visit_effect,
)
from workbench.data import account_tree, leads, open_tables, pipeline
from workbench.service import follow_ups
from workbench.study import load_study

HARBOUR = Path(__file__).parents[2] / "data" / "harbour"
AS_OF = pd.Timestamp("2025-12-31").date()


@pytest.fixture(scope="module", autouse=True)
def key() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_KEY", "0123456789abcdef")
        yield


@cache
def opened() -> tuple[Any, Any]:
    tables = open_tables(load_study("harbour"), cache=False)
    return tables, account_tree(tables)


@cache
def true() -> dict[str, Any]:
    return json.loads((HARBOUR / "truth.json").read_text("utf-8"))["business"]


def sales() -> pd.DataFrame:
    tables, tree = opened()
    return tree.rolled(tables.frame("transactions_business"))


def test_all_accounts_are_known_and_the_tree_has_its_tops() -> None:
    tables, tree = opened()
    assert len(tree.accounts) == true()["accounts"]
    assert tree.accounts["top"].nunique() == true()["on_top"]
    # accounts are customers, though the study has private ones in another table
    assert tables.report["transactions_business"].unknown_customers == 0


def test_each_industry_moves_as_it_was_made_to() -> None:
    found = key_accounts(sales(), opened()[1].tops(), as_of=AS_OF, currency="CNY")
    own = found.table[found.table["by"] == "industry"].set_index("group")
    # those who left in the last half year take a twelfth or so off
    kept = 1 - true()["chance_of_leaving_in_half_a_year"] / 2
    for name, factor in true()["growth_2025"].items():
        if name in own.index and np.isfinite(own.loc[name, "change_low"]):
            low, high = own.loc[name, "change_low"] - 0.1, own.loc[name, "change_high"] + 0.1
            assert low < factor * kept - 1 < high, name


def test_the_health_score_foresees_those_who_order_less_before_they_leave() -> None:
    found = health(sales(), as_of=AS_OF, about=opened()[1].tops(), currency="CNY")
    assert found.stopping is not None and found.stopping.low > 0.5
    assert found.given == 3 and set(found.scores["reason"].dropna()) == {
        "Tender lost to a rival", "Merger announced", "Framework contract signed"
    }  # fmt: skip


def test_the_pipeline_has_its_true_chances_sources_and_reasons() -> None:
    tables, _ = opened()
    found = pipeline(tables)
    ends = conversion(found.frame, found.log, as_of=AS_OF, days=365)
    told = ends.table.set_index("stage")
    assert list(told.index) == list(true()["stages"])
    # sources differ: on the whole the chance of going on is near that of the plain one
    for stage, chance in true()["stages"].items():
        assert abs(told.loc[stage, "on"] - chance) < 0.06, stage
    by = sources(found.frame, as_of=AS_OF, days=365).table.set_index("source")
    for name, chance in true()["won_in_the_end"].items():
        assert by.loc[name, "share_low"] - 0.03 < chance < by.loc[name, "share_high"] + 0.03, name
    why = loss_reasons(found.frame).table.set_index("reason")
    for name, share in true()["reasons_of_loss"].items():
        assert why.loc[name, "share_low"] < share < why.loc[name, "share_high"], name
    outlook = pipeline_forecast(
        found.frame, found.log, as_of=AS_OF, rng=np.random.default_rng(1), draws=500
    )
    kept = outlook.coverage()
    assert kept is not None and kept.high >= 0.95
    lead = sources(leads(tables), as_of=AS_OF, what="leads", days=180).table.set_index("source")
    for name, chance in true()["leads_converted"].items():
        assert lead.loc[name, "share_low"] - 0.02 < chance < lead.loc[name, "share_high"] + 0.02


def test_visits_that_bring_nothing_are_refused_an_effect() -> None:
    tables, tree = opened()
    found = visit_effect(tree.rolled(tables.frame("visits")), sales(), as_of=AS_OF)
    assert true()["a_visit_brings"] == 0 and found.naive.low > 0 and found.reversed
    assert found.findings()[0].verdict == "cannot be told"


def test_the_closed_loop_finds_what_settles_a_case() -> None:
    own = json.loads((HARBOUR / "truth.json").read_text("utf-8"))["follow_ups"]
    found = follow_ups(opened()[0].frame("follow_ups"), as_of=AS_OF, by_lot=own["drawn_by_lot"])
    told = found.table.set_index("action")
    for name, share in own["settled"].items():
        assert told.loc[name, "settled_low"] < share < told.loc[name, "settled_high"], name
