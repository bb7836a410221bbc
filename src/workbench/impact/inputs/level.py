"""At which level a measure was assigned: unit by unit, or by something that holds many of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import comb
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import gammaln

from workbench.arrays import Array, Mask
from workbench.errors import closest
from workbench.impact.inputs.panel import CaseError
from workbench.study import Case

#: Fewer ways to choose the treated leave no verdict at 5 %: each alone is one in twenty or more.
FEWEST_WAYS = 20
# A unit belongs to the value that most of its records name, if nearly all of them do.
_AGREE = 0.95
# Share of the variance of being treated that lies between a column's values.
_BY_VALUE = 0.75
# Of the treated who share one value, the chance that a lot among units would have brought.
_BY_CHANCE = 0.05
# A lot among units that rarely treats whole values was none among units.
_RARE = 0.001
_COUNTED = 1_000_000
_OWN = ("customer_id", "period", "estimate", "n")
_MARK = re.compile(r"0|1|0\.0|1\.0|true|false|yes|no|y|n|是|否|有|无", re.IGNORECASE)
_CODE = re.compile(r"(^|_)(id|code|no|nr)$", re.IGNORECASE)


@dataclass(frozen=True)
class AssignmentLevel:
    """A column whose values were treated as a whole, or that all the treated share.

    Attributes
    ----------
    column : str
    of : Series
        Value by unit.
    treated, others : tuple
        Values, treated and not.
    kind : {"whole", "inside"}
        "whole": its values are what was treated. "inside": all treated units are of one value,
        and enough of the others there are left to be compared with.
    """

    column: str
    of: pd.Series
    treated: tuple[Any, ...]
    others: tuple[Any, ...]
    kind: Literal["whole", "inside"] = "whole"

    @property
    def ways(self) -> int:
        """Ways to choose as many values as were treated."""
        return ways_to_choose(len(self.treated) + len(self.others), len(self.treated))

    @property
    def told(self) -> bool:
        """Whether a comparison at this level can tell an effect from chance."""
        few = min(len(self.treated), len(self.others)) < 2
        return self.kind == "inside" or not (few or self.ways < FEWEST_WAYS)


def ways_to_choose(n: int, k: int) -> int:
    """Ways to choose k of n, counted up to a million."""
    return comb(n, k) if n < 30 or min(k, n - k) < 3 else _COUNTED


def higher_columns(
    records: pd.DataFrame, units: pd.DataFrame | None, who: str, known: pd.Index
) -> pd.DataFrame:
    """Columns that may hold many units each: of the records, and of the customers' table.

    Parameters
    ----------
    records : DataFrame
    units : DataFrame, optional
        One row a customer, with `customer_id`; or one row a unit, with the column `who`.
    who : str
        The column that names units.
    known : Index
        Units that are compared.

    Returns
    -------
    DataFrame
        One row a unit of `known`; a column is left out unless each unit has one value of it, it is
        a text (or a code), no mere mark, and a value holds two units or more on average.
    """
    found: dict[str, pd.Series] = {}
    for frame in (records, units):
        if frame is None or who not in frame:
            continue
        key = [who, "customer_id"] if "customer_id" in frame and who != "customer_id" else [who]
        rows = frame[frame[who].isin(known)]
        rows = rows.drop_duplicates(key) if frame is records else rows
        for column in frame.columns:
            name = str(column)
            if name == who or name in _OWN or name in found or not _holds_names(frame[column]):
                continue
            value = _one_a_unit(rows[who], rows[column], known)
            if value is not None:
                found[name] = value
    return pd.DataFrame(found, index=known)


def _holds_names(values: pd.Series) -> bool:
    if isinstance(values.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(values):
        return True
    return pd.api.types.is_numeric_dtype(values) and bool(_CODE.search(str(values.name)))


def _one_a_unit(who: pd.Series, values: pd.Series, known: pd.Index) -> pd.Series | None:
    """Value of each unit; None where units have several, or it cannot hold many of them."""
    pairs = pd.DataFrame({"unit": who.to_numpy(), "value": values.to_numpy()}).dropna()
    if pairs.empty or pairs["value"].nunique() < 2:
        return None
    counts = pairs.groupby(["unit", "value"], observed=True).size()
    order = counts.sort_values(kind="stable").reset_index(name="n")
    last = order.drop_duplicates("unit", keep="last").set_index("unit")
    if last["n"].sum() < _AGREE * counts.sum():
        return None
    own = last["value"].astype(object).reindex(known)
    names = own.dropna().unique()
    if own.isna().mean() > 1 - _AGREE or len(names) < 2 or 2 * len(names) > len(known):
        return None
    return None if all(_MARK.fullmatch(str(name).strip()) for name in names) else own


def level_of(columns: pd.DataFrame, start: pd.Series, case: Case) -> AssignmentLevel | None:
    """Find the column by which the treated were chosen; None where it was unit by unit.

    Where treatment is (all but) the same within each value of a column, that column is the unit:
    what else happens to a value happens to the treated in it alone. Of several such columns it is
    the one with the fewest values. Where all the treated are of one value, more than a lot among
    units would bring, they are compared with the others of that value, if there are enough.

    A case drawn by lot stays with its lot: who drew among units may draw neighbours, and the
    interval allows for that. Only the card can say that the lot was among something higher.

    Parameters
    ----------
    columns : DataFrame
        As `higher_columns` gives them.
    start : Series
        First day of the measure of each unit; missing for the others.
    case : Case

    Raises
    ------
    CaseError
        The card's `assigned_by` names a column that cannot be it.
    """
    named = None if case.assigned_by is None else case.assigned_by.unit
    lower = named in (None, case.group or "customer", "customer", "customer_id")
    if not lower:
        return _named(columns, start, str(named), case)
    if case.chosen == "random":
        return None
    treated = start.notna().to_numpy()
    whole = [level for name in columns if (level := _whole(columns[name], start)) is not None]
    if whole:
        return min(whole, key=lambda level: len(level.treated) + len(level.others))
    shared = [level for name in columns if (level := _shared(columns[name], treated)) is not None]
    return min(shared, key=lambda level: len(level.others), default=None)


def _named(columns: pd.DataFrame, start: pd.Series, name: str, case: Case) -> AssignmentLevel:
    where = f"cases.{case.name}.assigned_by"
    if name not in columns:
        meant = closest(name, columns.columns)
        raise CaseError(
            "{name} is no column that holds many units each",
            where=where,
            remedy="name a column of the customers' table"
            if meant is None
            else "name a column of the customers' table, perhaps {meant}",
            name=repr(name),
            meant=repr(meant),
        )
    level = _whole(columns[name], start)
    if level is None:
        raise CaseError(
            "within values of {name} some units were treated and some not",
            where=where,
            remedy="name the column whose values were treated as a whole",
            name=repr(name),
        )
    return level


def _whole(of: pd.Series, start: pd.Series) -> AssignmentLevel | None:
    """Take a column whose values were treated as a whole; None where they were not."""
    known = of.notna().to_numpy()
    own = start.notna().to_numpy()[known]
    value, names = pd.factorize(of[known])
    if not own.any() or own.all():
        return None
    share = np.bincount(value, own) / np.bincount(value)
    within = float(np.square(own - share[value]).sum())
    if within > (1 - _BY_VALUE) * len(own) * own.mean() * (1 - own.mean()):
        return None
    treated = tuple(names[share > 0.5])
    if not treated or len(treated) >= own.sum() or len(treated) == len(names):
        return None
    began = start[known][own].groupby(value[own]).nunique()
    if (began > 1).any():
        return None  # units of one value began at different times: it was not done as a whole
    # units that go against their value belong to neither side
    fits = own == (share[value] > 0.5)
    kept = of[known][fits]
    return AssignmentLevel(str(of.name), kept, treated, tuple(names[share <= 0.5]))


def _log_ways(of: ArrayLike, k: int) -> Array:
    """Logarithm of the ways to choose k of n; minus infinity where there is none."""
    n = np.asarray(of, dtype=float)
    with np.errstate(invalid="ignore"):
        ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.where(n >= k, ways, -np.inf)


def _shared(of: pd.Series, treated: Mask) -> AssignmentLevel | None:
    """Find the one value that all the treated share with units that were not."""
    own = of[treated]
    if own.isna().any() or len(own.unique()) != 1 or treated.sum() < 2:
        return None
    value = own.iloc[0]
    counts = of.value_counts()
    n, k, inside = int(counts.sum()), int(treated.sum()), int(counts[value])
    by_chance = float(np.exp(_log_ways(counts.to_numpy(dtype=float), k) - _log_ways(n, k)).sum())
    if inside == n or by_chance > _BY_CHANCE:
        return None
    others = tuple(name for name in counts.index if name != value)
    enough = inside - k >= 2 and _log_ways(inside, k) >= np.log(FEWEST_WAYS)
    return AssignmentLevel(str(of.name), of, (value,), others, "inside" if enough else "whole")


def as_if_whole(columns: pd.DataFrame, start: pd.Series) -> AssignmentLevel | None:
    """Find a level treated as a whole, as a lot among units would once in a thousand at most.

    Parameters
    ----------
    columns : DataFrame
        As `higher_columns` gives them.
    start : Series
        As `level_of` takes it.
    """
    n, k = len(start), int(start.notna().sum())
    for name in columns:
        level = _whole(columns[name], start)
        if level is None:
            continue
        g = len(level.treated) + len(level.others)
        # at most as many sets of values as there are could be the units chosen
        if _log_ways(g, len(level.treated)) - _log_ways(n, k) < np.log(_RARE):
            return level
    return None
