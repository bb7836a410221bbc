"""Finds which number is the money of a purchase: of its row, of a piece, or of its order."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from workbench.new.columns import evidence
from workbench.new.columns.evidence import best, ranked
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.purchase_log.deductions import (
    PAYABLE,
    beside_amount,
    discounted,
    paid_in_place_of,
    parted_by,
    quoted,
)
from workbench.new.purchase_log.ledger import by_side, ledger_sides
from workbench.new.purchase_log.row_kinds import rows_that_undo

#: Two amounts whose scores are nearer than this are asked about.
_NEAR = 1.6
_MOSTLY = 0.95
#: Currencies without cents.
_NO_CENTS = re.compile(r"(?i)^(jpy|krw|vnd|clp|isk|idr|huf|pyg|ugx|xaf|xof)$")
#: What speaks for a total that each order has once, on one of its lines: as if all had it, and
#: more, for no line's own amount is written so.
_ONCE = 3.5
#: Rows that show nothing yet.
_FEW = 10
#: What is at most so large a share of another amount, and nearly the same in every row, is a fee.
_SHARE, _SPREAD = 0.35, 0.03


def find_amount(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Find the amount, or the arithmetic that gives it; ask where several numbers may be it."""
    if "amount" in proposal.keys:
        return
    taken = [*proposal.columns.values()]
    chosen = proposal.column("amount")
    if chosen is None and (sides := ledger_sides(filled)) is not None:
        by_side(proposal, filled, *sides)
        return
    first_lines = _on_first_lines(proposal, filled)
    found = ranked(
        filled,
        lambda p: evidence.money(p) + (_ONCE - 2 * p.filled if p.name in first_lines else 0.0),
        taken,
    )
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
            chosen = _rivals(proposal, good, filled)
    if chosen.heading.unit != "one":
        proposal.keys["amount_unit"] = chosen.heading.unit
    elif not proposal.system:
        _minor_units(proposal, chosen)
    _per_order(proposal, filled, chosen, quantity, price)
    beside_amount(
        proposal, filled, quantity.profile if quantity else None, price.profile if price else None
    )


def _on_first_lines(proposal: Proposal, filled: Sequence[ColumnProfile]) -> set[str]:
    """Name the totals that stand on one line of each order alone."""
    order = proposal.column("order_id")
    if order is None or order.texts.nunique() > _MOSTLY * len(order.texts):
        return set()
    orders = order.texts.nunique()
    found = set()
    for p in filled:
        if p.numeric and p.filled < _MOSTLY and p.heading.has("total") and not p.when:
            on = order.texts.reindex(p.texts.index).dropna()
            if on.is_unique and len(on) > _MOSTLY * orders:
                found.add(p.name)
    return found


def _minor_units(proposal: Proposal, chosen: ColumnProfile) -> None:
    """Ask whether whole numbers beside moments that machines count are cents, as of interfaces."""
    day = proposal.column("date")
    values = chosen.numbers.dropna().abs()
    coins = any(_NO_CENTS.search(t) for p in proposal.columns_of_file if p.heading.has("currency")
                for t in p.counts.index)  # fmt: skip
    counted = day is not None and bool(day.unix)
    if not counted or coins or chosen.fractions or len(values) < _FEW or values.median() < 100:
        return
    if (values % 100 == 0).mean() > _MOSTLY:
        return
    worth = values.sum()
    asks = f"Are the whole numbers in {chosen.name!r} cents, as interfaces write them?"
    options = [
        Option(f"cents (sum {worth / 100:,.2f})", {"amount_unit": "cent"}),
        Option(f"whole units (sum {worth:,.2f})", {"amount_unit": None}),
    ]
    proposal.questions.append(OpenQuestion("amount_unit", asks, options))
    proposal.keys["amount_unit"] = "cent"


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
    if (whole := _whole_of(good)) is not None:
        part = good[0].profile
        proposal.notes.append(
            f"a guess: {whole.profile.name!r} is the amount, and {part.name!r} a share of it"
        )
        good = [whole, *(f for f in good if f is not whole and f.profile is not part)]
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


def _whole_of(good: Sequence[evidence.Candidate]) -> evidence.Candidate | None:
    """Find the amount of which the likeliest one is a small share in each row: a fee, a tip."""
    part = good[0].profile.numbers
    for other in good[1:]:
        both = pd.DataFrame({"part": part, "whole": other.profile.numbers}).dropna()
        both = both[both.whole.abs() > 1]
        share = both.part / both.whole
        if len(both) < _FEW or not share.between(0, _SHARE).all() or (share == 0).mean() > 0.5:
            continue
        if share.quantile(0.9) - share.quantile(0.1) <= _SPREAD:
            return other
    return None


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


def _with_cents(p: ColumnProfile) -> bool:
    """Tell numbers that are written with two decimals, whatever they are headed."""
    written = p.numeric and not p.heading.has("rate", "discount", "tax", "id", "number")
    return bool(written and p.texts.str.fullmatch(r"-?[\d.,' ]*\d[.,]\d\d").mean() > _MOSTLY)


def _without_amounts(proposal: Proposal, found: Sequence[evidence.Candidate]) -> None:
    """Take a log without amounts for what it is; ask where a column of numbers might be one."""
    proposal.keys["amount"] = "none"
    proposal.notes.append("no column holds money: a log of visits, without amounts")
    maybe = [f.profile.name for f in found if f.score > 0 or _with_cents(f.profile)][:3]
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


def _rivals(
    proposal: Proposal, good: Sequence[evidence.Candidate], filled: Sequence[ColumnProfile]
) -> ColumnProfile:
    """Ask which of several amounts it is; the default is what the customer had to pay."""
    first = good[0]
    values = first.profile.numbers
    chosen = paid_in_place_of(first.profile, filled, PAYABLE) or first.profile
    rivals = [chosen] if chosen is not first.profile else []
    for other in good[1:]:
        if other.score < first.score - _NEAR:
            break
        both = pd.DataFrame({"a": values, "b": other.profile.numbers}).dropna()
        near = (both.a - both.b).abs().le(0.005 * both.a.abs() + 1e-9).all()
        if len(both) and not near and other.profile is not chosen:
            rivals.append(other.profile)
    if rivals:
        several = {p.name: p for p in (chosen, first.profile, *rivals[:3])}
        options = [
            Option(f"{name!r} (sum {p.numbers.sum():,.2f})", {"columns.amount": name})
            for name, p in several.items()
        ]
        proposal.questions.append(
            OpenQuestion("columns.amount", "Which column is the amount of a purchase?", options)
        )
        proposal.columns["amount"] = chosen.name
    return chosen


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
