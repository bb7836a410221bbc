"""SERVQUAL beside SERVPERF: one score from the gaps, and where gap and experience disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.stats import kendalltau

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.satisfaction.gaps.gaps import dimension_sides, gaps, paired
from workbench.satisfaction.moments import percentile_limits, resampled, respondents
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.stats.weights import several


def perception_scores(answers: Answers, *, level: float = 0.95) -> pd.DataFrame:
    """Mean experience of each item and dimension (SERVPERF), with intervals.

    Returns
    -------
    DataFrame
        `item` (empty for dimensions), `label`, `dimension`, `n`, `missing`, `estimate`, `low`,
        `high`; items, then dimensions, then `overall`.

    Raises
    ------
    DataError
        No item was asked.

    References
    ----------
    Cronin, Taylor (1992), Journal of Marketing 56(3), 55-68.
    """
    if not answers.items:
        raise DataError("no item was asked", where="survey", remedy="list items on the card")
    w = answers.weights if answers.weighted else None
    people = several(answers.people)
    items = paired(answers.perception.to_numpy(), weights=w, people=people, level=level)
    scores = answers.scores(answers.perception)
    dims = paired(scores.to_numpy(), weights=w, people=people, level=level)
    table = pd.concat([items, dims], ignore_index=True)
    table = table[["n", "missing", "estimate", "low", "high"]].copy()
    names = list(scores.columns)
    table.insert(0, "item", [*answers.items, *([""] * len(names))])
    table.insert(1, "label", [*(answers.labels.get(i, i) for i in answers.items), *names])
    table.insert(2, "dimension", [*(answers.dimension_of(i) for i in answers.items), *names])
    return labelled(
        table, label="Item", n="Answers", missing="Missing", estimate=("Experience", "number:2")
    )


def _weighted_gaps(answers: Answers, importance: Mapping[str, float] | None) -> Array:
    """Give each respondent's mean gap, weighted by importance."""
    gap = answers.gap.to_numpy()
    if importance is not None:
        absent = [d for d in answers.dimensions if d not in importance]
        if absent:
            raise DataError(
                f"dimensions {', '.join(absent)} have no importance",
                remedy="give one weight a dimension",
            )
        scores = answers.scores(answers.gap).drop(columns="overall").to_numpy()
        share = np.broadcast_to([float(importance[d]) for d in answers.dimensions], scores.shape)
    else:
        if answers.importance.empty:
            raise DataError(
                "no importance was stated",
                where="survey",
                remedy="give `importance`, one weight a dimension, or the columns imp_01, ...",
            )
        scores = gap
        share = answers.importance.reindex(columns=answers.items).to_numpy(dtype=float)
    both = ~np.isnan(scores) & ~np.isnan(share)
    total = np.where(both, share, 0.0).sum(axis=1)
    enough = (both.mean(axis=1) >= 0.5) & (total > 0)
    return np.asarray(
        np.where(both, scores * share, 0.0).sum(axis=1) / np.where(enough, total, np.nan)
    )


def overall_scores(
    answers: Answers, importance: Mapping[str, float] | None = None, *, level: float = 0.95
) -> OverallScores:
    """Set the scores of the service as a whole beside one another.

    Parameters
    ----------
    answers : Answers
    importance : mapping of dimension to number, optional
        One weight a dimension for everybody (say, of a hundred points, or derived from drivers);
        without it each respondent's own stated importance of the items, where it was asked.

    Raises
    ------
    DataError
        A dimension without importance, or expectations were not asked.

    References
    ----------
    Zeithaml, Parasuraman, Berry (1990), Delivering Quality Service, chapter 9 and appendix A.
    """
    w, people = answers.weights if answers.weighted else None, several(answers.people)
    columns = {"SERVQUAL": answers.scores(answers.gap)["overall"].to_numpy()}
    if importance is not None or not answers.importance.empty:
        own = _weighted_gaps(answers, importance)
        columns[WEIGHTED] = own
        columns[CHANGE] = own - columns["SERVQUAL"]
    columns["SERVPERF"] = dimension_sides(answers)[1][:, -1]
    table = paired(np.column_stack(list(columns.values())), weights=w, people=people, level=level)
    table.insert(0, "score", list(columns))
    return OverallScores(table[["score", "n", "estimate", "low", "high"]])


WEIGHTED, CHANGE = "SERVQUAL, weighted by importance", "What importance changes"


@dataclass(frozen=True)
class OverallScores(Result):
    """The service as a whole in one number, by several rules.

    Attributes
    ----------
    table : DataFrame
        `score`, `n`, `estimate`, `low`, `high`: SERVQUAL (mean gap); where importance is known
        also SERVQUAL weighted by it, and by how much that moves it (of the respondents who have
        both); last SERVPERF (mean experience, of the items with an expectation).
    """

    table: pd.DataFrame

    def __post_init__(self) -> None:
        """Label the table."""
        shown = labelled(self.table, score="Score", n="Answers", estimate=("Points", "number:2"))
        object.__setattr__(self, "table", shown)

    def estimates(self) -> dict[str, Estimate]:
        """Each score, scale points."""
        about: dict[str, Any] = {"kind": "points", "better": "up"}
        gaps_first = named_estimates(self.table.iloc[:-1], "score", signed=True, **about)
        return gaps_first | named_estimates(self.table.iloc[-1:], "score", **about)

    def findings(self) -> list[Finding]:
        """Whether what customers call important moves the gap."""
        scores = self.estimates()
        if WEIGHTED not in scores:
            return []
        return [
            Finding(
                "gap.weighted",
                "Weighted by importance, the gap is {weighted}. Importance changes it by {change}.",
                {"weighted": scores[WEIGHTED], "change": scores[CHANGE]},
            )
        ]


@dataclass(frozen=True)
class ScoreComparison(Result):
    """Which items are weak by the gap, by experience alone, or by both.

    Attributes
    ----------
    table : DataFrame
        One row an item: `item`, `label`, `dimension`, `gap`, `perception`, `rank_gap`,
        `rank_perception` (1 is the weakest), `weak_by` (in the weakest third of "both", "gap only",
        "experience only" or "neither"); the weakest by gap first.
    agreement, agreement_low, agreement_high : float
        Kendall's tau-b of the two rankings, bootstrap interval over respondents.
    explained : DataFrame
        `score` ("gap", "perception", "difference"), `estimate`, `low`, `high`: share of the
        variance of overall satisfaction that the dimensions' scores explain; empty without an
        outcome.
    """

    table: pd.DataFrame
    agreement: float
    agreement_low: float
    agreement_high: float
    explained: pd.DataFrame

    @property
    def disputed(self) -> pd.DataFrame:
        """Items that one measure counts among the weakest third and the other does not."""
        return self.table[self.table["weak_by"].isin(["gap only", "experience only"])]

    def estimates(self) -> dict[str, Estimate]:
        """Agreement of the two rankings, and the shares that they explain of satisfaction."""
        tau = Estimate(
            self.agreement, self.agreement_low, self.agreement_high, len(self.table), digits=2
        )
        return {
            "servqual.agreement": tau.named("Agreement of gap and experience"),
            **named_estimates(self.explained, "score", prefix="explained.", kind="percent"),
        }

    def findings(self) -> list[Finding]:
        """How many items only one measure calls weak, how far the rankings agree, what explains."""
        known, n = self.estimates(), len(self.disputed)
        message = "Gap and experience alone point to the same items"
        if n:
            message = "{n} of {total} items are weak by one measure and not by the other"
        found = [
            Finding("servqual.disputed", message, {"n": n, "total": len(self.table)}),
            Finding(
                "servqual.agreement",
                "The two rankings of the items agree with a rank correlation of {tau}; 1 would be"
                " full agreement.",
                {"tau": known["servqual.agreement"]},
            ),
        ]
        if len(self.explained):
            shares = {"gap": known["explained.gap"], "alone": known["explained.perception"]}
            explained = (
                "The dimensions' gaps explain {gap} of the differences in overall satisfaction,"
                " experience alone {alone}."
            )
            found.append(Finding("servqual.explained", explained, shares))
        return found

    def picture(self) -> Picture:
        """Ranks by either score."""
        return Picture(
            self.plot,
            "Weak by gap, by experience, or by both",
            "Ranks of the items, last wave",
            self.table,
            height=5.2,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw each item's rank by gap against its rank by experience."""
        say = speak(language)
        ax = ax or plt.gca()
        t = self.table
        for side, marker in (
            ("both", "o"),
            ("gap only", "^"),
            ("experience only", "s"),
            ("neither", "."),
        ):
            rows = t[t["weak_by"] == side]
            if len(rows):
                ax.plot(rows["rank_perception"], rows["rank_gap"], marker, label=say(side))
        for row in t.itertuples():
            ax.annotate(
                str(row.item),
                (row.rank_perception, row.rank_gap),
                xytext=(4, 3),
                textcoords="offset points",
                fontsize="small",
            )
        ranks = [1, *range(5, len(t) + 1, 5)]
        ax.plot(
            [1, len(t)], [1, len(t)], color=plt.rcParams["axes.edgecolor"], linewidth=0.7, zorder=0
        )
        ax.set_xticks(ranks)
        ax.set_yticks(ranks)
        ax.invert_xaxis()
        ax.invert_yaxis()
        ax.set_xlabel(say("Rank by experience (1 is the weakest)"))
        ax.set_ylabel(say("Rank by gap (1 is the weakest)"))
        ax.legend(frameon=False, loc="lower right")
        return ax


def compare_scores(
    answers: Answers,
    outcome: str | None = None,
    *,
    rng: np.random.Generator,
    draws: int = 200,
    level: float = 0.95,
) -> ScoreComparison:
    """Compare the verdict of gaps with that of experience alone, and which goes with satisfaction.

    Parameters
    ----------
    answers : Answers
    outcome : str, optional
        Column of overall satisfaction in the background.
    rng : numpy.random.Generator
    draws : int
        Bootstrap samples of respondents.
    """
    items = gaps(answers, level=level).items
    by_gap, by_perception = items["estimate"].rank(), items["perception"].rank()
    third = np.ceil(len(items) / 3)
    worst = by_gap <= third, by_perception <= third
    table = items[["item", "label", "dimension"]].assign(
        gap=items["estimate"],
        perception=items["perception"],
        rank_gap=by_gap,
        rank_perception=by_perception,
        weak_by=np.select(
            [worst[0] & worst[1], worst[0], worst[1]],
            ["both", "gap only", "experience only"],
            "neither",
        ),
    )
    table = labelled(
        table.sort_values("rank_gap", kind="stable", ignore_index=True),
        item="No.",
        label="Item",
        gap=("Gap", "number:2"),
        perception=("Experience", "number:2"),
        rank_gap=("Rank by gap", "number:0"),
        rank_perception=("Rank by experience", "number:0"),
        weak_by="Weak by",
    )
    base = answers.weights
    weights = np.vstack([base, *resampled(base, draws, rng, answers.people)])
    means = [_means(weights, side) for side in (answers.gap, answers.perception)]
    tau = np.array([kendalltau(a, b).statistic for a, b in zip(*means, strict=True)])
    worth = respondents(base, answers.people)
    low, high = percentile_limits(tau[1:], level, worth)
    explained = pd.DataFrame(columns=["score", "estimate", "low", "high"])
    if outcome is not None and outcome in answers.background:
        y = pd.to_numeric(answers.background[outcome], errors="coerce").to_numpy(dtype=float)
        r2 = _explained(answers, y, weights)
        if r2 is not None:
            spans = percentile_limits(r2[1:], level, worth, estimate=r2[0])
            names = ["gap", "perception", "difference"]
            explained = pd.DataFrame(
                {"score": names, "estimate": r2[0], "low": spans[0], "high": spans[1]}
            )
    return ScoreComparison(table, float(tau[0]), float(low), float(high), explained)


def _means(weights: Array, values: pd.DataFrame) -> Array:
    x = values.to_numpy(dtype=float)
    seen = ~np.isnan(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((weights @ np.where(seen, x, 0.0)) / (weights @ seen))


def _explained(answers: Answers, y: Array, weights: Array) -> Array | None:
    """R squared of each draw for gap, experience and their difference, on the same answers."""
    sides = [answers.scores(s).drop(columns="overall") for s in (answers.gap, answers.perception)]
    blocks = [np.column_stack([side.to_numpy(), y]) for side in sides]
    seen = ~np.isnan(np.column_stack(blocks)).any(axis=1)
    if seen.sum() < 10 * blocks[0].shape[1]:
        return None
    out = np.empty((len(weights), 3))
    for d, w in enumerate(weights[:, seen]):
        for k, block in enumerate(blocks):
            x = block[seen]
            centred = x - np.average(x, axis=0, weights=w)
            s = (centred * w[:, None]).T @ centred
            fitted = s[-1, :-1] @ np.linalg.lstsq(s[:-1, :-1], s[:-1, -1], rcond=None)[0]
            out[d, k] = fitted / s[-1, -1] if s[-1, -1] > 0 else np.nan
    out[:, 2] = out[:, 1] - out[:, 0]
    return out
