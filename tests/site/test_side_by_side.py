"""Two studies, or two runs of one, on a page: numbers as their pages gave them."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from workbench.runs.records.record import read_runs
from workbench.site import SiteError
from workbench.site.staging.side_by_side import side_of, write_side_by_side
from workbench.study import load_study


def sides(project, *names):
    return [
        side_of(load_study(project / "data" / name), read_runs(project / "runs" / name)[0][0])
        for name in names
    ]


def test_two_studies_stand_side_by_side_and_nothing_is_subtracted(publication, tmp_path):
    one, other = sides(publication[0], "demo", "plain")
    file = write_side_by_side(one, other, tmp_path / "both.html", "en")
    page = BeautifulSoup(file.read_text(encoding="utf-8"), "lxml")
    assert one.study.title["en"] in page.h1.text and other.study.title["en"] in page.h1.text
    heads = [x.get_text() for x in page.select("thead th")][:3]
    assert heads == ["Number", one.study.title["en"], other.study.title["en"]]
    assert "¥410" in page.get_text() and "nothing is subtracted" in page.get_text()
    assert not page.select("script, link, img")


def test_of_two_runs_it_is_said_by_how_much_each_number_has_moved(publication, tmp_path):
    (after,) = sides(publication[0], "plain")
    folder = tmp_path / "before"
    shutil.copytree(after.run.folder, folder)
    for stored in folder.glob("results/*/estimates.json"):
        text = stored.read_text(encoding="utf-8")
        stored.write_text(text.replace("412", "372"), encoding="utf-8")
    for stored in folder.glob("notebooks/*.ipynb"):
        text = stored.read_text(encoding="utf-8")
        stored.write_text(text.replace("<svg ", "<svg data-before='1' "), encoding="utf-8")
    before = side_of(after.study, replace(after.run, folder=folder))
    file = write_side_by_side(before, after, tmp_path / "runs.html", "en")
    page = BeautifulSoup(file.read_text(encoding="utf-8"), "lxml")
    rows = [[x.get_text() for x in row.select("th, td")] for row in page.select("tbody tr")]
    moved = next(row for row in rows if row[0] == "Customer lifetime value")
    assert "¥370" in moved[1] and "¥410" in moved[2] and "40" in moved[3]
    assert after.study.title["en"] in page.h1.text
    pictures = page.select("figure img")
    assert len(pictures) and len(pictures) % 2 == 0
    assert all(x["src"].startswith("data:image/") for x in pictures)


def test_a_language_that_a_study_lacks_is_refused(publication, tmp_path):
    one, other = sides(publication[0], "demo", "plain")
    with pytest.raises(SiteError, match="no edition in 'de'"):
        write_side_by_side(one, other, tmp_path / "x.html", "de")
