"""Answers left blank: whether those who leave them are others, and what that does to a mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled, named_estimates
from workbench.satisfaction.questionnaire.answers import Answers, lost_bounds
from workbench.stats import adjust, column_moments
from workbench.stats.weights import several

#: Fewer answers, or blanks, say nothing of how the two differ.
_LEAST_ANSWERED: Final = 50
_LEAST_BLANK: Final = 10
#: Questions besides the items that tell how somebody feels about the service.
_TELLING: Final = ("csat5", "csat", "csat10", "recommend")


@dataclass(frozen=True)
class Blanks(Result):
    """What is known of those who left a dimension blank.

    Attributes
    ----------
    table : DataFrame
        One row a dimension, and last "overall": `dimension`, `n` (respondents with a score),
        `blank`, `share` (of blanks), `answered` (mean of the answers at hand), `estimate` (mean of
        everybody, those who left it blank carried over by their other answers), `low`, `high`,
        `shift` (the second less the first), `p`, `p_holm`, `least` and `most` (the mean, whatever
        the blanks were). Dimensions with too few blanks or answers have no estimate.
    gap : bool
        Whether the scores are experience minus expectation, or experience.
    level : float
    """

    table: pd.DataFrame
    gap: bool
    level: float = 0.95

    @property
    def differing(self) -> pd.DataFrame:
        """The dimensions whose mean moves beyond chance once the blanks are carried over."""
        return self.table[self.table["p_holm"] < 1 - self.level]

    def estimates(self) -> dict[str, Estimate]:
        """Mean of everybody by dimension, the blanks carried over: `carried.tangibles`."""
        shown = self.table.dropna(subset="estimate")
        return named_estimates(
            shown, "dimension", prefix="carried.", kind="points", signed=self.gap
        )

    def findings(self) -> list[Finding]:
        """Warn where those who left a dimension blank differ from the others."""
        rows = self.differing
        if rows.empty:
            return []
        far = rows.iloc[int(rows["shift"].abs().argmax())]
        values = {
            "dimension": far["dimension"],
            "share": Estimate(float(far["share"]), kind="percent"),
            "answered": Estimate(float(far["answered"]), kind="points", digits=2, signed=self.gap),
            "carried": Estimate(
                *far[["estimate", "low", "high", "n"]], kind="points", signed=self.gap
            ),
            "least": Estimate(float(far["least"]), digits=2, signed=self.gap),
            "most": Estimate(float(far["most"]), digits=2, signed=self.gap),
        }
        worse = far["shift"] < 0
        message = (
            "Those who leave “{dimension}” blank ({share}) are less content in their other"
            " answers: its mean of {answered} is too good."
            if worse
            else "Those who leave “{dimension}” blank ({share}) are more content in their other"
            " answers: its mean of {answered} is too bad."
        )
        return [
            Finding("blanks", message, values, severity="warning", verdict="differ"),
            Finding(
                "blanks.carried",
                "Carried over to everybody by the other answers, it is {carried}. Whatever the"
                " blank answers would have been, it lies between {least} and {most}.",
                values,
            ),
        ]


def carried_over(
    y: Array,
    x: Array,
    *,
    weights: Array | None = None,
    people: Index | None = None,
    level: float = 0.95,
) -> tuple[Estimate, Estimate]:
    """Mean of everybody where some did not answer: regression on what all answered.

    Those without an answer get what people with their other answers say on average. That is right
    where blanks depend on the other answers only, and less wrong than leaving them out where they
    depend on the answer itself and the others go with it.

    Parameters
    ----------
    y : ndarray, shape (n,)
        NaN where blank.
    x : ndarray, shape (n, k)
        What is known of all; a constant is added.
    weights, people : ndarray, shape (n,), optional
        Survey weights, and who gave each row where some gave several.

    Returns
    -------
    mean, shift : Estimate
        The mean, and how far it lies from that of the answers at hand (with its p-value). The
        variances are linearised: imputing once from a fitted model and taking the values for
        answers would understate them.

    References
    ----------
    Little, Rubin (2020), Statistical Analysis with Missing Data, sections 4.2 and 5.4; Robins,
    Rotnitzky, Zhao (1994), JASA 89, 846-866 (the influence of each answer).
    """
    n = len(y)
    w = np.ones(n) if weights is None else weights / weights.mean()
    seen = ~np.isnan(y)
    given = np.where(seen, y, 0.0)
    design = np.column_stack([np.ones(n), x])
    bread = np.linalg.pinv((design * (w * seen)[:, None]).T @ design / n)
    slope = bread @ (design * (w * seen)[:, None]).T @ given / n
    fitted = design @ slope
    share = float(np.average(seen, weights=w))
    plain = float(np.average(y[seen], weights=w[seen]))
    mean = float(np.average(fitted, weights=w))
    reach = design @ bread @ np.average(design, axis=0, weights=w)
    own = (fitted - mean) + np.where(seen, given - fitted, 0.0) * reach
    moved = own - np.where(seen, given - plain, 0.0) / share
    found = column_moments(np.column_stack([own, moved]), weights, clusters=people)
    se = np.sqrt(found.variance)
    worth = max(float(found.effective[0]) * share - design.shape[1], 1.0)
    half = stdtrit(worth, 0.5 + level / 2) * se
    shift = mean - plain
    p = float(2 * ndtr(-abs(shift) / se[1])) if se[1] > 0 else float("nan")
    return (
        Estimate(mean, mean - half[0], mean + half[0], int(seen.sum()), level),
        Estimate(shift, shift - half[1], shift + half[1], n, level, p=p),
    )


def blanks(answers: Answers, *, level: float = 0.95) -> Blanks:
    """Hold those who left a dimension blank against those who answered, by their other answers.

    The other answers are overall satisfaction, recommending, what was expected, and the experience
    of other dimensions. Scores are gaps where expectations were asked, and experience otherwise.

    Raises
    ------
    DataError
        No item was asked.
    """
    if not answers.items:
        raise DataError("no item was asked", where="survey", remedy="list items on the card")
    gap = answers.two_sided
    experience = answers.scores(answers.perception).to_numpy()
    scores = experience
    low, high = map(float, answers.scale)
    ends = (low - high, high - low) if gap else (low, high)
    others = []
    if gap:
        expected, paired = answers.paired_scores
        scores = paired - expected
        others.append(answers.scores(answers.expectation)["overall"].to_numpy())
    for name in _TELLING:
        if name in answers.background:
            values = pd.to_numeric(answers.background[name], errors="coerce").to_numpy(dtype=float)
            if (~np.isnan(values)).mean() > 0.5:
                others.append(values)
    w = answers.weights if answers.weighted else None
    people = several(answers.people)
    rows = []
    for at, name in enumerate([*answers.dimensions, "overall"]):
        y = scores[:, at]
        missing = np.isnan(y)
        n, blank = int((~missing).sum()), int(missing.sum())
        row: dict[str, object] = {"dimension": name, "n": n, "blank": blank}
        row["share"] = blank / max(len(y), 1)
        if n:
            own = np.ones(len(y)) if w is None else w
            mean = float(np.average(y[~missing], weights=own[~missing]))
            row["answered"] = mean
            row["least"], row["most"] = lost_bounds(
                mean, float(own[~missing].sum()), float(own[missing].sum()), ends
            )
        known = [*others]
        if name != "overall" and len(answers.dimensions) > 1:
            rest = np.delete(experience[:, :-1], at, axis=1)
            known.append(_mean_of_known(rest))
        if n >= _LEAST_ANSWERED and blank >= _LEAST_BLANK and known:
            carried, shift = carried_over(
                y, _filled(np.column_stack(known)), weights=w, people=people, level=level
            )
            row |= dict(zip(("estimate", "low", "high"), carried, strict=True))
            row |= {"shift": shift.value, "p": shift.p}
        rows.append(row)
    columns = ["dimension", "n", "blank", "share", "answered", "estimate", "low", "high"]
    table = pd.DataFrame(rows, columns=[*columns, "shift", "p", "least", "most"])
    table["p_holm"] = adjust(table["p"].astype(float), "holm")
    table = labelled(
        table,
        dimension="Dimension",
        n="Answered",
        blank="Left blank",
        share=("Share left blank", "percent"),
        answered=("Mean of the answers", "number:2"),
        estimate=("Mean of everybody, carried over", "number:2"),
        least=("At least", "number:2"),
        most=("At most", "number:2"),
        p_holm=("Differs (p, Holm)", "p"),
    )
    return Blanks(table, gap, level)


def _mean_of_known(values: Array) -> Array:
    seen = ~np.isnan(values)
    count = seen.sum(axis=1)
    total = np.where(seen, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _filled(x: Array) -> Array:
    """Put the mean where an other answer is missing too, and say so in a column of its own."""
    gone = np.isnan(x)
    mean = np.where(gone.all(axis=0), 0.0, np.nan_to_num(x).sum(axis=0)) / np.maximum(
        (~gone).sum(axis=0), 1
    )
    some = gone.any(axis=0) & ~gone.all(axis=0)
    return np.column_stack([np.where(gone, mean, x), gone[:, some].astype(float)])
