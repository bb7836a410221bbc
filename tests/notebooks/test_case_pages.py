"""The page of a case says each guard and each fault of its data in words, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml

from workbench.data import check_study
from workbench.errors import DataError
from workbench.reporting import configure
from workbench.reporting.figures import figure
from workbench.study import StudyError, load_study

ROOT = Path(__file__).parents[2]
CELLS = nbformat.read(ROOT / "notebooks/case_evaluation.ipynb", as_version=4).cells
MONTHS = pd.date_range("2021-01-01", periods=48, freq="MS")
START = "2024-01-01"
TOWNS = [f"Town {i:02d}" for i in range(1, 25)]
LATER = pd.Timestamp(START) <= MONTHS


def towns(n: int = 24, seed: int = 1) -> pd.DataFrame:
    """Sales of towns, month by month: levels of their own, a common course, noise."""
    rng = np.random.default_rng(seed)
    y = 20 + 2 * rng.normal(size=(n, 1)) + rng.normal(size=48) + rng.normal(size=(n, 48))
    return pd.DataFrame(
        {"date": np.tile(MONTHS, n), "town": np.repeat(TOWNS[:n], 48), "sold": y.ravel()}
    )


def nation(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"date": MONTHS, "sold": 20 + rng.normal(size=48), "price": 5 + rng.normal(size=48)}
    )


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., Path]:
    def make(table: pd.DataFrame, **case: Any) -> Path:
        folder = tmp_path / "data" / "towns"
        folder.mkdir(parents=True)
        (tmp_path / "_quarto.yml").write_text("project: {}\n")
        table.to_csv(folder / "series.csv", index=False)
        sold = {"indicator": "series.sold", "label": {"en": "sales", "zh": "销量"}}
        base = {"name": "c", "title": {"en": "The offer", "zh": "优惠"}, "outcomes": [sold]}
        if "starts" not in case:
            base["start"] = pd.Timestamp(START).date()
        card = {
            "title": "T", "as_of": "2024-12-31", "languages": ["en", "zh"],
            "tables": {"series": {"path": "series.csv"}}, "cases": [base | case],
            "privacy": {"public": True},
        }  # fmt: skip
        (folder / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True))
        return folder

    return make


class Page:
    """What the cells of the notebook put on a page, by language and role."""

    def __init__(self, outputs: list[tuple[dict[str, Any], dict[str, str]]]) -> None:
        self.outputs = outputs

    def text(self, language: str, *roles: str) -> str:
        return "\n".join(
            data["text/html"] if about["role"] == "table" else data["text/plain"]
            for about, data in self.outputs
            if about["language"] == language and (not roles or about["role"] in roles)
        )


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    collected: list[tuple[dict[str, Any], dict[str, str]]] = []

    def display(data: dict[str, str], *, raw: bool, metadata: dict[str, Any]) -> None:
        collected.append((metadata["workbench"], data))

    def run(folder: Path, case: str = "c", *, drawn: bool = False) -> Page:
        monkeypatch.setattr("IPython.display.display", display)
        monkeypatch.setenv("WORKBENCH_LANGUAGES", "en,zh")
        # names of towns and columns have no Chinese; `untranslated` holds everything else
        monkeypatch.delenv("WORKBENCH_WORDS", raising=False)
        monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
        monkeypatch.setenv("WORKBENCH_RUN", str(tmp_path / "run"))
        if not drawn:  # drawing takes most of the time
            monkeypatch.setattr(figure, "drawing", lambda *_, **__: figure.Drawing("<svg/>"))
        space: dict[str, Any] = {"__name__": "page"}
        for cell in CELLS:
            if cell.cell_type != "code":
                continue
            exec(compile(ast.parse(cell.source), cell.id, "exec"), space)
            if "parameters" in cell.metadata.get("tags", []):
                space |= {"study": str(folder), "case": case}
        return Page(collected)

    yield run
    configure()


def untranslated(page: Page) -> list[str]:
    """English words on the Chinese page, but for the names of towns and columns."""
    named = ("Town", "price", "town", "Twon", "T")
    found = [t for about, _ in page.outputs for k in ("missing", "names") for t in about.get(k, ())]
    return [text for text in found if not text.strip("'").startswith(named)]


def raised(frame: pd.DataFrame, which: list[str], by: float, column: str = "sold") -> pd.DataFrame:
    own = frame["town"].isin(which) & (frame["date"] >= START)
    return frame.assign(**{column: frame[column] + by * own})


def one_cluster() -> tuple[pd.DataFrame, dict[str, Any]]:
    return towns(6), {"unit": "town", "treated": {"town": TOWNS[:1]}, "chosen": "random"}


def too_few_points() -> tuple[pd.DataFrame, dict[str, Any]]:
    return nation(), {"start": "2024-09-01"}


def worst_baseline() -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = towns()
    last = frame[frame["date"].between("2023-01-01", "2023-12-31")].groupby("town")["sold"].mean()
    chosen = last.nsmallest(6).index.tolist()
    return frame, {"unit": "town", "treated": {"town": chosen}, "chosen": "worst"}


def poor_fit(by: float = 6.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = towns()
    apart = np.where(frame["town"] == TOWNS[0], by * np.sin(np.arange(len(frame))), 0)
    frame = frame.assign(sold=frame["sold"] + apart)
    return frame, {"unit": "town", "treated": {"town": TOWNS[:1]}, "chosen": "volunteers"}


def no_fit() -> tuple[pd.DataFrame, dict[str, Any]]:
    return poor_fit(12.0)


def measured_anew() -> tuple[pd.DataFrame, dict[str, Any]]:
    label = {"en": "sales", "zh": "销量"}
    sold = {"indicator": "series.sold", "label": label, "measured_anew": "2024-01-01"}
    return nation(), {"outcomes": [sold]}


def moved_covariate() -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = nation()
    frame.loc[LATER, "price"] += 12
    return frame, {"covariates": [{"indicator": "series.price", "label": "price"}]}


def several_outcomes() -> tuple[pd.DataFrame, dict[str, Any]]:
    frame = towns()
    for name in ("calls", "visits"):
        frame[name] = towns(seed=len(name))["sold"]
    outcomes = [
        {"indicator": f"series.{name}", "label": {"en": name, "zh": "指标"}}
        for name in ("sold", "calls", "visits")
    ]
    frame = raised(frame, TOWNS[:12], 0.54)
    case = {"unit": "town", "treated": {"town": TOWNS[:12]}, "chosen": "random"}
    return frame, case | {"outcomes": outcomes}


GUARDS = [
    (one_cluster, "There are 1 treated and 5 comparison units", "实施单位有1个"),
    (too_few_points, "4 points after", "4"),
    (worst_baseline, "chosen because of their baseline, and nobody else met the same", "基线"),
    (poor_fit, "the mixture follows the treated unit poorly", "拟合较差"),
    (no_fit, "no mixture of the comparison units moved like the treated one", "组合"),
    (measured_anew, "the outcome was measured in another way", "测量方式"),
    (moved_covariate, "covariate price shifts at the start", "price"),
    (several_outcomes, "once it is allowed for that 3 outcomes were looked at", "3个"),
]


@pytest.mark.parametrize(("made", "words", "zh"), GUARDS, ids=[g[0].__name__ for g in GUARDS])
def test_each_guard_is_said_on_the_page(
    study: Any, page: Any, made: Callable[[], Any], words: str, zh: str
) -> None:
    frame, case = made()
    shown = page(study(frame, **case))
    assert words in shown.text("en", "callout")
    assert zh in shown.text("zh", "callout")
    assert untranslated(shown) == []


def test_a_refused_case_shows_no_number_of_an_effect(study: Any, page: Any) -> None:
    frame, case = one_cluster()
    shown = page(study(frame, **case), drawn=True)
    assert "no conclusion about sales is possible" in shown.text("en", "heading")
    assert "无法下结论" in shown.text("zh", "heading")
    assert not shown.text("en", "headlines", "figure")


# --- groups that start at different times --------------------------------------------------------

STARTS = {TOWNS[0]: "2023-01-01", TOWNS[1]: "2023-01-01", TOWNS[2]: START, TOWNS[3]: START}
GROUPED = {"unit": "town", "chosen": "volunteers"}


def begun(**more: str) -> dict[str, Any]:
    dates = {**STARTS, **more}
    return {unit: pd.Timestamp(day).date() for unit, day in dates.items()}


def test_a_case_of_different_starts_is_shown_group_by_group(study: Any, page: Any) -> None:
    frame = towns()
    for unit, day in STARTS.items():
        frame.loc[(frame["town"] == unit) & (frame["date"] >= day), "sold"] += 3
    shown = page(study(frame, **GROUPED, starts=begun()), drawn=True)
    said = shown.text("en")
    assert "Design: staggered adoption" in said
    assert "compared, period by period, with 20 units that never started" in said
    for words in ("first treated in 2023-01", "compared with not yet treated", "two-way fixed"):
        assert words in said, words
    assert "One regression with unit and period effects then takes units treated earlier" in said
    assert "sales" in shown.text("en", "headlines")
    assert untranslated(shown) == []


def faults() -> Iterator[tuple[str, pd.DataFrame, dict[str, Any], str, str]]:
    frame = towns()
    one = {"unit": "town", "chosen": "random", "treated": {"town": TOWNS[:4]}}
    many = {"unit": "town", "chosen": "volunteers"}
    early, gap = frame["date"] < START, frame["date"] == MONTHS[20]
    own = frame["town"].isin(TOWNS[:4])
    yield (
        "a start before the data", frame, one | {"start": "2020-06-01"},
        "lies before the data, which begin 2021-01-01", "outside the data",
    )  # fmt: skip
    yield (
        "a start after the data", frame[frame["date"] < "2023-06-01"], one,
        "lies after the data, whose last period is 2023-05-01", "outside the data",
    )  # fmt: skip
    yield (
        "an unknown group", frame, many | {"starts": begun(**{"Twon 05": START})},
        "no town is called 'Twon 05'; write it as the table does, perhaps 'Town 05'",
        "'series' has no town 'Twon 05'",
    )  # fmt: skip
    yield (
        "an unknown group left out", frame,
        one | {"leave_out": [{"units": ["Twon 07"], "reason": "x"}]},
        "no town is called 'Twon 07'", "'series' has no town 'Twon 07'",
    )  # fmt: skip
    yield (
        "nobody left to compare", frame[own], one,
        "There are 4 treated and 0 comparison units", "nobody is left to compare with",
    )  # fmt: skip
    yield (
        "treated never observed before", frame[~(own & early)], one,
        "no treated unit was ever observed before the start", "was never observed before its start",
    )  # fmt: skip
    yield (
        "a gap in the dates", frame[~gap], many | {"starts": begun()},
        "the calendar has a gap: 2022-09-01 is missing", "",
    )  # fmt: skip
    yield (
        "a constant outcome", frame.assign(sold=7.0), one, "the outcome is 7 everywhere", "",
    )  # fmt: skip
    yield (
        "values that lack",
        frame.assign(sold=frame["sold"].where(~frame.index.isin([5, 700]))),
        one,
        "2 units and periods (no value)", "",
    )  # fmt: skip
    yield (
        "some never observed before", frame[~((frame["town"] == TOWNS[2]) & early)],
        many | {"starts": begun()}, "1 units (never observed before their own start)",
        "Town 03 was never observed before its start",
    )  # fmt: skip
    yield (
        "some started after the data", frame[frame["date"] < "2023-12-01"],
        many | {"starts": begun()}, "2 units (first treated after the data end", "outside the data",
    )  # fmt: skip


FAULTS = list(faults())


@pytest.mark.parametrize(
    ("frame", "case", "words", "problem"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_each_fault_is_said_on_the_page_and_by_the_check(
    study: Any, page: Any, frame: pd.DataFrame, case: dict[str, Any], words: str, problem: str
) -> None:
    folder = study(frame, **case)
    shown = page(folder)
    assert words in shown.text("en", "callout")
    assert untranslated(shown) == []
    problems = " ".join(check_study(load_study(folder)).problems)
    assert problem in problems and bool(problems) is bool(problem)


def test_two_rows_of_a_group_and_date_are_an_error_for_page_and_check(
    study: Any, page: Any
) -> None:
    frame = towns()
    case = {"unit": "town", "chosen": "random", "treated": {"town": TOWNS[:4]}}
    folder = study(pd.concat([frame, frame.tail(1)]), **case)
    words = "1 groups and dates have more than one row, first Town 24 on 2024-12-01"
    with pytest.raises(DataError, match=words):
        page(folder)
    assert words in " ".join(check_study(load_study(folder)).problems)


CARDS = [
    ({"unit": "customer", "starts": begun()}, "give the column that names them as `unit`"),
    ({"unit": "town", "starts": begun(), "chosen": "everybody"}, "as `chosen` how they came to it"),
    ({"unit": "town", "starts": begun(), "treated": {"town": TOWNS[:2]}}, "take `treated` out"),
    ({"unit": "town", "starts": begun(), "start": "2022-01-01"}, "the first of `starts` is 2023"),
    ({"unit": "town", "starts": begun(**{TOWNS[4]: "2031-01-01"})}, "starts.Town 05: 2031-01-01"),
    ({"unit": "town", "starts": {}}, "starts: give at least one"),
    (
        {"unit": "town", "treated": {"town": TOWNS[:2]}, "fit": {"scale": "log"}},
        "`fit.scale: log` is for cases that reached everybody, and for `starts`",
    ),
    (
        {"unit": "town", "starts": begun(), "leave_out": [{"units": TOWNS[:1], "reason": "x"}]},
        "Town 01 is treated and left out",
    ),
    ({"leave_out": [{"units": TOWNS[:1], "reason": "x"}]}, "say by `unit` which column has them"),
    ({"unit": "town", "starts": begun(), "since": "2023-01-01"}, "`since` is not before `start`"),
]


@pytest.mark.parametrize(("case", "words"), CARDS, ids=[c[1] for c in CARDS])
def test_a_card_that_contradicts_itself_is_told_at_once(
    study: Any, case: dict[str, Any], words: str
) -> None:
    with pytest.raises(StudyError) as told:
        load_study(study(towns(6), **{"chosen": "random"} | case))
    assert words in str(told.value)


def test_towns_of_customers_may_start_at_different_times_too(tmp_path: Path, page: Any) -> None:
    rng = np.random.default_rng(4)
    folder = tmp_path / "data" / "shop"
    folder.mkdir(parents=True)
    (tmp_path / "_quarto.yml").write_text("project: {}\n")
    people = [f"K{i:03d}" for i in range(240)]
    home = pd.DataFrame({"customer_id": people, "city": np.repeat(TOWNS, 10)})
    home.assign(joined_on="2020-12-01").to_csv(folder / "customers.csv", index=False)
    days = [(who, day) for who in people for day in MONTHS if rng.random() < 0.7]
    bought = pd.DataFrame(days, columns=["customer_id", "date"]).merge(home)
    started = pd.to_datetime(bought["city"].map(STARTS)).fillna(pd.Timestamp("2100-01-01"))
    later = bought["date"] >= started
    bought["amount"] = (20 + 3 * rng.normal(size=len(bought)) + 12 * later).clip(lower=1).round(2)
    bought.drop(columns="city").to_csv(folder / "transactions.csv", index=False)
    case = {
        "name": "c", "title": "The offer", "unit": "city", "chosen": "volunteers",
        "starts": begun(), "outcomes": [{"indicator": "sales"}],
    }  # fmt: skip
    card = {
        "title": "T", "as_of": "2024-12-31", "languages": ["en", "zh"],
        "tables": {name: {"path": f"{name}.csv"} for name in ("customers", "transactions")},
        "cases": [case],
    }  # fmt: skip
    (folder / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True))
    assert check_study(load_study(folder)).problems == ()
    shown = page(folder)
    assert "Design: staggered adoption" in shown.text("en", "prose")
    assert "sales per customer improved" in shown.text("en", "prose")
    case["starts"] = begun(**{"Twon 05": START})
    (folder / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True))
    (problem,) = check_study(load_study(folder)).problems
    assert "'customers' has no city 'Twon 05'" in problem and "Town 05" in problem


def test_a_trial_with_versions_segments_and_looks(page, tmp_path: Path) -> None:
    rng, n = np.random.default_rng(2), 300
    folder = tmp_path / "data" / "trial"
    folder.mkdir(parents=True)
    (tmp_path / "_quarto.yml").write_text("project: {}\n")
    people = pd.DataFrame(
        {
            "customer_id": [f"C{i:03d}" for i in range(n)],
            "first_date": "2023-01-01",
            "version": np.resize(["none", "dear", "cheap"], n),
            "sex": rng.choice(["f", "m"], n),
        }
    )
    months = pd.date_range("2023-07-01", periods=12, freq="MS")
    rate = 40 + 25 * ((people["version"] == "dear").to_numpy()[:, None] & (np.arange(12) >= 6))
    amount = rng.normal(rate, 10, (n, 12)).round(2)
    pd.DataFrame(
        {
            "customer_id": np.repeat(people["customer_id"].to_numpy(), 12),
            "order_id": np.arange(12 * n),
            "date": np.tile(months + pd.Timedelta(days=9), n),
            "amount": np.maximum(amount, 1).ravel(),
        }
    ).to_csv(folder / "transactions.csv", index=False)
    people.to_csv(folder / "customers.csv", index=False)
    card = {
        "title": "T", "as_of": "2024-06-30", "languages": ["en", "zh"], "currency": "EUR",
        "tables": {t: {"path": f"{t}.csv"} for t in ("transactions", "customers")},
        "cases": [
            {
                "name": "c", "title": {"en": "The mail", "zh": "邮件"}, "start": "2024-01-01",
                "chosen": "random", "outcomes": [{"indicator": "sales"}], "looks": 6, "by": "sex",
                "arms": {"column": "version", "control": "none"},
            }
        ],
        "privacy": {"public": True},
    }  # fmt: skip
    (folder / "study.yml").write_text(yaml.safe_dump(card, allow_unicode=True))
    shown = page(folder)
    english, chinese = shown.text("en"), shown.text("zh")
    assert "Of 2 versions, dear did better than no measure" in english
    assert "2个版本中，dear好于不实施" in chinese
    assert "The arms are as large as they were to be." in english
    # the arms are no level above the customers, among whom the lot was drawn
    assert "Who got the measure goes by" not in english and "strong evidence" in english
    assert "6 looks until now" in english and "至今6次" in chinese
    assert "not shown to differ by sex" in english or "differs by sex" in english
    named = ("dear", "cheap", "none", "sex", "T")
    left = [t for about, _ in shown.outputs for k in ("missing", "names") for t in about.get(k, ())]
    assert [t for t in left if not t.strip("'").startswith(named)] == []
