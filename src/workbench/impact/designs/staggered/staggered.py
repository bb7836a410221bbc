"""A measure that units took up at different times (Callaway, Sant'Anna)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import fdtrc, stdtrit

from workbench.impact.designs.design import Design, seeded
from workbench.impact.designs.differences.difference_in_differences import few_units
from workbench.impact.designs.differences.event_study import drift, too_short_for_trend
from workbench.impact.designs.staggered.group_time import (
    Averages,
    Base,
    Controls,
    GroupTime,
    average_all,
    average_cells,
    averages_table,
    by_calendar,
    by_event,
    by_group,
    group_average,
    group_time_effects,
    standard_error,
)
from workbench.impact.designs.staggered.staggered_effect import StaggeredEffect
from workbench.impact.designs.staggered.two_way import two_way_fixed_effects
from workbench.impact.effect import Effect, picture
from workbench.impact.inputs.adoption import Adoption
from workbench.impact.inputs.panel import CaseError, check_logs, period_start
from workbench.results import Finding
from workbench.study import Case

NAME = "staggered adoption"
ASSUMPTION = (
    "Without the measure, units that started at different times would have moved in step with"
    " those that had not started (parallel trends), and nobody changed ahead of the start."
)
_INTERVALS = ["estimate", "low", "high"]
_BANDS = [*_INTERVALS, "band_low", "band_high"]
# With fewer treated units in all, the spread is guessed from too few.
_FEW_TREATED = 5


def staggered_adoption(
    adoption: Adoption,
    *,
    controls: Controls | None = None,
    base: Base = "universal",
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> StaggeredEffect:
    """Estimate the effect of a measure that units took up at different times.

    Each group of units with the same start is compared, period by period, with units not treated;
    no unit treated earlier serves as a comparison. With covariates the comparison is doubly robust.

    Parameters
    ----------
    adoption : Adoption
        From `read_adoption`.
    controls : {"never", "not yet"}, optional
        Whom to compare with; those never treated where there are two or more.
    base : {"universal", "varying"}
        What the periods before a start are compared with.
    rng : numpy.random.Generator, optional
        Draws the multiplier bootstrap of the bands; a fixed seed when left out.

    Raises
    ------
    CaseError
        One treated unit, nobody to compare with, or covariates that leave nobody comparable.

    References
    ----------
    Callaway, Sant'Anna (2021), Journal of Econometrics 225(2), 200-230.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import read_adoption, staggered_adoption
    >>> rng = np.random.default_rng(1)
    >>> years = pd.date_range("2015-01-01", periods=8, freq="YS")
    >>> starts = {town: years[3 + k % 3] for k, town in enumerate("ABCDEFGHI")}
    >>> records = pd.DataFrame([
    ...     {
    ...         "town": town, "period": year,
    ...         "estimate": rng.normal(50, 1) + 4 * (town in starts and year >= starts[town]),
    ...     }
    ...     for town in "ABCDEFGHIJKLMNOPQR" for year in years
    ... ])
    >>> effect = staggered_adoption(read_adoption(records, starts, unit="town"))
    >>> effect.low < 4 < effect.high
    True
    """
    a = adoption
    treated = a.first < a.never
    n_treated, n_other = int(treated.sum()), int((~treated).sum())
    if n_treated < 2:
        raise CaseError(
            "there is one treated unit",
            where="treatments",
            remedy="one unit's change cannot be told from chance; use a synthetic control",
        )
    chosen: Controls = controls or ("never" if n_other >= 2 else "not yet")
    cells = group_time_effects(a, controls=chosen, base=base)
    source = seeded(rng)
    effect, influence = average_all(cells)
    se = standard_error(influence)
    mean = _mean_treated(a)
    n = len(a.units)
    events = by_event(cells)
    groups, calendar = by_group(cells), by_calendar(cells)
    dynamic = averages_table(events, "event", level=level, rng=source)
    gaps = dynamic.rename(columns={"event": "period"}).assign(after=dynamic["event"] >= 0)
    return StaggeredEffect.of_t(
        NAME,
        effect,
        se,
        _degrees(cells),
        mean=mean,
        level=level,
        inference="t, influence of each unit",
        n_units=n,
        n_treated=n_treated,
        n_before=int(a.starts.min()),
        n_after=len(a.periods) - int(a.starts.min()),
        start=period_start(a.periods[a.starts.min()]),
        series=_picture(a, cells, base, level),
        gaps=gaps[["period", "estimate", "low", "high", "se", "after"]],
        parts=_parts(a, chosen, effect, _quantile(cells, level) * se, level),
        checks=_checks(a, cells, chosen, level),
        assumption=ASSUMPTION,
        group_time=_cells_table(cells, level),
        dynamic=dynamic,
        by_group=_named(averages_table(groups, "group", level=level, rng=source), a, "group"),
        calendar=_named(averages_table(calendar, "period", level=level, rng=source), a, "period"),
        overall=_overall(cells, events, groups, calendar, level),
        covariance=events.covariance,
    )


def _degrees(cells: GroupTime) -> float:
    """Degrees of freedom: with few treated units their number, not that of all, counts."""
    treated = int((cells.first < len(cells.periods)).sum())
    return float(treated - 1 if treated < 50 else len(cells.first) - 1)


def _quantile(cells: GroupTime, level: float) -> float:
    return float(stdtrit(_degrees(cells), 0.5 + level / 2))


def _mean_treated(a: Adoption) -> float:
    """Mean outcome of the treated after their starts."""
    w = a.treatment * (a.weight > 0) * a.size[:, None]
    return float((w * np.nan_to_num(a.outcome)).sum() / w.sum())


def _overall(
    cells: GroupTime,
    events: Averages,
    groups: Averages,
    calendar: Averages,
    level: float,
) -> pd.DataFrame:
    averages = {
        "simple": average_all(cells),
        "dynamic": events.mean(events.label >= 0),
        "group": group_average(cells, groups),
        "calendar": calendar.mean(np.ones(len(calendar.label), dtype=bool)),
    }
    q = _quantile(cells, level)
    rows = []
    for name, (estimate, influence) in averages.items():
        se = standard_error(influence)
        rows.append((name, estimate, estimate - q * se, estimate + q * se, se))
    return pd.DataFrame(rows, columns=["average", "estimate", "low", "high", "se"])


def _cells_table(cells: GroupTime, level: float) -> pd.DataFrame:
    se = np.sqrt(np.square(cells.influence).sum(axis=0)) / len(cells.first)
    half = stdtrit(np.maximum(cells.treated - 1, 1), 0.5 + level / 2) * se
    return pd.DataFrame(
        {
            "group": cells.periods[cells.group],
            "period": cells.periods[cells.time],
            "estimate": cells.estimate,
            "low": cells.estimate - half,
            "high": cells.estimate + half,
            "se": se,
            "treated": cells.treated,
            "compared": cells.compared,
        }
    )


def _named(table: pd.DataFrame, a: Adoption, column: str) -> pd.DataFrame:
    return table.assign(**{column: a.periods[table[column].to_numpy()]})


def _picture(a: Adoption, cells: GroupTime, base: Base, level: float) -> pd.DataFrame:
    """All units with an effect, by calendar: observed, and the same less what those started gained.

    Lined up at their starts, other units would stand behind each period. Before the first start
    the difference is that to the comparison, as in the event study.
    """
    judged = np.unique(cells.group)  # where nobody stays untreated, the last to start is not
    ever = np.isin(a.first, judged)
    w = np.where(ever[:, None] & (a.weight > 0), a.size[:, None], 0.0)
    time, began = np.arange(a.never), int(judged.min())
    after = time >= began
    with np.errstate(invalid="ignore"):
        observed = (w * np.nan_to_num(a.outcome)).sum(axis=0) / w.sum(axis=0)
    gain, half = np.full(a.never, np.nan), np.full(a.never, np.nan)
    whole = float(a.size[ever].sum())
    for t in time:
        counted = (cells.time == t) & (cells.after | (not after[t]))
        groups = np.unique(cells.group[counted])
        expected = judged[judged <= t] if after[t] else judged
        if not np.isin(expected, groups).all() or (base == "varying" and not after[t]):
            continue  # a group without a comparison then, or with one of the period before only
        estimate, influence = average_cells(cells, counted)
        share = float(a.size[np.isin(a.first, groups)].sum()) / whole
        degrees = max(int(np.isin(a.first, groups).sum()) - 1, 1)
        gain[t] = share * estimate
        error = standard_error(influence)
        half[t] = stdtrit(degrees, 0.5 + level / 2) * share * error
    return picture(a.periods, after, observed, observed - gain, half)


def _parts(a: Adoption, chosen: Controls, effect: float, half: float, level: float) -> pd.DataFrame:
    """Answer the same question with other comparisons."""
    names = {
        "never": "compared with never treated",
        "not yet": "compared with not yet treated",
    }
    rows = [(names[chosen], effect, effect - half, effect + half, 1.0)]
    for other in ("never", "not yet"):
        if other == chosen:
            continue
        try:
            cells = group_time_effects(a, controls=other)
        except CaseError:
            continue
        estimate, influence = average_all(cells)
        q, se = _quantile(cells, level), standard_error(influence)
        rows.append((names[other], estimate, estimate - q * se, estimate + q * se, 0.0))
    pooled = two_way_fixed_effects(replace(a, covariates=a.covariates[:, :0]), level=level)
    rows.append((pooled.design, pooled.effect, pooled.low, pooled.high, 0.0))
    return pd.DataFrame(rows, columns=["model", "estimate", "low", "high", "weight"])


def _checks(
    a: Adoption,
    cells: GroupTime,
    controls: Controls,
    level: float,
) -> tuple[Finding, ...]:
    checks = [_trend(cells, level)]
    n_treated = int((a.first < a.never).sum())
    n_other = len(a.units) - n_treated
    if n_treated < _FEW_TREATED or (controls == "never" and n_other < _FEW_TREATED):
        checks.append(few_units(min(n_treated, n_other) if controls == "never" else n_treated))
    sizes = np.array([int((a.first == g).sum()) for g in a.starts])
    if (sizes == 1).any():
        checks.append(
            Finding(
                "single units",
                "{n} of {all} starts were one unit's alone; what chance did to it is not in the"
                " interval, which is too narrow.",
                {"n": int((sizes == 1).sum()), "all": len(sizes)},
                severity="warning",
            )
        )
    holes = int((a.weight == 0).sum())
    if holes:
        checks.append(
            Finding(
                "unbalanced",
                "{n} of {all} units and periods have no record. Each comparison uses the units"
                " seen at both of its times.",
                {"n": holes, "all": int(a.weight.size)},
            )
        )
    if cells.skipped:
        checks.append(
            Finding(
                "no comparison",
                "{n} combinations of start and period could not be compared and are left out.",
                {"n": len(cells.skipped)},
            )
        )
    return tuple(checks)


def _trend(cells: GroupTime, level: float) -> Finding:
    """Wald test of all effects before the starts."""
    varied = np.square(cells.influence).sum(axis=0) > 0
    # a group of one unit has no spread of its own to judge a drift by
    before = ~cells.after & varied & (cells.treated >= 2)
    if not before.any():
        return too_short_for_trend(int(cells.group.min()))
    # by periods before the start, so that few units do not have to bear many tests
    places = np.unique(cells.event[before])
    parts = [average_cells(cells, before & (cells.event == e)) for e in places]
    estimate = np.array([p[0] for p in parts])
    influence = np.column_stack([p[1] for p in parts])
    n, k = influence.shape
    covariance = influence.T @ influence / n**2
    statistic = float(estimate @ np.linalg.pinv(covariance) @ estimate)
    # Hotelling: the covariance is known about as well as the number of treated units allows
    nu = int((cells.first < len(cells.periods)).sum()) - 1
    p = float(fdtrc(k, nu - k + 1, statistic * (nu - k + 1) / (nu * k))) if nu > k else 1.0
    return drift(p, level)


def _in_logs(a: Adoption) -> Adoption:
    """Take logarithms, so that effects are in percent."""
    seen = a.weight > 0
    check_logs(
        a.outcome[seen],
        "outcome table",
        "they have no logarithm; leave it out, or use the scale `level`",
    )
    return replace(a, outcome=np.where(seen, np.log(np.where(seen, a.outcome, 1.0)), np.nan))


def in_percent(effect: Effect) -> Effect:
    """Turn an effect on the logarithm into a relative one; and into units of the outcome.

    The units are those of the geometric mean that would have been without the measure.
    """
    base = float(np.exp(effect.counterfactual))
    relative = [float(np.expm1(x)) for x in (effect.effect, effect.low, effect.high)]
    series = effect.series.copy()
    for name in ("observed", "counterfactual", "low", "high"):
        if name in series:
            series[name] = np.exp(series[name])
    return replace(
        effect,
        effect=base * relative[0],
        low=base * relative[1],
        high=base * relative[2],
        relative=relative[0],
        relative_low=relative[1],
        relative_high=relative[2],
        counterfactual=base,
        series=series,
        gaps=_from_logs(effect.gaps),
        parts=_from_logs(effect.parts),
        in_percent=True,
    )


def _staggered_in_percent(effect: StaggeredEffect) -> StaggeredEffect:
    tables = ("group_time", "dynamic", "by_group", "calendar", "overall")
    turned = {name: _from_logs(getattr(effect, name)) for name in tables}
    return replace(in_percent(effect), **turned)  # type: ignore[return-value, arg-type]


def _from_logs(table: pd.DataFrame) -> pd.DataFrame:
    columns = [c for c in _BANDS if c in table]
    return table.assign(**{c: np.expm1(table[c]) for c in columns})


def _answer(adoption: Adoption, case: Case, level: float) -> Effect:
    if case.fit.scale != "log":
        return staggered_adoption(adoption, level=level)
    in_logs = staggered_adoption(_in_logs(adoption), level=level)
    return replace(_staggered_in_percent(in_logs), in_logs=in_logs)


def _one_regression(adoption: Adoption, case: Case, level: float) -> Effect:
    if case.fit.scale != "log":
        return two_way_fixed_effects(adoption, level=level)
    return in_percent(two_way_fixed_effects(_in_logs(adoption), level=level))


STAGGERED = Design[Adoption](
    name=NAME,
    family="staggered",
    shape="starts",
    assumption=ASSUMPTION,
    grade=2,
    lacks=lambda s: s.not_alike,
    answer=_answer,
    rank=8,
    beside=(_one_regression,),
    planned_as="difference in differences",
)
