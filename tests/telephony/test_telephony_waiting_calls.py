"""Callers who wait, as whole calls: what they hear, and that each ends in exactly one way."""

from __future__ import annotations

import asyncio
import itertools
import random
import re

import pytest
from telephony_helpers import (
    FakeCore,
    run_virtual,
)
from telephony_waiting_hall import Guest, Hall, call_back_taken


def test_who_has_to_wait_hears_within_a_second_where_they_stand_and_is_greeted_when_it_is_their_turn() -> None:
    async def scenario() -> None:
        async with Hall(notice="东城区停水，下午六点恢复。") as hall:
            first, second = hall.must_come(), hall.must_come()
            assert (first.arrival, second.arrival) == ("served", "waiting")
            await asyncio.sleep(28.0)
            heard = second.leg.heard(hall.speech)
            assert heard[0].text == "BUSY" and heard[0].began < 1.0
            assert hall.words(second) == [
                "BUSY",
                "东城区停水，下午六点恢复。",
                "您是下一位，",
                "大约需要等2分钟。",
                "BUSY_OFFER",
            ]
            assert second.core.turns == [] and hall.words(first)[0] == "您好请讲。"
            first.leg.close("caller_hung_up")
            await asyncio.sleep(5.0)
            assert hall.words(second)[-2:] == ["YOUR_TURN", "您好请讲。"]
            assert (hall.value("waiting_ended_total", departure="served"), hall.value("waiting")) == (1.0, 0.0)
            assert second.core.ended == [], "the same call goes on"

    run_virtual(scenario())


def test_whose_turn_comes_while_it_still_rings_is_greeted_as_if_nobody_had_waited() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            first, second = hall.must_come(), hall.must_come(core=FakeCore(greeting_seconds=0.6))
            assert second.arrival == "waiting"
            await asyncio.sleep(0.3)
            first.leg.close("caller_hung_up")
            await asyncio.sleep(5.0)
            assert hall.words(second) == ["您好请讲。"] and second.core.ended == []

    run_virtual(scenario())


@pytest.mark.parametrize("after_seconds", [1.0, 34.0])
def test_whose_turn_comes_while_news_are_rendered_is_greeted(after_seconds: float) -> None:
    async def scenario() -> None:
        async with Hall(notice="东城区停水，下午六点恢复。") as hall:
            first, second = hall.must_come(), hall.must_come()
            await asyncio.sleep(after_seconds - 1.0)
            hall.speech.seconds = 3.0
            await asyncio.sleep(1.0)
            first.leg.close("caller_hung_up")
            await asyncio.sleep(6.0)
            assert hall.words(second)[-2:] == ["YOUR_TURN", "您好请讲。"] and second.core.ended == []

    run_virtual(scenario())


def test_a_hot_topic_is_told_while_waiting_and_not_once_more_in_the_greeting() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hot, new = "东城区停水，下午六点恢复。", "西城区停电，下午五点恢复。"
            hall.notices.tell([hot])
            first = hall.must_come(core=FakeCore(notices=[hot]))
            waiting = hall.must_come(core=FakeCore(notices=[hot, new]))
            await asyncio.sleep(28.0)
            assert hall.words(waiting)[:2] == ["BUSY", hot]
            assert hot in hall.words(first)
            hall.notices.tell([])
            assert hot not in hall.words(hall.must_come())
            first.leg.close("caller_hung_up")
            await asyncio.sleep(12.0)
            words = hall.words(waiting)
            assert words[words.index("YOUR_TURN") :][:3] == ["YOUR_TURN", "您好请讲。", new]

    run_virtual(scenario())


def test_news_come_every_half_minute_at_most_and_places_only_get_better() -> None:
    async def scenario() -> None:
        async with Hall(places=10) as hall:
            guests = [hall.must_come() for _ in range(8)]
            for minute in range(1, 7):
                await asyncio.sleep(60.0)
                guests[minute - 1].leg.close("caller_hung_up")  # one is served a minute
            last = guests[-1]
            told = [
                (heard.began, int(match[1]))
                for heard in last.leg.heard(hall.speech)
                if (match := re.match(r"您前面还有(\d+)位", heard.text))
            ]
            places = [place for _, place in told]
            assert places == sorted(places, reverse=True) and places[0] == 6 and len(set(places)) >= 5
            times = [began for began, _ in told]
            assert all(later - earlier >= 29.0 for earlier, later in itertools.pairwise(times))

    run_virtual(scenario())


def test_a_turn_that_comes_while_somebody_is_choosing_goes_to_the_next_and_is_not_lost() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            first, second, third = hall.must_come(), hall.must_come(), hall.must_come()
            await asyncio.sleep(3.0)
            second.leg.press("1")
            await asyncio.sleep(1.0)
            first.leg.close("caller_hung_up")
            await asyncio.sleep(5.0)
            assert "YOUR_TURN" in hall.words(third) and "YOUR_TURN" not in hall.words(second)
            await asyncio.sleep(17.0)
            assert "CHOICE_LAPSED" in hall.words(second)
            third.leg.close("caller_hung_up")
            await asyncio.sleep(5.0)
            assert hall.words(second)[-2:] == ["YOUR_TURN", "您好请讲。"]

    run_virtual(scenario())


def test_zero_means_a_person_in_the_waiting_room_too() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come()
            await asyncio.sleep(2.0)
            guest.leg.press("0")
            await asyncio.sleep(3.0)
            assert [(turn.kind, turn.text) for turn in guest.core.turns] == [("dtmf", "0")]
            assert hall.value("waiting_ended_total", departure="person") == 1.0

    run_virtual(scenario())


def test_a_renderer_that_is_down_leaves_the_fixed_sentences() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            hall.speech.failing = True
            guest = hall.must_come()
            await asyncio.sleep(20.0)
            assert hall.words(guest) == ["BUSY", "BUSY_OFFER"]
            guest.leg.press("1")
            await asyncio.sleep(10.0)
            assert hall.words(guest)[-1] == "CALLBACK_CONFIRM"

    run_virtual(scenario())


HOT = "东城区停水，下午六点恢复。"


async def _hears(hall: Hall, words: str) -> Guest:
    """Somebody who has just come, waits, and to whom these words begin to be said."""
    guest = hall.must_come()
    while words not in hall.words(guest):  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(0.1)
    return guest


@pytest.mark.parametrize(
    ("until", "keys", "reason"),
    [
        ("BUSY", "", "abandoned"),
        (HOT, "", "abandoned"),  # has begun, was not heard to its end
        ("BUSY_INFORMED", "", "informed"),
        ("BUSY_OFFER", "", "informed"),
        ("BUSY_INFORMED", "7", "abandoned"),  # they want something
    ],
)
def test_who_hears_the_hot_topic_to_its_end_and_wants_nothing_is_informed(until: str, keys: str, reason: str) -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.notices.tell([HOT])
            hall.must_come()
            guest = await _hears(hall, until)
            for key in keys:
                guest.leg.press(key)
            await asyncio.sleep(0.2)
            guest.leg.close("caller_hung_up")
            await guest.running
            assert guest.core.ended == [reason]
            assert hall.value("waiting_ended_total", departure=reason) == 1.0 and hall.value("waiting") == 0.0

    run_virtual(scenario())


def test_who_waits_on_after_the_hot_topic_or_loses_the_line_is_called_back() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.notices.tell([HOT])
            hall.must_come()
            waiting = await _hears(hall, "BUSY_OFFER")
            cut = await _hears(hall, "BUSY_INFORMED")
            cut.leg.close("rtp_timeout")
            await asyncio.sleep(60.0)  # music and news
            waiting.leg.close("caller_hung_up")
            await asyncio.gather(waiting.running, cut.running)
            assert waiting.core.ended == cut.core.ended == ["abandoned"]

    run_virtual(scenario())


def test_the_operators_own_sentence_informs_nobody() -> None:
    async def scenario() -> None:
        async with Hall(notice="现在来电很多，非常抱歉。") as hall:
            hall.must_come()
            guest = hall.must_come()
            await asyncio.sleep(28.0)
            assert "BUSY_INFORMED" not in hall.words(guest)
            guest.leg.close("caller_hung_up")
            await guest.running
            assert guest.core.ended == ["abandoned"]

    run_virtual(scenario())


def test_beyond_the_waiting_room_calls_are_refused_and_counted() -> None:
    async def scenario() -> None:
        async with Hall(places=2) as hall:
            assert [hall.come() is None for _ in range(5)] == [False, False, False, True, True]
            assert hall.value("level") == 2.0
            await asyncio.sleep(1.0)
            hall.guests[2].leg.close("caller_hung_up")
            await asyncio.sleep(1.0)
            assert hall.guests[2].core.ended == ["abandoned"]
            assert hall.desk.has_room
            assert hall.value("level") == 1.0
            counts = [hall.value("arrivals_total", arrival=name) for name in ("served", "waiting", "refused")]
            assert counts == [1.0, 2.0, 2.0]

    run_virtual(scenario())


@pytest.mark.parametrize("seed", [1, 2])
def test_whoever_came_in_leaves_in_exactly_one_way(seed: int) -> None:
    """Forty callers who wait, choose, give up or are served, in a random mixture."""

    async def scenario() -> None:
        chance = random.Random(seed)
        async with Hall(capacity=3, places=8) as hall:

            async def live(guest: Guest) -> None:
                await asyncio.sleep(chance.uniform(0.0, 40.0))
                for key in chance.choice(["", "", "1#", "1", "0", "1123#", "5"]):
                    guest.leg.press(key)
                    await asyncio.sleep(chance.uniform(0.3, 2.0))
                await asyncio.sleep(chance.uniform(0.0, 90.0))
                guest.leg.close("caller_hung_up")

            lives, refused = [], 0
            for _ in range(40):
                guest = hall.come(
                    core=FakeCore(reply=lambda turn: call_back_taken(turn) if len(turn.text) > 1 else {"say": ["好。"]})
                )
                refused += guest is None
                if guest is not None:
                    lives.append(asyncio.create_task(live(guest)))
                await asyncio.sleep(chance.uniform(0.0, 8.0))
            await asyncio.gather(*lives)
            await asyncio.sleep(60.0)
            assert all(guest.over and len(guest.core.ended) == 1 for guest in hall.guests)
            arrived = {name: hall.value("arrivals_total", arrival=name) for name in ("served", "waiting", "refused")}
            assert sum(arrived.values()) == 40 and arrived["refused"] == refused
            left = {
                name: hall.value("waiting_ended_total", departure=name)
                for name in ("served", "person", "call_back", "informed", "abandoned")
            }
            assert sum(left.values()) == arrived["waiting"] > 5
            assert left["abandoned"] == sum(guest.core.ended == ["abandoned"] for guest in hall.guests)
            assert left["call_back"] == sum(len(guest.core.call_backs) for guest in hall.guests)
            assert hall.value("serving") == hall.value("waiting") == hall.value("calls_active") == 0.0

    run_virtual(scenario())
