"""Writes what was measured as a page of the site, in both languages, from results.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGES = {
    "en": HERE.parent / "reports" / "benchmarks.qmd",
    "zh": HERE.parent / "reports" / "zh" / "benchmarks.qmd",
}
TITLES = {"BetaGeometric": "BG/NBD", "ParetoNBD": "Pareto/NBD", "GammaGamma": "Gamma-Gamma"}
#: CPU seconds allowed at a million customers, and how many times faster than lifetimes.
TARGETS = {"BetaGeometric": (1.0, 20), "ParetoNBD": (4.0, 50)}

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "How fast it is",
        "description": "Fitting time and memory beside other packages, measured in one run.",
        "intro": (
            "Measured on {date}, on {cores} cores ({machine}), Python {python}, load {load} at the "
            "start. Written by `make bench` from `benchmarks/results.json`; no number is typed by "
            "hand. Times are CPU seconds of the fit alone, memory is the peak of the process, "
            "which starts anew for each fit. Read the ratios: times move with the machine and with "
            "what else it does."
        ),
        "data": (
            "The first row of each table is CDNOW, the customers of the papers. The others are "
            "simulated (r 0.24, alpha 4.4, a 0.8, b 2.4; observed 20 to 39 weeks; spend p 6.25, "
            "q 3.74, gamma 15.44). Every package is given the same file."
        ),
        "fit": "Fitting {model}",
        "head": (
            "| Customers | Workbench, s | MB | lifetimes, s | MB | times faster "
            "| clvkit, s | MB | times faster |"
        ),
        "none": "–",
        "gap": "No parameter differs by more than {gap} of itself between the packages.",
        "targets": "At a million customers",
        "target_head": "| Model | CPU s | allowed | times faster than lifetimes | asked | MB |",
        "summary": "From a raw log to customers",
        "summary_intro": (
            "From the file to the grouped rows that the models need: reading, the rules of the "
            "cleaning, finding repeated rows, adding up; by the way every notebook takes. Order "
            "numbers and channels are in the file. The aim is less than 8 seconds and 1,000 MB."
        ),
        "summary_head": "| Transactions | File | Customers | Seconds | CPU seconds | MB |",
    },
    "zh": {
        "title": "速度如何",
        "description": "与其他软件包在同一次运行中测得的拟合时间与内存。",
        "intro": (
            "测量日期：{date}；{cores}核（{machine}），Python {python}，开始时系统负载{load}。"
            "本页由 `make bench` 根据 `benchmarks/results.json` 生成，数字均非手工填写。"
            "时间为拟合本身的 CPU 秒数，内存为进程峰值，每次拟合都另起进程。"
            "请看倍数：具体时间随机器及其负载而变。"
        ),
        "data": (
            "每张表的第一行是论文所用的 CDNOW 客户，其余为模拟客户"
            "（r 0.24、alpha 4.4、a 0.8、b 2.4；观察期20至39周；"
            "消费 p 6.25、q 3.74、gamma 15.44）。"
            "各软件包读取同一文件。"
        ),
        "fit": "拟合 {model}",
        "head": (
            "| 客户数 | 本工具，秒 | MB | lifetimes，秒 | MB | 快多少倍 "
            "| clvkit，秒 | MB | 快多少倍 |"
        ),
        "none": "–",
        "gap": "各软件包所得参数的相对差异均不超过 {gap}。",
        "targets": "一百万客户时",
        "target_head": "| 模型 | CPU 秒 | 上限 | 比 lifetimes 快多少倍 | 要求 | MB |",
        "summary": "从原始流水到客户汇总",
        "summary_intro": (
            "从文件到模型所需的分组行：读取、清洗规则、识别重复行、汇总，"
            "与各笔记本所走的路径相同；文件含订单号和渠道。"
            "目标是8秒、1,000 MB 以内。"
        ),
        "summary_head": "| 交易笔数 | 文件 | 客户数 | 秒 | CPU 秒 | MB |",
    },
}


def write_pages() -> None:
    """Write the page in each language."""
    found = json.loads(RESULTS.read_text(encoding="utf-8"))
    for language, path in PAGES.items():
        path.write_text(page(found, WORDS[language]), encoding="utf-8")


def page(found: dict[str, Any], words: dict[str, str]) -> str:
    """Give the text of the page."""
    fits = found["fits"]
    parts = [
        f"---\ntitle: {words['title']}\ndescription: {words['description']}\n---",
        words["intro"].format(**found["about"]),
        words["data"],
    ]
    parts += [f"## {words['targets']} {{#million}}", _targets(fits, words)]
    for model, title in TITLES.items():
        head = words["fit"].format(model=title)
        parts += [f"## {head} {{#{model.lower()}}}", _fits(fits, model, words)]
    if found["summaries"]:
        parts += [f"## {words['summary']} {{#summary}}", words["summary_intro"]]
        parts.append(_summaries(found["summaries"], words))
    return "\n\n".join(parts) + "\n"


def _cells(head: str) -> str:
    return "|" + "---:|" * (head.count("|") - 1)


def _fits(fits: list[dict[str, Any]], model: str, words: dict[str, str]) -> str:
    lines = [words["head"], _cells(words["head"])]
    gaps: list[float] = []
    own = [fit for fit in fits if fit["model"] == model and fit["package"] == "workbench"]
    for ours in own:
        name = f"{ours['customers']:,}" + (" (CDNOW)" if ours["data"] == "CDNOW" else "")
        line = f"| {name} | {ours['seconds']:.3f} | {ours['megabytes']:.0f} |"
        for package in ("lifetimes", "clvkit"):
            theirs = _peer(fits, ours, package)
            if theirs is None:
                line += f" {words['none']} |" * 3
            else:
                ratio = theirs["seconds"] / ours["seconds"]
                line += f" {theirs['seconds']:.2f} | {theirs['megabytes']:.0f} | {ratio:.0f} |"
                gaps.append(theirs["difference"])
        lines.append(line)
    if gaps:
        lines += ["", words["gap"].format(gap=f"{max(gaps):.1g}")]
    return "\n".join(lines)


def _peer(fits: list[dict[str, Any]], ours: dict[str, Any], package: str) -> dict[str, Any] | None:
    same = ("model", "customers", "data")
    for fit in fits:
        if fit["package"] == package and all(fit[key] == ours[key] for key in same):
            return fit
    return None


def _targets(fits: list[dict[str, Any]], words: dict[str, str]) -> str:
    lines = [words["target_head"], _cells(words["target_head"])]
    for model, (seconds, times) in TARGETS.items():
        for ours in fits:
            million = ours["customers"] == 1_000_000 and ours["package"] == "workbench"
            if ours["model"] != model or not million:
                continue
            theirs = _peer(fits, ours, "lifetimes")
            ratio = f"{theirs['seconds'] / ours['seconds']:.0f}" if theirs else words["none"]
            lines.append(
                f"| {TITLES[model]} | {ours['seconds']:.2f} | {seconds:.0f} | {ratio} | {times} "
                f"| {ours['megabytes']:.0f} |"
            )
    return "\n".join(lines)


def _summaries(rows: list[dict[str, Any]], words: dict[str, str]) -> str:
    lines = [words["summary_head"], _cells(words["summary_head"])]
    lines += [
        f"| {row['transactions']:,} | {row['source']} | {row['customers']:,} "
        f"| {row['wall']:.1f} | {row['seconds']:.1f} | {row['megabytes']:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    write_pages()
