"""Taking back what was said: the slot is told by the content, the value is changed, everything else stays."""

from __future__ import annotations

import re
from typing import Final

from bot import reading, secrecy
from bot.entities import number_correction, person, phone, whose_number, yes_no
from bot.entities import time as times
from bot.entities.place_finding import PlaceFinding
from bot.policy.talk import Talk
from bot.state import Matter, Place

_NOT_BUT: Final = re.compile(r"不是\s*([^,，。是]{1,16}?)\s*[,，、]?\s*(?:而)?(?:应该)?是\s*([^,，。]{1,30})")
_BUT_NOT: Final = re.compile(r"是\s*([^,，。是]{1,30}?)\s*[,，、]?\s*(?:而)?不是\s*([^,，。]{1,16})")
_HERE: Final = re.compile(  # beside whose place it was taken for: "my daughter's is there, mine is here"
    r"(?:我(?:们)?(?:这(?:儿|里|边)?|家)|这事儿?|出事的?地方|实际上?|其实)(?:是|在)\s*([^。!！?？]+)$"
)
_LEAD: Final = re.compile(
    r"(?:哎呀?|不对|不是|对不起|不好意思|我)?[,，、\s]*(?:我)?(?:刚才|刚刚|前面)?(?:(?:说|弄|搞|记|写|打|讲|报|填)错|(?:说)?(?:秃噜嘴|嘴瓢|嘴误))了?[,，。、\s]*|^(?:不对|错了|不是(?=[,，、。\s]))[,，、。\s]*|(?:应该|其实|准确(?:地|的)?说)(?:是)?"
)
_TYPES: Final = {"投诉": "投诉", "举报": "举报", "建议": "建议", "表扬": "表扬", "求助": "求助"}
_PHONE_WORDS: Final = re.compile(r"电话|手机|号码|尾号|最后(?:一|两|三|四)位|后(?:一|两|三|四)位")
_LAND_LINE: Final = re.compile(r"[02-9]\d{7,11}")
_TAKES_NUMBER_BACK: Final = re.compile(
    r"(?:电话|手机|号码|手机号|联系方式)[^,，。]{0,6}?(?:(?:不(?:想|要|用|愿意?)?|[别甭莫])(?:留|写|填|登记|给(?![^,，。]{1,8}(?:看|听|知道|晓得|说|传|露)))|去掉|删|抹|划掉|取消|撤)"
    r"|(?:不(?:想|要|用)?|[别甭莫])(?:再)?(?:留|写|填|登记)(?:我的?)?(?:电话|手机|号码|联系方式)"
    r"|(?:去掉|删掉?|抹掉|划掉)(?:我的?)?(?:电话|手机|号码|联系方式)"
)
_INTERJECTION: Final = re.compile(r"对了|[哎诶哦噢呀哟]")  # "oh, by the way" is no yes
_CLAUSE_END: Final = re.compile(r"[\s,，。;；!！、]+")
_NAME_WORDS: Final = re.compile(r"姓|名字|叫")
_NAMED: Final = 0.8  # how sure a place is that is named, not only heard
_STREET_WORDS: Final = re.compile(r"街道|[镇乡]|地区|地址|地点|位置")
_TIME_WORDS: Final = re.compile(r"时间|[点号天月年周]|礼拜|星期|早上|晚上|上午|下午|夜里")


def apply(talk: Talk, text: str, *, asked: str, loose: bool = False) -> set[str]:
    """Change what `text` corrects; returns the slots that were changed, empty when nothing could be told.

    Args:
        asked: the slot whose question stands: it is not corrected by what is simply its answer.
        loose: the citizen said that something is wrong; take also what has no correcting word.
    """
    changed: set[str] = set()
    if _phone(talk, text, asked):
        changed.add("contact_phone")
        if _secrecy_beside(talk, text, asked):
            changed.add("confidential")
        return changed
    if asked != "confidential" and of_secrecy(talk, text):
        changed.add("confidential")
    for matter in talk.state.form:
        if _place(talk, matter, text):
            changed.add("place")
        if _time(talk, matter, text, asked):
            changed.add("event_time")
    if _NAME_WORDS.search(text):
        who = person.find(_LEAD.sub("", text), asked=True)
        if who is not None and not who.anonymous:
            talk.state.contact_name = who.name
            changed.add("contact_name")
    if not changed and (kind := _request_type(text)):
        for matter in talk.state.form:
            matter.request_type = kind
        changed.add("request_type")
    if not changed and _words(talk, text, loose=loose):
        changed.add("detail")
    return changed


def of_secrecy(talk: Talk, text: str) -> bool:
    """A wish about being kept secret, in words that name it: taken at any point."""
    words = _LEAD.sub("", text)
    wish = secrecy.volunteered(words)
    if wish is None and secrecy.NAMED.search(text):
        named = [clause for clause in _CLAUSE_END.split(words) if secrecy.NAMED.search(clause)]
        wish = secrecy.answered(named[-1] if named else words)
    if wish is None:
        return False
    talk.state.confidential = wish
    return True


def _secrecy_beside(talk: Talk, text: str, asked: str) -> bool:
    """The same in one breath with a number: "keep it secret, too", or a bare "no" as the answer to that question."""
    if asked != "confidential" or secrecy.NAMED.search(text):
        return of_secrecy(talk, text)
    first = _CLAUSE_END.split(text.strip())[0]
    said = None if _INTERJECTION.search(first) else yes_no.answer(first)
    if said is None:
        return False
    talk.state.confidential = said == "yes"
    return True


def takes_number_back(talk: Talk, text: str) -> bool:
    """ "电话还是别留了": the number that was given is forgotten."""
    state = talk.state
    found = phone.find(text, spoken=talk.turn.spoken)
    if not state.contact_phone or not _TAKES_NUMBER_BACK.search(text) or found or reading.question(text):
        return False
    state.contact_phone = state.contact_extension = ""
    state.refused.append("contact_phone")
    return True


def _phone(talk: Talk, text: str, asked: str) -> bool:
    state = talk.state
    if asked == "contact_phone" and not state.contact_phone:
        return False
    told = whose_number.told(text, spoken=talk.turn.spoken, asked=bool(_PHONE_WORDS.search(text)))
    amended = number_correction.amend(state.contact_phone, text, spoken=talk.turn.spoken) if told is not None else None
    if told is not None and told.kind != "mobile" and amended and phone.MOBILE.fullmatch(amended):
        number, extension = amended, ""  # "the last four are not A but B" is no land line
    elif told is not None:
        number, extension = told.number, told.extension
    else:
        number = number_correction.amend(state.contact_phone, text, spoken=talk.turn.spoken) or state.contact_phone
        extension = phone.extension(text) if _LAND_LINE.fullmatch(number) else ""
        extension = extension or (state.contact_extension if number == state.contact_phone else "")
    if (number, extension) == (state.contact_phone, state.contact_extension):
        return False
    state.contact_phone, state.contact_extension = number, extension
    if "contact_phone" in state.refused:
        state.refused.remove("contact_phone")
    return True


def _place(talk: Talk, matter: Matter, text: str) -> bool:
    place = matter.place
    new = _affirmed(text)
    if (here := _HERE.search(text)) and talk.findings.place(here[1], asked=False).district:
        new = here[1]
    found = talk.findings.place(new, asked=False, district=place.district)
    if new != text and not found.street and found.district in ("", place.district):
        found = talk.findings.place(text, asked=False, district=place.district)  # "I said A, that was a slip, B"
    if _only_sounds_like_one(found, new):
        found = PlaceFinding()
    buildings = reading.buildings(new)
    if found.street or (found.district and found.district != place.district):
        same = found.district == place.district and found.street == place.street
        if same and not buildings:
            return False
        kept = place.text if same else _without_old(place.text, text)
        matter.place = Place(found.address or kept, found.district, found.street)
        matter.text = f"{matter.text}。更正：{new}"
        return True
    if found.candidates and place.district == "":
        matter.place.candidates = [[c.district, c.street] for c in found.candidates]
        return True
    if buildings:
        place.text = _with_building(place.text, buildings)
        matter.opening = _replace_denied(matter.opening, text)
        matter.detail = _replace_denied(matter.detail, text)
        return True
    swap = _swap(text)
    if swap and swap[0] in place.text:
        place.text = place.text.replace(swap[0], swap[1])
        return True
    if found.address and reading.locative(new) and re.search(r"地址|地点|位置|地方|小区", text):
        place.text = found.address
        return True
    return False


def _only_sounds_like_one(found: PlaceFinding, text: str) -> bool:
    """A street that is merely heard into words about something else: 想了想还是保密 is no 礼贤镇."""
    about_else = secrecy.NAMED.search(text) or _TIME_WORDS.search(text) or _NAME_WORDS.search(text)
    return found.confidence < _NAMED and bool(about_else) and not _STREET_WORDS.search(text)


def _affirmed(text: str) -> str:
    """The part that is now right: without "I was wrong" and without "not X"."""
    words = _LEAD.sub("，", text)
    words = re.sub(r"不是[^,，。是]{1,16}(?=[,，。]|$)", "", words)
    words = re.sub(r"不是[^,，。是]{1,16}?(?:而)?(?=是)", "", words)
    return words.strip(" ,，。、")


def _swap(text: str) -> tuple[str, str] | None:
    """(wrong, right) of "not A but B" or "B, not A"."""
    if found := _NOT_BUT.search(text):
        return found[1].strip(), found[2].strip()
    if found := _BUT_NOT.search(text):
        return found[2].strip(), found[1].strip()
    return None


def _with_building(address: str, buildings: list[str]) -> str:
    """The address with the numbers of the same kind (号楼, 单元, 层) replaced, others added."""
    for building in buildings:
        kind = reading.building_kind(building)
        old = next((known for known in reading.buildings(address) if reading.building_kind(known) == kind), None)
        address = address.replace(old, building) if old else address + building
    return address


def _replace_denied(words: str, correction: str) -> str:
    """The story told with the right building too, where it named the wrong one."""
    right = reading.buildings(_affirmed(correction))
    for building in right:
        kind = reading.building_kind(building)
        for known in reading.buildings(words):
            if reading.building_kind(known) == kind:
                words = words.replace(known, building)
    return words


def _without_old(address: str, correction: str) -> str:
    """An address of another street is not kept, unless it names an estate or a building of its own."""
    swap = _swap(correction)
    return "" if swap and swap[0] in address else address if reading.buildings(address) else ""


def _time(talk: Talk, matter: Matter, text: str, asked: str) -> bool:
    if asked == "event_time" and not matter.event_time:
        return False
    new = _affirmed(text).replace("刚才", "").replace("刚刚", "")
    if not _TIME_WORDS.search(new):
        return False
    found = times.find(new, talk.now, spoken=talk.turn.spoken)
    if found is None or found.text in ("上次", "现在") or len(found.text) < 2:
        return False
    matter.happened(found.text, found.moments)
    return True


def _request_type(text: str) -> str:
    words = re.sub(r"不(?:是|想|要)(?:要|来|想)?(?:投诉|举报|建议|表扬|求助)", "", text)
    return next((kind for kind in _TYPES if kind in words), "") if words != text else ""


def _words(talk: Talk, text: str, *, loose: bool) -> bool:
    """ "Not A but B" about the story itself."""
    swap = _swap(text)
    form = talk.state.form
    if swap is None:
        if loose and len(form) == 1 and len(reading.content(_affirmed(text))) >= 6:
            form[0].detail = "。".join(part for part in (form[0].detail, f"更正：{_affirmed(text)}") if part)
            return True
        return False
    wrong, right = swap
    hit = False
    for matter in form:
        for answer in matter.answers.values():
            answer["words"] = answer["words"].replace(wrong, right) if wrong else answer["words"]
        for name in ("opening", "detail", "subject", "appeal", "event_time"):
            value = getattr(matter, name)
            if wrong and wrong in value:
                setattr(matter, name, value.replace(wrong, right))
                hit = True
                if name == "event_time":
                    found = times.find(matter.event_time, talk.now, asked=True, spoken=talk.turn.spoken)
                    matter.happened(matter.event_time, found.moments if found else ("", ""))
    if not hit and len(form) == 1:
        form[0].detail = "。".join(part for part in (form[0].detail, f"更正：{reading.tidy(text)}") if part)
        hit = True
    return hit
