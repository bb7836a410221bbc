"""Finds the columns of a table, and what its card must say besides: which rows, which amount."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from workbench.new import evidence
from workbench.new.evidence import best, depends, ranked, state_of
from workbench.new.kinds import scores
from workbench.new.profile import Profile, day_order
from workbench.new.proposal import Option, Proposal, Question

#: Two amounts whose scores are nearer than this are asked about.
_NEAR = 1.3
_MOSTLY = 0.95


def understand(proposal: Proposal) -> None:
    """Find the table, its columns and keys; what a preset has found already stays."""
    filled = [p for p in proposal.columns_of_file if p.filled > 0]
    if not proposal.standard:
        proposal.scores = scores(proposal.columns_of_file, proposal.upload.stem)
        best_table = max(proposal.scores, key=lambda t: proposal.scores[t])
        if proposal.scores[best_table] < 0.45:
            _as_it_is(proposal)
            return
        proposal.standard = best_table
    proposal.table = proposal.standard
    _FINDERS[proposal.standard](proposal, filled)
    _dates(proposal)
    _numbers(proposal)
    _order_columns(proposal)


def _as_it_is(proposal: Proposal) -> None:
    """Leave a table that is none of the standard ones as it is; ask what it may be."""
    likely = sorted(proposal.scores, key=lambda t: -proposal.scores[t])[:2]
    proposal.notes.append(
        f"none of the standard tables fits; the nearest are {' and '.join(likely)}. It is read as"
        " it is; to have it as one of them, rename it in the card and map its columns"
    )


# --- purchases --------------------------------------------------------------------------------


def _transactions(proposal: Proposal, filled: Sequence[Profile]) -> None:
    deals = any(p.heading.has("deal", "probability") for p in filled)
    columns = proposal.columns
    _take(proposal, "customer_id", best(filled, evidence.customer, [*columns.values()], 3.5))
    _take(
        proposal,
        "date",
        best(filled, lambda p: evidence.date(p, deals=deals), [*columns.values()]),
    )
    _same_person(proposal, filled)
    _take(proposal, "order_id", _order(proposal, filled))
    _amount(proposal, filled)
    quantity = best(filled, evidence.quantity, [*columns.values()], 5)
    _take(proposal, "quantity", quantity)
    for standard, concept in (("channel", "channel"), ("category", "category")):
        _take(proposal, standard, _categorical(filled, concept, [*columns.values()]))
    _where(proposal, filled, deals)
    proposal.missing = tuple(s for s in ("customer_id", "date") if s not in columns) + (
        () if "amount" in columns or "amount" in proposal.keys else ("amount",)
    )


def _take(proposal: Proposal, standard: str, found: evidence.Found | None) -> None:
    if found is not None and standard not in proposal.columns:
        proposal.columns[standard] = found.profile.name


def _same_person(proposal: Proposal, filled: Sequence[Profile]) -> None:
    """Ask where two columns may say who, and neither follows from the other."""
    if proposal.system or "customer_id" not in proposal.columns:
        return
    taken = [v for k, v in proposal.columns.items() if k != "customer_id"]
    first, *others = ranked(filled, evidence.customer, taken)
    frame = proposal.upload.frame
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
            Question(
                "columns.customer_id",
                "Which column says who the customer is?",
                [Option(repr(name), {"columns.customer_id": name}) for name in names],
            )
        )


def _order(proposal: Proposal, filled: Sequence[Profile]) -> evidence.Found | None:
    """Find the order's number: each has one customer and one day."""
    frame = proposal.upload.frame
    who, when = proposal.columns.get("customer_id"), proposal.columns.get("date")
    for found in ranked(filled, evidence.order, [*proposal.columns.values()]):
        if found.score < 4.5:
            break
        if all(on is None or depends(frame, found.profile.name, on) > _MOSTLY for on in (who, when)):
            return found
    return None


def _categorical(filled: Sequence[Profile], concept: str, taken: Sequence[str]) -> evidence.Found | None:
    fits = [
        p
        for p in filled
        if p.heading.has(concept)
        and p.name not in taken
        and 1 < p.distinct <= 60
        and not p.when
        and not p.heading.has("id", "number", "owner")
    ]
    return evidence.Found(fits[0], 4.0) if fits else None


# --- which amount -----------------------------------------------------------------------------


def _amount(proposal: Proposal, filled: Sequence[Profile]) -> None:
    if "amount" in proposal.keys:
        return
    taken = [*proposal.columns.values()]
    chosen = proposal.column("amount")
    found = ranked(filled, evidence.money, taken)
    good = [f for f in found if f.score >= 4.0]
    quantity = best(filled, evidence.quantity, taken, 4.0)
    price = best(filled, evidence.unit_price, taken, 4.0)
    if chosen is None and quantity and price and _is_product_of(proposal, good, quantity, price):
        _multiplied(proposal, quantity.profile, price.profile, filled)
        return
    if chosen is None:
        if not good:
            _without_amounts(proposal, found)
            return
        chosen = good[0].profile
        proposal.columns["amount"] = chosen.name
        _rivals(proposal, good)
    if chosen.heading.unit != "one":
        proposal.keys["amount_unit"] = chosen.heading.unit
    _per_order(proposal, chosen, quantity, price)


def _is_product_of(
    proposal: Proposal,
    good: Sequence[evidence.Found],
    quantity: evidence.Found,
    price: evidence.Found,
) -> bool:
    """Tell whether nothing but pieces times price gives the money of a row."""
    others = [f for f in good if f.profile.name not in (quantity.profile.name, price.profile.name)]
    if others:
        return False
    if price.profile.heading.has("unit"):
        return True
    pairs = pd.DataFrame({"q": quantity.profile.numbers, "p": price.profile.numbers}).dropna()
    if (pairs.q.abs() == 1).mean() > 0.98:
        return False
    items = next(
        (p for p in proposal.columns_of_file
         if p.heading.has("product", "note") and 1 < p.distinct < 0.5 * p.rows),
        None,
    )  # fmt: skip
    if items is None:
        proposal.questions.append(_line_or_piece(quantity.profile, price.profile))
        return True
    pairs = pairs.join(items.texts.rename("item"), how="inner")
    pairs["each"] = pairs.p / pairs.q
    spread = pairs.groupby("item").agg(p=("p", "nunique"), each=("each", "nunique")).sum()
    if spread.p > spread.each:  # the price goes with the pieces: it is the line's
        return False
    if spread.p == spread.each:
        proposal.questions.append(_line_or_piece(quantity.profile, price.profile))
    return True


def _line_or_piece(quantity: Profile, price: Profile) -> Question:
    product = f"{_quoted(quantity.name)} * {_quoted(price.name)}"
    return Question(
        "amount",
        f"Is {price.name!r} the price of one piece, or of the row?",
        [
            Option("of one piece", {"amount": product, "columns.amount": None}),
            Option("of the row", {"amount": None, "columns.amount": price.name}),
        ],
    )


def _multiplied(
    proposal: Proposal, quantity: Profile, price: Profile, filled: Sequence[Profile]
) -> None:
    proposal.columns.setdefault("quantity", quantity.name)
    formula = f"{_quoted(quantity.name)} * {_quoted(price.name)}"
    off = [
        p for p in filled
        if p.heading.has("discount") and p.numeric and not p.heading.has("rate", "probability")
        and "%" not in p.heading.text and p.numbers.abs().sum() > 0
    ]  # fmt: skip
    rows = pd.DataFrame({"q": quantity.numbers, "p": price.numbers})
    for p in off[:1]:
        known = rows.assign(off=p.numbers).dropna()
        if len(known) and (known.off.abs() <= (known.q * known.p).abs() + 0.01).all():
            if (known.off.abs() < 1).all():
                taken_off = f"{formula} * (1 - {_quoted(p.name)})"
            else:
                taken_off = f"{formula} - {_quoted(p.name)}"
            proposal.questions.append(
                Question(
                    "amount",
                    f"Is {p.name!r} to be taken off?",
                    [Option(f"yes: {taken_off}", {"amount": taken_off}),
                     Option(f"no: {formula}", {"amount": formula})],
                )
            )  # fmt: skip
            formula = taken_off
    proposal.keys["amount"] = formula
    if price.heading.unit != "one":
        proposal.keys["amount_unit"] = price.heading.unit


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else f"`{name}`"


def _without_amounts(proposal: Proposal, found: Sequence[evidence.Found]) -> None:
    """Take a log without amounts for what it is; ask where a column of numbers might be one."""
    proposal.keys["amount"] = "none"
    proposal.notes.append("no column holds money: a log of visits, without amounts")
    maybe = [f.profile.name for f in found if f.score > 0][:3]
    if maybe:
        options = [Option("none of them; it has no amounts", {"amount": "none"})]
        options += [Option(repr(m), {"amount": None, "columns.amount": m}) for m in maybe]
        proposal.questions.append(Question("amount", "Is one of these the amount?", options))


def _rivals(proposal: Proposal, good: Sequence[evidence.Found]) -> None:
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
            Question("columns.amount", "Which column is the amount of a purchase?", options)
        )


def _per_order(
    proposal: Proposal,
    amount: Profile,
    quantity: evidence.Found | None,
    price: evidence.Found | None,
) -> None:
    """Find whether the amount is the order's, on one of its lines or on each of them."""
    order = proposal.column("order_id")
    if order is None or "amount_per" in proposal.keys:
        return
    lines = pd.DataFrame({"order": order.texts, "amount": amount.numbers})
    lines = lines[lines["order"].notna()]
    several = lines.groupby("order", sort=False).filter(lambda g: len(g) > 1)
    if several.empty:
        return
    by_order = several.groupby("order", sort=False)["amount"]
    same = by_order.nunique() <= 1
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
            Question(
                "amount_per",
                f"{amount.name!r} is the same on all lines of an order: the order's total, or"
                " each line's?",
                [Option("the order's total, once", {"amount_per": "order"}),
                 Option("each line's own", {"amount_per": None})],
            )
        )  # fmt: skip


# --- which rows -------------------------------------------------------------------------------


def _where(proposal: Proposal, filled: Sequence[Profile], deals: bool) -> None:
    if "where" in proposal.keys:
        _ask_unknown(proposal, filled)
        return
    where: dict[str, object] = {}
    states = best(filled, evidence.status, [*proposal.columns.values()], 4.5)
    won = next((p for p in filled if p.boolean and p.heading.text.lower().replace("_", "")
                .replace(" ", "") in ("iswon", "won", "isclosedwon")), None)  # fmt: skip
    if won is not None:
        where[won.name] = [v for v in won.texts.unique() if state_of(v) == "yes"]
    elif states is not None:
        _by_state(proposal, states.profile, where, deals)
    for p in filled:
        if p.heading.has("flow") and any(state_of(v) == "received" for v in p.counts.index):
            where[p.name] = [v for v in p.texts.unique() if state_of(v) == "received"]
        if p.heading.has("flag") and p.heading.has("system"):
            gone = [v for v in p.texts.unique() if state_of(v) == "yes"]
            if gone:
                where[p.name] = {"not": gone}
        if p.when and 0 < p.filled < 0.5 and "cancel" in p.heading.squashed:
            where[p.name] = [""]
    if where:
        proposal.keys["where"] = where


def _by_state(
    proposal: Proposal, states: Profile, where: dict[str, object], deals: bool
) -> None:
    values = list(states.counts.index)
    said = {v: state_of(v) for v in values}
    good = [v for v in values if said[v] == "bought"]
    bad = [v for v in values if said[v] in ("not_bought", "open")]
    unknown = [v for v in values if said[v] == ""]
    if not good and not bad:
        if deals or states.heading.has("status"):
            listed = ", ".join(map(str, values[:8]))
            proposal.questions.append(
                Question(
                    "where",
                    f"Which values of {states.name!r} are purchases ({listed})?",
                    [Option("all of them", {"where": None}),
                     *(Option(f"{v!r} alone", {"where": {states.name: [v]}}) for v in values[:8])],
                )
            )  # fmt: skip
        return
    if deals and good:
        where[states.name] = good
    elif bad:
        where[states.name] = {"not": bad}
    if unknown and (bad or deals):
        _unknown_states(proposal, states.name, good, bad, unknown, deals, where)


def _unknown_states(
    proposal: Proposal,
    name: str,
    good: Sequence[str],
    bad: Sequence[str],
    unknown: Sequence[str],
    deals: bool,
    where: Mapping[str, object],
) -> None:
    shown = ", ".join(repr(v) for v in unknown[:6])
    kept, left = {name: [*good, *unknown]}, {name: {"not": [*bad, *unknown]}}
    if deals:
        options = [
            Option("no purchases", {"where": dict(where)}),
            Option("purchases", {"where": {**where, **kept}}),
        ]
    else:
        options = [
            Option("purchases", {"where": dict(where)}),
            Option("no purchases", {"where": {**where, **left}}),
        ]
    proposal.questions.append(
        Question("where", f"Are rows with {shown} in {name!r} purchases?", options)
    )


def _ask_unknown(proposal: Proposal, filled: Sequence[Profile]) -> None:
    """Drop conditions of a preset on columns that are not there or empty."""
    names = {p.name for p in filled}
    where = {c: v for c, v in proposal.keys["where"].items() if c in names}
    proposal.keys["where"] = where
    if not where:
        del proposal.keys["where"]


# --- the other tables -------------------------------------------------------------------------


def _customers(proposal: Proposal, filled: Sequence[Profile]) -> None:
    def key(p: Profile) -> float:
        score = evidence.customer(p, log=False)
        if p.heading.has("id", "number") and not p.heading.has(
            "owner", "account", "parent", "phone", "card", "address", "product", "order"
        ):
            score = max(score, 6.0 + 2 * (p.unique > 0.98) + 2 * p.named)
        return score - (4 if p.unique < 0.9 else 0)

    _take(proposal, "customer_id", best(filled, key, [*proposal.columns.values()]))
    who = proposal.columns.get("customer_id")

    def named(*concepts: str, no: Sequence[str] = ()) -> Callable[[Profile], float]:
        bars = ("owner", "product", "flag", "shipto", "parent", *no)

        def score(p: Profile) -> float:
            if not p.heading.has(*concepts) or p.heading.has(*bars):
                return -9.0
            return 3.5 + p.filled - 0.1 * len(p.heading.concepts)

        return score

    wanted: Mapping[str, Callable[[Profile], float]] = {
        "name": named("name", no=("first", "last", "id", "email", "phone", "group", "place",
                                  "method", "channel", "status", "store", "address")),
        "phone": named("phone", no=("id",)),
        "email": lambda p: named("email", no=("id", "first"))(p) if p.mail > 0.5 else -9.0,
        "address": lambda p: named("address", no=("id", "email"))(p) if p.length > 6 else -9.0,
        "gender": named("gender"),
        "joined_on": lambda p: (named("joined", "created")(p) + p.heading.has("joined")
                                if p.when else -9.0),
    }  # fmt: skip
    for standard, score in wanted.items():
        if standard == "name" and who is not None and not proposal.own[who].heading.has("id", "number"):
            if proposal.own[who].heading.has("name"):
                continue
        _take(proposal, standard, best(filled, score, [*proposal.columns.values()]))
    for standard, words in (
        ("city", ("city", "stadt", "ort", "ville", "ciudad", "citta", "城市", "市区町村")),
        ("region", ("region", "state", "province", "bundesland", "省", "地区", "区域", "都道府県")),
    ):
        fits = [p for p in filled if any(w in p.heading.squashed for w in words)
                and p.name not in proposal.columns.values() and not p.when
                and not p.heading.has("shipto", "owner", "status", "address")]  # fmt: skip
        if fits:
            proposal.columns[standard] = fits[0].name
    proposal.missing = () if who else ("customer_id",)


def _interactions(proposal: Proposal, filled: Sequence[Profile]) -> None:
    columns = proposal.columns
    _take(proposal, "customer_id", best(filled, evidence.customer, [*columns.values()], 3.0))
    _take(proposal, "at", best(filled, _opened, [*columns.values()]))
    _take(proposal, "channel", _categorical(filled, "channel", [*columns.values()]))
    for concept in ("method", "category", "ticket", "subject"):
        kinds = _categorical(filled, concept, [*columns.values()])
        if kinds is not None and not kinds.profile.heading.has("status", "priority", "payment"):
            _take(proposal, "kind", kinds)
    reply = best(filled, _reply, [*columns.values()])
    _take(proposal, "response_hours", reply)
    _take(proposal, "resolved", best(filled, _resolved, [*columns.values()]))
    proposal.missing = tuple(s for s in ("customer_id", "at") if s not in columns)


def _opened(p: Profile) -> float:
    return evidence.date(p) + 2 * p.heading.has("created", "ticket") - 3 * p.heading.has("closed")


def _reply(p: Profile) -> float:
    """Score a column as the time to the first answer."""
    h = p.heading
    if not p.numeric or not h.has("reply") or h.has("count", "satisfaction"):
        return -9.0
    score = 2.0 + 2 * h.has("first") + 1 * h.has("time") + 0.5 * p.filled
    # within business hours is another clock
    return score - (1.5 if "business" in h.squashed else 0) - (3 if not h.has("time", "first") else 0)


def _resolved(p: Profile) -> float:
    h = p.heading
    if p.when or p.numeric and not p.boolean or p.distinct > 20:
        return -9.0
    if h.has("resolved"):
        return 6.0 + p.filled
    return (4.0 if h.has("status") and not h.has("satisfaction", "owner") else -9.0) + p.filled


def _contracts(proposal: Proposal, filled: Sequence[Profile]) -> None:
    columns = proposal.columns

    def number(p: Profile) -> float:
        if not p.heading.has("contract", "id", "number") or p.when or p.numeric and p.fractions:
            return -9.0
        mine = 4 * p.heading.has("contract") + 2 * p.heading.has("id", "number") + 3 * p.unique
        return mine - 6 * p.heading.has("customer", "product", "owner", "plan", "phone")

    def fee(p: Profile) -> float:
        return evidence.money(p) + 4 * p.heading.has("monthly") + 5 * p.heading.has("fee")

    _take(proposal, "contract_id", best(filled, number, [*columns.values()], 4.5))
    _take(proposal, "customer_id", best(filled, evidence.customer, [*columns.values()], 3.0))
    for standard, concepts in (("start", ("start", "created")), ("end", ("end", "due", "closed"))):
        def when(p: Profile, concepts: tuple[str, ...] = concepts) -> float:
            told = [4.0 - 1.5 * i for i, c in enumerate(concepts) if p.heading.has(c)]
            usable = p.when or (not p.filled and p.heading.has("end"))
            return max(told, default=-9.0) + p.filled if usable else -9.0

        _take(proposal, standard, best(proposal.columns_of_file, when, [*columns.values()], 2.0))
    _take(proposal, "plan", _categorical(filled, "plan", [*columns.values()]))
    _take(proposal, "monthly_fee", best(filled, fee, [*columns.values()], 5.0))
    needed = ("customer_id", "contract_id", "start")
    proposal.missing = tuple(s for s in needed if s not in columns)


def _survey(proposal: Proposal, filled: Sequence[Profile]) -> None:
    columns = proposal.columns

    def respondent(p: Profile) -> float:
        h = p.heading
        score = 5.0 * h.has("respondent") + 2.0 * h.has("id", "number") + 2 * p.unique
        score -= 6 * h.has("customer", "question", "owner", "web", "product", "name", "answered")
        return score - (6 if p.unique < 0.9 or p.when or p.free_text else 0)

    def answered(p: Profile) -> float:
        if not p.when:
            return -9.0
        return 2.5 + 3 * p.heading.has("answered", "end") + p.heading.has("date", "time") + p.filled

    _take(proposal, "respondent_id", best(filled, respondent, [*columns.values()], 4.0))
    _take(proposal, "customer_id", best(
        [p for p in filled if p.heading.has("customer", "account") and not p.heading.has("question")],
        evidence.customer, [*columns.values()], 5.0))  # fmt: skip
    _take(proposal, "answered_on", best(filled, answered, [*columns.values()]))
    for standard, concept in (("wave", "wave"), ("recommend", "recommend")):
        fits = [p for p in filled if p.heading.has(concept) and p.name not in columns.values()]
        if fits:
            columns.setdefault(standard, fits[0].name)
    notes = [p for p in filled if p.free_text and p.heading.has("note", "question", "respondent")]
    if notes:
        columns.setdefault("comment", notes[0].name)
    exact = {p.heading.squashed: p.name for p in filled}
    for standard in ("csat5", "csat10", "recommend", "comment", "seconds", "language"):
        if standard in exact:
            columns[standard] = exact[standard]
    proposal.missing = tuple(s for s in ("respondent_id", "wave") if s not in columns)


def _treatments(proposal: Proposal, filled: Sequence[Profile]) -> None:
    columns = proposal.columns

    def case(p: Profile) -> float:
        usable = p.heading.has("treatment") and not p.when and p.distinct <= 40
        return 5.0 - 0.5 * p.heading.has("id") if usable else -9.0

    _take(proposal, "case", best(filled, case, [*columns.values()]))
    _take(proposal, "customer_id", best(filled, evidence.customer, [*columns.values()], 3.0))
    _take(proposal, "start", best(filled, evidence.date, [*columns.values()], 2.0))
    needed = ("case", "customer_id", "start")
    proposal.missing = tuple(s for s in needed if s not in columns)


def _series(proposal: Proposal, filled: Sequence[Profile]) -> None:
    _take(proposal, "date", best(filled, evidence.date, [], 0.0))
    proposal.missing = () if "date" in proposal.columns else ("date",)


# --- how dates and numbers are written --------------------------------------------------------

_WHEN = ("date", "at", "start", "end", "joined_on", "answered_on")


def _dates(proposal: Proposal) -> None:
    """Say how dates are written where the reader could take them for other days."""
    formats: dict[str, str] = {}
    for standard in _WHEN:
        p = proposal.column(standard)
        if p is None:
            continue
        if p.date <= 0.8 and p.unix:
            formats[standard] = p.unix
        elif p.date <= 0.8 and p.serial:
            formats[standard] = "excel"
        elif day_order(p) != "none":
            order, written = day_order(p), _written(p)
            if order and written:
                formats[standard] = written[order]
            elif written and not order:
                proposal.questions.append(_day_or_month(standard, p, written))
    if formats:
        values = set(formats.values())
        several = len([s for s in _WHEN if s in proposal.columns]) > 1
        proposal.keys.setdefault(
            "date_format", formats if several or len(values) > 1 else values.pop()
        )


def _day_or_month(standard: str, p: Profile, written: Mapping[str, str]) -> Question:
    example = next(iter(p.texts))
    return Question(
        "date_format",
        f"Is {example!r} in {p.name!r} written day first or month first? All of its dates can be"
        " read either way",
        [
            Option("day first", {"date_format": written["day"]}),
            Option("month first", {"date_format": written["month"]}),
        ],
        default=None,
    )


def _written(p: Profile) -> dict[str, str] | None:
    """Give the two formats that dates of three numbers can have: day first, month first."""
    from workbench.data.clean.parse import date_format

    texts = p.texts.drop_duplicates().head(2000)
    found = date_format(texts)
    for one in (found.format, *found.rivals):
        if one is None:
            continue
        day, _, rest = one.partition(" ")
        mark = next((m for m in "/-." if m in day), "")
        if mark and {"%d", "%m"} <= set(day.split(mark)):
            year = "%y" if "%y" in day else "%Y"
            tail = f" {rest}" if rest else ""
            return {
                "day": mark.join(("%d", "%m", year)) + tail,
                "month": mark.join(("%m", "%d", year)) + tail,
            }
    return None


def _numbers(proposal: Proposal) -> None:
    """Say which mark divides and which groups, where a number's own look does not."""
    used = [proposal.column(s) for s in ("amount", "quantity", "monthly_fee", "response_hours")]
    formula = proposal.keys.get("amount", "")
    named = [p for p in proposal.columns_of_file if p.name in formula and p.numeric]
    numbers = [p for p in (*used, *named) if p is not None]
    if any(p.decimal_comma for p in numbers):
        proposal.keys.setdefault("decimal", ",")
        return
    for p in numbers:
        mark = p.grouped_only
        if not mark or p.heading.has("quantity") and p.fractions == 0 and mark == ".":
            continue
        example = next(t for t in p.texts if mark in t)
        plain = f"{float(example.replace(mark, '').strip('¥$€£ ') or 0):,.0f}" if _bare(example, mark) else "thousands"
        thousands = {"thousands": mark, "decimal": "." if mark == "," else ","}
        divided = {"decimal": mark, "thousands": None}
        proposal.keys.update(thousands)
        proposal.questions.append(
            Question(
                "thousands",
                f"Is {example!r} in {p.name!r} {plain}, or one and a bit?",
                [Option(f"thousands: {plain}", thousands), Option("a fraction", divided)],
            )
        )
        return


def _bare(text: str, mark: str) -> bool:
    return text.replace(mark, "").strip("¥$€£ ").isdigit()


def _order_columns(proposal: Proposal) -> None:
    from workbench.data.schemas import schema_of

    schema = schema_of(proposal.standard)
    order = list(schema.columns) if schema else []
    proposal.columns = dict(
        sorted(proposal.columns.items(), key=lambda c: order.index(c[0]) if c[0] in order else 99)
    )


_FINDERS: Mapping[str, Callable[[Proposal, Sequence[Profile]], None]] = {
    "transactions": _transactions,
    "customers": _customers,
    "interactions": _interactions,
    "contracts": _contracts,
    "survey": _survey,
    "treatments": _treatments,
    "series": _series,
}
