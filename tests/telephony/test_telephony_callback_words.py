"""What an answer to the offer of a call-back means."""

from __future__ import annotations

import pytest

from telephony.callback_words import understood


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("回电", "call_back"),
        ("会点。", "call_back"),  # heard for 回电
        ("你们给我打回来吧", "call_back"),
        ("回个电话", "call_back"),
        ("不用回电了", "no"),
        ("我再等一会儿", "no"),
        ("不对，换个号码", "no"),
        ("对。", "yes"),
        ("嗯，是的是的", "yes"),
        ("好的，可以", "yes"),
        ("对，就是这个号码。", "yes"),
        ("没错，就打这个电话吧", "yes"),
        ("这个号码不对", "no"),
        ("打别的电话", "no"),
        ("嗯", None),
        ("喂，你好", None),
        ("我们小区的水管爆了现在楼道里都是水你们快点派人来", None),
        ("要人工", "person"),
        ("", None),
    ],
)
def test_short_answers_are_told_apart(text: str, answer: str | None) -> None:
    assert understood(text) == answer
