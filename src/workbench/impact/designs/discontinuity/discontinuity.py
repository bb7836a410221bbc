"""The line of a rule: those who just met it beside those who just missed it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtr, stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.designs.design import Design, Situation
from workbench.impact.designs.discontinuity.density import density_jump
from workbench.impact.designs.discontinuity.local_polynomial import (
    Jump,
    jump_at,
    jump_for_interval,
)
from workbench.impact.effect import ALPHA, Effect, relative_to_known, t_test
from workbench.impact.experiment.adjusted import numbers_of
from workbench.impact.inputs.cutoff import AtCutoff
from workbench.impact.inputs.panel import CaseError
from workbench.impact.power import POWER, Plan
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, attempt
from workbench.stats import Sums
from workbench.study import Case

NAME: Final = "line of the rule"
ASSUMPTION: Final = (
    "Those who just met the rule and those who just missed it differ by the measure alone: nobody"
    " moved across the line, and nothing else begins there."
)
#: What an answer at the line says of itself.
SAID: Final = {
    "local": "This is the effect on those at the line of the rule ({name}: {at}), read off {n}"
    " units within {width} of it. Those far beyond it may gain more or less: the effect is not"
    " added up over all, and no money is reckoned.",
    "fuzzy": "Of those who just met the rule {right} got the measure, of those who just missed it"
    " {left}: the effect is that on those for whom the line decided.",
    "moved": "Just at the line the number of units jumps (p-value {p}): some may have moved across"
    " it.",
    "unmoved": "As many units lie just on one side of the line as chance would have it.",
    "unknown": "Whether units moved across the line cannot be told from so few.",
    "history": "Before the start the outcome jumps at the line, too (p-value {p}): those on both"
    " sides differ by more than the measure.",
    "even": "Before the start the outcome does not jump at the line.",
    "elsewhere": "The outcome jumps at lines where no rule lies, too: the curve is not smooth"
    " enough.",
    "only there": "The outcome does not jump at lines where no rule lies.",
}
# The line must decide for a tenth of those near it, and beyond doubt.
_LEAST_DECIDED, _CLEARLY = 0.1, 3.3
_BINS, _FEWEST_IN_BIN = 10, 10


@dataclass(frozen=True)
class EffectAtLine(Effect):
    """Effect on units at the line of a rule.

    Attributes
    ----------
    points : DataFrame
        Picture: `value` and `outcome` are means of units that lie together, `fitted` the lines,
        `met` whether they met the rule.
    at : float
        The line.
    chosen_by : str
    ends : tuple of float
        Where the fitted lines end at it: of those who missed it, and who met it.
    """

    points: pd.DataFrame = field(default_factory=pd.DataFrame)
    at: float = float("nan")
    chosen_by: str = ""
    ends: tuple[float, float] = (float("nan"), float("nan"))

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw means of units that lie together against what they were chosen by."""
        ax, t = ax or plt.gca(), speak(language)
        unit = 100.0 if self.kind == "percent" else 1.0
        for met, marker, word in ((False, "o", "missed the rule"), (True, "D", "met the rule")):
            own = self.points[self.points["met"] == met]
            drawn = ax.plot(own["value"], unit * own["outcome"], marker, label=t(word))[0]
            fitted = pd.Series([*own["fitted"], self.ends[met]], [*own["value"], self.at])
            fitted = fitted.sort_index()
            ax.plot(fitted.index, unit * fitted, color=drawn.get_color())
        ax.axvline(self.at, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":")
        name = t(self.chosen_by.replace("_", " "))
        ax.set_xlabel(name[:1].upper() + name[1:])
        ax.set_ylabel(self._axis(t))
        ax.legend(loc="best", frameon=False)
        return ax


def discontinuity(data: AtCutoff, *, level: float = 0.95, share: float = 1.0) -> EffectAtLine:
    """Estimate the effect on units at the line of a rule.

    The mean outcome after the start is fitted by a local line on each side, after its history
    before has been taken out; the interval allows for the bias of the fits. Where the line decides
    for some only, the jump is divided by that of the share who got the measure.

    Parameters
    ----------
    data : AtCutoff
    level : float
    share : float
        Of the bandwidth.

    Raises
    ------
    CaseError
        Too few units near the line, one customer holds nearly all of their outcome, or the line
        hardly decides who got the measure.

    References
    ----------
    Hahn, Todd, Van der Klaauw (2001), Econometrica 69(1), 201-209; Calonico, Cattaneo, Titiunik
    (2014), Econometrica 82(6), 2295-2326; Calonico, Cattaneo, Farrell, Titiunik (2019), Review of
    Economics and Statistics 101(3), 442-451 (covariates).
    """
    panel = data.panel
    after, seen = panel.means(panel.after)
    used = seen > 0
    x, y, got = data.distance[used], after[used], panel.treated[used].astype(float)
    adjusted = _without_history(x, y, data.history[used])
    jump = jump_for_interval(x, adjusted, share=share)
    near = np.abs(x) < jump.bandwidth
    _check_telling(y[near], x[near] >= 0, data)
    effect, se, checks = jump.centre, jump.se, []
    if not np.array_equal(got, (x >= 0).astype(float)):
        effect, se, fuzzy = _where_it_decided(x, got, jump)
        checks.append(fuzzy)
    # means, slopes and curvatures of two sides are fitted
    df = float(max(jump.n_left + jump.n_right - 6, 1))
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    low, high = effect - half, effect + half
    values: dict[str, Any] = {
        "name": data.name.replace("_", " "),
        "at": Estimate(data.cutoff.at, digits=_digits(data.cutoff.at)),
        "n": int(near.sum()),
        "width": Estimate(jump.bandwidth, digits=_digits(jump.bandwidth)),
    }
    checks.insert(0, Finding("at the line", SAID["local"], values))
    sizes = panel.sizes | {
        "n_units": int(near.sum()), "n_treated": int((near & (got > 0)).sum())
    }  # fmt: skip
    return EffectAtLine.of(
        NAME if share == 1.0 else f"{NAME}, {'half' if share < 1 else 'twice'} the bandwidth",
        effect,
        low,
        high,
        t_test(effect, se, df),
        mean=jump.right,
        relative=_whole(relative_to_known(effect, low, high, jump.right)),
        inference="robust, bias taken out",
        **sizes,
        checks=(*checks, *_checked(data, x, adjusted)),
        assumption=ASSUMPTION,
        points=_points(x, y, adjusted, jump, data),
        at=data.cutoff.at,
        chosen_by=data.name,
        ends=(jump.left, jump.right),
    )


def _whole(relative: tuple[float, float, float]) -> tuple[float, float, float]:
    """Give a relative effect, or none where an end of its interval is none."""
    return relative if np.isfinite(relative).all() else (float("nan"),) * 3


def _digits(value: float) -> int:
    """Decimals of a value on the scale of what units were chosen by."""
    return 0 if float(value).is_integer() or abs(value) >= 100 else 2


def _without_history(x: Array, y: Array, history: pd.DataFrame) -> Array:
    """Take out of the outcome what its history near the line foretells."""
    z = numbers_of(history.assign(**{f"{c}?": history[c].isna().astype(float) for c in history}))
    near = np.abs(x) < jump_at(x, y).bandwidth
    if not z.shape[1] or near.sum() < 20 * (z.shape[1] + 4):
        return y
    w = np.sqrt(1 - np.abs(x[near]) / np.abs(x[near]).max())
    met = (x[near] >= 0).astype(float)
    lines = np.column_stack([np.ones(len(met)), x[near], met, met * x[near]]) * w[:, None]
    root, _ = np.linalg.qr(lines)
    centred = z - np.average(z[near], axis=0, weights=w**2)
    left = centred[near] * w[:, None]
    left = left - root @ (root.T @ left)
    rest = y[near] * w - root @ (root.T @ (y[near] * w))
    return np.asarray(y - centred @ (np.linalg.pinv(left, rcond=1e-8) @ rest))


def _where_it_decided(x: Array, got: Array, jump: Jump) -> tuple[float, float, Finding]:
    """Divide the jump of the outcome by that of the share who got the measure."""
    taken = jump_at(x, got, bandwidth=(jump.bandwidth, jump.bias_bandwidth))
    if taken.estimate < _LEAST_DECIDED or taken.centre < _CLEARLY * taken.se:
        raise CaseError(
            "the line hardly decides who got the measure: {left} just below it, {right} just above",
            where="case.cutoff",
            remedy="look at where the line lies, and at who got the measure",
            left=f"{100 * taken.left:.0f} %",
            right=f"{100 * taken.right:.0f} %",
        )
    ratio = jump.estimate / taken.estimate
    biases = (jump.centre - jump.estimate, taken.centre - taken.estimate)
    effect = ratio + (biases[0] - ratio * biases[1]) / taken.estimate
    influence = (jump.influence - ratio * taken.influence) / taken.estimate
    sides = {"left": taken.left, "right": taken.right}
    said: dict[str, Any] = {
        k: Estimate(min(max(v, 0.0), 1.0), kind="percent", digits=0) for k, v in sides.items()
    }
    return float(effect), float(np.linalg.norm(influence)), Finding("take-up", SAID["fuzzy"], said)


def _check_telling(y: Array, met: Mask, data: AtCutoff) -> None:
    """Refuse where a side near the line is one customer's."""
    if Sums.of(met.astype(np.intp), np.abs(y), 2).sensitive(data.rule).any():
        raise CaseError(
            "too few units lie near the line, or one holds nearly all of their outcome",
            where="case.cutoff",
            remedy="what is said of them would tell of one",
        )


def _checked(data: AtCutoff, x: Array, y: Array) -> list[Finding]:
    """Look whether units moved, whether history jumps, and whether other lines do."""
    found = []
    crowd = attempt(density_jump, data.distance)
    if crowd is None:
        found.append(Finding("moved across the line", SAID["unknown"]))
    else:
        found.append(_by_chance("moved across the line", crowd.p, "moved", "unmoved"))
    for column in list(data.history)[:1]:
        own = data.history[column].to_numpy()
        known = np.isfinite(own)
        before = attempt(jump_at, data.distance[known], own[known])
        if before is not None and before.se > 0:
            p = float(2 * ndtr(-abs(before.centre / before.se)))
            found.append(_by_chance("history at the line", p, "history", "even"))
    ps = []
    for side in (x < 0, x >= 0):
        middle = float(np.median(x[side]))
        moved = attempt(jump_at, x[side] - middle, y[side])
        if moved is not None and moved.se > 0:
            ps.append(float(2 * ndtr(-abs(moved.centre / moved.se))))
    if ps:
        found.append(_by_chance("other lines", min(1.0, len(ps) * min(ps)), "elsewhere",
                                "only there"))  # fmt: skip
    return found


def _by_chance(key: str, p: float, doubt: str, fine: str) -> Finding:
    if p >= ALPHA:
        return Finding(key, SAID[fine], severity="ok")
    return Finding(key, SAID[doubt], {"p": Estimate(p, digits=3)}, severity="warning")


def _points(x: Array, y: Array, adjusted: Array, jump: Jump, data: AtCutoff) -> pd.DataFrame:
    """Means of units that lie together, as far as they may be told, and the lines near them."""
    rows = []
    for met in (False, True):
        own = np.flatnonzero(((x >= 0) == met) & (np.abs(x) < jump.bandwidth))
        own = own[np.argsort(x[own], kind="stable")]
        least = max(_FEWEST_IN_BIN, data.rule.min_cell)
        bins = np.array_split(own, max(1, min(_BINS, len(own) // least)))
        cell = np.repeat(np.arange(len(bins)), [len(b) for b in bins])
        order = np.concatenate(bins)
        # what is drawn can be read off
        closed = Sums.of(cell, np.abs(y[order]), len(bins)).sensitive(data.rule)
        at = x[own]
        w = np.sqrt(np.maximum(1 - np.abs(at) / jump.bandwidth, 0))
        line = np.linalg.lstsq(np.column_stack([w, w * at]), w * adjusted[own], rcond=None)[0]
        for chosen, hidden in zip(bins, closed, strict=True):
            centre = float(x[chosen].mean())
            sign = 1.0 if data.cutoff.side == "above" else -1.0
            outcome = float("nan") if hidden else float(y[chosen].mean())
            rows.append((data.cutoff.at + sign * centre, outcome, line[0] + line[1] * centre,
                         len(chosen), met))  # fmt: skip
    return pd.DataFrame(rows, columns=["value", "outcome", "fitted", "units", "met"])


def plan_at_line(data: AtCutoff, *, power: float = POWER, level: float = 0.95) -> Plan | None:
    """Plan a comparison at the line from the time before the start; None where it is too short.

    The last periods before the start stand for the time after. Where units were chosen by the
    outcome itself, those of the last year are left out: they say what the units were chosen by.
    """
    panel = data.panel
    places = np.flatnonzero(~panel.after)
    if "last year" not in data.history:
        places = places[: -data.year]
    r = min(int(panel.after.sum()), len(places) // 2)
    if r < 1:
        return None
    late, early = np.zeros((2, len(panel.periods)), dtype=bool)
    late[places[-r:]], early[places[:-r]] = True, True
    before = replace(
        data,
        panel=replace(panel, after=late),
        history=pd.DataFrame({"before": panel.means(early)[0]}, index=panel.units),
    )
    mean, number = panel.means(late)
    used = number > 0
    x = data.distance[used]
    adjusted = _without_history(x, mean[used], before.history[used])
    jump = jump_for_interval(x, adjusted)
    near = np.abs(x) < jump.bandwidth
    _check_telling(mean[used][near], x[near] >= 0, data)
    return Plan(
        NAME,
        jump.se,
        float(max(jump.n_left + jump.n_right - 6, 1)),
        base=jump.right,
        n_treated=int((near & (x >= 0)).sum()),
        n_other=int((near & (x < 0)).sum()),
        n_before=int(early.sum()),
        n_after=r,
        power=power,
        level=level,
    )


def _lacks(s: Situation) -> str:
    return ""


def _answer(data: AtCutoff, case: Case, level: float) -> Effect:
    return discontinuity(data, level=level)


def _half(data: AtCutoff, case: Case, level: float) -> Effect:
    return discontinuity(data, level=level, share=0.5)


def _twice(data: AtCutoff, case: Case, level: float) -> Effect:
    return discontinuity(data, level=level, share=2.0)


DISCONTINUITY = Design[AtCutoff](
    name=NAME,
    family="discontinuity",
    shape="line",
    assumption=ASSUMPTION,
    grade=2,
    lacks=_lacks,
    answer=_answer,
    rank=11,
    beside=(_half, _twice),
)
