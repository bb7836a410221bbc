"""Statistical tools that several rooms need: intervals, bootstrap, multiplicity, agreement."""

from __future__ import annotations

from workbench.stats.agreement import Agreement, cohen_kappa, krippendorff, rating_table
from workbench.stats.bootstrap import Bootstrap, bootstrap, bootstrap_weights
from workbench.stats.changes import Sample, Shift, mean_shift
from workbench.stats.cox import (
    Cox,
    Proportionality,
    by_rank,
    by_survival,
    fit_cox,
    proportionality,
    schoenfeld_residuals,
)
from workbench.stats.disclosure import (
    Sums,
    Withheld,
    pool_neighbours,
    quantiles,
    rounded_down,
    rule_of,
    sensitive,
    spread_sensitive,
    withhold,
)
from workbench.stats.intervals import (
    correlation_interval,
    mean_difference,
    mean_interval,
    proportion_difference,
    proportion_interval,
    ratio_interval,
    satterthwaite,
    share_interval,
    two_sided,
    wilson,
)
from workbench.stats.mixtures import Mixture, mixture_limits
from workbench.stats.multiplicity import adjust, benjamini_hochberg, holm
from workbench.stats.raking import Raked, rake
from workbench.stats.survival import (
    LogRank,
    RestrictedMean,
    check_times,
    kaplan_meier,
    log_rank,
    median_time,
    product_limit,
    restricted_mean,
)
from workbench.stats.weights import (
    Moments,
    column_moments,
    effective_answers,
    effective_size,
    unequal_weights,
)

__all__ = [
    "Agreement",
    "Bootstrap",
    "Cox",
    "LogRank",
    "Mixture",
    "Moments",
    "Proportionality",
    "Raked",
    "RestrictedMean",
    "Sample",
    "Shift",
    "Sums",
    "Withheld",
    "adjust",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_weights",
    "by_rank",
    "by_survival",
    "check_times",
    "cohen_kappa",
    "column_moments",
    "correlation_interval",
    "effective_answers",
    "effective_size",
    "fit_cox",
    "holm",
    "kaplan_meier",
    "krippendorff",
    "log_rank",
    "mean_difference",
    "mean_interval",
    "mean_shift",
    "median_time",
    "mixture_limits",
    "pool_neighbours",
    "product_limit",
    "proportion_difference",
    "proportion_interval",
    "proportionality",
    "quantiles",
    "rake",
    "rating_table",
    "ratio_interval",
    "restricted_mean",
    "rounded_down",
    "rule_of",
    "satterthwaite",
    "schoenfeld_residuals",
    "sensitive",
    "share_interval",
    "spread_sensitive",
    "two_sided",
    "unequal_weights",
    "wilson",
    "withhold",
]
