"""What callers ask about the talk itself, in many wordings, and what only sounds like it."""

from __future__ import annotations

import pytest

from bot import talk_requests
from bot.intelligible import Heard, unintelligible
from bot.manner import GAINS_DB, SPEEDS, Manner, slower_than
from bot.pieces import short
from bot.policy import rating
from bot.reading import back, wait


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("再说一遍", {"repeat"}),
        ("你说什么", {"repeat"}),
        ("麻烦您再说一遍好吗", {"repeat"}),
        ("没听清", {"repeat"}),
        ("听不清", {"repeat"}),
        ("慢一点", {"slower"}),
        ("太快了", {"slower"}),
        ("你说得太快了，我记不下来", {"slower"}),
        ("能不能说慢点啊", {"slower"}),
        ("别说那么快", {"slower"}),
        ("大点声", {"louder"}),
        ("声音小", {"louder"}),
        ("声音太小了", {"louder"}),
        ("你大声一点", {"louder"}),
        ("听不见", {"louder", "repeat"}),
        ("声音大一点，说慢一点", {"slower", "louder"}),
        ("小点声", {"quieter"}),
        ("不用这么慢", {"faster"}),
        ("说快点", {"faster"}),
        ("我耳朵背", {"elder"}),
        ("我年纪大了", {"elder"}),
        ("我耳朵背，你大点声", {"elder", "louder"}),
        ("我岁数大了，慢点说", {"elder", "slower"}),
    ],
)
def test_what_is_asked_about_the_talk(text: str, expected: set[str]) -> None:
    assert talk_requests.asked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "朝阳区双井街道",
        "希望他们车开慢一点",
        "隔壁装修声音太大了，天天吵",
        "楼上声音大得电视都听不清",
        "我妈年纪大了腿脚不好，小区没电梯",
        "对",
        "昨天晚上十点",
        "这个月电费太高了",
        "快递太慢了投诉他们",
        "邻居家小孩总是大声哭闹",
    ],
)
def test_what_tells_of_a_matter_is_no_request_about_the_talk(text: str) -> None:
    assert talk_requests.asked(text) == frozenset()


@pytest.mark.parametrize("text", ["我今年八十一了，耳朵不好使", "我都七十多岁的人了", "我年纪大了，记性不好", "我耳背"])
def test_an_age_that_callers_tell_of_themselves(text: str) -> None:
    assert talk_requests.told_age(text)


@pytest.mark.parametrize(
    "text", ["我爸今年八十一了", "我家八十平米", "我们小区老年人年纪大了", "我妈耳朵好着呢", "楼里住着老人"]
)
def test_the_age_of_others_is_not_the_callers(text: str) -> None:
    assert not talk_requests.told_age(text)


@pytest.mark.parametrize(
    "text", ["等一下", "等一下，我找找", "稍等", "等会儿", "我看看啊", "先别挂", "你等等", "请稍等一下", "我找一下"]
)
def test_one_moment(text: str) -> None:
    assert wait(text)


@pytest.mark.parametrize(
    "text",
    ["等一下，是三号楼的事", "等了三天没人来", "我找过物业", "别急着投诉", "去查查他们", "看看怎么办", "问问物业"],
)
def test_what_is_no_mere_one_moment(text: str) -> None:
    assert not wait(text)


@pytest.mark.parametrize("text", ["好了", "我回来了", "找到了", "喂我回来了", "可以了，你说吧"])
def test_back_again(text: str) -> None:
    assert back(text)


def test_a_manner_goes_step_by_step_and_stops_at_the_ends() -> None:
    manner = Manner()
    assert [manner.slower(), manner.slower(), manner.slower()] == [True, True, False]
    assert manner.speed == SPEEDS[-1]
    assert [manner.louder(), manner.louder(), manner.louder()] == [True, True, False]
    assert manner.gain_db == GAINS_DB[-1]
    assert slower_than(1.0, 5) == SPEEDS[-1]


def test_signs_of_age_add_up_unless_the_caller_does_not_want_it() -> None:
    manner = Manner()
    manner.sign(2)
    seen = [(manner.elder, manner.speed < 1.0)]
    manner.sign(2)
    seen.append((manner.elder, manner.speed < 1.0))
    manner.faster()
    seen.append((manner.elder, False))
    assert seen == [(False, False), (True, True), (False, False)]
    for _ in range(5):
        manner.sign(2)
    assert not manner.elder


def test_short_pieces_for_somebody_who_could_not_follow() -> None:
    spoken = "请带身份证和居住证明，到居住地的派出所申请，电话是62345678，三个工作日内办好。"
    cut = short(spoken)
    assert cut == "请带身份证和居住证明。到居住地的派出所申请。电话是六二三四，五六七八。三个工作日内办好。"
    assert short(cut) == cut


def test_a_number_in_groups_stays_one_sentence() -> None:
    assert short("工单编号是，二六零幺，零五零零，零零幺二。") == "工单编号是，二六零幺，零五零零，零零幺二。"


@pytest.mark.parametrize(
    ("text", "heard", "expected"),
    [
        ("居住证怎么办", Heard(0.8, 1.6), False),
        ("他来了没有是我我这个", Heard(0.15, 3.0), True),
        ("啊", Heard(0.38, 4.0), True),  # four seconds of voice and one syllable
        ("啊", Heard(0.38, 0.5), False),  # a short sound tells nothing
        ("안녕하세요", Heard(0.9, 1.0), True),
        ("hello can you hear me", Heard(0.5, 2.0), True),
        ("ETC怎么办理", Heard(0.7, 1.8), False),
        ("居住证怎么办", Heard(None, 0.0), False),  # typed
    ],
)
def test_speech_that_is_no_mandarin_that_we_know(text: str, heard: Heard, expected: bool) -> None:
    assert unintelligible(text, heard) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("满意", "satisfied"),
        ("1", "satisfied"),
        ("挺好的", "satisfied"),
        ("一般", "fair"),
        ("按二", "fair"),
        ("还行吧", "fair"),
        ("不满意", "unsatisfied"),
        ("3", "unsatisfied"),
        ("不太好", "unsatisfied"),
        ("我还要投诉楼下饭馆", ""),
        ("再见", ""),
    ],
)
def test_a_rating_in_a_word_or_a_key(text: str, expected: str) -> None:
    assert rating.read(text) == expected
