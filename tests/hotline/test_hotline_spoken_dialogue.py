"""The simulated citizen on the telephone: what is not heard goes the way that it goes in a call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

from asr_models.recogniser import Recognition
from conversations.messages import CitizenTurn, Patience, Reply, TurnResult
from conversations.simulated import DONE, Case, Played, play
from hotline.spoken_dialogue import Telephone, TelephonedCitizen
from telephony.prompts import Prompt
from telephony.turn_actions import CallerFinished

CASE = Case("one", "report", "phone", "路灯坏了", {"confidential": "不用"}, {})


class FakeTelephone:
    """Hears what it is told to hear, one sentence after the other: words and seconds of voice."""

    def __init__(self, *heard: tuple[str, float]) -> None:
        self._heard: Iterator[tuple[str, float]] = iter(heard)
        self.said: list[tuple[str, int]] = []

    async def hear(self, text: str, patience: Patience, *, before: int) -> tuple[Recognition, CallerFinished]:
        self.said.append((text, before))
        words, voiced = next(self._heard)
        return Recognition(words, 0.9, voiced + 0.5, 0.1, "fake"), CallerFinished(voiced, voiced + 0.5, 0.25, False)


class Bot:
    """Asks whether to keep it confidential until it has an answer; finds a person for who is not understood."""

    def __init__(self) -> None:
        self.turns: list[CitizenTurn] = []
        self.hung_up = False

    async def citizen_turn(self, conversation_id: str | None, turn: CitizenTurn) -> TurnResult:
        self.turns.append(turn)
        if not turn.text:
            return TurnResult("c1", (Reply("我请人来听。"),), outcome="seat")
        if turn.text == "不用":
            return TurnResult("c1", (Reply("已受理。"),), outcome="order_filed")
        return TurnResult("c1", (Reply("需要保密吗？"),), asking="confidential", patience="yes_no")

    async def hang_up(self, conversation_id: str, *, reason: str) -> Any:
        self.hung_up = True


def called(bot: Bot, telephone: FakeTelephone) -> Played:
    return asyncio.run(play(bot, CASE, line=TelephonedCitizen(cast(Telephone, telephone))))


def test_an_answer_that_is_never_heard_is_asked_for_twice_and_then_the_dialogues_matter() -> None:
    bot, telephone = Bot(), FakeTelephone(("路灯坏了", 1.0), *[("", 0.7)] * 3)
    played = called(bot, telephone)
    assert played.outcome == "seat"
    assert played.turns == 4
    assert [turn.meta.get("unrecognised") for turn in bot.turns] == [None, 2]
    assert [text for role, text in played.transcript if role == "bot"][1:3] == [Prompt.NOT_HEARD.value] * 2
    assert telephone.said == [("路灯坏了", 0), ("不用", 0), ("不用", 1), ("不用", 2)]  # never twice the same sound


def test_an_answer_that_is_heard_when_it_is_said_again_goes_on() -> None:
    bot = Bot()
    assert called(bot, FakeTelephone(("路灯坏了", 1.0), ("", 0.7), ("不用", 0.7))).outcome == "order_filed"
    assert [turn.text for turn in bot.turns] == ["路灯坏了", "不用"]


def test_a_long_opening_without_a_word_is_the_dialogues_matter_the_second_time() -> None:
    bot = Bot()
    assert called(bot, FakeTelephone(("", 2.0), ("", 2.0))).outcome == "seat"
    assert bot.turns[0].meta == {"voiced_seconds": 2.0, "unrecognised": 2}


def test_who_is_hardly_a_sound_hears_a_reminder_and_the_talk_has_an_end() -> None:
    bot = Bot()
    played = called(bot, FakeTelephone(("路灯坏了", 1.0), *[("", 0.1)] * 20))
    assert played.turns == 15
    assert played.outcome == "none"
    assert bot.hung_up
    assert played.transcript[-1] == ("bot", Prompt.SILENCE_YES_NO.value)


def test_the_dialogue_is_told_what_the_phone_measures() -> None:
    bot = Bot()
    called(bot, FakeTelephone(("路灯坏了", 1.0), ("不用", 0.7)))
    assert (bot.turns[0].kind, bot.turns[0].confidence) == ("speech", 0.9)
    assert bot.turns[0].meta["voiced_seconds"] == 1.0


def test_what_is_typed_arrives_as_it_is() -> None:
    bot = Bot()
    played = asyncio.run(play(bot, CASE))
    assert played.outcome == "order_filed"
    assert [(turn.text, turn.kind) for turn in bot.turns] == [("路灯坏了", "text"), ("不用", "text")]
    assert DONE not in [turn.text for turn in bot.turns]
