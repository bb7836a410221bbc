"""Publishing swaps a whole site in at once, or leaves the old one where it was."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import sys
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.site.conftest import REPO
from workbench.site import SiteError, publish, with_published
from workbench.site.checking.check import check
from workbench.site.checking.withhold import withhold
from workbench.site.finishing.finish import _finish_page as finish_page
from workbench.site.preview import make_server
from workbench.site.publish import bring_back, swap
from workbench.site.staging import blocks
from workbench.site.staging.stage import stage


def test_publishing_says_what_is_there(publication):
    project, published = publication
    assert published.site == project / "_site"
    assert published.studies == ("demo", "plain")
    assert published.at == datetime(2026, 2, 2, tzinfo=UTC)
    assert len(published.pages) == 22
    assert "warning: demo: clv failed" in str(published)
    assert "disagree" not in str(published)
    there = sorted(x.name for x in (project / ".site").iterdir())
    assert there == ["kept", "lock", "published.json"]


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


def test_with_one_study_those_on_the_site_stay(publication, project):
    assert with_published(publication[0], ["plain"]) == ["demo", "plain"]
    assert with_published(project, ["plain"]) == ["plain"]  # nothing is published yet


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


def test_an_unchanged_site_is_not_made_again_and_says_what_it_said(published_before, monkeypatch):
    project = published_before
    made = []
    module = sys.modules["workbench.site.publish"]
    monkeypatch.setattr(module, "stage", lambda *a: made.append(a) or stage(*a))
    again = publish(project, renderer="embedded")
    assert made == []
    assert again.pages and again.studies == ("demo", "plain")
    assert any("clv failed" in x for x in again.warnings)
    for change in (
        lambda: (project / "_site/index.html").write_text("other", encoding="utf-8"),
        lambda: (project / "reports/glossary.qmd").open("a").write("\nMore.\n"),
        lambda: rewrite(project, "licence: MIT", "licence: CC0"),
    ):
        change()
        publish(project, renderer="embedded")
        assert len(made) == 1, change
        made.clear()
    publish(project, renderer="embedded", forbidden=["Nobody Nowhere"])
    assert len(made) == 1


def test_of_a_changed_run_only_the_changed_page_is_finished_again(published_before, monkeypatch):
    project = published_before
    finished = []

    def count(html, path, page, *more):
        finished.append(page)
        return finish_page(html, path, page, *more)

    monkeypatch.setattr("workbench.site.finishing.finish._finish_page", count)
    run = project / "runs/plain/20260101T060000Z-cccccc"
    path = run / "notebooks/segmentation.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("Regions are as billed", "Regions are as told"), encoding="utf-8")
    record = (run / "run.json").read_text(encoding="utf-8")
    later = record.replace("T06:01:30", "T07:01:30")
    (run / "run.json").write_text(later, encoding="utf-8")
    publish(project, renderer="embedded")
    # beside the page, the front pages, which say when the study was run
    assert set(finished) <= {"studies/plain/segmentation.html", "index.html", "zh/index.html"}
    page = (project / "_site/studies/plain/segmentation.html").read_text(encoding="utf-8")
    assert "Regions are as told" in page and "@@" not in page
    other = (project / "_site/studies/plain/index.html").read_text(encoding="utf-8")
    assert "07:01" in other


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


def test_a_reader_finds_a_site_at_every_moment_of_a_swap(tmp_path, monkeypatch):
    for name in ("_site", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(name, encoding="utf-8")
    monkeypatch.setattr(Path, "rename", lambda *_: pytest.fail("renamed in two steps"))
    swap(tmp_path / "new", tmp_path / "_site")
    assert (tmp_path / "_site/a").read_text(encoding="utf-8") == "new"
    assert sorted(x.name for x in tmp_path.iterdir()) == ["_site"]


def test_where_the_system_cannot_exchange_the_old_site_is_brought_back(tmp_path):
    (tmp_path / "_site.old").mkdir()
    bring_back(tmp_path / "_site")
    assert (tmp_path / "_site").is_dir()


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


def test_preview_carries_the_policy_and_answers_to_this_machine_s_names_alone(published):
    with make_server(published) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/index.html"
        with urllib.request.urlopen(address, timeout=5) as answer:
            assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for host in ("evil.example", "127.0.0.1.evil.example", "", "localhost:1"):
            asked = urllib.request.Request(address, headers={"Host": host})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(asked, timeout=5)
            assert refused.value.code == 421
        server.shutdown()


def test_a_page_runs_no_script_but_the_site_s_own(published):
    html = (published / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    policy = BeautifulSoup(html, "lxml").find("meta", attrs={"http-equiv": True})["content"]
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(scripts) == 1
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy.split("style-src")[0]


def rewrite(root, old, new):
    card = root / "data" / "demo" / "study.yml"
    text = card.read_text(encoding="utf-8")
    assert old in text
    card.write_text(text.replace(old, new), encoding="utf-8")


def test_a_card_s_texts_are_shown_as_they_are_written_and_harm_no_page(project):
    rewrite(project, "title: {en: Demo Mobile, zh: 演示移动}", "title: '**N** {{< x >}} \\(^o^)/'")
    rewrite(
        project, "{en: A faster service desk, zh: 更快的服务台}", "'# a_b_ `c` [x](y) $z$ ::: d'"
    )
    rewrite(project, "A telecom with a shop.", "'1. **so** \\[x; ask li.wei@example.com.'")
    rewrite(project, "licence: MIT", "licence: MIT\ncontact: insights@example.org")
    site = publish(project, renderer="embedded")
    (said,) = [w for w in site.warnings if "looks like" in w]
    assert "study.yml, description.en: li.wei@example.com looks like" in said
    home = (site.site / "index.html").read_text(encoding="utf-8")
    first = (site.site / "studies/demo/index.html").read_text(encoding="utf-8")
    case = (site.site / "zh/studies/demo/case_evaluation/desk.html").read_text(encoding="utf-8")
    assert "<h1>**N** {{&lt; x &gt;}} \\(^o^)/</h1>" in first
    assert first.count("**N** {{&lt; x &gt;}} \\(^o^)/") > 2  # in the menu, too
    assert "<h1># a_b_ `c` [x](y) $z$ ::: d</h1>" in case
    assert "1. **so** \\[x; ask […]." in home
    assert "<span>Contact</span> insights@example.org</span>" in first


@pytest.fixture
def two_sites(published, tmp_path):
    """What was published before, and what would be now."""
    return shutil.copytree(published, tmp_path / "new"), shutil.copytree(
        published, tmp_path / "old"
    )


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ("Li Wei (138 1234 5678) and", "personal data (phone)", "it seemed to name a person"),
        ("{{< x >}} and", "unrendered markup", "a text on it could not be set"),
    ],
)
def test_a_bad_page_is_withheld_alone_and_its_last_good_one_stays(two_sites, said, kind, told):
    new, old = two_sites
    page = "studies/plain/segmentation.html"
    text = (new / page).read_text(encoding="utf-8")
    (new / page).write_text(text.replace("The 1,204", f"{escape(said)} 1,204"), encoding="utf-8")
    faults, (warning,) = withhold(new, old, lambda: check(new), [])
    assert faults == []
    assert warning.startswith(f"plain: {page} was withheld: {kind}")
    shown = (new / page).read_text(encoding="utf-8")
    assert told in shown
    assert "as it was published before" in shown
    assert "The 1,204 champions" in shown
    assert said.split()[-2] not in shown


def test_where_nothing_good_was_published_the_frame_of_a_page_says_so(two_sites):
    new, old = two_sites
    page = "zh/studies/demo/segmentation.html"
    for site in (new, old):
        text = (site / page).read_text(encoding="utf-8")
        (site / page).write_text(text.replace("1,204 名", "13812345678 名"), encoding="utf-8")
    linked = (new / "index.html").read_text(encoding="utf-8")
    link = f'<a href="{page}#fig-share">there</a>'
    (new / "index.html").write_text(linked.replace("</article>", f"{link}</article>", 1), "utf-8")
    faults, (warning,) = withhold(new, old, lambda: check(new), [])
    assert faults == []
    assert "13812345678" in warning
    shown = (new / page).read_text(encoding="utf-8")
    assert "本页未按生成的内容发布：其中似有个人信息" in shown
    assert "13812345678" not in shown
    assert "核心客户" not in shown


def test_a_fault_of_the_front_page_still_stops_the_publication(two_sites):
    new, old = two_sites
    text = (new / "index.html").read_text(encoding="utf-8")
    bad = text.replace("</article>", "<p>138 1234 5678</p></article>", 1)
    (new / "index.html").write_text(bad, encoding="utf-8")
    faults, warnings = withhold(new, old, lambda: check(new), [])
    assert [fault.page for fault in faults] == ["index.html"]
    assert warnings == []


def test_of_an_error_a_page_tells_what_cannot_name_a_person():
    raised = "DataError: no rows of '王小明', see \"Li Wei\" and 1381234567; look at li@example.com"
    told = blocks._told(raised, "en")
    assert told == "DataError: no rows of […], see […] and […]; look at […]"
    assert blocks._told("KeyError: '王小明'", "zh") == "KeyError (具体信息见运行日志)"
    assert blocks._told("the kernel died", "en") == "the kernel died"


def test_the_page_knows_all_errors_of_the_workbench():
    text = "\n".join(p.read_text("utf-8") for p in (REPO / "src/workbench").rglob("*.py"))
    classes = dict(re.findall(r"^class (\w+)\((\w+)", text, re.MULTILINE))
    own = {"WorkbenchError"}
    while more := {name for name, base in classes.items() if base in own} - own:
        own |= more
    assert own == set(blocks._OWN_ERRORS)
