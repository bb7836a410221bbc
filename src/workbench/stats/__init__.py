"""Statistical tools that several rooms need: intervals, bootstrap, multiplicity, agreement."""

from __future__ import annotations

from workbench.stats.agreement import Agreement, cohen_kappa, krippendorff, rating_table
from workbench.stats.bootstrap import Bootstrap, bootstrap, bootstrap_weights
from workbench.stats.changes import Sample, Shift, mean_shift
from workbench.stats.intervals import (
    correlation_interval,
    mean_difference,
    mean_interval,
    proportion_difference,
    proportion_interval,
    proportion_ratio,
    ratio_interval,
    share_interval,
    wilson,
)
from workbench.stats.multiplicity import adjust, benjamini_hochberg, holm
from workbench.stats.raking import Raked, rake
from workbench.stats.weights import (
    Moments,
    column_moments,
    effective_answers,
    effective_size,
    unequal_weights,
    weighted_mean,
    weighted_quantile,
)

__all__ = [
    "Agreement",
    "Bootstrap",
    "Moments",
    "Raked",
    "Sample",
    "Shift",
    "adjust",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_weights",
    "cohen_kappa",
    "column_moments",
    "correlation_interval",
    "effective_answers",
    "effective_size",
    "holm",
    "krippendorff",
    "mean_difference",
    "mean_interval",
    "mean_shift",
    "proportion_difference",
    "proportion_interval",
    "proportion_ratio",
    "rake",
    "rating_table",
    "ratio_interval",
    "share_interval",
    "unequal_weights",
    "weighted_mean",
    "weighted_quantile",
    "wilson",
]
