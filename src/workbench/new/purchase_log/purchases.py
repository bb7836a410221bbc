"""Finds the columns of a log of purchases, and which of its rows are purchases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from workbench.new.columns import evidence
from workbench.new.columns.evidence import best, depends, ranked
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.columns.taking import take
from workbench.new.purchase_log.amount import find_amount
from workbench.new.purchase_log.components import before_fees, parts_in_rows
from workbench.new.purchase_log.deductions import amounts, fully_refunded, refunded
from workbench.new.purchase_log.goods import goods, of_several_an_order
from workbench.new.purchase_log.grouped import whose_group
from workbench.new.purchase_log.ledger import without_the_other_side
from workbench.new.purchase_log.row_kinds import rows_of_purchases, rows_that_undo
from workbench.new.purchase_log.totals import totals_beside_lines

_MOSTLY = 0.95
#: Two columns of days whose scores are nearer than this are asked about, where they lie so far
#: apart that it matters which is meant.
_NEAR_DAY, _LONG = 1.0, 3
#: People that a column must tell apart to say who received an order.
_FEWEST_PEOPLE = 12


def transactions(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Find who bought, when, for how much, and which rows are purchases."""
    deals = any(p.heading.has("deal", "probability") for p in filled)
    columns = proposal.columns
    named = of_several_an_order(filled, proposal)
    people = [p for p in filled if p.name not in named]
    take(proposal, "customer_id", best(people, _who(people), [*columns.values()], 3.5))
    take(
        proposal,
        "date",
        best(filled, lambda p: evidence.date(p, deals=deals), [*columns.values()]),
    )
    _same_person(proposal, people)
    whose_group(proposal)
    take(proposal, "order_id", _order(proposal, filled))
    find_amount(proposal, filled)
    _who_on_refunds(proposal, filled)
    goods(proposal, filled, named)
    before_fees(proposal, filled)
    refunded(proposal, filled)
    parts_in_rows(proposal, filled)
    rows_of_purchases(proposal, filled, deals=deals)
    _when(proposal, filled, deals=deals)
    without_the_other_side(proposal, filled)
    totals_beside_lines(proposal, filled)
    fully_refunded(proposal)
    _whose(proposal, filled)
    proposal.missing = tuple(s for s in ("customer_id", "date") if s not in columns) + (
        () if "amount" in columns or "amount" in proposal.keys else ("amount",)
    )


def _who(filled: Sequence[ColumnProfile]) -> Callable[[ColumnProfile], float]:
    """Score columns as the one that says who; half a name says it badly."""
    halves = evidence.half_names(filled)
    numbers = _numbers_of_names(filled)
    return lambda p: evidence.customer(p) - 4.0 * (p.name in halves) + 4.0 * (p.name in numbers)


_NUMBER = re.compile(r"(?i)[ _.-]*(?:id|no|nr|number|code|key|#|编号|编码|代码|号|番号)\.?$")
_NAME = re.compile(r"(?i)[ _.-]*(?:name|名称|姓名|名)$")


def _numbers_of_names(filled: Sequence[ColumnProfile]) -> set[str]:
    """Name the numbers of those whose names would be taken for the customer: "Patron ID"."""
    scores = {p.name: evidence.customer(p) for p in filled}
    best_of = max(scores, key=lambda name: scores[name], default="")
    stem = _NAME.sub("", best_of).casefold()
    if stem == best_of.casefold() or not stem:
        return set()
    return {
        p.name
        for p in filled
        if _NUMBER.search(p.name)
        and _NUMBER.sub("", p.name).casefold() == stem
        and p.repeats > 1
        and not p.fractions
        and not p.when
    }


def _same_person(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Ask where two columns may say who, and neither follows from the other."""
    if proposal.system or "customer_id" not in proposal.columns:
        return
    taken = [v for k, v in proposal.columns.items() if k != "customer_id"]
    first, *others = ranked(filled, _who(filled), taken)
    frame = proposal.upload.frame
    if first.score < 4.0:
        likely = [first, *(f for f in others if f.score > -3)][:4]
        proposal.questions.append(
            OpenQuestion(
                "columns.customer_id",
                "No heading says who the customer is; is it this column?",
                [Option(repr(f.profile.name), {"columns.customer_id": f.profile.name})
                 for f in likely],
            )
        )  # fmt: skip
        return
    rivals = [
        other.profile.name
        for other in others
        if other.score > max(first.score - 1.0, 5)
        and depends(frame, first.profile.name, other.profile.name) < 0.9
        and depends(frame, other.profile.name, first.profile.name) < 0.9
    ]
    if rivals:
        names = [first.profile.name, *rivals[:2]]
        proposal.questions.append(
            OpenQuestion(
                "columns.customer_id",
                "Which column says who the customer is?",
                [Option(repr(name), {"columns.customer_id": name}) for name in names],
            )
        )


def _when(proposal: Proposal, filled: Sequence[ColumnProfile], *, deals: bool) -> None:
    """Ask where two columns say when, and lie apart: the order, and what was charged for it."""
    chosen = proposal.column("date")
    if deals or proposal.system or chosen is None:  # of deals it is the day on which they closed
        return
    taken = [v for k, v in proposal.columns.items() if k != "date"]
    rows, enough = proposal.rows_kept(), evidence.date(chosen) - _NEAR_DAY
    rivals = []
    for other in ranked(filled, evidence.date, taken):
        if other.profile is chosen or not other.profile.when or other.score < enough:
            continue
        lag = other.profile.days.reindex(rows) - chosen.days.reindex(rows)
        apart = lag.dt.days.abs()
        if apart.notna().mean() > _MOSTLY and apart.median() > _LONG:
            rivals.append(other.profile.name)
    if rivals:
        names = [chosen.name, *rivals[:2]]
        proposal.questions.append(
            OpenQuestion(
                "columns.date",
                "Which column says when the purchase was made? They lie days apart",
                [Option(repr(name), {"columns.date": name}) for name in names],
            )
        )


def _whose(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Ask, where nothing says who bought, whether who received it is meant, or each order."""
    order = proposal.column("order_id")
    if "customer_id" in proposal.columns:
        return
    if receivers := _receivers(filled, [*proposal.columns.values()]):
        proposal.questions.append(
            OpenQuestion(
                "columns.customer_id",
                "No column says who bought; are those to be the customers who received it?"
                " Masked numbers and names may be of several people",
                [
                    Option(
                        f"{p.name!r} ({p.distinct:,} different)", {"columns.customer_id": p.name}
                    )
                    for p in receivers
                ],
            )
        )
        proposal.columns["customer_id"] = receivers[0].name
    elif order is not None:
        label = "each order is a customer of its own: sums are right, and nobody ever comes back"
        proposal.questions.append(
            OpenQuestion(
                "columns.customer_id",
                "No column says who bought, as in settlements of market places; bring the report of"
                " orders with buyers beside it, or is each order to be a customer?",
                [Option(label, {"columns.customer_id": order.name, "columns.order_id": None})],
                default=None,
            )
        )


def _receivers(filled: Sequence[ColumnProfile], taken: Sequence[str]) -> list[ColumnProfile]:
    """Give the columns of who received an order, the telephone first: the buyer, or a friend."""
    found = [
        p
        for p in filled
        if p.name not in taken
        and p.heading.has("shipto")
        and p.heading.has("phone", "email", "name", "shipto")
        and not p.heading.has("address", "place", "owner", "date", "time", "status", "freight")
        and not p.when
        and p.named > 0.5
        and p.distinct >= _FEWEST_PEOPLE
        and p.repeats > 1.05
    ]
    return sorted(found, key=lambda p: not p.heading.has("phone", "email"))[:3]


def _order(proposal: Proposal, filled: Sequence[ColumnProfile]) -> evidence.Candidate | None:
    """Find the order's number: each has one customer and one day."""
    # a refund bears the number of its order and a later day
    frame = proposal.upload.frame.drop(index=rows_that_undo(filled))
    frame = frame.assign(**{p.name: p.somebody for p in filled if evidence.order(p) >= 4.5})
    day = proposal.column("date")
    if day is not None and day.days.notna().mean() > _MOSTLY:
        frame = frame.assign(**{day.name: day.days.dt.floor("D")})
    who, when = proposal.columns.get("customer_id"), proposal.columns.get("date")
    for found in ranked(filled, evidence.order, [*proposal.columns.values()]):
        if found.score < 4.5:
            break
        if all(
            on is None or depends(frame, found.profile.name, on) > _MOSTLY for on in (who, when)
        ):
            return found
    return None


def _who_on_refunds(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Take another column for the customer where refunds name the seller in the one found."""
    who = proposal.column("customer_id")
    money = amounts(proposal)
    back, bought = money.index[money < 0], money.index[money > 0]
    if who is None or len(back) < 3 or proposal.keys.get("where", {}).get(who.name):
        return

    def known(p: ColumnProfile) -> float:
        cells = p.somebody.reindex(back).dropna()
        same = cells.isin(set(p.somebody.reindex(bought).dropna()))
        return float(same.mean()) if len(cells) > 0.5 * len(back) else 0.0

    cells = who.somebody.reindex(back).dropna()
    if cells.empty or cells.nunique() > 0.2 * len(cells) + 1 or known(who) > 0.1:
        return
    for other in ranked(filled, evidence.customer, [*proposal.columns.values()]):
        if other.score > 1.0 and known(other.profile) > 0.9:
            proposal.columns["customer_id"] = other.profile.name
            proposal.notes.append(
                f"a guess: the customer is {other.profile.name!r}, for refunds name another one in"
                f" {who.name!r} than purchases do"
            )
            return
