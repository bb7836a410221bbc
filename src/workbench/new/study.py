"""Starts a study from a user's own tables: a folder with copies and a card that guesses."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    import pandas as pd

_SAMPLE = 20_000
_MOSTLY = 0.8
_ORDER = ("transactions", "customers", "contracts", "interactions", "survey", "treatments")
_IDENTITY = re.compile(r"(?i)cust|client|member|user|guest|account|buyer|客户|会员|用户|顾客")


class StarterError(WorkbenchError):
    """A study that cannot be started."""


@dataclass(frozen=True)
class Guess:
    """What a file seems to be.

    Attributes
    ----------
    table : str
        The standard table.
    path : Path
        The user's file.
    columns : dict of str to str
        Standard column -> the file's, where the two are called differently.
    missing : tuple of str
        Needed columns that no column seems to be.
    own : tuple of str
        The file's columns.
    encoding : str
        Of a text file.
    decimal_comma : bool
        Whether numbers are written 12,50.
    date_format : str or None
        Where dates are not ISO 8601.
    last : date or None
        The last day in it.
    """

    table: str
    path: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    encoding: str = ""
    decimal_comma: bool = False
    date_format: str | None = None
    last: date | None = None


def start_study(root: Path, name: str, sources: Sequence[Path], *, today: date) -> list[Guess]:
    """Make ``data/<name>/`` with copies of the tables and a commented study.yml.

    Parameters
    ----------
    root : Path
        The folder that holds ``data/``.
    name : str
        Name of the study: letters, digits, underscores.
    sources : sequence of Path
        CSV, TSV, Excel, Parquet, SPSS or Stata files, one a table.
    today : date
        The as-of date when the tables hold no date.

    Returns
    -------
    list of Guess
        What each file was taken for.

    Raises
    ------
    StarterError
        If the name cannot be used or is taken, or two files seem to be the same table.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise StarterError(
            f"{name!r} cannot name a study", remedy="use letters, digits and _, such as acme"
        )
    folder = root / "data" / name
    if folder.exists():
        raise StarterError(
            f"there is a study {name!r} already",
            where=str(folder),
            remedy="choose another name, or edit its study.yml",
        )
    if not sources:
        raise StarterError("no table was given", remedy="add --from orders.csv")
    guesses = [guess_table(path) for path in sources]
    for table in {guess.table for guess in guesses}:
        same = [guess.path.name for guess in guesses if guess.table == table]
        if len(same) > 1:
            raise StarterError(
                f"{' and '.join(same)} both look like the table {table!r}",
                remedy=f"name the files after the tables they are: {', '.join(_ORDER)}",
            )
    aside = folder.with_name(f".{name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for guess in guesses:
        shutil.copyfile(guess.path, aside / guess.path.name)
    (aside / "study.yml").write_text(card_text(name, guesses, today=today), encoding="utf-8")
    aside.rename(folder)
    return guesses


def guess_table(path: Path) -> Guess:
    """Guess what a file is: by its name, by its columns' names, and by what they hold.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    from workbench.data.schemas import schema_of

    frame, encoding = _read(path)
    own = [str(column) for column in frame.columns]
    named = {table: _by_name(table, own) for table in _ORDER}
    table = next((t for t in _ORDER if path.stem.lower().startswith(t)), "")
    if not table:
        table = max(_ORDER, key=lambda t: _fit(t, named[t]))
        if _fit(table, named[table])[0] < 1:
            table = "transactions"  # a log of purchases is what most people have
    schema = schema_of(table)
    assert schema is not None
    columns = dict(named[table])
    needed = [name for name, column in schema.columns.items() if column.required]
    for standard in sorted(needed, key=lambda s: schema.columns[s].kind == "id"):
        if standard not in columns:
            free = [column for column in own if column not in columns.values()]
            likely = _by_content(frame, free, schema.columns[standard].kind)
            if likely:
                columns[standard] = likely
    order = list(schema.columns)
    columns = dict(sorted(columns.items(), key=lambda pair: order.index(pair[0])))
    time = columns.get(schema.time or "")
    format_, last = _dates(frame[time]) if time else (None, None)
    return Guess(
        table=table,
        path=path,
        columns={standard: column for standard, column in columns.items() if standard != column},
        missing=tuple(standard for standard in needed if standard not in columns),
        own=tuple(own),
        encoding=encoding,
        decimal_comma=any(
            _comma_share(frame[own]) > _MOSTLY
            for standard, own in columns.items()
            if schema.columns[standard].kind == "number"
        ),
        date_format=format_,
        last=last,
    )


def card_text(name: str, guesses: Sequence[Guess], *, today: date) -> str:
    """Write the card of a new study.

    Parameters
    ----------
    name : str
        The study's name.
    guesses : sequence of Guess
        What the files were taken for.
    today : date
        The as-of date when the tables hold no date.
    """
    days = [guess.last for guess in guesses if guess.last]
    as_of = max(days, default=today)
    title = name.replace("_", " ").title()
    tables = "\n".join(_table_text(guess) for guess in guesses)
    return f"""\
# The card of the study `{name}`. Look over the guesses, then: workbench check {name}
# A text may be plain, or one a language: {{en: ..., zh: ...}}.

title: {{en: {json.dumps(title)}, zh: {json.dumps(title)}}}
# description: {{en: "What is studied, of whom, since when.", zh: "研究对象、范围与起始时间。"}}
# origin: {{en: "Where the tables come from.", zh: "数据来源。"}}
simulated: false           # true puts a notice on every page that the data are made up
languages: [en, zh]        # the reports' languages
as_of: {as_of.isoformat()}          # the day on which the customers are looked at{_why(days)}
currency: USD              # three letters, such as USD, EUR, CNY: please check
time_unit: week            # hour | day | week | month | quarter | year, for purchase models
time_zone: UTC             # of the moments in the tables, such as Asia/Shanghai: please check
privacy:
  key_env: WORKBENCH_KEY   # environment variable with the key of the pseudonyms
  min_cell: 5              # smaller groups are withheld

# Each table: its file, and for each standard column the name it has in the file.
# Columns not listed keep their names. Raw files are never changed.
tables:
{tables}
{_survey_text(guesses)}# Goals and measures add pages of their own; uncomment and fill in.
# goals:
#   - name: more_repeat_customers
#     title: {{en: More customers come back, zh: 提高复购率}}
#     indicator: repeat_purchase
#     baseline: {{value: 0.30, date: {date(as_of.year - 1, 12, 31).isoformat()}}}
#     target: 0.33
#     deadline: {date(as_of.year + 1, 12, 31).isoformat()}
#     direction: up
# cases:
#   - name: loyalty_programme
#     title: {{en: Loyalty programme, zh: 忠诚度计划}}
#     start: {date(as_of.year, 1, 1).isoformat()}
#     chosen: volunteers     # everybody | rule | worst | volunteers | random
#     outcomes: [{{indicator: repeat_purchase, direction: up, claimed: 0.10}}]

# Parameters of single notebooks, by notebook:
# parameters: {{clv: {{...}}}}
"""


def _survey_text(guesses: Sequence[Guess]) -> str:
    if all(guess.table != "survey" for guess in guesses):
        return ""
    return """\
# The survey's questions; without this they are taken for SERVQUAL's 22, answered from 1 to 7.
# survey:
#   scale: [1, 7]
#   items: {"01": {en: "Bills are right the first time", zh: "账单一次出对"}}   # exp_01 and per_01
#   dimensions: {reliability: ["01"]}
#   groups: [region]
"""


def _why(days: Sequence[date]) -> str:
    return "; here the last one in the tables" if days else ": please set it"


def _table_text(guess: Guess) -> str:
    lines = [f"  {guess.table}:", f"    path: {json.dumps(guess.path.name, ensure_ascii=False)}"]
    if guess.encoding and guess.encoding.lower() not in ("utf-8", "utf-8-sig", "ascii"):
        lines.append(f"    # its encoding was found to be {guess.encoding}")
    if guess.decimal_comma:
        lines.append('    decimal: ","')
    if guess.columns or guess.missing:
        lines.append("    columns:")
    for standard, own in guess.columns.items():
        lines.append(f"      {standard}: {json.dumps(own, ensure_ascii=False)}")
    for standard in guess.missing:
        known = ", ".join(guess.own)
        lines.append(f"      # {standard}: ...   # NEEDED: which of {known}?")
    if guess.missing and not guess.columns:
        lines[lines.index("    columns:")] = "    # columns:"
    if guess.date_format:
        lines.append(f"    date_format: {json.dumps(guess.date_format, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


# --- guessing ---------------------------------------------------------------------------------


def _read(path: Path) -> tuple[pd.DataFrame, str]:
    import pandas as pd

    from workbench.data.sources.detect import exists, look_at
    from workbench.data.sources.labelled import KINDS, read_labelled

    exists(path)
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        return pd.read_excel(path, dtype=str, nrows=_SAMPLE, engine="calamine"), ""
    if suffix in (".parquet", ".pq"):
        return pd.read_parquet(path).head(_SAMPLE).astype("string"), ""
    if suffix in KINDS:
        table, _ = read_labelled(path, codes=())
        return table.slice(0, _SAMPLE).to_pandas(), ""
    form = look_at(path, None, None)
    frame = pd.read_csv(
        path,
        sep=form.delimiter,
        encoding=form.encoding,
        dtype=str,
        nrows=_SAMPLE,
        on_bad_lines="skip",
        compression="gzip" if form.gzipped else None,
    )
    return frame, form.encoding


def _by_name(table: str, own: Iterable[str]) -> dict[str, str]:
    """Match a table's columns by their names and the other names that sources give them."""
    from workbench.data.schemas import ALIASES, schema_of

    schema = schema_of(table)
    assert schema is not None
    plain = {re.sub(r"[\s-]+", "_", column.strip().casefold()): column for column in own}
    columns: dict[str, str] = {}
    for standard in schema.columns:
        for alias in (standard, *ALIASES.get(standard, ())):
            if alias in plain and plain[alias] not in columns.values():
                columns[standard] = plain[alias]
                break
    return columns


def _fit(table: str, columns: Mapping[str, str]) -> tuple[float, int]:
    """Return the share of the needed columns that were found, and how many in all."""
    from workbench.data.schemas import schema_of

    schema = schema_of(table)
    assert schema is not None
    needed = [name for name, column in schema.columns.items() if column.required]
    return sum(name in columns for name in needed) / len(needed), len(columns)


def _by_content(frame: pd.DataFrame, free: Sequence[str], kind: str) -> str | None:
    """Find the column that holds what a standard column holds."""
    if kind in ("date", "moment"):
        return next((column for column in free if _dates(frame[column])[1]), None)
    if kind == "number":
        numbers = {c: _numbers(frame[c]) for c in free}
        good = [c for c in free if numbers[c].notna().mean() > _MOSTLY]
        # Sums of money have decimals; numbers of customers and of pieces do not.
        return max(good, key=lambda c: (numbers[c] % 1 != 0).mean(), default=None)
    if kind == "id":
        named = [column for column in free if _IDENTITY.search(column)]
        repeated = [c for c in free if 1 < frame[c].nunique() < frame[c].notna().sum()]
        return next(iter(named or repeated or free), None)
    return None


def _comma_share(column: pd.Series[str]) -> float:
    texts = column.dropna().astype(str).str.strip()
    return float(texts.str.fullmatch(r"-?[\d.]*,\d+").mean()) if len(texts) else 0.0


def _numbers(column: pd.Series[str]) -> pd.Series[float]:
    import pandas as pd

    if _comma_share(column) > _MOSTLY:
        column = column.str.replace(".", "").str.replace(",", ".")
    numbers: pd.Series[float] = pd.to_numeric(column, errors="coerce")
    return numbers


def _dates(column: pd.Series[str]) -> tuple[str | None, date | None]:
    """Return how a column writes its dates, and the last one; (None, None) where it has none."""
    import pandas as pd

    from workbench.data.clean.parse import date_format

    texts = column.dropna().astype(str).str.strip()
    if texts.empty:
        return None, None
    format_ = date_format(texts.head(200)).format
    if (
        format_ is None
        and not texts.head(200).str.match(r"\d{4}[-/]\d{1,2}[-/]\d").mean() > _MOSTLY
    ):
        return None, None
    read = pd.to_datetime(texts, format=format_ or "ISO8601", errors="coerce", utc=True)
    if format_ is None and read.notna().mean() <= _MOSTLY:
        read = pd.to_datetime(texts.str.replace("/", "-"), errors="coerce", utc=True)
    if read.notna().mean() <= _MOSTLY:
        return None, None
    last: datetime = read.max().to_pydatetime()
    return format_, last.date()
