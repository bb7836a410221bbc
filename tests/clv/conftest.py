"""The CDNOW sample as the papers summarise it, and the fits that several tests ask for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.clv import BetaGeometric, GammaGamma, ParetoNBD, PurchaseResults
from workbench.clv.models.gamma_gamma import GammaGammaResults

LOG = Path(__file__).parents[2] / "data/cdnow/transactions_sample.csv"


def read_log() -> pd.DataFrame:
    log = pd.read_csv(LOG, dtype={"customer_id": str})
    return log.assign(date=pd.to_datetime(log["date"].astype(str), format="%Y%m%d"))


def summarise(log: pd.DataFrame, end: str) -> pd.DataFrame:
    """Events are days, time is in weeks; the holdout runs to the end of the log."""
    day = pd.Timestamp(end)
    daily = log.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    seen = daily[daily["date"] <= day]
    first = seen.groupby("customer_id")["date"].min()
    last = seen.groupby("customer_id")["date"].max()
    out = pd.DataFrame(
        {
            "frequency": seen.groupby("customer_id").size() - 1,
            "recency": (last - first).dt.days / 7,
            "age": (day - first).dt.days / 7,
        }
    )
    repeat = seen[seen["date"] > seen["customer_id"].map(first)]
    out["mean_spend"] = repeat.groupby("customer_id")["amount"].mean()
    later = daily[daily["date"] > day].groupby("customer_id").size()
    out["holdout"] = later.reindex(out.index).fillna(0)
    return out


@pytest.fixture(scope="session")
def log() -> pd.DataFrame:
    return read_log()


@pytest.fixture(scope="session")
def cdnow(log: pd.DataFrame) -> pd.DataFrame:
    return summarise(log, "1997-09-30")


@pytest.fixture(scope="session")
def bg(cdnow: pd.DataFrame) -> PurchaseResults:
    return BetaGeometric.from_frame(cdnow, unit="week").fit()


@pytest.fixture(scope="session")
def pareto(cdnow: pd.DataFrame) -> PurchaseResults:
    return ParetoNBD.from_frame(cdnow, unit="week").fit()


@pytest.fixture(scope="session")
def spend(cdnow: pd.DataFrame) -> GammaGammaResults:
    return GammaGamma.from_frame(cdnow).fit()
