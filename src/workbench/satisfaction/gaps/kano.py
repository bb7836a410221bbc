"""Kano categories: what customers take for granted, what they pay attention to, what delights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.special import ndtr

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import label_points, name_quarters
from workbench.satisfaction.moments import resampled
from workbench.stats import effective_answers, unequal_weights, wilson
from workbench.stats.weights import several

CATEGORIES: Final = (
    "must-be",
    "one-dimensional",
    "attractive",
    "indifferent",
    "reverse",
    "questionable",
)
#: Category of each pair: rows are the answers to "how do you feel if it works" (like, expect,
#: neutral, can live with it, dislike), columns those to "... if it does not".
TABLE: Final = (
    ("questionable", "attractive", "attractive", "attractive", "one-dimensional"),
    ("reverse", "indifferent", "indifferent", "indifferent", "must-be"),
    ("reverse", "indifferent", "indifferent", "indifferent", "must-be"),
    ("reverse", "indifferent", "indifferent", "indifferent", "must-be"),
    ("reverse", "reverse", "reverse", "reverse", "questionable"),
)
# What to mend first, when two categories are equally frequent: M > O > A > I (Berger et al. 1993).
_FIRST: Final = np.arange(len(CATEGORIES))
_LOOKUP: Final = np.array([[CATEGORIES.index(c) for c in row] for row in TABLE])


@dataclass(frozen=True)
class Kano(Result):
    """How customers take each item.

    Attributes
    ----------
    table : DataFrame
        One row an item: `item`, `label`, `n` (complete pairs), `missing` (pairs with one half),
        `category` (the most frequent), `share` with `low`, `high` (Wilson), `second`, `lead`
        (difference of the two shares), `p` (test that both are equally frequent), `clear` (p
        below .05), `probability` (share of the bootstrap samples that give the same category),
        `better`, `worse` with `_low`, `_high` (Timko), `total_strength` (share of M, O and A),
        `reason` where too few answered.
    shares : DataFrame
        One row an item and category: `item`, `category`, `n`, `estimate`, `low`, `high`.
    """

    table: pd.DataFrame
    shares: pd.DataFrame

    @property
    def n_clear(self) -> int:
        """Items with a clear category."""
        return int(self.table["clear"].fillna(False).astype(bool).sum())

    def estimates(self) -> dict[str, Estimate]:
        """Timko's coefficients of each item: `better.01`, `worse.01`."""
        return {
            name: each
            for side in ("better", "worse")
            for name, each in named_estimates(
                self.table, "item", estimate=side, prefix=f"{side}."
            ).items()
        }

    def findings(self) -> list[Finding]:
        """How many items have a clear place."""
        return [
            Finding(
                "kano",
                "{clear} of {n} services have a clear Kano category",
                {"n": len(self.table), "clear": self.n_clear},
            ),
            Finding(
                "kano.meaning",
                "A must-be service is missed when it fails and goes unnoticed when it "
                "works; an attractive one is the reverse. Between them lie one-dimensional "
                "services, of which more is better. A category is clear when it is named "
                "beyond chance more often than any other.",
            ),
        ]

    def picture(self) -> Picture:
        """Categories of the items."""
        return Picture(
            self.plot,
            "Must-be and attractive services",
            "Respondents who were asked both questions",
            self.table,
            height=4.8,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw better against worse; filled marks have a clear category."""
        say = speak(language)
        ax = ax or plt.gca()
        t = self.table.dropna(subset=["better", "worse"])
        colour = plt.rcParams["axes.prop_cycle"].by_key()["color"][0]
        muted = plt.rcParams["text.color"]
        for _, row in t.iterrows():
            x, y = -row["worse"], row["better"]
            ax.errorbar(
                x,
                y,
                xerr=[[x + row["worse_high"]], [-row["worse_low"] - x]],
                yerr=[[y - row["better_low"]], [row["better_high"] - y]],
                color=colour,
                elinewidth=0.8,
                alpha=0.6,
                zorder=2,
            )
            ax.scatter(
                x,
                y,
                s=40,
                facecolors=colour if row["clear"] else "none",
                edgecolors=colour,
                linewidths=1.4,
                zorder=3,
            )
        ax.axvline(0.5, color=muted, linewidth=0.7, linestyle="--")
        ax.axhline(0.5, color=muted, linewidth=0.7, linestyle="--")
        quarters = ("attractive", "one-dimensional", "indifferent", "must-be")
        name_quarters(ax, [say(name) for name in quarters], colour=muted)
        ax.set(xlim=(0, 1), ylim=(0, 1))
        full = [say.name(x) for x in t["label"]]
        label_points(ax, -t["worse"], t["better"], list(t["item"]), full)
        ax.set_xlabel(say("Dissatisfied if it fails, share of answers"))
        ax.set_ylabel(say("Satisfied if it works, share of answers"))
        return ax


def kano_items(
    columns: Sequence[str], *, works: str = "kano_f_", fails: str = "kano_d_"
) -> list[str]:
    """Find the items that were asked in pairs.

    Raises
    ------
    DataError
        An item has one question of the pair and not the other.
    """
    there = [str(c) for c in columns]
    sides = [
        [c.removeprefix(prefix) for c in there if c.startswith(prefix)] for prefix in (works, fails)
    ]
    alone = [works + i for i in sides[0] if i not in sides[1]]
    alone += [fails + i for i in sides[1] if i not in sides[0]]
    if alone:
        raise DataError(
            f"columns {', '.join(map(repr, alone))} have no counterpart",
            where="survey",
            remedy=f"a Kano item needs both questions, {works}.. and {fails}..",
        )
    return sides[0]


def kano(
    frame: pd.DataFrame,
    *,
    items: Sequence[str] | None = None,
    works: str = "kano_f_",
    fails: str = "kano_d_",
    codes: Mapping[Any, int] | None = None,
    labels: Mapping[str, str] | None = None,
    weights: ArrayLike | None = None,
    people: ArrayLike | None = None,
    min_cell: int = 5,
    rng: np.random.Generator,
    draws: int = 400,
    level: float = 0.95,
) -> Kano:
    """Sort each item into its Kano category, and say how clear the case is.

    Parameters
    ----------
    frame : DataFrame
        One row a respondent, with two columns an item.
    items : sequence of str, optional
        Item codes; all that have columns by default.
    works, fails : str
        Prefixes of the functional and the dysfunctional question.
    codes : mapping, optional
        What the answers mean: 1 like, 2 expect, 3 neutral, 4 can live with it, 5 dislike. By
        default they are these numbers.
    labels : mapping of str to str, optional
        Wording of the items.
    weights : array_like, shape (n,), optional
        Survey weights; intervals then use the number of answers of a simple sample that would give
        the share the same variance.
    people : array_like, shape (n,), optional
        Who gave each answer: somebody who answered twice counts as one in every interval.
    min_cell : int
        Items with fewer complete pairs show their count and the reason only.
    rng : numpy.random.Generator

    Raises
    ------
    DataError
        No pairs, half a pair, answers other than the five, or no item that anybody answered.

    References
    ----------
    Berger et al. (1993), Kano's methods for understanding customer-defined quality, Center for
    Quality of Management Journal 2(4), 3-36 (table, and Timko's better and worse); Lee, Newcomb
    (1997), Applying the Kano methodology to meet customer requirements, Quality Management
    Journal 4(3), 95-110 (total strength); McNemar (1947), Psychometrika 12(2), 153-157 (two
    categories that are equally frequent).
    """
    chosen = kano_items(list(frame.columns), works=works, fails=fails) if items is None else items
    absent = [c for i in chosen for c in (works + i, fails + i) if c not in frame]
    if absent or not chosen:
        raise DataError(
            f"there are no columns {', '.join(map(repr, absent))}"
            if absent
            else "there are no Kano questions",
            where="survey",
            remedy=f"name them {works}<item> and {fails}<item>",
        )
    given = unequal_weights(weights, len(frame))
    w = np.ones(len(frame)) if given is None else given
    rows, shares = [], []
    for item in chosen:
        pair = np.column_stack(
            [_coded(frame[side + item], codes, side + item) for side in (works, fails)]
        )
        both = (pair > 0).all(axis=1) & (w > 0)
        row: dict[str, Any] = {
            "item": item,
            "label": (labels or {}).get(item, item),
            "n": int(both.sum()),
            "missing": int(((pair > 0).any(axis=1) & ~both).sum()),
        }
        if row["n"] < min_cell:
            rows.append({**row, "reason": "too few answers"})
            continue
        category = _LOOKUP[pair[both, 0] - 1, pair[both, 1] - 1]
        hot = np.eye(len(CATEGORIES))[category]
        mine = w[both]
        who = None if people is None else several(np.asarray(people)[both])
        drawn = resampled(mine, draws, rng, who) if draws else ()
        counts = np.array([mine @ hot, *(d @ hot for d in drawn)])
        found, parts = _judge(counts, _Effective(hot, None if given is None else mine, who), level)
        rows.append({**row, **found, "reason": ""})
        shares.append(parts.assign(item=item, n=row["n"]))
    if not shares:
        raise DataError(
            "no item has enough complete pairs",
            where="survey",
            remedy=f"at least {min_cell} respondents must answer both questions of an item",
        )
    table = labelled(
        pd.DataFrame(rows),
        item="No.",
        label="Item",
        n="Answers",
        category="Category",
        share=("Share that says so", "percent"),
        probability=("Probability", "percent"),
        better=("Satisfied if it works", "number:2"),
        worse=("Dissatisfied if it fails", "number:2"),
        reason="Note",
    )
    order = ["item", "category", "n", "estimate", "low", "high"]
    return Kano(table, pd.concat(shares, ignore_index=True)[order])


def _coded(answers: pd.Series, codes: Mapping[Any, int] | None, column: str) -> Index:
    """Answers as 1 to 5; 0 where there is none."""
    given = answers.where(answers.notna() & (answers.astype(str).str.strip() != ""))
    if codes is None:
        number = pd.to_numeric(given, errors="coerce")
    else:
        lookup = {str(k).strip(): v for k, v in codes.items()}
        number = given.dropna().astype(str).str.strip().map(lookup).reindex(given.index)
    wrong = given.notna() & ~number.isin([1, 2, 3, 4, 5])
    if wrong.any():
        raise DataError(
            f"{int(wrong.sum())} answers are not one of the five, such as {given[wrong].iloc[0]!r}",
            where=f"survey.{column}",
            remedy="code them 1 like, 2 expect, 3 neutral, 4 can live with it, 5 dislike",
        )
    return number.fillna(0).to_numpy(dtype=np.intp)


@dataclass(frozen=True)
class _Effective:
    """How many answers of a simple sample weighted ones are worth, for one share or another."""

    hot: Array  # (n, categories)
    weights: Array | None
    people: Index | None

    def of(
        self, plus: Sequence[int], minus: Sequence[int] = (), among: Sequence[int] = ()
    ) -> float:
        """For the share of some categories, less that of others, among those who gave some."""
        here = np.ones(len(self.hot), dtype=bool)
        if among:
            here = np.asarray(self.hot[:, list(among)].sum(axis=1) > 0)
        if self.weights is None and self.people is None:
            return float(here.sum())
        value = self.hot[:, list(plus)].sum(axis=1) - self.hot[:, list(minus)].sum(axis=1)
        w, who = (None if v is None else v[here] for v in (self.weights, self.people))
        return effective_answers(value[here], w, clusters=who)


def _judge(
    counts: Array, effective: _Effective, level: float
) -> tuple[dict[str, Any], pd.DataFrame]:
    """One item: the first row of the counts is the estimate, the others are resamples."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
    now = share[0]
    # ties go to the category that is more pressing
    rank = np.lexsort((_FIRST, -now))
    first, second = int(rank[0]), int(rank[1])
    a, b = now[first], now[second]
    # Shares of the same people vary against each other: (a + b) / n under equality. Fong's formula
    # takes them as independent, which calls too many categories clear.
    p = float(2 * ndtr(-(a - b) / np.sqrt((a + b) / effective.of([first], [second]))))
    better, worse = (_ratio(now, up, effective, level) for up in ((1, 2), (0, 1)))
    sizes = [effective.of([c]) for c in range(len(now))]
    limits = [_limits(share, size, level) for share, size in zip(now, sizes, strict=True)]
    held = share[1:].argmax(axis=1) == first if len(share) > 1 else np.array([np.nan])
    found = {
        "category": CATEGORIES[first],
        "share": a,
        **dict(zip(("low", "high"), limits[first], strict=True)),
        "second": CATEGORIES[second] if b > 0 else "",
        "lead": a - b,
        "p": p,
        "clear": p < 0.05,
        "probability": float(np.mean(held)),
        "better": better[0],
        "better_low": better[1],
        "better_high": better[2],
        "worse": -worse[0],
        "worse_low": -worse[2],
        "worse_high": -worse[1],
        "total_strength": float(now[:3].sum()),
    }
    parts = pd.DataFrame(
        {
            "category": CATEGORIES,
            "estimate": now,
            "low": [low for low, _ in limits],
            "high": [high for _, high in limits],
        }
    )
    return found, parts


def _ratio(
    share: Array, up: tuple[int, ...], effective: _Effective, level: float
) -> tuple[float, float, float]:
    """Timko's coefficient: a share of those who answered M, O, A or I."""
    core = float(share[:4].sum())
    if core <= 0:
        return float("nan"), float("nan"), float("nan")
    value = float(share[list(up)].sum()) / core
    return value, *_limits(value, effective.of(up, among=(0, 1, 2, 3)), level)


def _limits(share: float, size: float, level: float) -> tuple[float, float]:
    low, high = wilson(min(share, 1.0) * size, size, level=level)
    return float(low), float(high)
