"""Whole calls in which sound and words decide when a turn is over, and what a short word does to a bot that speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from telephony_helpers import FakeCore, Line, Said, run_virtual

from telephony.audio import BYTES_A_SECOND
from telephony.turn_end.learned import Learned, LearnedRules
from telephony.turn_end.opinions import Opinions
from telephony.turn_end.weights import WEIGHTS
from telephony.turn_taking import TurnTakingRules

LONG = "社会保险转移接续的办理流程如下。" * 4


class FakeSound:
    """Judges by the length of the turn so far, in seconds."""

    def __init__(self, judge: Callable[[float], float]) -> None:
        self.judge = judge
        self.asked: list[float] = []

    def finished(self, pcm: bytes) -> float:
        seconds = len(pcm) / BYTES_A_SECOND
        self.asked.append(seconds)
        return self.judge(seconds)


class FakeSentences:
    def __init__(self, whole: set[str]) -> None:
        self.whole = whole

    def finished(self, text: str) -> float:
        return 0.97 if text in self.whole else 0.03


def rules() -> TurnTakingRules:
    return TurnTakingRules(
        turn_end=Learned(
            WEIGHTS, LearnedRules(cut_off_cost_seconds=3.5, text_within_seconds=0.65), sound=True, text=True
        )
    )


def waited(line: Line, spoke_until: float) -> float:
    return line.core.turns[-1].at - spoke_until


def test_a_sentence_that_sounds_and_reads_finished_is_answered_sooner_than_half_of_one() -> None:
    async def scenario(sound: float, whole: set[str]) -> float:
        opinions = Opinions(FakeSound(lambda _: sound), FakeSentences(whole), threads=False)
        async with Line([Said(2.0, 1.5, "居住证怎么办理")], rules=rules(), opinions=opinions) as line:
            await line.until(9.0)
            assert [turn.text for turn in line.core.turns] == ["居住证怎么办理"]
            return waited(line, 3.5)

    finished = run_virtual(scenario(0.98, {"居住证怎么办理"}))
    unfinished = run_virtual(scenario(0.03, set()))
    assert finished < 0.85
    assert unfinished > finished + 0.4
    assert unfinished < 2.6  # nobody is waited for without end


def test_thinking_within_a_sentence_is_no_end() -> None:
    async def scenario() -> None:
        sound = FakeSound(lambda seconds: 0.05 if seconds < 2.5 else 0.97)
        opinions = Opinions(sound, FakeSentences({"我想问一下居住证怎么办理"}), threads=False)
        script = [Said(2.0, 1.0, "我想问一下"), Said(4.1, 1.2, "居住证怎么办理")]
        async with Line(script, rules=rules(), opinions=opinions) as line:
            await line.until(10.0)
            assert [turn.text for turn in line.core.turns] == ["我想问一下居住证怎么办理"]
            assert len(sound.asked) == 2  # once for each pause
            # What is hardly the end is not recognised until the pause is long.
            assert line.listener.asked == 2

    run_virtual(scenario())


def test_half_a_number_is_waited_for_and_a_whole_one_is_not() -> None:
    async def scenario() -> None:
        def reply(turn: object) -> dict[str, object]:
            return {"say": ["请说电话。"], "patience": "number", "asking": "contact_phone"}

        opinions = Opinions(FakeSound(lambda _: 0.6), FakeSentences(set()), threads=False)
        script = [Said(2.0, 1.0, "留电话"), Said(8.0, 1.5, "一三九零零零零"), Said(10.8, 1.0, "一二三四")]
        async with Line(script, core=FakeCore(reply=reply), rules=rules(), opinions=opinions) as line:
            await line.until(18.0)
            assert [turn.text for turn in line.core.turns] == ["留电话", "一三九零零零零一二三四"]
            assert waited(line, 11.8) < 1.05

    run_virtual(scenario())


@pytest.mark.parametrize(("word", "stops"), [("不对", True), ("嗯", False), ("", False)])
def test_a_short_word_stops_the_bot_only_if_it_says_something(word: str, stops: bool) -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "请问"), Said(7.0, 0.4, word)]
        async with Line(script, core=FakeCore(reply=lambda turn: {"say": [LONG]})) as line:
            await line.until(9.0)
            texts = [turn.text for turn in line.core.turns]
            assert texts == (["请问", "不对"] if stops else ["请问"])
            at_once = [item for item in line.heard if item.began < 7.0 < item.ended + 0.2]
            assert at_once and at_once[-1].ended < 7.2  # silent first, whatever it was
            if stops:
                assert line.core.turns[-1].unplayed and line.core.turns[-1].unplayed in LONG
                assert line.core.turns[-1].meta["short_sound"] is True

    run_virtual(scenario())


def test_a_yes_that_comes_with_the_last_syllable_of_the_question_is_an_answer() -> None:
    async def scenario() -> None:
        replies: Iterator[dict[str, Any]] = iter(
            [{"say": ["是朝阳区对吗？"], "patience": "yes_no"}, {"say": ["好的。"]}]
        )
        script = [Said(2.0, 1.0, "路灯坏了"), Said(5.2, 0.35, "对")]
        async with Line(script, core=FakeCore(reply=lambda _: next(replies))) as line:
            await line.until(10.0)
            question = next(item for item in line.heard if item.text == "是朝阳区对吗？")
            assert question.began < 5.2 < question.ended + 0.5
            assert [turn.text for turn in line.core.turns] == ["路灯坏了", "对"]

    run_virtual(scenario())


def test_a_sound_model_that_fails_costs_nothing_but_its_opinion() -> None:
    async def scenario() -> None:
        def broken(_seconds: float) -> float:
            raise RuntimeError("bad model")

        sound = FakeSound(broken)
        opinions = Opinions(sound, FakeSentences(set()), threads=False)
        script = [Said(2.0, 1.0, "一"), Said(8.0, 1.0, "二")]
        async with Line(script, rules=rules(), opinions=opinions) as line:
            await line.until(14.0)
            assert [turn.text for turn in line.core.turns] == ["一", "二"]
            assert len(sound.asked) == 1

    run_virtual(scenario())
