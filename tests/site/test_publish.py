"""Publishing swaps a whole site in at once, or leaves the old one where it was."""

from __future__ import annotations

import threading
import urllib.request
from datetime import UTC, datetime

import pytest

from workbench.site import SiteError, publish
from workbench.site.preview import make_server
from workbench.site.publish import swap


def test_publishing_says_what_is_there(publication):
    project, published = publication
    assert published.site == project / "_site"
    assert published.studies == ("demo", "plain")
    assert published.at == datetime(2026, 2, 2, tzinfo=UTC)
    assert len(published.pages) == 22
    assert "warning: demo: clv failed" in str(published)
    assert "disagree" not in str(published)
    assert sorted(x.name for x in (project / ".site").iterdir()) == ["lock"]


def test_pages_that_disagree_are_published_with_a_warning(project):
    (stored,) = project.glob("runs/plain/*/results/segmentation/estimates.json")
    stored.write_text(stored.read_text(encoding="utf-8").replace("412", "452"), encoding="utf-8")
    told = str(publish(project, studies=["plain"], renderer="embedded"))
    assert "warning: the pages disagree: plain clv.mean: '452' on index.html" in told
    assert "'412' on studies/plain/segmentation.html" in told


def test_a_site_that_fails_its_check_leaves_the_old_one(published_before):
    project = published_before
    before = (project / "_site/index.html").read_bytes()
    page = project / "reports/methods.qmd"
    page.write_text(page.read_text(encoding="utf-8") + "\n[gone](gone.qmd)\n", encoding="utf-8")
    with pytest.raises(SiteError, match=r"methods\.html: broken link.*still stands"):
        publish(project, studies=["plain"], renderer="embedded")
    assert (project / "_site/index.html").read_bytes() == before
    assert not (project / "_site.old").exists()


def test_a_first_site_that_fails_its_check_is_not_published(project):
    with pytest.raises(SiteError, match="nothing was published"):
        publish(project, studies=["plain"], renderer="embedded", forbidden=["Plain Shop"])
    assert not (project / "_site").exists()


def test_publishing_some_studies_takes_the_others_off(published_before):
    project = published_before
    assert (project / "_site/studies/demo").exists()
    published = publish(project, studies=["plain"], renderer="embedded")
    assert not (project / "_site/studies/demo").exists()
    assert "Demo Mobile" not in (project / "_site/index.html").read_text(encoding="utf-8")
    assert published.studies == ("plain",)


def test_publishing_twice_gives_the_same_bytes(published_before):
    project = published_before

    def content():
        return {
            p.relative_to(project): p.read_bytes()
            for p in (project / "_site").rglob("*")
            if p.is_file()
        }

    first = content()
    publish(project, renderer="embedded")
    assert content() == first


def test_only_one_publication_at_a_time(project):
    import fcntl

    (project / ".site").mkdir()
    with (project / ".site/lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SiteError, match="another publication"):
            publish(project, renderer="embedded")


def test_an_interrupted_swap_is_mended_by_the_next(tmp_path):
    (tmp_path / "_site.old").mkdir()
    (tmp_path / "_site.old/a").write_text("old", encoding="utf-8")
    new = tmp_path / "new"
    new.mkdir()
    (new / "a").write_text("new", encoding="utf-8")
    swap(new, tmp_path / "_site")
    assert (tmp_path / "_site/a").read_text(encoding="utf-8") == "new"
    assert not (tmp_path / "_site.old").exists()


def test_a_swap_that_fails_puts_the_old_site_back(tmp_path):
    site = tmp_path / "_site"
    site.mkdir()
    (site / "a").write_text("old", encoding="utf-8")
    with pytest.raises(OSError, match="gone"):
        swap(tmp_path / "gone", site)
    assert (site / "a").read_text(encoding="utf-8") == "old"


def test_preview_serves_the_site_to_this_machine(published):
    with make_server(published) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/zh/index.html", timeout=5) as answer:
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert "客户研究报告" in answer.read().decode("utf-8")
        server.shutdown()
    assert host == "127.0.0.1"


def test_preview_without_a_site_says_what_to_do(tmp_path):
    with pytest.raises(SiteError, match="workbench publish"):
        make_server(tmp_path)
