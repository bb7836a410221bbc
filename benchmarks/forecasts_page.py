"""Write how often forecasts came true into the methods pages, in both languages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from benchmarks.calibration.page import put_between, written_day

BEGIN, END = "<!-- forecasts: begin -->", "<!-- forecasts: end -->"
HELD, WIDEST = (0.85, 0.95), 1.5
CELLS = [("purchases", "total"), ("purchases", "group"), ("spend", "total"), ("spend", "group")]

WORDS = {
    "NBD": "NBD", "BG/NBD": "BG/NBD", "MBG/NBD": "MBG/NBD", "Pareto/NBD": "Pareto/NBD",
    "seasonal": "有季节性", "seasonal, leaving": "有季节性且有流失", "growing": "增长（等量）",
    "growing in proportion": "增长（等比）", "declining": "下降（等比）", "regular": "购买间隔规律",
    "heavy spend": "金额重尾", "contractual": "按月付费", "left-truncated": "数据前已有客户",
    "Customers": "客户类型", "Draws": "份数", "Weeks ahead": "预测周数",
    "Purchases, all": "购买，全体", "Purchases, groups": "购买，分组",
    "Revenue, all": "收入，全体", "Revenue, groups": "收入，分组", "As aimed at": "是否达标",
    "yes": "是", "no": "否",
}  # fmt: skip
SAID = {
    "en": "Logs of two years of 600 customers were drawn, each with one fresh future"
    " (`python -m benchmarks.forecasts`, measured on {date}). Each cell gives the share of futures"
    " within the 90 % ranges of the page and, after the stroke, the median width of the ranges over"
    " that of the true predictive distribution given the same history, by one who knows all"
    " parameters. Aimed at are 85 to 95 % (give or take two standard errors of so many draws) at a"
    " width of at most 1.5. Groups are the first 5 %, the next 15 % and the other 80 % by what is"
    " expected of them; no width is given where the true distribution has no formula.",
    "zh": "模拟若干份数据，每份为600位客户的两年记录，并各模拟一次未来"
    "（`python -m benchmarks.forecasts`，{date}实测）。每格先列页面的90%区间包含实际结果的比例，"
    "斜线后为区间宽度与真实预测分布（已知全部参数、给定同样的历史）宽度之比的中位数。"
    "目标为85%至95%（容许相应份数的两个标准误），宽度不超过1.5。分组按预期购买次数："
    "前5%、其后15%、其余80%；真实分布没有公式时不列宽度。",
}


def cell(row: Mapping[str, Any]) -> str:
    """Give the share held and the relative width."""
    width = "" if row["width"] is None else f" / {row['width']:.2f}"
    return f"{100 * row['held']:.0f}{width}"


def as_aimed(rows: list[Mapping[str, Any]], draws: int) -> bool:
    """Judge the cells of a kind and horizon: a rate within two standard errors of its bounds."""
    for row in rows:
        # three groups of a draw share its luck: they count as one
        low, high = (
            bound + side * 2 * (bound * (1 - bound) / draws) ** 0.5
            for bound, side in zip(HELD, (-1, 1), strict=True)
        )
        if not low <= row["held"] <= high:
            return False
        if row["width"] is not None and row["width"] > WIDEST:
            return False
    return True


def table(known: Mapping[str, Any], language: str) -> str:
    """Markdown of all kinds."""
    say = WORDS.__getitem__ if language == "zh" else str
    date = max(dt.date.fromisoformat(block["date"]) for block in known.values())
    head = ["Customers", "Draws", "Weeks ahead", "Purchases, all", "Purchases, groups",
            "Revenue, all", "Revenue, groups", "As aimed at"]  # fmt: skip
    lines = [SAID[language].format(date=written_day(date, language)), ""]
    lines += ["| " + " | ".join(say(h) for h in head) + " |", "|---" + "|---:" * 6 + "|---|"]
    for kind, block in known.items():
        for horizon in sorted({row["horizon"] for row in block["cells"]}):
            found = {(r["what"], r["level"]): r for r in block["cells"] if r["horizon"] == horizon}
            rows = [found[c] for c in CELLS]
            verdict = say("yes" if as_aimed(rows, block["draws"]) else "no")
            cells = [say(kind), str(block["draws"]), f"{horizon:g}", *map(cell, rows), verdict]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write(known: Mapping[str, Any]) -> None:
    """Put the table between its marks."""
    put_between(BEGIN, END, lambda language: table(known, language))
