"""Who may be offered something, what customers could spend, and the list for the firm's system."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from workbench.data import Tables
from workbench.data.offer_rules import potential, reachable, write_offers
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]
PEOPLE = "customer_id,May call,Budget\nA,yes,100\nB,no,200\nC,Y,\nD,yes,400\n"
LOG = "customer_id,date,amount\n" + "".join(
    f"{c},2025-01-0{i},5\n" for i, c in enumerate("ABCD", 1)
)
REACHED = "case,customer_id,start\nx,A,2025-06-20\nx,B,2025-06-20\nx,D,2025-01-20\n"


def test_who_may_be_contacted_and_was_not_lately(open_study: OpenStudy) -> None:
    rules = {"contact": {"May call": True}, "rest_days": 30, "potential": "Budget"}
    card = {"as_of": "2025-06-30", "offers": rules}
    tables = open_study(card, customers=PEOPLE, transactions=LOG, treatments=REACHED)
    who = tables.frame("customers").set_index("Budget")["customer_id"]
    assert set(reachable(tables)) == {who[400.0], *who[who.index.isna()]}  # type: ignore[arg-type]
    found = potential(tables)
    assert found is not None and sorted(found) == [100, 200, 400]
    silent = open_study({"as_of": "2025-06-30"}, customers=PEOPLE, transactions=LOG)
    assert reachable(silent) is None and potential(silent) is None


def test_a_column_that_is_not_there_is_named(open_study: OpenStudy) -> None:
    card = {"offers": {"contact": {"May cal": ["yes"]}, "potential": "Purse"}}
    tables = open_study(card, customers=PEOPLE, transactions=LOG)
    with pytest.raises(DataError, match="no column 'May cal'"):
        reachable(tables)
    with pytest.raises(DataError, match="have a column 'Purse'"):
        potential(tables)


def test_the_list_is_written_for_its_owner_alone(open_study: OpenStudy) -> None:
    study = open_study({}, transactions=LOG).study
    with pytest.raises(DataError, match="no run has made a list"):
        write_offers(study, None)
    results = study.folder / "results"
    results.mkdir()
    row = {"customer_id": "c1", "rank": 1, "item": "tea", "score": 2.0}
    pd.DataFrame([row]).to_parquet(results / "offers.parquet")
    (path,) = write_offers(study, results)
    assert path.parent == study.folder / "out" and path.stat().st_mode & 0o77 == 0
    assert pd.read_csv(path).to_dict("records") == [row]
