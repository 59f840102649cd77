"""The simulated citizen of a dialogue kit: plays one case against a conversation service, by the kit's own rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from conversations.messages import Channel, CitizenTurn, Patience, TurnResult

MAXIMUM_TURNS: Final = 15
DONE: Final = "没有别的事了,谢谢"
NO_FACT: Final = {
    "detail": "没别的了",
    "place": "不清楚",
    "event_time": "记不清了",
    "subject": "不知道是谁",
    "appeal": "你们看着办吧",
    "contact_name": "不方便说",
    "contact_phone": "不想留",
    "confidential": "不用",
    "order_no": "不记得了",
    "satisfaction": "满意",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the kit; `expect` as it stands in the file."""

    id: str
    group: str
    channel: Channel
    opening: str
    facts: dict[str, str]
    expect: dict[str, Any]
    interruptions: tuple[dict[str, Any], ...] = ()
    corrections: tuple[dict[str, Any], ...] = ()
    after: str | None = None

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Case:
        return cls(
            id=str(row["id"]),
            group=str(row["group"]),
            channel=row["channel"],
            opening=str(row["opening"]),
            facts=dict(row.get("facts") or {}),
            expect=dict(row["expect"]),
            interruptions=tuple(row.get("interruptions") or ()),
            corrections=tuple(row.get("corrections") or ()),
            after=row.get("after"),
        )


@dataclass
class Played:
    """What happened. `told_at` is the citizen turn that said an interruption, 0 when none was said."""

    case: Case
    conversation_id: str = ""
    outcome: str = "none"
    turns: int = 0
    told_at: int = 0
    interrupted: bool = False
    transcript: list[tuple[str, str]] = field(default_factory=list)
    orders: tuple[str, ...] = ()
    empty_replies: int = 0


class Bot(Protocol):
    async def citizen_turn(self, conversation_id: str | None, turn: CitizenTurn) -> TurnResult: ...

    async def hang_up(self, conversation_id: str, *, reason: str) -> Any: ...


class Citizen:
    """What the citizen of a case says next."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._facts = dict(case.facts)
        self._said: set[str] = set()
        self.spoken_out_of_turn = 0
        self._nulls = 0

    def answer(self, asking: str | None) -> str | None:
        """The next sentence; None: the citizen hangs up."""
        if asking is None:
            self._nulls += 1
            return DONE if self._nulls < 2 else None
        self._nulls = 0
        for waiting in (*self._case.interruptions, *self._case.corrections):
            if waiting["when_asking"] == asking and waiting["say"] not in self._said:
                self._said.add(waiting["say"])
                self._facts.update(waiting.get("then") or {})
                self.spoken_out_of_turn += 1
                return str(waiting["say"])
        if asking in ("confirm_order", "confirm_question"):
            return self._facts.get("confirm", "对")
        return self._facts.get(asking) or NO_FACT.get(asking, "不清楚")


@dataclass(frozen=True, slots=True)
class Reached:
    """What became of a sentence: the turn that the dialogue is given; None where the phone found no words in it and
    asks for it again by itself, in these words."""

    turn: CitizenTurn | None
    asked_again: str = ""


class Line(Protocol):
    """The way of one citizen's sentences to the dialogue; a telephone call has one of its own."""

    async def say(self, words: str, patience: Patience) -> Reached:
        """`patience`: that the last question asked for."""
        ...


class Typed:
    """What is typed arrives as it is."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def say(self, words: str, patience: Patience) -> Reached:
        return Reached(CitizenTurn(words, self._channel, "text"))


async def play(bot: Bot, case: Case, *, line: Line | None = None) -> Played:
    """Play one case to its end. `line`: each sentence goes that way; by default it is typed."""
    line = line or Typed(case.channel)
    played = Played(case)
    citizen = Citizen(case)
    words: str | None = case.opening
    conversation_id: str | None = None
    patience: Patience = "normal"
    while words is not None and played.turns < MAXIMUM_TURNS:
        played.turns += 1
        before = citizen.spoken_out_of_turn
        reached = await line.say(words, patience)
        if reached.turn is None:
            played.transcript += [("citizen", f"{words}  →"), ("bot", reached.asked_again)]
            continue
        result = await bot.citizen_turn(conversation_id, reached.turn)
        conversation_id = result.conversation_id
        patience = result.patience
        said = " / ".join(reply.text for reply in result.replies)
        heard = reached.turn.text
        played.transcript += [
            ("citizen", words if heard == words else f"{words}  →  {heard}"),
            ("bot", f"{said}  [{result.asking}]"),
        ]
        played.empty_replies += not said.strip()
        played.orders = result.orders
        if result.outcome is not None:
            played.outcome = result.outcome
            break
        words = citizen.answer(result.asking)
        if citizen.spoken_out_of_turn > before:
            played.told_at = played.turns + 1
    played.conversation_id = conversation_id or ""
    played.interrupted = citizen.spoken_out_of_turn > 0
    if played.outcome == "none" and conversation_id is not None:
        await bot.hang_up(conversation_id, reason="caller_hung_up")
    return played
