"""Whole calls in virtual time: a caller says this, hears that, and the core is told exactly so much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from telephony_helpers import FakeCore, Line, Said, run_virtual

from telephony import hold_music
from telephony.core_messages import SayMessage, Spoken

LONG = "社会保险转移接续的办理流程如下。" * 4
GREETING_ENDS = 1.2  # "您好请讲。" lasts a second


def say(*items: tuple[str, str], hang_up: bool = False) -> SayMessage:
    spoken = [Spoken(text=text, origin=origin) for text, origin in items]
    return SayMessage(type="say", call_id="call-1", say=spoken, hang_up=hang_up)


def test_a_question_is_answered() -> None:
    async def scenario() -> None:
        async with Line([Said(2.0, 1.5, "居住证怎么办")]) as line:
            await line.until(8.0)
            assert line.words == ["您好请讲。", "您说居住证怎么办。"]
            assert [(turn.kind, turn.text, turn.unplayed) for turn in line.core.turns] == [
                ("speech", "居住证怎么办", "")
            ]
            # End of speech 3.5 s, patience 0.8 s, recognition was done by then (a guess), core 0.1 s.
            assert line.heard[1].began == pytest.approx(4.45, abs=0.15)
        assert line.core.ended == ["caller_hung_up"]

    run_virtual(scenario())


def test_a_core_that_is_late_leaves_the_greeting_to_the_phone() -> None:
    async def scenario() -> None:
        async with Line(core=FakeCore(greeting_seconds=5.0)) as line:
            await line.until(4.0)
            assert line.words[0] == "GREETING_NOT_RECORDED"
            assert line.heard[0].began == pytest.approx(1.0, abs=0.1)

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("core_seconds", "connected", "rings_seconds"), [(0.3, True, 0.3), (5.0, True, 0.5), (0.3, False, 0.0)]
)
def test_it_rings_until_the_core_knows_of_the_call_but_not_for_long(
    core_seconds: float, connected: bool, rings_seconds: float
) -> None:
    async def scenario() -> None:
        async with Line(core=FakeCore(greeting_seconds=core_seconds, connected=connected)) as line:
            if rings_seconds:
                await asyncio.sleep(rings_seconds - 0.05)
                assert not line.call.answered
            await asyncio.sleep(0.1)
            assert line.call.answered

    run_virtual(scenario())


def test_a_notice_that_cannot_be_rendered_in_time_takes_nothing_from_the_greeting() -> None:
    async def scenario() -> None:
        core = FakeCore(notices=["东城区停水。"])
        async with Line(core=core, render_seconds=0.7) as line:
            await line.until(4.0)
            assert line.words[0] == "您好请讲。" and "GREETING_NOT_RECORDED" not in line.words

    run_virtual(scenario())


def test_a_greeting_that_is_too_long_is_not_played() -> None:
    async def scenario() -> None:
        async with Line(core=FakeCore(greeting="您好，这里是市民服务热线，请问您要咨询什么？")) as line:
            await line.until(4.0)
            assert line.words[0] == "GREETING_NOT_RECORDED"
            assert line.heard[0].began < 0.2

    run_virtual(scenario())


def test_no_core_at_all_still_greets_and_says_that_it_waits() -> None:
    async def scenario() -> None:
        async with Line([Said(5.5, 1.0, "你好")], core=FakeCore(greeting=None, connected=False)) as line:
            await line.until(14.0)
            assert line.words[:2] == ["GREETING_NOT_RECORDED", "CORE_AWAY"]
            line.core.reconnect()
            await line.until(18.0)
            assert line.words[-1] == "您说你好。"

    run_virtual(scenario())


def test_a_core_that_stays_away_ends_the_call_as_a_call_back() -> None:
    async def scenario() -> None:
        async with Line([Said(5.0, 1.0, "你好")], core=FakeCore(greeting=None, connected=False)) as line:
            await line.until(150.0)
            assert line.words[-1] == "GIVE_UP"
            assert line.over and line.leg.hung_up
        assert line.core.ended == ["error"]

    run_virtual(scenario())


def test_a_number_may_be_dictated_with_pauses() -> None:
    async def scenario() -> None:
        def reply(turn: object) -> dict[str, object]:
            return {"say": ["请说电话。"], "patience": "number", "asking": "contact"}

        script = [
            Said(2.0, 1.0, "留电话"),
            Said(7.0, 1.0, "一三九"),
            Said(9.2, 1.0, "零零零零"),
            Said(11.4, 1.0, "一二三四"),
        ]
        async with Line(script, core=FakeCore(reply=reply)) as line:
            await line.until(18.0)
            assert [turn.text for turn in line.core.turns] == ["留电话", "一三九零零零零一二三四"]

    run_virtual(scenario())


def test_going_on_while_being_recognised_is_one_turn() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "我想问一下"), Said(4.3, 1.0, "居住证")]
        async with Line(script, recognition_seconds=1.5) as line:
            await line.until(10.0)
            assert [turn.text for turn in line.core.turns] == ["我想问一下居住证"]

    run_virtual(scenario())


def test_speech_long_after_a_turn_is_a_turn_of_its_own_however_slow_the_recogniser() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "居住证怎么办"), Said(9.0, 1.0, "喂")]
        async with Line(script, recognition_seconds=9.0) as line:
            await line.until(30.0)
            assert sorted(turn.text for turn in line.core.turns) == ["喂", "居住证怎么办"]

    run_virtual(scenario())


def test_silence_is_asked_about_twice_and_then_told() -> None:
    async def scenario() -> None:
        def reply(turn: object) -> dict[str, object]:
            return {"say": ["没有听到声音，再见。"], "hang_up": True}

        async with Line(core=FakeCore(reply=reply)) as line:
            await line.until(60.0)
            assert line.words == ["您好请讲。", "SILENCE_FIRST", "SILENCE_SECOND", "没有听到声音，再见。"]
            assert [turn.kind for turn in line.core.turns] == ["silence"]
            first = line.heard[1].began
            assert first - GREETING_ENDS == pytest.approx(6.0, abs=0.4)
        assert line.core.ended == ["bot_hung_up"]

    run_virtual(scenario())


def test_a_late_answer_is_bridged_by_a_filler() -> None:
    async def scenario() -> None:
        async with Line([Said(2.0, 1.0, "你好")], core=FakeCore(reply_seconds=4.0)) as line:
            await line.until(14.0)
            assert line.words == ["您好请讲。", "FILLER", "您说你好。"]
            assert 4.2 < line.heard[1].began < 3.0 + 1.5  # less than 1.5 s of dead air after the last sound

    run_virtual(scenario())


def test_a_slow_voice_is_bridged_by_a_filler_too() -> None:
    async def scenario() -> None:
        async with Line([Said(2.0, 1.0, "你好")], render_seconds=4.0, core=FakeCore(greeting=None)) as line:
            await line.until(20.0)
            assert line.words[1:3] == ["FILLER", "您说你好。"]

    run_virtual(scenario())


def test_zero_means_a_person_even_in_the_greeting() -> None:
    async def scenario() -> None:
        async with Line() as line:
            await line.until(0.6)
            line.leg.press("0")
            line.leg.press("0")  # the same key again within milliseconds: a repetition of the sender
            await line.until(5.0)
            assert [(turn.kind, turn.text) for turn in line.core.turns] == [("dtmf", "0")]
            assert line.core.turns[0].unplayed == "您好请讲。"[-len(line.core.turns[0].unplayed) :] != ""
            greeting = line.heard[0]
            assert greeting.ended == pytest.approx(0.65, abs=0.1)

    run_virtual(scenario())


def test_digits_become_a_number() -> None:
    async def scenario() -> None:
        def reply(turn: object) -> dict[str, object]:
            return {"say": ["请输入电话。"], "patience": "number", "asking": "contact"}

        async with Line([Said(2.0, 1.0, "留电话")], core=FakeCore(reply=reply)) as line:
            await line.until(8.0)
            for number, key in enumerate("01088886666#"):
                await line.until(8.0 + 0.3 * number)
                line.leg.press(key)
            await line.until(14.0)
            assert [(turn.kind, turn.text) for turn in line.core.turns][1:] == [("dtmf", "01088886666")]
            line.leg.press("0")
            await line.until(16.0)
            assert (line.core.turns[-1].kind, line.core.turns[-1].text) == ("dtmf", "0")

    run_virtual(scenario())


def test_without_a_recogniser_the_call_is_taken_by_keypad() -> None:
    async def scenario() -> None:
        async with Line([Said(30.0, 1.0, "听得见吗")], recogniser=False) as line:
            await line.until(12.0)
            assert line.words == ["您好请讲。", "KEYPAD"]
            for number, key in enumerate("13900001234#"):
                await line.until(14.0 + 0.3 * number)
                line.leg.press(key)
            await line.until(20.0)
            turn = line.core.turns[0]
            assert (turn.kind, turn.text, turn.meta) == ("dtmf", "13900001234", {"purpose": "callback_number"})
            await line.until(36.0)
            assert "KEYPAD" in line.words[2:]

    run_virtual(scenario())


def test_a_recogniser_that_fails_asks_again_then_offers_the_keys_and_recovers() -> None:
    async def scenario() -> None:
        script = [Said(2.0, 1.0, "一"), Said(9.0, 1.0, "二"), Said(26.0, 1.0, "三")]
        async with Line(script) as line:
            line.listener.failing = True
            await line.until(24.0)
            assert line.words[1:3] == ["NOT_HEARD", "KEYPAD"]
            assert line.core.turns == []
            line.listener.failing = False
            await line.until(32.0)
            assert [turn.text for turn in line.core.turns] == ["三"]

    run_virtual(scenario())


def test_hang_up_at_any_moment_ends_everything_once() -> None:
    async def scenario(at: float, reply_seconds: float) -> None:
        async with Line([Said(2.0, 1.0, "你好")], core=FakeCore(reply_seconds=reply_seconds)) as line:
            await line.until(at)
            line.leg.close("caller_hung_up")
            await line.until(at + 3.0)
            assert line.over
            assert line.core.ended == ["caller_hung_up"]
            assert "calls_active 0.0" in line.metrics.text()

    for step in range(70):
        run_virtual(scenario(step * 0.13, 0.5))
        run_virtual(scenario(step * 0.13, 3.0))


def test_the_bot_hangs_up_after_its_last_word() -> None:
    async def scenario() -> None:
        async with Line(
            [Said(2.0, 1.0, "再见")], core=FakeCore(reply=lambda _: {"say": ["感谢来电，再见。"], "hang_up": True})
        ) as line:
            await line.until(10.0)
            assert line.over
            last = line.heard[-1]
            assert last.text == "感谢来电，再见。"
            assert last.ended - last.began == pytest.approx(8 * 0.2, abs=0.05)
        assert line.core.ended == ["bot_hung_up"]

    run_virtual(scenario())


def test_something_said_during_the_goodbye_keeps_the_call() -> None:
    async def scenario() -> None:
        replies: Iterator[dict[str, Any]] = iter(
            [{"say": ["感谢您的来电，祝您生活愉快，再见。"], "hang_up": True}, {"say": ["您请说。"]}]
        )
        async with Line(
            [Said(2.0, 1.0, "再见"), Said(5.0, 1.0, "等一下")], core=FakeCore(reply=lambda _: next(replies))
        ) as line:
            await line.until(12.0)
            assert not line.over
            assert line.words[-1] == "您请说。"

    run_virtual(scenario())


@pytest.mark.parametrize("works", [True, False])
def test_a_transfer(works: bool) -> None:
    async def scenario() -> None:
        order = {"target": "120", "sip_uri": "sip:120@x", "method": "refer"}
        transfer = {"say": ["为您转接。"], "transfer": order}
        core = FakeCore(reply=lambda turn: transfer if turn.text == "救命" else {"say": ["请拨打120。"]})
        async with Line(
            [Said(2.0, 1.0, "救命"), Said(4.5, 0.4, "快"), Said(12.0, 0.9, "快")], core=core, transfer_works=works
        ) as line:
            await line.until(17.0)
            assert line.leg.transfers == ["sip:120@x"]
            assert line.over is works
            if not works:
                assert line.words[2:4] == ["EMERGENCY_TRANSFER_FAILED", "请拨打120。"]
        assert line.core.ended == ["transferred" if works else "caller_hung_up"]

    run_virtual(scenario())


def test_waiting_for_a_seat_and_talking_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold_music, "loop", lambda: np.zeros(8_000, np.int16))  # the ear of this test knows words only
    words = {"0": "正在转人工。", "": "坐席在忙，您可以继续等。", "继续等": "好的，请稍候。"}

    async def scenario() -> None:
        core = FakeCore(
            reply=lambda turn: {
                "say": [words[turn.text]] if turn.text in words else [],
                "transfer": {"target": "seat", "sip_uri": None} if turn.text in ("0", "继续等") else None,
            }
        )
        async with Line([Said(32.0, 1.0, "继续等"), Said(100.0, 1.0, "你好")], core=core) as line:
            await line.until(2.0)
            line.leg.press("0")
            await line.until(30.0)
            assert line.words[1:] == ["正在转人工。", "坐席在忙，您可以继续等。"]
            assert core.turns[1].meta["transfer_failed"] == "seat"
            await line.until(90.0)
            assert line.words[3] == "好的，请稍候。"
            assert len(line.words) > 5 and set(line.words[4:]) == {"WAITING_FOR_SEAT"}, "nobody asks again"
            assert core.handler is not None
            core.handler.on_say(say(("您好，我是坐席。", "seat")))
            await line.until(110.0)
            assert [turn.text for turn in core.turns] == ["0", "", "继续等", "你好"]
            assert line.words[-1] == "您好，我是坐席。"  # no prompt of the machine gets between them
            core.handler.on_say(say(("再见。", "seat"), hang_up=True))
            await line.until(115.0)
            assert line.over
        assert core.ended == ["bot_hung_up"]

    run_virtual(scenario())


def test_a_call_that_lasts_too_long_ends_politely() -> None:
    async def scenario() -> None:
        async with Line(maximum_call_seconds=30.0) as line:
            await line.until(50.0)
            assert line.over
            assert line.words[-1] == "TIME_IS_UP"
        assert line.core.ended == ["error"]

    run_virtual(scenario())


def test_an_empty_reply_is_not_a_silent_turn() -> None:
    async def scenario() -> None:
        async with Line([Said(2.0, 1.0, "你好")], core=FakeCore(reply=lambda _: {"say": []})) as line:
            await line.until(8.0)
            assert line.words[-1] == "GO_ON"

    run_virtual(scenario())


def test_a_renderer_that_is_down_is_admitted() -> None:
    async def scenario() -> None:
        async with Line([Said(3.0, 1.0, "你好")]) as line:
            await line.until(2.5)
            line.speech.failing = True
            await line.until(8.0)
            assert "VOICE_TROUBLE" in line.words

    run_virtual(scenario())


def test_a_defect_in_the_middle_of_a_call_ends_that_call_and_is_told() -> None:
    async def scenario() -> None:
        async with Line() as line:
            await line.until(3.0)
            line.leg.read = lambda: 1 / 0  # type: ignore[method-assign,assignment,return-value]
            await line.until(4.0)
            assert line.over and line.leg.hung_up
        assert line.core.ended == ["error"]

    run_virtual(scenario())
