"""Fit one model with one package, in that package's environment, and print the cost as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np

model, package, path = sys.argv[1:]
rows = np.load(path)
if model == "GammaGamma":
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
else:
    from workbench import clv

    kind = getattr(clv, model)
    start = time.process_time()
    params = kind(*data).fit().params
cost = {
    "seconds": time.process_time() - start,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "params": [float(value) for value in params],
}
print(json.dumps(cost))
