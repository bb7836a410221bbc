"""Plans from the data of the time before: how units and series have varied until now."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.impact.designs.series.error_models import noise_of
from workbench.impact.designs.synthetic.donor_weights import closest_mixture
from workbench.impact.designs.synthetic.synthetic_control import DESIGN as MIXTURE
from workbench.impact.designs.synthetic.synthetic_control import FEWEST_BEFORE as MIXTURE_BEFORE
from workbench.impact.designs.synthetic.synthetic_control import enough_for_interval
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.inputs.series import FEWEST_AFTER, FEWEST_BEFORE, regressors
from workbench.impact.power import POWER, UNIT_DESIGNS, Plan, fewest, from_moments

_MOST_PERIODS = 240


def periods_needed(effect: float, values: ArrayLike, **options: Any) -> int:
    """Fewest periods after the start with which a series shows an effect.

    Parameters
    ----------
    effect : float
        In units of the outcome.
    values : array_like
        The series until now.
    **options
        As `plan_series`.
    """
    return fewest(
        lambda n: plan_series(values, after=n, **options).detectable <= abs(effect),
        FEWEST_AFTER,
        _MOST_PERIODS,
        "periods",
    )


def plan_series(
    values: ArrayLike,
    *,
    after: int,
    season: int | None = None,
    weights: ArrayLike | None = None,
    power: float = POWER,
    level: float = 0.95,
) -> Plan:
    """Plan an interrupted series from the series until now.

    How the series moves by itself is learnt from the past, as `interrupted_series` does; the
    standard error is that of a step after which so many periods are seen.

    Parameters
    ----------
    values : array_like, shape (n,)
        Until now; NaN for gaps.
    after : int
        Periods to be waited for.
    season : int, optional
    weights : array_like, optional
        Records behind each value.

    Raises
    ------
    CaseError
        Fewer than eight values, a constant series, or fewer than eight periods to be waited for.
    """
    y = np.asarray(values, dtype=float)
    seen = np.isfinite(y)
    n = len(y)
    if seen.sum() < 2 * FEWEST_BEFORE:
        raise CaseError(
            f"there are {int(seen.sum())} points until now, {2 * FEWEST_BEFORE} are needed to"
            " learn how the series moves",
            where="series",
            remedy="bring more of the past, or measure more often",
        )
    if after < FEWEST_AFTER:
        raise CaseError(
            f"{after} periods after the start are too few for any judgement",
            remedy=f"plan for {FEWEST_AFTER} at least",
        )
    records = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    size = records[seen].mean() / records[seen]
    later = np.arange(n + after) >= n
    x, terms = regressors(n + after, later, season)
    # what no past value tells apart (the step) is left out of the fit to the past
    past = x[:n][seen][:, [term != "step" for term in terms]]
    fit = noise_of(np.flatnonzero(seen), size).fit(y[seen], past)["both"]
    whole = np.r_[seen, np.ones(after, dtype=bool)]
    wx = noise_of(np.flatnonzero(whole), np.r_[size, np.ones(after)]).whiten @ x[whole]
    at = terms.index("step")
    variance = np.linalg.inv(np.swapaxes(wx, 1, 2) @ wx)[:, at, at]
    return Plan(
        "interrupted time series",
        # the middle of the possible standard errors: their mean is drawn up by strong drifts
        float(np.exp(fit.weight @ np.log(variance * fit.scale) / 2)),
        float(whole.sum() - x.shape[1]),
        base=float(np.average(y[seen], weights=records[seen])),
        n_before=int(seen.sum()),
        n_after=after,
        power=power,
        level=level,
    )


def plan_panel(
    panel: Panel,
    *,
    n_treated: int | None = None,
    after: int | None = None,
    power: float = POWER,
    level: float = 0.95,
) -> dict[str, Plan]:
    """Plan the comparisons of units from their outcomes before the start.

    The last periods before the start stand for the time after, all earlier ones for the time
    before; the variances and the covariance of a unit's two means are read off, whatever their
    pattern over time.

    Parameters
    ----------
    panel : Panel
        The time after the start is not looked at.
    n_treated : int, optional
        Units to be treated; as many as in the panel when left out.
    after : int, optional
        Periods to be waited for; as many as in the panel when left out, at most half of those
        before.

    Returns
    -------
    dict
        Design -> plan, for the designs that the numbers of units allow.

    Raises
    ------
    CaseError
        Fewer than two periods before the start, or fewer than six units seen in both halves.
    """
    places = np.flatnonzero(~panel.after)
    if places.size < 2:
        raise CaseError(
            "there is one period before the start",
            where="outcome table",
            remedy="two are needed to learn how outcomes vary",
        )
    r = min(after or int(panel.after.sum()), places.size // 2)
    late, early = np.zeros((2, len(panel.periods)), dtype=bool)
    late[places[-r:]], early[places[:-r]] = True, True
    second, w_second = panel.means(late)
    first, w_first = panel.means(early)
    both = (w_first > 0) & (w_second > 0)
    if both.sum() < 6:
        raise CaseError(
            f"{int(both.sum())} units were seen in both halves of the time before",
            where="outcome table",
            remedy="six are needed to learn how outcomes vary",
        )
    n_all = len(panel.units)
    treated = panel.n_treated if n_treated is None else n_treated
    weight = w_second[both] / w_second[both].mean()
    mean = float(np.average(second[both], weights=weight))
    spread = np.cov(first[both], second[both], aweights=np.minimum(w_first, w_second)[both])
    plans = {}
    for design in UNIT_DESIGNS:
        alone = design == "before and after"
        if treated < 2 or (not alone and n_all - treated < 2):
            continue
        plans[design] = from_moments(
            design, float(spread[1, 1]), float(spread[0, 0]), float(spread[0, 1]), treated,
            n_all - treated, base=mean, n_before=int(early.sum()), n_after=r, power=power,
            level=level,
        )  # fmt: skip
    return plans


def plan_one(
    panel: Panel, *, after: int | None = None, power: float = POWER, level: float = 0.95
) -> dict[str, Plan]:
    """Plan the comparison of one unit with a mixture of others, from the time before its start.

    The last periods before the start stand for the time after. Each unit is followed by a mixture
    of the comparison units fitted to the periods before those; how far it then departs, for its
    size of error before, says what chance alone makes of the treated one.

    Parameters
    ----------
    panel : Panel
        One treated unit. The time after the start is not looked at.
    after : int, optional
        Periods to be waited for; as many as in the panel when left out, at most half of those
        before.

    Returns
    -------
    dict
        The plan by its design; empty where units and periods are too few for an interval.
    """
    places = np.flatnonzero(~panel.after)
    whole = (panel.weight[:, places] > 0).all(axis=1)
    own, others = np.flatnonzero(panel.treated & whole), np.flatnonzero(~panel.treated & whole)
    r = min(after or int(panel.after.sum()), places.size // 2)
    if (
        len(own) != 1
        or places.size - r < MIXTURE_BEFORE
        or not enough_for_interval(len(others), places.size)
    ):
        return {}
    early, late = places[:-r], places[-r:]
    departures = []
    for j in (own[0], *others):
        donors = others[others != j]
        gaps = panel.outcome[donors] - panel.outcome[j]
        weights = closest_mixture(gaps[:, early].T)
        gap = weights @ gaps
        departures.append((gap[late].mean(), np.sqrt(np.square(gap[early]).mean())))
    moved, error = np.array(departures).T
    # in units of each one's own error, as the placebo test has it
    scaled = moved[1:] / np.maximum(error[1:], 1e-6 * float(np.median(error)))
    se = float(np.sqrt(np.square(scaled).mean()) * error[0])
    plan = Plan(
        MIXTURE, se, float(len(others) - 1),
        base=float(panel.outcome[own[0]][late].mean()), n_treated=1, n_other=len(others),
        n_before=len(early), n_after=r, power=power, level=level,
    )  # fmt: skip
    return {MIXTURE: plan} if se > 0 else {}
