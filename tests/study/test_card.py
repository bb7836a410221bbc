"""A study card is read once, checked as a whole, and its errors say what to do."""

from __future__ import annotations

import datetime as dt
import pickle
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from workbench.study import StudyError, find_root, load_study, read_card

MINIMAL = """
title: A shop
as_of: 2025-12-31
languages: [en, zh]
tables:
  transactions: {path: transactions.csv}
"""


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.yml").write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def problem(folder: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        load_study(write(folder, text))
    return str(caught.value)


def test_a_short_card_gets_sensible_defaults(tmp_path: Path) -> None:
    study = load_study(write(tmp_path / "shop", MINIMAL))
    assert study.name == "shop"
    assert study.folder == (tmp_path / "shop").resolve()
    assert study.connection == "duckdb://"
    assert study.time_unit == "day"
    assert study.privacy.min_cell == 5 and study.privacy.p_percent == 10
    assert study.goals == () and study.cases == ()


def test_a_plain_text_serves_every_language(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, MINIMAL))
    assert study.text(study.title, "zh") == "A shop"
    assert study.title == {"en": "A shop", "zh": "A shop"}


def test_a_text_falls_back_to_the_first_language_of_the_study(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, MINIMAL.replace("A shop", "{zh: 商店, en: A shop}")))
    assert study.text(study.title, "zh") == "商店"
    assert study.text({"zh": "商店"}, "en") == "商店"
    assert study.text({"en": "A shop", "zh": "商店"}, "de") == "A shop"
    assert study.text(None, "en") == ""


def test_all_problems_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = problem(
        tmp_path,
        """\
        titel: A shop
        as_of: tomorrow
        currency: yuan
        time_zone: Asia/Shangai
        tables:
          transactions:
            pth: transactions.csv
        """,
    )
    assert str(tmp_path / "study.yml") in text
    assert "line 1, titel: unknown key; did you mean 'title'?" in text
    assert "title: required key is missing" in text
    assert "line 2, as_of: 'tomorrow' does not fit; write a date as 2025-12-31" in text
    assert "line 3, currency: 'yuan' is not a three-letter currency code" in text
    assert "line 4, time_zone: 'Asia/Shangai' is not a time zone; did you mean 'Asia/" in text
    assert "line 7, tables.transactions.pth: unknown key; did you mean 'path'?" in text


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("goals: [{name: g, title: G, indicator: nps, baseline: {valu: 1, date: 2024-01-01},"
         " target: 2, deadline: 2025-01-01}]",
         "goals[0].baseline.valu: unknown key; did you mean 'value'?"),
        ("goals: [{name: g, title: G, indicator: nps, baseline: {value: 1, date: 2024-01-01},"
         " target: 2, deadline: 2023-01-01}]",
         "`deadline` 2023-01-01 is not after the baseline's date 2024-01-01; correct one of the"
         " dates (goal 'g')"),
        ("goals: [{name: g, title: G, indicator: nps, baseline: {value: 1, date: 2024-01-01},"
         " target: 2, deadline: 2025-01-01, direction: down}]",
         "`direction` is down, but the target 2.0 lies above the baseline 1.0; correct one of the"
         " three (goal 'g')"),
        ("goals: [{name: g, title: G, indicator: nps, baseline: {value: 1, date: 2024-01-01},"
         " target: 2, deadline: someday}]",
         "goals[0].deadline: 'someday' does not fit; write a date as 2025-12-31 (goal 'g')"),
        ("goals: [{name: g, title: G, indicator: nps, baseline: {value: 1, date: 2024-01-01},"
         " target: 2, deadline: 2025-01-01, direction: upward}]",
         "'upward' is not one of 'up' or 'down'"),
        ("goals: [{name: g, title: G, indicator: nps, baseline: {value: 1, date: 2024-01-01},"
         " target: 2, deadline: 2025-01-01, parent: sales}]",
         "goals[0].parent: there is no goal 'sales'"),
        ("cases: [{name: c, title: C, start: 2026-02-01, outcomes: [{indicator: nps}]}]",
         "cases[0].start: 2026-02-01 lies after as_of 2025-12-31"),
        ("cases: [{name: c, title: C, start: 2025-02-01, end: 2025-01-01,"
         " outcomes: [{indicator: nps}]}]",
         "`end` is not after `start`"),
        ("cases: [{name: c, title: C, start: 2025-02-01, outcomes: []}]",
         "cases[0].outcomes: give at least one entry"),
        ("cases: [{name: service desk, title: C, start: 2025-02-01, outcomes: [{indicator: n}]}]",
         "'service desk' cannot be a name; use letters, digits and _"),
        ("published: [{notebook: clv, table: transaction, source: X, values: {r: 1}}]",
         "there is no table 'transaction'; did you mean 'transactions'?"),
        ("survey: {scale: [7, 1]}", "`scale` runs from its lowest to its highest"),
        ("survey: {items: {'01': A}, dimensions: {x: ['02']}}",
         "dimension 'x' names item '02', which `items` does not list"),
        ("survey: {dimensions: {x: ['01'], y: []}}", "dimension 'y' has no items"),
        ("survey: {items: {'01': A}, dimensions: {x: ['01'], y: ['01']}}",
         "item '01' is in two dimensions, x and y"),
        ("simulated: maybe", "simulated: 'maybe' does not fit; write true or false"),
        ("description: {fr: Bonjour}", "'fr' is not a language of the study; use en, zh"),
        ("privacy: {p_percent: 101}", "privacy.p_percent"),
        ("privacy: {dominance: [0, 80]}", "privacy.dominance"),
        ("privacy: {min_cel: 3}", "privacy.min_cel: unknown key; did you mean 'min_cell'?"),
        ("title: again", "title: given twice; keep one"),
        ("name: shop", "name: unknown key; it comes from the folder"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_remedy(
    tmp_path: Path, addition: str, message: str
) -> None:
    assert message in problem(tmp_path, MINIMAL + addition + "\n")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("{}", "a table needs one of `path`, `sql` and `package`, and only one"),
        (
            "{path: a.csv, sql: select 1}",
            "a table needs one of `path`, `sql` and `package`, and only one",
        ),
        ("{path: a.csv, sheet: One}", "`sheet` belongs to a workbook only"),
        ("{path: a.csv, refunds: drop}", "'drop' is not one of 'net', 'set_aside' or 'keep'"),
        ("a.csv", "does not fit; write `key: value` pairs here"),
    ],
)
def test_a_table_says_where_it_comes_from(tmp_path: Path, table: str, message: str) -> None:
    text = problem(tmp_path, MINIMAL.replace("{path: transactions.csv}", table))
    assert "tables.transactions" in text
    assert message in text


@pytest.mark.parametrize(
    ("whole", "message"),
    [
        ("transaction", "no table 'transaction'; did you mean 'transactions'?"),
        ("transactions_part", "a table is no part of itself"),
        ("transactions_half", "'transactions_half' is itself a part"),
    ],
)
def test_a_part_names_the_table_that_holds_it(tmp_path: Path, whole: str, message: str) -> None:
    text = problem(
        tmp_path,
        "title: A\nas_of: 2025-12-31\ntables:\n  transactions: {path: a.csv}\n"
        "  transactions_half: {path: b.csv, part_of: transactions}\n"
        f"  transactions_part: {{path: c.csv, part_of: {whole}}}\n",
    )
    assert "line 6, tables.transactions_part.part_of: " in text
    assert message in text


def test_goals_may_not_be_each_others_parents(tmp_path: Path) -> None:
    goal = (
        "  - {{name: {0}, title: G, indicator: nps, baseline: {{value: 1, date: 2024-01-01}},"
        " target: 2, deadline: 2025-01-01, parent: {1}}}\n"
    )
    text = problem(tmp_path, MINIMAL + "goals:\n" + goal.format("a", "b") + goal.format("b", "a"))
    assert "line 8, goals[0].parent: the goals' parents form a circle: a -> b -> a" in text
    assert "take one parent out" in text and text.count("circle") == 1, "once, not once a goal"


def test_two_goals_cannot_share_a_name(tmp_path: Path) -> None:
    goal = (
        "  - {name: a, title: G, indicator: nps, baseline: {value: 1, date: 2024-01-01},"
        " target: 2, deadline: 2025-01-01}\n"
    )
    assert "goals[1].name: 'a' is used twice" in problem(tmp_path, MINIMAL + "goals:\n" + goal * 2)


def test_items_written_without_quotes_are_the_same_items(tmp_path: Path) -> None:
    # YAML reads 01 as the number 1 and 08 as a text.
    study = load_study(
        write(tmp_path, MINIMAL + "survey: {items: {01: A, 08: B}, dimensions: {x: [01, 08]}}\n")
    )
    assert study.survey is not None
    assert list(study.survey.items) == ["01", "08"]
    assert study.survey.dimensions == {"x": ("01", "08")}


def test_a_single_treated_value_need_not_be_a_list(tmp_path: Path) -> None:
    case = "cases: [{name: c, title: C, start: 2025-02-01, outcomes: [{indicator: nps}],"
    study = load_study(write(tmp_path, MINIMAL + case + " treated: {region: North}}]\n"))
    assert study.case("c").treated == {"region": ("North",)}


def test_an_unknown_goal_or_case_suggests_the_known_one(tmp_path: Path) -> None:
    case = "cases: [{name: service_desk, title: C, start: 2025-02-01, outcomes: [{indicator: n}]}]"
    study = load_study(write(tmp_path, MINIMAL + case + "\n"))
    with pytest.raises(StudyError, match="did you mean 'service_desk'"):
        study.case("servicedesk")
    with pytest.raises(StudyError, match="goals: none"):
        study.goal("sales")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"- a\n- b\n", "does not hold `key: value` pairs"),
        (b"title: a: b\n", "line 1: not readable as YAML"),
        (b"title: A\n\tas_of: 2025-12-31\n", "line 2: not readable as YAML"),
        (b"title: A\nas_of: 2025-02-30\n", "not readable as YAML: day"),
        ("title: 港湾\n".encode("gb18030"), "the file is not UTF-8"),
    ],
)
def test_a_file_that_is_no_card_says_so(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "study.yml").write_bytes(content)
    with pytest.raises(StudyError) as caught:
        load_study(tmp_path)
    assert message in str(caught.value)


def test_a_card_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "study.yml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load_study(tmp_path / "study.yml").title["en"] == "A shop"


def test_a_card_cannot_be_changed(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, MINIMAL))
    with pytest.raises(ValueError, match="frozen"):
        study.currency = "EUR"  # type: ignore[misc]


def test_errors_cross_process_borders(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, "title: A\n"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is StudyError
    assert str(again) == str(caught.value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "_quarto.yml").touch()
    write(tmp_path / "data" / "harbour", MINIMAL)
    return tmp_path


def test_a_study_is_found_by_name_from_a_folder_below_the_root(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_ROOT", raising=False)
    deep = root / "notebooks" / "drafts"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_root() == root.resolve()
    assert load_study("harbour").name == "harbour"


def test_the_environment_names_the_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_ROOT", str(root))
    monkeypatch.chdir("/")
    assert load_study("harbour").folder == (root / "data" / "harbour").resolve()
    monkeypatch.setenv("WORKBENCH_ROOT", str(root / "nowhere"))
    with pytest.raises(StudyError, match="the folder does not exist"):
        find_root()


def test_without_a_root_it_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WORKBENCH_ROOT", raising=False)
    with pytest.raises(StudyError, match="set WORKBENCH_ROOT"):
        find_root(tmp_path)


def test_a_misspelt_study_suggests_the_right_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_ROOT", str(root))
    with pytest.raises(StudyError, match="did you mean 'harbour'"):
        load_study("harbor")
    with pytest.raises(StudyError, match="there is no study card"):
        load_study(root / "data" / "nothing")
    with pytest.raises(StudyError, match="no study was named"):
        load_study("")


GOALS_AND_ACTIONS = (
    MINIMAL
    + """
goals:
  - {name: top, title: Top, indicator: sales, target: 2, deadline: 2026-01-01,
     baseline: {value: 1, date: 2025-01-01, how: stated}}
  - {name: a, title: A, indicator: sales, target: 2, deadline: 2026-01-01, parent: top,
     weight: 0.6, baseline: {value: 1, date: 2025-01-01}}
  - {name: b, title: B, indicator: sales, target: 2, deadline: 2026-01-01, parent: top,
     weight: 0.4, baseline: {value: 1, date: 2025-01-01},
     history: [{changed: 2025-06-01, target: 3, why: Out of reach}]}
actions:
  - {name: act, title: Act, start: 2025-01-01, due: 2025-06-01, goal: a}
"""
)


def test_goals_carry_weights_and_history_and_actions_name_what_they_serve(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, GOALS_AND_ACTIONS))
    assert study.goals[0].baseline.how == "stated" and study.goals[2].history[0].target == 3
    assert study.actions[0].goal == "a"
    text = problem(tmp_path / "sum", GOALS_AND_ACTIONS.replace("weight: 0.4", "weight: 0.6"))
    assert "serve 'top', the weights sum to 1.2 and not to 1 (a 0.6 + b 0.6); divide" in text
    text = problem(tmp_path / "one", GOALS_AND_ACTIONS.replace("weight: 0.4, ", ""))
    assert "b has no weight; give all of them one" in text
    text = problem(tmp_path / "goal", GOALS_AND_ACTIONS.replace("goal: a}", "goal: c, case: x}"))
    assert "actions[0].goal: there is no goal 'c'" in text
    assert "actions[0].case: there is no case 'x'" in text
    text = problem(
        tmp_path / "due", GOALS_AND_ACTIONS.replace("due: 2025-06-01", "due: 2024-06-01")
    )
    assert "lies before `start`" in text


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("attention", {"csat5": {"right": [5]}}),
        ("attention", {"per_01": {"right": [5]}}),
        ("open", {"wave": None}),
    ],
)
def test_a_question_is_of_one_kind(tmp_path: Path, key: str, asked: dict[str, Any]) -> None:
    """A score that was an attention check, too, ended `check` in a traceback."""
    card = {"title": "A", "as_of": dt.date(2025, 12, 31), "survey": {key: asked}}
    card["tables"] = {"survey": {"path": "survey.csv"}}
    (tmp_path / "study.yml").write_text(yaml.safe_dump(card))
    with pytest.raises(StudyError, match=f"`{key}` names .*another kind of question"):
        read_card(tmp_path / "study.yml")
