"""Says what of a sentence may be quoted: what is made of known words, and names nobody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache

from workbench.privacy import identifiers, names, slots
from workbench.privacy.names import words

#: What stands for a word that nobody knows.
BLANK = "[…]"
#: A sentence with more blanks is not quoted.
MOST_BLANKS = 2

_HAN = re.compile(r"[\u3400-\u9fff]+")
_TOKEN = re.compile(
    r"(?P<mark>\[[a-z-]+\])|(?P<han>[\u3400-\u9fff〇]+)"
    r"|(?P<number>\d[\d.,:/%‰°-]*\d|\d%?)(?![^\W\d_\u3400-\u9fff])"
    r"|(?P<word>[^\W_\u3400-\u9fff]+(?:['’-][^\W_\u3400-\u9fff]+)*)|(?P<other>[_@#])"
)
#: A number with letters that everybody writes: 5G, 20GB, 3rd, 24h, 10x, 7pm, MP3, A4, H5.
_KNOWN_MIXED = re.compile(
    r"\d{1,4}(?:st|nd|rd|th|s|g|gb|mb|kb|tb|mbps|kbps|m|km|cm|mm|kg|ml|l|h|hr|hrs|min|mins|sec"
    r"|x|k|w|am|pm|p|d"
    r"|days?|years?|inch|in|ft|mph|px|v|a|hz|ghz|mhz|mah|star|stars|rmb|usd|eur)"
    r"|[a-z]\d|(?:mp|ps|wifi|usb|win|web|ios|iphone|ipad|android|covid|b|c|g|k|o)-?\d{1,2}",
    re.IGNORECASE,
)
_NEAR_HOUSE = re.compile(
    r"[\d一二三四五六七八九十百]+\s*(?:号楼|号院|号[^码线窗台]|号$|弄|栋|幢|单元|室)(?![码])"
    r"|(?:路|街|巷|弄|胡同)\s*\d"
    r"|\b(?:flat|apt|apartment|room|suite|unit|house|door)\s+(?:no\.?\s*|number\s*|#\s*)?[a-z]?\d"
    r"|\bnumber \d+\b|\bno\. ?\d+|#\s*\d|\bext(?:ension)?\.? ?\d|工号|尾号|\bending (?:in )?\d"
    r"|(?:\b(?:id|no|number|num|code|pin|ref|reference|employee|badge|account|customer|contract"
    r"|order)|编号|号码|密码"
    r"|验证码|订单|合同|客户号|卡号)\W{0,3}(?:(?:is|was|no|number|为"
    r"|是)\W{0,2}){0,2}[a-z]{0,3}[-#]?\d{3}"
    r"|\d{1,5}[a-z]? (?:[\w'’-]+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|close"
    r"|court|crescent|terrace"
    r"|square|boulevard|blvd|gardens|grove|mews|row)\b"
    r"|\b(?!www)(?:[a-z]{2,}\.){2,}[a-z]{2,}",
    re.IGNORECASE,
)
#: A last line of capitals alone: who wrote it.
_LAST_LINE = re.compile(r"\n\s*[A-ZÀ-Þ][\w'’-]+(?:\s+[A-ZÀ-Þ][\w'’-]+){0,2}\W*$")
#: Speaks of a number that belongs to somebody, wherever the number stands.
_NUMBERED = re.compile(
    r"\b(?:employee|staff|customer|account|member|order|contract|policy|reference|booking|card"
    r"|badge|ticket)\W?"
    r"(?:id|no|number)\b|(?:工|编|单|账|帐|卡|合同|客户|会员|证件|流水)号",
    re.IGNORECASE,
)
#: A day so long ago that it is somebody's day of birth rather than one of the matter.
_BORN = re.compile(
    r"(?<!\d)(?:19\d\d|200\d|201[0-2])(?:\s*年\s*\d{1,2}\s*月|[-/.]\d{1,2}[-/.]\d{1,2})"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:19\d\d|200\d|201[0-2])(?!\d)"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov"
    r"|dec)[a-z]*\.?,? (?:\d{1,2},? )?(?:19\d\d|200\d|201[0-2])(?!\d)",
    re.IGNORECASE,
)
#: What stands alone at the end of a sentence, and begins as a name does: a signature.
_LAST = re.compile(
    rf"[。！!,，、；;\s](?:您的|一位)?(?:老)?(?:用户|客户|顾客"
    rf"|会员)?(?:(?:{names.COMPOUND})[\u4e00-\u9fff]{{1,2}}"
    rf"|(?P<name>[\u4e00-\u9fff]{{2,3}}))(?:敬?上|留)?[。.！!\s]*$"
)
_WORDS_OF_NUMBERS = frozenset(
    words(
        """
        zero oh one two three four five six seven eight nine double triple
        """
    )
)
#: Words that the dictionary of English lacks and that every customer writes.
_ALSO = frozenset(
    words(
        """
        i a app apps sim esim wifi ok pdf sms gps atm vip vpn usb tv dvd faq url ui hd id qr pin
        ott asap cashback refund refunds unboxing chatbot callback hotline voicemail broadband
        wechat alipay paypal whatsapp google android iphone etc eg ie vs ltd uk eu usa us hr it's
        i'm i've i'd i'll don't doesn't didn't can't couldn't won't wouldn't isn't aren't wasn't
        weren't haven't hasn't hadn't shouldn't mustn't needn't that's there's here's what's who's
        he's she's let's you're you've you'll you'd they're they've they'll they'd we're we've
        we'll we'd ain't y'all o'clock customer's company's today's everyone's children's monday
        tuesday wednesday thursday friday saturday sunday january february march april may june
        july august september october november december english chinese french german spanish
        italian christmas easter
        """
    )
)
#: Single characters that are words of their own.
_SINGLE = frozenset(
    "的了是在我你您他她它们这那就都也还又才很太真挺有没不和与跟及或而但把被让给对从到去来要会能可得地着过吧吗呢啊哦"
    "上下里中个一二两三四五六七八九十百千万零半几多少大小好坏新旧快慢高低长短早晚远近贵便宜说讲看听问答想做办用找拿送"
    "买卖退换修装打接等排坐站走跑回进出开关发收付交花省扣加减升降改变更每次天年月日时分秒点号人家店里面前后左右内外"
    "东西南北间边头口手眼心脸钱元块角费价单张条件台部份只位名种类样些套双本篇页门床车楼层路街线网卡机号码包盒袋瓶杯"
    "碗盘碟锅盆份吃喝住行穿玩学教写读念记忘懂知道信爱恨怕怪气急忙累困饿渴冷热暖凉干湿脏净净甜酸苦辣咸淡香臭鲜嫩老"
    "软硬脆油腻薄厚轻重满空全整齐乱平稳差行错对准确清楚明白亮暗静吵红黄蓝绿黑白紫灰色字图文声音像如若因为所以于之其"
    "此该各另别某何谁哪啥咋怎么嘛呀哈嗯噢唉哎喔哟啦咯嘞呗吗么非常极最更越再总只仅光刚曾将已正始终仍却则即便虽然且并"
    "除由向往朝沿按照据比较似同至止离距隔带领请谢求帮替代换催逼骗赖推拉挂断掉丢失落掉扔放搁摆挤堵卡拖拆弄搞整试测"
    "查核验算数量称重印刷贴粘盖封锁解开关停留存取借还租订约定选挑换换配送派寄运搬提抬举抱背扛端倒洗擦扫拖煮炒烤炸煎"
    "蒸炖拌泡冲切肉鱼虾蟹鸡鸭鹅牛羊猪蛋奶茶酒水汤粥饭面粉菜瓜果豆糖盐醋酱葱蒜姜椒饼糕饺串火店味道量足够完成起住"
    "见到着过死活生病痛痒累爽美丑棒赞牛强弱厉害笨傻呆懒勤狠猛凶善良诚实老少男女爸妈爷奶哥姐弟妹儿子孩夫妻友客主员工"
    "家族群队班组级段期届届度倍成股层档款版型批排列行组堆群串把根枝朵片块滴层面管支听桶箱篮筐叠捆顿趟遍场回阵番声步"
    "刻钟周季春夏秋冬晨夜午暂久常永曾偶渐忽突竟居究竟反而倒却偏岂难怪幸亏亏免未必须应该当能够肯敢愿想要使令叫派任"
    "嘴牙耳鼻腿脚脑皮骨血汗泪梦事物理由法律则规章制票据证件书报纸笔墨桌椅凳灯窗墙顶底角落处所址区县市省国城镇村乡"
    "山河湖海江岸岛林树草花叶土石沙金银铜铁电光雨雪风云雷雾太阳月星空气温湿离怨吐槽亏赔值估算送赠减免涨跌死翻倒"
    "乐笑哭喊骂吼嚷劝吵闹聊谈议评论述描写嫌夸捧踩扯瞎胡乱蒙混敷衍糊弄催撤销补缴充缺欠短漏差占抢插替顶超限满闪退转壳秒词懂账剩翻断格砍返拨串烫碰咬飘滑嗨帅酷萌酥糯爆辣麻鲍鲷鲫藕笋蘑榴莲披堡寿司咖啡盅煲涮焖炖烩烧卤腌熏焗豉卷饺撑饱喷吞嚼尝品闻嗅瞧瞅盯扫抢逛溜跨踩踢弹跳爬钻塞插拔撕剥剪刷涂抹蘸浇淋泡浸浮沉漂滚旋绕缠捆绑系扎缝补织编撒"
)
_NAME_CHAR_STOP = frozenset(
    "的了是在我你您他她它们这那就都也还又才很太真挺有没不和与跟及或而但把被让给对从到去来要会能可得着过吧吗呢啊哦"
    "一二两三四五六七八九十几多少说讲看听问找拿上下里个次每再最更比只用买卖退换修等做办打送吃点等后前为以于之其"
)


@cache
def english_words() -> frozenset[str]:
    """Return words of English with their forms, in lower case: SymSpell's 82,765.

    It was made from SCOWL and the Google Books Ngrams; it holds names, too.
    """
    from importlib.resources import files

    listed = files("symspellpy") / "frequency_dictionary_en_82_765.txt"
    lines = listed.read_text(encoding="utf-8-sig").splitlines()
    return frozenset(line.split()[0] for line in lines if line) | _ALSO


def cut(text: str) -> list[str]:
    """Cut Chinese into the words of jieba's dictionary; what it does not know, into characters."""
    import rjieba

    return list(rjieba.cut(text, False))


@cache
def _tag(word: str) -> str:
    import rjieba

    tagged = rjieba.tag(word, False)
    return str(tagged[0][1]) if len(tagged) == 1 else ""


def is_known(word: str, known: Collection[str] = ()) -> bool:
    """Tell whether a word belongs to everybody: in a dictionary or the study's own, and no name.

    Parameters
    ----------
    word : str
        One word, of either script.
    known : collection of str
        The study's own words, in lower case.
    """
    folded = word.casefold().replace("’", "'")
    if folded in known:
        return True
    if _HAN.fullmatch(word):
        return _han_blanks(word, frozenset(known)) == [] and not _is_person(word)
    return _in_dictionary(folded) and not names.is_name(folded)


def _in_dictionary(folded: str) -> bool:
    english = english_words()
    if folded in english or _KNOWN_MIXED.fullmatch(folded):
        return True
    if folded.endswith("'s") and folded[:-2] in english:
        return True
    parts = folded.split("-")
    return len(parts) > 1 and all(part in english or part.isdigit() for part in parts)


def _is_person(word: str) -> bool:
    """Tell a name that the dictionary of Chinese words holds."""
    if re.match(names.COMPOUND, word) and len(word) in (3, 4):
        return True
    tag = "" if word in slots.ORDINARY or not 2 <= len(word) <= 6 else _tag(word)
    if len(word) > 2 and tag == "nrt":  # a foreign name by its sound
        return True
    if len(word) > 4 or not tag.startswith("nr"):
        return False
    family = names.SURNAMES | names.WORDY_SURNAMES | names.RARE_SURNAMES
    if len(word) == 3 and word[0] in family:
        return True
    return word[0] in family and set(word[1:]) <= names.GIVEN_ZH


def quotable(sentence: str, known: Iterable[str] = ()) -> str | None:
    """Give a sentence as it may be quoted, or None where it may not.

    Unknown words are blanked. A sentence with more than two blanks, one that names somebody or may
    do so, and one with a number or an address of a person is not quoted: quotations are a choice.

    Parameters
    ----------
    sentence : str
        What somebody wrote.
    known : iterable of str
        Words that the study itself uses: its codebook, its products, its questions.
    """
    own = known if isinstance(known, frozenset) else frozenset(w.casefold() for w in known)
    written = identifiers.UNSEEN.sub("", sentence)
    text = identifiers.narrow(written)
    if identifiers.MARK.search(text) or identifiers.find(text):
        return None
    if names.ANNOUNCED.search(text) or _NEAR_HOUSE.search(text) or _BORN.search(text):
        return None
    if _WITH_TITLE.search(text) or _COMPOUND.search(text) or _LAST_LINE.search(text):
        return None
    tokens = [part for run in _HAN.findall(text) for part in cut(run)]
    if slots.may_name(text, cut, _tag):
        return None
    if slots.speaks_of_handles(text, [t for t in tokens if t not in own]):
        return None
    last = _LAST.search(text)
    if last and (not last["name"] or _signs(last["name"])):
        return None
    blanks = _blanks(text, own)
    if blanks is None or len(blanks) > MOST_BLANKS:
        return None
    shown = written
    for start, end in reversed(blanks):
        shown = shown[:start] + BLANK + shown[end:]
    return shown


def _signs(run: str) -> bool:
    family = names.SURNAMES | names.WORDY_SURNAMES
    return (
        run[0] in family
        and run not in slots.ORDINARY
        and not set(run[1:]) & set("了的很吧呢啊吗不也")
    )


def _blanks(text: str, own: frozenset[str]) -> list[tuple[int, int]] | None:
    """Where unknown words stand; None where somebody may be named."""
    found: list[tuple[int, int]] = []
    if _NUMBERED.search(text) and re.search(r"\d{3}", text):
        return None
    tokens = list(_TOKEN.finditer(text))
    digits = spoken = 0
    shouted = text.upper() == text
    before = ""
    for token in tokens:
        kind = str(token.lastgroup)
        spoken = spoken + 1 if token[0].casefold() in _WORDS_OF_NUMBERS else 0
        if spoken > 3 or kind == "other":
            return None
        if kind == "number":
            digits += sum(c.isdigit() for c in token[0])
            if digits > 5 or sum(c.isdigit() for c in token[0]) > 4:
                found.append(token.span())
        elif kind != "han":
            digits = 0
        if kind == "han":
            digits = 0
            within = _han_blanks(token[0], own)
            if within is None:
                return None
            found += [(token.start() + a, token.start() + b) for a, b in within]
        elif kind == "word":
            verdict = _judged(token, text, before, shouted, own)
            if verdict is None:
                return None
            if verdict:
                found.append(token.span())
        before = token[0].casefold()
    return found


def _judged(
    token: re.Match[str], text: str, before: str, shouted: bool, own: frozenset[str]
) -> bool | None:
    """Whether a word in Latin letters is blanked; None where it may be somebody's name."""
    word = token[0]
    folded = word.casefold().replace("’", "'")
    bare = folded.removesuffix("'s")
    if folded in own or bare in own:
        return False
    if len(word) == 1:
        # an initial tells little, but not beside a name
        return word.isupper() and word not in "AIO" and not shouted
    if bare.isascii() and names.is_name(bare):
        return None
    english = _in_dictionary(folded)
    if bare in names.other_names() and not english:
        return None
    capital = word[0].isupper() and not shouted
    lead = re.search(
        r"(?:^|[.!?。！？:：;；\n\"“(（\[，、]|[\u3400-\u9fff])\s*[\"'“(]*$", text[: token.start()]
    )
    name_too = bare in names.given_names() or bare in names.family_names()
    name_too |= word[0].isupper() and bare in names.other_names() - names.WORDS_TOO
    if capital and name_too and (not lead or _acts(text[token.end() :], bare)):
        return None
    if capital and not lead and bare in names.PINYIN:
        return None
    if before in names.BEFORE_NAME and name_too and bare in names.given_names() and capital:
        return None
    if slots.names_in_slot(
        bare, before, text[token.end() :], starts=bool(lead), capital=word[0].isupper()
    ):
        return None
    if not english:
        return True
    # within a sentence a capital makes a name of any word; what is written all in capitals is none
    return bool(capital and not lead and not (word.isupper() and len(word) < 6))


_ACTS = re.compile(
    r"\s+(?:was|is|has|had|helped|at|from|said|told|called|explained|fixed|took|came|did|made"
    r"|sorted|solved"
    r"|answered|gave|went|promised|never|always|really|and I|who|writing|speaking|again|here"
    r"|arrived|stayed|listened|repaired|refused|looked|works|knows|[A-Z][a-z]+)\b"
)


def _acts(rest: str, word: str) -> bool:
    return word in names.given_names() | names.other_names() and _ACTS.match(rest) is not None


def _han_blanks(run: str, own: frozenset[str]) -> list[tuple[int, int]] | None:
    """Where unknown words stand among Chinese characters; None where somebody may be named."""
    found: list[tuple[int, int]] = []
    parts = cut(run)
    at = 0
    for i, word in enumerate(parts):
        after = parts[i + 1] if i + 1 < len(parts) else ""
        before = parts[i - 1] if i else ""
        if word not in own and (
            _names_somebody(word, before, after)
            or _placed(word, before, after, run[:at])
            or (word not in slots.ORDINARY and slots.in_person_slot(parts, i, run[:at], _tag(word)))
        ):
            return None
        if len(word) == 1 and word not in _SINGLE and word not in own:
            found.append((at, at + 1))
        elif len(word) >= 5 and set(word) <= set("〇零一二三四五六七八九幺两"):
            return None
        at += len(word)
    return _joined(found)


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


#: Surnames of a few that are words of everybody's, and count in the place of a name alone.
_FUNCTION = frozenset("有都后那原由从能于向初光通明")
_MEASURED = frozenset("一二两三四五六七八九十几每这那哪半多各整另某")
_TITLED = re.compile(names.TITLES_ZH)
_WITH_TITLE = re.compile(
    rf"(?:{names.COMPOUND}|[{''.join(sorted(names.SURNAMES | names.WORDY_SURNAMES))}])"
    rf"[{''.join(sorted(names.GIVEN_ZH))}]{{0,2}}(?:先生|女士|小姐|太太|夫人|经理|师傅|老师"
    rf"|主任|医生|大夫"
    r"|律师|教授|店长|专员|顾问|主管|总监|同学|阿姨|叔叔|大姐|大哥)"
)
_COMPOUND = re.compile(rf"(?!东方|西门|东郭|太史)(?:{names.COMPOUND})[\u4e00-\u9fff]")
#: Before a name that is a word as well: found, thanked, asked, called.
_BEFORE_ZH = re.compile(
    r"(?:找|找了|找到|感谢|谢谢|多谢|只有|新来的|各位好|大家好|你们好|换成|最后是|还是|跟着|表扬|投诉|点名|客服|店员|店长|员工|营业员|服务员|小伙子?"
    r"|姑娘|那位|这位|叫|我是|的同事"
    r"|柜员|问了?|请|跟|和|对|被|由|给|要不是|多亏|幸亏|除了|称赞|表白|人员|名字是|老公|老婆"
    r"|儿子|女儿|朋友)$"
)
#: After one: what only people do.
_AFTER_ZH = frozenset(
    words(
        """
        态度 帮 帮我 帮忙 帮助 服务 答应 承诺 告诉 说 接待 办 给 给我 很 一直 耐心 解释 热情 接 陪
        亲自 主动 回复 处理 接了 来 说话 接听 负责 专业 收 签 敬上 的 是 挺 也 特别 非常 真的
        """
    )
)


def _names_somebody(word: str, before: str, after: str) -> bool:
    """Tell whether a word begins a name, or is one."""
    wordy = names.WORDY_SURNAMES | names.RARE_SURNAMES
    if len(word) > 1:
        titled = len(word) < 4 and word[0] in names.SURNAMES | wordy and _TITLED.match(after)
        return word not in slots.ORDINARY and (bool(titled) or _is_person(word))
    strong = word in names.SURNAMES
    if not strong and (word not in wordy or word in _FUNCTION):
        return False
    if _TITLED.match(after) and before[-1:] not in _MEASURED:
        return True
    if strong and word not in slots.SMALL:
        return True  # these hardly stand alone: 小王, 老李, 李铁柱
    return before[-1:] not in _MEASURED and _given(after)


def _placed(word: str, before: str, after: str, ahead: str) -> bool:
    """Tell a name that is made of words by where it stands, or by the character after it."""
    family = names.SURNAMES | names.WORDY_SURNAMES
    if not 2 <= len(word) <= 3 or word[0] not in family or word in slots.ORDINARY:
        return False
    if not set(word[1:]) <= names.GIVEN_ZH:
        return False
    if len(word) == 2 and len(after) == 1 and after in names.GIVEN_ZH - _NAME_CHAR_STOP:
        return word[0] in names.SURNAMES or after not in "高快大小多好美香"
    if _BEFORE_ZH.search(ahead):
        return True
    return (not ahead and after in _AFTER_ZH) or (before == "的" and after in _AFTER_ZH)


def _given(after: str) -> bool:
    """Tell what may be a given name, or its beginning."""
    if not after or after[0] in _NAME_CHAR_STOP or after in slots.ORDINARY:
        return False
    if len(after) == 1:
        return after not in _SINGLE or after in names.GIVEN_ZH
    return len(after) == 2 and set(after) <= names.GIVEN_ZH
