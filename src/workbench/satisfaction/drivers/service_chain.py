"""The chain from expectation to loyalty, laid out for a survey as it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.satisfaction.drivers.partial_least_squares import Scheme
from workbench.satisfaction.drivers.path_model import PathModel, path_model
from workbench.satisfaction.questionnaire.answers import Answers
from workbench.study.survey import PREFIXES, Chain

#: The core of the European Customer Satisfaction Index: what leads to what.
ECSI_CORE = {
    "Experience": ("Expectations",),
    "Satisfaction": ("Expectations", "Experience"),
    "Loyalty": ("Experience", "Satisfaction"),
}


def service_chain(
    answers: Answers,
    chain: Chain | None = None,
    *,
    satisfaction: Sequence[str] = ("csat5", "csat", "csat10"),
    loyalty: Sequence[str] = ("recommend",),
    scheme: Scheme = "path",
    rng: np.random.Generator,
    draws: int = 300,
    level: float = 0.95,
) -> PathModel:
    """Fit the chain that the study card draws, or the core of the ECSI.

    By default expectations and experience are measured by the scores of their dimensions,
    satisfaction and loyalty by the questions that were asked; a construct without a question is
    left out. Survey weights are taken from the answers.

    Parameters
    ----------
    answers : Answers
    chain : Chain, optional
        The card's: constructs (their columns), paths and modes.
    satisfaction, loyalty : sequence of str
        Columns of the background, as far as they are there.
    scheme, rng, draws, level
        See `path_model`.

    Raises
    ------
    DataError
        Nothing to lead to, or as in `path_model`.

    References
    ----------
    Fornell (1992), A national customer satisfaction barometer, Journal of Marketing 56(1), 6-21;
    Tenenhaus et al. (2005), Computational Statistics & Data Analysis 48(1), section 1.
    """
    if chain is not None:
        sides = (("expectation", answers.expectation), ("perception", answers.perception))
        items = pd.concat([part.add_prefix(PREFIXES[side]) for side, part in sides], axis=1)
        frame = pd.concat([answers.background, items], axis=1)
        return path_model(
            frame,
            blocks=chain.constructs,
            paths=chain.paths,
            modes=chain.modes,
            scheme=scheme,
            weights=answers.weights,
            people=answers.people,
            rng=rng,
            draws=draws,
            level=level,
        )
    frame, blocks = pd.DataFrame(index=answers.background.index), {}
    for name, part in (("Expectations", answers.expectation), ("Experience", answers.perception)):
        if part.notna().to_numpy().any():
            scores = answers.scores(part).drop(columns="overall").add_prefix(f"{name} ")
            frame, blocks[name] = pd.concat([frame, scores], axis=1), list(scores.columns)
    for name, columns in (("Satisfaction", satisfaction), ("Loyalty", loyalty)):
        there = [
            c for c in columns if c in answers.background and answers.background[c].notna().any()
        ]
        if there:
            frame, blocks[name] = frame.assign(**answers.background[there]), there
    paths = {
        target: [source for source in sources if source in blocks]
        for target, sources in ECSI_CORE.items()
        if target in blocks
    }
    paths = {target: sources for target, sources in paths.items() if sources}
    if not {"Satisfaction", "Loyalty"} & set(paths):
        raise DataError(
            "there is no question on satisfaction or loyalty",
            where="survey",
            remedy=f"one of {', '.join([*satisfaction, *loyalty])} is needed, or survey.chain in"
            " study.yml",
        )
    return path_model(
        frame,
        blocks=blocks,
        paths=paths,
        scheme=scheme,
        weights=answers.weights,
        people=answers.people,
        rng=rng,
        draws=draws,
        level=level,
    )
