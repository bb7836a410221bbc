"""Tells amounts that are no money (running numbers, ids, moments) or in another currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.sources.source import ROW, Source
from workbench.data.text.currency import SIGNS, codes, currencies_of, sign_of

#: Fewer amounts than this show nothing.
FEW: Final = 20
#: Seconds since 1970, from 2000 to 2038.
_MOMENTS: Final = (946_684_800, 2_145_916_800)
_NEARLY_ALL: Final = 0.95
_BEGINNING: Final = 10_000
#: Money of so many digits, all of one length, would be a strange company.
_LONG: Final = 9
#: Ways of writing amounts that are looked at for signs of currencies.
_WAYS: Final = 500

#: What amounts can be that is no money -> what a reader is told, and whether it is certain.
NO_MONEY: Final = {
    "running numbers": "they count on one by one",
    "moments": "they are seconds (or milliseconds) since 1970",
    "numbers of something": "they are whole, all of one length, and hardly two are alike",
    "perhaps numbers of something": "they are whole, nearly all of one length, and hardly two are"
    " alike",
}  # fmt: skip
CERTAIN: Final = frozenset(NO_MONEY) - {"perhaps numbers of something"}


def odd_amounts(engine: Engine, source: Source, given: Any) -> list[str]:
    """Give one amount of each way in which signs stand beside numbers, over all rows of a table.

    Parameters
    ----------
    engine, source
        Where, which table.
    given : ibis Column
        Its amounts, texts as the file has them.
    """
    # most are digits alone, and need no blanks taken off to be told so
    rows = source.expr.filter(given.try_cast("float64").isnull()).select(text=engine.text(given))
    odd = rows.filter(rows.text.notnull() & rows.text.try_cast("float64").isnull())
    sign = odd.text.re_replace(r"[\d.,'\s+-]", "")
    ways = odd.group_by(sign=sign).aggregate(text=odd.text.min(), n=odd.count())
    found = engine.run(ways.order_by(ibis.desc("n"), "text").limit(_WAYS), source.where)
    return [str(text) for text in found["text"]]


def other_signs(texts: Iterable[str], code: str, *, bare: bool = False) -> tuple[str, ...]:
    """Give the signs of other currencies than ours, where amounts are written in ours and others.

    Parameters
    ----------
    texts : iterable of str
        A sample of the amounts as the file writes them.
    code : str
        The study's currency.
    bare : bool
        Whether other amounts bear no sign, and so are in the study's.

    Returns
    -------
    tuple of str
        Small letters; empty where all amounts may be in one currency.
    """
    seen = {sign for text in texts if text and (sign := sign_of(str(text)))}
    ours = {sign for sign in seen if code in currencies_of(sign)}
    if ours == seen or not (ours or bare):
        return ()
    known = dict.fromkeys(sign.casefold().strip(".") for sign in (*SIGNS, *sorted(codes())))
    return tuple(sign for sign in known if code not in currencies_of(sign))


def in_other_currency(text: Any, signs: Sequence[str]) -> Any:
    """Tell amounts, as they are written, that bear one of these signs."""
    sign = text.lower().replace("￥", "¥").replace("￡", "£").re_replace(r"[^\pL\p{Sc}/]", "")
    return sign.isin(list(signs))


def no_money(engine: Engine, amounts: Any, where: str) -> str:
    """Tell what a column of amounts is if it is no money; empty where it may be.

    Parameters
    ----------
    engine : Engine
        Where the table lies.
    amounts : ibis Table
        With the column `amount` and the place of each row; rows without an amount do not count.
    where : str
        For errors.

    Returns
    -------
    str
        A key of `NO_MONEY`, or empty.
    """
    amounts = amounts.filter(amounts.amount.notnull() & (amounts.amount != 0))
    # most money shows at the beginning that it has cents
    first = amounts.filter(amounts[ROW] <= _BEGINNING)
    seen = engine.run(first.aggregate(whole=(first.amount == first.amount.round()).mean()), where)
    if seen["whole"].iloc[0] < _NEARLY_ALL / 2:
        return ""
    amount = amounts.amount.cast("float64")
    whole = amount == amount.round()
    low, high = _MOMENTS
    row = engine.run(
        amounts.aggregate(
            n=amounts.count(),
            whole=whole.mean(),
            low=amount.min(),
            high=amount.max(),
            moments=(whole & amount.between(low, high)).mean(),
            in_ms=(whole & amount.between(low * 1000, high * 1000)).mean(),
        ),
        where,
    ).iloc[0]
    n = int(row["n"])
    if n < FEW or row["whole"] < _NEARLY_ALL:
        return ""
    text = amount.round().cast("int64").cast("string")
    by_length = amounts.group_by(length=text.length()).aggregate(n=amounts.count())
    more = engine.run(
        amounts.aggregate(
            distinct=amount.nunique(), round_=(whole & text.endswith("0")).mean()
        ).cross_join(by_length.order_by(by_length.n.desc()).limit(1)),
        where,
    ).iloc[0]
    alike = more["distinct"] < _NEARLY_ALL * n
    if alike:
        return ""
    if row["high"] - row["low"] < 1.5 * n:
        return "running numbers"
    if max(row["moments"], row["in_ms"]) > _NEARLY_ALL:
        return "moments"
    one_length = more["n"] >= _NEARLY_ALL * n
    if one_length and more["length"] >= _LONG and more["round_"] < 0.2:
        return "numbers of something"
    # 1,250 deals of 10,000 to 99,999 that are all odd sums: more likely the number of a ticket
    if one_length and more["length"] >= 4 and more["round_"] < 0.2:
        return "perhaps numbers of something"
    return ""
