"""The part of a study card that says what is watched, and who is told when it has moved."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from typing import Annotated, Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from workbench.errors import did_you_mean
from workbench.study.fields import Card, LocalText, Name, Texts, Where
from workbench.study.reader import Loc

Topic: TypeAlias = Literal["moves", "data", "failures"]
TOPICS: tuple[Topic, ...] = ("moves", "data", "failures")
#: Periods that set the limits when the card does not say how many.
BASELINES = {"week": 52, "month": 24, "quarter": 12}
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Watch(Card):
    """An indicator that is watched, for everybody or group by group.

    Attributes
    ----------
    indicator : str
        One of the library, ``series.<column>``, ``rows.<table>`` (how many rows come in) or
        ``missing.<table>.<column>`` (the share of rows that lack it).
    every : str
        The period by which it is measured.
    by : str, optional
        The column whose groups are watched one by one.
    where : dict, optional
        Of whom: only rows with these values.
    baseline : int, optional
        Periods that set the limits; 24 months, 52 weeks or 12 quarters when left out.
    since : date, optional
        Earlier periods are no measure of what is usual.
    title : Text, optional
        What readers know it by.
    """

    indicator: str
    every: Literal["week", "month", "quarter"] = "month"
    by: str | None = None
    where: Where | None = None
    baseline: int | None = Field(default=None, ge=12, le=400)
    since: dt.date | None = None
    title: LocalText | None = None

    @property
    def most(self) -> int:
        """How many periods set the limits."""
        return self.baseline or BASELINES[self.every]


class Contract(Card):
    """What a table has to keep to; what it breaks is told.

    Attributes
    ----------
    days : int, optional
        How many days ago its last row may be, on the day of the digest.
    columns : tuple of str
        Columns that must be there.
    values : dict
        Column -> the only values that it may have.
    missing : dict
        Column -> the share of rows that may lack it.
    set_aside : float, optional
        The share of rows that may have been set aside.
    """

    days: int | None = Field(default=None, ge=0)
    columns: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    values: dict[str, Texts] = Field(default_factory=dict)
    missing: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    set_aside: float | None = Field(default=None, ge=0, le=1)


class Addressee(Card):
    """Who is told.

    Attributes
    ----------
    name : str
        By which the workbench remembers what was told.
    address : str
        The environment variable that holds where to: one or more Apprise URLs.
    language : str, optional
        The study's first when left out.
    where : dict, optional
        For whom she answers, such as ``{region: North}``: what moved elsewhere, and in groups of
        other columns, is not told to her.
    about : tuple of str
        ``moves``, ``data`` and ``failures``; all when left out.
    page : bool
        Whether the page of the site that has the news goes along as one HTML file: to mail, and
        to other services that take files.
    """

    name: Name
    address: str
    language: str | None = None
    where: Where | None = None
    about: Annotated[tuple[Topic, ...], BeforeValidator(_listed)] = TOPICS
    page: bool = False

    @field_validator("address")
    @classmethod
    def _kept_outside(cls, value: str) -> str:
        if not _VARIABLE.fullmatch(value):
            raise PydanticCustomError(
                "address",
                "`address` names an environment variable, such as DIGEST_NORTH; the address itself,"
                " which is a secret, belongs into that variable and not into the card",
                {},
            )
        return value

    def concerns(self, by: str, of: str) -> bool:
        """Tell whether she answers for a group, or for everybody where `by` is empty."""
        if self.where is None:
            return True
        wanted = self.where.get(by)
        several = wanted if isinstance(wanted, list | tuple) else [wanted]
        return bool(by) and of in {str(each) for each in several if each is not None}


class Alerts(Card):
    """What is watched, what the tables must keep to, and who is told.

    Attributes
    ----------
    watch : tuple of Watch
    tables : dict
        Table -> its contract.
    false_alarms : float
        How many a year may come by chance alone, over all that is watched.
    to : tuple of Addressee
    site : str, optional
        Where the published site can be read; a digest ends with a link into it.
    """

    watch: tuple[Watch, ...] = ()
    tables: dict[Name, Contract] = Field(default_factory=dict)
    false_alarms: float = Field(default=1.0, gt=0, le=12)
    to: tuple[Addressee, ...] = ()
    site: str | None = None

    @field_validator("site")
    @classmethod
    def _link(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https", "file") or parts.username or parts.password:
                raise PydanticCustomError(
                    "site",
                    "`site` is the address of the published site, such as https://reports/acme,"
                    " without a password",
                    {},
                )
        return value

    @property
    def days(self) -> dict[str, int]:
        """Table -> how many days ago its last row may be, where its contract says it."""
        return {name: one.days for name, one in self.tables.items() if one.days is not None}

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        named = [each.name for each in self.to]
        watched = [(w.indicator, w.every, w.by, repr(w.where)) for w in self.watch]
        for what, entries in (("to", named), ("watch", watched)):
            twice = next((e for i, e in enumerate(entries) if e in entries[:i]), None)
            if twice is not None:
                said = twice if isinstance(twice, str) else twice[0]
                raise PydanticCustomError(
                    "twice",
                    "`{what}` has {said} twice; take one out",
                    {"what": what, "said": repr(said)},
                )
        return self


def faults_of(
    alerts: Alerts, tables: Collection[str], languages: Collection[str]
) -> list[tuple[Loc, str]]:
    """Find what names a table or a language that the study does not have."""
    faults: list[tuple[Loc, str]] = [
        (
            ("alerts", "tables", name),
            f"alerts.tables: there is no table {name!r}{did_you_mean(name, tables)}",
        )
        for name in alerts.tables
        if name not in tables
    ]
    for i, each in enumerate(alerts.to):
        if each.language is not None and each.language not in languages:
            text = (
                f"{each.language!r} is no language of the study; use {', '.join(sorted(languages))}"
            )
            faults.append((("alerts", "to", i, "language"), f"alerts.to[{i}].language: {text}"))
    return faults
