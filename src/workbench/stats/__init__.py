"""Statistical tools that several rooms need: intervals, bootstrap, multiplicity, weights."""

from __future__ import annotations

from workbench.stats.bootstrap import Bootstrap, bootstrap, bootstrap_weights
from workbench.stats.intervals import (
    Interval,
    correlation_interval,
    mean_difference,
    mean_interval,
    named_intervals,
    proportion_difference,
    proportion_interval,
    proportion_ratio,
    ratio_interval,
    wilson,
)
from workbench.stats.multiplicity import adjust, benjamini_hochberg, holm
from workbench.stats.weights import effective_size, weighted_mean, weighted_quantile

__all__ = [
    "Bootstrap",
    "Interval",
    "adjust",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_weights",
    "correlation_interval",
    "effective_size",
    "holm",
    "mean_difference",
    "mean_interval",
    "named_intervals",
    "proportion_difference",
    "proportion_interval",
    "proportion_ratio",
    "ratio_interval",
    "weighted_mean",
    "weighted_quantile",
    "wilson",
]
