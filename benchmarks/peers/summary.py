"""Summarise a log of purchases in a process of its own, and print the cost as JSON."""

from __future__ import annotations

import json
import sys
import time

import peak

from workbench.data import customer_summary, open_tables
from workbench.study import load_study

tables = open_tables(load_study(sys.argv[1]), cache=False)
wall, start = time.perf_counter(), time.process_time()
summary = customer_summary(tables)
grouped = summary.grouped()
cost = {
    "wall": time.perf_counter() - wall,
    "seconds": time.process_time() - start,
    "megabytes": peak.megabytes(),
    "customers": summary.customers,
    "rows": len(grouped),
}
print(json.dumps(cost))
