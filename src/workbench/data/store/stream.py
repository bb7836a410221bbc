"""Streams a log of purchases from its source: the rows that count, without copying the table.

The rules are those of the cleaning (`workbench.data.clean.rules`); what is spared is to keep every
column of every row, and to give pseudonyms to rows that are about to be added up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from workbench.data import expressions as ibis
from workbench.data.clean.erasures import without_left_out
from workbench.data.clean.parse import parse
from workbench.data.clean.refunds import known_on, net, refunds_of
from workbench.data.clean.rules import (
    ends_known,
    may_repeat_not,
    rules_of,
    standardise,
    when_known,
)
from workbench.data.clean.selection import select_columns, select_rows
from workbench.data.engine import Engine, builtin
from workbench.data.expressions import kinds as dt
from workbench.data.people import pseudonyms
from workbench.data.schemas import rolled_up, schema_of
from workbench.data.sources.read import stream_source
from workbench.data.sources.source import ROW

if TYPE_CHECKING:
    from workbench.data.clean.cleaner import Cleaner

#: What is known of a purchase; of a log without amounts, all but the last.
PURCHASE = ("customer_id", "date", "amount")
_GOOD = "_good"
_HASH = "_hash"


@dataclass(frozen=True)
class PurchaseLog:
    """The rows of a log that count.

    Attributes
    ----------
    expr : ibis Table
        customer_id, date, amount.
    read : int
        Rows that the source holds.
    mask : callable or None
        Turns a column of customer ids into pseudonyms, where `expr` holds the ids themselves:
        they must not leave the engine without it.
    scratch : tuple
        Tables that were made on the way, to be dropped once the log is added up.
    """

    expr: Any
    read: int
    mask: Callable[[Any], Any] | None = None
    scratch: tuple[Any, ...] = ()


def stream_purchases(cleaner: Cleaner, name: str, known: date | None = None) -> PurchaseLog | None:
    """Give the rows of a log that the cleaning keeps, linked, under the source's ids.

    Parameters
    ----------
    cleaner : Cleaner
        Of the study.
    name : str
        ``transactions`` or a variant of it.
    known : date, optional
        The day as of which refunds are known; see `Tables.expr`.

    Returns
    -------
    PurchaseLog or None
        None where the cleaning must go its whole way: sheets and databases, customers to be found
        by phone or e-mail, a log without amounts, not one good row.
    """
    engine, study, schema = cleaner.engine, cleaner.study, schema_of(name)
    found = stream_source(engine, study, name)
    if found is None or schema is None:
        return None
    source, rejected = found
    card = study.tables[name]
    if card.amount_per == "order" or card.fill_down or card.group_rows:
        return None
    source = select_rows(engine, card, source, count=False).source
    source = select_columns(study, source, schema)
    source, _ = without_left_out(engine, study, source, schema, cleaner.reading.refusing)
    columns = standardise(source, card, schema)
    if "customers" in cleaner and {"phone", "email"} & set(columns):
        return None
    cells = parse(engine, study, source, schema, columns, cleaner.reading.persons(source, columns))
    values, texts = cells.values, cells.texts
    if "amount" not in values:
        return None
    # what stood there matters only where it is told, and a value that is missing sets its row
    # aside whether or not something stood there
    texts = {raw: values[raw.removeprefix("_raw_")] for raw in texts}
    once = may_repeat_not(schema, card, list(values)) and not source.partial
    values, texts = ends_known(study, values, texts)
    parsed = source.expr.select(**values, **texts)
    if (later := when_known(study, schema, parsed)) is not None:
        parsed = parsed.filter(~later)
    parsed = engine.view(parsed)
    good = ibis.literal(True)
    for broken, _, _ in rules_of(engine, study, schema, parsed, card):
        good &= ~ibis.coalesce(broken, False)
    marks = {_GOOD: good} | ({_HASH: _row_hash(parsed, values)} if once else {})
    netted = card.refunds == "net"
    wanted = (*PURCHASE, "order_id") if netted and "order_id" in values else PURCHASE
    # read and judged once: repeats, refunds, days and counts each look at all rows
    rows = engine.keep(parsed.select(*wanted, **marks), source.where)
    scratch = [rows]
    kept = rows.filter(rows[_GOOD])
    if once:
        # of all rows: a filter would cost more than the few that it spares
        many = rows.group_by(_HASH).having(rows.count() > 1).aggregate(n=rows.count())
        twice = engine.keep(many.select(_HASH), source.where)
        scratch.append(twice)
        if int(engine.run(twice.count(), source.where)):
            kept = _first_of_each(kept, twice)
    kept = kept.select(*wanted)
    if "customers" in cleaner or rolled_up(study):
        kept = cleaner.identities.linked(kept, source)
    asked = {"read": rows.count()} | ({"back": (rows.amount < 0).sum()} if netted else {})
    counted = engine.run(rows.aggregate(**asked), source.where).iloc[0]
    if netted and counted["back"] > 0:
        kept, more = _netted(engine, kept, known or study.as_of, source.where)
        scratch += more
    kept = kept.select(*PURCHASE)
    read = int(counted["read"]) + len(rejected().malformed)
    key = cleaner.key
    return PurchaseLog(
        kept, read, lambda ids: pseudonyms.engine_pseudonym(ids, key), tuple(scratch)
    )


def _row_hash(parsed: Any, values: Mapping[str, Any]) -> Any:
    """Hash a whole row, by the engine's own function, which is several times faster than Ibis's."""
    row = ibis.struct({name: parsed[name] for name in values})
    return builtin("hash", row.type(), dt.uint64)(row)


def _netted(engine: Engine, rows: Any, known: date, where: str) -> tuple[Any, list[Any]]:
    """Take refunds off; only the rows of customers who have any are looked at one by one."""
    # by a name of its own: Ibis takes linked rows, which are a join, for a part of the next join
    rows = rows.view()
    back = rows.filter(rows.amount < 0).select("customer_id").distinct()
    touched = engine.keep(
        rows.semi_join(back, "customer_id").mutate(**{ROW: ibis.row_number().cast("int64")}), where
    )
    netting = refunds_of(engine, touched, where)
    if netting is None:  # all of them were set aside
        return rows, [touched]
    netted, detail = net(engine, touched, netting)
    netted = known_on(netted, detail, known).select(*rows.columns)
    return rows.anti_join(back, "customer_id").union(netted, distinct=False), [touched]


def _first_of_each(kept: Any, twice: Any) -> Any:
    """Leave out rows that repeat another one; `twice` holds the hashes that came more than once.

    Rows are the same when customer, day, amount and a hash of all columns are: among 10,000,000
    rows a pair of others passes for one with a probability below 1e-12.
    """
    again = kept.semi_join(twice, _HASH).distinct()
    return kept.anti_join(twice, _HASH).union(again, distinct=False)
