"""Callers who wait and choose a call-back, by key or by word, as whole calls."""

from __future__ import annotations

import asyncio

from telephony_helpers import FakeCore, Said, run_virtual
from telephony_waiting_hall import Hall, call_back_taken


def test_a_call_back_by_key_is_promised_once_and_says_goodbye() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come(core=FakeCore(reply=call_back_taken))
            await asyncio.sleep(3.0)
            guest.leg.press("1")
            await asyncio.sleep(10.0)
            assert "给您尾号幺二三四的号码回电，" in hall.words(guest)
            guest.leg.press("#")
            await asyncio.sleep(6.0)
            assert [(turn.kind, turn.text, turn.meta) for turn in guest.core.turns] == [
                ("dtmf", "13900001234", {"purpose": "overload_callback"})
            ]
            assert guest.over and guest.core.ended == ["bot_hung_up"]
            assert guest.core.call_backs == ["13900001234"], "told once more with the end: the turn may be lost"
            assert hall.words(guest)[-2:] == ["CALLBACK_OTHER_NUMBER", "回电已受理，再见。"]
            assert hall.value("waiting_ended_total", departure="call_back") == 1.0

    run_virtual(scenario())


def test_a_call_back_by_word_is_read_back_and_confirmed_by_word() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            says = [Said(19.0, 1.0, "给我回电吧"), Said(33.0, 0.5, "对")]
            guest = hall.must_come(core=FakeCore(reply=call_back_taken), says=says)
            await asyncio.sleep(45.0)
            assert "确认请说对，" in hall.words(guest) or "确认请说对，或者按井号键。" in hall.words(guest)
            assert guest.core.call_backs == ["13900001234"]
            assert guest.over and hall.words(guest)[-1] == "回电已受理，再见。"
            assert hall.value("waiting_ended_total", departure="call_back") == 1.0

    run_virtual(scenario())


def test_a_yes_that_was_misheard_is_asked_for_once_more() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            says = [Said(19.0, 1.0, "给我回电吧"), Said(33.0, 0.5, "最时代"), Said(44.0, 0.5, "对")]
            guest = hall.must_come(core=FakeCore(reply=call_back_taken), says=says)
            await asyncio.sleep(55.0)
            assert "CALLBACK_CONFIRM_AGAIN" in hall.words(guest)
            assert guest.core.call_backs == ["13900001234"] and guest.over

    run_virtual(scenario())


def test_who_knows_the_offer_may_take_it_while_the_news_sound() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come(says=[Said(2.0, 1.0, "好的给我回电吧")])
            await asyncio.sleep(12.0)
            words = hall.words(guest)
            assert "BUSY_OFFER" not in words and "CALLBACK_OTHER_NUMBER" in words

    run_virtual(scenario())


def test_who_talks_while_nothing_was_asked_is_not_listened_to() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come(says=[Said(40.0, 2.0, "给我回电")])
            await asyncio.sleep(60.0)
            assert "CALLBACK_OTHER_NUMBER" not in hall.words(guest)

    run_virtual(scenario())


def test_a_word_that_finds_no_recogniser_is_answered_with_the_keys() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come(says=[Said(19.0, 1.0, "给我回电")])
            guest.listener.failing = True
            await asyncio.sleep(28.0)
            assert hall.words(guest)[-1] == "BUSY_OFFER_KEYS"
            guest.leg.press("1")
            await asyncio.sleep(10.0)
            assert "CALLBACK_OTHER_NUMBER" in hall.words(guest)

    run_virtual(scenario())


def test_where_nothing_is_recognised_only_keys_are_offered() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come(hears=False)
            await asyncio.sleep(25.0)
            assert "BUSY_OFFER_KEYS" in hall.words(guest) and "BUSY_OFFER" not in hall.words(guest)

    run_virtual(scenario())


def test_without_the_core_a_call_back_is_noted_and_kept_for_it() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come(core=FakeCore(greeting=None, connected=False), number="")
            await asyncio.sleep(3.0)
            for index, key in enumerate("113800138000##"):
                await asyncio.sleep(0.4 if index else 0.0)
                guest.leg.press(key)
            await asyncio.sleep(20.0)
            assert guest.over and hall.words(guest)[-1] == "CALLBACK_NOTED"
            assert guest.core.call_backs == ["13800138000"]

    run_virtual(scenario())
