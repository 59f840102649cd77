"""How the phone talks with a caller: reminders, patience, speed, loudness, and what it does by itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from telephony_helpers import FakeCore, GivenTurn, Line, Said, run_virtual

from telephony.fillers import Fillers
from telephony.line_requests import asked
from telephony.loudness import CEILING, amplify

GREETING_ENDS = 1.2
STEADY = {"speed": 1.0, "gain_db": 0.0, "elder": False, "patience_stretch": 1.0}


def silence(*reminders: str, hold_seconds: float = 0.0) -> dict[str, Any]:
    return {"reminders": list(reminders), "hold_seconds": hold_seconds}


def test_a_silent_caller_hears_the_reminders_of_what_was_asked() -> None:
    async def scenario() -> None:
        replies: Iterator[dict[str, Any]] = iter(
            [
                {"say": ["请问在哪里？"], "silence": silence("比如海淀区某小区。", "说个大概也行。")},
                {"say": ["会给您回电。"], "hang_up": True},
            ]
        )
        async with Line([Said(2.0, 1.0, "路灯坏了")], core=FakeCore(reply=lambda _: next(replies))) as line:
            await line.until(40.0)
            assert line.words[1:] == ["请问在哪里？", "比如海淀区某小区。", "说个大概也行。", "会给您回电。"]
            asked_at = line.heard[1].ended
            assert line.heard[2].began - asked_at == pytest.approx(6.0, abs=0.4)
            assert [turn.kind for turn in line.core.turns] == ["speech", "silence"]
        assert line.core.ended == ["bot_hung_up"]

    run_virtual(scenario())


def test_the_reminders_are_there_when_the_core_is_away_and_the_renderer_is_not_needed_for_ours() -> None:
    async def scenario(rendering: bool) -> None:
        reply = {"say": ["请说电话。"], "patience": "number", "silence": silence("一个一个数字地说。", "说不留也行。")}
        async with Line([Said(2.0, 1.0, "留电话")], core=FakeCore(reply=lambda _: reply)) as line:
            await line.until(6.0)
            line.core.connected = False
            line.speech.failing = not rendering
            await line.until(28.0)
            first = "一个一个数字地说。" if rendering else "SILENCE_NUMBER"
            second = "说不留也行。" if rendering else "SILENCE_SECOND"
            assert line.words[2:4] == [first, second]

    run_virtual(scenario(True))
    run_virtual(scenario(False))


def test_nobody_is_asked_again_where_the_core_wants_no_reminder() -> None:
    async def scenario() -> None:
        replies: Iterator[dict[str, Any]] = iter(
            [{"say": ["请您评价。"], "silence": silence()}, {"say": ["再见。"], "hang_up": True}]
        )
        async with Line([Said(2.0, 1.0, "没有了")], core=FakeCore(reply=lambda _: next(replies))) as line:
            await line.until(20.0)
            assert line.words[1:] == ["请您评价。", "再见。"]
            assert line.over

    run_virtual(scenario())


def test_a_caller_who_asked_us_to_wait_is_left_in_peace_for_a_minute() -> None:
    async def scenario() -> None:
        replies: Iterator[dict[str, Any]] = iter(
            [{"say": ["好的，您慢慢来。"], "silence": silence("请说。", hold_seconds=60.0)}, {"say": ["好，接着来。"]}]
        )
        script = [Said(2.0, 1.0, "等一下"), Said(20.0, 0.6, "嗯"), Said(86.0, 1.0, "我回来了")]
        async with Line(script, core=FakeCore(reply=lambda _: next(replies))) as line:
            await line.until(92.0)
            assert line.words[1:] == ["好的，您慢慢来。", "ARE_YOU_BACK", "好，接着来。"]
            assert 80.0 < line.heard[2].began < 83.0  # a minute after their last sound
            assert [turn.text for turn in line.core.turns] == ["等一下", "我回来了"]  # the "嗯" was for somebody else

    run_virtual(scenario())


def test_slower_stays_for_the_whole_call() -> None:
    async def scenario() -> None:
        manner = {**STEADY, "speed": 0.85, "patience_stretch": 1.2}
        replies: Iterator[dict[str, Any]] = iter(
            [{"say": ["我慢一点说。"], "manner": manner}, {"say": ["居住证到派出所办。"]}]
        )
        script = [Said(2.0, 1.0, "慢一点"), Said(8.0, 1.0, "居住证")]
        async with Line(script, core=FakeCore(reply=lambda _: next(replies))) as line:
            await line.until(14.0)
            assert line.speech.speeds["我慢一点说。"] == line.speech.speeds["居住证到派出所办。"] == 0.85
            await line.until(30.0)
            silence_first = line.heard[3]
            assert silence_first.text == "SILENCE_FIRST"
            assert silence_first.began - line.heard[2].ended == pytest.approx(6.0 * 1.2, abs=0.5)

    run_virtual(scenario())


def test_louder_stays_for_the_whole_call() -> None:
    async def scenario() -> None:
        louder = {**STEADY, "gain_db": 6.0}
        replies: Iterator[dict[str, Any]] = iter(
            [{"say": ["我大声一点。"], "manner": louder}, {"say": ["居住证到派出所办。"]}]
        )
        script = [Said(2.0, 1.0, "大点声"), Said(8.0, 1.0, "居住证")]
        async with Line(script, core=FakeCore(reply=lambda _: next(replies))) as line:
            await line.until(3.0)
            assert 0 < max(line.leg.values) < 5200
            await line.until(14.0)
            assert line.words[1:3] == ["我大声一点。", "居住证到派出所办。"]
            assert min(value for value in line.leg.values if value > 5200) > 1.9 * 5000

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("said", "prompt", "speed"),
    [("再说一遍", None, 0.85), ("你说什么", None, 0.85), ("慢一点", "SLOWER", 0.85), ("大点声", "LOUDER", 1.0)],
)
def test_the_talk_goes_on_while_the_core_is_away(said: str, prompt: str | None, speed: float) -> None:
    async def scenario() -> None:
        reply = {"say": ["请问在哪个区？"], "manner": STEADY, "silence": silence("比如海淀区。")}
        script = [Said(2.0, 1.0, "路灯坏了"), Said(8.0, 1.0, said)]
        async with Line(script, core=FakeCore(reply=lambda _: reply)) as line:
            await line.until(7.0)
            line.core.connected = False
            await line.until(14.0)
            expected = [prompt] if prompt else []
            assert line.words[1:] == ["请问在哪个区？", *expected, "请问在哪个区？"]
            assert line.speech.speeds["请问在哪个区？"] == speed
            assert [turn.text for turn in line.core.turns] == ["路灯坏了"]  # nothing piles up for its return

    run_virtual(scenario())


def test_one_moment_is_understood_while_the_core_is_away() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "路灯坏了"), Said(8.0, 1.0, "等一下")]
        async with Line(script, core=FakeCore(reply=lambda _: {"say": ["请问在哪个区？"]})) as line:
            await line.until(7.0)
            line.core.connected = False
            await line.until(60.0)
            assert line.words[1:] == ["请问在哪个区？", "WAITING"]
            await line.until(75.0)
            assert line.words[-1] == "ARE_YOU_BACK"

    run_virtual(scenario())


def test_what_is_no_request_waits_for_the_core() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "路灯坏了"), Said(8.0, 1.0, "朝阳区双井")]
        async with Line(script, core=FakeCore(reply=lambda turn: {"say": [f"记下{turn.text}。"]})) as line:
            await line.until(7.0)
            line.core.connected = False
            await line.until(12.0)
            assert line.words[-1] == "CORE_AWAY"
            line.core.reconnect()
            await line.until(18.0)
            assert line.words[-1] == "记下朝阳区双井。"

    run_virtual(scenario())


def test_long_speech_without_a_word_is_the_cores_matter_the_second_time() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 2.0, ""), Said(9.0, 2.0, "")]
        async with Line(script, core=FakeCore(reply=lambda _: {"say": ["我请人来听。"]})) as line:
            await line.until(16.0)
            assert line.words[1:] == ["NOT_HEARD", "我请人来听。"]
            turn = line.core.turns[0]
            assert (turn.kind, turn.text, turn.meta["unrecognised"]) == ("speech", "", 2)

    run_virtual(scenario())


def test_a_cough_is_nobodys_matter() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 0.7, ""), Said(6.0, 0.7, ""), Said(10.0, 0.7, "")]
        async with Line(script) as line:
            await line.until(14.0)
            assert line.core.turns == []

    run_virtual(scenario())


def test_a_short_answer_to_yes_or_no_that_is_never_heard_is_the_cores_matter_the_third_time() -> None:
    def reply(turn: GivenTurn) -> dict[str, Any]:
        return {"say": ["需要保密吗？"], "patience": "yes_no"} if turn.text else {"say": ["我请人来听。"]}

    async def scenario() -> None:
        script = [Said(2.0, 1.0, "路灯坏了"), *(Said(9.0 + 6.0 * turn, 0.7, "") for turn in range(3))]
        async with Line(script, core=FakeCore(reply=reply)) as line:
            await line.until(27.0)
            assert line.words[1:] == ["需要保密吗？", "NOT_HEARD", "NOT_HEARD", "我请人来听。"]
            assert [turn.meta.get("unrecognised") for turn in line.core.turns] == [None, 2]

    run_virtual(scenario())


def test_the_core_hears_how_long_the_caller_thought() -> None:
    async def scenario() -> None:
        async with Line([Said(6.2, 1.0, "居住证")]) as line:
            await line.until(9.0)
            assert line.core.turns[0].meta["answered_after_seconds"] == pytest.approx(5.0, abs=0.4)

    run_virtual(scenario())


def test_fillers_are_never_the_same_twice_running() -> None:
    fillers = Fillers()
    said = [fillers.next(number) for _ in range(6) for number in (1, 2, 3)]
    assert all(first is not second for first, second in pairwise(said))


def test_a_quick_answer_has_no_filler_and_a_late_one_has_it_before_a_second_and_a_half() -> None:
    async def scenario(reply_seconds: float, expected: list[str]) -> None:
        async with Line([Said(2.0, 1.0, "你好")], core=FakeCore(reply_seconds=reply_seconds)) as line:
            await line.until(8.0)
            assert line.words[1:] == expected
            assert line.heard[1].began - 3.0 < 1.5

    run_virtual(scenario(0.3, ["您说你好。"]))
    run_virtual(scenario(1.5, ["FILLER", "您说你好。"]))


@pytest.mark.parametrize("text", ["居住证怎么办", "楼上声音大半夜吵得睡不着觉怎么投诉才能管", "", "朝阳区", "对"])
def test_what_the_phone_itself_does_not_take_for_a_request(text: str) -> None:
    assert asked(text) is None


@pytest.mark.parametrize("gain_db", [6.0, 12.0])
@pytest.mark.parametrize("level", [0.01, 0.2, 0.9, 1.0])
def test_louder_never_clips_and_keeps_the_shape(gain_db: float, level: float) -> None:
    wave = level * np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)
    pcm = (wave * 32_767).astype("<i2").tobytes()
    louder = np.frombuffer(amplify(pcm, gain_db), dtype="<i2") / 32_767
    assert np.abs(louder).max() <= CEILING + 0.001
    assert np.abs(louder).max() >= min(level * 1.2, 0.85)
    if level * 10 ** (gain_db / 20) < 0.6:
        assert np.abs(louder).max() == pytest.approx(level * 10 ** (gain_db / 20), rel=0.02)
    order = np.argsort(wave)
    assert (np.diff(louder[order]) >= -1e-3).all(), "a louder sample stays the louder one"


def test_no_gain_changes_nothing() -> None:
    assert amplify(b"\x01\x02", 0.0) == b"\x01\x02"
