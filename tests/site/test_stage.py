"""What stage leaves can be read by either renderer, and says what failed and what is missing."""

from __future__ import annotations

import json
import re
import shutil

import nbformat
import pandas as pd
import pytest
import yaml

from workbench.errors import SiteError, WorkbenchError
from workbench.reporting.tables import table_html
from workbench.site.staging.blocks import banner
from workbench.site.staging.stage import stage
from workbench.study import read_card


def page(root, path):
    return nbformat.read(root / "reports" / path, as_version=4)


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


def front(notebook):
    return yaml.safe_load(notebook.cells[0].source.strip("-\n"))


def test_every_good_notebook_has_a_page_in_every_language_of_its_study(project):
    staged = stage(project)
    pages = {str(p) for p in staged.pages}
    for folder in ("reports/studies/demo", "reports/zh/studies/demo"):
        for name in (
            "index",
            "segmentation",
            "clv",
            "case_evaluation/desk",
            "case_evaluation/index",
        ):
            assert f"{folder}/{name}.ipynb" in pages
            assert (project / folder / f"{name}.ipynb").is_file()
    assert "reports/studies/plain/segmentation.ipynb" in pages
    assert not any("zh/studies/plain" in p for p in pages)


def test_staged_notebooks_are_valid_and_carry_no_outputs_of_the_other_language(project):
    for path in stage(project).pages:
        notebook = nbformat.read(project / path, as_version=4)
        nbformat.validate(notebook)
        text = text_of(notebook)
        if "/zh/" in str(path):
            assert "Net promoter score" not in text
        else:
            assert "净推荐值" not in text


def test_the_overview_is_the_study_s_first_page(project):
    stage(project)
    first = page(project, "studies/demo/index.ipynb")
    assert front(first)["title"] == "Demo Mobile"
    assert "subtitle" not in front(first), "its message stands there"


def test_a_study_without_an_overview_still_has_a_first_page(project):
    stage(project)
    first = page(project, "studies/plain/index.ipynb")
    assert front(first)["title"] == "Plain Shop"
    assert 'href="segmentation.html"' in text_of(first)


def test_simulated_data_are_said_to_be_so_on_every_page_of_their_study_only(project):
    stage(project)
    for path in (project / "reports" / "studies").rglob("*.ipynb"):
        said = "Simulated data" in path.read_text(encoding="utf-8")
        assert said == ("demo" in path.parts), path
    for path in (project / "reports" / "zh" / "studies").rglob("*.ipynb"):
        assert "模拟数据" in path.read_text(encoding="utf-8")


def test_a_study_may_say_how_its_data_were_simulated(project):
    card = read_card(project / "data" / "demo" / "study.yml")
    told = card.model_copy(update={"simulated_how": {"en": "Drawn <by hand>.", "zh": "手工绘制。"}})
    assert "Drawn &lt;by hand&gt;." in banner(told, "en") and "手工绘制。" in banner(told, "zh")
    assert "made up" in banner(card, "en")


def test_a_failed_notebook_says_so_and_keeps_its_last_good_page(project):
    staged = stage(project)
    text = text_of(page(project, "studies/demo/clv.ipynb"))
    assert "This analysis failed" in text
    assert "7 value" in text
    assert "1 January 2026" in text
    assert "Net promoter score" in text
    assert staged.warnings == ("demo: clv failed; its last good page is kept",)


def test_a_failure_does_not_carry_personal_data_to_the_page(project):
    stage(project)
    text = text_of(page(project, "studies/demo/clv.ipynb"))
    assert "no transactions of […]" in text
    assert "example.com" not in text


def test_a_notebook_that_never_succeeded_has_a_page_that_says_so(project, add):
    add(project, "plain", "20260301T060000Z-dddddd", [("clv", "failed", {"reason": "died"})])
    staged = stage(project, ["plain"])
    text = text_of(page(project, "studies/plain/clv.ipynb"))
    assert "no page to show" in text
    assert "died" in text
    assert staged.warnings == ("plain: clv failed",)


def test_a_page_kept_from_an_earlier_run_names_that_run_as_its_origin(project):
    stage(project)
    text = text_of(page(project, "studies/demo/clv.ipynb"))
    assert "20260101T060000Z-aaaaaa" in text
    assert "20260201T060000Z-bbbbbb" not in text


@pytest.mark.parametrize(
    ("folder", "reason"),
    [("studies", "the study has no table survey"), ("zh/studies", "本研究没有数据表 survey")],
)
def test_what_was_skipped_has_no_page_but_its_reason_is_told(project, folder, reason):
    stage(project)
    assert not (project / "reports" / folder / "demo/satisfaction_gap.ipynb").exists()
    assert reason in text_of(page(project, f"{folder}/demo/index.ipynb"))


def test_each_case_has_a_page_named_after_it_and_an_index_lists_them(project):
    stage(project)
    desk = page(project, "zh/studies/demo/case_evaluation/desk.ipynb")
    assert front(desk)["title"] == "更快的服务台"
    assert front(desk)["subtitle"] == "措施见效了吗？"
    index = text_of(page(project, "zh/studies/demo/case_evaluation/index.ipynb"))
    assert index.index("更快的服务台") < index.index("促销活动")


@pytest.mark.parametrize(
    ("edition", "said"),
    [
        ("", "The *desk*: it worked for A &lt; B (strong evidence)"),
        ("zh/", "服务台"),
    ],
)
def test_the_index_of_cases_says_the_stored_verdict_of_each(project, edition, said):
    stage(project)
    index = text_of(page(project, f"{edition}studies/demo/case_evaluation/index.ipynb"))
    marks = 'data-finding="verdict" data-page="case_evaluation-desk" data-verdict="shown"'
    (lead,) = re.findall(f'<p class="wb-lead"><span {marks}>(.+?)</span></p>', index)
    assert said in lead


def test_a_case_without_a_verdict_is_listed_with_how_its_page_begins(project):
    run = max((project / "runs/demo").glob("2*"))
    (run / "results/case_evaluation-desk/findings.json").unlink()
    stage(project)
    index = text_of(page(project, "studies/demo/case_evaluation/index.ipynb"))
    assert '<p class="wb-lead">The 1,204 champions spend five times the median.' in index


def test_lists_show_the_stored_numbers_whatever_the_page_says(project):
    run = max((project / "runs/demo").glob("2*"))
    for path, old, new in (
        (run / "notebooks/segmentation.ipynb", "Customer lifetime value", "Altered"),
        (run / "results/case_evaluation-desk/estimates.json", "412", "452"),
    ):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    stage(project)
    shown = (project / "reports/_studies.html").read_text(encoding="utf-8")
    assert "Altered" not in shown and "CN¥410" in shown
    index = text_of(page(project, "studies/demo/case_evaluation/index.ipynb"))
    assert index.count("CN¥450") == index.count("CN¥410") == 1
    assert "No change since the last run" not in index.split("CN¥450")[1].split("</li>")[0]


def test_numbers_of_a_notebook_that_failed_speak_for_no_study(project):
    old = project / "runs/demo/20260101T060000Z-aaaaaa/results/clv/estimates.json"
    old.write_text(old.read_text(encoding="utf-8").replace("412", "452"), encoding="utf-8")
    stage(project)
    assert "CN¥450" not in (project / "reports/_studies.html").read_text(encoding="utf-8")


def test_changes_are_those_since_the_last_complete_run_before_the_one_shown(project):
    first = project / "runs/demo/20260101T060000Z-aaaaaa/results/segmentation/estimates.json"
    first.write_text(
        first.read_text(encoding="utf-8").replace('"value": 412', '"value": 480'), encoding="utf-8"
    )
    stage(project)
    shown = (project / "reports/_studies.html").read_text(encoding="utf-8")
    assert "▼ CN¥68 since the last run: worse" in shown


def test_damaged_files_of_a_run_are_left_out_named_and_keep_nothing_else_away(project):
    first, newest = sorted((project / "runs/demo").glob("2*"))
    (first / "run.json").write_text('{"study": "demo"', encoding="utf-8")
    lost = newest / "results/segmentation/estimates.json"
    lost.unlink()
    lost.mkdir()
    said = [each for each in stage(project).warnings if "cannot be read" in each]
    assert len(said) == 2
    assert str(first / "run.json") in said[0] and str(lost) in said[1]
    assert "CN¥410" in text_of(page(project, "studies/demo/case_evaluation/index.ipynb"))
    (newest / "run.json").unlink()
    assert stage(project).studies == ("plain",)
    with pytest.raises(SiteError, match="no finished run that can be read"):
        stage(project, ["demo"])


@pytest.mark.parametrize(
    ("edition", "said", "why"),
    [
        ("", "skipped itself", "it skipped itself: no new data"),
        ("zh/", "自行跳过", "它自行跳过：no new data"),
    ],
)
def test_a_notebook_that_skipped_itself_keeps_its_page_and_says_why(project, edition, said, why):
    newest = max((project / "runs/demo").glob("2*"))
    path = newest / "run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    ended = {"status": "skipped", "reason": "it skipped itself: no new data"}
    record["notebooks"]["clv"] |= ended | {"executed": "2026-01-02T06:00:00+00:00"}
    lost = record["notebooks"]["segmentation"]
    lost |= ended | {"executed": "2026-01-02T06:00:00+00:00"}
    path.write_text(json.dumps(record), encoding="utf-8")
    for run in (project / "runs/demo").glob("2*"):
        (run / "notebooks/segmentation.ipynb").unlink(missing_ok=True)
    warnings = stage(project).warnings
    assert "demo: clv: it skipped itself: no new data; its last good page is kept" in warnings
    text = text_of(page(project, f"{edition}studies/demo/clv.ipynb"))
    assert said in text and why in text and "wb-notice-title" in text
    assert "clv.html" in text_of(page(project, f"{edition}studies/demo/index.ipynb"))
    assert why in text_of(page(project, f"{edition}studies/demo/index.ipynb"))


def test_links_between_notebooks_find_pages_that_stage_put_elsewhere(project):
    run = max((project / "runs/demo").glob("2*"))
    path = run / "notebooks/overview.ipynb"
    notebook = nbformat.read(path, as_version=4)
    link = "[Desk](case_evaluation-desk.html) [Value](clv.html#share) [Out](https://example.org/clv.html)"
    notebook.cells[-2].source += f"\n\n{link}"
    nbformat.write(notebook, path)
    stage(project)
    text = text_of(page(project, "studies/demo/index.ipynb"))
    assert "[Desk](case_evaluation/desk.html) [Value](clv.html#share)" in text
    assert "https://example.org/clv.html" in text


@pytest.mark.parametrize("edition", ["", "zh/"])
def test_links_in_the_cells_of_a_table_find_their_pages_in_either_edition(project, edition):
    """What is staged is what both renderers read."""
    rows = pd.DataFrame({"goal": ["Answer faster"], "page": ["clv.html"], "step": ["Keep it"],
                         "read": ["case_evaluation-desk.html"]})  # fmt: skip
    path = max((project / "runs/demo").glob("2*")) / "notebooks/overview.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(c for c in notebook.cells if c.id == "groups")
    for output in cell.outputs:
        language = output.metadata["workbench"]["language"]
        table = table_html(rows, language, links={"goal": "page", "step": "read"})
        output.data["text/html"] = table
    nbformat.write(notebook, path)
    stage(project)
    text = text_of(page(project, f"{edition}studies/demo/index.ipynb"))
    assert '<a href="clv.html">Answer faster</a>' in text
    assert '<a href="case_evaluation/desk.html">Keep it</a>' in text


def test_of_a_link_to_a_notebook_that_did_not_run_the_words_stay(project):
    (project / "notebooks").mkdir(exist_ok=True)
    source = max((project / "runs/demo").glob("2*")) / "notebooks/overview.ipynb"
    shutil.copy(source, project / "notebooks/drivers.ipynb")
    notebook = nbformat.read(source, as_version=4)
    notebook.cells[-2].source += (
        "\n\n[What drives it](drivers.html#top) [Lost](driver.html)"
        ' <a class="wb" href="drivers.html">Drivers</a> <a href="clv.html#share">Value</a>'
    )
    nbformat.write(notebook, source)
    stage(project)
    text = text_of(page(project, "studies/demo/index.ipynb"))
    # a slip of the pen stays a link, which the check of the site reports
    assert 'What drives it [Lost](driver.html) Drivers <a href="clv.html#share">Value</a>' in text


def test_pages_come_in_the_order_of_the_pipeline(project):
    stage(project)
    orders = [
        front(page(project, f"studies/demo/{name}.ipynb"))["order"]
        for name in ("segmentation", "clv", "case_evaluation/index")
    ]
    assert orders == sorted(orders)


def test_provenance_names_run_inputs_versions_and_commit(project):
    stage(project)
    text = text_of(page(project, "studies/demo/segmentation.ipynb"))
    for said in (
        "20260201T060000Z-bbbbbb",
        "9f86d081884c",
        "3.11.7",
        "3cd5260aaaaa",
        "Made by a program",
    ):
        assert said in text
    assert "9f86d081884c7d" not in text


def test_the_cards_show_headline_numbers_and_the_only_language_there_is(project):
    stage(project)
    english = (project / "reports/_studies.html").read_text(encoding="utf-8")
    chinese = (project / "reports/zh/_studies.html").read_text(encoding="utf-8")
    assert english.count('class="wb-study"') == chinese.count('class="wb-study"') == 2
    assert "CN¥390 to CN¥430" in english and "390元至430元" in chinese
    assert 'href="../studies/plain/index.html" lang="en"' in chinese
    assert "仅有英文版" in chinese


def test_the_written_pages_are_left_as_they_were(project):
    before = {p: p.read_bytes() for p in (project / "reports").rglob("*.qmd")}
    stage(project)
    assert {p: p.read_bytes() for p in (project / "reports").rglob("*.qmd")} == before


def test_staging_again_leaves_nothing_of_a_study_that_is_gone(project):
    stage(project)
    stage(project, ["plain"])
    assert not (project / "reports/studies/demo").exists()
    assert not (project / "reports/zh/studies/demo").exists()


def test_a_broken_executed_notebook_spoils_its_own_page_only(project):
    run = max((project / "runs/demo").glob("2*"))
    (run / "notebooks/segmentation.ipynb").write_text("{", encoding="utf-8")
    staged = stage(project)
    assert "could not be read" in text_of(page(project, "studies/demo/segmentation.ipynb"))
    assert "Net promoter score" in text_of(page(project, "studies/demo/index.ipynb"))
    assert any("segmentation" in x for x in staged.warnings)


def test_a_study_without_a_run_is_refused_by_name(project):
    shutil.rmtree(project / "runs/plain")
    assert stage(project).studies == ("demo",)
    with pytest.raises(SiteError, match="workbench run plain"):
        stage(project, ["plain"])
    with pytest.raises(WorkbenchError, match="nobody"):
        stage(project, ["nobody"])


def test_a_fresh_clone_stages_nothing(project):
    shutil.rmtree(project / "runs")
    staged = stage(project)
    assert staged.pages == ()
    assert not (project / "reports/studies").exists()
    assert not (project / "reports/_studies.html").exists()


def test_an_edition_without_pages_has_no_folder_for_them(project):
    # Quarto's sidebar stops at a folder that is there and has no page in it.
    stage(project, ["plain"])
    assert not (project / "reports/zh/studies").exists()
    assert (project / "reports/zh/_studies.html").is_file()


def test_an_unfinished_run_is_not_looked_at(project):
    (project / "runs/demo/.unfinished-20270101T000000Z-x/notebooks").mkdir(parents=True)
    stage(project)
    record = json.loads(
        max((project / "runs/demo").glob("2*/run.json")).read_text(encoding="utf-8")
    )
    assert record["run"] in text_of(page(project, "studies/demo/segmentation.ipynb"))


def test_a_text_without_chinese_is_told_with_its_page(project):
    path = project / "runs/demo/20260201T060000Z-bbbbbb/notebooks/segmentation.ipynb"
    notebook = nbformat.read(path, as_version=4)
    (about,) = (
        out.metadata["workbench"]
        for cell in notebook.cells
        if cell.get("id") == "finding"
        for out in cell.outputs
        if out.metadata["workbench"] == {"language": "zh", "role": "prose"}
    )
    about["missing"] = ["Frobnicated", "Frobnicated"]
    nbformat.write(notebook, path)
    assert stage(project, ["demo"]).warnings == (
        "demo: clv failed; its last good page is kept",
        "demo: segmentation: no zh for 'Frobnicated'",
    )
