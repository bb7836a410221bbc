"""A codebook is checked when it is read, and its errors name line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.study.codebook import DEFAULT, CodebookError, read_codebook

GOOD = """\
aspects:
  price:
    title: {en: Price, zh: 价格}
    words:
      en: [price*, too expensive]
      zh: [价格, 太贵]
      except: {en: [price list]}
  staff:
    words: {en: [clerk*]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "codebook.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_codebook_gives_titles_words_and_exceptions(tmp_path: Path) -> None:
    book = read_codebook(write(tmp_path, GOOD))
    assert list(book) == ["price", "staff"]
    assert book["price"]["title"] == {"en": "Price", "zh": "价格"}
    assert book["price"]["words"]["zh"] == ["价格", "太贵"]
    assert book["price"]["except"] == {"en": ["price list"]}
    assert book["staff"]["title"] == {"en": "staff"}


def test_the_codebook_for_services_is_sound_and_in_both_languages() -> None:
    book = read_codebook()
    assert DEFAULT.is_file() and len(book) >= 6
    for aspect in book.values():
        assert set(aspect["title"]) == {"en", "zh"}
        assert aspect["words"]["en"] and aspect["words"]["zh"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "words:\n      en",
            "word:\n      en",
            r"line 4, aspects.price.word: unknown key; did you mean 'words'",
        ),
        (
            "[clerk*]",
            "[price*]",
            r"line 9, aspects.staff.words.en\[0\]: 'price\*' stands under 'price' and 'staff'",
        ),
        ("{en: [clerk*]}", "{}", r"line 9, aspects.staff.words: give at least one word"),
        (
            "[clerk*]",
            "clerk",
            r"line 9, aspects.staff.words.en: 'clerk' does not fit; write a list",
        ),
        (
            "[clerk*]",
            "[cl*rk]",
            r"line 9, aspects.staff.words.en\[0\]: 'cl\*rk'; `\*` may only end a word",
        ),
        (
            "{en: [price list]}",
            "{de: [Preis]}",
            r"line 7, aspects.price.words.except.de: write en or zh",
        ),
        ("  staff:\n", "  price:\n", r"line 8, aspects.price: given twice"),
        ("[clerk*]", "[5]", r"line 9, aspects.staff.words.en\[0\]: 5 does not fit; write a text"),
    ],
)
def test_errors_name_file_line_and_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(CodebookError, match=said) as caught:
        read_codebook(path)
    assert str(path) in str(caught.value)


def test_all_errors_of_a_codebook_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("[clerk*]", "[cl*rk, price*]")
    with pytest.raises(CodebookError, match=r"2 problems\n  line 9"):
        read_codebook(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("aspects: {}\n", "line 1, aspects"),
        ("aspects:\n  price: [a\n", "line 3: not readable as YAML"),
    ],
)
def test_a_codebook_that_is_none_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CodebookError, match=said):
        read_codebook(write(tmp_path, text))


def test_a_missing_codebook_says_where_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(CodebookError, match=r"there is no such file; correct survey\.codebook"):
        read_codebook(tmp_path / "none.yml")


def test_a_codebook_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "codebook.yml"
    path.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(CodebookError, match="not UTF-8"):
        read_codebook(path)
