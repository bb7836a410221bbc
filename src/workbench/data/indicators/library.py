"""The library of indicators: what each one is called, counts, needs, and how its error is found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Indicator:
    """One indicator: what it is called, what it measures, and of what it is made.

    Attributes
    ----------
    name : str
        As study.yml and `indicator` name it.
    title : str
        For readers.
    definition : str
        One sentence that says what is counted, of whom.
    table : str
        The standard table it needs.
    columns : tuple of str
        The columns of it that it needs.
    kind : str
        ``mean``, ``share`` (of countable units), ``ratio`` (a share of amounts, or a change),
        ``points``, ``count`` or ``money``.
    better : str
        ``up`` or ``down``.
    formula, unit, interval : str
        How it is computed, in what it is measured, how its 95 % interval is found.
    also : tuple of str
        Further tables that it needs.
    units : bool
        Whether it has a value for one customer.
    periodic : bool
        Whether it can only be asked for by period.
    before, after : int
        Days of data that it needs before a period's end, and after it.
    """

    name: str
    title: str
    definition: str
    table: str
    columns: tuple[str, ...]
    kind: str
    better: str = "up"
    formula: str = ""
    unit: str = ""
    interval: str = ""
    also: tuple[str, ...] = ()
    units: bool = True
    periodic: bool = False
    before: int = 0
    after: int = 0


MEAN: Final = "mean with its standard error"
WILSON: Final = "Wilson score"
POISSON: Final = "Poisson"
COMPOUND: Final = "compound Poisson: root of the sum of squares"
DELTA: Final = "delta method"
GIVEN: Final = "the error that the series gives"

#: Days in the trailing windows, and after which a customer counts as quiet.
YEAR: Final = 365
QUIET: Final = 90

_SALES = ("date", "amount")
#: Of what counts purchases and customers: a log of visits will do.
_BUYS = ("date",)

# A series that the study brings ready made: its table (``series`` or a variant), a dot, its name.
_OWN_SERIES: Final = re.compile(r"(series(?:_\w+)?)\.(.+)", re.DOTALL)


def own_name(name: str) -> str:
    """Give the name that a study's own series has in its table; empty for other indicators."""
    found = _OWN_SERIES.fullmatch(name)
    return found[2] if found else ""


def own_series(name: str) -> Indicator | None:
    """Define the indicator of a series that the study brings ready made, such as ``series.sold``.

    What stands before the dot is the table: ``series``, or a variant such as ``series_towns``.
    None for any other name.
    """
    found = _OWN_SERIES.fullmatch(name)
    if found is None:
        return None
    return Indicator(
        name, found[2].replace("_", " "),
        "A series that the study brings ready made, averaged over the period.",
        found[1], ("date",), "mean", formula="mean of the rows", interval=GIVEN, units=False,
    )  # fmt: skip


# A column of the customers' table that a case takes as an outcome: one answer a customer.
_OWN_COLUMN: Final = re.compile(r"customers\.(.+)", re.DOTALL)


def own_column(name: str) -> Indicator | None:
    """Define the outcome that a column of the customers' table is, such as ``customers.spend``.

    It was seen once, after the start of the measure that it is an outcome of: it serves cases
    among customers, and nothing that goes by periods. None for any other name.
    """
    found = _OWN_COLUMN.fullmatch(name)
    if found is None:
        return None
    return Indicator(
        name, found[1].replace("_", " "), "A column of the customers' table, seen once.",
        "customers", (found[1],), "mean", formula="the column", interval=MEAN,
    )  # fmt: skip


#: What every table tells of itself: how many rows come in, and how many of them lack a column.
_OWN_ROWS: Final = re.compile(r"rows\.(\w+)|missing\.(\w+)\.(\w+)")


def own_rows(name: str) -> Indicator | None:
    """Define what is counted of a table's rows, such as ``rows.transactions``.

    ``missing.transactions.channel`` is the share of rows that lack the column. None for any other
    name.
    """
    found = _OWN_ROWS.fullmatch(name)
    if found is None:
        return None
    if found[1]:
        return Indicator(
            name, "Rows of a table", "Number of rows dated in the period.", found[1], (), "count",
            formula="rows", unit="rows", interval=POISSON, units=False,
        )  # fmt: skip
    return Indicator(
        name, "Rows that lack a column", "Share of the rows dated in the period that lack it.",
        found[2], (found[3],), "share", "down", formula="rows without it / rows", unit="%",
        interval=WILSON, units=False,
    )  # fmt: skip


DEFINITIONS: Final = (
    # --- survey ---
    Indicator(
        "satisfaction", "Satisfaction (1 to 5)",
        "Mean answer to the satisfaction question on the scale from 1 to 5.",
        "survey", ("csat5",), "mean", formula="sum of answers / answers", unit="1 to 5",
        interval=MEAN,
    ),
    Indicator(
        "satisfaction10", "Satisfaction (1 to 10)",
        "Mean answer to the satisfaction question on the scale from 1 to 10.",
        "survey", ("csat10",), "mean", formula="sum of answers / answers", unit="1 to 10",
        interval=MEAN,
    ),
    Indicator(
        "satisfied", "Satisfied customers",
        "Share of answers 4 or 5 to the satisfaction question on the scale from 1 to 5"
        " (top two boxes).",
        "survey", ("csat5",), "share", formula="answers of 4 and 5 / answers", unit="%",
        interval=WILSON,
    ),
    Indicator(
        "nps", "Net Promoter Score",
        "Share of answers 9 or 10 minus share of answers 0 to 6 to the likelihood of"
        " recommending, in points from -100 to 100.",
        "survey", ("recommend",), "points", formula="100 (promoters - detractors) / answers",
        unit="points", interval=MEAN,
    ),
    Indicator(
        "gap", "Service quality gap",
        "Mean over respondents of the mean difference of perception and expectation over the"
        " items that they answered for both.",
        "survey", (), "mean", formula="perception - expectation", unit="scale points",
        interval=MEAN,
    ),
    # --- contracts ---
    Indicator(
        "churn", "Churn",
        "Share of the customers with a running contract at the start of the period who have none"
        " at its end.",
        "contracts", ("start", "end"), "share", "down", formula="lost / at risk", unit="%",
        interval=WILSON,
    ),
    Indicator(
        "retention", "Retention",
        "Share of the customers with a running contract at the start of the period who still have"
        " one at its end.",
        "contracts", ("start", "end"), "share", formula="1 - churn", unit="%", interval=WILSON,
    ),
    Indicator(
        "clv", "Lifetime value by the contract formula",
        "Fees that a customer with a running contract will pay if fee and retention stay as they"
        " are in the period, at 10 % interest a year (Gupta and Lehmann 2003).",
        "contracts", ("start", "end", "monthly_fee"), "money",
        formula="fee x retention / (1 + interest - retention)", unit="money", interval=DELTA,
        units=False, periodic=True,
    ),
    # --- purchases ---
    Indicator(
        "repeat_purchase", "Repeat purchase",
        "Share of the customers who had bought before the period who buy in it; over all time,"
        " share of the buyers who bought on two days or more.",
        "transactions", _BUYS, "share", formula="earlier buyers who buy / earlier buyers",
        unit="%", interval=WILSON,
    ),
    Indicator(
        "orders_per_customer", "Orders per customer",
        "Orders in the period for each customer known by its end, buyers or not.",
        "transactions", _BUYS, "mean", formula="orders / customers", unit="orders",
        interval=MEAN,
    ),
    Indicator(
        "purchase_frequency", "Purchase frequency",
        "Orders in the period for each customer who buys in it.",
        "transactions", _BUYS, "mean", formula="orders / buyers", unit="orders", interval=MEAN,
    ),
    Indicator(
        "sales", "Sales",
        "Sum of the amounts in the period, refunds taken off where they are kept.",
        "transactions", _SALES, "money", formula="sum of amounts", unit="money",
        interval=COMPOUND,
    ),
    Indicator(
        "sales_growth", "Sales growth on the year before",
        "Sales of the period against those of the same period one year earlier.",
        "transactions", _SALES, "ratio", formula="sales / sales a year ago - 1", unit="%",
        interval=DELTA, units=False, periodic=True,
    ),
    Indicator(
        "average_order", "Average order value",
        "Mean amount of an order.",
        "transactions", _SALES, "money", formula="sales / orders", unit="money", interval=MEAN,
    ),
    Indicator(
        "categories_bought", "Categories bought per customer",
        "Mean number of different categories that a customer buys of, of those who buy in the"
        " period.",
        "transactions", (*_BUYS, "category"), "mean", formula="categories / buyers",
        unit="categories", interval=MEAN,
    ),
    Indicator(
        "active_customers", "Active customers",
        "Number of customers who buy in the period.",
        "transactions", _BUYS, "count", formula="buyers", unit="customers", interval=POISSON,
    ),
    Indicator(
        "customer_value", "Value of a customer over twelve months",
        "Mean spend in the twelve months up to the period's end of the customers who were known"
        " before them.",
        "transactions", _SALES, "money", formula="spend of 365 days / customers", unit="money",
        interval=MEAN, before=YEAR,
    ),
    Indicator(
        "value_at_risk", "Value at risk",
        "Share of the spend of the twelve months up to the period's end that came from customers"
        " who bought nothing in their last 90 days.",
        "transactions", _SALES, "ratio", "down", formula="spend of quiet customers / spend",
        unit="%", interval=DELTA, before=YEAR,
    ),
    # --- new customers ---
    Indicator(
        "new_customers", "New customers",
        "Number of customers who join in the period.",
        "customers", ("joined_on",), "count", formula="customers joined", unit="customers",
        interval=POISSON,
    ),
    Indicator(
        "new_customer_conversion", "Conversion of new customers",
        "Share of the customers who join in the period who buy within 90 days of joining.",
        "customers", ("joined_on",), "share", formula="buyers within 90 days / joined", unit="%",
        interval=WILSON, also=("transactions",), after=QUIET,
    ),
    # --- contacts ---
    Indicator(
        "response_hours", "Response time (hours)",
        "Mean hours until a contact was answered.",
        "interactions", ("at", "response_hours"), "mean", "down", formula="hours / contacts",
        unit="hours", interval=MEAN,
    ),
    Indicator(
        "first_contact_resolution", "Resolved at first contact",
        "Share of the contacts that were resolved, neither reopened nor passed on.",
        "interactions", ("at", "resolved"), "share", formula="resolved / contacts", unit="%",
        interval=WILSON,
    ),
    Indicator(
        "response_median", "Median response time (hours)",
        "Hours within which half of the contacts were answered; who still waits counts.",
        "interactions", ("at",), "mean", "down", formula="median of the hours", unit="hours",
        interval="order statistics, by day", units=False,
    ),
    Indicator(
        "answered_within_promise", "Answered within the promise",
        "Share of the contacts that were answered within the hours that the study promises.",
        "interactions", ("at",), "share", formula="answered in time / contacts due", unit="%",
        interval=WILSON, units=False,
    ),
    Indicator(
        "open_contacts", "Open contacts",
        "Number of contacts that are open at the end of the period.",
        "interactions", ("at", "resolved_at"), "count", "down", formula="open at the end",
        unit="contacts", interval=POISSON, units=False, periodic=True,
    ),
    Indicator(
        "complaint_rate", "Complaints",
        "Share of the contacts that were complaints.",
        "interactions", ("at", "kind"), "share", "down", formula="complaints / contacts",
        unit="%", interval=WILSON,
    ),
    # --- offers ---
    Indicator(
        "offers_answered", "Offers taken up",
        "Share of the offers made in the period that were answered.",
        "offers", ("at", "answered"), "share", formula="answered / offers", unit="%",
        interval=WILSON,
    ),
    Indicator(
        "repeat_contacts", "Customers who come back",
        "Share of the contacts after which the same customer came back about the same within the"
        " days that the study gives.",
        "interactions", ("at", "customer_id"), "share", "down", formula="came back / contacts",
        unit="%", interval=WILSON, units=False,
    ),
    Indicator(
        "reopened_contacts", "Reopened contacts",
        "Share of the contacts that were opened again after they had been resolved.",
        "interactions", ("at", "reopened"), "share", "down", formula="reopened / contacts",
        unit="%", interval=WILSON,
    ),
    Indicator(
        "transferred_contacts", "Contacts passed on",
        "Share of the contacts that were passed on to somebody else.",
        "interactions", ("at", "transferred"), "share", "down", formula="passed on / contacts",
        unit="%", interval=WILSON,
    ),
    Indicator(
        "abandoned_contacts", "Customers who give up",
        "Share of the contacts in which the customer gave up before an answer.",
        "interactions", ("at", "abandoned"), "share", "down", formula="gave up / contacts",
        unit="%", interval=WILSON,
    ),
    Indicator(
        "service_errors", "Service errors",
        "Share of the contacts in which a mistake of ours was found.",
        "interactions", ("at", "error"), "share", "down", formula="with a mistake / contacts",
        unit="%", interval=WILSON,
    ),
    Indicator(
        "cost_per_contact", "Cost per contact",
        "Mean cost of a contact.",
        "interactions", ("at", "cost"), "mean", "down", formula="cost / contacts", unit="money",
        interval=MEAN,
    ),
    Indicator(
        "returned_orders", "Returned orders",
        "Share of the purchases of the period that were given back, wholly or in part, within 90"
        " days.",
        "transactions", _SALES, "share", "down", formula="given back / purchases", unit="%",
        interval=WILSON, after=QUIET,
    ),
    # --- accounts and their pipeline ---
    Indicator(
        "new_accounts", "New accounts",
        "Number of accounts that join in the period.",
        "accounts", ("joined_on",), "count", formula="accounts joined", unit="customers",
        interval=POISSON,
    ),
    Indicator(
        "win_rate", "Opportunities won",
        "Share of the opportunities that ended in the period that were won.",
        "opportunities", ("stage", "closed"), "share", formula="won / ended", unit="%",
        interval=WILSON,
    ),
    Indicator(
        "won_sales", "Sales won",
        "Sum of the opportunities won in the period.",
        "opportunities", ("stage", "closed", "amount"), "money", formula="sum of the amounts won",
        unit="money", interval=COMPOUND, units=False,
    ),
    Indicator(
        "sales_cycle", "Days until won",
        "Mean days from the opening of an opportunity until it was won, by the day of winning.",
        "opportunities", ("stage", "opened", "closed"), "mean", "down",
        formula="days / opportunities won", unit="days", interval=MEAN,
    ),
    Indicator(
        "open_pipeline", "Open pipeline",
        "Sum of the opportunities that are open at the end of the period.",
        "opportunities", ("stage", "opened", "closed", "amount"), "money",
        formula="sum of the open amounts", unit="money", interval=COMPOUND, units=False,
        periodic=True,
    ),
    Indicator(
        "lead_conversion", "Conversion of leads",
        "Share of the leads created in the period that became customers within 90 days.",
        "leads", ("created",), "share", formula="converted within 90 days / leads", unit="%",
        interval=WILSON, units=False, after=QUIET,
    ),
    # --- given series: what the study's own tables cannot tell ---
    Indicator(
        "brand_awareness", "Brand awareness",
        "Share of the people asked who know the brand, of a market survey given as a series.",
        "series", ("indicator", "date"), "share", formula="aware / asked", unit="%",
        interval=WILSON, units=False,
    ),
    Indicator(
        "market_share", "Market share",
        "Own sales in the sales of the market, given as a series.",
        "series", ("indicator", "date"), "ratio", formula="own sales / market sales", unit="%",
        interval=GIVEN, units=False,
    ),
    Indicator(
        "share_of_wallet", "Share of wallet",
        "Part of what customers spend in the category that they spend here, given as a series.",
        "series", ("indicator", "date"), "ratio", formula="spend here / spend in the category",
        unit="%", interval=GIVEN, units=False,
    ),
    Indicator(
        "cost_to_serve", "Cost to serve",
        "Cost of service for each customer served, given as a series.",
        "series", ("indicator", "date"), "money", "down", formula="cost of service / customers",
        unit="money", interval=GIVEN, units=False,
    ),
    Indicator(
        "campaign_return", "Return on campaigns",
        "What campaigns brought beyond their cost, for each unit of cost, given as a series.",
        "series", ("indicator", "date"), "ratio", formula="brought / cost - 1", unit="%",
        interval=GIVEN, units=False,
    ),
    Indicator(
        "expert_score", "Expert score",
        "Mean over the raters of the mean score that each gave to the items of the rubric.",
        "ratings", ("date", "rater", "item", "score"), "mean", formula="mean of the raters' means",
        unit="rubric points", interval="t of the raters' means", units=False,
    ),
)  # fmt: skip
