"""Two attackers at the twin of a study with key accounts in small groups and three months."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests import attackers
from tests.data.test_twin import write
from workbench.data.privacy.margins import Holders, middle_grid
from workbench.data.privacy.twin import _raw_tables, _whose, twin_tables
from workbench.data.schemas import schema_of
from workbench.study import CellRule, load_study

REPO = Path(__file__).parents[2]
KEYS = ("Alphacorp", "Betaworks", "Gammatec")


def firm(much: float = 1_000_000.0, others: float | None = None) -> dict[str, pd.DataFrame]:
    """Three key accounts, each in a group of seven, over forty small ones."""
    less = much if others is None else others
    rng = np.random.default_rng(5)
    ids = [*KEYS, *(f"Shop{i:02d}" for i in range(44))]
    group = ["chemicals", "steel", "paper"] + ["chemicals", "steel", "paper"] * 6 + ["trade"] * 26
    # a year's frame, in three monthly parts each: the same sum on many rows of one customer
    parts = {"Alphacorp": much / 12, "Betaworks": less / 14, "Gammatec": less / 23}
    rows = [(who, f"2025-{m:02d}-15", f"{parts[who]:.2f}", f"works {who[0]}", "frame")
            for who in KEYS for m in (1, 2, 3) for _ in range(4)]  # fmt: skip
    for who in ids[3:]:
        for _ in range(int(rng.integers(1, 5))):
            day = f"2025-{rng.integers(1, 4):02d}-{rng.integers(1, 29):02d}"
            paid = f"{rng.gamma(2.0, 40.0):.2f}"
            rows.append((who, day, paid, f"branch {rng.integers(1, 4)}", "call"))
    sold = pd.DataFrame(rows, columns=["customer_id", "date", "amount", "site", "kind"])
    people = pd.DataFrame({"customer_id": ids, "industry": group})
    people["staff"] = [str(int(x)) for x in [much / 90, less / 110, less / 170,
                                             *rng.integers(1, 60, 44)]]  # fmt: skip
    contracts = people[["customer_id"]].assign(
        contract_id=[f"V{i}" for i in range(47)],
        start="2025-01-01",
        monthly_fee=[f"{much / 48:.2f}", f"{less / 77:.2f}", *["40"] * 25, *["60"] * 20],
    )
    return {"customers": people, "transactions": sold, "contracts": contracts}


def as_read(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), None)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    study = write(tmp_path_factory.mktemp("firm"), firm(), plain=True)
    return twin_tables(study, seed=4)


def test_they_find_nobody_in_it(twin: dict[str, pd.DataFrame]) -> None:
    for name, raw in firm().items():
        assert attackers.in_twin(as_read(raw), twin[name], raw["customer_id"]) == [], name
    held = {str(one) for frame in twin.values() for c in frame for one in frame[c].dropna()}
    assert not any(key[:4] in one for key in KEYS for one in held)
    assert {"works A", "works B", "works G", "frame"}.isdisjoint(held)
    assert {"branch 1", "call", "40", "60"} <= held


def test_they_do_find_somebody_in_the_raw_tables() -> None:
    """The attackers are no scarecrows: of the tables themselves they tell all three."""
    for name, raw in firm().items():
        found = attackers.in_twin(as_read(raw), as_read(raw), raw["customer_id"])
        assert any("somebody's" in one for one in found), name
    raw = as_read(firm()["transactions"])
    found = attackers.in_twin(raw, raw, raw["customer_id"])
    assert any("amount: the largest" in one for one in found)
    assert any("amount by kind, frame: sum" in one for one in found) is False  # two hide the third
    blurred = raw.assign(amount=[f"{float(x) * 1.03:.2f}" for x in raw["amount"]])
    assert any("by site, works A: sum" in one for one in
               attackers.in_twin(raw, blurred, raw["customer_id"]))  # fmt: skip


def test_what_the_largest_has_leaves_no_trace(tmp_path: Path) -> None:
    """Were the largest thrice as large, the twin would be the same to the letter."""
    one, other = (
        twin_tables(write(tmp_path / f"{much:.0f}", firm(much, 500.0), plain=True), seed=4)
        for much in (1_000_000.0, 3_000_000.0)
    )
    assert all(one[name].equals(other[name]) for name in one)


@pytest.mark.parametrize("seed", range(2))
def test_a_grid_of_quantiles_hides_the_largest(seed: int) -> None:
    """Whatever the tail: no end of the range tells the largest, and many people hardly move it."""
    rng = np.random.default_rng(seed)
    at = np.linspace(0.01, 0.99, 15)
    for _ in range(25):
        n = int(rng.integers(3, 200))
        own = attackers.heavy(rng, n)
        whose = pd.Series(np.repeat(np.arange(n), rng.integers(1, 6, n)))
        value = pd.Series(own[whose])
        grid = middle_grid(value, Holders.of(whose, CellRule()), at)
        assert grid == sorted(grid)
        if n < 5:
            assert grid == []
        near = (np.abs(own - own.max()) <= attackers.P * own.max()).sum()
        if grid and near < 5:
            assert abs(grid[-1] - own.max()) > attackers.P * own.max()
    value, whose = pd.Series(rng.lognormal(3, 0.5, 4000)), pd.Series(np.arange(4000) // 2)
    grid = middle_grid(value, Holders.of(whose, CellRule()), at)
    assert grid == pytest.approx(np.quantile(value, at), rel=0.05)


def test_one_customers_rows_are_not_the_margin() -> None:
    """Of 505 rows 500 are one customer's: the grid is of six people, not of one."""
    whose = pd.Series(["big"] * 500 + list("abcde"))
    value = pd.Series([1000.0] * 500 + [10.0, 20.0, 30.0, 40.0, 50.0])
    grid = middle_grid(value, Holders.of(whose, CellRule()), [0.01, 0.5, 0.99])
    assert max(grid) < 60


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        ({}, True),
        ({"p_percent": 70.0}, False),
        ({"dominance": (1, 45.0)}, False),
        ({"dominance": (1, 90.0)}, True),
        ({"p_percent": 0.0}, True),
    ],
)
def test_how_far_out_one_may_stand_is_what_the_card_says(
    rule: dict[str, object], shown: bool
) -> None:
    """Beside people with 1, 2, 3 ... one has 50, another 30: the next three come to .62 of him."""
    value = pd.Series([*np.arange(1.0, 21.0), 30.0, 50.0])
    holders = Holders.of(pd.Series(range(22)), CellRule.model_validate(rule))
    (end,) = middle_grid(value, holders, [1.0])
    assert (end > 25) is shown


def without_codes(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Empty the cells that the workbench empties: numbers off what the column can hold."""
    schema = schema_of(table)
    for column, rule in (schema.columns if schema else {}).items():
        if column in frame and (rule.low is not None or rule.high is not None):
            low, high = (math.inf * sign if end is None else end
                         for sign, end in ((-1, rule.low), (1, rule.high)))  # fmt: skip
            fits = pd.to_numeric(frame[column], errors="coerce").between(low, high)
            frame = frame.assign(**{column: frame[column].where(fits, None)})
    return frame


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["cdnow", "harbour"])
def test_they_find_nobody_in_the_twins_of_the_studies(name: str) -> None:
    """Columns and kinds of the study, and of the people in it nothing: extremes, rare values."""
    study = load_study(REPO / "data" / name)
    raw, twins = _raw_tables(study), twin_tables(study, seed=7)
    assert list(twins) == list(raw)
    for table, frame in raw.items():
        twin = twins[table]
        assert list(twin.columns) == list(frame.columns)
        # whoever is in a part is one of the whole, and a code such as 9999 is nobody's amount
        of = study.tables[table].part_of or table
        held = without_codes(as_read(raw[of]), of)
        assert attackers.in_twin(held, twin, _whose(study, of, raw)) == [], table
        for column in frame.columns:  # those with many values: not one of a real row again
            values = held[column].dropna()
            rare = values[~values.duplicated(keep=False)]
            if values.nunique() > 200 and len(rare):
                assert not set(rare) & set(twin[column].dropna()), f"{table}.{column}"
