"""Quarto, where it is on PATH, makes the same site as the embedded renderer."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from bs4 import BeautifulSoup

from workbench.site.checking.check import check
from workbench.site.staging.stage import stage

pytestmark = pytest.mark.quarto


def words(path) -> str:
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    for code in page.select("pre"):
        code.decompose()  # the two highlight code in their own ways
    return re.sub(r"\s+", " ", page.get_text(" "))


def test_both_renderers_lead_to_the_same_pages(published, published_by_quarto):
    names = [
        sorted(p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file())
        for site in (published, published_by_quarto)
    ]
    assert names[0] == names[1]
    for name in names[0]:
        if name.endswith(".html"):
            assert words(published / name) == words(published_by_quarto / name), name


def test_quarto_s_site_passes_the_check(published_by_quarto):
    assert check(published_by_quarto) == []


@pytest.mark.parametrize("staged", [True, False])
def test_quarto_by_hand_renders_what_stage_left_and_a_fresh_clone(project, staged):
    if shutil.which("quarto") is None:
        pytest.skip("Quarto is not on PATH")
    if staged:
        stage(project, ["plain"])
    for arguments in ([], ["--profile", "zh", "--no-clean"]):
        subprocess.run(
            ["quarto", "render", *arguments], cwd=project, check=True, capture_output=True
        )
    front = (project / "_site/reports/index.html").read_text(encoding="utf-8")
    assert ("390 to 434" in front) == staged
    assert ("No study has been published yet" in front) != staged
    assert (project / "_site/reports/zh/index.html").is_file()
