"""Callers who wait: fairness and places, what they hear and choose, and that each ends in exactly one way."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telephony_helpers import (
    FakeCore,
    FakeDetector,
    FakeLeg,
    FakeListener,
    FakeSpeech,
    Said,
    VirtualClock,
    run_virtual,
)

from base.masking import Masked
from telephony import hold_music
from telephony.admission import AdmissionRules
from telephony.audio import RATE_HZ
from telephony.call import Call
from telephony.call_services import CallServices
from telephony.callback_offer import (
    Accepted,
    AskConfirmation,
    AskNumber,
    CallBackOffer,
    ChoiceLapsed,
    OfferEvent,
    is_number,
)
from telephony.dtmf import PersonWanted
from telephony.front_desk import FrontDesk
from telephony.hearing import Listener
from telephony.legs.leg import CallerId
from telephony.load import Beats, WaitingTimes
from telephony.metrics import PhoneMetrics
from telephony.notices import Notices
from telephony.prompts import PromptBook
from telephony.ticker import Ticker
from telephony.waiting_room import ServiceTimes, WaitingRoom, standing

# --- places -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["enter", "leave", "busy", "ready", "next"]), st.integers(0, 9))))
def test_first_come_first_served_and_no_place_ever_gets_worse(moves: list[tuple[str, int]]) -> None:
    room, order, places = WaitingRoom(6), [], {}
    for move, number in moves:
        call = f"call-{number}"
        if move == "enter" and call not in room and not room.full:
            room.enter(call)
            order.append(call)
            places[call] = len(order) - 1
        elif move == "leave" and call in room:
            room.leave(call)
            order.remove(call)
        elif move in ("busy", "ready"):
            room.set_busy(call, move == "busy")
        elif move == "next" and (called := room.next()) is not None:
            room.leave(called)
            order.remove(called)
        assert len(room) == len(order) <= 6
        for waiting in order:
            assert room.ahead_of(waiting) == order.index(waiting) <= places[waiting]
            places[waiting] = order.index(waiting)


def test_who_is_choosing_is_passed_over_and_keeps_the_place() -> None:
    room = WaitingRoom(3)
    for call in ("a", "b", "c"):
        room.enter(call)
    room.set_busy("a", True)
    assert room.next() == "b"
    room.leave("b")
    room.set_busy("a", False)
    assert room.next() == "a" and room.ahead_of("c") == 1
    with pytest.raises(ValueError, match="no place"):
        room.enter("a")


def test_the_expected_wait_follows_the_calls_that_were_served() -> None:
    times = ServiceTimes()
    for _ in range(200):
        times.ended(120.0)
    assert times.mean_seconds == pytest.approx(120.0, abs=0.1)
    # Ten calls of two minutes: one ends every 12 seconds.
    assert times.wait_seconds(0, serving=10, limit=10) == pytest.approx(12.0, abs=0.1)
    assert times.wait_seconds(4, serving=10, limit=10) == pytest.approx(60.0, abs=0.1)
    assert times.wait_seconds(0, serving=10, limit=8) == pytest.approx(36.0, abs=0.1), "two too many must end first"


@pytest.mark.parametrize(
    ("ahead", "seconds", "again", "said"),
    [
        (3, 110.0, False, "您前面还有3位，大约需要等2分钟。"),
        (2, 110.0, True, "您前面还有2位，大约还要等2分钟。"),
        (0, 20.0, False, "您是下一位，预计不到1分钟。"),
        (40, 4_000.0, False, "您前面还有40位，预计要等30分钟以上。"),
        (47, 110.0, False, "您前面还有40多位，大约需要等2分钟。"),
        (347, 110.0, False, "您前面还有300多位，大约需要等2分钟。"),
    ],
)
def test_where_a_caller_stands_in_words(ahead: int, seconds: float, again: bool, said: str) -> None:
    assert "".join(standing(ahead, seconds, again=again)) == said


# --- choosing a call-back ---------------------------------------------------------------------------------------------


def press_all(offer: CallBackOffer, keys: str, start: float = 0.0) -> list[OfferEvent]:
    events = [offer.press(key, start + 0.3 * index) for index, key in enumerate(keys)]
    return [event for event in events if event is not None]


def test_the_callers_own_number_is_confirmed() -> None:
    offer = CallBackOffer("13900001234")
    assert press_all(offer, "1#") == [AskConfirmation("13900001234"), Accepted("13900001234")]
    assert press_all(offer, "1#0") == []


def test_one_once_more_is_a_yes_too() -> None:
    offer = CallBackOffer("13900001234")
    assert press_all(offer, "11") == [AskConfirmation("13900001234")]
    assert offer.tick(2.0) is None
    assert offer.tick(3.5) == Accepted("13900001234")


def test_another_number_may_be_keyed_in_and_is_read_back() -> None:
    offer = CallBackOffer("13900001234")
    assert press_all(offer, "101088886666##") == [
        AskConfirmation("13900001234"),
        AskConfirmation("01088886666"),
        Accepted("01088886666"),
    ]


def test_a_hidden_number_must_be_keyed_in_and_nonsense_is_asked_again() -> None:
    offer = CallBackOffer("")
    assert press_all(offer, "1123#") == [AskNumber(), AskNumber(again=True)]
    assert press_all(offer, "13800138000##", start=5.0) == [AskConfirmation("13800138000"), Accepted("13800138000")]


def test_who_changes_their_mind_goes_on_waiting_and_zero_is_a_person() -> None:
    offer = CallBackOffer("13900001234")
    press_all(offer, "1")
    assert offer.tick(19.0) is None
    assert offer.tick(20.0) == ChoiceLapsed() and not offer.choosing
    assert press_all(offer, "70", start=20.0) == [PersonWanted()]
    entering = CallBackOffer("")
    press_all(entering, "10")
    assert entering.tick(1.8) == PersonWanted()


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("13900001234", True),
        ("01088886666", True),
        ("88886666", True),
        ("057112345678", True),
        ("12345", False),
        ("110", False),
        ("12900001234", False),
        ("1", False),
    ],
)
def test_what_can_be_called_back(digits: str, valid: bool) -> None:
    assert is_number(digits) is valid


# --- whole calls ------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def quiet_music(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fakes tell words by the value of the sound: music must not have such values."""
    monkeypatch.setattr(hold_music, "loop", lambda: np.full(16 * RATE_HZ, 1, dtype=np.int16))


@dataclass
class Guest:
    """One caller at the hall."""

    leg: FakeLeg
    listener: FakeListener
    core: FakeCore
    call: Call
    running: asyncio.Task[None]
    arrival: str

    @property
    def over(self) -> bool:
        return self.running.done()


class Hall:
    """A desk that serves so many calls at once, and everybody who comes."""

    def __init__(self, *, capacity: int = 1, places: int = 5, notice: str = "") -> None:
        self.clock = VirtualClock()
        self.speech = FakeSpeech()
        self.prompts = PromptBook(self.speech)
        self.metrics = PhoneMetrics()
        rules = AdmissionRules(maximum_calls=capacity, initial_calls=capacity, minimum_calls=1)
        self.desk = FrontDesk(
            rules,
            places=places,
            waits=WaitingTimes(1),
            beats=Beats(),
            metrics=self.metrics,
            clock=self.clock,
        )
        self.ticker = Ticker(FakeDetector(), self.clock, self.metrics, threads=False)
        self.notices = Notices(self.prompts, fixed=notice)
        self.guests: list[Guest] = []

    async def __aenter__(self) -> Hall:
        await self.prompts.prepare()
        self._tasks = [asyncio.create_task(self.ticker.run()), asyncio.create_task(self.desk.run())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for guest in self.guests:
            guest.leg.close("caller_hung_up")
        await asyncio.gather(*(guest.running for guest in self.guests))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.prompts.close()

    def come(
        self,
        *,
        core: FakeCore | None = None,
        number: str = "13900001234",
        says: Sequence[Said] = (),
        hears: bool = True,
    ) -> Guest | None:
        """Somebody calls; None: refused. `hears`: there is a recogniser."""
        name = f"call-{len(self.guests) + 1}"
        arrival = self.desk.arrive(name)
        if arrival == "refused":
            return None
        core, leg = core or FakeCore(), FakeLeg(self.clock, says)
        leg.caller = CallerId(Masked(number), name)
        listener = FakeListener(leg)
        services = CallServices(
            core=core,
            speech=self.speech,
            prompts=self.prompts,
            listener=Listener(listener, 4) if hears else None,
            metrics=self.metrics,
            recorder=None,
            clock=self.clock,
            desk=self.desk,
            notices=self.notices,
        )
        call = Call(leg, name, services)
        self.ticker.add(call)

        async def run() -> None:
            await call.run()
            self.ticker.remove(call)
            self.desk.left(name)

        guest = Guest(leg, listener, core, call, asyncio.create_task(run()), arrival)
        self.guests.append(guest)
        return guest

    def must_come(self, **options: object) -> Guest:
        guest = self.come(**options)  # type: ignore[arg-type]
        assert guest is not None
        return guest

    def words(self, guest: Guest) -> list[str]:
        return [heard.text for heard in guest.leg.heard(self.speech)]

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"hotline_phone_{name}", labels) or 0.0


def reply(turn: object) -> dict[str, object]:
    return {"say": ["回电已受理，再见。"], "hang_up": True, "outcome": "callback"}


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


def test_a_call_back_by_key_is_promised_once_and_says_goodbye() -> None:
    async def scenario() -> None:
        async with Hall() as hall:
            hall.must_come()
            guest = hall.must_come(core=FakeCore(reply=reply))
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
            guest = hall.must_come(core=FakeCore(reply=reply), says=says)
            await asyncio.sleep(45.0)
            assert "确认请说对，" in hall.words(guest) or "确认请说对，或者按井号键。" in hall.words(guest)
            assert guest.core.call_backs == ["13900001234"]
            assert guest.over and hall.words(guest)[-1] == "回电已受理，再见。"
            assert hall.value("waiting_ended_total", departure="call_back") == 1.0

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
                    core=FakeCore(reply=lambda turn: reply(turn) if len(turn.text) > 1 else {"say": ["好。"]})
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
