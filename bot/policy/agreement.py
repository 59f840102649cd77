"""The answer to the order that was read back: it is right, it is to be changed, or it is not wanted any more."""

from __future__ import annotations

import re
from typing import Final

from bot import read_back, reading, splitting, wording
from bot.decision import OVER
from bot.entities import number_correction, phone, yes_no
from bot.policy import asides, closing, corrections, filling, form, matters
from bot.policy.talk import Talk
from bot.state import Matter

_OF_NUMBER: Final = re.compile(r"位|尾号|尾数|末尾|尾巴|那个?号|号码|电话|手机|是[\d零一二三四五六七八九幺]{3,}")
_NAMES_A_PLACE: Final = 4  # characters
_YES_BUT: Final = re.compile(r"但|不过|只是|改")
_WITHDRAWS: Final = re.compile(
    r"不(?:想)?(?:投诉|举报|反映|登记|提交|报|弄|办|提)了|别(?:登记|提交|报)了?|^(?:算了|不用了|不要了|取消)|算了吧|撤(?:销|回|掉)|取消(?:吧|登记|投诉)"
)
_CHOOSES: Final = "earlier_or_new"  # in `State.asked`: another matter, or only the result?
_ANOTHER: Final = re.compile(
    r"另(?:外)?(?:[一的]|有)|不同|新的|是别的事|不是(?:同)?一(?:件|回|个|码)|不是[这那](?:件|个|回)|[两2]码事|两回事"
)
_ONLY_ASKS: Final = re.compile(r"[只就光](?:是)?(?:想|要|来)?(?:先)?(?:问|了解|知道|看看|查|打听|听)")
_KNOWS_ENOUGH: Final = re.compile(
    r"知道了|明白了|问问|了解(?:一?下)?结果|不用(?:了|再)|不用(?:登记|办|立单|补充|催|处理)|算了|已经好了"
    r"|(?<!没)(?<!没有)(?<!未)(?:解决|处理好|修好|弄好|清走|恢复)了"
)
_THERE_AGAIN: Final = re.compile(
    r"又|还(?:是|没|未|在|有)|仍|依然|照样|照旧|再次|复发|反弹|没(?:有)?(?:人)?(?:解决|修|弄|处理|办|动|管|改|来)|未解决"
)


def take(talk: Talk) -> None:
    """Take the turn as the answer to "is that right?"."""
    state, text = talk.state, talk.text
    said = yes_no.answer(text)
    matter = state.matter(state.asking_about)
    if matter is not None and matter.duplicate_of and not matter.duplicate_declined:
        _same_matter(talk, matter, said)
        return
    heard = read_back.read(text)
    corrects = reading.corrects(text) and not heard.surely  # "没有错别字" corrects nothing
    if _is_in_it_already(talk):
        form.file_all(talk)
        return
    if heard.surely or (said is None and heard.agrees):
        said = "yes"
    if corrections.takes_number_back(talk, text):
        _confirm_anew(talk)
        return
    if (corrects or _tells_otherwise(talk, text)) and corrections.apply(talk, text, asked="confirm_order"):
        _confirm_anew(talk)
        return
    if said != "no" and not reading.asks_hotline(text) and _wishes_otherwise(talk, text, said):
        _confirm_anew(talk)
        return
    if _WITHDRAWS.search(reading.bare(text)) and len(reading.bare(text)) <= 14:
        form.withdraw(talk)
        matters.proceed(talk)
        return
    if (len(splitting.split(text)) > 1 or reading.new_matter(text)) and matters.another(talk, "confirm_order"):
        return  # "right, and the lamp in our stairway is broken, too"
    if said == "yes" and (heard.changes or (_YES_BUT.search(text) and corrects)):
        said = "no"  # what is to be changed was not understood: taken down as it was said, or asked for
    if said == "yes" or (reading.nothing_more(text) and not corrects):
        form.file_all(talk)
        return
    if asides.side_question(talk, "confirm_order"):
        return
    if said == "no":
        _something_wrong(talk, text)
        return
    if reading.thanks_only(text):
        form.file_all(talk)
        return
    state.unclear += 1
    if state.unclear >= 3:
        closing.to_person(talk, reason="order not agreed")
    elif corrections.apply(talk, text, asked="confirm_order", loose=True):
        _confirm_anew(talk)
    elif len(reading.content(text)) >= 6 and not reading.question(text):
        filling.take(talk, "detail")
        _confirm_anew(talk)
    else:
        talk.again("请您听一下登记的内容对不对。" if talk.phone else "请您看一下登记的内容对不对。")


def _something_wrong(talk: Talk, text: str) -> None:
    """ "No": what is wrong is taken from the same words, or asked for."""
    if corrections.apply(talk, text, asked="confirm_order", loose=True):
        _confirm_anew(talk)
        return
    talk.ask("confirm_order", "请问哪里不对？请您说一下正确的。")
    talk.state.unclear += 1
    if talk.state.unclear >= 3:
        talk.says.clear()
        closing.to_person(talk, reason="order not agreed")


def _confirm_anew(talk: Talk) -> None:
    """Read back with the change; the words are kept, for who says them once more is heard already."""
    talk.state.amended = reading.bare(talk.text)
    form.confirm(talk, changed=True)


def _is_in_it_already(talk: Talk) -> bool:
    """The words that changed the order just before, said again: that change was read back, nothing else is wrong."""
    amended, talk.state.amended = talk.state.amended, ""
    return bool(amended) and amended == reading.bare(talk.text)


def _tells_otherwise(talk: Talk, text: str) -> bool:
    """A number or a place that is not the one that was read back."""
    state, spoken = talk.state, talk.turn.spoken
    found = phone.find(text, spoken=spoken)
    if any(number.number != state.contact_phone for number in found):
        return True
    extension = phone.extension(text)
    if extension and extension != state.contact_extension:
        return True
    return names_another_place(talk, text) or amends_number(talk, text)


def _wishes_otherwise(talk: Talk, text: str, said: str | None) -> bool:
    """A wish about secrecy instead of yes or no, or another one than was read back beside a yes."""
    before = talk.state.confidential
    return corrections.of_secrecy(talk, text) and (said is None or talk.state.confidential != before)


def amends_number(talk: Talk, text: str) -> bool:
    """ "中间四位是零零幺二": digits of the number that was read back, told anew."""
    known = talk.state.contact_phone
    if not known or not _OF_NUMBER.search(text):
        return False
    return number_correction.amend(known, text, spoken=talk.turn.spoken) not in (None, known)


def names_another_place(talk: Talk, text: str) -> bool:
    """ "是展览路街道吧": a street or district that is not the one that was read back, without a word of correction."""
    if len(talk.state.form) != 1 or len(reading.bare(text)) < _NAMES_A_PLACE:
        return False
    place, told = talk.state.form[0].place, talk.findings.place(text, asked=False, district="")
    return bool((told.street and told.street != place.street) or (told.district and told.district != place.district))


def _same_matter(talk: Talk, matter: Matter, said: str | None) -> None:
    """Is it the order that was found, and is the matter there again; or was only its result wanted?"""
    state, text = talk.state, talk.text
    over = matter.duplicate_status in OVER
    if _ANOTHER.search(text):
        _file_beside(talk, matter)
    elif _only_asks(text) and (over or matter.looked_for or said != "yes" or _ONLY_ASKS.search(text)):
        form.told_of_earlier(talk, matter)
        matters.proceed(talk)
    elif said == "yes" or reading.again(text) or re.search(r"同一件|就是那", text) or (over and _unsolved(text)):
        form.merge(talk, matter)
        matters.proceed(talk)
    elif said == "no" and over and matter.looked_for:
        form.told_of_earlier(talk, matter)
        matters.proceed(talk)
    elif said == "no" and over and _CHOOSES not in state.asked:  # not there again, or not the same: two things
        state.asked[_CHOOSES] = 1
        talk.ask("confirm_order", wording.EARLIER_OR_NEW, about=matter.number)
    elif said == "no":
        _file_beside(talk, matter)
    elif corrections.apply(talk, talk.text, asked="confirm_order"):
        form.confirm(talk, changed=True)
    elif not asides.side_question(talk, "confirm_order"):
        talk.again("请您说一下，是不是同一件事。")


def _only_asks(text: str) -> bool:
    if _THERE_AGAIN.search(text):
        return False
    return bool(_ONLY_ASKS.search(text)) or (bool(_KNOWS_ENOUGH.search(text)) and not reading.question(text))


def _unsolved(text: str) -> bool:
    return bool(_THERE_AGAIN.search(text)) and not reading.question(text)


def _file_beside(talk: Talk, matter: Matter) -> None:
    matter.duplicate_declined, matter.duplicate_of = True, None
    form.go_on(talk)
