"""The register of plans: what a case meant to do, frozen with a hash and a time, line by line.

A study's plans lie beside its card in ``plans/<case>.jsonl``. Each line has the hash of its own
content and that of the line before it, so that no line can be changed, put in or taken out in
silence; whoever was told the last hash knows that all of it is as it was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from workbench.errors import WorkbenchError
from workbench.study.cases import Case

#: The folder of the register, beside the card.
PLANS: Final = "plans"
#: What only names a case, and plans nothing of it.
_WORDS: Final = ("title", "what", "label")


class PlanError(WorkbenchError):
    """A register of plans that cannot be read, or was changed after it was written."""


@dataclass(frozen=True)
class RegisteredPlan:
    """A line of the register.

    Attributes
    ----------
    case : str
        Name of the case.
    at : datetime
        When it was registered (UTC), by the clock of the machine.
    card : mapping
        The case's card, as it was.
    facts : mapping
        Design, outcomes and power, as they were foreseen from the data of then.
    previous, hash : str
        SHA-256 of the line before, and of this one.
    """

    case: str
    at: dt.datetime
    card: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    previous: str = ""
    hash: str = ""

    @property
    def content(self) -> dict[str, Any]:
        """What is hashed."""
        return {
            "case": self.case, "at": self.at.isoformat(), "card": self.card, "facts": self.facts,
            "previous": self.previous,
        }  # fmt: skip

    def before(self, day: dt.date) -> bool:
        """Whether it was registered before a day began (UTC)."""
        return self.at.date() < day

    def changes(self, case: Case | Mapping[str, Any]) -> list[str]:
        """Name the keys in which another card of the case plans something else."""
        now = card_of(case) if isinstance(case, Case) else case
        ours, theirs = _planning(self.card), _planning(now)
        return sorted(k for k in {*ours, *theirs} if ours.get(k) != theirs.get(k))


@dataclass(frozen=True)
class PlanRegister:
    """The plans of a case, or why they cannot be believed.

    Attributes
    ----------
    plans : tuple of RegisteredPlan
        The first one first; none where none was registered.
    fault : str
        What is wrong with the register; empty where nothing is.
    """

    plans: tuple[RegisteredPlan, ...] = ()
    fault: str = ""

    @classmethod
    def of(cls, folder: Path, case: str) -> PlanRegister:
        """Read the register of a case; one that was changed has no plans."""
        try:
            return cls(read_plans(folder, case))
        except PlanError as error:
            return cls(fault=f"{Path(error.where).name}: {error.what}")


def card_of(case: Case) -> dict[str, Any]:
    """Give a case's card as it is frozen: what it says, without what it leaves to the default."""
    found: dict[str, Any] = json.loads(case.model_dump_json(exclude_defaults=True))
    return found


def plan_file(folder: Path, case: str) -> Path:
    """Give the file of a case's plans in a study's folder."""
    return folder / PLANS / f"{case}.jsonl"


def read_plans(folder: Path, case: str) -> tuple[RegisteredPlan, ...]:
    """Read the plans of a case, the first one first; none where none was registered.

    Raises
    ------
    PlanError
        If a line cannot be read, or is not as it was written.
    """
    path = plan_file(folder, case)
    if not path.is_file():
        return ()
    return parse_plans(path.read_text(encoding="utf-8").splitlines(), str(path))


def parse_plans(lines: Sequence[str], where: str) -> tuple[RegisteredPlan, ...]:
    """Read the lines of a register, and hold each against its hash and that of the one before."""
    found: list[RegisteredPlan] = []
    for number, line in enumerate(lines, start=1):
        at = f"{where}, line {number}"
        try:
            told = json.loads(line)
            plan = RegisteredPlan(
                told["case"], dt.datetime.fromisoformat(told["at"]), told["card"], told["facts"],
                told["previous"], told["hash"],
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise PlanError(
                f"it is no plan: {type(error).__name__} {error}", where=at, remedy=_REMEDY
            ) from None
        if plan.hash != _hash(plan):
            raise PlanError(
                "the plan is not as it was registered: its hash differs", where=at, remedy=_REMEDY
            )
        if plan.previous != (found[-1].hash if found else ""):
            raise PlanError(
                "a plan before this one was changed, put in or taken out", where=at, remedy=_REMEDY
            )
        found.append(plan)
    return tuple(found)


def add_plan(
    folder: Path, case: Case, facts: Mapping[str, Any], now: dt.datetime
) -> RegisteredPlan | None:
    """Register a plan; None where the last one registered says the same.

    Raises
    ------
    PlanError
        If the register was changed, or says that it was written later than now.
    """
    known = read_plans(folder, case.name)
    path = plan_file(folder, case.name)
    if known and known[-1].at > now:
        raise PlanError(
            f"its last plan is of {known[-1].at.isoformat()}, which is later than now",
            where=str(path),
            remedy="set the clock of this machine",
        )
    card, facts = card_of(case), json.loads(json.dumps(facts))
    if known and (known[-1].card, known[-1].facts) == (card, facts):
        return None
    moment = now.astimezone(dt.UTC).replace(microsecond=0)
    plan = RegisteredPlan(case.name, moment, card, facts, known[-1].hash if known else "")
    plan = RegisteredPlan(**{**plan.__dict__, "hash": _hash(plan)})
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**plan.content, "hash": plan.hash}, ensure_ascii=False) + "\n")
    return plan


_REMEDY: Final = "bring the file back as it was, from version control or from a bundle"


def _hash(plan: RegisteredPlan) -> str:
    text = json.dumps(plan.content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _planning(card: Mapping[str, Any]) -> dict[str, str]:
    """Give what a card plans, key by key, outcome by outcome."""
    return dict(_flat(card, ""))


def _flat(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _WORDS:
                yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for i, one in enumerate(value):
            name = one.get("indicator", i + 1) if isinstance(one, Mapping) else i + 1
            yield from _flat(one, f"{key}.{name}")
    else:
        yield key, json.dumps(value, sort_keys=True, ensure_ascii=False)
