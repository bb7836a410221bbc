"""The words in which questionnaires let people answer, from the lowest to the highest.

A list is a scale: one entry a step, and in it the ways that this step is written. A column is read
by a list only if the list has all of its words, and no step is written in two ways: "agree" beside
"somewhat agree" is a scale of seven (or six) steps, not of five.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from workbench.data.text.answer_words_abroad import ABROAD, NO_ANSWER_ABROAD

#: Answers that give none. They are missing, and counted apart from what cannot be read.
NO_ANSWER: Final = frozenset(
    word
    for line in (
        "don't know|dont know|do not know|i don't know|i do not know|dk|not sure|unsure|can't say",
        "cannot say|hard to say|no opinion|not applicable|does not apply|n/a|na|n.a|none|null|nan",
        "refused|refuse to answer|prefer not to say|prefer not to answer|rather not say|no answer",
        "did not use|didn't use|not used|have not used|haven't used|never used|no experience",
        "skip|skipped|missing|blank|unanswered|not answered|#n/a|don't know / not applicable",
        "don't know/not applicable|don't know or not applicable|i don't know / not applicable",
        "no basis to judge|unable to rate|cannot rate|can't rate|-|--|—|/",
        "不知道|不清楚|不了解|不好说|说不清|说不清楚|不适用|无法评价|无法判断|没有意见|未使用|没用过",
        "没有使用过|未使用过|拒答|拒绝回答|不想回答|不愿回答|不愿透露|不便回答|跳过|空|未作答|未回答",
        "weiss nicht|weiss ich nicht|keine angabe|keine angaben|keine antwort|k.a|k. a|entfällt"
        "|kann ich nicht beurteilen|nicht beurteilbar|nicht genutzt",
        "未填|未填写|无|不详|弃权|缺失|没有接触过|未接触",
        NO_ANSWER_ABROAD,
    )
    for word in line.split("|")
)

#: Traditional signs, ё, and the selector of a face's colours.
_TRADITIONAL = str.maketrans(
    "滿較極當絕對應該會總從經過遠難簡單願認無覺說贊優錯ё",
    "满较极当绝对应该会总从经过远难简单愿认无觉说赞优错е",
    "\ufe0f",
)

# "A / B" are two ways to write one step; steps are parted by "|".
_ENGLISH: Final = {
    "agreement": (
        "strongly disagree / completely disagree / totally disagree / fully disagree"
        " | disagree / somewhat disagree / tend to disagree / slightly disagree"
        " | neutral / neither agree nor disagree / neither / undecided / neither agree or disagree"
        " | agree / somewhat agree / tend to agree / slightly agree"
        " | strongly agree / completely agree / totally agree / fully agree",
        "strongly disagree / completely disagree / totally disagree"
        " | disagree / moderately disagree / mostly disagree"
        " | somewhat disagree / slightly disagree / tend to disagree"
        " | neutral / neither agree nor disagree / neither / undecided"
        " | somewhat agree / slightly agree / tend to agree"
        " | agree / moderately agree / mostly agree"
        " | strongly agree / completely agree / totally agree",
        "strongly disagree | disagree / somewhat disagree | agree / somewhat agree"
        " | strongly agree",
        "strongly disagree | disagree / moderately disagree | somewhat disagree / slightly disagree"
        " | somewhat agree / slightly agree | agree / moderately agree | strongly agree",
    ),
    "satisfaction": (
        "very dissatisfied / very unsatisfied / extremely dissatisfied / completely dissatisfied"
        " | dissatisfied / unsatisfied / somewhat dissatisfied / not satisfied"
        " | neutral / neither satisfied nor dissatisfied / neither / ok / okay"
        " / neither dissatisfied nor satisfied"
        " | satisfied / somewhat satisfied"
        " | very satisfied / extremely satisfied / completely satisfied",
        "not at all satisfied / not satisfied | slightly satisfied | moderately satisfied"
        " / somewhat satisfied | very satisfied | extremely satisfied / completely satisfied",
        "very dissatisfied / extremely dissatisfied / completely dissatisfied / very unsatisfied"
        " | dissatisfied / moderately dissatisfied / mostly dissatisfied / unsatisfied"
        " | somewhat dissatisfied / slightly dissatisfied / somewhat unsatisfied"
        " | neutral / neither satisfied nor dissatisfied / neither"
        " | somewhat satisfied / slightly satisfied"
        " | satisfied / moderately satisfied / mostly satisfied"
        " | very satisfied / extremely satisfied / completely satisfied",
        "extremely dissatisfied / completely dissatisfied | very dissatisfied"
        " | somewhat dissatisfied / dissatisfied | neutral / neither satisfied nor dissatisfied"
        " | somewhat satisfied / satisfied | very satisfied"
        " | extremely satisfied / completely satisfied",
        "very dissatisfied | dissatisfied / somewhat dissatisfied | satisfied / somewhat satisfied"
        " | very satisfied",
        "very unhappy / extremely unhappy | unhappy / somewhat unhappy | neutral / neither"
        " / neither happy nor unhappy | happy / somewhat happy | very happy / extremely happy",
    ),
    "quality": (
        "very poor / very bad / terrible / awful / extremely poor | poor / bad / below average"
        " | fair / average / ok / okay / acceptable / neutral / neither good nor bad"
        " / neither good nor poor | good / above average"
        " | very good / excellent / great / outstanding / extremely good",
        "poor | fair | good | very good | excellent / outstanding",
        "terrible | poor | average / fair | good | excellent",
        "very poor | poor | fair / average | good | excellent",
        "poor | fair | good | excellent / very good",
        "extremely poor / terrible | very poor / very bad | poor / bad"
        " | fair / average / neutral | good | very good | excellent / extremely good",
    ),
    "frequency": (
        "never | rarely / seldom / almost never / hardly ever | sometimes / occasionally"
        " | often / frequently / usually / most of the time / very often | always / almost always",
        "never | rarely / seldom / very rarely | occasionally | sometimes | often / frequently"
        " | usually / very frequently / very often | always",
        "never | sometimes / rarely | often / usually | always",
    ),
    "likelihood": (
        "very unlikely / extremely unlikely / not at all likely / definitely not / highly unlikely"
        " | unlikely / somewhat unlikely / probably not"
        " | neutral / neither likely nor unlikely / maybe / neither / might or might not / possibly"
        " | likely / somewhat likely / probably / probably yes"
        " | very likely / extremely likely / definitely / definitely yes / highly likely",
        "not at all likely / not likely | slightly likely | moderately likely / somewhat likely"
        " | very likely | extremely likely / completely likely",
        "extremely unlikely / very unlikely | unlikely / moderately unlikely"
        " | slightly unlikely / somewhat unlikely | neutral / neither likely nor unlikely"
        " | slightly likely / somewhat likely | likely / moderately likely"
        " | extremely likely / very likely",
    ),
    "importance": (
        "very unimportant / not at all important / extremely unimportant | unimportant"
        " / not important / somewhat unimportant / not very important | neutral"
        " / neither important nor unimportant / neither | important / somewhat important"
        " / fairly important | very important / extremely important",
        "not at all important / not important | slightly important / of little importance"
        " | moderately important / somewhat important | very important / important"
        " | extremely important / essential",
    ),
    "ease": (
        "very difficult / extremely difficult / very hard | difficult / somewhat difficult / hard"
        " | neutral / neither easy nor difficult / neither | easy / somewhat easy"
        " | very easy / extremely easy",
        "extremely difficult / very difficult | difficult / moderately difficult"
        " | slightly difficult / somewhat difficult | neutral / neither easy nor difficult"
        " | slightly easy / somewhat easy | easy / moderately easy | extremely easy / very easy",
    ),
    "expectation": (
        "much worse than expected / far below expectations / much worse | worse than expected"
        " / below expectations / worse / somewhat worse | as expected / met expectations"
        " / about the same / about what was expected | better than expected / above expectations"
        " / better / exceeded expectations / somewhat better | much better than expected"
        " / far above expectations / far exceeded expectations / much better",
    ),
}  # fmt: skip
_GERMAN: Final = {
    "quality": (
        "ungenügend | mangelhaft | ausreichend | befriedigend | gut | sehr gut",
        "mangelhaft / ungenügend | ausreichend / genügend | befriedigend | gut | sehr gut",
        "sehr schlecht | schlecht / eher schlecht | mittelmäßig / mittelmässig / mittel / neutral"
        " / teils teils / teils/teils / teils-teils / weder noch | gut / eher gut"
        " | sehr gut / ausgezeichnet",
        "sehr schlecht | schlecht / eher schlecht | gut / eher gut | sehr gut / ausgezeichnet",
    ),
    "satisfaction": (
        "sehr unzufrieden / völlig unzufrieden / äußerst unzufrieden | unzufrieden"
        " / eher unzufrieden | neutral / weder noch / teils teils / teils/teils / teils-teils"
        " / weder zufrieden noch unzufrieden | zufrieden / eher zufrieden"
        " | sehr zufrieden / völlig zufrieden / äußerst zufrieden",
        "sehr unzufrieden / völlig unzufrieden | unzufrieden / eher unzufrieden"
        " | zufrieden / eher zufrieden | sehr zufrieden / völlig zufrieden",
        "sehr unzufrieden | unzufrieden | eher unzufrieden | neutral / weder noch / teils teils"
        " / teils/teils / teils-teils | eher zufrieden | zufrieden | sehr zufrieden",
        "sehr unzufrieden | unzufrieden | eher unzufrieden | eher zufrieden | zufrieden"
        " | sehr zufrieden",
        "unzufrieden | weniger zufrieden | zufrieden | sehr zufrieden"
        " | vollkommen zufrieden / äußerst zufrieden",
    ),
    "agreement": (
        "stimme überhaupt nicht zu / stimme gar nicht zu / trifft überhaupt nicht zu"
        " / trifft gar nicht zu / stimme nicht zu / trifft nicht zu"
        " | stimme eher nicht zu / trifft eher nicht zu / lehne eher ab"
        " | neutral / teils teils / teils/teils / teils-teils / weder noch / unentschieden"
        " | stimme eher zu / trifft eher zu"
        " | stimme voll und ganz zu / stimme voll zu / stimme völlig zu / trifft voll und ganz zu"
        " / trifft voll zu / trifft völlig zu / stimme zu / trifft zu",
        "stimme überhaupt nicht zu / stimme gar nicht zu / stimme nicht zu / trifft nicht zu"
        " / trifft gar nicht zu / trifft überhaupt nicht zu"
        " | stimme eher nicht zu / trifft eher nicht zu | stimme eher zu / trifft eher zu"
        " | stimme voll und ganz zu / stimme voll zu / stimme zu / trifft zu"
        " / trifft voll und ganz zu / trifft voll zu",
    ),
}  # fmt: skip
#: Chinese scales are made of a word and its negation.
_CHINESE_WORDS: Final = {
    "agreement": ("同意", "赞同", "认同", "赞成", "符合"),
    "satisfaction": ("满意",),
    "likelihood": ("可能", "愿意"),
    "importance": ("重要",),
    "ease": ("容易", "方便", "便利"),
    "quality": ("友好", "专业", "及时", "清楚", "干净"),
}
_CHINESE: Final = {
    "quality": (
        "非常差 / 很差 / 极差 / 十分差 / 非常不好 / 很不好 / 非常糟糕"
        " | 差 / 较差 / 比较差 / 不好 / 不太好"
        " | 一般 / 中等 / 普通 / 尚可 / 还可以 | 好 / 较好 / 比较好 / 良好"
        " | 非常好 / 很好 / 极好 / 十分好 / 优秀",
        "差 / 很差 | 较差 | 一般 / 中等 | 较好 / 良好 | 好 / 很好 / 优秀",
        "非常差 / 很差 / 极差 | 差 / 不好 | 较差 / 比较差 / 有点差 | 一般 / 中等"
        " | 较好 / 比较好 | 好 | 非常好 / 很好 / 极好",
    ),
    "frequency": (
        "从不 / 从来不 / 从未 / 没有 | 很少 / 极少 / 偶尔 | 有时 / 有时候 / 偶尔"
        " | 经常 / 常常 / 时常 / 通常 | 总是 / 一直 / 每次 / 每次都",
    ),
    "likelihood": (
        "肯定不会 / 一定不会 / 绝对不会 | 可能不会 / 不太会 / 大概不会 / 不会"
        " | 不确定 / 说不准 / 一般 / 不一定"
        " | 可能会 / 大概会 / 会 / 比较会 | 肯定会 / 一定会 / 绝对会",
    ),
    "ease": ("非常困难 / 很难 / 非常难 | 困难 / 比较困难 / 较难 / 难 | 一般 / 中立"
             " | 容易 / 比较容易 / 较容易 | 非常容易 / 很容易",),
    "satisfaction": (
        "很不满意 / 非常不满意 | 不满意 | 基本满意 | 满意 / 比较满意 | 很满意 / 非常满意",
    ),
    "expectation": (
        "远低于期望 / 远低于预期 | 低于期望 / 低于预期 | 符合期望 / 符合预期 / 与预期一致"
        " | 高于期望 / 超出预期 / 高于预期 | 远高于期望 / 远超预期 / 远高于预期",
    ),
}  # fmt: skip
_VERY = ("非常", "很", "完全", "十分", "极其", "极", "特别", "强烈", "绝对")
_RATHER = ("比较", "较", "有点", "有些", "略", "还算", "基本")
_MIDDLE = ("一般", "中立", "不确定", "无所谓", "普通", "中等", "说不准", "不一定")


@dataclass(frozen=True)
class WordScale:
    """A scale of words.

    Attributes
    ----------
    family : str
        What is asked: agreement, satisfaction, ...
    steps : tuple of frozenset of str
        From the lowest to the highest: how each is written.
    """

    family: str
    steps: tuple[frozenset[str], ...]

    def fits(self, words: Sequence[str]) -> bool:
        """Tell whether it has all of these words, no step of them written in two ways."""
        places = [self.place(word) for word in words]
        return None not in places and len(set(places)) == len(places)

    def place(self, word: str) -> int | None:
        """Give the step of a word, from 0."""
        return next((i for i, step in enumerate(self.steps) if word in step), None)


def folded(text: str) -> str:
    """Write an answer so that ways to write the same words are one."""
    bare = unicodedata.normalize("NFKC", text).casefold().translate(_TRADITIONAL)
    # ODK's and ONA's names of choices: strongly_agree
    bare = bare.replace("’", "'").replace("‘", "'").replace("_", " ")
    return " ".join(bare.split()).strip(" .。!！,，;；:：()（）[]【】\"'")


@cache
def word_scales() -> tuple[WordScale, ...]:
    """Give the scales of words that are known."""
    found = [
        WordScale(family, _steps(text))
        for known in (_ENGLISH, _GERMAN, ABROAD, _CHINESE)
        for family, texts in known.items()
        for text in texts
    ]
    for family, words in _CHINESE_WORDS.items():
        for word in words:
            found += [WordScale(family, steps) for steps in _with_negation(word)]
    return tuple(found)


def _steps(text: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(folded(way) for way in step.split(" / ")) for step in text.split(" | "))


def _with_negation(word: str) -> list[tuple[frozenset[str], ...]]:
    """Give the scales of five, seven and four steps of a word such as 满意."""
    no = f"不{word}"
    middle = frozenset((*_MIDDLE, f"既不{word}也不{no}", f"既不{no}也不{word}"))
    very = [frozenset(v + w for v in _VERY) for w in (no, word)]
    rather_not = frozenset((*(r + no for r in _RATHER), f"不太{word}", f"不大{word}"))
    rather = frozenset(r + word for r in _RATHER if r != "基本")
    one, other = frozenset((no,)), frozenset((word,))
    return [
        (very[0], one | rather_not, middle, other | rather, very[1]),
        (very[0], one, rather_not, middle, rather, other, very[1]),
        (very[0], one | rather_not, other | rather, very[1]),
    ]


def is_no_answer(text: str) -> bool:
    """Tell whether a text says that there is no answer: don't know, 不适用, (skipped)."""
    return folded(text) in NO_ANSWER


#: Codes that systems write where nobody answered.
CODES: Final = frozenset(
    map(float, (-1, -2, -7, -8, -9, -77, -88, -98, -99, -999, 8, 9, 77, 88, 97, 98, 99, 777, 888,
                997, 998, 999, 9999))
)  # fmt: skip
#: Codes from here on lie far off the scales on which they stand.
_FAR: Final = 77
#: Scales that questionnaires have.
USUAL_SCALES: Final = (
    (1, 4), (1, 5), (0, 4), (1, 6), (1, 7), (-2, 2), (-3, 3), (0, 10), (1, 10), (1, 11),
)  # fmt: skip


def without_codes(numbers: Collection[float]) -> set[float]:
    """Leave out the codes for no answer that lie far off a scale; where all are such, none."""
    return {n for n in numbers if n not in CODES or abs(n) < _FAR} or set(numbers)


def shortest_scale(
    low: float, high: float, scales: Sequence[tuple[int, int]] = USUAL_SCALES
) -> tuple[int, int] | None:
    """Give the shortest scale that has all answers; one from 1 where none of them is below."""
    fitting = [scale for scale in scales if scale[0] <= low and high <= scale[1]]
    if low >= 1:
        fitting = [scale for scale in fitting if scale[0] == 1] or fitting
    return min(fitting, key=lambda scale: scale[1] - scale[0], default=None)
