"""Hands a customer summary to pymc-marketing, with priors that do not depend on the time unit.

pymc-marketing's own defaults are set in units of time (alpha about ten of whatever the data are
in), so the same customers in days and in weeks get different posteriors. Here scales of time are
told as shares of the mean age.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pandas as pd

from workbench.clv.models.beta_geometric import BetaGeometric
from workbench.clv.models.pareto import ParetoNBD
from workbench.clv.models.purchase import PurchaseModel
from workbench.clv.models.rows import check_counts, check_rows
from workbench.errors import DataError, WorkbenchError
from workbench.units import one_unit

_CLASSES: dict[type[PurchaseModel], str] = {
    BetaGeometric: "BetaGeoModel",
    ParetoNBD: "ParetoNBDModel",
}


def priors(
    model: type[PurchaseModel], customers: pd.DataFrame
) -> dict[str, tuple[str, dict[str, float]]]:
    """Give weak priors for the parameters of a model.

    Parameters
    ----------
    model : type
        BetaGeometric or ParetoNBD.
    customers : DataFrame
        frequency, recency, age.

    Returns
    -------
    dict
        Parameter -> name of the distribution and its arguments. Shapes (r, s) have a median of
        one half and 95 % within a factor of seven, scales of time (alpha, beta) a median of one
        quarter of the mean age and 95 % within a factor of nineteen; BG/NBD's dropout probability
        is uniform in its mean, with the Pareto prior of pymc-marketing for its precision.
    """
    _known(model)
    _, _, T = check_rows(customers["frequency"], customers["recency"], customers["age"])
    if not T.mean() > 0:
        raise DataError("all customers are new", remedy="observe longer")
    shape = ("LogNormal", {"mu": float(np.log(0.5)), "sigma": 1.0})
    time = ("LogNormal", {"mu": float(np.log(T.mean() / 4)), "sigma": 1.5})
    if model is ParetoNBD:
        return {"r": shape, "alpha": time, "s": shape, "beta": time}
    return {
        "r": shape,
        "alpha": time,
        "phi_dropout": ("Uniform", {"lower": 0.0, "upper": 1.0}),
        "kappa_dropout": ("Pareto", {"alpha": 1.0, "m": 1.0}),
    }


def handed_over(customers: pd.DataFrame) -> pd.DataFrame:
    """Give a customer summary under pymc-marketing's names: customer_id, frequency, recency, T.

    Raises
    ------
    DataError
        As the models here raise it; and for grouped rows, which pymc-marketing cannot weigh.
    """
    x, t_x, T = check_rows(customers["frequency"], customers["recency"], customers["age"])
    counts = check_counts(customers.get("counts", customers.get("n")), x.size)
    if (counts != 1).any():
        raise DataError("rows stand for several customers", remedy="give one row a customer")
    ids = customers.get("customer_id", customers.index)
    out = pd.DataFrame({"customer_id": np.asarray(ids), "frequency": x, "recency": t_x, "T": T})
    out.attrs.update(customers.attrs)
    return out


def bayesian(
    model: type[PurchaseModel], customers: pd.DataFrame, *, unit: str | None = None
) -> Any:
    """Make pymc-marketing's model of the same customers, ready for ``fit()``.

    Parameters
    ----------
    model : type
        BetaGeometric or ParetoNBD.
    customers : DataFrame
        frequency, recency, age; customer_id or the index names the customers.
    unit : str, optional
        Must be the summary's own, where it carries one.

    Raises
    ------
    WorkbenchError
        pymc-marketing is not installed.
    """
    name = _known(model)
    one_unit(customers.attrs.get("time_unit"), unit, of="the summary and the model")
    data, weak = handed_over(customers), priors(model, customers)
    try:
        models = importlib.import_module("pymc_marketing.clv")
        prior = importlib.import_module("pymc_extras.prior").Prior
    except ImportError as error:
        raise WorkbenchError(
            f"pymc-marketing cannot be imported ({error})",
            where="clv.bayesian",
            remedy="use Python 3.12 or newer and install the extra: "
            "pip install 'customer-workbench[bayes]'",
        ) from error
    config = {key: prior(kind, **values) for key, (kind, values) in weak.items()}
    return getattr(models, name)(data=data, model_config=config)


def _known(model: type[PurchaseModel]) -> str:
    if model not in _CLASSES:
        raise DataError(
            f"{getattr(model, 'title', model)} is not handed over",
            remedy="use BetaGeometric or ParetoNBD",
        )
    return _CLASSES[model]
