"""What goes with two others, and what is bought before what: counted inside the engine.

Both are counted among the most bought items alone: the work grows with their number's third power
and square. `workbench.products` says what the counts mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.engine import Engine

_WHAT = "line items"
#: Which of the three items is held against the other two, and where these stand.
SIDES = (("a", "b", "c"), ("b", "a", "c"), ("c", "a", "b"))


@dataclass(frozen=True)
class Baskets:
    """What lies in which basket, where the log lies.

    Attributes
    ----------
    engine : Engine
    entries : table
        who, nth, code: once an item and basket.
    items : Series
        Name of each code.
    """

    engine: Engine
    entries: Any
    items: pd.Series


def triples(lines: Baskets, kept: Any, *, most: int) -> pd.DataFrame:
    """Count how often an item lies with two others that lie together, in two near baskets.

    Parameters
    ----------
    lines : Baskets
    kept : table
        Odd items of two near baskets: who, at, code, sign, and p and q, the numbers of odd items in
        either.
    most : int
        Items looked at.

    Returns
    -------
    DataFrame
        One row a triple: a, b, c, both (baskets with all three), people (customers who have one),
        and for each x of `a`, `b`, `c`, of the comparisons in which the other two lie together:
        x_together (sum of 1 - e where it lies with them, e being the chance that it does), x_apart
        (sum of e where it does not), x_variance, over customers the sums of squares x_together_2,
        x_apart_2 and of their product x_cross; informative (customers).
    """
    few = kept.filter(kept.code < most)
    one, two, three = few.view(), few.view(), few.view()
    joined = one.inner_join(two, ["who", "at"]).select(
        "who", "at", "p", "q", a=one.code, b=two.code, u=one.sign, v=two.sign
    )
    joined = joined.filter(joined.a < joined.b)
    joined = joined.inner_join(three, ["who", "at"]).select(
        "who", "p", "q", "a", "b", "u", "v", c=three.code, w=three.sign
    )
    joined = joined.filter(joined.b < joined.c)
    n = joined.p + joined.q - 2
    sign = {"a": joined.u, "b": joined.v, "c": joined.w}
    scores: dict[str, Any] = {}
    for x, y, z in SIDES:
        size = ibis.ifelse(sign[y] > 0, joined.p, joined.q) - 2
        e = ibis.ifelse((sign[y] == sign[z]) & (n > 0), size / n, 0.0)
        same = sign[x] == sign[y]
        scores[f"{x}_t"] = ibis.ifelse((e > 0) & (e < 1) & same, 1 - e, 0.0)
        scores[f"{x}_f"] = ibis.ifelse((e > 0) & (e < 1) & ~same, e, 0.0)
        scores[f"{x}_v"] = e * (1 - e)
    scored = joined.select("who", "a", "b", "c", **scores)
    own = scored.group_by("who", "a", "b", "c").aggregate(
        **{name: scored[name].sum() for name in scores}
    )
    sums: dict[str, Any] = {"informative": own.count()}
    for x in "abc":
        t, f = own[f"{x}_t"], own[f"{x}_f"]
        sums |= {
            f"{x}_together": t.sum(), f"{x}_apart": f.sum(), f"{x}_variance": own[f"{x}_v"].sum(),
            f"{x}_together_2": (t * t).sum(), f"{x}_apart_2": (f * f).sum(),
            f"{x}_cross": (t * f).sum(),
        }  # fmt: skip
    frame = lines.engine.run(own.group_by("a", "b", "c").aggregate(**sums), _WHAT)
    seen = lines.engine.run(_seen(lines.entries, most), _WHAT)
    frame = frame.merge(seen, on=["a", "b", "c"], how="outer").fillna(0.0)
    whole = frame.astype(dict.fromkeys(("informative", "both", "people"), "int64"))
    names = lines.items
    named: pd.DataFrame = whole.assign(**{x: whole[x].map(names) for x in "abc"})
    return named.sort_values(["a", "b", "c"], ignore_index=True)


def _seen(entries: Any, most: int) -> Any:
    few = entries.filter(entries.code < most)
    one, two, three = few.view(), few.view(), few.view()
    joined = one.inner_join(two, ["who", "nth"]).select("who", "nth", a=one.code, b=two.code)
    joined = joined.filter(joined.a < joined.b)
    joined = joined.inner_join(three, ["who", "nth"]).select("who", "a", "b", c=three.code)
    joined = joined.filter(joined.b < joined.c)
    own = joined.group_by("who", "a", "b", "c").aggregate(n=joined.count())
    return own.group_by("a", "b", "c").aggregate(both=own.n.sum(), people=own.count())


def sequences(lines: Baskets, when: Any, *, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count which of two items customers came to first, and how many days later to the other.

    Where a customer has x baskets with a alone, y with b alone and z with both, and the baskets
    came in any order, a came first with the chance x / (x + y + z).

    Parameters
    ----------
    lines : Baskets
    when : table
        who, nth, day: of each basket.
    most : int
        Items looked at.

    Returns
    -------
    tuple of DataFrame
        One row a pair (a, b): n (customers whose baskets could tell), first, later (customers who
        came to a first, to b first), expected (sum of the chances of a less those of b), variance.
        And one row a pair and time: a, b, days (from the first a to the first b, of those who came
        to a first, and the other way round with a and b exchanged), n.
    """
    e = lines.entries.filter(lines.entries.code < most)
    own = e.group_by("who", "code").aggregate(k=e.count(), first=e.nth.min())
    one, two = e.view(), e.view()
    both = one.inner_join(two, ["who", "nth"]).select("who", a=one.code, b=two.code)
    both = both.filter(both.a < both.b)
    both = both.group_by("who", "a", "b").aggregate(z=both.count())
    left, right = own.view(), own.view()
    pair = left.inner_join(right, "who").select(
        "who", a=left.code, b=right.code, k=left.k, l=right.k, s=left.first, t=right.first
    )
    pair = pair.filter(pair.a < pair.b).left_join(both, ["who", "a", "b"])
    pair = pair.select(
        "who", "a", "b", "s", "t", z=ibis.coalesce(pair.z, 0).cast("float64"),
        k=pair.k.cast("float64"), l=pair.l.cast("float64"),
    )  # fmt: skip
    total = pair.k + pair.l - pair.z
    lean = (pair.k - pair.l) / total
    pair = pair.mutate(
        lean=lean, variance=(pair.k + pair.l - 2 * pair.z) / total - lean * lean,
        ahead=(pair.s < pair.t).cast("int64"), behind=(pair.t < pair.s).cast("int64"),
    )  # fmt: skip
    pair = lines.engine.keep(pair.filter(pair.variance > 1e-9), _WHAT)
    counts = lines.engine.run(
        pair.group_by("a", "b").aggregate(
            n=pair.count(), first=pair.ahead.sum(), later=pair.behind.sum(),
            expected=pair.lean.sum(), variance=pair.variance.sum(),
        ), _WHAT,
    )  # fmt: skip
    at, to = when.view(), when.view()
    apart = pair.filter(pair.s != pair.t)
    dated = apart.inner_join(at, [apart.who == at.who, apart.s == at.nth]).select(
        "a", "b", "s", "t", apart.who, one_day=at.day
    )
    dated = dated.inner_join(to, [dated.who == to.who, dated.t == to.nth]).select(
        "a", "b", "s", "t", gap=dated.one_day.delta(to.day, unit="day")
    )
    ahead = dated.s < dated.t
    dated = dated.select(
        a=ibis.ifelse(ahead, dated.a, dated.b), b=ibis.ifelse(ahead, dated.b, dated.a),
        days=ibis.ifelse(ahead, -dated.gap, dated.gap),
    )  # fmt: skip
    times = lines.engine.run(dated.group_by("a", "b", "days").aggregate(n=dated.count()), _WHAT)
    names = lines.items

    def told(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.assign(a=frame["a"].map(names), b=frame["b"].map(names))
        keys = ["a", "b", *(["days"] if "days" in frame else [])]
        return frame.sort_values(keys, ignore_index=True)

    return told(counts), told(times)
