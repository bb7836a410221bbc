"""Traditional Chinese: letters by OpenCC, terms by region, sums that say whose yuan."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from workbench.languages.traditional import REGIONS, tag_of, traditional, traditional_html
from workbench.site.words import MADE, NAMES
from workbench.study.fields import TRADITIONAL


@pytest.mark.parametrize(
    ("text", "taiwan", "hong_kong"),
    [
        ("客户数据的置信区间", "客戶資料的信賴區間", "客戶數據的置信區間"),
        ("显著性检验", "顯著性檢定", "顯著性檢驗"),
        ("检验期的购买次数", "檢驗期的購買次數", "檢驗期的購買次數"),
        ("服务质量的反馈", "服務品質的回饋", "服務質素的回饋"),
        ("回归与概率", "迴歸與機率", "迴歸與概率"),
        ("头发已经发现，干净里程", "頭髮已經發現，乾淨里程", "頭髮已經發現，乾淨里程"),
        ("建议调整8项目标值", "建議調整8項目標值", "建議調整8項目標值"),
        ("“退款”很慢", "「退款」很慢", "「退款」很慢"),
        ("预计净亏损19万元", "預計淨虧損人民幣19萬元", "預計淨虧損人民幣19萬元"),
        ("消费额（元）", "消費額（人民幣元）", "消費額（人民幣元）"),
        ("427万美元，3公里", "427萬美元，3公里", "427萬美元，3公里"),
        ("Kano, 12 %", "Kano, 12 %", "Kano, 12 %"),
    ],
)
def test_texts_are_written_as_each_region_writes_them(text, taiwan, hong_kong):
    assert traditional(text, "zh-TW") == taiwan
    assert traditional(text, "zh-HK") == hong_kong


def test_in_html_what_is_read_changes_and_what_leads_somewhere_stays():
    html = (
        '<p lang="zh-CN" id="客户"><a href="客户.html" title="客户">客户</a></p>'
        '<script>var 客户 = "客户";</script><table data-label="客户"></table>'
    )
    assert traditional_html(html, "zh-TW") == (
        '<p lang="zh-Hant-TW" id="客户"><a href="客户.html" title="客戶">客戶</a></p>'
        '<script>var 客户 = "客户";</script><table data-label="客戶"></table>'
    )


def test_what_a_card_may_name_is_what_can_be_made():
    assert set(TRADITIONAL) == set(REGIONS) == set(MADE)
    assert not set(MADE) & set(NAMES)
    assert tag_of("zh-HK") == "zh-Hant-HK"


#: Argued: Taiwan's trade says 客戶, too (客戶關係管理); RFM is explained in one word a letter.
LEFT = {"customer", "dormant", "RFM"}


def test_the_terms_of_the_house_are_those_of_the_region():
    listed = yaml.safe_load((Path(__file__).parents[1] / "terms.yml").read_text(encoding="utf-8"))
    differing = []
    for term in listed:
        for region, words in re.findall(r"(TW|HK) ([^,]+)", term.get("regions", "")):
            made = traditional(term["chinese"], f"zh-{region}")
            if not all(word in made for word in re.split("[／/]", words.strip())):
                differing.append(term["term"])
    assert set(differing) == LEFT


def test_odds_and_probability_stay_two_words():
    assert traditional("流失几率与概率", "zh-TW") == "流失勝算與機率"
