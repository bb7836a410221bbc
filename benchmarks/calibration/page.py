"""Write measured cells into the methods pages, between two marks, in both languages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.calibration.cells import holds

ROOT = Path(__file__).parents[2]
PAGES = {"en": ROOT / "reports" / "methods.qmd", "zh": ROOT / "reports" / "zh" / "methods.qmd"}
BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"

# English word -> Chinese, for titles, columns and values of the tables.
WORDS = {
    "difference in differences": "双重差分",
    "same baseline": "同基线比较",
    "units": "单位数",
    "treated": "实施单位数",
    "spread": "各单位波动",
    "even": "相同",
    "uneven": "不同",
    "reliability": "信度",
    "chosen": "入选方式",
    "worst quarter": "最差的四分之一",
    "by lot": "随机分组",
    "interrupted time series": "中断时间序列",
    "interrupted time series, seven points after": "中断时间序列（开始后仅七个点）",
    "series with controls": "带对照序列的时间序列",
    "before and after, return to the mean taken out": "扣除均值回归的前后比较",
    "points": "点数",
    "autocorrelation": "自相关",
    "moves": "波动方式",
    "AR(1)": "AR(1)",
    "drifting level": "水平漂移",
    "season": "季节性",
    "drift": "漂移幅度",
    "runs": "模拟次数",
    "coverage, %": "覆盖率，%",
    "width against an oracle's": "宽度（与先知区间之比）",
    "effect found where there is none, %": "无效果时误报，%",
    "as promised": "是否达标",
    "from the card to the verdict, without any effect": "从研究配置到结论的全流程（无真实效果）",
    "measure for": "措施对象",
    "outcome": "指标类型",
    "number": "数值",
    "share": "比例",
    "count": "次数",
    "NPS": "净推荐值",
    "customers, by lot": "客户（随机分组）",
    "customers, by a rule": "客户（按规则）",
    "customers, the worst": "客户（表现最差者）",
    "volunteers": "客户（自愿报名）",
    "customers, one after another": "客户（分批开始）",
    "cities, by lot": "城市（随机分组）",
    "cities, the worst": "城市（表现最差者）",
    "one city": "单个城市",
    "everybody": "全体客户",
    "everybody, beside another series": "全体客户（有对照序列）",
    "assigned above the unit, without any effect": "在单位之上分配（无真实效果）",
    "regions": "大区数",
    "interrupted time series whose trend bends": "中断时间序列（趋势在开始之前转折）",
    "periods before the start": "转折距开始的期数",
    "slope after": "转折后的斜率",
    "yes": "是",
    "no": "否",
    "no conclusion": "不予判断",
}
INTRODUCTION = {
    "en": "Cases are simulated and judged like real ones (`make calibration`). A 95 % interval"
    " should hold the truth in 92.5 to 98 % of cases and be at most 1.5 times as wide as that of an"
    " oracle who knows the errors; where there is no effect, one may be found in at most 7 %."
    " The bounds are held by each measured row itself, without allowance for the chance of the"
    " simulation; two of three simulated cases have no effect.",
    "zh": "模拟若干情形，像真实案例那样评估（`make calibration`）。95% 区间应在 92.5% 至 98%"
    " 的情形中包含真值，宽度不超过已知误差者（“先知”）的 1.5 倍；没有效果时，误报不应超过 7%。"
    "每一行实测值均须直接落在上述界限之内，不为模拟的偶然误差留余地；模拟情形中三分之二没有效果。",
}
SAID = {
    "en": "**{title}**, measured on {date}, {runs} simulated cases a row.",
    "zh": "**{title}**，{date}实测，每行模拟{runs}次。",
}


def tables(measured: Mapping[str, Any], language: str) -> str:
    """Markdown of all families."""
    # cells are kept by their names; a page says "at random"
    say = {
        "en": lambda word: str(word).replace("by lot", "at random"),
        "zh": lambda word: WORDS[str(word)],
    }[language]
    parts = [INTRODUCTION[language]]
    for family, block in measured.items():
        rows = block["cells"]
        day = written_day(dt.date.fromisoformat(block["date"]), language)
        title = say(family)
        columns = list(rows[0]["settings"])
        shown = [] if rows[0]["silent"] else ["coverage, %", "width against an oracle's"]
        head = [*columns, *shown, "effect found where there is none, %", "as promised"]
        lines = [
            SAID[language].format(
                title=title[:1].upper() + title[1:], date=day, runs=rows[0]["runs"]
            ),
            "",
            "| " + " | ".join(say(c) for c in head) + " |",
            "|" + "---:|" * (len(head) - 1) + "---|",
        ]
        lines += ["| " + " | ".join(_row(row, columns, say)) + " |" for row in rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _row(row: Mapping[str, Any], columns: Sequence[str], say: Any) -> list[str]:
    values = [row["settings"][c] for c in columns]
    cells = [say(v) if isinstance(v, str) else f"{v:g}" for v in values]
    if row["found"] is None:
        numbers = [say("no conclusion"), *([] if row["silent"] else ["", ""])]
    elif row["silent"]:
        numbers = [f"{100 * row['found']:.1f}"]
    else:
        numbers = [
            f"{100 * row['coverage']:.1f}",
            f"{row['width']:.2f}",
            f"{100 * row['found']:.1f}",
        ]
    return [*cells, *numbers, say("yes" if holds(row) else "no")]


def written_day(date: dt.date, language: str) -> str:
    """Write a day as the methods pages do."""
    return f"{date.year}年{date.month}月{date.day}日" if language == "zh" else str(date)


def write(measured: Mapping[str, Any]) -> None:
    """Put the tables between their marks."""
    put_between(BEGIN, END, lambda language: tables(measured, language))


def put_between(begin: str, end: str, make: Callable[[str], str]) -> None:
    """Put what is made for each language between the marks of both pages."""
    for language, path in PAGES.items():
        text = path.read_text(encoding="utf-8")
        before, _, rest = text.partition(begin)
        _, mark, after = rest.partition(end)
        if not mark:
            raise SystemExit(f"{path} lacks the lines {begin} and {end}")
        body = f"{before}{begin}\n\n{make(language)}\n\n{end}{after}"
        path.write_text(body, encoding="utf-8")
