"""Takes refunds and cancellations off the purchases that they undo."""
# ruff: noqa: PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.sources.source import ROW

#: How the purchase of a refund was told, in the order in which it is tried.
RULES: Final = ("order number", "equal amount", "latest large enough")
#: Reasons for which a row is left out though nothing is wrong with it.
NETTED: Final = "netted"
CANCELLED: Final = "cancelled"
UNMATCHED: Final = "unmatched refund"
#: Amounts that differ by less are equal.
CENT: Final = 0.005
#: Columns of `Netting.detail` beyond those of the purchases.
PURCHASE, REFUNDED_ON, TAKEN = "_purchase", "_refunded_on", "_taken"
#: Marks the purchases of a netted table from which something was taken.
REFUNDED = "_refunded"
_MATCHES = {
    "refund": "int64", "purchase": "int64", "refunded_on": "datetime64[s]", "taken": "float64",
    "rule": "object",
}  # fmt: skip


@dataclass(frozen=True)
class Netting:
    """Which refund was taken off which purchase.

    Attributes
    ----------
    matches : DataFrame
        refund, purchase (places of the two rows), refunded_on (date), taken (amount above zero),
        rule: one row a refund and purchase.
    unmatched : DataFrame
        refund (place of the row), amount (above zero) that no purchase could bear.
    amounts : Series
        The amounts of the rows looked at, by their place.
    """

    matches: pd.DataFrame
    unmatched: pd.DataFrame
    amounts: pd.Series[float]

    @property
    def by_rule(self) -> dict[str, tuple[int, float]]:
        """How many refunds were taken off by which rule, and their sum; then what was not."""
        found = {}
        for rule in RULES:
            part = self.matches[self.matches["rule"] == rule]
            if len(part):
                found[rule] = (int(part["refund"].nunique()), round(float(part["taken"].sum()), 2))
        if len(self.unmatched):
            found[UNMATCHED] = (
                len(self.unmatched), round(float(self.unmatched["amount"].sum()), 2)
            )  # fmt: skip
        return found

    @property
    def left_out(self) -> pd.DataFrame:
        """Rows that are no purchases: the refunds, and the purchases that nothing is left of.

        Returns
        -------
        DataFrame
            row, reason, found (the amount).
        """
        matched = sorted(set(self.matches["refund"]))
        alone = sorted(set(self.unmatched["refund"]) - set(matched))
        taken = self.matches.groupby("purchase")["taken"].sum()
        left = self.amounts.reindex(taken.index) - taken
        gone = left.index[left < CENT].tolist()
        reasons = {NETTED: matched, CANCELLED: gone, UNMATCHED: alone}
        rows = [(int(row), reason) for reason, of in reasons.items() for row in of]
        frame = pd.DataFrame(rows, columns=["row", "reason"])
        found = [f"amount: {self.amounts[row]}" for row in frame["row"]]
        return frame.assign(found=pd.Series(found, dtype=object))


def match_refunds(rows: pd.DataFrame) -> Netting:
    """Find for each refund the purchases that it undoes.

    A refund is matched as of its own day, in the order of days, among the purchases of the same
    customer up to that day: by order number (never beyond the order); else to a purchase, or a
    whole order, of the same amount; else to the latest order that is large enough. Rows of one
    day and order number (of one day, where there are none) are one order. No purchase falls
    below zero. What was matched on a day does not depend on what came later.

    Parameters
    ----------
    rows : DataFrame
        row (place), customer_id, date (``datetime64``), amount, and order_id if there is one; all
        rows of the customers who have refunds (amounts below zero).
    """
    orders = rows["order_id"] if "order_id" in rows else pd.Series(None, rows.index, dtype=object)
    frame = pd.DataFrame(
        {
            "row": rows["row"].to_numpy("int64"),
            "who": pd.factorize(rows["customer_id"])[0],
            "day": rows["date"].to_numpy("datetime64[D]"),
            "amount": rows["amount"].to_numpy("float64"),
            "order": pd.factorize(orders, sort=True)[0],
        }
    )
    # Purchases of a day come before its refunds. Within a day the order is one of numbers and
    # amounts, so that neither the file's sorting nor what came later decides.
    frame["back"] = frame["amount"] < 0
    frame = frame.sort_values(
        ["who", "day", "back", "order", "amount", "row"], ignore_index=True, kind="stable"
    )
    starts = np.flatnonzero(np.diff(frame["who"].to_numpy(), prepend=-1))
    matches: list[tuple[int, int, Any, float, str]] = []
    unmatched: list[tuple[int, float]] = []
    row, day, amount, order, back = (
        frame[name].to_numpy() for name in ("row", "day", "amount", "order", "back")
    )
    # Rows of one order: of one day and number, where there are numbers.
    whole = frame.groupby(["who", "day", "order"], sort=False).ngroup().to_numpy()
    plain = _matched_by_order(frame)
    ends = np.append(starts[1:], len(frame))
    for begin, end in zip(starts[~plain.whose].tolist(), ends[~plain.whose].tolist(), strict=True):
        own = slice(begin, end)
        of_orders = whole[own] - whole[own].min()
        _of_customer(
            row[own], day[own], amount[own], order[own], back[own], of_orders, matches, unmatched
        )
    found = pd.DataFrame(matches, columns=list(_MATCHES)).astype(_MATCHES)
    alone = pd.DataFrame(unmatched, columns=["refund", "amount"]).astype({"amount": "float64"})
    if plain.whose.any():
        # in the order of customers and days, as those that were looked at one by one
        place = pd.Series(np.arange(len(frame)), index=row)
        found = _joined(found, plain.matches, place)
        alone = _joined(alone, plain.unmatched, place)
    return Netting(found, alone, frame.set_index("row")["amount"])


def _joined(one: pd.DataFrame, other: pd.DataFrame, place: pd.Series[int]) -> pd.DataFrame:
    both = pd.concat([part for part in (one, other) if len(part)] or [one], ignore_index=True)
    order = np.argsort(place.loc[both["refund"]].to_numpy(), kind="stable")
    return both.iloc[order].reset_index(drop=True)


class _Plain(NamedTuple):
    """What was matched at once: by customer (bool) whether all of their refunds were."""

    whose: Any
    matches: pd.DataFrame
    unmatched: pd.DataFrame


def _matched_by_order(frame: pd.DataFrame) -> _Plain:
    """Match at once the customers whose refunds each name an order of their own, of one line.

    So most systems write them; to look at such customers one by one takes fifty times as long.
    """
    who = frame["who"].to_numpy()
    refunds = frame[frame["back"]]
    sold = frame[~frame["back"] & (frame["order"] >= 0) & (frame["amount"] >= CENT)]
    sold = sold.assign(at=sold.index)
    line = sold.groupby(["who", "order"])["at"].agg(["first", "size"])
    keys = pd.MultiIndex.from_frame(refunds[["who", "order"]])
    held = line.reindex(keys)
    first = held["first"].fillna(len(frame)).to_numpy(dtype=np.intp)
    simple = (held["size"].to_numpy() == 1) & (first < refunds.index.to_numpy())
    simple &= ~keys.duplicated(keep=False)
    names = np.unique(who)
    whose = ~np.isin(names, refunds["who"].to_numpy()[~simple])
    mine = np.isin(refunds["who"].to_numpy(), names[whose])
    refunds, at = refunds[mine], first[mine]
    due, sum_of = -refunds["amount"].to_numpy(), frame["amount"].to_numpy()[at]
    part = np.minimum(due, sum_of)
    taken = part >= CENT
    matches = pd.DataFrame(
        {
            "refund": refunds["row"].to_numpy()[taken],
            "purchase": frame["row"].to_numpy()[at[taken]],
            "refunded_on": refunds["day"].to_numpy()[taken],
            "taken": part[taken],
            "rule": RULES[0],
        }
    ).astype(_MATCHES)
    over = due - np.where(taken, part, 0.0)
    rest = over >= CENT
    unmatched = pd.DataFrame({"refund": refunds["row"].to_numpy()[rest], "amount": over[rest]})
    return _Plain(whose, matches, unmatched)


def _of_customer(
    row: Any, day: Any, amount: Any, order: Any, back: Any, whole: Any,
    matches: list[tuple[int, int, Any, float, str]], unmatched: list[tuple[int, float]],
) -> None:  # fmt: skip
    left = np.where(back, 0.0, amount)
    for at in np.flatnonzero(back):
        due = -amount[at]
        upto = np.arange(at)
        upto = upto[left[:at] >= CENT]
        chosen, rule, due_here = upto[:0], "", due
        if order[at] >= 0 and len(same := upto[order[upto] == order[at]]):
            equal = same[np.abs(left[same] - due) < CENT]
            chosen = equal[-1:] if len(equal) else same[::-1]
            rule, due_here = RULES[0], min(due, left[same].sum())
        if not rule and len(equal := upto[np.abs(left[upto] - due) < CENT]):
            chosen, rule = equal[-1:], RULES[1]
        if not rule and len(upto):
            sums = np.bincount(whole[upto], weights=left[upto], minlength=whole.max() + 1)
            total = sums[whole[upto]]
            equal, enough = upto[np.abs(total - due) < CENT], upto[total > due - CENT]
            last = equal if len(equal) else enough
            if len(last):
                of_order = upto[whole[upto] == whole[last[-1]]]
                # The largest line first: it is the one most likely to have been sent back.
                chosen = of_order[np.argsort(-left[of_order], kind="stable")]
                rule = RULES[1] if len(equal) else RULES[2]
        taken = 0.0
        for one in chosen:
            part = min(left[one], due_here - taken)
            if part >= CENT:
                matches.append((int(row[at]), int(row[one]), day[at], float(part), rule))
                left[one] -= part
                taken += part
        if due - taken >= CENT:
            unmatched.append((int(row[at]), float(due - taken)))


def refunds_of(engine: Engine, rows: Any, where: str) -> Netting | None:
    """Match the refunds of a table; None where there are none.

    Parameters
    ----------
    rows : ibis Table
        customer_id, date, amount, the place of the row, order_id if there is one.
    """
    rows = rows.select([n for n in _READ if n in rows.columns]).filter(rows.amount.notnull())
    back = rows.filter(rows.amount < 0).select("customer_id").distinct()
    if not int(engine.run(back.count(), where)):
        return None
    frame = engine.run(rows.semi_join(back, "customer_id"), where).rename(columns={ROW: "row"})
    return match_refunds(frame.assign(date=pd.to_datetime(frame["date"])))


def net(engine: Engine, rows: Any, netting: Netting) -> tuple[Any, Any]:
    """Take the refunds off.

    Parameters
    ----------
    rows : ibis Table
        The table with refunds, and the place of each row.

    Returns
    -------
    netted : ibis Table
        Purchases at what is left of them; what nothing is left of is not there. `REFUNDED` marks
        those from which something was taken.
    detail : ibis Table
        The latter at their first amount, one row a refund: with the place of the purchase, the
        day of the refund and what it took.
    """
    taken = netting.matches.groupby("purchase", as_index=False)["taken"].sum()
    sums = engine.upload(
        "refunds", pa.table({PURCHASE: taken["purchase"], TAKEN: taken["taken"]}, _SUMS)
    )
    bought = rows.filter(ibis.coalesce(rows.amount >= 0, True))
    joined = bought.left_join(sums, [(ROW, PURCHASE)])
    rest = (joined.amount - joined[TAKEN]).round(6)
    marked = joined.select(
        **{n: joined[n] for n in bought.columns}
        | {"amount": ibis.ifelse(joined[TAKEN].notnull(), rest, joined.amount)},
        **{REFUNDED: joined[TAKEN].notnull()},
    )
    netted = marked.filter(~(marked[REFUNDED] & (marked.amount < CENT)))
    events = engine.upload(
        "refunds",
        pa.table(
            {
                PURCHASE: netting.matches["purchase"],
                REFUNDED_ON: netting.matches["refunded_on"].astype("datetime64[s]").dt.date,
                TAKEN: netting.matches["taken"],
            },
            _EVENTS,
        ),
    )
    detail = bought.inner_join(events, [(ROW, PURCHASE)])
    return netted, detail


_READ = ("customer_id", "date", "amount", "order_id", ROW)
_SUMS = pa.schema([(PURCHASE, pa.int64()), (TAKEN, pa.float64())])
_EVENTS = pa.schema([(PURCHASE, pa.int64()), (REFUNDED_ON, pa.date32()), (TAKEN, pa.float64())])


def known_on(netted: Any, detail: Any, day: dt.date) -> Any:
    """Give the purchases as they were known on a day.

    Those made up to the day are net of the refunds up to it; later ones are net of all.

    Parameters
    ----------
    netted, detail : ibis Table
        As `net` gives them.
    day : date
        The day.
    """
    limit = ibis.literal(day)
    of_then = detail.filter(detail.date.cast("date") <= limit)
    names = [n for n in netted.columns if n not in (REFUNDED, "amount")]
    first = of_then.group_by([PURCHASE, *names, "amount"]).aggregate(
        taken_=ibis.coalesce(of_then[TAKEN].sum(where=of_then[REFUNDED_ON] <= limit), 0.0)
    )
    before = first.mutate(amount=(first.amount - first.taken_).round(6))
    before = before.filter((before.amount >= CENT) | (before.taken_ == 0))
    others = netted.filter(~netted[REFUNDED] | (netted.date.cast("date") > limit))
    order = [n for n in netted.columns if n != REFUNDED]
    return others.select(*order).union(before.select(*order), distinct=False)


def undone(netted: Any, detail: Any) -> Any:
    """Give all purchases, also those that nothing is left of, with the day of the first refund.

    Parameters
    ----------
    netted, detail : ibis Table
        As `net` gives them; no detail where the log has no refunds.
    """
    names = [n for n in netted.columns if n not in (REFUNDED, "amount")]
    if detail is None:
        return netted.select(*names, refunded_on=ibis.null("date"))
    first = detail.group_by([PURCHASE, *names]).aggregate(
        refunded_on=detail[REFUNDED_ON].min().cast("date")
    )
    others = netted.filter(~netted[REFUNDED]).select(*names, refunded_on=ibis.null("date"))
    return others.union(first.select(*others.columns), distinct=False)
