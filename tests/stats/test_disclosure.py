"""Which sums give a customer away: by hand, and against attackers who subtract and solve."""

from __future__ import annotations

import numpy as np
import pytest

from tests import attackers
from workbench.stats import (
    Sums,
    interval_sensitive,
    pool_neighbours,
    quantiles,
    rounded_down,
    rule_of,
    sensitive,
    withhold,
)
from workbench.study import CellRule

FIVE = rule_of(5)


@pytest.mark.parametrize(
    ("values", "rule", "withheld"),
    [
        ([1_000_000, 10, 10, 10, 10, 10], FIVE, True),
        ([10] * 6, FIVE, False),
        ([10] * 4, FIVE, True),
        ([], FIVE, False),
        # the second largest takes 40 off 145: 105, within 10 % of 100; of 150: 110, just not
        ([100, 40, 3, 1, 1], FIVE, True),
        ([100, 40, 6, 2, 2], FIVE, False),
        # the outsider alone would be held off here
        ([100, 95, 2, 2, 2], FIVE, True),
        ([100, 60, 20, 10, 10], CellRule(dominance=(2, 80.0)), False),
        ([100, 61, 20, 10, 9], CellRule(dominance=(2, 80.0)), True),
        ([100, 40, 6, 2, 2], CellRule(p_percent=20), True),
        ([1e6, 1, 1, 1, 1, 1], CellRule(p_percent=0), False),
        ([-1_000_000, 10, 10, 10, 10, 10], FIVE, True),
        ([0.0] * 6, FIVE, False),
    ],
)
def test_a_sum_is_withheld_by_count_p_percent_and_dominance(
    values: list[float], rule: CellRule, withheld: bool
) -> None:
    assert sensitive(values, rule) is withheld


def test_a_rule_of_nothing_withholds_nothing() -> None:
    assert not sensitive([1e6], rule_of(0)) and rule_of(FIVE) is FIVE


def test_the_squares_that_an_interval_tells_are_put_to_the_rule() -> None:
    # the root of 10,442 is 102: an upper limit of the 100, though the sum of 132 keeps it
    values = np.array([100.0, 20, 5, 3, 2, 2])
    assert not sensitive(values, FIVE) and interval_sensitive(np.zeros(6, int), values, 1, FIVE)[0]
    assert not interval_sensitive(np.zeros(6, int), np.full(6, 9.0), 1, FIVE)[0]


def test_of_one_line_the_smallest_sum_goes_with_a_lonely_one() -> None:
    codes = np.repeat(np.arange(4), [2, 10, 10, 10])
    values = np.repeat([50.0, 9.0, 3.0, 7.0], [2, 10, 10, 10])
    found = withhold(Sums.of(codes, values, 4), FIVE)
    assert found.primary.tolist() == [True, False, False, False]
    assert found.secondary.tolist() == [False, False, True, False]
    # an empty cell hides nothing, and three lone cells that are enough together need no other
    found = withhold(Sums.counted([2, 0, 9, 30]), FIVE)
    assert found.cells.tolist() == [True, False, True, False]
    found = withhold(Sums.counted([2, 2, 2, 30]), FIVE)
    assert found.cells.tolist() == [True, True, True, False] and not found.secondary.any()


def test_neighbours_are_pooled_until_each_group_may_be_shown() -> None:
    assert pool_neighbours(Sums.counted([1, 4, 15, 80]), FIVE).tolist() == [0, 0, 1, 2]
    assert pool_neighbours(Sums.counted([9, 3, 0, 4, 9]), FIVE).tolist() == [0, 1, 1, 1, 2]
    assert pool_neighbours(Sums.counted([1, 1, 1]), FIVE).tolist() == [0, 0, 0]
    assert pool_neighbours(Sums.counted([9, 9, 2]), FIVE).tolist() == [0, 1, 1]


def test_cells_hidden_by_solving_row_and_column_totals_are_found() -> None:
    """Each line hides enough, yet one cell follows from two rows less a column."""
    counts = np.array([[2, 20, 30, 9], [30, 3, 3, 9], [9, 2, 2, 40], [9, 30, 9, 9]])
    rows = [np.arange(4) + 4 * i for i in range(4)]
    columns = [np.arange(0, 16, 4) + j for j in range(4)]
    found = withhold(Sums.counted(counts), FIVE, rows + columns)
    shown = ~found.cells
    eye = np.eye(16, dtype=bool)
    lines = np.array([np.isin(np.arange(16), line) for line in rows + columns])
    for group in attackers.derivable(np.vstack([eye[shown], lines])):
        assert counts.ravel()[group].sum() >= 5 or not (group & found.primary).any()


def test_nothing_is_found_in_random_tables_with_margins() -> None:
    """Rows, columns and the whole are published; heavy tails, also equal and single ones."""
    rng, shown, cells = np.random.default_rng(1), 0, 0
    for _ in range(60):
        r, c, n = rng.integers(2, 5), rng.integers(2, 5), int(rng.integers(60, 400))
        values = attackers.heavy(rng, n)
        codes = rng.integers(r * c, size=n)
        rows = [np.flatnonzero(np.arange(r * c) // c == i) for i in range(r)]
        columns = [np.flatnonzero(np.arange(r * c) % c == j) for j in range(c)]
        table = Sums.of(codes, values, r * c)
        margins = Sums.of(codes // c, values, r), Sums.of(codes % c, values, c)
        # margins that give somebody away are themselves no totals
        rows_shown = ~withhold(margins[0], FIVE).cells
        columns_shown = ~withhold(margins[1], FIVE).cells
        if sensitive(values, FIVE):
            continue
        lines = [line for line, ok in zip(rows, rows_shown, strict=True) if ok]
        lines += [line for line, ok in zip(columns, columns_shown, strict=True) if ok]
        lines.append(np.arange(r * c))
        hidden = withhold(table, FIVE, lines).cells
        figures = [(np.isin(codes, line), values[np.isin(codes, line)].sum()) for line in lines]
        figures += [(codes == i, values[codes == i].sum()) for i in np.flatnonzero(~hidden)]
        assert attackers.found(figures, values) == []
        shown, cells = shown + int((~hidden).sum()), cells + hidden.size
    assert shown > 0.25 * cells


def test_nothing_is_found_in_random_lines() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        k, n = int(rng.integers(1, 8)), int(rng.integers(1, 120))
        values, codes = attackers.heavy(rng, n), rng.integers(k, size=n)
        cells = Sums.of(codes, values, k)
        everyone = (np.ones(n, dtype=bool), values.sum())
        groups = pool_neighbours(cells, FIVE)[codes]
        if sensitive(values, FIVE):
            assert groups.max() == 0 and withhold(cells, FIVE).cells.sum() == (cells.n > 0).sum()
            continue
        hidden = withhold(cells, FIVE).cells
        if cells.sensitive(FIVE).any():
            # all cells with their total, or only those that are no matter: the attackers see it
            seen = [(codes == i, values[codes == i].sum()) for i in range(k)]
            assert attackers.found([everyone, *seen], values)
        for code, none in ((codes, hidden), (groups, np.zeros(k, dtype=bool))):
            seen = [(code == i, values[code == i].sum()) for i in range(k) if not none[i]]
            assert attackers.found([everyone, *seen], values) == []


def test_a_quantile_is_the_mean_of_those_beside_it() -> None:
    values = np.arange(1.0, 101.0)
    low, middle, high = quantiles(values, (0.25, 0.5, 0.75), FIVE)
    assert (middle, low, high) == (50.5, 25.5, 75.5)
    assert quantiles([7.0] * 5, [0.5], FIVE) == [7.0] and np.isnan(quantiles([7.0], [0.5], FIVE))
    assert quantiles(values, [0, 1], FIVE) == [3.0, 98.0]
    # whom the five at the top would give away
    assert np.isnan(quantiles([*values[:-1], 1e6], [1.0], FIVE))
    assert quantiles([1.0, 2.0, 4.0], [0.5], rule_of(0)) == [2.0]
    assert np.isnan(quantiles([], [0.5], FIVE)).all()


@pytest.mark.parametrize(
    ("value", "told"),
    [(1987.5, 1900), (1900, 1900), (0.0387, 0.038), (5, 5), (99.9, 99), (0, 0), (-1234, -1300)],
)
def test_a_limit_is_cut_downwards_to_two_digits(value: float, told: float) -> None:
    assert rounded_down(value) == told
    for x in np.random.default_rng(3).lognormal(3, 4, 500):
        assert 0 <= x - rounded_down(x) < 0.1 * x
