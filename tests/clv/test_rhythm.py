"""Regular purchases and payments that fall due are told from purchases by chance, and forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench import clv
from workbench.errors import DataError

END = pd.Timestamp("2025-12-31")


def shop(
    stages: float, *, n: int = 500, weeks: int = 104, rate: float = 10.0, seed: int = 1
) -> pd.DataFrame:
    """Gamma gaps of so many stages; nobody leaves."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, weeks, n)
    each = rng.gamma(0.8, 1 / rate, (n, 1))
    at = np.column_stack(
        [start, start[:, None] + np.cumsum(rng.gamma(stages, 1 / stages, (n, 150)) / each, axis=1)]
    )
    who, place = np.nonzero(at < weeks)
    day = END - pd.to_timedelta(weeks * 7 - 1 - np.floor(at[who, place] * 7), unit="D")
    return pd.DataFrame({"customer_id": who, "date": day, "amount": 10.0})


def payers(
    *terms: float, n: int = 400, jitter: float = 0.0, skipped: float = 0.0,
    leaves: tuple[float, float] = (1.0, 15.0), months: bool = False, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Payments every so many days until a customer leaves, over two years and one ahead."""
    rng, ahead = np.random.default_rng(seed), 365
    rows = []
    for who in range(n):
        start, term = rng.integers(0, 728), terms[who % len(terms)]
        lasts = int(np.log(rng.random()) / np.log1p(-rng.beta(*leaves))) + 1
        at = start + term * np.arange(min(lasts, 1000))
        if months:
            first = END - pd.Timedelta(days=int(728 - start))
            at = start + np.array(
                [(first + pd.DateOffset(months=m) - first).days for m in range(min(lasts, 48))]
            )
        at = np.floor(
            at[at < 728 + ahead] + rng.exponential(jitter or 1e-9, (at < 728 + ahead).sum())
        )
        kept = rng.random(at.size) >= skipped
        kept[:1] = True
        rows += [(who, day) for day in np.unique(at[kept])]
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    return frame.assign(date=END - pd.to_timedelta(728 - frame["day"], unit="D"), amount=10.0)


def told(log: pd.DataFrame) -> clv.Rhythm:
    return clv.rhythm(log, as_of=END, unit="week")


def summary(log: pd.DataFrame) -> pd.DataFrame:
    by = log[log["date"] <= END].groupby("customer_id")["date"]
    return pd.DataFrame(
        {
            "frequency": by.size() - 1,
            "recency": (by.max() - by.min()).dt.days / 7,
            "age": (END - by.min()).dt.days / 7,
        }
    )


def test_chance_is_called_chance() -> None:
    found = [told(shop(1, n=300, seed=s)) for s in range(20)]
    assert [f.verdict for f in found].count("random") >= 19
    assert sum(1 in f.regularity for f in found) >= 17


@pytest.mark.parametrize(("rate", "n"), [(1.0, 500), (10.0, 500), (3.0, 900)])
def test_whole_days_are_no_regularity(rate: float, n: int) -> None:
    """Who buys every other day has gaps of one to a few days, alike because days are whole."""
    assert told(shop(1, n=n, rate=rate)).verdict == "random"


@pytest.mark.parametrize("stages", [2, 4])
def test_stages_are_found(stages: int) -> None:
    found = told(shop(stages))
    assert found.verdict == "regular"
    assert found.regularity.low < stages < found.regularity.high
    assert found.table["seen"].iloc[4:6].sum() > 0.25
    best = clv.RegularNBD.search(found.known(summary(shop(stages))), unit="week")
    assert best.model.k == stages


def test_clumps_and_few_are_said() -> None:
    assert told(shop(0.4)).verdict == "clumped"
    assert told(shop(1, n=20)).verdict == "few"
    assert told(shop(1).head(0)).verdict == "few"


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (payers(30.44), "a month"),
        (payers(30.44, months=True), "a month"),
        (payers(7.0), "a week"),
        (payers(91.3, leaves=(1, 5)), "three months"),
        (payers(30.44, jitter=1.5), "a month"),
        (payers(30.44, skipped=0.05), "a month"),
        (payers(30.44, 365.25, leaves=(1, 6)), "a month or a year"),
        (payers(45.0), "45 days"),
    ],
    ids=["month", "calendar", "week", "quarter", "late", "skipped", "two terms", "odd"],
)
def test_payments_that_fall_due_are_recognised_and_foreseen(log: pd.DataFrame, said: str) -> None:
    found = told(log)
    assert found.verdict == "due"
    assert found.terms is not None
    assert found.terms.words("week")["en"] == said
    customers = summary(log)
    choice = clv.choose(customers, rhythm=found, unit="week")
    assert choice.model.title == "sBG"
    fit = choice.refit(found.known(customers), unit="week")
    came = int((log["date"] > END).sum())
    ahead = clv.Ahead(fit, horizon=52, rng=np.random.default_rng(1))
    point, draws = ahead.purchases_of(np.ones(len(customers), dtype=bool))
    assert draws.mean() == pytest.approx(point, rel=0.02)
    low, high = np.quantile(draws, [0.005, 0.995])
    # skips are not counted as such: their customers are taken to pay at longer terms
    assert low * 0.96 < came < high * 1.04
    none = fit.probability_none(52).estimate
    assert (none >= 1 - fit.p_alive().estimate - 1e-9).all()


def test_a_gap_of_others_does_not_fall_due() -> None:
    """Irregular buyers beside payers of a month are not taken for payers."""
    both = pd.concat(
        [payers(30.44, n=150), shop(1).assign(customer_id=lambda t: t["customer_id"] + 1000)]
    )
    assert told(both).verdict != "due"


def test_nobody_overdue_is_no_leaving() -> None:
    log = payers(30.44, leaves=(1.0, 1e7))
    found = told(log)
    fit = clv.choose(summary(log), rhythm=found, unit="week").fit
    assert fit.verdict == "no_dropout"
    assert not fit.leaves


def test_due_dates_ignore_the_season() -> None:
    log = payers(30.44)
    pace = clv.calendar(log, as_of=END, unit="week", model=told(log).due)
    assert not pace.moves
    assert pace.findings()[0].verdict == "due"


def test_a_summary_of_others_is_refused() -> None:
    log = shop(2)
    with pytest.raises(DataError, match="customers whom the log does not"):
        told(log[log["customer_id"] < 100]).known(summary(log))


def test_due_derivatives_and_sums() -> None:
    found = told(payers(30.44, 365.25, leaves=(1, 6), n=200))
    law = found.due
    assert law is not None
    model = law.from_frame(summary(payers(30.44, 365.25, leaves=(1, 6), n=200)), unit="week")
    theta = np.array([0.9, 12.0, 1.4, 3.0])
    evaluate = law.likelihood(model.rows)
    _, gradient, hessian = evaluate(theta)
    for i in range(4):
        step = np.zeros(4)
        step[i] = 1e-6 * theta[i]
        up, down = evaluate(theta + step), evaluate(theta - step)
        assert gradient[i] == pytest.approx((up[0] - down[0]) / (2 * step[i]), rel=1e-5)
        assert hessian[i] == pytest.approx((up[1] - down[1]) / (2 * step[i]), rel=1e-5, abs=1e-5)
    rows = model.rows
    x, t_x, T = rows.x[:50], rows.t_x[:50], rows.T[:50]
    ahead = np.full(50, 30.0)
    masses = [law.mass_ahead(theta, np.full(50, float(m)), ahead, x, t_x, T) for m in range(9)]
    assert sum(masses) == pytest.approx(1.0)
    mean = sum(m * mass for m, mass in enumerate(masses))
    assert law.expected_ahead(theta, 30.0, x, t_x, T) == pytest.approx(mean)
    near = law.discounted_since(theta, 30.0, 1e-9, x, t_x, T)
    assert near == pytest.approx(law.expected_since(theta, 30.0, x, t_x, T), rel=1e-6)
    less = law.discounted_since(theta, 30.0, 0.01, x, t_x, T)
    assert (less <= near).all()
    assert (law.discounted_since(theta, np.inf, 0.01, x, t_x, T) >= less).all()
