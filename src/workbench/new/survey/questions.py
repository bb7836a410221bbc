"""Finds the questions of a survey: which columns are answers on a scale, and on which one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from workbench.data.clean.answers import fitting_scales, is_coded, shown, without_strays, words_in
from workbench.data.text.answer_words import (
    CODES,
    USUAL_SCALES,
    is_no_answer,
    shortest_scale,
    without_codes,
)
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import OpenQuestion, Option, Proposal
from workbench.new.survey.choices import columns_of_choices, questions_of_choices
from workbench.new.survey.hints import ends_named, is_camp, said_twice
from workbench.study.survey import SERVQUAL_ITEMS
from workbench.study.waves import order_of_names

_ENDS_SAID: Final = re.compile(r"(?<!\d)(-?\d{1,2})\s*(?:-|–|—|~|to|bis|à|至|到)\s*(\d{1,3})(?!\d)")
_OVERALL: Final = re.compile(
    r"overall|in general|all in all|as a whole|csat|osat|总体|整体|总的|綜合|综合|総合|全体|総じて"
    r"|gesamt|insgesamt|en general\b|en conjunto|global|dans l.ensemble|nel complesso|no geral"
    r"|전반",
    re.I,
)
_REMARK: Final = re.compile(
    r"comment|suggest|feedback|remark|tell us|in your own words|意见|建议|留言|评论|其他想说"
    r"|bemerkung|anmerkung|kommentar|anregung|意見|要望|感想|コメント|comentario|sugerencia|observacion"
    r"|commentaire|remarque|commenti|osservazioni|comentário|의견|opmerking"
    r"|anything else|do better|improve|why did you|why do you|reason for your (?:score|rating)"
    r"|改进|改善|还有什么|原因是|为什么",
    re.I,
)
_NOT_ASKED: Final = re.compile(
    r"(?:\b|_)id$|^(?:id|no\.?|nr\.?|#|序号|编号|row|index)$|年龄|\bage\b|总分|得分合计|progress|finished|duration"
    r"|seconds|latitude|longitude|weight|^w$|权重|\bip\b|year|年份|_complete$|credit|信用分"
    # what the tools of fieldwork note of an interview
    r"|^(?:missing|missrel|lastpage|maxpage|q_viewer|time_\w+|time\d+|deg_time|dispcode|lfdn|quality"
    r"|quota|rts\d+|tester|device_type|finished|mode|serial|case|last_?page|start_?language)\b",
    re.I,
)
#: Several answers may be chosen.
_SEVERAL: Final = re.compile(
    r"select all|choose all|all that apply|multiple|多选|可多选|複数|mehrfach|marque todos"
    r"|plusieurs",
    re.I,
)
#: Names that say nothing of what was asked.
_NAMELESS: Final = re.compile(r"(?i)[a-z]{1,4}[ _.-]?\d{1,4}(?:[_.]?[a-z0-9]{1,2})*")
#: Words before a number that are those of a scale: "Stufe 3".
_STEPS: Final = re.compile(
    r"(?i)level|score|note|grade|stufe|punkte?|rating|stars?|points?|answer|选项"
)
#: Standard names of items, which need no mapping.
_STANDARD: Final = re.compile(r"(?:exp|per|imp)_\w+")
#: Share of a column's answers that must show a number or a known word.
_NEARLY_ALL: Final = 0.9
#: Waves of which one may ask in which order they came.
MOST_WAVES: Final = 24
#: Answers from which on numbers that nobody gave were not to be had.
_TELLING: Final = 30
_NUMBERED: Final = re.compile(r"(?i)^(?:q|item|question|frage|题|第|exp_|per_|imp_)\s*_?\d")
#: Different answers in words that a scale may have.
_MOST_WORDS: Final = 11
_SHORT_HEADING: Final = 24
_WEIGHT: Final = re.compile(r"w|wt|wgt|weights?|weighting|权重|权数|加权", re.IGNORECASE)


@dataclass(frozen=True)
class ScaleColumn:
    """A column of answers on a scale.

    Attributes
    ----------
    column : ColumnProfile
    scale : tuple of int
    sure : bool
        Whether both ends were used, or words or the heading say the scale.
    codes : tuple of str
        Values that lie far off the scale and usually stand for no answer, as they are written.
    seen : tuple of float
        The lowest and the highest answer.
    turned : bool
        Whether the words beside the numbers say that the lowest is the best.
    """

    column: ColumnProfile
    scale: tuple[int, int]
    sure: bool
    codes: tuple[str, ...] = ()
    seen: tuple[float, float] = (0, 0)
    turned: bool = False

    def other_than(self, scale: tuple[int, int]) -> bool:
        """Tell whether the answers contradict a scale, or say another one."""
        text = self.column.said
        said = _ENDS_SAID.search(text) is not None or ends_named(text) is not None
        outside = self.seen[0] < scale[0] or self.seen[1] > scale[1]
        return self.scale != scale and (said or outside)


def rating_of(p: ColumnProfile, *, kin: bool = False) -> ScaleColumn | None:
    """Tell on which scale a column's answers are; None where it holds no such answers.

    Two different numbers are enough for a column that is called as others are that are ratings.
    """
    if not len(p.texts) or p.when or p.mail > 0.5:
        return None
    counts = p.texts.value_counts()
    if len(counts) > 60:
        return _slider(p)
    if any(map(is_coded, map(str, counts.index))) and "[" not in p.name:
        return None  # A1 is an answer to a line of an array, and elsewhere a shelf
    numbers: Counter[float] = Counter()
    written: dict[float, str] = {}
    named = True
    strange: dict[str, int] = {}
    labels: dict[float, str] = {}
    for text, n in counts.items():
        if is_no_answer(str(text)):
            continue
        if (found := shown(str(text))) is not None:
            if found.label and is_no_answer(found.label):
                continue
            numbers[found.number] += int(n)
            written[found.number] = str(text)
            named &= bool(found.label)
            labels[found.number] = found.label
        else:
            strange[str(text)] = int(n)
    if words := without_strays(strange, sum(numbers.values())):
        return _in_words(p, words, numbers)
    if not numbers:  # nobody has answered
        return None
    alike = set(labels.values())
    if named and len(numbers) > 1 and len(alike) == 1 and not _STEPS.fullmatch(min(alike)):
        return None  # "Branch 3" counts branches
    said = _ENDS_SAID.search(p.said)
    seen = without_codes(numbers)
    # -1 beside 0 is an answer on a scale around it, unless there is no such scale
    if min(seen) < 0 and not any(s[0] <= min(seen) and max(seen) <= s[1] for s in USUAL_SCALES):
        seen = {n for n in seen if n >= 0 or n not in CODES} or seen
    if said is None:
        seen -= _codes_beside(numbers, seen)
    codes = set(numbers) - seen
    if len(seen) < (2 if kin else 3) or any(n * 2 % 1 for n in seen):
        return None
    low, high = min(seen), max(seen)
    known = [(int(said[1]), int(said[2]))] if said else []
    if (named_ends := ends_named(p.said)) is not None:
        known.insert(0, named_ends[:2])
    known = [ends for ends in known if ends[0] <= low and high <= ends[1]]
    scale = shortest_scale(low, high, known or USUAL_SCALES)
    if scale is None:
        return _slider(p)
    # nobody asks on 1 to 4 or to 6 half as often as on 1 to 5 or to 7, unless each has a name
    unused = {} if named else {(1, 4): (1, 5), (1, 6): (1, 7)}
    scale = scale if known or low > 1 or scale not in unused else unused[scale]
    # 0 below 1 to 5 is what some tools write for no answer
    sure = bool(known) or ((low, high) == scale and scale != (0, 5))
    given = tuple(written[n] for n in sorted(codes))
    return ScaleColumn(p, scale, sure, given, (low, high), _turned(labels))


def _turned(labels: Mapping[float, str]) -> bool:
    """Tell whether words beside numbers go from the best to the worst."""
    said = {n: words_in(label) for n, label in sorted(labels.items()) if label}
    fits = fitting_scales(said.values()) if len(said) > 1 else []
    places = [[scale.place(word) or 0 for word in said.values()] for scale in fits]
    return bool(places) and all(
        own == sorted(own, reverse=True) and own[0] != own[-1] for own in places
    )


def _slider(p: ColumnProfile) -> ScaleColumn | None:
    """Tell a question that was answered on a slider from 0 to 100."""
    named = _NUMBERED.match(p.said.strip()) or p.said.strip().endswith(("?", "？"))
    numbers = pd.to_numeric(p.texts, errors="coerce").dropna()
    if not (named or p.heading.has("satisfaction", "recommend")) or len(numbers) < len(p.texts):
        return None
    low, high = float(numbers.min()), float(numbers.max())
    if not (0 <= low <= 20 and 80 <= high <= 100):
        return None
    return ScaleColumn(p, (0, 100), (low, high) == (0, 100), seen=(low, high))


def _codes_beside(numbers: Mapping[float, int], seen: set[float]) -> set[float]:
    """Find 8 and 9 above a scale that ends well below them: with so many, somebody said 6 and 7.

    And 0 below a scale of five or seven: some tools write it where nobody answered.
    """
    zero = 0.0 in seen and max(seen) in (5, 6, 7) and len(seen) > 4
    if zero and sum(numbers.values()) >= _TELLING and numbers[0.0] < 0.15 * sum(numbers.values()):
        return {0.0}
    above = seen & {8.0, 9.0}
    rest = seen - above
    given = sum(numbers[n] for n in seen)
    if not above or len(rest) < 3 or not 0 <= min(rest) <= max(rest) < min(above) - 1:
        return set()
    few = sum(numbers[n] for n in above) < 0.3 * given
    return above if few and given >= _TELLING and max(rest) >= 4 else set()


def _in_words(
    p: ColumnProfile, words: Sequence[str], numbers: Counter[float]
) -> ScaleColumn | None:
    different = len(set(map(words_in, words)))
    steps = {len(scale.steps) for scale in fitting_scales(words)}
    if not steps or different + len(numbers) < 3:
        return None
    if numbers and max(numbers) > max(steps):
        return None
    best = 5 if 5 in steps else min(steps)
    return ScaleColumn(p, (1, best), len(steps) == 1 or different > best - 1, seen=(1, best))


def find_questions(proposal: Proposal) -> None:
    """Find a survey's scores, comment and items, and what the card must say of them."""
    columns = proposal.columns
    taken = set(columns.values())
    free = [p for p in proposal.columns_of_file if p.name not in taken]
    free = [p for p in free if not _aside(p)]
    ratings = {p.name: r for p in free if (r := rating_of(p)) is not None}
    twice = said_twice({n: r.column for n, r in ratings.items()}, free)
    free = [p for p in free if p.name not in twice]
    stems = {_stem(name) for name in ratings if _stem(name) != name}
    kin = {p.name: rating_of(p, kin=True) for p in free if _stem(p.name) in stems}
    ratings = {p.name: r for p in free if (r := ratings.get(p.name) or kin.get(p.name)) is not None}
    unknown = _alike_in_unknown_words([p for p in free if p.name not in ratings])
    ratings |= unknown
    section: dict[str, Any] = {}
    scales: dict[str, list[int]] = {}
    _satisfaction(proposal, ratings, scales)
    turned = {}
    overall = next((c for c in ("csat", "csat5", "csat10") if c in columns), None)
    if overall is not None:
        named = ends_named(proposal.own[columns[overall]].said)
        known = rating_of(proposal.own[columns[overall]])
        if named is None and known is not None and known.turned:
            named = (*known.scale, True)
        if named is not None and named[2]:
            low, high, _ = named
            turned[overall] = {f"{n}": low + high - n for n in range(low, high + 1)}
    recommend = proposal.column("recommend")
    if recommend is not None:
        ratings.pop(recommend.name, None)
        found = rating_of(recommend)
        ends_said = _ENDS_SAID.search(recommend.said) is not None
        usual_ones = ((0, 10),) if ends_said else ((0, 10), (1, 10))
        if found is not None and found.scale not in usual_ones and _apart(found):
            scales["recommend"] = list(found.scale)
    if "comment" not in columns:
        remarks = [p for p in free if _REMARK.search(p.said) and p.distinct]
        remarks = [p for p in remarks if p.name not in ratings]
        if remarks:
            columns["comment"] = max(remarks, key=lambda p: p.distinct).name
    sided = [name for name in ratings if _STANDARD.fullmatch(name)]
    items = {name: r for name, r in ratings.items() if name not in sided}
    asked = [ratings[name] for name in sided] or list(items.values())
    if asked:
        counts = Counter(r.scale for r in asked)
        # of scales that as many items show the wider one: nobody need use its ends
        usual = max(counts, key=lambda s: (counts[s], s[1] - s[0]))
        section["scale"] = list(usual)
        section["sure"] = any(r.sure for r in asked if r.scale == usual)
        own = sorted({name[4:] for name in sided})
        if sided and own != list(SERVQUAL_ITEMS):  # these have dimensions of their own
            section["dimensions"] = {"service": own}
        items = {name: _beside(r, usual) for name, r in items.items()}
        ratings |= items
        if not sided and len(items) > 1:
            section |= _items(proposal, items)
            codes = section.pop("codes")
            told = {n: ends_named(r.column.said) for n, r in items.items()}
            low_best = {n for n, ends in told.items() if ends and ends[2]}
            low_best |= {n for n, r in items.items() if r.turned and told[n] is None}
            section["reversed"] = [codes[n] for n in items if n in low_best]
            if overall is None and recommend is None and _unsaid(items):
                section["unsaid"] = [(n, *r.scale) for n, r in items.items()]
            scales |= {codes[n]: list(r.scale) for n, r in items.items() if r.other_than(usual)}
    if scales:
        section["scales"] = scales
    if turned:
        section["turned"] = turned
    if unknown:
        words = [str(w) for r in unknown.values() for w in r.column.texts]
        section["words"] = sorted(dict.fromkeys(words))
    weight = [
        p for p in proposal.columns_of_file if _WEIGHT.fullmatch(p.name.strip()) and _positive(p)
    ]
    if len(weight) == 1:
        section["weights"] = weight[0].name
        ratings.pop(weight[0].name, None)
    own_words = [
        p for p in free
        if (p.free_text or _REMARK.search(p.said))
        and p.name not in {*ratings, *columns.values(), *unknown}
    ]  # fmt: skip
    if own_words:
        section["open"] = {p.name: p.wording or p.name for p in own_words}
    used = {*taken, *ratings, *columns.values(), *(p.name for p in [*weight, *own_words]), *twice}
    rest = [p for p in proposal.columns_of_file if p.name not in used]
    if several := questions_of_choices(rest, used):
        section["questions"] = several
    if groups := _groups(proposal, {*ratings, *columns_of_choices(several)}):
        section["groups"] = groups
    _codes(proposal, ratings)
    proposal.survey = section
    _waves(proposal)


def _beside(found: ScaleColumn, usual: tuple[int, int]) -> ScaleColumn:
    """Take back codes for no answer that lie on the scale of the other items."""
    numbers = [(code, shown(code)) for code in found.codes]
    inside = [c for c, n in numbers if n is not None and usual[0] <= n.number <= usual[1]]
    if not inside or found.seen[1] > usual[1]:
        return found
    codes = tuple(c for c in found.codes if c not in inside)
    return replace(found, scale=usual, codes=codes)


def _unsaid(items: Mapping[str, ScaleColumn]) -> bool:
    """Tell items of which no heading says what was asked: v_101, v_102."""
    return all(_NAMELESS.fullmatch(n) and not r.column.wording for n, r in items.items())


def _alike_in_unknown_words(columns: Sequence[ColumnProfile]) -> dict[str, ScaleColumn]:
    """Find questions that share a few answers in words (or signs) that no usual scale has.

    Nobody but the study can say in which order these stand, so the card asks.
    """
    said: dict[str, set[str]] = {}
    for p in columns:
        words = {str(text).strip() for text in p.texts.unique()[: _MOST_WORDS + 2]}
        words = {word for word in words if word and not is_no_answer(word)}
        about = p.heading.has("gender", "place", "group", "birth", "category", "channel", "product")
        if 3 <= len(words) <= _MOST_WORDS and not (p.numeric or p.when or p.boolean or about):
            said[p.name] = words
    found = {}
    for p in columns:
        mine = said.get(p.name, set())
        kin = [w for name, w in said.items() if name != p.name and len(mine & w) * 5 >= 3 * len(w)]
        if mine and kin:
            steps = len(mine.union(*kin))
            if steps <= _MOST_WORDS:
                found[p.name] = ScaleColumn(p, (1, steps), False, seen=(1, steps))
    return found


def _positive(p: ColumnProfile) -> bool:
    """Tell numbers that may be weights: none below zero, and not all the same."""
    numbers = pd.to_numeric(p.texts, errors="coerce")
    return bool(p.distinct > 2 and numbers.notna().mean() > _NEARLY_ALL and numbers.min() >= 0)


def answers_of(proposal: Proposal) -> set[str]:
    """Name the columns that hold answers to items, which the file calls as the card does."""
    dimensions = (proposal.survey or {}).get("dimensions", {})
    items = {item for items in dimensions.values() for item in items}
    names = {p.name for p in proposal.columns_of_file}
    own = {name for name in names if name in items or _STANDARD.fullmatch(name)}
    return own | columns_of_choices((proposal.survey or {}).get("questions", {}))


def _aside(p: ColumnProfile) -> bool:
    """Tell columns of numbers that nobody was asked for; a region's or a gender's may be codes."""
    short = len(p.said.split()) <= 3 and len(p.said) <= _SHORT_HEADING
    about = short and p.heading.has("gender", "place") and not p.heading.has("satisfaction")
    return p.heading.has("phone", "birth") or about or bool(_NOT_ASKED.search(p.name))


def _stem(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _apart(found: ScaleColumn) -> bool:
    """Tell whether recommending was surely not asked on 0 to 10."""
    return found.scale[1] == 11 or found.sure or len(found.column.texts) >= 30


def _satisfaction(
    proposal: Proposal, ratings: dict[str, ScaleColumn], scales: dict[str, list[int]]
) -> None:
    """Find overall satisfaction among the ratings, and take it out of them."""
    if {"csat", "csat5", "csat10"} & set(proposal.columns):
        overall_ = proposal.column("csat")
        known = rating_of(overall_) if overall_ is not None else None
        if known is not None:
            scales["csat"] = list(known.scale)
        return
    about = [r for r in ratings.values() if r.column.heading.has("satisfaction")]
    about += [r for r in ratings.values() if _OVERALL.search(r.column.said) and r not in about]
    overall = [r for r in about if _OVERALL.search(r.column.said)] or about
    if not overall or (len(overall) > 1 and not _OVERALL.search(overall[0].column.said)):
        return
    found = overall[0]
    name = {(1, 5): "csat5", (1, 10): "csat10"}.get(found.scale, "csat")
    proposal.columns[name] = found.column.name
    ratings.pop(found.column.name)
    if name == "csat":
        scales["csat"] = list(found.scale)


def _items(proposal: Proposal, items: dict[str, ScaleColumn]) -> dict[str, Any]:
    """Name the items: by their columns where these are short, else by numbers."""
    short = all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,11}", name) for name in items)
    if short:
        codes = {name: name for name in items}
        said = {name: r.column.wording for name, r in items.items() if r.column.wording}
        worded = _wordings(list(said.values()), list(said))
        return {
            "codes": codes,
            "columns": {"perception": "{item}"},
            "dimensions": {"service": list(items)},
        } | ({"items": worded} if len(worded) == len(items) else {})
    codes = {name: f"{i:02d}" for i, name in enumerate(items, 1)}
    for name, code in codes.items():
        proposal.columns[f"per_{code}"] = name
    return {
        "codes": codes,
        "items": _wordings([items[name].column.said for name in codes], list(codes.values())),
        "dimensions": {"service": list(codes.values())},
    }


def _wordings(said: Sequence[str], codes: Sequence[str]) -> dict[str, str]:
    """Give the items' own words, without the group or the instruction that all of them bear.

    "Please rate: [Prices are fair]", "Service/Prices are fair", "1.请评价:价格合理".
    """
    own = [re.sub(r"^.*\[([^\[\]]{4,})\]$", r"\1", text.strip()) for text in said]
    marks = r"/|[:：]\s*|\s>>\s|\s[-–—]\s|[-–—]{2}"
    parts = [re.split(f"(?:{marks})", text) for text in own]
    if len(own) > 1 and all(len(part) > 1 for part in parts):
        if len({part[0] for part in parts}) == 1:
            own = [re.split(marks, text, maxsplit=1)[1] for text in own]
        elif len({part[-1] for part in parts}) == 1:  # Alchemer: the instruction is behind
            own = [part[0] for part in parts]
    return dict(zip(codes, (text.strip() for text in own), strict=True))


def _groups(proposal: Proposal, answers: set[str]) -> list[str]:
    """Name the columns by which answers may be compared."""
    mapped = set(proposal.columns.values())
    return [
        p.name
        for p in proposal.columns_of_file
        if p.name not in mapped
        and p.name not in answers
        and 2 <= p.distinct <= 12
        and p.repeats >= 5
        and p.filled > 0.5
        and not (_SEVERAL.search(p.said) or p.texts.str.contains("┋").any())
        and not (p.numeric or p.when or p.boolean or p.mail > 0 or is_camp(p))
        and p.heading.has("gender", "place", "group", "birth", "category", "channel")
    ][:4]


def _codes(proposal: Proposal, ratings: dict[str, ScaleColumn]) -> None:
    """Ask whether values far off a scale stand for no answer."""
    codes = {name: list(r.codes) for name, r in ratings.items() if r.codes}
    if not codes:
        return
    said = ", ".join(sorted({code for found in codes.values() for code in found}))
    proposal.questions.append(
        OpenQuestion(
            "missing",
            f"Does {said} in {', '.join(list(codes)[:6])} stand for no answer?",
            [Option("no answer", {"missing": codes}), Option("answers", {"missing": None})],
        )
    )


def _waves(proposal: Proposal) -> None:
    """Ask for the order of waves that neither days nor their names put in order of time."""
    wave, days = proposal.column("wave"), proposal.column("answered_on")
    if wave is None or wave.distinct < 2 or wave.distinct > MOST_WAVES:
        return
    names = list(dict.fromkeys(map(str, wave.texts)))
    if order_of_names(names) is not None or (days is not None and days.filled > 0.5):
        return
    listed = ", ".join(map(repr, names))
    proposal.questions.append(
        OpenQuestion(
            "survey.waves",
            f"In which order of time did the waves in {wave.name!r} come? Nothing says it",
            [
                Option(f"as in the file: {listed}", {"survey.waves": names}),
                Option("the other way round", {"survey.waves": names[::-1]}),
            ],
            default=None,
        )
    )


def survey_lines(proposal: Proposal) -> Iterator[str]:
    """Write the survey's part of the card."""
    section = proposal.survey
    if proposal.standard != "survey":
        return
    yield "survey:"
    if not section and not any(q.key == "survey.waves" for q in proposal.questions):
        yield "  groups: [segment, region]   # only recommending or a comment was asked"
    if "scale" in section:
        low, high = section["scale"]
        mark = "the answers run from" if section["sure"] else "CHECK: was it asked on"
        yield f"  scale: [{low}, {high}]            # {mark} {low} to {high}"
    if "words" in section:
        yield "  # CHECK answers: what these words stand for, from 1 for the worst; until then they"
        yield "  # cannot be read"
        each = ", ".join(f"{json.dumps(word, ensure_ascii=False)}: " for word in section["words"])
        yield f"  # answers: {{{each}}}"
    if "turned" in section:
        written = json.dumps(section["turned"], ensure_ascii=False)
        yield f"  answers: {written}   # the heading says that the lowest is best"
    if section.get("reversed"):
        written = json.dumps(section["reversed"], ensure_ascii=False)
        yield f"  reversed: {written}   # their headings say that the lowest is best"
    for key in ("scales", "columns"):
        if key in section:
            yield f"  {key}: {json.dumps(section[key], ensure_ascii=False)}"
    if "unsaid" in section:
        each = ", ".join(f"{name} ({low} to {high})" for name, low, high in section["unsaid"])
        yield (
            f"  # CHECK items: no heading says what was asked in {each}; map overall satisfaction"
            " (csat) and recommending (recommend) under columns, and take what is no item out of"
            " the dimensions"
        )
    if "items" in section:
        yield "  items:                   # their wording; a text a language: {en: ..., zh: ...}"
        for code, text in section["items"].items():
            yield f"    {json.dumps(code)}: {json.dumps(text, ensure_ascii=False)}"
    if "dimensions" in section:
        yield "  # what the items measure: split them, and take out what is no item"
        yield f"  dimensions: {json.dumps(section['dimensions'], ensure_ascii=False)}"
    if "waves" in section:
        yield f"  waves: {json.dumps(section['waves'], ensure_ascii=False)}"
    for question in proposal.questions:
        if question.key == "survey.waves":
            yield f"  # CHECK waves: {question.asks}"
            for option in question.options:
                order = json.dumps(option.sets["survey.waves"], ensure_ascii=False)
                yield f"  #   {option.label}: waves: {order}"
    if "open" in section:
        yield "  open:                    # answered in people's own words, beside `comment`"
        for name, text in section["open"].items():
            said = f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(text, ensure_ascii=False)}"
            yield f"    {said}"
    if "weights" in section:
        own = json.dumps(section["weights"], ensure_ascii=False)
        yield f"  weights: {{column: {own}}}   # CHECK: do these weights stand for all customers"
    if "questions" in section:
        yield "  questions:               # several answers could be ticked"
        for name, entry in section["questions"].items():
            said = json.dumps(entry, ensure_ascii=False)
            yield f"    {json.dumps(name, ensure_ascii=False)}: {said}"
    if "groups" in section:
        yield f"  groups: {json.dumps(section['groups'], ensure_ascii=False)}"
    yield ""
