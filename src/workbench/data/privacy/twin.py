"""A synthetic twin of a study's tables: it can be handed on and run, and holds nobody.

Every column is drawn by itself, from its margin alone: categories by counts that are rounded, small
ones left out; numbers and days from a few quantiles between the 1st and the 99th percentile,
rounded; ids, names, contacts and texts are made up. What binds a row's columns together is lost,
but for what makes the tables a study: whose row it is, how many rows people have, and that what
ends does not end before it began.

What counts is people, not rows: a value that one customer has on a hundred rows is that customer's,
and a margin is taken from nobody's rows by more than a share (`workbench.data.privacy.margins`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.clean.erasures import OWNERS
from workbench.data.engine import Engine
from workbench.data.people.pseudonyms import personal_columns
from workbench.data.privacy.margins import Holders, middle_grid
from workbench.data.schemas import PEOPLE, schema_of
from workbench.data.sources.read import read_source
from workbench.data.sources.source import ROW
from workbench.errors import DataError
from workbench.study import Study
from workbench.study.fields import SERIAL, UNIX, Table

#: People that a twin has at most: it serves to run the study, not to be large.
MOSTPEOPLE = 4000
#: Counts are rounded to multiples of this, shares of empty cells to hundredths.
ROUNDED_TO = 5
#: The steps of an opportunity and of a ticket are somebody's, too, though they do not say whose:
#: the table that does.
_KNOWN_BY = {"opportunity_id": "opportunities", "ticket_id": "interactions"}
_OWNERS = (*OWNERS, *_KNOWN_BY)
_IDS = (*_OWNERS, "order_id", "contract_id", "contact_id", "lead_id", "parent_id")
_GRID = tuple(float(q) for q in np.linspace(0.01, 0.99, 15))
#: From so many different values on a column of numbers is drawn from its range.
_FEW = 30
_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%Y年%m月%d日", "%Y-%m",
)  # fmt: skip
_WORDS = ("Nothing to add.", "As always.", "It was fine.", "没有补充。", "和平时一样。", "还可以。")


@dataclass(frozen=True)
class _People:
    """The made-up ids of customers or respondents, and how many real ones they stand for."""

    ids: tuple[str, ...]
    real: int


@dataclass(frozen=True)
class _Margin:
    """What is known of a column: how its values are drawn, as texts of the file."""

    empty: float
    values: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    grid: tuple[float, ...] = ()
    places: int = 0
    day_format: str = ""
    taken: frozenset[str] = frozenset()
    decimal: str = "."


def twin_tables(study: Study, seed: int) -> dict[str, pd.DataFrame]:
    """Draw the twin of every table that lies in a file.

    Parameters
    ----------
    study : Study
        The card.
    seed : int
        Of the draw.

    Returns
    -------
    dict of str to DataFrame
        Texts under the headings of the files, a table each. Tables of data packages are published
        already and need no twin.

    Raises
    ------
    DataError
        If a table is read from a database: its rows cannot be had without it.
    """
    raw = _raw_tables(study)
    rule = study.privacy.model_copy(update={"min_cell": max(study.privacy.min_cell, 3)})
    rng = np.random.default_rng(seed)
    people = _made_up_people(study, raw)
    twins: dict[str, pd.DataFrame] = {}
    # wholes before their parts, the people before what they did
    order = sorted(raw, key=lambda n: (study.tables[n].part_of is not None, n not in PEOPLE))
    for name in order:
        card, frame = study.tables[name], raw[name]
        whole = card.part_of
        if whole in twins and set(twins[whole].columns) == set(frame.columns):
            twins[name] = _part(twins[whole], frame, raw[whole], _heading(card, "customer_id"))
        else:
            holders = Holders.of(_whose(study, name, raw), rule)
            twins[name] = _twin(study, name, frame, people, holders, rng)
    return {name: twins[name] for name in raw}


def _raw_tables(study: Study) -> dict[str, pd.DataFrame]:
    engine = Engine(study)
    raw = {}
    for name, card in study.tables.items():
        if card.package is not None:
            continue
        if card.sql is not None or card.path is None:
            raise DataError(
                "a table of a database has no twin",
                where=f"{study.path}, tables.{name}",
                remedy="keep the table as a file, or bundle with --data none",
            )
        source = read_source(engine, study, name)
        frame = engine.run(source.expr, source.where)
        if ROW in frame.columns:
            frame = frame.sort_values(ROW, kind="stable").drop(columns=ROW)
        text = frame.astype(object).where(frame.notna(), None)
        raw[name] = text.map(lambda value: None if value is None else str(value).strip() or None)
    return raw


def _heading(card: Table, standard: str) -> str:
    return card.columns.get(standard, standard)


def _known_as(card: Table, heading: str) -> str:
    return next((s for s, own in card.columns.items() if own == heading), heading)


def _empty(values: pd.Series) -> float:
    """Give the share of empty cells, rounded."""
    return round(float(values.isna().mean()), 2)


# --- who is there -----------------------------------------------------------------------------


def _made_up_people(study: Study, raw: Mapping[str, pd.DataFrame]) -> dict[str, _People]:
    """Make up the ids of people, one list for all tables."""
    found: dict[str, dict[str, None]] = {}
    for name, frame in raw.items():
        for standard in _OWNERS:
            heading = _heading(study.tables[name], standard)
            if heading in frame.columns:
                found.setdefault(standard, {}).update(dict.fromkeys(frame[heading].dropna()))
    return {
        standard: _People(tuple(_ids(list(ids), min(_rounded(len(ids)), MOSTPEOPLE))), len(ids))
        for standard, ids in found.items()
    }


def _ids(real: Sequence[str], n: int) -> list[str]:
    """Make up ids that look like the real ones and are none of them."""
    first = next(iter(real), "1")
    digits = max((len(one) for one in real if one.isdigit()), default=0)
    if first.isdigit():
        return [str(10**digits + i) for i in range(n)]
    known = set(real)
    # what all of them begin with says nothing of one; an id that is a name would begin with it
    low, high = min(real, default=""), max(real, default="")
    shared = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), 0)
    stem = re.match(r"[A-Za-z]{0,3}", low[:shared])
    start = f"{stem[0] if stem else ''}T"
    made = (f"{start}{i:06d}" for i in range(10 * n + 10))
    return [one for one in made if one not in known][:n]


def _whose(study: Study, name: str, raw: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Tell whose each row of a table is; a row of nobody's stands for itself."""
    frame, card = raw[name], study.tables[name]
    alone = pd.Series([f"row {i}" for i in range(len(frame))], index=frame.index, dtype=object)
    for standard in _OWNERS:
        heading = _heading(card, standard)
        if heading not in frame.columns:
            continue
        whose = frame[heading]
        named = _KNOWN_BY.get(standard, "")
        if named in raw:
            of, told = study.tables[named], raw[named]
            key, customer = _heading(of, standard), _heading(of, "customer_id")
            if {key, customer} <= set(told.columns):
                known = told.dropna(subset=key).drop_duplicates(key).set_index(key)[customer]
                whose = whose.map(known).fillna(whose)
        return whose.fillna(alone)
    return alone


def _rounded(count: int) -> int:
    return max(ROUNDED_TO, ROUNDED_TO * round(count / ROUNDED_TO))


def _rows_each(owners: pd.Series, n: int, fewest: int, rng: np.random.Generator) -> np.ndarray:
    """Draw how many rows each of n people has; what few people have is not told."""
    each = owners.value_counts()
    most = int(each.quantile(0.99)) or 1
    counts = each.clip(upper=most).value_counts()
    counts = counts[counts >= fewest]
    if counts.empty:
        return np.full(n, max(1, round(float(each.median()))))
    shares = np.array([_rounded(int(c)) for c in counts], dtype=float)
    return rng.choice(counts.index.to_numpy(int), size=n, p=shares / shares.sum())


# --- a table ----------------------------------------------------------------------------------


def _twin(
    study: Study,
    name: str,
    frame: pd.DataFrame,
    people: Mapping[str, _People],
    holders: Holders,
    rng: np.random.Generator,
) -> pd.DataFrame:
    fewest = holders.fewest
    card, schema = study.tables[name], schema_of(name)
    who = next((s for s in _OWNERS if _heading(card, s) in frame.columns), None)
    kinds = {own: standard for standard in _IDS if (own := _heading(card, standard)) in frame}
    made: dict[str, Any] = {}
    nobodys = not kinds
    # what happened to somebody is no frame of days, though the file does not say to whom
    events = schema is not None and not schema.key and any(s in schema.columns for s in _OWNERS)
    if who is None:
        # no person's: the frame of days and groups stays, its numbers do not
        rows = len(frame) if nobodys else _rounded(len(frame))
    else:
        own = _heading(card, who)
        one_each = name in PEOPLE
        made[own], rows = _owners(frame[own], people[who], fewest, one_each, rng)
    personal = set(personal_columns(frame.columns)) | {
        _heading(card, s) for s, rule in (schema.columns if schema else {}).items()
        if rule.kind == "personal"
    }  # fmt: skip
    texts = {
        _heading(card, s) for s, rule in (schema.columns if schema else {}).items()
        if rule.kind == "free_text"
    }  # fmt: skip
    for column in frame.columns:
        values = frame[column]
        if column in made:
            continue
        if column in kinds:
            made[column] = _other_ids(values, kinds[column], rows, people, rng)
        elif column in personal:
            made[column] = _contacts(column, values, rows, rng)
        else:
            margin = _margin(values, card, column, holders, many_texts=column in texts)
            framed = (
                _known_as(card, column) in schema.key
                if schema is not None and schema.key
                else _numbers(values.dropna(), card.decimal_mark) is None
            )
            keeps = (
                nobodys
                and not events
                and (_days_of_a_frame(values, margin) or (framed and not margin.grid))
            )
            made[column] = _frame(values, fewest) if keeps else _drawn(margin, rows, rng)
    twin = pd.DataFrame({column: made[column] for column in frame.columns}, dtype=object)
    return twin if nobodys else _in_order(twin, frame, card, holders)


def _days_of_a_frame(values: pd.Series, margin: _Margin) -> bool:
    """Tell days that rows are listed by from the moments at which something happened."""
    known = values.dropna()
    of_the_day = bool(re.search(r"%[HIMSf]", margin.day_format)) or margin.day_format in UNIX
    return bool(margin.day_format) and not (of_the_day and known.nunique() > len(known) / 2)


def _frame(values: pd.Series, fewest: int) -> list[str | None]:
    """Keep which rows of nobody's belong together; what few rows are called is made up."""
    counts = values.value_counts()
    rare = [str(one) for one in counts.index[counts < fewest]]
    if len(rare) < len(counts) / 2 or values.str.fullmatch(r"[\d\W]*").mean() > 0.5:
        rare = [one for one in rare if not re.fullmatch(r"[\d\W]*", one)]
    called = dict(zip(rare, _ids(rare, len(rare)), strict=True))
    return [None if one is None else called.get(one, one) for one in values]


def _owners(
    owners: pd.Series, people: _People, fewest: int, one_each: bool, rng: np.random.Generator
) -> tuple[list[str | None], int]:
    known = owners.dropna()
    nobody = _empty(owners)
    share = round(known.nunique() / max(people.real, 1), 2)
    chosen = people.ids[: max(1, round(share * len(people.ids)))]
    each = np.ones(len(chosen), int) if one_each else _rows_each(known, len(chosen), fewest, rng)
    made: list[str | None] = [one for one, n in zip(chosen, each, strict=True) for _ in range(n)]
    made += [None] * round(nobody * len(made) / max(1 - nobody, 0.01))
    return made, len(made)


def _other_ids(
    values: pd.Series,
    standard: str,
    rows: int,
    people: Mapping[str, _People],
    rng: np.random.Generator,
) -> list[str | None]:
    """Make up the ids of orders, contracts, answers; those of people come from their list."""
    known = values.dropna()
    empty = rng.random(rows) < _empty(values)
    if standard == "customer_id" and standard in people:
        drawn = rng.choice(np.array(people[standard].ids, dtype=object), size=rows)
        return [None if no else str(one) for no, one in zip(empty, drawn, strict=True)]
    if known.empty or standard == "parent_id":  # made-up parents would go in circles
        return [None] * rows
    fresh = rng.random(rows) < round(known.nunique() / len(known), 2)
    ids = _ids([str(one) for one in known.unique()], rows)
    at = np.maximum(np.cumsum(fresh) - 1, 0)
    return [None if no else ids[i] for no, i in zip(empty, at, strict=True)]


def _contacts(
    column: str, values: pd.Series, rows: int, rng: np.random.Generator
) -> list[str | None]:
    plain = column.casefold()
    if re.search(r"mail|邮", plain):
        made = [f"t{i:06d}@example.org" for i in range(rows)]
    elif re.search(r"phone|mobile|tel|fax|手机|电话", plain):
        made = [f"000{i:08d}" for i in range(rows)]
    else:
        made = [f"T {i:06d}" for i in range(rows)]
    empty = rng.random(rows) < _empty(values)
    return [None if no else one for no, one in zip(empty, made, strict=True)]


def _part(whole: pd.DataFrame, frame: pd.DataFrame, of: pd.DataFrame, heading: str) -> pd.DataFrame:
    """Take of a whole's twin as large a part as the table is of the whole."""
    if heading not in frame.columns:
        return whole.head(_rounded(round(len(whole) * len(frame) / max(len(of), 1))))
    ids = list(dict.fromkeys(whole[heading].dropna()))
    share = frame[heading].nunique() / max(of[heading].nunique(), 1)
    kept = set(ids[: max(1, round(share * len(ids)))])
    return whole[whole[heading].isin(kept)][list(frame.columns)].reset_index(drop=True)


def _in_order(
    twin: pd.DataFrame, frame: pd.DataFrame, card: Table, holders: Holders
) -> pd.DataFrame:
    """Let nothing end before it began: put days of a row in the order that the real ones have."""
    forms = {c: f for c in frame.columns if (f := _day_format(frame[c].dropna(), card, c))}
    columns = list(forms)
    for at, first in enumerate(columns):
        for second in columns[at + 1 :]:
            pair = frame[[first, second]].dropna()
            early, late = (_days(pair[c], forms[c]) for c in (first, second))
            if len(pair) < 20 or (early <= late).mean() < 0.99:
                continue
            both = twin[first].notna() & twin[second].notna()
            one, two = (_days(twin.loc[both, c], forms[c]) for c in (first, second))
            wrong = (one > two).to_numpy()
            rows = twin.index[both][wrong]
            for column, days in ((first, two[wrong]), (second, one[wrong])):
                rare = holders.rare(frame[column])
                margin = _Margin(0.0, day_format=forms[column], taken=rare, places=1)
                epoch = pd.Timestamp(0)
                twin.loc[rows, column] = [
                    _number_or_day(margin, (day - epoch) / pd.Timedelta(days=1)) for day in days
                ]
    return twin


# --- a column ---------------------------------------------------------------------------------


def _margin(
    values: pd.Series, card: Table, column: str, holders: Holders, *, many_texts: bool
) -> _Margin:
    known = values.dropna()
    empty = holders.empty(values)
    if known.empty:
        return _Margin(1.0)
    held, shares = holders.counts(known)
    rare = frozenset(held.index[held < holders.fewest])
    common = [str(one) for one in held.index[held >= holders.fewest]]
    few = len(held) <= _FEW and shares[common].sum() >= 0.5
    form = _day_format(known, card, column)
    if form and not few:
        days = _days(known, form)
        places = middle_grid(days.astype("int64") / 86_400e9, holders, _GRID)
        whole = form not in UNIX and not re.search(r"%[HIMSf]", form)
        week = tuple(float(7 * round(q / 7)) for q in places)
        return _Margin(empty, grid=week, day_format=form, taken=rare, places=int(whole))
    numbers = _numbers(known, card.decimal_mark)
    if numbers is not None and not few:
        grid = tuple(_two_digits(q) for q in middle_grid(numbers, holders, _GRID))
        digits = max(len(str(v).partition(card.decimal_mark)[2]) for v in known.head(500))
        return _Margin(empty, grid=grid, places=digits, taken=rare, decimal=card.decimal_mark)
    # a category is what many share: where most do not, it is a text, or a number of a thing
    if many_texts or shares[common].sum() < 0.5:
        if many_texts or known.str.len().median() > 20:
            return _Margin(empty, values=_WORDS, shares=(1 / len(_WORDS),) * len(_WORDS))
        made = tuple(_ids([str(one) for one in held.index], 50))
        return _Margin(empty, values=made, shares=(1 / len(made),) * len(made))
    told = np.array([_rounded(round(s * len(known))) for s in shares[common]], dtype=float)
    return _Margin(empty, values=tuple(common), shares=tuple(told / told.sum()))


def _drawn(margin: _Margin, rows: int, rng: np.random.Generator) -> list[str | None]:
    if margin.values:
        picked = rng.choice(np.array(margin.values, dtype=object), size=rows, p=margin.shares)
        made = [str(one) for one in picked]
    elif margin.grid:
        places = np.interp(rng.random(rows), (np.array(_GRID) - 0.01) / 0.98, margin.grid)
        made = [_number_or_day(margin, float(place)) for place in places]
    else:
        return [None] * rows
    empty = rng.random(rows) < margin.empty
    return [None if no else one for no, one in zip(empty, made, strict=True)]


def _number_or_day(margin: _Margin, place: float) -> str:
    """Write a drawn value, beside those that few real rows have."""
    if margin.day_format:
        step = 1.0 if margin.places else 1 / 1440
        for n in range(40):
            moved = place + step * ((n + 1) // 2) * (-1) ** n
            day = pd.Timestamp(dt.datetime(1970, 1, 1)) + pd.Timedelta(days=moved)
            text = _as_text(day.floor("D" if margin.places else "min"), margin.day_format)
            if text not in margin.taken:
                return text
        return _as_text(pd.Timestamp(7 * round(place / 7), unit="D"), margin.day_format)
    step = 10.0**-margin.places
    for n in range(40):
        moved = round(place + step * ((n + 1) // 2) * (-1) ** n, margin.places)
        text = f"{moved:.{margin.places}f}".replace(".", margin.decimal)
        if text not in margin.taken:
            return text
    # all values about it are somebody's: half a step between two of them is nobody's
    return f"{place:.{margin.places}f}".replace(".", margin.decimal) + (
        "5" if margin.places else f"{margin.decimal}5"
    )


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _numbers(known: pd.Series, decimal: str) -> pd.Series | None:
    """Read a column as numbers; None where it holds others."""
    plain = known.str.replace(r"[\s'\u00a0\u202f]" + ("|," if decimal == "." else r"|\."), "",
                              regex=True).str.replace(decimal, ".")  # fmt: skip
    read = pd.to_numeric(plain, errors="coerce")
    return read.dropna().astype(float) if read.notna().mean() >= 0.98 else None


def _day_format(known: pd.Series, card: Table, column: str) -> str:
    """Find how a column writes days; empty where it writes none."""
    standard = _known_as(card, column)
    told = card.format_of(standard)
    some = known.head(400)
    if told is not None and (told == SERIAL or told in UNIX):
        dated = standard in (card.date_format if isinstance(card.date_format, dict) else ())
        named = re.search(r"date|time|day|_on$|_at$|start|end|日期|时间", column.casefold())
        return told if (dated or named) and _numbers(some, ".") is not None else ""
    for form in dict.fromkeys([*([told] if told else []), *_FORMATS]):
        try:
            read = pd.to_datetime(some, format=form, errors="coerce")
        except ValueError:
            continue
        if len(some) and read.notna().mean() >= 0.98:
            return form
    return ""


def _days(values: pd.Series, form: str) -> pd.Series:
    if form == SERIAL:
        read = pd.to_datetime(pd.to_numeric(values, errors="coerce"), unit="D", origin="1899-12-30")
    elif form in UNIX:
        read = pd.to_datetime(pd.to_numeric(values, errors="coerce") / UNIX[form], unit="s")
    else:
        read = pd.to_datetime(values, format=form, errors="coerce")
    return read.dropna().astype("datetime64[ns]")


def _as_text(day: pd.Timestamp, form: str) -> str:
    if form == SERIAL:
        return str((day - pd.Timestamp("1899-12-30")).days)
    if form in UNIX:
        return str(int((day - pd.Timestamp("1970-01-01")).total_seconds() * UNIX[form]))
    return day.strftime(form)
