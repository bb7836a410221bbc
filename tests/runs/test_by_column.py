"""A page for each value of a column: those that may be told of, never a person or account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from workbench.errors import DataError
from workbench.gate import groups_of
from workbench.runs import plan_study
from workbench.runs.pipeline import PipelineError, load_pipeline
from workbench.study import load_study

Make = Callable[..., Any]


def test_each_value_that_may_be_shown_has_an_execution_with_a_key_for_files(project: Make) -> None:
    made = project(by_group={"for_each": "transactions.region"}, gathers={"after": ["*"]})
    asked: list[str] = []

    def groups(study: Any, column: str) -> list[str]:
        asked.append(column)
        return ["North East", "华东"]

    found = plan_study(made.study, made.root, groups=groups)
    assert asked == ["transactions.region"]
    assert [(step.key, step.parameters.get("group")) for step in found.steps] == [
        ("by_group-North_East", "North East"), ("by_group-华东", "华东"), ("gathers", None),
    ]  # fmt: skip
    for none in (None, lambda study, column: []):
        left = plan_study(made.study, made.root, groups=none)
        (skip,) = left.skips
        assert skip.reason == "no value of transactions.region may be shown by itself"


def test_without_the_table_there_are_no_pages(project: Make) -> None:
    made = project(by_group={"for_each": "customers.region"})
    (skip,) = plan_study(made.study, made.root, groups=lambda study, column: ["North"]).skips
    assert skip.reason == "the study has no table customers"


def test_a_word_that_is_neither_a_section_nor_a_column_is_refused(project: Make) -> None:
    made = project(by_group={"for_each": "cases"})
    (made.root / "notebooks/pipeline.yml").write_text("by_group: {for_each: regions}")
    with pytest.raises(PipelineError, match="unknown section 'regions'"):
        load_pipeline(made.root / "notebooks")


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Four regions: a large one, one of four customers, one of which one buys all, one more."""
    folder = tmp_path_factory.mktemp("firm") / "firm"
    folder.mkdir()
    region = np.repeat(["North", "Island", "Mine", "South"], [60, 4, 12, 40])
    who = [f"c{i:03d}" for i in range(len(region))]
    spend = np.full(len(region), 50.0)
    spend[64:76] = 5.0
    spend[64] = 2_000.0
    people = pd.DataFrame({"customer_id": who, "region": region, "city": who})
    sold = pd.DataFrame({"customer_id": who, "date": "2025-03-01", "amount": spend})
    people.to_csv(folder / "customers.csv", index=False)
    sold.to_csv(folder / "transactions.csv", index=False)
    card = {
        "title": "A firm", "as_of": "2025-12-31", "currency": "EUR",
        "tables": {name: {"path": f"{name}.csv"} for name in ("customers", "transactions")},
    }  # fmt: skip
    (folder / "study.yml").write_text(yaml.safe_dump(card), encoding="utf-8")
    return load_study(Path(folder))


def test_values_hold_the_threshold_and_pass_dominance_and_none_follows(firm: Any) -> None:
    # Island has too few, in Mine one has nearly all; together they tell of neither
    assert groups_of(firm, "customers.region") == ["North", "South"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("customers.customer_id", "one person's or one account's"),
        ("customers.name", "one person's or one account's"),
        ("accounts.industry", "one person's or one account's"),
        ("customers.regoin", "has no column 'regoin' of its customers"),
        ("customers.city", "116 values: pages are for groups"),
    ],
)
def test_identifiers_and_accounts_are_refused(firm: Any, column: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        groups_of(firm, column)
