"""Changes of groups from wave to wave: intervals, p-values that belong to them, false alarms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.errors import DataError
from workbench.satisfaction import GroupChanges, changes_by_group, loyalty_by, prepare_survey
from workbench.study.survey import Survey

CARD = Survey(dimensions={"a": ("01", "02", "03")}, groups=("region",))


def frame(seed: int, *, n: int = 320, fall: float = 0.0) -> pd.DataFrame:
    """Two waves of n answers in four regions; experience falls in G0."""
    rng = np.random.default_rng(seed)
    group, late = rng.integers(4, size=2 * n), np.repeat([False, True], n)
    felt = rng.normal(size=2 * n) - np.where((group == 0) & late, fall, 0)
    columns = {
        "respondent_id": [f"r{i}" for i in range(2 * n)],
        "wave": np.where(late, "2025", "2024"),
        "region": [f"G{g}" for g in group],
    }
    for item in CARD.codes:
        columns["per_" + item] = np.clip(np.round(4 + felt + rng.normal(size=2 * n)), 1, 7)
        columns["exp_" + item] = np.clip(np.round(5 + rng.normal(size=2 * n)), 1, 7)
    columns["csat5"] = np.clip(np.round(3.5 + 0.8 * felt + 0.5 * rng.normal(size=2 * n)), 1, 5)
    columns["recommend"] = np.clip(np.round(7 + 2 * felt + rng.normal(size=2 * n)), 0, 10)
    return pd.DataFrame(columns)


def changes(table: pd.DataFrame, min_cell: int = 5) -> GroupChanges:
    return changes_by_group(prepare_survey(table, CARD, min_cell=min_cell))


def test_means_are_welchs_and_scores_those_of_the_waves() -> None:
    table = frame(1, fall=0.5)
    found = changes(table).table.set_index(["measure", "group"])
    mine = table[table["region"] == "G1"].assign(all=lambda t: t.filter(like="per_").mean(axis=1))
    before, after = (mine.loc[mine["wave"] == wave, "all"] for wave in ("2024", "2025"))
    test = stats.ttest_ind(after, before, equal_var=False)
    row = found.loc[("Mean experience", "G1")]
    assert row["p"] == pytest.approx(test.pvalue, abs=1e-9)
    assert row["low"] == pytest.approx(test.confidence_interval().low, abs=1e-9)
    nps = loyalty_by(mine, "wave", column="recommend").changes.iloc[0]
    row = found.loc[("Net promoter score", "G1")]
    assert [row["estimate"], row["low"]] == pytest.approx([nps["estimate"], nps["low"]])


def test_a_p_value_says_what_its_interval_says() -> None:
    rows = changes(frame(2, fall=0.6)).table
    outside = (rows["low"] > 0) | (rows["high"] < 0)
    assert ((rows["p"] < 0.05) == outside).all() and outside.any() and not outside.all()


def test_a_group_that_fell_is_named_and_where_none_moved_hardly_ever_one() -> None:
    found = changes(frame(3, fall=0.8))
    assert set(found.moved["group"]) == {"G0"} and (found.moved["estimate"] < 0).all()
    assert found.findings()[0].text.endswith("G0")
    # 5 of 100 such surveys named one (bound 5 %, two standard errors: 9); ten of them here
    assert sum(not changes(frame(100 + seed)).moved.empty for seed in range(10)) <= 2


def test_small_groups_are_withheld_and_one_wave_has_no_change() -> None:
    table = frame(4)
    table = table[(table["region"] != "G3") | (table.groupby("region").cumcount() < 8)]
    rows = changes(table, min_cell=20).table.set_index("group")
    assert rows.loc["G3", "withheld"].all() and rows.loc["G3", "estimate"].isna().all()
    with pytest.raises(DataError, match="one wave only"):
        changes(table[table["wave"] == "2024"])
