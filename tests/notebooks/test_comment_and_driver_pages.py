"""The pages on drivers and comments: no person on them, and no crash where a study has less."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml

matplotlib.use("agg")

ROOT = Path(__file__).parents[2]
KIOSK = ROOT / "tests" / "data_files" / "kiosk_servqual"
Page = Callable[..., str]
PERSONAL = (
    "13912345678",
    "138 0013 8000",
    "wei.wang@example.org",
    "王小明",
    "Grace Hopper",
    "六盘水路39号201室",
    "12 High Street",
)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Give a function that runs a notebook's cells on a study, and returns all that it shows."""
    import matplotlib.pyplot as plt

    def shown(notebook: str, study: Path, language: str = "en", **parameters: object) -> str:
        monkeypatch.setenv("WORKBENCH_LANGUAGE", language)
        monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
        monkeypatch.setenv("WORKBENCH_KEY", "0123456789abcdef")
        said, names = io.StringIO(), {}
        cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
        with contextlib.redirect_stdout(said):
            for cell in cells:
                if cell.cell_type != "code":
                    continue
                exec(compile(cell.source, cell.id, "exec"), names)
                if cell.id == "parameters":
                    names |= {"study": str(study), **parameters}
        plt.close("all")
        saved = [p for p in tmp_path.rglob("*.parquet") if "results" in p.parts]
        text = "\n".join(pd.read_parquet(p).to_csv() for p in saved)
        return said.getvalue() + text

    return shown


def write(
    folder: Path, survey: pd.DataFrame, card: dict | None = None, **tables: pd.DataFrame
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    given = {"survey": survey, **tables}
    for name, table in given.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    full = {
        "title": "A small study",
        "simulated": True,
        "languages": ["en", "zh"],
        "as_of": pd.Timestamp("2025-12-31").date(),
        "tables": {name: {"path": f"{name}.csv"} for name in given},
        "survey": {"items": {"01": "One", "02": "Two"}, "dimensions": {"all": ["01", "02"]}},
        **(card or {}),
    }
    (folder / "study.yml").write_text(yaml.safe_dump(full, allow_unicode=True), encoding="utf-8")
    return folder


def answers(n: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    good = np.arange(n) % 2 == 0
    frame = pd.DataFrame(
        {
            "respondent_id": [f"r{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "wave": "2025-H1",
            "answered_on": "2025-03-01",
            "csat5": np.where(good, 5, 1),
        }
    )
    for column in ("exp_01", "exp_02", "per_01", "per_02"):
        frame[column] = rng.integers(1, 8, n)
    said = np.where(
        good, "Staff were friendly and quick, case {i}", "The clerk was rude again, case {i}"
    )
    frame["comment"] = [str(text).format(i=i % 40) for i, text in enumerate(said)]
    return frame


def test_no_person_who_is_named_in_comments_reaches_the_page(tmp_path: Path, page: Page) -> None:
    survey = answers()
    secrets = [
        "The clerk was rude, call me on 13912345678",
        "Staff were friendly, my number is 138 0013 8000",
        "The clerk was rude, write to wei.wang@example.org",
        "王小明说店员态度很差",
        "The clerk was rude to Grace Hopper",
        "店员态度差，我住在合肥市六盘水路39号201室",
        "Staff were friendly at 12 High Street",
    ]
    # each often enough that no small cell would have hidden it
    for k, secret in enumerate(secrets):
        survey.loc[k * 8 : k * 8 + 7, "comment"] = secret
    customers = pd.DataFrame(
        {"customer_id": ["c1", "c2"], "name": ["王小明", "Grace Hopper"], "gender": "female"}
    )
    folder = write(tmp_path / "data" / "small", survey, customers=customers)
    raw = folder.joinpath("survey.csv").read_text(encoding="utf-8")
    assert all(secret in raw for secret in PERSONAL)
    text = page("comments", folder)
    assert "less satisfied customers than the others" in text and "The clerk was rude" in text
    for secret in PERSONAL:
        assert secret not in text, secret
    assert "xiaoming" not in text.casefold() and "hopper" not in text.casefold()
    # pieces that words or examples could be made of
    for piece in ("合肥", "六盘水", "小明", "13912", "wei.wang", "High Street"):
        assert piece not in text, piece


def test_a_survey_without_comments_says_so(tmp_path: Path, page: Page) -> None:
    folder = write(tmp_path / "data" / "mute", answers().drop(columns="comment"))
    text = page("comments", folder)
    assert "The survey of this study holds no comments." in text
    assert "Customers are most critical of" not in text


def test_a_handful_of_comments_is_counted_and_not_judged(tmp_path: Path, page: Page) -> None:
    survey = answers()
    survey.loc[3:, "comment"] = None
    text = page("comments", write(tmp_path / "data" / "few", survey))
    assert "Respondents who wrote a comment" in text
    assert "most critical" not in text and "The clerk was rude" not in text


def test_comments_that_nothing_rates_are_counted_but_not_judged(tmp_path: Path, page: Page) -> None:
    folder = write(tmp_path / "data" / "plain", answers().drop(columns="csat5"))
    text = page("comments", folder)
    assert "Respondents who wrote a comment" in text and "Sentiment judged correctly" not in text


def test_labelled_comments_of_the_study_teach_the_tone(tmp_path: Path, page: Page) -> None:
    survey = answers()
    labelled = survey[["comment"]].assign(positive=(survey["csat5"] > 3).astype(int))
    folder = write(
        tmp_path / "data" / "taught", survey.drop(columns="csat5"), labelled_comments=labelled
    )
    assert "Sentiment judged correctly" in page("comments", folder)


def test_a_codebook_of_the_study_is_used(tmp_path: Path, page: Page) -> None:
    folder = write(
        tmp_path / "data" / "own",
        answers(),
        card={"survey": {"items": {"01": "One", "02": "Two"}, "codebook": "words.yml"}},
    )
    (folder / "words.yml").write_text(
        "aspects:\n  people:\n    title: {en: Our people, zh: 人员}\n"
        "    words: {en: [staff, clerk]}\n",
        encoding="utf-8",
    )
    text = page("comments", folder)
    assert "Our people" in text and "Delivery and returns" not in text


def test_a_survey_with_items_only_leaves_the_other_sections_out(tmp_path: Path, page: Page) -> None:
    folder = write(tmp_path / "data" / "bare", answers().drop(columns=["csat5", "customer_id"]))
    text = page("satisfaction_drivers", folder, language="zh")
    for section in ("单项服务", "必备型与魅力型需求", "之后的流失情况"):
        assert f"因数据不足未列出：{section}。" in text


def test_purchases_and_contracts_fill_their_sections(tmp_path: Path, page: Page) -> None:
    survey = answers(400)
    rng = np.random.default_rng(2)
    count = rng.poisson(np.where(survey["csat5"] == 5, 2.0, 1.0))
    bought = pd.DataFrame(
        {"customer_id": survey["customer_id"].repeat(count), "date": "2025-05-01", "amount": 10}
    )
    gone = rng.random(400) < np.where(survey["csat5"] == 5, 0.1, 0.3)
    contracts = pd.DataFrame(
        {
            "customer_id": survey["customer_id"],
            "contract_id": [f"k{i}" for i in range(400)],
            "start": "2024-01-01",
            "end": np.where(gone, "2025-06-01", ""),
        }
    )
    folder = write(tmp_path / "data" / "linked", survey, transactions=bought, contracts=contracts)
    text = page("satisfaction_drivers", folder)
    assert "Satisfied customers bought more in the 180 days after" in text
    assert "Satisfied customers left less often in the 180 days after" in text


def test_the_kiosk_survey_has_its_page(tmp_path: Path, page: Page) -> None:
    frame = pd.read_csv(KIOSK / "answers.csv")
    words = ["마음에 든다.", "당연하다.", "아무런 느낌이 없다.", "하는 수 없다.", "마음에 안 든다."]
    codes = {word: i for i, word in enumerate(words, start=1)}
    listed = pd.read_csv(KIOSK / "dimensions.csv").groupby("dimension", sort=False)["item"]
    columns = {"respondent_id": np.arange(len(frame)), "wave": "2019"}
    for i in range(1, 25):
        for side in ("exp", "per", "imp"):
            columns[f"{side}_{i:02d}"] = frame[f"{side}{i:02d}"]
        for letter, side in (("f", 1), ("d", 2)):
            columns[f"kano_{letter}_{i:02d}"] = frame[f"kano{i}_{side}"].map(codes)
    survey = pd.DataFrame(columns).assign(overall=frame["total1"])
    dimensions = {name: [f"{i:02d}" for i in items] for name, items in listed}
    card = {
        "survey": {
            "dimensions": dimensions,
            "items": {f"{i:02d}": f"Item {i}" for i in range(1, 25)},
        }
    }
    folder = write(tmp_path / "data" / "kiosk", survey, card=card)
    text = page("satisfaction_drivers", folder, outcome="overall")
    assert "Most closely linked to overall satisfaction" in text
    assert "Of 24 services" in text
