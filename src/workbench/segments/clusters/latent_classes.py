"""Latent classes: kinds of customers behind categorical and mixed answers, if there are any.

The fits are those of `answer_mixture`; here stands what a user of such fits must decide: how many
classes, whether the likelihood was found, whether the classes last.

References
----------
Goodman (1974), Exploratory Latent Structure Analysis Using Both Identifiable and Unidentifiable
Models, Biometrika 61(2), 215-231; Linzer, Lewis (2011), poLCA, Journal of Statistical Software
42(10); Celeux, Soromenho (1996), Journal of Classification 13, 195-212 (entropy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.segments.clusters.answer_mixture import AnswerMixture, fit_mixture
from workbench.segments.clusters.clusters import STABLE, group_names, one_thread
from workbench.segments.profiles.profile import distinguishing, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Rows that the number of classes is chosen on, and resamples are drawn from.
PART = 1000
#: Steps after which a fit that still moves is given up; what it may move by (mean log-likelihood).
STEPS, STILL = 500, 1e-6
#: Log-likelihoods closer than this are the same maximum; how many times the starts may be tried.
NEAR, FURTHER = 0.5, 3
#: Resamples for the stability of the chosen number.
FITS = 6

KINDS = "Attitude and demography: latent classes found"
NO_KINDS = "Attitude and demography: no lasting kinds of customers"
CLEAR = (
    "The answers fall into {k} kinds of customers, and repeated fits agree (adjusted Rand "
    "{stability}). Certainty of membership: {entropy} of 1."
)
ONE = "The answers show no kinds of customers: one class describes them as well as several (BIC)."
UNSTABLE = (
    "The answers show no lasting kinds of customers: repeated fits of {k} classes disagree "
    "(adjusted Rand {stability})."
)
DEGREE = (
    "The answers part customers by degree rather than kind: repeated fits of {k} classes agree "
    "(adjusted Rand {stability}), but each class answers higher than the one before on every "
    "scale. A single scale may say the same."
)
NOWHERE = "No fit converged within {steps} steps: the answers hold too little to find classes."


@dataclass(frozen=True)
class LatentClasses(Result):
    """Classes of customers, the evidence for them, and their answers.

    Attributes
    ----------
    table : DataFrame
        One row a class: kind (its name), n, share.
    labels : Series
        Class of each customer, "Class A" the largest; missing for customers without any answer.
        All "Class A" when there are no classes.
    sure : Series
        Probability of the class given.
    clear : bool
        Whether there are lasting classes.
    reason : Finding
        Why; with k, stability, entropy (1 - relative entropy: how sure the membership is, 0 to 1).
    evidence : DataFrame
        One row a number of classes: k, log_likelihood, parameters, bic, converged (whether the best
        of the starts came to rest), starts_agreeing (starts that found the same likelihood),
        starts (tried), of the rows used to choose.
    differences : DataFrame
        What sets each class apart; see `distinguishing`.
    excluded : int
        Customers without any answer.
    """

    table: pd.DataFrame
    labels: pd.Series
    sure: pd.Series
    clear: bool
    reason: Finding
    evidence: pd.DataFrame
    differences: pd.DataFrame
    excluded: int

    def estimates(self) -> dict[str, Estimate]:
        """Give the number of classes, agreement of repeated fits, certainty of membership."""
        words = {
            "k": "Number of classes",
            "stability": "Agreement of repeated fits",
            "entropy": "Certainty of membership",
        }
        known = dict(self.reason.values)
        return {name: Estimate(float(known[name]), label=label) for name, label in words.items()}

    def findings(self) -> list[Finding]:
        """Whether there are kinds of customers, and why."""
        found = "clear" if self.clear else "none"
        return [
            Finding("segments.kinds", KINDS if self.clear else NO_KINDS, verdict=found),
            self.reason,
        ]

    def picture(self) -> Picture | None:
        """Draw what sets the classes apart, where there are any."""
        if not self.clear:
            return None
        return Picture(
            self.plot,
            "What the kinds of customers answer",
            "Difference in share from all others",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the ten answers that set classes apart most: dots, one row an answer."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        d = self.differences.dropna(subset=["effect"])
        said = [
            say.name(readable(name))
            if pd.isna(level)
            else say("{attribute}: {level}", attribute=readable(name), level=level)
            for name, level in zip(d["attribute"], d["level"], strict=True)
        ]
        words = pd.Series(said, index=d.index)
        strongest = d.groupby(words.to_numpy(), sort=False)["effect"].agg(lambda e: e.abs().max())
        shown = list(strongest.nlargest(10).index)[::-1]
        at = {answer: row for row, answer in enumerate(shown)}
        for i, (name, part) in enumerate(d.groupby("segment", observed=True, sort=False)):
            kept = part[words[part.index].isin(shown)]
            rows = np.array([at[answer] for answer in words[kept.index]], dtype=float)
            low, high = kept["effect"] - kept["low"], kept["high"] - kept["effect"]
            ax.errorbar(
                kept["effect"], rows + 0.16 * (i - 1), xerr=[low, high], fmt="osD^v"[i % 5],
                label=say.name(name), elinewidth=1,
            )  # fmt: skip
        ax.axvline(0, color="0.6", linewidth=1)
        ax.set_yticks(range(len(shown)), shown)
        ax.set_xlabel(say("Difference from all others (share of the class)"))
        ax.legend(frameon=False)
        return ax


@one_thread
def latent_classes(
    answers: pd.DataFrame,
    *,
    rng: np.random.Generator,
    k: Sequence[int] = (1, 2, 3, 4, 5),
    numeric: Sequence[str] = (),
    levels: int = 12,
    starts: int = 4,
) -> LatentClasses:
    """Look for kinds of customers behind answers that are categories, scales or numbers.

    The number of classes is the one with the lowest BIC among fits that came to rest. They count
    when fits to resamples agree on who belongs together.

    Parameters
    ----------
    answers : DataFrame, shape (n, columns)
        Each column is taken as a category, whatever its type; missing answers are allowed (full
        information maximum likelihood, missing at random).
    rng : numpy.random.Generator
    k : sequence of int
        Numbers of classes to try; the search ends when BIC has risen twice.
    numeric : sequence of str
        Columns to be taken as numbers (one Gaussian a class).
    levels : int
        Rarer levels than the most frequent `levels` - 1 are pooled.
    starts : int
        First guesses for each number of classes; up to three times as many where only one of them
        found the best likelihood.

    Raises
    ------
    DataError
        No customer or column, only one column, a column without two answers, a name in `numeric`
        that is no column or holds text, fewer than ten customers a class.
    """
    coded, kinds = _code(answers, numeric, levels)
    seen = np.asarray(~np.isnan(coded).all(axis=1), dtype=np.bool_)
    X = coded[seen]
    tried = sorted({1, *k})
    if tried[0] < 1 or len(X) < 10 * tried[-1]:
        raise DataError(
            f"{len(X)} customers with an answer for {tried[-1]} classes",
            remedy="try fewer classes, one or more, with at least ten customers each",
        )
    part = X if len(X) <= PART else X[rng.choice(len(X), size=PART, replace=False)]
    fits: dict[int, _ClassFit] = {}
    for j in tried:
        fits[j] = _fit(part, kinds, j, rng, starts)
        bics = [fit.row["bic"] for fit in fits.values()]
        if len(bics) >= 3 and bics[-1] > bics[-2] > bics[-3]:
            # twice worse: more classes would only cost time
            break
    evidence = pd.DataFrame([{"k": j, **fit.row} for j, fit in fits.items()])
    settled = evidence[evidence["converged"]]
    nan = float("nan")
    values = {"k": nan, "stability": nan, "entropy": nan, "steps": float(STEPS)}
    message, codes, sure = NOWHERE, np.zeros(len(X), dtype=np.intp), np.ones(len(X))
    if len(settled):
        chosen = int(settled["k"].iloc[int(settled["bic"].argmin())])
        values["k"], message = chosen, ONE
        if chosen > 1:
            best = fits[chosen]
            values["stability"] = _stability(part, kinds, best, rng)
            message = UNSTABLE
            if values["stability"] >= STABLE:
                chance = best.model.probabilities(X)
                codes, sure = _assign(chance, chosen)
                values["entropy"] = _entropy(chance)
                message = DEGREE if _ordered(X, kinds, codes) else CLEAR
    return _result(answers, seen, codes, sure, message, values, evidence)


@dataclass(frozen=True)
class _ClassFit:
    model: AnswerMixture
    row: dict[str, Any]


def _code(
    answers: pd.DataFrame, numeric: Sequence[str], levels: int
) -> tuple[Array, list[int | None]]:
    """Turn answers into codes; give for each column its number of levels, or None for a number."""
    if answers.empty:
        raise DataError("there is no answer", remedy="check the filter")
    if answers.shape[1] < 2:
        raise DataError("there is one column", remedy="classes need two answers or more")
    strange = [c for c in numeric if c not in answers]
    if strange:
        raise DataError(
            f"there is no column {', '.join(strange)}", where="numeric", remedy="name columns"
        )
    columns: list[Array] = []
    kinds: list[int | None] = []
    for name in answers.columns:
        column = answers[name]
        if column.nunique() < 2:
            raise DataError(f"{name} is the same for all", remedy="leave this column out")
        if name in numeric:
            if not pd.api.types.is_numeric_dtype(column):
                raise DataError(f"{name} holds text", where="numeric", remedy="take it out of it")
            values = column.to_numpy(dtype=float, na_value=np.nan)
            values = np.where(np.isfinite(values), values, np.nan)
            columns.append((values - np.nanmean(values)) / np.nanstd(values))
            kinds.append(None)
            continue
        kept = column.value_counts().index[:levels]
        if column.nunique() > levels:
            kept = kept[: levels - 1]
        codes = pd.Index(sorted(kept)).get_indexer(pd.Index(column)).astype(float)
        pooled = (codes < 0) & column.notna().to_numpy()
        codes = np.where(pooled, float(len(kept)), np.where(codes < 0, np.nan, codes))
        columns.append(codes)
        kinds.append(len(kept) + int(pooled.any()))
    # categories first, as the mixture takes them
    order = sorted(range(len(kinds)), key=lambda i: kinds[i] is None)
    return np.column_stack([columns[i] for i in order]), [kinds[i] for i in order]


def _fit(
    X: Array, kinds: list[int | None], k: int, rng: np.random.Generator, starts: int
) -> _ClassFit:
    """Fit k classes from several starts, each told apart."""
    # equal rows are fitted once, by their number
    rows, counts = np.unique(X, axis=0, return_counts=True)
    found: list[AnswerMixture] = []
    reached = np.zeros(0)
    # a likelihood that only one start has found may be a local one: look further, within reason
    while len(found) < (starts if k > 1 else 1) or (
        k > 1 and len(found) < FURTHER * starts and _agreeing(reached) < 2
    ):
        model = fit_mixture(rows, kinds, k, rng=rng, counts=counts, steps=STEPS, still=STILL)
        found.append(model)
        reached = np.array([m.mean_log_likelihood for m in found]) * len(X)
        reached = np.where(np.isfinite(reached), reached, -np.inf)
    best = int(np.argmax(reached))
    free = sum(2 if kind is None else kind - 1 for kind in kinds)
    parameters = k - 1 + k * free
    row = {
        "log_likelihood": float(reached[best]),
        "parameters": parameters,
        "bic": float(-2 * reached[best] + parameters * np.log(len(X))),
        "converged": bool(found[best].converged and np.isfinite(reached[best])),
        "starts_agreeing": _agreeing(reached),
        "starts": len(found),
    }
    return _ClassFit(found[best], row)


def _agreeing(reached: Array) -> int:
    return int((reached > reached.max() - NEAR).sum()) if reached.size else 0


def _stability(
    X: Array, kinds: list[int | None], best: _ClassFit, rng: np.random.Generator
) -> float:
    from sklearn.metrics import adjusted_rand_score

    k = best.model.weights.size
    own = best.model.classes(X)
    scores = []
    for _ in range(FITS):
        other = _fit(X[rng.integers(len(X), size=len(X))], kinds, k, rng, 2)
        scores.append(adjusted_rand_score(own, other.model.classes(X)))
    return float(np.mean(scores))


def _assign(chance: Array, k: int) -> tuple[Index, Array]:
    """Give the likeliest class of each row, classes numbered by size, and its probability."""
    codes = np.argmax(chance, axis=1)
    order = np.argsort(-np.bincount(codes, minlength=k), kind="stable")
    place = np.empty(k, dtype=np.intp)
    place[order] = np.arange(k)
    return place[codes], chance.max(axis=1)


def _entropy(chance: Array) -> float:
    doubt = -np.sum(chance * np.log(np.clip(chance, 1e-300, None)))
    return float(1 - doubt / (len(chance) * np.log(chance.shape[1])))


def _ordered(X: Array, kinds: list[int | None], codes: Index) -> bool:
    """Whether one order of the classes fits all columns that have an order of their own.

    Codes follow the sorted answers, so that a rating scale keeps its order; with fewer than two
    scales of three and more levels there is nothing to compare.
    """
    scales = [i for i, kind in enumerate(kinds) if kind is None or kind >= 3]
    if len(scales) < 2:
        return False
    means = np.array([[np.nanmean(X[codes == c, i]) for i in scales] for c in np.unique(codes)])
    ranks = np.argsort(means, axis=0)
    return bool((ranks == ranks[:, :1]).all())


def _as_words(column: pd.Series) -> pd.Series:
    """Write answers as words; a rating kept as 2.0, because some are missing, is a 2."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("string").astype("object")


def _result(
    answers: pd.DataFrame, seen: Mask, codes: Index, sure: Array,
    message: str, values: dict[str, float], evidence: pd.DataFrame,
) -> LatentClasses:  # fmt: skip
    names = [name.replace("Group", "Class") for name in group_names(int(codes.max()) + 1)]
    full = np.full(len(seen), -1, dtype=np.intp)
    full[seen] = codes
    labels = pd.Series(
        pd.Categorical.from_codes(full, pd.Index(names)), index=answers.index, name="class"
    )
    certainty = np.full(len(seen), np.nan)
    certainty[seen] = sure
    n = np.bincount(codes, minlength=len(names))
    return LatentClasses(
        labelled(
            pd.DataFrame({"kind": names, "n": n, "share": n / n.sum()}),
            kind="Class",
            n="Customers",
            share=("Share of customers", "percent"),
        ),
        labels,
        pd.Series(certainty, index=answers.index, name="sure"),
        message in (CLEAR, DEGREE),
        Finding("segments.kinds.reason", message, values),
        labelled(
            evidence,
            k="Number of classes",
            log_likelihood=("Log-likelihood", "number:1"),
            bic=("BIC", "number:1"),
            converged="Converged",
            starts_agreeing="Starts that agree",
        ),
        distinguishing(labels[seen], answers[seen].apply(_as_words), levels=30),
        int((~seen).sum()),
    )
