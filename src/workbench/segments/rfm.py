"""RFM: how recently, how often and how much, scored and named.

References
----------
Hughes (1994), Strategic Database Marketing; Bult, Wansbeek (1995), Optimal Selection for Direct
Mail, Marketing Science 14(4), 378-394.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results.estimate import Estimate, named_estimates
from workbench.segments.behaviour import behaviour
from workbench.segments.map import draw_map
from workbench.segments.profiles.profile import Profile, pool_small, profile
from workbench.segments.rules import SCALE, default_rules, lookup, rescale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Scores = NDArray[np.intp]

MEASURES = ("days_since_last", "orders", "spend")
SCORES = ("recency_score", "frequency_score", "spend_score")


@dataclass(frozen=True)
class RFM:
    """Scored and named customers.

    Attributes
    ----------
    table : DataFrame
        One row a customer: customer_id (if given), days_since_last, orders, spend,
        recency_score, frequency_score, spend_score (1 = weakest), value_score (mean of the last
        two on the scale of the rules), score (the three side by side), segment.
    cuts : dict of ndarray
        Upper ends of the levels of each measure, in its own unit; the last level is open.
    rules : DataFrame
        The rules that gave the names.
    levels : dict of int
        Number of levels of each measure.
    as_of : Timestamp or None
        The day from which days were counted, if known.
    refunds : int
        Rows that were refunds, if a log was given.
    min_cell : int
        Fewest customers of which a segment is shown; smaller ones go together.
    """

    table: pd.DataFrame
    cuts: dict[str, Array]
    rules: pd.DataFrame
    levels: dict[str, int]
    as_of: pd.Timestamp | None = None
    refunds: int = 0
    min_cell: int = 5

    @property
    def shown(self) -> pd.Series:
        """Segment of each customer, small segments put together; in the order of the rules."""
        return pool_small(self.table["segment"], self.min_cell)

    def profile(self) -> Profile:
        """Share of customers and of spend by segment, in the order of the rules."""
        return profile(self.shown, self.table["spend"])

    def actions(self) -> pd.DataFrame:
        """Say what to do for whom.

        Returns
        -------
        DataFrame
            One row a segment that has customers: segment, n, medians of days_since_last, orders
            and spend, need, action.
        """
        grouped = self.table.groupby(self.shown.to_numpy(), observed=True)
        out = grouped[list(MEASURES)].median()
        out.insert(0, "n", grouped.size())
        advice = self.rules.drop_duplicates("segment").set_index("segment")
        for words in ("need", "action"):
            if words in advice:
                out[words] = advice[words].reindex([str(name) for name in out.index]).to_numpy()
        out.index = out.index.astype(str)
        return out.rename_axis("segment").reset_index()

    def metrics(self) -> dict[str, Estimate]:
        """Share of customers in each segment."""
        return named_estimates(
            self.profile().table,
            "segment",
            estimate="customers",
            low="customers_low",
            high="customers_high",
        )

    def grid(self) -> pd.DataFrame:
        """Count customers by recency score (columns) and value score (rows, best first)."""
        recency = rescale(self.table["recency_score"].to_numpy(), self.levels["days_since_last"])
        value = self.table["value_score"].to_numpy()
        count = np.bincount((value - 1) * SCALE + recency - 1, minlength=SCALE * SCALE)
        scale = range(1, SCALE + 1)
        out = pd.DataFrame(count.reshape(SCALE, SCALE), index=scale, columns=scale)
        return out.iloc[::-1].rename_axis(index="value_score", columns="recency_score")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the map: recency against value, tinted by the number of customers, named."""
        return draw_map(self.grid().to_numpy()[::-1], self.rules, min_cell=self.min_cell, ax=ax)


def rfm(
    transactions: pd.DataFrame,
    *,
    as_of: object,
    levels: int | Mapping[str, int] = 5,
    cuts: Mapping[str, Sequence[float]] | None = None,
    rules: pd.DataFrame | None = None,
    weights: tuple[float, float] = (1.0, 1.0),
) -> RFM:
    """Score and name the customers of a log.

    Parameters
    ----------
    transactions : DataFrame
        customer_id, date, amount; one row a purchase. A negative amount is a refund, which is
        no purchase.
    as_of : date
        The day from which days are counted.
    levels, cuts, rules, weights
        See `score_customers`.
    """
    seen = behaviour(transactions, as_of=as_of)
    return score_customers(
        seen.table.drop(columns="tenure"),
        levels=levels,
        cuts=cuts,
        rules=rules,
        weights=weights,
        as_of=seen.as_of,
        refunds=seen.refunds,
    )


def score_customers(
    customers: pd.DataFrame,
    *,
    levels: int | Mapping[str, int] = 5,
    cuts: Mapping[str, Sequence[float]] | None = None,
    rules: pd.DataFrame | None = None,
    weights: tuple[float, float] = (1.0, 1.0),
    as_of: pd.Timestamp | None = None,
    refunds: int = 0,
) -> RFM:
    """Score and name customers whose measures are known.

    Parameters
    ----------
    customers : DataFrame
        Columns days_since_last, orders, spend; other columns are kept.
    levels : int or mapping of measure to int
        Levels of the scores; cuts lie at quantiles of the customers. Customers with one value
        get one score, so with many ties levels may stay empty rather than be drawn by lot.
    cuts : mapping of measure to increasing numbers, optional
        Upper ends of the levels, in place of quantiles: ``{"orders": [1, 2, 4, 9]}`` makes five
        levels, the first with one order, the last with ten and more.
    rules : DataFrame, optional
        See `default_rules`.
    weights : (float, float)
        Weight of the frequency and the spend score in the value score.

    Returns
    -------
    RFM

    Raises
    ------
    DataError
        Naming column and rows: missing, text, not finite, negative; cuts that do not increase;
        rules that leave a combination without a name.
    """
    measures = _check(customers)
    unknown = set(cuts or {}) - set(MEASURES)
    if unknown:
        raise DataError(
            f"there is no measure {', '.join(sorted(unknown))}",
            where="cuts",
            remedy=f"choose among {', '.join(MEASURES)}",
        )
    strange = set(levels) - set(MEASURES) if isinstance(levels, Mapping) else set()
    if strange:
        raise DataError(
            f"there is no measure {', '.join(sorted(strange))}",
            where="levels",
            remedy=f"choose among {', '.join(MEASURES)}",
        )
    found: dict[str, Array] = {}
    scores: dict[str, Scores] = {}
    count: dict[str, int] = {}
    for measure, values in measures.items():
        wanted = levels if isinstance(levels, int) else levels.get(measure, 5)
        found[measure] = _cuts(measure, values, wanted, (cuts or {}).get(measure))
        count[measure] = found[measure].size + 1
        # a level ends at its cut: values equal to it belong below
        scores[measure] = np.searchsorted(found[measure], values, side="left") + 1
    scores["days_since_last"] = count["days_since_last"] + 1 - scores["days_since_last"]

    table = customers.reset_index(drop=True).copy()
    for name, measure in zip(SCORES, MEASURES, strict=True):
        table[name] = scores[measure]
    return name_customers(
        table,
        cuts=found,
        levels=count,
        rules=rules,
        weights=weights,
        as_of=as_of,
        refunds=refunds,
    )


def name_customers(
    scored: pd.DataFrame,
    *,
    levels: Mapping[str, int],
    cuts: Mapping[str, ArrayLike] | None = None,
    rules: pd.DataFrame | None = None,
    weights: tuple[float, float] = (1.0, 1.0),
    as_of: object = None,
    refunds: int = 0,
    min_cell: int = 5,
) -> RFM:
    """Name customers whose scores are known, such as those that the engine has scored.

    Parameters
    ----------
    scored : DataFrame
        Columns recency_score, frequency_score, spend_score (1 = weakest), and the measures
        days_since_last, orders, spend.
    levels : mapping of measure to int
        Number of levels of each score.
    cuts : mapping of measure to numbers, optional
        Where the levels end, to be handed on.
    rules, weights
        See `score_customers`.
    min_cell : int
        Fewest customers of which a segment is shown.

    Raises
    ------
    DataError
        A column is missing, a score lies outside its levels, rules leave a combination without a
        name.
    """
    rules = default_rules() if rules is None else rules.reset_index(drop=True)
    named = lookup(rules)
    if len(weights) != 2 or not np.isfinite(weights).all() or min(weights) < 0 or not any(weights):
        raise DataError(f"weights are {weights}", remedy="give two numbers of zero or more")
    if len(scored) == 0:
        raise DataError("there is no customer", remedy="check the filter and the dates of the log")
    lacking = [c for c in (*SCORES, *MEASURES) if c not in scored]
    if lacking:
        raise DataError(
            f"scored customers have no column {', '.join(lacking)}",
            remedy="score them by score_customers, or in the engine",
        )
    scores = [scored[name].to_numpy(dtype=np.intp) for name in SCORES]
    count = [int(levels[measure]) for measure in MEASURES]
    for name, score, top in zip(SCORES, scores, count, strict=True):
        if score.min() < 1 or score.max() > top:
            raise DataError(
                f"{name} lies outside 1 to {top}", remedy="give the levels it was cut to"
            )
    recency, frequency, spend = (rescale(s, top) for s, top in zip(scores, count, strict=True))
    mean = (weights[0] * frequency + weights[1] * spend) / sum(weights)
    # half is rounded up, and 2.4999999 from unequal weights is a half as well
    value = np.clip(np.floor(mean + 0.5 + 1e-9), 1, SCALE).astype(np.intp)
    segment_names = list(dict.fromkeys(rules["segment"]))
    of_rule = np.array([segment_names.index(name) for name in rules["segment"]])
    segment = of_rule[named[recency - 1, value - 1]]
    table = scored.reset_index(drop=True).assign(
        value_score=value,
        score=_side_by_side(scores, count),
        segment=pd.Categorical.from_codes(segment, categories=pd.Index(segment_names)),
    )
    ends = {m: np.asarray((cuts or {}).get(m, []), dtype=float) for m in MEASURES}
    day = None if as_of is None else pd.Timestamp(as_of)  # type: ignore[arg-type]
    return RFM(table, ends, rules, dict(zip(MEASURES, count, strict=True)), day, refunds, min_cell)


def _check(customers: pd.DataFrame) -> dict[str, Array]:
    missing = [m for m in MEASURES if m not in customers]
    if missing:
        raise DataError(
            f"customers have no column {', '.join(missing)}",
            remedy=f"give {', '.join(MEASURES)}, one row a customer",
        )
    if len(customers) == 0:
        raise DataError("there is no customer", remedy="check the filter and the dates of the log")
    out = {}
    for measure in MEASURES:
        column = customers[measure]
        if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            raise DataError(
                f"{measure} holds {column.iloc[0]!r}, which is no number",
                where=f"row {column.index[0]}",
                remedy="convert the column to numbers first",
            )
        values = column.to_numpy(dtype=float, na_value=np.nan)
        for bad, what in (
            (~np.isfinite(values), "is missing or infinite"),
            (values < 0, "is negative"),
        ):
            if bad.any():
                rows = ", ".join(str(i) for i in customers.index[bad][:5])
                more = f" and {int(bad.sum()) - 5:,} more" if bad.sum() > 5 else ""
                raise DataError(
                    f"{measure} {what}",
                    where=f"row{'s' if bad.sum() > 1 else ''} {rows}{more}",
                    remedy="mend these customers or leave them out",
                )
        out[measure] = values
    return out


def _cuts(measure: str, values: Array, levels: int, given: Sequence[float] | None) -> Array:
    if given is not None:
        cuts = np.asarray(given, dtype=float)
        if cuts.ndim != 1 or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
            raise DataError(
                f"cuts {list(given)} do not increase", where=measure, remedy="sort them, no repeats"
            )
        return cuts
    if levels < 1:
        raise DataError(f"levels is {levels}", where=measure, remedy="ask for one or more")
    # A cut is a value that occurs; repeated cuts leave levels empty instead of splitting ties.
    # Ranks in whole numbers: i * n / levels in floats would sometimes miss the next customer.
    ranks = -(-np.arange(1, levels) * values.size // levels) - 1
    return np.asarray(np.partition(values, np.unique(ranks))[ranks], dtype=float)


def _side_by_side(scores: list[Scores], count: list[int]) -> Any:
    code = np.zeros(scores[0].size, dtype=np.intp)
    for score, levels in zip(scores, count, strict=True):
        code = code * levels + score - 1
    between = "" if max(count) < 10 else "-"
    grid = np.indices(count).reshape(len(count), -1).T + 1
    names = pd.Index([between.join(str(score) for score in row) for row in grid])
    return pd.Categorical.from_codes(code, categories=names)
