"""Tables of the same customers: nobody is found in all of them together."""

from __future__ import annotations

import numpy as np
import pytest

from tests import attackers
from workbench.stats.disclosure import Sums, rule_of, sensitive, withhold
from workbench.stats.linked_tables import Grouping, withhold_linked


def grouped(codes: np.ndarray, values: np.ndarray) -> Grouping:
    k = int(codes.max(initial=-1)) + 1
    return Grouping(codes, withhold(Sums.of(codes, values, k), rule_of(5)).cells)


def figures(tables: list[Grouping], more: list[np.ndarray], values: np.ndarray) -> list:
    told = [(np.ones(values.size, dtype=bool), values.sum())]
    for table, also in zip(tables, more, strict=True):
        for one in np.flatnonzero(~(table.hidden | also)):
            inside = table.codes == one
            if inside.any():
                told.append((inside, values[inside].sum()))
    return told


def test_a_group_within_a_group_does_not_give_the_one_between_away() -> None:
    """Six of the seven in chemicals are all of the South: the seventh follows."""
    industry = np.repeat([0, 1], [7, 40])
    region = np.repeat([0, 1], [6, 41])
    values = np.full(47, 10.0)
    tables = [grouped(industry, values), grouped(region, values)]
    none = [np.zeros(2, dtype=bool)] * 2
    assert "a sum over 1" in attackers.found(figures(tables, none, values), values)
    more = withhold_linked(tables, [values], rule_of(5))
    assert attackers.found(figures(tables, more, values), values) == []
    assert sum(each.sum() for each in more) == 2  # one table, which is told whole


def test_who_is_in_no_group_does_not_follow_from_the_total() -> None:
    """One account has no region: everybody less all regions is that account."""
    region = np.r_[np.repeat([0, 1], [20, 26]), -1]
    values = np.r_[np.full(46, 10.0), 1234.0]
    tables = [grouped(region, values)]
    assert attackers.found(figures(tables, [np.zeros(2, bool)], values), values)
    more = withhold_linked(tables, [values], rule_of(5))
    assert more[0].tolist() == [True, False]
    assert attackers.found(figures(tables, more, values), values) == []


def test_what_stands_on_a_page_already_is_not_changed() -> None:
    tier = np.repeat([0, 1], [7, 40])
    stage = np.repeat([0, 1, 2], [6, 20, 21])
    values = np.full(47, 10.0)
    first, second = grouped(tier, values), grouped(stage, values)
    (more,) = withhold_linked([second], [values], rule_of(5), beside=[first])
    assert more.tolist() == [True, True, False]  # the seven less the six would be one
    same = [first, second]
    assert attackers.found(figures(same, [np.zeros(2, bool), more], values), values) == []


@pytest.mark.parametrize("seed", range(3))
def test_two_attackers_find_nobody_in_two_or_three_tables(seed: int) -> None:
    """Groups that nearly agree, small ones, some without a group, a few that hold most."""
    rng = np.random.default_rng(seed)
    before = shown = 0
    for _ in range(25):
        n = int(rng.integers(12, 120))
        values = attackers.heavy(rng, n)
        if sensitive(values, rule_of(5)):
            continue
        first = rng.integers(0, rng.integers(2, 6), n)
        tables = [first]
        for _ in range(int(rng.integers(1, 3))):
            moved = np.where(rng.random(n) < rng.choice([0.03, 0.2]), rng.integers(-1, 5, n), first)
            tables.append(moved)
        groups = [grouped(each, values) for each in tables]
        none = [np.zeros(each.hidden.size, dtype=bool) for each in groups]
        before += bool(attackers.found(figures(groups, none, values), values))
        more = withhold_linked(groups, [values], rule_of(5))
        assert attackers.found(figures(groups, more, values), values) == []
        shown += sum(int((~(g.hidden | m)).sum()) for g, m in zip(groups, more, strict=True))
    assert before >= 5 and shown > 30
