"""How many dimensions the answers have by themselves, and whether they bear a factor model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, Severity, labelled
from workbench.satisfaction.questionnaire.answers import Answers

#: Kaiser's word for less: miserable below .6, unacceptable below .5.
_POOR: Final = 0.6


@dataclass(frozen=True)
class Dimensionality(Result):
    """Sampling adequacy and parallel analysis of the items of experience.

    Attributes
    ----------
    table : DataFrame
        One row a component: `component`, `estimate` (its eigenvalue), `by_chance` (what shuffled
        answers reach in 95 of 100), `kept`.
    adequacy : Series
        Kaiser's measure of each item.
    kmo : float
        That of all items together.
    named : int
        Dimensions of the card with two items or more.
    n : int
        Complete answers.
    """

    table: pd.DataFrame
    adequacy: pd.Series
    kmo: float
    named: int
    n: int

    @property
    def retained(self) -> int:
        """Components before the first that chance would reach."""
        return int(np.cumprod(self.table["kept"].to_numpy()).sum())

    def estimates(self) -> dict[str, Estimate]:
        """Kaiser's measure of all items: `kmo`."""
        label = "Sampling adequacy (KMO)"
        return {"kmo": Estimate(self.kmo, n=self.n, digits=2, label=label)}

    def findings(self) -> list[Finding]:
        """Whether items have enough in common, and whether as many dimensions as the card names."""
        values = {"found": self.retained, "named": self.named, "kmo": self.estimates()["kmo"]}
        common = (
            "The items have too little in common for a factor model (sampling adequacy {kmo}; at"
            " least 0.6 is asked for)."
            if self.kmo < _POOR
            else "The items have enough in common for a factor model (sampling adequacy {kmo}; at"
            " least 0.6 is asked for)."
        )
        message = "The answers have as many dimensions as the questionnaire names: {named}"
        if self.retained != self.named:
            message = "The answers have {found} dimensions beyond chance; the questionnaire {named}"
        severity: Severity = "warning" if self.kmo < _POOR else "note"
        return [
            Finding("dimensionality", message, values, verdict=str(self.retained)),
            Finding("dimensionality.common", common, values, severity=severity),
        ]


def adequacy(correlation: Array) -> tuple[float, Array]:
    """Kaiser's measure of sampling adequacy, of all items together and of each.

    Squared correlations over these and the squared partial correlations: near one where what two
    items share, others share too.

    References
    ----------
    Kaiser, Rice (1974), Educational and Psychological Measurement 34, 111-117.
    """
    inverse = np.linalg.inv(correlation)
    scale = np.sqrt(np.diag(inverse))
    partial = inverse / np.outer(scale, scale)
    off = ~np.eye(len(correlation), dtype=bool)
    together, alone = np.square(correlation) * off, np.square(partial) * off
    each = together.sum(axis=0) / (together.sum(axis=0) + alone.sum(axis=0))
    return float(together.sum() / (together.sum() + alone.sum())), np.asarray(each)


def dimensionality(
    answers: Answers, *, rng: np.random.Generator, draws: int = 100
) -> Dimensionality:
    """Count the dimensions of the answers by parallel analysis.

    The eigenvalues of the items' correlations are held against the 95th percentile of those of
    answers shuffled item by item, which have the same answers and nothing in common.

    Raises
    ------
    DataError
        Fewer than three items, no more complete answers than items, an item without spread, or one
        that doubles others.

    References
    ----------
    Horn (1965), Psychometrika 30, 179-185; Glorfeld (1995), Educational and Psychological
    Measurement 55, 377-393 (the 95th percentile).
    """
    values = answers.perception.dropna().to_numpy(dtype=float)
    n, p = values.shape
    if p < 3 or n <= p:
        raise DataError(
            f"{n} people answered all of {p} items",
            where="survey",
            remedy="at least three items and more complete answers than items are needed",
        )
    if (values.std(axis=0) < 1e-12).any():
        raise DataError("an item has the same answer from everybody", where="survey")
    correlation = np.corrcoef(values, rowvar=False)
    if np.linalg.eigvalsh(correlation)[0] < 1e-10:
        raise DataError("an item says exactly what others together say", where="survey")
    kmo, each = adequacy(correlation)
    eigen = np.linalg.eigvalsh(correlation)[::-1]
    shuffled = np.array(
        [
            np.linalg.eigvalsh(np.corrcoef(rng.permuted(values, axis=0), rowvar=False))[::-1]
            for _ in range(draws)
        ]
    )
    chance = np.quantile(shuffled, 0.95, axis=0)
    table = labelled(
        pd.DataFrame(
            {
                "component": np.arange(1, p + 1),
                "estimate": eigen,
                "by_chance": chance,
                "kept": eigen > chance,
            }
        ),
        component="Component",
        estimate=("Eigenvalue", "number:2"),
        by_chance=("Reached by chance (95%)", "number:2"),
    )
    named = sum(len(members) > 1 for members in answers.dimensions.values())
    return Dimensionality(table, pd.Series(each, index=answers.items), kmo, named, n)
