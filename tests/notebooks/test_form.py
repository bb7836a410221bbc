"""Every notebook has the form of the house: one question, typed parameters, two languages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
import yaml

from workbench.runs import notebook_file

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LANGUAGES = ("en", "zh")
LAST_SECTION = {"en": "## Method and limits", "zh": "## 方法与局限"}
OPTIONS = {
    "fig": ("fig-cap", "fig-cap-zh", "fig-alt", "fig-alt-zh"),
    "tbl": ("tbl-cap", "tbl-cap-zh"),
}
PLUMBING = {"matplotlib", "seaborn", "papermill", "os", "sys", "pathlib", "json", "subprocess"}


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def tags(cell: nbformat.NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def language(cell: nbformat.NotebookNode) -> str | None:
    found = tags(cell) & set(LANGUAGES)
    return found.pop() if len(found) == 1 else None


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def options(cell: nbformat.NotebookNode) -> dict:
    lines = [line[2:] for line in cell.source.splitlines() if line.startswith("#|")]
    return yaml.safe_load("\n".join(lines)) or {}


def statements(cell: nbformat.NotebookNode) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip() and not line.startswith("#|")]


def edition(notebook: nbformat.NotebookNode, lang: str) -> list[nbformat.NotebookNode]:
    """The markdown cells that a reader of one language sees."""
    return [
        cell
        for cell in notebook.cells
        if cell.cell_type == "markdown" and language(cell) in (None, lang)
    ]


def test_there_are_notebooks_to_check() -> None:
    assert len(NOTEBOOKS) >= 7


def test_the_pipeline_lists_exactly_the_notebooks_there_are() -> None:
    listed = yaml.safe_load((ROOT / "notebooks/pipeline.yml").read_text(encoding="utf-8"))
    assert set(listed) == {path.stem for path in NOTEBOOKS}


def test_it_is_a_valid_notebook_for_the_plain_kernel(notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"


def test_cells_have_readable_names_that_do_not_change(notebook: nbformat.NotebookNode) -> None:
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))
    random = [i for i in ids if re.fullmatch(r"[0-9a-f]{8}([0-9a-f-]*)", i)]
    assert not random, f"random cell ids: {random}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_edition_asks_one_question_and_asks_it_first(
    notebook: nbformat.NotebookNode, lang: str
) -> None:
    cells = edition(notebook, lang)
    text = "\n\n".join(cell.source for cell in cells)
    titles = re.findall(r"^# .+$", text, flags=re.MULTILINE)
    assert len(titles) == 1, titles
    assert cells[0].source.startswith("# ")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_edition_ends_with_method_and_limits(notebook: nbformat.NotebookNode, lang: str) -> None:
    sections = [
        line
        for cell in edition(notebook, lang)
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]
    assert sections[-1] == LAST_SECTION[lang]
    body = edition(notebook, lang)[-1].source
    assert len(body) > 200, "method and limits must say something"


def test_method_and_limits_are_folded_for_analysts(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.source.startswith(tuple(LAST_SECTION.values())):
            assert "analysts" in tags(cell), cell.id


def test_every_written_passage_stands_in_both_languages(notebook: nbformat.NotebookNode) -> None:
    order = [lang for cell in notebook.cells if (lang := language(cell))]
    assert order == ["en", "zh"] * (len(order) // 2), "an en cell is followed by its zh sibling"
    untagged = [
        cell.source[:40]
        for cell in notebook.cells
        if cell.cell_type == "markdown" and language(cell) is None
    ]
    assert not untagged


def test_parameters_are_typed_literals_with_a_line_of_help(
    notebook: nbformat.NotebookNode,
) -> None:
    (cell,) = [cell for cell in notebook.cells if "parameters" in tags(cell)]
    assert notebook.cells.index(cell) == 2, "title (en, zh), then the parameters"
    body = [
        node
        for node in ast.parse(cell.source).body
        if not isinstance(node, ast.ImportFrom)  # Literal, Field: of the annotations
    ]
    names = [node.target.id for node in body if isinstance(node, ast.AnnAssign)]
    assert len(names) == len(body), "only annotated assignments"
    assert names[0] == "study" and "seed" in names
    for node in body:
        ast.literal_eval(node.value)
    for line in statements(cell):
        assert "#" in line or line.startswith("from "), f"say what it is: {line}"


def test_code_is_short_and_has_no_plumbing(notebook: nbformat.NotebookNode) -> None:
    cells = code_cells(notebook)
    assert len(cells) <= 25
    for cell in cells:
        if "parameters" in tags(cell):
            continue
        assert len(statements(cell)) <= 16, f"{cell.id} has more than sixteen lines"
        for node in ast.walk(ast.parse(cell.source)):
            assert not isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
            ), f"{cell.id}: what deserves a name lives in a module, with a test"
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not {module.split(".")[0] for module in modules} & PLUMBING, cell.id


def test_no_line_has_more_than_a_hundred_characters(notebook: nbformat.NotebookNode) -> None:
    # Chinese prose, too: between two Chinese characters the page joins what was broken.
    long = [
        f"{cell.id}: {line[:40]}... has {len(line)}"
        for cell in notebook.cells
        for line in cell.source.splitlines()
        if len(line) > 100
    ]
    assert not long, long


def test_its_file_is_as_make_format_writes_it(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    notebook_file.main([str(copy)])
    assert copy.read_bytes() == path.read_bytes(), "run make format"


def test_no_stray_outputs_are_committed(notebook: nbformat.NotebookNode) -> None:
    checked = 0
    for cell in code_cells(notebook):
        marked = "NBVAL_CHECK_OUTPUT" in cell.source or "nbval-check-output" in tags(cell)
        if not marked:
            assert not cell.outputs, f"{cell.id}: strip its outputs (make format)"
            assert cell.execution_count is None, cell.id
            continue
        checked += 1
        assert cell.outputs, f"{cell.id} is marked as checked, but has no output to check against"
        assert sum(len(str(output)) for output in cell.outputs) < 1000, cell.id
    assert checked >= 1, "commit the small stable output of at least one cell, for nbval"


def test_every_figure_and_table_has_label_caption_and_alternative_text(
    notebook: nbformat.NotebookNode,
) -> None:
    labels = Counter()
    for cell in code_cells(notebook):
        found = options(cell)
        if "wb.show(" in cell.source:
            assert "label" in found, f"{cell.id} shows something without a #| label"
        if "label" not in found:
            continue
        labels[found["label"]] += 1
        for option in OPTIONS.get(found["label"].split("-")[0], ()):
            assert str(found.get(option, "")).strip(), f"{cell.id}: #| {option} is missing"
    assert all(count == 1 for count in labels.values()), labels


#: What only the data can say: which way a line goes, where points lie, how many there are.
CLAIMS = re.compile(
    r"\b(rises?|rising|falls?|falling|grows?|growing|spreads?|widens?|drops?|climbs?|shrinks?|"
    r"increas\w*|decreas\w*|declin\w*|above|below|near zero|around (a|the) line|run together|"
    r"ten|eleven)\b"
    r"|上升|下降|升高|降低|增长|增加|减少|扩大|缩小|变宽|散开|高于|低于|附近|围绕|下方|十一类|十根"
)


def test_an_alternative_text_says_the_form_and_leaves_the_findings_to_the_figure(
    notebook: nbformat.NotebookNode,
) -> None:
    # What the figure shows is read from its drawing and follows; see reporting/figures/description.
    for cell in code_cells(notebook):
        for option in ("fig-alt", "fig-alt-zh"):
            said = str(options(cell).get(option, ""))
            assert not CLAIMS.search(said), f"{cell.id}: {option} claims {CLAIMS.search(said)}"


@pytest.mark.parametrize("said", ["A falling curve.", "Dots around a line.", "一条上升的曲线。"])
def test_a_claim_in_an_alternative_text_is_seen(said: str) -> None:
    assert CLAIMS.search(said)
