"""Finds the columns of a log of purchases, which amount counts, and which rows are purchases."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from workbench.new import evidence
from workbench.new.components import before_fees, parts_in_rows
from workbench.new.deductions import (
    amounts,
    beside_amount,
    discounted,
    fully_refunded,
    paid_in_place_of,
    parted_by,
    quoted,
    refunded,
)
from workbench.new.evidence import best, depends, ranked
from workbench.new.grouped import whose_group
from workbench.new.ledger import by_side, ledger_sides, without_the_other_side
from workbench.new.profile import ColumnProfile
from workbench.new.proposal import OpenQuestion, Option, Proposal
from workbench.new.row_kinds import rows_of_purchases, rows_that_undo
from workbench.new.taking import categorical, take
from workbench.new.totals import totals_beside_lines

#: Two amounts whose scores are nearer than this are asked about.
_NEAR = 1.6
_MOSTLY = 0.95


def transactions(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Find who bought, when, for how much, and which rows are purchases."""
    deals = any(p.heading.has("deal", "probability") for p in filled)
    columns = proposal.columns
    take(proposal, "customer_id", best(filled, evidence.customer, [*columns.values()], 3.5))
    take(
        proposal,
        "date",
        best(filled, lambda p: evidence.date(p, deals=deals), [*columns.values()]),
    )
    _same_person(proposal, filled)
    whose_group(proposal)
    take(proposal, "order_id", _order(proposal, filled))
    _amount(proposal, filled)
    _who_on_refunds(proposal, filled)
    quantity = best(filled, evidence.quantity, [*columns.values()], 5)
    take(proposal, "quantity", quantity)
    for standard in ("channel", "category"):
        take(proposal, standard, categorical(filled, standard, [*columns.values()]))
    take(proposal, "product", best(filled, evidence.product, [*columns.values()], 4.0))
    before_fees(proposal, filled)
    refunded(proposal, filled)
    parts_in_rows(proposal, filled)
    rows_of_purchases(proposal, filled, deals=deals)
    without_the_other_side(proposal, filled)
    totals_beside_lines(proposal, filled)
    fully_refunded(proposal)
    _whose(proposal)
    proposal.missing = tuple(s for s in ("customer_id", "date") if s not in columns) + (
        () if "amount" in columns or "amount" in proposal.keys else ("amount",)
    )


def _same_person(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Ask where two columns may say who, and neither follows from the other."""
    if proposal.system or "customer_id" not in proposal.columns:
        return
    taken = [v for k, v in proposal.columns.items() if k != "customer_id"]
    first, *others = ranked(filled, evidence.customer, taken)
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


def _whose(proposal: Proposal) -> None:
    """Ask, where nothing says who bought, whether each order is to be a customer of its own."""
    order = proposal.column("order_id")
    if order is not None and "customer_id" not in proposal.columns:
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


def _order(proposal: Proposal, filled: Sequence[ColumnProfile]) -> evidence.Candidate | None:
    """Find the order's number: each has one customer and one day."""
    # a refund bears the number of its order and a later day
    frame = proposal.upload.frame.drop(index=rows_that_undo(filled))
    frame = frame.assign(**{p.name: p.somebody for p in filled if evidence.order(p) >= 4.5})
    who, when = proposal.columns.get("customer_id"), proposal.columns.get("date")
    for found in ranked(filled, evidence.order, [*proposal.columns.values()]):
        if found.score < 4.5:
            break
        if all(
            on is None or depends(frame, found.profile.name, on) > _MOSTLY for on in (who, when)
        ):
            return found
    return None


# --- which amount -----------------------------------------------------------------------------


def _amount(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    if "amount" in proposal.keys:
        return
    taken = [*proposal.columns.values()]
    chosen = proposal.column("amount")
    if chosen is None and (sides := ledger_sides(filled)) is not None:
        by_side(proposal, filled, *sides)
        return
    found = ranked(filled, evidence.money, taken)
    good = [f for f in found if f.score >= 4.0]
    quantity = best(filled, evidence.quantity, taken, 4.0)
    price = best(filled, evidence.unit_price, taken, 4.0)
    if price is not None and (paid := paid_in_place_of(price.profile, filled)) is not None:
        good = [f for f in good if f.profile is not price.profile]
        price = evidence.Candidate(paid, price.score)
    if chosen is None and quantity and price:
        meant = _price_of(proposal, good, quantity, price)
        if meant == "piece":
            _multiplied(proposal, quantity.profile, price.profile, filled)
            return
        if meant == "row":
            good = [price, *(f for f in good if f.profile is not price.profile)]
    if chosen is None:
        if not good:
            _without_amounts(proposal, found)
            return
        good = _evident(proposal, filled, good, found)
        chosen = good[0].profile
        proposal.columns["amount"] = chosen.name
        if not evidence.says_money(chosen):
            _unnamed(proposal, good)
        else:
            _rivals(proposal, good)
    if chosen.heading.unit != "one":
        proposal.keys["amount_unit"] = chosen.heading.unit
    _per_order(proposal, filled, chosen, quantity, price)
    beside_amount(
        proposal, filled, quantity.profile if quantity else None, price.profile if price else None
    )


def _evident(
    proposal: Proposal,
    filled: Sequence[ColumnProfile],
    good: list[evidence.Candidate],
    found: Sequence[evidence.Candidate],
) -> list[evidence.Candidate]:
    """Leave out amounts that are evidently not what the customer bought for, and say so."""
    chosen = good[0].profile
    paid = paid_in_place_of(chosen, filled)
    if paid is not None:
        proposal.notes.append(
            f"a guess: {paid.name!r} is what was paid (sum {paid.numbers.sum():,.2f}), and"
            f" never more than {chosen.name!r} ({chosen.numbers.sum():,.2f})"
        )
        good = [f for f in found if f.profile is paid] + [
            f for f in good if f.profile.name not in (chosen.name, paid.name)
        ]
    while len(good) > 1:
        pairs = [(a, b) for a in good[:3] for b in good[:5] if a is not b]
        told = [(a, b, c) for a, b in pairs if (c := parted_by(a.profile, b.profile, filled))]
        if not told:
            break
        more, less, (p, why) = told[0]
        gone, left = (more, less) if why == "discount" else (less, more)
        proposal.notes.append(
            f"a guess: {left.profile.name!r} is the amount, and not {gone.profile.name!r}: the two"
            f" are parted by {p.name!r}"
        )
        good = [f for f in good if f is not gone and f.profile.name != p.name]
    return good


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


def _price_of(
    proposal: Proposal,
    good: Sequence[evidence.Candidate],
    quantity: evidence.Candidate,
    price: evidence.Candidate,
) -> str:
    """Tell whether a price is that of a ``piece`` or of the ``row``; "" where it is not needed."""
    others = [f for f in good if f.profile.name not in (quantity.profile.name, price.profile.name)]
    if others:
        return ""
    heading = price.profile.heading
    said = heading.has("unit") and "item" not in heading.squashed
    pairs = pd.DataFrame({"q": quantity.profile.numbers, "p": price.profile.numbers}).dropna()
    items = next(
        (p for p in proposal.columns_of_file
         if p.heading.has("product", "note") and 1 < p.distinct < 0.5 * p.rows),
        None,
    )  # fmt: skip
    varied = (pairs.q.abs() == 1).mean() < 0.98
    if items is not None and varied:
        pairs = pairs.join(items.texts.rename("item"), how="inner")
        pairs["each"] = (pairs.p / pairs.q).round(4)
        spread = pairs.groupby("item")[["p", "each"]].nunique().sum()
        if spread.p > 1.5 * spread.each:  # the price goes with the pieces: it is the row's
            return "row"
        said = said or bool(spread.each > 1.5 * spread.p)
    if not said and varied:
        proposal.questions.append(_line_or_piece(quantity.profile, price.profile))
    return "piece"


def _line_or_piece(quantity: ColumnProfile, price: ColumnProfile) -> OpenQuestion:
    product = f"{quoted(quantity.name)} * {quoted(price.name)}"
    return OpenQuestion(
        "amount",
        f"Is {price.name!r} the price of one piece, or of the row?",
        [
            Option("of one piece", {"amount": product, "columns.amount": None}),
            Option("of the row", {"amount": None, "columns.amount": price.name}),
        ],
    )


def _multiplied(
    proposal: Proposal,
    quantity: ColumnProfile,
    price: ColumnProfile,
    filled: Sequence[ColumnProfile],
) -> None:
    proposal.columns.setdefault("quantity", quantity.name)
    formula = f"{quoted(quantity.name)} * {quoted(price.name)}"
    gross = (quantity.numbers * price.numbers).dropna()
    formula = discounted(proposal, filled, formula, gross)
    proposal.keys["amount"] = formula
    if price.heading.unit != "one":
        proposal.keys["amount_unit"] = price.heading.unit


def _spoilt(p: ColumnProfile) -> bool:
    """Tell a column that is headed by an amount, and holds numbers in a form that nobody knows."""
    told = p.heading.has("amount", "total", "net", "price", "payable") and not p.numeric
    return told and not p.when and bool(p.texts.str.contains(r"\d").mean() > _MOSTLY)


def _without_amounts(proposal: Proposal, found: Sequence[evidence.Candidate]) -> None:
    """Take a log without amounts for what it is; ask where a column of numbers might be one."""
    proposal.keys["amount"] = "none"
    proposal.notes.append("no column holds money: a log of visits, without amounts")
    maybe = [f.profile.name for f in found if f.score > 0][:3]
    if spoilt := next((f.profile for f in found if _spoilt(f.profile)), None):
        proposal.questions.append(
            OpenQuestion(
                "amount",
                f"{spoilt.name!r} seems to hold the amounts, and they cannot be read (such as"
                f" {spoilt.texts.iloc[0]!r}); write them as plain numbers in the file",
                [Option("it has no amounts", {"amount": "none"})],
            )
        )
    if maybe:
        options = [Option("none of them; it has no amounts", {"amount": "none"})]
        options += [Option(repr(m), {"amount": None, "columns.amount": m}) for m in maybe]
        proposal.questions.append(OpenQuestion("amount", "Is one of these the amount?", options))


def _unnamed(proposal: Proposal, good: Sequence[evidence.Candidate]) -> None:
    """Ask about an amount that neither its heading nor its values call money."""
    options = [
        Option(f"{f.profile.name!r} (sum {f.profile.numbers.sum():,.2f})",
               {"amount": None, "columns.amount": f.profile.name})
        for f in good[:3]
    ]  # fmt: skip
    options.append(Option("none of them; it has no amounts",
                          {"amount": "none", "columns.amount": None}))  # fmt: skip
    asks = f"No heading says money; is {good[0].profile.name!r} the amount of a purchase?"
    proposal.questions.append(OpenQuestion("columns.amount", asks, options))


def _rivals(proposal: Proposal, good: Sequence[evidence.Candidate]) -> None:
    first = good[0]
    values = first.profile.numbers
    rivals = []
    for other in good[1:]:
        if other.score < first.score - _NEAR:
            break
        both = pd.DataFrame({"a": values, "b": other.profile.numbers}).dropna()
        if len(both) and not (both.a - both.b).abs().le(0.005 * both.a.abs() + 1e-9).all():
            rivals.append(other.profile)
    if rivals:
        options = [
            Option(f"{p.name!r} (sum {p.numbers.sum():,.2f})", {"columns.amount": p.name})
            for p in (first.profile, *rivals[:3])
        ]
        proposal.questions.append(
            OpenQuestion("columns.amount", "Which column is the amount of a purchase?", options)
        )


def _per_order(
    proposal: Proposal,
    filled: Sequence[ColumnProfile],
    amount: ColumnProfile,
    quantity: evidence.Candidate | None,
    price: evidence.Candidate | None,
) -> None:
    """Find whether the amount is the order's, on one of its lines or on each of them."""
    order = proposal.column("order_id")
    if order is None or "amount_per" in proposal.keys or amount.heading.has("row"):
        return
    lines = pd.DataFrame({"order": order.texts, "amount": amount.numbers})
    lines = lines.drop(index=rows_that_undo(filled), errors="ignore")
    lines = lines[lines["order"].notna()]
    several = lines.groupby("order", sort=False).filter(lambda g: len(g) > 1)
    if several.empty:
        return
    by_order = several.groupby("order", sort=False)["amount"]
    same = by_order.min().eq(by_order.max()) | by_order.count().le(1)
    if same.mean() < 0.9:
        return
    blank = float(several["amount"].isna().mean())
    if blank > 0.2:
        proposal.keys["amount_per"] = "order"
        return
    if quantity and price:
        product = (quantity.profile.numbers * price.profile.numbers).reindex(several.index)
        close = (product - several["amount"]).abs() <= 0.011 * product.abs() + 0.02
        if close.mean() > 0.9:
            return
        proposal.keys["amount_per"] = "order"
        return
    proposal.keys["amount_per"] = "order"
    if not amount.heading.has("order", "total", "deal") or len(same) < 10:
        proposal.questions.append(
            OpenQuestion(
                "amount_per",
                f"{amount.name!r} is the same on all lines of an order: the order's total, or"
                " each line's?",
                [Option("the order's total, once", {"amount_per": "order"}),
                 Option("each line's own", {"amount_per": None})],
            )
        )  # fmt: skip
