"""Every number that states a fact, and every verdict, traced from the pages to a stored result."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lxml import html

from workbench.bundle.pages import NUMBER
from workbench.bundle.parts import BEFORE, RUN, SITE, Bundle
from workbench.bundle.seal import Discrepancy
from workbench.runs.records.handover import ESTIMATES, FINDINGS

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FACT = re.compile(r'data-fact="([^"]*)" data-number="([^"]*)"')
_VERDICT = re.compile(r'data-finding="([^"]*)"(?: data-page="[^"]*")? data-verdict="([^"]*)"')
#: What a printed number may be multiplied by: per cent, thousands, 万, millions, 亿, ...
_SCALES = {
    "%": 0.01, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9,
    "万": 1e4, "千": 1e3, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12,
}  # fmt: skip
_PRINTED = re.compile(r"([-−–]?)\s*[^\d\s]{0,3}\s*(\d[\d,\s\u202f\u00a0]*(?:\.\d+)?)\s*([%\w]*)")


@dataclass
class Traced:
    """What the pages say, and where it comes from.

    Attributes
    ----------
    facts, verdicts : int
        Numbers that state a fact, and verdicts, each as often as it stands on a page.
    only_shown : int
        Those of them that no result keeps beside the executed notebook that shows them.
    named : set of str
        The facts, once each.
    faults : list of Discrepancy
        Those that no stored result bears out.
    """

    facts: int = 0
    verdicts: int = 0
    only_shown: int = 0
    named: set[str] = field(default_factory=set)
    faults: list[Discrepancy] = field(default_factory=list)


def trace_pages(bundle: Bundle) -> Traced:
    """Hold every fact and verdict on the pages of a bundle against the results in it."""
    traced = Traced()
    study = bundle.facts["study"]
    known, judged = _stored_facts(bundle), _stored_verdicts(bundle)
    shown = _shown(bundle)
    for name, data in sorted(bundle.below(SITE).items()):
        if not name.endswith(".html"):
            continue
        root = html.fromstring(data)
        for node in root.xpath("//*[@data-fact]"):
            fact, number = str(node.get("data-fact")), str(node.get("data-number"))
            said = " ".join(node.text_content().split())
            traced.facts += 1
            traced.named.add(fact)
            if fact not in known and (fact, number) in shown:
                traced.only_shown += 1
                continue
            what = _wrong_fact(fact, number, said, known)
            if what:
                traced.faults.append(Discrepancy("number", f"{SITE}/{name}, {said!r}", what))
        for node in root.xpath("//*[@data-verdict]"):
            key, verdict = str(node.get("data-finding")), str(node.get("data-verdict"))
            finder = str(node.get("data-page") or "") or _page(name, study)
            traced.verdicts += 1
            stored = judged.get((finder, key))
            if stored is None and (key, verdict) in shown:
                traced.only_shown += 1
            elif stored is None or verdict not in stored:
                there = f"the results say {', '.join(sorted(stored))!r}" if stored else "no result"
                traced.faults.append(
                    Discrepancy(
                        "verdict",
                        f"{SITE}/{name}, finding {key} of {finder}",
                        f"the page says {verdict!r}, {there}",
                    )
                )
    return traced


def _page(name: str, study: str) -> str:
    inside = name.partition(f"studies/{study}/")[2]
    return inside.removesuffix(".html").replace("/", "-")


def _stored_facts(bundle: Bundle) -> Mapping[str, list[Any]]:
    """Collect what the results say of each fact: values, ends of intervals, days.

    Estimates stand among the headline numbers and among the values of findings.
    """
    found: dict[str, list[Any]] = defaultdict(list)
    for part in (RUN, BEFORE):
        for name, data in bundle.below(part).items():
            if name.endswith((ESTIMATES, FINDINGS)):
                for fact, estimate in _estimates(json.loads(data)):
                    found[fact].append(estimate)
    return found


def _shown(bundle: Bundle) -> set[tuple[str, str]]:
    """Collect the facts and verdicts that the executed notebooks show, with their values."""
    found: set[tuple[str, str]] = set()
    for name, data in bundle.below(f"{RUN}/notebooks").items():
        if name.endswith(".ipynb"):
            text = json.dumps(json.loads(data), ensure_ascii=False).replace('\\"', '"')
            for pattern in (_FACT, _VERDICT):
                found.update(pattern.findall(text))
    return found


def _estimates(content: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield everything in stored JSON that names a fact."""
    if isinstance(content, Mapping):
        fact = content.get("fact")
        if isinstance(fact, str) and fact:
            yield fact, content
        for inner in content.values():
            yield from _estimates(inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _estimates(inner)


def _stored_verdicts(bundle: Bundle) -> Mapping[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, data in bundle.below(RUN).items():
        if name.endswith(FINDINGS):
            folder = name.split("/")[-2]
            for each in json.loads(data):
                if isinstance(each, Mapping):
                    page = str(each.get("page") or folder)
                    found[page, str(each.get("key"))].add(str(each.get("verdict") or ""))
    return found


def _wrong_fact(fact: str, number: str, said: str, known: Mapping[str, list[Any]]) -> str:
    """Say what is wrong with a number on a page; nothing where a result bears it out."""
    stored = known.get(fact)
    if not stored:
        return f"no result in the bundle states the fact {fact}"
    numbers = [value for each in stored for value in _numbers_of(each)]
    if _DAY.fullmatch(number) or number == "":
        days = {str(value) for each in stored for value in _strings(each)}
        if number and not any(number in day for day in days) and not _is_day(number, numbers):
            return f"it carries {number}, the results say otherwise of {fact}"
        return ""
    try:
        carried = float(number)
    except ValueError:
        return f"{number!r} is no number"
    if not any(_same(carried, value) for value in numbers):
        return f"it carries {number}, the results have {_few(numbers)} for {fact}"
    if not _printed_so(said, carried):
        return f"it carries {number}, and prints another number"
    return ""


def _is_day(number: str, values: list[float]) -> bool:
    day = date.fromisoformat(number)
    days = (day - date(1970, 1, 1)).days
    return any(math.isfinite(v) and v in (days, day.toordinal(), days * 864e5) for v in values)


def _few(values: list[float]) -> str:
    return ", ".join(f"{value:.6g}" for value in dict.fromkeys(values)) or "none"


def _same(carried: float, value: float) -> bool:
    return f"{value:.6g}" == f"{carried:.6g}"


def _numbers_of(estimate: Mapping[str, Any]) -> Iterator[float]:
    for key in ("value", "low", "high", "x"):
        value = estimate.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield float(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)


def _printed_so(said: str, carried: float) -> bool:
    """Tell whether a text prints a number, to as many digits as it prints.

    Texts without digits ("none", 十) say a number in words, which pages made anew are held to.
    """
    if not NUMBER.search(said):
        return True
    for sign, digits, unit in _PRINTED.findall(said):
        plain = re.sub(r"[,\s\u202f\u00a0]", "", digits)
        # 790,000 may be rounded to tens of thousands: its zeros are no digits
        whole = plain.partition(".")[0]
        places = len(plain.partition(".")[2]) or len(whole.rstrip("0") or whole) - len(whole)
        for scale in {1.0, 0.01, *(s for u, s in _SCALES.items() if unit.lower().startswith(u))}:
            value, half = float(plain) * scale, 0.5000001 * 10**-places * scale
            wanted = abs(carried) if not sign or carried >= 0 else -carried
            rounded = float(f"{wanted:.6g}")
            slack = abs(rounded) * 5e-6  # the carried number has six digits itself
            if abs(value - wanted) <= half + slack:
                return True
    return False
