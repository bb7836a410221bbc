"""Names in letters that the figures' fonts lack become numbers with a key, never boxes."""

from __future__ import annotations

import warnings

import pytest

from workbench.reporting.figures import lettering
from workbench.reporting.figures.figure import drawing

KOREAN = ("20대 이상", "30대 이상")


@pytest.fixture(autouse=True)
def _no_other_font(monkeypatch: pytest.MonkeyPatch) -> None:
    # whether this machine happens to have a Korean font must not decide the test
    monkeypatch.setattr(lettering, "_elsewhere", lambda lacking: None)


def bars(ax) -> None:
    ax.barh(range(3), [3, 2, 1])
    ax.set_yticks(range(3), [*KOREAN, "Others"])
    ax.set_title(KOREAN[0])


def test_a_name_without_glyphs_has_one_number_wherever_it_stands() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph")
        drawn = drawing(bars, "en")
    assert sorted(drawn.key) in (
        ["[1] 20대 이상", "[2] 30대 이상"],
        ["[1] 30대 이상", "[2] 20대 이상"],
    )
    assert "<svg" in drawn.svg


def test_latin_and_chinese_names_stay_as_they_are() -> None:
    key = lettering.Key()
    for name in ("North", "华北区", "5 % − 3 × α", "two\nlines", "é“”…"):
        assert key.write(name) == name
    assert not key.entries


def test_a_font_of_the_machine_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl

    monkeypatch.setattr(lettering, "_elsewhere", lambda lacking: "Borrowed Sans")
    with mpl.rc_context():
        key = lettering.Key()
        assert key.write(KOREAN[0]) == KOREAN[0] and not key.entries
        key.write(KOREAN[1])
        assert mpl.rcParams["font.sans-serif"].count("Borrowed Sans") == 1
    assert "Borrowed Sans" not in mpl.rcParams["font.sans-serif"]


def test_the_machines_fonts_are_searched_by_what_they_can_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    lettering._elsewhere.cache_clear()
    # every machine with matplotlib has DejaVu Sans, and no font has this private character
    assert lettering._elsewhere(frozenset("Ж")) is not None
    assert lettering._elsewhere(frozenset("\uf8f3\U000f1234")) is None


def test_the_page_spells_the_numbers_out(capsys: pytest.CaptureFixture[str]) -> None:
    from workbench.reporting import show

    show(bars, title="A figure")
    said = capsys.readouterr().out
    assert "numbers stand for them" in said and "[1] " in said and KOREAN[0] in said


def test_a_figure_without_such_names_says_nothing_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    from workbench.reporting import show

    show(lambda ax: ax.barh(["North", "South"], [1, 2]), title="A figure")
    assert "stand for them" not in capsys.readouterr().out
    assert drawing(bars, "en").svg.startswith("<svg")
