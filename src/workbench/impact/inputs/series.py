"""A series made ready for regression: checked, and laid out with trend, season and step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError

FEWEST_AFTER = 8
FEWEST_BEFORE = 8


@dataclass(frozen=True)
class Course:
    """A series made ready: values, marks, regressors, and the contrast that is the effect.

    `partly` marks periods before the start in which the measure was in force in part.
    """

    y: Array
    names: pd.Index
    seen: Mask
    later: Mask
    x: Array
    terms: tuple[str, ...]
    season: int | None
    partly: Mask

    @property
    def step(self) -> Array:
        """Contrast of the shift at the start."""
        return np.array([float(term == "step") for term in self.terms])

    @property
    def used(self) -> Mask:
        """Points after the start that were seen."""
        return np.asarray(self.seen & self.later)


def read_course(
    values: ArrayLike,
    periods: pd.Index | None,
    after: ArrayLike,
    season: int | None,
    covariates: pd.DataFrame | None,
    *,
    trend: bool = True,
    in_force: ArrayLike | None = None,
) -> Course:
    """Check a series and lay out its regressors.

    Parameters
    ----------
    in_force : array_like, shape (n,), optional
        As `interrupted_series`.

    Raises
    ------
    CaseError
        As `interrupted_series`.
    """
    y = np.asarray(values, dtype=float)
    later = np.asarray(after, dtype=bool)
    if y.shape != later.shape or y.ndim != 1:
        raise CaseError(
            f"there are {y.size} values and {later.size} marks of before and after",
            remedy="give one a period",
        )
    if (np.diff(later.astype(int)) < 0).any():
        raise CaseError(
            "periods before and after are mixed", where="series", remedy="sort the series by time"
        )
    names = pd.RangeIndex(len(y)) if periods is None else pd.Index(periods)
    seen = np.isfinite(y)
    share = later.astype(float) if in_force is None else np.asarray(in_force, dtype=float)
    _check_share(share, later)
    partly = (share > 0) & ~later
    _check_points(y, seen & ~partly, later)
    if names.has_duplicates:
        twice = names[names.duplicated()][0]
        raise CaseError(
            f"the period {twice} occurs more than once",
            where="series",
            remedy="give one value a period",
        )
    x, terms = regressors(len(y), later, season)
    x[:, terms.index("step")] = share
    if not trend:
        kept = [term != "trend" for term in terms]
        x, terms = x[:, kept], tuple(term for term in terms if term != "trend")
    if covariates is not None:
        extra, added = _standardised(covariates, len(y), seen)
        x, terms = np.column_stack([x, extra]), (*terms, *added)
    return Course(y, names, seen, later, x, terms, season, partly)


def _check_points(y: Array, seen: Mask, later: Mask) -> None:
    before, after = int((seen & ~later).sum()), int((seen & later).sum())
    for n, needed, name in ((before, FEWEST_BEFORE, "before"), (after, FEWEST_AFTER, "after")):
        if n < needed:
            raise CaseError(
                f"there are {n} points {name} the start, {needed} are needed",
                where="series",
                remedy="wait for more data, or measure more often (months in place of waves)",
            )
    if np.ptp(y[seen]) < 1e-12 * max(1.0, float(np.abs(y[seen]).max())):
        raise CaseError(
            f"the series is {y[seen][0]:g} throughout",
            where="series",
            remedy="nothing can be learnt from a constant; check the indicator",
        )


def _check_share(share: Array, later: Mask) -> None:
    if share.shape != later.shape:
        raise CaseError(
            f"there are {share.size} shares in force and {later.size} periods",
            where="in_force",
            remedy="give one a period",
        )
    rising = bool((np.diff(share) >= 0).all())  # NaN is not
    if not (
        rising and (share >= 0).all() and (share[later] == 1).all() and (share[~later] < 1).all()
    ):
        raise CaseError(
            "the share in force does not rise from 0 before the start to 1 from it on",
            where="in_force",
            remedy="give 0 where there was no measure yet, a share where it came in by degrees, and"
            " start the case where it was in force in full",
        )


def regressors(n: int, later: Mask, season: int | None) -> tuple[Array, tuple[str, ...]]:
    """Lay out constant, trend, seasonal terms and step, with their names."""
    time = np.arange(n, dtype=float)
    columns = {"constant": np.ones(n), "trend": (time - time.mean()) / max(n - 1, 1)}
    before = int((~later).sum())
    if season and season > 1 and (before >= season or n >= 1.5 * season):
        # two harmonics catch a business year; a full set would eat short series
        for j in range(1, min(2 if n < 6 * season else 5, (season - 1) // 2 or 1) + 1):
            columns[f"cos{j}"] = np.cos(2 * np.pi * j * time / season)
            if 2 * j != season:
                columns[f"sin{j}"] = np.sin(2 * np.pi * j * time / season)
        if n >= 6 * season and season % 2 == 0 and season > 4:
            columns["alternating"] = np.cos(np.pi * time)
    columns["step"] = later.astype(float)
    return np.column_stack(list(columns.values())), tuple(columns)


def _standardised(frame: pd.DataFrame, n: int, seen: Mask) -> tuple[Array, tuple[str, ...]]:
    z = frame.to_numpy(dtype=float)
    if len(z) != n:
        raise CaseError(
            f"the covariates have {len(z)} rows for {n} periods",
            where="covariates",
            remedy="give one row a period",
        )
    for j, name in enumerate(frame.columns):
        where = f"covariate {name!r}"
        if not np.isfinite(z[seen, j]).all():
            gaps = int((~np.isfinite(z[seen, j])).sum())
            raise CaseError(
                f"{gaps} periods have no value", where=where, remedy="fill them or leave it out"
            )
        if np.ptp(z[seen, j]) == 0:
            raise CaseError(
                f"it is {z[seen, j][0]:g} throughout", where=where, remedy="leave it out"
            )
    centre, size = z[seen].mean(axis=0), z[seen].std(axis=0)
    return np.nan_to_num((z - centre) / size), tuple(f"covariate {c}" for c in frame.columns)
