"""The engine that holds a study's tables, and the few expressions that differ between engines."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import contextlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pandas as pd
from ibis import udf

from workbench.data.dialects import MOMENT_OF, Postgres, Spark, moment_pattern
from workbench.data.text.date_words import plain_format, rewriting
from workbench.data.text.notation import (
    BLANKS,
    DIGITS,
    HALVES,
    MULTIPLES,
    OFFSET,
    SERIAL,
    SIGNS,
    UNIX,
    currency_shapes,
    number_shape,
)  # fmt: skip
from workbench.errors import DataError, WorkbenchError
from workbench.study import Study, StudyError, find_root, is_large
from workbench.study.card import CACHE, IN_MEMORY, data_roots

#: What a card's `connection` may begin with.
BACKENDS = ("duckdb", "postgres", "postgresql", "pyspark", "sc")

_TRUE = ["true", "t", "yes", "y", "1", "1.0", "是", "对", "已解决"]
_FALSE = ["false", "f", "no", "n", "0", "0.0", "否", "错", "未解决"]
#: Printable ASCII without blanks around it, and without the marks by which a spreadsheet is told
#: that something is a text: ="0012", '0012 and, in WeChat's bills, `0012.
_NO_BLANKS = r"^[!-&(-<>-_a-~]([ -~]*[!-~])?$"
_MARKED = r"^(?:=\"(.*)\"|'([\d.]+)|`(.*))$"
#: Seconds from 1970 that no calendar reaches.
_FAR = 8e12
_LONGEST_FIRST = sorted(MULTIPLES.items(), key=lambda pair: -len(pair[0]))

#: Memory that the engine takes for a large study.
MEMORY = "900MB"
#: Hashes of rows that are brought out of the engine at once.
_AT_ONCE = 12_000_000


def builtin(name: str, *kinds: Any) -> Any:
    """Name one of the engine's functions: kinds of its one or two arguments, then of its value."""

    def one(a: Any) -> Any: ...

    def two(a: Any, b: Any) -> Any: ...

    function = one if len(kinds) == 2 else two
    return udf.scalar.builtin(function, name=name, signature=(kinds[:-1], kinds[-1]))


#: DuckDB: parse a text by a format, or give null.
try_strptime = builtin("try_strptime", dt.string, dt.string, dt.timestamp)
#: DuckDB: neither infinite nor "not a number"; null of null.
is_finite = builtin("isfinite", dt.float64, dt.boolean)
#: DuckDB and Postgres: the wall-clock time of an instant in a zone.
local_time = builtin("timezone", dt.string, dt.Timestamp("UTC"), dt.timestamp)
#: DuckDB: parse a text by the first format that fits, or give null.
try_formats = builtin("try_strptime", dt.string, dt.Array(dt.string), dt.timestamp)
#: DuckDB and Postgres: take these signs off both ends.
trim = builtin("trim", dt.string, dt.string, dt.string)
#: DuckDB: the moment so many microseconds after 1970.
from_microseconds = builtin("make_timestamp", dt.int64, dt.timestamp)
#: Postgres: parse a text by a pattern whose groups hold parts of a moment, or give null.
postgres_moment = udf.scalar.builtin(
    lambda text, pattern, keys: None,
    name="workbench_moment",
    database="pg_temp",
    signature=((dt.string, dt.string, dt.string), dt.timestamp),
)
#: DuckDB: the largest values, in falling order.
largest_of = udf.agg.builtin(
    lambda value, n: None, name="max", signature=((dt.float64, dt.int64), dt.Array(dt.float64))
)
#: DuckDB: what pseudonyms are made of.
sha256 = builtin("sha256", dt.binary, dt.string)
unhex = builtin("unhex", dt.string, dt.binary)
encode = builtin("encode", dt.string, dt.binary)
join_bytes = builtin("concat", dt.binary, dt.binary, dt.binary)


#: DuckDB: a text without blanks and marks around it (`Engine.text`). Written out in each query,
#: for each of hundreds of columns, it would take longer to plan than to run.
_BARE_TEXT = "workbench_bare_text"
bare_text = builtin(_BARE_TEXT, dt.string, dt.string)


def _bare_text_macro() -> str:
    """Define what `bare_text` does."""
    bare = f"trim(x, {_literal(BLANKS)})"
    marked = f"regexp_replace({bare}, {_literal(_MARKED)}, '\\1\\2\\3', 'g')"
    marked = f"CASE WHEN regexp_matches({bare}, {_literal(_MARKED)}) THEN {marked} ELSE {bare} END"
    # taking blanks off costs three times as much as seeing that there are none
    clean = f"regexp_matches(x, {_literal(_NO_BLANKS)})"
    return (
        f"CREATE OR REPLACE TEMP MACRO {_BARE_TEXT}(x) AS"
        f" CASE WHEN {clean} THEN x ELSE nullif({marked}, '') END"
    )


class Engine:
    """An Ibis connection with the study's time zone.

    Parameters
    ----------
    study : Study, optional
        Its `connection` names the backend; its `time_zone` decides what day an instant is. Without
        a study: in memory, in UTC.
    connection : str, optional
        Another backend than the study's.

    Notes
    -----
    Day counts follow the business's time zone: instants (text with an offset, or typed with a
    zone) are turned into wall-clock time there, and everything after that is without zone.
    """

    def __init__(self, study: Study | None = None, connection: str | None = None) -> None:
        self.zone = study.time_zone if study else "UTC"
        self._cached: dict[str, Any] = {}
        self._taught: set[str] = set()
        #: View of `numbered` -> the table behind it.
        self._behind: dict[str, str] = {}
        #: Columns known to hold bare texts: a second look at each would cost as much as the first.
        self._bare: set[Any] = set()
        address = connection or (study.connection if study else IN_MEMORY)
        #: Whether settings of the engine can be changed no more.
        self._locked = False
        try:
            self.connection = _connected(address, study)
        except Exception as error:
            why = error.what if isinstance(error, StudyError) else _first_line(error)
            raise WorkbenchError(
                f"cannot connect to {address.split('@')[-1].split(';')[0]!r}: {why}",
                where=f"{study.path if study else 'engine'}, connection",
                remedy="mend `connection`, install the backend's extra (spark, postgres), or leave"
                " it out for the built-in DuckDB",
            ) from error
        self.name: str = self.connection.name
        if not self.is_duckdb:
            self.connection.compiler = Postgres() if self.name == "postgres" else Spark()
            if self.name == "postgres":
                self.connection.raw_sql(MOMENT_OF).close()
        if self.is_duckdb:
            self.connection.raw_sql("SET TimeZone='UTC'")
            self.connection.raw_sql(_bare_text_macro())
            # its bar would run into what the workbench says, and into pipes
            # (a kernel without ipywidgets has none, and refuses to hear of it)
            with contextlib.suppress(duckdb.Error):
                self.connection.raw_sql("SET enable_progress_bar=false")
            # What does not fit into memory would otherwise be written to the current folder.
            spill = Path(tempfile.mkdtemp(prefix="workbench-"))
            weakref.finalize(self, shutil.rmtree, spill, ignore_errors=True)
            self.connection.raw_sql(f"SET temp_directory={_quoted(spill)}")
            if study:
                # Several threads add up in another order each time, and the last digit tells.
                if is_large(study):
                    # what does not fit goes to disk: a night's machine has other work
                    self.connection.raw_sql(f"SET memory_limit='{MEMORY}'")
                elif all(t.sql is None for t in study.tables.values()):
                    self.connection.raw_sql("SET threads=1")
                self._confine(study)

    def _confine(self, study: Study) -> None:
        """Let the engine read and write where the study's own work is done, and nowhere else.

        A card comes from anybody. What it asks for is looked at before it is run (see `read_sql`);
        here the engine itself is told, which also follows links. Nothing of the network, no
        extension that is not built in.
        """
        places = [study.folder, study.folder.resolve(), *data_roots(), Path(tempfile.gettempdir())]
        with contextlib.suppress(StudyError):
            places.append(find_root(study.folder) / CACHE)
        places.append(study.folder / CACHE)
        listed = ", ".join(_quoted(place) for place in dict.fromkeys(places))
        con = self.connection.con
        with contextlib.suppress(duckdb.Error):  # a second engine on one database file finds it so
            con.execute(f"SET allowed_directories=[{listed}]")
        con.execute("SET autoinstall_known_extensions=false")
        con.execute("SET autoload_known_extensions=false")
        con.execute("SET enable_external_access=false")
        if any(table.sql is not None for table in study.tables.values()):
            con.execute("SET lock_configuration=true")
            self._locked = True

    @property
    def is_duckdb(self) -> bool:
        """Whether this is DuckDB, which reads files by itself."""
        return self.name == "duckdb"

    def run(self, expr: Any, what: str) -> Any:
        """Execute an expression; an engine's error is told with what was being done."""
        try:
            return self.connection.execute(expr)
        except Exception as error:
            raise DataError(
                f"the engine could not compute it: {_first_line(error)}",
                where=what,
                remedy="look at the table's columns and types in study.yml",
            ) from error

    def keep(self, expr: Any, what: str) -> Any:
        """Compute an expression once and keep its rows in the engine, in a table of this session.

        Ibis's own cache drops its table as soon as the expression object is collected, also while
        others are built on it; so the table is made here, and `drop` ends it.
        """
        try:
            name = ibis.util.gen_name("workbench_kept")
            if self.name == "pyspark":
                made = self.connection._session.sql(self._sql(expr)).cache()
                return self._named(made, name)
            return self.connection.create_table(name, expr, temp=True)
        except Exception as error:
            raise DataError(
                f"the engine could not read it: {_first_line(error)}",
                where=what,
                remedy="look at the table's source in study.yml",
            ) from error

    def view(self, expr: Any) -> Any:
        """Give an expression a name, so that what is built on it does not repeat its parts."""
        if not self.is_duckdb:
            return expr
        name = ibis.util.gen_name("workbench_view")
        # Ibis's own views last beyond the session where the database is a file.
        query = f"CREATE TEMP VIEW {name} AS {self._sql(expr)}"
        try:
            self.connection.con.execute(query)
        except duckdb.Error as error:
            raise DataError(
                f"the engine could not read it: {_first_line(error)}",
                remedy="look at the table's keys in study.yml",
            ) from error
        return self.connection.table(name)

    def _sql(self, expr: Any) -> str:
        """Write an expression out; what came from memory is made known to the engine before."""
        self.connection._run_pre_execute_hooks(expr)
        return str(self.connection.compile(expr))

    def teach(self, name: str, function: Callable[[Any, Any], Any]) -> Any:
        """Make a function of two texts, Arrow arrays, known to the engine (DuckDB only).

        It costs two milliseconds for each two thousand rows in which a choice comes to it.
        """
        if name not in self._taught:
            self._taught.add(name)
            self.connection.con.create_function(
                name, function, ["VARCHAR", "VARCHAR"], "VARCHAR", type="arrow",
                null_handling="special",
            )  # fmt: skip
        return builtin(name, dt.string, dt.string, dt.string)

    @contextlib.contextmanager
    def within(self, memory: str) -> Iterator[None]:
        """Keep the engine to so much memory; what does not fit goes to disk meanwhile (DuckDB)."""
        if not self.is_duckdb or self._locked:
            yield
            return
        con = self.connection.con
        names = ("memory_limit", "preserve_insertion_order")
        asked = [con.execute(f"SELECT current_setting('{n}')").fetchall()[0][0] for n in names]
        # the first answer is kept: the engine rounds it down each time it is set anew
        before = self.__dict__.setdefault("_before", asked)
        try:
            # refused where the engine holds more than that already; then it goes on as before
            with contextlib.suppress(duckdb.Error):
                con.execute(f"SET memory_limit='{memory}'")
            con.execute("SET preserve_insertion_order=false")
            yield
        finally:
            con.execute(f"SET memory_limit='{before[0]}'")
            con.execute(f"SET preserve_insertion_order={before[1]}")

    def matching(self, table: Any, columns: Sequence[str], pattern: str, what: str) -> set[str]:
        """Name the columns of texts of which one matches a pattern, at one look at the table."""
        if not columns:
            return set()
        rows = table.select(*columns)
        if self.is_duckdb:
            # thousands of columns take Ibis minutes and the engine a moment
            looks = f"regexp_matches(COLUMNS(*), {_literal(pattern)})"
            query = f"SELECT bool_or({looks}) FROM ({self._sql(rows)})"
            try:
                found = self.connection.con.execute(query).fetchall()[0]
            except duckdb.Error as error:
                raise DataError(f"the engine could not compute it: {error}", where=what) from error
        else:
            asked = {f"n_{i}": rows[c].re_search(pattern).sum() for i, c in enumerate(columns)}
            found = tuple(self.run(rows.aggregate(**asked), what).iloc[0])
        return {c for c, n in zip(columns, found, strict=True) if n == n and n}

    def alike(self, table: Any, columns: Sequence[str], pattern: str, what: str) -> list[str]:
        """Name the columns of texts of which all that are not empty match a pattern, and one does.

        Blanks around a text, and a spreadsheet's marks of one, do not count (see `text`).
        """
        if not columns:
            return []
        if self.is_duckdb:
            # hundreds of columns take Ibis seconds and the engine a moment
            looks = f"regexp_matches({_BARE_TEXT}(COLUMNS(*)), {_literal(pattern)})"
            looks = f"coalesce(bool_and({looks}), false)"
            query = f"SELECT {looks} FROM ({self._sql(table.select(*columns))})"
            try:
                found = self.connection.con.execute(query).fetchall()[0]
            except duckdb.Error as error:
                raise DataError(f"the engine could not compute it: {error}", where=what) from error
        else:
            rows = table.select(**{c: self.text(table[c]) for c in columns})
            asked = {f"n_{i}": rows[c].re_search(pattern).cast("int8").min()
                     for i, c in enumerate(columns)}  # fmt: skip
            found = tuple(n == 1 for n in self.run(rows.aggregate(**asked), what).iloc[0])
        return [c for c, all_ in zip(columns, found, strict=True) if all_]

    def largest(
        self, table: Any, keys: Sequence[str], column: str, depth: int, what: str
    ) -> pd.DataFrame:
        """Give the largest values of a column by group: the keys, and `top_0`, `top_1`, ..."""
        names = [f"top_{i}" for i in range(depth)]
        if self.is_duckdb:
            # a window would sort all rows for the few that it keeps
            values = largest_of(table[column].cast("float64"), depth)
            found = self.run(table.group_by(keys).aggregate(top_=values).order_by(keys), what)
            lists = [[*each, *[None] * (depth - len(each))] for each in found["top_"]]
            wide = pd.DataFrame(lists, columns=names, dtype="float64", index=found.index)
            joined: pd.DataFrame = pd.concat([found.drop(columns="top_"), wide], axis=1)
            return joined
        by_size = ibis.window(group_by=keys, order_by=ibis.desc(column))
        ranked = table.select(*keys, column, rank_=ibis.row_number().over(by_size))
        top = self.run(ranked.filter(ranked.rank_ < depth), what)
        wide = top.pivot_table(index=list(keys), columns="rank_", values=column)
        told: pd.DataFrame = wide.reindex(columns=range(depth)).set_axis(names, axis=1)
        return told.reset_index()

    def tally(self, table: Any, what: str) -> Iterator[tuple[str, str, int]]:
        """Count the different texts of each column: column, text, number of rows."""
        columns = list(table.columns)
        if self.is_duckdb:
            # hundreds of questions would take Ibis seconds and the engine a moment
            query = (
                f"SELECT question, text, count(*) FROM (UNPIVOT ({self._sql(table)})"
                " ON COLUMNS(*) INTO NAME question VALUE text) GROUP BY ALL ORDER BY ALL"
            )
            try:
                found = self.connection.con.execute(query).fetchall()
            except duckdb.Error as error:
                raise DataError(f"the engine could not compute it: {error}", where=what) from error
            yield from found
            return
        for column in columns:
            rows = table.select(text=table[column])
            rows = rows.filter(rows.text.notnull())
            counted = self.run(rows.group_by("text").aggregate(n=rows.count()), what)
            yield from ((column, str(t), int(n)) for t, n in counted.itertuples(index=False))

    def key(self, column: Any) -> Any:
        """Give what to group a large table by in place of a text: half the time, in DuckDB."""
        if not self.is_duckdb:
            return column
        return builtin("hash", column.type(), dt.uint64)(column)

    def repeats(self, table: Any, where: str) -> int:
        """Count the rows that equal another one before them (see `different`)."""
        rows, different = self._told_apart(table, where)
        return rows - different

    def different(self, table: Any, where: str) -> int:
        """Count the different rows.

        In DuckDB rows are told apart by a hash of 64 bits: among 10,000,000 rows a pair of others
        passes for one with a probability below 1e-5. The hashes are sorted outside, part by part:
        a table of all groups in the engine takes twice as long and five times the memory.
        """
        return self._told_apart(table, where)[1]

    def _told_apart(self, table: Any, where: str) -> tuple[int, int]:
        """Count the rows of a table, and the different ones."""
        if not self.is_duckdb:
            all_, apart = (int(self.run(t.count(), where)) for t in (table, table.distinct()))
            return all_, apart
        sql = self._sql(table)
        query = f"SELECT hash(r) AS hash FROM ({sql}) r"
        con, different = self.connection.con, 0
        try:
            rows = int(con.execute(f"SELECT count(*) FROM ({sql})").fetchall()[0][0])
            parts = 1 + rows // _AT_ONCE
            for i in range(parts):
                some = f"{query} WHERE hash % {parts} = {i}" if parts > 1 else query
                found = con.execute(some).fetchnumpy()["hash"]
                found.sort()
                different += int((found[1:] != found[:-1]).sum()) + bool(len(found))
        except duckdb.Error as error:
            raise DataError(f"the engine could not compute it: {error}", where=where) from error
        return rows, different

    def numbered(self, table: Any, column: str, first: int) -> Any:
        """Give the rows of a table that `keep` made their places, in the order in which they came.

        DuckDB keeps them in that order, and a row's place in the table is known without counting.
        """
        behind = table.op().name
        view = f"{behind}_numbered"
        self.connection.con.execute(
            f'CREATE TEMP VIEW "{view}" AS SELECT *, rowid + {first} AS {column} FROM "{behind}"'
        )
        self._behind[view] = behind
        return self.connection.table(view)

    def drop(self, table: Any) -> None:
        """Let go of a table that `keep` made and nothing needs any more."""
        if self.is_duckdb:
            # Ibis quotes the name together with its schema, and then finds nothing to drop.
            name = table.op().name
            if behind := self._behind.pop(name, None):
                self.connection.con.execute(f'DROP VIEW IF EXISTS "{name}"')
                name = behind
            self.connection.con.execute(f'DROP TABLE IF EXISTS "{name}"')
        elif self.name != "pyspark":
            self.connection.drop_table(table.op().name, force=True)

    def release(self, tables: Iterable[str]) -> None:
        """Let go of tables by their names (DuckDB); what is built on them cannot be asked again."""
        for name in tables if self.is_duckdb else ():
            self.connection.con.execute(f'DROP TABLE IF EXISTS "{name}"')

    def upload(self, name: str, table: Any) -> Any:
        """Bring an Arrow table into the engine."""
        if self.is_duckdb:
            return ibis.memtable(table)
        made = ibis.util.gen_name(f"workbench_{name}")
        if self.name != "pyspark":
            return self.connection.create_table(made, table, temp=True)
        return self._named(self.connection._session.createDataFrame(table), made)

    def _named(self, made: Any, name: str) -> Any:
        """Name rows of Spark: a view of the session, where a table would outlast it."""
        made.createOrReplaceTempView(name)
        self._cached[name] = made
        return self.connection.table(name)

    def parquet(self, path: Path) -> Any:
        """Give a Parquet file as a table that is read as it is needed (DuckDB only)."""
        view = ibis.util.gen_name("workbench_file")
        self.connection.con.execute(
            f"CREATE TEMP VIEW {view} AS SELECT * FROM read_parquet({_quoted(path)})"
        )
        return self.connection.table(view)

    def write_parquet(self, table: Any, path: Path) -> None:
        """Write a table to a Parquet file, in its order (DuckDB only).

        What is read by each page of each night is packed lightly: twice the room, half the time.
        """
        self.connection.con.execute(
            f"COPY ({self._sql(table)}) TO {_quoted(path)} (FORMAT parquet, COMPRESSION lz4)"
        )

    def close(self) -> None:
        """End the connection; what it holds in memory is freed."""
        self.connection.disconnect()

    def bound(self, value: Any, give: Callable[[Any], Any]) -> Any:
        """Compute from a value that is asked for several times, and written out once.

        An expression has no names: what it asks for twice, it says twice, and with parts of parts
        a query grows until planning it takes longer than running it. In DuckDB a lambda's parameter
        is such a name; `give` must call its parameter otherwise than a `give` around it does.
        """
        return ibis.array([value]).map(give)[0] if self.is_duckdb else give(value)

    # --- parsing ----------------------------------------------------------------------------

    def text(self, column: Any) -> Any:
        """Read text without blanks around it; an empty text is null."""
        if column.op() in self._bare:
            return column
        if not column.type().is_string():
            column = column.cast("string")
        bare = bare_text(column) if self.is_duckdb else column.strip().nullif("")
        self._bare.add(bare.op())
        return bare

    def plain(self, column: Any) -> Any:
        """Write full-width and other signs as the ASCII sign that means the same."""
        odd, usual = ("".join(signs) for signs in zip(*SIGNS.items(), strict=True))
        return trim(column.translate(odd, usual), BLANKS) if self.is_duckdb else column.strip()

    def number(self, column: Any, decimal: str = ".", thousands: str | None = None) -> Any:
        """Read a number, or null where the text is none.

        Thousands separators, currencies, minus signs after the number, accounting's brackets for
        negative numbers, full-width digits and words such as 万 are understood; ``1,5`` is not
        taken for fifteen.
        """
        if not column.type().is_string():
            value = column.cast("float64")
            return ibis.ifelse(value.isnan() | value.isinf(), ibis.null("float64"), value)
        text = self.text(column)
        slow = self.bound(text, lambda text: self._written_number(text, decimal, thousands))
        if decimal == ",":
            bare = text.re_search(r"^-?\d+(,\d+)?$")
            return ibis.ifelse(bare, self._cast(text.replace(",", "."), "float64"), slow)
        if self.is_duckdb:
            # its cast does not mind blanks around a text; and what only a branch of a choice asks
            # for it computes only there, which it would not under `coalesce`
            fast = self._cast(column, "float64")
            return ibis.ifelse(is_finite(fast), fast, slow)
        fast = self._cast(text, "float64")
        fast = ibis.ifelse(fast.isnan() | fast.isinf(), ibis.null("float64"), fast)
        return ibis.coalesce(fast, slow)

    def bare_number(self, column: Any) -> Any:
        """Read what is known to be digits and at most a point; `number` asks far more."""
        return self._cast(self.text(column), "float64")

    def _written_number(self, text: Any, decimal: str, thousands: str | None) -> Any:
        """Read a number that is written as people write them."""
        before, after = currency_shapes()
        bare = self.plain(text).re_replace(before, r"\1").re_replace(after, r"\1")
        bare = bare.re_replace(r"(\d)[.,] ?-{1,2}$", r"\1")  # 5,- has no cents, and is no refund
        return self.bound(bare, lambda bare: self._bare_number(bare, decimal, thousands))

    def _bare_number(self, bare: Any, decimal: str, thousands: str | None) -> Any:
        """Read a number that has lost its currency."""
        shape = number_shape(decimal, thousands)
        digits = bare.re_extract(DIGITS, 1)
        if decimal == ",":
            digits = digits.re_replace(r"[.' ]", "").replace(",", ".")
        else:
            digits = digits.re_replace(r"[,' ]", "")
        times = ibis.cases(
            *((bare.contains(word), power) for word, power in _LONGEST_FIRST), else_=1.0
        )
        sign = ibis.ifelse(bare.contains("-") | bare.contains("("), -1.0, 1.0)
        value = sign * (self._cast(digits, "float64") * times).round(6)
        return ibis.ifelse(bare.re_search(shape), value, ibis.null("float64"))

    def exact_sum(self, column: Any) -> Any:
        """Add up to six decimals, so that the order of the rows leaves no trace (in DuckDB)."""
        return column.try_cast("decimal(38, 6)").sum() if self.is_duckdb else column.sum()

    def boolean(self, column: Any) -> Any:
        """Read true or false, or null where it is neither."""
        if column.type().is_boolean():
            return column
        word = self.text(column).lower()
        return ibis.cases(
            (word.isin(_TRUE), True), (word.isin(_FALSE), False), else_=ibis.null("boolean")
        )

    def moment(self, column: Any, format: str | None = None, zone: int | None = None) -> Any:
        """Read wall-clock time in the study's zone, or null where the text is no date.

        Parameters
        ----------
        column
            Texts, or what is typed as a date, a moment or a number.
        format : str, optional
            As `workbench.data.text.notation.DateFormat` gives it; ISO 8601 when None. Zones after a
            time are read whatever the format.
        zone : int, optional
            Minutes ahead of UTC of the times that name no zone, where that is not the study's.
        """
        kind = column.type()
        if kind.is_date():
            return column.cast("timestamp")
        if kind.is_timestamp():
            if kind.timezone:
                return self._wall_clock(column)
            return column if zone is None else self._shifted(column, ibis.literal(zone))
        if format is not None and (format == SERIAL or format in UNIX):
            return self._counted(column, format)
        if not kind.is_string():
            column = column.cast("string")
        text = self.text(column)
        if self.name == "pyspark":
            return text.as_timestamp(format) if format else self._cast(text, "timestamp")
        if format is None:
            # most are days without blanks around them: neither these nor zones need be looked for
            naive = ibis.coalesce(self._cast(column, "timestamp"), self._cast(text, "timestamp"))
        else:
            naive = self._by_format(text, format)

        def read(bare: Any) -> Any:
            return self._by_format(bare, format) if format else self._cast(bare, "timestamp")

        timed = self.bound(text, lambda text: self._zoned(text, read, zone))
        return ibis.ifelse(column.contains(":"), timed, naive)

    def _by_format(self, text: Any, format: str) -> Any:
        read = self._by_formats(text, format)
        if "%b" not in format and "%B" not in format:
            return read
        # only what that does not read is looked at for words of other languages
        worded = text
        for shape, by in rewriting():
            worded = worded.re_replace(shape, by)
        worded = self._by_formats(worded.strip(), plain_format(format))
        return ibis.ifelse(read.isnull(), worded, read)

    def _by_formats(self, text: Any, format: str) -> Any:
        formats = [f.removesuffix("%z").rstrip() for f in format.split("|")]
        if any("%p" in f for f in formats):
            for word, half in HALVES.items():
                text = text.re_replace(word, half)
            text = text.strip()
        if self.name == "postgres":
            read = [postgres_moment(text, *moment_pattern(f)) for f in formats]
            return ibis.coalesce(*read) if len(read) > 1 else read[0]
        if len(formats) == 1:
            return try_strptime(text, formats[0])
        return try_formats(text, ibis.array(formats))

    def _zoned(self, text: Any, read: Any, zone: int | None) -> Any:
        """Read times that may name a zone: their wall-clock time in the study's zone."""
        zoned = text.re_search(OFFSET)
        hours, minutes = (
            ibis.coalesce(self._cast(text.re_extract(OFFSET, n).nullif(""), "int64"), 0)
            for n in (3, 4)
        )
        ahead = hours * 60 + minutes
        ahead = ibis.ifelse(text.re_extract(OFFSET, 2) == "-", -ahead, ahead)
        naive = read(text)
        if zone is not None:
            naive = self._shifted(naive, ibis.literal(zone))
        bare = text.re_replace(OFFSET, r"\1")
        return ibis.ifelse(zoned, self._shifted(read(bare), ahead), naive)

    def _shifted(self, naive: Any, ahead: Any) -> Any:
        """Bring a time that is so many minutes ahead of UTC into the study's zone."""
        instant = naive - ahead.cast("int64").as_interval("m")
        return self._wall_clock(instant.cast("timestamp('UTC')"))

    def _counted(self, column: Any, format: str) -> Any:
        """Read days since 1899-12-30, or seconds since 1970."""
        number = self.number(column)
        seconds = (number - 25_569) * 86_400 if format == SERIAL else number / UNIX[format]
        # a spreadsheet's day is a fraction that seconds do not divide
        micro = seconds.round(0 if format == SERIAL else 6) * 1_000_000
        inside = ibis.ifelse(seconds.abs() < _FAR, micro, ibis.null("float64")).cast("int64")
        if self.is_duckdb:
            moment = from_microseconds(inside)
        else:
            moment = (inside / 1_000_000).cast("int64").as_timestamp("s")
        return moment if format == SERIAL else self._wall_clock(moment.cast("timestamp('UTC')"))

    def _wall_clock(self, instant: Any) -> Any:
        if self.name in ("duckdb", "postgres"):
            return local_time(self.zone, instant)
        return instant.cast(f"timestamp('{self.zone}')").cast("timestamp")

    def _cast(self, column: Any, kind: str) -> Any:
        return column.try_cast(kind)


def _connected(address: str, study: Study | None) -> Any:
    """Connect to a backend; a database file lies where a table's file may lie."""
    scheme, _, rest = address.partition("://")
    if scheme not in BACKENDS:
        raise ValueError(f"the workbench speaks {', '.join(BACKENDS)}")
    if urlsplit(address).password or "token=" in address:
        raise ValueError(
            "a card holds no password: set PGUSER and PGPASSWORD in the environment, or"
            " SPARK_CONNECT_AUTHENTICATE_TOKEN"
        )
    if scheme == "sc":
        return _spark_session(address)
    if scheme != "duckdb" or rest in ("", ":memory:"):
        return ibis.connect(address)
    path, _, options = rest.partition("?")
    if options not in ("", "read_only=1", "read_only=true", "read_only=True"):
        raise ValueError("of options, a database file takes read_only=1 alone")
    database = study.inside(path) if study else Path(path)
    return ibis.duckdb.connect(database, read_only=bool(options))


def _spark_session(address: str) -> Any:
    """Open a session on a Spark server that notebooks share (Spark Connect)."""
    from pyspark.sql import SparkSession

    # `getOrCreate` would give the session of another study again, with its tables
    session = SparkSession.builder.remote(address).create()
    # what cannot be read is null, as everywhere
    return ibis.pyspark.connect(session, **{"spark.sql.ansi.enabled": "false"})


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _quoted(path: Path) -> str:
    return _literal(str(path))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def relative(path: Path) -> str:
    """Show a path from the current folder where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
