"""Whether the tables keep to what the card says of them: columns, values, gaps, rows set aside."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from workbench.data.tables import Tables
from workbench.results import Advice, Estimate, Finding, Result, labelled
from workbench.study import Contract

COLUMN, VALUE, MISSING, ASIDE = "no such column", "unknown values", "gaps", "rows set aside"
_MESSAGES: Final = {
    COLUMN: "The table {table} has no column {column}, which its contract asks for",
    VALUE: "{share} of the rows of {table} have values of {column} that its contract does not name",
    MISSING: "{share} of the rows of {table} lack {column}; its contract allows {limit}",
    ASIDE: "{share} of the rows of {table} were excluded; its contract allows {limit}",
}
_ADVICE: Final = "Ask who delivers {table} what has changed, before its numbers are read."


@dataclass(frozen=True)
class ContractCheck(Result):
    """What the tables break of their contracts.

    Attributes
    ----------
    table : DataFrame
        table, column, breach (words), rows (that break it), share (of its rows), limit.
    asked : int
        How many tables have a contract.
    """

    table: pd.DataFrame
    asked: int

    def estimates(self) -> dict[str, Estimate]:
        """How many clauses are broken."""
        return {
            "broken": Estimate(
                len(self.table), label="Breaches of what was agreed for the tables", better="down",
                fact="alerts.contracts.broken",
            )
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """One finding a broken clause; where none is, that the tables keep to theirs."""
        if not self.asked:
            return []
        if self.table.empty:
            text = "All tables for which something was agreed keep to it: {n}"
            return [Finding("alerts.contracts", text, {"n": self.asked}, severity="ok")]
        return [self._broken(row) for row in self.table.to_dict("records")]

    def _broken(self, row: Mapping[Any, Any]) -> Finding:
        breach, name = str(row["breach"]), str(row["table"])
        share = Estimate(row["share"], kind="percent", label="Rows that break the contract")
        values = {"table": name, "column": row["column"], "share": share, "limit": row["limit"]}
        message = _MESSAGES[breach]
        told = {key: value for key, value in values.items() if f"{{{key}}}" in message}
        if "limit" in told:
            told["limit"] = Estimate(row["limit"], kind="percent")
        return Finding(
            f"alerts.contract.{name}.{row['column'] or 'rows'}.{breach}",
            message,
            told,
            verdict="contract broken",
            severity="warning",
            estimates={} if breach == COLUMN else {"share": share},
            advice=Advice(_ADVICE, 0),
        )


def check_contracts(tables: Tables, contracts: Mapping[str, Contract]) -> ContractCheck:
    """Hold tables against their contracts.

    Parameters
    ----------
    tables : Tables
    contracts : mapping of str to Contract
        By table. How old the data may be is no matter of the tables alone: `workbench status`
        says it.
    """
    rows = [row for name, one in contracts.items() for row in _breaches(tables, name, one)]
    columns = ["table", "column", "breach", "rows", "share", "limit"]
    table = labelled(
        pd.DataFrame(rows, columns=columns).astype({"share": float, "limit": float}),
        table="Table",
        column="Column",
        breach="What is broken",
        rows=("Rows", "number:0"),
        share=("Share", "percent:1"),
        limit=("Allowed", "percent:1"),
    )
    return ContractCheck(table, len(contracts))


def _breaches(tables: Tables, name: str, one: Contract) -> Iterator[dict[str, Any]]:
    expr, report = tables.expr(name), tables.report_of(name)
    have = set(expr.columns)
    asked = dict.fromkeys([*one.columns, *one.values, *one.missing])
    for column in asked:
        if column not in have:
            yield _row(name, column, COLUMN, report.kept, 1.0, 0.0)
    sums: dict[str, Any] = {"rows": expr.count()}
    for i, (column, known) in enumerate(one.values.items()):
        if column in have:
            said = expr[column].cast("string")
            sums[f"v{i}"] = (said.notnull() & said.notin(list(known))).sum()
    for i, column in enumerate(one.missing):
        if column in have:
            sums[f"m{i}"] = expr[column].isnull().sum()
    found = tables.engine.run(expr.aggregate(**sums), f"contract of {name}").iloc[0]
    total = max(int(found["rows"]), 1)
    for i, column in enumerate(one.values):
        if count := int(found.get(f"v{i}", 0) or 0):
            yield _row(name, column, VALUE, count, count / total, 0.0)
    for i, (column, limit) in enumerate(one.missing.items()):
        count = int(found.get(f"m{i}", 0) or 0)
        if count / total > limit:
            yield _row(name, column, MISSING, count, count / total, limit)
    aside = sum(report.set_aside.values())
    if one.set_aside is not None and report.read and aside / report.read > one.set_aside:
        yield _row(name, "", ASIDE, aside, aside / report.read, one.set_aside)


def _row(
    table: str, column: str, breach: str, rows: int, share: float, limit: float
) -> dict[str, Any]:
    return {
        "table": table, "column": column, "breach": breach, "rows": rows, "share": share,
        "limit": limit,
    }  # fmt: skip
