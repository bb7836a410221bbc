"""Knows systems' exports by the fingerprint of their headings; each system is one YAML file.

A preset is tolerant: columns may lack, be added, stand in another order. It says which columns play
which role and how to read the states; whether a column is filled, how its dates are written and
which states are there is still looked up in the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from workbench.data.schemas import schema_of
from workbench.errors import did_you_mean
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import Proposal, StarterError
from workbench.new.columns.states import is_purchase
from workbench.new.columns.words import squash
from workbench.new.purchase_log.deductions import quoted
from workbench.new.purchase_log.row_kinds import about_rows, values_saying
from workbench.new.tables.kinds import TABLES, scores

_SHIPPED = Path(__file__).with_name("presets")
#: Share of a fingerprint's headings that must be there.
_ENOUGH = 0.7


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PurchaseStates(_Part):
    """Which values of a column are purchases; of values not named the general list decides."""

    column: list[str]
    keep: list[str] = Field(default_factory=list)
    leave_out: list[str] = Field(default_factory=list)

    _one = field_validator("column", mode="before")(_several)


class Flags(_Part):
    """Columns of yes and no: rows to keep where it says yes, or to leave out."""

    keep: list[str] = Field(default_factory=list)
    leave_out: list[str] = Field(default_factory=list)


class Level(_Part):
    """The account that a contact belongs to: who is the customer, where deals name accounts."""

    account: list[str]
    name: list[str] = Field(default_factory=list)

    _one = field_validator("name", mode="before")(_several)


class ExportTable(_Part):
    """One table that a system exports.

    Attributes
    ----------
    fingerprint : list
        Headings, each a text or a list of the ways it is written.
    must : list
        Those without which it is another table.
    columns : dict
        Standard column -> the headings that may hold it, the best first.
    """

    name: str
    table: str
    fingerprint: list[list[str]]
    must: list[list[str]] = Field(default_factory=list)
    no: list[str] = Field(default_factory=list, alias="not")
    columns: dict[str, list[str]] = Field(default_factory=dict)
    keys: dict[str, Any] = Field(default_factory=dict)
    status: PurchaseStates | None = None
    flow: PurchaseStates | None = None
    flags: Flags = Flags()
    level: Level | None = None
    #: Further tables that the same rows are: deals are a pipeline beside the purchases they became.
    also: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    #: The first heading of the file has to be the fingerprint's.
    first: bool = False
    #: The evidence has to speak for this table, where the fingerprint says little.
    like: str | None = None

    @field_validator("fingerprint", "must", mode="before")
    @classmethod
    def _lists(cls, value: Any) -> Any:
        return [_several(entry) for entry in value]

    @field_validator("columns", mode="before")
    @classmethod
    def _choices(cls, value: Any) -> Any:
        return {key: _several(entry) for key, entry in value.items()}

    @field_validator("also", mode="before")
    @classmethod
    def _choices_of_each(cls, value: Any) -> Any:
        return {t: {key: _several(entry) for key, entry in own.items()} for t, own in value.items()}

    @field_validator("table")
    @classmethod
    def _standard(cls, value: str) -> str:
        if value not in TABLES:
            raise ValueError(f"{value!r} is no standard table; use one of {', '.join(TABLES)}")
        return value


class Preset(_Part):
    """What a system exports."""

    system: str
    tables: list[ExportTable]


def load_presets(own: Path | None = None) -> list[Preset]:
    """Read the presets, the user's own first.

    Parameters
    ----------
    own : Path, optional
        A folder of the project with presets of the user's.

    Raises
    ------
    StarterError
        If one of them is not written as a preset is.
    """
    mine = sorted(own.glob("*.y*ml")) if own is not None and own.is_dir() else []
    return [_read(path) for path in mine] + list(_shipped())


@cache
def _shipped() -> tuple[Preset, ...]:
    return tuple(_read(path) for path in sorted(_SHIPPED.glob("*.yml")))


def _read(path: Path) -> Preset:
    try:
        return Preset.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        wrong = (
            "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            if isinstance(error, ValidationError)
            else str(error).splitlines()[0]
        )
        raise StarterError(
            f"the preset cannot be read: {wrong}",
            where=str(path),
            remedy="write it as those that come with the workbench are: system, and tables with"
            " table, fingerprint and columns",
        ) from None


def recognise(proposal: Proposal, presets: Sequence[Preset]) -> ExportTable | None:
    """Find the export that a file's headings are those of, and take over what its preset says."""
    headings = [p.heading.squashed for p in proposal.columns_of_file]
    best: tuple[float, int, Preset, ExportTable] | None = None
    for preset in presets:
        for layout in preset.tables:
            share, matched = _fit(layout, headings)
            if share and layout.like and _likely(proposal) != layout.like:
                continue
            if share and (best is None or (share, matched) > best[:2]):
                best = (share, matched, preset, layout)
    if best is None:
        return None
    _, _, preset, layout = best
    proposal.system = f"{preset.system}, {layout.name}"
    proposal.standard = layout.table
    _take_columns(proposal, layout)
    _take_keys(proposal, layout)
    _take_also(proposal, layout)
    return layout


def _likely(proposal: Proposal) -> str:
    found = scores(proposal.columns_of_file, proposal.upload.stem)
    return max(found, key=lambda t: found[t])


def _fit(layout: ExportTable, headings: Sequence[str]) -> tuple[float, int]:
    """Give the share and the number of the fingerprint that are there; 0 for another table."""
    have = set(headings)
    if any(squash(one) in have for one in layout.no):
        return 0.0, 0
    if not all(any(squash(one) in have for one in entry) for entry in layout.must):
        return 0.0, 0
    if layout.first and headings[0] not in {squash(one) for one in layout.fingerprint[0]}:
        return 0.0, 0
    matched = sum(any(squash(one) in have for one in entry) for entry in layout.fingerprint)
    share = matched / len(layout.fingerprint)
    needed = _ENOUGH if len(layout.must) < 2 else 0.5
    return (share, matched) if share >= needed else (0.0, 0)


def find(columns: Sequence[ColumnProfile], choices: Sequence[str]) -> ColumnProfile | None:
    """Give the first of several headings whose column is filled; else the first that is there."""
    named = {p.heading.squashed: p for p in reversed(columns)}
    there = [named[squash(choice)] for choice in choices if squash(choice) in named]
    filled = [p for p in there if p.named > 0.3 and p.distinct > 1] or [p for p in there if p.named]
    return next(iter(filled), None)


def _take_columns(proposal: Proposal, layout: ExportTable) -> None:
    for standard, choices in layout.columns.items():
        found = find(proposal.columns_of_file, choices)
        if found is not None and found.name not in proposal.columns.values():
            proposal.columns[standard] = found.name


def _take_also(proposal: Proposal, layout: ExportTable) -> None:
    """Name the columns of the tables that the rows are beside; one that lacks a key is none."""
    for table, columns in layout.also.items():
        found = {
            standard: own.name
            for standard, choices in columns.items()
            if (own := find(proposal.columns_of_file, choices)) is not None
        }
        schema = schema_of(table)
        if schema is not None and all(
            name in found for name, rule in schema.columns.items() if rule.required
        ):
            proposal.also[table] = found


def _take_keys(proposal: Proposal, layout: ExportTable) -> None:
    columns = proposal.columns_of_file
    for key, value in layout.keys.items():
        if key == "amount":
            value = _formula(str(value), columns)
        if key == "amount_per" and not _several_lines(proposal):
            continue
        if value is not None:
            proposal.keys[key] = value
            if key == "amount":  # which without one of its columns is the column alone
                proposal.columns.pop("amount", None)
    where: dict[str, Any] = {}
    for name in layout.flags.keep:
        flag = find(columns, [name])
        if flag is not None and not where and flag.distinct:
            yes = values_saying(flag, "yes")
            if yes:
                where[flag.name] = yes
    for name in layout.flags.leave_out:
        flag = find(columns, [name])
        gone = values_saying(flag, "yes") if flag is not None else []
        if flag is not None and gone:
            where[flag.name] = {"not": gone}
    for states in (layout.flow, layout.status):
        told = find(columns, states.column) if states is not None else None
        if (
            states is not None
            and told is not None
            and not (states is layout.status and any(f in where for f in layout.flags.keep))
        ):
            _by_states(proposal, told, states, where)
    if where:
        proposal.keys["where"] = where


def _several_lines(proposal: Proposal) -> bool:
    order = proposal.column("order_id")
    return order is not None and bool(order.texts.duplicated().any())


def _formula(text: str, columns: Sequence[ColumnProfile]) -> str | None:
    """Write a formula with the file's own names; None where one of them is not there."""
    lacking = False

    def own(match: re.Match[str]) -> str:
        nonlocal lacking
        found = find(columns, match[1].split("|"))
        lacking |= found is None
        return quoted(found.name if found is not None else "")

    written = re.sub(r"\{([^}]+)\}", own, text)
    names = re.findall(r"`([^`]+)`|([A-Za-z_]\w*)", written)
    have = {p.heading.squashed for p in columns}
    lacking |= any(squash(a or b) not in have for a, b in names)
    return None if lacking else written


def _by_states(
    proposal: Proposal, told: ColumnProfile, states: PurchaseStates, where: dict[str, Any]
) -> None:
    keep, leave = {squash(v) for v in states.keep}, {squash(v) for v in states.leave_out}
    values = list(told.counts.index)
    unknown = []
    for value in values:
        plain = squash(value)
        if plain in keep or plain in leave:
            continue
        said = is_purchase(value)
        if said is None:
            unknown.append(value)
        else:
            (keep if said else leave).add(plain)
    wanted = [v for v in values if squash(v) in keep]
    barred = [v for v in values if squash(v) in leave]
    if states.leave_out and not (states.keep and not barred):
        where[told.name] = {"not": [*barred, *_to_come(states.leave_out, values)]}
    elif states.leave_out:
        where[told.name] = {"not": _to_come(states.leave_out, values)}
    elif wanted or states.keep:
        where[told.name] = wanted or list(states.keep)
    kind = "bought" if not states.keep or states.leave_out else "left_out"
    for value in unknown:
        proposal.questions.append(about_rows(proposal, told, [value], kind))


def _to_come(listed: Sequence[str], there: Sequence[str]) -> list[str]:
    """Give values that the next export may hold; not those that would be slips of what is there."""
    found: list[str] = []
    for value in listed:
        plain = {squash(one) for one in (*there, *found)}
        if squash(value) not in plain and not did_you_mean(value, there):
            found.append(value)
    return found
