"""Tells where a person would be named: then any word there that is not everybody's is doubtful.

A lexicon knows names that are nothing else. Names that are words as well (文章, Grace), nicknames
made of everyday words and forms of address (小右, 佳佳, 雨桐姐) are told by their place: after whom
one thanks or asks, before what only people do, beside what is said of accounts and forums. What
stands in such a place must be a role or a pronoun, else the sentence is not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from workbench.privacy import names
from workbench.privacy.names import words

#: Who may stand where a person stands, and is nobody in particular.
ROLES_ZH = frozenset(
    words(
        """
        我 你 您 他 她 它 我们 你们 他们 她们 它们 咱 咱们 俺 自己 别人 人家 大家 谁 有人 人 人人
        某人 本人 客服 人工 话务员 接线员 师傅 老师 店员 店家 店主 商家 营业员 服务员 服务生 服务
        工作人员 员工 老板 老板娘 经理 店长 主管 领导 前台 后厨 厨师 大厨 保安 阿姨 大姐 大妈 大叔
        大爷 小哥 小弟 小妹 小姐 小姐姐 小哥哥 先生 女士 帅哥 美女 女孩 男孩 姑娘 小姑娘 小伙
        小伙子 女生 男生 同学 朋友 同事 家人 亲戚 老公 老婆 媳妇 女儿 儿子 孩子 小孩 小孩子 宝宝
        宝贝 爸爸 妈妈 爸 妈 爸妈 父母 父亲 母亲 哥哥 姐姐 弟弟 妹妹 爷爷 奶奶 外婆 外公 姥姥 姥爷
        婆婆 公公 闺蜜 闺密 室友 男友 女友 男朋友 女朋友 客人 顾客 客户 用户 会员 领班 收银 收银员
        柜员 柜台 专员 技师 技术员 工程师 安装工 维修工 快递员 快递 外卖 骑手 司机 门店 店里 店
        公司 官方 平台 系统 网点 总部 运营商 银行 热线 电话 机器人 医生 护士 警察 邻居 邻桌 隔壁
        旁边 对面 大众 网友 评论 点评 一个 一位 那个 那位 这个 这位 两个 几个 哪位 每个 个 位 名
        所有 全体 其他 其它 另外 另 态度 声音 语气 短信 邮件 消息 通知 广告
        """
    )
)
#: Whose noun comes next: a person, where a name may stand.
_BEFORE_ZH = frozenset(
    words(
        """
        找 找到 找了 感谢 谢谢 多谢 答谢 鸣谢 多亏 幸亏 要不是 表扬 投诉 点名 夸 夸奖 称赞 举报
        认准 推荐给 拜托 麻烦 有请 联系 咨询 询问 问 请教 听 听说 遇到 碰到 遇见 认识 记得 喜欢
        想念 支持 叫 叫做 名叫 喊 指名 换成 轮到 幸好有 还是 新来 姓名 名字 客服 店员 店长 员工
        营业员 服务员 师傅 老师 经理 主管 小伙 姑娘 同事 先生 老公 老婆 媳妇 儿子 女儿 朋友 闺蜜
        弟弟 哥哥 妹妹 姐姐 妈妈 爸爸 柜员 专员 前台 领班 技师 工程师 跟 和 与 给 被 让 由 对 代
        替 向 请 只有 特别 除了 那位 这位 那个
        """
    )
)
#: Before people and things alike: there only what is made as a name is counts.
_JOINS_ZH = frozenset(words("和 与 跟 还是 除了 喜欢 那个 这个 对 由 让 被 只有 特别"))
#: After these only the name of somebody or a role comes; nothing else is likely.
_SURE_ZH = frozenset(
    words(
        """
        感谢 谢谢 多谢 答谢 鸣谢 多亏 幸亏 要不是 表扬 点名 夸 夸奖 称赞 认准 名叫 叫做 指名 轮到
        那位 这位 客服 店员 店长 营业员 服务员 柜员 专员 领班 技师 工程师 前台 找
        """
    )
)
#: What only people do.
_ACTS_ZH = frozenset(
    words(
        """
        说 说话 说道 告诉 答应 承诺 保证 道歉 安慰 耐心 热情 亲自 主动 帮 帮我 帮忙 帮助 接待 陪
        陪着 陪我 讲解 解释 教 教会 态度 负责 回复 回答 处理 上门 值班 加班 建议 提醒 安排 沟通
        介绍 接听 接过 推销 敷衍 推脱 劝 骂 吼 笑 微笑 挂 转告 通知 服务 讲 讲得 跑前跑后 认真
        细心 贴心 客气 礼貌 专业 迟到 亲切 给我 让我 叫我 教我 陪我 问我 跟我 对我 替我 二话 值得
        辛苦 真 走 在 让 把
        """
    )
)
#: After what a clause may begin before its subject.
_LEAD_ZH = frozenset(
    words(
        """
        今天 昨天 前天 上次 那天 当时 后来 最后 但是 但 不过 而且 还有 还好 还是 幸好 因为 所以
        然后 结果 的 就 是 都是 特别 尤其 其中 于是 只有 连 新来 新来的 值班 值班的 上门 上门的
        柜台 柜台的 前台 前台的 店里 店里的
        """
    )
)
#: Ordinary words that jieba's dictionary takes for names, or that begin as names do.
ORDINARY = frozenset(
    words(
        """
        高兴 高峰 高手 高端 高级 高档 白天 白色 白酒 白菜 白糖 黄色 黄金 黄瓜 黄油 马上 马路 马克
        马力 金额 金色 方便 方法 方式 方面 方案 明白 明天 明年 明显 石锅 万一 常常 安静 安心 安全
        安装 温度 温暖 时候 时间 成功 成本 单独 水果 全部 全家 古老 容易 别人 毛病 江湖 田园
        段时间 雷同 龙虾 夏天 叶子 汤圆 文化 严重 武汉 米饭 米线 花费 花生 华丽 关系 官方 车子
        路过 项目 解决 景色 应该 甘甜 简单 纪念 管理 齐全 容量 阳光 明确 冷静 鱼香 房间 年轻 和气
        和平 谢谢 师傅 老师 乐意 何况 何必 许多 许久 任何 任意 于是 付费 付款 童年 麦当劳 康师傅
        王府井 辛苦 辛辣 焦糖 桂花 蓝色 蒙古 鲁菜 章鱼 柴火 柴米 贝壳 苏打 苏州 郑州 徐州 杭州
        温州 常州 广州 郑重 周到 周围 周边 周末 周年 周日 周一 周二 周三 周四 周五 周六 施工 洪水
        """
    )
)
#: Surnames that are small words as well.
SMALL = frozenset("于何许连任付和成向时全单")
_FAMILY_ZH = names.SURNAMES | names.WORDY_SURNAMES | names.RARE_SURNAMES
#: Double words that are no nickname.
_DOUBLED = frozenset(
    words(
        """
        谢谢 常常 天天 慢慢 刚刚 多多 好好 明明 每每 往往 偏偏 渐渐 爸爸 妈妈 哥哥 姐姐 弟弟 妹妹
        爷爷 奶奶 叔叔 舅舅 姑姑 太太 伯伯 婆婆 公公 姥姥 宝宝 娃娃 星星 人人 家家 年年 月月 日日
        时时 处处 样样 种种 件件 个个 满满 大大 小小 高高 长长 远远 深深 厚厚 薄薄 热热 冷冷 暖暖
        凉凉 甜甜 香香 酸酸 辣辣 咸咸 软软 硬硬 嫩嫩 滑滑 脆脆 糯糯 绵绵 圆圆的 白白 红红 绿绿
        黑黑 轻轻 静静 默默 快快 早早 晚晚 稍稍 微微 连连 频频 草草 匆匆 统统 通通 足足 整整 仅仅
        单单 恰恰 默默 悄悄 牢牢 紧紧 清清楚楚 看看 听听 说说 试试 想想 问问 吃吃 喝喝 玩玩 走走
        逛逛 聊聊 坐坐 等等 尝尝 拍拍 点点 哈哈 呵呵 嘿嘿 嘻嘻 呜呜 啧啧 棒棒 萌萌 美美 饱饱 胖胖
        瘦瘦 乖乖 亲亲 汪汪 猫猫 狗狗 饭饭 菜菜 肉肉 串串 泡泡 豆豆 果果 丸丸 糕糕 包包 盒盒 层层
        条条 粒粒 颗颗 片片 块块 小小的 淡淡 浓浓 纯纯 细细 弯弯 毛毛 亮亮 闪闪 松松 酥酥 爽爽
        鲜鲜 清清 干干 净净 实实 在在 认认 真真 钵钵 冰冰 面面 滋滋 噜噜 吧吧 啦啦 麻麻 粑粑 蒸蒸
        锅锅 拌拌 杯杯 球球 卷卷 结结 堂堂 偷偷 远远 久久 明明
        """
    )
)
_ADDRESSED = re.compile("哥|姐|叔|姨|嫂|爷|婶|妹|弟|总|工|童鞋|同学|酱|君|桑|女神|大神|大人|亲")
#: What is small or old and nobody: 小贵 is dear, 小美 is somebody.
_NOT_AFTER_SMALL = frozenset("贵好美甜香辣酸咸麻心雨雪火鲜清")
#: The field of accounts, forums and games, where people go by other names.
_HANDLES = re.compile(
    r"论坛|贴吧|吧主|版主|楼主|博主|主播|网红|直播|弹幕|聊天室|聊天群|群里|群主|群聊|粉丝(?=群|团|数|里|中|会|们)|关注我|头像|昵称|网名|外号|绰号"
    r"|花名|马甲|昵名|用户名|登录名|账户名|帐户名|账号名|显示名|评论区|跟帖|发帖|回帖|帖子|贴子|微博|抖音|快手"
    r"|小红书|朋友圈|公众号|[Bb]站|[Qq]{2}(?=[号群名上里]|昵)|战队|队名|排行榜|游戏名|玩家|公会|签名档|个性签名|备注名|微信名|名片|人称"
    r"|江湖人|自称|占用|冻结|解封|被封|盗号|盗用|冒用|冒充|重名|抽奖|中奖|名单|落款|认识|鼎鼎大名|在线的|老粉|置顶|点赞数|拉黑|屏蔽|私信|加好友|好友|艾特|贴子|发言|撰稿|投稿|发布者|评论人|评价人|回复人|提问者|户主|机主|过户|开户[人名]|会员名|名下|(?:丈夫|妻子|太太|先生|老伴)叫|谁[？?]|化名|笔名|艺名|自号|网友(?!推荐|们|说|都|评|的|点评)|@|＠|艾特"
    r"|(?:用户|网友|顾客|客户|会员|车主|房东|店主|买家|卖家)[“\"「『]"
)
_HANDLES_EN = re.compile(
    r"\b(?:nick ?(?:name)?s?|user ?names?|screen ?names?|alias(?:es)?|handles?|avatars?|gamer"
    r"|gamertag|forums?|chat ?rooms?|in (?:the )?chat|blogs?|bloggers?|vlog|tweets?"
    r"|twitter|instagram|insta|facebook|tiktok|youtube|twitch|discord|reddit|subreddit"
    r"|followers?|follow me|moderators?|leader ?boards?|clan|guild|login name|logged in as"
    r"|sign(?:ed|ing)? up as|known as|goes by|go by|call(?:s|ed)? (?:me|myself|himself|herself"
    r"|themselves)|under the name|by the name|display name|online as|registered as|posting as"
    r"|posted (?:as|by|under)|review(?:s|ed)? (?:as|by|under)|board as)\b",
    re.IGNORECASE,
)
#: Words that say nothing of anybody, with which the field of accounts may be spoken of.
_PLAIN_ZH = frozenset(
    words(
        """
        的 了 是 在 我 你 他 她 它 我们 你们 他们 这 那 就 都 也 还 又 才 很 太 真 挺 有 没 没有
        不 和 与 跟 及 或 而 但 把 被 让 给 对 从 到 去 来 要 会 能 可以 得 地 着 过 吧 吗 呢 啊
        上 下 里 中 个 一 一个 一下 说 讲 看 看到 看见 听 听说 问 想 做 用 找 发 写 评论 回复 推荐
        介绍 网上 人 好 差 慢 快 多 少 大 小 价格 服务 质量 信号 网络 套餐 流量 客服 应用 软件
        登录 登陆 注册 密码 更新 崩溃 打不开 无法 不能 总是 经常 每次 时候 问题 解决 处理 没人
        微信 支付 消息 通知 功能 界面 版本 手机 电脑 什么 怎么 为什么 因为 所以 如果 但是 非常
        比较 有点
        """
    )
)
_PEOPLE_EN = frozenset(
    words(
        """
        i you he she it we they me him her us them everyone everybody anyone anybody someone
        somebody nobody no-one one who people person staff team agent agents advisor adviser
        advisors rep reps representative manager managers colleague colleagues assistant
        assistants clerk engineer engineers technician technicians driver drivers support service
        customer customers lady gentleman guy guys man woman men women girl boy friend friends
        family wife husband mother father mum mom dad son daughter boss neighbour neighbor
        operator operators the a an this that these those my your his our their its all both each
        every any some many most few no not
        """
    )
)
_BEFORE_EN = frozenset(
    words(
        """
        thanks thank hey hi hello dear ask asked asking called named met meet saw told tell phoned
        by with to from and for of is was it's without only because
        """
    )
)
_SURE_EN = frozenset(words("thanks thank hey hi hello dear named called"))
#: Given names with which a sentence begins that names nobody.
_OPENERS = frozenset(
    words(
        """
        will may my so an no in do see per best good great more most many less better long real
        fast free easy clear data phone call calls line lines bill store stores shop price page
        mobile sound battery light camera screen sunday monday friday april june august summer
        winter autumn day days night ever well sales staff read save keep early major fair kind
        home love hope joy fine new post bank card level plan sharp young black gold silver green
        brown white gray grey marine smart glass wall bar master
        """
    )
)
#: What only people do, and what is said of people alone.
_ACTS_EN = re.compile(
    r"\s+(?:(?:was|is|were|has been|always|really|never|also|who|then|very|so|just|again|here)\s+)*"
    r"(?:helped|helps|told|tells|said|says|explained|explains|fixed|promised|answered|listened"
    r"|apologi[sz]ed|called|sorted|solved|gave|took|came|arrived|stayed|refused|repaired|looked"
    r"|knew|knows|writing|speaking|helpful|kind|rude|friendly|polite|lovely|patient|amazing"
    r"|professional|wonderful|nice|great|brilliant|awesome|you|your|you're|please|i|we"
    r"|(?:in|from|at|on|of|with)\s+(?:the\s+|your\s+|our\s+)?(?:shop|store|counter|desk|hotline"
    r"|phone|branch|office|support|service|sales|billing|team|reception|call|chat|front|door"
    r"|customer|technical|tech|help))\b",
    re.IGNORECASE,
)


#: Names of peoples whose names are written by sound; a run of them is somebody.
_BY_SOUND = re.compile(
    "古丽|古力|买买提|买提|阿依|迪丽|热巴|扎提|娜扎|依扎|卓玛|央金|洛桑|扎西|次仁|多吉|平措|旺姆|格桑|达瓦|丹增|边巴|巴图|巴特尔"
    "|其其格|图雅|娜仁|乌兰|吐尔|艾尔肯|艾力|买合|木提|努尔|阿迪力|沙马|阿果|吉克|莫色|拉莫|阿依莎|穆罕|阿卜|热孜"
)
_FAMILY_RUN = "".join(sorted(_FAMILY_ZH))
#: Whose name comes next, whatever the dictionary makes of the characters.
_NAMED_NEXT = re.compile(
    r"(?:你们(?:家|店|公司|那里|那儿|这儿|这里)?的|贵店的?|(?:夜|早|晚|白)班的|[值当]班的(?:是)?|上门的|新来的|前台的?|柜台的?|店里的|门口的"
    r"|接待我?们?的(?:是|人是)|负责(?:人|的)是|[那这哪]位|来了?[个位]|多亏|幸亏|要不是|感谢|谢谢|多谢|表扬|点名|投诉|夸|称赞|点赞"
    r"|培训|奖励|处分|开除|辞退|提拔|认准|客服|店员|店长|经理|师傅|员工|营业员|服务员|柜员|专员|主管|领班|技师|工程师|同事|只要"
    r"|招|交给|只认|就认|希望|可惜|难得|支持|姓名|名字|名叫|我叫|我是|，我|^我|改成|改为|我妈|我爸|女儿|儿子|老公|老婆)(?:一下|一声|了|过|到|的是|是|叫|[:：]|——)?"
    rf"(?=[{_FAMILY_RUN}])"
)
#: Before a title; and between two commas, or at the end: who it is.
_BEFORE_TITLE = re.compile(
    rf"(?:^|[^\u4e00-\u9fff]|[的请叫找是让给跟和被对向与])(?P<name>[{_FAMILY_RUN}][\u4e00-\u9fff]{{0,2}})"
    r"(?:先生|女士|小姐|太太|夫人|经理|师傅|老师|主任|医生|大夫|律师|教授|博士|店长|专员|顾问|主管|总监|同学|阿姨|叔叔|警官|护士)"
)
_ALONE = re.compile(
    rf"(?:^|[，,。.！!？?；;：:（(\n—\s]|您?忠实的|敬礼)(?P<name>[{_FAMILY_RUN}][\u4e00-\u9fff]{{1,2}})"
    r"(?:敬?上|留言?|留)?(?=[，,。.！!）)\s]|$)"
)
#: Says who somebody is, or is called; wrote, or is the account of.
_IDENTIFIES = re.compile(
    r"叫我|[喊管]我|人称|都叫|我(?:在.{1,8}|就|也|正)?(?:是|叫)(?!不|否|说|想|要|在|从|第|真|觉|因|来|怕|最|个)"
    r"|是(?:我|本人|在下)(?=$|[，,。.！!])|就是(?:我|本人|在下|鄙人)"
    r"|(?:是|^|[，。,.])[^，。,.]{2,10}(?:写|发|评|留|拍)的(?![菜单时])|(?:写|印|标|显示|称呼|署|登记|注册|绑定)(?:着|成|为|的是)|(?:拿|用|以)[^，。,.]{2,10}(?:注册|登录|登陆|绑定|留言)|改[成回](?=[^，。,.]{2})|(?:写|发|评论|点评|差评|好评|评价|帖)[^，。]{0,6}(?:挂在|署)"
    r"|的(?:用户|会员|号|[Ii][Dd])(?![户费])(?=[^，。,.的了是在]{2})"
)
_IDENTIFIES_EN = re.compile(
    r"\b(?:call(?:s|ed)? (?:me|my|him|her)|am called|is called|are called|was called|locked my|user"
    r"|(?:appears?|reviews?|writes?|posts?|streams?|plays?|comments?|listed|found) (?:as|under)"
    r"|(?:greets?|knows?|known|shown|registered|filed|saved|stored|logged)"
    r"(?: me| us| him| her| in)? (?:as|under)|profiles?|(?<!brand )names?(?! brand)"
    r"|account of|owner to|is mine|already taken|hacked"
    r"|posts? of|comments? (?:of|by|signed)|reviews? (?:of|by) (?!the|this|your|our|a)"
    r"|online knows|everyone knows|signed by|written by|authors?|log ?ins?|private message"
    r"|[pd]m me|add me|friend request|winner|raffle"
    r"|(?:my|our|the) account (?!is|was|has|had|at|with|and|for|to|in|on|number|team|manager"
    r"|balance|page|still|again|got|that|i|details|department|holder|which|cannot|does)[a-z])\b"
    r"|\b(?:i am|i'm) [A-Z]",
    re.IGNORECASE,
)
_LAST_LATIN = re.compile(r"[.!?,;:\n(-]\s*(?P<name>[^\W\d_]{2,}(?: [^\W\d_]{2,})?)[).!\s]*$")
_DOTTED = re.compile(r"(?<![\w.])[a-z]{3,}\.(?:[a-z]{3,}|\d{2,})\b(?!\.\w{2,3}\b)")


def in_person_slot(parts: Sequence[str], i: int, ahead: str, tag: str) -> bool:
    """Tell whether a word of Chinese stands where somebody is named, and may be a name there.

    Parameters
    ----------
    parts : sequence of str
        The words of a run of Chinese characters.
    i : int
        Which of them.
    ahead : str
        What stands before the run, back to the last mark.
    tag : str
        The word's part of speech in the dictionary; empty where it has none.
    """
    word = parts[i]
    before = parts[i - 1] if i else ""
    after = parts[i + 1] if i + 1 < len(parts) else ""
    if word in ROLES_ZH or word in _DOUBLED:
        return False
    if _form_of_address(word, before, after):
        return True
    named = _may_be_named(word, after, tag)
    if before in _SURE_ZH and named and (len(word) == 1 or tag[:1] in ("n", "")):
        return True
    made_of_names = word[0] in _FAMILY_ZH and set(word[1:]) <= names.GIVEN_ZH
    weak = before in _JOINS_ZH and not made_of_names
    if before in _BEFORE_ZH and named and word[0] in _FAMILY_ZH and tag[:1] in ("n", ""):
        return not weak
    starts = (not before and not ahead) or before in _LEAD_ZH
    beyond = parts[i + 2] if i + 2 < len(parts) else ""
    acts = after in _ACTS_ZH or (len(word) + len(after) <= 3 and beyond in _ACTS_ZH)
    return (
        starts
        and named
        and acts
        and tag[:1] in ("n", "")
        and (word[0] in _FAMILY_ZH or set(word) <= names.GIVEN_ZH)
    )


def _may_be_named(word: str, after: str, tag: str) -> bool:
    if len(word) > 4 or tag[:1] in ("r", "m", "p", "c", "u", "f", "d", "q", "y"):
        return False
    if len(word) == 1:
        return word in _FAMILY_ZH and bool(after) and after not in _PLAIN_ZH
    return word[0] in _FAMILY_ZH or set(word) <= names.GIVEN_ZH


def _form_of_address(word: str, before: str, after: str) -> bool:
    if word in ("小", "老", "阿") and len(after) == 1 and before[-1:] not in "大太很有点最又":
        return after in (_FAMILY_ZH | names.GIVEN_ZH) - _NOT_AFTER_SMALL
    if len(word) == 1 and word == after and word in names.GIVEN_ZH:
        return word * 2 not in _DOUBLED  # 萌萌 in two
    if len(word) == 2 and word[0] == word[1] and word[0] in names.GIVEN_ZH:
        return True
    known = len(word) == 1 and word in _FAMILY_ZH and before[-1:] not in "一二两三几每这那大小老"
    return bool(_ADDRESSED.fullmatch(after)) and (
        known or (len(word) == 2 and set(word) <= names.GIVEN_ZH)
    )


def may_name(text: str, cut: Callable[[str], list[str]], tag: Callable[[str], str]) -> bool:
    """Tell a text with a place at which somebody is named, and what may be a name in it.

    The characters count, not the words that a dictionary cuts a name into: 马到成 is no horse.

    Parameters
    ----------
    text : str
    cut : callable
        Cuts Chinese into words.
    tag : callable
        Tells a word's part of speech.
    """
    if _BY_SOUND.search(text) or _DOTTED.search(text) or _signed_in_latin(text):
        return True
    for place in _NAMED_NEXT.finditer(text):
        if _begins_a_name(text[place.end() : place.end() + 6], cut, tag):
            return True
    for place in (*_BEFORE_TITLE.finditer(text), *_ALONE.finditer(text)):
        name = place["name"]
        if len(name) == 1 or _begins_a_name(name, cut, tag):
            return True
    return False


def _signed_in_latin(text: str) -> bool:
    """Tell a first and a family name side by side, and a name that ends a text by itself."""
    given = names.given_names() | names.other_names()
    family = names.family_names() | names.other_names()
    pairs = re.findall(r"(?=\b([a-zà-þ]{3,}) ([a-zà-þ]{3,})\b)", text.casefold())
    for first, last in pairs:
        if first in given and last in family and not {first, last} & _OPENERS:
            common = {first, last} & names.WORDS_TOO
            if not common or names.is_name(first) or names.is_name(last):
                return True
    last = _LAST_LATIN.search(text)
    if last is None or not text[: last.start()].strip(" .,!?-"):
        return False
    ends = last["name"].casefold().split()
    return ends[0] in given - _OPENERS and (len(ends) == 1 or ends[-1] in family)


def _begins_a_name(rest: str, cut: Callable[[str], list[str]], tag: Callable[[str], str]) -> bool:
    run = re.match(r"[\u4e00-\u9fff]*", rest)
    parts = cut(run[0]) if run and run[0] else []
    if not parts or parts[0] in ROLES_ZH or parts[0] in ORDINARY or parts[0] in _DOUBLED:
        return False
    word, after = parts[0], parts[1] if len(parts) > 1 else ""
    if len(word) == 1:
        return word not in SMALL and bool(after) and after not in _PLAIN_ZH
    if len(word) > 4 or tag(word)[:1] in ("r", "m", "p", "c", "u", "f", "d"):
        return tag(word).startswith("nr")
    return set(word[1:]) <= names.GIVEN_ZH or tag(word).startswith("nr")


def speaks_of_handles(text: str, tokens: Sequence[str]) -> bool:
    """Tell a sentence on accounts, forums or games that is not made of the plainest words."""
    if _HANDLES.search(text) or _IDENTIFIES.search(text):
        known = _PLAIN_ZH | ROLES_ZH
        return any(token not in known and not _HANDLES.search(token) for token in tokens)
    return (_HANDLES_EN.search(text) or _IDENTIFIES_EN.search(text)) is not None


def names_in_slot(word: str, before: str, rest: str, *, starts: bool, capital: bool) -> bool:
    """Tell whether a Latin word that is a given name, too, stands where somebody is named.

    Parameters
    ----------
    word : str
        In lower case.
    before : str
        The word before it, in lower case.
    rest : str
        What comes after it.
    starts : bool
        Whether it begins a clause.
    capital : bool
        Whether it is written as a name.
    """
    if word in _PEOPLE_EN or word not in names.given_names():
        return False
    if before in _SURE_EN:
        return True
    if starts and capital and word not in _OPENERS:
        return True
    acts = _ACTS_EN.match(rest) is not None
    return acts and (starts or before in _BEFORE_EN)
