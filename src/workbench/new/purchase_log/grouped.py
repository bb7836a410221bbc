"""Tells reports with groups: a customer's name alone in a row, and the customer's rows below it."""

from __future__ import annotations

import re

import pandas as pd

from workbench.data.sources.source import Source
from workbench.new.columns import evidence
from workbench.new.columns.profile import profiles
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal

#: Groups that are needed, and the largest share of the rows that may be names of groups.
_FEWEST, _MOST = 3, 0.55
#: What the column of the groups is called where they are customers, and where nothing says so.
CUSTOMER, GROUP = "customer", "group"


def grouped(frame: pd.DataFrame, source: Source) -> str:
    """Name the column of groups that a table seems to have as rows; "" where it has none."""
    if frame.shape[1] < 3 or len(frame) < 2 * _FEWEST:
        return ""
    frame = frame.mask(frame.apply(lambda cells: cells.astype(str).str.strip().eq("")))
    short = [line for line, why in source.malformed if re.match(r"[12] fields?\b", why)]
    filled = frame.notna().sum(axis=1)
    alone = filled == 1
    several = int(alone.sum()) or len(short)
    rows = len(frame) + len(short)
    if not _FEWEST <= several <= _MOST * rows or filled[~alone].median() < 3:
        return ""
    if alone.any():
        column = str(frame[alone].notna().sum().idxmax())
        names = frame.loc[alone, column].dropna()
        details = frame.loc[~alone, column].dropna()
        apart = (alone & ~alone.shift(-1, fill_value=True)).sum()  # followed by rows of the group
        blank = len(details) < 0.5 * (~alone).sum()  # details leave it blank, totals do not
        other = _days(details) and not _days(names)
        if len(names) < 0.9 * several or apart < 0.8 * several or not (blank or other):
            return ""
        if pd.to_numeric(names, errors="coerce").notna().any() or names.isin(details).any():
            return ""
    who = [p for p in profiles(frame[~alone]) if evidence.customer(p) >= 4.5 and p.named > 0.5]
    name, taken = GROUP if who else CUSTOMER, [str(c).casefold() for c in frame]
    return name if name not in taken else f"{name}_of_rows"


def whose_group(proposal: Proposal) -> None:
    """Ask of groups within groups whether the outer ones or the inner ones are the customers.

    Outer ones with rows of their own are customers with branches or jobs; others are perhaps
    regions, or those who sold.
    """
    inner = proposal.upload.keys.get("group_rows", "")
    outer = f"{inner}_group"
    if outer not in proposal.own or proposal.columns.get("customer_id") not in (inner, outer):
        return
    leaf, top = proposal.own[inner].texts, proposal.own[outer].texts
    both = (leaf.nunique(), top.nunique())
    options = [
        Option(f"the outer ones ({both[1]:,})", {"columns.customer_id": outer}),
        Option(f"the inner ones ({both[0]:,})", {"columns.customer_id": inner}),
    ]
    own = bool((leaf == top.reindex(leaf.index)).any())
    options = options if own else options[::-1]
    asks = "Groups of this report lie within others: which are the customers?"
    key = "columns.customer_id"
    proposal.ask_instead(key, OpenQuestion(key, asks, options))


def of_groups(frame: pd.DataFrame, name: str) -> bool:
    """Tell whether the groups that were made say something of nearly all rows."""
    cells = frame[name].dropna()
    return len(cells) > 0.95 * len(frame) > 0 and 1 < cells.nunique() < len(frame)


def _days(cells: pd.Series[str]) -> bool:
    """Tell cells that are days or numbers, as the names of groups are not."""
    found = cells.astype(str).str.match(r"\s*\d{1,4}[-./ 年]|\s*[\d#-]+\s*$")
    return bool(len(found)) and float(found.mean()) > 0.5
