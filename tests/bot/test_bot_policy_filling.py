"""What an answer puts into its slot where it does not say so plainly."""

from __future__ import annotations

import pytest
import test_bot_policy_pure
from test_bot_policy_pure import run

from bot.decision import Turn
from bot.entities.place_finding import PlaceFinding
from bot.state import Matter, Place, State


def asked_for_secrecy(times: int, kind: str = "投诉") -> State:
    """A citizen who was asked so often whether to be kept secret, everything else being known."""
    matter = Matter(1, "order", "楼下太吵", request_type=kind, opening="楼下太吵", detail="天天半夜唱歌到两点")
    matter.place = Place("门口", "朝阳区", "双井街道")
    matter.event_time, matter.subject, matter.appeal = "每天", "楼下", "管管"
    return State(
        matters=[matter], asking="confidential", asked={"confidential": times}, contact_phone="13900001234", questions=1
    )


@pytest.mark.parametrize(
    ("said", "kind", "secret"),
    [
        ("都在一块儿住", "投诉", True),
        ("不知道", "投诉", False),
        ("不知道", "举报", True),
        ("随便", "举报", False),
    ],
)
def test_whoever_never_said_that_it_may_be_known_is_kept_secret(said: str, kind: str, secret: bool) -> None:
    decision, _ = run(asked_for_secrecy(2, kind), Turn(said))
    assert decision.state.confidential is secret


def test_it_is_asked_once_more_first() -> None:
    decision, _ = run(asked_for_secrecy(1), Turn("都在一块儿住"))
    assert (decision.state.confidential, decision.state.asking) == (None, "confidential")


def read_back() -> State:
    """An order that was read back, secrecy waived."""
    state = asked_for_secrecy(1)
    state.asking, state.confidential = "confirm_order", False
    return state


def test_a_yes_with_another_wish_about_secrecy_is_no_yes_yet() -> None:
    decision, _ = run(read_back(), Turn("对，但是别让他们知道是我"))
    assert (decision.state.confidential, decision.state.asking) == (True, "confirm_order")


def test_an_answer_that_corrects_itself_is_an_answer() -> None:
    """ "不是…是…" had been taken for a correction of the story, again and again."""
    decision, _ = run(asked_for_secrecy(1), Turn("不是不保密，是要保密"))
    assert decision.state.confidential is True
    assert decision.state.asking == "confirm_order"


def test_a_correction_that_is_said_again_is_taken_for_the_answer() -> None:
    state = asked_for_secrecy(1)
    for _ in range(3):
        decision, _ = run(state, Turn("不是唱歌是跳舞"))
        state = decision.state
    assert state.asking != "confidential"
    assert state.matters[0].detail.count("跳舞") == 1


def test_the_number_of_who_is_complained_of_is_not_the_citizens() -> None:
    state = asked_for_secrecy(0)
    state.asking, state.contact_phone, state.matters[0].subject = "subject", "", ""
    decision, _ = run(state, Turn("某某驾校 电话13900001123"))
    assert decision.state.contact_phone == ""
    assert "某某驾校" in decision.state.matters[0].subject


def test_a_number_may_be_typed_in_two_pieces() -> None:
    state = asked_for_secrecy(0)
    state.asking, state.asked, state.contact_phone = "contact_phone", {"contact_phone": 1}, ""
    for said in ("1390000", "后四位2059"):
        decision, _ = run(state, Turn(said, spoken=False))
        state = decision.state
    assert state.contact_phone == "13900002059"


def test_a_number_that_nobody_asked_for_is_acknowledged() -> None:
    state = asked_for_secrecy(0)
    state.asking, state.contact_phone, state.matters[0].appeal = "appeal", "", ""
    decision, _ = run(state, Turn("13900004417", spoken=False))
    assert (decision.state.contact_phone, decision.state.asking) == ("13900004417", "appeal")
    assert "13900004417" in decision.replies[0].text
    assert decision.state.unclear == 0


def test_who_hears_badly_and_leaves_no_number_wishes_no_secrecy_by_that() -> None:
    state = asked_for_secrecy(0)
    state.asking, state.contact_phone, state.asked = "contact_phone", "", {"contact_phone": 1}
    decision, _ = run(state, Turn("我耳朵不行，别给我打电话，不留了"))
    assert (decision.state.confidential, decision.state.asking) == (None, "confidential")


@pytest.mark.parametrize(
    ("said", "secret"),
    [("听不清你说啥，不用", False), ("要是他来问就说不知道谁说的", True), ("匿着吧 怕他找上门", True)],
)
def test_a_wish_that_looks_like_a_question_or_like_not_knowing(said: str, secret: bool) -> None:
    state = asked_for_secrecy(1)
    state.repeats = 1
    decision, _ = run(state, Turn(said))
    assert decision.state.confidential is secret


def test_a_starred_correction_changes_the_number_that_was_read_back() -> None:
    decision, _ = run(read_back(), Turn("对 但是电话改一下 *4471", spoken=False))
    assert (decision.state.contact_phone, decision.state.asking) == ("13900004471", "confirm_order")


def test_a_yes_with_a_change_that_nobody_understands_files_nothing_yet() -> None:
    decision, _ = run(read_back(), Turn("对，但是有个地方要改一下"))
    assert decision.state.asking == "confirm_order" and not decision.effects


@pytest.mark.parametrize(
    "said", ["啊?哎,对", "这回对了", "啊?对对,凳子", "您甭再念了，都对，报吧", "看完了 没有错别字 可以提交了"]
)
def test_whoever_agrees_in_other_words_has_agreed(said: str) -> None:
    """An old caller who said so three times had been put through to a person, the order unfiled."""
    decision, _ = run(read_back(), Turn(said, spoken=False))
    assert decision.effects and decision.state.asking is None


def test_a_change_that_is_asked_for_once_more_is_in_the_order_already() -> None:
    said = "内容没问题,就改一条:还是得保密,别告诉民宿是谁反映的"
    first, _ = run(read_back(), Turn(said, spoken=False))
    assert (first.state.confidential, first.state.asking, first.effects) == (True, "confirm_order", ())
    again, _ = run(first.state, Turn(said, spoken=False))
    assert again.effects and again.state.confidential is True


def test_not_for_now_is_no_wish_for_a_moment() -> None:
    decision, _ = run(asked_for_secrecy(1), Turn("先不用吧"))
    assert (decision.state.confidential, decision.state.asking) == (False, "confirm_order")


def test_a_pot_that_boils_over_is_no_point_of_time() -> None:
    state = asked_for_secrecy(1)
    state.asking, state.matters[0].event_time = "event_time", ""
    decision, _ = run(state, Turn("哎您等我一下,锅里汤潽了我关个火去……行了,关上了,您接着说"))
    assert (decision.state.asking, decision.state.matters[0].event_time) == ("event_time", "")


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("昨天晚上十点", "2026-11-01T22:00+08:00", "2026-11-01T22:00+08:00"),
        ("就是这三天了吧", "2026-10-30T00:00+08:00", "2026-11-02T10:00+08:00"),
        ("每天晚上都这样", "", ""),
    ],
)
def test_the_answer_to_when_is_kept_with_its_moments(said: str, start: str, end: str) -> None:
    state = asked_for_secrecy(1)
    state.asking, state.matters[0].event_time = "event_time", ""
    matter = run(state, Turn(said))[0].state.matters[0]
    assert matter.event_time and (matter.event_start, matter.event_end) == (start, end)


def test_what_is_told_unasked_is_kept_with_its_moments() -> None:
    decision, _ = run(State(), Turn("我要投诉，昨天晚上楼下饭馆太吵了"), intent="complain")
    matter = decision.state.matters[0]
    assert (matter.event_time, matter.event_start) == ("昨天晚上", "2026-11-01T18:00+08:00")
    assert matter.event_end == "2026-11-01T23:00+08:00"


def test_a_wish_that_changes_while_the_number_is_asked_refuses_no_number() -> None:
    state = asked_for_secrecy(1)
    state.asking, state.contact_phone, state.confidential = "contact_phone", "", False
    decision, _ = run(state, Turn("哎那个,俺刚说不用保密,俺想了想不中,还是给俺保密吧"))
    assert (decision.state.confidential, decision.state.asking) == (True, "contact_phone")
    assert "contact_phone" not in decision.state.refused


def test_a_number_that_is_taken_back_beside_a_yes_is_not_filed() -> None:
    decision, _ = run(read_back(), Turn("对，电话别留了"))
    assert (decision.state.contact_phone, decision.state.asking, decision.effects) == ("", "confirm_order", ())


@pytest.mark.parametrize("said", ["对，另外我们楼道的灯也坏了", "对对，还有一个事，门口路灯不亮"])
def test_another_matter_beside_a_yes_is_not_lost(said: str) -> None:
    decision, _ = run(read_back(), Turn(said), "help")
    assert len(decision.state.form) == 2 and not decision.effects
    assert "对" not in decision.state.form[0].detail


@pytest.mark.parametrize(
    ("said", "district"),
    [("我住昌平回龙观，健身卡办在公司旁边那家，关门了不退钱", ""), ("我住昌平回龙观，楼道灯坏了没人修", "昌平区")],
)
def test_home_is_not_where_the_office_is(said: str, district: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = PlaceFinding("昌平区", "回龙观街道", confidence=1.0, home=True)
    monkeypatch.setitem(test_bot_policy_pure.NOTHING, "place", home)
    decision, _ = run(State(), Turn(said), intent="complain")
    assert decision.state.matters[0].place.district == district
