"""Two runs are compared by their figures, too."""

from __future__ import annotations

from html import escape
from pathlib import Path

import nbformat

from workbench.runs.records.compare import compare
from workbench.runs.records.figures import figures
from workbench.runs.records.record import RunRecord, StepRecord

SVG = "image/svg+xml"


def made(folder: Path, run: str, bar: int, broken: bool = False) -> RunRecord:
    """A run of a page whose figure, drawn once a language, has a bar of that length."""
    drawn = []
    for language, title in (("en", "Who <holds> the value"), ("zh", "价值")):
        head = f'<p><span class="wb-title">{escape(title)}</span></p>'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90"><rect width="{bar}"/></svg>'
        for role, data in (("figure-title", {"text/html": head}), ("figure", {SVG: svg})):
            about = {"workbench": {"language": language, "role": role}}
            drawn.append(nbformat.v4.new_output("display_data", data, metadata=about))
    cell = nbformat.v4.new_code_cell("show()", id="share", outputs=drawn, execution_count=1)
    place = folder / run
    (place / "notebooks").mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), place / "notebooks/clv.ipynb")
    steps = {"clv": StepRecord("clv", "clv", "done")}
    if broken:
        steps["lost"] = StepRecord("lost", "lost", "done")
        (place / "notebooks/lost.ipynb").write_text("{")
    return RunRecord("shop", run, "", "", "done", steps, languages=("en", "zh"), folder=place)


def test_a_figure_that_is_drawn_anew_differs_in_one_language_only(tmp_path: Path) -> None:
    first, second, third = (
        made(tmp_path, name, bar) for name, bar in (("1", 40), ("2", 60), ("3", 40))
    )
    assert list(figures(first, [])) == [("clv", "share 1")]
    moved = [each for each in compare(first, second).changes if each.kind == "figure"]
    assert [(each.page, each.name) for each in moved] == [("clv", "share 1")]
    assert "figures that differ:" in str(compare(first, second))
    same = compare(first, third)
    assert same.same["figure"] == 1
    assert not [each for each in same.changes if each.kind == "figure"]


def test_a_page_that_cannot_be_read_is_named_and_the_others_are_compared(tmp_path: Path) -> None:
    lost: list[str] = []
    run = made(tmp_path, "1", 40, broken=True)
    assert list(figures(run, lost)) == [("clv", "share 1")]
    assert [text.split(" (")[0] for text in lost] == ["the figures of lost"]
    assert figures(run, [], "zh")["clv", "share 1"].title == "价值"
