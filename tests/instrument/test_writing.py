from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook
from pyxform.xls2xform import convert

from tests.instrument.cards import card
from workbench.errors import WorkbenchError
from workbench.instrument import WrittenInstrument, write_instrument, writing
from workbench.instrument.limesurvey import survey_table
from workbench.instrument.surveyjs import survey_json
from workbench.instrument.telling import sampling
from workbench.instrument.xlsform import write_xlsform
from workbench.satisfaction.instrument.questionnaire import Questionnaire, build_questionnaire
from workbench.stats import krippendorff, rating_table
from workbench.study import Study
from workbench.study.instrument import settle_headings

TODAY = dt.date(2026, 11, 30)
XHTML = "{http://www.w3.org/2002/xforms}"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return card(tmp_path_factory.mktemp("studies") / "tram")


@pytest.fixture(scope="module")
def written(study: Study) -> WrittenInstrument:
    return write_instrument(study, study.folder.parent, today=TODAY)


@pytest.fixture(scope="module")
def form(study: Study) -> Questionnaire:
    return build_questionnaire(study, wave="2026-H2")


@pytest.fixture(scope="module")
def xform(written: WrittenInstrument) -> ElementTree.Element:
    found = convert(str(written.folder / "questionnaire.xlsx"))
    assert found.warnings == []
    return ElementTree.fromstring(found.xform)


def test_every_file_is_written_and_none_into_the_site(
    written: WrittenInstrument, study: Study
) -> None:
    assert written.folder == study.folder / "instrument"
    assert all((written.folder / name).stat().st_size > 500 for name, _ in written.files)
    listed = sorted(path.name for path in written.folder.iterdir())
    assert listed == sorted(name for name, _ in written.files)
    assert {
        f"questionnaire.{code}.{kind}" for code in ("en", "zh") for kind in ("docx", "html")
    } <= {*listed}
    assert "2026-H2" in str(written)


# --- XLSForm ----------------------------------------------------------------------------------


def test_pyxform_makes_a_field_of_every_column(
    xform: ElementTree.Element, form: Questionnaire
) -> None:
    fields = {node.attrib["nodeset"].rsplit("/", 1)[1] for node in xform.iter(f"{XHTML}bind")}
    assert set(form.columns) <= fields


def test_the_form_speaks_both_languages(xform: ElementTree.Element) -> None:
    spoken = {node.attrib["lang"]: node for node in xform.iter(f"{XHTML}translation")}
    assert set(spoken) == {"English (en)", "中文 (zh)"}
    texts = [node.text for node in spoken["中文 (zh)"].iter(f"{XHTML}value")]
    assert "车厢干净" in texts and "1 完全不同意" in texts


def test_rules_of_the_form_skip_pages(xform: ElementTree.Element) -> None:
    rules = {
        node.attrib["nodeset"].rsplit("/", 1)[1]: node.attrib.get("relevant", "")
        for node in xform.iter(f"{XHTML}bind")
    }
    assert re.sub(r"\s+", "", rules["perception_1"]).count("='yes'") == 2
    assert "welcome" not in rules


def test_odk_validate_takes_the_form(written: WrittenInstrument, tmp_path: Path) -> None:
    import pyxform

    if shutil.which("java") is None:
        pytest.skip("ODK Validate needs Java")
    jar = Path(pyxform.__file__).parent / "validators/odk_validate/bin/ODK_Validate.jar"
    if not jar.is_file():
        pytest.skip("pyxform came without ODK Validate")
    path = tmp_path / "form.xml"
    path.write_text(convert(str(written.folder / "questionnaire.xlsx")).xform, encoding="utf-8")
    done = subprocess.run(
        ["java", "-jar", str(jar), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_name_that_xlsform_refuses_keeps_the_other_files(tmp_path: Path) -> None:
    study = card(
        tmp_path / "odd", ("  scale: [1, 5]", '  scale: [1, 5]\n  columns: {perception: "{item}p"}')
    )
    found = WrittenInstrument(tmp_path)
    writing.write_questionnaire(found, build_questionnaire(study))
    names = [name for name, _ in found.files]
    assert "questionnaire.xlsx" not in names and "limesurvey.txt" not in names
    assert not (found.folder / "questionnaire.xlsx").exists()
    assert "questionnaire.json" in names
    told = " ".join(found.notes)
    assert "XLSForm takes no question named '01p'" in told
    assert "LimeSurvey has no code for a question named '01p'" in told


# --- SurveyJS ---------------------------------------------------------------------------------


def test_surveyjs_asks_each_column_once_and_calculates_the_rest(form: Questionnaire) -> None:
    made = survey_json(form)
    asked = [each["name"] for page in made["pages"] for each in page["elements"]]
    calculated = [each["name"] for each in made["calculatedValues"]]
    assert sorted([*asked, *calculated]) == sorted(set(form.columns) - {"seconds"})
    pages = {page["name"]: page for page in made["pages"]}
    assert pages["perception_1"]["questionsOrder"] == "random"
    assert pages["perception_1"]["visibleIf"] == "{consent} = 'yes' and {used} = 'yes'"
    first = pages["expectation_1"]["elements"][0]
    assert (first["rateMin"], first["rateMax"]) == (1, 5)
    assert first["title"] == {"default": "Trams are clean", "zh-cn": "车厢干净"}


def test_the_json_is_what_was_made(written: WrittenInstrument, form: Questionnaire) -> None:
    text = (written.folder / "questionnaire.json").read_text(encoding="utf-8")
    assert json.loads(text) == survey_json(form)


# --- LimeSurvey -------------------------------------------------------------------------------


def lime_rows(written: WrittenInstrument) -> list[dict[str, str]]:
    text = (written.folder / "limesurvey.txt").read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:]), delimiter="\t"))


def test_limesurvey_has_each_row_in_each_language_in_the_same_order(
    written: WrittenInstrument,
) -> None:
    rows = [row for row in lime_rows(written) if row["class"] in ("G", "Q", "SQ", "A")]
    shapes = {
        code: [(r["class"], r["type/scale"], r["class"] == "G" or r["name"]) for r in rows
               if r["language"] == code]
        for code in ("en", "zh-Hans")
    }  # fmt: skip
    assert shapes["en"] == shapes["zh-Hans"] and len(shapes["en"]) > 50
    assert {row["language"] for row in rows} == {"en", "zh-Hans"}


def test_codes_of_limesurvey_keep_its_rules(written: WrittenInstrument) -> None:
    rows = [row for row in lime_rows(written) if row["language"] == "en"]
    questions = [row["name"] for row in rows if row["class"] == "Q"]
    assert len(set(questions)) == len(questions)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,19}", name) for name in questions)
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,20}", r["name"]) for r in rows if r["class"] == "SQ")
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,5}", r["name"]) for r in rows if r["class"] == "A")
    arrays = [row for row in rows if row["type/scale"] == "F"]
    assert len(arrays) == 4 and all(row["random_order"] == "1" for row in arrays)


def test_answers_too_long_for_a_code_come_back_as_the_card_writes_them(tmp_path: Path) -> None:
    study = card(
        tmp_path / "long",
        ("answers: {A: A, B: B}", "answers: {Central: Centre, 华北: North}"),
        ("line: {A: 0.6, B: 0.4}", "line: {Central: 0.6, 华北: 0.4}"),
    )
    table = survey_table(build_questionnaire(study, wave="2026-H1"))
    rows = [r for r in csv.DictReader(io.StringIO(table[1:]), delimiter="\t")
            if r["language"] == "en"]  # fmt: skip
    named = {r["name"]: r for r in rows if r["class"] == "Q"}
    assert (named["linecode"]["type/scale"], named["line"]["type/scale"]) == ("L", "*")
    told = '{if(linecode.NAOK == "A1", "Central", if(linecode.NAOK == "A2", "华北", ""))}'
    assert named["line"]["equation"] == told and named["line"]["hidden"] == "1"
    at = next(i for i, r in enumerate(rows) if r["name"] == "linecode")
    assert [r["name"] for r in rows[at + 1 : at + 4]] == ["A1", "A2", "line"]
    # the export has both; the card's column is the one that it reads
    found = settle_headings(["linecode", "line", "perception1[per01]"], ["line", "per_01"])
    assert found == {"perception1[per01]": "per_01"}


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_word_file_has_every_line_to_write_on_and_the_ends_of_a_scale_in_one_piece(
    written: WrittenInstrument, code: str
) -> None:
    document = Document(str(written.folder / f"questionnaire.{code}.docx"))
    ruled = document.element.body.findall(f".//{qn('w:pBdr')}")
    lines = [each for each in ruled if each.find(qn("w:between")) is not None]
    assert len(lines) >= 4
    heads = [table.rows[0]._tr.tc_lst for table in document.tables]
    spans = [[cell.grid_span for cell in row] for row in heads]
    assert [1, 2, 3] in spans  # a statement, and 1 to 5 under two ends


def test_a_text_is_no_expression_to_limesurvey(written: WrittenInstrument) -> None:
    texts = [r["text"] for r in lime_rows(written) if r["name"] == "exp03"]
    assert "Seats <soft> & { whole} are there" in texts


# --- paper ------------------------------------------------------------------------------------


class Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.outside += [str(v) for k, v in attrs if k in ("src", "href")]
        if tag in ("script", "link", "soft"):
            self.outside.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("code", ["en", "zh"])
def test_paper_asks_all_and_needs_nothing_from_elsewhere(
    written: WrittenInstrument, form: Questionnaire, code: str
) -> None:
    page = Texts()
    html = (written.folder / f"questionnaire.{code}.html").read_text(encoding="utf-8")
    page.feed(html)
    assert page.outside == [] and "url(" not in html and "@page" in html
    said = " ".join(page.texts)
    document = Document(str(written.folder / f"questionnaire.{code}.docx"))
    lines = [p.text for p in document.paragraphs]
    lines += [c.text for table in document.tables for row in table.rows for c in row.cells]
    word = "\n".join(lines)
    for question in form.questions:
        assert question.text[code] in said and question.text[code] in word
        assert f"[{question.name}]" in word
    for page_ in form.pages:
        for part in page_.instruction[code].split("\n\n"):
            assert part in said and part in word


def test_one_side_of_the_paper_tells_where_to_go_on(written: WrittenInstrument) -> None:
    html = (written.folder / "questionnaire.zh.html").read_text(encoding="utf-8")
    assert html.count("（请跳至问卷末尾）") == 2
    assert '<html lang="zh-CN">' in html


def test_a_text_is_never_a_formula(tmp_path: Path) -> None:
    study = card(tmp_path / "tram", ("en: Trams are clean", 'en: "=1+1"'))
    write_xlsform(build_questionnaire(study), tmp_path / "form.xlsx")
    sheet = load_workbook(tmp_path / "form.xlsx")["survey"]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1"]
    assert cells and all(cell.data_type == "s" for cell in cells)


# --- raters, guides, samples ------------------------------------------------------------------


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_rating_sheet_refuses_what_is_off_its_scale(
    written: WrittenInstrument, code: str
) -> None:
    book = load_workbook(written.folder / f"rating_sheet.{code}.xlsx")
    sheet = book["ratings"]
    assert [cell.value for cell in sheet[1]][:4] == ["date", "rater", "item", "score"]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    last = sheet.max_row
    score = rules[f"D2:D{last}"]
    assert (score.type, score.formula1, score.formula2) == ("whole", "1", "5")
    assert score.showErrorMessage and score.allow_blank
    assert rules["B2"].formula1 == '"R1,R2,R3"' and rules["A2"].type == "date"
    for rule in rules.values():  # Excel refuses a file with longer ones
        assert len(rule.promptTitle or "") <= 32 and len(rule.prompt or "") <= 255
        assert len(rule.errorTitle or "") <= 32 and len(rule.error or "") <= 255
    assert last == 1 + 10 * 2
    once = ('=IF(A$2="","",A$2)', '=IF(B$2="","",B$2)')  # an empty cell is no day of 1899
    assert (sheet["A3"].value, sheet["B21"].value) == once
    scores = book.worksheets[2]
    assert [row[0].value for row in scores.iter_rows(min_row=2)] == [1, 2, 3, 4, 5]
    assert all(row[1].value for row in scores.iter_rows())


def test_a_filled_sheet_is_the_table_of_ratings(written: WrittenInstrument) -> None:
    sheets = []
    for rater in ("R1", "R2"):
        sheet = load_workbook(written.folder / "rating_sheet.en.xlsx")["ratings"]
        names = [cell.value for cell in sheet[1]]
        rows = pd.DataFrame(sheet.iter_rows(min_row=2, values_only=True), columns=names)
        sheets.append(rows.assign(date="2026-06-01", rater=rater, score=range(1, len(rows) + 1)))
    table = rating_table(pd.concat(sheets), unit=["date", "item"], rater="rater", value="score")
    assert table.shape == (20, 2)
    assert krippendorff(table, rng=np.random.default_rng(1)).interval.value == 1


def test_a_list_of_invitations_is_for_nobody_else(tmp_path: Path) -> None:
    sample = "{by: region, margin: 0.1, group_margin: 0.15, response: 0.5}"
    study = card(
        tmp_path / "tram",
        ("  survey: {path", "  customers: {path: customers.csv}\n  survey: {path"),
        ("languages: [en, zh]", "languages: [en]"),
        more=f"  sample: {sample}\nsimulated: true\n",
    )
    lines = [f"K{n:04d},{'NS'[n % 3 == 0]}" for n in range(600)]
    text = "customer_id,region\n" + "\n".join([*lines, "K0001,N", "K9999,"]) + "\n"
    (study.folder / "customers.csv").write_text(text, encoding="utf-8")
    found = WrittenInstrument(tmp_path)
    writing.write_sample(found, study, "w1")
    path = study.folder / "private/invitations-w1.csv"
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert len({row["customer_id"] for row in rows}) == len(rows) > 100
    assert {row["group"] for row in rows} == {"N", "S"}
    told = " ".join(found.notes)
    assert f"{len(rows)} customers are drawn" in told and "1 customers have no region" in told
    for name, _ in found.files:  # no list of persons among what is handed out
        assert rows[0]["invitation"].encode() not in (found.folder / name).read_bytes()
    writing.write_sample(found, study, "w1")
    again = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert again == rows and not any("another draw" in note for note in found.notes)
    path.write_text("sent\n", encoding="utf-8")
    writing.write_sample(found, study, "w1")
    assert "holds another draw" in found.notes[-1] and path.read_text(encoding="utf-8") == "sent\n"


def test_a_study_without_customers_gets_a_plan_and_no_list(written: WrittenInstrument) -> None:
    assert any("no customer table" in note for note in written.notes)
    html = (written.folder / "sampling_plan.en.html").read_text(encoding="utf-8")
    assert "1,284" in html and "385" in html  # at a response of 30 %


def test_a_group_that_no_customer_has_is_an_error(tmp_path: Path) -> None:
    study = card(
        tmp_path / "tram",
        ("  survey: {path", "  customers: {path: customers.csv}\n  survey: {path"),
        more="  sample: {by: regoin}\n",
    )
    (study.folder / "customers.csv").write_text("customer_id,region\n1,N\n", encoding="utf-8")
    with pytest.raises(WorkbenchError, match="no column 'regoin'; did you mean 'region'"):
        sampling(study, "w1")


def test_answers_are_held_against_the_list_when_they_are_in(tmp_path: Path) -> None:
    study = card(
        tmp_path / "tram",
        ("  survey: {path", "  customers: {path: customers.csv}\n  survey: {path"),
        ("languages: [en, zh]", "languages: [en]"),
        more="  sample: {margin: 0.1, response: 0.5}\nsimulated: true\n",
    )
    lines = [f"K{n:04d},{'AB'[n % 3 == 0]}" for n in range(300)]
    text = "customer_id,line\n" + "\n".join(lines) + "\n"
    (study.folder / "customers.csv").write_text(text, encoding="utf-8")
    found = WrittenInstrument(tmp_path)
    writing.write_sample(found, study, "w1")
    assert not any("response_" in name for name, _ in found.files)  # nobody has answered
    listed = (study.folder / "private/invitations-w1.csv").read_text(encoding="utf-8-sig")
    numbers = [row["invitation"] for row in csv.DictReader(io.StringIO(listed))]
    answers = ["respondent_id,wave,overall/csat5"] + [f"{n.lower()},w1,4" for n in numbers[:40]]
    answers.append("nobody,w1,1")
    (study.folder / "survey.csv").write_text("\n".join(answers) + "\n", encoding="utf-8")
    writing.write_sample(found, study, "w1")
    html = (tmp_path / "response_w1.en.html").read_text(encoding="utf-8")
    assert f"40 of {len(numbers)} customers who were invited answered" in html
    assert "1 answers bear a number that nobody was given" in html
