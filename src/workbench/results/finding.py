"""A finding: a sentence that a room makes once of its result, with the numbers it stands on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Literal, TypeAlias

from workbench.results.estimate import Estimate

Severity: TypeAlias = Literal["ok", "note", "warning", "refusal"]

BOXES: Mapping[Severity, str] = {
    "ok": "tip", "note": "note", "warning": "warning", "refusal": "important",
}  # fmt: skip


@dataclass(frozen=True)
class Advice:
    """What to do about a finding.

    Attributes
    ----------
    message : str
        English message; its placeholders are those of the finding.
    urgency : int
        The smaller, the more pressing: 0 mend the data first, 1 stop what harms, 2 what has
        become worse, 3 to 5 what falls behind or is about to be lost, 6 what is not shown,
        7 keep what works.
    """

    message: str
    urgency: int = 5


@dataclass(frozen=True)
class Finding:
    """One thing that an analysis found; every page shows it as it is and computes nothing.

    Attributes
    ----------
    key : str
        Names it within its notebook, the same in every run and language (``churn.verdict``).
    message : str
        English message with named placeholders.
    values : mapping
        What the placeholders stand for: estimates, plain numbers, dates, texts, texts by language
        (``{"en": ..., "zh": ...}``), or lists of these.
    verdict : str
        One word or two of the room that made it, for those that sort or count findings.
    severity : {"ok", "note", "warning", "refusal"}
        A refusal means that no conclusion is drawn.
    grade : str
        How strong the evidence is, where that was judged.
    estimates : mapping of str to Estimate
        The numbers it stands on.
    money : Estimate, optional
        What it is worth.
    advice : Advice, optional
        What to do next.
    page : str
        Page of the notebook that stored it; the run fills it in.

    Examples
    --------
    >>> from workbench.results import Estimate, Finding
    >>> gap = Estimate(-0.62, -0.70, -0.54, n=1200, kind="points")
    >>> Finding("gap", "Waiting falls short by {gap}", {"gap": gap}).text
    'Waiting falls short by -0.62 (-0.7 to -0.54)'
    """

    key: str
    message: str
    values: Mapping[str, Any] = field(default_factory=dict)
    verdict: str = ""
    severity: Severity = "note"
    grade: str = ""
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    money: Estimate | None = None
    advice: Advice | None = None
    page: str = ""

    @property
    def text(self) -> str:
        """The message in plain English, with its numbers to three digits."""
        return self.message.format(**{name: plain(value) for name, value in self.values.items()})

    @property
    def box(self) -> str:
        """Kind of box in which a page shows it."""
        return BOXES[self.severity]

    @property
    def next_step(self) -> Finding | None:
        """What to do about it, as a sentence with the same values; None where nothing follows."""
        return replace(self, message=self.advice.message, advice=None) if self.advice else None

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> dict[str, Any]:
        """Give what is needed to restore it."""
        return {
            "key": self.key,
            "message": self.message,
            "values": _stored(self.values),
            "verdict": self.verdict,
            "severity": self.severity,
            "grade": self.grade,
            "estimates": {name: each.to_json() for name, each in self.estimates.items()},
            "money": None if self.money is None else self.money.to_json(),
            "advice": None if self.advice is None else vars(self.advice),
            "page": self.page,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Finding:
        """Restore what `to_json` gave."""
        money, advice = stored["money"], stored["advice"]
        return cls(
            **{k: stored[k] for k in ("key", "message", "verdict", "severity", "grade")},
            values=_restored(stored["values"]),
            estimates={k: Estimate.from_json(v) for k, v in stored["estimates"].items()},
            money=None if money is None else Estimate.from_json(money),
            advice=None if advice is None else Advice(**advice),
            page=stored.get("page", ""),
        )


def plain(value: Any) -> str:
    """Write a value in plain English: numbers with three digits, names as they are."""
    if isinstance(value, Estimate):
        ends = f" ({value.low:.3g} to {value.high:.3g})" if value.known else ""
        return f"{value.value:.3g}{ends}"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Mapping):
        return str(value.get("en") or next(iter(value.values()), ""))
    if isinstance(value, list | tuple):
        return ", ".join(plain(each) for each in value)
    return str(value)


def _stored(value: Any) -> Any:
    # Types that JSON lacks are marked with a key that no text by language has.
    if isinstance(value, Estimate):
        return {"$estimate": value.to_json()}
    if isinstance(value, Finding):
        return {"$finding": value.to_json()}
    if isinstance(value, dt.date):
        return {"$date": value.isoformat()[:10]}
    if isinstance(value, Mapping):
        return {str(name): _stored(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_stored(each) for each in value]
    if isinstance(value, str | bool | int) or value is None:
        return value
    number = float(value)  # NumPy's numbers too
    return number if isfinite(number) else {"$nan": True}


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return [_restored(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "$estimate" in value:
        return Estimate.from_json(value["$estimate"])
    if "$finding" in value:
        return Finding.from_json(value["$finding"])
    if "$date" in value:
        return dt.date.fromisoformat(value["$date"])
    if "$nan" in value:
        return float("nan")
    return {name: _restored(each) for name, each in value.items()}
