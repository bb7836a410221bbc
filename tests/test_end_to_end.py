"""The CDNOW study from its raw log to the published pages, as a user runs it."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import workbench as wb
from tests import attack_report, published
from tests.notebooks.small_company import company
from workbench.site.checking.agreement import disagreements

ROOT = Path(__file__).parents[1]
# Fader, Hardie and Lee (2005), Marketing Science 24(2), table 2: BG/NBD on the 1/10 sample.
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "log-likelihood": -9582.4}
PAGES = (
    "overview", "data_quality", "segmentation", "lifecycle_churn", "clv", "customer_base", "goals"
)  # fmt: skip
SURVEY = ("satisfaction_gap", "satisfaction_drivers", "survey_quality", "comments")
SKIPPED = (*SURVEY, "case_evaluation", "products", "service", "voices", "accounts", "alerts")

pytestmark = pytest.mark.timeout(420)


def workbench(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a shell would call it, with no Quarto on the PATH."""
    environment = os.environ | {"WORKBENCH_ROOT": str(root), "COLUMNS": "200"}
    environment["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    command = [Path(sys.executable).with_name("workbench"), *arguments]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with one study and no runs."""
    root = tmp_path_factory.mktemp("checkout")
    generated = shutil.ignore_patterns("studies", "_lab", ".ipynb_checkpoints")
    for name in ("notebooks", "reports"):
        shutil.copytree(ROOT / name, root / name, ignore=generated)
    shutil.copytree(ROOT / "data/cdnow", root / "data/cdnow")
    for path in (*ROOT.glob("_quarto*.yml"), ROOT / "pyproject.toml", ROOT / "requirements.lock"):
        shutil.copy(path, root)
    return root


@pytest.fixture(scope="module")
def people(root: Path) -> subprocess.CompletedProcess[str]:
    """A run of a study whose raw tables are full of people, before anything is published."""
    company().with_card(languages=["en", "zh"]).with_table(
        "customers", with_names(company().tables["customers"])
    ).write(root / "data/small")
    pages = ("--notebook", "segmentation", "--notebook", "satisfaction_gap")
    return workbench(root, "run", "small", *pages, "-p", "draws=50")


def with_names(customers: pd.DataFrame) -> pd.DataFrame:
    """Give each customer a name, a phone, an e-mail and a postal address of their own."""
    surnames, given = (
        "王李张刘陈杨赵黄周吴徐孙胡朱高林",
        ["晓蓓", "梓涵", "若曦", "昊然", "思远", "俊杰", "雨桐", "博文", "佳怡", "子墨"],
    )
    names = [f"{surname}{name}" for surname in surnames for name in given]
    return customers.assign(
        name=names[: len(customers)],
        phone=[f"1390571{i:04d}" for i in range(len(customers))],
        email=[f"person{i:04d}@example.org" for i in range(len(customers))],
        address=[f"福州市荆门路{i + 100}号" for i in range(len(customers))],
    )


@pytest.fixture(scope="module")
def report(
    root: Path, people: subprocess.CompletedProcess[str]
) -> subprocess.CompletedProcess[str]:
    """CDNOW from its log to the site, which shows the other study's last good pages, too."""
    return workbench(root, "report", "cdnow")


@pytest.fixture(scope="module")
def record(root: Path, report: subprocess.CompletedProcess[str]) -> dict:
    assert report.returncode == 0, report.stdout + report.stderr
    (path,) = (root / "runs/cdnow").glob("2*/run.json")
    return json.loads(path.read_text(encoding="utf-8"))


def page(root: Path, notebook: str, language: str = "en") -> BeautifulSoup:
    folder = "zh/studies/cdnow" if language == "zh" else "studies/cdnow"
    name = "index" if notebook == "overview" else notebook  # the study's landing page
    path = root / "_site" / folder / f"{name}.html"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


def test_every_notebook_that_the_data_allow_is_done_and_the_others_say_why_not(
    record: dict,
) -> None:
    status = {key: step["status"] for key, step in record["notebooks"].items()}
    assert {key for key, value in status.items() if value == "done"} == set(PAGES)
    assert {key for key, value in status.items() if value == "skipped"} == set(SKIPPED)
    for notebook in SURVEY:
        assert "survey" in record["notebooks"][notebook]["reason"]


def test_the_record_names_every_input_and_says_how_far_the_data_reach(
    root: Path, record: dict
) -> None:
    assert record["status"] != "failed"
    assert record["data_to"] == "1998-06-30"
    hashed = json.dumps(record["inputs"])
    for path in (root / "data/cdnow").glob("*.csv"):
        assert path.name in hashed


def test_the_published_fit_stands_on_the_page(root: Path, record: dict) -> None:
    text = page(root, "clv").get_text(" ")
    for name, value in PUBLISHED.items():
        digits = 1 if name == "log-likelihood" else 3
        shown = f"{abs(value):,.{digits}f}"
        # Once as printed by the paper, once as fitted here.
        assert text.count(shown) >= 2, f"{name} = {shown} is not on the page twice"


#: What a number may be counted in; in Chinese by 10,000 and its square.
SCALES = {"": 1.0, "million": 1e6, "billion": 1e9, "万": 1e4, "亿": 1e8}


def numbers(soup: BeautifulSoup) -> list[float]:
    """The numbers that a page's tables and cards show, in order, whatever they are counted in."""
    shown = "main td, main .wb-card-value, main .wb-goal, main .wb-answers"
    text = " ".join(cell.get_text(" ") for cell in soup.select(shown))
    found = re.findall(r"(\d[\d,]*(?:\.\d+)?)(?:\s*(million|billion|万|亿))?", text)
    return [round(float(digits.replace(",", "")) * SCALES[scale], 6) for digits, scale in found]


@pytest.mark.parametrize("notebook", PAGES)
def test_both_languages_show_the_same_numbers(root: Path, record: dict, notebook: str) -> None:
    english, chinese = numbers(page(root, notebook)), numbers(page(root, notebook, "zh"))
    assert len(english) > 5
    plain = [n for n in english if n in chinese]
    # Dates are written differently; everything else is the same number.
    assert len(plain) >= 0.8 * len(english), [n for n in english if n not in chinese]


@pytest.mark.parametrize("notebook", PAGES)
def test_the_chinese_edition_is_in_chinese(root: Path, record: dict, notebook: str) -> None:
    soup = page(root, notebook, "zh")
    assert soup.html["lang"].lower().startswith("zh")
    for code in soup.select("pre, code, script, style, details.wb-provenance"):
        code.decompose()
    prose = " ".join(p.get_text(" ") for p in soup.select("main p, main h1, main h2"))
    han = len(re.findall(r"[\u4e00-\u9fff]", prose))
    latin_words = len(re.findall(r"\b[a-z]{4,}\b", prose))
    assert han > 100
    assert latin_words < han / 10, re.findall(r"\b[a-z]{4,}\b", prose)[:40]


def test_no_text_was_left_without_its_translation(root: Path, record: dict) -> None:
    run = next((root / "runs/cdnow").glob("2*"))
    missing = set()
    for path in run.glob("notebooks/*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                marks = output.get("metadata", {}).get("workbench", {})
                missing |= {(path.stem, text) for text in marks.get("missing", [])}
    assert not missing


def test_no_two_pages_disagree(root: Path, record: dict) -> None:
    assert disagreements(root / "_site") == []


def test_one_number_that_is_altered_is_a_disagreement(
    root: Path, record: dict, tmp_path: Path
) -> None:
    altered = tmp_path / "site"
    shutil.copytree(root / "_site", altered)
    front = altered / "index.html"
    text = front.read_text(encoding="utf-8")
    shown = re.search(r'data-fact="([^"]+)" data-number="[^"]+">([^<]+)<', text)
    assert shown, "the front page states no fact"
    other = re.sub(r"\d", lambda digit: str(9 - int(digit[0])), shown[2])
    wrong = shown[0].replace(f">{shown[2]}<", f">{other}<")
    front.write_text(text.replace(shown[0], wrong, 1), encoding="utf-8")
    (told,) = disagreements(altered)
    assert f" {shown[1]} en: " in told
    assert repr(other) in told and repr(shown[2]) in told


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("notebook", PAGES)
def test_a_page_asks_nothing_of_the_network(
    root: Path, record: dict, notebook: str, language: str
) -> None:
    soup = page(root, notebook, language)
    for tag in soup.select("[src], link[href]"):
        if {"alternate", "canonical"} & set(tag.get("rel") or []):
            continue
        target = tag.get("src") or tag.get("href")
        assert not re.match(r"(https?:)?//", target), tag


@pytest.mark.parametrize("notebook", PAGES)
def test_every_picture_is_described(root: Path, record: dict, notebook: str) -> None:
    pictures = page(root, notebook).select("main svg.wb-svg")
    assert all(len(picture.get("aria-label", "")) > 20 for picture in pictures)
    if notebook in ("segmentation", "lifecycle_churn", "clv", "goals"):
        assert pictures


def test_no_raw_customer_number_reaches_the_site(root: Path, record: dict) -> None:
    raw = (root / "data/cdnow/transactions_sample.csv").read_text(encoding="utf-8").split("\n")
    header, first = raw[0].split(","), raw[1].split(",")
    assert "date" in ",".join(header).lower()
    # Only counts and aggregates: no table of the site has as many rows as there are customers.
    for path in (root / "_site").rglob("*.html"):
        assert path.read_text(encoding="utf-8").count("<tr") < 400, path
    assert first


def test_the_front_page_lists_the_study_with_its_numbers(root: Path, record: dict) -> None:
    soup = BeautifulSoup((root / "_site/index.html").read_text(encoding="utf-8"), "lxml")
    link = soup.select_one('main a[href*="studies/cdnow/"]')
    assert link
    assert "CDNOW" in soup.get_text()
    assert len(soup.select("main .wb-card-value")) >= 3


def test_a_second_run_reuses_what_has_not_changed(root: Path, record: dict) -> None:
    again = workbench(root, "run", "cdnow")
    assert again.returncode == 0, again.stderr
    latest = max((root / "runs/cdnow").glob("2*/run.json"))
    steps = json.loads(latest.read_text(encoding="utf-8"))["notebooks"]
    assert all(steps[key]["status"] == "cached" for key in PAGES if key != "overview")


def test_bad_input_is_told_before_anything_runs(root: Path, record: dict) -> None:
    wrong = workbench(root, "run", "cdnow", "--notebook", "clv", "-p", "horizn=26")
    assert wrong.returncode == 2
    assert "did you mean" in wrong.stderr and "horizon" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.fixture(scope="module")
def with_people(root: Path, people: subprocess.CompletedProcess[str], record: dict) -> Path:
    """The site, with pages of the study of people."""
    assert people.returncode == 0, people.stdout + people.stderr
    return root / "_site"


def test_no_name_phone_or_address_of_a_customer_is_on_any_page(with_people: Path) -> None:
    from workbench.data import personal_texts
    from workbench.study import load_study

    secrets = personal_texts(load_study(with_people.parent / "data/small"))
    assert len(secrets) == 4 * 160
    pages = sorted((with_people / "studies/small").rglob("*.html"))
    pages += sorted((with_people / "zh/studies/small").rglob("*.html"))
    assert len(pages) >= 6
    for path in pages:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
        text = soup.get_text(" ") + " ".join(
            base64.b64decode(link["href"].split("base64,")[1]).decode("utf-8-sig")
            for link in soup.select('a[href^="data:text/csv"]')
        )
        found = [secret for secret in secrets if secret in text]
        assert not found, (path, found[:3])


def test_a_made_up_company_is_called_so_on_each_of_its_pages(with_people: Path) -> None:
    for folder, words in (("studies", "Simulated data"), ("zh/studies", "模拟数据")):
        for path in (with_people / folder / "small").rglob("*.html"):
            soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
            assert words in soup.select_one("main").get_text(" "), path


def test_two_attackers_find_nobody_on_the_site(
    root: Path, report: subprocess.CompletedProcess[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The small study's; those of all studies are attacked in `test_attackers_on_sites`."""
    monkeypatch.setenv("WORKBENCH_ROOT", str(root))
    results = max((root / "runs/small").glob("2*/")) / "results"
    tables = published.of_site(root / "_site", "small")
    told = attack_report.attack("small", wb.open_run(root / "data/small"), results, tables)
    assert told.found == [] and told.sums > 5
    assert published.same_numbers(root / "_site", "small") == []
    assert published.strange_in_search(root / "_site", "small") == []
