"""Finds what the rows of a log of purchases are of: goods, their kind, pieces and price."""

from __future__ import annotations

import re
from collections.abc import Sequence

from workbench.new.columns import evidence
from workbench.new.columns.evidence import Candidate, best, depends
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import Proposal
from workbench.new.columns.taking import categorical, take

#: Kinds of goods that a shop may tell apart: a grocer has hundreds.
_MOST_KINDS = 1000
#: Share of the goods of which each has to lie in one kind alone.
_EACH = 0.98
#: Words for where goods stand or what they are, which mean other things elsewhere: a department is
#: one of the firm's, too, and a type one of the order's.
_KIND = re.compile(
    r"(?i)\b(?:dep(?:artmen)?t|section|aisle|famil(?:y|le|ia)|class|sub ?class|line|range"
    r"|product ?types?|item ?types?|type|groups?|rayon|abteilung|bereich|reparto|linea|línea)\b"
    r"|部门|部門|分组|系列|种类|種類"
)
#: Orders of several rows that must be seen before anything is said of them.
_ORDERS = 20


def of_several_an_order(filled: Sequence[ColumnProfile], frame_of: Proposal) -> set[str]:
    """Give columns headed by a mere name of which one order has several: goods, and nobody.

    An order is one customer's. Where a number that repeats lies on rows of one day, and the names
    on these rows differ, they name what was bought.
    """
    names = [p for p in filled if _merely_named(p)]
    if not names:
        return set()
    frame = frame_of.upload.frame
    days = [p.name for p in filled if p.when]
    found: set[str] = set()
    for number in filled:
        if evidence.order(number) < evidence.ENOUGH or number.repeats < 1.05:
            continue
        rows = frame[frame[number.name].duplicated(keep=False)]
        if rows[number.name].nunique() < _ORDERS:
            continue
        own = [day for day in days if day != number.name]
        if own and max(depends(rows, number.name, day) for day in own) < _EACH:
            continue  # it is no order's, but a thing's that comes again and again
        found |= {
            p.name
            for p in names
            if p.name != number.name and depends(rows, number.name, p.name) < 0.5
        }
    return found


def _merely_named(p: ColumnProfile) -> bool:
    h = p.heading
    who = h.has("customer", "requester", "account", "contact", "counterparty", "billing", "login")
    return bool(h.has("name") and not who and not h.has("product") and p.repeats > 1.05)


def goods(proposal: Proposal, filled: Sequence[ColumnProfile], named: set[str]) -> None:
    """Find what was bought, of which kind, how many pieces, and what one piece cost."""
    columns = proposal.columns
    take(proposal, "quantity", best(filled, evidence.quantity, [*columns.values()], 5))
    take(proposal, "channel", categorical(filled, "channel", [*columns.values()]))
    told = categorical(filled, "category", [*columns.values()], most=_MOST_KINDS)
    take(proposal, "category", told)
    item = best(filled, evidence.product, [*columns.values()], 4.0)
    if item is None and named:
        item = next((Candidate(p, 4.0) for p in filled if p.name in named), None)
    take(proposal, "product", item)
    if "category" not in columns and (product := proposal.column("product")) is not None:
        _kind_of(proposal, filled, product)
    _price(proposal, filled)


def _kind_of(proposal: Proposal, filled: Sequence[ColumnProfile], product: ColumnProfile) -> None:
    """Take for the category a column of words that follows from what was bought."""
    frame = proposal.upload.frame
    for p in filled:
        words = not (p.numeric or p.when or p.boolean or p.free_text)
        if p.name in proposal.columns.values() or not words or not _KIND.search(p.name):
            continue
        if p.heading.has("customer", "owner", "account", "contact", "id", "number"):
            continue
        if 1 < p.distinct <= min(_MOST_KINDS, product.distinct / 1.5) and (
            depends(frame, product.name, p.name) >= _EACH
        ):
            proposal.columns["category"] = p.name
            proposal.notes.append(
                f"a guess: {p.name!r} is the category, for what was bought says which it is"
            )
            return


def _price(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Keep the price of a piece where it stands beside the amount of the row."""
    if "quantity" not in proposal.columns or not {"product", "category"} & set(proposal.columns):
        return
    take(proposal, "price", best(filled, evidence.unit_price, [*proposal.columns.values()], 6.0))
