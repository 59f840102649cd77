"""Reading short turns by rule: is this a no, a refusal, a question, a correction, a wish to hear it again?

The commonest moves of a conversation must not depend on a model. Every function is pure and takes the text as it came.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_PUNCTUATION: Final = re.compile(r"[\s,，.。、;；:：!！?？~～…·\"'“”‘’()（）<>《》\[\]-]+")
_CIRCLES: Final = "①②③④⑤⑥⑦⑧⑨"
_CIRCLED: Final = re.compile(f"[{_CIRCLES}]")
_FILLER: Final = re.compile(
    r"(?:^|(?<=[,，。!！?？、\s]))"
    r"(?:喂+|您好|你好|嗯+|呃+|额|啊+|哦+|噢+|哎呀?|唉|诶|欸|那个|这个|那什么|就是说?|然后|我说|我跟你说|同志|姑娘|闺女|大姐|大哥|小伙子|师傅)"
    r"(?:啊|呀|吧|呢|哈)?(?=[,，。!！?？、\s]|$)"
)
_LEADING_FILLER: Final = re.compile(
    r"^(?:喂+|您好|你好|嗯+|呃+|额|啊+|哦+|噢+|哎呀?|唉|诶|欸|那个|那什么|就是|(?:请问)?(?:这里|这儿|您这儿?)?是(?:市民热线|市长热线|政务热线|12345)(?:热线|平台)?(?:吗|吧|么|嘛|啊)?(?=[,，。!！?？、\s])|(?:市民热线|市长热线|政务热线|12345)(?:热线|平台)?(?:吗|吧|么|嘛|是吗|同志)(?=[,，。!！?？、\s])|[啊呀吧呢,，。!！?？、\s])+"
)
_REQUEST_WORDS: Final = re.compile(
    r"(?:我|俺|咱)?(?:们)?(?:要|想|得|来|是来|再)?(?:要|想)?(?:实名|匿名)?(?:投诉|举报|反映|咨询|建议|求助|表扬|报告|问问?|说说?|提)(?:一下|一个|个|下)?(?:事儿?|情况|问题|意见|建议)?"
)

_NOTHING_MORE: Final = re.compile(
    r"没有?(?:什么)?(?:(?:别的|其他的?|其它的?|啥|什么)(?:事儿?|事情|问题|需要)?|事儿?|事情|问题|需要|什么)了|没(?:有)?别的|(?:^我?|(?<=别的)|(?<=[其另][他它])|(?<=[其另][他它]的)|(?<=事儿)|(?<=暂时)|(?<=目前)|(?<=的就)|(?<=那就)|(?<=[事情题求嗯哦对好行啊吧再了]))没(?:有)?了|不用了|没(?:什么)?事了|就这些|就这样|就这么多|就这个|暂时没|先这样|行了"
)
_NOTHING_MORE_WHOLE: Final = re.compile(
    r"(?:好的?|行|嗯|哦|可以|知道了|明白了?|清楚了?|了解了?|不用了?|没有?|谢谢|多谢|感谢|辛苦|麻烦|您|你们?|了|啊|吧|哈|再见|拜拜|挂了|先这样)+"
)
_THANKS: Final = re.compile(r"谢谢|多谢|感谢|辛苦了|谢了|thanks?", re.IGNORECASE)
_GOODBYE: Final = re.compile(r"再见|拜拜|先挂|挂了|回头见|bye", re.IGNORECASE)
_GREETING: Final = re.compile(
    r"(?:喂|您好|你好|哈喽|hello|hi|早上好|上午好|下午好|晚上好|在吗|在不在|有人吗|有人在吗|啊|呀|吗|请问)+",
    re.IGNORECASE,
)
_PRESENCE: Final = re.compile(
    r"^(?:喂+|在吗|在不在|还在吗|你还在吗|您还在吗|有人吗|有人在吗|人呢|听得到吗|听得见吗|能听见吗|能听到吗|听见了吗|怎么不说话|说话呀?|你好|您好|hello|哈喽|你在听吗|在听吗|还在不在)+(?:啊|呀|喂|呢)*$",
    re.IGNORECASE,
)
_WAIT: Final = re.compile(
    r"^(?:您|你|请)?(?:先|再)?(?:(?:稍微?)?等(?:一?等|我?一?会儿?|我?一下|我)?|稍等(?:一下)?|别急(?!着)|别着急|慢着|我(?:先)?(?:去)?(?:找|看|查|想|问|翻)(?:一?下|找|看|查|想|问|翻)|让我(?:找|看|查|想)(?:一?下|找|看|查|想)|先别挂|别挂|啊|哈|呀|吧|先)+"
)
_MOMENT: Final = re.compile(r"[等急慢找看查想问翻挂]")  # "first" alone asks for none
_REPEAT: Final = re.compile(
    r"再(?:说|讲|念|重复|问|报)(?:一遍|一次|一下|遍)|重(?:复|说)一?(?:遍|下|次)|(?:^|[,，。!！?？~\s]|我|你|您|刚才|刚刚|的|实在|根本|真|有点儿?|还是?)没(?:大|太|怎么|有)?(?:听|看)(?:得)?(?:清楚?|懂|明白|见)(?:了|啊|呢|呀|你(?:说|问)的?.{0,4})?[,，。!！?？~\s]*$|听不(?:清|懂|见|明白)|看不(?:懂|明白)|"
    r"(?:刚才|刚刚|你|您)(?:刚才|刚刚)?(?:问|说)(?:的)?(?:是)?(?:什么|啥)|什么意思|啥意思|不明白你|你说(?:什么|啥)|问我(?:什么|啥)|^(?:什么|啥|啊|嗯)[?？]+$|不懂你|没(?:有)?(?:太|大|怎么)?明白(?:(?:你|您)?(?:的)?(?:意思|话|问题)?)[,，。!！?？]*$"
)
_SCOPE_ONLY: Final = re.compile(
    r"(?:[你您]好|喂|请问|那个|劳驾|麻烦|我|想|问|一下|您|[\s,，。])*"
    r"(?:[^,，。;；?？]{1,10}(?:里[头边面]?|上|外[头边面]|门口|附近|楼下|旁边|边上|[这那](?:边|儿|种))的?|有个?|[这那][个种件些]?|一?点儿?)?"
    r"(?:事儿?|事情|问题|情况)[,，]?(?:是不是|也|是)?(?:归|属|找|能找)?(?:[你您]们?|这[里儿]|咱们|12345|热线)(?:这[里儿边]|热线)?"
    r"(?:来|能)?(?:管|负责|受理|解决|处理|反映)(?:吗|么|不管|不|嘛|吧)*[?？。\s]*"
)
_AGAIN_PLEASE: Final = re.compile(r"再(?:说|讲|念|重复|问|报)|重(?:复|说)")
_BACK: Final = re.compile(
    r"(?:喂|好|行|我|嗯|可以|现在|又)*(?:回来|找到|找着|拿到|想起来|看到|看见|准备好|好|可以|行|戴上)(?:了)?(?:眼镜|本子|笔|它)?(?:啦|了|啊|呀|吧|你(?:接着)?说|您(?:接着)?说|说吧|继续)*"
)
_DONT_KNOW: Final = re.compile(
    r"不(?:太|大|怎么|是很)?(?:清楚|知道|晓得|记得|确定|了解|好说|认识|会)|记不(?:太)?(?:清|得|住|起)|忘(?:了|记)|没(?:注意|记|印象|看清|看见|细看)|说不(?:好|准|清|上来)|谁(?:还)?(?:知道|记得)|哪(?:儿|里)?(?:还)?(?:知道|记得|晓得|记[那这])|没数|想不起|不好说|搞不清|弄不清|不详|没概念"
)
_REFUSE: Final = re.compile(
    r"不(?:想|愿意?|方便|便|太方便|大方便|能|肯)(?:留|说|给|透露|提供|告诉|讲|写|报)?|不(?:留|说|给|告诉|透露|提供|写|报)(?:了|吧|名|电话|号码)?|别(?:留|问|记)|算了|匿名|保密|没(?:有)?(?:手机|电话|座机|号码|固话)|没法留|免了|不必(?:留|了)?|不用(?:留|了|打|联系)?|不需要|无可奉告|^没有|^无$|^没$|先不"
)
_NO_MORE_DETAIL: Final = re.compile(
    r"没(?:有)?(?:什么)?(?:别的|其他|啥|什么)|就(?:是)?(?:这样|这些|这么|这个)|没(?:有)?了|说完了|刚才(?:都)?说(?:了|过)"
)
_CORRECTION: Final = re.compile(
    r"说错|(?:刚才|刚刚|方才|前面)[^,，。]{0,4}(?:说|讲|报|写|打|填)成|秃噜嘴|嘴瓢|嘴误|弄错|搞错|(?:说|写|填|记|打|讲|报|弄|搞|念)(?:岔|反|差|混|串)了|(?:说|写|填|报|记|讲)(?:得|的)?(?:不准|不对|不确切)|不准确|改(?:个|了)?主意|变卦"
    r"|(?<!是)不是[^,，。吗]{2,8}(?:街道|镇|乡|地区|区|小区)(?=[,，。 ]|$)"
    r"|不是[^,，。吗]{2,8}[,，][^,，。]{0,6}(?:归|属于?|算)(?!谁|哪|你们|您)"
    r"|不在[^,，。吗]{2,8}[,，\s]*(?:而)?(?:就?是)?在"
    r"|旧号|老号|记错|写错|打错|讲错|报错|填错|听错|口误|更正|纠正|改一下|改成|改为|错了|有误|不对|(?<!是)不是.{0,12}[,，、]?\s*(?:应该)?是|应该是|应该说|其实是|准确(?:地|的)?说|我刚才说的|前面说的|刚才那个|重新说"
)
_QUESTION_END: Final = re.compile(
    r"(?:[?？]|吗|呢|么|多久|多长时间|几天|啥时候|什么时候|怎么办|怎么弄|咋办|行不行|可不可以|能不能|是不是|有没有|对不对|要不要|多少钱|哪儿|哪里|什么|谁|几点|为什么|咋回事|干嘛|干吗|干啥|做什么用|有啥用)\s*(?:啊|呀|呢|哈|哪|的)?[?？。.!！~\s]*$"
)
_QUESTION_INSIDE: Final = re.compile(
    r"(?<![要就不])([给行管用能会该留来算修办收退])不\1|[^\s,，。、是要][不没][?？]|还是(?:录音|机器|真人|人工)|怎么(?!样都|都|也|说)|咋(?!都|也)|如何|什么(?:时候|材料|条件|手续|地方|流程|部门|证件|规定|标准|意思)|多久|多长时间|多少|几(?:天|点|个工作日|号|次)|哪(?:个|些|里|儿|家|天)|能不能|可不可以|是不是|要不要|有没有|需不需要|需要(?:带|交|准备|提供)?(?:什么|哪些|啥)|带(?:什么|啥)|吗|谁(?:管|负责)|干(?:嘛|吗|啥)(?:用|使|呀|啊)|要钱"
)
_WANTS_TO_KNOW: Final = re.compile(
    r"[?？吗么啥哪谁怎咋]|呢(?=[^\u4e00-\u9fff]*$|\s*[。;；!！])|(?<![好十六七八九这那过前有])几|多少|多久|如何|[是在给][^,，。]{1,12}还是|([给行管用能会该要是有])[不没]\1|([能会要该可给让])[^,，。]{1,4}[不没]\2|问|打听|咨询|了解|知道|请教|(?:请|望|盼|劳驾)(?:您|贵[处方])?(?:予以)?(?:告知|告诉|明示|示下|解答|指点)|查|想办|要办|明白|搞不清|弄不清|不懂"
)
_HELLO: Final = re.compile(r"^(?:喂+[?？,，。!！\s]*)+")
_TO_HOTLINE: Final = re.compile(
    r"你们|您们|你这|您这|[你您]那[儿边里]|插(?:一|个|句)?[句嘴话]|打断|先问|问一[句下声嘴]|请问|想问|问问|问个|请教|咨询一下|那我问|多(?:久|长时间)能|几天能|啥时候能|什么时候能|会不会有人|有人(?:来|管|接)吗"
)
_HANDLING_TIME: Final = re.compile(
    r"(?:多久|多长时间|几天|几日|多少天|什么时候|啥时候|何时|多会儿|多快|哪天)(?:.{0,8})(?:修|处理|解决|答复|回复|回话|回音|回信|信儿|消息|动静|下文|落实|办|来人|有人来|有人管|有结果|出结果|派人|给信|弄好|弄完|搞定|联系|到)|(?:修|处理|解决|办|弄|等|答复|回复|回话|结果|信儿)(?:.{0,6})(?:多久|多长时间|几天|多少天|什么时候|啥时候|哪天)"
)
_NEW_MATTER: Final = re.compile(
    r"(?:对了|哦对|还有|另外|再(?:有|就是|一个)|顺便|顺带|第二[个件]|我还)[,，、]?.{0,4}?(?:还有|另外|再|想|要)?.{0,3}?(?:一?[个件]|两[个件])?(?:别的|另外|其他)?(?<![管办懂出惹省])(?:事儿?(?!的)|事情|问题|情况)|还(?:想|要)(?:再)?(?:反映|投诉|举报|问|咨询|说)|顺便(?:再)?(?:反映|投诉|问|说|举报|咨询)|另外(?:再|还)?(?:想|要)?(?:反映|投诉|举报|问|咨询)"
)
_NOT_THIS: Final = re.compile(
    r"不是(?:这个|这意思|这样|这么|我(?:要|想)?问|问的?(?:是)?这|说的?这)|答非所问|没(?:有)?回答|不是我(?:想|要)|我(?:问|说)的(?:不)?是|牛头不对马嘴|驴唇不对马嘴|你(?:没|理解错|弄错|搞错)|都不是|不是这|文不对题"
)
_AGAIN: Final = re.compile(
    r"(?:前(?:两|几|些)?天|上次|上回|上周|上个?月|上礼拜|之前|以前|早先|前阵子|昨天|那天|曾经|已经)[^,，。]{0,12}(?:打过|反映过|投诉过|报过|说过|来过电话|打电话|举报过|提过|登记过|报修过|留过言|留言|发过|写过|登过记)|(?:打|反映|投诉|报|说|提|登记|报修)过(?:电话|好?[几两三]?[次遍回]|一[次遍回])?|(?:给|跟|向)你们[^,，。]{0,4}(?:留过|发过|写过|登过)|(?:上次|上回|上个?(?:周|月|礼拜|星期)|昨[天儿]|前[天儿]|前[两几]天|之前|早先|头两天)[^,，。]{0,4}(?:说|讲|报|反映|投诉|提|登记|留言)(?:的|那|过|了)|(?:再|又|来|帮我?|给我?)催(?!我)|又来(?:投诉|反映|问|打扰|麻烦)|还是[^,，。]{2,20}那(?:件|个|档子?|桩)事|再(?:帮着?|给)?反映反映|(?:上次|上回)[^,，。]{0,14}(?:那个?|这个?)(?:事|问题|情况)|又来了[\s,，]+就?是?(?:上次|上回)|再次(?:投诉|反映)|还是(?:上次|那个|没人|没修|没解决)|(?:到|至)(?:现在|今天|今)(?:还|也|都)?(?:没|不)"
)
_PROGRESS: Final = re.compile(
    r"(?:查|看(?![见到])|问|了解|催)(?:一?下|询|问|看)?(?:.{0,10}(?:进度|进展|(?<![,，])结果|[,，]结果(?=怎|咋|如何|呢|吗|出来|下来|[?？。!！]|$)|办到哪|办得怎|处理得?(?:怎么|到)|工单|单号)|[^,，。;；!！?？]{0,10}单子)|[查催]一下[,，][^,，。;；!！?？]{0,10}单子|[催查]办?[:：,，\s]*\d{8,}|(?:工单|单子|单号|诉求).{0,8}(?:进度|进展|状态|结果|办到|到哪|怎么样)|(?:反映|投诉|报)(?:过|的|了).{0,14}(?:怎么样了|办得怎|到哪|结果|进展|进度|处理了吗|处理得)|(?:办|处理|弄|解决)(?:得|的|到|成)(?:怎么样|怎样|咋样|如何|哪(?:儿|里|一步|步|了|个)|什么程度)|有(?:结果|信儿|消息|回音|下文)(?:了)?(?:吗|没|么)"
)
_LACKS_ORDER_NO: Final = re.compile(
    r"(?:没(?:有|记|留|收)|不(?:知道|晓得|记得|清楚)|忘|找不|丢了|记不)[^,，。]{0,8}(?:单号|编号|号码|工单号)"
    r"|(?:单号|编号|工单号)[^,，。]{0,6}(?:没(?:有|记|留|了)|忘|丢|不(?:知道|晓得|记得|清楚)|记不|找不)"
)
_SAME_PLACE: Final = re.compile(
    r"(?:都(?:是|在)|就(?:是|在)|还是|也(?:是|在)|同)(?:一?个?)?(?:那|这)?(?:一个)?(?:地儿|地方|小区|地址|位置|地点|那儿|这儿)|一样的?(?:地方|地址)|同(?:上|一)"
)
_THIS_NUMBER: Final = re.compile(
    r"(?:就)?(?:是|用|打|留)?(?:这个|现在这?个?|本机|来电|我打的这?个?|打进?来的?这?个?)(?:号|电话|手机)|本机"
)
_ORDINAL: Final = {
    1: re.compile(r"第一|头一个|^[一1](?:号|个)?$|前一个|^1"),
    2: re.compile(r"第二|^[二2](?:号|个)?$|^2|后一个|后面那个"),
    3: re.compile(r"第三|^[三3](?:号|个)?$|最后一个|^3"),
}
_LOCATIVE: Final = re.compile(
    r"(?:区|县|镇|乡|街道|路|街|巷|胡同|里|园|苑|村|庄|桥|门|寺|小区|社区|大厦|广场|商场|市场|超市|学校|医院|公园|地铁|车站|站|号楼|单元|楼|号院|院|东|南|西|北|旁边|附近|对面|门口|路口|楼下|河|店|厂)"
)
_BUILDING: Final = re.compile(
    r"[0-9零一二两三四五六七八九十百]+\s*(?:号楼|栋|幢|号院|单元|层|楼|室|号(?!码)|门(?:洞)?|区(?=[0-9一二三四五六七八九十]))"
)

_REMEMBERED: Final = 64
"""Texts: in one turn the same words are read a hundred times, by everyone who looks for something in them."""
_CHINESE_MARKS: Final = {",": "，", "?": "？", "!": "！", ":": "：", ";": "；"}
_BESIDE_CHINESE: Final = re.compile(r"(?<=[\u4e00-\u9fff”」）)0-9])\s*[,?!;](?!\d{3})|(?<=[\u4e00-\u9fff])\s*:")
_CLAUSES: Final = re.compile(r"[,，。;；!！\n]+")
_CONTACT_CLAUSE: Final = re.compile(
    r"(?:^|[^\d])1[3-9]\d{9}(?!\d)|^\s*(?:我)?(?:免贵)?(?:姓|叫)[\u4e00-\u9fff]{1,4}$|^\s*(?:我的|我)?(?:联系)?(?:电话|手机|手机号|号码|联系方式)(?:号)?(?:是|[:：]|\d)"
)
_NUMBER_WORDS: Final = re.compile(
    r"(?:我的?|打)?(?:联系)?(?:电话|手机|号码|联系方式)?号?(?:就?是|[:：])?\s*(?<!\d)1[3-9]\d{9}(?!\d)(?:可?联系我?|找我)?"
)
_TELLS: Final = 6  # characters, of a matter in one clause with a number
_CHATTER: Final = re.compile(
    r"我(?:今年|都)?.{0,3}[六七八九]十.{0,3}(?:岁|了)|耳朵|听不(?:清|见)|说慢|老伴|一个?人儿?过|不会(?:用手机|上网|打字)|腿脚不|眼睛(?:不|花)|^(?:同志|姑娘|闺女|小伙子|师傅|你好|您好|喂|听得见吗|别着急|我跟你说|那什么)|老头儿?$|老太太$|废物|饭桶|王八|(?:^|[你您]们?都?给?我?)滚|吃干饭"
)


_SPACED_LEAST: Final = 4  # blanks
_SPACED_OUT: Final = 4  # one blank in so many characters: no blanks that stand for stops
_BETWEEN_CHARACTERS: Final = re.compile(r"(?<=[\u4e00-\u9fff,，。.]) (?=[\u4e00-\u9fff])")


@lru_cache(_REMEMBERED)
def normalise(text: str) -> str:
    """NFKC, control characters out, blanks collapsed."""
    text = _CIRCLED.sub(lambda found: f"，{_CIRCLES.index(found.group()) + 1}.", text)
    text = unicodedata.normalize("NFKC", text)
    text = "".join(" " if unicodedata.category(character).startswith("C") else character for character in text)
    text = re.sub(r"\s+", " ", text).strip().lstrip("，,")
    if text.count(" ") >= _SPACED_LEAST and text.count(" ") * _SPACED_OUT >= len(text):
        text = _BETWEEN_CHARACTERS.sub("", text)  # word by word, as who learns the language types
    return text


def printable(text: str) -> str:
    """The words as they were typed, without control characters: what the transcript keeps."""
    return "".join(" " if unicodedata.category(c).startswith("C") else c for c in text).strip()


@lru_cache(_REMEMBERED)
def bare(text: str) -> str:
    """The words alone: no punctuation, no fillers at the edges."""
    return _PUNCTUATION.sub("", _LEADING_FILLER.sub("", _FILLER.sub("", normalise(text))))


@lru_cache(_REMEMBERED)
def content(text: str) -> str:
    """What is said about the matter itself: without fillers and without "I want to complain"."""
    return _PUNCTUATION.sub("", _REQUEST_WORDS.sub("", _LEADING_FILLER.sub("", _FILLER.sub("", normalise(text)))))


def tidy(text: str) -> str:
    """The citizen's words for an order: fillers and "is that 12345?" out, everything else untouched."""
    tidied = _LEADING_FILLER.sub("", _FILLER.sub("", normalise(text)))
    tidied = re.sub(r"([,，、。])\s*(?:[,，、。]\s*)+", r"\1", tidied)
    return chinese_punctuation(tidied.strip(" ,，、。"))


def chinese_punctuation(text: str) -> str:
    """Commas, colons and marks beside Chinese characters in their Chinese form."""
    return _BESIDE_CHINESE.sub(lambda found: _CHINESE_MARKS[found.group().strip()], text)


def without_contact(text: str) -> str:
    """The story without the clauses that only tell name or number: these stand in fields of their own."""
    clauses = _CLAUSES.split(text)
    kept = [words for clause in clauses if (words := _besides_contact(clause))]
    return "，".join(kept) if kept != clauses else text


def _besides_contact(clause: str) -> str:
    """What a clause tells besides name and number; whoever types without stops puts blanks between."""
    if not _CONTACT_CLAUSE.search(clause):
        return clause.strip()
    words = " ".join(piece for piece in clause.split() if not _CONTACT_CLAUSE.search(piece))
    if words:
        return words
    rest = _NUMBER_WORDS.sub("，", clause).strip(" ，")
    return rest if len(content(rest)) >= _TELLS else ""


def gist(text: str) -> str:
    """The clauses that tell of the matter: without what old callers say of themselves, greetings and insults."""
    clauses = [clause.strip() for clause in _CLAUSES.split(text) if clause.strip()]
    kept = [clause for clause in clauses if not _CHATTER.search(clause) and len(content(clause)) >= 2]
    return "，".join(kept) if kept else text


def nothing_more(text: str) -> bool:
    words = bare(text)
    if not words:
        return False
    if _NOTHING_MORE_WHOLE.fullmatch(words):
        return True
    found = _NOTHING_MORE.search(words)
    return found is not None and len(words) - len(found.group()) <= 8


def thanks_only(text: str) -> bool:
    words = bare(text)
    rest = _THANKS.sub("", _GOODBYE.sub("", words))
    return bool(words) and len(rest) <= 3 and len(rest) < len(words)


def goodbye(text: str) -> bool:
    return bool(_GOODBYE.search(text)) and len(bare(text)) <= 10


def greeting_only(text: str) -> bool:
    words = _PUNCTUATION.sub("", normalise(text))
    return not words or bool(_GREETING.fullmatch(words)) or not bare(text)


def presence(text: str) -> bool:
    return bool(_PRESENCE.match(_PUNCTUATION.sub("", normalise(text))))


def wait(text: str) -> bool:
    """ "One moment": and nothing else of weight in the same breath."""
    words = bare(text)
    found = _WAIT.match(words)
    return bool(found and _MOMENT.search(found.group())) and len(words) - (found.end() if found else 0) <= 3


def strip_wait(text: str) -> str:
    """The text without a leading "one moment"."""
    words = normalise(text)
    found = _WAIT.match(words)
    return words[found.end() :].lstrip(" ,，、。") if found else words


def repeat(text: str) -> bool:
    return bool(_REPEAT.search(normalise(text))) and len(bare(text)) <= 20


def without_repeat(text: str) -> str:
    """The words besides "say it again"."""
    return _REPEAT.sub("", text).strip(" ，,。")


def says_again(text: str) -> bool:
    """Whether it is said in so many words that something is to be said again."""
    return bool(_AGAIN_PLEASE.search(text))


def back(text: str) -> bool:
    """ "I am back", after "one moment"."""
    return bool(_BACK.fullmatch(_PUNCTUATION.sub("", normalise(text))))


def dont_know(text: str) -> bool:
    return bool(_DONT_KNOW.search(bare(text)))


def what_is_known(text: str) -> str:
    """ "三三五路,车牌没看清" -> 三三五路: the clauses that tell something, empty where none does."""
    clauses = [clause.strip() for clause in re.split(r"[,，。;；]", normalise(text))]
    told = [
        clause
        for clause in clauses
        if not _DONT_KNOW.search(clause) and not _LACKS_ORDER_NO.search(clause) and len(content(clause)) >= 3
    ]
    return "，".join(told)


def refuses(text: str) -> bool:
    return bool(_REFUSE.search(bare(text)))


def no_more_detail(text: str) -> bool:
    return bool(_NO_MORE_DETAIL.search(bare(text))) and len(bare(text)) <= 12


def corrects(text: str) -> bool:
    return bool(_CORRECTION.search(normalise(text)))


def question(text: str) -> bool:
    """Whether the text asks something."""
    words = normalise(text)
    return bool(_QUESTION_END.search(words) or (_QUESTION_INSIDE.search(words) and len(bare(words)) <= 40))


def asks_nothing(text: str) -> bool:
    """Whether no word of the text, however long, sounds like a question or like wanting to know."""
    return not _WANTS_TO_KNOW.search(_HELLO.sub("", normalise(text)))


def asks_hotline(text: str) -> bool:
    """A question put to us, not a rhetorical one inside a story."""
    return question(text) and bool(_TO_HOTLINE.search(text))


def asks_scope_only(text: str) -> bool:
    """Whether it is asked if something is our business, and not said what: "商场停车场里的事归你们管吗"."""
    return bool(_SCOPE_ONLY.fullmatch(normalise(text)))


def asks_handling_time(text: str) -> bool:
    return bool(_HANDLING_TIME.search(text))


def new_matter(text: str) -> bool:
    return bool(_NEW_MATTER.search(normalise(text)))


def not_this(text: str) -> bool:
    return bool(_NOT_THIS.search(text)) and len(bare(text)) <= 30


def again(text: str) -> bool:
    """Whether the citizen says that the matter was reported before."""
    return bool(_AGAIN.search(text))


def asks_progress(text: str) -> bool:
    return bool(_PROGRESS.search(text))


def lacks_order_no(text: str) -> bool:
    """Whether the text says that the number of an order is not known."""
    return bool(_LACKS_ORDER_NO.search(normalise(text)))


def same_place(text: str) -> bool:
    return bool(_SAME_PLACE.search(text))


def this_number(text: str) -> bool:
    return bool(_THIS_NUMBER.search(text))


def ordinal(text: str) -> int | None:
    """Which of the offered questions is meant: 1, 2, 3 or None."""
    words = bare(text)
    return next((number for number, pattern in _ORDINAL.items() if pattern.search(words)), None)


def locative(text: str) -> bool:
    """Whether the text looks like somewhere."""
    return bool(_LOCATIVE.search(text)) or bool(_BUILDING.search(text))


def buildings(text: str) -> list[str]:
    """House, block, unit and floor numbers in order, blanks removed."""
    return [found.group().replace(" ", "") for found in _BUILDING.finditer(text)]


def building_kind(building: str) -> str:
    """`5号楼` -> `号楼`: what a building number counts."""
    return re.sub(r"^[0-9零一二两三四五六七八九十百]+\s*", "", building)
