"""Expert scores of a qualitative goal: how far the raters agree, and who scores differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.goals.record import GoalError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats import Agreement, krippendorff, mean_interval, rating_table
from workbench.stats.agreement import RELIABLE, TENTATIVE, Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SAYS: Final = {
    "reliable": "the scores can be relied on",
    "tentative": "the scores allow tentative conclusions only",
    "unreliable": "the raters do not agree enough to rely on the scores",
}
_FIGURES: Final = (
    "Agreement beyond chance (Krippendorff's alpha) of one expert's score is {single}, of the mean"
    " of all experts {mean}; from 0.80 on scores are taken as reliable, below 0.67 as unreliable."
)
#: By verdict on the mean, and by whether single scores are unreliable.
MESSAGE: Final = {
    ("reliable", False): _FIGURES,
    ("reliable", True): _FIGURES + " Use the mean of all experts only, never the score of one.",
    ("tentative", True): _FIGURES
    + " Use the mean of all experts only, and with care: have them score some items together and"
    " settle where the rubric is read differently.",
    ("unreliable", True): _FIGURES
    + " Do not judge the goal by these scores before the experts have settled how to read the"
    " rubric.",
}


@dataclass(frozen=True)
class ExpertAgreement(Result):
    """How far raters agree on what they scored.

    Attributes
    ----------
    single : Agreement
        Krippendorff's alpha: of one rater's score.
    mean : Estimate
        Of the mean over the raters, which is what the indicator uses (Spearman-Brown; on an
        interval scale alpha is an intraclass correlation: Shrout and Fleiss 1979, Psychological
        Bulletin 86(2), 420-428).
    table : DataFrame
        One row a rater: rater, n (units), mean, estimate, low, high (difference from the mean of
        the other raters on the same units), without (alpha when this rater is left out).
    """

    single: Agreement
    mean: Estimate
    table: pd.DataFrame

    @property
    def verdict(self) -> str:
        """What may be built on the mean scores: reliable, tentative or unreliable."""
        if self.mean.value >= RELIABLE:
            return "reliable"
        return "tentative" if self.mean.value >= TENTATIVE else "unreliable"

    def estimates(self) -> dict[str, Estimate]:
        """Agreement of single scores, and of their mean."""
        return {
            "agreement": self.single.interval.named("Agreement of one expert's score"),
            "agreement_of_mean": self.mean.named("Agreement of the mean of all experts"),
        }

    def findings(self) -> list[Finding]:
        """Say what may be built on the scores, and how far the raters agree."""
        found = self.estimates()
        single_is_low = found["agreement"].value < TENTATIVE
        says = {"says": SAYS[self.verdict]}
        return [
            Finding("goals.experts", "The experts: {says}", says, verdict=self.verdict),
            Finding(
                "goals.experts.agreement",
                MESSAGE[self.verdict, single_is_low],
                {"single": found["agreement"], "mean": found["agreement_of_mean"]},
                verdict=self.verdict,
                severity="warning" if single_is_low else "note",
                estimates=found,
            ),
        ]

    def picture(self) -> Picture:
        """Difference of each rater from the others."""
        return Picture(
            self.plot,
            "Who scores higher or lower than the others",
            "Difference from the mean of the other experts, in points of the rubric, with 95%"
            " intervals",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw each rater's difference from the others, with its interval."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1].reset_index(drop=True)
        ax.axvline(0, linewidth=1, color=plt.rcParams["axes.edgecolor"])
        ax.hlines(t.index, t["low"], t["high"], color="C0", linewidth=2)
        ax.plot(t["estimate"], t.index, "o", color="C0", markersize=7)
        ax.set_yticks(t.index, [say.name(rater) for rater in t["rater"]])
        ax.set_ylim(-0.6, len(t) - 0.4)
        ax.set_xlabel(say("Difference from the other raters"))
        return ax


def expert_agreement(
    ratings: pd.DataFrame, *, rng: np.random.Generator, scale: Scale = "interval"
) -> ExpertAgreement:
    """Measure the agreement of raters who score by a rubric.

    A unit is an item of the rubric on a date.

    Parameters
    ----------
    ratings : DataFrame
        date, rater, item, score: one row a score.
    rng : numpy.random.Generator
        For the bootstrap.
    scale : {"interval", "ordinal"}
        Estimate where scores are averaged; ordinal where only their order counts.

    Raises
    ------
    GoalError
        If a column is absent, a rater scored an item twice on a date, or no two raters scored the
        same.
    """
    try:
        units = rating_table(ratings, unit=["date", "item"], rater="rater", value="score")
        single = krippendorff(units, scale=scale, rng=rng)
    except DataError as error:
        raise GoalError(error.what, where="expert scores", remedy=error.remedy) from error
    raters = single.judgements / single.units
    scores = units.astype(np.float64)
    rows = []
    for rater in scores.columns:
        others = scores.drop(columns=rater)
        apart = (scores[rater] - others.mean(axis=1)).dropna()
        rows.append(
            {
                "rater": rater,
                "n": len(apart),
                "mean": float(scores[rater].mean()),
                **dict(zip(("estimate", "low", "high"), mean_interval(apart), strict=True)),
                "without": _without(others, scale),
            }
        )
    return ExpertAgreement(
        single,
        Estimate(
            stepped_up(single.estimate, raters),
            stepped_up(single.low, raters),
            stepped_up(single.high, raters),
            single.units,
        ),
        labelled(
            pd.DataFrame(rows),
            rater="Expert",
            n="Items scored",
            mean=("Mean score", "number:2"),
            estimate=("Difference from the others", "number:2"),
            without=("Agreement without", "number:2"),
        ),
    )


def stepped_up(single: float, raters: float) -> float:
    """Give the reliability of a mean of so many scores from that of one (Spearman-Brown).

    Disagreement beyond chance stays what it is: averaging cannot mend it.
    """
    return raters * single / (1 + (raters - 1) * single) if single > 0 else single


def _without(others: pd.DataFrame, scale: Scale) -> float:
    """Alpha of the raters that are left; NaN where fewer than two are, or they never differ."""
    try:
        # the estimate alone is used, so the draws do not matter
        left = krippendorff(others, scale=scale, rng=np.random.default_rng(0), draws=2)
    except DataError:
        return float("nan")
    return left.estimate
