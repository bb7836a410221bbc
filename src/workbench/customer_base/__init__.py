"""The customer base as a whole: who buys in a period, who stays, whose sales they are, and why."""

from __future__ import annotations

from workbench.customer_base.acquisition import NewCustomers, acquisition, new_by_month
from workbench.customer_base.cohorts import (
    CohortComparison,
    OneCohort,
    compare_cohorts,
    one_cohort,
)
from workbench.customer_base.lengths import caveats, period_lengths
from workbench.customer_base.new_customer import NewCustomerValue, new_customer_value
from workbench.customer_base.one_period import PeriodCustomers, period_customers
from workbench.customer_base.retention import (
    RetentionByGroup,
    RevenueRetention,
    retention_by,
    revenue_retention,
)
from workbench.customer_base.two_periods import PeriodFlows, period_flows
from workbench.customer_base.whole_base import (
    CohortSales,
    LifecycleBars,
    cohort_sales,
    lifecycle_bars,
)
from workbench.customer_base.whole_value import BaseValue, base_value
from workbench.customer_base.why_moved import (
    FACTORS,
    SalesMovement,
    as_groups,
    by_attribute,
    why_sales_moved,
)
from workbench.customer_base.why_rate import RateMovement, why_rate_moved

__all__ = [
    "FACTORS",
    "BaseValue",
    "CohortComparison",
    "CohortSales",
    "LifecycleBars",
    "NewCustomerValue",
    "NewCustomers",
    "OneCohort",
    "PeriodCustomers",
    "PeriodFlows",
    "RateMovement",
    "RetentionByGroup",
    "RevenueRetention",
    "SalesMovement",
    "acquisition",
    "as_groups",
    "base_value",
    "by_attribute",
    "caveats",
    "cohort_sales",
    "compare_cohorts",
    "lifecycle_bars",
    "new_by_month",
    "new_customer_value",
    "one_cohort",
    "period_customers",
    "period_flows",
    "period_lengths",
    "retention_by",
    "revenue_retention",
    "why_rate_moved",
    "why_sales_moved",
]
