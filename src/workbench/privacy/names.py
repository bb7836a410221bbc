"""Finds people's names: by what stands before them, and by a lexicon in both scripts."""

from __future__ import annotations

import re
from functools import cache


def words(text: str) -> list[str]:
    """Read a list of words, apart by blanks."""
    return text.split()


#: Surnames that hardly stand alone as a word; ordinary words follow apart.
SURNAMES = frozenset(
    "王李刘陈杨赵吴周徐孙朱胡郭何罗郑梁谢宋唐许韩冯邓曹彭曾肖董袁潘于蒋蔡余杜苏魏吕丁沈姚卢姜崔钟谭陆汪范廖贾韦"
    "付傅邹孟秦邱尹薛闫阎侯陶黎贺郝龚邵覃戴莫孔康施洪樊乔庞殷庄章鲁岳翟葛俞倪耿詹涂裴蔺卞霍虞窦柴荆冉芦鞠娄褚"
    "岑屈佘饶靳戚祁蒲冼缪滕臧栾邢晏亓冀郎桑桂濮牟闵焦郁聂阮甄嵇糜蒙麦辛匡瞿阚卓蔚鄢宓仝牛邝蓝鄂郜郗"
    "劉陳楊趙吳孫鄭許韓馮鄧蕭蔣蘇呂盧鍾譚陸廖賈韋鄒閻賀龔莊魯葉張黃馬錢"
)
#: Surnames that are also words, and count only where more speaks for a name.
WORDY_SURNAMES = frozenset(
    "张高林马黄金方石万常安温时成向任包单水全古易左别白钱毛江田段雷龙史顾夏叶汤文严武熊尚季米凌梅"
    "花华关曲官车路宁柳项盛尤佟巫苗丛敖鹿荀揭谌芮程颜骆鲍卫宗柏查穆费赖席柯班燕裘谈荣项解申危景党童符路游连应甘简纪祝管洛舒齐伍欧容楚屠牧宫阳明池边冷强宣沙谷封贡鱼房年"
)
#: Rarer ones, and such as are words before they are names.
RARE_SURNAMES = frozenset(
    "翁海储晁冒农经苍双逯巴晋咸籍索仰支昝卜莘厍广东利蔚越隆师巩厙勾敖融訾那饶空沙养须丰巢关蒯相查后荆红游竺权逯盖益桓公佴佟"
    "墨哈谯笪呙琴商佘牟伯赏闫法汝钦归帅缑亢况有楼鄞苟占闻麻母缪原宿仇禄阙雍璩濮寿通扈郏浦别充茹习艾容慎戈廖庾衡步都耿满弘国文寇"
    "殳沃夔臧麴喻云昌鲍毕皮计伏茅刁昝虞邓郁杭诸崔吉钮嵇裴荀於惠甄曲芮羿靳汲邴井富巫乌弓隗山谷宓蓬郗仰秋仲伊暴钭厉戎祖束幸"
    "司韶郜蓟薄印怀邰从鄂屠蒙乔阴鬱胥能逄扶堵宰郦郤桑尚向古易暨居匡逮景龚白祝茅贲邸练明揭鹿丛由战初门光"
)
COMPOUND = (
    "欧阳|歐陽|司马|司馬|上官|诸葛|諸葛|夏侯|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|司徒|端木"
    "|独孤|南宫|申屠|轩辕"
    "|澹台|濮阳|呼延|拓跋|闻人|东郭|西门|公羊|钟离|鲜于|闾丘|太史|仲孙|万俟|赫连"
)
_ALL = "".join(sorted(SURNAMES | WORDY_SURNAMES))
#: Characters that given names are made of.
GIVEN_ZH = frozenset(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华建国志文辉玲梅红鹏飞波斌宇浩凯健俊帆帅旭雪婷倩颖琳欣怡雨桐佳"
    "萍玉莹洁晶晨阳鑫博轩涵梓子睿泽思诗梦瑶瑾琪琴璐露莎莉薇菲菊莲荷春夏秋冬海燕云霄峰岭山川江河湖林森松柏楠栋梁柱铁"
    "震雷鸣龙虎豪杰雄武威猛毅坚定恒永久远长福禄寿喜财富贵荣昌盛兴旺发达祥瑞吉庆安康宁和顺德仁义礼智信忠孝廉诚善良"
    "爱慧惠贤淑贞婉清雅韵心美嘉宝珍珠翠碧金银锦绣彩虹霓光亮朗晓东西南北卫民生胜利成功凤凰鹤鹃鹂雁翔翰墨书棋画琦"
    "璇玮珂珊玥皓昊昱曦晖煜烨炜烽焕灿然若依伊可悦乐笑甜糖圆妮妞囡娃宸辰星月岚岩石磐钢锋锐利钧铭鉴钰锡培基坤垚城"
    "培均堂士学才艺立业建设新立群众卓越升腾跃进启航舟帆济泓润滋沛涓澜澄湘沅洛沁汐渊源泉溪淼素香芬芸芹苗茜茹荔莺萌"
    "霖鸿佑汉蝶衣稼圃来天开青问一诺穆纬经小曼童莫闻甲羽政利正时嵩苍碧朴竹叙述凝静宛初见知微和鸣向往念慕归晚航瀚淇淳渝澈潇熙灏炎炫焱煊焰燊燚牧珏珑琛瑀瑄瑛瑜璋璟璨甫皎盈眉睦瞳硕祎祐祺禹秉稷穆竣笙筠筱箫简粲紫"
    "纶绍绮绯缘翎翱耀聪聿肃胤舒舜艾芃芊芙芮苇茗荃荟莘莞菀菁菡萧葆葵蓝蔚蕙藜衡裕诺谦豫贝赋赫轶轼迅迎迪迦逊逵道遵野铎铠铮锴镇阔隆"
    "雍霁霆霈靖韬韶颂颐飒骁骏骥魁鹿麒麟鼎萱蓉蓓蔓蕾蕊薰馨豆小大多从容巍冠冰凌彤彬彦徐得逸遥逍勤奋进前程光宗耀祖继承传孔孟庄周世家邦少伯仲叔季元亨朝晏如心乐方圆丹欢瑜畅芝花柳杨里雪晴朵勤娥凡尘齐冉茵芷予之宥翊沐妍"
)
TITLES_ZH = (
    "先生|女士|小姐|太太|夫人|经理|師傅|师傅|老师|主任|医生|大夫|律师|教授|博士|店长|专员|顾问"
    "|主管|总监|老板|同学"
    "|警官|护士|女生|阿姨|叔叔|大姐|大哥|总|工|哥|姐|叔|姨|嫂|董|队|导"
)
#: Surnames with which names of places and directions begin: 华东, 江南.
_PLACES = frozenset("华江石安宁云海黄白金青高")
#: The commonest Chinese names in Latin letters that English has as words, too.
PINYIN = frozenset(
    words(
        """
        li wei wang zhang chen liu yang zhao wu zhou xu sun ma zhu hu lin luo zheng tang han feng
        deng cao jia fang lei hao jun jing lan ling mei ming na ning ping qian tao xia xin yan ying
        yong yu yun hui jie juan bo bin lee kim park tan ng wong chan lam ho lau yip tran nguyen
        pham
        """
    )
)
_TITLED_ZH = re.compile(
    rf"(?:(?:{COMPOUND})|[{_ALL}])(?=(?:先生|女士|小姐|太太|夫人|经理|师傅|老师|主任|医生|律师"
    rf"|店长|专员|主管))"
)
#: Words after which a name stands in Latin letters.
_TITLED = re.compile(
    r"\b(Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Madame|Mme|Sr|Sra)\.?\s+"
    r"([A-ZÀ-Þ][\w'’-]+(?:\s+[A-ZÀ-Þ][\w'’-]+)?)"
)
_INTRODUCED = re.compile(
    r"(?<=my name is )[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)?"
    r"|(?<=my name's )[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)?"
    r"|(?<=我叫)[\u4e00-\u9fff]{2,3}(?![\u4e00-\u9fff])|(?<=我叫)[\u4e00-\u9fff]{2,3}"
    r"|(?<=姓名[:：])[\u4e00-\u9fff·]{2,8}",
    re.I,
)
_SIGNED = re.compile(
    r"(?:(?:kind|best|warm|many)\s+)?(?:regards"
    r"|wishes)[,.\s-]+(?P<a>[A-Z][\w'’.-]*(?:\s+[A-Z][\w'’.-]*){0,2})\s*$"
    r"|(?:yours(?:\s+(?:sincerely|faithfully|truly))?|sincerely|cheers|signed|thanks)\s*[,:\n-]+\s*"
    r"(?P<b>[A-Z][\w'’.-]*(?:\s+[A-Z][\w'’.-]*){0,2})\s*$"
    r"|(?:——|--|—)\s*(?P<c>[\u4e00-\u9fff]{2,4}|[A-Z][\w'’.-]*(?:\s+[A-Z][\w'’.-]*){0,2})\s*$"
    r"|(?P<d>[\u4e00-\u9fff]{2,4})\s*敬上",
    re.IGNORECASE,
)
#: What says that a name, a nickname or a signature is near: such a sentence is not quoted.
ANNOUNCED = re.compile(
    r"\b(?:mr|mrs|ms|miss|mister|dr|prof|herr|frau|mme)\b\.?\s+\w|\bmy (?:full |first |last "
    r"|user |nick)?"
    r"name\b|\bi[’']?m called|\bthis is [A-Z]|\bsigned\b|\bsincerely\b|\bregards\b"
    r"|\bbest wishes\b|\bfaithfully\b"
    r"|\byours\b|\bnamed\b|\bby the name\b|\bgoes by\b|\bnick ?name\b|\buser ?name\b"
    r"|\bsurname\b|\bborn\b|\bbirth"
    r"|\bcheers\W*\w+\W*$|\battn\b|\bc/o\b"
    r"|\b(?:account|card|policy|bill) ?holder\b|\bundersigned\b"
    r"|\b(?:signed (?:up|in)|registered|log(?:ged)? ?(?:in|on)|post(?:s|ed|ing)?|listed) as\b"
    r"|\bsearch(?:ing)? for \S+ and\b|\bmoderators?\b|\bbanned\b|\bscreen ?name\b"
    r"|\bgamer ?tag\b|\bmy (?:handle|alias|avatar)\b"
    r"|\b(?:wife|husband|son|daughter|mother|father|brother|sister|boss|colleague|neighbour"
    r"|friend)[,]? [A-Z]"
    r"|我叫|我是[小老]|本人[^，。]|姓名|叫做|名叫|名字|署名|敬上|此致|落款|昵称|网名|用户名"
    r"|(?:微博|微信|抖音|快手|账户|账号|帐号|游戏|论坛|群|注册|登录|马甲)名|(?:微博|论坛|贴吧|社区"
    r"|群|直播间|评论区|小红书|抖音|快手|[Bb]站|朋友圈)(?:里|上|中)?(?:那个|的那个)?(?:叫|是我|就是我"
    r"|用户|网友|署|备注)|(?:里|上|中)叫|备注(?:的?是|为|叫)|发的(?:帖|评论|微博|动态)|(?:关注|加|搜|认准|艾特)我[^，。了的]"
    r"|版主|吧主|(?:注册|登录|登陆|绑定|改名|起名)(?:时|的时候|那会儿)?(?:用|填|写|起|叫)"
    r"|(?:搜|搜索|搜一下)[^，。,.]{2,12}(?:就|便)?(?:能|可以)?(?:看到|找到|搜到)"
    r"|(?:把|将|被)[^，。,.]{2,14}(?:禁了|封了|拉黑|踢出)|头像"
    r"|论坛|贴吧|显示名|是我(?:[，,。.!！]|$)|我用[^，。,.]{2,12}(?:写|发|评|留)(?:过|了)"
    r"|名下|代[^，。理替表价码购办]{2,4}(?:反映|留言|投诉|咨询)|留言[。.!！]?$"
    r"|鄙人|机主(?:是|为|叫)|户主(?:是|为|叫)|登记的(?:是|为|名)|粉丝(?=群|团|数|里|中|会|们)|禁言|封号|拉黑|(?:登录|登陆|注册|绑定)的?(?:是|用的|名)|(?:标着|标注|署着|显示)(?:的?是|为)?"
    r"|(?:都|就|也)?(?:喊|管)我(?!们)|[Ii][Dd](?:叫|是|为|[:：])"
    r"|账号|帐号|微信号|微信名"
    r"|叫[^，。,.\s]{2,6}的(?:人|姑娘|小伙|员工|客服|师傅|同事|店员|男|女|小姑娘|大姐)|联系人"
    r"|收货人|收件人|寄件人|抖音号|小红书号|出生|生日|护照|身份证|姓[^氏]|——|--",
    re.IGNORECASE,
)
#: Words whose next word is a name more often than not.
BEFORE_NAME = frozenset(
    words(
        """
        thanks thank agent advisor adviser rep representative manager colleague assistant clerk
        engineer technician driver by with from to dear hi hello hey and ask asked called met saw
        told phoned
        """
    )
)


def mask_names(text: str) -> str:
    """Replace the names that a title, an introduction or a signature gives away."""
    masked = _TITLED.sub(lambda m: f"{m[1]} [name]", text)
    masked = _INTRODUCED.sub("[name]", masked)
    masked = _SIGNED.sub(_signature, masked)
    return _TITLED_ZH.sub("[name]", masked)


def _signature(match: re.Match[str]) -> str:
    name = next(n for n in match.groupdict().values() if n)
    # re.I lets lower-case words through: "thanks, great job" ends no letter with a name
    if name.isascii() and not all(word[0].isupper() for word in name.split()):
        return match[0]
    return match[0].replace(name, "[name]")


@cache
def given_names() -> frozenset[str]:
    """Return given names in Latin letters, in lower case.

    From `faker` (its lists of the United States, Britain, Germany, France, Spain and Italy) and
    `nicknames`.
    """
    from nicknames import NickNamer

    found = _of_faker("first_names")
    nicknames = NickNamer()
    for name in tuple(found):
        found |= nicknames.nicknames_of(name)
    return frozenset(name for name in found if len(name) > 1)


@cache
def family_names() -> frozenset[str]:
    """Return family names in Latin letters, in lower case, from `faker`."""
    return frozenset(_of_faker("last_names"))


@cache
def other_names() -> frozenset[str]:
    """Return names of other languages in Latin letters, in lower case, from all of `faker`."""
    import pkgutil
    from importlib import import_module

    from faker.providers import person

    found: set[str] = set()
    for place in pkgutil.iter_modules(person.__path__):
        provider = import_module(f"faker.providers.person.{place.name}").Provider
        for which in vars(provider):
            held = getattr(provider, which)
            if "name" not in which or isinstance(held, str | property) or callable(held):
                continue
            for name in held:
                # Japanese ones are signs, their sound, and Latin letters
                found.add(str(name[-1] if isinstance(name, tuple) else name).casefold())
    return frozenset(name for name in found if len(name) > 2 and name.isascii() and name.isalpha())


def _of_faker(which: str) -> set[str]:
    from importlib import import_module

    places = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "en_IN")
    providers = [import_module(f"faker.providers.person.{place}").Provider for place in places]
    return {str(name).casefold() for each in providers for name in getattr(each, which)}


#: Names that are words first: in lower case, and where no name is likely, they name nobody.
WORDS_TOO = frozenset(
    words(
        """
        more than day forum page pages price date best good company read real long black case cases
        house power north law art white small love little west park parks key young field fields
        court green short bill mark marks edit king cross hope bush summer win glass master strong
        kit wall walls ring deep winter wood woods lord grant parent guy ball stone doctor merchant
        rich marine branch smart faith snow golden gene con bath bird moon dot bell sharp cook
        prince ram fox bond tank potter rice char bright peer grace honor gross till joy foster pat
        baker ward rush lucky candy hunt sole wise eve glory wolf cherry noble knight pace dawn
        cord hub sue hood chase fisher bull harm pal mat mate dale ash bean bias pope horn berry
        penny mercy hull buck lamb junk dash ant frost swift destiny lance colon ware savage
        shepherd daisy din vet lily ginger crane wade hardy raven loyal fry tucker melody barber
        harsh curry peg bail vest gill rust ale baron stark gamble ally petty beard tailor pant
        nanny birch rusty brewer misty eddy butcher brandy lad ante peck stout sane collier tanner
        riddle proctor bray grit sly dunk blot huff squat corral lorry rout gory veer abate bigot
        amble lope sunder sales june april august miles else church weeks sellers flowers diamond
        rose urban crystal hunter bass angel dean lane costa contractor beer oak holder villa
        valentine waters mall walker plaza clay killer bishop farmer robin salmon autumn coral
        bridges warrior booth polo chick eco porter chambers cannon cliff herb pastor preston
        carpenter torrent cousin pier meadows sparks moody moss marsh downs gardener may will frank
        jan english french german font powers banks mills rivers gates burns brown gray grey turner
        brooks mason solomon baptist butler major early worth week today best fine new stores bank
        post lines line call calls staff phone data many most less better fair kind clear sweet
        silver gold hall hill camp amber cam sierra sims mesa dial bar ever so an in no my an do
        see per la le al de den der van von me us it on at be to go by he we she you they home
        friend friendly works works center centre country city town street road market reader free
        save level can day days night sunday monday friday sky son sun star harbor harbour store
        shop plan plans west east south
        """
    )
)


def is_name(word: str) -> bool:
    """Tell whether a word in Latin letters, in lower case, is a name and little else."""
    return word not in WORDS_TOO and (word in given_names() or word in family_names())


def is_full_name(value: str) -> bool:
    """Tell whether a value is a person's name as a table has it: Anna Meier, Meier, A., 李铁柱.

    A number at the end, which tells two of one name apart, does not count.
    """
    plain = re.sub(r"[\s\d.,]+", " ", value).strip()
    if re.fullmatch(r"[\u4e00-\u9fff]{2,4}", plain):
        family = 2 if re.match(COMPOUND, plain) else 1
        known = family == 2 or plain[0] in SURNAMES or plain[0] in WORDY_SURNAMES - _PLACES
        return known and len(plain) > family and set(plain[family:]) <= GIVEN_ZH
    parts = plain.casefold().split()
    if not 2 <= len(parts) <= 4 or not all(part.isalpha() for part in parts):
        return False
    first = given_names() | other_names()
    last = first | family_names()
    return any(one in first for one in parts) and all(one in last for one in (parts[0], parts[-1]))
