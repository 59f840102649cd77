"""Answers of citizens to a return visit in words that are in no list; what is not sure is not read."""

from __future__ import annotations

import pytest

from bot import visit_reader
from bot.policy import visit

# None of these is among the wordings that are learned from.
_ANSWERS = (
    ("responded", "电话沟通过两回", True),
    ("responded", "没接到任何通知", False),
    ("responded", "没谁过问这个事", False),
    ("solved", "楼道灯换好了", True),
    ("solved", "摊子都撤走了", True),
    ("solved", "他们说解决不了", False),
    ("satisfied", "服务不错", True),
    ("satisfied", "他们太不负责任了", False),
    ("satisfied", "称不上满意", False),
)
_NEW_MATTERS = ("我们小区楼下烧烤店油烟特别大", "我想问一下居住证怎么办", "学院路有个井盖丢了", "物业停水三天了")


def test_nothing_is_learned_by_heart() -> None:
    learned = {text for answers in visit_reader.load().values() for texts in answers.values() for text in texts}
    assert learned.isdisjoint(text for _, text, _ in _ANSWERS)


@pytest.mark.parametrize(("question", "text", "meant"), _ANSWERS)
def test_free_words_are_read_right(question: str, text: str, meant: bool) -> None:
    assert visit._value(f"visit_{question}", text) is meant


@pytest.mark.parametrize("slot", ["visit_responded", "visit_solved", "visit_satisfied"])
def test_something_new_is_no_answer(slot: str) -> None:
    assert [text for text in _NEW_MATTERS if visit._value(slot, text) is not None] == []
