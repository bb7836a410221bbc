"""A lot among customers whose outcome was seen once: after the start, never before."""

from __future__ import annotations

import numpy as np

from workbench.impact.designs.design import Design, Situation
from workbench.impact.effect import Effect
from workbench.impact.experiment.adjusted import arm_means, numbers_of
from workbench.impact.inputs.answers import OneAnswer
from workbench.study import Case

NAME = "chosen at random, seen once"
ASSUMPTION = "Who got it was chosen at random, so that the sides differ by chance alone."


def one_answer(data: OneAnswer, *, level: float = 0.95) -> Effect:
    """Compare those drawn with the others, adjusted for what was known before the lot.

    Parameters
    ----------
    data : OneAnswer
    level : float

    Raises
    ------
    CaseError
        A side has too few customers, or nothing varies.

    References
    ----------
    Lin (2013), Annals of Applied Statistics 7(1), 295-318; without covariates this is Welch's t.
    """
    arm = data.treated.astype(np.int64)
    means = arm_means(data.outcome, arm, 2, numbers_of(data.covariates))
    effect, covariance = means.contrast(np.array([[-1.0, 1.0]]))
    return Effect.of_t(
        NAME,
        float(effect[0]),
        float(np.sqrt(covariance[0, 0])),
        means.df,
        mean=float(means.mean[1]),
        level=level,
        inference="Student's t, robust to unequal variances",
        n_units=len(data.outcome),
        n_treated=int(data.treated.sum()),
        n_before=0,
        n_after=data.n_after,
        start=data.start,
        assumption=ASSUMPTION,
    )


def _lacks(s: Situation) -> str:
    return s.lacking


def _answer(data: OneAnswer, case: Case, level: float) -> Effect:
    return one_answer(data, level=level)


SEEN_ONCE = Design[OneAnswer](
    name=NAME,
    family="lot",
    shape="once",
    assumption=ASSUMPTION,
    grade=3,
    lacks=_lacks,
    answer=_answer,
    rank=10,
)
