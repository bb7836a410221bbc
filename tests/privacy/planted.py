"""Plants identifiers of people into sentences, to count those that a quotation would show.

``python -m tests.privacy.planted [third]`` prints the table of kinds: planted, missed, by language. The
sentences and names under `BUILDING` were looked at while the rules were written; those under
`HELD_OUT` were not, but for the nicknames in Chinese, whose rule was mended with misses in view;
`tests.privacy.fresh` has two later sets, each counted once before anything was changed for it:
benchmarks/quotations.md reports both looks.
"""

# ruff: noqa: E501  (sentences)
from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stdnum import iban, luhn
from stdnum.cn import ric

from tests.privacy import fresh


@dataclass(frozen=True)
class Planted:
    """A sentence with an identifier; none of `parts` may be read in what is quoted of it."""

    kind: str
    language: str
    text: str
    parts: tuple[str, ...]

    def missed(self, shown: str | None) -> bool:
        """Tell whether a quotation gives something of it away."""
        folded = (shown or "").casefold()
        return any(part.casefold() in folded for part in self.parts)


#: Sentences by what stands in them: numbers of some kind say which, names stand by position.
BUILDING = {
    "en": {
        "label": ["My {label} is {it}, please look into it", "They asked for {label} {it} again"],
        "bare": ["Nobody looked at {it} for weeks", "I gave them {it} and heard nothing"],
        "contact": ["You can reach me at {it} after six", "Please write back, {it}, thank you"],
        "staff": ["{it} in the shop was very helpful", "I spoke to {it} and the bill was fixed"],
        "intro": ["My name is {it} and I have been waiting", "This is {it}, a customer of yours"],
        "sign": ["The network is fine. Regards, {it}", "Great service as always. Yours, {it}"],
        "title": ["Mr {it} at the counter was rude", "I asked for Ms. {it} twice"],
        "nick": ["My user name is {it} on your forum", "I post as {it} in the app"],
        "place": ["I live at {it} and have no signal", "The router went to {it} by mistake"],
        "born": ["I was born on {it} and still got no discount", "My birthday is {it}"],
    },
    "zh": {
        "label": ["我的{label}是{it}，麻烦查一下", "又让我报{label}{it}"],
        "bare": ["{it}一直没人处理", "我报了{it}也没回音"],
        "contact": ["六点以后可以找我，{it}", "请回复{it}，谢谢"],
        "staff": [
            "柜台的{it}态度很好",
            "找了{it}才把账单改过来",
            "特别感谢{it}，一直陪到弄好为止",
            "那位叫{it}的姑娘什么都懂",
            "要不是{it}，我早就不用了",
            "{it}答应给我退款，后来就忘了",
        ],
        "intro": [
            "我叫{it}，等了很久",
            "我是{it}，你们的老客户",
            "你好，我是{it}，家里有两条线",
            "{it}，九年的老用户了",
            "合同写的是{it}的名字，那是我姨妈",
            "请注意，户主姓名{it}不要再写错",
        ],
        "sign": [
            "网络不错，{it}敬上",
            "服务一如既往地好——{it}",
            "价格太高了。祝好，{it}",
            "希望早点处理。{it}",
            "继续加油！您的用户{it}",
            "对应用很不满意。谢谢，{it}",
        ],
        "title": ["柜台的{it}先生态度很差", "两次都找的{it}经理"],
        "nick": [
            "我的用户名是{it}",
            "我在论坛的昵称叫{it}",
            "聊天室里找{it}就是我",
            "那里我的网名叫{it}",
            "用{it}登录以后是空白页",
            "他们把{it}封了，那是我的账号",
        ],
        "place": ["我住{it}，没有信号", "路由器寄到了{it}"],
        "born": ["我是{it}出生的，没有优惠", "我生日是{it}"],
    },
}
HELD_OUT = {
    "en": {
        "label": ["Why was {it}, which is my {label}, read out aloud in the queue?",
                  "for the third time: {label} {it}, nothing has moved since",
                  "Somebody mixed up {label} {it} with another one",
                  "Check {label} no. {it} before you send me another bill"],
        "bare": ["Still open: {it}, and I am losing patience", "it was about {it} that I wrote",
                 "The answer on {it} came after a month", "All this because of {it}!"],
        "contact": ["If anyone cares: {it}", "I left {it} with the shop but nobody got back",
                    "best to contact me under {it} in the evening",
                    "Your letters never come, so use {it} instead"],
        "staff": ["Big thanks go to {it}, who stayed until it worked",
                  "the lady called {it} knew exactly what to do",
                  "Without {it} I would have left long ago",
                  "A certain {it} promised me a refund and then forgot"],
        "intro": ["Hello, I'm {it} and I have two lines with you",
                  "{it} here, loyal customer for nine years",
                  "the contract is in the name of {it}, my late aunt",
                  "Please note that {it} is how my name is spelt"],
        "sign": ["Prices are too high. Best wishes, {it}", "Hope you sort it out soon - {it}",
                 "Keep it up! Sincerely {it}", "Not happy with the app at all. Thanks, {it}"],
        "title": ["I only want to be served by Mrs {it}", "dr. {it} had the same problem",
                  "Miss {it} from the hotline hung up on me", "Tell Mr. {it} he did well"],
        "nick": ["you will find me as {it} in the chat", "My nickname there is {it}",
                 "logged in as {it} and saw an empty page", "they blocked {it}, my account"],
        "place": ["no fibre at {it} although you promised it", "Deliver to {it} next time",
                  "The mast near {it} is down again", "we moved to {it} in spring"],
        "born": ["date of birth {it}, as I told them twice", "I am old, {it} is when I was born",
                 "They wrote {it} as my birthday", "with {it} in the form it says I am a minor"],
    },
    "zh": {
        "label": ["为什么在排队时把我的{label}{it}大声念出来", "第三次说了，{label}{it}，还是没有动静",
                  "有人把{label}{it}和别人的弄混了", "下次扣费之前先核对一下{label}：{it}"],
        "bare": ["{it}的事到现在都没解决，我快没耐心了", "我写信就是为了{it}",
                 "关于{it}，一个月以后才答复", "都是{it}惹的麻烦"],
        "contact": ["有人管的话，联系{it}", "在门店留了{it}，没有人理我",
                    "晚上找我最好用{it}", "信总是收不到，以后就用{it}吧"],
        "staff": ["昨天多亏{it}跑前跑后，机顶盒总算装好了", "我想表扬一下{it}", "{it}接了电话却什么也没查",
                  "换成{it}来处理以后快多了"],
        "intro": ["鄙人{it}，用了九年", "开户的时候登记的是{it}", "我妈{it}也在用这个套餐",
                  "机主是{it}，不是我"],
        "sign": ["网速时好时坏，盼回复。{it}", "祝生意兴隆！{it}上", "差评，再也不来了。{it}",
                 "套餐太贵，建议调整。老用户{it}"],
        "title": ["我只想让{it}女士接待", "{it}老师也碰到一样的问题", "热线的{it}小姐挂了我电话",
                  "请转告{it}师傅，他做得好"],
        "nick": ["论坛上{it}发的帖子就是我写的", "我微博名{it}，可以去看看", "账户名写的是{it}",
                 "打游戏的时候别人都喊我{it}", "在你们的应用里我登录的是{it}", "{it}在粉丝群被禁言了",
                 "客服群里标着{it}的那位正是在下", "关注我{it}，看我怎么吐槽"],
        "place": ["说好的光纤，{it}到现在也没有", "下次请送到{it}", "{it}旁边的基站又坏了",
                  "春天我们搬到了{it}"],
        "born": ["出生日期{it}，我说过两遍了", "我年纪大了，{it}生的", "生日被写成{it}",
                 "表格里填{it}，说我未成年"],
    },
}  # fmt: skip

_NAMES = {
    "building": {
        "en": "Anna Lee|Priya Raman|Tom Baker|Grace Hopper|Ngozi Okonkwo|Wei Zhang|Maria Lopez",
        "zh": "欧阳震华|李铁柱|王小明|刘思雨|陈晨|张伟|赵子龙|马晓东|高丽|黄晓明|马云飞|张静|白洁|方志强|林小雅|江山|钱进"
        "|何静|任洁|万里|安宁|杨柳|韩冬|叶子青|田甜|于洋|连城|付晶晶|"
        "周文斌|郑秀英|吴海燕|孙丽娟|徐国强|胡玉兰|何志远|郭子轩|林婉清|高建国|罗雨桐|梁家辉|谢芳|宋佳|唐糖"
        "|韩雪梅|曹阳|邓超群|许巍然|沈从容|上官婉儿|司马青衫|诸葛明亮|慕容晓|黄大发|马冬梅|方圆圆|石榴花|钱多多"
        "|江一燕|白雪飞|龙在天|温如玉|常乐|童心怡|阿依古丽|买买提|殷素素|蔺相如|尤勇智",
    },
    "held out": {
        "en": "Fiona McAllister|Rajesh Patel|Olga Petrova|Dwayne Carter|Yuki Tanaka|Brigitte Vogel"
        "|Siobhan Byrne|Kwame Mensah|Xiaoling Hu|Harriet Wells|Pedro Alvarez|Zainab Yusuf"
        "|Colin Fraser|Beatrix Oldham|Tuan Nguyen|Sanjay Gupta|Marlene Fischer|Ewan Douglas"
        "|Agnieszka Nowak|Rosie Clarke|Hassan Karimi|Lucinda Grey|Jack Stone|Mei Lin Koh"
        "|Gareth Pugh|Ifeoma Eze|Noah Brooks|Chloé Martin|Björn Lindqvist|Deirdre Kane",
        "zh": "陆建平|蒋欣然|沈佩琪|杜鹏程|魏红梅|贾思邈|袁晓岚|潘美辰|丁香玉|薛之远|范文轩|金秀贤|崔永生|贺兰英|汪洋|尹志平|夏雨荷"
        "|田蜜|毛晓彤|任重|万宝山|付笛生|姚明月|顾清秋|侯俊杰|黎明|邵一鸣|秦岭|史可法|叶知秋|熊大林|孟小冬|段誉铭|乔安娜|温暖|高山流"
        "|欧阳雪|夏侯杰|热依扎|迪丽娜尔",
    },
}
_COMPOUND = (
    "欧阳", "上官", "司马", "诸葛", "慕容", "夏侯", "申屠", "司徒", "皇甫", "南宫", "令狐",
)  # fmt: skip
_NICKS = {
    "building": {"en": "rainwalker88|blue_moon", "zh": "飞翔的鱼88|小太阳_99"},
    "held out": {
        "en": "tiger.lily1983|xX_slayer_Xx|mrbean77|sunny_side_up|kaffeetante|jdoe4711|wolfpack_99",
        "zh": "追风少年1987|爱吃糖的猫|wuyu_sky|海阔天空zz|momo酱520|老炮儿|kk_lele"
        "|不加糖的美式|熬夜冠军|布丁布丁",
    },
}
_STREETS = {
    "building": {"en": "Oak Street|High Street|Baker Road", "zh": "六盘水路|建设路"},
    "held out": {
        "en": "Elm Grove|Station Road|Churchill Avenue|Mill Lane|Kingsway Crescent|Rosebery Terrace"
        "|Old Kent Road|Victoria Square|Ferry Lane|Harbour View Road",
        "zh": "解放大道|人民路|中山北路|文昌街|梧桐巷|福州路|环城西路|学院街|柳荫胡同|滨江大道",
    },
}
_WORDS = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "zh": list("零一二三四五六七八九"),
}
_LABELS: dict[str, tuple[str, str]] = {
    "identity card": ("ID card number", "身份证号"),
    "passport": ("passport", "护照号"),
    "Hong Kong card": ("identity card", "港澳证件号"),
    "IBAN": ("account", "账户"),
    "bank card": ("card", "银行卡号"),
    "bank account": ("account number", "银行账号"),
    "customer number": ("customer number", "客户编号"),
    "order number": ("order", "订单号"),
    "contract number": ("contract", "合同号"),
    "staff number": ("employee id", "工号"),
    "social insurance": ("social security number", "社保号"),
    "number plate": ("number plate", "车牌"),
    "device": ("IMEI", "设备号IMEI"),
    "network address": ("address", "地址"),
    "postcode": ("postcode", "邮编"),
    "parcel": ("parcel", "快递单号"),
    "position": ("position", "位置"),
}


def _digits(rng: random.Random, n: int) -> str:
    return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(n - 1))


def _upper(rng: random.Random, n: int) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(n))


def _identity_card(rng: random.Random, _l: str) -> str:
    body = rng.choice(["110105", "440305", "310115", "510104", "340103"])
    body += f"{rng.randint(1950, 2005)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    for _ in range(500):
        whole = body + f"{rng.randint(1, 999):03d}"
        whole += ric.calc_check_digit(whole + "0")
        if whole.endswith("X") or rng.random() < 0.3:
            break
    return whole.replace("X", rng.choice("Xx"))


def _iban(rng: random.Random, _l: str) -> str:
    country, bank, n = rng.choice([("DE", "", 18), ("GB", _upper(rng, 4), 14), ("FR", "", 23)])
    body = bank + _digits(rng, n)
    if country == "FR":
        country, body = "NL", _upper(rng, 4) + _digits(rng, 10)
    number = iban.calc_check_digits(f"{country}00{body}")
    whole = f"{country}{number}{body}"
    return re.sub(r"(.{4})(?=.)", r"\1 ", whole) if rng.random() < 0.5 else whole


def _bank_card(rng: random.Random, _l: str) -> str:
    body = rng.choice(["4", "51", "6222", "6217"])
    body += _digits(rng, 15 - len(body))
    whole = body + luhn.calc_check_digit(body)
    return " ".join(whole[i : i + 4] for i in range(0, 16, 4)) if rng.random() < 0.5 else whole


def _mobile(rng: random.Random, language: str) -> str:
    if language == "en":
        n = _digits(rng, 9)
        return rng.choice([f"07{n}", f"+44 7{n[:3]} {n[3:]}", f"({n[:3]}) {n[3:6]}-{n[5:9]}"])
    n = "1" + rng.choice("3578") + _digits(rng, 9)
    return rng.choice([n, f"{n[:3]}-{n[3:7]}-{n[7:]}", f"{n[:3]} {n[3:7]} {n[7:]}", _wide(n)])


def _landline(rng: random.Random, language: str) -> str:
    if language == "en":
        return rng.choice(
            [f"020 {_digits(rng, 4)} {_digits(rng, 4)}", f"+1-415-555-{_digits(rng, 4)}"]
        )
    return rng.choice([f"0{rng.randint(21, 29)}-{_digits(rng, 8)}", f"（0755）{_digits(rng, 8)}"])


def _in_words(rng: random.Random, language: str) -> str:
    digits = "1" + _digits(rng, 10) if language == "zh" else "0" + _digits(rng, 9)
    words = [_WORDS[language][int(d)] for d in digits]
    if language == "zh":
        return "".join(words).replace("一", rng.choice("一幺"))
    return " ".join(words)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _box(rng: random.Random) -> tuple[str, str]:
    user = rng.choice(["ann.k", "wei_wang", "bigfish", "tom.baker", "lxy", "m-schulz"])
    return f"{user}{rng.randint(1, 999)}", rng.choice(["example.com", "mail.example.cn", "post.de"])


def _email(rng: random.Random, _l: str) -> str:
    return "@".join(_box(rng))


def _spelt(rng: random.Random, language: str) -> str:
    user, host = _box(rng)
    dot = host.replace(".", rng.choice([" dot ", "(dot)"]))
    forms = [f"{user} at {host.replace('.', ' dot ')}", f"{user}＠{host}", f"{user}(at){host}",
             f"{user} [at] {dot}", _wide(f"{user}@{host}")]  # fmt: skip
    if language == "zh":
        forms.append(f"{user}艾特{host.replace('.', '点')}")
    return rng.choice(forms)


def _messenger(rng: random.Random, language: str) -> str:
    user = rng.choice(["sunny", "bear", "xiaoyu", "lili"]) + _digits(rng, rng.randint(2, 6))
    form = {"en": ["wxid_{u}", "wechat {u}", "WhatsApp {d}", "skype: {u}"],
            "zh": ["wxid_{u}", "微信{u}", "QQ{d}", "微信号：{u}", "抖音号{u}"]}[language]  # fmt: skip
    return rng.choice(form).format(u=user, d=_digits(rng, 9))


def _handle(rng: random.Random, _l: str) -> str:
    return (
        rng.choice("@＠")
        + rng.choice(["happycat", "wolfie", "drmabuse", "ohmyjane"])
        + str(rng.randint(1, 99))
    )


def _plate(rng: random.Random, language: str) -> str:
    if language == "en":
        return f"{_upper(rng, 2)}{rng.randint(10, 75)} {_upper(rng, 3)}"
    return (
        rng.choice("京沪粤苏皖川")
        + _upper(rng, 1)
        + rng.choice(["", "·"])
        + rng.choice(
            [
                _digits(rng, 5),
                f"D{_digits(rng, 5)}",
                f"{_digits(rng, 2)}{_upper(rng, 1)}{_digits(rng, 2)}",
            ]
        )
    )


def _link(rng: random.Random, _l: str) -> str:
    token = "".join(rng.choice("0123456789abcdef") for _ in range(16))
    return rng.choice(
        [
            f"https://pay.example.com/r?token={token}",
            f"www.example.cn/u/{token}",
            f"t.co/{token[:8]}",
        ]
    )


def _number(rng: random.Random, prefixes: str, sizes: tuple[int, int]) -> str:
    return rng.choice(prefixes.split("|")) + _digits(rng, rng.randint(*sizes))


def _network(rng: random.Random, _l: str) -> str:
    if rng.random() < 0.5:
        return ".".join(str(rng.randint(11, 250)) for _ in range(4))
    return ":".join(f"{rng.randint(16, 255):02X}" for _ in range(6))


def _postcode(rng: random.Random, language: str) -> str:
    if language == "zh":
        return _digits(rng, 6)
    return rng.choice(
        [
            f"{_upper(rng, 2)}{rng.randint(1, 9)} {rng.randint(1, 9)}{_upper(rng, 2)}",
            _digits(rng, 5),
        ]
    )


def _position(rng: random.Random, _l: str) -> str:
    return f"{rng.uniform(20, 55):.5f}, {rng.uniform(75, 130):.5f}"


def _insurance(rng: random.Random, language: str) -> str:
    if language == "zh":
        return _digits(rng, 10)
    n = _digits(rng, 9)
    return rng.choice([f"{n[:3]}-{n[3:5]}-{n[5:]}", f"QQ {n[:2]} {n[2:4]} {n[4:6]} C"])


def _born(rng: random.Random, language: str) -> str:
    year, month, day = rng.randint(1940, 2005), rng.randint(1, 12), rng.randint(1, 28)
    if language == "zh":
        return rng.choice([f"{year}年{month}月{day}日", f"{year}-{month:02d}-{day:02d}"])
    name = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
    ]
    return rng.choice([f"{day} {name[month % 10]} {year}", f"{day:02d}/{month:02d}/{year}"])


#: Kind -> what sentence it stands in, and what makes it.
NUMBERS: dict[str, tuple[str, Callable[[random.Random, str], str]]] = {
    "identity card": ("label", _identity_card),
    "passport": ("label", lambda r, _l: r.choice([f"E{_digits(r, 8)}", f"G{_digits(r, 8)}", _digits(r, 9), f"C{_upper(r, 1)}{_digits(r, 7)}"])),
    "Hong Kong card": ("label", lambda r, _l: r.choice([f"{_upper(r, 1)}{_digits(r, 6)}({r.randint(0, 9)})", f"H{_digits(r, 8)}"])),
    "IBAN": ("label", _iban),
    "bank card": ("label", _bank_card),
    "bank account": ("label", lambda r, _l: _digits(r, r.randint(8, 12))),
    "mobile phone": ("contact", _mobile),
    "landline": ("contact", _landline),
    "phone in words": ("contact", _in_words),
    "e-mail": ("contact", _email),
    "e-mail spelt out": ("contact", _spelt),
    "messenger": ("contact", _messenger),
    "handle": ("contact", _handle),
    "number plate": ("label", _plate),
    "link with token": ("bare", _link),
    "customer number": ("label", lambda r, _l: _number(r, "|C|K-|CU", (5, 8))),
    "order number": ("label", lambda r, _l: _number(r, "|#|SO-|2024-", (5, 9))),
    "contract number": ("label", lambda r, _l: _number(r, "|HT|V-|CN2023", (5, 8))),
    "staff number": ("label", lambda r, _l: _number(r, "|A|M0", (4, 6))),
    "parcel": ("label", lambda r, _l: _number(r, "SF|YT|1Z|JD00", (10, 13))),
    "bare number": ("bare", lambda r, _l: _number(r, "|C|SO-|HT|INV", (6, 10))),
    "postcode": ("label", _postcode),
    "device": ("label", lambda r, _l: (b := _digits(r, 14)) + luhn.calc_check_digit(b)),
    "network address": ("label", _network),
    "position": ("label", _position),
    "social insurance": ("label", _insurance),
    "date of birth": ("born", _born),
}  # fmt: skip
SENTENCES = {"building": BUILDING, "held out": HELD_OUT}
for _part, _of in (
    ("second", fresh.SECOND),
    ("third", fresh.THIRD),
    ("fourth", fresh.FOURTH),
    ("fifth", fresh.FIFTH),
    ("sixth", fresh.SIXTH),
    ("seventh", fresh.SEVENTH),
):
    SENTENCES[_part], _NAMES[_part], _NICKS[_part], _STREETS[_part] = _of
PEOPLE = ("staff", "intro", "sign", "title")


def _parts(text: str) -> tuple[str, ...]:
    """What must not be read: every run of letters and digits that tells something."""
    plain = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in text)
    runs = [run for run in re.findall(r"[A-Za-z0-9]+", plain) if re.search(r"\d{2}", run)]
    return tuple(runs) or (text,)


def _name(
    rng: random.Random, language: str, part: str, sentence: str
) -> tuple[str, tuple[str, ...]]:
    whole = rng.choice(_NAMES[part][language].split("|"))
    if language == "zh":
        family = 2 if whole[:2] in _COMPOUND else 1
        if sentence == "title":
            return whole[:family] if rng.random() < 0.5 else whole, (whole[:family],)
        return whole, (whole[family:],)
    words = whole.split()
    if sentence == "title":
        return words[-1], (words[-1],)
    shape = rng.random()
    name = whole if shape < 0.4 else words[0] if shape < 0.8 else whole.lower()
    return name, tuple(name.split())


def plant(each: int, seed: int, *, part: str = "held out") -> Iterator[Planted]:
    """Make `each` sentences of every kind and language, of a part of the sentences."""
    rng = random.Random(seed)
    sentences = SENTENCES[part]
    for language in ("en", "zh"):
        for kind, (where, make) in NUMBERS.items():
            label = _LABELS.get(kind, ("", ""))[language == "zh"]
            for _ in range(each):
                it = make(rng, language)
                text = rng.choice(sentences[language][where]).format(it=it, label=label)
                parts = _parts(it)
                if kind == "phone in words":
                    parts = (" ".join(it.split()[:4]),) if language == "en" else (it[:4],)
                elif kind == "e-mail spelt out" or kind == "e-mail":
                    parts = _parts(it.split("at")[0] if " at " in it else it[:3])
                elif kind == "date of birth":
                    parts = tuple(re.findall(r"\d{4}", it))
                yield Planted(kind, language, text, parts)
        for where in PEOPLE:
            for _ in range(each):
                it, parts = _name(rng, language, part, where)
                text = rng.choice(sentences[language][where]).format(it=it)
                yield Planted(f"name ({where})", language, text, parts)
        for _ in range(each):
            it = rng.choice(_NICKS[part][language].split("|"))
            text = rng.choice(sentences[language]["nick"]).format(it=it)
            yield Planted("nickname", language, text, (it,))
        for _ in range(each):
            street, n = rng.choice(_STREETS[part][language].split("|")), rng.randint(2, 320)
            room = rng.randint(101, 2400)
            if language == "zh":
                it, parts = rng.choice([
                    (f"{street}{n}号{room}室", (f"{n}号", f"{room}室")),
                    (f"{street}{n}号", (f"{n}号",)),
                    (f"{n % 30 + 1}栋{n % 4 + 1}单元{room}", (f"单元{room}", f"{n % 30 + 1}栋")),
                ])  # fmt: skip
            else:
                at = f"{n} {street}"
                it = rng.choice([at, at.lower(), f"Flat {n % 9 + 1}, {at}", f"{at}, apt {room}"])
                parts = (at,)
            text = rng.choice(sentences[language]["place"]).format(it=it)
            yield Planted("address", language, text, parts)


@dataclass
class Count:
    """Planted and missed of one kind and language."""

    planted: int = 0
    missed: int = 0


def count(
    each: int, seed: int, shown: Callable[[str], str | None], *, part: str = "held out"
) -> tuple[dict[tuple[str, str], Count], list[Planted]]:
    """Count what is missed, by kind and language, and list it."""
    table: dict[tuple[str, str], Count] = {}
    missed: list[Planted] = []
    for one in plant(each, seed, part=part):
        row = table.setdefault((one.kind, one.language), Count())
        row.planted += 1
        if one.missed(shown(one.text)):
            row.missed += 1
            missed.append(one)
    return table, missed


if __name__ == "__main__":
    from workbench.privacy.quotation import quotable

    part = sys.argv[1] if len(sys.argv) > 1 else "third"
    table, missed = count(50, 20261130, quotable, part=part)
    kinds = list(dict.fromkeys(kind for kind, _ in table))
    print(f"{'kind':<20}{'en':>6}{'missed':>8}{'zh':>6}{'missed':>8}")
    for kind in kinds:
        en, zh = table[kind, "en"], table[kind, "zh"]
        print(f"{kind:<20}{en.planted:>6}{en.missed:>8}{zh.planted:>6}{zh.missed:>8}")
    planted = sum(row.planted for row in table.values())
    print(f"found {1 - len(missed) / planted:.4f} of {planted}")
    if part == "building" or "--missed" in sys.argv:
        for one in missed:
            print(one, "->", quotable(one.text))
