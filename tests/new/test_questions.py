"""A survey's own words and numbers tell its questions, their scales, and what is no answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.data import Tables, check_study, open_tables
from workbench.new.columns.profile import profiles
from workbench.new.columns.proposal import Proposal, Upload
from workbench.new.columns.zone import time_zone
from workbench.new.study import Started, start_study, understood
from workbench.new.survey.scales import rating_of
from workbench.new.survey.survey_lines import survey_lines
from workbench.new.tables.roles import understand
from workbench.study import load_study

WORDS = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
CHINESE = ["非常不满意", "不满意", "一般", "满意", "非常满意"]
N = 60


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    rng = np.random.default_rng(77)
    frame = pd.DataFrame({f"q{i}": rng.integers(1, 6, N) for i in range(1, 5)})
    frame["csat"] = rng.integers(1, 8, N)
    frame["nps"] = rng.integers(0, 11, N)
    frame.loc[:1] = [[1, 1, 1, 1, 1, 0], [5, 5, 5, 5, 7, 10]]
    return frame


def started(folder: Path, frame: pd.DataFrame, name: str = "answers.csv") -> tuple[Started, Tables]:
    (folder / "data").mkdir()
    frame.to_csv(folder / name, index=False)
    found = start_study(folder, "acme", [folder / name], today=date(2025, 12, 31))
    return found, open_tables(found.study, cache=False)


def worded(answers: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Timestamp": [f"2025/03/{i % 28 + 1:02d} 9:05:07 AM GMT+8" for i in range(N)],
            "The staff were helpful": answers["q1"].map(lambda v: WORDS[v - 1]),
            "Prices are fair": answers["q2"].map(lambda v: WORDS[v - 1]),
            "门店整洁": answers["q3"].map(lambda v: CHINESE[v - 1]),
            "Overall, how satisfied are you? (1-7)": answers["csat"],
            "How likely are you to recommend us? (0-10)": answers["nps"],
            "Which channels? (select all that apply)": "App, Shop",
            "Any comments?": ["OK", "无", "Too slow on the phone", ""] * (N // 4),
        }
    )


def test_a_form_in_words_starts_a_study_in_order(tmp_path: Path, answers: pd.DataFrame) -> None:
    found, tables = started(tmp_path, worded(answers))
    asked = found.study.survey
    assert asked is not None and asked.scale == (1, 5) and asked.scales == {"csat": (1, 7)}
    frame = tables.frame("survey")
    items = [f"per_0{i}" for i in (1, 2, 3)]
    assert frame[items].to_numpy() == pytest.approx(answers[["q1", "q2", "q3"]].to_numpy())
    assert frame["csat"].mean() == pytest.approx(answers["csat"].mean())
    assert frame["recommend"].mean() == pytest.approx(answers["nps"].mean())
    assert frame["comment"].notna().sum() == 45 and frame["answered_on"].notna().all()
    assert check_study(found.study, tables=tables).ok


def test_a_stray_cell_does_not_hide_a_question() -> None:
    def found(texts: list[str]) -> tuple[tuple[int, int], bool] | None:
        asked = rating_of(profiles(pd.DataFrame({"The staff were helpful": texts}))[0])
        return None if asked is None else (asked.scale, asked.sure)

    numbers = [str(1 + i % 5) for i in range(39)]
    for texts in (WORDS * 8, CHINESE * 8, numbers):
        assert found([*texts[1:], "see my letter"]) == ((1, 5), True)
        assert found([*texts[:30], *(f"remark {c}" for c in "abcdefghi")]) is None


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("2025/03/{:02d} 2:01:07 AM GMT+8", "Asia/Shanghai"),
        ("2025/03/{:02d} 2:01:07 上午 GMT+8", "Asia/Shanghai"),
        ("2025-03-{:02d} 02:01:07 UTC+08:00", "Asia/Shanghai"),
        ("2025-03-{:02d}T02:01:07+0530", "Asia/Kolkata"),
        ("2025-07-{:02d} 01:01:07 +0200", "Europe/Berlin"),
        ("2025-07-{:02d} 23:01:07 -0400", "America/New_York"),
        ("2025-03-{:02d}T02:01:07Z", "UTC"),
        ("2025-03-{:02d} 02:01:07-09:30", "UTC"),  # of no zone that is known
    ],
)
def test_days_are_those_of_the_offset_that_times_are_written_with(
    tmp_path: Path, answers: pd.DataFrame, written: str, zone: str
) -> None:
    days = [i % 28 + 1 for i in range(N)]
    frame = worded(answers).assign(Timestamp=[written.format(day) for day in days])
    found, tables = started(tmp_path, frame)
    [line] = [
        t
        for t in (found.folder / "study.yml").read_text("utf-8").splitlines()
        if t.startswith("time_zone")
    ]
    assert found.study.time_zone == zone
    assert "# CHECK" in line and "'Timestamp' is written with an offset" in line
    if "09:30" not in written:
        assert tables.frame("survey")["answered_on"].dt.day.tolist() == days


def test_a_zone_in_the_heading_is_asked_and_days_alone_are_not(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    days = pd.date_range("2025-03-01", periods=N).strftime("%Y-%m-%d")
    frame = worded(answers).assign(Timestamp=days)
    [named] = _understood(
        tmp_path,
        frame.assign(Timestamp=days + " 02:01").rename(columns={"Timestamp": "Time (GMT+8)"}),
    )
    zone, said = time_zone([named])
    assert zone == "Asia/Shanghai" and said.startswith("CHECK") and "+08:00" in said
    zone, said = time_zone(_understood(tmp_path, frame))
    assert zone == "UTC" and "CHECK" not in said


def test_scales_and_codes_are_found_and_guesses_marked(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    frame = answers.rename(columns={"csat": "satisfaction", "nps": "recommend"})
    frame.insert(0, "respondent_id", [f"R{i}" for i in range(N)])
    frame.loc[5:9, "q1"] = 99
    frame["recommend"] += 1
    found, tables = started(tmp_path, frame.assign(q4=(frame["q4"] > 2) + 3))
    asked = found.study.survey
    assert asked is not None
    assert asked.scales == {"csat": (1, 7), "recommend": (1, 11)}
    assert asked.dimensions == {"service": ("q1", "q2", "q3", "q4")}
    assert found.study.tables["survey"].missing == {"q1": ("99",)}
    table = tables.frame("survey")
    assert table["per_q1"].isna().sum() == 5
    assert table["recommend"].mean() == pytest.approx(answers["nps"].mean())
    report = check_study(found.study, tables=tables)
    assert report.ok and any("99 in q1 stand for no answer" in text for text in report.warnings)


def test_a_scale_around_zero_is_no_code(tmp_path: Path, answers: pd.DataFrame) -> None:
    frame = answers.drop(columns=["csat", "nps"]) - 3
    frame.insert(0, "respondent_id", range(N))
    [proposal] = _understood(tmp_path, frame)
    assert proposal.survey["scale"] == [-2, 2] and "missing" not in proposal.keys
    low = frame.assign(**{f"q{i}": answers[f"q{i}"] for i in range(1, 5)}).replace({"q1": {4: -1}})
    [proposal] = _understood(tmp_path, low)
    assert proposal.survey["scale"] == [1, 5]
    assert [q.key for q in proposal.questions] == ["missing"]


def test_eight_and_nine_above_a_scale_of_five_are_codes(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    frame = answers[["q1", "q2", "q3", "q4"]].assign(ten=np.arange(N) % 10 + 1)
    frame.loc[5:9, "q1"], frame.loc[7:9, "q2"] = 9, 8
    frame.insert(0, "respondent_id", [f"R{i}" for i in range(N)])
    asked_on_five = frame.drop(columns="ten").rename(columns=lambda c: c.replace("q", "Question "))
    found, tables = started(tmp_path, asked_on_five)
    asked = found.study.survey
    assert asked is not None and asked.scale == (1, 5) and not asked.scales
    assert found.study.tables["survey"].missing == {"Question 1": ("9",), "Question 2": ("8",)}
    assert "# CHECK missing" in (found.folder / "study.yml").read_text("utf-8")
    kept = tables.frame("survey")["per_01"]
    assert kept.isna().sum() == 5 and kept.max() == 5
    [proposal] = _understood(tmp_path, frame[["respondent_id", "q3", "q4", "ten"]])
    assert proposal.survey["scales"] == {"ten": [1, 10]} and "missing" not in proposal.keys
    few = frame.head(12)  # of which nobody may have said 6 to 8
    [proposal] = _understood(tmp_path, few[["respondent_id", "q1", "q3"]])
    assert "missing" not in proposal.keys


GRADES = ["sehr gut", "gut", "befriedigend", "ausreichend", "mangelhaft", "ungenügend"]
CONTENT = [
    "sehr zufrieden",
    "eher zufrieden",
    "teils/teils",
    "eher unzufrieden",
    "sehr unzufrieden",
]


@pytest.mark.parametrize("words", [GRADES, CONTENT, WORDS[::-1]])
def test_numbers_whose_names_say_that_low_is_good_are_turned_and_refused_where_they_are_not(
    tmp_path: Path, words: list[str]
) -> None:
    rng = np.random.default_rng(3)
    headings = ["Wie war der Preis?", "Wie war die Wartezeit?", "Wie war das Personal?"]
    given = {h: rng.integers(1, len(words) + 1, N) for h in headings}
    frame = pd.DataFrame({h: [f"{v} - {words[v - 1]}" for v in vs] for h, vs in given.items()})
    frame.insert(0, "respondent_id", [f"R{i}" for i in range(N)])
    found, tables = started(tmp_path, frame)
    assert found.study.survey is not None and found.study.survey.scale == (1, len(words))
    assert found.study.survey.reversed == ("01", "02", "03")
    means = [len(words) + 1 - vs.mean() for vs in given.values()]
    kept = tables.frame("survey")
    assert [kept[f"per_{i:02d}"].mean() for i in (1, 2, 3)] == pytest.approx(means)
    assert not check_study(found.study, tables=tables).problems
    card = found.folder / "study.yml"
    lines = [x for x in card.read_text("utf-8").splitlines() if not x.startswith("  reversed:")]
    card.write_text("\n".join(lines), "utf-8")
    report = check_study(load_study(found.folder))
    assert any("say that 1 is the best answer" in text for text in report.problems)


def test_numbers_whose_german_names_say_that_high_is_good_are_in_order(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {f"Wie war {w}?": [f"{i % 6 + 1} - {GRADES[5 - i % 6]}" for i in range(N)] for w in "ABC"}
    )
    found, tables = started(tmp_path, frame.assign(respondent_id=range(N)))
    assert not any(
        "best answer" in text for text in check_study(found.study, tables=tables).problems
    )


def test_codes_of_the_questions_below_their_wording_are_a_second_heading(tmp_path: Path) -> None:
    rows = [["", "Q1", "Q2", "Q3"]]
    rows += [[f"R{i}", CHINESE[i % 5], CHINESE[i % 3], "★" * (i % 5 + 1)] for i in range(N)]
    headings = ["答卷编号", "1、服务态度", "2、等待时间", "3、总体满意度"]
    [proposal] = _understood(tmp_path, pd.DataFrame(rows, columns=headings))
    assert proposal.upload.keys["header"] == [1, 2] and len(proposal.upload.frame) == N
    assert proposal.survey["scale"] == [1, 5] and len(proposal.survey["items"]) == 2
    assert "csat5" in proposal.columns


def _understood(folder: Path, frame: pd.DataFrame) -> list:
    frame.to_csv(folder / "survey.csv", index=False)
    return understood([folder / "survey.csv"])


def test_a_purchase_log_is_no_survey_and_a_survey_no_log(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    rng = np.random.default_rng(1)
    log = pd.DataFrame(
        {
            "customer_id": rng.integers(1, 20, N),
            "date": "2025-03-01",
            "quantity": rng.integers(1, 6, N),
            "rating": rng.integers(1, 6, N),
            "amount": rng.uniform(5, 90, N).round(2),
        }
    )
    log.to_csv(tmp_path / "log.csv", index=False)
    [proposal] = understood([tmp_path / "log.csv"])
    assert proposal.standard == "transactions"
    # a number of a respondent that returns again and again is none
    form = answers.assign(respondent=rng.integers(1, 8, N))
    [proposal] = _understood(tmp_path, form)
    assert proposal.standard == "survey" and "respondent_id" not in proposal.columns


@pytest.mark.parametrize("names", ["q{}", "per_0{}"])
def test_what_new_writes_of_a_survey_is_what_check_takes(
    tmp_path: Path, answers: pd.DataFrame, names: str
) -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"respondent_id": [f"R{i:03d}" for i in range(N)]})
    for item in range(1, 7):
        frame[names.format(item)] = rng.integers(1, 6, N)
    frame["csat5"] = rng.integers(1, 6, N)
    frame["recommend"] = answers["nps"].to_numpy()
    frame["gender"] = ["f", "m"] * (N // 2)
    frame["asked by"] = None  # nobody has filled it in
    frame["answered_on"] = [f"2025-03-{i % 28 + 1:02d}" for i in range(N)]
    found, tables = started(tmp_path, frame)
    report = check_study(found.study)
    assert report.ok, report.problems
    own = [c for c in tables.frame("survey") if c.startswith("per_")]
    means = [tables.frame("survey")[c].mean() for c in sorted(own)]
    assert means == pytest.approx([frame[names.format(i)].mean() for i in range(1, 7)])
    assert found.study.tables["survey"].publish == ("gender",)


def test_a_column_of_a_sheet_that_nobody_filled_in_is_no_question(
    tmp_path: Path, answers: pd.DataFrame
) -> None:
    frame = worded(answers).assign(来源详情=None)
    (tmp_path / "data").mkdir()
    frame.to_excel(tmp_path / "answers.xlsx", index=False)
    found = start_study(tmp_path, "acme", [tmp_path / "answers.xlsx"], today=date(2025, 12, 31))
    assert found.study.survey is not None
    assert found.study.survey.scale == (1, 5)


def of_waves(answers: pd.DataFrame, names: list[str], day: str = "") -> Proposal:
    frame = answers.drop(columns="csat").assign(wave=np.repeat(names, N // len(names)))
    if day:
        frame["submitted on"] = day
    frame = frame.astype(str).astype("object")
    found = Proposal.of(Upload(Path("survey.csv"), frame))
    understand(found)
    return found


def test_the_order_of_waves_is_asked_where_nothing_tells_it(answers: pd.DataFrame) -> None:
    found = of_waves(answers, ["Kickoff", "Renovation", "Relaunch"])
    (asked,) = [q for q in found.questions if q.key == "survey.waves"]
    assert asked.default is None and "waves" not in found.survey
    assert "# CHECK waves" in "\n".join(survey_lines(found))
    found.answer(asked, 1)
    assert '  waves: ["Relaunch", "Renovation", "Kickoff"]' in list(survey_lines(found))
    for names in (["2024春季", "2024秋季"], ["Spring '24", "Fall '24"]):
        assert not [q for q in of_waves(answers, names).questions if q.key == "survey.waves"]
    dated = of_waves(answers, ["Kickoff", "Renovation"], "2024-05-06")
    assert not [q for q in dated.questions if q.key == "survey.waves"]
