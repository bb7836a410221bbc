"""Who is who, measured on made people: who is recorded twice is known, and who only seems so.

``python -m benchmarks.linkage`` makes 2,000 people a language, 35 doubles of each of twelve kinds,
and traps on a tenth of the records, links them at the card's default thresholds, and writes
`linkage.md`. A doubtful pair counts as not linked. `CLERKS` is the noise that the comparisons were
made for; `STRANGERS` is other noise and other traps, that nothing was chosen by.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from faker import Faker

from workbench.data.people.linkage import Links, link

PEOPLE, DOUBLES, TRAPPED = 2_000, 35, 0.10
REGIONS = {"en": "GB", "zh": "CN"}
Person = dict[str, str | None]
Rng = np.random.Generator

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEAR_KEY = {key: near for row in _KEYS for key, near in zip(row, row[1:] + row[-2], strict=True)}
_SHORT = {
    "Robert": "Bob", "William": "Bill", "Elizabeth": "Liz", "Michael": "Mike", "James": "Jim",
    "Thomas": "Tom", "Christopher": "Chris", "Katherine": "Kate", "Margaret": "Peggy",
    "Richard": "Dick", "Jennifer": "Jenny", "Matthew": "Matt", "Patricia": "Pat",
    "Andrew": "Andy", "Susan": "Sue", "Steven": "Steve", "Anthony": "Tony", "Daniel": "Dan",
    "Rebecca": "Becky", "Samuel": "Sam", "Benjamin": "Ben", "Joseph": "Joe", "David": "Dave",
    "Deborah": "Debbie", "Edward": "Ted", "Victoria": "Vicky", "Alexander": "Alex",
    "Jacqueline": "Jackie", "Nicholas": "Nick", "Timothy": "Tim", "Gregory": "Greg",
}  # fmt: skip
_TRADITIONAL = str.maketrans(
    "伟华张刘陈杨赵黄吴孙马罗宋邓冯肖于叶卢钟贾龙万钱谢许郑韩吕苏丽军杰娟艳兰凤云红梅玉莹颖国建龙岩东健强凯欢洁磊冬",
    "偉華張劉陳楊趙黃吳孫馬羅宋鄧馮肖于葉盧鍾賈龍萬錢謝許鄭韓呂蘇麗軍傑娟艷蘭鳳雲紅梅玉瑩穎國建龍岩東健強凱歡潔磊冬",
)
_TITLES_ZH = ("先生", "女士")


@dataclass
class Made:
    """Records, and what is true of them.

    Attributes
    ----------
    records : DataFrame
        customer_id, name, phone, email, address, birth_year.
    doubles : dict
        (first id, second id) -> kind of double.
    traps : dict
        (id, id) -> kind of trap: two people.
    """

    language: str
    records: pd.DataFrame
    doubles: dict[tuple[str, str], str] = field(default_factory=dict)
    traps: dict[tuple[str, str], str] = field(default_factory=dict)


# --- people ---------------------------------------------------------------------------------------


class Town:
    """Makes people and what they write into forms."""

    def __init__(self, language: str, rng: Rng, locale: str) -> None:
        self.language, self.rng = language, rng
        self.fake = Faker(locale)
        self.fake.seed_instance(int(rng.integers(2**31)))

    def person(self) -> Person:
        given, family = self.given(), self.fake.last_name()
        return {
            "given": given,
            "family": family,
            "phone": self.phone(),
            "email": self.mail(given, family),
            "address": self.fake.address().replace("\n", ", "),
            "birth_year": str(self.rng.integers(1945, 2006)),
        }

    def given(self) -> str:
        return str(self.fake.first_name())

    def phone(self) -> str:
        if self.language == "zh":
            return f"1{self.rng.choice([38, 39, 58, 86, 77])}{self.rng.integers(10**8):08d}"
        return f"07{self.rng.integers(10**9):09d}"

    def mail(self, given: str, family: str) -> str:
        host = self.rng.choice(["gmail.com", "outlook.com", "163.com", "example.org", "mail.co.uk"])
        if self.language == "zh":
            from pypinyin import lazy_pinyin

            box = "".join(lazy_pinyin(family + given))
        else:
            box = f"{given}.{family}".lower().replace(" ", "").replace("'", "")
        return f"{box}{self.rng.integers(1, 10_000)}@{host}"


def written(person: Person) -> str | None:
    """Write a name as the form has it."""
    given, family = person["given"], person["family"]
    if given is None or family is None:
        return None
    return f"{family}{given}" if "\u4e00" <= family[0] <= "\u9fff" else f"{given} {family}"


# --- doubles --------------------------------------------------------------------------------------

Slip = Callable[[Town, Person], Person]


def _name(change: Callable[[Town, Person], str | None]) -> Slip:
    return lambda town, p: p | {"name": change(town, p)}


def phone_otherwise(town: Town, p: Person) -> Person:
    n = str(p["phone"])
    forms = (
        (f"+86 {n[:3]} {n[3:7]} {n[7:]}", f"0086-{n}", f"{n[:3]}-{n[3:7]}-{n[7:]}")
        if town.language == "zh"
        else (f"+44 {n[1:5]} {n[5:]}", f"0044{n[1:]}", f"({n[:5]}) {n[5:8]}-{n[8:]}")
    )
    return p | {"phone": str(town.rng.choice(forms))}


def mail_otherwise(town: Town, p: Person) -> Person:
    box, host = str(p["email"]).split("@")
    return p | {
        "email": str(town.rng.choice([f" {box.upper()}@{host.upper()}", f"{box}+shop@{host}"]))
    }


def _order(town: Town, p: Person) -> str:
    if town.language == "en":
        return f"{p['family']}, {p['given']}".upper()
    return _pinyin(p, turned=True)


def _pinyin(p: Person, turned: bool) -> str:
    from pypinyin import lazy_pinyin

    family, given = ("".join(lazy_pinyin(str(p[k]))).title() for k in ("family", "given"))
    return f"{given} {family}" if turned else f"{family} {given}"


def _initial(town: Town, p: Person) -> str:
    if town.language == "en":
        return f"{str(p['given'])[0]}. {p['family']}"
    return f"{p['family']}{town.rng.choice(_TITLES_ZH)}"


def _title(town: Town, p: Person) -> str:
    if town.language == "en":
        return f"{town.rng.choice(['Dr.', 'Mr', 'Mrs', 'Prof.'])} {p['given']} {p['family']}"
    return f"{p['family']}{p['given']}{town.rng.choice(_TITLES_ZH)}"


def _typo(town: Town, p: Person) -> str:
    given, family = str(p["given"]), str(p["family"])
    if town.language == "en":
        at = int(town.rng.integers(1, max(len(given) - 1, 2)))
        key = _NEAR_KEY.get(given[at : at + 1].lower(), "e")
        return f"{given[:at]}{key}{given[at + 1 :]} {family}"
    return family + given[:-1] + _homophone(given[-1], town.rng)


def _homophone(sign: str, rng: Rng) -> str:
    from pypinyin import lazy_pinyin

    sound = lazy_pinyin(sign)[0]
    pool = [c for c in _COMMON if c != sign and lazy_pinyin(c)[0] == sound]
    return str(rng.choice(pool)) if pool else sign


_COMMON = (
    "伟玮炜薇芳方娜敏民明名静晶晴秀英莹颖丽莉力立强军君俊杰洁婕磊雷蕾涛韬艳燕雁超朝勇永泳娟鹃霞夏平萍苹刚钢桂贵"
    "建健红宏虹鸿玉钰宇雨兰岚澜欣新馨鑫心宁凝琳林霖雪学飞菲飞倩茜琴勤芹晨辰成诚程城博波帆凡璐露路婷亭庭浩昊皓文雯"
    "志智芝佳嘉家瑞睿锐洋阳扬旭煦子紫梓春淳东冬冬国果华桦淑书树亮良梁兵斌彬柳刘畅丹单瑜瑶遥海凤峰锋丰枫楠南男"
)


def _short(town: Town, p: Person) -> str:
    if town.language == "en":
        return f"{_SHORT.get(str(p['given']), str(p['given'])[:4])} {p['family']}"
    return f"{p['family']}{p['given']}".translate(_TRADITIONAL)


def new_phone(town: Town, p: Person) -> Person:
    return p | {"phone": town.phone()}


def new_mail(town: Town, p: Person) -> Person:
    return p | {"email": town.mail(str(p["family"]), str(p["given"]))}


def moved(town: Town, p: Person) -> Person:
    return p | {"address": town.fake.address().replace("\n", ", "), "email": None}


def married(town: Town, p: Person) -> Person:
    if town.language == "zh":  # nobody changes it there: the name comes in Latin letters
        return p | {"name": _pinyin(p, turned=False)}
    return p | {"name": f"{p['given']} {town.fake.last_name()}"}


def lost(*fields: str) -> Slip:
    return lambda town, p: p | dict.fromkeys(fields)


CLERKS: dict[str, Slip] = {
    "phone written otherwise": phone_otherwise,
    "e-mail written otherwise": mail_otherwise,
    "order of the name": _name(_order),
    "initial, or family name and title": _name(_initial),
    "title": _name(_title),
    "slip in the name": _name(_typo),
    "short form, or traditional characters": _name(_short),
    "name missing": lost("name"),
    "new phone": new_phone,
    "new e-mail": new_mail,
    "moved, e-mail missing": moved,
    "married, or name in pinyin": married,
}


# --- other noise ----------------------------------------------------------------------------------


def _swap(text: str, rng: Rng) -> str:
    at = int(rng.integers(1, max(len(text) - 2, 2)))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def digit(town: Town, p: Person) -> Person:
    n = str(p["phone"])
    return p | {"phone": n[:6] + _swap(n[6:], town.rng)}


def mail_slip(town: Town, p: Person) -> Person:
    box, host = str(p["email"]).split("@")
    return p | {"email": f"{_swap(box, town.rng)}@{host}"}


def provider(town: Town, p: Person) -> Person:
    return p | {"email": str(p["email"]).split("@")[0] + "@yahoo.com", "phone": None}


def _transposed(town: Town, p: Person) -> str:
    if town.language == "en":
        return f"{p['given']} {_swap(str(p['family']), town.rng)}"
    return f" {p['family']} {p['given']} "


def _middle(town: Town, p: Person) -> str:
    if town.language == "en":
        return f"{p['given']} {town.rng.choice(list('ABCDEFGHJKLM'))}. {p['family']}"
    return _pinyin(p, turned=True).upper()


def _other_words(town: Town, p: Person) -> str:
    if town.language == "en":
        return f"{p['family']} {p['given']}"
    return f"{p['family']}{p['given']}（老客户）"


def year_off(town: Town, p: Person) -> Person:
    return p | {"birth_year": str(int(str(p["birth_year"])) + int(town.rng.choice([-1, 1])))}


def all_moved(town: Town, p: Person) -> Person:
    return moved(town, new_phone(town, p)) | {"email": p["email"]}


STRANGERS: dict[str, Slip] = {
    "two digits of the phone transposed": digit,
    "two letters of the e-mail transposed": mail_slip,
    "another provider, phone missing": provider,
    "letters transposed, or blanks": _name(_transposed),
    "middle initial, or capitals in pinyin": _name(_middle),
    "family name first, or a remark": _name(_other_words),
    "year of birth off by one": year_off,
    "year of birth and phone missing": lost("birth_year", "phone"),
    "e-mail and address missing": lost("email", "address"),
    "phone, address and year missing": lost("phone", "address", "birth_year"),
    "moved, new phone": all_moved,
    "married, phone missing": lambda town, p: married(town, p) | {"phone": None},
}


# --- traps ----------------------------------------------------------------------------------------

Trap = Callable[[Town, Person], list[Person]]


def couple(town: Town, p: Person) -> list[Person]:
    year = int(str(p["birth_year"])) + int(town.rng.integers(-4, 5))
    family = p["family"] if town.language == "en" else town.fake.last_name()
    return [p | {"given": _another(town, p), "family": family, "birth_year": str(year)}]


def _another(town: Town, p: Person) -> str:
    """Give another name."""
    while (given := town.given()) == p["given"]:
        pass
    return given


def father_and_son(town: Town, p: Person) -> list[Person]:
    year = int(str(p["birth_year"])) + int(town.rng.integers(22, 36))
    return [p | {"birth_year": str(year)}]


def switchboard(town: Town, p: Person) -> list[Person]:
    return [town.person() | {"phone": p["phone"], "address": p["address"]} for _ in range(7)]


def placeholder(town: Town, p: Person) -> list[Person]:
    p["email"] = "none@none.com"
    return [town.person() | {"email": "none@none.com"} for _ in range(7)]


def namesake(town: Town, p: Person) -> list[Person]:
    other = town.person()
    return [other | {"given": p["given"], "family": p["family"], "birth_year": p["birth_year"]}]


def twins(town: Town, p: Person) -> list[Person]:
    return [p | {"given": _another(town, p)}]


def mother_and_child(town: Town, p: Person) -> list[Person]:
    child = town.person() | {"family": p["family"], "email": p["email"], "address": p["address"]}
    year = int(str(p["birth_year"])) + int(town.rng.integers(20, 40))
    return [child | {"birth_year": str(year), "phone": None}]


def flatmates(town: Town, p: Person) -> list[Person]:
    return [town.person() | {"address": p["address"], "phone": p["phone"]} for _ in range(2)]


def office(town: Town, p: Person) -> list[Person]:
    p["email"] = f"info@{town.fake.domain_word()}.com"
    return [town.person() | {"email": p["email"], "phone": p["phone"]} for _ in range(3)]


def number_given_on(town: Town, p: Person) -> list[Person]:
    return [town.person() | {"phone": p["phone"]}]


def brothers(town: Town, p: Person) -> list[Person]:
    other = town.person() | {k: p[k] for k in ("family", "phone", "address")}
    given = str(p["given"])
    if town.language == "zh" and len(given) == 2:
        other["given"] = given[0] + _another(town, p)[-1]
    year = int(str(p["birth_year"])) + int(town.rng.integers(1, 7))
    return [other | {"birth_year": str(year)}]


def grandson(town: Town, p: Person) -> list[Person]:
    year = int(str(p["birth_year"])) + int(town.rng.integers(45, 60))
    return [p | {"birth_year": str(year), "phone": town.phone(), "email": None}]


TRAPS: dict[str, Trap] = {
    "couple": couple,
    "father and son of one name": father_and_son,
    "switchboard": switchboard,
    "none@none.com": placeholder,
    "namesake born in one year": namesake,
    "twins": twins,
}
OTHER_TRAPS: dict[str, Trap] = {
    "mother and child": mother_and_child,
    "flatmates": flatmates,
    "office": office,
    "number given on": number_given_on,
    "brothers": brothers,
    "grandfather and grandson of one name": grandson,
}


def make(language: str, seed: int, *, other: bool = False, people: int = PEOPLE) -> Made:
    """Make a table of customers.

    Parameters
    ----------
    language : str
        ``en`` or ``zh``.
    seed : int
        The same one gives the same table.
    other : bool
        Whether by the other noise and traps, and, in Latin letters, by other names.
    people : int
        How many; doubles and traps follow.
    """
    rng = np.random.default_rng(seed)
    locale = {"en": "de_DE" if other else "en_GB", "zh": "zh_CN"}[language]
    town = Town(language, rng, locale)
    slips, traps = (STRANGERS, OTHER_TRAPS) if other else (CLERKS, TRAPS)
    rows: list[Person] = []
    caught: list[tuple[list[int], str]] = []
    trapped, kinds, at = 0, list(traps), 0
    while trapped < TRAPPED * people:
        kind = kinds[at % len(kinds)]
        at += 1
        person = town.person()
        group = [person, *traps[kind](town, person)]
        caught.append(([len(rows) + k for k in range(len(group))], kind))
        rows += group
        trapped += len(group)
    rows += [town.person() for _ in range(people - len(rows))]
    for person in rows:
        person.setdefault("name", written(person))
    each = max(1, round(DOUBLES * people / PEOPLE))
    picked = rng.choice(np.arange(trapped, people), each * len(slips), replace=False)
    doubles = []
    for n, i in enumerate(picked):
        kind = list(slips)[n % len(slips)]
        doubles.append((int(i), len(rows), kind))
        rows.append(slips[kind](town, dict(rows[int(i)])))
    gaps = {"email": 0.10, "birth_year": 0.05, "address": 0.08}
    safe = {i for group, _ in caught for i in group}
    for at, person in enumerate(rows):
        for column, share in gaps.items():
            if rng.random() < share and at not in safe:
                person[column] = None
    order = rng.permutation(len(rows))
    ids = {int(i): f"C{k:05d}" for k, i in enumerate(order)}
    columns = ["name", "phone", "email", "address", "birth_year"]
    records = pd.DataFrame([{c: rows[int(i)].get(c) for c in columns} for i in order])
    records.insert(0, "customer_id", [ids[int(i)] for i in order])

    def pair(i: int, j: int) -> tuple[str, str]:
        a, b = sorted((ids[i], ids[j]))
        return a, b

    return Made(
        language,
        records,
        {pair(i, j): kind for i, j, kind in doubles},
        {pair(i, j): kind for g, kind in caught for k, i in enumerate(g) for j in g[k + 1 :]},
    )


# --- firms ----------------------------------------------------------------------------------------

_FORMS_EN = (("Ltd", "Limited"), ("GmbH", "GMBH"), ("Inc.", "Incorporated"), ("AG", "AG"))
_TOWNS = ("London", "Leeds", "Berlin", "Bonn", "Paris", "Lyon", "Zurich", "Basel")
_TOWNS_ZH = ("北京", "上海", "深圳", "杭州", "成都", "武汉", "南京", "西安")
_TRADES = ("Trading", "Logistics", "Software", "Foods", "Metals", "Press")
_TRADES_ZH = ("科技", "贸易", "食品", "物流", "机械", "传媒")


def make_firms(seed: int, firms: int = 400) -> Made:
    """Make firms in both scripts: doubles written otherwise, and branches that share a line."""
    rng = np.random.default_rng(seed)
    towns = {lang: Town(lang, rng, loc) for lang, loc in (("en", "de_DE"), ("zh", "zh_CN"))}
    rows: list[Person] = []
    doubles: dict[tuple[int, int], str] = {}
    traps: dict[tuple[int, int], str] = {}

    def firm(written: str, phone: str, mail: str, address: str) -> int:
        rows.append({"name": written, "phone": phone, "email": mail, "address": address})
        return len(rows) - 1

    for n in range(firms):
        zh = n % 2 == 1
        town = towns["zh" if zh else "en"]
        phone, place = town.phone(), town.fake.address().replace("\n", ", ")
        mail = f"info@{town.fake.domain_word()}{n}.com"
        if zh:
            core = f"{rng.choice(_TOWNS_ZH)}{town.fake.last_name()}{town.fake.first_name()}"
            core += str(rng.choice(_TRADES_ZH))
            whole, short, other = f"{core}有限公司", core, f"{core}有限责任公司"
            branches = [f"{core}有限公司{t}分公司" for t in rng.choice(_TOWNS_ZH, 2, replace=False)]
        else:
            form, long = _FORMS_EN[int(rng.integers(len(_FORMS_EN)))]
            core = f"{town.fake.last_name()} {rng.choice(_TRADES)}"
            whole, short, other = f"{core} {form}", core.upper(), f"{core} {long}"
            branches = [f"{whole}, {t} Branch" for t in rng.choice(_TOWNS, 2, replace=False)]
        at = firm(whole, phone, mail, place)
        if n % 8 < 2:
            doubles[at, firm(other, phone, mail.upper(), place)] = "legal form otherwise"
        elif n % 8 < 4:
            two = [firm(b, phone, mail, town.fake.address()) for b in branches]
            pairs = [(at, two[0]), (at, two[1]), (two[0], two[1])]
            traps |= dict.fromkeys(pairs, "branches with one line")
        elif n % 8 < 6:
            doubles[at, firm(short, phone, mail, place)] = "without its form"
    ids = [f"F{k:04d}" for k in rng.permutation(len(rows))]
    records = pd.DataFrame(rows)
    records.insert(0, "customer_id", ids)
    records = records.sort_values("customer_id", ignore_index=True)

    def named(pairs: dict[tuple[int, int], str]) -> dict[tuple[str, str], str]:
        found = {}
        for (i, j), kind in pairs.items():
            a, b = sorted((ids[i], ids[j]))
            found[a, b] = kind
        return found

    return Made("zh", records, named(doubles), named(traps))


# --- measuring ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """How well the links of a made table fit the truth."""

    recall: float
    precision: float
    kinds: dict[str, float]
    traps: dict[str, float]
    review: float
    seconds: float
    links: Links


def measure(made: Made) -> Measured:
    """Link a made table at the default thresholds and hold it against the truth."""
    begun = time.perf_counter()
    links = link(made.records, REGIONS[made.language])
    seconds = time.perf_counter() - begun
    people: dict[str, list[str]] = {}
    for one in made.records["customer_id"]:
        people.setdefault(links.canonical.get(one, one), []).append(one)
    linked = {
        tuple(sorted((a, b))) for p in people.values() for k, a in enumerate(p) for b in p[k + 1 :]
    }
    right = linked & set(made.doubles)

    def share(truth: dict[tuple[str, str], str]) -> dict[str, float]:
        found: dict[str, list[bool]] = {}
        for one, kind in truth.items():
            found.setdefault(kind, []).append(one in linked)
        return {kind: float(np.mean(hits)) for kind, hits in found.items()}

    doubtful = links.pairs[links.pairs["outcome"] == "doubtful"]
    asked = set(doubtful["left"]) | set(doubtful["right"])
    return Measured(
        len(right) / len(made.doubles),
        len(right) / max(len(linked), 1),
        share(made.doubles),
        share(made.traps),
        len(asked) / len(made.records),
        seconds,
        links,
    )


RESULTS = Path(__file__).parent / "linkage.md"
_HEAD = """# Who is who, measured

`python -m benchmarks.linkage` (seed {seed}, {people:,} people a table, {doubles} doubles of each of
twelve kinds, traps on {trapped:.0%} of the records), at the card's default thresholds. Shares are
of pairs; a doubtful pair counts as not linked. *First noise* is what the comparisons were made for;
*other noise* are kinds and traps, and in Latin letters names, that nothing was chosen by. Doubles
that have lost all that the first record holds beside the name count as missed, too.

| table | recall | precision | asked | page says: recall | precision | doubles | true | seconds |
|---|---|---|---|---|---|---|---|---|
"""


def _row(title: str, made: Made, found: Measured) -> str:
    q = found.links.quality
    spans = [
        f"{v:.3f} ({low:.3f} to {high:.3f})"
        for v, low, high in (q.recall or (0, 0, 0), q.precision or (0, 0, 0))
    ]
    v, low, high = q.doubles or (0, 0, 0)
    return (
        f"| {title} | {found.recall:.3f} | {found.precision:.3f} | {found.review:.1%} |"
        f" {spans[0]} | {spans[1]} | {v:.0f} ({low:.0f} to {high:.0f}) | {len(made.doubles)} |"
        f" {found.seconds:.1f} |\n"
    )


def main() -> None:
    """Measure both languages, by both kinds of noise, and firms; write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--people", type=int, default=PEOPLE)
    asked = parser.parse_args()
    tables: dict[str, Made] = {
        f"{name}, {noise}": make(language, asked.seed, other=other, people=asked.people)
        for other, noise in ((False, "first noise"), (True, "other noise"))
        for language, name in (("en", "Latin"), ("zh", "Chinese"))
    }
    tables["firms in both scripts"] = make_firms(asked.seed)
    text = _HEAD.format(seed=asked.seed, people=asked.people, doubles=DOUBLES, trapped=TRAPPED)
    measure(make("zh", asked.seed, people=100))  # what is read once is not timed
    details = ""
    for title, made in tables.items():
        found = measure(made)
        text += _row(title, made, found)
        details += f"\n## {title[0].upper()}{title[1:]}\n\n| double | linked |\n|---|---|\n"
        details += "".join(f"| {kind} | {share:.2f} |\n" for kind, share in found.kinds.items())
        details += "\n| trap | linked |\n|---|---|\n"
        details += "".join(f"| {kind} | {share:.2f} |\n" for kind, share in found.traps.items())
    RESULTS.write_text(text + details, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
