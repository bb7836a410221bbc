"""Fits come back from their files, and the next purchase of customers comes when it was said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.clv.examples import AGE, FREQUENCY, RECENCY
from workbench import clv
from workbench.clv.models.purchase import PurchaseModel
from workbench.errors import DataError

TERMS = clv.Terms((4.35, 52.0), (0.7, 0.3), (0.05, 0.2), (0.95, 1.0, 1.05), 900, 7.0, 3)
LAWS: list[type[PurchaseModel]] = [
    clv.BetaGeometric, clv.ModifiedBetaGeometric, clv.ParetoNBD, clv.NBD,
    clv.RegularBetaGeometric.of(2), clv.RegularModifiedBetaGeometric.of(3), clv.RegularNBD.of(2),
    clv.DueDates.of(TERMS),
]  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_fit_comes_back(law: type[PurchaseModel], tmp_path: Path) -> None:
    fit = law(FREQUENCY, RECENCY, AGE, unit="week").fit()
    file = clv.save_fit(fit, tmp_path / "fit.json")
    assert file.stat().st_size < 6000
    again = clv.load_fit(file)
    history = (FREQUENCY[:6], RECENCY[:6], AGE[:6])
    for ask in ("p_alive", "expected_purchases", "probability_none"):
        extra = () if ask == "p_alive" else (13.0,)
        was, now = (getattr(f, ask)(*extra, *history) for f in (fit, again))
        assert now.estimate.tolist() == was.estimate.tolist()
        assert now.conf_int().equals(was.conf_int())
    assert again.summary().as_text() == fit.summary().as_text()
    assert again.bic == fit.bic
    with pytest.raises(DataError, match="without its customers"):
        again.p_alive()


def test_files_that_are_no_fits_are_refused(tmp_path: Path) -> None:
    file = clv.save_fit(clv.NBD(FREQUENCY, RECENCY, AGE, unit="week").fit(), tmp_path / "fit.json")
    stored = json.loads(file.read_text(encoding="utf-8"))
    for change, said in (
        ({"format": "x"}, "no purchase model"), ({"version": 9}, "version 9"),
        ({"phi": [1.0]}, "damaged"), ({"model": {"name": "os.system"}}, "damaged"),
    ):  # fmt: skip
        file.write_text(json.dumps({**stored, **change}), encoding="utf-8")
        with pytest.raises(DataError, match=said):
            clv.load_fit(file)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        clv.load_fit(file)
    with pytest.raises(DataError, match="no such file"):
        clv.load_fit(tmp_path / "none.json")


@pytest.mark.parametrize("law", [clv.ParetoNBD, clv.RegularModifiedBetaGeometric.of(3)])
def test_the_next_purchase_comes_when_it_was_said(law: type[PurchaseModel]) -> None:
    rng, theta = np.random.default_rng(4), np.array([0.8, 4.0, 0.7, 9.0])
    age = rng.uniform(20, 80, 3000)
    x, t_x = law.draw(theta, age, rng)
    fit = law(x, t_x, age, unit="week").fit(start=theta)
    found = clv.next_purchase(fit, within=13)
    people = found.of_customers
    alive = law.alive(theta, x, t_x, age)
    wait = people["wait"].to_numpy()
    late, ever = (law.none_ahead(theta, t, x, t_x, age) for t in (wait, np.full(3000, 1043.0)))
    told = np.isfinite(wait)
    assert np.mean(((1 - late) / (1 - ever))[told]) == pytest.approx(0.5, abs=0.03)
    came = np.zeros(x.size)
    there = rng.random(x.size) < alive
    came[there] = law.draw_ahead(theta, 13, x[there], t_x[there], age[there], rng)
    assert (came > 0).sum() == pytest.approx(found.buyers.value, rel=0.06)
    assert found.table["n"].sum() == x.size
    people = people[told]
    assert (people["low"] < people["wait"]).all() and (people["wait"] < people["high"]).all()


def test_a_model_from_a_log_in_three_lines() -> None:
    days = [np.cumsum(np.random.default_rng(i).integers(9, 80, 4)) for i in range(40)]
    begin = pd.Timestamp("2025-01-01")
    rows = [
        (f"c{i}", begin + pd.Timedelta(days=int(d)), 5.0) for i, own in enumerate(days) for d in own
    ]
    log = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    customers = clv.summarise(log, as_of="2025-12-31", unit="week")
    fit = clv.choose(customers).refit(customers)
    assert fit.expected_purchases(13).total().value > 0
    assert customers["frequency"].sum() == 120
    assert customers.attrs["time_unit"] == "week"
    with pytest.raises(DataError, match="no column date"):
        clv.summarise(log.drop(columns="date"), as_of="2025-12-31", unit="week")
    with pytest.raises(DataError, match="no purchase"):
        clv.summarise(log, as_of="2020-01-01", unit="week")
