"""Whom a measure helps: can customers be told apart, and does a rule beat all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from workbench.arrays import Array
from workbench.impact.effect import ALPHA, difference_form
from workbench.impact.experiment.adjusted import numbers_of
from workbench.impact.experiment.arms import known_before, named, names_of, people_of
from workbench.impact.experiment.rules import (
    SHARES,
    Mean,
    PriceTerms,
    Tried,
    gain_curve,
    learn_rule,
    over_steps,
    ranked,
    try_rules,
    worth_of_all,
    worth_of_rule,
)
from workbench.impact.experiment.scores import FIRST_TESTED, FOLDS, Drawn
from workbench.impact.inputs.panel import CaseError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, Severity, labelled
from workbench.stats import holm
from workbench.study import Case

RULE, NOBODY, ALL, AS_MANY = "the rule", "nobody", "for all", "at random, for the budget"
#: A policy without a rule, in running text.
SECOND: Final = {ALL: "{arm} for all", AS_MANY: "{arm} at random, for the budget"}
# Customers that each arm needs, so that the first rule is learnt from more than a handful.
_FEWEST: Final = 200
_FEWEST_SHOWN: Final = 20
_MOST_SHOWN: Final = 8
#: What is said of whom a measure helps.
SAID: Final = {
    "apart": "Customers can be told apart: a rule learnt from some of them and tried on others"
             " brings {gain} per customer more than {second}, the best that can be done without a"
             " rule.",
    "all": "Nobody can be told apart by what is known of them: no rule is shown to beat"
    " {second}. Treat all alike: that some gain more than others is not shown.",
    "none": "Nobody can be told apart by what is known of them, and no version is shown to bring"
    " more than it costs: give it to nobody, or find a cheaper one.",
    "open": "Nobody can be told apart by what is known of them: treat all, or none. Whether"
    " treating all brings more than it costs is open.",
    "order": "Giving {arm} to those first who are foretold to gain most is better than at random"
             " (AUTOC {value}, p-value {p}).",
    "no order": "Giving {arm} to those first who are foretold to gain most is not shown to be"
                " better than at random (AUTOC {value}, p-value {p}).",
    "tested": "Each rule was learnt from {teach} and tried on customers whom it had not seen,"
    " {n} in all.",
    "budget": "The budget pays for {share} of the customers at most.",
}  # fmt: skip


@dataclass(frozen=True)
class Uplift(Result):
    """Whom a measure drawn by lot helps, on one outcome.

    Attributes
    ----------
    outcome : str
    arms : tuple of str
        The control first.
    n, tested : int
        Customers, and those on whom a rule was tried that they had not taught.
    policies : DataFrame
        `policy`, `arm`, `reached` (share), `estimate`, `low`, `high` (net worth a customer beside
        nobody), `gain`, `gain_low`, `gain_high`, `p` (of the rule over it).
    order : DataFrame
        `arm`, `measure` (AUTOC, Qini), `estimate`, `low`, `high`, `p`.
    curve : DataFrame
        `arm`, `share`, `estimate`, `low`, `high`, `lot`: what the first bring, a customer of all.
    who : DataFrame
        `column`, `arm`, `estimate`: means of what is known of those whom the rule gives it.
    chosen : DataFrame
        `customer_id`, `arm`, `gain`: the rule learnt from all, for saving and never for a page.
    share_paid : float
        Share of customers whom the budget pays for the cheapest arm; 1 without a budget.
    unit : str
        Currency of the worth; empty where it is counted in the outcome's unit.
    """

    outcome: str
    arms: tuple[str, ...]
    n: int
    tested: int
    policies: pd.DataFrame
    order: pd.DataFrame
    curve: pd.DataFrame
    who: pd.DataFrame
    chosen: pd.DataFrame
    share_paid: float = 1.0
    unit: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """What the rule, all and none bring, and the rule's gain over each."""
        form = f"money:{self.unit}" if self.unit else difference_form(self.policies["estimate"])
        return labelled(
            self.policies,
            policy="Who gets it",
            arm="Version",
            reached=("Share reached", "percent:0"),
            estimate=("Net worth per customer", form),
            gain=("Gain of the rule over it", form),
            p=("p-value", "p"),
        )

    @property
    def ranking(self) -> pd.DataFrame:
        """AUTOC and Qini, arm by arm."""
        form = difference_form(self.order["estimate"])
        return labelled(
            self.order, arm="Version", measure="Measure", estimate=("Area", form),
            p=("p-value (corrected)", "p"),
        )  # fmt: skip

    @property
    def profile(self) -> pd.DataFrame:
        """What is known of those whom the rule gives each arm, by what differs most."""
        if self.who.empty:
            return pd.DataFrame()
        return labelled(
            self.who, column="Known before", arm="The rule gives", estimate=("Mean", "number:2"),
        )  # fmt: skip

    @property
    def beats(self) -> bool:
        """Whether the rule is shown to be better than anything that can be done without one."""
        others = self.policies[self.policies["policy"] != RULE]
        return bool(((others["gain_low"] > 0) & (others["p"] < ALPHA)).all())

    @property
    def second(self) -> pd.Series:
        """The best that can be done without a rule."""
        others = self.policies[self.policies["policy"] != RULE]
        return others.iloc[int(others["estimate"].to_numpy().argmax())]

    @property
    def gain(self) -> Estimate:
        """What the rule brings a customer beyond the best without one."""
        row = self.second
        form: dict[str, Any] = {"kind": "money", "unit": self.unit} if self.unit else {}
        return Estimate(
            row["gain"], row["gain_low"], row["gain_high"], float(self.tested), p=row["p"],
            signed=True,
        ).named("Gain of the rule", better="up", **form)  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Return the rule's gain over the best without one, and the area of each arm's order."""
        areas = {f"AUTOC {arm}": area for arm, area in self._areas().items()}
        return {"gain": self.gain, **areas}

    def _areas(self) -> dict[str, Estimate]:
        autoc = self.order[self.order["measure"] == "AUTOC"]
        rows = zip(*(autoc[c] for c in ("arm", "estimate", "low", "high", "p")), strict=True)
        return {
            arm: Estimate(value, low, high, p=p, signed=True) for arm, value, low, high, p in rows
        }

    def findings(self) -> list[Finding]:
        """Return whether customers can be told apart, by a rule and in their order."""
        second = self.second
        values: dict[str, Any] = {"second": _second(second), "gain": self.gain}
        worth = self.policies[~self.policies["policy"].isin([RULE, NOBODY])]
        if self.beats:
            key = "apart"
        elif (worth["low"] > 0).any():
            key = "all"
        else:
            key = "none" if (worth["high"] <= 0).all() else "open"
        verdict = "told apart" if self.beats else "not told apart"
        severity: Severity = "ok" if self.beats else "note"
        found = [Finding("whom", SAID[key], values, verdict, severity=severity)]
        for arm, area in self._areas().items():
            said = {"arm": named(arm), "value": area, "p": Estimate(area.p, digits=3)}
            order = "order" if area.p < ALPHA and area.low > 0 else "no order"
            found.append(Finding(f"whom.{arm}", SAID[order], said))
        taught = Estimate(FIRST_TESTED / FOLDS, kind="percent", digits=0)
        found.append(Finding("whom.tested", SAID["tested"], {"teach": taught, "n": self.tested}))
        if self.share_paid < 1:
            share = Estimate(self.share_paid, kind="percent", digits=0)
            found.append(Finding("whom.budget", SAID["budget"], {"share": share}))
        return found

    def picture(self) -> Picture:
        """Show what those who come first bring, beside as many by lot."""
        return Picture(
            self.plot,
            "What do those bring who would be reached first?",
            "Tested customers only; effect per customer of all",
            labelled(
                self.curve, arm="Version", share=("Share reached", "percent:0"),
                estimate=("In the order of the rule", difference_form(self.curve["estimate"])),
                lot=("By lot", difference_form(self.curve["lot"])),
            ),
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw each arm's gain curve with its band, and the line of a lot."""
        ax, t = ax or plt.gca(), speak(language)
        for arm, rows in self.curve.groupby("arm", sort=False):
            place = [0.0, *rows["share"]]
            (line,) = ax.plot(place, [0.0, *rows["estimate"]], marker="o", markersize=3, label=arm)
            ax.fill_between(
                place, [0.0, *rows["low"]], [0.0, *rows["high"]], alpha=0.15,
                color=line.get_color(), linewidth=0,
            )  # fmt: skip
            lot = [0.0, *rows["lot"]]
            ax.plot(place, lot, "--", color=line.get_color(), linewidth=1,
                    label=t("{arm}, at random").format(arm=arm))  # fmt: skip
        ax.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(t("Share of customers reached, those foretold to gain most first"))
        ax.set_ylabel(t("Effect per customer of all"))
        ax.legend(loc="best", frameon=False)
        return ax


def whom_it_helps(
    records: pd.DataFrame,
    case: Case,
    arm: pd.Series,
    units: pd.DataFrame | None = None,
    *,
    rng: np.random.Generator,
    outcome: str = "",
    direction: str = "up",
    value: float | None = None,
    currency: str = "",
    level: float = 0.95,
) -> Uplift:
    """Learn from a lot whom the measure helps, and try the rule on customers it has not seen.

    Customers are dealt into five folds. A rule is learnt from two and tried on the third, learnt
    from three and tried on the fourth, and so on: nobody tests what they taught. Each tested
    customer is scored doubly robustly, and the mean score of those whom the rule chooses is set
    against giving each arm to all (or, with a budget, to as many by lot as it pays for) and to
    nobody. Only a rule better than all of these tells customers apart.

    Parameters
    ----------
    records : DataFrame
        One row a customer and period: `customer_id`, `period`, `estimate`.
    case : Case
        Its `whom` names what is known of customers, costs and budget.
    arm : Series
        Customer -> name of the arm.
    units : DataFrame, optional
        Customers' table.
    rng : Generator
        Deals the folds.
    value : float, optional
        Worth of one unit of the outcome; the outcome's own unit when left out.

    Raises
    ------
    CaseError
        An arm has fewer than 200 customers; nothing is known of them; costs name no arm.

    References
    ----------
    Athey, Wager (2021), Econometrica 89(1), 133-161; Wager (2024), arXiv 2405.05534; Ascarza
    (2018), Journal of Marketing Research 55(1), 80-98 (whom risk alone picks).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import whom_it_helps
    >>> from workbench.study import Case
    >>> rng = np.random.default_rng(1)
    >>> case = Case(
    ...     name="mail", title="Mail", start="2024-04-01", chosen="random", whom=["young"],
    ...     outcomes=[{"indicator": "sales"}], arms={"column": "arm", "control": "none"},
    ... )
    >>> units = pd.DataFrame({"customer_id": range(2000), "young": rng.integers(0, 2, 2000)})
    >>> arm = pd.Series(rng.choice(["none", "mail"], 2000))
    >>> gain = (arm == "mail") * np.where(units["young"] == 1, 2.0, -2.0)
    >>> rows = pd.DataFrame({
    ...     "customer_id": units["customer_id"], "period": pd.Timestamp("2024-04-01"),
    ...     "estimate": rng.normal(10, 2, 2000) + gain,
    ... })
    >>> whom_it_helps(rows, case, arm, units, rng=rng).beats
    True
    """
    assert case.whom is not None
    people = people_of(records, case, arm)
    names = names_of(people["arm"], case)
    index = np.asarray(people["arm"].map({name: k for k, name in enumerate(names)}), dtype=np.int64)
    known = known_before(people, list(case.whom.by), units)
    if known["before"].isna().all():
        known = known.drop(columns="before")
    x = numbers_of(known)
    counts = np.bincount(index, minlength=len(names))
    if counts.min() < _FEWEST or not x.shape[1]:
        raise CaseError(
            "an arm has {n} customers, {needed} are needed to learn whom it helps"
            if x.shape[1]
            else "nothing is known of the customers by which they could be told apart",
            where=f"cases.{case.name}.whom",
            remedy="treat all alike, or name columns of the customers' table",
            n=int(counts.min()),
            needed=_FEWEST,
        )
    sign = 1.0 if direction == "up" else -1.0
    cost = _costs(case, names)
    budget = float("inf") if case.whom.budget is None else case.whom.budget / len(people)
    terms = PriceTerms(1.0 if value is None else value, cost, budget)
    y = sign * people["after"].to_numpy(dtype=float)
    drawn = Drawn(y, index, x, counts / len(people))
    steps = try_rules(drawn, terms, rng)
    policies = _policies(steps, terms, names, level)
    rule = learn_rule(drawn, terms, rng)
    taken, worth = rule.choose(x), terms.net(rule.foretells(x))
    chosen = pd.DataFrame(
        {
            "customer_id": people.index,
            "arm": np.array(names)[taken],
            "gain": np.take_along_axis(worth, taken[:, None], axis=1)[:, 0],
        }
    )
    return Uplift(
        outcome,
        tuple(names),
        len(people),
        sum(len(s.chosen) for s in steps),
        policies,
        _orders(steps, names, rng, level, sign),
        _curves(steps, names, rng, level, sign),
        _who(known, chosen["arm"].to_numpy()),
        chosen,
        float(terms.affordable[1:].max()),
        "" if value is None else currency,
    )


def _second(row: pd.Series) -> str | Finding:
    policy = str(row["policy"])
    if policy not in SECOND:
        return policy
    return Finding("whom.policy", SECOND[policy], {"arm": named(str(row["arm"]))})


def _costs(case: Case, names: Sequence[str]) -> Array:
    costs = case.whom.costs if case.whom is not None else 0.0
    if not isinstance(costs, dict):
        return np.array([0.0, *[costs] * (len(names) - 1)])
    absent = sorted(set(costs) - set(names))
    if absent:
        raise CaseError(
            "the costs name {name}, which is no arm",
            where=f"cases.{case.name}.whom.costs",
            remedy="the arms are {names}",
            name=repr(absent[0]),
            names=", ".join(names),
        )
    return np.array([0.0, *(float(costs.get(name, 0.0)) for name in names[1:])])


def _policies(
    steps: list[Tried], terms: PriceTerms, names: Sequence[str], level: float
) -> pd.DataFrame:
    own = worth_of_rule(steps, terms)
    reached = float(np.mean([(s.chosen > 0).mean() for s in steps]))
    rows = [_row(RULE, reached, over_steps(own), None, level)]
    for a, name in enumerate(names):
        share = 0.0 if a == 0 else float(terms.affordable[a])
        other = worth_of_all(steps, terms, a)
        gain = over_steps([mine - theirs for mine, theirs in zip(own, other, strict=True)])
        policy = NOBODY if a == 0 else ALL if share == 1 else AS_MANY
        rows.append(_row(policy, share, over_steps(other), gain, level))
        rows[-1]["arm"] = name if a else ""
    return pd.DataFrame(rows)


def _row(
    policy: str, reached: float, worth: Mean, gain: Mean | None, level: float
) -> dict[str, Any]:
    low, high = worth.limits(level)
    row: dict[str, Any] = {"policy": policy, "arm": "", "reached": reached}
    row |= {"estimate": worth.value, "low": low, "high": high}
    nan = float("nan")
    beyond = (nan, nan, nan, nan) if gain is None else (gain.value, *gain.limits(level), gain.p)
    return row | dict(zip(("gain", "gain_low", "gain_high", "p"), beyond, strict=True))


def _orders(
    steps: list[Tried], names: Sequence[str], rng: np.random.Generator, level: float, sign: float
) -> pd.DataFrame:
    rows = []
    for a, name in enumerate(names[1:], start=1):
        for measure, area in ranked(steps, a, rng).items():
            ends = area.limits(level)
            rows.append([name, measure, area.value, *ends, area.p])
    table = pd.DataFrame(rows, columns=["arm", "measure", "estimate", "low", "high", "p"])
    for measure in ("AUTOC", "Qini"):
        own = table["measure"] == measure
        table.loc[own, "p"] = holm(table.loc[own, "p"].tolist())
    return table


def _curves(
    steps: list[Tried], names: Sequence[str], rng: np.random.Generator, level: float, sign: float
) -> pd.DataFrame:
    rows = []
    for a, name in enumerate(names[1:], start=1):
        curve = gain_curve(steps, a, rng)
        for share, mean in zip(SHARES, curve, strict=True):
            low, high = sorted(sign * end for end in mean.limits(level))
            lot = share * curve[-1].value
            rows.append([name, share, sign * mean.value, low, high, sign * lot])
    return pd.DataFrame(rows, columns=["arm", "share", "estimate", "low", "high", "lot"])


def _who(known: pd.DataFrame, arm: Array) -> pd.DataFrame:
    """Means of what is known of those whom the rule gives each arm, by what differs most."""
    groups = pd.Series(arm, index=known.index)
    groups = groups[groups.map(groups.value_counts()) >= _FEWEST_SHOWN]
    wide = pd.get_dummies(known.rename(columns={"before": "outcome before"}), dtype=float)
    wide = wide.apply(pd.to_numeric, errors="coerce")
    means = wide.loc[groups.index].groupby(groups).mean().T
    if means.shape[1] < 2:
        return pd.DataFrame()
    apart = (means.max(axis=1) - means.min(axis=1)) / wide.std().replace(0.0, np.nan)
    largest = apart.dropna().sort_values(ascending=False).index[:_MOST_SHOWN]
    long = means.loc[largest].rename_axis("column").reset_index()
    long = long.melt("column", var_name="arm", value_name="estimate")
    named: pd.DataFrame = long.assign(column=long["column"].str.replace("_", " "))
    return named
