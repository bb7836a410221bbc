"""The embedded renderer reads the same description as Quarto, and no page harms another."""

from __future__ import annotations

import pytest
import yaml
from bs4 import BeautifulSoup

from workbench.errors import SiteError
from workbench.site.editions.page_cache import PageCache
from workbench.site.render import editions, read_config, render
from workbench.site.staging.stage import stage


@pytest.fixture
def without_quarto(monkeypatch):
    monkeypatch.setattr("workbench.site.render.shutil.which", lambda _: None)


def test_both_editions_are_described(project):
    assert editions(project) == ["en", "zh"]
    english, chinese = (read_config(project, x) for x in ("en", "zh"))
    assert (english["lang"], chinese["lang"]) == ("en", "zh")
    assert not any("zh/" in x for x in english["project"]["render"])
    assert all("zh/" in x for x in chinese["project"]["render"])
    assert english["execute"] == {"enabled": False}


def test_profiles_join_as_quarto_joins_them(tmp_path):
    (tmp_path / "_quarto.yml").write_text("a: [1]\nb: {c: 1, d: 1}\ne: 1\n", encoding="utf-8")
    (tmp_path / "_quarto-zh.yml").write_text("a: [1, 2]\nb: {d: 2}\ne: 2\n", encoding="utf-8")
    config = read_config(tmp_path, "zh")
    assert (config["a"], config["b"], config["e"]) == ([1, 2], {"c": 1, "d": 2}, 2)


def test_every_staged_page_is_rendered(project, tmp_path, without_quarto):
    staged = stage(project)
    rendered = render(project, tmp_path / "work")
    assert rendered.renderer.startswith("smalldocs")
    assert rendered.warnings == ()
    for path in staged.pages:
        assert (rendered.folder / path).with_suffix(".html").is_file()


def test_the_sidebar_holds_every_study_without_an_edit(project, tmp_path, without_quarto):
    stage(project)
    folder = render(project, tmp_path / "work").folder
    soup = BeautifulSoup((folder / "reports/index.html").read_text(encoding="utf-8"), "lxml")
    said = [x.get_text() for x in soup.select("#quarto-sidebar .menu-text")]
    for text in ("Demo Mobile", "Plain Shop", "Customer segments", "A faster service desk"):
        assert text in said
    assert said.index("Demo Mobile") < said.index("Plain Shop") < said.index("Glossary")


def test_the_front_page_is_filled_at_render_time_only(project, tmp_path, without_quarto):
    stage(project)
    folder = render(project, tmp_path / "work").folder
    html = (folder / "reports/index.html").read_text(encoding="utf-8")
    assert "CN¥390 to CN¥430" in html
    assert "No study has been published yet" not in html
    assert "{.studies}" in (project / "reports/index.qmd").read_text(encoding="utf-8")


def test_a_fresh_clone_renders(project, tmp_path, without_quarto):
    folder = render(project, tmp_path / "work").folder
    html = (folder / "reports/index.html").read_text(encoding="utf-8")
    assert "No study has been published yet" in html
    assert (folder / "reports/zh/methods.html").is_file()


@pytest.fixture
def rendered(monkeypatch):
    """Return the list of pages whose text the renderer rendered."""
    from smalldocs.site import Site

    pages, whole = [], Site.render_page

    def noted(self, page):
        pages.append(page.src.as_posix())
        whole(self, page)

    monkeypatch.setattr(Site, "render_page", noted)
    return pages


def test_a_page_that_has_not_changed_is_not_rendered_again(
    project, tmp_path, without_quarto, rendered
):
    stage(project)
    kept = PageCache(tmp_path / "kept")
    first = render(project, tmp_path / "first", kept=kept).folder
    assert len(rendered) == len(set(rendered)) > 10
    rendered.clear()
    again = render(project, tmp_path / "again", kept=kept).folder
    assert rendered == []
    assert files(again) == files(first)
    changed = project / "reports/methods.qmd"
    changed.write_text(f"{changed.read_text(encoding='utf-8')}\nOne more line.\n", encoding="utf-8")
    third = render(project, tmp_path / "third", kept=kept).folder
    assert rendered == ["reports/methods.qmd"]
    page = "reports/methods.html"
    assert b"One more line." in files(third).pop(page)
    assert files(third).keys() == files(first).keys()


def test_links_of_an_unchanged_page_follow_what_came_and_went(
    project, tmp_path, without_quarto, rendered
):
    stage(project)
    page = project / "reports/methods.qmd"
    text = page.read_text(encoding="utf-8")
    page.write_text(f"{text}\n[Figures](more.csv) and [a page](news.qmd)\n", encoding="utf-8")
    kept = PageCache(tmp_path / "kept")
    for name in ("first", "again"):
        made = render(project, tmp_path / name, kept=kept)
        assert [x for x in made.warnings if "news.qmd" in x]
        assert not (made.folder / "reports/more.csv").exists()
    (project / "reports/more.csv").write_text("a\n1\n", encoding="utf-8")
    (project / "reports/news.qmd").write_text("# News\n", encoding="utf-8")
    rendered.clear()
    made = render(project, tmp_path / "later", kept=kept)
    assert rendered == ["reports/news.qmd"]
    assert made.warnings == ()
    assert (made.folder / "reports/more.csv").read_text(encoding="utf-8") == "a\n1\n"


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_one_bad_notebook_does_not_break_the_build(project, tmp_path, without_quarto):
    stage(project)
    (project / "reports/studies/demo/clv.ipynb").write_text('{"cells": 1}', encoding="utf-8")
    rendered = render(project, tmp_path / "work")
    assert (rendered.folder / "reports/studies/demo/segmentation.html").is_file()
    assert not (rendered.folder / "reports/studies/demo/clv.html").exists()
    assert any("clv.ipynb" in x for x in rendered.warnings)


@pytest.mark.parametrize(
    "shortcode",
    [
        "include ../../pyproject.toml",
        "include /etc/hostname",
        "env HOME",
        'include "../../../x.qmd"',
    ],
)
def test_a_page_cannot_read_beyond_the_sources(project, tmp_path, shortcode, without_quarto):
    page = project / "reports/methods.qmd"
    page.write_text(
        f"{page.read_text(encoding='utf-8')}\n{{{{< {shortcode} >}}}}\n", encoding="utf-8"
    )
    with pytest.raises(SiteError, match=r"reports/methods\.qmd"):
        render(project, tmp_path / "work")


def test_a_renderer_that_is_not_there_is_named(project, tmp_path, without_quarto):
    with pytest.raises(SiteError, match="not on PATH"):
        render(project, tmp_path / "a", renderer="quarto")
    with pytest.raises(SiteError, match="choose one of auto, quarto, embedded"):
        render(project, tmp_path / "b", renderer="pandoc")


def test_where_quarto_fails_the_embedded_renderer_takes_over(project, tmp_path, monkeypatch):
    broken = tmp_path / "bin" / "quarto"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'it broke' >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent), prepend=":")
    rendered = render(project, tmp_path / "work")
    assert rendered.renderer.startswith("smalldocs")
    assert "it broke" in rendered.warnings[0]
    with pytest.raises(SiteError, match="it broke"):
        render(project, tmp_path / "again", renderer="quarto")


def test_a_project_without_a_description_is_refused(tmp_path):
    with pytest.raises(SiteError, match=r"no _quarto\.yml"):
        render(tmp_path, tmp_path / "work")


def test_the_description_is_valid_yaml_without_templates(project):
    for path in project.glob("_quarto*.yml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)
        assert "scss" not in path.read_text(encoding="utf-8")
