"""What happened, as it stands in an order: the talk around it left out, nothing put in."""

from __future__ import annotations

import pytest

from bot import retelling


@pytest.mark.parametrize(
    ("told", "retold"),
    [
        ("我跟你们说，我都快让他们气死了，楼下半夜还在跳舞", "楼下半夜还在跳舞"),
        ("是这么回事啊，门口的坡道让人堵了", "门口的坡道让人堵了"),
        ("后院有人偷着杀猪，您可千万别说是我说的", "后院有人偷着杀猪"),
        ("热力站他妈的三天不来人，冻死老子了，你们倒是管不管", "热力站三天不来人，冻死了"),
        ("妈的，又停水了", "又停水了"),
    ],
)
def test_leads_tempers_and_oaths_are_left_out(told: str, retold: str) -> None:
    assert retelling.cleaned(told) == retold


@pytest.mark.parametrize(
    "told",
    [
        "我妈的养老金没到账",
        "他妈的药费不给报",
        "照顾他妈妈的保姆跑了",
        "操场上堆着建筑垃圾",
        "山上的石头往下滚，路都堵了",
        "有人给老人推销保健品",
        "车让人划了，我是替我同事打的",
        "谢谢",
        "我要投诉",
    ],
)
def test_words_that_only_look_like_it_stay(told: str) -> None:
    assert retelling.cleaned(told) == told


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("有个事儿我得说说，河边天天有人烧垃圾", "河边天天有人烧垃圾"),
        ("路口的灯灭了 我看见的 三天没人修", "路口的灯灭了，三天没人修"),
        ("工地夜里两三点还在打混凝土，轰隆轰隆的，我还上着班呢", "工地夜里两三点还在打混凝土，轰隆轰隆的"),
        ("我妈一个人住，腿不好，想请社区每天给送一顿饭", "我妈一个人住，腿不好，想请社区每天给送…"),
        ("我是替我同事打的，她的车让人划了", "她的车让人划了"),
        ("啊" * 50, "啊" * 19 + "…"),
        ("", ""),
    ],
)
def test_a_title_is_made_of_whole_clauses(told: str, title: str) -> None:
    assert retelling.headline(told, 20) == title


def test_a_long_story_is_titled_by_what_is_wrong() -> None:
    story = (
        "我是住在朝阳区双井街道的，这个房子我买了有十来年了，当初买的时候开发商说得可好了，"
        "现在电梯坏了三天没人修，我住十八楼，老人下不了楼"
    )
    told = retelling.to_the_point(story, lambda clause: "坏了" in clause, 30)
    assert told.startswith("现在电梯坏了三天没人修") and len(told) <= 30
    assert all(clause in story for clause in told.split("，"))


def test_a_short_beginning_stays_for_it_tells_where() -> None:
    assert retelling.to_the_point("小区东门口，路灯坏了", lambda clause: "坏了" in clause, 30) == "小区东门口，路灯坏了"
    assert retelling.to_the_point("什么都没坏", lambda clause: False, 30) == "什么都没坏"
    assert retelling.to_the_point("", lambda clause: True, 30) == ""
