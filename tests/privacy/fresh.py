"""Sentences, names and places for planted identifiers, written after the rules were.

`SECOND` was counted once as it stood (found .9773, Chinese nicknames .42), and the rules mended
with what was missed in view. `THIRD` came after that, and was counted once as it stood (found
.9845; staff .84 and nicknames .84, in Chinese .70 and .68); what it missed is mended, too. `FOURTH`
to `SEVENTH` were each written after the set before was mended, and counted once as they stood;
the seventh was left as it is. benchmarks/quotations.md has all first looks.
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

_SENTENCES = {
    "en": {
        "label": ["I have my {label} on paper, it says {it}", "They printed {it} where the {label} should be", "No record of {label} {it}, says the clerk",
                  "You must have confused {it} with the {label} of my brother"],
        "bare": ["{it} again, and again no reply", "Kindly reopen {it}", "we never agreed to {it}", "See {it} for the whole sad story"],
        "contact": ["Ring me any time: {it}", "{it} works best before noon", "my new contact, {it}, is still not in your system", "write to {it} if you mean it"],
        "staff": ["{it} made my day", "We were served by {it}, top marks", "Your man {it} left his tools in our hall", "shout out to {it} from the night shift",
                  "I would not go anywhere else as long as {it} works there", "complaint about {it}: never rang back", "After two calls {it} found the mistake in a minute",
                  "please train {it} better"],
        "intro": ["it's {it} from number plan two, still waiting", "You know me, {it}, I have been with you for ages", "The invoice is made out to {it} instead of to our firm",
                  "our daughter {it} uses the second card", "You spelt {it} wrong on the envelope, and that is my name"],
        "sign": ["Please do something about the queue\n{it}", "All in all I am content. Yours truly, {it}", "Hope to hear from you, best, {it}", "Five stars from me! ({it})"],
        "title": ["Mr {it} showed us how to save", "is Mrs {it} still working for you?", "We want Miss {it} back at the till", "Dr {it} waited with me in the line"],
        "nick": ["my name on your site is {it}", "I stream as {it}", "people call me {it}", "my reviews appear under {it}", "{it} is what I am called in the game", "you locked my user {it}"],
        "place": ["The van could not stop at {it}", "nothing works since I moved into {it}", "at {it} the phone is dead indoors", "Our shop, {it}, has had no line for a week"],
        "born": ["since I was born {it} I get no student rate", "why do you ask when I was born ({it}) each time", "{it}: that is my birth date, not my husband's"],
    },
    "zh": {
        "label": ["纸上写的{label}是{it}", "该写{label}的地方印成了{it}", "柜台说查不到{label}{it}", "你们肯定把{it}和我哥哥的{label}搞混了"],
        "bare": ["又是{it}，又没有回音", "请重新打开{it}", "我们从来没有同意过{it}", "来龙去脉看{it}就知道了"],
        "contact": ["随时打给我：{it}", "上午找我用{it}最方便", "我的新联系方式{it}你们还没更新", "真有诚意就发到{it}"],
        "staff": ["{it}让我一整天心情都好", "接待我们的是{it}，满分", "你们的{it}把工具落在我家了", "夜班的{it}必须点赞", "只要{it}还在，我就不会换别家",
                  "投诉{it}，说好回电一直没回", "打了两次电话，{it}一分钟就找到了错误", "建议好好培训一下{it}", "周六那位{it}特别细心", "后来来了个{it}，三下两下就通了"],
        "intro": ["还是我，{it}，一直在等", "你们认识我的，{it}，老主顾了", "发票开成了{it}，应该是我们公司", "我女儿{it}用的是副卡", "信封上把{it}写错了，那是我的名字"],
        "sign": ["排队的问题请管一管\n{it}", "总的来说还满意。您忠实的{it}", "等你们的消息，祝好！{it}", "给五星！（{it}）"],
        "title": ["{it}先生教我们怎么省钱", "{it}女士还在你们那儿上班吗", "希望{it}小姐回到收银台", "{it}大夫和我一起排的队"],
        "nick": ["我在你们网站上叫{it}", "我直播用的名字是{it}", "大家都叫我{it}", "我的点评都挂在{it}下面", "游戏里我就是{it}", "你们把我的用户{it}锁了", "{it}就是我本人", "上次那条差评是{it}写的"],
        "place": ["货车没法停在{it}", "自从搬进{it}什么都用不了", "在{it}屋里手机没信号", "我们的店在{it}，断线一周了"],
        "born": ["因为我是{it}生的，享受不了学生价", "为什么每次都问我哪天出生（{it}）", "{it}，这是我的生日，不是我先生的"],
    },
}  # fmt: skip
_NAMES = {
    "en": "Nathaniel Crewe|Sunita Rao|Ludmila Novak|Desmond Tuttle|Kenji Watanabe|Friederike Lange|Orla Brennan|Yaw Asante|Meiling Zhou|Agatha Winslow"
    "|Joaquin Herrera|Mariam Toure|Fergus Doyle|Philippa Moss|Quang Vu|Arjun Menon|Heike Baumann|Lachlan Stewart|Ewa Zielinska|Holly Parsons"
    "|Dariush Rahimi|Olive Pritchard|Robin Sharp|Chua Hui Min|Gethin Price|Nkechi Adeyemi|Mason Field|Inès Fournier|Sven Nyberg|Ciara Flynn"
    "|Roy|Dot|Joy|Art Baker|Penny|Sandy Hill|Jean|Bob|Sue Long|Norm",
    "zh": "余晚晴|翟建明|卞玉珍|卜凡|柴静怡|车晓东|成龙飞|储光羲|丛珊珊|党国柱|狄仁山|窦文涛|房小兵|费玉兰|甘露露|葛二蛋|耿直|宫雪花|谷雨|关山月"
    "|桂纶美|韩松落|侯宝山|胡一刀|花满楼|霍思燕|纪晓芙|江小白|金不焕|康乃馨|乐嘉怡|雷鸣远|冷冰霜|黎叔平|梁上泉|凌云志|柳如烟|龙在渊|鲁智超|骆驼祥"
    "|马到成|麦子熟|毛不易|梅开度|孟非凡|米小圈|苗翠花|明月夜|倪大红|欧阳锋锐|司马相如意|上官云珠|慕容雪村|诸葛村夫|巴图尔|卓玛央金|古力扎提|洛桑",
}
_NICKS = {
    "en": "wanderlust_jo|BigDaddyCool9|silver.fox.1970|crumpet_queen|NightOwl|x0x_kitty|pickle rick|the real slim|grandma goes wild|lostinspace22",
    "zh": "晚风吹过|奶茶续命中|北极熊不怕冷|阿泽是个胖子|躺平小能手|彩虹糖_7|加菲猫爱睡觉|大橘为重|糖醋排骨精|一叶知秋2010|佛系青年|快乐小神仙|人间清醒|二狗子|猫咪老师",
}
_STREETS = {
    "en": "Sycamore Avenue|Duke Street|Fallow Lane|Clarence Terrace|Rowan Grove|Westgate Road|Priory Close|Vine Street|Hazel Court|Marine Parade Road",
    "zh": "解放路|望江路|紫竹巷|复兴大街|洞庭湖路|芙蓉街|锦绣大道|金鱼胡同",
}
FOURTH = (_SENTENCES, _NAMES, _NICKS, _STREETS)

_SENTENCES = {
    "en": {
        "label": ["on the slip the {label} reads {it}", "Two people share {label} {it}, how can that be", "for {label} {it} the answer was no", "Look up {it}; it is the {label} I was given"],
        "bare": ["{it} has been open since spring", "your reply mentions {it}, which is not mine", "Who is dealing with {it}?", "I am tired of hearing about {it}"],
        "contact": ["in urgent cases {it}", "{it} rings but nobody picks up", "they still use {it} although I changed it", "for the delivery please take {it}"],
        "staff": ["Without hesitation {it} swapped the phone", "I hope {it} gets a bonus", "{it} deserves better tools", "Whoever hired {it} did well", "rude as ever, your {it}",
                  "We felt in good hands with {it}", "It is a pity that {it} left", "I will only deal with {it} from now on"],
        "intro": ["I, {it}, have paid every bill on time", "the account of {it} was closed by mistake", "my late husband was called {it}", "Who I am? {it}, customer since the nineties", "please change the owner to {it}"],
        "sign": ["Otherwise fine, {it}", "Thank you for nothing - {it}", "Waiting for your answer. {it}", "Warmly, {it}"],
        "title": ["could Mr {it} ring back?", "we met Mrs {it} at your stand", "Thanks to Ms {it} it went quickly", "our neighbour Dr {it} has the same trouble"],
        "nick": ["I am {it} on your community page", "the review by {it} is mine", "change {it} back into my old name", "your bot greets me as {it}", "I registered under {it}", "someone copied my profile {it}"],
        "place": ["send the box to {it} instead", "I have a shop in {it}", "From {it} the next mast is far away", "The old line in {it} hums"],
        "born": ["my husband, born {it}, cannot read the bill", "{it} is printed as my birthday, wrongly", "Being born on {it} I am too young for your senior plan"],
    },
    "zh": {
        "label": ["小票上的{label}是{it}", "怎么会有两个人用同一个{label}{it}", "{label}{it}这边说办不了", "查一下{it}，这是给我的{label}"],
        "bare": ["{it}从春天拖到现在", "回复里提到{it}，可那不是我的", "{it}现在归谁管", "听到{it}我就头疼"],
        "contact": ["急事请打{it}", "{it}能打通，就是没人接", "明明改过了，还在用{it}", "送货请用{it}"],
        "staff": ["{it}二话没说就给换了新手机", "希望{it}能拿奖金", "{it}值得更好的待遇", "招{it}进来的人有眼光", "还是老样子，你们那个{it}", "交给{it}我们很放心",
                  "可惜{it}走了", "以后我只认{it}", "有{it}在店里就踏实", "昨晚值夜的{it}辛苦了"],
        "intro": ["我{it}每个月都按时交费", "{it}的账户被误关了", "我过世的丈夫叫{it}", "我是谁？{it}，九十年代就是你们的客户", "请把户主改成{it}"],
        "sign": ["其他都好，{it}", "谢谢你们的“服务”！{it}", "静候佳音。{it}", "{it}谨上"],
        "title": ["能请{it}先生回个电话吗", "在展台遇到了{it}女士", "幸好有{it}经理，办得很快", "邻居{it}医生家也是这样"],
        "nick": ["你们社区里的{it}是我", "{it}发的那条评价是我发的", "把{it}改回我原来的名字", "机器人总喊我{it}", "我是拿{it}注册的", "有人盗用我的头像和{it}", "会员名{it}改不了", "系统欢迎语里写着{it}，怪尴尬的"],
        "place": ["箱子请改寄{it}", "我在{it}开店", "从{it}到最近的基站很远", "{it}的老线路有电流声"],
        "born": ["我先生{it}出生，看不懂账单", "{it}被印成了我的生日，不对", "我{it}出生，办不了老年套餐"],
    },
}  # fmt: skip
_NAMES = {
    "en": "Barnaby Holt|Lakshmi Pillai|Irina Sokolova|Clive Bannister|Hiroshi Nakamura|Gudrun Becker|Maeve Gallagher|Kwesi Appiah|Xiuying Fang|Mildred Eastwood"
    "|Esteban Vargas|Khadija Traore|Murdo Campbell|Verity Lowe|Thanh Le|Naveen Shetty|Renate Vogt|Blair Kerr|Jadwiga Mazur|Ivy Chapman"
    "|Babak Moradi|Hazel Thorne|Miles Stone|Goh Wei Ling|Emrys Rees|Ngozi Eze|Carter Wells|Solène Girard|Astrid Holm|Declan Roche|Basil|Flora|Gail|Rex|Victor|Serena",
    "zh": "靳东升|茅以安|俞小凡|乌云朵|蓝天野|单田方|江南雨|时雨晴|米雪儿|项飞羽|娄艺潇|应采薇|符冰心|计春华|路长河|景甜甜|牟其中|干露|步惊天|晏紫苏|公孙衍|闻人笑|宇文拓|尉迟恭|东方朔月"
    "|向阳花|白如雪|黄飞龙|高圆月|马知遥|安以轩|海波|云开明|钟汉生|巩汉林|聂小倩|燕小六|佟湘玉|祝无双|莫小贝|吕轻侯|关大爷|程门雪|万年青|常胜|毕升|娜仁托娅|次仁顿珠|帕提古丽|艾合买提",
}
_NICKS = {
    "en": "cosmic_turnip|LadyMacbeth22|rusty.bucket.blues|thunderpants|QuietKoala|v0idwalker|two left feet|queen of tarts|mr_moustache|kaleido99",
    "zh": "月亮偷跑了|不吃香菜会死|铁锅炖自己_8|橙子味汽水|打工人小强|冬日暖阳|云淡风轻2008|胖虎不胖|吃瓜群众甲|摸鱼大师|静听花开|一米阳光|豆沙包包|老狼|追剧少女k",
}
_STREETS = {
    "en": "Juniper Road|Prince Street|Heron Lane|Walpole Terrace|Aspen Grove|Eastgate Avenue|Chapel Close|Foundry Street|Willow Court|Crown Drive",
    "zh": "胜利路|观湖路|丁香巷|光明大街|鄱阳湖路|牡丹街|和谐大道|银杏胡同",
}
FIFTH = (_SENTENCES, _NAMES, _NICKS, _STREETS)

_SENTENCES = {
    "en": {
        "label": ["The letter quotes {label} {it}, whatever that is", "you keep asking for {label} {it} and then do nothing", "is {it} a valid {label} or not?", "my {label} changed from one day to the next, now it is {it}"],
        "bare": ["Please withdraw {it}", "{it} should have been settled in March", "I found {it} on my doorstep", "What does {it} stand for?"],
        "contact": ["Do not use {it} any more", "I sit by {it} all day long", "you may forward this to {it}", "if he is out try {it}"],
        "staff": ["{it} was the only one who listened", "I had the pleasure of talking with {it}", "Kudos to {it}", "my call went to {it}, who sighed", "{it} in the branch could not care less",
                  "I asked twice for {it}", "The repair by {it} lasted a week", "Next time send {it} please"],
        "intro": ["{it} is my name, in case you wonder", "I write for my mother, {it}, who is ninety", "the second line runs under {it}", "Hello {it} here", "This was {it} from the corner house"],
        "sign": ["Do better. {it}", "Yours in despair, {it}", "That is all for today\n{it}", "Good work, everyone! Love, {it}"],
        "title": ["I am sure Mr {it} meant well", "Mrs {it} of the complaints desk rang", "has Miss {it} retired?", "Mr. and Mrs. {it} next door have fibre"],
        "nick": ["in your app I am {it}", "you can read it all in the posts of {it}", "my account {it} is frozen", "they told me {it} was already taken", "the comments signed {it} are all mine", "everyone online knows {it}"],
        "place": ["your van blocked the drive of {it}", "{it} has been without signal since Monday", "my office is in {it}", "we share the socket with {it}"],
        "born": ["I am no child, I was born {it}", "your letter says {it}, my birthday is later", "Which offer is there for someone born {it}?"],
    },
    "zh": {
        "label": ["信上写的{label}{it}，不知道是什么", "一直要{label}{it}，要完又没下文", "{it}到底是不是有效的{label}", "{label}隔天就变了，现在是{it}"],
        "bare": ["请把{it}撤回", "{it}三月份就该办完", "门口放着{it}", "{it}是什么意思"],
        "contact": ["别再用{it}了", "我整天守着{it}", "可以转发到{it}", "他不在就试试{it}"],
        "staff": ["只有{it}愿意听我说", "有幸和{it}聊了几句", "给{it}点个赞", "电话转到{it}那里，他直叹气", "营业厅的{it}爱理不理", "我两次要求找{it}", "{it}修的，一个星期又坏了",
                  "下回还请派{it}来", "{it}真的是个好员工", "感谢你们的{it}"],
        "intro": ["{it}就是我的名字", "我替我母亲{it}写的，她九十了", "第二条线用的是{it}的名字", "你好，{it}在这里", "我是街角那家的{it}"],
        "sign": ["请改进。{it}", "绝望的{it}", "今天就说这些\n{it}", "大家辛苦了！爱你们的{it}"],
        "title": ["相信{it}先生是好意", "投诉科的{it}女士来过电话", "{it}小姐退休了吗", "隔壁{it}老师家装了光纤"],
        "nick": ["我在你们应用里是{it}", "都写在{it}的帖子里了", "我的账号{it}被冻结了", "提示{it}已经被占用", "落款{it}的评论都是我写的", "网上谁不认识{it}", "抽奖公布的{it}是我", "老用户都知道{it}"],
        "place": ["你们的车堵了{it}的门", "{it}从周一就没信号", "我办公室在{it}", "和{it}共用一个插口"],
        "born": ["我不是小孩，{it}出生的", "信里写{it}，我生日在后面", "{it}出生的人有什么套餐"],
    },
}  # fmt: skip
_NAMES = {
    "en": "Rupert Haywood|Ananya Krishnan|Galina Morozova|Stanley Webb|Takeshi Ito|Helga Schuster|Sinead Walsh|Kojo Addo|Yuhan Guo|Doris Blackwood"
    "|Alejandro Ruiz|Aissatou Ba|Hector Munro|Felicity Crouch|Hoang Do|Rohit Nair|Ingrid Keller|Struan Baird|Malgorzata Wilk|Heather Bond"
    "|Navid Karimi|Daphne Thistle|Wilfred Stone|Lim Siew Hoon|Bronwen Pugh|Chinedu Okafor|Hunter Banks|Manon Leclerc|Torsten Dahl|Eoin Kavanagh|Grace|Leo|Fay|Max|Ruby",
    "zh": "陈嘉豪|李欣怡|王浩然|张梓萱|刘俊熙|杨思琪|黄志强|周美玲|吴建军|徐丽华|孙晓峰|马文静|朱永康|胡雅婷|郭子健|林淑芬|何国栋|高雪莹|罗振宇|郑小龙|梁咏琪|宋佳怡|唐文龙|许晴|邓丽欣|韩磊|冯巩|曹颖|彭于晏|曾志伟"
    "|萧敬腾|田震|董洁|潘粤明|袁泉|蔡明|蒋雯丽|余男|杜淳|叶璇|程潇|苏有朋|魏晨|吕颂贤|丁俊晖|任贤齐|沈腾|姚晨|卢靖姗|傅艺伟|钟楚红|汪涵|戴佩妮|陆毅|孟庭苇|秦海璐|白百何|江珊|史文秀|尚雯婕"
    "|阿孜古丽|扎西德吉|欧阳靖|司马光远",
}
_NICKS = {
    "en": "starry_night_sky|CouchPotato5|dusty.old.books|dragonfly_lady|GrumpyGus|b4nana|the last unicorn|king of the road|mellow_yellow|skywalker77",
    "zh": "南瓜马车|烤红薯不加糖|慢半拍的蜗牛_3|柚子茶|追风筝的人|雨后彩虹|岁月静好1975|胖橘|围观路人乙|干饭王|听雨轩|半夏微凉|汤圆妈妈|大灰狼|夜猫q",
}
_STREETS = {
    "en": "Poplar Road|Baron Street|Swan Lane|Grafton Terrace|Elder Grove|Lowgate Avenue|Minster Close|Mercer Street|Laurel Court|Harvest Drive",
    "zh": "建国路|听涛路|海棠巷|复兴中街|太子湖路|芍药街|友谊大道|柿子胡同",
}
SIXTH = (_SENTENCES, _NAMES, _NICKS, _STREETS)

#: Nicknames once more; all else is as in the sixth set.
_NICK_SENTENCES = {
    "en": ["on your map {it} left a pin, that was me", "my tablet is logged on as {it}", "the loyalty app shows {it} where my points should be", "write to {it} on messenger", "see what {it} wrote last night",
           "{it} got a badge and I did not", "my old nick {it} is gone", "your chat kept addressing me with {it}", "I go under {it} everywhere", "the guest book entry from {it} stands"],
    "zh": ["地图上打卡的{it}是本人", "平板上登的是{it}", "积分页面显示的却是{it}", "发消息给{it}就行", "看看昨晚{it}说了什么", "{it}得了勋章，我没有", "我以前的{it}找不回来了", "智能客服一口一个{it}",
           "我走到哪儿都用{it}", "留言簿上那条{it}的还在", "加{it}聊", "我的称呼是{it}"],
}  # fmt: skip
_NICKS_7 = {
    "en": "paper_crane_9|LordBiscuit|velvet.rope.club|marmalade_sky|SleepyPanda|c00kiejar|the quiet storm|duke of cheese|old_sock_puppet|comet1988",
    "zh": "春风十里|草莓味的云|抹茶星冰乐_2|懒洋洋|行走的表情包|落叶知秋1982|甜甜圈|小熊软糖|无名氏|橘子皮|深海的鲸|打酱油的|咸鱼翻身|胡萝卜须|爱笑的眼睛",
}
SEVENTH = (
    {language: {**kinds, "nick": _NICK_SENTENCES[language]} for language, kinds in SIXTH[0].items()},
    SIXTH[1], _NICKS_7, SIXTH[3],
)  # fmt: skip
