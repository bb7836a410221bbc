"""No two pages of a site disagree: the comparison bites, and the site that was built passes it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.site.checking.agreement import disagreements

KEPT = '<span data-fact="clv.kept" data-number="0.703">{}</span>'
VERDICT = '<span data-finding="churn" data-page="{}" data-verdict="{}">so it is</span>'
FRONT = (
    '<article class="wb-study"><h3 id="study-demo">Demo</h3><ul lang="{}">{}</ul></article>'
    '<article class="wb-study"><h3 id="study-other">Other</h3><ul lang="en">{}</ul></article>'
)


def page(site: Path, name: str, body: str, lang: str = "en") -> None:
    path = site / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><body>{body}</body></html>',
        encoding="utf-8",
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A fact on two pages and the front page in two languages, a verdict on three pages."""
    desk, other = VERDICT.format("", "not shown"), KEPT.replace("0.703", "0.2").format("20%")
    for folder, lang, said in (("", "en", "70%"), ("zh/", "zh-Hans", "七成")):
        kept = KEPT.format(said)
        front = FRONT.format(lang, kept, other)
        page(tmp_path, f"{folder}index.html", front, lang)
        page(tmp_path, f"{folder}studies/demo/clv.html", f"<td>{kept}</td><p>{kept}</p>", lang)
        told = VERDICT.format("case_evaluation-desk", "not shown")
        page(tmp_path, f"{folder}studies/demo/index.html", kept + told, lang)
        page(tmp_path, f"{folder}studies/demo/case_evaluation/desk.html", desk, lang)
    return tmp_path


def alter(site: Path, name: str, old: str, new: str) -> list[str]:
    text = (site / name).read_text(encoding="utf-8")
    assert old in text
    (site / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return disagreements(site)


def test_pages_that_agree_have_nothing_to_report(site: Path) -> None:
    assert disagreements(site) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("studies/demo/index.html", "70%", "71%", "demo clv.kept en: '70%' on index.html"),
        ("index.html", "70%", "70.3%", "demo clv.kept en: '70.3%' on index.html; '70%' on"),
        ("zh/studies/demo/clv.html", "七成", "70%", "demo clv.kept zh: "),
        ("zh/studies/demo/clv.html", "0.703", "0.704", "demo clv.kept: '0.703' on index.html"),
        (
            "studies/demo/case_evaluation/desk.html",
            "not shown",
            "shown",
            "demo case_evaluation-desk/churn: 'shown' on studies/demo/case_evaluation/desk.html; "
            "'not shown' on studies/demo/index.html, zh/studies",
        ),
    ],
)
def test_one_that_is_altered_is_named_with_its_page(
    site: Path, name: str, old: str, new: str, told: str
) -> None:
    (found,) = alter(site, name, old, new)
    assert found.startswith(told)


def test_a_verdict_without_a_page_of_its_own_belongs_to_the_page_it_stands_on(site: Path) -> None:
    for folder, verdict in (("", "useful"), ("zh/", "of no use")):
        page(site, f"{folder}studies/demo/churn.html", VERDICT.format("", verdict))
    (found,) = disagreements(site)
    assert found.startswith("demo churn/churn: 'useful' on studies/demo/churn.html; 'of no use'")


def test_the_same_name_in_another_study_is_another_fact(site: Path) -> None:
    alter(site, "index.html", "20%", "21%")
    assert alter(site, "zh/index.html", "20%", "21%") == []
    page(site, "studies/other/clv.html", KEPT.replace("0.703", "0.2").format("20%"))
    assert [x.split(":")[0] for x in disagreements(site)] == ["other clv.kept en"]


def test_a_card_may_write_a_day_short_but_not_another_day(site: Path) -> None:
    day = '<span data-fact="data.to" data-number="2025-11-30">{}</span>'
    page(site, "studies/demo/a.html", day.format("30 Nov 2025"))
    page(site, "studies/demo/b.html", day.format("30 November 2025"))
    assert disagreements(site) == []
    assert len(alter(site, "studies/demo/a.html", "11-30", "12-01")) == 1


def test_a_page_kept_from_an_earlier_run_may_say_what_was(site: Path) -> None:
    old = '<p class="wb-notice-title">This analysis failed</p>'
    page(site, "studies/demo/old.html", old + KEPT.format("68%"))
    assert disagreements(site) == []


def test_the_site_that_was_built_agrees_with_itself(published: Path, tmp_path: Path) -> None:
    built = shutil.copytree(published, tmp_path / "site")
    text = (built / "studies/demo/index.html").read_text(encoding="utf-8")
    assert "data-fact" in text
    assert disagreements(built) == []
