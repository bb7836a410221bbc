"""One execution gives one edition a language, with the words of that language alone."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbench.errors import SiteError
from workbench.site.staging.edition import (
    Edition,
    caption,
    cut,
    joined,
    raw_html,
    read_notebook,
    safe_html,
    split_options,
)


def text_of(edition):
    return "\n".join(cell.source for cell in edition.cells)


def test_an_edition_has_its_own_language_and_the_untagged_cells(notebook):
    notebook.cells.append(new_markdown_cell("For both."))
    english, chinese = (cut(notebook, x, name="page") for x in ("en", "zh"))
    assert english.title == "Who are the customers?"
    assert chinese.title == "客户是谁？"
    assert "## Method and limits" in text_of(english)
    assert "方法与局限" not in text_of(english)
    assert "## 方法与局限" in text_of(chinese)
    assert "Method and limits" not in text_of(chinese)
    for edition in (english, chinese):
        assert "For both." in text_of(edition)


def test_the_numbers_of_both_editions_are_the_same(notebook):
    def numbers(language):
        text = text_of(cut(notebook, language, name="page"))
        return re.findall(r'class="wb-num">([\d,]+)<', text)

    assert numbers("en") == numbers("zh")
    assert "48,120" in numbers("en")


def test_findings_become_real_headings(notebook):
    cells = cut(notebook, "en", name="page").cells
    assert any(
        c.cell_type == "markdown" and c.source.startswith("## A fifth of customers") for c in cells
    )


def test_figures_become_files_that_turn_dark_with_their_texts(notebook):
    edition = cut(notebook, "zh", name="page")
    assert set(edition.files) == {
        "figures/page-fig-share.svg",
        "figures/page-fig-share-narrow.svg",
    }
    assert b"light-dark(#12436d," in edition.files["figures/page-fig-share.svg"]
    html = next(c.source for c in edition.cells if "<figure" in c.source)
    assert 'alt="四个区域价值占比的条形图。"' in html
    assert "<figcaption>2025 年各区域客户价值占比" in html
    order = [
        html.index(x) for x in ("北区贡献了大部分价值", "<img", "<figcaption", "wb-figure-data")
    ]
    assert order == sorted(order)
    assert "Bars of the share" not in html


def test_an_edition_that_was_kept_is_the_one_that_was_cut(notebook):
    edition = cut(notebook, "zh", name="page")
    assert Edition.from_json(edition.to_json()) == edition
    assert edition.files and edition.lead


def test_a_language_without_a_caption_of_its_own_takes_the_base_one():
    cell = new_code_cell("#| fig-cap: Only English.\n#| fig-alt: Alt.\nf()")
    data = {"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'}
    cell.outputs = [new_output("display_data", data=data)]
    assert "Only English." in text_of(cut(new_notebook(cells=[cell]), "zh", name="p"))


def test_a_chinese_caption_that_was_folded_has_no_space_where_it_was_broken():
    options, _ = split_options("#| fig-cap-zh: 各区域客户价值，\n#|   占 2025 年的\n#|   比重\nf()")
    assert caption(options, "fig-cap", "zh") == "各区域客户价值，占 2025 年的比重"


def test_what_only_analysts_look_for_stands_once_at_the_end(notebook):
    method = new_markdown_cell("## Method and limits\n\nHow.", id="method-en")
    method.metadata["tags"] = ["en", "analysts"]
    notebook.cells.insert(2, method)
    cells = cut(notebook, "en", name="page").cells
    (code,) = [c.source for c in cells if c.cell_type == "code"]
    assert cells[-1].source == code, "the code is the last of it"
    assert "wb.headlines" in code and "wb.show(result.plot)" in code and "#|" not in code
    headings = [c.source.splitlines()[0] for c in cells if c.source.startswith("## ")]
    assert headings[-2:] == ["## For analysts {#analysts}", "## Method and limits {#method}"]


def test_sections_have_the_names_of_their_cells_in_every_language():
    cells = []
    for language, text in (("en", "## What comes\n\n### Next"), ("zh", "## 下一步")):
        cells.append(new_markdown_cell(text, id=f"next-{language}"))
        cells[-1].metadata["tags"] = [language]
    finding = new_code_cell("wb.heading(found)", id="worth")
    for language, text in (("en", "## 63% hold 5 of 8"), ("zh", "## 63%占8项中的5项")):
        about = {"workbench": {"language": language, "role": "heading"}}
        data = {"text/markdown": text, "text/plain": text}
        finding.outputs.append(new_output("display_data", data=data, metadata=about))
    book = new_notebook(cells=[*cells, finding])
    english, chinese = (
        [
            line
            for c in cut(book, x, name="p").cells
            for line in c.source.splitlines()
            if "#" in line
        ]
        for x in ("en", "zh")
    )
    assert english == [
        "## What comes {#next}", "### Next {#next-2}", "## 63% hold 5 of 8 {#worth}",
        "## For analysts {#analysts}",
    ]  # fmt: skip
    assert [line.rpartition(" ")[2] for line in chinese] == ["{#next}", "{#worth}", "{#analysts}"]


def test_injected_parameters_replace_the_defaults(notebook):
    code = "\n".join(
        c.source for c in cut(notebook, "en", name="page").cells if c.cell_type == "code"
    )
    assert 'study = "demo"' in code
    assert "harbour" not in code


def test_printed_text_stays_with_the_code_and_warnings_go(notebook):
    warning = new_output("stream", name="stderr", text="FutureWarning")
    notebook.cells[-3].outputs.append(warning)
    cells = cut(notebook, "en", name="page").cells
    printed = [out for c in cells if c.cell_type == "code" for out in c.outputs]
    assert [out.text for out in printed] == ["0.6\n"]
    assert "FutureWarning" not in text_of(cut(notebook, "en", name="page"))


def test_several_pictures_of_one_cell_get_names_of_their_own():
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
    cell = new_code_cell("#| label: fig-x\n#| fig-alt: Alt.\nf()")
    cell.outputs = [new_output("display_data", data={"image/svg+xml": svg}) for _ in range(2)]
    edition = cut(new_notebook(cells=[cell]), "en", name="p")
    assert sorted(edition.files) == [
        "figures/p-fig-x-2.svg",
        "figures/p-fig-x.svg",
    ]
    ids = re.findall(r'id="([^"]+)"', text_of(edition))
    assert ids == ["fig-x", "fig-x-2"]


def test_persona_cards_stand_on_the_page_without_scripts():
    html = '<ul class="wb-personas"><li class="wb-persona" onclick="x()">Loyal</li></ul>'
    cell = new_code_cell("wb.personas(cards)")
    cell.outputs = [
        new_output(
            "display_data",
            data={"text/html": html.replace("Loyal", name)},
            metadata={"workbench": {"language": language, "role": "cards"}},
        )
        for language, name in (("en", "Loyal"), ("zh", "忠诚"))
    ]
    edition = cut(new_notebook(cells=[cell]), "en", name="p")
    assert '<li class="wb-persona">Loyal</li>' in text_of(edition)
    assert "忠诚" not in text_of(edition)


def test_a_widget_is_named_as_left_out_instead_of_vanishing():
    cell = new_code_cell("plot()")
    cell.outputs = [new_output("display_data", data={"application/vnd.plotly.v1+json": {}})]
    assert "interactive output is not shown" in text_of(
        cut(new_notebook(cells=[cell]), "en", name="p")
    )


@pytest.mark.parametrize(
    "markup",
    [
        "<b>x</b><script>alert(1)</script>",
        '<b onclick="alert(1)">x</b>',
        '<a href=" JavaScript:alert(1)">x</a><b>x</b>',
        '<iframe src="https://example.org"></iframe><b>x</b>',
        "<style>@import 'https://example.org/a.css'</style><b>x</b>",
    ],
)
def test_markup_from_a_notebook_brings_no_script(markup):
    clean = safe_html(markup).lower()
    assert ">x</" in clean
    assert not re.search("alert|example.org|<style", clean)


def test_raw_html_keeps_its_fence_closed():
    cell = raw_html("<p>```</p>")
    assert cell.source.startswith("````{=html}")


def test_lines_between_chinese_characters_are_joined():
    assert joined("客户\n是谁，\n价值几何") == "客户是谁，价值几何"
    assert joined("客户\n\nAB\ncd") == "客户\n\nAB\ncd"


def test_bold_chinese_with_punctuation_is_bold_in_every_renderer():
    assert joined("**水平。**实测值") == "<strong>水平。</strong>实测值"
    assert joined("见**“方法”**一节") == "见<strong>“方法”</strong>一节"
    assert joined("**水平**实测值 2 ** 3 ** 4") == "**水平**实测值 2 ** 3 ** 4"


def test_options_that_are_no_yaml_name_the_cell():
    cell = new_code_cell("#| fig-cap: a: b: c\nf()", id="bad-cell")
    with pytest.raises(SiteError, match="bad-cell"):
        cut(new_notebook(cells=[cell]), "en", name="p")
    assert split_options("#| label: x\nf()") == ({"label": "x"}, "f()")


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3}', "{not json", '{"nbformat": 3}'])
def test_what_is_no_notebook_is_refused_with_its_place(text):
    with pytest.raises(SiteError, match="somewhere"):
        read_notebook(text, "somewhere")


def test_a_notebook_survives_the_round_trip(notebook):
    assert read_notebook(nbformat.writes(notebook), "x").cells[0].source.startswith("# Who")


def test_the_drawing_s_own_words_follow_the_form_in_the_alternative_text(notebook) -> None:
    (figure,) = (cell for cell in notebook.cells if cell.get("id") == "share")
    for out in figure.outputs:
        about = out.metadata["workbench"]
        if about["role"] == "figure":
            about["alt"] = {"en": "Highest North (63%).", "zh": "最高为北区。"}[about["language"]]
    english, chinese = (
        "\n".join(cell.source for cell in cut(notebook, x, name="page").cells) for x in ("en", "zh")
    )
    assert 'alt="Bars of the share of value in four regions. Highest North (63%)."' in english
    assert 'alt="四个区域价值占比的条形图。最高为北区。"' in chinese
