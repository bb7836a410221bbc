"""Sentences, names and places for planted identifiers, written after the rules were.

`SECOND` was counted once as it stood (found .9773, Chinese nicknames .42), and the rules mended
with what was missed in view. `THIRD` came after that, and was counted once as it stood (found
.9845; staff .84 and nicknames .84, in Chinese .70 and .68); what it missed is mended, too. See `tests/privacy/planted.py` for what is done with them.
"""

# ruff: noqa: E501  (sentences)
from __future__ import annotations

_SENTENCES = {
    "en": {
        "label": ["The clerk wrote down {label} {it} wrongly, so nothing arrived", "Please delete {label} {it} from your system",
                  "{label}: {it}. Can someone call me back?", "I had to repeat my {label} ({it}) to four different people"],
        "bare": ["No news about {it} since last Tuesday", "{it} was closed although the fault is still there",
                 "First they denied {it}, then they charged me twice", "What happened to {it}? I would like an answer"],
        "contact": ["After the update nobody rang me back on {it}", "My son's contact is {it} if the line is busy",
                    "{it} is where you can find me at weekends", "Kindly send the corrected invoice to {it}"],
        "staff": ["{it} at the front desk took her time and explained everything", "It was {it} who finally solved the problem with the router",
                  "your engineer {it} arrived two hours late but was polite", "Give {it} a raise, please"],
        "intro": ["{it} writing again about the same fault", "As the account holder, {it}, I expect an apology",
                  "my husband {it} signed the contract last year", "They keep calling me {it}'s mother on the phone"],
        "sign": ["Please cancel my plan by the end of the month. Kind regards {it}", "Nothing but trouble this year. Cheers, {it}",
                 "The new tariff suits us well. Many thanks and all the best, {it}", "I expect to hear from you soon.\n{it}"],
        "title": ["The manager, Mr {it}, refused to come out", "Ask for Mrs. {it} if you want good advice",
                  "Professor {it} next door gets twice the speed", "I was told that Sir {it} gets priority"],
        "nick": ["my gamer tag is {it} in case you need it", "search for {it} and you will see my complaint",
                 "I signed up as {it} and cannot change it", "the moderator banned {it} for nothing"],
        "place": ["the cable ends in front of {it}", "A parcel for {it} was left in the rain",
                  "since the works at {it} the line is noisy", "I am the tenant of {it} and need a second socket"],
        "born": ["your form rejects {it} as my date of birth", "born {it}, and still treated like a child",
                 "According to you I turned eighteen although I was born on {it}", "the birthday voucher never came ({it})"],
    },
    "zh": {
        "label": ["营业员把{label}{it}登记错了，结果什么也没收到", "麻烦把{label}{it}从系统里删掉",
                  "{label}：{it}，谁能给我回个电话", "同一个{label}（{it}）我跟四个人都报过"],
        "bare": ["上周二以后{it}就没了下文", "故障还在，{it}却被关掉了", "先是不承认{it}，后来又扣了两次钱", "{it}到底怎么样了，请给个说法"],
        "contact": ["升级之后没有人打{it}给我", "线路忙的话可以联系我儿子{it}", "周末找我请用{it}", "请把更正后的发票发到{it}"],
        "staff": ["前台{it}讲得很仔细", "最后还是{it}把路由器的问题解决了", "上门的{it}迟到两小时，人倒是客气", "请给{it}加工资",
                  "跟{it}沟通特别顺畅", "那天值班的是{it}，半天没理人"],
        "intro": ["{it}再次反映同一个故障", "本人{it}作为户主要求道歉", "去年是我先生{it}签的合同", "电话里老把我叫成{it}的妈妈"],
        "sign": ["请月底前帮我停掉套餐。此致敬礼{it}", "今年全是麻烦事。{it}", "新资费很合适，多谢！{it}", "盼早日回复——客户{it}"],
        "title": ["{it}店长躲着不肯出来", "想听靠谱的建议就找{it}姐", "隔壁{it}教授家网速是我的两倍", "听说{it}总优先处理"],
        "nick": ["需要的话我的游戏名是{it}", "搜{it}就能看到我的投诉", "注册时用了{it}，现在改不了", "版主无缘无故把{it}禁了"],
        "place": ["光缆只拉到{it}门口", "寄给{it}的包裹被扔在雨里", "自从{it}施工，线路就有杂音", "我租住在{it}，想多装一个插口"],
        "born": ["你们的表格不接受{it}这个出生日期", "{it}出生，还被当小孩对待", "按你们的说法我刚成年，可我是{it}生人", "生日券一直没到（{it}）"],
    },
}  # fmt: skip
_NAMES = {
    "en": "Imogen Hartley|Tariq Mahmood|Svetlana Orlova|Marcus Bell|Haruto Suzuki|Greta Lehmann|Aoife Murphy|Kofi Boateng"
    "|Lihua Chen|Winifred Shaw|Diego Romero|Amina Diallo|Angus Sinclair|Prudence Ellery|Linh Tran|Vikram Reddy"
    "|Anneliese Braun|Callum Reid|Katarzyna Wojcik|Poppy Turner|Reza Hosseini|Violet Ashdown|Peter Marsh|Siew Ling Tan"
    "|Rhys Morgan|Chidinma Obi|Ethan Cole|Zoë Laurent|Lars Eriksen|Niamh Doyle",
    "zh": "章子涵|龚建华|冉秋月|蔡依云|于国栋|华晨阳|夏晓雯|樊丽萍|齐天佑|向红霞|严俊峰|鲍春来|柯振东|牛志刚|武则安|左小青|康永辉|庄稼良|涂山月"
    "|简爱华|凌霄汉|谭咏诗|路遥|关晓彤|翁美玲|苗圃|裴多菲|申屠刚|欧阳娜|司徒兰|皇甫嵩|古丽娜扎|段晓楼|程蝶衣|鲁大师|海清远|游鸿明|文章|甘霖|宁静远",
}
_NICKS = {
    "en": "moonbeam_42|DarthVader99|lady.of.the.lake|pixelpusher|OldGrumpyCat|n00bslayer77|teatime4two|ghost_rider1",
    "zh": "一只懒猫zz|风中追风99|小太阳妈妈|路人甲007|夜猫子先生|柠檬不酸_x|大白兔奶糖呀|浪里白条88|今天也要早睡|阿豆酱",
}
_STREETS = {
    "en": "Maple Avenue|Queen's Road|Windmill Lane|St James Terrace|Beech Close|Northgate Street|Canal Walk Road|Primrose Gardens|Castle Street|Riverside Drive",
    "zh": "长安街|延安西路|花园路|桃源街|青年大街|珠江路|凤凰巷|南京东路|科技大道|槐树胡同",
}
SECOND = (_SENTENCES, _NAMES, _NICKS, _STREETS)

_SENTENCES = {
    "en": {
        "label": ["Your colleague typed {it} instead of the right {label}", "The letter shows {label} {it} in plain sight",
                  "Under {label} {it} you will find three open faults"],
        "bare": ["Could someone finally close {it}", "Each time I mention {it} the line goes dead", "There is a mistake in {it}, as everyone can see"],
        "contact": ["Nobody answers, though I gave {it} twice", "If it rains send a text to {it}", "The old details are gone, from now on {it}"],
        "staff": ["Thanks a lot to {it} for staying late", "The new girl {it} does not know the tariffs yet", "I waited an hour and then {it} sent me home",
                  "Only {it} could explain the charges to me"],
        "intro": ["On behalf of {it}, who cannot write himself", "The line belongs to {it} and nobody else", "Dear team, {it} once more"],
        "sign": ["Looking forward to a solution, {it}", "The signal in the cellar is still poor. Greetings from {it}", "Never again! {it}"],
        "title": ["Doctor {it} recommended your company", "Mrs {it} waited outside with me", "It took Mr. {it} two minutes"],
        "nick": ["everybody knows me as {it} on the board", "change my display name {it} please", "as {it} I wrote five reviews already"],
        "place": ["We have lived at {it} for ten years", "the technician could not find {it}", "Coverage at {it} is a joke"],
        "born": ["I come from the class of {it} and still use a button phone", "The system thinks {it} is not my birthday", "Someone registered me as born on {it}"],
    },
    "zh": {
        "label": ["同事把正确的{label}录成了{it}", "信封上直接印着{label}{it}", "用{label}{it}查一下，有三个故障没处理"],
        "bare": ["什么时候能把{it}结掉", "一提{it}电话就断了", "{it}里面有个错误，谁都看得出来"],
        "contact": ["{it}留了两遍，还是没人接", "下雨就发短信到{it}", "旧的作废了，以后改成{it}"],
        "staff": ["多谢{it}加班帮忙", "新来的{it}还不熟悉资费", "等了一个小时，{it}让我先回去", "只有{it}能把费用讲明白"],
        "intro": ["代{it}反映，他自己不会打字", "这条线是{it}名下的", "各位好，{it}又来了"],
        "sign": ["期待解决。{it}", "地下室信号还是差，{it}留言", "再也不来了！{it}"],
        "title": ["{it}医生推荐的你们家", "{it}女士和我一起在外面等", "{it}师傅两分钟就弄好了"],
        "nick": ["论坛里大家都知道{it}是我", "请把我的显示名{it}改掉", "我用{it}写过五条评价"],
        "place": ["我们在{it}住了十年", "师傅找不到{it}", "{it}的信号简直是笑话"],
        "born": ["我是{it}的人，还在用按键手机", "系统说{it}不是我的生日", "有人把我登记成{it}出生"],
    },
}  # fmt: skip
_NAMES = {
    "en": "Matilda Crane|Yusuf Demir|Oksana Bondar|Leonard Finch|Aiko Mori|Jürgen Krause|Saoirse Kelly|Abena Owusu|Jianguo Lin|Edith Thornbury"
    "|Ramón Ortega|Fatou Ndiaye|Hamish Burns|Constance Wray|Minh Pham|Deepak Iyer|Ulrike Sommer|Alasdair Grant|Zofia Kaminska|Daisy Foster",
    "zh": "蒲松月|田景瑞|邹晓琴|滕文静|施南生|石晓光|贺子谦|倪妮娜|童年华|莫问心|阮经纬|郝邵文|池海波|苏小曼|闻一诺|穆青山|南宫羽|令狐靖|阿迪力|沙马阿果"
    "|戚薇薇|盛开来|岑参军|白天明|金不换",
}
_NICKS = {
    "en": "velvet_thunder|CaptainObvious77|quiet.storm.rider|mango_king21|SofaSurfer|zeta3000x|pink_panther_x|burntToast9",
    "zh": "半糖主义66|星星点灯呀|阿猫阿狗_q|拖延症患者|西瓜味的夏天|老王不老|会飞的鱼儿|土豆炖牛腩8|北方有佳人zz|起床困难户",
}
_STREETS = {
    "en": "Cedar Road|King Street|Bramble Lane|Albert Terrace|Holly Grove|Southgate Avenue|Abbey Close|Orchard Drive",
    "zh": "和平路|虹桥路|百花巷|幸福大街|太湖路|龙井街|天府大道|青石巷",
}
THIRD = (_SENTENCES, _NAMES, _NICKS, _STREETS)
