"""What is handed to pymc-marketing means the same whatever the unit of time."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from workbench.clv import NBD, BetaGeometric, ParetoNBD, bayesian
from workbench.clv.models.bayes import handed_over, priors
from workbench.errors import DataError, WorkbenchError


def in_days(weeks: pd.DataFrame) -> pd.DataFrame:
    return weeks.assign(recency=weeks["recency"] * 7, age=weeks["age"] * 7)


@pytest.mark.parametrize("law", [BetaGeometric, ParetoNBD], ids=lambda law: law.title)
def test_priors_of_time_move_with_the_unit_and_others_do_not(
    cdnow: pd.DataFrame, law: type
) -> None:
    weeks, days = priors(law, cdnow), priors(law, in_days(cdnow))
    for name, (kind, values) in weeks.items():
        factor = np.log(7) if law.names[1] == name or name == "beta" else 0.0
        assert days[name][0] == kind
        assert days[name][1].get("mu", 0.0) - values.get("mu", 0.0) == pytest.approx(factor)
        assert days[name][1].get("sigma") == values.get("sigma")
    assert {name for name in weeks if name in ("alpha", "beta")} == set(law.names) & {
        "alpha", "beta"
    }  # fmt: skip


def test_the_summary_is_handed_over_under_the_other_names(cdnow: pd.DataFrame) -> None:
    data = handed_over(cdnow)
    assert list(data.columns) == ["customer_id", "frequency", "recency", "T"]
    assert data["customer_id"].tolist() == list(cdnow.index)
    assert data["T"].to_numpy() == pytest.approx(cdnow["age"].to_numpy())


def test_what_cannot_be_handed_over_is_refused(cdnow: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="NBD is not handed over"):
        bayesian(NBD, cdnow)
    with pytest.raises(DataError, match="several customers"):
        handed_over(cdnow.assign(n=2))
    weeks = cdnow.copy()
    weeks.attrs["time_unit"] = "week"
    with pytest.raises(DataError, match="in weeks and in days"):
        bayesian(BetaGeometric, weeks, unit="day")
    with pytest.raises(DataError, match="all customers are new"):
        priors(BetaGeometric, cdnow.assign(frequency=0, recency=0.0, age=0.0))


def test_without_the_extra_it_is_said_how_to_get_it(
    cdnow: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymc_marketing.clv", None)
    with pytest.raises(WorkbenchError, match=r"workbench\[bayes\]"):
        bayesian(BetaGeometric, cdnow)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_posterior_mode_is_the_same_in_days_and_weeks_and_near_the_maximum_likelihood(
    cdnow: pd.DataFrame,
) -> None:
    pytest.importorskip(
        "pymc_marketing", reason="the extra bayes is not installed; it needs Python 3.12"
    )
    own = BetaGeometric.from_frame(cdnow, unit="week").fit().params
    found = []
    for frame in (cdnow, in_days(cdnow)):
        model = bayesian(BetaGeometric, frame)
        model.fit(method="map")
        posterior = model.idata.posterior if hasattr(model, "idata") else model.fit_result
        found.append({name: float(posterior[name].mean()) for name in own.index})
    weeks, days = found
    assert days["alpha"] / weeks["alpha"] == pytest.approx(7, rel=0.02)
    for name in ("r", "a", "b"):
        assert days[name] == pytest.approx(weeks[name], rel=0.05)
    assert weeks["r"] == pytest.approx(own["r"], rel=0.1)
    assert weeks["alpha"] == pytest.approx(own["alpha"], rel=0.15)
