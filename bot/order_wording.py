"""What the bot says of orders: while one is taken down, when it is filed, and what becomes of it.

Text for the eye; where the ear needs another wording the spoken form stands beside it.
"""

from __future__ import annotations

from typing import Final, Literal

from base.spelling import spell
from bot import unit_answer
from bot.decision import OrderKnown, Say
from workorders.order import STATUS_TEXT

_ENDS: Final = ("。", "！", "？", "!", "?", "……")
_NOTED: Final = "记下了，{label}是{value}。"
_MOBILE: Final = 11  # digits
_LONGEST_NUMBER: Final = 12  # digits, of a land line with its area code
_SPELT_FROM: Final = 7  # digits: shorter numbers are read as numbers


def summary(parts: list[tuple[str, str]], *, again: bool = False) -> Say:
    """The order read back. `parts`: (label, value) with the phone number as digits."""
    lead = "好的，改过来了，我再跟您核对一下：" if again else "我跟您核对一下："
    text = "；".join(f"{label}：{value}" for label, value in parts)
    said = "，".join(f"{label}，{_aloud(value)}" for label, value in parts)
    return Say(f"{lead}{text}。对吗？", f"{lead}{said}。对吗？")


def noted(label: str, value: str) -> Say:
    """A value read back; a number digit by digit."""
    said = _aloud(value)
    return Say(_NOTED.format(label=label, value=value), _NOTED.format(label=label, value=said), passing=True)


def heard_digits(digits: str) -> Say:
    wrong = _wrong_length(digits)
    return Say(
        f"我记下的号码是{digits}，{wrong}，请您再说一遍完整的号码。",
        f"我记下的是{spell(digits)}，{wrong}，请您再说一遍完整的号码。",
    )


def _wrong_length(digits: str) -> str:
    too_long = len(digits) > _LONGEST_NUMBER or (digits.startswith("1") and len(digits) > _MOBILE)
    return "好像多了几位" if too_long else "好像不完整"


def number_incomplete(digits: str) -> Say:
    wrong = _wrong_length(digits)
    return Say(f"我记下的号码是{digits}，{wrong}。", f"我记下的是{spell(digits)}，{wrong}。")


def number_begun(digits: str) -> Say:
    return Say(f"好的，{digits}。", f"好的，{spell(digits)}。", passing=True)


def two_districts(name: str, districts: list[str]) -> str:
    return f"{'和'.join(districts)}都有{name}，请问是哪个区的？"


def duplicate(known: OrderKnown, *, phone: bool, about: str = "") -> Say:
    """An earlier order on the same matter, how far it has got, and the question whether it is that one; of one that
    is over, whether the matter is there again. `about`: which of several matters it is."""
    tail = known.order_no[-4:]
    which = f"关于“{about}”，" if about else ""
    who = "用这个电话" if known.by_number else "您"
    lead = f"查到{who}反映过同一地点的同类问题，工单尾号{{}}，"
    stands = _stands(known)
    if known.over:
        told = f"{stands}{_answer(known, phone=phone)}"
        question = "现在还没有解决，或者又出现了吗？是的话我请承办单位接着办；只想了解结果，请说“知道了”。"
        return Say(f"{which}{lead.format(tail)}{told}{question}", f"{which}{lead.format(spell(tail))}{told}{question}")
    due = f"，答复期限到{known.deadline}" if known.deadline else ""
    because = _reason(known)
    question = "。是同一件事吗？是的话我把这次的情况补充进去催办"
    return Say(
        f"{which}{lead.format(tail)}{stands}{due}{because}{question}，不重复立单。",
        f"{which}{lead.format(spell(tail))}{stands}{due}{because}{question}。",
    )


def _stands(known: OrderKnown) -> str:
    """Where an order stands, as a clause; of one that is over, as a sentence's beginning."""
    unit = known.unit or "承办单位"
    answered = f"{unit}已经在{known.answered_on}答复" if known.answered_on else f"{unit}已经答复"
    match known.status:
        case "filed":
            return "已经受理，正在安排承办单位"
        case "dispatched":
            return f"已经派给{unit}"
        case "accepted":
            return f"{unit}已经接单，正在办理"
        case "objected":
            return "正在核定由哪个单位办理"
        case "merged":
            return "已经和同一事项的工单合并办理"
        case "answered":
            return answered
        case "visited":
            return f"{answered}，也做过回访"
        case "closed":
            return f"{answered}，{known.closed_on}办结" if known.closed_on else f"{answered}，已经办结"
    return "还在办理中"


def _answer(known: OrderKnown, *, phone: bool) -> str:
    """The end of a sentence that says that the unit has answered: what it has answered, where that may be told."""
    if not known.answer:
        return "，答复内容可以凭工单编号和查询码查看。"
    told = unit_answer.in_short(known.answer, unit_answer.PHONE_CHARACTERS if phone else unit_answer.CHAT_CHARACTERS)
    rest = "" if told == known.answer else "答复全文可以凭工单编号和查询码查看。"
    return f"，答复是：{told}{'' if told.endswith(_ENDS) else '。'}{rest}"


def _reason(known: OrderKnown) -> str:
    reason = known.extended_because.rstrip("。.；;，, ")
    return f"（办理期限已延长，原因是：{reason}）" if reason else ""


def filed(orders: list[tuple[str, str, str, str]]) -> Say:
    """`orders`: (order number, tracking code, how long it takes, title)."""
    if len(orders) == 1:
        number, code, deadline, _ = orders[0]
        text = f"已受理，工单编号{number}" + (f"，查询码{code}" if code else "")
        said = f"已受理，工单编号是，{spell(number)}" + (f"。查询码是，{spell(code, 3)}" if code else "")
        tail = f"。承办单位会在{deadline}内给您答复。"
        return Say(text + tail, said + tail, keep=True)
    lines, said_lines = [], []
    for position, (number, code, deadline, title) in enumerate(orders, 1):
        lines.append(
            f"{position}. {title}：工单编号{number}" + (f"，查询码{code}" if code else "") + f"，{deadline}内答复"
        )
        said_lines.append(
            f"第{position}件，工单编号是，{spell(number)}"
            + (f"，查询码是，{spell(code, 3)}" if code else "")
            + f"，{deadline}内答复"
        )
    lead = f"{len(orders)}件事已分别受理。"
    return Say(lead + "\n" + "\n".join(lines), lead + "。".join(said_lines) + "。", keep=True)


def term(deadline_hours: int, working_days: int = 0) -> str:
    """2 -> 2小时, 24 -> 24小时, 168 -> 7天; in working days where the deadline is counted in them."""
    if working_days:
        return f"{working_days}个工作日"
    return f"{deadline_hours}小时" if deadline_hours <= 24 else f"{deadline_hours // 24}天"


def order_status(known: OrderKnown, *, phone: bool) -> Say:
    """For whoever has shown number and tracking code: how far it has got, and what the unit has answered."""
    stands = f"这个工单目前是“{STATUS_TEXT.get(known.status, known.status)}”"
    unit_part = f"，承办单位是{known.unit}" if known.unit else ""
    if known.over and known.answered_on:
        closed = f"，{known.closed_on}办结" if known.closed_on else ""
        answer = _answer(known, phone=phone) if known.answer else "。"
        return Say(f"{stands}{unit_part}{closed}。{known.unit or '承办单位'}在{known.answered_on}答复了{answer}")
    deadline_part = f"，答复期限到{known.deadline}" if known.deadline and not known.over else ""
    return Say(f"{stands}{unit_part}{deadline_part}{'' if known.over else _reason(known)}。")


def supplemented(number: str) -> Say:
    said = "已经补充到{}，承办单位能看到。"
    return Say(said.format(f"工单（尾号{number[-4:]}）"), said.format(f"尾号{spell(number[-4:])}的工单"))


def order_extended(order_no: str, deadline: str, reason: str) -> str:
    because = reason.strip().rstrip("。.；;，, ")
    return (
        f"您的工单{order_no}办理期限延长到{deadline}，原因是：{because}。"
        if because
        else (f"您的工单{order_no}办理期限延长到{deadline}。")
    )


def order_deadline_changed(order_no: str, deadline: str) -> str:
    return f"您的工单{order_no}办理期限已重新计算，改为{deadline}。"


def order_alone_again(order_no: str, unit: str) -> str:
    return f"与您的工单{order_no}并案的工单已经撤回，您的工单恢复单独办理" + (f"，承办单位是{unit}。" if unit else "。")


def order_asked_again(order_no: str, what: Literal["extended", "answered", "closed"], deadline: str = "") -> str:
    """For whoever asked again about a matter that has an order: what became of it, and nothing of what it says."""
    became = {
        "extended": f"办理期限延长到{deadline}" if deadline else "办理期限已经延长",
        "answered": "承办单位已经答复",
        "closed": "已经办结",
    }
    return f"您再次反映的事项（工单{order_no}）{became[what]}，可以凭工单编号和查询码查看。"


def _aloud(value: str) -> str:
    digits, turn, extension = value.partition("转")
    if turn and digits.isdigit() and extension.isdigit():
        return f"{spell(digits)}，转，{spell(extension)}"
    return spell(value) if value.isdigit() and len(value) >= _SPELT_FROM else value
