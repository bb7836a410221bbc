"""Fits of purchase models in small files, to score customers elsewhere or later."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.clv.models.beta_geometric import BetaGeometric, ModifiedBetaGeometric
from workbench.clv.models.due import DueDates
from workbench.clv.models.gompertz import GammaGompertzNBD
from workbench.clv.models.nbd import NBD
from workbench.clv.models.pareto import ParetoNBD
from workbench.clv.models.purchase import PurchaseModel, PurchaseResults
from workbench.clv.models.regular import (
    RegularBetaGeometric,
    RegularModifiedBetaGeometric,
    RegularNBD,
)
from workbench.clv.models.rows import Purchases
from workbench.clv.models.terms import Terms
from workbench.errors import DataError
from workbench.results import Finding

FORMAT, VERSION = "workbench purchase model", 1
PLAIN: tuple[type[PurchaseModel], ...] = (
    BetaGeometric, ModifiedBetaGeometric, ParetoNBD, NBD, GammaGompertzNBD,
)  # fmt: skip
REGULAR = (RegularBetaGeometric, RegularModifiedBetaGeometric, RegularNBD)


def save_fit(fit: PurchaseResults, path: Path | str) -> Path:
    """Write a fit into a JSON file: parameters, how well they are known, and the verdict.

    No customer is in it.

    Parameters
    ----------
    fit : PurchaseResults
        Of a model without covariates.
    path : Path or str

    Raises
    ------
    DataError
        The model is not one of those that can be restored.

    Examples
    --------
    >>> import tempfile
    >>> from workbench.clv import BetaGeometric, load_fit, save_fit
    >>> fit = BetaGeometric([2, 0, 1, 5] * 90, [30, 0, 2, 29] * 90, [39] * 360, unit="week").fit()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load_fit(save_fit(fit, f"{folder}/fit.json"))
    >>> bool(again.p_alive(2, 30, 39).estimate == fit.p_alive(2, 30, 39).estimate)
    True
    """
    stored = {
        "format": FORMAT,
        "version": VERSION,
        "model": _named(type(fit.model)),
        "process": _named(fit.process),
        "unit": fit.unit,
        "names": [str(name) for name in fit.params.index],
        # a parameter that means nothing where nobody leaves has no number
        "params": [None if np.isnan(v) else float(v) for v in fit.params],
        "phi": fit.phi.tolist(),
        "covariance": fit.covariance.tolist(),
        "log_likelihood": fit.llf,
        "customers": fit.nobs,
        "free": fit._free,
        "evaluations": fit.evaluations,
        "finding": fit.finding.to_json(),
    }
    out = Path(path)
    out.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return out


def load_fit(path: Path | str) -> PurchaseResults:
    """Read a fit that `save_fit` wrote.

    Returns
    -------
    PurchaseResults
        It answers for customers who are given to it (`x`, `t_x`, `T`); those of the fit are not in
        the file.

    Raises
    ------
    DataError
        The file is missing, is no fit, or of a later version.
    """
    where = str(path)
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("there is no such file", where=where, remedy="look at the path") from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"the file cannot be read ({error})", where=where, remedy="save the fit again"
        ) from None
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise DataError(
            "the file holds no purchase model", where=where, remedy="give a file of `save_fit`"
        )
    if stored.get("version") != VERSION:
        raise DataError(
            f"the file is of version {stored.get('version')!r}, and {VERSION} is read here",
            where=where,
            remedy="fit the model again, or use the workbench that saved it",
        )
    try:
        return _restored(stored)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"the file is damaged ({type(error).__name__}: {error})",
            where=where,
            remedy="save the fit again",
        ) from None


def _restored(stored: dict[str, Any]) -> PurchaseResults:
    law, process = _law(stored["model"]), _law(stored["process"])
    values = [np.nan if v is None else float(v) for v in stored["params"]]
    phi, covariance = (np.array(stored[key], dtype=float) for key in ("phi", "covariance"))
    size = len(process.names)
    if phi.shape != (size,) or covariance.shape != (size, size) or len(values) != len(law.names):
        raise ValueError("numbers of parameters do not agree")
    fit = PurchaseResults(
        params=pd.Series(values, index=pd.Index(stored["names"], dtype=object), name=law.title),
        phi=phi,
        covariance=covariance,
        llf=float(stored["log_likelihood"]),
        nobs=float(stored["customers"]),
        finding=Finding.from_json(stored["finding"]),
        unit=stored["unit"],
        evaluations=int(stored["evaluations"]),
        free=int(stored["free"]),
    )
    nobody = np.zeros(0)
    model = law.__new__(law)
    model.index, model.counts, model.unit, model.of_gaps = None, nobody, stored["unit"], 0.0
    no_rows = np.zeros(0, dtype=np.intp)
    model.rows = Purchases(nobody, nobody, nobody, nobody, no_rows, stored["unit"])
    fit.title, fit.process, fit.model = law.title, process, model
    return fit


def _named(law: type[PurchaseModel]) -> dict[str, Any]:
    if issubclass(law, DueDates):
        return {"name": "DueDates", "terms": asdict(law.terms)}
    if law in PLAIN:
        return {"name": law.__name__}
    for regular in REGULAR:
        if issubclass(law, regular) and law is regular.of(law.k):
            return {"name": regular.__name__, "k": law.k}
    raise DataError(
        f"fits of {law.title} are not saved", remedy="save one of BetaGeometric, its kin, ParetoNBD"
    )


def _law(named: dict[str, Any]) -> type[PurchaseModel]:
    name = named["name"]
    if name == "DueDates":
        terms: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in named["terms"].items()
        }
        return DueDates.of(Terms(**terms))
    for regular in REGULAR:
        if name == regular.__name__:
            return regular.of(named["k"])
    return {law.__name__: law for law in PLAIN}[name]
