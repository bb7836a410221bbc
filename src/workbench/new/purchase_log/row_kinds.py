"""Finds which rows of a log are purchases: by its states, types and events, its yes and no.

Words that are known make a proposal, which says that it is a guess; others are asked about, each
by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from workbench.new.columns import evidence
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal, RowKind
from workbench.new.columns.states import (
    billing_types,
    groups_of,
    is_owed,
    is_purchase,
    is_sent,
    must_be,
    quotes_too,
    state_of,
)
from workbench.new.columns.words import read_heading
from workbench.new.purchase_log.deductions import amounts, says_owed
from workbench.study.formula import read_formula

#: Values that are asked about one by one; further ones together.
_SINGLY = 8
#: Values of a column that may still tell kinds of rows.
_FEW, _FEW_STATES = 12, 40
_ALL = 0.98
_NO_KIND = (
    "customer", "product", "store", "owner", "address", "place", "gender", "currency", "birth",
    "phone", "email", "web", "card", "group", "contact", "account", "priority", "satisfaction",
    "question", "treatment", "requester", "counterparty", "tax", "quantity", "plan",
)  # fmt: skip
_TYPE = re.compile(
    r"type|kind|typ$|typ_|art$|tipo|soort|nature|类型|类别|种类|類型|種別|種類|区分|유형|тип"
)
#: What a heading of yes and no says beside its state.
_PLAIN = re.compile(r"^(is|was|ist|est|es|flag|ind|indicator|yn|是否|已|flg)$")
_DAYS = ("at", "on", "date", "time", "datum", "le", "utc", "day")
#: Words of a heading that say no more than that a row is one.
_ROW = re.compile(r"(?i)doc(ument)?|record|entry|posting|movement|voucher|beleg|buchung|business")
_TESTS = re.compile(r"(?i)(?:^|[^a-z])(?:is_?)?(?:test|sandbox|dummy)(?:[^a-z]|$)|测试|テスト")
_BILLS = re.compile(r"(?i)invoice|rechnung|facture|factura|fattura|fa[ck]tuur|fa[ck]tura|发票|請求")
_MARKS = ("x", "✓", "✔", "√", "*")
#: The day on which an order was paid.
_PAID_ON = re.compile(r"(?i)paid|bezahlt|pay[ée]|pagad|pagat|оплачен|付款|支付|入金|결제")
#: An event that undoes a purchase, beside those that say that none came about.
_UNDOES = re.compile(r"(?i)refund|return|cancel|revers|charge ?back|void|退|取消|返")
#: A state of a document that somebody has to let pass.
_RELEASE = re.compile(r"(?i)releas|approv|posting|freigabe|审批|审核|过账|承認")
#: A refund of a part of a purchase, in one order or the other.
_PART = re.compile(
    r"(?i)part\w*[ _-]*(refund|return|rembours)|teil\w*[ _-]*(erstatt|retour)"
    r"|(reembols|rimbors|rembours)\w* (parc|parz|part)|部分(退|返)|一部返"
)
_MONEY = ("amount", "total", "net", "price", "quantity", "payment", "payable")


def rows_of_purchases(
    proposal: Proposal, filled: Sequence[ColumnProfile], *, deals: bool = False
) -> None:
    """Find which rows are purchases, which are refunds, and what has to be asked."""
    _Finder(proposal, filled, deals).find()


def rows_that_undo(filled: Sequence[ColumnProfile]) -> pd.Index[int]:
    """Give the rows that seem to be refunds: their amounts are below zero, or a type says so."""
    found: set[int] = set()
    for p in filled:
        if p.numeric and p.heading.has(*_MONEY):
            found |= set(p.numbers.index[p.numbers < 0])
        elif _role(p) in ("kind", "other") and p.distinct <= _FEW:
            said = {v: state_of(v) for v in p.counts.index}
            back = [v for v in said if said[v] == "refund"
                    or (said[v] == "not_bought" and _UNDOES.search(v))]  # fmt: skip
            found |= set(_rows_with(p, back))
    return pd.Index(sorted(found))


def _undoing_event(p: ColumnProfile, value: str) -> bool:
    """Tell an event that undoes a purchase: it has a row of its own."""
    undone = state_of(value) in ("not_bought", "refund") and bool(_UNDOES.search(value))
    return p.heading.has("event") and undone


def _role(p: ColumnProfile) -> str:
    """Tell what a column may say of a row: its ``state``, its ``kind``, a ``flow`` or ``other``."""
    h = p.heading
    if p.when or p.free_text or p.boolean or not p.distinct or p.distinct > _FEW_STATES:
        return ""
    if h.has("flow"):
        return "flow"
    if h.has("owner", "address", "customer", "product", "flag"):
        return ""
    stated = h.has("status") or (h.has("state", "closed") and h.has("order", "deal", "payment"))
    if stated and not h.has("status") and all(re.fullmatch("[A-Z]{2}", v) for v in p.counts.index):
        stated = False  # the state of a country to which orders went
    if not stated and h.has("state"):  # of the row, or of a country: its values tell
        known = [v for v in p.counts.index if state_of(v)]
        stated = len(known) >= 3 and len(known) >= 0.7 * p.distinct
    if p.numeric:  # codes of states
        return "state" if stated and not p.fractions and p.distinct <= _FEW else ""
    if stated or evidence.status(p) >= 4.5:
        return "state"
    if h.has(*_NO_KIND) or p.distinct > _FEW or p.mail > 0.5:
        return ""
    typed = h.has("event", "scenario") or (h.has("method") and bool(_TYPE.search(h.squashed)))
    return "kind" if typed and not h.has("payment", "freight", "channel", "shipped") else "other"


def about_rows(
    proposal: Proposal,
    p: ColumnProfile,
    values: Sequence[str],
    default: str,
    *,
    refunds: bool = False,
) -> OpenQuestion:
    """Ask what the rows with some values are: purchases, none, or perhaps refunds."""
    labels = {"bought": "purchases", "left_out": "no purchases"}
    if refunds:
        labels["refund"] = "refunds, to be taken off earlier purchases"
    if default == "left_out":
        labels = {"left_out": labels.pop("left_out"), **labels}
    options = [
        Option(label, rows=[RowKind(p.name, v, kind) for v in values])
        for kind, label in labels.items()
    ]
    worth = rows_and_amount(proposal, p, values)
    return OpenQuestion(
        "where",
        f"Are rows with {_listed(values)} in {p.name!r} purchases ({worth})?",
        options,
        default=[*labels].index(default),
    )


def rows_and_amount(proposal: Proposal, p: ColumnProfile, values: Sequence[str]) -> str:
    """Say how many rows have these values, and what they come to."""
    rows = _rows_with(p, values)
    said = f"{len(rows):,} {'row' if len(rows) == 1 else 'rows'}"
    worth = amounts(proposal).reindex(rows).dropna()
    if len(worth) and proposal.keys.get("amount_per") != "order":
        said += f", sum {worth.sum():,.2f}"
    return said


def values_saying(p: ColumnProfile, state: str) -> list[str]:
    """Give the values of a column that say a state, such as ``yes``."""
    return [v for v in p.texts.unique() if state_of(v) == state]


def _rows_with(p: ColumnProfile, values: Sequence[str]) -> pd.Index[int]:
    """Give the rows that have one of some values; "" is an empty cell."""
    found = p.texts.index[p.texts.isin(list(values))]
    empty = pd.Index(range(p.rows)).difference(p.texts.index) if "" in values else found
    return found.union(empty)


def _listed(values: Sequence[str]) -> str:
    listed = ", ".join(repr(v) if v else "nothing" for v in values[:6])
    return listed + (", ..." if len(values) > 6 else "")


class _Finder:
    """What one table's columns say of its rows."""

    def __init__(self, proposal: Proposal, filled: Sequence[ColumnProfile], deals: bool) -> None:
        self.proposal, self.deals = proposal, deals
        self.known = bool(proposal.system)
        taken = [proposal.columns.get(s) for s in
                 ("customer_id", "order_id", "date", "amount", "quantity")]  # fmt: skip
        kind = proposal.column("category")
        if kind is not None and not any(state_of(v) for v in kind.counts.index):
            taken.append(kind.name)  # kinds of goods, and none of rows
        self.all = filled
        self.filled = [p for p in filled if p.name not in taken]
        money = amounts(proposal)  # of rows that nothing has left out by now
        self.amounts = money[money.index.isin(proposal.rows_kept())]
        bills = [proposal.columns.get(s, "") for s in ("order_id", "date")]
        self.bills = any(map(_BILLS.search, bills)) or any(map(says_owed, filled))
        self.cancelled = False
        self.nets = any(p.numeric and p.heading.has("refund") for p in filled)

    def find(self) -> None:
        names = {p.name for p in self.all}
        where = self.proposal.keys.get("where", {})
        for gone in [column for column in where if column not in names]:
            self.proposal.set({f"where.{gone}": None})
        given = set(self.proposal.keys.get("where", {}))
        free = [p for p in self.filled if p.name not in given]
        won = next((p for p in free if p.boolean and p.heading.squashed in
                    ("iswon", "won", "isclosedwon")), None)  # fmt: skip
        if won is not None:
            self.proposal.set({f"where.{won.name}": values_saying(won, "yes")})
        roles = {p.name: _role(p) for p in free}
        states = sorted(
            (p for p in free if roles[p.name] == "state"),
            key=lambda p: (
                not any(is_purchase(v) for v in p.counts.index),
                not quotes_too(p.counts.index),
                -evidence.status(p),
            ),
        )
        main = None if won is not None or self.known else next(iter(states), None)
        # the types of bills look at what the marks said of them
        for p in sorted(free, key=lambda p: p.distinct > 1 and not p.boolean):
            marked = p.distinct == 1 and p.filled < 0.9 and p.texts.iloc[0].casefold() in _MARKS
            if p is not won and (p.boolean or marked):
                self._flag(p)
            elif p.when:
                self._undone_on(p)
                self._never_paid(p, told=main is not None or won is not None)
            elif roles[p.name] == "flow":
                self._flow(p)
            elif roles[p.name] == "state" and won is None and not self.known:
                if p is main or not self.deals:  # a won deal keeps the stage that it was won from
                    self._state(p, p is main)
            elif roles[p.name] == "state" and self.known:
                self._undone_beside(p)
            elif roles[p.name] == "kind" or (roles[p.name] == "other" and not self.known):
                self._kind(p, roles[p.name] == "kind")

    # --- columns of yes and no, of moments, of money in and out -------------------------------

    def _flag(self, p: ColumnProfile) -> None:
        yes = [v for v in p.texts.unique() if state_of(v) == "yes" or v.casefold() in _MARKS]
        if not yes:
            return
        words = _words(p.name)
        bare = re.sub(
            r"^是否|标志$|标记$", "", " ".join(w for w in words if not _PLAIN.match(w.lower()))
        )
        state = state_of(bare) or state_of("已" + bare)
        if len(yes) == p.texts.nunique() and p.filled > (_ALL if must_be(bare) else 0.9):
            return
        if state == "not_bought" and self._cancels(p, yes):
            return  # their type says it, and that they are to be taken off
        if state in ("not_bought", "refund") and self._in_part(p, yes):
            return
        if is_owed(bare) and not self.deals:
            if not self.bills:  # a bill that is not paid yet is a sale
                self._each(p, yes, "left_out")
        elif _TESTS.search(p.name) or state in ("not_bought", "open", "quoted"):
            self._propose(p, dict.fromkeys(yes, "left_out"))
        elif must_be(bare):
            self.proposal.set({f"where.{p.name}": yes})
            self._say(p, [v for v in p.texts.unique() if v not in yes], "left_out")
            if len(_rows_with(p, [""])):
                self._ask(p, [""])
        elif state == "refund":
            # the row itself gives money back, or its purchase was given back
            self._propose(p, dict.fromkeys(yes, self._undoing(p, yes, "left_out")), note=False)
            for value in yes:
                self._ask(p, [value], refunds=True)

    def _in_part(self, p: ColumnProfile, values: Sequence[str]) -> bool:
        """Tell rows that say how much was refunded, and of some of which money is left."""
        formula = self.proposal.keys.get("amount")
        names = read_formula(formula).names if formula and formula != "none" else ()
        back = [q for q in self.all if q.name in names and q.heading.has("refund")]
        if not back:
            return False
        rows = _rows_with(p, values)
        told = back[0].numbers.reindex(rows).fillna(0) != 0
        left = amounts(self.proposal).reindex(rows)[told] > 0.005
        return bool(told.mean() > _ALL) and bool(left.any())

    def _cancels(self, p: ColumnProfile, yes: Sequence[str]) -> bool:
        """Tell marks of the bills that cancel others from those of the bills cancelled."""
        marked = _rows_with(p, yes)
        for other in self.filled:
            if other.distinct <= _FEW and (types := billing_types(other.counts.index)):
                back = [types.get(t) == ("refund",) for t in other.texts.reindex(marked).dropna()]
                self.cancelled |= not all(back)
                return bool(back) and all(back)
        return False

    def _undone_on(self, p: ColumnProfile) -> None:
        """Leave out rows that have a day on which they were cancelled."""
        words = [w for w in _words(p.name) if w.lower() not in _DAYS]
        bare = re.sub(r"(时间|日期|日時|日)$", "", " ".join(words))
        undone = "cancel" in p.heading.squashed or state_of(bare) == "not_bought"
        undone |= state_of("已" + bare) == "not_bought"
        if 0 < p.filled < 0.5 and undone and not p.heading.has("refund"):
            self.proposal.set({f"where.{p.name}": [""]})

    def _never_paid(self, p: ColumnProfile, *, told: bool) -> None:
        """Ask about orders without a day of their payment, where no state says what became of them.

        A bill that is not paid yet is a sale; an order that nobody paid is none.
        """
        order = self.proposal.column("order_id")
        if told or self.known or self.deals or self.bills or order is None:
            return
        if not (p.heading.has("payment") and _PAID_ON.search(p.name)) or p.heading.has("due"):
            return
        every = order.texts
        paid = set(every.reindex(p.texts.index).dropna())
        share = every.drop_duplicates().isin(paid).mean()
        rows = every.index[~every.isin(paid)]
        if not 0.5 < share < 1 or not len(rows):
            return
        worth = self.amounts.reindex(rows).dropna().sum()
        where = f"where.{p.name}"
        self.proposal.set({where: {"not": [""]}})
        self.proposal.questions.append(
            OpenQuestion(
                "where",
                f"Are orders without a {p.name!r} purchases ({len(set(every[rows])):,} orders, sum"
                f" {worth:,.2f})?",
                [
                    Option("no purchases: nobody has paid them", {where: {"not": [""]}}),
                    Option("purchases", {where: None}),
                ],
            )
        )

    def _flow(self, p: ColumnProfile) -> None:
        received = [v for v in p.texts.unique() if "received" in groups_of(v)]
        if received:
            self.proposal.set({f"where.{p.name}": received})

    # --- columns of words ---------------------------------------------------------------------

    def _state(self, p: ColumnProfile, main: bool) -> None:
        kinds = {v: self._of_state(p, v) for v in p.texts.value_counts().index}
        if list(kinds.values()) == [""] and p.filled > _ALL and not state_of(*kinds):
            return  # what every row is tells nothing
        if quotes_too(kinds):
            kinds |= {v: "left_out" for v in kinds if is_sent(v)}
        if not main and not p.heading.has("payment"):
            # the state of a parcel may be open, and that of its order not
            waiting = ("open", "planned", "viewed")
            kinds |= {v: "bought" for v in kinds if state_of(v) in waiting}
        if set(kinds.values()) == {"left_out"}:
            kinds = dict.fromkeys(kinds, "")
        good = [v for v, kind in kinds.items() if kind == "bought"]
        known = {v: kind for v, kind in kinds.items() if kind in ("left_out", "refund")}
        unknown = [v for v, kind in kinds.items() if not kind]
        if self.deals and main and good:
            self.proposal.set({f"where.{p.name}": good})
            self._say(p, list(known), "left_out")
        elif known:
            self._propose(p, known)
        asked = main and (self.deals or bool(known or good) or self._bare(p))
        asked |= bool(_RELEASE.search(p.name)) and not self.deals
        if unknown and (known or asked):
            self._each(p, unknown, "left_out" if self.deals and good else "bought")

    def _undone_beside(self, p: ColumnProfile) -> None:
        """Leave out what is undone by a state of which a preset knows nothing."""
        kept = p.texts.reindex(self.proposal.rows_kept()).dropna().unique()
        undone = [v for v in kept if state_of(v) in ("not_bought", "refund")]
        kinds = {v: self._of_state(p, v) for v in undone}
        self._propose(p, {v: kind for v, kind in kinds.items() if kind == "left_out"})

    def _of_state(self, p: ColumnProfile, value: str) -> str:
        state = state_of(value)
        owed = is_owed(value) and (self.bills or bool(_BILLS.search(p.name)))
        if state in ("", "yes", "no") or owed:
            return ""
        if _PART.search(value):
            return "bought" if self.nets else ""  # how much was refunded, nothing says
        if state in ("not_bought", "refund"):
            kept = self._negative(p, [value]) or self._in_part(p, [value])
            return "bought" if kept else self._undoing(p, [value], "left_out")
        waiting = ("open", "quoted", "planned", "viewed", "spent", "apart")
        return "left_out" if state in waiting else "bought"

    def _kind(self, p: ColumnProfile, typed: bool) -> None:
        values = list(p.texts.value_counts().index)
        if len(values) < 2 or p.filled < 0.5 or p.repeats < 2:
            return
        groups = {v: groups_of(v) for v in values} | dict(billing_types(values))
        have = {g for said in groups.values() for g in said}
        kinds = {v: self._of_kind(p, v, groups[v], have, typed) for v in values}
        if self.cancelled:  # the bills themselves are marked, and left out: so is what cancels them
            kinds |= {v: "left_out" for v in billing_types(values) if v.strip().upper() == "S1"}
        known = {v: kind for v, kind in kinds.items() if kind in ("left_out", "refund")}
        good = [v for v, kind in kinds.items() if kind == "bought"]
        unknown = [v for v, kind in kinds.items() if not kind]
        if known and (typed or (good and not unknown)):
            self._propose(p, known)
            self._each(p, [v for v in unknown if not self._ordinary(p, v, good)], "bought")
        elif known:
            for value, kind in known.items():
                if state_of(value) in ("refund", "not_bought"):
                    self._propose(p, {value: kind}, note=False)
                    self._ask(p, [value], refunds=True)
        elif typed and not self.known and self._bare(p) and unknown:
            self._which(p, values)

    def _bare(self, p: ColumnProfile) -> bool:
        """Tell a heading of the row's state or type: "Gift Type" beside Gift Date, Gift Amount."""
        columns = self.proposal.columns
        date, amount = (_words(columns.get(s, "")) for s in ("date", "amount"))
        own = {w.casefold() for w in date} & {w.casefold() for w in amount}
        return _bare(" ".join(w for w in _words(p.name) if w.casefold() not in own) or p.name)

    def _of_kind(
        self, p: ColumnProfile, value: str, said: Sequence[str], have: set[str], typed: bool
    ) -> str:
        bought = bool(have & {"bought", "ordered", "invoiced", "actual"})
        if "planned" in said and ("actual" in have or p.heading.has("scenario")):
            return "left_out"
        if "item" in said:  # of an order that has a row of its own
            return "left_out" if bought else "bought"
        if _undoing_event(p, value) and self._amounts_of(p, [value]).ne(0).any():
            beside = "refund" if self._beside_others(p, value) else "left_out"
            return "bought" if self._negative(p, [value]) else beside
        if "viewed" in said and (bought or p.heading.has("event")):
            return "left_out"
        if "settles" in said:
            # in a ledger what was paid has the other sign
            paid = "invoiced" in have or (bought and self._negative(p, [value]))
            return "left_out" if paid else "bought"
        if "ordered" in said:
            return "" if "invoiced" in have else "bought"
        if {"bought", "invoiced", "actual"} & set(said):
            return "bought"
        if "refund" in said or ("received" in said and bought and "spent" not in have and typed):
            return "bought" if self._negative(p, [value]) else "refund"
        if "not_bought" in said:
            return "bought" if self._negative(p, [value]) else self._undoing(p, [value], "left_out")
        return "left_out" if {"quoted", "apart"} & set(said) else ""

    def _beside_others(self, p: ColumnProfile, value: str) -> bool:
        """Tell events of orders that other rows are of; where no number tells, they are."""
        order = self.proposal.column("order_id")
        if order is None:
            return True
        own = order.somebody.reindex(_rows_with(p, [value])).dropna()
        others = order.somebody.drop(index=own.index, errors="ignore")
        return bool(own.isin(set(others)).mean() > 0.5)

    def _ordinary(self, p: ColumnProfile, value: str, good: Sequence[str]) -> bool:
        """Tell the word of most rows, beside which others stand for what is no purchase."""
        return (
            not good and (p.texts == value).mean() > 0.5 and not p.heading.has("event", "scenario")
        )

    # --- what is proposed, said and asked -----------------------------------------------------

    def _propose(self, p: ColumnProfile, kinds: Mapping[str, str], *, note: bool = True) -> None:
        self.proposal.set_rows([RowKind(p.name, v, kind) for v, kind in kinds.items()])
        for kind in ("refund", "left_out") if note else ():
            self._say(p, [v for v in kinds if kinds[v] == kind], kind)

    def _say(self, p: ColumnProfile, values: Sequence[str], kind: str) -> None:
        if values:
            meant = "refunds" if kind == "refund" else "no purchases"
            self.proposal.notes.append(
                f"a guess from the words: rows with {_listed(values)} in {p.name!r} are {meant}"
                f" ({rows_and_amount(self.proposal, p, values)})"
            )

    def _each(self, p: ColumnProfile, values: Sequence[str], default: str) -> None:
        for value in values[:_SINGLY]:
            self._ask(p, [value], default)
        if rest := values[_SINGLY:]:
            self._ask(p, rest, default)

    def _ask(
        self, p: ColumnProfile, values: Sequence[str], default: str = "", *, refunds: bool = False
    ) -> None:
        """Ask what rows with a value are; what they are by now is the default."""
        default = default or self._now(p, values[0])
        self.proposal.questions.append(
            about_rows(self.proposal, p, values, default, refunds=refunds)
        )

    def _which(self, p: ColumnProfile, values: Sequence[str]) -> None:
        """Ask which of several unknown words are purchases, where perhaps all are."""
        if self.proposal.keys.get("amount_per") == "order" and (
            sum(self._amounts_of(p, [v]).ne(0).any() for v in values) < 2
        ):
            return  # the amounts of one kind count once an order, whatever the others are
        listed = ", ".join(repr(v) for v in values[:_SINGLY])
        options = [Option("all of them", {f"where.{p.name}": None})]
        options += [Option(f"{v!r} alone", {f"where.{p.name}": [v]}) for v in values[:_SINGLY]]
        asks = f"Which values of {p.name!r} are purchases ({listed})?"
        self.proposal.questions.append(OpenQuestion("where", asks, options))

    def _now(self, p: ColumnProfile, value: str) -> str:
        if value in self.proposal.keys.get("refund_rows", {}).get(p.name, ()):
            return "refund"
        kept = self.proposal.keys.get("where", {}).get(p.name)
        if isinstance(kept, list):
            return "bought" if value in kept else "left_out"
        return "left_out" if value in (kept or {"not": ()})["not"] else "bought"

    # --- what the rows hold -------------------------------------------------------------------

    def _amounts_of(self, p: ColumnProfile, values: Sequence[str]) -> pd.Series[float]:
        return self.amounts.reindex(_rows_with(p, values)).dropna()

    def _negative(self, p: ColumnProfile, values: Sequence[str]) -> bool:
        """Tell whether the amounts of these rows are below zero: as such they are refunds."""
        worth = self._amounts_of(p, values)
        worth = worth[worth != 0]
        return bool(len(worth)) and float((worth < 0).mean()) > 0.9

    def _undoing(self, p: ColumnProfile, values: Sequence[str], otherwise: str) -> str:
        """Tell a row beside its purchase, by order and amount, from a purchase marked as undone."""
        order = self.proposal.column("order_id")
        if order is None or self.amounts.empty:
            return otherwise
        lines = pd.DataFrame({"order": order.texts, "amount": self.amounts.abs().round(2)}).dropna()
        own = p.texts.reindex(lines.index).isin(list(values))
        others = set(lines[~own].itertuples(index=False, name=None))
        same = [line in others for line in lines[own].itertuples(index=False, name=None)]
        return "refund" if same and sum(same) > 0.5 * len(same) else otherwise


def _bare(name: str) -> bool:
    """Tell a heading that speaks of the state or type of a row and of nothing else."""
    said = {"status", "state", "method", "event", "scenario", "order", "deal", "payment", "closed",
            "name", "id", "row"}  # fmt: skip
    heading = read_heading(_ROW.sub("", name))
    return heading.concepts <= said and heading.rest == 0


def _words(text: str) -> list[str]:
    return [w for w in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", text) if w]
