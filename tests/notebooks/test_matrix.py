"""Every notebook runs on every study that has its tables, whatever else the study lacks.

A row is a study that lacks one optional part; later work adds rows to `ROWS`. Figures are drawn
but not written as SVG, which takes most of a page's time and cannot fail for want of a table.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest

from tests.accounts.company import business
from tests.notebooks.small_company import ITEMS, Company, company
from tests.service.company import service_desk
from workbench.runs.execution.failure import SkipNotebook

ROOT = Path(__file__).parents[2]
#: Fewer bootstrap samples than a page takes: the matrix asks whether pages run, not how exactly.
QUICK = {"draws": 20, "most_groups": 3}


def survey_without(*columns: str) -> Callable[[Company], Company]:
    return lambda own: own.with_table("survey", own.tables["survey"].drop(columns=[*columns]))


def few_comments(own: Company) -> Company:
    survey = own.tables["survey"].copy()
    survey.loc[survey.index[4:], "comment"] = ""
    return own.with_table("survey", survey)


def empty_comments(own: Company) -> Company:
    return own.with_table("survey", own.tables["survey"].assign(comment=""))


def one_wave(own: Company) -> Company:
    survey = own.tables["survey"]
    return own.with_table("survey", survey[survey["wave"] == "2025-H2"].drop(columns="wave"))


def one_month(own: Company) -> Company:
    log = own.tables["transactions"]
    left = own.with_table("transactions", log[log["date"] >= pd.Timestamp("2025-12-01")])
    return left.without("contracts", "interactions", "ratings", "survey").with_card(cases=None)


def nobody_twice(own: Company) -> Company:
    once = own.tables["transactions"].drop_duplicates("customer_id")
    left = own.with_table("transactions", once)
    return left.without("contracts", "interactions", "ratings", "survey").with_card(cases=None)


def by_a_model(own: Company) -> Company:
    return own.with_card(parameters={"lifecycle_churn": {"by_p_alive": True}})


def equal_amounts(own: Company) -> Company:
    log = own.tables["transactions"].assign(amount=10.0)
    left = own.with_table("transactions", log)
    return left.without("contracts", "interactions", "ratings", "survey")


def heavy_spend(own: Company) -> Company:
    log = own.tables["transactions"].copy()
    log["amount"] = (np.random.default_rng(3).pareto(0.9, len(log)) * 20 + 1).round(2)
    left = own.with_table("transactions", log)
    return left.without("contracts", "interactions", "ratings", "survey")


def log_of(own: Company, log: pd.DataFrame, **card: Any) -> Company:
    """Give the company another log, and nothing else but the goals that need no more."""
    left = own.with_table("transactions", log.reset_index(drop=True))
    return left.without("customers", *LOG_ONLY).with_card(cases=None, **card)


def lines_of(log: pd.DataFrame) -> pd.DataFrame:
    """Make each purchase an order of one to five lines: something of a shop for tea."""
    rng = np.random.default_rng(6)
    times = rng.integers(1, 6, len(log))
    lines = log.loc[log.index.repeat(times)].assign(order_id=np.repeat(np.arange(len(log)), times))
    kind = rng.choice(
        ["tea", "cups", "pots", "books", "cakes"], len(lines), p=[0.4, 0.2, 0.2, 0.1, 0.1]
    )
    price = (rng.choice([4.0, 4.5, 5.0], len(lines)) * (1 + (kind == "pots"))).round(2)
    n = rng.integers(1, 4, len(lines))
    lines = lines.assign(order_id="B" + lines["order_id"].astype(str), category=kind, price=price)
    product = [f"{k} {i}" for k, i in zip(kind, rng.integers(1, 4, len(lines)), strict=True)]
    return lines.assign(product=product, quantity=n, amount=(n * price).round(2))


def line_items(own: Company) -> Company:
    return own.with_table("transactions", lines_of(own.tables["transactions"]))


def lines_of_one(own: Company) -> Company:
    log = own.tables["transactions"]
    return log_of(own, lines_of(log[log["customer_id"] == log["customer_id"].mode()[0]]))


def products_without_amounts(own: Company) -> Company:
    lines = lines_of(own.tables["transactions"]).drop(columns=["category", "amount", "price"])
    return log_of(own, lines, goals=None)


def one_customer(own: Company) -> Company:
    log = own.tables["transactions"]
    return log_of(own, log[log["customer_id"] == log["customer_id"].mode()[0]])


def three_rows(own: Company) -> Company:
    return log_of(own, own.tables["transactions"].iloc[[10, 300, 500]])


def one_day(own: Company) -> Company:
    return log_of(own, own.tables["transactions"].assign(date=pd.Timestamp("2025-11-03")))


def every_day(own: Company) -> Company:
    days = pd.date_range("2025-10-01", "2025-12-31")
    rows = [(f"K{i:04d}", day, 5.0 + i % 7) for i in range(12) for day in days]
    return by_a_model(log_of(own, pd.DataFrame(rows, columns=["customer_id", "date", "amount"])))


def long_silence(own: Company) -> Company:
    log = own.tables["transactions"]
    return log_of(own, log[log["date"] < pd.Timestamp("2025-03-01")])


def from_the_future(own: Company) -> Company:
    log = own.tables["transactions"].copy()
    log.loc[log.index[-40:], "date"] = pd.Timestamp("2031-05-01")
    return log_of(own, log)


def refunds_outweigh(own: Company) -> Company:
    log = own.tables["transactions"]
    back = log.iloc[::2].assign(amount=lambda t: -3 * t["amount"])
    back["date"] += pd.Timedelta(days=2)
    return log_of(own, pd.concat([log, back]))


def nobody_has_left(own: Company) -> Company:
    running = own.tables["contracts"].assign(end=pd.NaT)
    return own.with_table("contracts", running).without(
        "customers", "transactions", "interactions", "ratings", "survey"
    )


def no_amounts(own: Company) -> Company:
    visits = own.tables["transactions"].drop(columns=["amount", "quantity"], errors="ignore")
    left = own.with_table("transactions", visits)
    return left.without("contracts", "interactions", "ratings", "survey").with_card(
        cases=None, goals=None
    )


def series_only(own: Company) -> Company:
    months = pd.date_range("2020-01-01", "2025-12-01", freq="MS")
    rng = np.random.default_rng(5)
    value = 100 + rng.normal(0, 4, len(months)) - 12 * (months >= "2024-01-01")
    card = {k: own.card[k] for k in ("title", "simulated", "languages", "as_of", "currency")}
    card["cases"] = [
        {
            "name": "law",
            "title": {"en": "The law", "zh": "新法"},
            "what": {"en": "A law for all.", "zh": "面向所有人的法律。"},
            "start": pd.Timestamp("2024-01-01").date(),
            "chosen": "everybody",
            "unit": "everybody",
            "outcomes": [{"indicator": "series.accidents", "direction": "down"}],
            "period": "month",
        }
    ]
    frame = pd.DataFrame({"date": months, "accidents": value.round(1)})
    return Company({"series": frame}, card)


def daily_series(own: Company) -> Company:
    one = series_only(own)
    days = pd.date_range("2025-01-01", "2025-12-31", freq="D")
    week = np.array([0, 1, 2, 3, 2, -4, -5])[days.day_of_week]
    value = 50 + week + np.random.default_rng(5).normal(0, 1, len(days))
    case = {**one.card["cases"][0], "period": "day", "start": pd.Timestamp("2025-10-01").date()}
    frame = pd.DataFrame({"date": days, "accidents": (value - 3 * (days >= "2025-10-01")).round(1)})
    return Company({"series": frame}, {**one.card, "cases": [case]})


def better_than_expected(own: Company) -> Company:
    survey = own.tables["survey"].copy()
    for item in ITEMS:
        survey[f"exp_{item}"], survey[f"per_{item}"] = (
            np.clip(survey[f"per_{item}"] - 1, 1, 7),
            survey[f"exp_{item}"],
        )
    return own.with_table("survey", survey)


LOG_ONLY = ("contracts", "interactions", "ratings", "survey")


def watching(own: Company) -> Company:
    """Watch what there is, by groups too, and a table that breaks its contract."""
    watch = [
        {"indicator": "sales"},
        {"indicator": "churn", "by": "region"},
        {"indicator": "satisfaction", "every": "quarter"},
        {"indicator": "rows.transactions", "every": "week"},
        {"indicator": "missing.transactions.amount"},
    ]
    contract = {"columns": ["channel_of_sale"], "values": {"customer_id": ["nobody"]}}
    return own.with_card(alerts={"watch": watch, "tables": {"transactions": contract}})


def watching_three_rows(own: Company) -> Company:
    watch = [{"indicator": "sales"}, {"indicator": "rows.transactions", "every": "week"}]
    return three_rows(own).with_card(alerts={"watch": watch})


ROWS: dict[str, Callable[[Company], Company]] = {
    "everything, in two languages": lambda own: own.with_card(languages=["en", "zh"]),
    "no customers": lambda own: own.without("customers").with_card(cases=None),
    "purchases only, stages by P(alive)": lambda own: by_a_model(
        own.without("customers", *LOG_ONLY).with_card(cases=None)
    ),
    "contracts only": lambda own: own.without(
        "customers", "transactions", "interactions", "ratings", "survey"
    ),
    "survey only": lambda own: own.without(
        "customers", "transactions", "contracts", "interactions", "ratings"
    ),
    "a series only": series_only,
    "a daily series only": daily_series,
    "no goals": lambda own: own.with_card(goals=None),
    "no comments": survey_without("comment", "language"),
    "empty comments": empty_comments,
    "few comments": few_comments,
    "no csat": survey_without("csat5"),
    "no recommend": survey_without("recommend"),
    "no expectation": survey_without(*(f"exp_{item}" for item in ITEMS)),
    "loyalty only": survey_without(*(f"{s}_{item}" for s in ("exp", "per") for item in ITEMS)),
    "respondents unknown": survey_without("customer_id"),
    "one wave": one_wave,
    "better than expected": better_than_expected,
    "twelve people": lambda own: own.people(12),
    "one month": one_month,
    "nobody bought twice, stages by P(alive)": lambda own: by_a_model(nobody_twice(own)),
    "equal amounts": equal_amounts,
    "heavy spend": heavy_spend,
    "no amounts": no_amounts,
    "line items": line_items,
    "line items of one customer": lines_of_one,
    "products without amounts": products_without_amounts,
    "one customer": one_customer,
    "three rows": three_rows,
    "all on one day": one_day,
    "everybody every day": every_day,
    "ten months of silence": long_silence,
    "dates in the future": from_the_future,
    "refunds outweigh": refunds_outweigh,
    "contracts, nobody has left": nobody_has_left,
    "a service desk": service_desk,
    "business accounts": business,
    "all that is watched": watching,
    "three rows watched": watching_three_rows,
}
#: Rows of which only some notebooks can say something new.
ABOUT = {
    "no comments": ("comments", "satisfaction_drivers"),
    "empty comments": ("comments",),
    "few comments": ("comments",),
    "no csat": ("satisfaction_gap", "survey_quality", "satisfaction_drivers", "comments"),
    "no recommend": ("satisfaction_gap", "survey_quality", "satisfaction_drivers"),
    "no expectation": ("satisfaction_gap", "survey_quality", "satisfaction_drivers"),
    "loyalty only": ("satisfaction_gap", "survey_quality", "satisfaction_drivers"),
    "respondents unknown": ("satisfaction_gap", "satisfaction_drivers", "survey_quality"),
    "one wave": ("satisfaction_gap", "survey_quality", "satisfaction_drivers"),
    "better than expected": ("satisfaction_gap", "satisfaction_drivers"),
    "no goals": ("goals", "overview"),
    "no customers": ("data_quality", "segmentation", "lifecycle_churn", "satisfaction_gap"),
    "equal amounts": ("clv", "segmentation", "lifecycle_churn"),
    "heavy spend": ("clv", "segmentation", "lifecycle_churn", "customer_base"),
    "no amounts": (
        "data_quality",
        "clv",
        "segmentation",
        "lifecycle_churn",
        "products",
        "customer_base",
    ),
}
ABOUT["a service desk"] = ("service",)
ABOUT["business accounts"] = ("accounts",)
ABOUT |= dict.fromkeys(("all that is watched", "three rows watched"), ("alerts",))
LINES = ("line items", "line items of one customer", "products without amounts")
ABOUT |= dict.fromkeys(LINES, ("products", "customer_base"))
TINY = ("one customer", "three rows", "all on one day")
LARGER = ("everybody every day", "ten months of silence", "dates in the future", "refunds outweigh")
OF_A_LOG = ("clv", "segmentation", "lifecycle_churn", "goals", "products", "customer_base")
ABOUT |= dict.fromkeys(TINY, OF_A_LOG)
ABOUT |= dict.fromkeys(LARGER, ("clv", "lifecycle_churn", "customer_base"))
#: What a page must say of what is lacking.
SAYS = {
    "nobody bought twice, stages by P(alive)": (
        "lifecycle_churn", "No purchase model says who is still active",
    ),
    "heavy spend": ("clv", "Spend is not foreseen by a model here"),
    "all on one day": ("clv", "So far, 0 of "),
    "one month": ("clv", "Asked for 52 weeks ahead, this page gives 4"),
    "everybody every day": ("lifecycle_churn", "the log shows no sign that customers leave"),
    "no amounts": ("clv", "how often customers will buy is forecast here"),
    "business accounts": ("accounts", "are won within 180 days of being opened"),
    "all that is watched": ("alerts", "has no column channel"),
    "three rows watched": ("alerts", "watched records has moved beyond random variation"),
    "a service desk": ("service", "agents for 80% of the calls to be answered within 20 seconds"),
}  # fmt: skip


@pytest.fixture
def run_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give a function that runs a study's notebooks: what went wrong in which, what each said."""
    from workbench.reporting.figures import figure

    def drawn(thing: Any, language: Any, **_: Any) -> tuple[str, list[str]]:
        code = getattr(language, "code", language)
        own = figure.draw(thing, code) if "language" in figure.draw.__code__.co_varnames else None
        if own is None:
            figure.draw(thing)
        return figure.Drawing("<svg/>")

    def run(own: Company, only: tuple[str, ...] | None) -> tuple[dict[str, str], dict[str, str]]:
        from workbench.runs import plan_study
        from workbench.runs.records.handover import check_results
        from workbench.study import load_study

        root = tmp_path / "root"
        folder = own.write(root / "data" / "small")
        (root / "notebooks").symlink_to(ROOT / "notebooks")
        for name, value in {
            "WORKBENCH_ROOT": root,
            "WORKBENCH_RUN": tmp_path / "run",
            "WORKBENCH_KEY": "0123456789abcdef",
            "WORKBENCH_LANGUAGES": ",".join(own.card["languages"]),
        }.items():
            monkeypatch.setenv(name, str(value))
        # tables and columns of these companies have no Chinese names; other tests hold the words
        monkeypatch.delenv("WORKBENCH_WORDS", raising=False)
        monkeypatch.setattr(figure, "drawing", drawn)
        wrong, said = {}, {}
        for step in plan_study(load_study(folder), root).steps:
            if only is not None and step.notebook not in (*only, "overview"):
                continue
            monkeypatch.setenv("WORKBENCH_NOTEBOOK", step.key)
            monkeypatch.setenv("WORKBENCH_CASE", step.case or "")
            monkeypatch.setenv("WORKBENCH_READS", json.dumps(list(step.reads)))
            problem, said[step.key] = execute(step.path, dict(step.parameters))
            results = tmp_path / "run" / "results" / step.key
            if problem or (problem := "; ".join(check_results(results, step.gives))):
                wrong[step.key] = problem
        return wrong, said

    return run


def execute(path: Path, parameters: dict[str, Any]) -> tuple[str, str]:
    """Run a notebook's cells in this process: where it stopped, if it did, and what it said."""
    names: dict[str, Any] = {"__name__": "page"}
    quick = {name: value for name, value in QUICK.items() if name in parameters}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            try:
                exec(compile(cell.source, f"{path.stem}:{cell.id}", "exec"), names)
            except SkipNotebook:
                break
            except Exception as error:
                return f"cell {cell.id}: {type(error).__name__}: {error}", said.getvalue()
            if "parameters" in cell.metadata.get("tags", []):
                names |= parameters | quick
    plt.close("all")
    return "", said.getvalue()


#: Rows whose neighbours show nearly the same: `make test-all` runs them.
NEAR = frozenset(
    {
        "everything, in two languages", "no customers", "empty comments", "no csat",
        "no expectation", "a daily series only", "respondents unknown", "one wave", "equal amounts",
        "ten months of silence", "dates in the future", "contracts, nobody has left",
        "better than expected", "purchases only, stages by P(alive)", "heavy spend", "no recommend",
        "refunds outweigh", "few comments", "loyalty only", "everybody every day",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    "row", [pytest.param(row, marks=pytest.mark.slow if row in NEAR else ()) for row in ROWS]
)
def test_every_notebook_runs_on_what_the_study_has(row: str, run_pages: Callable[..., Any]) -> None:
    wrong, said = run_pages(ROWS[row](company()), ABOUT.get(row))
    assert wrong == {}
    if row in SAYS:
        page, words = SAYS[row]
        assert words in said[page]
