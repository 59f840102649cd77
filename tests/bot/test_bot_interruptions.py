"""What reaches us and is not said to us."""

from __future__ import annotations

import pytest

from bot import interruptions, splitting


def test_who_was_interrupted_has_not_answered() -> None:
    assert interruptions.interrupted("哎您等我一下,锅里汤潽了……行了,您接着说")
    assert not interruptions.interrupted("等了三天了")


@pytest.mark.parametrize(
    "text",
    [
        "打错了打错了",
        "不是不是，我打错电话了",
        "哦，那我打错了",
        "号码打错了，不好意思",
        "你这儿不是搬家公司啊，打错了",
    ],
)
def test_a_wrong_number(text: str) -> None:
    assert interruptions.wrong_number(text, certain=False)


@pytest.mark.parametrize(
    "text",
    [
        "名字打错了，是小橙子",
        "我打错了，是五号楼",
        "护士给我打错了针",
        "没打错电话吧，我家停水了",
        "施工队走错门，把我家门拆了",
        "低保金发错人了",
    ],
)
def test_a_slip_or_a_matter_is_no_wrong_number(text: str) -> None:
    assert not interruptions.wrong_number(text, certain=False)


def test_where_it_may_be_about_our_words_it_must_be_named() -> None:
    assert not interruptions.wrong_number("打错了", certain=True)
    assert interruptions.wrong_number("发错人了不好意思", certain=True)
    assert interruptions.wrong_number("不是，我打错电话了", certain=True)


@pytest.mark.parametrize(
    "text",
    [
        "乖乖别动那个碗，烫！出去玩去……没事，孩子闹，您刚才问我什么来着？",
        "有人按门铃，是送水的，行了您接着问",
        "等会儿等会儿，水开了，关了关了。您刚刚说什么？",
    ],
)
def test_words_of_the_household_are_no_answer(text: str) -> None:
    assert interruptions.interrupted(text)


@pytest.mark.parametrize(
    "text", ["孩子在楼道里磕破了头，就这灯闹的，您刚才问我什么来着", "快递员小张，是顺丰的，您刚才问的什么"]
)
def test_an_answer_before_the_wish_to_go_on_is_kept(text: str) -> None:
    assert not interruptions.interrupted(text)


def test_what_was_meant_for_somebody_else_is_no_answer() -> None:
    assert interruptions.interrupted("妈我晚点回去，不用等我……不好意思发错窗口了")
    assert not interruptions.interrupted("他们把通知发错人了，低保金到现在没有到账，都快俩月了")


@pytest.mark.parametrize("piece", ["打错，", "你不是我啊，", "找我，打错了", "等等，", "说建议", "先夸后"])
def test_however_often_something_is_repeated_it_is_read_at_once(piece: str) -> None:
    """A pattern that repeats what holds a repetition would not come back from this in a lifetime."""
    text = piece * 2_000 + "路灯"
    assert not interruptions.wrong_number(text, certain=False)
    assert not interruptions.interrupted(text)
    assert not splitting.only_announces(text)


def test_who_asks_what_we_asked_has_not_answered() -> None:
    assert interruptions.interrupted("宝宝下来，那个滑梯不能上……哎对不起对不起，您刚才问我什么？")


@pytest.mark.parametrize("text", ["打错了打错了，没事儿了", "打错电话了，不好意思"])
def test_a_wrong_number_is_believed_late_where_it_is_unmistakable(text: str) -> None:
    assert interruptions.wrong_number(text, certain=True)
    assert not interruptions.wrong_number("打错了，是五号楼", certain=True)


@pytest.mark.parametrize(
    "text",
    [
        "喂，是搬家公司不？我明儿一早搬家，要个四米二的车",
        "喂，平台客服是吧，我这单客户电话打不通，餐都凉了",
        "你好请问是顺丰快递吗，我要寄个件",
    ],
)
def test_a_call_for_somebody_elses_business(text: str) -> None:
    assert interruptions.taken_for_another(text)


@pytest.mark.parametrize("text", ["喂" * 4_000, "喂，" * 2_000, "你好" * 2_000])
@pytest.mark.timeout(5)
def test_a_caller_who_repeats_hello_for_ever_holds_nothing_up(text: str) -> None:
    assert not interruptions.taken_for_another(text)


@pytest.mark.parametrize(
    "text",
    [
        "喂，是自来水公司吗，我家没水了",
        "是12345平台吗，我反映个事",
        "我要投诉搬家公司，说好六百要一千五",
        "楼下是饭店吗天天油烟呛人",
        "是银行的人态度不好，我要投诉",
    ],
)
def test_a_call_that_may_be_ours(text: str) -> None:
    assert not interruptions.taken_for_another(text)


def test_who_is_back_goes_on() -> None:
    assert interruptions.asks_to_go_on("刚孩子喊我 回来了 问一下你们半夜也有人接吗")
    assert interruptions.asks_to_go_on("老婆你先把他抱那屋去!您刚才问我啥来着?")
    assert not interruptions.asks_to_go_on("他回来了又打我")
    assert not interruptions.asks_to_go_on("我前夫，又回来了，在踹门")


def test_who_asks_what_was_asked_has_not_answered() -> None:
    assert interruptions.ends_asking_the_question("哎烟在第二排，火机一块五，刚问我什么来着")
    assert interruptions.ends_asking_the_question("别闹，坐好！你刚才问到哪儿了")
    assert not interruptions.ends_asking_the_question("你好，你刚才问的是电话吧")
    assert not interruptions.ends_asking_the_question("我问了，他说什么都不管")
    assert not interruptions.ends_asking_the_question("，" + " " * 3_900 + "，")
