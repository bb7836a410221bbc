"""Exports of survey tools give the answers that were put in, whichever tool wrote them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pyreadstat
import pytest

from workbench.data import open_tables
from workbench.new.study import start_study
from workbench.new.tables.opening import open_file

ITEMS = ["The staff were helpful", "The shop was clean", "Prices are fair"]
AGREE = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]
PLEASED = ["Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied"]
SATISFIED, RECOMMEND = "Overall, how satisfied are you?", "How likely are you to recommend us?"
CHANNELS, REMARK = "Which channels do you use?", "Any comments?"
CHOICES = ["Mobile App", "Shop", "Phone"]
N = 24
#: Three answers from 1 to 5, satisfaction from 1 to 5, recommending from 0 to 10, what was ticked.
GIVEN = [
    ((1 + i % 5, 1 + (i * 2 + 1) % 5, 1 + (i // 2) % 5), 1 + (i * 3) % 5, (i * 7) % 11,
     [c for k, c in enumerate(CHOICES) if (i + k) % 3 or k == 0])
    for i in range(N)
]  # fmt: skip
SAID = ["Too slow on the phone, nobody calls back", "Very friendly staff, thank you", ""]
AT = [datetime(2025, 3, 1, 9) + timedelta(days=i // 2, minutes=7 * i) for i in range(N)]
STAMP = "%Y-%m-%d %H:%M:%S"
#: Reckoned by hand from what was given.
NPS = 100 * (sum(g[2] >= 9 for g in GIVEN) - sum(g[2] <= 6 for g in GIVEN)) / N
MEANS = [sum(g[0][k] for g in GIVEN) / N for k in range(3)]
MEAN = sum(g[1] for g in GIVEN) / N
TICKED = [sum(c in g[3] for g in GIVEN) for c in CHOICES]


def as_csv(rows: Sequence[Sequence[object]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def as_book(rows: Sequence[Sequence[object]]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(list(row))
    book.save(out)
    return out.getvalue()


def ticks(chosen: Sequence[str], yes: object = 1, no: object = 0) -> list[object]:
    return [yes if c in chosen else no for c in CHOICES]


def kobo_labels() -> tuple[str, bytes]:
    system = ["_id", "_uuid", "_submission_time", "_validation_status", "_submitted_by", "_index"]
    head = ["start", "end", *(f"Service/{i}" for i in ITEMS), f"Overall/{SATISFIED}",
            f"Overall/{RECOMMEND}", CHANNELS, *(f"{CHANNELS}/{c}" for c in CHOICES), REMARK,
            *system]  # fmt: skip
    rows = [
        [f"{t.isoformat()}.123+01:00", f"{(t + timedelta(minutes=4)).isoformat()}.5+01:00",
         *(AGREE[v - 1] for v in a), PLEASED[s - 1], r, " ".join(c), *ticks(c), SAID[i % 3],
         9000 + i, f"uuid-{i:04x}", t.isoformat(), "", "", i + 1]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "kobo.csv", as_csv([head, *rows], ";")


def kobo_names() -> tuple[str, bytes]:
    names = [c.lower().replace(" ", "_") for c in CHOICES]
    head = ["start", "end", "service/helpful", "service/clean", "service/fair", "overall/csat",
            "overall/recommend", "channels", *(f"channels/{n}" for n in names), "comment", "_id",
            "_uuid", "_submission_time", "_validation_status", "_index"]  # fmt: skip
    rows = [
        [t.isoformat(), (t + timedelta(minutes=4)).isoformat(), *a, s, r,
         " ".join(n for n, ch in zip(names, CHOICES, strict=True) if ch in c), *ticks(c),
         SAID[i % 3], 9000 + i, f"uuid-{i:04x}", t.isoformat(), "", i + 1]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "kobo.xlsx", as_book([head, *rows])


def microsoft() -> tuple[str, bytes]:
    head = ["ID", "Start time", "Completion time", "Email", "Name", "Last modified time", *ITEMS,
            SATISFIED, RECOMMEND, CHANNELS, REMARK]  # fmt: skip
    rows = [
        [i + 1, t, t + timedelta(minutes=4), "anonymous", None, None, *(AGREE[v - 1] for v in a), s,
         r, ";".join(c) + ";", SAID[i % 3] or None]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "forms.xlsx", as_book([head, *rows])


def lime(kind: str) -> tuple[str, bytes]:
    head = {
        "codes": ["id", "submitdate", "lastpage", "startlanguage", *(f"svc[SQ00{k}]" for k in
                  (1, 2, 3)), "csat", "nps", *(f"ch[SQ00{k}]" for k in (1, 2, 3)), "remarks"],
        "both": ["id. Response ID", "submitdate. Date submitted", "lastpage. Last page",
                 "startlanguage. Start language",
                 *(f"svc[SQ00{k}]. Please rate: [{i}]" for k, i in enumerate(ITEMS, 1)),
                 f"csat. {SATISFIED}", f"nps. {RECOMMEND}",
                 *(f"ch[SQ00{k}]. {CHANNELS} [{c}]" for k, c in enumerate(CHOICES, 1)),
                 f"com. {REMARK}"],
    }[kind]  # fmt: skip
    rows = [
        [i + 1, t.strftime(STAMP), 4, "en", *((f"AO0{v}" for v in a) if kind == "codes" else
         (AGREE[v - 1] for v in a)), s if kind == "codes" else PLEASED[s - 1], r,
         *(ticks(c, "Y", "") if kind == "codes" else ticks(c, "Yes", "No")), SAID[i % 3]]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "results.csv", as_csv([head, *rows])


def typeform() -> tuple[str, bytes]:
    head = ["#", *ITEMS, SATISFIED, RECOMMEND, *CHOICES, REMARK, "Response Type",
            "Start Date (UTC)", "Submit Date (UTC)", "Network ID", "Tags"]  # fmt: skip
    rows = [
        [f"{i * 7919:08x}ab", *a, s, r, *(ch if ch in c else "" for ch in CHOICES), SAID[i % 3],
         "completed", t.strftime(STAMP), t.strftime(STAMP), f"net{i}", ""]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "responses.csv", as_csv([head, *rows])


def jotform() -> tuple[str, bytes]:
    head = ["Submission Date", *(f"Please rate >> {i}" for i in ITEMS), SATISFIED, RECOMMEND,
            CHANNELS, REMARK, "Submission IP", "Submission ID"]  # fmt: skip
    rows = [
        [t.strftime("%b %d, %Y"), *(AGREE[v - 1] for v in a), s, r, "\n".join(c), SAID[i % 3],
         "192.0.2.1", 5555000 + i]
        for i, (t, (a, s, r, c)) in enumerate(zip(AT, GIVEN, strict=True))
    ]  # fmt: skip
    return "form.csv", as_csv([head, *rows])


def labelled(suffix: str) -> tuple[str, bytes]:
    frame = pd.DataFrame(
        [[i + 1, *a, s, r, *ticks(c), SAID[i % 3]] for i, (a, s, r, c) in enumerate(GIVEN)],
        columns=["id", "q1", "q2", "q3", "sat", "rec", "ch_1", "ch_2", "ch_3", "txt"],
    )
    wording = {"id": "", **{f"q{k}": item for k, item in enumerate(ITEMS, 1)},
               **{f"ch_{k}": f"{CHANNELS}: {c}" for k, c in enumerate(CHOICES, 1)},
               "sat": SATISFIED, "rec": RECOMMEND, "txt": REMARK}  # fmt: skip
    values = {f"q{k}": dict(enumerate(AGREE, 1)) | {9: "Don't know"} for k in (1, 2, 3)}
    values["rec"] = {0: "Not at all likely", 10: "Extremely likely"}
    values |= {f"ch_{k}": {0: "Not selected", 1: "Selected"} for k in (1, 2, 3)}
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data.{suffix}"
        if suffix == "sav":
            pyreadstat.write_sav(frame, str(path), column_labels=wording,
                                 variable_value_labels=values)  # fmt: skip
        else:
            pyreadstat.write_dta(frame, str(path), column_labels=[wording[c] for c in frame],
                                 variable_value_labels=values)  # fmt: skip
        return path.name, path.read_bytes()


TOOLS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "kobo, labels": kobo_labels, "kobo, names": kobo_names, "microsoft": microsoft,
    "lime, codes": lambda: lime("codes"), "lime, both": lambda: lime("both"),
    "typeform": typeform, "jotform": jotform, "spss": lambda: labelled("sav"),
    "stata": lambda: labelled("dta"),
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
def test_the_answers_are_those_that_were_given(tool: str, tmp_path: Path) -> None:
    name, content = TOOLS[tool]()
    (tmp_path / "data").mkdir()
    (tmp_path / name).write_bytes(content)
    found = start_study(tmp_path, "acme", [tmp_path / name], today=date(2026, 1, 1))
    assert found.proposals[0].standard == "survey" and not found.proposals[0].questions
    frame = open_tables(found.study, cache=False).frame("survey")
    assert len(frame) == N and frame["respondent_id"].nunique() == N
    items = sorted(c for c in frame if c.startswith("per_"))
    assert frame[items].mean().tolist() == pytest.approx(MEANS)
    (overall,) = {"csat", "csat5"} & set(frame)
    assert frame[overall].mean() == pytest.approx(MEAN)
    score = 100 * ((frame["recommend"] >= 9).mean() - (frame["recommend"] <= 6).mean())
    assert score == pytest.approx(NPS)
    asked = found.study.survey
    assert asked is not None
    ((question, about),) = asked.questions.items()
    assert about.several is not None
    said = frame[question].astype("string").str.split(about.several, regex=False)
    counts = said.explode().str.strip().replace("", pd.NA).value_counts()
    assert sorted(counts) == sorted(TICKED)
    if not tool.endswith(("codes", "names")):
        assert set(counts.index) == set(CHOICES)
        assert [next(iter(text.values())) for text in asked.items.values()] == ITEMS
    assert question not in asked.groups and CHANNELS not in asked.groups


def test_cells_of_several_lines_are_no_footer(tmp_path: Path) -> None:
    name, content = jotform()
    (tmp_path / name).write_bytes(content)
    (upload,) = open_file(tmp_path / name)
    assert "footer" not in upload.keys and len(upload.frame) == N
