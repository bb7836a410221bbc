"""Says how a table's dates and numbers are written, where the reader could take them otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.data.text.notation import date_format
from workbench.new.columns.profile import ColumnProfile, day_order
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal

#: Where one mark groups thousands, the one before the decimals.
_OTHER = {",": ".", ".": ","}
_WHEN = ("date", "at", "start", "end", "joined_on", "answered_on")


def dates(proposal: Proposal) -> None:
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


def _day_or_month(standard: str, p: ColumnProfile, written: Mapping[str, str]) -> OpenQuestion:
    example = next(iter(p.texts))
    return OpenQuestion(
        "date_format",
        f"Is {example!r} in {p.name!r} written day first or month first? All of its dates can be"
        " read either way",
        [
            Option("day first", {"date_format": written["day"]}),
            Option("month first", {"date_format": written["month"]}),
        ],
        default=None,
    )


def _written(p: ColumnProfile) -> dict[str, str] | None:
    """Give the two formats that dates of three numbers can have: day first, month first."""
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


def numbers(proposal: Proposal) -> None:
    """Say which mark divides and which groups, where a number's own look does not."""
    used = [proposal.column(s) for s in ("amount", "quantity", "monthly_fee", "response_hours")]
    numbers = [p for p in (*used, *proposal.in_formula) if p is not None]
    if any(p.decimal_comma for p in numbers):
        proposal.keys.setdefault("decimal", ",")
        return
    for p in numbers:
        mark, sure = p.grouped
        if sure:
            proposal.keys.setdefault("thousands", mark)
            proposal.keys.setdefault("decimal", _OTHER[mark])
            continue
        if not mark or (p.heading.has("quantity") and p.fractions == 0 and mark == "."):
            continue
        example = next(t for t in p.texts if mark in t)
        bare = example.replace(mark, "").strip("¥$€£ ")
        plain = f"{float(bare):,.0f}" if bare.isdigit() else "thousands"
        thousands = {"thousands": mark, "decimal": _OTHER[mark]}
        divided = {"decimal": mark, "thousands": None}
        proposal.keys.update(thousands)
        proposal.questions.append(
            OpenQuestion(
                "thousands",
                f"Is {example!r} in {p.name!r} {plain}, or one and a bit?",
                [Option(f"thousands: {plain}", thousands), Option("a fraction", divided)],
            )
        )
        return
