"""Hand-overs in virtual time: music, people who come and go, what the bot does meanwhile, and that nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from telephony_helpers import FakeCore, FakeLeg, GivenTurn, Line, Said, VirtualClock, run_virtual

from telephony import hold_music
from telephony.audio import RATE_HZ
from telephony.core_messages import LegControl, LegOrder, SayMessage, Spoken
from telephony.errors import TransferError

MUSIC = 777
SEAT = 3_000


@pytest.fixture(autouse=True)
def music(monkeypatch: pytest.MonkeyPatch) -> None:
    """Music of one value: the ear of these tests tells it from words."""
    monkeypatch.setattr(hold_music, "loop", lambda: np.full(RATE_HZ, MUSIC, np.int16))


class FakeDialler:
    """Whoever is called answers after `seconds`; None: never."""

    def __init__(self, script: Sequence[Said] = (), seconds: float | None = 2.0, *, allowed: bool = True) -> None:
        self.script = script
        self.seconds = seconds
        self.allowed = allowed
        self.legs: list[FakeLeg] = []
        self.given_up = 0
        self.on_answer: Callable[[FakeLeg], None] = lambda _: None

    def may_call(self, uri: str) -> bool:
        return self.allowed

    async def dial(self, uri: str, timeout_seconds: float) -> FakeLeg:
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.sleep(3_600 if self.seconds is None else self.seconds)
        except TimeoutError as error:
            self.given_up += 1
            raise TransferError("not answered") from error
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        leg = FakeLeg(VirtualClock(), self.script, base=SEAT)
        self.legs.append(leg)
        self.on_answer(leg)
        return leg


def to(target: str = "seat", uri: str = "sip:7000@x") -> Callable[[GivenTurn], dict[str, Any]]:
    def reply(turn: GivenTurn) -> dict[str, Any]:
        if turn.text == "人工":
            return {"say": ["为您转接。"], "transfer": {"target": target, "sip_uri": uri}}
        return {"say": ["坐席在忙。" if turn.meta.get("transfer_failed") else "好的。"]}

    return reply


def say(*items: tuple[str, str], **fields: Any) -> SayMessage:
    spoken = [Spoken(text=text, origin=origin) for text, origin in items]
    return SayMessage(type="say", call_id="call-1", say=spoken, **fields)


def order(leg_id: str, role: str = "seat", via: str = "sip") -> LegOrder:
    return LegOrder(type="leg_order", call_id="call-1", leg_id=leg_id, role=role, via=via, sip_uri="sip:1@x")


def control(leg_id: str, **change: Any) -> LegControl:
    return LegControl(type="leg_control", call_id="call-1", leg_id=leg_id, **change)


def played(leg: FakeLeg, value: int, begin: float = 0.0, end: float = 1e9) -> float:
    """Seconds in which a leg heard this value (a mix is the sum of its values)."""
    leg._drain()
    return sum(0.01 for when, heard in leg._played if begin <= when < end and heard == value)


def gauge(line: Line, name: str) -> float:
    lines = [text for text in line.metrics.text().splitlines() if text.startswith(name)]
    return sum(float(text.split()[-1]) for text in lines)


def nothing_left(line: Line) -> None:
    assert gauge(line, "hotline_phone_legs") == 0
    assert gauge(line, "hotline_phone_bridges") == 0


def test_music_then_a_person_and_both_sides_are_written_down() -> None:
    async def scenario() -> None:
        dialler = FakeDialler([Said(20.0, 2.0, "您好我是坐席")], seconds=8.0)
        core = FakeCore(reply=to())
        script = [Said(2.0, 1.0, "人工"), Said(24.0, 2.0, "路灯坏了")]
        async with Line(script, core=core, dialler=dialler) as line:
            line.listener.legs.append(seat := FakeLeg(line.clock, dialler.script, base=SEAT))
            await line.until(12.0)
            assert played(line.leg, MUSIC, 6.0, 12.0) > 5.0, "music while it rings"
            await line.until(34.0)
            seat = dialler.legs[0]
            assert played(line.leg, SEAT, 20.0, 23.0) > 1.8, "the caller hears the seat"
            assert played(seat, 1_010, 24.0, 27.0) > 1.8, "the seat hears the caller"
            assert not played(seat, MUSIC) and not played(line.leg, MUSIC, 14.0)
            assert core.said == [("seat", "您好我是坐席"), ("citizen", "路灯坏了")]
            assert [turn.text for turn in core.turns] == ["人工"], "what people say to each other is no turn of the bot"
            assert [state for _, state, _ in core.legs] == ["ringing", "joined"]
            assert gauge(line, "hotline_phone_legs") == 1
        nothing_left(line)
        assert dialler.legs[0].hung_up and core.ended == ["caller_hung_up"]

    run_virtual(scenario())


def test_a_telephone_that_answers_after_a_seat_has_come_is_not_needed() -> None:
    async def scenario() -> None:
        dialler = FakeDialler(seconds=8.0)
        core = FakeCore(reply=to())
        async with Line([Said(2.0, 1.0, "人工")], core=core, dialler=dialler) as line:
            await line.until(7.0)
            assert core.handler is not None
            dialler.seconds = 0.5
            core.handler.on_leg_order(order("desk"))
            await line.until(20.0)
            assert [leg.hung_up for leg in dialler.legs] == [False, True]
            assert gauge(line, "hotline_phone_legs") == 1
        nothing_left(line)

    run_virtual(scenario())


def test_nobody_answers_and_the_bot_has_the_caller_again() -> None:
    async def scenario() -> None:
        dialler = FakeDialler(seconds=None)
        core = FakeCore(reply=to())
        script = [Said(2.0, 1.0, "人工"), Said(32.0, 1.0, "路灯坏了")]
        async with Line(script, core=core, dialler=dialler) as line:
            await line.until(40.0)
            assert dialler.given_up == 1
            assert core.turns[1].kind == "silence" and core.turns[1].meta["transfer_failed"] == "seat"
            assert 24.0 < core.turns[1].at < 26.5, "20 s of ringing"
            assert line.words[1:] == ["为您转接。", "坐席在忙。", "好的。"]
            assert not played(line.leg, MUSIC, 27.0)
        nothing_left(line)

    run_virtual(scenario())


def test_an_address_outside_the_settings_is_refused() -> None:
    async def scenario() -> None:
        dialler = FakeDialler(allowed=False)
        core = FakeCore(reply=to())
        async with Line([Said(2.0, 1.0, "人工")], core=core, dialler=dialler) as line:
            await line.until(9.0)
            assert not dialler.legs and core.turns[1].meta["transfer_failed"] == "seat"
            assert not line.leg.transfers
        nothing_left(line)

    run_virtual(scenario())


def test_an_emergency_line_is_called_while_the_caller_is_listened_to() -> None:
    async def scenario() -> None:
        dialler = FakeDialler(seconds=9.0)
        core = FakeCore(reply=to("110", "sip:110@x"))
        script = [Said(2.0, 1.0, "人工"), Said(7.0, 1.0, "在三楼"), Said(18.0, 1.0, "快来")]
        async with Line(script, core=core, dialler=dialler) as line:
            await line.until(25.0)
            assert not played(line.leg, MUSIC), "no music for somebody in danger"
            assert [turn.text for turn in core.turns] == ["人工", "在三楼"]
            assert core.said == [("citizen", "快来")], "with the line there it is written down, not answered"
            assert core.legs[-1][2]["role"] == "third"
        nothing_left(line)

    run_virtual(scenario())


def test_the_person_hangs_up_first() -> None:
    async def scenario() -> None:
        dialler = FakeDialler()
        core = FakeCore(reply=to())
        script = [Said(2.0, 1.0, "人工"), Said(25.0, 1.0, "还有一件事")]
        async with Line(script, core=core, dialler=dialler) as line:
            await line.until(20.0)
            dialler.legs[0].close("caller_hung_up")
            assert core.handler is not None
            core.handler.on_say(say(("还有其他事吗？", "system"), line="bot"))
            await line.until(29.0)
            assert [turn.text for turn in core.turns] == ["人工", "还有一件事"]
            assert line.words[-2:] == ["还有其他事吗？", "好的。"]
            assert not played(line.leg, MUSIC, 8.0)
            assert core.legs[-1][1] == "left"
        nothing_left(line)

    run_virtual(scenario())


def test_a_seat_at_the_desk_whose_voice_breaks_has_time_to_come_back() -> None:
    async def scenario() -> None:
        dialler = FakeDialler(seconds=0.2)
        core = FakeCore(reply=to())
        async with Line([], core=core, dialler=dialler) as line:
            await line.until(0.5)
            handler = core.handler
            assert handler is not None
            await line.until(3.0)
            handler.on_say(say(("坐席已接入。", "system"), line="with_seat"))
            handler.on_leg_order(order("l1"))
            await line.until(8.0)
            dialler.legs[0].close("error")
            await line.until(14.0)
            assert played(line.leg, MUSIC, 8.0, 14.0) > 4.5
            handler.on_leg_order(order("l2"))
            await line.until(20.0)
            assert not played(line.leg, MUSIC, 15.0), "she is back"
            dialler.legs[1].close("error")
            await line.until(45.0)
            assert core.turns[-1].meta["transfer_failed"] == "seat", "she is not: the core says so to the caller"
            assert not played(line.leg, MUSIC, 43.0)
        nothing_left(line)

    run_virtual(scenario())


def test_the_end_that_a_seat_gives_is_said_by_the_voice() -> None:
    async def scenario() -> None:
        dialler = FakeDialler([Said(0.0, 60.0, "")], seconds=0.2)
        core = FakeCore()
        async with Line([], core=core, dialler=dialler) as line:
            await line.until(0.5)
            handler = core.handler
            assert handler is not None
            await line.until(3.0)
            handler.on_leg_order(order("l1"))
            await line.until(10.0)
            handler.on_say(say(("服务结束，再见。", "system")))
            handler.on_say(say(hang_up=True))
            await line.until(16.0)
            assert line.over and dialler.legs[0].hung_up
            assert line.words[-1] == "服务结束，再见。"
            assert not played(line.leg, SEAT, 11.0)
        assert core.ended == ["bot_hung_up"]
        nothing_left(line)

    run_virtual(scenario())


def test_hold_mute_whisper_and_listening_in() -> None:
    async def scenario() -> None:
        dialler = FakeDialler([Said(0.0, 100.0, "")], seconds=0.1)
        core = FakeCore()
        async with Line([Said(5.0, 60.0, "")], core=core, dialler=dialler) as line:
            await line.until(0.5)
            handler = core.handler
            assert handler is not None
            await line.until(3.0)
            handler.on_leg_order(order("seat"))
            await line.until(4.0)
            handler.on_leg_order(order("leader", "listener"))
            await line.until(7.0)
            seat, leader = dialler.legs
            seat.base, leader.base = SEAT, 200
            await line.until(10.0)
            assert played(line.leg, SEAT, 8.0, 10.0) > 1.8
            assert played(leader, SEAT + 1_000, 8.0, 10.0) > 1.8, "a leader hears both"
            assert played(seat, 1_000, 8.0, 10.0) > 1.8, "and is heard by nobody"
            handler.on_leg_control(control("leader", role="whisperer"))
            await line.until(13.0)
            assert played(seat, 1_200, 11.0, 13.0) > 1.8 and played(line.leg, SEAT, 11.0, 13.0) > 1.8
            handler.on_leg_control(control("caller", held=True))
            await line.until(16.0)
            assert played(line.leg, MUSIC, 14.0, 16.0) > 1.8 and not played(line.leg, SEAT, 14.0, 16.0)
            assert played(seat, 200, 14.0, 16.0) > 1.8, "who is on hold is not heard"
            handler.on_leg_control(control("caller", held=False))
            handler.on_leg_control(control("seat", muted=True))
            await line.until(19.0)
            assert not played(line.leg, SEAT, 17.0, 19.0) and not played(line.leg, MUSIC, 17.0, 19.0)
            handler.on_leg_control(control("seat", muted=False, gain_db=-6.0206))
            await line.until(22.0)
            assert played(line.leg, SEAT // 2, 20.0, 22.0) > 1.8
            changed = [(leg_id, fields) for leg_id, state, fields in core.legs if state == "changed"]
            assert ("caller", {"role": "caller", "muted": False, "held": True}) in changed
        nothing_left(line)

    run_virtual(scenario())


@pytest.mark.parametrize("at", [4.0, 6.0, 9.0, 12.0])
def test_the_caller_hangs_up_whatever_happens_at_the_time(at: float) -> None:
    async def scenario() -> None:
        dialler = FakeDialler(seconds=5.0)
        core = FakeCore(reply=to())
        async with Line([Said(2.0, 1.0, "人工")], core=core, dialler=dialler) as line:
            await line.until(at)
            line.leg.close("caller_hung_up")
            await line.until(at + 5.0)
            assert line.over
        assert core.ended == ["caller_hung_up"]
        assert all(leg.hung_up for leg in dialler.legs)
        nothing_left(line)

    run_virtual(scenario())


def test_fifty_bridges_leave_no_leg_and_no_task() -> None:
    async def scenario() -> None:
        dialler = FakeDialler([Said(0.0, 500.0, "")], seconds=0.1)
        core = FakeCore()
        async with Line([], core=core, dialler=dialler) as line:
            await line.until(0.5)
            handler = core.handler
            assert handler is not None
            await line.until(2.0)
            before = len(asyncio.all_tasks())
            for number in range(50):
                handler.on_leg_order(order(f"l{number}", ("seat", "third")[number % 2]))
                await asyncio.sleep(1.0)
                if number % 3:
                    handler.on_leg_control(control(f"l{number}", drop=True))
                else:
                    dialler.legs[-1].close("caller_hung_up")
                await asyncio.sleep(0.5)
                nothing_left(line)
            await asyncio.sleep(5.0)
            assert len(asyncio.all_tasks()) <= before
            assert len([state for _, state, _ in core.legs if state == "left"]) == 50

    run_virtual(scenario())


def test_without_a_recogniser_people_cost_no_voice_detection() -> None:
    async def scenario() -> None:
        dialler = FakeDialler([Said(0.0, 100.0, "")], seconds=0.1)
        core = FakeCore()
        async with Line([Said(5.0, 60.0, "")], core=core, dialler=dialler, recogniser=False) as line:
            await line.until(3.0)
            assert core.handler is not None
            core.handler.on_leg_order(order("seat"))
            await line.until(6.0)
            heard: list[float] = []
            line.call.on_voice = lambda probability, seconds: heard.append(probability)  # type: ignore[method-assign]
            await line.until(12.0)
            assert not heard and not core.turns

    run_virtual(scenario())
