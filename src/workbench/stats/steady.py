"""Tables of what does not change, told of again: a few who are new keep to what was told before.

Who has two editions subtracts the one from the other. Where a fee, a plan or a first order stays as
it was, the difference is what those have who came or changed in between. Those that are too few, or
nearly one customer's, are told of later, with others like them; the cell keeps its old value.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, chapter 5 (differencing of releases).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.results import Finding
from workbench.stats.disclosure import Sums
from workbench.study import CellRule

KEPT = (
    "Figures on {what} keep to what an earlier edition told where too few, or nearly one"
    " customer's, are new or have changed since: those count as soon as more have come."
)


@dataclass(frozen=True)
class Steady:
    """A table in which some rows are as they were told before.

    Attributes
    ----------
    frame : DataFrame
        The rows to be told of.
    held : int
        Rows that are new or have changed, and are not told of yet.
    what : str
        What the rows are, as a page says it.
    """

    frame: pd.DataFrame
    held: int
    what: str

    def findings(self) -> list[Finding]:
        """Say that figures keep to what was told; not how many rows are new."""
        if not self.held:
            return []
        return [Finding(f"steady.{self.what}", KEPT, {"what": self.what}, severity="note")]


def keep_told(
    now: pd.DataFrame,
    told: pd.DataFrame | None,
    rule: CellRule,
    *,
    key: Sequence[str],
    groups: Sequence[str],
    amounts: Sequence[str],
    what: str,
    whose: str = "customer_id",
) -> Steady:
    """Let rows that are new or have changed wait until so many like them have that none is found.

    Rows are alike that went from the same groups into the same groups. What two editions tell, and
    all that follows from them together, are sums over such sets of rows: if each of these may be
    published, so may their sums. A row that is there no longer is not brought back.

    Parameters
    ----------
    now : DataFrame
        The rows as they are.
    told : DataFrame, optional
        The rows as an earlier edition told of them; all may be told of when left out.
    rule : CellRule
    key : sequence of str
        What a row is known by; of equal keys the order counts.
    groups : sequence of str
        By which figures are told; those that both tables have count.
    amounts : sequence of str
        Of which sums or means are told.
    what : str
        What the rows are, as a page says it.
    whose : str
        The column with the customer.
    """
    if told is None or not {*key, whose} <= set(told):
        return Steady(now, 0, what)
    groups, amounts = ([c for c in names if c in now and c in told] for names in (groups, amounts))
    here, there = (_known_by(frame, key) for frame in (now, told))
    at = there.get_indexer(here)
    new = at < 0
    before = told.iloc[np.maximum(at, 0)].set_axis(now.index)
    moved = new.copy()
    pattern = [np.where(new, "new", "told")]
    for column in groups:
        was, now_in = (_words(frame[column]) for frame in (before, now))
        was = np.where(new, "", was)
        moved |= was != now_in
        pattern += [was, now_in]
    sizes, changed = [], moved.copy()
    for column in amounts:
        was, has = (_numbers(frame[column]) for frame in (before, now))
        was = np.where(new, 0.0, was)
        differs = np.abs(has - was) > 1e-12 * np.maximum(np.abs(has), np.abs(was))
        changed |= differs
        # who goes from one group into another is told of in both, with all that there is
        sizes.append(np.where(moved, np.maximum(np.abs(has), np.abs(was)), np.abs(has - was)))
    waits = np.zeros(len(now), dtype=bool)
    waits[changed] = _too_few(
        pd.DataFrame(np.array(pattern, dtype=object).T)[changed],
        now[whose].astype(str).to_numpy()[changed], [size[changed] for size in sizes], rule,
    )  # fmt: skip
    frame = now.copy()
    for column in now.columns.intersection(told.columns):
        frame[column] = now[column].where(~waits | new, before[column].astype(now[column].dtype))
    return Steady(frame[~(waits & new)].reset_index(drop=True), int(waits.sum()), what)


def _known_by(frame: pd.DataFrame, key: Sequence[str]) -> pd.MultiIndex:
    parts = [frame[column].astype(str) for column in key]
    return pd.MultiIndex.from_arrays([*parts, frame.groupby(parts).cumcount()])


def _words(column: pd.Series) -> np.ndarray:
    return np.asarray(column.astype(object).where(column.notna(), "").astype(str))


def _numbers(column: pd.Series) -> Array:
    return np.asarray(pd.to_numeric(column, errors="coerce").fillna(0.0), dtype=float)


def _too_few(
    pattern: pd.DataFrame, whose: np.ndarray, sizes: Sequence[np.ndarray], rule: CellRule
) -> Mask:
    """Tell which rows are of a pattern that tells of too few customers, or nearly of one."""
    if pattern.empty:
        return np.zeros(0, dtype=bool)
    code = pattern.groupby(list(pattern), sort=False).ngroup().to_numpy()
    each = pd.DataFrame(dict(enumerate(sizes or [np.ones(len(code))])))
    own = each.groupby([code, whose]).sum()
    k, owned = int(code.max()) + 1, own.index.get_level_values(0)
    measures = [own[i] for i in own]
    bad = np.any([Sums.of(owned, m, k).sensitive(rule) for m in measures], axis=0)
    return np.asarray(bad[code])
