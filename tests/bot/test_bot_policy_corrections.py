"""What is taken back changes what it names, and nothing else."""

from __future__ import annotations

import pytest
from test_bot_policy_pure import NOTHING, NOW

from bot import guards
from bot.decision import Findings, Turn, Understood
from bot.entities.gazetteer import Gazetteer
from bot.entities.place import PlaceMatcher
from bot.policy import decide
from bot.state import Matter, Place, State


@pytest.fixture(scope="module")
def matcher() -> PlaceMatcher:
    return PlaceMatcher(Gazetteer.load())


def _after(text: str, matcher: PlaceMatcher, matter: Matter | None = None) -> State:
    """The state after `text`, spoken at the read-back of an order."""
    matter = matter or Matter(
        1, "order", "公司不上社保", request_type="投诉", place=Place("写字楼", "大兴区", "荣华街道")
    )
    state = State(
        channel="phone", matters=[matter], asking="confirm_order", contact_phone="13900006374", confidential=False
    )
    findings = Findings(guards.check(text))
    correcting = Understood("correct", 0.9, (("correct", 0.9),))
    for _ in range(40):
        decision = decide(state, Turn(text, "speech"), findings, NOW)
        if not decision.wants:
            return decision.state
        for want in decision.wants:
            value = NOTHING.get(want.what, correcting)
            if want.what == "place":
                words, asked, district = want.key
                value = matcher.find(words, spoken=True, asked=asked, district=district)
            findings = findings.add(want, value)
    raise AssertionError("the policy never came to a decision")


@pytest.mark.parametrize(
    "text", ["等等，刚才那个保密，我想了想还是要保密吧，我还在那儿上着班呢", "不对，我想了想还是要保密吧，别让店里知道"]
)
def test_a_wish_for_secrecy_moves_no_place(matcher: PlaceMatcher, text: str) -> None:
    """想了想 sounds like 礼贤镇 of the same district."""
    assert matcher.find(text, spoken=True, district="大兴区").street == ""
    state = _after(text, matcher)
    assert state.confidential is True
    assert (state.matters[0].place.district, state.matters[0].place.street) == ("大兴区", "荣华街道")


def test_a_street_that_is_named_is_taken(matcher: PlaceMatcher) -> None:
    state = _after("不对，地址不是荣华街道，是礼贤镇，也请保密", matcher)
    assert state.matters[0].place.street == "礼贤镇"
    assert state.confidential is True


def test_the_place_of_the_one_who_speaks_counts(matcher: PlaceMatcher) -> None:
    state = _after("哎呀我糊涂了，刚才说成我闺女家了，闺女家才在大兴清源，我这儿是房山西潞街道", matcher)
    assert (state.matters[0].place.district, state.matters[0].place.street) == ("房山区", "西潞街道")


@pytest.mark.parametrize(
    ("said", "wording", "start", "end"),
    [
        ("不对，是前天下午", "前天下午", "2026-10-31T13:00+08:00", "2026-10-31T18:00+08:00"),
        ("说错了，应该是每天晚上", "每天晚上", "", ""),
    ],
)
def test_another_time_has_other_moments(matcher: PlaceMatcher, said: str, wording: str, start: str, end: str) -> None:
    matter = Matter(1, "order", "楼下太吵", place=Place("", "大兴区", "荣华街道"))
    matter.happened("昨天晚上", ("2026-11-01T18:00+08:00", "2026-11-01T23:00+08:00"))
    (matter,) = _after(said, matcher, matter).matters
    assert (matter.event_time, matter.event_start, matter.event_end) == (wording, start, end)


def test_the_end_of_a_number_is_corrected_and_no_land_line_made_of_it(matcher: PlaceMatcher) -> None:
    state = _after("哎我手机号给你报错了,末尾四位不是六三七四,是六三四七,前头的没错", matcher)
    assert state.contact_phone == "13900006347"
