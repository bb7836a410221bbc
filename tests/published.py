"""Read what pages publish: every table that they offer, known by the truth it agrees with.

A column of a table is a published sum where it agrees, group by group, with the sum, the mean or
the share of something known of the customers: so nothing here knows how a page is made.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np
import pandas as pd
from lxml import html


@dataclass(frozen=True)
class Offered:
    """A table that a page offers."""

    page: str
    name: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Sum:
    """A published figure: of whom, of what, and where it stands."""

    members: np.ndarray
    total: float
    measure: str
    where: str


def offered(page: str, texts: Iterable[str]) -> list[Offered]:
    """Give the tables that the HTML of a page carries."""
    found = []
    for text in texts:
        if "data:text" not in text:
            continue
        for link in html.fromstring(f"<div>{text}</div>").xpath("//a[starts-with(@href,'data:')]"):
            head, _, data = str(link.get("href")).partition(",")
            raw = base64.b64decode(unquote(data)) if "base64" in head else unquote(data).encode()
            table = pd.read_csv(io.BytesIO(raw), encoding="utf-8-sig")
            found.append(Offered(page, str(link.get("download")), table))
    return found


def sums(
    tables: Iterable[Offered],
    groups: Mapping[str, pd.Series],
    measures: Mapping[str, pd.Series],
) -> list[Sum]:
    """Find the published sums over groups of customers.

    Parameters
    ----------
    tables : iterable of Offered
    groups : mapping of str to Series
        By name, the group of each customer (index: the customer).
    measures : mapping of str to Series
        By name, what each customer has; same index.
    """
    found = []
    for each in tables:
        for label in each.table.select_dtypes(exclude="number"):
            named = each.table[label].astype(str)
            for kind, group in groups.items():
                codes = {g: (group == g).to_numpy() for g in group.dropna().unique()}
                rows = [i for i, name in enumerate(named) if name in codes]
                if len(rows) < 1 or len(set(named.iloc[rows])) < len(rows):
                    continue
                inside = np.array([codes[named.iloc[i]] for i in rows])
                for column in each.table.select_dtypes("number"):
                    told = each.table[column].to_numpy(dtype=float)[rows]
                    there = np.isfinite(told)
                    if not there.any():
                        continue
                    found += _agreeing(
                        told[there],
                        inside[there],
                        measures,
                        f"{each.page}/{each.name}: {column} by {kind}",
                    )
    return found


def _agreeing(
    told: np.ndarray, inside: np.ndarray, measures: Mapping[str, pd.Series], where: str
) -> list[Sum]:
    n = inside.sum(axis=1)
    for measure, values in measures.items():
        v = values.to_numpy(dtype=float)
        total = inside @ v
        for how, truth in (("sum", total), ("mean", total / n), ("share", total / v.sum())):
            if np.allclose(told, truth, rtol=1e-6, atol=1e-9) and (truth != 0).any():
                if how == "share" and measure != "one" and np.allclose(truth, n / v.size):
                    continue
                return [Sum(m, t, measure, f"{where} ({how} of {measure})")
                        for m, t in zip(inside, total, strict=True)]  # fmt: skip
    return []
