"""Dictating a telephone number to the bot, on a bad line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_bot_policy_pure import run

from bot import wording
from bot.decision import Decision, Turn
from bot.state import Matter, Place, State

LINE = "13800005678"


def asked(*, caller_number: str = "") -> State:
    """A caller who is asked for a number, everything else being known."""
    matter = Matter(1, "order", "路灯不亮", request_type="建议", opening="路灯不亮", detail="晚上很黑看不清路")
    matter.place = Place("门口", "朝阳区", "双井街道")
    return State(
        channel="phone",
        matters=[matter],
        asking="contact_phone",
        asked={"contact_phone": 1, "detail": 1},
        questions=1,
        caller_number=caller_number,
        confidential=False,
    )


def say(state: State, text: str, *, sure: float | None = None) -> Decision:
    turn = Turn(text, "speech", spoken=True, least_sure_digit=sure)
    return run(state, turn, "none")[0]


def words(decision: Decision) -> str:
    return "".join(reply.for_the_ear for reply in decision.replies)


def test_a_number_told_in_pieces_is_waited_for() -> None:
    first = say(asked(), "幺三九")
    assert (first.state.asking, words(first)) == ("contact_phone", f"好的，幺三九。{wording.NUMBER_REST}")
    second = say(first.state, "零零零零")
    assert second.state.number_begun == "1390000"
    third = say(second.state, "幺二三四")
    assert (third.state.contact_phone, third.state.number_begun) == ("13900001234", "")
    assert third.state.questions == 1, "going on is no further question"


def test_who_begins_anew_for_ever_is_not_asked_for_ever() -> None:
    decision = say(asked(), "幺三九")
    for _ in range(6):
        if decision.state.asking != "contact_phone":
            break
        decision = say(decision.state, "幺三九")
    assert decision.state.asking != "contact_phone" and decision.state.number_begun == ""
    decision = say(asked(caller_number=LINE), "幺三九")
    for _ in range(6):
        if wording.OWN_NUMBER_INSTEAD in words(decision):
            break
        decision = say(decision.state, "幺三九")
    assert say(decision.state, "可以").state.contact_phone == LINE


def test_two_readings_that_lost_different_digits_make_the_number() -> None:
    first = say(asked(), "幺三九零零零幺二三四")
    assert "不完整" in words(first) and wording.NUMBER_AGAIN in words(first)
    second = say(first.state, "幺三九零零零零幺二三")
    assert second.state.contact_phone == "13900001234"


def test_after_two_attempts_the_number_of_the_line_is_offered() -> None:
    first = say(asked(caller_number=LINE), "幺三九零零零幺二三四")
    second = say(first.state, "幺三九零零幺幺三四")
    assert words(second).endswith(wording.OWN_NUMBER_INSTEAD) and "不完整" not in words(second)
    assert say(second.state, "可以").state.contact_phone == LINE
    no = say(second.state, "不用了")
    assert no.state.contact_phone == "" and "contact_phone" in no.state.refused
    third = say(second.state, "幺三九零零零零幺二三四")
    assert third.state.contact_phone == "13900001234"


def test_who_dictates_on_where_the_number_of_the_line_was_offered_keeps_that_one_and_hears_it() -> None:
    decision = asked(caller_number=LINE)
    for _ in range(3):
        told = say(decision, "居三九零零零零零零一二三四")
        decision = told.state
    assert (decision.contact_phone, decision.asking) == (LINE, "confirm_order") and decision.outcome is None
    assert "幺三八" in words(told), "the number is read back"


def test_a_number_that_is_lost_at_the_same_place_again_is_no_beginning() -> None:
    first = say(asked(), "要三九零零零零雕九二一")
    assert first.state.number_begun == "1390000"
    second = say(first.state, "要三九零零零零雕九二一")
    assert second.state.number_begun == "" and wording.NUMBER_AGAIN in words(second)
    third = say(second.state, "要三九零零零零雕九二一")
    for _ in range(2):
        third = say(third.state, "要三九零零零零雕九二一") if third.state.asking == "contact_phone" else third
    assert third.state.asking == "confirm_order" and "contact_phone" in third.state.refused


def test_without_a_number_of_the_line_the_question_is_given_up_after_two() -> None:
    first = say(asked(), "幺三九零零零幺二三四")
    second = say(first.state, "幺三九零零幺幺三四")
    assert "contact_phone" in second.state.refused and second.state.asking != "contact_phone"


def test_digits_after_yes_are_no_yes_to_the_number_of_the_line() -> None:
    decision = say(asked(caller_number=LINE), "好的，幺三九零零零幺二三四")
    assert (decision.state.contact_phone, decision.state.asking) == ("", "contact_phone")


def test_who_wants_another_number_is_asked_for_it_and_not_offered_the_same_again() -> None:
    decision = say(asked(caller_number=LINE), "不是，换一个号码")
    assert decision.state.own_number_declined and decision.state.asking == "contact_phone"
    assert wording.OWN_NUMBER not in words(decision)


def test_a_number_that_is_not_sure_is_read_back_before_the_next_question() -> None:
    state = replace(asked(), confidential=None)
    state.matters[0].request_type = "投诉"
    unsure = say(state, "幺三九零零零零幺二三四", sure=0.5)
    assert (unsure.state.contact_phone, unsure.state.asking is not None) == ("13900001234", True)
    assert "电话是幺三九，零零零零，幺二三四" in words(unsure)
    assert "幺三九" not in words(say(state, "幺三九零零零零幺二三四", sure=0.95))
    put_right = say(unsure.state, "不对，中间四位是零零幺零")
    assert put_right.state.contact_phone == "13900101234"


def test_eight_digits_are_a_number_of_this_city_and_read_back() -> None:
    assert say(asked(), "六四一二三四五六").state.contact_phone == "64123456"


def test_an_extension_is_kept_and_read_back() -> None:
    decision = say(asked(), "单位零幺零五五五零幺二三四转六零八")
    assert (decision.state.contact_phone, decision.state.contact_extension) == ("01055501234", "608")
    assert "01055501234转608" in "".join(reply.text for reply in decision.replies)
    assert "转，六零八" in words(decision)


def test_whoever_has_to_look_for_the_number_is_asked_once_more() -> None:
    decision = say(asked(), "我不记得自己号码，等一下问我闺女")
    assert (decision.state.asking, decision.state.refused) == ("contact_phone", [])


@pytest.mark.parametrize("said", ["中间四位是零零幺二", "尾号幺二三四", "是幺二三四，不是五六七八"])
def test_digits_told_anew_are_no_yes_to_what_was_read_back(said: str) -> None:
    ready = say(asked(), LINE).state
    decision = say(ready, said)
    assert decision.state.asking == "confirm_order"
    assert decision.state.contact_phone in ("13800125678", "13800001234")


def test_one_number_instead_of_another_answers_the_question() -> None:
    decision = say(asked(), "不是13900001233，是13900001234")
    assert (decision.state.contact_phone, decision.state.asking) == ("13900001234", "confirm_order")


@pytest.mark.parametrize("said", ["算了电话还是别留了", "把我的电话去掉吧", "号码删了，不留"])
def test_a_number_is_taken_back_and_the_order_goes_on(said: str) -> None:
    ready = say(asked(), LINE).state
    assert ready.asking == "confirm_order"
    decision = say(ready, said)
    assert (decision.state.asking, decision.state.contact_phone) == ("confirm_order", "")
    assert "contact_phone" in decision.state.refused


def test_a_number_that_others_must_not_see_is_kept() -> None:
    ready = say(asked_for_secrecy(), "不用保密").state
    assert (ready.asking, ready.confidential) == ("confirm_order", False)
    decision = say(ready, "等等，我的电话别给物业看，还是保密")
    assert (decision.state.contact_phone, decision.state.confidential) == ("13900004729", True)


@pytest.mark.parametrize(
    ("said", "number", "extension"),
    [("区号010", "01055501234", ""), ("还要转608", "55501234", "608"), ("是13900001234", "13900001234", "")],
)
def test_a_number_is_completed_or_replaced_while_the_order_is_read_back(said: str, number: str, extension: str) -> None:
    ready = say(asked(), "座机55501234").state
    decision = say(ready, said)
    assert decision.state.asking == "confirm_order"
    assert (decision.state.contact_phone, decision.state.contact_extension) == (number, extension)


def asked_for_secrecy(number: str = "13900004729") -> State:
    """The same caller complains, has told a number, and is asked whether to be kept secret."""
    state = asked()
    state.matters[0].request_type = "投诉"
    state.matters[0].event_time, state.matters[0].subject, state.matters[0].appeal = "昨天", "物业", "修好"
    return replace(
        state,
        asking="confidential",
        asked={"contact_phone": 1, "confidential": 1},
        contact_phone=number,
        confidential=None,
        question_text="您的个人信息需要保密吗？",
    )


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("哎哟,电话我给念岔了,末了儿是七四,不是四七,幺三九零零零零二九七四", "13900002974"),
        ("幺三九零零零零三五六六 打这个吧", "13900003566"),
        ("哎刚才那号末尾是二七,哦不不不,是九二,四七九二", "13900004792"),
        ("哎对了,电话最后两位我说反了,是九二,不是二九", "13900004792"),
    ],
)
def test_a_number_told_instead_of_another_answer_changes_that_alone(said: str, number: str) -> None:
    state = say(asked_for_secrecy(), said).state
    assert (state.contact_phone, state.confidential, state.asking) == (number, None, "confidential")


def test_who_left_no_number_and_thinks_better_of_it() -> None:
    refused = asked_for_secrecy("")
    refused.refused.append("contact_phone")
    state = say(refused, "想了想还是留个吧 13900005937").state
    assert (state.contact_phone, state.confidential, state.asking) == ("13900005937", None, "confidential")


def test_the_answer_beside_another_number_is_taken_too() -> None:
    state = say(asked_for_secrecy(), "不用 还有我电话刚才那个不用了打13900003555").state
    assert (state.contact_phone, state.confidential) == ("13900003555", False)


def test_who_asks_whether_a_number_must_be_left_refuses_none() -> None:
    decision = say(asked(), "为什么非得要电话啊?不留不给办吗")
    assert (decision.state.asking, decision.state.refused) == ("contact_phone", [])
    assert decision.replies[0].text == wording.ASIDE_PRIVACY


@pytest.mark.parametrize(
    "said", ["保密那项改成不保密吧", "保密那个去掉,我得跟他们当面说", "电话是13900007026,另外不用保密了"]
)
def test_secrecy_is_taken_back_while_the_order_is_read_back(said: str) -> None:
    state = replace(asked_for_secrecy(), asking="confirm_order", confidential=True)
    assert say(state, said).state.confidential is False


def test_one_and_the_same_breath_may_end_in_the_wish() -> None:
    state = replace(asked_for_secrecy(), asking="confirm_order", confidential=False)
    assert say(state, "保密不用了……算了还是保密,写保密").state.confidential is True


def test_who_hears_badly_may_leave_no_number() -> None:
    state = say(asked(), "我耳朵不行,别给我打电话,不留了").state
    assert "contact_phone" in state.refused and state.asking != "contact_phone"


def test_what_and_the_answer_in_one_breath() -> None:
    state = say(asked_for_secrecy(), "你说什么?哦,保密,不要不要").state
    assert (state.confidential, state.asking) == (False, "confirm_order")


@pytest.mark.parametrize(
    "text", ["哎我琢磨了琢磨，还是得给我保密，别让他家知道是我说的", "又想了想，还是给我保着点儿密吧"]
)
def test_a_wish_to_be_kept_secret_refuses_no_number(text: str) -> None:
    decision = say(replace(asked(), confidential=None), text)
    assert decision.state.confidential is True
    assert (decision.state.asking, decision.state.refused) == ("contact_phone", [])


def test_a_correction_refuses_no_number() -> None:
    decision = say(asked(), "不对不对，我说岔了")
    assert decision.state.refused == [] and decision.state.asking == "contact_phone"


def test_who_stays_nameless_leaves_no_number() -> None:
    assert "contact_phone" in say(asked(), "匿名，不留").state.refused


@pytest.mark.parametrize(("typed", "wrong"), [("6352180", "不完整"), ("139000012345678", "多了几位")])
def test_a_number_of_the_wrong_length_is_asked_for_again_and_never_lost(typed: str, wrong: str) -> None:
    state = replace(asked(), channel="web")
    first = run(state, Turn(typed))[0]
    assert wrong in first.replies[0].text and first.state.asking == "contact_phone"
    second = run(first.state, Turn(typed))[0]
    assert second.state.asking == "confirm_order" and second.state.number_unclear == typed
    assert f"{typed}（不完整）" in second.replies[-1].text
    whole = run(first.state, Turn("13900001234"))[0]
    assert (whole.state.contact_phone, whole.state.number_unclear) == ("13900001234", "")
