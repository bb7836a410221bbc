"""A file is looked at before it is read, and what is wrong with it is said plainly."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from workbench.data.sources.detect import detect_encoding, look_at
from workbench.errors import DataError

CHINESE = "客户编号,姓名,意见\n1,王小明,服务态度很好，下次还来。\n2,李丽,等了二十分钟才接通电话\n"


def saved(folder: Path, content: bytes | str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "utf-8-sig", "utf-8-sig"),
        (CHINESE, "utf-16", "utf-16"),
        ("a,b\n1,2\n", "ascii", "utf-8"),
        # One Chinese word in a file of numbers is enough to know.
        ("编号,b\n" + "1,2\n" * 1000, "gb18030", "gb18030"),
        # A rare character, outside GB 2312, in an ordinary name.
        ("姓名,b\n朱镕基,1\n王喆,2\n丁玥,3\n", "gb18030", "gb18030"),
    ],
)
def test_utf8_and_gb18030_are_told_apart(
    tmp_path: Path, text: str, written: str, found: str
) -> None:
    assert detect_encoding(saved(tmp_path, text.encode(written))) == found


@pytest.mark.parametrize(
    "text",
    [
        "nom,ville\nJosé Müller,Besançon\nZoë Brûlé,Orléans\nAndré Lefèvre,Nîmes\n" * 5,
        "name;ort\nJürgen Größl;Köln\nÄnne Müller;Düsseldorf\n" * 5,
    ],
)
def test_western_european_text_is_not_taken_for_chinese(tmp_path: Path, text: str) -> None:
    path = saved(tmp_path, text.encode("cp1252"))
    assert path.read_bytes().decode(detect_encoding(path)) == text


def test_traditional_chinese_in_big5_is_not_taken_for_gb18030(tmp_path: Path) -> None:
    text = "客戶編號,意見\n" + "1,服務態度很好，下次還會再來，謝謝你們的幫忙\n" * 20
    path = saved(tmp_path, text.encode("big5"))
    assert path.read_bytes().decode(detect_encoding(path)) == text


JAPANESE = (
    "注文番号,商品名,ステータス\n1,マグカップ,発送済み\n2,くつした,キャンセル確定\n"
    "3,ポスター,お届け済み\n"
)


def test_japanese_is_told_from_chinese_and_korean(tmp_path: Path) -> None:
    for encoding in ("cp932", "euc_jp"):
        assert detect_encoding(saved(tmp_path, JAPANESE.encode(encoding))) == encoding
    for text, encoding in (
        (CHINESE, "gb18030"),
        ("고객,상품\n김철수,머그컵\n이영희,양말\n", "cp949"),
    ):
        assert detect_encoding(saved(tmp_path, (text * 3).encode(encoding))) == encoding


def test_a_damaged_line_in_a_utf8_file_is_named(tmp_path: Path) -> None:
    content = (CHINESE * 50).encode() + "3,坏".encode("gb18030") + b"\n" + CHINESE.encode()
    with pytest.raises(DataError, match=r"line 151 is not UTF-8, though the rest is"):
        detect_encoding(saved(tmp_path, content))


def test_an_encoding_that_the_card_names_must_fit(tmp_path: Path) -> None:
    path = saved(tmp_path, b"id,city\n1,a\n" + "2,上海\n".encode("gb18030"))
    with pytest.raises(DataError, match="line 3 is not utf-8"):
        look_at(path, "utf-8", None)
    with pytest.raises(DataError, match="did you mean 'gb18030'"):
        look_at(path, "gb1803", None)
    assert look_at(path, "gb18030", None).encoding == "gb18030"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"PK\x03\x04" + b"\0" * 100, "this is an Excel workbook, though it is named .csv"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "an old Excel workbook"),
        (b"PAR1" + b"\0" * 100, "this is a Parquet file, though it is named .csv"),
        (b"<html><table><tr><td>1</td></tr></table>", "this is a web page or XML file"),
        (b"1001,2025-01-05,12.50\n1002,2025-01-06,8\n", "the first line is no header"),
    ],
)
def test_a_file_that_is_no_table_says_what_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = saved(tmp_path, content)
    with pytest.raises(DataError) as caught:
        look_at(path, None, None)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_a_missing_file_suggests_the_one_that_is_there(tmp_path: Path) -> None:
    saved(tmp_path, "a,b\n", "transactions.csv")
    with pytest.raises(DataError, match=r"does not exist; did you mean 'transactions\.csv'"):
        look_at(tmp_path / "transaction.csv", None, None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    rows = [["id", "note", "amount"], ["1", '"a, b; c"', "2"], ["2", "x", "3"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    found = look_at(saved(tmp_path, text), None, None)
    assert found.delimiter == delimiter
    assert found.header == ("id", "note", "amount")


def test_decimal_commas_do_not_pass_for_delimiters(tmp_path: Path) -> None:
    found = look_at(saved(tmp_path, "id;amount\n1;12,50\n2;8,00\n3;7,25\n"), None, None)
    assert found.header == ("id", "amount")


def test_a_wrong_delimiter_on_the_card_is_corrected(tmp_path: Path) -> None:
    path = saved(tmp_path, "id;amount\n1;2\n")
    with pytest.raises(DataError, match="separated by a semicolon, not by ','"):
        look_at(path, None, ",")
    with pytest.raises(DataError, match="is not one character"):
        look_at(path, None, ";;")


def test_a_compressed_file_is_looked_into(tmp_path: Path) -> None:
    path = saved(tmp_path, gzip.compress(CHINESE.encode("gb18030")), "table.csv.gz")
    found = look_at(path, None, None)
    assert (found.encoding, found.gzipped) == ("gb18030", True)
    assert found.header == ("客户编号", "姓名", "意见")


ABOVE = [
    ["Ventas", "Período: enero a marzo", "Estado al 2 de noviembre de 2025 10:00 hs."],
    ["Report;Orders", "From;01.01.2025", "To;31.12.2025", "", "Shop;Berlin;Mitte", ""],
    ["A", "", "Tienda: X; Usuario: Y", "", "", "Desde: 01/01/2025", "Hasta: 31/12/2025", "", ""],
    ["Informe;;;", "Generado;12/03/2025;;", ";;;"],
    ["Este informe, del 3 de mayo; contiene ventas; devoluciones; y cargos", "x"],
]
HEADS = ["# de venta;Fecha;Comprador;Total", "Bestellnr.;Datum;Kunde;Betrag", "单号;日期;客户;金额"]


def test_headings_below_titles_are_found_whatever_stands_above(tmp_path: Path) -> None:
    rows = [f"{i};{1 + i % 28}.03.2025;Ana {i % 5};{i},50" for i in range(30)]
    for head in HEADS:
        for above in ABOVE:
            found = look_at(saved(tmp_path, "\n".join([*above, head, *rows]) + "\n"), None, None)
            assert (";".join(found.header), found.last) == (head, len(above) + 1), above
    # words alone are rows, and so is the first one below an empty line
    plain = "Name;City;Note\n\nAnna;Berlin;x\nBert;Bonn;y\n"
    assert look_at(saved(tmp_path, plain), None, None).header == ("Name", "City", "Note")
