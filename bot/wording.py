"""The sentences that the bot says, in one place: plain, polite, short. Those about answers of the knowledge base and
about orders are in `answer_wording.py` and `order_wording.py`.

Text for the eye; where the ear needs another wording (numbers digit by digit, no lists) the spoken form stands beside
it. No sentence says 已受理 of anything that is not stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from base.spelling import spell
from bot.decision import Say

GREETING: Final = "您好，这里是{name}，我是智能助手。请问您有什么事要咨询或者反映？"
RECORDED: Final = "通话会录音。"
# Under four seconds when spoken, and still: who, a machine, recorded.
GREETING_PHONE: Final = "您好，12345机器人，{recorded}"
GREETING_PHONE_UNRECORDED: Final = "您好，12345机器人，请讲。"

ASK_MORE: Final = "请问还有别的事吗？"
ASK_MATTER: Final = "请问您遇到了什么事？请您说说。"
GOODBYE: Final = "感谢您的来电，再见。"
GOODBYE_WEB: Final = "感谢您的留言，再见。"
HERE: Final = "在的，您请讲。"
GO_AHEAD: Final = "好的，您请讲。"
WHAT_IS_IT: Final = "您请讲是什么事，我来帮您看归谁管。"
HERE_AGAIN: Final = "好的，我们接着来。"
WAIT: Final = "好的，不着急，您慢慢来，我等着。"
WELCOME: Final = "不客气。"
REPEAT_LEAD: Final = "好的，我再说一遍。"
ANOTHER_WAY: Final = "可能是我说得不够清楚，我一句一句地说。想找人工，请按零。"
ANOTHER_WAY_WEB: Final = "可能是我说得不够清楚。需要人工，请说“人工”。"
PERSON_IS_BETTER: Final = "不好意思，我没能帮您说清楚，请工作人员来听您说。"
NOT_UNDERSTOOD: Final = "不好意思，我没有听明白，请您用普通话慢慢地再说一遍。"
FOREIGN: Final = "不好意思，您的话我听得不太明白，我请一位工作人员来听您说。"
UNHEARD_BEFORE: Final = "刚才您可能没有听完："
FORM_HELP: Final = "说不清也没关系，您可以说“不清楚”，也可以说“人工”。"
NOT_CAUGHT: Final = "对不起，我没有听明白。"
NOT_CAUGHT_WEB: Final = "对不起，我没有看明白。"
TROUBLE: Final = "对不起，系统刚才出了点问题。您说的我已经记录下来，请您接着说，或者说“人工”。"
MACHINE_WORDED: Final = "简单说（机器改写，以原文为准）："
FILING: Final = "好的，正在为您登记。"
NOT_FILED: Final = (
    "对不起，登记时系统出了问题，还没有受理成功。您说的情况已记录，会有工作人员联系您；您也可以说“人工”。"
)
JOURNALLED_MORE: Final = "这些也已记录，还是刚才的记录号，恢复后会有工作人员联系您。"
RECEIPT_WAITING: Final = "这个记录号已经查到，您说的情况记录在案，工作人员会联系您。"
RECEIPT_DONE: Final = "这个记录号已经查到，工作人员已经联系处理过。还有问题的话，请直接告诉我。"
NO_RECEIPT: Final = "没有查到这个记录号。可能还在恢复，您可以过一会儿再查，或者说“人工”。"
LOST: Final = "对不起，系统暂时有故障，这次没有记录成功。请您稍后再试，紧急情况请直接拨打110、119或120。"
SILENCE_OFFER: Final = "我没有听到您的声音。说话不方便，请按零转人工，或者稍后再打12345。"
TAKEN_FOR_ANOTHER: Final = (
    "这里是北京12345市民热线，不是您要找的地方，请您核对一下号码。"
    "您有政策上的问题，或者生活中的困难要反映，可以跟我说。"
)
NO_SUCH_DAY: Final = "{said}好像不对，日历和钟表上没有，请您再说一下。"
KEPT_SECRET: Final = "好的，会替您保密。"
WRONG_NUMBER: Final = "没关系，这里是12345市民热线，那就不登记了，再见。"
SILENCE_END: Final = "没有听到您说话，我先挂断了。您可以随时再打12345。"
SILENCE_DONE: Final = "没有听到您说话，本次服务先到这里。感谢您的来电，再见。"
SILENCE_CALLBACK: Final = "我听不到您的声音。您说的情况已记录，会有工作人员给您回电，再见。"
SILENCE_PERSON: Final = "我听不到您的声音，您说的情况我已经记录。"

RATE: Final = "感谢您的来电。请您评价这次服务：满意请按1，一般按2，不满意按3，直接说也可以。"
RATE_SPOKEN: Final = "感谢您的来电。请您评价这次服务。满意请按一，一般按二，不满意按三，直接说也可以。"
RATED: Final = "谢谢您的评价，再见。"
RATED_BADLY: Final = "谢谢您的评价，我们会改进，再见。"

KINDS: Final = "您是要咨询政策，反映问题，还是查办理进度？说其中一样就行，也可以说人工。"
KINDS_ELDER: Final = "您是想问事情，还是想反映问题？"
ASK_CONSULT: Final = "好的，请问您想咨询什么？"
ASK_ORDER: Final = "好的，请您说说遇到了什么事，在什么地方。"
WHICH_ONE: Final = "请问是第一个，还是第二个？"
WHICH_OF_THREE: Final = "请问是第几个？说第一个、第二个或者第三个。"
TAKES_FIRST: Final = "那我先说第一个。"

EMERGENCY: Final = {
    "110": "情况紧急，请您马上拨打110报警，并先保证自己的安全。",
    "119": "情况紧急，请您马上拨打119，同时远离危险、到安全的地方。",
    "120": "情况紧急，请您马上拨打120叫救护车，尽量守在病人身边。",
    "122": "请您马上拨打122交通事故报警，人先撤到安全的地方，打开双闪。",
}
EMERGENCY_GAS: Final = "情况紧急，请您马上离开有气味的地方，不要开关电器、不要点火，到室外拨打119。"
EMERGENCY_PHONE: Final = "我现在就为您转接{line}，请不要挂断。"
EMERGENCY_PHONE_NO_LINE: Final = (
    "这里不能直接转接，请您挂断后马上拨打{line}。要是没办法拨打，请说出地点和情况，我都在记录，也已经通知工作人员。"
)
EMERGENCY_WEB: Final = "您的情况我已经作为紧急事项记录，工作人员会马上看到。"
EMERGENCY_CAUTION: Final = "要是现在有人受伤或者有危险，请您先拨打110、119或者120。"
EMERGENCY_AFTER: Final = "已经补充到紧急记录里。请您务必先拨打{line}。"

SEAT: Final = "好的，正在为您转接人工坐席，请稍候。您刚才说的情况，坐席都能看到，不用重复。"
SEAT_WAITING: Final = "收到，您说的坐席都能看到，请您稍候。"
SEAT_SOON: Final = "人工坐席正在接入，请您稍候，不要挂机。"
SEAT_BUSY: Final = "坐席现在都在忙，已经为您登记回电，工作人员会尽快联系您。您也可以继续等。"
SEAT_JOINED: Final = "人工坐席已经接入，请您直接跟坐席说。"
SEAT_LEFT: Final = "坐席已把您的会话交回排队，您排在最前面，请稍候。"
SEAT_PASSED_ON: Final = "正在为您转给另一位坐席，您说过的情况都会转过去，请稍候。"
SEAT_NOT_ANSWERING: Final = "抱歉，坐席没有接通。您可以继续等，可以说回电，也可以直接把事情告诉我。"
SEAT_VOICE_LOST: Final = "坐席的语音暂时断开了，坐席还在处理您的事情，请不要挂机。"
SEAT_WAIT_ON: Final = "好的，请您继续等，坐席一有空就接听。"
SEAT_CALLBACK: Final = "好的，已经为您登记回电，工作人员会尽快打给您，请保持电话畅通。再见。"
OWN_NUMBER: Final = "用您现在打来的这个号码联系您，可以吗？也请说一下怎么称呼您。"
OWN_NUMBER_INSTEAD: Final = "您说的号码我没有听清。就用您现在打来的这个号码，可以吗？"
NUMBER_AGAIN: Final = "请您慢一点再说一遍，每说三四个数字停一下；也可以在电话上按出来，按完按井号键。"
NUMBER_REST: Final = "请您接着往下说。"
SEAT_CALLBACK_NUMBER: Final = "请您说一下回电的电话号码，或者在电话上按号码。"
PERSON_LEFT: Final = "人工通话已经结束。您还有其他事情吗？没有的话可以挂机。"
SEAT_ENDED_RATE: Final = "坐席已经为您办完。请您评价这次服务：满意请按1，一般按2，不满意按3，直接说也可以。"
SEAT_ENDED: Final = "坐席已经结束本次服务，感谢您的来电，再见。"

ABUSE_ASIDE: Final = "我理解您现在心情不好，请您文明用语。"
THREAT_WARNING: Final = "您心里有气，我理解。可是威胁他人是违法的，这次通话会留下记录，请您有事说事，我来帮您登记。"
ABUSE_PERSON: Final = "这样我没有办法帮您登记，请工作人员跟您说。"
ABUSE_WARNING: Final = "我理解您现在心情不好，请您文明用语。请问您遇到了什么事？我来帮您登记。"
ABUSE_CLOSE: Final = "请您理解，这样我没有办法为您服务，本次服务先到这里。有需要您可以随时再联系我们，再见。"
ATTACK: Final = "对不起，别人的信息和系统内部的内容不能提供。您自己有什么事要咨询或者反映，我可以帮您。"
SECRET: Final = (
    "对不起，国家秘密、商业秘密和别人的个人信息受法律保护，不能提供。您自己有什么事要咨询或者反映，我可以帮您。"
)
ATTACK_CLOSE: Final = "对不起，这个不能提供。本次服务先到这里，再见。"
OUT_OF_SCOPE: Final = (
    "对不起，这个不在12345的服务范围内，我帮不上忙，您可以找商家、平台或者专门的服务机构办理；民间的纠纷可以找居委会、村委会调解，"
    "或者拨打12348咨询法律。您有政策上的问题，或者生活中的困难要反映，可以跟我说。"
)
ELSEWHERE: Final = "这件事要由{place}办理，北京的12345管不到，请您拨打那里的12345热线：{how}。"
ELSEWHERE_NUMBER: Final = "从北京打，请拨{number}"
ELSEWHERE_ANY: Final = "在当地直接拨12345，从北京打，请先拨当地的区号"
UNLAWFUL_RULE: Final = (
    "对不起，这件事我们不能帮您办。{rule}"
    "您要是遇到了难处或者纠纷，可以拨打12348免费咨询法律，也可以把情况告诉我，我帮您登记反映。"
)
UNLAWFUL: Final = (
    "对不起，这个要求不合法律规定，我们不能帮您办，这样做可能要受到处罚，甚至承担刑事责任。"
    "您要是遇到了难处或者纠纷，可以拨打12348免费咨询法律，也可以把情况告诉我，我帮您登记反映。"
)
CHITCHAT: Final = "我是12345的智能助手，主要帮您查政策、登记诉求。您有这方面的事，可以跟我说。"

LAWFUL: Final = {
    "诉讼": (
        "您说的事已经进入或者需要通过诉讼程序，行政机关和热线不能干预法院办案。"
        "您可以拨打12368诉讼服务热线，或者到审理法院的诉讼服务中心查询、反映。"
    ),
    "仲裁": (
        "您说的事要通过仲裁程序解决。"
        "劳动争议可以向用人单位所在地或者合同履行地的劳动人事争议仲裁委员会申请，"
        "已经在仲裁的请联系办案的仲裁委员会；法律问题可以拨打12348。"
    ),
    "纪检监察": (
        "反映党员干部和公职人员违纪违法的问题，由纪检监察机关受理。您可以拨打12388举报电话，"
        "或者登录纪检监察机关的举报网站，也可以写信。"
    ),
    "行政复议": (
        "对行政处罚等行政行为不服，可以依法申请行政复议，一般要在知道之日起六十日内，"
        "向作出决定的机关的同级人民政府（有法定例外）提出；法律问题可以拨打12348。"
    ),
    "政府信息公开": (
        "申请公开政府信息，要向制作或者保存这份信息的行政机关提出，"
        "可以通过这个机关网站上的“依申请公开”栏目、当面或者写信申请。"
    ),
    "信访": (
        "已经在信访程序中的事项，请通过信访渠道查询和反映：可以登录信访部门的网站，"
        "或者到原来受理的信访机构询问办理情况。"
    ),
}
LAWFUL_TAIL: Final = "您反映的情况我已经记录。"

ASIDE_LATER: Final = "这个问题我先记下。"
ASIDE_TIME: Final = "登记以后，承办单位会在{deadline}内给您答复。"
ASIDE_TIME_UNKNOWN: Final = "登记以后我会告诉您办理期限：水电气热的急事一天之内，一般的事七天之内给您答复。"

ASIDE_MACHINE: Final = "我是12345的机器人，您说的我都会记下来；想找人工，随时说“转人工”。"
ASIDE_PRIVACY: Final = "您的个人信息只用于办理这件事，我们依法保密；不想留也没关系。"

ORDER_NO: Final = "请告诉我工单编号。"
TRACKING: Final = "请再告诉我查询码，登记的时候一起给您的。没有的话请说没有。"
SUPPLEMENT_OFFER: Final = "要补充情况的话，请说“补充”，再说内容。"
SUPPLEMENT_HOW: Final = "请说“补充”，再说要补充的内容，例如：补充，昨天晚上又发生了一次。"
NOT_SUPPLEMENTED: Final = "这个工单已经办结，不能再补充。事情没有解决的话，请直接告诉我，我帮您重新登记。"
NO_ORDER: Final = "没有查到这个工单，请您核对一下编号和查询码。"
NO_NUMBER: Final = "没有工单编号和查询码，为了保护隐私，我不能查内容。您可以说“人工”，由坐席核实后帮您查。"
NO_CODE: Final = "没有查询码，为了保护隐私，我不能查内容。您可以说“人工”，由坐席核实后帮您查。"
WHICH_ORDER: Final = "没有编号也没关系。请说一下当时反映的是什么事、在什么地方，我来核对；想请坐席查，可以说“人工”。"
REPORTED_BEFORE: Final = "好的，我按您说的情况查一查，查到了就帮您催办。"
NOT_FOUND: Final = "按您说的情况，我没有查到登记过的诉求，我帮您转给坐席核实。"
STATUS_BY_PERSON: Final = "没有工单编号，我帮您转给坐席，由坐席核实后帮您查。"
STATUS_PERSON: Final = "需要人工帮您核对，请说“人工”。"

REOPENED: Final = "好的，已经请承办单位把您原来的工单{number}重新办理，这次的情况也写进去了，不再重复立单。"
ONLY_ASKED: Final = "好的，那就不再登记了。"
EARLIER_OR_NEW: Final = "请问是要登记另外一件事，还是只想了解结果？"
MERGED: Final = "好的，这次的情况已经补充到您原来的工单{number}，会催承办单位尽快办理，不再重复立单。"
CALLBACK: Final = "您说的情况已记录，会有工作人员联系您。"
CALLBACK_PROMISED: Final = "您的回电请求已受理，工作人员会尽快拨打您尾号{tail}的电话，再见。"


def journalled(receipt: str) -> Say:
    """Noted on this node and no more; `receipt`: as `bot/entities/receipt_no.py` makes it."""
    node, _, digits = receipt.rpartition("-")
    said = "对不起，系统暂时有故障。您说的情况已记录，记录号{}，恢复后会有工作人员联系您。"
    return Say(said.format(receipt), said.format(f"是，{spell(node)}{'，' if node else ''}{spell(digits)}"), keep=True)


def manner_lead(asked: Collection[str]) -> str:
    """The promise that goes before words said once more in another manner."""
    if "faster" in asked:
        return "好的，我说快一点。"
    if "quieter" in asked:
        return "好的，我小声一点。"
    slower = "slower" in asked or "elder" in asked
    if slower and "louder" in asked:
        return "好的，我说慢一点，大声一点。"
    if slower:
        return "好的，我慢一点说。"
    return "好的，我大声一点。" if "louder" in asked else REPEAT_LEAD


def kinds(*, elder: bool = False) -> Say:
    """What somebody may want of the hotline, to choose from; fewer at once for older callers."""
    return Say(KINDS_ELDER if elder else KINDS)


def rate() -> Say:
    return Say(RATE, RATE_SPOKEN)


# Whoever rings from a number may be somebody else: nothing of what was said in the call before.
GO_ON: Final = "这个号码上次来电时中断了，有一件事还没办完。要接着办吗？"
GO_ON_YES: Final = "好的，上次说的已经记下，我们接着办。"
GO_ON_NOT: Final = "好的。请问您这次有什么事？"
GO_ON_FILE: Final = "需要的情况都有了，为了保护隐私，上次说过的就不再念了。现在为您登记，可以吗？"
GO_ON_MATTER: Final = "上次说的事"
GO_ON_CONTACT: Final = "上次留下的"

CALLED_FOR_SEAT: Final = "您好，这里是{name}，给您回电。{recorded}正在为您接通坐席，请稍等。"
CALLED_BACK: Final = "您好，这里是{name}的智能助手。您之前来电没有办完，现在给您回电。{recorded}"
CALLED_BACK_ASK: Final = "请您说一下要反映的情况，需要人工请说人工。"
CALLED_BACK_FILE: Final = "您反映的情况我们已经记下了，请问现在可以为您登记吗？"
CALLED_FOR_VISIT: Final = "您好，这里是{name}的智能助手，给您做个回访。{recorded}"

VISIT_RESPONDED: Final = "承办单位有没有和您联系？（有／没有）"
VISIT_SOLVED: Final = "您反映的问题解决了吗？（解决了／没有）"
VISIT_SATISFIED: Final = "您对办理结果满意吗？（满意／不满意）"
VISIT_REASON: Final = "请问主要是哪方面不满意？回复数字或者直接说都可以："
VISIT_REASON_DETAIL: Final = "具体是哪一种情况？"
VISIT_AGAIN: Final = "不好意思，我没有看明白。"
VISIT_THANKS: Final = "谢谢您的回答，祝您生活愉快。"
VISIT_REOPENED: Final = "谢谢您的回答。您说问题没有解决，我们会请承办单位重新办理或者由专人跟进。"


def visit_first(order_no: str) -> str:
    return f"您的工单{order_no}承办单位已经答复，想请您做个回访，只有几个小问题。{VISIT_RESPONDED}"


def visit_choice(question: str, choices: Sequence[str]) -> str:
    return question + "，".join(f"{number}. {choice}" for number, choice in enumerate(choices, 1))
