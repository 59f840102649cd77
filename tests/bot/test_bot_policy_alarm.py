"""An alarm in the middle of a talk: weighed by what was asked, how much is told, and all readers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import guards
from bot.danger import Danger
from bot.decision import Findings, Understood, Wanted
from bot.guards_model import GuardFindings
from bot.policy import alarm

FIRE = "哎哟坏了坏了，锅里的油着起来了，都窜到抽油烟机上了，咋办呐"


def findings(text: str, *, score: float, understood: float = 0.1) -> Findings:
    """What the readers say, no rule having fired."""
    found = Findings(GuardFindings(probability=0.95, whole=0.9, lines={"119": 1.0, "120": 0.1}))
    told = guards.without_supposed(text)
    found = found.add(Wanted("danger", (told,)), Danger(score, {"119": 1.0}))
    row = (("emergency", understood), ("help", 1 - understood))
    return found.add(Wanted("understand", (told,)), Understood("help", 1 - understood, row))


@pytest.mark.parametrize("asked", ["place", "contact_phone", "confirm_order"])
def test_what_breaks_out_in_the_middle_of_the_form_is_an_alarm(asked: str) -> None:
    assert alarm.raised(FIRE, findings(FIRE, score=0.5), in_talk=True, asked=asked).line == "119"


def test_a_short_piece_of_the_story_is_none() -> None:
    text = "他还在外头骂着呢"
    assert alarm.raised(text, findings(text, score=0.5), in_talk=False).line == "119"
    assert alarm.raised(text, findings(text, score=0.5), in_talk=True, asked="detail").line == ""


def test_who_asks_to_go_on_has_seen_to_it() -> None:
    text = "哎宝宝别哭，奶奶打电话呢，您刚才问我什么来着"
    assert alarm.raised(text, findings(text, score=0.3), in_talk=True, asked="place").line == ""


def test_who_stays_below_is_told_whom_to_call_all_the_same() -> None:
    text = "味儿越来越大"
    told = alarm.raised(text, findings(text, score=0.4), in_talk=True, asked="detail")
    assert told.line == "" and told.doubtful


def test_who_wants_somebody_to_talk_to_may_be_in_despair() -> None:
    text = "我在楼顶上，坐在外沿这边，没什么要投诉的，就是想找个人说一声"
    found = findings(text, score=0.6)
    found = replace(found, guards=replace(found.guards, human=True))
    assert alarm.raised(text, found, in_talk=False).line == "119"
    wish = "找个人跟我说"
    only_a_wish = replace(findings(wish, score=0.6), guards=replace(found.guards, human=True))
    assert alarm.raised(wish, only_a_wish, in_talk=False).line == ""


def test_who_says_that_it_is_over_and_no_call_for_help_is_believed() -> None:
    text = "不是叫救护车啊，人好着呢，上礼拜夜里心口疼，120来得快，我得谢谢人家"
    assert alarm.raised(text, findings(text, score=0.3), in_talk=False).line == ""
    now = "不是叫救护车去医院那种，我老伴儿心口疼，喘不上气，你们快来"
    assert alarm.raised(now, findings(now, score=1.5), in_talk=False).line


@pytest.mark.parametrize("in_talk", [False, True])
def test_a_farewell_needs_no_other_reader(in_talk: bool) -> None:
    text = "室友发了一段话，说押金留给我，谢谢我这两年，打她电话不接，这种情况该找哪个部门"
    assert alarm.raised(text, Findings(GuardFindings()), in_talk=in_talk, asked="detail").line == "110"


def test_an_anxious_wish_for_secrecy_is_an_answer() -> None:
    text = "孩子还在那里头上着学，千万别把我们家说出去"
    assert alarm.raised(text, findings(text, score=0.2), in_talk=True, asked="place").line
    assert not alarm.raised(text, findings(text, score=0.2), in_talk=True, asked="confidential").line
    assert alarm.raised(text, findings(text, score=2.5), in_talk=True, asked="confidential").line
