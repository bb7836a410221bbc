"""Judge a measure that units took up at different times, each from its own start on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from workbench.impact.checks.comparability import no_design, refusal
from workbench.impact.checks.trend_bounds import trend_bounds
from workbench.impact.designs.staggered.staggered import StaggeredEffect, staggered_adoption
from workbench.impact.designs.staggered.two_way import two_way_fixed_effects
from workbench.impact.effect import Effect, relative_to
from workbench.impact.inputs.adoption import Adoption, read_adoption
from workbench.impact.inputs.panel import CaseError, check_logs
from workbench.impact.selection import select_design
from workbench.results import Finding
from workbench.study import Case

Judged = tuple[
    Effect | None, Effect | None, list[Effect], pd.DataFrame, list[Finding], pd.DataFrame
]
_INTERVALS = ["estimate", "low", "high"]
_BANDS = [*_INTERVALS, "band_low", "band_high"]


def judge_starts(
    records: pd.DataFrame, starts: pd.Series, case: Case, outcome: str, level: float
) -> Judged:
    """Judge one outcome: effect, glance, other answers, designs, checks, exclusions.

    Parameters
    ----------
    records : DataFrame
        As `evaluate`. A ready-made series of groups may have `n`, the weight of each.
    starts : Series
        Treated unit -> first day.
    case : Case
    outcome : str
    level : float
    """
    unit = records[case.group or "customer_id"]
    n_treated = int(unit[unit.isin(starts.index)].nunique())
    n_other = int(unit.nunique()) - n_treated
    picked = select_design(
        case,
        outcome=outcome,
        n_treated=n_treated,
        # those not treated yet serve, too, where nobody was never treated
        n_other=n_other or int((starts > starts.min()).sum()),
        n_starts=int(starts.nunique()),
    )
    if not picked.design:
        return None, None, [], picked.table, [no_design(n_treated, n_other)], pd.DataFrame()
    try:
        adoption = _read(records, starts, case)
        glance = _glance(adoption, case.periods_a_year, level)
        effect, others = _answers(
            _in_logs(adoption) if case.fit.scale == "log" else adoption, level
        )
    except CaseError as error:
        return None, None, [], picked.table, [refusal(error)], pd.DataFrame()
    checks = [*picked.checks, *effect.checks]
    with suppress(CaseError):
        checks.append(trend_bounds(effect, departures=(0.0,), bends=(), level=level).check)
    if case.chosen == "volunteers":
        checks.append(
            Finding(
                "volunteers",
                "Those who came forward may have been on another course than the rest.",
                severity="warning",
            )
        )
    if case.fit.scale == "log":
        effect, others = _staggered_in_percent(effect), [in_percent(e) for e in others]
    return effect, glance, others, picked.table, checks, adoption.exclusions


def _read(records: pd.DataFrame, starts: pd.Series, case: Case) -> Adoption:
    weighted = "n" in records and "customer_id" not in records
    unit = case.group or "customer_id"
    return read_adoption(records, starts, unit=unit, size="n" if weighted else None)


def _answers(adoption: Adoption, level: float) -> tuple[StaggeredEffect, list[Effect]]:
    effect = staggered_adoption(adoption, level=level)
    pooled = two_way_fixed_effects(adoption, level=level)
    # the warning is about the other answer, not about this one
    told = [replace(c, severity="note") for c in pooled.checks]
    return replace(effect, checks=(*effect.checks, *told)), [pooled]


def _glance(a: Adoption, window: int, level: float) -> Effect | None:
    """Compare each treated unit with itself: after its own start, and just before (paired t)."""
    at = np.arange(a.never)[None, :] - a.first[:, None]
    treated = (a.first < a.never)[:, None] & (a.weight > 0)
    y, means = np.nan_to_num(a.outcome), []
    for chosen in (treated & (at >= 0), treated & (at < 0) & (at >= -window)):
        count = chosen.sum(axis=1)
        means.append(np.where(count > 0, (y * chosen).sum(axis=1) / np.maximum(count, 1), np.nan))
    both = np.isfinite(means[0]) & np.isfinite(means[1])
    n = int(both.sum())
    if n < 2:
        return None
    after, w = means[0][both], a.size[both] / a.size[both].sum()
    change = after - means[1][both]
    effect, mean = float(w @ change), float(w @ after)
    d, m, c = change - effect, after - mean, n / (n - 1)
    se, se_mean = float(np.sqrt(c * w**2 @ d**2)), float(np.sqrt(c * w**2 @ m**2))
    quantile = float(stdtrit(n - 1, 0.5 + level / 2))
    return Effect.of_t(
        "before and after",
        effect,
        se,
        n - 1,
        half=quantile * se,
        mean=mean,
        relative=relative_to(effect, se, mean, se_mean, float(c * w**2 @ (d * m)), quantile),
        inference="paired t",
        n_units=n,
        n_treated=n,
        n_before=window,
        n_after=a.never - int(a.starts.min()),
    )


def _in_logs(a: Adoption) -> Adoption:
    """Take logarithms, so that effects are in percent."""
    seen = a.weight > 0
    check_logs(a.outcome[seen], "outcome table", "leave it out, or use the scale `level`")
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
