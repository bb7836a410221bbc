"""Texts in the code pages of many countries are read as what they were written in."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.data.sources.detect import detect_encoding

WRITTEN = [
    ("cp1250", "nazwa;miasto\nŁukasz Żółć;Gdańsk\nMałgorzata Wiśniewska;Łódź\n"),
    ("cp1250", "jméno;město\nJiří Dvořák;Plzeň\nŽaneta Nováková;České Budějovice\n"),
    ("cp1250", "név;város\nSzőke Gábor;Győr\nNémeth Ágnes;Székesfehérvár\n"),
    ("cp1250", "ime;grad\nĐorđe Šimić;Čakovec\nŽeljko;Požega\n"),
    ("cp1250", "nume\nIonuţ Ţepeş\nMădălina\n"),
    ("cp1252", "nom;ville\nGonçalves François;Besançon\nZoë Brûlé;Nîmes\n"),
    ("cp1252", "nom;prix\nMuñoz Françoise;12,50 €\nGonçalves;3,00 €\nMüller;1 €\n"),
    ("cp1252", "name;ort\nJürgen Größl;Köln\nÄnne Müller;Düsseldorf\n"),
    ("cp1252", "nome;cidade\nJoão Gonçalves;São Paulo\nConceição;Maranhão\n"),
    ("cp1252", "nombre;ciudad\nMuñoz Peña;Málaga\nÑíguez;León\n"),
    ("cp1252", "navn;by\nSøren Kjær;Ålborg\nØrsted;Århus\n"),
    ("cp1252", "namn;ort\nÅsa Öberg;Malmö\nKjell Sjöström;Västerås\n"),
    ("cp1252", "betrag;art\n12,50 €;Überweisung\n3,00 €;Lastschrift\n"),
    ("cp1252", "name;note\nO’Brien;“fine” – café\n"),
    ("cp1254", "ad;şehir\nGülşah Yıldız;İstanbul\nÇağrı Öztürk;Iğdır\n"),
    ("cp1251", "имя;город\nИванов Иван;Москва\nПетрова Анна;Казань\n" * 5),
    ("cp1253", "όνομα;πόλη\nΓιώργος Παπαδόπουλος;Αθήνα\n" * 5),
    ("cp932", "氏名,都市\n山田太郎,東京\n佐藤花子,大阪\nカタカナ,名古屋\n" * 3),
    ("cp949", "이름,도시\n김철수,서울\n박영희,부산\n" * 3),
    ("gb18030", "客户,城市\n王小明,北京\n李丽,上海\n" * 3),
]


@pytest.mark.parametrize(("encoding", "text"), WRITTEN)
def test_a_text_is_read_as_it_was_written(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode(encoding))
    assert path.read_bytes().decode(detect_encoding(path)) == text
