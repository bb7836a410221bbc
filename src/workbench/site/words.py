"""The words of the site's own furniture, in each language that it can be read in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from workbench.languages.traditional import MADE_OF, REGIONS, tag_of, traditional

BASE = "en"
"""The language whose pages lie at the root; every other language has a folder of its own."""

NAMES = {"en": "English", "zh": "中文"}
"""Editions that pages are written in; `MADE` are made of one of them."""
MADE = {"zh-TW": "繁體中文（台灣）", "zh-HK": "繁體中文（香港）"}
HTML_LANG = {"en": "en", "zh": "zh-Hans", **{region: tag_of(region) for region in REGIONS}}
LOCALE = {"en": "en_GB", "zh": "zh_Hans_CN", "zh-TW": "zh_Hant_TW", "zh-HK": "zh_Hant_HK"}

_WORDS: dict[str, dict[str, str]] = {
    "site": {"en": "Customer reports", "zh": "客户研究报告"},
    "skip": {"en": "Skip to content", "zh": "跳到正文"},
    "search": {"en": "Search all pages", "zh": "搜索全部页面"},
    "search_found": {"en": "{n} of {of} places", "zh": "共{of}处，显示{n}处"},
    "search_none": {"en": "Nothing found", "zh": "没有找到"},
    "menu": {"en": "Menu", "zh": "菜单"},
    "pages": {"en": "Pages of this site", "zh": "本站页面"},
    "on_this_page": {"en": "On this page", "zh": "本页内容"},
    "theme": {"en": "Switch between light and dark", "zh": "切换浅色与深色"},
    "language": {"en": "Language", "zh": "语言"},
    "read_in": {"en": "Read this page in {name}", "zh": "阅读本页的{name}版"},
    "code": {"en": "Code", "zh": "分析代码"},
    "top": {"en": "Back to top", "zh": "返回顶部"},
    "table": {"en": "Table", "zh": "表格"},
    "table_scrolls": {"en": "Table, scrolls sideways", "zh": "表格，可左右滚动"},
    "figure_scrolls": {"en": "{title} (scrolls sideways)", "zh": "{title}（可左右滚动）"},
    "formula_scrolls": {"en": "Formula, scrolls sideways", "zh": "公式，可左右滚动"},
    "data_below": {"en": "Show the numbers as a table", "zh": "以表格显示数据"},
    "rows_shown": {
        "en": "The first {n} of {of} rows; the Excel file has all",
        "zh": "共{of}行，此处为前{n}行；Excel文件中有全部数据",
    },
    "columns_shown": {
        "en": "The first {n} of {of} columns",
        "zh": "共{of}列，此处为前{n}列",
    },
    "side_by_side": {"en": "{one} and {other}", "zh": "{one}与{other}对比"},
    "number": {"en": "Number", "zh": "指标"},
    "moved_by": {"en": "Change", "zh": "变化"},
    "side_by_side_how": {
        "en": "Numbers as their pages give them. Customers, times and currencies of two studies"
        " differ: nothing is subtracted.",
        "zh": "数字取自各研究的页面。两项研究的客户、时间与货币不同，故不作相减。",
    },
    "side_by_side_how_same": {
        "en": "Numbers as their pages gave them in each run. A change within the later run's range"
        " is said to be within the margin of error.",
        "zh": "数字取自各次运行的页面。变化若在后一次运行的区间之内，则视为在误差范围内。",
    },
    "figures_differ": {"en": "Figures that differ", "zh": "不同的图"},
    "figure_missing": {"en": "This run has no such figure", "zh": "该次运行没有此图"},
    "all_rows": {"en": "all", "zh": "全部"},
    "filter_rows": {"en": "Filter rows", "zh": "筛选"},
    "rows_found": {"en": "{n} of {of}", "zh": "{of}行中的{n}行"},
    "copy": {"en": "Copy", "zh": "复制"},
    "copied": {"en": "Copied", "zh": "已复制"},
    "csv": {"en": "Download (CSV)", "zh": "下载数据（CSV）"},
    "figure": {"en": "Figure", "zh": "图"},
    "footnotes": {"en": "Notes", "zh": "注释"},
    "note": {"en": "Note", "zh": "说明"},
    "tip": {"en": "Tip", "zh": "提示"},
    "important": {"en": "Important", "zh": "重要"},
    "warning": {"en": "Warning", "zh": "注意"},
    "caution": {"en": "Caution", "zh": "谨慎"},
    "simulated": {"en": "Simulated data", "zh": "模拟数据"},
    "simulated_why": {
        "en": "The company and its customers are made up."
        " The numbers show the methods, not a market.",
        "zh": "公司与客户均为虚构，数字只用于展示方法，不代表真实市场。",
    },
    "data_to": {"en": "Data through", "zh": "数据截至"},
    "run_at": {"en": "Run at", "zh": "运行时间"},
    "all_studies": {"en": "All studies", "zh": "全部研究"},
    "study": {"en": "Study", "zh": "研究"},
    "contents": {"en": "In this study", "zh": "本研究的页面"},
    "case_pages": {"en": "Measures judged", "zh": "已评估的措施"},
    "not_here": {"en": "Not in this report", "zh": "本报告未包含的内容"},
    "not_here_why": {
        "en": "These analyses were left out of the last run:",
        "zh": "最近一次运行未包含以下分析：",
    },
    "open": {"en": "Read the report", "zh": "阅读报告"},
    "only_en": {"en": "In English only", "zh": "仅有英文版"},
    "only_zh": {"en": "In Chinese only", "zh": "仅有中文版"},
    "last_run": {"en": "Last run", "zh": "最近运行"},
    "find_study": {"en": "Find a study", "zh": "查找研究"},
    "sort_by": {"en": "Sort by", "zh": "排序"},
    "by_name": {"en": "name", "zh": "名称"},
    "by_run": {"en": "last run, newest first", "zh": "最近运行时间"},
    "by_behind": {"en": "what needs attention", "zh": "需要关注的事项"},
    "found_studies": {"en": "{n} of {of} studies", "zh": "{of}项研究中的{n}项"},
    "some_failed": {
        "en": "{n} of {of} analyses failed in the last run",
        "zh": "最近一次运行中，{of}项分析有{n}项失败",
    },
    "no_numbers": {
        "en": "The last run left no headline figures.",
        "zh": "最近一次运行没有产生关键指标。",
    },
    "failed": {"en": "This analysis failed", "zh": "本分析运行失败"},
    "failed_title": {"en": "{name}: the analysis failed", "zh": "{name}：分析运行失败"},
    "failed_at": {
        "en": "In the run of {when} the notebook {notebook} stopped.",
        "zh": "在 {when} 的运行中，笔记本 {notebook} 中断。",
    },
    "ended": {"en": "This analysis had nothing new to say", "zh": "本分析没有新内容"},
    "ended_at": {
        "en": "In the run of {when} the notebook {notebook} skipped itself.",
        "zh": "在 {when} 的运行中，笔记本 {notebook} 自行跳过。",
    },
    "cell": {"en": "Cell", "zh": "单元格"},
    "cause": {"en": "Cause", "zh": "原因"},
    "kept": {
        "en": "What follows is the last good page, from the run of {when}. It may be out of date.",
        "zh": "以下保留的是 {when} 运行时的最近一次有效页面，内容可能已过时。",
    },
    "none_kept": {
        "en": "No earlier run of this analysis succeeded, so there is no page to show.",
        "zh": "此前没有成功的运行，因此没有可显示的页面。",
    },
    "left_out": {
        "en": "An interactive output is not shown here: a report carries no scripts of others.",
        "zh": "此处略去一个交互式输出：报告页面不含外来脚本。",
    },
    "unreadable": {
        "en": "The page of this notebook could not be read: {cause}",
        "zh": "无法读取该笔记本的页面：{cause}",
    },
    "withheld": {
        "en": "This page was not published as it was made: {cause}. Those who run the study know"
        " what to mend.",
        "zh": "本页未按生成的内容发布：{cause}。研究负责人已知需修正之处。",
    },
    "withheld_kept": {
        "en": "What follows is the page as it was published before. It may be out of date.",
        "zh": "以下是此前发布的页面，内容可能已过时。",
    },
    "withheld_personal": {"en": "it seemed to name a person", "zh": "其中似有个人信息"},
    "withheld_markup": {"en": "a text on it could not be set", "zh": "其中有文字无法排版"},
    "withheld_other": {"en": "it failed its check", "zh": "未通过发布前的检查"},
    "message_kept": {
        "en": "the message stands in the run's log",
        "zh": "具体信息见运行日志",
    },
    "analysts": {"en": "For analysts", "zh": "供分析人员参考"},
    "section_link": {"en": "Link to this section", "zh": "本节链接"},
    "colon": {"en": ": ", "zh": "："},
    "feed": {"en": "What is new in these reports", "zh": "报告更新"},
    "feed_about": {
        "en": "Every published run of each study: what it says, and which headline numbers"
        " changed.",
        "zh": "各项研究每次发布的运行：主要结论，以及哪些关键指标有变化。",
    },
    "lost": {"en": "This page is not here", "zh": "找不到该页面"},
    "lost_why": {
        "en": "It may have been moved, or its study may be no longer published. The list of studies"
        " leads on.",
        "zh": "页面可能已移动，或所属研究不再发布。请从研究列表继续查找。",
    },
    "archived": {
        "en": "An archived page: it stands as published with the run of {when}.",
        "zh": "存档页面：内容为 {when} 运行后发布时的原样。",
    },
    "archived_now": {"en": "The page of today", "zh": "查看最新页面"},
    "cite": {"en": "Cite as", "zh": "引用格式"},
    "cite_as": {
        "en": "{name}. Run {run} of {day}, data through {until}. {site}.{address}",
        "zh": "{name}。{day}运行（编号 {run}），数据截至{until}。{site}。{address}",
    },
    "archive": {"en": "Lasting address", "zh": "存档地址"},
    "archive_of": {"en": "This page as of this run", "zh": "本页在本次运行时的存档"},
    "next_update": {"en": "Next update", "zh": "下次更新"},
    "overdue": {"en": "(due since then)", "zh": "（已到期，尚未更新）"},
    "contact": {"en": "Contact", "zh": "联系方式"},
    "provenance": {"en": "About this page", "zh": "关于本页"},
    "run": {"en": "Run", "zh": "运行编号"},
    "notebook": {"en": "Notebook", "zh": "笔记本"},
    "as_of": {"en": "Reporting date", "zh": "统计截止日"},
    "parameters": {"en": "Parameters", "zh": "参数"},
    "inputs": {"en": "Inputs (SHA-256)", "zh": "输入文件（SHA-256）"},
    "versions": {"en": "Versions", "zh": "软件版本"},
    "commit": {"en": "Commit", "zh": "代码提交"},
    "duration": {"en": "Duration", "zh": "用时"},
    "seconds": {"en": "{n} s", "zh": "{n} 秒"},
    "cached": {"en": "{n} s (kept from an earlier run)", "zh": "{n} 秒（沿用此前运行的结果）"},
    "origin": {"en": "Data", "zh": "数据来源"},
    "licence": {"en": "Licence", "zh": "许可"},
    "footer": {
        "en": "Generated automatically from the analysis. No content is loaded from other sites.",
        "zh": "由分析程序自动生成，不加载其他网站的内容。",
    },
}


def word(key: str, language: str, **values: object) -> str:
    """Return a word of the site's furniture; an unknown language reads English.

    Parameters
    ----------
    key : str
        A key of this module's table.
    language : str
        ``en``, ``zh``, ...
    **values : object
        What the placeholders of the text stand for.
    """
    entry = _WORDS[key]
    if language in REGIONS:
        text = traditional(entry.get(MADE_OF, entry[BASE]), language)
    else:
        text = entry.get(language, entry[BASE])
    return text.format(**values) if values else text


def name_of(language: str) -> str:
    """Return a language's name for itself, such as ``中文``."""
    return NAMES.get(language) or MADE.get(language, language)


def html_lang(language: str) -> str:
    """Return the tag for ``lang`` and ``hreflang``: ``zh`` is written in simplified characters."""
    return HTML_LANG.get(language, language)


def language_of(page: str) -> str:
    """Return a page's language, which its first folder tells."""
    first = PurePosixPath(page).parts[0]
    return first if first in {*NAMES, *MADE} and first != BASE else BASE


def in_language(page: str, language: str) -> str:
    """Return where a page lies in another language."""
    own = language_of(page)
    bare = page if own == BASE else page.removeprefix(f"{own}/")
    return bare if language == BASE else f"{language}/{bare}"


# How a year, a quarter and a month are written, in English and in Chinese.
_SPANS = {
    True: {"": "y", "Q": "QQQ y", "M": "MMMM y"},
    False: {"": "y年", "Q": "y年第Q季度", "M": "y年M月"},
}


def say_day(day: date | str | None, language: str) -> str:
    """Write a date in words: ``31 December 2025``, ``2025年12月31日``; nothing for no date.

    A month (``2025-12``), quarter (``2025-Q4``) or year (``2025``) is written as such.
    """
    if not day:
        return ""
    if isinstance(day, str):
        year, _, rest = day.partition("-")
        first = date(int(year), 1, 1)
        if len(rest) < 5:
            month = int(rest[1:]) * 3 if rest.startswith("Q") else int(rest or 1)
            pattern = _SPANS[language == BASE]["" if not rest else "Q" if "Q" in rest else "M"]
            first = first.replace(month=month)
            return str(format_date(first, pattern, locale=LOCALE.get(language, LOCALE[BASE])))
        day = datetime.fromisoformat(day).date()
    return str(format_date(day, format="long", locale=LOCALE.get(language, LOCALE[BASE])))


def say_moment(moment: str | None, language: str, zone: str = "UTC") -> str:
    """Write an ISO moment as day, hour and minute in the study's time zone."""
    if not moment:
        return ""
    when = datetime.fromisoformat(moment)
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo("UTC"))
    local = when.astimezone(ZoneInfo(zone))
    pattern = "d MMMM y, HH:mm" if language == BASE else "y年M月d日 HH:mm"
    text = format_datetime(local, pattern, locale=LOCALE.get(language, LOCALE[BASE]))
    # not the zone's letters: CST is Shanghai's time, and Chicago's
    ahead = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    sign, (hours, minutes) = "−" if ahead < 0 else "+", divmod(abs(ahead), 60)
    offset = f"{sign}{hours}" + (f":{minutes:02d}" if minutes else "") if ahead else ""
    return f"{text} UTC{offset}"
