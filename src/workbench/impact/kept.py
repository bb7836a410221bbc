"""What share of those about to leave a measure keeps, as a lot among customers has measured it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.impact.effect import ALPHA
from workbench.impact.evaluate import Evaluation
from workbench.impact.experiment.arms import Arms
from workbench.study import Case

#: Outcome -> whom it is about, and whether what is counted of them is leaving.
KEEPS: Final = {"churn": ("subscribers", True), "repeat_purchase": ("buyers", False)}
COLUMNS: Final = ("case", "who", "column", "segment", "estimate", "low", "high")


def kept_shares(
    case: Case, evaluations: Sequence[Evaluation], arms: Sequence[Arms]
) -> pd.DataFrame:
    """Turn effects on leaving into shares of would-be leavers that were kept.

    Of those who would have left, the share that did not: the fall of the rate over the rate
    without the measure. Segments stand beside the whole only where their effects are shown to
    differ; with several versions the best of them counts.

    Parameters
    ----------
    case : Case
        Others than lots among customers measure no such share, and give no row.
    evaluations, arms : sequence
        Of its outcomes, in their order; `arms` may be empty.

    Returns
    -------
    DataFrame
        `case`, `who` (buyers, subscribers), `column`, `segment` (empty for all), `estimate`, `low`,
        `high`.
    """
    rows: list[list[Any]] = []
    if case.chosen != "random" or case.group is not None:
        return pd.DataFrame(rows, columns=list(COLUMNS))
    for k, e in enumerate(evaluations):
        if e.effect is None or e.outcome not in KEEPS:
            continue
        who, leaving = KEEPS[e.outcome]
        own = arms[k] if k < len(arms) else None
        found = e.effect
        ends = (found.effect, found.low, found.high)
        if own is not None and len(own.sizes) > 2:
            against = own.contrasts[own.contrasts["against"] == own.control]
            ends = tuple(_best(against, leaving)[["estimate", "low", "high"]])
        rows.append([case.name, who, "", "", *_share(ends, found.counterfactual, leaving)])
        if own is None or not any(p < ALPHA for p in own.differ.values()):
            continue
        for segment, part in own.segments.groupby("segment", sort=False):
            row = _best(part, leaving)
            shares = _share(tuple(row[["estimate", "low", "high"]]), float(row["base"]), leaving)
            rows.append([case.name, who, own.by, segment, *shares])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _best(versions: pd.DataFrame, leaving: bool) -> pd.Series:
    """Give the version that keeps most; one that drives away however far keeps nobody."""
    effect = versions["estimate"].to_numpy(dtype=float)
    return versions.iloc[int((-effect if leaving else effect).argmax())]


def _share(ends: Sequence[float], without: float, leaving: bool) -> list[float]:
    base = without if leaving else 1 - without
    if not base > 0:
        return [float("nan")] * 3
    sign = -1.0 if leaving else 1.0
    value, *limits = np.clip(sign * np.asarray(ends, dtype=float) / base, -1.0, 1.0)
    return [float(value), float(min(limits)), float(max(limits))]
