"""Finds tables that say whose an order is on its first line alone, and fills the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from workbench.new.columns import evidence
from workbench.new.columns.profile import ColumnProfile, profiles
from workbench.new.columns.proposal import Upload

#: Share of the lines or orders that must look alike.
_ALIKE = 0.95
_FEWEST_ROWS, _FEWEST = 8, 4
_TOTALS = r"(?i)total|summe|gesamt|suma|合计|小计|总计|合計|小計"


def filled_down(upload: Upload) -> Upload:
    """Give the further lines of an order what its first line says of all of them.

    Whose order it is and when it was placed is looked for on lines that hold nothing of it but
    have an item and its amount; lines of totals are no such lines.
    """
    frame = upload.frame
    if len(frame) < _FEWEST_ROWS or frame.shape[1] < 4:
        return upload
    blank = frame.apply(lambda cells: cells.isna() | cells.astype(str).str.strip().eq(""))
    found = _below_blank_numbers(frame, blank) or _below_repeated_numbers(frame, blank)
    if found is None:
        return upload
    columns, lines, order = found
    groups = frame[order] if order is not None else (~lines).cumsum()
    whole = frame.copy()
    for column in columns:
        cells = frame[column].mask(blank[column])
        first = cells.groupby(groups.to_numpy(), sort=False).transform("first")
        whole[column] = cells.where(~(lines & blank[column]), first)
    listed = ", ".join(repr(c) for c in columns)
    note = (
        f"{int(lines.sum()):,} rows are further lines of the order above them and take {listed}"
        " from its first line"
    )
    keys = {**upload.keys, "fill_down": columns}
    return replace(upload, frame=whole, keys=keys, notes=[*upload.notes, note])


def _below_blank_numbers(
    frame: pd.DataFrame, blank: pd.DataFrame
) -> tuple[list[str], pd.Series[bool], None] | None:
    """Find lines below an order whose number, customer and day are blank together."""
    share = blank.mean()
    sparse = [c for c in frame.columns if 0.1 < share[c] < 0.95 and not blank[c].iloc[0]]
    gone = blank[sparse].to_numpy()
    for anchor in sparse:
        lines = blank[anchor]
        below = lines.to_numpy()
        together = (gone[below].mean(axis=0) > 0.99) & (gone[~below].mean(axis=0) < 0.1)
        of_order = [c for c, goes in zip(sparse, together, strict=True) if goes]
        if len(of_order) < 2:  # who, and the number or the day
            continue
        known = _known(frame[~lines], of_order)
        others = [c for c in frame.columns if c not in of_order]
        told = {"who"} < set(known.values()) and _items(frame, lines, others)
        told = told and ("when" in known.values() or not _own_days(frame, lines, others))
        if told and not any(_who(p) for p in profiles(frame[others])):
            return _first_the_order(known, frame, lines, of_order), lines, None
    return None


def _own_days(frame: pd.DataFrame, lines: pd.Series[bool], others: Sequence[str]) -> bool:
    """Tell rows that happened on days of their own: fees and pay-outs are no lines of an order."""
    for p in profiles(frame[others]):
        if p.when and p.filled > _ALIKE:
            days = p.days.reindex(frame.index)
            if (days.where(~lines).ffill()[lines] != days[lines]).mean() > 1 - _ALIKE:
                return True
    return False


def _below_repeated_numbers(
    frame: pd.DataFrame, blank: pd.DataFrame
) -> tuple[list[str], pd.Series[bool], str] | None:
    """Find lines that repeat the number of their order, and nothing else of it."""
    for p in profiles(frame):
        if p.filled < 0.99 or evidence.order(p) < 4.5 or p.repeats < 1.1:
            continue
        lines = frame[p.name].duplicated()
        if lines.sum() < _FEWEST:
            return None
        several = frame[p.name].duplicated(keep=False) & ~lines
        of_order = [
            c for c in frame.columns
            if blank.loc[lines, c].mean() > _ALIKE and blank.loc[several, c].mean() < 1 - _ALIKE
        ]  # fmt: skip
        known = _known(frame[~lines], of_order)
        others = [c for c in frame.columns if c not in of_order and c != p.name]
        elsewhere = profiles(frame[others])
        lost_who = "who" in known.values() and not any(_who(q) for q in elsewhere)
        lost_when = "when" in known.values() and not any(q.when for q in elsewhere)
        if (lost_who or lost_when) and _items(frame, lines, others):
            return _first_the_order(known, frame, lines, of_order), lines, p.name
        return None
    return None


def _who(p: ColumnProfile) -> bool:
    return evidence.customer(p) >= 4.5 and p.named > 0.5


def _known(first: pd.DataFrame, columns: Sequence[str]) -> dict[str, str]:
    """Tell which of some columns say the order, who, and when."""
    found = {}
    for p in profiles(first[list(columns)]):
        if p.when:
            found[p.name] = "when"
        elif evidence.order(p) >= 4.5:
            found[p.name] = "order"
        elif evidence.customer(p) >= 3.5:
            found[p.name] = "who"
    return found


def _items(frame: pd.DataFrame, lines: pd.Series[bool], others: Sequence[str]) -> bool:
    """Tell lines with an item and an amount of their own from lines of totals."""
    own = profiles(frame.loc[lines, list(others)])
    numbers = [p for p in own if p.numeric and p.filled > _ALIKE]
    words = [p for p in own if not p.numeric and p.filled > 0.9]
    if lines.sum() < _FEWEST or not numbers or len(numbers) + len(words) < 2:
        return False
    if any(p.texts.str.contains(_TOTALS, regex=True).mean() > 0.2 for p in words):
        return False
    groups = (~lines).cumsum()
    money = max(numbers, key=evidence.money).name
    values = profiles(frame[[money]])[0].numbers.reindex(frame.index)
    sizes = groups.groupby(groups).transform("size")
    last = ~groups.duplicated(keep="last") & (sizes > 1)
    before = values.where(~last).groupby(groups).sum()
    of_last = values[last]
    same = (of_last - before.reindex(groups[last]).to_numpy()).abs() < 0.01
    # a total of two equal lines is their sum, and so may be a line by chance
    return bool(same.mean() < 0.8) or not bool((sizes[last] > 2).any())


def _first_the_order(
    known: dict[str, str], frame: pd.DataFrame, lines: pd.Series[bool], of_order: Sequence[str]
) -> list[str]:
    """Give what is to be filled: words of the order, no amounts; its number first, else who."""
    words = [p.name for p in profiles(frame.loc[~lines, list(of_order)])
             if p.name in known or (not p.numeric and not p.free_text)]  # fmt: skip
    rank = {"order": 0, "who": 1, "when": 2}
    return sorted(words, key=lambda c: rank.get(known.get(c, ""), 3))
