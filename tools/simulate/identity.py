"""Names, phones, e-mails and addresses of people who do not exist.

Telephone numbers lie in the range 145, which is given to data cards, so no call reaches a person;
e-mails end in the domains that are reserved for examples (RFC 2606).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.simulate.population import CITY_NAMES, Population
from tools.simulate.streams import stream
from workbench.errors import WorkbenchError

CITY_NAMES_ZH = (
    "天津",
    "石家庄",
    "济南",
    "青岛",
    "大连",
    "上海",
    "南京",
    "苏州",
    "杭州",
    "宁波",
    "合肥",
    "广州",
    "深圳",
    "厦门",
    "福州",
    "东莞",
    "武汉",
    "长沙",
    "郑州",
    "南昌",
    "成都",
    "重庆",
    "西安",
    "昆明",
)
DOMAINS = ("example.com", "example.net", "example.org")


@dataclass(frozen=True)
class Identities:
    """Who the customers are, one entry a customer."""

    customer_id: list[str]
    name: list[str]
    phone: list[str]  # eleven digits
    email: list[str]
    address: list[str]


def make_identities(seed: int, population: Population) -> Identities:
    """Make up the people, in Chinese and, for some, in English.

    Raises
    ------
    WorkbenchError
        If Faker is not installed.
    """
    try:
        from faker import Faker
    except ModuleNotFoundError:
        raise WorkbenchError(
            "Faker is not installed, and the names come from it",
            where="tools.simulate",
            remedy='install "workbench[simulate]"',
        ) from None
    rng = stream(seed, "identities")
    n = population.n
    chinese, english = Faker("zh_CN"), Faker("en_US")
    chinese.seed_instance(seed)
    english.seed_instance(seed + 1)
    numbers = rng.choice(90_000, size=n, replace=False) + 10_000
    tails = rng.choice(100_000_000, size=n, replace=False)
    domain = rng.integers(0, len(DOMAINS), n)
    house = rng.integers(1, 400, n)
    flat = rng.integers(101, 2_805, n)
    names, emails, addresses = [], [], []
    for i in range(n):
        if population.english[i]:
            male = bool(population.gender[i])
            first = english.first_name_male() if male else english.first_name_female()
            last = english.last_name()
            names.append(f"{first} {last}")
            user = f"{first}.{last}".lower()
        else:
            names.append(chinese.name_male() if population.gender[i] else chinese.name_female())
            user = chinese.user_name()
        emails.append(f"{user}{numbers[i] % 10_000}@{DOMAINS[domain[i]]}")
        street = chinese.street_name()
        city = CITY_NAMES_ZH[population.city[i]]
        if population.english[i] and i % 2:
            place = CITY_NAMES[population.city[i]]
            addresses.append(f"Room {flat[i]}, {house[i]} {english.street_name()}, {place}")
        else:
            addresses.append(f"{city}市{street}{house[i]}号{flat[i]}室")
    return Identities(
        customer_id=[f"HM{k}" for k in numbers],
        name=names,
        phone=[f"145{t:08d}" for t in tails],
        email=emails,
        address=addresses,
    )


def as_typed(phone: str, style: int) -> str:
    """Write an eleven-digit number as people and systems write it."""
    a, b, c = phone[:3], phone[3:7], phone[7:]
    return (
        phone,
        f"{a} {b} {c}",
        f"{a}-{b}-{c}",
        f"+86 {a} {b} {c}",
        f"+86{phone}",
        f"0086-{phone}",
        f"(86) {phone}",
        phone.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    )[style]


def phone_styles(seed: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw how each customer's number was typed; plain digits are the most common."""
    return stream(seed, "phone styles").choice(
        8, size=n, p=[0.46, 0.12, 0.12, 0.11, 0.10, 0.04, 0.03, 0.02]
    )
