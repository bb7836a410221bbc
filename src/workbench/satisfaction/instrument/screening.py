"""Which items of a pilot to mend or drop, and why; and what differs between two versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.measurement.alpha import cronbach_alpha
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.stats import adjust, proportion_difference, wilson

#: Answers from which weak, misplaced and double items can be told from good ones by chance no more:
#: with 50, a third of such pilots names a good item or misses two bad ones (simulated).
ENOUGH: Final = 100
#: Fewer answers say nothing of items.
LEAST: Final = 20
#: Share of the answers at one end that leaves no room; how much rarer than others it is answered;
#: correlation with the rest of its dimension below which it is turned, or weak; how much better it
#: may fit elsewhere; correlation of two items that ask the same.
_ENDS, _RARER, _TURNED, _WEAK, _ELSEWHERE, _SAME = 0.6, 0.15, -0.15, 0.3, 0.15, 0.8
#: What is wrong with an item -> what is said, what is advised.
PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "unanswered": (
        "Hardly anybody answers {items}",
        "Reword what nobody answers, or offer “not applicable”: {items}",
    ),
    "at the end": (
        "Nearly everybody gives the same end of the scale to {items}",
        "Word it more strongly, or drop it: {items}",
    ),
    "turned": (
        "Answers to {items} run against the rest of their dimension",
        "List it under `reversed` on the card if it is worded negatively, or reword it: {items}",
    ),
    "double": (
        "{items} asks the same as another item",
        "Keep one of each pair, and drop the other: {items}",
    ),
    "elsewhere": (
        "{items} goes with another dimension more than with its own",
        "Move it to the dimension that it goes with, or reword it: {items}",
    ),
    "weak": (
        "{items} hardly goes with its dimension",
        "Look whether it asks two things at once; reword it, or drop it: {items}",
    ),
}


@dataclass(frozen=True)
class ItemScreen(Result):
    """What is wrong with the items of a pilot.

    Attributes
    ----------
    table : DataFrame
        One row an item, those with a problem first: `item`, `label`, `dimension`, `n`, `answered`,
        `end` (share at the fuller end of the scale), `own` (correlation with the rest of its
        dimension), `elsewhere` (the largest with another dimension), `problem` (empty for good
        items), `with` (the other item or dimension).
    n : int
        Respondents.
    """

    table: pd.DataFrame
    n: int

    @property
    def problems(self) -> dict[str, str]:
        """Item -> what is wrong with it."""
        rows = self.table[self.table["problem"] != ""]
        return {str(i): str(p) for i, p in rows[["item", "problem"]].itertuples(index=False)}

    def estimates(self) -> dict[str, Estimate]:
        """Items to mend, of all."""
        n = len(self.table)
        bad = Estimate(len(self.problems), n=n, label="Items to mend or drop", digits=0)
        return {"bad": bad}

    def findings(self) -> list[Finding]:
        """Say which items to mend or drop, why, and what so few answers cannot show."""
        named = self.estimates()
        values = {"n": named["bad"], "total": len(self.table)}
        message = "{n} of {total} items should be mended or dropped"
        if not self.problems:
            message = "No item has to be mended"
        found = [Finding("items", message, values, estimates=named)]
        rows = self.table[self.table["problem"] != ""]
        for kind, (message, cure) in PROBLEMS.items():
            of_kind = rows[rows["problem"] == kind]
            if of_kind.empty:
                continue
            items = [_named(row) for row in of_kind.to_dict("records")]
            key = f"items.{kind.replace(' ', '_')}"
            found.append(Finding(key, message, {"items": items}, verdict=kind))
            found.append(Finding(f"{key}.cure", cure, {"items": items}))
        if self.n < ENOUGH:
            about = {"n": self.n, "enough": ENOUGH}
            message = (
                "{n} answers show only items that are turned, unanswered or at the end of the"
                " scale. From {enough} answers on, weak, misplaced and double items can be told,"
                " too."
            )
            found.append(Finding("items.enough", message, about, severity="warning"))
        return found


def _named(row: Mapping[Any, Any]) -> str:
    label, other = str(row["label"]), str(row["with"])
    return f"{row['item']} {label}" + (f" ({other})" if other else "")


def screen_items(answers: Answers) -> ItemScreen:
    """Find the items of a pilot that should be mended or dropped.

    Looked at are the answers of experience. An item has one problem, the first of: hardly anybody
    answers it; nearly all answers lie at one end; its answers run against its dimension; it asks
    the same as an earlier item; it goes with another dimension; it hardly goes with its own. The
    last three are told from `ENOUGH` answers on.

    Parameters
    ----------
    answers : Answers

    Raises
    ------
    DataError
        No items, or fewer than `LEAST` respondents.

    References
    ----------
    Corrected item-total correlations from .30: Nunnally, Bernstein (1994), Psychometric Theory,
    3rd edition, 8.4.
    """
    x = answers.perception.to_numpy(dtype=float)
    n, items = len(x), answers.items
    if not items or n < LEAST:
        raise DataError(
            f"{n} respondents and {len(items)} items are too few to look at items",
            where="survey",
            remedy=f"ask {LEAST} people or more, better {ENOUGH}",
        )
    given = ~np.isnan(x)
    asked = given.any(axis=1)
    answered = given[asked].mean(axis=0)
    _, upper = wilson(given[asked].sum(axis=0), int(asked.sum()))
    with np.errstate(invalid="ignore", divide="ignore"):
        ends = [np.nansum(x == end, axis=0) / given.sum(axis=0) for end in answers.scale]
    end = np.fmax(*ends)
    problem = np.full(len(items), "", dtype=object)
    partner = np.full(len(items), "", dtype=object)
    typical = float(np.median(answered))
    problem[(typical - answered > _RARER) & (upper < typical)] = "unanswered"
    problem[(problem == "") & (end >= _ENDS)] = "at the end"
    dimension = np.array([answers.dimension_of(item) for item in items])
    z = _standardised(x)
    sign = _signs(z, dimension, problem == "")
    own, elsewhere, where = _fit(z * sign, dimension, problem == "")
    problem[(sign < 0) & (own > -_TURNED) & (problem == "")] = "turned"
    problem[_turned_of_two(z, dimension, problem == "")] = "turned"
    sign = np.where(problem == "turned", -1.0, sign)
    z = z * np.where(problem == "turned", sign, 1.0)
    good = (problem == "") | (problem == "turned")
    if n >= ENOUGH:
        _double(z, items, problem, partner)
        for _ in range(2):  # a misplaced item spoils two dimensions until it is out
            own, elsewhere, where = _fit(z, dimension, good & (partner == ""))
            off = (problem == "") & (elsewhere - own > _ELSEWHERE) & (elsewhere > _WEAK)
            problem[off], partner[off] = "elsewhere", where[off]
        own, elsewhere, where = _fit(z, dimension, good & (partner == ""))
        problem[(problem == "") & (own < _WEAK)] = "weak"
    own, elsewhere, where = _fit(z, dimension, good & (partner == "") & (problem != "weak"))
    table = pd.DataFrame(
        {
            "item": items,
            "label": [answers.labels.get(item, item) for item in items],
            "dimension": dimension,
            "n": given.sum(axis=0),
            "answered": answered,
            "end": end,
            "own": np.where(problem == "turned", -own, own),
            "elsewhere": elsewhere,
            "problem": problem,
            "with": partner,
        }
    )
    table = table.assign(_good=table["problem"] == "").sort_values("_good", kind="stable")
    table = table.drop(columns="_good").reset_index(drop=True)
    return ItemScreen(
        labelled(
            table,
            item="Code",
            label="Item",
            dimension="Dimension",
            n="Answers",
            answered=("Answered", "percent"),
            end=("At the fuller end", "percent"),
            own=("Correlation with the rest of its dimension", "number:2"),
            elsewhere=("Largest correlation with another dimension", "number:2"),
            problem="Problem",
        ),
        n,
    )


def _standardised(x: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (x - np.nanmean(x, axis=0)) / np.nanstd(x, axis=0)
    return np.where(np.isfinite(z), z, np.nan)


def _signs(z: Array, dimension: Array, usable: Mask) -> Array:
    """Give each item the sign that it has on the first component of its dimension."""
    sign = np.ones(z.shape[1])
    for name in dict.fromkeys(dimension):
        at = np.flatnonzero((dimension == name) & usable)
        if len(at) < 3:
            continue
        r = pd.DataFrame(z[:, at]).corr().fillna(0.0).to_numpy()
        first = np.linalg.eigh(r)[1][:, -1]
        first = first * (1.0 if first.sum() >= 0 else -1.0)
        # the dimension's direction is that of most of its items
        if (first < 0).sum() > (first >= 0).sum():
            first = -first
        sign[at] = np.where(first < 0, -1.0, 1.0)
    return sign


def _turned_of_two(z: Array, dimension: Array, usable: Mask) -> Mask:
    """Find the turned item where two of a dimension run against each other: by all other items."""
    turned = np.zeros(z.shape[1], dtype=bool)
    for name in dict.fromkeys(dimension):
        here = (dimension == name) & usable
        others = z[:, usable & ~here]
        if here.sum() != 2 or others.shape[1] < 2:
            continue
        first, second = np.flatnonzero(here)
        n = int((~np.isnan(z[:, here])).all(axis=1).sum())
        # beyond chance, too: two standard errors of a correlation of nothing
        if not _correlation(z[:, first], z[:, second]) < min(_TURNED, -2 / np.sqrt(max(n, 1))):
            continue
        given = ~np.isnan(others)
        rest = np.where(given, others, 0.0).sum(axis=1) / np.where(given.any(1), given.sum(1), 1)
        r = {at: _correlation(z[:, at], rest) for at in (first, second)}
        at = min(r, key=lambda each: r[each])
        turned[at] = r[at] < 0 < r[first if at == second else second]
    return turned


def _fit(z: Array, dimension: Array, usable: Mask) -> tuple[Array, Array, Array]:
    """Correlate each item with the rest of its dimension, and with the other dimensions."""
    k, names = z.shape[1], list(dict.fromkeys(dimension))
    given = ~np.isnan(z)
    filled = np.where(given, z, 0.0)
    members = np.array([(dimension == name) & usable for name in names]).T
    total, count = filled @ members, given.astype(float) @ members
    own, elsewhere = np.full(k, np.nan), np.full(k, np.nan)
    where = np.full(k, "", dtype=object)
    for at in range(k):
        home = names.index(dimension[at])
        # of its own dimension the rest, without the item itself
        mine = members[at].astype(float)
        others, n = total - np.outer(filled[:, at], mine), count - np.outer(given[:, at], mine)
        mean = np.divide(others, n, out=np.full_like(others, np.nan), where=n > 0)
        r = np.array([_correlation(z[:, at], column) for column in mean.T])
        r[members.sum(axis=0) - mine < 2] = np.nan
        own[at], r[home] = r[home], np.nan
        if not np.isnan(r).all():
            best = int(np.nanargmax(r))
            elsewhere[at], where[at] = r[best], names[best]
    return own, elsewhere, where


def _correlation(u: Array, v: Array) -> float:
    both = ~np.isnan(u) & ~np.isnan(v)
    a, b = u[both], v[both]
    if len(a) < 10:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 0 else float("nan")


def _double(z: Array, items: list[str], problem: Array, partner: Array) -> None:
    """Mark the later of two items that get the same answers."""
    r = pd.DataFrame(z).corr(min_periods=30).to_numpy()
    for at in range(len(items)):
        for earlier in range(at):
            if r[at, earlier] >= _SAME and problem[at] == "" and problem[earlier] == "":
                problem[at], partner[at] = "double", items[earlier]


# --- two versions -------------------------------------------------------------------------------


@dataclass(frozen=True)
class VersionComparison(Result):
    """What differs between two versions of a questionnaire that were drawn by lot.

    Attributes
    ----------
    table : DataFrame
        One row an item: `item`, `label`, `estimate` (difference of the shares who answered, second
        minus first) with `low`, `high`, `mean` (difference of the means), `end` (of the shares at
        the fuller end), `own` (of the correlations with the rest), `p` (the least of three tests),
        `p_holm`, `differs`.
    alphas : DataFrame
        One row a dimension: `dimension`, `first`, `second` (Cronbach's alpha), `p` (Feldt).
    """

    table: pd.DataFrame
    alphas: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """Items that differ."""
        differ, n = int(self.table["differs"].sum()), float(len(self.table))
        return {
            "differ": Estimate(
                differ, n=n, label="Items that differ between the versions", digits=0
            )
        }

    def findings(self) -> list[Finding]:
        """Say whether one of the versions is the better."""
        named = self.estimates()
        values = {"n": named["differ"], "total": len(self.table)}
        message = "{n} of {total} items get other answers in the second version"
        found = [Finding("versions", message, values, estimates=named)]
        clear = self.alphas[self.alphas["p"] < 0.05]
        for better, words in (
            (True, "The second version measures more consistently: {dimensions}"),
            (False, "The second version measures less consistently: {dimensions}"),
        ):
            rows = clear[(clear["second"] > clear["first"]) == better]
            if len(rows):
                key = f"versions.{'better' if better else 'worse'}"
                found.append(Finding(key, words, {"dimensions": list(rows["dimension"])}))
        return found


def compare_versions(first: Answers, second: Answers, *, level: float = 0.95) -> VersionComparison:
    """Compare two versions of a questionnaire, each answered by people drawn by lot.

    Parameters
    ----------
    first, second : Answers
        With the same items.

    Raises
    ------
    DataError
        Other items.

    References
    ----------
    Feldt (1969), Psychometrika 34, 363-373, for two coefficients alpha.
    """
    if set(first.items) != set(second.items):
        other = sorted(set(first.items) ^ set(second.items))
        raise DataError(
            f"the versions have other items: {', '.join(other)}",
            where="survey",
            remedy="compare what both ask",
        )
    screens = [screen_items(side).table for side in (first, second)]
    ends, fits = (
        [dict(zip(t["item"].astype(str), t[c].astype(float), strict=True)) for t in screens]
        for c in ("end", "own")
    )
    rows = []
    for item in first.items:
        a, b = (side.perception[item].dropna().to_numpy(dtype=float) for side in (first, second))
        share = proportion_difference(len(b), len(second), len(a), len(first), level=level)
        rows.append(
            {
                "item": item, "label": first.labels.get(item, item), "n": len(first) + len(second),
                "estimate": share.value, "low": share.low, "high": share.high,
                "mean": float(b.mean() - a.mean()) if len(a) and len(b) else np.nan,
                "end": ends[1][item] - ends[0][item], "own": fits[1][item] - fits[0][item],
                "p": _least_p(a, b, len(first), len(second), [fit[item] for fit in fits]),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table["p_holm"] = adjust(table["p"].fillna(1.0))
    table["differs"] = table["p_holm"] < 1 - level
    alphas = [
        {"dimension": name, **_alphas(first, second, list(members))}
        for name, members in first.dimensions.items()
        if len(members) > 1
    ]
    return VersionComparison(
        labelled(
            table,
            item="Code",
            label="Item",
            estimate=("Answered, difference", "percent"),
            mean=("Mean, difference", "number:2"),
            end=("At the fuller end, difference", "percent"),
            own=("Correlation with the rest, difference", "number:2"),
            p_holm=("p-value (Holm)", "p"),
        ),
        pd.DataFrame(alphas, columns=["dimension", "first", "second", "p"]),
    )


def _least_p(a: Array, b: Array, n_a: int, n_b: int, fits: list[float]) -> float:
    """Give the p-value that an item differs in who answers, in its mean or in what it goes with."""
    from scipy.special import ndtr
    from scipy.stats import ttest_ind
    from statsmodels.stats.proportion import proportions_ztest

    found = []
    if 0 < len(a) + len(b) < n_a + n_b:
        found.append(float(proportions_ztest([len(a), len(b)], [n_a, n_b])[1]))
    if min(len(a), len(b)) > 2 and np.ptp(np.concatenate([a, b])) > 0:
        found.append(float(ttest_ind(a, b, equal_var=False).pvalue))
    r = np.arctanh(np.clip(fits, -0.999, 0.999))
    if min(len(a), len(b)) > 3 and np.isfinite(r).all():
        se = np.sqrt(1 / (len(a) - 3) + 1 / (len(b) - 3))
        found.append(float(2 * ndtr(-abs(r[1] - r[0]) / se)))
    return min(1.0, len(found) * min(found)) if found else float("nan")


def _alphas(first: Answers, second: Answers, members: list[str]) -> dict[str, float]:
    from scipy.stats import f

    found = [cronbach_alpha(side.perception[members]) for side in (first, second)]
    alpha = [each.estimate for each in found]
    w = (1 - alpha[0]) / (1 - alpha[1])
    df = [each.n - 1 for each in found]
    tail = float(f.sf(w, df[0], df[1]))
    return {"first": alpha[0], "second": alpha[1], "p": float(2 * min(tail, 1 - tail))}
