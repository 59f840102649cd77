"""What the bot says of answers: from the knowledge base with their source, of service points, and where there are none.

Text for the eye; where the ear needs another wording the spoken form stands beside it.
"""

from __future__ import annotations

from base.spelling import spell
from bot import wording
from bot.decision import Say
from knowledge.model import Citation, Hit
from knowledge.points.service import PointAnswer


def answer(hit: Hit, plainly: str = "") -> Say:
    """A knowledge answer: the standard question restated, the answer, its source and date.

    `plainly`: the words of a clause as a machine put them. Said as such; who reads has the clause itself below.
    """
    lead = f"您问的是“{hit.question}”。"
    caution = "以下内容未经核对，仅供参考：" if hit.sample else ""
    body = hit.answer.strip()
    told = f"{wording.MACHINE_WORDED}{plainly}\n原文：{body}" if plainly else body
    text = f"{lead}\n{caution}{told}"
    source = source_line(hit.citations)
    if source:
        text += f"\n{source}"
    said = f"{wording.MACHINE_WORDED}{plainly}" if plainly else (hit.answer_spoken or body).strip()
    return Say(text, f"{lead}{caution}{_sentence(said)}{spoken_source(hit.citations)}", hit.citations)


def aside(hit: Hit) -> Say:
    """The same for a side question in the middle of a form: without restating."""
    body = hit.answer.strip()
    caution = "以下仅供参考：" if hit.sample else ""
    source = source_line(hit.citations)
    said = (hit.answer_spoken or body).strip()
    return Say(f"{caution}{body}\n{source}".strip(), f"{caution}{_sentence(said)}", hit.citations)


def source_line(citations: tuple[Citation, ...]) -> str:
    """Where an answer comes from, with the date of the version where it is known."""
    if not citations:
        return ""
    first = citations[0]
    date = f"（{first.effective_from}）" if first.effective_from else ""
    clause = first.clause if first.clause else ""
    return f"依据：《{first.title.strip('《》')}》{clause}{date}。"


def spoken_source(citations: tuple[Citation, ...]) -> str:
    if not citations:
        return ""
    first = citations[0]
    year, _, rest = first.effective_from.partition("-")
    month, _, day = rest.partition("-")
    date = ""
    if year.isdigit():
        date = f"{year}年" + (f"{int(month)}月" if month.isdigit() else "") + (f"{int(day)}日" if day.isdigit() else "")
        date = f"，{date}的版本"
    return f"依据是{first.title.strip('《》')}{first.clause}{date}。"


def confirm_question(question: str) -> Say:
    return Say(f"您问的是“{question}”吗？")


def choose(questions: list[str]) -> Say:
    if len(questions) == 1:
        return confirm_question(questions[0])
    listed = "\n".join(f"{number}. {question}" for number, question in enumerate(questions, 1))
    names = ("第一", "第二", "第三")
    said = "；".join(f"{name}，{question}" for name, question in zip(names, questions, strict=False))
    return Say(f"您想问的是下面哪一个？\n{listed}", f"您想问的是哪一个？{said}。")


def unknown(question: str) -> Say:
    return Say(f"您问的是“{question}”。这个问题我没有查到准确的答案，不能乱说。需要帮您转人工坐席吗？")


def points(found: PointAnswer) -> Say:
    """The nearest service points: three with everything for the eye, the first for the ear."""
    first = found.points[0].point
    caution = "以下点位是示例，未经核对：" if first.sample else ""
    if found.verdict == "found":
        lead = f"离{found.place}最近的{found.kind}："
    elif found.place:
        lead = f"{found.place}的{found.kind}一共有{found.total}个，先告诉您{len(found.points)}个："
    else:
        lead = ""
    rows = []
    for number, near in enumerate(found.points, 1):
        point = near.point
        head = f"{number}. {point.name}" if len(found.points) > 1 else point.name
        more = [f"地址：{point.address}"]
        more += [f"开放时间：{point.hours}"] if point.hours else []
        more += [f"电话：{point.phone}"] if point.phone else []
        rows.append("\n".join([f"{head}，{distance(near.distance_m)}" if near.distance_m is not None else head, *more]))
    text = "\n".join(part for part in (f"{caution}{lead}", *rows) if part)
    citations: tuple[Citation, ...] = ()
    if first.source:
        citations = (Citation(first.source, "", effective_from=first.updated_on),)
        text += f"\n{source_line(citations)}"
    away = f"，{distance(found.points[0].distance_m)}" if found.points[0].distance_m is not None else ""
    said = (
        f"{caution}{lead.rstrip('：')}，{first.name}{away}，在{first.address}。"
        if lead
        else f"{first.name}在{first.address}。"
    )
    said += f"开放时间，{first.hours}。" if first.hours else ""
    said += f"电话，{spell(first.phone, 5 if len(first.phone) == 5 else 4)}。" if first.phone else ""
    return Say(text, said, citations)


def distance(metres: int | None) -> str:
    """Only as exact as it is known: the middle of a street, or a point on a map."""
    if metres is None:
        return ""
    return (
        f"大约{max(100, round(metres, -2))}米"
        if metres < 1_000
        else f"大约{metres / 1_000:.1f}公里".replace(".0公里", "公里")
    )


def ask_place_of(found: PointAnswer) -> Say:
    """What is still to be known before the nearest can be told."""
    match found.verdict:
        case "which_place":
            named = found.choices
            return Say(
                f"您说的是{'、'.join(named[:-1])}，还是{named[-1]}？" if len(named) > 1 else f"您说的是{named[0]}吗？"
            )
        case "where_in_district":
            return Say(
                f"{found.place}的{found.kind}一共有{found.total}个。请问您在哪个街道（乡镇），或者附近有什么标志性的地方？",
                f"{found.place}的{found.kind}一共有{found.total}个。请问您在哪个街道或者乡镇？",
            )
        case "unknown_place":
            return Say(f"“{found.place}”的位置我没有查到。请问在哪个区、哪个街道（乡镇）？")
    return Say(f"请问您在哪个区、哪个街道（乡镇）？我帮您查最近的{found.kind}。")


def no_points(found: PointAnswer) -> Say:
    where = f"{found.place}的" if found.place else ""
    return Say(
        f"我这里没有查到{where}{found.kind}的点位，不能乱说，您的问题已经记下。需要的话可以说“人工”，由坐席帮您查。"
    )


def _sentence(text: str) -> str:
    return text if text.endswith(("。", "！", "？", "!", "?", "；")) else text + "。"
