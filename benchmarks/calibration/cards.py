"""Cases without any effect, from their card through the choice of the design to the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.calibration.cells import Answer, Cell
from workbench.impact import CaseError, evaluate
from workbench.impact.findings import judge_outcome
from workbench.study import Case

ABOVE = "assigned above the unit, without any effect"
FAMILY = "from the card to the verdict, without any effect"
PERIODS, BEFORE = 24, 12
MONTHS = pd.date_range("2024-01-01", periods=PERIODS, freq="MS")
START = MONTHS[BEFORE]
CUSTOMERS, CITIES, PER_CITY = 80, 20, 8

Drawn = tuple[pd.DataFrame, Case, pd.DataFrame | None, dict[str, Any]]


def _long(y: np.ndarray, periods: pd.Index = MONTHS, **columns: np.ndarray) -> pd.DataFrame:
    """Write values of units by period as records."""
    n, t = y.shape
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(n), t),
            "period": np.tile(periods, n),
            "estimate": y.ravel(),
        }
    )
    return frame.assign(**{name: np.repeat(values, t) for name, values in columns.items()})


def _values(rng: np.random.Generator, n: int, kind: str) -> np.ndarray:
    """Customers who differ for good, months that differ for all, and chance."""
    lasting, month = rng.normal(size=(n, 1)), 0.3 * rng.normal(size=PERIODS)
    if kind == "share":
        return (rng.random((n, PERIODS)) < 1 / (1 + np.exp(1 - 0.7 * lasting - month))) * 1.0
    if kind == "count":
        return rng.poisson(np.exp(0.3 * lasting + month), (n, PERIODS)).astype(float)
    if kind == "NPS":
        answer = 1.0 * lasting + month + 1.5 * rng.normal(size=(n, PERIODS))
        return 100.0 * ((answer > 0.8) * 1.0 - (answer < -0.8))
    return 10 + lasting + month + rng.normal(size=(n, PERIODS))


def _starts(treated: np.ndarray, start: Any = START) -> pd.DataFrame:
    return pd.DataFrame({"case": "measure", "customer_id": treated, "start": start})


def _case(start: pd.Timestamp, chosen: str, **part: Any) -> Case:
    sales = [{"indicator": "sales"}]
    about = {"name": "measure", "title": "measure", "start": start.date(), "outcomes": sales}
    return Case.model_validate({**about, "chosen": chosen, **part})


def customers(rng: np.random.Generator, *, chosen: str, kind: str, outcome: str) -> Drawn:
    """Customers chosen by lot, by a rule, as the worst, or who came forward."""
    y = _values(rng, CUSTOMERS, kind)
    lasting = y[:, :BEFORE].mean(axis=1)
    more: dict[str, Any] = {}
    selected_on = None
    if chosen == "random":
        treated = rng.permutation(CUSTOMERS)[: CUSTOMERS // 2]
    elif chosen == "worst":
        treated, selected_on = np.argsort(lasting)[: CUSTOMERS // 4], outcome
    elif chosen == "rule":
        # of those above a line of another measure, which goes with the outcome, half got it
        other = lasting + 0.5 * rng.normal(size=CUSTOMERS)
        met = np.flatnonzero(other > np.quantile(other, 0.4))
        treated, selected_on = rng.permutation(met)[: len(met) // 2], "other"
        more["selection"] = _long(np.repeat(other[:, None], PERIODS, axis=1))
    else:
        eager = lasting / lasting.std() + rng.normal(size=CUSTOMERS)
        treated = np.argsort(eager)[-CUSTOMERS // 3 :]
    card = _case(START, chosen, selected_on=selected_on)
    return _long(y), card, _starts(treated), more


def cities(rng: np.random.Generator, *, chosen: str, treated: int, periods: int = PERIODS) -> Drawn:
    """Cities that got it as a whole, each on a course of its own."""
    months = pd.date_range("2024-01-01", periods=periods, freq="MS")
    own = rng.normal(size=(CITIES, 1)) + 0.3 * rng.normal(size=(CITIES, periods))
    city = np.repeat(np.arange(CITIES), PER_CITY)
    y = 10 + own[city] + rng.normal(size=(len(city), 1)) + rng.normal(size=(len(city), periods))
    before = periods // 2
    by_city = y[:, :before].mean(axis=1).reshape(CITIES, PER_CITY).mean(axis=1)
    order = np.argsort(by_city) if chosen == "worst" else rng.permutation(CITIES)
    names = tuple(f"c{i:02d}" for i in order[:treated])
    on = "sales" if chosen == "worst" else None
    card = _case(months[before], chosen, treated={"city": names}, selected_on=on)
    labels = np.array([f"c{i:02d}" for i in range(CITIES)])[city]
    return _long(y, months, city=labels), card, None, {}


def regions(rng: np.random.Generator, *, groups: int, treated: int) -> Drawn:
    """24 cities in regions that go their own ways; some regions got it as a whole, by a rule."""
    region = np.arange(24) * groups // 24
    course = 0.3 * rng.normal(size=(groups, PERIODS)).cumsum(axis=1)
    y = 10 + rng.normal(size=(24, 1)) + 0.5 * rng.normal(size=(24, PERIODS)) + course[region]
    names = np.array([f"c{i:02d}" for i in range(24)])
    records = _long(y, MONTHS, city=names, region=np.array([f"r{r:02d}" for r in region]))
    records = records.assign(n=30).drop(columns="customer_id")
    chosen = rng.permutation(groups)[:treated]
    own = tuple(names[np.isin(region, chosen)])
    return records, _case(START, "rule", treated={"city": own}, selected_on="other"), None, {}


def one_after_another(rng: np.random.Generator) -> Drawn:
    """Customers who got it by lot, in three rounds."""
    y = _values(rng, CUSTOMERS, "number")
    treated = rng.permutation(CUSTOMERS)[:45]
    rounds = np.repeat(MONTHS[[10, 14, 18]].to_numpy(), 15)
    return _long(y), _case(MONTHS[10], "random"), _starts(treated, rounds), {}


def everybody(rng: np.random.Generator, *, beside: bool, counts: bool) -> Drawn:
    """A measure that reached everybody: 48 months, half of them after the start."""
    months = pd.date_range("2022-01-01", periods=48, freq="MS")
    season = 0.5 * np.cos(2 * np.pi * np.arange(48) / 12)
    error = np.zeros(48)
    for t in range(1, 48):
        error[t] = 0.5 * error[t - 1] + 0.3 * rng.normal()
    if counts:
        records = _long(rng.poisson(np.exp(0.3 * season + 0.3 * error), (60, 48)) * 1.0, months)
    else:
        records = pd.DataFrame({"period": months, "estimate": 10 + season + error, "n": 100})
    more: dict[str, Any] = {}
    if beside:
        other = 0.3 * rng.normal(size=48).cumsum()
        records["estimate"] += other
        more["comparison"] = pd.DataFrame({"other": other + 0.2 * rng.normal(size=48)}, months)
    return records, _case(months[24], "everybody"), None, more


def announced(
    rng: np.random.Generator, draw: Callable[..., Drawn], options: Mapping[str, Any]
) -> Answer:
    """Low and high of 1 where the verdict announces an effect, of 0 where it does not."""
    records, card, treatments, more = draw(rng, **options)
    outcome = options.get("outcome", "sales")
    try:
        judged = evaluate(records, card, treatments, outcome=outcome, **more)
    except CaseError:
        return None
    if judged.refused:
        return None
    said = float(judge_outcome(judged, float("nan")) in ("shown", "harmful"))
    return said, said, 1.0


def cells() -> list[Cell]:
    """All cells of this module."""
    kinds = {"number": "sales", "share": "churn", "count": "orders_per_customer", "NPS": "nps"}
    drawn: list[tuple[str, str, Callable[..., Drawn], dict[str, Any]]] = [
        ("customers, by lot", kind, customers, {"chosen": "random", "kind": kind, "outcome": name})
        for kind, name in kinds.items()
    ]
    for chosen, words in (
        ("rule", "customers, by a rule"),
        ("worst", "customers, the worst"),
        ("volunteers", "volunteers"),
    ):
        options = {"chosen": chosen, "kind": "number", "outcome": "sales"}
        drawn.append((words, "number", customers, options))
    drawn += [
        ("customers, one after another", "number", one_after_another, {}),
        ("cities, by lot", "number", cities, {"chosen": "random", "treated": 8}),
        ("cities, the worst", "number", cities, {"chosen": "worst", "treated": 5}),
        ("one city", "number", cities, {"chosen": "worst", "treated": 1}),
        ("everybody", "number", everybody, {"beside": False, "counts": False}),
        ("everybody", "count", everybody, {"beside": False, "counts": True}),
        (
            "everybody, beside another series",
            "number",
            everybody,
            {"beside": True, "counts": False},
        ),
    ]
    above = [
        Cell(
            ABOVE,
            {"regions": groups, "treated": treated},
            lambda rng, _, g=groups, k=treated: announced(
                rng, regions, {"groups": g, "treated": k}
            ),
            refusal=True,
            silent=True,
            runs=400,
        )
        for groups, treated in ((4, 1), (5, 2))
    ]
    return above + [
        Cell(
            FAMILY,
            {"measure for": words, "outcome": kind},
            lambda rng, _, draw=draw, options=options: announced(rng, draw, options),
            silent=True,
            runs=400,
        )
        for words, kind, draw, options in drawn
    ]
