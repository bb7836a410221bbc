"""Fit one model with one package, in that package's environment, and print the cost as JSON."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import peak

model, package, path = sys.argv[1:]
rows = np.load(path)
if model == "GammaGamma" and package != "clvkit":
    repeat = rows["frequency"] > 0
    data = (rows["frequency"][repeat], rows["mean_spend"][repeat])
else:
    data = (rows["frequency"], rows["recency"], rows["age"])
if package == "lifetimes":
    import lifetimes

    fitter, names = {
        "BetaGeometric": (lifetimes.BetaGeoFitter, ["r", "alpha", "a", "b"]),
        "ParetoNBD": (lifetimes.ParetoNBDFitter, ["r", "alpha", "s", "beta"]),
        "GammaGamma": (lifetimes.GammaGammaFitter, ["p", "q", "v"]),
    }[model]
    start = time.process_time()
    params = fitter().fit(*data).params_[names]
elif package == "clvkit":
    import clvkit
    import pandas as pd

    frame = pd.DataFrame(dict(zip(("frequency", "recency", "T"), data, strict=True)))
    frame["monetary_value"] = np.where(rows["frequency"] > 0, rows["mean_spend"], 0.0)
    base = clvkit.CustomerBase(
        frame,
        time_unit="W",
        collapse="D",
        observation_period_end=pd.Timestamp("1997-09-30"),
        has_monetary=True,
        on_negative="drop",
    )
    kind = {"BetaGeometric": clvkit.BGNBD, "GammaGamma": clvkit.GammaGamma}[model]
    start = time.process_time()
    params = kind().fit(base).params_
else:
    from workbench import clv

    start = time.process_time()
    params = getattr(clv, model)(*data).fit().params
cost = {
    "seconds": time.process_time() - start,
    "megabytes": peak.megabytes(),
    "params": [float(value) for value in params],
}
print(json.dumps(cost))
