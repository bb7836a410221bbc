"""Fit BG/NBD with one package, in that package's environment, and print the cost as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np

package, path = sys.argv[1:]
rows = np.load(path)
data = (rows["frequency"], rows["recency"], rows["age"])
if package == "lifetimes":
    from lifetimes import BetaGeoFitter

    start = time.process_time()
    params = BetaGeoFitter().fit(*data).params_[["r", "alpha", "a", "b"]]
else:
    from workbench.clv import BetaGeometric

    start = time.process_time()
    params = BetaGeometric(*data).fit().params
cost = {
    "seconds": time.process_time() - start,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "params": [float(value) for value in params],
}
print(json.dumps(cost))
