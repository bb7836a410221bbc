"""Weights that make a sample agree with known totals: post-stratification and raking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results import Estimate, Result, labelled
from workbench.stats.weights import check_weights, effective_size

#: How far a share may lie from its margin after trimming.
_NEAR = 0.01
JOINT = " / "


@dataclass(frozen=True)
class Raked(Result):
    """Weights that meet known margins.

    Attributes
    ----------
    weights : ndarray, shape (n,)
        With mean 1.
    table : DataFrame
        One row a margin and category: `margin`, `category`, `n`, `sample` (share before), `target`,
        `achieved` (share after); shares are of the rows whose category is known.
    unknown : dict of str to int
        Rows without a category, by margin; that margin leaves their weight alone.
    trimmed : int
        Weights that were cut to the limit.
    rounds : int
        Passes over all margins.
    """

    weights: Array
    table: pd.DataFrame
    unknown: dict[str, int]
    trimmed: int
    rounds: int

    @property
    def effective(self) -> float:
        """Kish's effective sample size."""
        return effective_size(self.weights)

    @property
    def design_effect(self) -> float:
        """How many times larger the variance of a mean is for the weights alone (Kish)."""
        return len(self.weights) / self.effective

    def estimates(self) -> dict[str, Estimate]:
        """Return the number of rows, their effective number and the design effect."""
        n = float(len(self.weights))
        return {
            "n": Estimate(n, n=n, label="Answers"),
            "n_effective": Estimate(self.effective, n=n, label="Effective number of answers"),
            "design_effect": Estimate(self.design_effect, n=n, label="Design effect"),
        }


def rake(
    frame: pd.DataFrame,
    margins: Mapping[str, Mapping[str, float]],
    *,
    base: ArrayLike | None = None,
    trim: float | None = None,
    tolerance: float = 1e-8,
    most: int = 500,
) -> Raked:
    """Weight rows so that the shares of some columns are what they are known to be.

    One margin is post-stratification; several are met in turn until all hold (iterative
    proportional fitting). A margin over the cells of two columns is named ``"region / gender"``,
    its categories ``"North / female"``.

    Parameters
    ----------
    frame : DataFrame
        Has the margins' columns.
    margins : mapping
        Margin -> category -> known share or number.
    base : array_like, optional
        Design weights to begin with.
    trim : float, optional
        The largest weight, in multiples of the mean. Cut weights are raked again; the margins are
        then met as nearly as the limit allows.
    tolerance : float
        Largest deviation of a share from its margin.
    most : int
        Passes after which to give up.

    Raises
    ------
    DataError
        A column or category is missing on either side, or the margins cannot be met.

    References
    ----------
    Deming, Stephan (1940), Annals of Mathematical Statistics 11, 427-444. Trimming between the
    passes: Battaglia, Hoaglin, Frankel (2009), Survey Practice 2(5).
    """
    n = len(frame)
    if not margins or n == 0:
        raise DataError("there is nothing to weight to", remedy="give rows and at least one margin")
    if trim is not None and trim <= 1:
        raise DataError(f"trim is {trim:g}", remedy="give a multiple of the mean above 1, say 5")
    w = np.ones(n) if base is None else check_weights(base, n).copy()
    w *= n / w.sum()
    start = w.copy()
    sides = [_side(frame, name, shares) for name, shares in margins.items()]
    far = np.inf
    cut = np.zeros(n, dtype=bool)
    rounds = 0
    for rounds in range(1, most + 1):  # noqa: B007  (kept for the result)
        before = w.copy()
        for codes, target in sides:
            known = codes >= 0
            total = np.bincount(codes[known], weights=w[known], minlength=target.size)
            with np.errstate(divide="ignore", invalid="ignore"):
                factor = np.where(total > 0, target * total.sum() / total, 1.0)
            w[known] *= factor[codes[known]]
        w *= n / w.sum()
        if trim is not None:
            over = w > trim
            cut |= over
            w = np.minimum(w, trim)
        far = max(float(np.abs(_shares(w, *side) - side[1]).max()) for side in sides)
        # trimming may leave the margins apart for good: then stop when the weights stand still
        if far < tolerance or (trim is not None and np.abs(w - before).max() < tolerance):
            break
    w *= n / w.sum()
    if far > (tolerance if trim is None else _NEAR):
        _refuse(sides, w, list(margins), far, trim, most)
    return Raked(
        weights=w,
        table=_table(sides, start, w, margins),
        unknown={
            name: int((codes < 0).sum()) for name, (codes, _) in zip(margins, sides, strict=True)
        },
        trimmed=int((cut & (w >= w.max() * (1 - 1e-9))).sum()),
        rounds=rounds,
    )


def _side(
    frame: pd.DataFrame, name: str, shares: Mapping[str, float]
) -> tuple[NDArray[np.intp], Array]:
    """Codes of the rows in one margin (-1 where unknown), and the shares to reach."""
    columns = name.split(JOINT)
    absent = [column for column in columns if column not in frame]
    if absent:
        raise DataError(
            f"there is no column {absent[0]!r} to weight by",
            where=f"margin {name!r}",
            remedy="add it to the survey or take the margin out",
        )
    cells = frame[columns[0]].astype("string")
    for column in columns[1:]:
        cells = cells + JOINT + frame[column].astype("string")
    names = [str(category) for category in shares]
    target = np.array(list(shares.values()), dtype=float)
    if not np.isfinite(target).all() or (target < 0).any() or target.sum() <= 0:
        raise DataError("a share is negative or no number", where=f"margin {name!r}")
    strange = sorted(set(cells.dropna().unique()) - set(names))
    if strange:
        raise DataError(
            f"respondents are in {', '.join(map(repr, strange[:5]))}, unknown to the margin",
            where=f"margin {name!r}",
            remedy="give these categories a share, or write them as the margin does",
        )
    codes = pd.Categorical(cells, categories=names).codes.astype(np.intp)
    seen = np.bincount(codes[codes >= 0], minlength=len(names))
    empty = [c for c, count, share in zip(names, seen, target, strict=True) if share and not count]
    if empty:
        raise DataError(
            f"nobody who answered is in {', '.join(map(repr, empty[:5]))}",
            where=f"margin {name!r}",
            remedy="merge the category with a neighbour, in the margin and in the survey",
        )
    return codes, target / target.sum()


def _shares(w: Array, codes: NDArray[np.intp], target: Array) -> Array:
    known = codes >= 0
    total = np.bincount(codes[known], weights=w[known], minlength=target.size)
    return np.asarray(total / total.sum(), dtype=float)


def _table(
    sides: list[tuple[NDArray[np.intp], Array]],
    start: Array,
    w: Array,
    margins: Mapping[str, Mapping[str, float]],
) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "margin": name,
                "category": [str(category) for category in shares],
                "n": np.bincount(codes[codes >= 0], minlength=target.size),
                "sample": _shares(start, codes, target),
                "target": target,
                "achieved": _shares(w, codes, target),
            }
        )
        for (name, shares), (codes, target) in zip(margins.items(), sides, strict=True)
    ]
    return labelled(
        pd.concat(parts, ignore_index=True),
        margin="Margin",
        category="Category",
        n="Answers",
        sample=("Of the answers", "percent:1"),
        target=("Of all customers", "percent:1"),
        achieved=("After weighting", "percent:1"),
    )


def _refuse(
    sides: list[tuple[NDArray[np.intp], Array]],
    w: Array,
    names: list[str],
    far: float,
    trim: float | None,
    most: int,
) -> None:
    worst = max(
        range(len(sides)), key=lambda i: float(np.abs(_shares(w, *sides[i]) - sides[i][1]).max())
    )
    raise DataError(
        f"the margins cannot be met together: after {most} rounds or fewer, a share of"
        f" {names[worst]!r} is still {100 * far:.2g} percentage points off",
        where=f"margin {names[worst]!r}",
        remedy="merge small categories, or drop a margin"
        if trim is None
        else f"raise `trim` (now {trim:g} times the mean), merge small categories or drop a margin",
    )
