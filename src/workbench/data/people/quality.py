"""How good the links are, by their own probabilities: precision, recall, and number of doubles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.results import Estimate, Finding

#: No pair is held to be surer: names and numbers are mistyped into one another, too.
SUREST = 0.997
#: What tells a double, beside its other contacts; at least one has to agree for a pair to be seen.
TOLD_BY = (("phone",), ("mail",), ("address",), ("sounds", "year"))

Span = tuple[float, float, float]


@dataclass(frozen=True)
class Quality:
    """What the links are worth.

    Attributes
    ----------
    pairs, doubtful, decided : int
        Pairs linked; pairs that a person should decide; pairs that a person has decided.
    precision, recall, doubles : tuple of float, or None
        Share of the linked pairs that are one person; share of all pairs of one person that are
        linked; number of such pairs: estimate, and an interval of 95%. None where nobody may be
        there twice.
    """

    pairs: int = 0
    doubtful: int = 0
    decided: int = 0
    precision: Span | None = None
    recall: Span | None = None
    doubles: Span | None = None

    @classmethod
    def of(cls, pairs: pd.DataFrame, unseen: float = 0.0) -> Quality:
        """Add the pairs' probabilities up.

        Parameters
        ----------
        pairs : DataFrame
            probability, outcome, decided.
        unseen : float
            Expected number of doubles that were not compared, from `unseen_share`.

        Notes
        -----
        Pairs are taken for independent: numbers of true pairs are Poisson binomial.
        """
        linked = pairs["outcome"].to_numpy() == "linked"
        decided = pairs["decided"].to_numpy(bool)
        p = pairs["probability"].to_numpy(float)
        p = np.where(decided, p, np.minimum(p, SUREST))
        told = cls(int(linked.sum()), int((pairs["outcome"] == "doubtful").sum()),
                   int(decided.sum()))  # fmt: skip
        if not p.sum() > 0:
            return told
        right, low, high = _count(p[linked])
        missed, fewest, most = _count(p[~linked], unseen)
        return cls(
            told.pairs,
            told.doubtful,
            told.decided,
            (right / told.pairs, low / told.pairs, high / told.pairs) if told.pairs else None,
            (right / (right + missed), right / (right + most) if right else 0.0,
             right / max(right + fewest, 1e-9)),
            (right + missed, low + fewest, high + most),
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Give precision, recall and number of doubles, where there may be any."""
        told: dict[str, Estimate] = {}
        if self.precision is not None:
            told["link_precision"] = Estimate(
                *self.precision,
                n=self.pairs,
                kind="percent",
                better="up",
                label="Linked pairs that are one person",
                fact="data.link_precision",
            )
        if self.recall is not None:
            told["link_recall"] = Estimate(
                *self.recall,
                kind="percent",
                better="up",
                label="Pairs of one person that are linked",
                fact="data.link_recall",
            )
        if self.doubles is not None:
            told["doubles"] = Estimate(
                *self.doubles, digits=0, label="Pairs of records of one person", fact="data.doubles"
            )
        return told  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say how far the links can be believed, and what waits for a person."""
        told = self.estimates()
        found = []
        if "link_precision" in told:
            found.append(
                Finding(
                    "links",
                    "By the probabilities of the links, {link_precision} of the linked pairs are"
                    " one person, and {link_recall} of all pairs of one person are linked; in all"
                    " there are {doubles}.",
                    dict(told),
                    estimates=told,
                )
            )
        if self.doubtful:
            found.append(
                Finding(
                    "doubtful",
                    "Pairs of records that may be one person: {n}. They stay apart until somebody"
                    " decides (workbench review).",
                    {"n": self.doubtful},
                )
            )
        return found


def _count(p: np.ndarray[Any, Any], more: float = 0.0) -> Span:
    """Give mean and 95% interval of how many of independent pairs are true; `more` are Poisson."""
    mean, variance = p.sum() + more, (p * (1 - p)).sum() + more
    if variance < 1e-12:
        return float(mean), float(mean), float(mean)
    if len(p) > 4_000:
        half = 1.96 * np.sqrt(variance)
        return float(mean), float(max(mean - half, 0)), float(mean + half)
    chances = np.ones(1)
    for one in p[p > 1e-5]:
        chances = np.convolve(chances, [1 - one, one])
    if more > 0:
        n = np.arange(int(more + 8 * np.sqrt(more) + 10))
        log = n * np.log(more) - more - np.concatenate([[0.0], np.cumsum(np.log(n[1:]))])
        chances = np.convolve(chances, np.exp(log))
    below = np.cumsum(chances)
    low, high = np.searchsorted(below, [0.025, 0.975])
    return float(mean), float(min(low, mean)), float(max(high, mean))


def unseen_share(records: pd.DataFrame, pairs: pd.DataFrame) -> float:
    """Give the share of the doubles that share nothing which the table holds.

    As with two hunters who count the same animals: from how often each contact of a double is
    recorded twice, and then agrees, follows how often none does.

    Parameters
    ----------
    records : DataFrame
        What was recorded, written one way.
    pairs : DataFrame
        i, j, probability.
    """
    sure = pairs[pairs["probability"] > 0.5]
    unseen = 1.0
    for columns in TOLD_BY:
        known = records[list(columns)].notna().all(axis=1).to_numpy()
        left = records.loc[sure["i"], list(columns)].reset_index(drop=True)
        right = records.loc[sure["j"], list(columns)].reset_index(drop=True)
        both = (left.notna() & right.notna()).all(axis=1).to_numpy()
        agree = both & (left == right).fillna(False).all(axis=1).to_numpy()
        unseen *= 1 - known.mean() ** 2 * (agree.sum() + 8.0) / (both.sum() + 10.0)
    return float(unseen)
