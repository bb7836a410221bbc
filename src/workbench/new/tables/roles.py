"""Finds the table that a file is, and the columns of each kind of table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from workbench.data.schemas import schema_of
from workbench.new.columns import evidence
from workbench.new.columns.evidence import best
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.columns.states import is_settled
from workbench.new.columns.taking import categorical, take
from workbench.new.columns.writing import dates, numbers
from workbench.new.purchase_log.purchases import transactions
from workbench.new.survey.hints import camped, camps_of, is_camp
from workbench.new.survey.questions import MOST_WAVES, answers_of, find_questions
from workbench.new.survey.scales import rating_of
from workbench.new.survey.trial_rows import doubtful_rows, trial_rows
from workbench.new.tables.kinds import scores
from workbench.new.tables.other import what_else
from workbench.study.survey import SCORES

#: Headings below which nothing is said of most of them.
_FEW_HEADINGS = 5


def understand(proposal: Proposal) -> None:
    """Find the table, its columns and keys; what a preset has found already stays."""
    filled = [p for p in proposal.columns_of_file if p.filled > 0]
    if not proposal.standard and (other := what_else(filled)):
        _not_ours(proposal, other)
        return
    if not proposal.standard:
        proposal.scores = scores(proposal.columns_of_file, proposal.upload.stem)
        best_table = max(proposal.scores, key=lambda t: proposal.scores[t])
        if proposal.scores[best_table] < 0.45:
            if not _is_log(filled):
                _as_it_is(proposal)
                return
            best_table = "transactions"  # which is what most people have
        proposal.standard = best_table
    proposal.table = proposal.standard
    _FINDERS[proposal.standard](proposal, filled)
    dates(proposal)
    numbers(proposal)
    _order_columns(proposal)
    _strange_headings(proposal, filled)


def _strange_headings(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    """Ask for a look where most headings say nothing to us: what we found may be chance."""
    if proposal.system or proposal.standard == "survey":
        return
    strange = [p.name for p in filled if not p.heading.concepts]
    if len(filled) < _FEW_HEADINGS or len(strange) * 2 <= len(filled):
        return
    listed = ", ".join(repr(name) for name in strange[:4])
    proposal.questions.append(
        OpenQuestion(
            "table",
            f"Most headings are words that are not known here ({listed}): are the table and its"
            " columns what they were taken for?",
            [Option("they were taken as the values suggest", {})],
        )
    )


def _is_log(filled: Sequence[ColumnProfile]) -> bool:
    """Tell a log whose headings say nothing by what is in it: days, and somebody repeatedly."""
    return any(p.when for p in filled) and bool(best(filled, evidence.customer, [], 3.0))


def _as_it_is(proposal: Proposal) -> None:
    """Leave a table that is none of the standard ones as it is; ask what it may be."""
    likely = sorted(proposal.scores, key=lambda t: -proposal.scores[t])[:2]
    proposal.notes.append(
        f"none of the standard tables fits; the nearest are {' and '.join(likely)}. It is read as"
        " it is; to have it as one of them, rename it in the card and map its columns"
    )


def _not_ours(proposal: Proposal, other: str) -> None:
    """Leave a table that is not of customers as it is, and ask whether that is so."""
    proposal.questions.append(
        OpenQuestion(
            "table",
            f"This looks like {other}. It is read as it is, and no page is made of it; if it is a"
            " log of purchases all the same, rename it `transactions` in the card and map its"
            " columns",
            [Option("it is left as it is", {})],
        )
    )


def _customers(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    def key(p: ColumnProfile) -> float:
        score = evidence.customer(p, log=False)
        if p.heading.has("id", "number") and not p.heading.has(
            "owner", "account", "parent", "phone", "card", "address", "product", "order"
        ):
            score = max(score, 6.0 + 2 * (p.unique > 0.98) + 2 * p.named)
        return score - (4 if p.unique < 0.9 else 0)

    take(proposal, "customer_id", best(filled, key, [*proposal.columns.values()]))
    who = proposal.columns.get("customer_id")

    def headed(*concepts: str, no: Sequence[str] = ()) -> Callable[[ColumnProfile], float]:
        bars = ("owner", "product", "flag", "shipto", "parent", *no)

        def score(p: ColumnProfile) -> float:
            if not p.heading.has(*concepts) or p.heading.has(*bars):
                return -9.0
            return 3.5 + p.filled - 0.1 * len(p.heading.concepts)

        return score

    wanted: Mapping[str, Callable[[ColumnProfile], float]] = {
        "name": headed("name", no=("first", "last", "id", "email", "phone", "group", "place",
                                  "method", "channel", "status", "store", "address")),
        "phone": headed("phone", no=("id",)),
        "email": lambda p: headed("email", no=("id", "first"))(p) if p.mail > 0.5 else -9.0,
        "address": lambda p: headed("address", no=("id", "email"))(p) if p.length > 6 else -9.0,
        "gender": headed("gender"),
        "joined_on": lambda p: (headed("joined", "created")(p) + p.heading.has("joined")
                                if p.when else -9.0),
    }  # fmt: skip
    for standard, score in wanted.items():
        if standard == "name" and who is not None and _is_name(proposal.own[who]):
            continue
        take(proposal, standard, best(filled, score, [*proposal.columns.values()]))
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


def _is_name(p: ColumnProfile) -> bool:
    return p.heading.has("name") and not p.heading.has("id", "number")


def _interactions(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    columns = proposal.columns
    take(proposal, "customer_id", best(filled, evidence.customer, [*columns.values()], 3.0))
    take(proposal, "at", best(filled, _opened, [*columns.values()]))
    take(proposal, "channel", categorical(filled, "channel", [*columns.values()]))
    for concept in ("method", "category", "ticket", "subject"):
        kinds = categorical(filled, concept, [*columns.values()])
        bars = ("status", "state", "priority", "payment")
        if kinds is not None and not kinds.profile.heading.has(*bars):
            take(proposal, "kind", kinds)
    reply = best(filled, _reply, [*columns.values()])
    take(proposal, "response_hours", reply)
    take(proposal, "resolved", best(filled, _resolved, [*columns.values()]))
    take(proposal, "resolved_at", best(filled, _ended, [*columns.values()]))
    take(proposal, "ticket_id", best(filled, _ticket, [*columns.values()]))
    _ends(proposal)
    proposal.missing = tuple(s for s in ("customer_id", "at") if s not in columns)


def _ends(proposal: Proposal) -> None:
    """Say in what the times are written, and which states are an end."""
    reply, resolved = proposal.column("response_hours"), proposal.column("resolved")
    if reply is not None and reply.clock < 0.8 and (unit := _time_unit(reply)) != "hour":
        proposal.keys.setdefault("response_unit", unit)
    if resolved is None or resolved.boolean:
        return
    values = [str(v) for v in resolved.counts.index]
    ends = [v for v in values if is_settled(v)]
    if ends:
        proposal.keys.setdefault("resolved", ends)
    elif not resolved.heading.has("resolved") or resolved.distinct > 2:
        options = [Option(f"{v!r}", {"resolved": [v]}) for v in values[:6]]
        options.append(Option("none of them", {"columns.resolved": None}))
        asks = f"Which value of {resolved.name!r} is the end of a contact?"
        proposal.questions.append(OpenQuestion("resolved", asks, options, default=len(options) - 1))


def _time_unit(p: ColumnProfile) -> str:
    """Read the unit of a duration in its heading; hours where it says none and they are few."""
    text = p.heading.text.casefold()
    for unit, word in (
        ("minute", r"\bmin|minut|分钟|分鐘|分\b|\(分\)|（分）"),
        ("second", r"\bsec|sekund|second|\(s\)|秒"),
        ("day", r"\bdays?\b|\btage?\b|\bjours?\b|天|\(日\)"),
        ("hour", r"\bh\b|hour|stund|heure|小时|時間|\(h\)"),
    ):
        if re.search(word, text):
            return unit
    return "hour"


def _opened(p: ColumnProfile) -> float:
    return evidence.date(p) + 2 * p.heading.has("created", "ticket") - 3 * p.heading.has("closed")


def _ended(p: ColumnProfile) -> float:
    """Score a column as the moment at which a contact was settled."""
    h = p.heading
    told = p.when and h.has("resolved", "closed", "end") and not h.has("due", "first", "reply")
    return 4.0 + h.has("resolved") + p.filled if told else -9.0


def _ticket(p: ColumnProfile) -> float:
    h = p.heading
    told = h.has("ticket") and h.has("id", "number") and not h.has("customer", "owner", "parent")
    return 4.0 + p.unique if told and p.unique > 0.9 and not p.when else -9.0


def _reply(p: ColumnProfile) -> float:
    """Score a column as the time to the first answer."""
    h = p.heading
    if not (p.numeric or p.clock > 0.8) or not h.has("reply") or h.has("count", "satisfaction"):
        return -9.0
    score = 2.0 + 2 * h.has("first") + 1 * h.has("time") + 0.5 * p.filled
    # within business hours is another clock
    return score - (1.5 if "business" in h.squashed else 0) - 3 * h.squashed.endswith("replies")


def _resolved(p: ColumnProfile) -> float:
    h = p.heading
    if p.when or (p.numeric and not p.boolean) or p.distinct > 20 or p.clock > 0.5 or h.measure:
        return -9.0
    if h.has("resolved") and not h.has("time", "date", "reply", "status"):
        return 6.0 + p.filled
    stated = h.has("state") and any(is_settled(str(v)) for v in p.counts.index)
    if not (h.has("status") or stated) or h.has("satisfaction", "owner", "reply"):
        return -9.0
    # of two states the ticket's own: "Resolution status" says whether that was in time
    return 4.0 + p.filled - h.has("resolved")


def _contracts(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    columns = proposal.columns

    def number(p: ColumnProfile) -> float:
        if not p.heading.has("contract", "id", "number") or p.when or (p.numeric and p.fractions):
            return -9.0
        mine = 4 * p.heading.has("contract") + 2 * p.heading.has("id", "number") + 3 * p.unique
        return mine - 6 * p.heading.has("customer", "product", "owner", "plan", "phone")

    take(proposal, "contract_id", best(filled, number, [*columns.values()], 4.5))
    take(proposal, "customer_id", best(filled, evidence.customer, [*columns.values()], 3.0))
    for standard, concepts in (("start", ("start", "created")), ("end", ("end", "due", "closed"))):

        def when(p: ColumnProfile, concepts: tuple[str, ...] = concepts) -> float:
            told = [4.0 - 1.5 * i for i, c in enumerate(concepts) if p.heading.has(c)]
            usable = p.when or (not p.filled and p.heading.has("end"))
            return max(told, default=-9.0) + p.filled if usable else -9.0

        take(proposal, standard, best(proposal.columns_of_file, when, [*columns.values()], 2.0))
    for concept in ("plan", "price"):
        plans = categorical([p for p in filled if not p.numeric], concept, [*columns.values()])
        take(proposal, "plan", plans)
    take(proposal, "monthly_fee", best(filled, _fee, [*columns.values()], 5.0))
    _fee_per(proposal)
    needed = ("customer_id", "contract_id", "start")
    proposal.missing = tuple(s for s in needed if s not in columns)


def _fee(p: ColumnProfile) -> float:
    """Score a column as the fee of a contract: of a month, before that of a year, before others."""
    h = p.heading
    if (
        not p.numeric
        or p.when
        or h.measure
        or h.has("id", "number", "count", "quantity", "discount")
    ):
        return -9.0
    if h.has("monthly") and not h.has("date", "time"):
        return 9.0 + p.filled
    if h.has("yearly"):
        return 7.0 + p.filled
    money = evidence.money(p) + 3.0 * h.has("fee") - 4.0 * h.has("billing", "order")
    told = h.has("fee", "price", "amount") and not h.has("tax", "order", "billing")
    return max(money, 5.0 + p.filled) if told else money


def _fee_per(proposal: Proposal) -> None:
    """Say for how long the fee is written; ask where neither it nor another column tells."""
    fee = proposal.column("monthly_fee")
    if fee is None or "fee_per" in proposal.keys or fee.heading.has("monthly"):
        return
    if fee.heading.unit != "one":
        proposal.keys["amount_unit"] = fee.heading.unit
    if fee.heading.has("yearly"):
        proposal.keys["fee_per"] = "year"
        return
    spans = ("month", "year", "quarter")
    proposal.questions.append(
        OpenQuestion(
            "fee_per",
            f"Is {fee.name!r} the fee of a month, of a year, or of a quarter?",
            [Option(f"of a {span}", {"fee_per": span}) for span in spans]
            + [Option("no fee", {"columns.monthly_fee": None})],
        )
    )


def _survey(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    columns = proposal.columns

    def respondent(p: ColumnProfile) -> float:
        h = p.heading
        score = 5.0 * h.has("respondent") + 2.0 * h.has("id", "number") + 2 * p.unique
        score -= 6 * h.has("customer", "question", "owner", "web", "product", "name", "answered")
        return score - (6 if p.unique < 0.9 or p.when or p.free_text else 0)

    def answered(p: ColumnProfile) -> float:
        if not p.when or (p.heading.has("wave") and p.distinct <= MOST_WAVES):
            return -9.0
        return 2.5 + 3 * p.heading.has("answered", "end") + p.heading.has("date", "time") + p.filled

    take(proposal, "respondent_id", best(filled, respondent, [*columns.values()], 4.0))
    named = [p for p in filled if p.heading.has("customer", "account")]
    named = [p for p in named if not p.heading.has("question")]
    take(proposal, "customer_id", best(named, evidence.customer, [*columns.values()], 5.0))
    take(proposal, "answered_on", best(filled, answered, [*columns.values()]))
    for standard in ("wave", "recommend"):
        fits = [p for p in filled if p.heading.has(standard) and p.name not in columns.values()]
        if standard == "recommend":  # and not why they do, nor to which camp this sorts them
            sorted_ = camps_of(filled)
            fits = [p for p in fits if not (p.free_text or is_camp(p) or p.name in sorted_)]
            made = camped(filled)
            fits = sorted(fits, key=lambda p: rating_of(p) is None) or ([made] if made else [])
        if fits:
            columns.setdefault(standard, fits[0].name)
    notes = [p for p in filled if p.free_text and p.heading.has("note", "question", "respondent")]
    if notes:
        columns.setdefault("comment", notes[0].name)
    exact = {p.heading.squashed: p.name for p in filled}
    for standard in (*SCORES, "comment", "seconds", "language"):
        if standard in exact:
            columns[standard] = exact[standard]
    find_questions(proposal)
    answers = answers_of(proposal)
    proposal.set_rows(trial_rows(proposal.columns_of_file, answers))
    proposal.questions += doubtful_rows(proposal.columns_of_file, answers)
    if "respondent_id" not in columns:
        proposal.notes.append("no column says who answered: each row is somebody else")


def _treatments(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    columns = proposal.columns

    def case(p: ColumnProfile) -> float:
        usable = p.heading.has("treatment") and not p.when and p.distinct <= 40
        return 5.0 - 0.5 * p.heading.has("id") if usable else -9.0

    def who(p: ColumnProfile) -> float:
        # one row a customer, or several
        return max(evidence.customer(p), evidence.customer(p, log=False))

    take(proposal, "case", best(filled, case, [*columns.values()]))
    take(proposal, "customer_id", best(filled, who, [*columns.values()], 3.0))
    take(proposal, "start", best(filled, evidence.date, [*columns.values()], 2.0))
    needed = ("case", "customer_id", "start")
    proposal.missing = tuple(s for s in needed if s not in columns)


def _series(proposal: Proposal, filled: Sequence[ColumnProfile]) -> None:
    take(proposal, "date", best(filled, evidence.date, [], 0.0))
    proposal.missing = () if "date" in proposal.columns else ("date",)


def _order_columns(proposal: Proposal) -> None:
    schema = schema_of(proposal.standard)
    order = list(schema.columns) if schema else []
    proposal.columns = dict(
        sorted(proposal.columns.items(), key=lambda c: order.index(c[0]) if c[0] in order else 99)
    )


_FINDERS: Mapping[str, Callable[[Proposal, Sequence[ColumnProfile]], None]] = {
    "transactions": transactions,
    "customers": _customers,
    "interactions": _interactions,
    "contracts": _contracts,
    "survey": _survey,
    "treatments": _treatments,
    "series": _series,
}
