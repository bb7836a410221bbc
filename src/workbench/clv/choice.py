"""Which model to believe for a log or for contracts, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.clv.calendar import Calendar
from workbench.clv.models.beta_discrete_weibull import BetaDiscreteWeibull
from workbench.clv.models.beta_geometric import BetaGeometric, ModifiedBetaGeometric
from workbench.clv.models.gamma_gamma import GammaGamma, GammaGammaResults
from workbench.clv.models.nbd import NBD
from workbench.clv.models.observed_spend import ObservedSpend, ObservedSpendResults
from workbench.clv.models.pareto import ParetoNBD
from workbench.clv.models.purchase import STAYS, PurchaseModel, PurchaseResults
from workbench.clv.models.regular import (
    RegularBetaGeometric,
    RegularModifiedBetaGeometric,
    RegularNBD,
)
from workbench.clv.models.shifted_beta_geometric import (
    ShiftedBetaGeometric,
    ShiftedBetaGeometricResults,
)
from workbench.clv.rhythm import Rhythm
from workbench.clv.validation import Holdout, holdout_table
from workbench.clv.value import CustomerValue, bootstrap_parameters, customer_value
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.units import one_unit

#: The models of customers who are free to leave unseen, and the baseline in which nobody leaves.
MODELS: tuple[type[PurchaseModel], ...] = (BetaGeometric, ModifiedBetaGeometric, ParetoNBD, NBD)

CHANGES = (
    "We use the model in which the readiness to leave changes with the time a customer has stayed."
)
DOES_NOT_CHANGE = (
    "The figures on contracts are those of the shifted beta-geometric model, in which it does not "
    "change."
)
OF_VALUES = (
    "These values come from the {model} model; the comparison at the end of this page says why "
    "it is used."
)
OF_TEST = (
    "The model was fitted to the log up to {split} and asked for the {length} {unit} after it. It "
    "expected {foreseen} purchases."
)
#: Fewer repeat buyers than this tell too little for the three parameters of Gamma-Gamma.
FEWEST = 10
BELIEVED = "The {model} model fits these purchases best"


@dataclass(frozen=True)
class Choice(Result):
    """The model to believe.

    Attributes
    ----------
    table : DataFrame
        As from `compare`, and believed (bool).
    model : type
        The model, to be fitted to the whole log.
    fit : PurchaseResults
        Its fit to the calibration period.
    finding : Finding
        Why.
    test : Holdout, optional
        What it foresaw of the holdout period, and what came.
    """

    table: pd.DataFrame
    model: type[PurchaseModel]
    fit: PurchaseResults
    finding: Finding
    test: Holdout | None = None

    def findings(self) -> list[Finding]:
        """Say which model to believe, and why."""
        believed = Finding("believed", BELIEVED, {"model": self.model.title}, severity="ok")
        return [believed, self.finding]

    def of_values(self) -> Finding:
        """Say by which model customers are valued."""
        return Finding("value.model", OF_VALUES, {"model": self.model.title})

    def of_test(self, split: pd.Timestamp) -> Finding:
        """Say what the fit was asked for in the test period, which began after that day."""
        if self.test is None:
            raise DataError("there was no test period", remedy="choose with a holdout")
        values = {"split": split, "length": round(self.test.length), "unit": f"{self.fit.unit}s"}
        return Finding("tested", OF_TEST, {**values, "foreseen": self.test.foreseen})

    def refit(
        self, customers: pd.DataFrame, *, unit: str | None = None, pace: Calendar | None = None
    ) -> PurchaseResults:
        """Fit the believed model to the whole log: what every page says of its customers.

        Parameters
        ----------
        customers : DataFrame
            Customer summary up to today.
        unit : str, optional
            Unit of time; the summary's own by default.
        pace : Calendar, optional
            By whose clock times then run.
        """
        customers = customers if pace is None else pace.stretched(customers)
        return self.model.from_frame(customers, unit=unit).fit()

    def value(
        self,
        customers: pd.DataFrame,
        *,
        rng: np.random.Generator,
        discount_rate: float,
        horizon: float = float("inf"),
        margin: float = 1.0,
        currency: str = "",
        pace: Calendar | None = None,
    ) -> CustomerValue:
        """Value today's customers by the believed model, with limits that do not rest on it.

        Parameters
        ----------
        customers : DataFrame
            Customer summary up to today.
        rng : Generator
            Draws the sets of customers to which the models are refitted.
        discount_rate, horizon, margin
            As of `customer_value`.
        currency : str
            ISO 4217 code of the amounts.
        pace : Calendar, optional
            Of the log: growth and season that the value goes by.

        Raises
        ------
        DataError
            No repeat buyer has spent anything, or there are no amounts.
        """
        bought, spent = self.refit(customers, pace=pace), model_spend(customers, currency=currency)
        length = log_length(customers)
        value = customer_value(
            bought,
            spent,
            discount_rate=discount_rate,
            # no farther ahead than the log looks back
            horizon=min(horizon, length),
            margin=margin,
            draws=bootstrap_parameters(bought, spent, rng=rng),
            pace=pace,
        )
        return value if horizon <= length else replace(value, asked=horizon)

    def estimates(self) -> dict[str, Estimate]:
        """Return the bias of the believed model in the test period, where there was one."""
        row = self.table[self.table["believed"]].iloc[0]
        if "bias" not in row or pd.isna(row["bias"]):
            return {}
        bias, low, high = (float(row[c]) for c in ("bias", "bias_low", "bias_high"))
        estimate = Estimate(
            bias, low, high, self.fit.nobs, kind="percent", label="Bias in the test"
        )
        return {"bias": estimate}


def log_length(customers: pd.DataFrame) -> float:
    """Time from the first purchase of all to the end of observation, in whole units above one."""
    length = float(customers["age"].max())
    return float(np.floor(length)) if length >= 1 else length


def model_spend(
    customers: pd.DataFrame, *, currency: str = ""
) -> GammaGammaResults | ObservedSpendResults:
    """Model what customers spend a purchase, or take what they were seen to spend.

    The Gamma-Gamma model is taken where its mean is known within a factor of two and at least
    `FEWEST` customers have bought again for money; otherwise observed means, which say so.

    Raises
    ------
    DataError
        No repeat buyer has spent anything, or there are no amounts.
    """
    observed = ObservedSpend.from_frame(customers, currency=currency)
    if float(observed.counts[observed.everyone[0] > 0].sum()) < FEWEST:
        return observed.fit()
    fit = GammaGamma.from_frame(customers, nonpositive="drop", currency=currency).fit()
    return observed.fit() if fit.verdict in ("heavy_tail", "not_converged") else fit


def compare(
    fits: Mapping[str, PurchaseResults] | list[PurchaseResults],
    actual: ArrayLike | None = None,
    length: float | None = None,
) -> pd.DataFrame:
    """Put models side by side, best likelihood for its parameters first.

    Parameters
    ----------
    fits : mapping of name to PurchaseResults, or list of PurchaseResults
        All fitted to the same customers.
    actual, length : array_like and float, optional
        Holdout purchases and the length of the holdout; adds bias and mae.

    Returns
    -------
    DataFrame
        Columns model, log_likelihood, parameters, bic, bias, bias_low, bias_high, mae, mae_low,
        mae_high, verdict.
    """
    named = list(fits.items()) if isinstance(fits, Mapping) else [(f.title, f) for f in fits]
    if len({round(f.nobs, 6) for _, f in named}) > 1:
        raise DataError("models were fitted to different customers", remedy="fit all to one set")
    # the likelihood of times measured in days is not that of weeks
    one_unit(*(f.unit for _, f in named), of="the models")
    rows = []
    for name, fit in named:
        row: dict[str, object] = {
            "model": name,
            "log_likelihood": fit.llf,
            "parameters": fit.params.size,
            "bic": fit.bic,
        }
        if actual is not None and length is not None:
            errors = holdout_table(fit, actual, length).errors
            if "bias" in errors:
                row["bias"], row["bias_low"], row["bias_high"] = errors["bias"]
            row["mae"], row["mae_low"], row["mae_high"] = list(errors["mae"])[:3]
        row["verdict"] = fit.verdict
        rows.append(row)
    return pd.DataFrame(rows).sort_values("bic", kind="stable", ignore_index=True)


def choose(
    customers: pd.DataFrame,
    actual: ArrayLike | None = None,
    length: float | None = None,
    *,
    models: Sequence[type[PurchaseModel]] = MODELS,
    rhythm: Rhythm | None = None,
    unit: str | None = None,
) -> Choice:
    """Fit several models to the calibration period and say which to believe.

    What forecasts are for decides first: a model stays in where the interval of its error in the
    total of purchases of the test period meets that of the model with the smallest error. Of those
    left the one with the lowest BIC is taken. Without a test period BIC decides alone.

    Parameters
    ----------
    customers : DataFrame
        Customer summary of the calibration period.
    actual : array_like, optional
        Purchases of the same customers in the holdout period; the summary's own by default.
    length : float, optional
        Its length in the unit of time; the summary's own by default.
    models : sequence of types
        Candidates.
    rhythm : Rhythm, optional
        Of the same log to the same day: where purchases are regular or fall due, models that know
        it are candidates, too.
    unit : str, optional
        Unit of time; the summary's own by default.

    Raises
    ------
    DataError
        No model could be fitted to its end.

    Examples
    --------
    >>> from workbench.clv import choose
    >>> from workbench.data import customer_summary, open_tables
    >>> from workbench.study import load_study
    >>> tables = open_tables(load_study("cdnow"))
    >>> customers = customer_summary(tables, "transactions_sample").frame()
    >>> choose(customers, unit="week").model.title
    'MBG/NBD'
    """
    if actual is None and "holdout_frequency" in customers:
        actual, length = customers["holdout_frequency"], customers.attrs["holdout_length"]
    if rhythm is not None:
        customers = rhythm.known(customers)
    fits = {kind.title: kind.from_frame(customers, unit=unit).fit() for kind in models}
    if rhythm is not None:
        fits |= {fit.model.title: fit for fit in _regular(customers, rhythm, unit)}
    kinds = {title: type(fit.model) for title, fit in fits.items()}
    table = compare(fits, actual, length)
    usable = table[table["verdict"] != "not_converged"]
    if usable.empty:
        raise DataError(
            "no model reached the maximum of its likelihood",
            remedy="look at the log: one day only, or one customer with nearly all purchases?",
        )
    # among a handful of customers the error of a total has no interval
    errors = usable.filter(["bias", "bias_low", "bias_high"])
    left, tested = usable, not errors.empty and bool(errors.notna().to_numpy().all())
    if tested:
        best = usable.iloc[int(np.argmin(np.abs(usable["bias"].to_numpy(dtype=float))))]
        low, high = float(best["bias_low"]), float(best["bias_high"])
        left = usable[(usable["bias_low"] <= high) & (usable["bias_high"] >= low)]
    # the table is sorted by BIC
    name = str(left["model"].iloc[0])
    stays = kinds[name].baseline
    if fits[name].verdict in STAYS and stays is not None and stays.title in fits:
        # its predictions are those of the model in which nobody leaves, so that one it is
        name = stays.title
    chosen = table["model"] == name
    values = {"model": name, "left": len(left)}
    if actual is None:
        message = (
            "We use {model}: it has the best BIC. There was no later period to test the models on."
        )
    elif not tested:
        message = (
            "We use {model}: it has the best BIC of the models that could be fitted. Too few "
            "customers bought in the test period to choose between the models by it."
        )
    elif len(left) == 1:
        message = (
            "We use {model}: it came clearly closer than any other model to the number of "
            "purchases in the test period."
        )
    else:
        message = (
            "We use {model}: {left} models predicted the test period about equally well, and "
            "it has the best BIC."
        )
    in_test = {
        "bias": ("Bias in the test", "percent:1"),
        "mae": ("Mean absolute error", "number:2"),
    }
    shown = labelled(
        table.assign(believed=chosen),
        model="Model",
        bic=("BIC", "number:1"),
        **(in_test if tested else {}),
        believed="Used",
    )
    finding = Finding("model", message, values, verdict=name, severity="ok")
    test = None
    if actual is not None and length is not None:
        test = holdout_table(fits[name], actual, length)
    return Choice(shown, kinds[name], fits[name], finding, test)


def _regular(customers: pd.DataFrame, rhythm: Rhythm, unit: str | None) -> list[PurchaseResults]:
    """Fit the models to be tried for a rhythm that is not chance."""
    if rhythm.due is not None:
        return [rhythm.due.from_frame(customers, unit=unit).fit()]
    if rhythm.verdict != "regular":
        return []
    best = RegularModifiedBetaGeometric.search(customers, unit=unit)
    plain, stays = (
        family.of(best.model.k).from_frame(customers, unit=unit).fit()
        for family in (RegularBetaGeometric, RegularNBD)
    )
    return [plain, best, stays]


def choose_retention(
    duration: ArrayLike, ended: ArrayLike, counts: ArrayLike | None = None
) -> ShiftedBetaGeometricResults:
    """Fit both models of contracts and give the one with the lower BIC.

    Parameters
    ----------
    duration, ended, counts : array_like
        As of `ShiftedBetaGeometric`; from `contract_periods` they carry their unit.

    Returns
    -------
    ShiftedBetaGeometricResults
        The beta-discrete-Weibull fit where the readiness to leave changes with time by more than
        its further parameter costs, and its search ended; otherwise the shifted beta-geometric.
        Its `why` says so.
    """
    plain = ShiftedBetaGeometric(duration, ended, counts).fit()
    try:
        changing = BetaDiscreteWeibull(duration, ended, counts).fit()
    except DataError:
        # too few periods for three parameters
        return plain
    believed = changing if changing.trusted and changing.bic < plain.bic else plain
    message = CHANGES if believed is changing else DOES_NOT_CHANGE
    believed.why = (changing.finding, Finding("contracts.believed", message))
    return believed
