"""Resolves the roles of several tables together: which ids name the same customers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.new.columns import evidence
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import Proposal, StarterError, Upload
from workbench.new.columns.words import read_heading
from workbench.new.presets import ExportTable, Preset, find, recognise
from workbench.new.tables.continued import filled_down
from workbench.new.tables.roles import understand

#: Share of a table's ids that must be known in another for the two to be the same ids.
_KNOWN = 0.5


@dataclass(frozen=True)
class _Link:
    """A column of a log whose values a column of a customer table holds."""

    log: str
    own: str
    known: float
    score: float


def propose(uploads: Sequence[Upload], presets: Sequence[Preset]) -> list[Proposal]:
    """Say what each table is and how they belong together.

    Raises
    ------
    StarterError
        If two files are parts of one table.
    """
    proposals = [Proposal.of(filled_down(upload)) for upload in uploads]
    layouts: dict[int, ExportTable | None] = {}
    for proposal in proposals:
        layouts[id(proposal)] = recognise(proposal, presets)
        understand(proposal)
    _refuse_parts(proposals)
    logs = [p for p in proposals if p.standard and p.standard not in ("customers", "series")]
    people = [p for p in proposals if p.standard == "customers"]
    accounts = _link(logs, people, layouts)
    for proposal in people:
        layout = layouts[id(proposal)]
        if layout is not None and layout.level is not None and id(proposal) not in accounts:
            _lift(proposal, layout, logs, people)
    _name(proposals, logs, people)
    _lines_of_orders(proposals)
    return proposals


def _refuse_parts(proposals: Sequence[Proposal]) -> None:
    seen: dict[tuple[str, ...], Proposal] = {}
    for proposal in proposals:
        headings = tuple(p.heading.squashed for p in proposal.columns_of_file)
        other = seen.setdefault(headings, proposal)
        if other is not proposal:
            names = f"{other.upload.label} and {proposal.upload.label}"
            table = proposal.standard or "same one"
            raise StarterError(
                f"{names} both look like the table {table!r}, and have the same columns",
                remedy="put the rows of both into one file, or leave one of them out",
            )


# --- who is who between the tables ------------------------------------------------------------


def _link(
    logs: Sequence[Proposal], people: Sequence[Proposal], layouts: Mapping[int, ExportTable | None]
) -> set[int]:
    """Choose the columns by which logs and customers belong together; give the tables that do."""
    linked: set[int] = set()
    if not logs or not people:
        return linked
    main = max(logs, key=lambda p: (p.standard == "transactions", len(p.upload.frame)))
    chosen: tuple[_Link, Proposal] | None = None
    for table in people:
        link = _best_link(main, table)
        if link is not None and (chosen is None or link.score > chosen[0].score):
            chosen = (link, table)
    if chosen is None:
        return linked
    link, table = chosen
    main.columns["customer_id"] = link.log
    main.questions = [q for q in main.questions if q.key != "columns.customer_id"]
    if table.columns.get("customer_id") != link.own:
        _rekey(table, link.own)
    linked.add(id(table))
    ids = _values(table.own[link.own])
    for other in (*logs, *people):
        if other in (main, table):
            continue
        same = _naming(other, ids)
        if same is not None:
            if other.standard == "customers":
                _rekey(other, same)
            else:
                other.columns["customer_id"] = same
            linked.add(id(other))
        elif other.standard != "customers":
            other.notes.append(
                f"its customers are not those of {table.upload.label}: no column holds their ids"
            )
    return linked


def _rekey(table: Proposal, column: str) -> None:
    """Make another column the key; what it was before keeps the name it has in the file."""
    table.columns = {k: v for k, v in table.columns.items() if v != column}
    table.columns = {"customer_id": column, **{k: v for k, v in table.columns.items()
                                               if k != "customer_id"}}  # fmt: skip
    p = table.own[column]
    if p.unique < 0.999:
        again = len(p.somebody) - p.distinct
        table.notes.append(
            f"{again:,} of its rows are further records of a customer already there (several"
            f" contacts of one {column!r}): the first stands for the customer"
        )


def _best_link(log: Proposal, table: Proposal) -> _Link | None:
    """Find the pair of columns that hold the same ids, accounts before contacts before names."""
    best: _Link | None = None
    for a in log.columns_of_file:
        said = evidence.customer(a)
        if said < 2.0 and not a.heading.has("customer", "account", "contact"):
            continue
        if a.heading.has("owner") or a.distinct < 2:
            continue
        ids = _values(a)
        for b in table.columns_of_file:
            if b.distinct < 2 or b.heading.has("owner", "parent") or b.when:
                continue
            known = len(ids & _values(b)) / len(ids)
            if known < _KNOWN:
                continue
            # accounts before their contacts, where a log names both
            level = 0.5 * a.heading.has("account", "customer")
            score = (
                level
                + known
                + said / 12
                + 0.3 * (b.unique > 0.98)
                + 0.15 * b.heading.has("id", "number")
            )
            if best is None or score > best.score + 1e-9:
                best = _Link(a.name, b.name, known, score)
    return best


def _naming(table: Proposal, ids: set[str]) -> str | None:
    """Give the column of a table that holds these ids."""
    best, share = None, _KNOWN
    for p in table.columns_of_file:
        if p.distinct < 2 or p.heading.has("owner", "parent"):
            continue
        own = _values(p)
        known = len(own & ids) / len(own)
        if known > share + 1e-9:
            best, share = p.name, known
    return best


def _values(p: ColumnProfile) -> set[str]:
    return set(p.counts.index)


def _lift(
    table: Proposal, layout: ExportTable, logs: Sequence[Proposal], people: Sequence[Proposal]
) -> None:
    """Key contacts by their account where the deals name accounts and their ids were not found."""
    assert layout.level is not None
    account = find(table.columns_of_file, layout.level.account)
    if account is None or not logs:
        return
    named = any(
        log.columns.get("customer_id") and read_heading(log.columns["customer_id"]).has("account")
        for log in logs
    )
    if named and table.columns.get("customer_id") != account.name:
        _rekey(table, account.name)


# --- what each is called ----------------------------------------------------------------------


def _name(
    proposals: Sequence[Proposal], logs: Sequence[Proposal], people: Sequence[Proposal]
) -> None:
    """Name the tables: the first of a kind as the standard one, others by their files."""
    by_kind: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        by_kind.setdefault(proposal.standard, []).append(proposal)
    ids = {v for log in logs if (p := log.column("customer_id")) for v in _values(p)}

    def rank(proposal: Proposal) -> tuple[float, int]:
        if proposal.standard == "customers" and ids:
            key = proposal.column("customer_id")
            known = len(_values(key) & ids) / len(ids) if key is not None else 0.0
            # several contacts an account: the accounts are the customers
            return (known + (0.5 if key is not None and key.unique > 0.98 else 0), 0)
        said = 2 * ("customer_id" in proposal.columns) + ("order_id" in proposal.columns)
        return (float(said), len(proposal.upload.frame))

    for kind, same in by_kind.items():
        for n, proposal in enumerate(sorted(same, key=rank, reverse=True)):
            proposal.table = kind if kind and n == 0 else _called(proposal, kind, proposals)
            if n and kind == "customers":
                # a second table of people is read as it is: one customer, one row
                proposal.standard = ""
                proposal.missing = ()
            elif n:
                proposal.notes.append(
                    f"a second table of the kind {kind!r}: pages read {kind!r} unless told"
                    f" otherwise (parameter `table`); the same money may stand in both"
                )


def _called(proposal: Proposal, kind: str, proposals: Sequence[Proposal]) -> str:
    """Make a name of the file's: letters, digits and _, after the kind of table it is."""
    words = re.findall(r"[a-z0-9]+", proposal.upload.stem.casefold())
    slug = "_".join(words) or f"table{1 + proposals.index(proposal)}"
    if kind and kind != "customers":
        return f"{kind}_{slug.removeprefix(f'{kind}_')}"
    name = slug if slug[0].isalpha() else f"table_{slug}"
    taken = {p.table for p in proposals}
    return (
        name
        if name not in taken and name != "customers"
        else f"{name}_{1 + proposals.index(proposal)}"
    )


def _lines_of_orders(proposals: Sequence[Proposal]) -> None:
    """Say of lines of orders that name no customer whose orders they are."""
    orders = next((p for p in proposals if p.table == "transactions"), None)
    if orders is None or (key := orders.column("order_id")) is None:
        return
    ids = _values(key)
    for proposal in proposals:
        if proposal is orders or "customer_id" in proposal.columns or proposal.standard == "series":
            continue
        if (column := _naming(proposal, ids)) is not None:
            proposal.standard, proposal.missing, proposal.questions = "", (), []
            proposal.keys = {k: v for k, v in proposal.keys.items() if k in proposal.upload.keys}
            proposal.columns = {"order_id": column}
            proposal.table = _called(proposal, "", proposals)
            proposal.notes = [
                f"lines of the orders in {orders.upload.label}; they name no customer"
            ]
