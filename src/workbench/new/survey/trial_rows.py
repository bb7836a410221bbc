"""Finds the rows of a survey that no respondent gave: previews, testers' answers, rejected ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import RowKind
from workbench.new.purchase_log.row_kinds import values_saying

#: What tools and fieldwork call answers that are none of a respondent of the survey.
_NONE: Final = {
    "survey preview", "preview", "offline preview", "survey test", "test", "testing", "tester",
    "test response", "test data", "test mode", "pretest", "debug", "admin", "testdaten", "spam",
    "rejected", "validation_status_not_approved", "not approved", "screened", "screened out",
    "screenout", "screen out", "disqualified", "disqualify", "terminated", "quota full",
    "quotafull", "over quota", "overquota", "quota met", "测试", "测试数据", "测试答卷", "预览",
    "预览数据", "无效答卷", "无效", "甄别", "被甄别", "配额已满", "配额满", "已删除", "已作废",
}  # fmt: skip
#: What they call the others; a column with any other value is a question or a group.
_THERE: Final = {
    "ip address", "imported", "anonymous", "email", "sms", "web", "link", "online", "offline", "gl",
    "social", "qr", "qr code", "qrcode", "app", "complete", "completed", "partial", "incomplete",
    "started", "in progress", "submitted", "finished", "interview", "approved", "has issues",
    "hasissues", "edited", "received", "real", "live", "normal", "valid", "active", "on hold",
    "validation_status_approved", "validation_status_on_hold", "response", "full", "production",
    "正常", "有效", "有效答卷", "已完成", "未完成", "完成", "正式", "正式数据", "审核通过",
    "待审核",
}  # fmt: skip
_SAYS_TEST: Final = re.compile(
    r"(?:^|[\W_])(?:is[\W_]?)?(?:test(?:er|s|[\W_]?(?:data|response|mode|entry|record|case))?"
    r"|preview|pretest)(?:$|[\W_?])|测试|预览",
    re.IGNORECASE,
)
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
    for p in columns:
        if p.name in taken or p.when or not 1 <= p.distinct <= _MOST:
            continue
        found += [RowKind(p.name, value, "left_out") for value in _marked(p)]
    return found


def _marked(p: ColumnProfile) -> list[str]:
    values = [str(v) for v in p.texts.unique()]
    plain = {v: v.strip().casefold() for v in values}
    if _SAYS_TEST.search(p.name) and (p.boolean or set(values) <= {"0", "1"}):
        yes = [v for v in values_saying(p, "yes") if v in values]
        yes += [v for v in values if v == "1" and v not in yes]
        return yes if len(yes) < len(values) else []
    gone = [v for v in values if plain[v] in _NONE]
    rest = {plain[v] for v in values} - _NONE
    return gone if gone and rest and rest <= _THERE else []
