"""A study's own history, as a surrogate index takes it: lots with early and long outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from workbench.arrays import Mask
from workbench.impact.experiment.surrogates import SurrogateIndex, Trial, foretell
from workbench.impact.inputs.assignment import first_days, with_arms
from workbench.impact.inputs.panel import CaseError, period_start, split_periods
from workbench.results import attempt
from workbench.study import Case

# Periods before the start that tell what a customer was like.
_BEFORE = 12


def long_run(
    case: Case,
    outcomes: Sequence[pd.DataFrame],
    older: Iterable[Case],
    treatments: pd.DataFrame | None,
    units: pd.DataFrame | None = None,
    *,
    main: int = 0,
    outcome: str = "",
    level: float = 0.95,
) -> SurrogateIndex | None:
    """Foretell the effect over the card's horizon by the first periods of the case's outcomes.

    Parameters
    ----------
    case : Case
        A lot among customers whose card asks for `surrogates`.
    outcomes : sequence of DataFrame
        Records of its outcomes, of all customers and all periods of the study.
    older : iterable of Case
        The study's other measures: the lots among customers that began long enough ago count.
    treatments, units : DataFrame, optional
        As `evaluate` takes them.
    main : int
        Place of the outcome that is foretold.
    outcome : str
        What running text calls it.

    Returns
    -------
    SurrogateIndex or None
        None where the whole horizon has been seen: then nothing has to be foretold.

    Raises
    ------
    CaseError
        Too little was seen since the start, or of the study's history.
    """
    assert case.surrogates is not None
    after, periods = case.surrogates.after, case.periods_ahead
    wide = [_wide(records) for records in outcomes]
    seen = int(split_periods(wide[main].columns, case.start)[1].sum())
    if seen >= periods:
        return None
    if seen < after:
        raise CaseError(
            "{n} periods since the start are fewer than the {after} that shall foretell",
            where=f"cases.{case.name}.surrogates",
            remedy="wait for more data, or give fewer (`after`)",
            n=seen,
            after=after,
        )
    own = _trial(case, wide, main, after, None, treatments=treatments, units=units)
    lots = [one for one in older if one.chosen == "random" and one.group is None]
    past = [
        found
        for one in lots
        if one.name != case.name
        and (
            found := attempt(
                _trial, one, wide, main, after, periods, treatments=treatments, units=units
            )
        )
    ]
    teachers = [] if any(one.able for one in past) else _teachers(wide, main, after, periods,
                                                                    treatments)  # fmt: skip
    return foretell(
        own, past, after=after, periods=periods, outcome=outcome, teachers=teachers, level=level
    )


def _wide(records: pd.DataFrame) -> pd.DataFrame:
    """One row a customer, one column a period, in order."""
    values = pd.to_numeric(records["estimate"], errors="coerce")
    table = records.assign(estimate=values).pivot_table(
        index="customer_id", columns="period", values="estimate", aggfunc="mean"
    )
    return table[sorted(table.columns, key=period_start)]


def _means(table: pd.DataFrame, periods: Mask, people: pd.Index) -> pd.Series:
    return table.loc[:, periods].mean(axis=1).reindex(people)


def _until(periods: Mask, n: int) -> Mask:
    return periods & (np.cumsum(periods) <= n)


def _cut(
    wide: Sequence[pd.DataFrame], start: pd.Timestamp, main: int, after: int, periods: int | None
) -> tuple[pd.DataFrame, list[str]]:
    """Give what was seen early (e), before (b) and over the horizon (long), a row a customer."""
    people, columns = wide[main].index, {}
    for k, table in enumerate(wide):
        before, later = split_periods(table.columns, start)
        columns[f"e{k}"] = _means(table, _until(later, after), people)
        recent = before & (np.cumsum(before) > before.sum() - _BEFORE)
        columns[f"b{k}"] = _means(table, recent, people)
    if periods is not None:
        later = split_periods(wide[main].columns, start)[1]
        if later.sum() < periods:
            raise CaseError(
                "the horizon has not been seen", where="horizon", remedy="wait for more data"
            )
        columns["long"] = _means(wide[main], _until(later, periods), people)
    found = pd.DataFrame(columns)
    # an outcome that few have, such as an answer, would leave out all others
    known = found.columns[found.notna().mean() > 0.5]
    if not {f"e{main}", f"b{main}"} <= set(known):
        raise CaseError(
            "most customers have no outcome before the start and in its first periods",
            where="outcome table",
            remedy="take an outcome that all customers have",
        )
    return found[known].dropna(), list(known)


def _trial(
    case: Case,
    wide: Sequence[pd.DataFrame],
    main: int,
    after: int,
    periods: int | None,
    *,
    treatments: pd.DataFrame | None,
    units: pd.DataFrame | None,
) -> Trial:
    table, columns = _cut(wide, pd.Timestamp(case.start), main, after, periods)
    people = pd.DataFrame({"customer_id": table.index})
    got = first_days(case, people, with_arms(case, treatments, units)).index
    reached = _reached(case, wide[main].columns, periods or after, treatments)
    table = table[~table.index.isin(reached)]
    return _made(case.name, table, columns, np.asarray(table.index.isin(got)))


def _reached(
    case: Case, every: pd.Index, periods: int, treatments: pd.DataFrame | None
) -> pd.Index:
    """Give those whom another measure reached in the time that counts: it would pass for this."""
    if treatments is None:
        return pd.Index([])
    begins = pd.DatetimeIndex([period_start(period) for period in every])
    at = int((begins < pd.Timestamp(case.start)).sum())
    first = begins[max(at - _BEFORE, 0)]
    last = begins[min(at + periods, len(begins)) - 1]
    start = pd.to_datetime(treatments["start"])
    other = (treatments["case"] != case.name) & (start >= first) & (start <= last)
    found: pd.Index = pd.Index(treatments.loc[other, "customer_id"].to_numpy())
    return found


def _made(name: str, table: pd.DataFrame, columns: list[str], treated: Mask) -> Trial:
    early = [c for c in columns if c.startswith("e")]
    before = [c for c in columns if c.startswith("b")]
    return Trial(
        name, treated, table[early].to_numpy(), table[before].to_numpy(),
        table["long"].to_numpy() if "long" in table else None,
    )  # fmt: skip


def _teachers(
    wide: Sequence[pd.DataFrame],
    main: int,
    after: int,
    periods: int,
    treatments: pd.DataFrame | None,
) -> list[Trial]:
    """Give customers whom no measure reached, from the last day that leaves a whole horizon."""
    every = wide[main].columns
    if len(every) <= periods:
        return []
    start = period_start(every[len(every) - periods])
    found = attempt(_cut, wide, start, main, after, periods)
    if found is None:
        return []
    table, columns = found
    if treatments is not None:
        table = table[~table.index.isin(treatments["customer_id"])]
    return [_made("history", table, columns, np.zeros(len(table), dtype=bool))]
