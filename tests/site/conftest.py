"""What the site's tests share: a small project with runs, as runs and reporting leave them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbench.languages import speak
from workbench.reporting.cards import card, records
from workbench.reporting.figures import figure as figures
from workbench.reporting.figures.figure import Drawing
from workbench.results import Estimate, Finding
from workbench.runs.records.record import RunRecord, StepRecord, begin, write_json
from workbench.runs.records.record import finish as finish_run
from workbench.site import PublishedSite, publish

REPO = Path(__file__).resolve().parents[2]
WORDS = {
    "question": {"en": "Who are the customers?", "zh": "客户是谁？"},
    "value": {"en": "How much are customers worth?", "zh": "客户价值几何？"},
    "measure": {"en": "Did the measure work?", "zh": "措施见效了吗？"},
    "overview": {"en": "How are we doing with our customers?", "zh": "我们的客户状况如何？"},
}
STORED = {
    "clv.mean": Estimate(
        412, 390, 434, kind="money", unit="CNY", label="Customer lifetime value", better="up"
    ),
    "nps": Estimate(18, 12, 24, kind="points", label="Net promoter score", better="up"),
    "repeat": Estimate(
        0.41, 0.39, 0.43, kind="percent", label=("Repeat buyers expected to buy again (model)")
    ),
    "on_time": Estimate(0.875, 0.85, 0.9, kind="percent", label="Answered", better="up"),
}
BEFORE = {"clv.mean": 380, "nps": 16, "repeat": 0.43, "on_time": 0.83}
VERDICT = Finding(
    "verdict",
    "{title}: it worked for {outcomes} ({grade} evidence)",
    {"title": {"en": "The *desk*", "zh": "服务台"}, "outcomes": ["A < B"], "grade": "strong"},
    verdict="shown",
)


def shown(language: str, role: str, **data: str):
    bundle = {key.replace("__", "/").replace("svg", "svg+xml"): text for key, text in data.items()}
    bundle.setdefault("text/plain", role)
    about = {"workbench": {"language": language, "role": role}}
    return new_output("display_data", data=bundle, metadata=about)


@cache
def drawing(language: str) -> Drawing:
    """A figure as reporting draws it."""

    def bars(ax) -> None:
        ax.barh(range(4), [63, 48, 31, 12], color="#12436d")
        ax.errorbar([63, 48, 31, 12], range(4), xerr=4, fmt="none", ecolor="#801650")
        ax.set_yticks(range(4), ["North", "South", "East", "West"])

    return figures.drawing(bars, language, narrow=True)


def drawn_in(language: str):
    drawn = drawing(language)
    output = shown(language, "figure", image__svg=drawn.svg)
    output.metadata["workbench"]["narrow"] = drawn.narrow
    return output


def fact(text: str) -> str:
    return f'<span data-fact="top.share" data-number="0.63">{text}</span>'


def headlines() -> dict[str, Estimate]:
    return {name: each.named(fact=name) for name, each in STORED.items()}


def cards(language: str) -> str:
    """The headline numbers of a page, as reporting shows them."""
    now = records({"clv": headlines()})
    before = [{**row, "value": BEFORE[row["name"]]} for row in now]
    items = "".join(card(row, before, speak(language)) for row in now)
    return f'<ul class="wb-headlines" lang="{speak(language).tag}">{items}</ul>'


def table(language: str, *, caption: bool = True) -> str:
    heads = {
        "en": ["Group", "Customers", "Share of value", "95% interval", "Spend, CNY"],
        "zh": ["客户群", "客户数", "价值占比", "95% 区间", "消费额（元）"],
    }[language]
    names = {"en": ["Champions", "Loyal", "Lapsed"], "zh": ["核心客户", "忠诚客户", "流失客户"]}
    rows = [("1,204", "63 %", "60 to 66", "48,120"), ("2,310", "28 %", "25 to 31", "9,340")]
    rows.append(("1,486", "9 %", "7 to 11", "1,002"))
    head = f'<th scope="col">{heads[0]}</th>' + "".join(
        f'<th scope="col" class="wb-num">{h}</th>' for h in heads[1:]
    )
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(f'<td class="wb-num">{x}</td>' for x in row)
        + "</tr>"
        for name, row in zip(names[language], rows, strict=True)
    )
    said = {"en": "Three groups hold all the value", "zh": "三类客户贡献全部价值"}[language]
    cap = f'<caption><span class="wb-title">{said}</span></caption>' if caption else ""
    csv = "data:text/csv;charset=utf-8;base64,77u/YSxiDQoxLDINCg=="
    return (
        f'<div class="wb-table-wrap" role="region" tabindex="0" aria-label="{said}">'
        f'<table class="wb-table">{cap}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f'</div><p><a class="wb-download" download="groups.csv" href="{csv}">CSV</a></p>'
    )


def executed(title: str, *, marks: str = "") -> nbformat.NotebookNode:
    """A notebook as a run leaves it, with every kind of output that reporting gives."""
    markdown = [
        new_markdown_cell(f"# {WORDS[title][x]}", metadata={"tags": [x]}, id=f"title-{x}")
        for x in ("en", "zh")
    ]
    parameters = new_code_cell(
        'study: str = "harbour"\nseed: int = 1', metadata={"tags": ["parameters"]}, id="parameters"
    )
    injected = new_code_cell(
        'study = "demo"', metadata={"tags": ["injected-parameters"]}, id="injected"
    )
    setup = new_code_cell("import workbench as wb\n\nrun = wb.open_run(study)", id="setup")
    numbers = new_code_cell('wb.headlines(run, ["clv.mean", "nps"])', id="numbers")
    figure = new_code_cell(
        "#| label: fig-share\n#| fig-cap: Share of value by region, 5,000 customers, 2025.\n"
        "#| fig-cap-zh: 2025 年各区域客户价值占比，5,000 名客户。\n"
        "#| fig-alt: Bars of the share of value in four regions.\n"
        "#| fig-alt-zh: 四个区域价值占比的条形图。\nwb.show(result.plot)",
        id="share",
    )
    groups = new_code_cell(
        "#| label: tbl-groups\n#| tbl-cap: Groups by value, 2025.\n"
        "#| tbl-cap-zh: 2025 年按价值划分的客户群。\nwb.show(result.table)",
        id="groups",
    )
    finding = new_code_cell('wb.heading("{share} hold most", share=wb.pct(.2))', id="finding")
    printed = new_code_cell("print(round(0.62, 1))", id="check")
    printed.outputs = [new_output("stream", name="stdout", text="0.6\n")]
    heads = {
        "en": f"A fifth of customers hold {fact('63 %')} of the value",
        "zh": f"五分之一的客户贡献 {fact('63%')} 的价值",
    }
    prose = {
        "en": "The 1,204 champions spend **five times** the median. A loss of one in ten of them"
        " would cost about CNY 5 million a year (4 to 6 million).",
        "zh": "1,204 名核心客户的消费额是中位数的**五倍**。若流失其中十分之一，每年损失约 500 万元"
        "（400 万至 600 万元）。",
    }
    title_of = {
        "en": ("The North brings most of the value", "Share of value, %, by region, 2025"),
        "zh": ("北区贡献了大部分价值", "2025 年各区域价值占比，%"),
    }
    for x in ("en", "zh"):
        numbers.outputs.append(shown(x, "headlines", text__html=cards(x)))
        finding.outputs.append(shown(x, "heading", text__markdown=f"## {heads[x]}"))
        finding.outputs.append(shown(x, "prose", text__markdown=prose[x]))
        top, sub = title_of[x]
        figure.outputs += [
            shown(
                x,
                "figure-title",
                text__html=f'<p class="wb-figure-title"><span class="wb-title">{top}</span> '
                f'<span class="wb-subtitle">{sub}</span></p>',
            ),
            drawn_in(x),
            shown(
                x,
                "figure-data",
                text__html='<details class="wb-figure-data"><summary>'
                f"{'Data' if x == 'en' else '数据'}</summary>{table(x, caption=False)}</details>",
            ),
        ]
        groups.outputs.append(shown(x, "table", text__html=table(x)))
        warn = {"en": "One region has few customers.", "zh": "其中一个区域客户较少。"}[x]
        groups.outputs.append(
            shown(x, "callout", text__markdown=f"::: {{.callout-warning}}\n{warn}\n:::")
        )
    limits = [
        new_markdown_cell(
            {
                "en": f"## Method and limits\n\nRegions are as billed.{marks} The score is"
                " $\\frac{a}{b}$ of the wave.",
                "zh": f"## 方法与局限\n\n区域以账单地址为准。{marks}得分为 $\\frac{{a}}{{b}}$。",
            }[x],
            metadata={"tags": [x]},
            id=f"limits-{x}",
        )
        for x in ("en", "zh")
    ]
    return new_notebook(
        cells=[
            *markdown,
            parameters,
            injected,
            setup,
            numbers,
            finding,
            figure,
            groups,
            printed,
            *limits,
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )


def step(key: str, status: str = "done", **more) -> StepRecord:
    notebook, _, case = key.partition("-")
    return StepRecord(
        key=key,
        notebook=notebook,
        status=status,
        case=case or None,
        seconds=3.25,
        parameters={"study": "demo", "seed": 1},
        **more,
    )


def store(folder: Path) -> None:
    """Write what a notebook hands over: headline numbers, and of a case the verdict."""
    folder.mkdir(parents=True)
    rows = [{"name": name, **each.to_json()} for name, each in headlines().items()]
    write_json(folder / "estimates.json", rows)
    if "-" in folder.name:
        write_json(folder / "findings.json", [replace(VERDICT, page=folder.name).to_json()])


def add_run(
    root: Path, study: str, run: str, steps: list[StepRecord], titles: dict[str, str]
) -> Path:
    """Write a finished run: what became of each notebook, and which question each page asks."""
    aside = begin(root / "runs" / study, run)
    day = f"{run[:4]}-{run[4:6]}-{run[6:8]}"
    for each in steps:
        if each.good:
            nbformat.write(executed(titles[each.key]), aside / "notebooks" / f"{each.key}.ipynb")
            if each.key != "overview":
                store(aside / "results" / each.key)
    record = RunRecord(
        study=study,
        run=run,
        started=f"{day}T06:00:00+00:00",
        finished=f"{day}T06:01:30+00:00",
        status="failed" if any(each.status == "failed" for each in steps) else "done",
        notebooks={each.key: each for each in steps},
        inputs={
            "transactions.csv": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        },
        versions={"python": "3.11.7", "pandas": "3.1.1", "workbench": "0.1.0"},
        commit="3cd5260aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+",
        as_of="2025-12-31",
        data_to="2025-12-30",
        languages=("en", "zh"),
    )
    return finish_run(aside, record).folder


TITLES = {
    "segmentation": "question",
    "clv": "value",
    "case_evaluation-desk": "measure",
    "case_evaluation-promo": "measure",
    "overview": "overview",
}


def make_project(root: Path) -> Path:
    """Two studies: `demo`, with one notebook failed and one skipped; `plain`, in English."""
    for path in REPO.glob("_quarto*.yml"):
        shutil.copy(path, root / path.name)
    skip = shutil.ignore_patterns("studies", ".studies*", "*_studies.html*")
    shutil.copytree(REPO / "reports", root / "reports", ignore=skip)
    demo, plain = root / "data" / "demo", root / "data" / "plain"
    for folder in (demo, plain):
        folder.mkdir(parents=True)
    case = "start: 2025-01-01, outcomes: [{indicator: satisfaction}]"
    (demo / "study.yml").write_text(
        "title: {en: Demo Mobile, zh: 演示移动}\n"
        "description: {en: A telecom with a shop., zh: 一家带零售店的电信公司。}\n"
        "origin: {en: Made by a program., zh: 由程序生成。}\n"
        "licence: MIT\nsimulated: true\nlanguages: [en, zh]\nas_of: 2025-12-31\n"
        "time_zone: Asia/Shanghai\ntables: {transactions: {path: transactions.csv}}\n"
        "cases:\n"
        f"  - {{name: desk, title: {{en: A faster service desk, zh: 更快的服务台}}, {case}}}\n"
        f"  - {{name: promo, title: {{en: A promotion, zh: 促销活动}}, {case}}}\n",
        encoding="utf-8",
    )
    (plain / "study.yml").write_text(
        "title: Plain Shop\nlanguages: [en]\nas_of: 2025-12-31\n"
        "tables: {transactions: {path: transactions.csv}}\n",
        encoding="utf-8",
    )
    steps = [
        step("segmentation"),
        step("clv"),
        step("satisfaction_gap", "skipped", reason="the study has no table survey"),
        step("case_evaluation-desk"),
        step("case_evaluation-promo"),
        step("overview"),
    ]
    add_run(root, "demo", "20260101T060000Z-aaaaaa", steps, TITLES)
    error = {"notebook": "clv", "cause": "error", "cell": 7, "cell_id": "value"}
    error["message"] = "DataError: no transactions of li.wei@example.com"
    steps[1] = step("clv", "failed", error=error)
    add_run(root, "demo", "20260201T060000Z-bbbbbb", steps, TITLES)
    add_run(root, "plain", "20260101T060000Z-cccccc", [step("segmentation")], TITLES)
    return root


CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def model_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that tests copy: drawing its figures takes a while."""
    return make_project(tmp_path_factory.mktemp("model"))


@pytest.fixture
def project(model_project: Path, tmp_path: Path) -> Path:
    """A project of one's own, staged by nobody yet."""
    return Path(shutil.copytree(model_project, tmp_path / "project"))


@pytest.fixture(scope="session")
def publication(
    model_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, PublishedSite]:
    """The project, published by the embedded renderer, and what was told; do not change it."""
    root = shutil.copytree(model_project, tmp_path_factory.mktemp("embedded") / "project")
    return root, publish(root, renderer="embedded", now=datetime(2026, 2, 2, tzinfo=UTC))


@pytest.fixture(scope="session")
def published(publication: tuple[Path, PublishedSite]) -> Path:
    """The project's site as the embedded renderer makes it; read it, do not change it."""
    return publication[1].site


@pytest.fixture
def published_before(publication: tuple[Path, PublishedSite], tmp_path: Path) -> Path:
    """A project of one's own that was published before."""
    return Path(shutil.copytree(publication[0], tmp_path / "project"))


@pytest.fixture(scope="session")
def published_by_quarto(model_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same site as Quarto makes it."""
    if shutil.which("quarto") is None:
        pytest.skip("Quarto is not on PATH")
    root = shutil.copytree(model_project, tmp_path_factory.mktemp("quarto") / "project")
    return publish(root, renderer="quarto").site


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    """An executed notebook with every kind of output that reporting gives."""
    return executed("question")


@pytest.fixture
def add() -> Callable[..., Path]:
    """Add a run: `add(root, study, run, steps)`, each step `(key, status, details)`."""

    def add_steps(root: Path, study: str, run: str, steps: list[tuple[str, str, dict]]) -> Path:
        made = [step(key, status, **more) for key, status, more in steps]
        return add_run(root, study, run, made, TITLES)

    return add_steps


# of a module: while it is open no other test of the process can start a browser of its own
@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """A headless browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()
