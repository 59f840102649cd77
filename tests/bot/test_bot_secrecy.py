"""Secrecy is wished for, and waived, in many words: measured on sentences that the readers have not learnt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from base.errors import ConfigurationError
from bot import secrecy

_UNSEEN = secrecy.load(Path(__file__).with_name("secrecy_unseen.yml"))
_MEANT = {"keep": True, "open": False, "neither": None}


def _share(read: Callable[[str], bool | None], texts: list[str], wanted: bool | None) -> float:
    return sum(read(text) is wanted for text in texts) / len(texts)


def test_no_unseen_sentence_was_learnt() -> None:
    learnt = {text for part in secrecy.load().values() for texts in part.values() for text in texts}
    assert learnt.isdisjoint(text for wish in _UNSEEN["asked"].values() for text in wish)
    assert learnt.isdisjoint(text for wish in _UNSEEN["unasked"].values() for text in wish)


@pytest.mark.parametrize(("wish", "least"), [("keep", 0.93), ("open", 0.93), ("neither", 0.85)])
def test_answers_are_read(wish: str, least: float) -> None:
    assert _share(secrecy.answered, _UNSEEN["asked"][wish], _MEANT[wish]) >= least


@pytest.mark.parametrize(("wish", "least"), [("keep", 0.75), ("open", 0.5), ("neither", 0.93)])
def test_what_is_told_unasked_is_read_where_it_is_sure(wish: str, least: float) -> None:
    assert _share(secrecy.volunteered, _UNSEEN["unasked"][wish], _MEANT[wish]) >= least


@pytest.mark.parametrize("wish", ["keep", "open"])
def test_hardly_anybody_is_taken_for_the_opposite(wish: str) -> None:
    opposite = not _MEANT[wish]
    assert _share(secrecy.answered, _UNSEEN["asked"][wish], opposite) <= 0.03
    assert _share(secrecy.volunteered, _UNSEEN["unasked"][wish], opposite) <= 0.03


@pytest.mark.parametrize(
    ("said", "wanted"), [("嗯", True), ("不用", False), ("好的", True), ("不了", False), ("", None)]
)
def test_the_plainest_answers_are_read_by_rule(said: str, wanted: bool | None) -> None:
    assert secrecy.answered(said) is wanted


@pytest.mark.parametrize(("said", "wish"), [("保不保密都无所谓", False), ("保不保密都行吧，还是保密", True)])
def test_whoever_does_not_mind_is_not_kept_secret(said: str, wish: bool) -> None:
    assert secrecy.answered(said) is wish


def test_a_number_says_nothing_of_it() -> None:
    assert secrecy.volunteered("我的号码是幺三九零零零零幺二三四") is None
    assert secrecy.volunteered("13900001234") is None


def test_of_two_clauses_about_it_the_last_counts_where_it_is_ones_own() -> None:
    last_time = "上个月我匿名反映过厕所堵了，没下文。这次不匿了，实名"
    assert secrecy.volunteered(last_time) is False
    assert secrecy.volunteered("物业从来不公开账目，去问就说是内部资料要保密，要求公示") is None


def test_the_first_word_decides_where_the_reader_wavers() -> None:
    assert secrecy.answered("要,开头就说了") is True
    assert secrecy.answered("不需要,谢谢") is False


def test_a_wish_in_one_clause_of_a_story_is_found() -> None:
    story = (
        "河东边一块种麦子的地，上礼拜开始拉渣土往里垫，现在铺了水泥要盖库房，村民说是基本农田，请严查，务必给举报人保密"
    )
    assert secrecy.volunteered(story) is True


@pytest.mark.parametrize("content", ["", "asked: {keep: []}", "- 保密", "asked: ["])
def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrecy.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"secrecy\.yml"):
        secrecy.load(path)


@pytest.mark.parametrize(
    "said", ["需要，那几个人都认得我", "要，他们天天见着我，认得的", "哎不是，你听岔了，我没说不用，我说得保密"]
)
def test_a_plain_yes_is_not_outweighed_by_its_reason(said: str) -> None:
    assert secrecy.answered(said) is True


@pytest.mark.parametrize("said", ["不用，那几个人都认得我", "不需要，谁不认得我呀", "不消，他晓得是我"])
def test_nor_is_a_plain_no(said: str) -> None:
    assert secrecy.answered(said) is False


@pytest.mark.parametrize(
    "said", ["不行，我怕他们找我", "不好，他知道了要打我", "没错，他们都认得我", "没有，我谁都没告诉，别传出去"]
)
def test_a_no_to_something_else_is_no_waiver(said: str) -> None:
    assert secrecy.answered(said) is True


def test_no_fire_brigade_is_no_wish_for_secrecy() -> None:
    assert secrecy.volunteered("没漏气没味儿，别给我叫消防") is None
    assert secrecy.volunteered("没证，偷着给饭馆儿送，您别给我转消防啊") is None


def test_secrecy_is_said_loosely() -> None:
    assert secrecy.answered("给我保着点儿密吧") is True
    assert secrecy.volunteered("我又寻思了寻思，还是给我保着点儿密吧") is True


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("要保密,哎不对,退费他们得知道是哪家孩子啊,那不用了", False),
        ("保密，不不，不用", False),
        ("不用保密，哎等等，还是保密吧", True),
        ("不保密，哎呀不对，保密", True),
        ("保密，等等，我孩子来了", True),
    ],
)
def test_a_second_thought_is_the_one_that_counts(said: str, wish: bool) -> None:
    assert secrecy.answered(said) is wish


def test_a_matter_that_is_counted_is_no_wish() -> None:
    assert secrecy.volunteered("头一个是想问问体检,第二个是我得反映一下,我们楼底下那个歌厅低音炮震得碗都跟着响") is None


def test_whose_number_it_is_is_no_wish() -> None:
    assert secrecy.volunteered("一三九零零零零二六,不对,那是我爱人的,我的是一三九零零零零三八二零") is None


def test_who_has_no_secrets_waives_it() -> None:
    assert secrecy.answered("什么秘密?没有秘密,我老党员了") is False


def test_who_does_not_understand_and_waives_it_waives_it() -> None:
    assert secrecy.answered("啥?什么蜜?我不懂那个,不用") is False
