"""What Postgres and Spark have to be told otherwise than Ibis tells them, each in one place."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import ibis.expr.datatypes as dt
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.expr.operations import RegexSearch

# ruff: noqa: N802  (the names are Ibis's)

#: What can be cast, of texts. Postgres cannot try: an error would end the whole query.
_LOOKS = {
    "float": r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$",
    "integer": r"^[-+]?\d{1,18}$",
}
#: What `moment_pattern` takes for a moment where no format is given: ISO 8601, zones aside.
ISO = "%Y-%m-%d|%Y-%m-%d %H:%M|%Y-%m-%dT%H:%M|%Y-%m-%d %H:%M:%S|%Y-%m-%dT%H:%M:%S"
_PARTS = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}",
    "I": r"\d{1,2}", "M": r"\d{1,2}", "S": r"\d{1,2}(?:\.\d+)?", "p": "[AaPp][Mm]",
    "b": "[A-Za-z]{3}", "B": "[A-Za-z]{3,9}", "f": r"\d{1,6}",
}  # fmt: skip
#: Reads what a pattern found; a day that no calendar has is null. It is of the session.
MOMENT_OF = """
CREATE OR REPLACE FUNCTION pg_temp.workbench_moment(given text, pattern text, keys text)
RETURNS timestamp LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  found text[] := regexp_match(given, pattern);
  y int := 1900; mo int := 1; d int := 1; h int := 0; mi int := 0; s float8 := 0;
  half text := ''; part text;
BEGIN
  IF found IS NULL THEN RETURN NULL; END IF;
  FOR i IN 1 .. length(keys) LOOP
    part := found[i];
    CASE substr(keys, i, 1)
      WHEN 'Y' THEN y := part;
      WHEN 'y' THEN y := part; y := y + CASE WHEN y < 69 THEN 2000 ELSE 1900 END;
      WHEN 'm' THEN mo := part;
      WHEN 'b', 'B' THEN
        mo := (position(lower(left(part, 3)) IN 'janfebmaraprmayjunjulaugsepoctnovdec') + 2) / 3;
      WHEN 'd' THEN d := part;
      WHEN 'H', 'I' THEN h := part;
      WHEN 'M' THEN mi := part;
      WHEN 'S' THEN s := part;
      WHEN 'f' THEN s := s + rpad(part, 6, '0')::float8 / 1000000;
      WHEN 'p' THEN half := upper(part);
    END CASE;
  END LOOP;
  IF half <> '' THEN h := h % 12 + CASE WHEN half = 'PM' THEN 12 ELSE 0 END; END IF;
  RETURN make_timestamp(y, mo, d, h, mi, s);
EXCEPTION WHEN others THEN
  RETURN NULL;
END $$
"""
MOMENT = "pg_temp.workbench_moment"
_EITHER_CASE = "(?i:"
#: Classes of Unicode, as they stand in brackets.
_CLASSES = {r"\pL": "[:alpha:]", r"\p{Sc}": "$¢£¤¥֏؋৲৳฿៛₠-⃀﷼﹩＄￠￡￥￦"}


class Postgres(PostgresCompiler):  # type: ignore[misc]
    """Postgres makes no number but an integer of a truth value, and tries no cast."""

    # what stands there takes the place of methods
    SIMPLE_OPS: ClassVar[dict[Any, str]] = {
        op: name for op, name in PostgresCompiler.SIMPLE_OPS.items() if op is not RegexSearch
    }

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """Cast; of a truth value by way of an integer."""
        if op.arg.dtype.is_boolean() and to.is_numeric():
            return self.cast(self.cast(arg, dt.int32), to)
        return super().visit_Cast(op, arg=arg, to=to)

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """Cast what looks right; anything else is null."""
        if not op.arg.dtype.is_string():
            return self.cast(arg, to)
        if to.is_temporal():
            read = [
                sge.Anonymous(this=MOMENT, expressions=[arg, *map(sge.convert, moment_pattern(f))])
                for f in ISO.split("|")
            ]
            return self.cast(self.f.coalesce(*read), to)
        kind = "integer" if to.is_integer() else "float"
        fits = sge.RegexpLike(this=arg, expression=sge.convert(_LOOKS[kind]))
        return self.if_(fits, self.cast(arg, to), sge.Null())

    def visit_RegexSearch(self, op: Any, *, arg: Any, pattern: Any) -> Any:
        """Search for a pattern as Postgres writes it."""
        return sge.RegexpLike(this=arg, expression=_portable(pattern))

    def visit_RegexExtract(self, op: Any, *, arg: Any, pattern: Any, index: Any) -> Any:
        """Take a group of a pattern."""
        return super().visit_RegexExtract(op, arg=arg, pattern=_portable(pattern), index=index)

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:
        """Replace wherever a pattern is found."""
        return super().visit_RegexReplace(
            op, arg=arg, pattern=_portable(pattern), replacement=replacement
        )


class Spark(PySparkCompiler):  # type: ignore[misc]
    """Java names the groups of a pattern with another sign."""

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, replacement: Any) -> Any:
        """Replace wherever a pattern is found."""
        if isinstance(replacement, sge.Literal):
            replacement = sge.convert(re.sub(r"\\(\d)", r"$\1", replacement.name))
        return super().visit_RegexReplace(op, arg=arg, pattern=pattern, replacement=replacement)


def moment_pattern(format: str) -> tuple[str, str]:
    """Turn a format of strptime into a pattern, and name the parts that its groups hold."""
    keys = "".join(re.findall(r"%(.)", format))
    pieces = re.split(r"%(.)", format)
    shape = "".join(
        f"({_PARTS[piece]})" if i % 2 else re.escape(piece) for i, piece in enumerate(pieces)
    )
    return f"^{shape}$", keys


def _portable(pattern: Any) -> Any:
    """Write out what a pattern asks for in either case, and by classes of Unicode."""
    if not isinstance(pattern, sge.Literal):
        return pattern
    text = pattern.name
    for named, held in _CLASSES.items():
        text = text.replace(named, held)
    while (start := text.find(_EITHER_CASE)) >= 0:
        end, depth = start + len(_EITHER_CASE), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        inside = re.sub(
            r"\\.|[a-zA-Z]",
            lambda m: m[0] if m[0][0] == "\\" else f"[{m[0].lower()}{m[0].upper()}]",
            text[start + len(_EITHER_CASE) : end - 1],
        )
        text = f"{text[:start]}(?:{inside}){text[end:]}"
    return sge.convert(text)
