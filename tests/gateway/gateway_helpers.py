"""A small conversations room that keeps the contract of `docs/internals.md`, and shorthands for the tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientWebSocketResponse
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from base.ids import new_id
from conversations.errors import Conflict, NotYours, UnknownConversation
from conversations.messages import (
    Channel,
    CitizenTurn,
    ConversationEvent,
    Outcome,
    Reply,
    Status,
    StoredTurn,
    Transfer,
    TurnResult,
)
from conversations.placed import Placed
from gateway.core import Core
from knowledge.model import Citation, Hit, SearchResult
from storage.tables import Conversation

Client = TestClient[Request, Application]
Connect = Callable[[], Awaitable[Client]]


class SmallSubscription:
    def __init__(self, owner: SmallConversations, conversation_id: str | None) -> None:
        self.owner, self.conversation_id = owner, conversation_id
        self.queue: asyncio.Queue[ConversationEvent | None] = asyncio.Queue(100)

    async def __aiter__(self) -> AsyncIterator[ConversationEvent]:
        while (event := await self.queue.get()) is not None:
            yield event

    def close(self) -> None:
        if self in self.owner.subscriptions:
            self.owner.subscriptions.remove(self)
            self.queue.put_nowait(None)


class SmallConversations:
    """Echoes what was said; `人工` asks for a seat; keeps everything in memory except the conversation's row."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.turns: dict[str, list[StoredTurn]] = {}
        self.status: dict[str, Status] = {}
        self.outcome: dict[str, Outcome | None] = {}
        self.seat: dict[str, str | None] = {}
        self.answers: dict[tuple[str, str], TurnResult] = {}
        self.seat_messages: dict[tuple[str, str], StoredTurn] = {}
        self.subscriptions: list[SmallSubscription] = []
        self.heard_ids: list[str] = []
        self.missed: list[tuple[str, str | None, str | None, str]] = []  # call, caller, number to call back, why
        self.call_backs: list[tuple[str, str]] = []  # promised by the phone
        self.said: list[CitizenTurn] = []
        self.finished: list[tuple[str, str, str]] = []
        self.people: list[tuple[str, str]] = []
        self.offered: list[tuple[str, Any]] = []  # notices of the queue, and what they offer
        self.failure: Exception | None = None
        self.delay = 0.0

    def _known(self, conversation_id: str) -> str:
        if conversation_id not in self.turns:
            raise UnknownConversation
        return conversation_id

    def _mine(self, conversation_id: str, seat_id: str) -> str:
        if self.seat[self._known(conversation_id)] != seat_id:
            raise NotYours
        return conversation_id

    def tell(self, event: ConversationEvent) -> None:
        for subscription in list(self.subscriptions):
            if subscription.conversation_id in (None, event.conversation_id):
                subscription.queue.put_nowait(event)

    def _store(self, conversation_id: str, role: Any, text: str, message_id: str | None = None) -> StoredTurn:
        turns = self.turns[conversation_id]
        meta = {"client_message_id": message_id} if message_id else {}
        turn = StoredTurn(len(turns) + 1, role, "text", text, datetime(2026, 1, 5, tzinfo=UTC).isoformat(), (), meta)
        turns.append(turn)
        self.tell(ConversationEvent("turn", conversation_id, turn=turn))
        return turn

    def _become(self, conversation_id: str, status: Status, outcome: Outcome | None = None) -> None:
        self.status[conversation_id] = status
        self.tell(ConversationEvent("status", conversation_id, status=status))
        if outcome is not None:
            self.outcome[conversation_id] = outcome
            self.tell(ConversationEvent("outcome", conversation_id, outcome=outcome))

    async def open(
        self,
        channel: Channel,
        *,
        conversation_id: str | None = None,
        caller_number: str | None = None,
        call_id: str | None = None,
        trace_id: str | None = None,
        placed: Placed | None = None,
    ) -> TurnResult:
        if conversation_id is not None:
            self._known(conversation_id)
            return TurnResult(conversation_id, (Reply("我们接着说。"),), seq=len(self.turns[conversation_id]))
        made = new_id()
        self.turns[made], self.outcome[made], self.seat[made] = [], None, None
        now = self.core.clock.now()
        async with self.core.database.write() as session:
            session.add(
                Conversation(
                    id=made,
                    channel=channel,
                    trace_id=trace_id or "t",
                    status="open",
                    call_id=call_id,
                    caller_number=caller_number,
                    created_at=now,
                    updated_at=now,
                )
            )
        self.seat[made] = placed.seat_id if placed is not None else None
        self._become(made, "with_seat" if self.seat[made] else "open")
        turn = self._store(made, "bot", "您好，我是智能助手。")
        return TurnResult(made, (Reply(turn.text, spoken="您好"),), seq=turn.seq)

    async def words_of(self, placed: Placed, *, number: str) -> tuple[Reply, ...]:
        return (Reply(f"您好，给您回电（{placed.purpose}）。"),)

    async def citizen_turn(
        self, conversation_id: str | None, turn: CitizenTurn, *, once: str | None = None
    ) -> TurnResult:
        await asyncio.sleep(self.delay)
        if self.failure is not None:
            raise self.failure
        if conversation_id is None:
            conversation_id = (await self.open(turn.channel)).conversation_id
        self._known(conversation_id)
        if turn.client_message_id and (known := self.answers.get((conversation_id, turn.client_message_id))):
            return known
        self.said.append(turn)
        self._store(conversation_id, "citizen", turn.text, turn.client_message_id)
        transfer = None
        if turn.text == "人工":
            transfer = Transfer("seat", "asked")
            self._become(conversation_id, "waiting")
        if turn.text == "着火了":
            transfer = Transfer("119", "fire")
        replies: tuple[Reply, ...] = ()
        if self.status[conversation_id] != "with_seat":
            citation = Citation("北京市居住证管理办法", "北京市人民政府", "第三条", "2024-01-01", "")
            replies = (Reply(f"您说的是：{turn.text}", citations=(citation,)),)
            self._store(conversation_id, "bot", replies[0].text)
        result = TurnResult(
            conversation_id,
            replies,
            asking="detail",
            status=self.status[conversation_id],
            transfer=transfer,
            seq=len(self.turns[conversation_id]),
        )
        if turn.client_message_id:
            self.answers[conversation_id, turn.client_message_id] = result
        return result

    async def enclose(
        self, conversation_id: str, kind: str, text: str, *, message_id: str, answer: str, meta: dict[str, Any]
    ) -> list[StoredTurn]:
        self._store(self._known(conversation_id), "citizen", text, message_id)
        return [self._store(conversation_id, "bot", answer)]

    async def missed_call(
        self, call_id: str, *, caller_number: str | None, callback_number: str | None, reason: str = "missed"
    ) -> str:
        self.missed.append((call_id, caller_number, callback_number, reason))
        return "c_missed"

    async def hang_up(self, conversation_id: str, *, reason: str, callback_number: str | None = None) -> Outcome:
        self._known(conversation_id)
        if callback_number:
            self.call_backs.append((conversation_id, callback_number))
        if self.outcome[conversation_id] is None:
            self._become(conversation_id, "ended", "closed")
        return self.outcome[conversation_id] or "closed"

    async def heard_of(self, conversation_ids: list[str]) -> None:
        self.heard_ids.extend(conversation_ids)

    async def transcript(self, conversation_id: str, *, after_seq: int = 0) -> list[StoredTurn]:
        return [turn for turn in self.turns[self._known(conversation_id)] if turn.seq > after_seq]

    async def snapshot(self, conversation_id: str) -> dict[str, Any]:
        self._known(conversation_id)
        return {
            "channel": "web",
            "status": self.status[conversation_id],
            "outcome": self.outcome[conversation_id],
            "asking": None,
            "orders": [],
            "order": {"detail": {"value": "路灯不亮", "confidence": 0.9}},
        }

    def subscribe(self, conversation_id: str | None) -> SmallSubscription:
        subscription = SmallSubscription(self, conversation_id)
        self.subscriptions.append(subscription)
        return subscription

    def _card(self, conversation_id: str) -> dict[str, Any]:
        return {
            "conversation_id": conversation_id,
            "channel": "web",
            "status": self.status[conversation_id],
            "waiting_since": self.core.clock.now().isoformat(),
            "reason": "asked",
            "summary": "",
            "priority": 0,
            "seat_id": self.seat[conversation_id],
        }

    async def waiting(self) -> list[dict[str, Any]]:
        return [self._card(known) for known, status in self.status.items() if status == "waiting"]

    async def held(self, seat_id: str | None = None) -> list[dict[str, Any]]:
        held = [known for known, status in self.status.items() if status == "with_seat"]
        return [self._card(known) for known in held if seat_id in (None, self.seat[known])]

    async def claim(self, conversation_id: str, seat_id: str) -> bool:
        if self.status[self._known(conversation_id)] != "waiting":
            return False
        self.seat[conversation_id] = seat_id
        self._become(conversation_id, "with_seat")
        return True

    async def seat_message(
        self, conversation_id: str, seat_id: str, text: str, *, client_message_id: str | None = None
    ) -> StoredTurn:
        self._mine(conversation_id, seat_id)
        if client_message_id and (known := self.seat_messages.get((conversation_id, client_message_id))):
            return known
        turn = self._store(conversation_id, "seat", text, client_message_id)
        if client_message_id:
            self.seat_messages[conversation_id, client_message_id] = turn
        return turn

    async def tell_waiting(self, conversation_id: str, text: str, *, offer: Any = None) -> bool:
        if self.status[self._known(conversation_id)] != "waiting":
            return False
        self.offered.append((conversation_id, offer))
        self._store(conversation_id, "system", text)
        return True

    async def give_back(self, conversation_id: str, seat_id: str) -> None:
        self.seat[self._mine(conversation_id, seat_id)] = None
        self._become(conversation_id, "waiting")

    async def finish(self, conversation_id: str, seat_id: str, disposition: str) -> None:
        self._mine(conversation_id, seat_id)
        self.finished.append((conversation_id, seat_id, disposition))
        self.seat[conversation_id] = None
        self._become(conversation_id, "ended", "seat")

    async def pass_on(self, conversation_id: str, seat_id: str, to_seat_id: str) -> None:
        self.seat[self._mine(conversation_id, seat_id)] = to_seat_id
        self._become(conversation_id, "with_seat")

    async def reassign(self, conversation_id: str, to_seat_id: str | None, *, held_by: str | None) -> None:
        if self.status[self._known(conversation_id)] == "ended" or self.seat[conversation_id] != held_by:
            raise Conflict("变动过")
        self.seat[conversation_id] = to_seat_id
        self._become(conversation_id, "with_seat" if to_seat_id else "waiting")

    async def joined(self, conversation_id: str, who: str, *, person: bool) -> None:
        self.people.append(("joined", who))
        if person:
            self._become(self._known(conversation_id), "with_seat")

    async def left(self, conversation_id: str, who: str, *, person: bool) -> None:
        self.people.append(("left", who))
        if person:
            self._become(self._known(conversation_id), "open")

    async def heard(
        self, conversation_id: str, side: str, text: str, *, heard_id: str, meta: dict[str, Any]
    ) -> StoredTurn:
        return self._store(self._known(conversation_id), "citizen" if side == "citizen" else "seat", text, heard_id)

    async def sweep(self) -> int:
        return 0


class SmallKnowledge:
    async def search(
        self,
        text: str,
        *,
        spoken: bool = False,
        limit: int = 5,
        district: str | None = None,
        after: object = None,
        alternatives: object = (),
    ) -> SearchResult:
        citation = Citation("北京市居住证管理办法", "北京市人民政府", "第三条", "2024-01-01", "")
        hit = Hit("k1", "entry", "居住证怎么办", "到派出所办理。", "", 0.91, 0.8, (citation,))
        return SearchResult(text, text, (hit,) * min(limit, 2), "answer")


async def login(connect: Connect, core: Core, name: str = "seat1", role: str = "seat") -> tuple[Client, str]:
    """A client with the cookie of a new seat, and the seat's id."""
    seat = await core.seats.add(name, "a-long-password", display_name=f"坐席{name}", role=role)
    client = await connect()
    body = {"login": name, "password": "a-long-password"}
    response = await client.post("/api/v1/seat/login", json=body, headers=origin(client))
    assert response.status == 200, await response.text()
    return client, seat.id


def origin(client: Client) -> dict[str, str]:
    return {"Origin": f"http://{client.host}:{client.port}"}


async def until(socket: ClientWebSocketResponse, kind: str, **wanted: Any) -> dict[str, Any]:
    """The next message of this kind (and with these values); the others are passed over."""
    while True:
        message: dict[str, Any] = await socket.receive_json(timeout=60)
        if message["type"] == kind and all(message.get(key) == value for key, value in wanted.items()):
            return message
