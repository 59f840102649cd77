"""Several matters in one breath, and the end of a long story."""

from __future__ import annotations

import pytest

from bot import splitting


@pytest.mark.parametrize("lead", ["我这儿两个事儿啊,", "我说俩事儿，", "有两件事要反映，", "我两个问题："])
def test_what_announces_several_matters_is_none_of_them(lead: str) -> None:
    pieces = splitting.split(f"{lead}一个是楼门口的垃圾桶没人倒,再一个是养老金怎么认证")
    assert [piece.text for piece in pieces] == ["楼门口的垃圾桶没人倒", "养老金怎么认证"]


def test_the_end_of_a_story_says_something_by_itself() -> None:
    story = (
        "喂,同志我跟您说,我住那个房子是六几年盖的,那会儿还是厂子分的呢,不像现在,一层楼四户人家,"
        "哎,我说到哪儿了,对,那个下水道,堵了,厕所用不了"
    )
    end = splitting.end_of(story)
    assert story.endswith(end) and "那个下水道,堵了" in end and "六几年" not in end
    assert splitting.end_of("路灯坏了") == "路灯坏了"
    assert splitting.end_of("") == ""


def test_two_people_are_not_two_matters() -> None:
    assert not splitting.announced("我俩事先说好的，他现在不认了")
    assert splitting.announced("我两件事，先说头一件")
