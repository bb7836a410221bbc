"""The study card: what a study's tables, goals and measures mean, read and checked."""

from __future__ import annotations

import datetime as dt
import os
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import babel
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from workbench import trace
from workbench.errors import DataError, did_you_mean
from workbench.study.alerts import Alerts, faults_of
from workbench.study.cases import Case
from workbench.study.fields import (
    LANGUAGES,
    TRADITIONAL,
    Card,
    Linkage,
    LocalText,
    Name,
    Privacy,
    Published,
    Table,
    Text,
)
from workbench.study.goals import Action, Goal, Scorecard, between_goals
from workbench.study.instrument import Instrument
from workbench.study.offers import Offers
from workbench.study.packages import files_of
from workbench.study.reader import Loc, StudyError, explain, gathered, line_of, read_yaml
from workbench.study.segments import Segments
from workbench.study.service import Service
from workbench.study.survey import Survey

CARD = "study.yml"
#: The environment variable with the folders outside studies that cards may read from.
DATA_ROOTS = "WORKBENCH_DATA"
#: Bytes of a study's files from which on work on its tables is shared out, and put off.
LARGE = 50_000_000
#: The connection of a study whose tables are worked on in memory, by the built-in engine.
IN_MEMORY = "duckdb://"
#: Below the root: what the workbench keeps for itself, and the key of its pseudonyms.
CACHE = ".cache"
PSEUDONYM_KEY = Path(CACHE) / "pseudonym.key"
#: The last day that a study may be of; stands for one that nobody has named.
LATEST = dt.date(2200, 12, 31)
_FROM_FOLDER = {"name", "folder", "seen"}
_MADE_OF_ANOTHER = "traditional"


@cache
def _zones() -> frozenset[str]:
    """Give the names of time zones: to list them is to walk through a folder of files."""
    return frozenset(zoneinfo.available_timezones())


class Study(Card):
    """One study: its card, checked; `name` and `folder` come from where the card lies.

    `seen` is the day as of which `seen_on` shows it: what came later is not known then.
    """

    name: str
    folder: Path
    seen: dt.date | None = None
    title: LocalText
    description: LocalText | None = None
    simulated: bool = False
    simulated_how: LocalText | None = None  # stands above every page in place of our sentence
    origin: LocalText | None = None
    contact: LocalText | None = None  # whom readers may ask; the one address that pages may show
    next_update: dt.date | None = None  # when readers may expect the next run
    licence: str | None = None
    languages: tuple[str, ...] = Field(default=("en",), min_length=1)
    traditional: tuple[str, ...] = ()  # editions made of the Chinese one; written under languages
    as_of: dt.date
    currency: str = "USD"
    time_unit: Literal["hour", "day", "week", "month", "quarter", "year"] = "day"
    time_zone: str = "UTC"
    country: str | None = None  # whose public holidays lie in daily, weekly and monthly series
    connection: str = IN_MEMORY
    privacy: Privacy = Field(default_factory=Privacy)
    linkage: Linkage = Field(default_factory=Linkage)
    tables: dict[Name, Table] = Field(min_length=1)
    survey: Survey | None = None
    instrument: Instrument = Field(default_factory=Instrument)
    goals: tuple[Goal, ...] = ()
    cases: tuple[Case, ...] = ()
    actions: tuple[Action, ...] = ()
    scorecard: Scorecard | None = None
    alerts: Alerts | None = None
    segments: Segments = Field(default_factory=Segments)
    covariates: tuple[str, ...] = ()  # attributes of customers, series.<column>: what moves buying
    service: Service = Field(default_factory=Service)
    offers: Offers = Field(default_factory=Offers)
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)
    published: tuple[Published, ...] = ()

    @property
    def path(self) -> Path:
        """The card's file."""
        return self.folder / CARD

    def inside(self, written: str) -> Path:
        """Give the path of a file that the card names, if the card may name it.

        Parameters
        ----------
        written : str
            A path from the study's folder; ``*`` may stand for any characters of a name.

        Raises
        ------
        StudyError
            If it lies, links resolved, neither under the study's folder nor under a folder that the
            environment variable ``WORKBENCH_DATA`` lists, or is hidden.
        """
        path = self.folder / Path(written).expanduser()
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise StudyError(
                f"{written!r} is no path: {error}", where=str(self.path), remedy="name a file"
            ) from None
        home = self.folder.resolve()
        allowed = [home, *data_roots()]
        under = next((root for root in allowed if real.is_relative_to(root)), None)
        if under is None:
            raise StudyError(
                f"{written} lies outside the study's folder",
                where=str(self.path),
                remedy="copy the file into the study's folder, or name its folder in the"
                f" environment variable {DATA_ROOTS} (your own setting, not the card's)",
            )
        if any(part.startswith(".") for part in real.relative_to(under).parts):
            raise StudyError(
                f"{written} is hidden", where=str(self.path), remedy="name a file that is not"
            )
        return path

    def file_of(self, table: str) -> Path:
        """Give the file of a table; see `inside`."""
        return self.inside(str(self.tables[table].path))

    def text(self, value: Text | str | None, language: str) -> str:
        """Give a text in one language; missing ones fall back to the study's first language.

        Parameters
        ----------
        value : Text or str or None
            A text of the card (or anything already plain).
        language : str
            The language wanted, such as ``zh``.
        """
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        for wanted in (language, *self.languages, *LANGUAGES):
            if value.get(wanted):
                return value[wanted]
        return next(iter(value.values()), "")

    def goal(self, name: str) -> Goal:
        """Give the goal of that name."""
        with trace.quiet():
            goals = self.goals
        return _named(goals, name, "goal", self.path)

    def case(self, name: str) -> Case:
        """Give the case of that name."""
        with trace.quiet():
            cases = self.cases
        return _named(cases, name, "case", self.path)

    @field_validator("as_of")
    @classmethod
    def _usual_year(cls, value: dt.date) -> dt.date:
        if not 1900 <= value.year <= LATEST.year:
            raise ValueError(
                f"{value} is no day of our time; years count as in 2024 (2567 of the Buddhist"
                " calendar, 令和6年)"
            )
        return value

    @field_validator("currency")
    @classmethod
    def _iso_currency(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise PydanticCustomError(
                "currency",
                "{value} is not a three-letter currency code; write CNY, USD, EUR, ...",
                {"value": repr(value)},
            )
        return value

    @field_validator("country")
    @classmethod
    def _with_holidays(cls, value: str | None) -> str | None:
        if value is None:
            return None
        from holidays import list_supported_countries

        code, _, part = value.partition("-")
        known = list_supported_countries()
        if code not in known or (part and part not in known[code]):
            raise PydanticCustomError(
                "country",
                "no public holidays are known of {country}; write a code of two letters, such as CN"
                " or DE, or one of its parts, DE-BY",
                {"country": repr(value)},
            )
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in _zones():
            raise PydanticCustomError(
                "time_zone",
                "{value} is not a time zone{meant}",
                {
                    "value": repr(value),
                    "meant": did_you_mean(value, _zones()),
                },
            )
        return value

    @field_validator("languages")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise PydanticCustomError("languages", "a language is named twice", {})
        for code in value:
            try:
                babel.Locale.parse(code.replace("-", "_"))
            except (ValueError, babel.UnknownLocaleError):
                raise PydanticCustomError(
                    "languages",
                    "{code} is no language; write en, zh, de, ...",
                    {"code": repr(code)},
                ) from None
        return value

    @field_validator("parameters", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        # A notebook without parameters of its own may be left empty in YAML.
        if isinstance(value, Mapping):
            return {k: v if v is not None else {} for k, v in value.items()}
        return value


def data_roots() -> list[Path]:
    """Give the folders outside studies that cards may read from: the user's own setting."""
    named = os.environ.get(DATA_ROOTS, "").split(os.pathsep)
    return [Path(root).expanduser().resolve() for root in named if root.strip()]


def find_root(start: Path | str | None = None) -> Path:
    """Find the workbench's root: the folder that holds ``data/``.

    Parameters
    ----------
    start : path, optional
        Where to look from; the current folder by default. The environment variable
        ``WORKBENCH_ROOT`` wins over the search when `start` is not given.

    Raises
    ------
    StudyError
        If no parent folder holds ``data/`` beside ``_quarto.yml`` or ``pyproject.toml``.
    """
    if start is None and (named := os.environ.get("WORKBENCH_ROOT")):
        root = Path(named).expanduser()
        if not root.is_dir():
            raise StudyError(
                "the folder does not exist",
                where=f"WORKBENCH_ROOT={named}",
                remedy="set WORKBENCH_ROOT to the folder that holds data/, or unset it",
            )
        return root.resolve()
    here = Path(start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        marked = (folder / "_quarto.yml").exists() or (folder / "pyproject.toml").exists()
        if marked and (folder / "data").is_dir():
            return folder
    raise StudyError(
        "no folder here or above holds data/ beside _quarto.yml or pyproject.toml",
        where=str(here),
        remedy="change into the workbench's folder or set WORKBENCH_ROOT",
    )


def is_large(study: Study) -> bool:
    """Tell whether the files of a study's tables are so large that work on them takes long.

    Reports on such a study alone are no reason to make its cleaned tables, and its engine works in
    several threads, which add numbers up in another order each time: sums of others come out with
    the same bits, of these within the last digits.
    """
    with trace.quiet():
        paths = [study.folder / Path(table.path) for table in study.tables.values() if table.path]
        for name, table in study.tables.items():
            if table.package is not None:
                with suppress(DataError):
                    paths += files_of(table.package.name, table.package.table, where=name)
    return sum(path.stat().st_size for path in set(paths) if path.is_file()) > LARGE


def load_study(name_or_path: str | Path) -> Study:
    """Read and check a study card.

    Parameters
    ----------
    name_or_path : str or Path
        A name (``data/<name>/study.yml`` under the root), a study's folder, or a card's file.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        If the card is missing or wrong; all problems are reported at once, each with its
        line, key and remedy.

    Examples
    --------
    >>> from workbench.study import load_study
    >>> study = load_study("harbour")
    >>> study.currency, study.case("service_desk").chosen
    ('CNY', 'random')
    """
    return read_card(_locate(name_or_path))


def read_card(path: Path) -> Study:
    """Read and check one card file; see `load_study`."""
    raw, lines, problems = read_yaml(path, StudyError)
    if _MADE_OF_ANOTHER in raw:
        where = line_of((_MADE_OF_ANOTHER,), lines)
        problems.append((where, f"{_MADE_OF_ANOTHER}: unknown key; name zh-TW under languages"))
    for key in _FROM_FOLDER & set(raw):
        whence = "the folder" if key != "seen" else "the command's --as-of"
        problems.append((line_of((key,), lines), f"{key}: unknown key; it comes from {whence}"))
    left_out = {*_FROM_FOLDER, _MADE_OF_ANOTHER}
    written = {key: value for key, value in raw.items() if key not in left_out}
    languages = written.get("languages")
    listed = languages if isinstance(languages, list) else []
    if made := [code for code in listed if code in TRADITIONAL]:
        if "zh" not in listed:
            text = f"{made[0]} is made of the Chinese pages; name zh, too"
            problems.append((line_of(("languages",), lines), f"languages: {text}"))
        listed = [code for code in listed if code not in TRADITIONAL]
        written |= {"languages": listed, "traditional": tuple(dict.fromkeys(made))}
    context = {"languages": tuple(code for code in listed if isinstance(code, str)) or ("en",)}
    # As it was named, not where links lead: a study that is linked into data/ keeps its name.
    folder = path.parent.absolute()
    if ".." in folder.parts:
        folder = folder.resolve()
    try:
        study = Study.model_validate(
            {**written, "name": folder.name, "folder": folder}, context=context
        )
    except ValidationError as errors:
        for e in errors.errors():
            line, text = explain(e, Study, lines, _FROM_FOLDER)
            problems.append((line, f"{text}{_goal_at(raw, e['loc'])}"))
        raise gathered(path, problems, StudyError) from None
    problems += [(line_of(loc, lines), text) for loc, text in _cross_checks(study)]
    if problems:
        raise gathered(path, problems, StudyError)
    return study


def _goal_at(raw: Mapping[str, Any], loc: tuple[int | str, ...]) -> str:
    """Name the goal that a problem is in, for who does not count list entries."""
    if len(loc) < 2 or loc[0] != "goals" or not isinstance(loc[1], int):
        return ""
    goals = raw.get("goals")
    entry = goals[loc[1]] if isinstance(goals, list) else None
    name = entry.get("name") if isinstance(entry, dict) else None
    return f" (goal {name!r})" if isinstance(name, str) else ""


def _locate(name_or_path: str | Path) -> Path:
    named = str(name_or_path)
    if not named.strip():
        raise StudyError("no study was named", remedy="give a name such as cdnow")
    is_name = isinstance(name_or_path, str) and "/" not in named and os.sep not in named
    if is_name and not named.endswith((".yml", ".yaml")):
        data = find_root() / "data"
        path = data / named / CARD
        if path.is_file():
            return path
        if not Path(named).is_dir():
            known = sorted(card.parent.name for card in data.glob(f"*/{CARD}"))
            raise StudyError(
                f"there is no study {named!r}{did_you_mean(named, known)}",
                where=str(data),
                remedy=f"known studies: {', '.join(known) or 'none'}",
            )
    path = Path(name_or_path).expanduser()
    card = path / CARD if path.is_dir() else path
    if not card.is_file():
        raise StudyError(
            "there is no study card",
            where=str(card),
            remedy=f"give a study's name, its folder, or its {CARD}",
        )
    return card


_Entry = TypeVar("_Entry", Goal, Case)


def _named(items: Iterable[_Entry], name: str, kind: str, path: Path) -> _Entry:
    with trace.quiet():  # to look for one is no use of the others
        known = {item.name: item for item in items}
    if name not in known:
        raise StudyError(
            f"there is no {kind} {name!r}{did_you_mean(name, known)}",
            where=str(path),
            remedy=f"{kind}s: {', '.join(known) or 'none'}",
        )
    return known[name]


# --- what holds between the parts of a card ------------------------------------------------------


def _cross_checks(study: Study) -> list[tuple[Loc, str]]:
    problems: list[tuple[Loc, str]] = []
    named = {"goals": [g.name for g in study.goals], "cases": [c.name for c in study.cases]}
    actions = [a.name for a in study.actions]
    for kind, names in (("cases", named["cases"]), ("actions", actions)):
        for i, name in enumerate(names):
            if name in names[:i]:
                problems.append(((kind, i), f"{kind}[{i}].name: {name!r} is used twice"))
    for name, table in study.tables.items():
        if table.part_of is not None:
            problems += [
                (("tables", name, "part_of"), f"tables.{name}.part_of: {text}")
                for text in _wrong_whole(study, name, table.part_of)
            ]
        if table.path is not None:
            problems += _outside(study, ("tables", name, "path"), table.path)
        for key in ("amount", "amount_unit", "amount_per", "refund_rows"):
            priced: tuple[str, ...] = ("transactions",)
            if key == "amount_unit":
                priced += ("opportunities", "contracts")
            if key in table.model_fields_set and not name.startswith(priced):
                text = f"tables.{name}.{key}: only a table of transactions has amounts"
                problems.append((("tables", name, key), text))
        for key in ("won", "lost"):
            if key in table.model_fields_set and not name.startswith("opportunities"):
                text = f"tables.{name}.{key}: only a table of opportunities has ends"
                problems.append((("tables", name, key), text))
        for key, whose, of in (
            ("roll_up", "accounts", "accounts has accounts below others"),
            ("coded", "voices", "voices says so here (a survey under survey.coded)"),
        ):
            if key in table.model_fields_set and not name.startswith(whose):
                text = f"tables.{name}.{key}: only a table of {of}"
                problems.append((("tables", name, key), text))
    if study.survey is not None and study.survey.codebook is not None:
        problems += _outside(study, ("survey", "codebook"), study.survey.codebook)
    problems += _unknown_items(study)
    problems += [
        (("goals", i, key), f"goals[{i}].{key}: {text}")
        for i, key, text in between_goals(study.goals)
    ]
    for i, action in enumerate(study.actions):
        for kind, served, known in (
            ("goal", action.goal, named["goals"]),
            ("case", action.case, named["cases"]),
        ):
            if served is not None and served not in known:
                text = f"there is no {kind} {served!r}{did_you_mean(served, known)}"
                problems.append((("actions", i, kind), f"actions[{i}].{kind}: {text}"))
    for i, case in enumerate(study.cases):
        late = {unit: day for unit, day in (case.starts or {}).items() if day > study.as_of}
        for unit, day in late.items() if case.start <= study.as_of else ():
            problems.append(
                (
                    ("cases", i, "starts", unit),
                    f"cases[{i}].starts.{unit}: {day} lies after as_of {study.as_of}",
                )
            )
        if case.start > study.as_of and case.plan is None:
            problems.append(
                (
                    ("cases", i, "start"),
                    f"cases[{i}].start: {case.start} lies after as_of {study.as_of}",
                )
            )
    if study.alerts is not None:
        problems += faults_of(study.alerts, study.tables, {*study.languages, *LANGUAGES})
    for i, entry in enumerate(study.published):
        if entry.table not in study.tables:
            problems.append(
                (
                    ("published", i, "table"),
                    f"published[{i}].table: there is no table {entry.table!r}"
                    f"{did_you_mean(entry.table, study.tables)}",
                )
            )
    return problems


def _unknown_items(study: Study) -> list[tuple[Loc, str]]:
    known = study.survey.codes if study.survey is not None else ()
    return [
        (("instrument", "kano", i), f"instrument.kano: the survey has no item {item!r}")
        for i, item in enumerate(study.instrument.kano)
        if item not in known
    ]


def _outside(study: Study, loc: Loc, written: str) -> list[tuple[Loc, str]]:
    try:
        study.inside(written)
    except StudyError as error:
        return [(loc, f"{'.'.join(map(str, loc))}: {error.what}; {error.remedy}")]
    return []


def _wrong_whole(study: Study, name: str, whole: str) -> list[str]:
    if whole == name:
        return ["a table is no part of itself"]
    if whole not in study.tables:
        return [f"there is no table {whole!r}{did_you_mean(whole, study.tables)}"]
    if study.tables[whole].part_of is not None:
        return [f"{whole!r} is itself a part; name the table that holds them all"]
    return []
