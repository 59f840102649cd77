"""Readings that a general dictionary gets wrong for our words, and how letters are said. Data.

Tones are marked; pypinyin takes them as they stand. Sources: 现代汉语词典 for words, local usage for places of Beijing.
"""

from __future__ import annotations

from typing import Final

PHRASES: Final[dict[str, str]] = {
    # The hotline's own words.
    "办得": "bàn de", "说得": "shuō de", "听得": "tīng de", "写得": "xiě de",
    "做得": "zuò de", "吵得": "chǎo de", "重办": "chóng bàn", "重报": "chóng bào",
    "重打": "chóng dǎ", "重说": "chóng shuō", "重听": "chóng tīng", "重复": "chóng fù",
    "重名": "chóng míng", "重签": "chóng qiān", "重新": "chóng xīn", "重审": "chóng shěn",
    "还会": "hái huì", "还能": "hái néng", "还要": "hái yào", "还在": "hái zài",
    "还没": "hái méi", "还想": "hái xiǎng", "还可以": "hái kě yǐ", "还需": "hái xū",
    "还应": "hái yīng", "还有": "hái yǒu", "还是": "hái shì", "还请": "hái qǐng",
    "还款": "huán kuǎn", "还款还": "huán kuǎn hái", "数一数": "shǔ yi shǔ", "必须得": "bì xū děi",
    "还贷": "huán dài", "应还": "yīng huán", "退还": "tuì huán", "返还": "fǎn huán",
    "为您": "wèi nín", "为你": "wèi nǐ", "为民": "wèi mín", "为其": "wèi qí",
    "为此": "wèi cǐ", "为本人": "wéi běn rén", "转接": "zhuǎn jiē", "转人工": "zhuǎn rén gōng",
    "转至": "zhuǎn zhì", "转动": "zhuàn dòng", "转办": "zhuǎn bàn", "长者": "zhǎng zhě",
    "处长": "chù zhǎng", "居委会": "jū wěi huì", "答应": "dā ying", "应诉": "yìng sù",
    "供暖": "gōng nuǎn", "供热": "gōng rè", "供水": "gōng shuǐ", "供电": "gōng diàn",
    "供气": "gōng qì", "调表": "diào biǎo", "调档": "diào dàng", "外调": "wài diào",
    "调动": "diào dòng", "调取": "diào qǔ", "行号": "háng hào", "开户行": "kāi hù háng",
    "分行": "fēn háng", "支行": "zhī háng", "行长": "háng zhǎng", "停车": "tíng chē",
    "占道": "zhàn dào", "占线": "zhàn xiàn", "差价": "chā jià", "补差": "bǔ chā",
    "差额": "chā é", "便民": "biàn mín", "缴存": "jiǎo cún", "补缴": "bǔ jiǎo",
    "给付": "jǐ fù", "供给": "gōng jǐ", "给予": "jǐ yǔ", "结转": "jié zhuǎn",
    "划转": "huà zhuǎn", "划入": "huà rù", "划扣": "huà kòu", "划拨": "huà bō",
    "承重": "chéng zhòng", "重残": "zhòng cán", "重疾": "zhòng jí", "病重": "bìng zhòng",
    "重症": "zhòng zhèng", "参保": "cān bǎo", "曾用名": "céng yòng míng", "率达": "lǜ dá",
    "接通率": "jiē tōng lǜ", "增长率": "zēng zhǎng lǜ", "量体": "liáng tǐ", "相片": "xiàng piàn",
    "照相": "zhào xiàng", "空置": "kòng zhì", "空缺": "kòng quē", "填空": "tián kòng",
    "载明": "zǎi míng", "下载": "xià zǎi", "载客": "zài kè", "超载": "chāo zài",
    "数罪": "shù zuì", "数额": "shù é", "露营": "lù yíng", "泄露": "xiè lòu",
    "漏水": "lòu shuǐ", "血站": "xuè zhàn", "献血": "xiàn xiě", "抽血": "chōu xiě",
    "着火": "zháo huǒ", "着凉": "zháo liáng", "晕倒": "yūn dǎo", "晕车": "yùn chē",
    "喝倒": "hē dǎo", "摔倒": "shuāi dǎo", "倒垃圾": "dào lā jī", "倾倒": "qīng dào",
    "倒车": "dào chē", "倒卖": "dǎo mài", "背包": "bēi bāo", "背书": "bèi shū",
    "塞车": "sāi chē", "阻塞": "zǔ sè", "扎针": "zhā zhēn", "扎实": "zhā shi",
    "兴建": "xīng jiàn", "兴办": "xīng bàn", "强行": "qiáng xíng", "强拆": "qiáng chāi",
    "强迫": "qiǎng pò", "勉强": "miǎn qiǎng", "尽量": "jǐn liàng", "这里": "zhè li",
    "那里": "nà li", "哪里": "nǎ li", "家里": "jiā li", "屋里": "wū li",
    "小区里": "xiǎo qū li", "谢谢": "xiè xie", "麻烦": "má fan", "清楚": "qīng chu",
    "明白": "míng bai", "告诉": "gào su", "意思": "yì si", "时候": "shí hou",
    "地方": "dì fang", "东西": "dōng xi", "关系": "guān xi", "晚上": "wǎn shang",
    "早上": "zǎo shang", "楼上": "lóu shàng", "路上": "lù shang", "网上": "wǎng shàng",
    "认识": "rèn shi", "大夫": "dài fu", "先生": "xiān sheng", "孩子": "hái zi",
    "房子": "fáng zi", "车子": "chē zi", "证件": "zhèng jiàn", "朋友": "péng you",
    "消息": "xiāo xi", "知道": "zhī dào", "哪个": "nǎ ge", "这个": "zhè ge",
    "那个": "nà ge", "什么": "shén me", "怎么": "zěn me", "垃圾": "lā jī",
    "噪音": "zào yīn", "质量": "zhì liàng", "暂时": "zàn shí", "符合": "fú hé",
    "处理": "chǔ lǐ", "处罚": "chǔ fá", "处以": "chǔ yǐ", "处置": "chǔ zhì",
    "办事处": "bàn shì chù", "管理处": "guǎn lǐ chù", "都可以": "dōu kě yǐ", "都要": "dōu yào",
    "都能": "dōu néng", "都不": "dōu bù", "首都": "shǒu dū", "都市": "dū shì",
    "角色": "jué sè", "主角": "zhǔ jué", "角落": "jiǎo luò", "监督": "jiān dū",
    "只要": "zhǐ yào", "只能": "zhǐ néng", "间隔": "jiàn gé", "房间": "fáng jiān",
    "当日": "dàng rì", "当年": "dāng nián", "当月": "dàng yuè", "当地": "dāng dì",
    "假日": "jià rì", "产假": "chǎn jià", "请假": "qǐng jià", "病假": "bìng jià",
    "年假": "nián jià", "假冒": "jiǎ mào",
    "中断": "zhōng duàn", "按量": "àn liàng", "限量": "xiàn liàng", "堆得": "duī de",
    "挤得": "jǐ de", "闹得": "nào de", "弄得": "nòng de", "搞得": "gǎo de",
    "响得": "xiǎng de", "修得": "xiū de", "住得": "zhù de", "看得": "kàn de",
    "来得": "lái de", "离得": "lí de", "疼得": "téng de", "急得": "jí de",
    "气得": "qì de", "吓得": "xià de", "累得": "lèi de", "热得": "rè de",
    "冷得": "lěng de", "臭得": "chòu de", "脏得": "zāng de",
    "长时间": "cháng shí jiān", "长达": "cháng dá", "时差": "shí chā",
    # Places.
    "重兴园": "chóng xīng yuán", "行宫": "xíng gōng", "回龙观": "huí lóng guàn", "劲松": "jìn sōng",
    "大栅栏": "dà shí làn", "马家堡": "mǎ jiā pù", "十里堡": "shí lǐ pù", "什刹海": "shí chà hǎi",
    "单店": "shàn diàn", "朝阳": "cháo yáng", "朝阳区": "cháo yáng qū", "朝阳门": "cháo yáng mén",
    "朝内": "cháo nèi", "朝外": "cháo wài", "长安街": "cháng ān jiē", "长椿街": "cháng chūn jiē",
    "长阳": "cháng yáng", "长辛店": "cháng xīn diàn", "长沟": "cháng gōu", "角门": "jiǎo mén",
    "阜成门": "fù chéng mén", "漷县": "huǒ xiàn", "李遂": "lǐ suí", "垡头": "fá tóu",
    "榆垡": "yú fá", "西单": "xī dān", "东单": "dōng dān", "六里屯": "liù lǐ tún",
    "广渠门": "guǎng qú mén", "天竺": "tiān zhú", "牛堡屯": "niú pù tún", "沙岭": "shā lǐng",
    "吴家堡": "wú jiā pù", "窦店": "dòu diàn", "琉璃河": "liú lí hé", "大兴": "dà xīng",
    "长江": "cháng jiāng", "重庆": "chóng qìng", "厦门": "xià mén", "燕山": "yān shān",
    "燕郊": "yān jiāo", "乐亭": "lào tíng", "洪洞": "hóng tóng", "六安": "lù ān",
    "台州": "tāi zhōu", "丽水": "lí shuǐ", "蚌埠": "bèng bù",
}  # fmt: skip

NO_ERHUA: Final = frozenset(
    "女儿 幼儿 婴儿 婴幼儿 孤儿 少儿 胎儿 男儿 健儿 患儿 新生儿 育儿 托儿 小儿 早产儿 弃儿 儿 残疾儿 学龄儿".split()  # noqa: SIM905
)

LETTERS: Final[dict[str, str]] = {
    "A": "ei1", "B": "bi4", "C": "xi1", "D": "di4", "E": "yi4", "F": "ai2 fu5", "G": "ji4", "H": "ei1 chi1", "I": "ai4",
    "J": "jie4", "K": "kai4", "L": "ai2 lou5", "M": "ai2 mu5", "N": "en1", "O": "ou1", "P": "pi1", "Q": "qiu1",
    "R": "a4 er5", "S": "ai2 si5", "T": "ti4", "U": "you1", "V": "wei1", "W": "da2 bu5 liu5", "X": "ai2 ke4 si5",
    "Y": "wai4", "Z": "zei4",
}  # fmt: skip
