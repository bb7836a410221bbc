"""Finds the rows of a survey that no respondent gave: previews, testers' answers, rejected ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, RowKind
from workbench.new.purchase_log.row_kinds import values_saying

#: What tools and fieldwork call answers that are none of a respondent of the survey.
_NONE: Final = {
    "survey preview", "preview", "offline preview", "survey test", "test", "testing", "tester",
    "test response", "test data", "test mode", "pretest", "debug", "admin", "testdaten", "spam",
    "rejected", "validation_status_not_approved", "not approved", "screened", "screened out",
    "screenout", "screen out", "disqualified", "disqualify", "terminated", "quota full",
    "quotafull", "over quota", "overquota", "quota met", "测试", "测试数据", "测试答卷", "预览",
    "预览数据", "无效答卷", "无效", "testlauf", "vorschau", "ungültig", "prueba",
    "aperçu", "essai", "rechazado", "rejeté", "abgelehnt", "甄别",
    "被甄别", "配额已满", "配额满", "已删除", "已作废", "oq", "term", "screened-out",
}  # fmt: skip
#: What they call the others; a column with any other value is a question or a group.
_THERE: Final = {
    "ip address", "imported", "anonymous", "email", "sms", "web", "link", "online", "offline", "gl",
    "social", "qr", "qr code", "qrcode", "app", "complete", "completed", "partial", "incomplete",
    "qualified",
    "started", "in progress", "submitted", "finished", "interview", "approved", "has issues",
    "hasissues", "edited", "received", "real", "live", "normal", "valid", "active", "on hold",
    "validation_status_approved", "validation_status_on_hold", "response", "full", "production",
    "正常", "有效", "有效答卷", "已完成", "未完成", "完成", "正式", "正式数据", "审核通过",
    "待审核", "已提交", "beendet", "abgeschlossen", "vollständig", "unvollständig", "gültig",
    "abgebrochen", "unterbrochen", "terminé", "complet", "complète", "incomplet", "completo",
    "completa", "completado", "completada", "finalizado", "finalizada", "incompleto",
}  # fmt: skip
_SAYS_TEST: Final = re.compile(
    r"(?:^|[\W_])(?:is[\W_]?)?(?:test(?:er|s|[\W_]?(?:data|response|mode|entry|record|case))?"
    r"|preview|pretest)(?:$|[\W_?])|测试|预览",
    re.IGNORECASE,
)
#: What columns are called that say what became of an answer.
_STATE: Final = re.compile(
    r"status|state|mode|typ|quality|valid|disposition|状态|类型|有效|质量|来源|estado|état",
    re.IGNORECASE,
)
#: States by number, told by the columns beside them: of Qualtrics, of Forsta.
_NUMBERED: Final = {
    ("Status", frozenset({"RecordedDate", "Progress"})): ("1", "2", "8", "9", "12", "17", "40"),
    ("status", frozenset({"record", "uuid", "qtime"})): ("1", "2"),
}
#: Columns of states have no more different values.
_MOST: Final = 8


def trial_rows(columns: Sequence[ColumnProfile], taken: set[str]) -> list[RowKind]:
    """Name the values of columns that mark rows which count for no respondent.

    Parameters
    ----------
    columns : sequence of ColumnProfile
        Of the file.
    taken : set of str
        Columns that are known to hold answers.
    """
    found = []
    names = {p.name for p in columns}
    for p in _states(columns, taken):
        for (name, beside), codes in _NUMBERED.items():
            if p.name == name and beside <= names:
                found += [RowKind(name, v, "left_out") for v in codes if (p.texts == v).any()]
        gone, rest = _marked(p)
        found += [RowKind(p.name, v, "left_out") for v in gone if rest <= _THERE]
    return found


def doubtful_rows(columns: Sequence[ColumnProfile], taken: set[str]) -> list[OpenQuestion]:
    """Ask about such values beside words that nobody here knows, in a column of states."""
    asked = []
    for p in _states(columns, taken):
        gone, rest = _marked(p)
        if not gone or rest <= _THERE or not _STATE.search(p.name):
            continue
        n = int(p.texts.isin(gone).sum())
        rows = [RowKind(p.name, v, "left_out") for v in gone]
        said = ", ".join(map(repr, gone))
        asked.append(
            OpenQuestion(
                f"where.{p.name}",
                f"{n:,} rows say {said} in {p.name!r}: did respondents of the survey give them?",
                [Option("no, leave them out", rows=rows), Option("yes, they count")],
            )
        )
    return asked


def _states(columns: Sequence[ColumnProfile], taken: set[str]) -> list[ColumnProfile]:
    return [p for p in columns if p.name not in taken and not p.when and 1 <= p.distinct <= _MOST]


def _marked(p: ColumnProfile) -> tuple[list[str], set[str]]:
    """Give the values that mark rows to be left out, and the other ones in small letters."""
    values = [str(v) for v in p.texts.unique()]
    # Forsta says at which question somebody left: term:S1
    plain = {v: re.sub(r"^(term|oq):.*", r"\1", v.strip().casefold()) for v in values}
    if _SAYS_TEST.search(p.name) and (p.boolean or set(values) <= {"0", "1"}):
        yes = [v for v in values_saying(p, "yes") if v in values]
        yes += [v for v in values if v == "1" and v not in yes]
        return (yes, set()) if len(yes) < len(values) else ([], set())
    gone = [v for v in values if plain[v] in _NONE]
    rest = {plain[v] for v in values} - _NONE
    return (gone, rest) if rest else ([], rest)
